"""Odd requests and answers at a front door: broken ones, repeated ones, and letters of other alphabets."""

import asyncio
from collections.abc import Sequence

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from yarl import URL

from tests.daemon.web.conftest import until
from tests.daemon.web.front.conftest import Stage


async def _said(door: URL, request: bytes) -> bytes:
    """Everything that the door says to these bytes, until it hangs up."""
    reader, writer = await asyncio.open_connection(door.host, door.port)
    writer.write(request)
    async with asyncio.timeout(30):
        reply = await reader.read()
    writer.close()
    return reply


class Heard:
    """A server that keeps what it hears and says the same each time."""

    def __init__(self, *replies: bytes) -> None:
        self.replies = list(replies)
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if length:
            self.bodies.append(await reader.readexactly(int(length[0].partition(b":")[2])))
        writer.write(self.replies[0] if len(self.replies) == 1 else self.replies.pop(0))
        await writer.drain()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


@pytest.mark.parametrize(
    "path",
    [
        b"/x?&&a=&=b&a", b"/./a/../b/%2e%2e/c", b"/a;b=c,d/e@f:g", b"/a%zz%",
        b"/rest/ping.view?u=a%26b&u=a&p=%00", b"/a[1]/{2}|^`", b"/%ff%FE", b"/a+b%2Bc?d+e=%2B", b"//x//",
    ],
)  # fmt: skip
async def test_addresses_arrive_byte_for_byte(stage: Stage, path: bytes) -> None:
    server = Heard(OK)
    door = await stage.door(await stage.raw_server(server))
    reply = await _said(door, b"GET " + path + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert reply.endswith(b"ok"), reply
    assert server.heads[0].split(b"\r\n")[0] == b"GET " + path + b" HTTP/1.1"


async def test_letters_of_other_alphabets_pass_in_headers(stage: Stage) -> None:
    name = 'attachment; filename="Bj\u00f6rk - J\u00f3ga \u97f3.flac"'.encode()
    server = Heard(b"HTTP/1.1 200 OK\r\nContent-Disposition: " + name + b"\r\nContent-Length: 0\r\n\r\n")
    door = await stage.door(await stage.raw_server(server))
    told = b"GET / HTTP/1.1\r\nHost: a\r\nX-Words: " + name + b"\r\nConnection: close\r\n\r\n"
    assert b"Content-Disposition: " + name in await _said(door, told)
    assert b"X-Words: " + name in server.heads[0]


async def test_letters_of_old_alphabets_are_not_lost_in_headers(stage: Stage) -> None:
    """Bytes that are no UTF-8 are letters of Latin-1 by the standard: they pass as the same letters."""
    server = Heard(b"HTTP/1.1 200 Sch\xf6n\r\nX-File: Bj\xf6rk\r\nContent-Length: 0\r\n\r\n")
    door = await stage.door(await stage.raw_server(server))
    told = b"GET / HTTP/1.1\r\nHost: a\r\nX-Words: J\xf3ga\r\nConnection: close\r\n\r\n"
    assert "X-File: Björk\r\n".encode() in await _said(door, told)
    assert "X-Words: Jóga\r\n".encode() in server.heads[0]


async def test_all_that_forwarded_before_are_named(stage: Stage) -> None:
    server = Heard(OK)
    door = await stage.door(await stage.raw_server(server))
    told = b"X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2, 192.0.2.3\r\n"
    await _said(door, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + told + b"\r\n")
    assert b"X-Forwarded-For: 192.0.2.1, 192.0.2.2, 192.0.2.3, 127.0.0.1\r\n" in server.heads[0]
    assert server.heads[0].lower().count(b"x-forwarded-for") == 1


@pytest.mark.parametrize("name", [b"Remote-User", b"remote_user", b"X-Forwarded_User", b"X-authentik-email"])
async def test_nobody_names_a_user_in_any_spelling(stage: Stage, name: bytes) -> None:
    server = Heard(OK)
    door = await stage.door(await stage.raw_server(server))
    await _said(door, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + name + b": admin\r\n\r\n")
    assert b"admin" not in server.heads[0]


async def test_redirects_lead_to_where_the_client_came_from(stage: Stage) -> None:
    """Before the door may stand a proxy that speaks TLS under a name of its own."""
    server = Heard()
    url = await stage.raw_server(server)
    server.replies = [f"HTTP/1.1 302 Found\r\nLocation: {url}/app/\r\nContent-Length: 0\r\n\r\n".encode()]
    door = await stage.door(url)
    told = b"X-Forwarded-Proto: https\r\nX-Forwarded-Host: music.example\r\nConnection: close\r\n\r\n"
    reply = await _said(door, b"GET / HTTP/1.1\r\nHost: inside:4533\r\n" + told)
    assert b"Location: https://music.example/app/\r\n" in reply


@pytest.mark.parametrize(
    "nonsense",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/9 \xff\r\n\r\n",
    ],
    ids=["ssh", "long", "odd"],
)
async def test_a_server_that_speaks_no_http_is_a_502(stage: Stage, nonsense: bytes) -> None:
    door = await stage.door(await stage.raw_server(Heard(nonsense)))
    client = await stage.client()
    async with client.get(door) as reply:
        assert reply.status == 502


