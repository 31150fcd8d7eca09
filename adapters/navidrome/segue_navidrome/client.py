"""Asks one Subsonic server: credentials, envelope, refusals."""

import asyncio
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from segue.sdk import Malformed, Unsupported
from segue.sdk.http import HttpServer, Reply
from segue_navidrome.config import NavidromeConfig
from segue_navidrome.parse import read_reply
from segue_navidrome.refusals import Refusal

__all__ = ["CLIENT", "Auth", "Client", "Manner", "Parameter"]

CLIENT = "Segue"
_PROTOCOL = "1.16.1"
_ANSWERS = (400, 404)  # some servers put a status on their refusals
_DOCUMENTS = ("application/json", "application/xml", "text/xml", "text/html", "text/plain")
_WORDS = re.compile(r"\b((?:u|p|t|s|apiKey|jwt)=)[^&\s\"'<]*")  # an answer may quote what was asked

Parameter = tuple[str, str]
Auth = Literal["key", "token", "password"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a server wants to be asked."""

    auth: Auth
    form: bool


class Client:
    """Everything asked of the Subsonic API goes through here."""

    def __init__(self, http: HttpServer, config: NavidromeConfig, manner: Manner) -> None:
        self.manner = manner
        self._http = http
        self._config = config

    async def ask(self, method: str, *parameters: Parameter, safe: bool = True) -> Mapping[str, Any]:
        """The content of a good answer; an AdapterError otherwise. `safe`: asking twice does no harm."""
        try:
            return await self.attempt(method, *parameters, safe=safe)
        except Refusal as refusal:
            raise refusal.error(method) from refusal

    async def attempt(self, method: str, *parameters: Parameter, safe: bool = True) -> Mapping[str, Any]:
        """The same, but the server's refusal as it is."""
        words = self._words(parameters)
        if self.manner.form:
            reply = await self._http.ask("POST", _path(method), form=words, safe=safe, accept=_ANSWERS)
        else:
            reply = await self._http.ask("GET", _path(method), query=words, safe=safe, accept=_ANSWERS)
        return self._read(reply, method)

    async def save(self, to: Path, method: str, *parameters: Parameter) -> int:
        """Save bytes as a file, whole or not at all; how many. A refusal comes as a document."""
        words = self._words(parameters)
        if self.manner.form:
            headers = await self._http.download(_path(method), to, form=words)
        else:
            headers = await self._http.download(_path(method), to, query=words)
        length = (await asyncio.to_thread(to.stat)).st_size
        if headers.get("content-type", "").partition(";")[0].strip() in _DOCUMENTS:
            await self._refuse(to, method)
        return length

    def _read(self, reply: Reply, method: str) -> Mapping[str, Any]:
        try:
            return read_reply(reply.body)
        except Refusal as refusal:
            if reply.status == 404 and refusal.code == 0:
                raise Unsupported(f"The server does not know {method}.") from refusal
            raise
        except Malformed as error:
            if reply.status in _ANSWERS:
                raise Unsupported(f"There is no {method} at {self._http.where}.") from error
            raise Malformed(str(error), sample=_WORDS.sub(r"\1***", reply.sample())) from error

    async def _refuse(self, file: Path, method: str) -> None:
        with await asyncio.to_thread(file.open, "rb") as opened:
            body = await asyncio.to_thread(opened.read, 1_000_000)
        try:
            read_reply(body)
        except Refusal as refusal:
            raise refusal.error(method) from refusal
        raise Malformed(f"The server answered {method} with a document.")

    def _words(self, parameters: tuple[Parameter, ...]) -> list[Parameter]:
        return [*self._credentials(), ("v", _PROTOCOL), ("c", CLIENT), ("f", "json"), *parameters]

    def _credentials(self) -> list[Parameter]:
        config = self._config
        if self.manner.auth == "key":
            assert config.api_key is not None
            return [("apiKey", config.api_key.get_secret_value())]
        assert config.username is not None
        assert config.password is not None
        password = config.password.get_secret_value()
        if self.manner.auth == "password":
            return [("u", config.username), ("p", f"enc:{password.encode().hex()}")]
        salt = secrets.token_hex(8)
        token = hashlib.md5(f"{password}{salt}".encode(), usedforsecurity=False).hexdigest()
        return [("u", config.username), ("t", token), ("s", salt)]


def _path(method: str) -> str:
    return f"rest/{method}.view"
