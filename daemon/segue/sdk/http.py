"""One server over HTTP: bounded in time, bytes and connections, and all its failures are `AdapterError`s."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from segue.sdk.errors import AdapterError, AuthFailed, Malformed, Unavailable, Unsupported

__all__ = ["HttpServer", "Limits", "Reply", "Request", "Stream"]

_CHUNK = 256 * 1024
_LONGEST_LINE = 1024 * 1024
_TOO_MANY = 429
_ERRORS = 400
_REDIRECTS = 300
_BROKEN = 500
_NOT_IMPLEMENTED = 501


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one server may cost us."""

    seconds: float = 60.0
    silence_seconds: float = 60.0
    stream_seconds: float = 3600.0
    bytes: int = 32 * 1024 * 1024
    tries: int = 3
    first_pause: float = 0.3
    longest_pause: float = 5.0
    at_once: int = 6
    streams_at_once: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked. `safe`: it may be sent twice; `accepted`: statuses that are answers, not failures."""

    path: str
    method: str = "GET"
    query: Sequence[tuple[str, str]] = field(default=(), repr=False)
    form: Sequence[tuple[str, str]] | None = field(default=None, repr=False)
    json: object = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    safe: bool = False
    accepted: frozenset[int] = frozenset({200, 201, 202, 204, 206})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole answer."""

    status: int
    content_type: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON; Malformed when it is none."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Malformed(f"The server sent {self.content_type} that is no JSON.") from error


