"""A transparent reverse proxy: everything streams, nothing is kept, nothing is changed."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import structlog
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from segue.web.front import headers
from segue.web.front.websocket import connect_websocket, is_websocket, refusal, relay_websocket

__all__ = ["Proxy", "ServerAway", "body_of", "open_session", "whole"]

_CONNECT_SECONDS = 5
_SILENCE_SECONDS = 300  # event streams speak every 15 s or so; a server silent for so long is gone
_BODY_SECONDS = 60
_PIECE = 64 * 1024  # at most what waits for a slow client; less is passed on at once
_SMALL = 64 * 1024
_SENT_AGAIN = frozenset({"PUT", "DELETE", "OPTIONS"})  # when a line that was kept open turns out to be dead
_LONGEST_LINE = 1024 * 1024  # some clients put thousands of ids into one address
_LONGEST_FIELD = 64 * 1024

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

REPLIED = web.RequestKey("replied", CIMultiDict)
READ = web.RequestKey("read", bytes)
BEGUN = web.RequestKey("begun", bytes)


class ServerAway(Exception):  # noqa: N818 - it says who must act: nobody, until it is back
    """The server cannot be reached; nothing was told to the client yet."""


@asynccontextmanager
async def open_session(tls: ssl.SSLContext | bool = True) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that adds, follows, keeps and unpacks nothing."""
    async with aiohttp.ClientSession(
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        timeout=aiohttp.ClientTimeout(total=None, connect=_CONNECT_SECONDS, sock_read=_SILENCE_SECONDS),
        connector=aiohttp.TCPConnector(limit=0, ssl=tls),
        trust_env=False,
        max_line_size=_LONGEST_LINE,
        max_field_size=_LONGEST_FIELD,
    ) as session:
        yield session


async def body_of(request: web.Request, *, most: int) -> bytes | None:
    """The whole body, which must come within a minute; None when it is larger.

    The request can be passed on all the same.
    """
    if READ in request or BEGUN in request or (request.content_length or 0) > most:
        return request.get(READ)
    begun = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while len(begun) <= most and (piece := await request.content.readany()):
                begun += piece
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    request[BEGUN if len(begun) > most else READ] = bytes(begun)
    return request.get(READ)


async def whole(answer: aiohttp.ClientResponse, *, most: int) -> bytes:
    """The whole body of an answer that we read ourselves; ServerAway when it is larger than that."""
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > most:
            raise ServerAway("The answer is too large.")
    return bytes(body)


class Proxy:
    """Passes requests on to one server."""

    def __init__(self, session: aiohttp.ClientSession, server: URL) -> None:
        self.session = session
        self.server = server.origin()

    async def forward(self, request: web.Request) -> web.StreamResponse:
        """The server's own answer."""
        if is_websocket(request):
            return await self._relay_websocket(request)
        if request.method in _SENT_AGAIN and request.content_length:
            await body_of(request, most=_SMALL)
        try:
            answer = await self.session.request(
                request.method,
                self.address(request),
                headers=headers.upstream(request),
                data=_body(request),
                allow_redirects=False,
            )
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ServerAway(str(error)) from error
        async with answer:
            return await self._relay(request, answer)

    def address(self, request: web.Request) -> URL:
        """The same path and query, as the client wrote them."""
        path = request.raw_path if request.raw_path.startswith("/") else request.rel_url.raw_path_qs
        return URL(f"{self.server}{path}", encoded=True)

    async def _relay_websocket(self, request: web.Request) -> web.StreamResponse:
        try:
            server = await connect_websocket(request, self.session, self.address(request))
        except aiohttp.WSServerHandshakeError as error:
            said = CIMultiDictProxy(CIMultiDict(error.headers.items() if error.headers else ()))
            return refusal(error.status, headers.downstream(said, request, server=self.server))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ServerAway(str(error)) from error
        async with server:
            return await relay_websocket(request, server)

    async def _relay(self, request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        told = headers.downstream(answer.headers, request, server=self.server)
        reason = headers.sayable(answer.reason or "")
        response = web.StreamResponse(status=answer.status, reason=reason, headers=told)
        request[REPLIED] = told
        await response.prepare(request)
        if request.method == "HEAD" or answer.status in (204, 304):
            return response
        try:
            async for piece in answer.content.iter_chunked(_PIECE):
                await response.write(piece)
        except aiohttp.ClientConnectionResetError:
            return response  # the client left: skipping a song is no error
        except (aiohttp.ClientError, TimeoutError) as error:
            log.info("server_broke_off", server=str(self.server), reason=type(error).__name__)
            _break_off(request)
        return response


async def only_what_the_server_told(request: web.Request, response: web.StreamResponse) -> None:
    """Take back what the library adds on its own to a relayed answer."""
    told = request.get(REPLIED)
    if told is None:
        return
    for name in ("Server", "Content-Type", "Date"):
        if name not in told and name in response.headers:
            del response.headers[name]


def _body(request: web.Request) -> bytes | AsyncIterator[bytes] | None:
    """What was read of it, and what is still to come."""
    if READ in request or not request.body_exists:
        return request.get(READ)
    return _all_of(request)


async def _all_of(request: web.Request) -> AsyncIterator[bytes]:
    if begun := request.get(BEGUN):
        yield begun
    async for piece in request.content.iter_any():
        yield piece


def _break_off(request: web.Request) -> None:
    """A half answer must not look like a whole one."""
    if request.transport is not None:
        request.transport.abort()
