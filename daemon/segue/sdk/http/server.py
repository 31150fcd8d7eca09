"""One HTTP server as an adapter asks it."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from time import time
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from segue.sdk.backoff import Backoff
from segue.sdk.errors import AdapterError, Malformed, Unavailable, Unsupported
from segue.sdk.http.events import ServerSentEvent, events_of
from segue.sdk.http.socket import Socket
from segue.sdk.http.translation import of_exception, of_status, without_address

__all__ = ["HttpLimits", "HttpServer", "Pairs", "Reply", "base_url", "trust"]

Pairs = Sequence[tuple[str, str]]
Result = TypeVar("Result")
_CHUNK = 256 * 1024
_TROUBLES = (aiohttp.ClientError, asyncio.TimeoutError, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """Seconds, counts and bytes that no request passes."""

    connect: float = 10.0
    silence: float = 30.0
    answer: float = 120.0
    download: float = 3600.0
    at_once: int = 4
    attempts: int = 4
    first_pause: float = 0.3
    longest_pause: float = 10.0
    largest_answer: int = 64 * 1024 * 1024
    largest_download: int = 4 * 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole answer; `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The body as JSON; Malformed when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Malformed("The server's answer is no JSON.", sample=self.sample()) from error

    def sample(self) -> str:
        """The beginning of the body, without our secrets."""
        text = self.body[:2_000].decode("utf-8", "replace")
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


class HttpServer:
    """Asks within limits. What is `safe` to ask twice is asked again after a passing fault."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        *,
        tls: ssl.SSLContext | bool = True,
        headers: Mapping[str, str] | None = None,
        secrets: Collection[str] = (),
        limits: HttpLimits | None = None,
    ) -> None:
        self._session = session
        self._base = URL(url.rstrip("/"), encoded=True)
        self._tls = tls
        self._headers = dict(headers or {})
        self._secrets = tuple(secret for secret in secrets if secret)
        self.limits = limits or HttpLimits()
        self._turn = asyncio.Semaphore(self.limits.at_once)

    @property
    def where(self) -> str:
        """The server's address as people may see it."""
        return str(self._base.with_user(None).with_query(None))

    async def ask(
        self,
        method: Literal["GET", "POST", "PUT", "DELETE", "HEAD"],
        path: str,
        *,
        query: Pairs = (),
        form: Pairs | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        safe: bool | None = None,
        accept: Collection[int] = (),
    ) -> Reply:
        """The answer to one request; statuses outside 2xx and `accept` are errors."""

        options: dict[str, Any] = {"data": form} if form is not None else {"json": body} if body else {}

        async def once() -> Reply:
            async with (
                self._turn,
                asyncio.timeout(self.limits.answer),
                self._request(method, path, query, headers, options) as response,
            ):
                self._judge(response, path, accept)
                body = await self._whole(response)
                return Reply(
                    status=response.status, headers=_lowered(response), body=body, secrets=self._secrets
                )

        twice = method in ("GET", "HEAD") if safe is None else safe
        return await self._again(once, path, self.limits.attempts if twice else 1)

    async def download(
        self,
        path: str,
        target: Path,
        *,
        query: Pairs = (),
        form: Pairs | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Mapping[str, str]:
        """Save an answer's body as a file, whole or not at all; gives the answer's headers."""
        method, options = ("GET", {}) if form is None else ("POST", {"data": form})

        async def once() -> Mapping[str, str]:
            async with (
                self._turn,
                asyncio.timeout(self.limits.download),
                self._request(method, path, query, headers, options) as response,
            ):
                self._judge(response, path, ())
                await self._save(response, target)
                return _lowered(response)

        return await self._again(once, path, self.limits.attempts)

    async def events(
        self, path: str, *, query: Pairs = (), headers: Mapping[str, str] | None = None, silence: float
    ) -> AsyncIterator[ServerSentEvent]:
        """Server-sent events until the stream ends; Unavailable after so many seconds of silence."""
        accept = {"Accept": "text/event-stream", **(headers or {})}
        try:
            async with self._request("GET", path, query, accept, {}, silence=silence) as response:
                self._judge(response, path, ())
                if response.content_type != "text/event-stream":
                    raise Malformed(f"{self.where} does not answer with events.")
                async with aclosing(events_of(response.content)) as events:
                    async for event in events:
                        yield event
        except _TROUBLES as error:
            raise of_exception(error, where=self.where) from without_address(error)
        except ValueError as error:  # a line longer than the reader's limit
            raise Malformed(f"{self.where} sent an event line without an end.") from error

    @asynccontextmanager
    async def socket(
        self,
        path: str,
        *,
        query: Pairs = (),
        headers: Mapping[str, str] | None = None,
        silence: float | None,
        heartbeat: float | None = None,
    ) -> AsyncIterator[Socket]:
        """A websocket, closed at the end of the block; Unavailable after so many seconds of silence.

        With a `heartbeat` in seconds, pings find out whether the server is still there."""
        try:
            async with asyncio.timeout(self.limits.connect + self.limits.silence):
                line = await self._session.ws_connect(
                    self._address(path, query),
                    headers={**self._headers, **(headers or {})},
                    ssl=self._tls,
                    heartbeat=heartbeat,
                    max_msg_size=self.limits.largest_answer,
                    timeout=aiohttp.ClientWSTimeout(ws_close=2.0),
                )
        except aiohttp.WSServerHandshakeError as error:
            raise self._no_socket(error.status, path) from without_address(error)
        except _TROUBLES as error:
            raise of_exception(error, where=self.where) from without_address(error)
        try:
            async with line:
                yield Socket(line, where=self.where, silence=silence)
        except _TROUBLES as error:
            raise of_exception(error, where=self.where) from without_address(error)

    def _no_socket(self, status: int, path: str) -> AdapterError:
        """What a refusal to open a websocket means; a good answer that opens none is a refusal too."""
        if status < 300 or status in (400, 426):
            return Unsupported(f"{self.where} opens no websocket at {path} (HTTP {status}).")
        return of_status(status, where=self.where, what=path, retry_after=None, location="")

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        path: str,
        query: Pairs,
        headers: Mapping[str, str] | None,
        options: Mapping[str, Any],
        *,
        silence: float | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        patience = aiohttp.ClientTimeout(
            total=None, sock_connect=self.limits.connect, sock_read=silence or self.limits.silence
        )
        async with self._session.request(
            method,
            self._address(path, query),
            headers={**self._headers, **(headers or {})},
            allow_redirects=False,
            ssl=self._tls,
            timeout=patience,
            **options,
        ) as response:
            yield response

    def _address(self, path: str, query: Pairs) -> URL:
        return (self._base / path.lstrip("/") if path else self._base).with_query(list(query))

    async def _again(self, once: Callable[[], Awaitable[Result]], path: str, attempts: int) -> Result:
        pause = Backoff(first=self.limits.first_pause, longest=self.limits.longest_pause)
        for left in reversed(range(attempts)):
            try:
                return await once()
            except AdapterError as error:
                if not isinstance(error, Unavailable) or left == 0:
                    raise
                wait = max(pause.next(), error.retry_after or 0.0)
                if wait > self.limits.longest_pause:
                    raise
            except _TROUBLES as error:
                fault = of_exception(error, where=self.where)
                if not isinstance(fault, Unavailable) or left == 0:
                    raise fault from without_address(error)
                wait = pause.next()
            await asyncio.sleep(wait)
        raise Unavailable(f"{self.where} cannot be asked for {path}.")

    def _judge(self, response: aiohttp.ClientResponse, path: str, accept: Collection[int]) -> None:
        if response.status < 300 or response.status in accept:
            return
        raise of_status(
            response.status,
            where=self.where,
            what=path,
            retry_after=_seconds(response.headers.get("Retry-After")),
            location=response.headers.get("Location", ""),
        )

    async def _whole(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > self.limits.largest_answer:
                raise Malformed(f"{self.where} answered with more than we can take.")
        return bytes(body)

    async def _save(self, response: aiohttp.ClientResponse, target: Path) -> None:
        size = 0
        draft = target.with_name(f"{target.name}.part")
        try:
            with await asyncio.to_thread(draft.open, "wb") as file:
                async for chunk in response.content.iter_chunked(_CHUNK):
                    size += len(chunk)
                    if size > self.limits.largest_download:
                        raise Malformed(f"{self.where} sends a file larger than we can take.")
                    await asyncio.to_thread(file.write, chunk)
            told = response.headers.get("Content-Length", "")
            if "Content-Encoding" not in response.headers and told.isdigit() and int(told) != size:
                raise Unavailable(f"{self.where} sent {size} of {told} bytes.")
            await asyncio.to_thread(draft.replace, target)
        finally:
            await asyncio.to_thread(draft.unlink, missing_ok=True)


def base_url(text: str) -> str:
    """An address as people paste it, in the one form that we keep; ValueError when it is none."""
    text = text.strip()
    parts = urlsplit(text if "://" in text else f"http://{text}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address such as http://host:port")
    if parts.username or parts.password:
        raise ValueError("must not hold a user name or password; they have settings of their own")
    _ = parts.port  # raises ValueError when it is none
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def trust(*, verify: bool, authority: Path | None) -> ssl.SSLContext | bool:
    """Whom to believe: the system's authorities, one of the operator's own, or anybody."""
    if not verify:
        return False
    if authority is None:
        return True
    return ssl.create_default_context(cafile=authority)


def _lowered(response: aiohttp.ClientResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _seconds(text: str | None) -> float | None:
    """`Retry-After` in seconds: a number or a date."""
    if text is None:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except (ValueError, TypeError):
        return None
