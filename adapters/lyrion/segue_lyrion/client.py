"""Asks one server by JSON-RPC, and tells a refusal from a fault."""

from collections.abc import Mapping
from typing import Any

import aiohttp

from segue.sdk import Unavailable, Unsupported
from segue.sdk.http import HttpServer
from segue_lyrion.parse import result

__all__ = ["Client", "Refused"]


class Refused(Unsupported):
    """The server hung up on a question, which is how it says that it will not."""


class Client:
    """Everything asked of the server's JSON-RPC goes through here; no player is ever named."""

    def __init__(self, http: HttpServer) -> None:
        self.http = http

    async def ask(self, *words: str | int, safe: bool = True) -> Mapping[str, Any]:
        """The answer to one command. `safe`: asking twice does no harm."""
        try:
            return await self._ask(words, safe=safe)
        except Unavailable as error:
            if not isinstance(error.__cause__, aiohttp.ServerDisconnectedError):
                raise
            await self._ask(("version", "?"), safe=True)
            raise Refused(f"The server refuses `{words[0]}`.") from error

    async def _ask(self, words: tuple[str | int, ...], *, safe: bool) -> Mapping[str, Any]:
        question = {"id": 1, "method": "slim.request", "params": ["", list(words)]}
        reply = await self.http.ask("POST", "jsonrpc.js", body=question, safe=safe)
        return result(reply.json())
