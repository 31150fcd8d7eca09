"""Whatever is asked, a refusal is a problem document that shows nothing of the inside."""

import asyncio
import gzip
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from segue.web import Runner, boundary, errors
from segue.web.hosts import Doorbell
from segue.web.observed import Observed
from tests.daemon.web.conftest import ADMIN, Daemon

JSON = {"Content-Type": "application/json"}
NESTED = b'{"name":' + b"[" * 5000 + b"]" * 5000 + b"}"


async def _refused(daemon: Daemon, method: str, path: str, status: int, **rest: object) -> dict[str, object]:
    async with daemon.ask(method, path, **rest) as reply:
        text = await reply.text()
        assert reply.status == status, text
        assert reply.content_type == "application/problem+json"
        assert "Traceback" not in text
        problem: dict[str, object] = json.loads(text)
        assert problem["status"] == status
        assert str(problem["type"]).startswith("urn:segue:problem:")
        assert str(problem["detail"]).endswith((".", "`"))
        assert problem["request"] == reply.headers["X-Request-Id"]
        return problem


NOT_THERE_OR_NOT_RIGHT = [
    ("GET", "/nothing/here", 404),
    ("GET", "/api/v1/nothing", 404),
    ("GET", "/api/v1/runs/", 404),
    ("GET", "/api/v1/../../etc/passwd", 404),
    ("GET", "/pages/..%2F..%2Fapplication.py", 404),
    ("GET", "/pages/nothing.js", 404),
    ("GET", "/pages/start.html", 404),
    ("PUT", "/api/v1/runs", 405),
    ("DELETE", "/healthz", 405),
    ("OPTIONS", "/api/v1/runs", 405),
    ("STRANGE", "/api/v1/runs", 400),
    ("GET", "/api/v1/runs/77", 404),
    ("GET", "/api/v1/runs/0", 422),
    ("GET", "/api/v1/runs/-1", 422),
    ("GET", "/api/v1/runs/abc", 422),
    ("GET", "/api/v1/runs/1e3", 422),
    ("GET", "/api/v1/runs/9223372036854775807", 404),
    ("GET", "/api/v1/runs/9223372036854775808", 422),
    ("GET", "/api/v1/runs/" + "9" * 5000, 422),
    ("GET", "/api/v1/runs/%00", 422),
    ("GET", "/api/v1/runs/77/log", 404),
    ("GET", "/api/v1/runs/77/children", 404),
    ("GET", "/api/v1/runs/77/events", 404),
    ("POST", "/api/v1/runs/77/cancel", 404),
    ("GET", "/api/v1/runs?limit=0", 422),
    ("GET", "/api/v1/runs?limit=501", 422),
    ("GET", "/api/v1/runs?limit=5&limit=6", 422),
    ("GET", "/api/v1/runs?state=DONE", 422),
    ("GET", "/api/v1/runs?kind=%00", 422),
    ("GET", "/api/v1/runs?cursor=!!", 422),
    ("GET", "/api/v1/runs?cursor=AAAA", 422),
    ("GET", "/api/v1/tracks?q=%00", 422),
    ("GET", "/api/v1/tracks?q=x&missing=true", 422),
    ("GET", "/api/v1/tracks?server=nobody", 404),
    ("GET", "/api/v1/tracks/77", 404),
    ("GET", "/api/v1/recordings/77", 404),
    ("GET", "/api/v1/similar", 422),
    ("GET", "/api/v1/similar?track=77", 404),
    ("GET", "/api/v1/similar?recording=77", 404),
    ("GET", "/api/v1/similar?q=no+such+song", 404),
    ("GET", "/api/v1/similar?server_track=a", 422),
    ("GET", "/api/v1/similar?server=nobody&server_track=a", 404),
    ("GET", "/api/v1/servers/nobody", 404),
    ("GET", "/api/v1/servers/NOBODY", 422),
    ("DELETE", "/api/v1/servers/nobody", 404),
    ("POST", "/api/v1/servers/nobody/walk", 404),
    ("POST", "/api/v1/servers/nobody/test", 404),
    ("GET", "/api/v1/schedules/nobody", 404),
    ("DELETE", "/api/v1/schedules/nobody", 404),
    ("DELETE", "/api/v1/tokens/77", 404),
]


async def test_what_is_not_there_or_not_right(daemon: Daemon) -> None:
    for method, path, status in NOT_THERE_OR_NOT_RIGHT:
        await _refused(daemon, method, path, status)


async def test_a_method_that_a_path_lacks_is_told_the_others(daemon: Daemon) -> None:
    async with daemon.ask("PATCH", "/api/v1/tokens") as reply:
        assert reply.status == 405
        assert set(reply.headers["Allow"].split(",")) == {"GET", "HEAD", "POST"}


BODIES = [
    (b"", 400),
    (b"{", 400),
    (b"\xff\xfe", 400),
    (b'{"name": "\xc3"}', 400),
    (b'{"name": "\\ud800", "scopes": ["read"]}', 400),
    (b'{"name": "a", "scopes": ["read"]} more', 400),
    (NESTED, 400),
    (b"[]", 422),
    (b"null", 422),
    (b"7", 422),
    (b"{}", 422),
    (b'{"name": "a"}', 422),
    (b'{"name": 7, "scopes": ["read"]}', 422),
    (b'{"name": "a", "scopes": []}', 422),
    (b'{"name": "a", "scopes": ["everything"]}', 422),
    (b'{"name": "a\\u0000b", "scopes": ["read"]}', 422),
    (b'{"name": "a", "scopes": ["read"], "extra": 1}', 422),
    (b'{"name": ' + b"9" * 10_000 + b', "scopes": ["read"]}', 400),
]


