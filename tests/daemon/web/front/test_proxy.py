"""What passes through a front door is what was sent, byte for byte, in bounded memory."""

import asyncio
import gzip
import hashlib
import os
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from yarl import URL

from tests.daemon.web.conftest import until
from tests.daemon.web.front.conftest import Stage

SONG = os.urandom(3_000_000)


async def _song(request: web.Request) -> web.StreamResponse:
    """A file with ranges, as media servers serve it."""
    first, last, status = 0, len(SONG) - 1, 200
    headers = {"Accept-Ranges": "bytes", "ETag": '"abc"', "Content-Type": "audio/flac"}
    if "Range" in request.headers:
        wanted = request.http_range
        first, status = wanted.start or 0, 206
        last = min(last, wanted.stop - 1 if wanted.stop else last)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(SONG)}"
    return web.Response(status=status, body=SONG[first : last + 1], headers=headers)


async def _mirror(request: web.Request) -> web.StreamResponse:
    """Tells what arrived."""
    body = await request.read()
    told = {
        "method": request.method,
        "path": request.raw_path,
        "headers": [[name, value] for name, value in request.headers.items()],
        "body": body.hex(),
    }
    return web.json_response(told)


async def test_paths_queries_methods_and_bodies_arrive_as_they_were_sent(stage: Stage) -> None:
    door = await stage.door(await stage.server(_mirror))
    client = await stage.client()
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "PROPFIND", "OPTIONS"):
        for path in (
            "/",
            "/a%2Fb/c%20d/%E2%82%AC?x=%26&x=2&empty=&q=a+b",
            "/rest/ping.view?u=%C3%BC",
            "//a//b/",
        ):
            body = b"" if method == "GET" else b"\x00\xffbody"
            async with client.request(method, URL(f"{door}{path}", encoded=True), data=body or None) as reply:
                told = await reply.json()
            assert (told["method"], told["path"], told["body"]) == (method, path, body.hex())


async def test_headers_travel_but_those_that_end_at_a_proxy(stage: Stage) -> None:
    door = await stage.door(await stage.server(_mirror))
    client = await stage.client()
    sent = {
        "User-Agent": "Feishin/1",
        "Cookie": "a=1; b=2",
        "X-Own": "kept",
        "Authorization": "Basic abc",
        "Accept-Encoding": "br",
        "Remote-User": "admin",
        "X-Forwarded-User": "admin",
        "Connection": "keep-alive, X-Gone",
        "X-Gone": "1",
        "TE": "trailers",
        "X-Forwarded-For": "192.0.2.1",
    }
    async with client.get(door / "x", headers=sent) as reply:
        arrived = {name.lower(): value for name, value in (await reply.json())["headers"]}
    for name in ("User-Agent", "Cookie", "X-Own", "Authorization", "Accept-Encoding"):
        assert arrived[name.lower()] == sent[name]
    assert not {"remote-user", "x-forwarded-user", "x-gone", "te"} & set(arrived)
    assert arrived["x-forwarded-for"] == "192.0.2.1, 127.0.0.1"
    assert arrived["x-forwarded-host"] == f"{door.host}:{door.port}"
    assert arrived["x-forwarded-proto"] == "http"


