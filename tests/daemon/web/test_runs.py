"""Runs are listed, followed and cancelled."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from segue.model import RunId
from segue.store import runs
from tests.daemon.web.conftest import Daemon, until
from tests.daemon.web.music import attic, song

Event = tuple[str, str | None, Any]


async def _begin(daemon: Daemon, kind: str = "analyse", **rest: Any) -> RunId:
    async with daemon.services.pool.connection() as c:
        return await runs.create(c, kind, **rest)


async def _work(daemon: Daemon, run: RunId, *lines: str, done: int = 0, end: bool = False) -> None:
    async with daemon.services.pool.connection() as c:
        await runs.progress(c, run, None, done=done)
        for line in lines:
            await runs.log(c, run, "info", line)
        if end:
            await runs.succeed(c, run, None, message="All done.")


async def _events(daemon: Daemon, run: RunId, last: str | None = None) -> AsyncIterator[Event]:
    headers = {"Last-Event-ID": last} if last else {}
    async with daemon.ask("GET", f"/api/v1/runs/{run}/events", headers=headers) as reply:
        assert reply.status == 200
        assert reply.content_type == "text/event-stream"
        fields: dict[str, str] = {}
        async for raw in reply.content:
            name, _, value = raw.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif fields:
                yield fields["event"], fields.get("id"), json.loads(fields["data"])
                fields = {}


async def test_runs_are_listed_newest_first_in_pages(daemon: Daemon) -> None:
    made = [await _begin(daemon, "recluster") for _ in range(5)]
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await daemon.json("GET", f"/api/v1/runs?limit=2{'&cursor=' + cursor if cursor else ''}")
        seen += [run["id"] for run in page["items"]]
        cursor = page["next"]
    assert seen == made[::-1]
    assert await daemon.json("GET", "/api/v1/runs?kind=walk") == {"items": [], "next": None}


async def test_a_cursor_of_another_listing_is_refused(daemon: Daemon) -> None:
    for _ in range(2):
        await _begin(daemon, "recluster")
    page = await daemon.json("GET", "/api/v1/runs?limit=1")
    await daemon.json("GET", f"/api/v1/tokens?cursor={page['next']}", status=422)


async def test_runs_are_sifted(daemon: Daemon) -> None:
    server = await attic(daemon, song(1, "One"))
    walk = await _begin(daemon, "walk", server=server.id)
    analyse = await _begin(daemon)
    await _work(daemon, analyse, end=True)
    [run] = (await daemon.json("GET", "/api/v1/runs?kind=walk"))["items"]
    assert (run["id"], run["server"], run["state"]) == (walk, "attic", "PENDING")
    [run] = (await daemon.json("GET", "/api/v1/runs?state=SUCCESS"))["items"]
    assert (run["id"], run["percent"]) == (analyse, 100.0)
    [run] = (await daemon.json("GET", "/api/v1/runs?unfinished=true"))["items"]
    assert run["id"] == walk


async def test_a_run_tells_its_progress_and_log(daemon: Daemon) -> None:
    run = await _begin(daemon, total=8)
    await _work(daemon, run, "first", "second", "third", done=2)
    told = await daemon.json("GET", f"/api/v1/runs/{run}")
    assert (told["state"], told["percent"], told["done"], told["total"]) == ("PROGRESS", 25.0, 2, 8)
    page = await daemon.json("GET", f"/api/v1/runs/{run}/log?limit=2")
    assert [line["line"] for line in page["items"]] == ["first", "second"]
    page = await daemon.json("GET", f"/api/v1/runs/{run}/log?limit=2&cursor={page['next']}")
    assert [line["line"] for line in page["items"]] == ["third"]
    assert page["next"] is None


async def test_a_cancel_ends_a_run_and_all_below_it(daemon: Daemon) -> None:
    parent = await _begin(daemon, "recluster")
    below = [await _begin(daemon, "recluster", parent=parent) for _ in range(3)]
    children = await daemon.json("GET", f"/api/v1/runs/{parent}/children")
    assert [run["id"] for run in children["items"]] == below
    assert await daemon.json("POST", f"/api/v1/runs/{parent}/cancel") == {"revoked": 4}
    problem = await daemon.json("POST", f"/api/v1/runs/{parent}/cancel", status=409)
    assert "has ended" in problem["detail"]
    assert {run["state"] for run in (await daemon.json("GET", "/api/v1/runs"))["items"]} == {"REVOKED"}


async def test_events_tell_what_happens_and_end_with_the_run(daemon: Daemon) -> None:
    run = await _begin(daemon, total=2)
    await _work(daemon, run, "first")
    events: list[Event] = []

    async def follow() -> None:
        async for event in _events(daemon, run):
            events.append(event)

    following = asyncio.create_task(follow())
    await until(lambda: any(name == "run" for name, _, _ in events))
    await _work(daemon, run, "second", done=1)
    await until(lambda: any(data.get("done") == 1 for _, _, data in events))
    await _work(daemon, run, "third", done=1, end=True)
    await asyncio.wait_for(following, 10)
    assert [data["line"] for name, _, data in events if name == "log"] == ["first", "second", "third"]
    states = [data["state"] for name, _, data in events if name == "run"]
    assert states[0] == "PROGRESS"
    assert states[-1] == "SUCCESS"
    name, event_id, data = events[-1]
    assert (name, event_id, data["state"], data["message"]) == ("end", "end", "SUCCESS", "All done.")


async def test_a_broken_stream_goes_on_where_it_was(daemon: Daemon) -> None:
    run = await _begin(daemon)
    await _work(daemon, run, "first", "second", end=True)
    events = [event async for event in _events(daemon, run)]
    [first, second] = [event_id for name, event_id, _ in events if name == "log"]
    again = [event async for event in _events(daemon, run, last=first)]
    assert [event_id for name, event_id, _ in again if name == "log"] == [second]
    for odd in ("nonsense", "-1", "9" * 40, "²"):
        lines = [name async for name, _, _ in _events(daemon, run, last=odd)]
        assert lines.count("log") == 2
    async with daemon.ask("GET", f"/api/v1/runs/{run}/events", headers={"Last-Event-ID": "end"}) as reply:
        assert reply.status == 204


async def test_a_log_longer_than_one_look_is_told_whole(daemon: Daemon) -> None:
    run = await _begin(daemon)
    await _work(daemon, run, *(f"line {number}" for number in range(1203)), end=True)
    lines = [data["line"] async for name, _, data in _events(daemon, run) if name == "log"]
    assert lines == [f"line {number}" for number in range(1203)]


async def test_streams_end_when_the_daemon_does(daemon: Daemon) -> None:
    run = await _begin(daemon)
    stream = _events(daemon, run)
    assert (await anext(stream))[0] == "run"
    assert daemon.context.streams.open == 1
    daemon.context.closing.set()
    assert [event async for event in stream] == []
    await until(lambda: daemon.context.streams.open == 0)


async def test_a_client_that_leaves_frees_its_stream(daemon: Daemon) -> None:
    run = await _begin(daemon)
    stream = _events(daemon, run)
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    await until(lambda: daemon.context.streams.open == 0)


async def test_only_so_many_streams_are_open_at_once(daemon: Daemon) -> None:
    run = await _begin(daemon)
    daemon.context.streams.open = 200
    problem = await daemon.json("GET", f"/api/v1/runs/{run}/events", status=429)
    assert "streams" in problem["detail"]


async def test_hearing_is_begun_once_and_shown(daemon: Daemon) -> None:
    assert await daemon.json("POST", "/api/v1/analysis", status=202) == {"wanted": 0, "run": None}
    await attic(daemon, song(1, "One"), song(2, "Two"))
    status = await daemon.json("GET", "/api/v1/analysis")
    assert (status["total"], status["wanted"], status["heard"], status["run"]) == (2, 2, 0, None)
    begun = await daemon.json("POST", "/api/v1/analysis", status=202, json={"quality": "full"})
    assert begun["wanted"] == 2
    again = await daemon.json("POST", "/api/v1/analysis", status=202)
    assert again["wanted"] == 0
    assert again["run"]["id"] == begun["run"]["id"]
    assert (await daemon.json("GET", "/api/v1/analysis"))["run"]["id"] == begun["run"]["id"]
    depth = await daemon.services.wake.queue_depth()
    assert depth is not None
    assert depth["heavy"] >= 1
