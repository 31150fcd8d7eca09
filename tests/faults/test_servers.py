"""Real servers fail in every way we know of, before the whole daemon: no track is ever lost by it."""

import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from segue.sdk.testing import Song, World, until
from segue.store.pool import Pool
from tests.adapters.mpd.real import MPD
from tests.adapters.mpd.real import running as running_mpd
from tests.adapters.navidrome.real import interpreter
from tests.adapters.navidrome.real import running as running_supysonic
from tests.fakes.faulty import CUT, Fault, FaultyLine, faulty_line, http
from tests.faults.daemon import Daemon, running_daemon

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(900)]

Act = Callable[[], Awaitable[None]]

_JSON = "Content-Type: application/json"
_HALF = '{"subsonic-response":{"status":"ok","searchResult3":{"song":[{"id":"a","ti'
_NO_PASSWORD = (
    '{"subsonic-response":{"status":"failed","version":"1.16.1",'
    '"error":{"code":40,"message":"Wrong username or password"}}}'
)
HTTP_FAULTS = {
    "cut": CUT,
    "garbage": Fault(answer=b"\x00\xff what is this \x17\x03\x03"),
    "a page of somebody else": Fault(answer=http("200 OK", "<html>Back soon</html>")),
    "500": Fault(answer=http("500 Internal Server Error")),
    "429": Fault(answer=http("429 Too Many Requests", "", "Retry-After: 1")),
    "half a page": Fault(answer=http("200 OK", _HALF, _JSON), heard=b"search3"),
    "500 for the listing only": Fault(answer=http("500 Internal Server Error"), heard=b"search3"),
    "cut amid the listing": Fault(after_bytes=2500, heard=b"search3"),
    "wrong password": Fault(answer=http("200 OK", _NO_PASSWORD, _JSON)),
}
MPD_FAULTS = {
    "cut": CUT,
    "garbage": Fault(answer=b"\x00\xff what is this \x17\x03\x03\n"),
    "an error": Fault(answer=b"ACK [52@0] {find} Internal trouble\n"),
    "half a list": Fault(answer=b"file: a.flac\nTitle: half of", heard=b"find"),
    "cut amid the listing": Fault(after_bytes=1200),
    "no permission": Fault(answer=b'ACK [4@0] {find} you don\'t have permission for "find"\n'),
}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A real server behind a line that can be spoilt, and the daemon that listens to it."""

    line: FaultyLine
    world: World
    refresh: Act
    stop: Act
    start: Act
    faults: dict[str, Fault]
    daemon: Daemon
    pool: Pool

    async def one(self, statement: str) -> int:
        async with self.pool.connection() as c:
            row = await (await c.execute(statement.encode())).fetchone()
        assert row is not None
        return int(row[0])

    async def present(self) -> int:
        return await self.one("select count(*) from tracks where missing_since is null")

    async def missing(self) -> int:
        return await self.one("select count(*) from tracks where missing_since is not null")

    async def is_state(self, *states: str) -> bool:
        async with self.pool.connection() as c:
            row = await (await c.execute("select state from servers")).fetchone()
        return row is not None and row[0] in states

    async def nobody_walks(self) -> bool:
        return await self.one("select count(*) from runs where lease_owner is not null") == 0

    async def await_all(self) -> float:
        """Until every song of the world is listed and the server connected."""

        async def all_listed() -> bool:
            return await self.present() == len(self.world.songs) and await self.is_state("connected")

        began = time.monotonic()
        await until(all_listed, seconds=120, every=0.1)
        return time.monotonic() - began

    async def ask_for_walk(self) -> None:
        await self.daemon.ask_for_walk("room")


class Told:
    """What the log says of the server's state from now on."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._before = len(self._lines())

    def events(self) -> list[str]:
        return [line["event"] for line in self._lines()[self._before :]]

    def reason(self) -> str:
        return str(self._lines()[self._before]["reason"])

    def _lines(self) -> list[dict[str, Any]]:
        return self._daemon.states_told()


