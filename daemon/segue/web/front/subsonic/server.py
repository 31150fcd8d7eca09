"""Asks the server behind the door, in the name of whoever asked us."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from segue.web.front import headers
from segue.web.front.proxy import Proxy, ServerAway, whole
from segue.web.front.subsonic.asked import Asked, Parameters
from segue.web.front.subsonic.documents import Document, Entry, parse

__all__ = ["Entries", "Reply", "Server"]

_SECONDS = 10
_LARGEST = 32 * 1024 * 1024
_AT_ONCE = 16
_AT_ONCE_FOR_ALL = 48  # however many ask at a time: the server has its listeners to serve
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer of the server; `document` is None when it is not one of Subsonic's."""

    status: int
    content_type: str
    body: bytes
    document: Document | None
    kept: CIMultiDict[str] = field(default_factory=CIMultiDict)


class Entries:
    """Songs as they were rendered for one caller a moment ago.

    Of those that are not kept, `few` are asked for at a time, and no longer than `patience`.
    """

    def __init__(
        self,
        *,
        seconds: float = 10,
        most: int = 5000,
        patience: float = 5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.few = asyncio.Semaphore(_AT_ONCE_FOR_ALL)
        self.patience = patience
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._kept: OrderedDict[tuple[bytes, str], tuple[float, Entry]] = OrderedDict()

    def get(self, caller: bytes, song: str) -> Entry | None:
        kept_at, entry = self._kept.get((caller, song), (float("-inf"), None))
        return entry if self._clock() - kept_at <= self._seconds else None

    def keep(self, caller: bytes, song: str, entry: Entry) -> None:
        self._kept[(caller, song)] = (self._clock(), entry)
        self._kept.move_to_end((caller, song))
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)


class Server:
    """The server as one caller sees it."""

    def __init__(self, request: web.Request, asked: Asked, proxy: Proxy, entries: Entries) -> None:
        self._request = request
        self._asked = asked
        self._proxy = proxy
        self._entries = entries
        self._xml = asked.form == "xml"
        self._caller = _user(request, asked)

    async def ask(self, method: str, *parameters: tuple[str, str]) -> Reply:
        """Ask with the caller's own credentials, in the caller's own form."""
        form = ("f", "xml" if self._xml else "json")
        return await self._send(method, [*self._asked.credentials, form, *parameters])

    async def repeat(self) -> Reply:
        """The server's own answer to the very question, to be looked at."""
        passed = [(name, value) for name, value in self._asked.parameters if name not in ("f", "callback")]
        return await self._send(self._asked.method, [*passed, ("f", "xml" if self._xml else "json")])

    async def render(self, songs: Sequence[str], count: int) -> list[tuple[str, Entry]]:
        """The first `count` of these songs that the caller may see, in order; fewer if the server is slow.

        The caller must have proved who they are in this very request: entries are kept by user.
        """
        shown: list[tuple[str, Entry]] = []
        batch: list[str] = []
        rest = list(songs)
        try:
            async with asyncio.timeout(self._entries.patience):
                while rest and len(shown) < count:
                    wanted = min(count - len(shown), _AT_ONCE)
                    batch, rest = rest[:wanted], rest[wanted:]
                    entries = await asyncio.gather(*map(self._song, batch))
                    told = zip(batch, entries, strict=True)
                    shown += [(song, one) for song, one in told if one is not None]
        except TimeoutError:
            kept = ((song, self._entries.get(self._caller, song)) for song in batch)
            shown += [(song, one) for song, one in kept if one is not None]
        return shown

    async def _song(self, song: str) -> Entry | None:
        """None when the caller may not see it, or the server fails to tell."""
        if (kept := self._entries.get(self._caller, song)) is not None:
            return kept
        try:
            async with self._entries.few:
                reply = await self.ask("getSong", ("id", song))
        except ServerAway:
            return None
        entry = reply.document.song() if reply.document else None
        if entry is not None:
            self._entries.keep(self._caller, song, entry)
        return entry

    async def _send(self, method: str, parameters: Parameters) -> Reply:
        words = urlencode(parameters)
        address = f"{self._proxy.server}{self._asked.base}rest/{method}{self._asked.view}"
        told = headers.of_our_own(self._request)
        body = None
        if self._request.method == "POST":
            body, told["Content-Type"] = words.encode(), _FORM
        else:
            address = f"{address}?{words}"
        return await self._exchange(URL(address, encoded=True), told, body)

    async def _exchange(self, address: URL, told: CIMultiDict[str], body: bytes | None) -> Reply:
        try:
            async with (
                asyncio.timeout(_SECONDS),
                self._proxy.session.request(
                    self._request.method, address, headers=told, data=body, allow_redirects=False
                ) as answer,
            ):
                content = await whole(answer, most=_LARGEST)
                told_names = answer.headers.items()
                kept = [(name, value) for name, value in told_names if name.lower().startswith(_KEPT)]
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ServerAway(type(error).__name__) from error
        return Reply(
            status=answer.status,
            content_type=answer.headers.get("Content-Type", ""),
            body=content,
            document=parse(content, xml=self._xml),
            kept=CIMultiDict(kept),
        )


_KEPT = ("access-control-", "vary", "set-cookie")
_NAMES = ("u", "apiKey", "jwt", "c", "v")
_NAMING_HEADERS = ("Authorization", "Cookie", "X-ND-Authorization", "User-Agent")


def _user(request: web.Request, asked: Asked) -> bytes:
    """Whom entries are kept for, in which form; the proof itself changes with each request.

    All that could name somebody counts, as servers differ in what they believe of several names.
    """
    names = [(name, value) for name, value in asked.parameters if name in _NAMES]
    headed = [request.headers.getall(name, []) for name in _NAMING_HEADERS]
    return hashlib.sha256(repr([names, headed, asked.form == "xml"]).encode()).digest()
