"""Navidrome's own API, as far as it goes beyond Subsonic: events, young songs, our player's settings."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Literal

from segue.model import TrackId
from segue.sdk import AuthFailed, Malformed
from segue.sdk.http import HttpServer
from segue_navidrome.client import CLIENT
from segue_navidrome.config import NavidromeConfig
from segue_navidrome.events import Meaning, Numbers, meaning
from segue_navidrome.parse import read
from segue_navidrome.payloads import NativeSong, Player

__all__ = ["Native"]

_SILENCE_SECONDS = 40.0  # it speaks every 15 s
_PAGE = 100
_HEADER = "X-ND-Authorization"


class Native:
    """Logs in with name and password when first asked, and again when its token has aged."""

    def __init__(self, http: HttpServer, config: NavidromeConfig) -> None:
        self._http = http
        self._config = config
        self._token: str | None = None

    async def events(self) -> AsyncIterator[Meaning]:
        """What happens on the server, beginning with a LOOK once nothing will be missed."""
        numbers = Numbers()
        headers = await self._headers(fresh=True)
        stream = self._http.events("api/events", headers=headers, silence=_SILENCE_SECONDS)
        async for event in stream:
            told = meaning(event)
            if numbers.skipped(event) and told is Meaning.NOTHING:
                told = Meaning.LOOK
            if told is not Meaning.NOTHING:
                yield told

    async def songs_since(self, moment: datetime) -> AsyncIterator[TrackId]:
        """Songs that came or whose files were written since then, youngest first; some may come twice."""
        for order in ("createdAt", "updatedAt"):
            async for song in self._songs(order):
                told = song.createdAt if order == "createdAt" else song.updatedAt
                if told is None or told < moment:
                    break
                yield TrackId(song.id)

    async def report_real_paths(self) -> None:
        """Have the server tell us, and only us, where its files really are."""
        rows = await self._get("api/player", ("_start", "0"), ("_end", str(_PAGE)))
        for row in rows if isinstance(rows, list) else []:
            player = read(Player, row, "player")
            if player.client == CLIENT and not player.reportRealPath:
                await self._ask("PUT", f"api/player/{player.id}", body={**row, "reportRealPath": True})

    async def _songs(self, order: str) -> AsyncIterator[NativeSong]:
        start = 0
        while True:
            rows = await self._get(
                "api/song",
                ("_start", str(start)),
                ("_end", str(start + _PAGE)),
                ("_sort", order),
                ("_order", "DESC"),
                ("missing", "false"),
            )
            if not isinstance(rows, list) or not rows:
                return
            for row in rows:
                yield read(NativeSong, row, "song")
            start += len(rows)

    async def _get(self, path: str, *query: tuple[str, str]) -> Any:
        return await self._ask("GET", path, *query)

    async def _ask(
        self, method: Literal["GET", "PUT"], path: str, *query: tuple[str, str], body: object = None
    ) -> Any:
        for fresh in (False, True):
            headers = await self._headers(fresh=fresh)
            try:
                reply = await self._http.ask(method, path, query=query, body=body, headers=headers, safe=True)
            except AuthFailed:
                if fresh:
                    raise
            else:
                return reply.json()
        raise AssertionError("unreachable")

    async def _headers(self, *, fresh: bool) -> Mapping[str, str]:
        if fresh or self._token is None:
            self._token = await self._login()
        return {_HEADER: f"Bearer {self._token}"}

    async def _login(self) -> str:
        config = self._config
        assert config.password is not None
        words = {"username": config.username, "password": config.password.get_secret_value()}
        reply = await self._http.ask("POST", "auth/login", body=words)
        told = reply.json()
        token = told.get("token") if isinstance(told, dict) else None
        if not isinstance(token, str):
            raise Malformed("Navidrome's login brought no token.")
        return token
