import hashlib
import json
import shutil
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from segue.cli.doctor import daemon as daemon_checks
from segue.cli.doctor import machine, stores
from segue.cli.doctor.finding import Finding, State
from segue.cli.doctor.sound import MODEL_SHA256
from segue.settings import Settings
from tests.daemon.cli import replies
from tests.daemon.cli.conftest import Outcome, Run
from tests.daemon.cli.stand_in import Problem, StandIn

SYSTEM: dict[str, Any] = {
    "identity": "host:1:ab",
    "versions": {"segue": "0.1.0"},
    "devices": [],
    "paths": {"data": "/data", "config": None},
    "queues": {"reachable": True, "light": 0, "heavy": 0, "missed": 0, "unfinished_runs": {}},
    "index": {
        "ready": True,
        "space": "musicnn-raw",
        "recordings": 1,
        "seconds_behind": 0.1,
        "kind": "exact",
        "building": False,
        "listed": 0,
        "recall_at_10": None,
        "recall_at_50": None,
    },
    "memory_bytes": None,
}


CHECKED = {"name": "lend", "good": True, "detail": "It lends 'Dawn'.", "advice": None}


def by_subject(outcome: Outcome) -> dict[str, dict[str, str]]:
    return {found["subject"]: found for found in json.loads(outcome.out)}


@pytest.fixture
def well(daemon: StandIn) -> StandIn:
    """A daemon in good health."""
    daemon.replies |= {
        "GET /readyz": {"status": "ok", "database": "ok", "index": "ok", "redis": "ok"},
        "GET /system": SYSTEM,
        "GET /servers": {"items": [replies.server()]},
        "POST /servers/attic/test": {"product": "Folder", "version": "1", "tracks": 12, "warnings": []},
        "POST /servers/attic/check": {"good": True, "steps": [CHECKED]},
        "GET /analysis": replies.analysis(failed=0),
        "GET /tracks": replies.page(replies.track()),
        "GET /similar": {"seeds": [], "items": [], "space": "musicnn-raw", "milliseconds": 1.5},
    }
    return daemon


