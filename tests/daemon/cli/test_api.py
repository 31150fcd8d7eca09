import json
import socket
from pathlib import Path

import pytest

from tests.daemon.cli import replies
from tests.daemon.cli.conftest import Run
from tests.daemon.cli.stand_in import Problem, Raw, StandIn


def test_presents_the_token(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /analysis"] = replies.analysis()
    assert segue("analyse", "status").status == 0
    assert segue("analyse", "status", "--token", "other").status == 0
    assert [request.token for request in daemon.requests] == ["segue_abc_def", "other"]


def test_finds_the_token_of_this_machine(
    daemon: StandIn, segue: Run, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    daemon.replies["GET /analysis"] = replies.analysis()
    environment.delenv("SEGUE_TOKEN")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "admin-token").write_text("segue_kept_here\n")
    segue("analyse", "status")
    environment.setenv("SEGUE_ADMIN_TOKEN", "chosen")
    segue("analyse", "status")
    assert [request.token for request in daemon.requests] == ["segue_kept_here", "chosen"]


def test_own_token_goes_to_no_other_machine(
    segue: Run, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("SEGUE_ADMIN_TOKEN", "chosen")
    outcome = segue("analyse", "status", "--url", "http://music.example")
    assert outcome.status == 2
    assert outcome.err == (
        "Which token shall be presented to http://music.example? Give it in SEGUE_TOKEN or with --token.\n"
    )


def test_no_daemon_is_status_3(segue: Run, environment: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets this port
        environment.setenv("SEGUE_PORT", str(taken.getsockname()[1]))
        outcome = segue("runs", "list")
    assert outcome.status == 3
    assert "(connection refused). Start one with `segue up`" in outcome.err
    assert outcome.out == ""


def test_unknown_host_is_status_3(segue: Run) -> None:
    outcome = segue("runs", "list", "--url", "http://nowhere.invalid", "--token", "x")
    assert outcome.status == 3


@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, 2), (401, 4), (403, 4), (404, 1), (409, 1), (422, 2), (429, 4), (500, 1), (503, 1)],
)
def test_refusals_are_told_in_the_daemons_words(
    daemon: StandIn, segue: Run, status: int, expected: int
) -> None:
    daemon.replies["GET /analysis"] = Problem(status, "Because of this.")
    outcome = segue("analyse", "status", "--json")
    assert (outcome.status, outcome.out, outcome.err) == (expected, "", "Because of this.\n")


@pytest.mark.parametrize(
    "reply",
    [
        Raw(b"<html>hello</html>", 200, "text/html"),
        Raw(b"<html>hello</html>", 404, "text/html"),
        Raw(b"[]", 500, "application/json"),
        Raw(b'"x"', 401, "application/json"),
    ],
)
def test_another_program_is_recognised(daemon: StandIn, segue: Run, reply: Raw) -> None:
    daemon.replies["GET /analysis"] = reply
    outcome = segue("analyse", "status")
    assert outcome.status == 3
    assert "is not Segue" in outcome.err


def test_listings_are_read_to_their_end(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /runs"] = [
        replies.page(replies.run(3), replies.run(2), following="abc"),
        replies.page(replies.run(1)),
    ]
    outcome = segue("runs", "list", "--json", "--limit", "5")
    assert [run["id"] for run in json.loads(outcome.out)] == [3, 2, 1]
    assert [request.query for request in daemon.requests] == [
        {"whole": ["true"], "limit": ["5"]},
        {"whole": ["true"], "limit": ["3"], "cursor": ["abc"]},
    ]


def test_settings_that_are_wrong_are_status_2(segue: Run, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SEGUE_PROT", "1")
    environment.setenv("SEGUE_LOG_LEVEL", "x")
    outcome = segue("runs", "list")
    assert outcome.status == 2
    assert len(outcome.err.splitlines()) == 2
    assert "did you mean `SEGUE_PORT`?" in outcome.err