async def test_bodies_that_cannot_be_used(daemon: Daemon) -> None:
    for body, status in BODIES:
        await _refused(daemon, "POST", "/api/v1/tokens", status, data=body, headers=JSON)


async def test_a_body_of_another_media_type(daemon: Daemon) -> None:
    for media in ("text/plain", "application/xml", "multipart/form-data", "x"):
        await _refused(daemon, "POST", "/api/v1/tokens", 415, data=b"{}", headers={"Content-Type": media})


async def test_a_body_that_is_too_large(daemon: Daemon) -> None:
    await _refused(daemon, "POST", "/api/v1/tokens", 413, data=io.BytesIO(b" " * 1_100_000), headers=JSON)
    bomb = gzip.compress(b" " * 50_000_000)
    headers = {**JSON, "Content-Encoding": "gzip"}
    await _refused(daemon, "POST", "/api/v1/tokens", 413, data=bomb, headers=headers)


async def test_a_body_whose_encoding_is_a_lie(daemon: Daemon) -> None:
    headers = {**JSON, "Content-Encoding": "gzip"}
    await _refused(daemon, "POST", "/api/v1/tokens", 400, data=b"no gzip at all", headers=headers)


async def test_a_mistyped_name_is_put_right(daemon: Daemon) -> None:
    problem = await _refused(daemon, "GET", "/api/v1/runs?limti=5", 422)
    assert problem["faults"] == [
        {"where": "query.limti", "message": "is not known here; did you mean `limit`?"}
    ]
    problem = await _refused(daemon, "GET", "/healthz?x=1", 422)
    assert problem["faults"] == [{"where": "query.x", "message": "is not known here"}]


async def test_an_expectation_that_nobody_can_meet(daemon: Daemon) -> None:
    await _refused(daemon, "GET", "/healthz", 400, headers={"Expect": "the unexpected"})
    await _refused(daemon, "GET", "/nowhere", 400, headers={"Expect": "the unexpected"})
    reply = await _raw(daemon, b"GET /healthz HTTP/1.1\r\nHost: a\r\nExpect: \xc9\xed\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 400 ")


NO_HTTP = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/1.1\r\nHost: a\r\nbroken header\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
    b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /api/v1/tokens HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
]


async def test_what_is_no_http_gets_a_problem_too(daemon: Daemon) -> None:
    for sent in NO_HTTP:
        head, _, body = (await _raw(daemon, sent)).partition(b"\r\n\r\n")
        assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 ")), sent
        assert b"application/problem+json" in head
        assert b"Server: segue" in head
        assert json.loads(body)["type"] == errors.MALFORMED.type


async def test_a_chunked_body_that_breaks_its_own_rules(daemon: Daemon) -> None:
    head = (
        "POST /api/v1/tokens HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {ADMIN}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    reply = await _raw(daemon, head.encode() + b"zz\r\n{}\r\n")
    assert b" 400 " in reply.partition(b"\r\n")[0]
    assert b"application/problem+json" in reply


async def test_a_database_that_is_away_is_no_fault_of_ours(daemon: Daemon) -> None:
    await daemon.services.pool.close()
    problem = await _refused(daemon, "GET", "/api/v1/runs", 503)
    assert "database" in str(problem["detail"])
    problem = await _refused(daemon, "GET", "/readyz", 503)
    assert problem["faults"] == [{"where": "database", "message": "cannot be reached"}]
    await daemon.json("GET", "/healthz")


async def test_an_internal_fault_shows_an_id_and_nothing_else() -> None:
    async def broken(_request: web.Request) -> web.Response:
        raise ValueError("the secret is 42")

    async with _serving(broken) as (url, session), session.get(url) as reply:
        problem = await reply.json(content_type="application/problem+json")
        assert reply.status == 500
        assert problem["request"] == reply.headers["X-Request-Id"]
        assert problem["request"] in problem["detail"]
        assert "the secret" not in json.dumps(problem)


async def test_a_handler_that_takes_too_long_is_told_of() -> None:
    async def slow(_request: web.Request) -> web.Response:
        async with asyncio.timeout(0):
            await asyncio.sleep(10)
        return web.Response()

    async with _serving(slow) as (url, session), session.get(url) as reply:
        assert reply.status == 503
        assert reply.headers["Retry-After"] == "5"


async def test_everything_that_leaves_wears_safe_headers(daemon: Daemon) -> None:
    for path in ("/", "/api/v1/docs", "/api/v1/openapi.json", "/healthz", "/nowhere", "/api/v1/runs"):
        async with daemon.ask("GET", path) as reply:
            assert reply.headers["X-Content-Type-Options"] == "nosniff"
            assert reply.headers["X-Frame-Options"] == "DENY"
            assert reply.headers["Referrer-Policy"] == "no-referrer"
            assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert reply.headers["Server"] == "segue"
            assert "unsafe" not in reply.headers["Content-Security-Policy"]


@asynccontextmanager
async def _serving(handler: object) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    app = web.Application(middlewares=[boundary.middleware(Doorbell([], []), Observed())])
    app.router.add_route("GET", "/", handler)  # type: ignore[arg-type]
    runner = Runner(app, shutdown_timeout=1)
    app.on_response_prepare.append(_dress)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as session:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/", session
    await runner.cleanup()


async def _dress(request: web.Request, response: web.StreamResponse) -> None:
    boundary.dress(request, response)


async def _raw(daemon: Daemon, sent: bytes) -> bytes:
    """What comes back for these very bytes."""
    port = int(daemon.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:"))
    body = await asyncio.wait_for(reader.readexactly(length), 10)
    writer.close()
    await writer.wait_closed()
    return head + body
