"""What the door answers itself agrees with the published description of OpenSubsonic."""

import json
from typing import Any

import pytest
from aiohttp import web
from openapi_schema_validator import OAS30Validator

from segue.web.front.subsonic import SubsonicDialect
from tests.daemon.web.conftest import Daemon
from tests.daemon.web.front.conftest import Stage
from tests.daemon.web.front.made_up import answer_of, made_up
from tests.daemon.web.front.subsonic_door import Door, opened
from tests.daemon.web.music import attic
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


async def test_every_published_route_passes_the_door_as_if_it_were_not_there(
    daemon: Daemon, stage: Stage
) -> None:
    """Also our own questions, before a server whose answers are none of Subsonic's."""
    document = json.loads(published("opensubsonic-openapi.json").read_bytes())
    dialect = SubsonicDialect(
        pool=daemon.services.pool,
        follower=daemon.context.follower,
        server=(await attic(daemon)).id,
        artists=daemon.context.artists,
        seconds=60,
    )
    direct = await stage.server(_mirror)
    door, client = await stage.door(direct, dialect), await stage.client()
    asked = 0
    for base in ("", "/music%20box"):
        for method, address, options in made_up(document["paths"], base):
            seen = [await answer_of(client, where, method, address, options) for where in (direct, door)]
            assert seen[0] == seen[1], (method, address)
            asked += 1
    assert asked > 200


async def _mirror(request: web.Request) -> web.StreamResponse:
    """Tells what arrived, but for what a proxy adds."""
    names = ("accept", "authorization", "content-type", "cookie", "range", "x-emby-token", "x-odd")
    headers = {name: value for name, value in request.headers.items() if name.lower() in names}
    told = [request.method, request.raw_path, sorted(headers.items()), (await request.read()).hex()]
    return web.json_response(told, headers={"X-Own": "yes"})