async def test_early_hints_and_continues_are_not_taken_for_the_answer(stage: Stage) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    server = Heard(hints + OK)
    door = await stage.door(await stage.raw_server(server))
    told = b"Host: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody"
    reply = await _said(door, b"PUT / HTTP/1.1\r\n" + told)
    assert reply.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert reply.endswith(b"ok")
    assert (server.bodies, b"expect" in server.heads[0].lower()) == ([b"body"], False)


async def test_old_clients_get_the_whole_answer_and_its_end(stage: Stage) -> None:
    """HTTP/1.0 knows no chunks: the end is where the line ends."""

    async def pieces(_: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        return response

    async def chunks(request: web.Request) -> web.StreamResponse:
        response = await pieces(request)
        await response.prepare(request)
        for _ in range(3):
            await response.write(b"piece ")
        return response

    door = await stage.door(await stage.server(chunks))
    reply = await _said(door, b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
    assert reply.endswith(b"\r\n\r\npiece piece piece ")
    assert b"chunked" not in reply.lower()


@pytest.mark.parametrize(("size", "status"), [(100, 200), (200_000, 502)])
async def test_an_upload_is_sent_again_only_if_it_is_still_there(
    stage: Stage, size: int, status: int
) -> None:
    """A line that was kept open may close just when it is used; what is long was not kept."""
    bodies: list[bytes] = []
    lines = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal lines
        lines += 1
        await reader.readuntil(b"\r\n\r\n")
        if lines > 1:
            bodies.append(await reader.readexactly(size))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        if lines == 1:
            await reader.readuntil(b"\r\n\r\n")  # the next question, which dies unanswered

    door = await stage.door(await stage.raw_server(serve))
    client = await stage.client()
    async with client.get(door) as reply:
        assert await reply.read() == b"ok"
    async with client.put(door, data=b"x" * size) as reply:
        assert reply.status == status
    assert bodies == ([b"x" * size] if status == 200 else [])


async def test_a_question_with_an_upgrade_to_nothing_we_know_is_an_ordinary_one(stage: Stage) -> None:
    server = Heard(OK)
    door = await stage.door(await stage.raw_server(server))
    told = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(door.host, door.port)
        writer.write(b"GET /x HTTP/1.1\r\nHost: a\r\n" + told)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()
    assert b"h2" not in server.heads[0].lower()


async def _socket(stage: Stage, talk: object) -> tuple[URL, aiohttp.ClientSession]:
    return await stage.door(await stage.server(talk)), await stage.client()  # type: ignore[arg-type]


async def test_a_websocket_to_a_server_that_is_away_is_a_502(stage: Stage) -> None:
    async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    client = await stage.client()
    for server in (URL("http://127.0.0.1:9"), await stage.raw_server(hangs_up)):
        door = await stage.door(server)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect(door / "socket")
        assert refused.value.status == 502


async def test_the_refusal_of_a_websocket_has_its_headers(stage: Stage) -> None:
    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.Response(status=401, headers={"WWW-Authenticate": "Basic"}, text="Who?")

    door, client = await _socket(stage, refuse)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await client.ws_connect(door / "socket")
    assert refused.value.status == 401
    assert refused.value.headers is not None
    assert refused.value.headers["WWW-Authenticate"] == "Basic"


@pytest.mark.parametrize("offered", [(), ("a", "b"), ("b",), ("c",)])
async def test_subprotocols_are_chosen_by_the_server(stage: Stage, offered: Sequence[str]) -> None:
    heard: list[str | None] = []

    async def talk(request: web.Request) -> web.StreamResponse:
        heard.append(request.headers.get("Sec-WebSocket-Protocol"))
        socket = web.WebSocketResponse(protocols=["b"])
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket

    door, client = await _socket(stage, talk)
    async with client.ws_connect(door / "socket", protocols=offered) as socket:
        assert socket.protocol == ("b" if "b" in offered else None)
        await socket.send_str("hello")
        assert await socket.receive_str() == "hello"
    assert heard == [",".join(offered) or None]


async def test_a_websocket_whose_other_end_vanishes_is_closed(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a word: the line is cut while messages go both ways."""
    ended: list[int | None] = []

    async def talk(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.data == "cut":
                assert request.transport is not None
                request.transport.abort()
            elif message.type is WSMsgType.TEXT:
                for _ in range(1000):
                    await socket.send_str("x" * 1000)
        ended.append(socket.close_code)
        return socket

    door, client = await _socket(stage, talk)
    async with client.ws_connect(door / "socket") as socket, asyncio.timeout(20):
        await socket.send_str("cut")
        while (message := await socket.receive()).type is WSMsgType.TEXT:
            pass
        assert message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR)
    ended.clear()
    socket = await client.ws_connect(door / "socket")
    await socket.send_str("much")
    assert await socket.receive_str()
    assert socket._response.connection is not None
    transport = socket._response.connection.transport
    assert transport is not None
    transport.abort()
    await until(lambda: bool(ended), seconds=20)
    assert [one for one in caplog.records if one.levelname == "ERROR"] == []


async def test_who_names_no_host_is_not_looked_up(stage: Stage) -> None:
    """Old players do not; what this machine is called may be anything, and take seconds to find out."""
    server = Heard()
    url = await stage.raw_server(server)
    server.replies = [f"HTTP/1.0 302 Found\r\nLocation: {url}/x\r\nContent-Length: 0\r\n\r\n".encode()]
    door = await stage.door(url)
    reply = await _said(door, b"GET / HTTP/1.0\r\n\r\n")
    assert b"x-forwarded-host" not in server.heads[0].lower()
    assert f"Location: {url}/x\r\n".encode() in reply


@pytest.mark.parametrize("line", [b"OPTIONS *", b"GET http://elsewhere.example/x%2Fy?a=%20", b"CONNECT a:80"])
async def test_other_forms_of_addresses_reach_nothing_but_the_server(stage: Stage, line: bytes) -> None:
    server = Heard(OK)
    door = await stage.door(await stage.raw_server(server))
    reply = await _said(door, line + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert reply.startswith((b"HTTP/1.1 200", b"HTTP/1.1 404", b"HTTP/1.1 400")), reply
    heard = [head.split(b"\r\n")[0] for head in server.heads]
    assert heard in ([], [b"OPTIONS * HTTP/1.1"], [b"GET /x%2Fy?a=%20 HTTP/1.1"])


async def test_a_client_that_leaves_before_the_answer_frees_the_server(stage: Stage) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def thinks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        assert await reader.read() == b""
        left.set()

    door = await stage.door(await stage.raw_server(thinks))
    _, writer = await asyncio.open_connection(door.host, door.port)
    writer.write(b"GET /transcoded HTTP/1.1\r\nHost: a\r\n\r\n")
    async with asyncio.timeout(20):
        await asked.wait()
        writer.transport.abort()
        await left.wait()


@pytest.mark.parametrize(
    ("head", "part"),
    [(b"Content-Length: 1000", b"x" * 10), (b"Transfer-Encoding: chunked", b"3\r\nabc\r\n")],
    ids=["length", "chunks"],
)
async def test_an_upload_that_breaks_off_is_broken_for_the_server(
    stage: Stage, head: bytes, part: bytes
) -> None:
    came = asyncio.Event()
    rest: list[bytes] = []

    async def takes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(len(part)) == part
        came.set()
        rest.append(await reader.read())

    door = await stage.door(await stage.raw_server(takes))
    _, writer = await asyncio.open_connection(door.host, door.port)
    writer.write(b"POST / HTTP/1.1\r\nHost: a\r\n" + head + b"\r\n\r\n" + part)
    async with asyncio.timeout(20):
        await came.wait()
    writer.transport.abort()
    await until(lambda: bool(rest), seconds=20)
    assert rest == [b""], "neither the rest nor a last chunk that would make it look whole"


async def test_skipped_songs_and_broken_servers_are_no_faults_of_ours(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither leaves a traceback in the log: the one is daily life, the other is told in one line."""
    left = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal left
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        try:
            for _ in range(10 if b"/breaks" in head else 100_000):
                writer.write(bytes(10_000))
                await writer.drain()
        except ConnectionError:
            pass
        left += 1

    door = await stage.door(await stage.raw_server(endless))
    for _ in range(20):
        reader, writer = await asyncio.open_connection(door.host, door.port)
        writer.write(b"GET /song HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readexactly(200_000)
        writer.transport.abort()
    client = await stage.client()
    with pytest.raises(aiohttp.ClientError):
        async with client.get(door / "breaks") as reply:
            await reply.read()
    await until(lambda: left == 21, seconds=30)
    assert [one.getMessage() for one in caplog.records if one.levelname == "ERROR"] == []