async def test_nothing_is_added_to_a_bare_request_or_reply(stage: Stage) -> None:
    heads: list[bytes] = []

    async def bare(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        head = b"HTTP/1.1 200 Fine\r\nX-A: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
        writer.write(head + b"Content-Length: 2\r\n\r\nok")
        await writer.drain()

    door = await stage.door(await stage.raw_server(bare))
    reader, writer = await asyncio.open_connection(door.host, door.port)
    writer.write(b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    reply = await reader.read()
    writer.close()
    names = [line.partition(b":")[0].lower() for line in heads[0].split(b"\r\n")[1:] if line]
    assert set(names) == {b"host", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"}
    head, _, body = reply.partition(b"\r\n\r\n")
    assert body == b"ok"
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 200 Fine", b"X-A: 1", b"Set-Cookie: a=1", b"Set-Cookie: b=2", b"Content-Length: 2",
        b"Connection: close",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wanted", [None, "bytes=0-0", "bytes=1000-1999", "bytes=2999000-", "bytes=5-4000000"]
)
async def test_songs_and_their_parts_are_equal_byte_for_byte(stage: Stage, wanted: str | None) -> None:
    server = await stage.server(_song)
    door = await stage.door(server)
    client = await stage.client()
    headers = {"Range": wanted} if wanted else {}
    answers = []
    for address in (server, door):
        async with client.get(address / "stream", headers=headers) as reply:
            interesting = {
                name: reply.headers.get(name) for name in ("Content-Range", "ETag", "Content-Length")
            }
            answers.append((reply.status, interesting, hashlib.sha256(await reply.read()).hexdigest()))
    assert answers[0] == answers[1]


async def test_head_tells_the_length_and_no_body(stage: Stage) -> None:
    door = await stage.door(await stage.server(_song))
    client = await stage.client()
    async with client.head(door / "stream") as reply:
        assert reply.headers["Content-Length"] == str(len(SONG))
        assert await reply.read() == b""
    async with client.get(door / "stream") as reply:
        assert len(await reply.read()) == len(SONG)


@pytest.mark.parametrize("status", [204, 304, 301, 404, 416, 429, 500, 503])
async def test_every_status_passes_with_its_headers(stage: Stage, status: int) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        body = None if status in (204, 304) else b"words"
        return web.Response(status=status, body=body, headers={"X-A": "b", "Retry-After": "5"})

    door = await stage.door(await stage.server(answer))
    client = await stage.client()
    async with client.get(door, allow_redirects=False) as reply:
        assert reply.status == status
        assert reply.headers["X-A"] == "b"
        assert reply.headers["Retry-After"] == "5"
        assert await reply.read() == (b"" if status in (204, 304) else b"words")


async def test_packed_replies_and_requests_stay_packed(stage: Stage) -> None:
    packed = gzip.compress(b"words " * 1000)

    async def answer(request: web.Request) -> web.StreamResponse:
        assert await request.read() == packed
        assert request.headers["Content-Encoding"] == "gzip"
        return web.Response(body=packed, headers={"Content-Encoding": "gzip", "Vary": "Accept-Encoding"})

    door = await stage.door(await stage.server(answer))
    client = await stage.client(auto_decompress=False)
    async with client.post(door, data=packed, headers={"Content-Encoding": "gzip"}) as reply:
        assert reply.headers["Content-Encoding"] == "gzip"
        assert await reply.read() == packed


async def test_chunks_and_events_are_told_as_they_come(stage: Stage) -> None:
    go_on = asyncio.Event()

    async def events(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: one\n\n")
        await go_on.wait()
        await response.write(b"data: two\n\n")
        return response

    door = await stage.door(await stage.server(events))
    client = await stage.client()
    async with client.get(door) as reply:
        assert reply.headers["Transfer-Encoding"] == "chunked"
        assert await asyncio.wait_for(reply.content.readuntil(b"\n\n"), 5) == b"data: one\n\n"
        go_on.set()
        assert await reply.content.read() == b"data: two\n\n"


async def test_big_bodies_stream_up_with_their_length_or_in_chunks(stage: Stage) -> None:
    seen: dict[str, Any] = {}

    async def take(request: web.Request) -> web.StreamResponse:
        digest, size = hashlib.sha256(), 0
        async for piece in request.content.iter_any():
            digest.update(piece)
            size += len(piece)
        seen.update(size=size, length=request.headers.get("Content-Length"), digest=digest.hexdigest())
        return web.Response(text="taken")

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"x" * 100_000

    door = await stage.door(await stage.server(take))
    client = await stage.client()
    async with client.post(door, data=pieces()) as reply:
        assert await reply.text() == "taken"
    assert (seen["size"], seen["length"]) == (20_000_000, None)
    async with client.post(door, data=pieces(), headers={"Content-Length": "20000000"}) as reply:
        assert await reply.text() == "taken"
    assert (seen["size"], seen["length"]) == (20_000_000, "20000000")
    assert seen["digest"] == hashlib.sha256(b"x" * 20_000_000).hexdigest()


async def test_a_server_that_breaks_off_is_not_taken_for_a_whole_answer(stage: Stage) -> None:
    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500)
        await writer.drain()

    async def dies_in_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await writer.drain()

    client = await stage.client()
    for handler in (dies, dies_in_chunks):
        door = await stage.door(await stage.raw_server(handler))
        with pytest.raises(aiohttp.ClientError):
            async with client.get(door) as reply:
                await reply.read()


async def test_a_server_that_is_away_is_a_502(stage: Stage) -> None:
    client = await stage.client()
    async with client.get(await stage.door(URL("http://127.0.0.1:9"))) as reply:
        assert reply.status == 502

    async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with client.get(await stage.door(await stage.raw_server(hangs_up))) as reply:
        assert reply.status == 502


async def test_a_client_that_leaves_frees_the_server(stage: Stage) -> None:
    left = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 10_000)
                await asyncio.sleep(0.01)
        finally:
            left.set()

    door = await stage.door(await stage.server(endless))
    client = await stage.client()
    async with client.get(door) as reply:
        await reply.content.readexactly(1000)
        reply.close()
    await asyncio.wait_for(left.wait(), 10)


async def test_slow_clients_are_waited_for_without_hoarding(stage: Stage) -> None:
    """A server that could send without end is slowed down to the pace of the client."""
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65_536)
            sent += 65_536

    door = await stage.door(await stage.server(endless))
    lines = [await asyncio.open_connection(door.host, door.port, limit=1000) for _ in range(10)]
    for _, writer in lines:
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    before = -1

    def stalled() -> bool:
        nonlocal before
        same, before = sent == before, sent
        return same and sent > 0

    await until(stalled, seconds=20, every=0.3)
    per_line = sent / len(lines)
    assert per_line < 16_000_000, "socket buffers of the system, and little more"
    for reader, writer in lines:
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.transport.abort()


