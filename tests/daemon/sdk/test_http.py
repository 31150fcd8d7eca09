"""HTTP as adapters ask it: limits, repeats only where safe, errors by who must act, no secrets told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.sdk import AdapterError, AuthFailed, Malformed, NotFound, Unavailable, Unsupported
from segue.sdk.http import HttpLimits, HttpServer, base_url
from segue.sdk.http.events import events_of
from segue.sdk.testing import until

QUICK = HttpLimits(
    connect=5, silence=5, answer=20, download=20, at_once=2, attempts=3, first_pause=0.01, longest_pause=0.2,
    largest_answer=1000, largest_download=5000,
)  # fmt: skip
IMPATIENT = replace(QUICK, silence=0.2)


def answer(status: str = "200 OK", body: bytes = b"{}", *headers: str, length: int | None = None) -> bytes:
    told = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {told}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Far:
    """Answers one connection after the other with these bytes; None is silence."""

    answers: list[bytes | None]
    hangs_on: bool = False
    asked: list[bytes] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head)
            told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if told is None:
                await reader.read()
            else:
                await asyncio.sleep(0.02)
                writer.write(told)
                await writer.drain()
                if self.hangs_on:
                    await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self.at_once -= 1

    async def idle(self) -> bool:
        return self.at_once == 0


@asynccontextmanager
async def asking(
    *answers: bytes | None, limits: HttpLimits = QUICK, hangs_on: bool = False
) -> AsyncIterator[tuple[HttpServer, Far]]:
    far = Far(list(answers), hangs_on)
    server = await asyncio.start_server(far.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, aiohttp.ClientSession() as session:
        yield HttpServer(session, f"http://127.0.0.1:{port}/base", secrets=["hunter2"], limits=limits), far
    await until(far.idle)


async def test_an_answer_is_read_whole() -> None:
    async with asking(answer(body=b'{"a": 1}')) as (server, far):
        reply = await server.ask("GET", "rest/ping", query=[("u", "a b"), ("id", "1"), ("id", "2/&")])
        assert (reply.status, reply.json()) == (200, {"a": 1})
        assert far.asked[0].startswith(b"GET /base/rest/ping?u=a+b&id=1&id=2/%26 HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "passing", [answer("503 Busy"), answer("502 Bad"), answer("429 Slow"), b"", b"HTTP/1.1 200"]
)
async def test_a_passing_fault_is_asked_again_if_that_is_safe(passing: bytes) -> None:
    async with asking(passing, passing, answer(body=b"[]")) as (server, far):
        assert (await server.ask("GET", "x")).json() == []
        assert len(far.asked) == 3
    async with asking(passing, answer(body=b"[]")) as (server, far):
        with pytest.raises(Unavailable):
            await server.ask("POST", "x", form=[("a", "b")])
        assert len(far.asked) == 1
    async with asking(passing, answer(body=b"[]")) as (server, far):
        assert (await server.ask("POST", "x", form=[("a", "b")], safe=True)).json() == []


async def test_a_lasting_fault_is_unavailable_after_some_attempts() -> None:
    async with asking(answer("503 Busy", b"", "Retry-After: 0")) as (server, far):
        with pytest.raises(Unavailable) as told:
            await server.ask("GET", "x")
        assert (len(far.asked), told.value.retry_after) == (3, 0.0)


async def test_a_long_wait_is_left_to_the_caller() -> None:
    async with asking(answer("429 Slow", b"", "Retry-After: 120")) as (server, far):
        with pytest.raises(Unavailable) as told:
            await server.ask("GET", "x")
        assert (len(far.asked), told.value.retry_after) == (1, 120.0)


@pytest.mark.parametrize(
    ("status", "kind"),
    [("401 No", AuthFailed), ("403 No", AuthFailed), ("404 No", NotFound), ("410 No", NotFound),
     ("405 No", Unsupported), ("501 No", Unsupported), ("400 No", Malformed), ("302 Found", Unsupported),
     ("500 No", Unavailable)],
)  # fmt: skip
async def test_statuses_name_who_must_act(status: str, kind: type[AdapterError]) -> None:
    away = "Location: https://elsewhere/base?token=hunter2"
    async with asking(answer(status, b"", away)) as (server, far):
        with pytest.raises(kind) as told:
            await server.ask("GET", "x", query=[("token", "hunter2")])
        assert "hunter2" not in str(told.value)
        assert len(far.asked) == (3 if kind is Unavailable else 1)
    async with asking(answer(status, b"", away)) as (server, _):
        assert (await server.ask("GET", "x", accept=[int(status[:3])])).status == int(status[:3])


@pytest.mark.parametrize(
    ("told", "kind"),
    [(None, Unavailable), (b"SSH-2.0\r\n\r\n", Malformed), (answer(body=b"half", length=90), Unavailable),
     (answer(body=b"x" * 2000), Malformed)],
)  # fmt: skip
async def test_silence_noise_halves_and_floods_are_errors(
    told: bytes | None, kind: type[AdapterError]
) -> None:
    async with asking(told, limits=IMPATIENT if told is None else QUICK) as (server, _):
        with pytest.raises(kind):
            await server.ask("GET", "x")


async def test_nobody_there_is_unavailable() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(Unavailable, match=r"http://127\.0\.0\.1:1 cannot be reached"):
            await HttpServer(session, "http://127.0.0.1:1", limits=QUICK).ask("GET", "x")


async def test_no_json_is_malformed_and_its_sample_holds_no_secret() -> None:
    async with asking(answer(body=b"<html>hunter2" + b"x" * 900)) as (server, _):
        with pytest.raises(Malformed) as told:
            (await server.ask("GET", "x")).json()
        assert told.value.sample.startswith("<html>***")
        assert len(told.value.sample) <= 500


async def test_only_so_many_are_asked_at_once() -> None:
    async with asking(answer()) as (server, far):
        await asyncio.gather(*(server.ask("GET", "x") for _ in range(10)))
        assert (len(far.asked), far.most_at_once) == (10, 2)


async def test_a_download_is_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "song.flac"
    async with asking(answer(body=b"half", length=90), answer(body=b"whole")) as (server, _):
        headers = await server.download("x", target)
        assert (target.read_bytes(), headers["content-length"]) == (b"whole", "5")
    target.unlink()
    for told in (answer(body=b"x" * 6000), answer("404 No"), answer(body=b"half", length=90), None):
        async with asking(told, limits=IMPATIENT) as (server, _):
            with pytest.raises(AdapterError):
                await server.download("x", target)
    assert _names(tmp_path) == []


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_events_are_read_until_the_stream_falls_silent() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    stream = head + b"id: 7\nevent: scan\ndata: {\ndata: }\n\n:comment\n\ndata: x\n\n"
    told = []
    async with asking(stream, hangs_on=True) as (server, _):
        with pytest.raises(Unavailable, match="in time"):
            async for event in server.events("e", silence=0.3):
                told.append((event.name, event.data, event.id))
    assert told == [("scan", "{\n}", "7"), ("message", "x", "7")]


@given(st.binary())
async def test_any_bytes_are_events_or_malformed(data: bytes) -> None:
    async def lines() -> AsyncIterator[bytes]:
        for line in data.splitlines(keepends=True):
            yield line

    async for event in events_of(lines()):
        assert event.data is not None


@pytest.mark.parametrize(
    ("pasted", "kept"),
    [
        ("music.home:4533", "http://music.home:4533"),
        (" https://music.home/navidrome/ ", "https://music.home/navidrome"),
        ("http://[::1]:4533", "http://[::1]:4533"),
        ("http://h/a?b#c", "http://h/a"),
    ],
)
def test_pasted_addresses(pasted: str, kept: str) -> None:
    assert base_url(pasted) == kept


@pytest.mark.parametrize(
    "wrong", ["", "ftp://x", "http://", "http://u:p@host", "http://host:99999", "http://host:x"]
)
def test_what_is_no_address(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"must|[Pp]ort"):
        base_url(wrong)