def test_without_a_daemon_it_tells_what_it_can(segue: Run, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SEGUE_URL", "http://127.0.0.1:1")
    outcome = segue("doctor", "--json", "--token", "x")
    found = by_subject(outcome)
    assert outcome.status == 0
    assert found["settings"]["state"] == "good"
    assert found["hearing"]["state"] == "good"
    assert found["hearing"]["detail"].startswith("on c")
    assert found["data folder"]["state"] == "warning"
    assert found["database"]["detail"] == "The embedded PostgreSQL is not running."
    assert found["daemon"]["state"] == "warning"
    assert all(one["advice"] for one in found.values() if one["state"] != "good")


def test_with_real_stores_and_a_daemon_in_good_health(
    segue: Run,
    well: StandIn,
    environment: pytest.MonkeyPatch,
    tmp_path: Path,
    database_url: str,
    redis_url: str,
) -> None:
    environment.setenv("SEGUE_DATABASE_URL", database_url)
    environment.setenv("SEGUE_REDIS_URL", redis_url)
    (tmp_path / "data").mkdir()
    found = by_subject(segue("doctor", "--json"))
    states = {name: one["state"] for name, one in found.items()}
    assert states.pop("workers") == "warning"  # nobody works on the tests' queue
    assert set(states.values()) == {"good"}
    assert found["database"]["detail"].startswith("PostgreSQL 1")
    assert found["server attic"]["detail"] == "Folder 1, 12 tracks, 10 heard"


def test_what_is_bad_is_told_to_people(segue: Run, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SEGUE_PROT", "1")
    environment.setenv("SEGUE_LOG_LEVEL", "x")
    outcome = segue("doctor")
    assert outcome.status == 1
    assert outcome.out.count("✗ settings: SEGUE_") == 2
    assert "    → Correct it;" in outcome.out
    assert outcome.err.startswith("2 of ")


def loop() -> dict[str, Finding]:
    return {finding.subject: finding for finding in daemon_checks.loop(url=None, token=None)}


class TestDaemon:
    def test_what_is_wrong_with_servers(self, well: StandIn) -> None:
        well.replies["POST /servers/attic/test"] = Problem(502, "The folder /srv/music is not there.")
        well.replies["GET /similar"] = Problem(409, "It has not been heard yet.")
        well.replies["GET /analysis"] = replies.analysis()
        found = loop()
        assert found["server attic"].state is State.BAD
        assert found["server attic"].detail == "The folder /srv/music is not there."
        assert found["hearing"].detail == "1 recording cannot be heard."
        assert found["similar"].state is State.WARNING

    def test_what_of_a_servers_loop_is_broken(self, well: StandIn) -> None:
        broken = {"name": "playlist", "good": False, "detail": "May not be made.", "advice": "Allow it."}
        well.replies["POST /servers/attic/check"] = {"good": False, "steps": [CHECKED, broken]}
        found = loop()
        assert found["playlist of attic"].state is State.BAD
        assert found["playlist of attic"].advice == "Allow it."
        assert "loop of attic" not in found

    def test_server_that_was_never_walked(self, well: StandIn) -> None:
        well.replies["GET /servers"] = {"items": [replies.server(last_walk_at=None)]}
        assert loop()["server attic"].state is State.WARNING

    def test_no_server(self, well: StandIn) -> None:
        well.replies["GET /servers"] = {"items": []}
        assert loop()["servers"].advice == "Connect one: `segue servers add --help`."

    def test_token_that_is_refused(self, well: StandIn) -> None:
        well.replies["GET /system"] = Problem(401, "This token is not valid.")
        assert loop()["daemon"].detail == "This token is not valid."

    def test_not_ready(self, well: StandIn) -> None:
        well.replies["GET /readyz"] = Problem(503, "Not ready: index is still being read.")
        (only,) = loop().values()
        assert (only.state, only.detail) == (State.BAD, "Not ready: index is still being read.")

    def test_another_version(self, well: StandIn) -> None:
        well.replies["GET /system"] = {**SYSTEM, "versions": {"segue": "9.9"}}
        assert loop()["version"].state is State.WARNING

    @pytest.mark.parametrize(("found", "state"), [(0.99, State.GOOD), (0.9, State.WARNING)])
    def test_how_much_the_index_finds(self, well: StandIn, found: float, state: State) -> None:
        index = {**SYSTEM["index"], "recall_at_10": found, "recall_at_50": 0.9}
        well.replies["GET /system"] = {**SYSTEM, "index": index}
        assert loop()["recall"].state is state

    def test_what_stands_ready_is_told(self, well: StandIn) -> None:
        well.replies["GET /system"] = {
            **SYSTEM, "index": {**SYSTEM["index"], "recordings": 20_000, "listed": 19_900},
        }  # fmt: skip
        assert loop()["index"].detail.endswith("musicnn-raw, the nearest of 19,900 ready")


class TestStores:
    def test_that_cannot_be_reached(self) -> None:
        settings = Settings(
            database_url=SecretStr("postgresql://me:topsecret@127.0.0.1:1/x"),
            redis_url=SecretStr("redis://:topsecret@127.0.0.1:1"),
        )
        found = [*stores.database(settings), *stores.redis(settings)]
        assert [finding.state for finding in found] == [State.BAD, State.BAD]
        assert "topsecret" not in str(found)

    def test_database_without_migrations(self, new_database: Callable[..., str]) -> None:
        settings = Settings(database_url=SecretStr(new_database(template="template0")))
        *_, migrations = stores.database(settings)
        assert migrations.state is State.BAD
        assert "segue migrate" in (migrations.advice or "")


class TestMachine:
    def test_secrets_that_others_can_read(self, tmp_path: Path) -> None:
        key = tmp_path / "key"
        key.write_text("x")
        key.chmod(0o644)
        (found,) = machine.data_folder(Settings(data_dir=tmp_path))
        assert (found.state, found.advice) == (State.BAD, f"Run `chmod 600 {key}`.")

    def test_disk_is_looked_at_where_the_data_folder_will_be(self, tmp_path: Path) -> None:
        free = shutil.disk_usage(tmp_path).free
        (found,) = machine.disk(Settings(data_dir=tmp_path / "a" / "b"))
        assert found.state is (State.GOOD if free > 2**31 else State.WARNING)


def test_the_known_checksum_is_the_shipped_models() -> None:
    model = resources.files("segue.analysis").joinpath("models", "msd_musicnn.onnx").read_bytes()
    assert hashlib.sha256(model).hexdigest() == MODEL_SHA256, "the network changed: write it down there"
