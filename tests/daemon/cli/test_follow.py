import json
from typing import Any

import pytest

from segue.cli.follow import Rate
from tests.daemon.cli import replies
from tests.daemon.cli.conftest import Run
from tests.daemon.cli.stand_in import Problem, Raw, StandIn


def event(name: str, data: Any, event_id: str = "") -> bytes:
    head = f"event: {name}\n" + (f"id: {event_id}\n" if event_id else "")
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def line(text: str) -> dict[str, Any]:
    return {"id": 1, "at": replies.MOMENT, "level": "info", "line": text}


DONE = replies.run(state="SUCCESS", done=3, failed=1, percent=100.0)
WHOLE = (
    event("run", replies.run())
    + b": still here\n\n"
    + event("log", line("begun"), "1")
    + event("run", DONE)
    + event("end", DONE, "end")
)


def test_follows_to_the_end(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /runs/7/events"] = Raw(WHOLE)
    outcome = segue("runs", "follow", "7")
    assert outcome.status == 0
    assert "info: begun" in outcome.out
    assert outcome.out.splitlines()[-1] == "Run 7 (analyse) done, 3 done, 1 failed"


@pytest.mark.parametrize(("state", "word"), [("FAILURE", "failed"), ("REVOKED", "cancelled")])
def test_exit_status_tells_how_it_ended(daemon: StandIn, segue: Run, state: str, word: str) -> None:
    end = replies.run(state=state, message="The reason.")
    daemon.replies["GET /runs/7/events"] = Raw(event("run", end) + event("end", end, "end"))
    outcome = segue("runs", "follow", "7")
    assert outcome.status == 1
    assert f"{word}, 1 done: The reason." in outcome.out


def test_json_is_one_line_per_event(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /runs/7/events"] = Raw(WHOLE)
    outcome = segue("runs", "follow", "7", "--json")
    assert [json.loads(text)["event"] for text in outcome.out.splitlines()] == ["run", "log", "run", "end"]


def test_broken_stream_goes_on_where_it_broke_off(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /runs/7/events"] = [
        Raw(event("run", replies.run()) + event("log", line("first"), "41") + b"event: log\ndata: {"),
        Raw(event("log", line("second"), "42") + event("end", DONE, "end")),
    ]
    daemon.replies["GET /runs/7"] = replies.run()
    outcome = segue("runs", "follow", "7")
    assert outcome.status == 0
    assert [request.last_event for request in daemon.requests] == [None, None, "41"]
    assert "first" in outcome.out and "second" in outcome.out


def test_run_that_ends_while_the_stream_is_broken(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /runs/7/events"] = Raw(event("run", replies.run()))
    daemon.replies["GET /runs/7"] = DONE
    assert segue("runs", "follow", "7").status == 0


def test_unknown_run(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /runs/7/events"] = Problem(404, "There is no run 7.")
    outcome = segue("runs", "follow", "7")
    assert (outcome.status, outcome.err) == (1, "There is no run 7.\n")


def test_everything_that_goes_on_is_followed_hearing_first(daemon: StandIn, segue: Run) -> None:
    walk, hearing, later = replies.run(9, kind="walk"), replies.run(7), replies.run(10)
    daemon.replies["GET /runs"] = [
        replies.page(walk, hearing),
        replies.page(walk),
        replies.page(later),
        replies.page(),
    ]
    for number in (7, 9, 10):
        daemon.replies[f"GET /runs/{number}/events"] = Raw(WHOLE)
    assert segue("runs", "follow").status == 0
    followed = [path for path in daemon.asked if path.endswith("events")]
    assert followed == ["GET /runs/7/events", "GET /runs/9/events", "GET /runs/10/events"]


def test_what_is_about_to_begin_is_waited_for(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /analysis"] = replies.analysis(wanted=0)
    daemon.replies["GET /servers"] = {"items": [replies.server(last_walk_at=None)]}
    daemon.replies["GET /runs"] = [
        replies.page(),
        replies.page(),
        replies.page(replies.run(7)),
        replies.page(),
    ]
    daemon.replies["GET /runs/7/events"] = Raw(WHOLE)
    assert "done, 3 done" in segue("runs", "follow").out


def test_nothing_goes_on(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /runs"] = replies.page()
    daemon.replies["GET /analysis"] = replies.analysis(wanted=0)
    daemon.replies["GET /servers"] = {"items": [replies.server()]}
    outcome = segue("runs", "follow")
    assert outcome.status == 0
    assert outcome.out.startswith("Nothing is going on.")


def test_rate_is_over_the_last_half_minute() -> None:
    now = [0.0]
    rate = Rate(clock=lambda: now[0])
    rate.add(100)
    assert rate.per_second() is None
    for _ in range(60):
        now[0] += 1.0
        rate.add(100 + 2 * int(now[0]))
    assert rate.per_second() == pytest.approx(2.0)
