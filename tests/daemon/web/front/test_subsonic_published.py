"""What the door answers itself agrees with the published description of OpenSubsonic."""

import json
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator

from tests.daemon.web.conftest import Daemon
from tests.daemon.web.front.conftest import Stage
from tests.daemon.web.front.subsonic_door import Door, opened
from tests.specs import published

ENDS = {"startSongId": "track-0", "endSongId": "track-4"}
UNKNOWN = {"startSongId": "track-0", "endSongId": "track-5"}
QUESTIONS: list[tuple[str, dict[str, Any], str]] = [
    ("getSimilarSongs", {"id": "track-0"}, "similarSongs"),
    ("getSimilarSongs2", {"id": "miles", "count": 2}, "similarSongs2"),
    ("getSimilarSongs", {"id": "track-5"}, "similarSongs"),
    ("getSonicSimilarTracks", {"id": "track-0"}, "sonicMatch"),
    ("getSonicSimilarTracks", {"id": "track-0", "count": 0}, "sonicMatch"),
    ("getSonicSimilarTracks", {"id": "track-5"}, "sonicMatch"),
    ("findSonicPath", ENDS, "sonicMatch"),
    ("findSonicPath", {**ENDS, "count": 1}, "sonicMatch"),
    ("findSonicPath", UNKNOWN, "sonicMatch"),
    ("getArtistInfo", {"id": "miles"}, "artistInfo"),
    ("getArtistInfo2", {"id": "miles"}, "artistInfo2"),
    ("getOpenSubsonicExtensions", {}, "openSubsonicExtensions"),
    ("getSonicSimilarTracks", {"id": "nothing"}, "error"),
    ("getSimilarSongs", {"id": "track-0", "p": "guess"}, "error"),
]


@pytest.fixture
async def door(daemon: Daemon, stage: Stage) -> Door:
    return await opened(daemon, stage)


async def test_answers_are_as_published(door: Door) -> None:
    document = json.loads(published("opensubsonic-openapi.json").read_bytes())
    for post in (False, True):
        for method, words, holds in QUESTIONS:
            _, _, body = await door.ask(method, post=post, **words)
            operation = document["paths"][f"/rest/{method}"]["post" if post else "get"]
            schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
            validator = OAS30Validator({"allOf": [schema], "components": document["components"]})
            told = json.loads(body)
            assert holds in told["subsonic-response"], (method, words)
            found = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(told)]
            assert found == [], (method, words)