@pytest.fixture(params=["mpd", "supysonic"])
def kind(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "mpd" and MPD is None:
        pytest.skip("no mpd is installed (apt-get install mpd)")
    if request.param == "supysonic":
        interpreter(request.config)
    yield request.param


@pytest.fixture
async def stage(
    kind: str, request: pytest.FixtureRequest, pool: Pool, database_url: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[Stage]:
    world = World.small(tmp_path / "music")
    async with AsyncExitStack() as stack:
        if kind == "mpd":
            mpd = await stack.enter_async_context(running_mpd(tmp_path / "mpd", world, watches=True))
            line = await stack.enter_async_context(faulty_line(mpd.socket))
            acts = (mpd.refresh, mpd.stop, mpd.start)
            options = {"host": "127.0.0.1", "port": str(line.port), "path": str(world.root)}
        else:
            python = interpreter(request.config)
            far = await stack.enter_async_context(
                running_supysonic(python, tmp_path / "supysonic", {"Music": world.root})
            )
            line = await stack.enter_async_context(faulty_line(("127.0.0.1", far.port)))
            acts = (far.refresh, far.stop, far.start)
            options = {key: str(value) for key, value in far.options.items()}
            options |= {"url": f"http://127.0.0.1:{line.port}"}
        environment = {"kind": "mpd" if kind == "mpd" else "navidrome", **options}
        daemon = stack.enter_context(
            running_daemon(
                tmp_path / "daemon",
                database=database_url,
                redis=redis_url,
                work=["--queue", "light"],
                **{f"SEGUE_SERVERS__ROOM__{key.upper()}": value for key, value in environment.items()},
            )
        )
        faults = MPD_FAULTS if kind == "mpd" else HTTP_FAULTS
        refresh, stop, start = acts
        stage = Stage(
            line=line, world=world, refresh=refresh, stop=stop, start=start, faults=faults,
            daemon=daemon, pool=pool,
        )  # fmt: skip
        say(f"\n{kind}: seven songs listed after {await stage.await_all():.1f} s")
        yield stage


async def test_no_fault_of_a_server_loses_a_track(stage: Stage) -> None:
    for number, (name, fault) in enumerate(stage.faults.items()):
        told = Told(stage.daemon)
        stage.line.spoil(fault)
        await stage.ask_for_walk()
        await until(partial(stage.is_state, _state_for(name)), seconds=60)
        assert stage.line.spoilt
        for _ in range(2):  # the fault lasts, and is met again and again
            met = stage.line.spoilt
            await stage.ask_for_walk()
            await until(partial(_met_more, stage.line, met), seconds=60)
        await until(stage.nobody_walks, seconds=60)
        assert await stage.missing() == 0, name
        stage.line.spoil(None)
        stage.world.add(_late(number))
        await stage.refresh()
        await stage.ask_for_walk()
        seconds = await stage.await_all()
        assert await stage.missing() == 0, name
        assert told.events() == [f"server_{_state_for(name)}", "server_connected"], name
        say(f"{name}: told once ({told.reason()}), whole again after {seconds:.1f} s")


async def test_a_stopped_server_is_awaited(stage: Stage) -> None:
    told = Told(stage.daemon)
    await stage.stop()
    await until(lambda: stage.is_state("lost"), seconds=60)
    await stage.ask_for_walk()
    stage.world.add(_late(0))
    await stage.start()
    await stage.refresh()
    say(f"listed {await stage.await_all():.1f} s after it was back")
    assert await stage.missing() == 0
    assert told.events() == ["server_lost", "server_connected"]


async def test_a_killed_worker_and_daemon_go_on(stage: Stage) -> None:
    stage.line.spoil(Fault(after_bytes=10**9))  # counts what was told, and spoils nothing
    await stage.ask_for_walk()
    stage.daemon.kill("work")
    stage.daemon.kill("serve")
    stage.world.add(_late(0))
    stage.line.spoil(None)
    await stage.refresh()
    stage.daemon.start()
    say(f"listed {await stage.await_all():.1f} s after both were killed")
    assert await stage.missing() == 0


async def test_changes_arrive_by_themselves(stage: Stage) -> None:
    late = stage.world.add(_late(0))
    await stage.refresh()
    say(f"a new song: {await stage.await_all():.2f} s")
    recordings = await stage.one("select count(*) from recordings")
    later = stage.world.retag(late, title="Later")
    await stage.refresh()
    began = time.monotonic()
    await until(lambda: _titled(stage, "Later"), seconds=60)
    say(f"new tags: {time.monotonic() - began:.2f} s")
    if (await stage.one("select count(*) from tracks where content_key is null")) == 0:
        assert await stage.one("select count(*) from recordings") == recordings
    stage.world.remove(later)
    await stage.refresh()
    say(f"a removed song: {await stage.await_all():.2f} s")
    assert await stage.missing() == 1


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


async def _titled(stage: Stage, title: str) -> bool:
    return (
        await stage.one(f"select count(*) from tracks where title = '{title}' and missing_since is null") > 0
    )


async def _met_more(line: FaultyLine, before: int) -> bool:
    return line.spoilt > before


def _late(number: int) -> Song:
    song = Song(
        artist="Late", album="Late", title=f"Late {number}", number=number + 10, hertz=500 + 20 * number
    )
    return replace(song, folder="Ada Fern/Low Water")  # where MPD watches already


def _state_for(name: str) -> str:
    return "refused" if name in ("wrong password", "no permission") else "lost"