async def test_redirects_to_the_server_lead_to_the_door(stage: Stage) -> None:
    places = ["/app/", "http://elsewhere.example/x"]

    async def redirect(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": places[0]})

    server = await stage.server(redirect)
    door = await stage.door(server)
    client = await stage.client()
    for place, expected in (
        ("/app/", "/app/"),
        ("http://elsewhere.example/x", "http://elsewhere.example/x"),
        (f"{server}/music?a=1", f"{door}/music?a=1"),
        (str(server), str(door)),
    ):
        places[:] = [place]
        async with client.get(door, allow_redirects=False) as reply:
            assert reply.headers["Location"].rstrip("/") == expected.rstrip("/")


async def test_long_addresses_pass(stage: Stage) -> None:
    door = await stage.door(await stage.server(_mirror))
    client = await stage.client()
    query = "&".join(f"songId={number:022}" for number in range(9000))
    async with client.get(URL(f"{door}/rest/createPlaylist.view?{query}", encoded=True)) as reply:
        assert (await reply.json())["path"].endswith("songId=" + f"{8999:022}")


async def test_websockets_pass_messages_and_close_codes_both_ways(stage: Stage) -> None:
    codes: list[int | None] = []

    async def talk(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=["chat"])
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT and message.data == "leave":
                await socket.close(code=4001, message=b"bye")
            elif message.type is WSMsgType.TEXT:
                await socket.send_str(f"{request.headers.get('Cookie')}:{message.data}")
            elif message.type is WSMsgType.BINARY:
                await socket.send_bytes(message.data[::-1])
        codes.append(socket.close_code)
        return socket

    door = await stage.door(await stage.server(talk))
    client = await stage.client()
    async with client.ws_connect(door / "socket", protocols=["chat"], headers={"Cookie": "a=1"}) as socket:
        assert socket.protocol == "chat"
        await socket.send_str("hello")
        assert await socket.receive_str() == "a=1:hello"
        await socket.send_bytes(b"ab" * 1_000_000)
        assert await socket.receive_bytes() == b"ba" * 1_000_000
        await socket.send_str("leave")
        closed = await socket.receive()
        assert (closed.type, closed.data, closed.extra) == (WSMsgType.CLOSE, 4001, "bye")
    async with client.ws_connect(door / "socket") as socket:
        await socket.close(code=4002)
    await until(lambda: codes[-1:] == [4002])


async def test_a_websocket_that_the_server_refuses_is_refused(stage: Stage) -> None:
    async def refuse(request: web.Request) -> web.StreamResponse:
        return web.Response(status=403)

    door = await stage.door(await stage.server(refuse))
    client = await stage.client()
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await client.ws_connect(door / "socket")
    assert refused.value.status == 403
