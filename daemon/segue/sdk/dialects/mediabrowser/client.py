"""Asks one server as one user, or with an API key; the only place that may delete."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from segue.sdk.dialects.mediabrowser.owned import OwnPlaylist
from segue.sdk.errors import AdapterError, AuthFailed, Malformed, NotFound, Unsupported
from segue.sdk.http import HttpServer, Reply, Socket

__all__ = ["Client", "Pair"]

Pair = tuple[str, str]
_FORBIDDEN = 403
_DOCUMENTS = ("application/json", "application/xml", "text/xml", "text/html", "text/plain")


class Client:
    """Everything asked of the API goes through here. `spell` writes a parameter's name as the server does."""

    def __init__(
        self,
        http: HttpServer,
        headers: Mapping[str, str],
        spell: Callable[[str], str] = lambda name: name,
        *,
        token: str = "",
    ) -> None:
        self._http = http
        self._headers = dict(headers)
        self._spell = spell
        self._token = token
        self._clock = timedelta(0)

    @property
    def where(self) -> str:
        """The server's address as people may see it."""
        return self._http.where

    def acting(self, headers: Mapping[str, str], *, token: str = "") -> "Client":
        """The same server, asked as somebody else; the token is never told in a sample."""
        return Client(self._http, headers, self._spell, token=token)

    def now(self) -> datetime:
        """The server's own time, as far as it has told."""
        return datetime.now(UTC) + self._clock

    async def read(
        self,
        path: str,
        *query: Pair,
        may_miss: bool = False,
        forbidden: type[AdapterError] = AuthFailed,
    ) -> Any:
        """An answer's JSON. That there is no such path is NotFound only if what `may_miss` is in it."""
        try:
            reply = await self._http.ask(
                "GET", path, query=self._spelt(query), headers=self._headers, accept=(_FORBIDDEN,)
            )
        except NotFound as error:
            raise error if may_miss else _no_such_path(self.where, path) from error
        return self._json(self._allowed(reply, path, forbidden))

    async def act(
        self,
        path: str,
        *query: Pair,
        body: object = None,
        safe: bool = False,
        forbidden: type[AdapterError] = AuthFailed,
    ) -> Any:
        """Have something done; the answer's JSON, if it has any. `safe`: done twice does no harm."""
        if path.casefold().endswith("/delete"):
            raise TypeError("Deleting needs an OwnPlaylist.")
        reply = await self._http.ask(
            "POST", path, query=self._spelt(query), body=body, headers=self._headers, safe=safe,
            accept=(_FORBIDDEN,),
        )  # fmt: skip
        self._allowed(reply, path, forbidden)
        return self._json(reply) if reply.body else None

    async def remove(self, own: OwnPlaylist, *, entries: Sequence[str] | None = None) -> None:
        """Delete a playlist that we made, or some of its entries. There is no other way to delete."""
        if not isinstance(own, OwnPlaylist):
            raise TypeError("Deleting needs an OwnPlaylist.")
        if entries is None and not own.proved:
            raise TypeError("Deleting a whole playlist needs a better proof than its id.")
        path, query = f"Items/{own.id}", list[Pair]()
        if entries is not None:
            path, query = f"Playlists/{own.id}/Items", [("entryIds", ",".join(entries))]
        reply = await self._http.ask(
            "DELETE", path, query=self._spelt(query), headers=self._headers, accept=(_FORBIDDEN,)
        )
        self._allowed(reply, path, Unsupported)

    async def save(self, path: str, to: Path, *query: Pair) -> int:
        """Save bytes as a file, whole or not at all; how many."""
        headers = await self._http.download(path, to, query=self._spelt(query), headers=self._headers)
        if headers.get("content-type", "").partition(";")[0].strip() in _DOCUMENTS:
            raise Malformed(f"{self.where} answered {path} with a document.")
        return (await asyncio.to_thread(to.stat)).st_size

    @asynccontextmanager
    async def socket(
        self, path: str, *query: Pair, silence: float | None, heartbeat: float | None = None
    ) -> AsyncIterator[Socket]:
        """The server's websocket."""
        async with self._http.socket(
            path, query=query, headers=self._headers, silence=silence, heartbeat=heartbeat
        ) as socket:
            yield socket

    def _json(self, reply: Reply) -> Any:
        try:
            return reply.json()
        except Malformed as error:
            sample = error.sample.replace(self._token, "***") if self._token else error.sample
            raise Malformed(str(error), sample=sample) from error.__cause__

    def _spelt(self, query: Sequence[Pair]) -> list[Pair]:
        return [(self._spell(name), value) for name, value in query]

    def _allowed(self, reply: Reply, path: str, forbidden: type[AdapterError]) -> Reply:
        if reply.status == _FORBIDDEN:
            raise forbidden(f"{self.where} does not allow us {path} (HTTP {_FORBIDDEN}).")
        with suppress(ValueError, TypeError):
            self._clock = parsedate_to_datetime(reply.headers.get("date", "")) - datetime.now(UTC)
        return reply


def _no_such_path(where: str, path: str) -> Unsupported:
    return Unsupported(f"There is no {path} at {where}; is the address right?")