class Stream:
    """An answer that is still coming."""

    def __init__(self, response: aiohttp.ClientResponse, server: "HttpServer", what: str) -> None:
        self.status = response.status
        self.content_type = response.content_type
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._server = server
        self._what = what

    async def body(self) -> bytes:
        """All of it, if it is not too much."""
        most = self._server.limits.bytes
        parts = bytearray()
        async for chunk in self.chunks():
            parts += chunk
            if len(parts) > most:
                raise Malformed(f"The server's answer to {self._what} is longer than {most} bytes.")
        return bytes(parts)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Its bytes as they come."""
        with self._server.failures(self._what):
            async for chunk in self._response.content.iter_chunked(_CHUNK):
                yield chunk

    async def lines(self, *, silence_seconds: float) -> AsyncIterator[str]:
        """Its lines as they come; Unavailable after so much silence."""
        rest = b""
        chunks = self._response.content.iter_any()
        with self._server.failures(self._what):
            while True:
                async with asyncio.timeout(silence_seconds):
                    chunk = await anext(chunks, b"")
                if not chunk:
                    return
                *lines, rest = (rest + chunk).split(b"\n")
                if len(rest) > _LONGEST_LINE:
                    raise Malformed(f"The server's answer to {self._what} has a line without an end.")
                for line in lines:
                    yield line.decode("utf-8", "replace").rstrip("\r")


class HttpServer:
    """Asks one server. Redirects are not followed: we go only where the operator sent us."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base: str,
        *,
        limits: Limits | None = None,
        secrets: Iterable[str] = (),
        verify_certificate: bool = True,
    ) -> None:
        self.limits = limits or Limits()
        self.base = URL(base)
        self.address = str(self.base.with_user(None).with_query(None).with_fragment(None)).rstrip("/")
        self._session = session
        self._secrets = tuple(secret for secret in secrets if secret)
        self._verify = verify_certificate
        self._asking = asyncio.Semaphore(self.limits.at_once)
        self._streaming = asyncio.Semaphore(self.limits.streams_at_once)

    async def ask(self, request: Request) -> Reply:
        """A whole answer; what is safe is tried again while the server seems to be away."""
        left = self.limits.tries if request.safe else 1
        pause = self.limits.first_pause
        while True:
            try:
                return await self._ask_once(request)
            except Unavailable as error:
                left -= 1
                seconds = random.uniform(0, pause) if error.retry_after is None else error.retry_after
                if left <= 0 or seconds > self.limits.longest_pause:
                    raise
            await asyncio.sleep(seconds)
            pause = min(2 * pause, self.limits.longest_pause)

    @asynccontextmanager
    async def opened(self, request: Request, *, endless: bool = False) -> AsyncIterator[Stream]:
        """An answer to be read as it comes; never asked twice. An endless one may come for ever."""
        limits = aiohttp.ClientTimeout(
            total=None if endless else self.limits.stream_seconds,
            sock_connect=10,
            sock_read=self.limits.silence_seconds,
        )
        async with nullcontext() if endless else self._streaming, self._response(request, limits) as stream:
            yield stream

    async def save(self, stream: Stream, to: Path, *, most: int) -> int:
        """Write an answer into a file; its length. Malformed beyond `most` bytes."""
        length = 0
        file = await asyncio.to_thread(to.open, "wb")
        try:
            async for chunk in stream.chunks():
                length += len(chunk)
                if length > most:
                    raise Malformed(f"{self.address} sends more than the {most} bytes it spoke of.")
                await asyncio.to_thread(file.write, chunk)
        finally:
            await asyncio.to_thread(file.close)
        return length

    @contextmanager
    def failures(self, what: str) -> Iterator[None]:
        """Tells what transport failures mean; no text of theirs that may hold an address is kept."""
        try:
            yield
        except aiohttp.ClientConnectorCertificateError as error:
            raise Unsupported(f"The certificate of {self.address} is not trusted.") from _plain(error)
        except aiohttp.ClientConnectorError as error:
            reason = error.strerror or type(error).__name__
            raise Unavailable(f"{self.address} cannot be reached: {reason}.") from _plain(error)
        except TimeoutError as error:
            raise Unavailable(f"{self.address} did not answer {what} in time.") from _plain(error)
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"{self.address} broke off its answer to {what}.") from _plain(error)

    def sample(self, body: bytes) -> str:
        """The beginning of an answer without the secrets that we know."""
        text = body[:2000].decode("utf-8", "replace")
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text[:500]

    async def _ask_once(self, request: Request) -> Reply:
        limits = aiohttp.ClientTimeout(
            total=self.limits.seconds, sock_connect=10, sock_read=self.limits.silence_seconds
        )
        async with self._asking, self._response(request, limits) as stream:
            return Reply(
                status=stream.status,
                content_type=stream.content_type,
                headers=stream.headers,
                body=await stream.body(),
            )

    @asynccontextmanager
    async def _response(self, request: Request, limits: aiohttp.ClientTimeout) -> AsyncIterator[Stream]:
        what = request.path.rsplit("/", 1)[-1]
        with self.failures(what):
            asking = self._session.request(
                request.method,
                self.base.joinpath(*request.path.split("/")).with_query(list(request.query)),
                data=aiohttp.FormData(list(request.form)) if request.form is not None else None,
                json=request.json,
                headers=request.headers,
                allow_redirects=False,
                ssl=self._verify,
                timeout=limits,
            )
            response = await asking
        try:
            if response.status not in request.accepted:
                raise self._refusal(response, what)
            yield Stream(response, self, what)
        finally:
            response.close() if not response.content.at_eof() else response.release()

    def _refusal(self, response: aiohttp.ClientResponse, what: str) -> AdapterError:
        status = response.status
        told = f"{self.address} answered {what} with status {status}."
        if status == _TOO_MANY:
            return Unavailable(f"{self.address} is asked too often.", retry_after=_retry_after(response))
        if status in (401, 407):
            return AuthFailed(f"{self.address} wants other credentials ({told})")
        if status == 403:
            return AuthFailed(f"{self.address} does not allow us {what}.")
        if status >= _BROKEN and status != _NOT_IMPLEMENTED:
            return Unavailable(told, retry_after=_retry_after(response))
        if _REDIRECTS <= status < _ERRORS:
            return Unsupported(f"{self.address} sends us on to {self._target(response)}: set that address.")
        return Unsupported(told)

    def _target(self, response: aiohttp.ClientResponse) -> str:
        try:
            target = self.base.join(URL(response.headers.get("Location", "")))
            return str(target.with_user(None).with_query(None).with_fragment(None))
        except ValueError:
            return "somewhere else"


def _plain(error: Exception) -> Exception:
    """The error as a cause; one that tells a whole address, with what stands behind its `?`, only by kind."""
    return ConnectionError(type(error).__name__) if "?" in str(error) else error


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    told = response.headers.get("Retry-After", "")
    if told.isdecimal() and len(told) < 9:
        return float(told)
    try:
        moment = parsedate_to_datetime(told)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
