"""Two daemons serve one library; one is killed again and again while others write: both say what is true."""

import json
import random
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from tests.daemon.up.running import wait_for
from tests.faults.daemon import Daemon

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(600)]

_KILLS = 3
_FIRST = 300
_ASKED = 20
_ANSWER = 30  # of some hundred: so many are found by comparing all, and none may be missing

Connection = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture
def daemons(tmp_path: Path, database_url: str, redis_url: str) -> Iterator[list[Daemon]]:
    """A graph from the hundredth recording on, so that it is kept on disk and read again."""
    environment = {
        "SEGUE_DATABASE_URL": database_url,
        "SEGUE_REDIS_URL": redis_url,
        "SEGUE_INDEX__EXACT_BELOW": "100",
    }
    made = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        made.append(Daemon(tmp_path / name, environment, work=()))
    yield made
    for daemon in made:
        daemon.stop()


def test_kills_and_writes_leave_no_difference(daemons: list[Daemon], database_url: str) -> None:
    chance = random.Random(7)
    with psycopg.connect(database_url, autocommit=True) as c:
        writer = _Writer(c, seed=3)
        for _ in range(_FIRST):
            writer.add()
        for daemon in daemons:
            daemon.start("serve")
        for _ in range(_KILLS):
            moment = chance.randint(5, 60)
            for number in range(80):
                writer.write()
                if number == moment:
                    daemons[1].kill("serve")
                    daemons[1].start("serve")
            truth = _truth(c, chance)
            for daemon in daemons:
                wait_for(partial(_says, daemon, truth), seconds=60)


class _Writer:
    """Adds, replaces, takes away, renames and loses, in transactions of its own."""

    def __init__(self, c: Connection, *, seed: int) -> None:
        self._c = c
        self._chance = np.random.default_rng(seed)
        self._made: list[int] = []
        (self._server,) = self._one(
            """insert into servers (name, kind, origin, config_sealed, hook_secret_sealed, state)
               values ('attic', 'folder', 'settings', '', '', 'connected') returning id"""
        )
        (self._space,) = self._one("select id from spaces where serving")

    def add(self) -> None:
        with self._c.transaction():
            (recording,) = self._one("insert into recordings default values returning id")
            self._c.execute(
                """insert into tracks (server_id, server_track_id, recording_id, revision, title, artist)
                   values (%s, %s, %s, '1', %s, %s)""",
                (self._server, f"t{recording}", recording, f"Song {recording}", f"Artist {recording}"),
            )
            self._hear(recording)
        self._made.append(recording)

    def write(self) -> None:
        one = int(self._chance.choice(self._made))
        match int(self._chance.integers(0, 6)):
            case 0 | 1:
                self.add()
            case 2:
                self._hear(one)
            case 3:
                self._c.execute("update embeddings set vector = null where recording_id = %s", (one,))
            case 4:
                self._c.execute("update tracks set missing_since = now() where recording_id = %s", (one,))
            case 5:
                self._c.execute("update tracks set missing_since = null where recording_id = %s", (one,))

    def _hear(self, recording: int) -> None:
        vector = self._chance.normal(size=200).astype("<f4")
        self._c.execute(
            """insert into embeddings (space_id, recording_id, vector) values (%s, %s, %s)
               on conflict (space_id, recording_id) do update set vector = excluded.vector""",
            (self._space, recording, vector.tobytes()),
        )

    def _one(self, statement: str) -> tuple[int, ...]:
        row = self._c.execute(statement.encode()).fetchone()
        assert row is not None
        return row


def _truth(c: Connection, chance: random.Random) -> dict[int, list[int]]:
    """The nearest present recordings of some, by comparing all that the database holds."""
    heard = c.execute(
        """select e.recording_id, e.vector, exists (select from tracks t
                  where t.recording_id = e.recording_id and t.missing_since is null)
             from embeddings e join spaces s on s.id = e.space_id and s.serving where e.vector is not null"""
    ).fetchall()
    ids = [row[0] for row in heard]
    vectors = np.array([np.frombuffer(row[1], "<f4") for row in heard], np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    present = np.array([row[2] for row in heard])
    truth = {}
    for at in chance.sample(range(len(ids)), _ASKED):
        apart = np.where(present, 1 - vectors @ vectors[at], np.inf)
        apart[at] = np.inf
        truth[ids[at]] = [ids[other] for other in np.argsort(apart)[:_ANSWER]]
    return truth


def _says(daemon: Daemon, truth: dict[int, list[int]]) -> bool:
    try:
        return all(_answer(daemon, seed) == expected for seed, expected in truth.items())
    except OSError:  # it starts, or it does not know the seed yet
        return False


def _answer(daemon: Daemon, seed: int) -> list[int]:
    path = f"/api/v1/similar?recording={seed}&limit={_ANSWER}&per_artist=0&versions=true"
    request = urllib.request.Request(
        daemon.url + path, headers={"Authorization": "Bearer a-token-for-tests-only"}
    )
    with urllib.request.urlopen(request, timeout=10) as reply:
        return [item["track"]["recording"] for item in json.load(reply)["items"]]
