"""Every route of the published descriptions passes the door as if it were not there."""

import json

import pytest

from segue.web.front.jellyfin import JellyfinDialect
from tests.daemon.web.conftest import Daemon
from tests.daemon.web.front.conftest import Stage
from tests.daemon.web.front.jellyfin_server import JellyfinServer
from tests.daemon.web.front.made_up import answer_of, made_up
from tests.daemon.web.music import attic
from tests.specs import published


@pytest.mark.parametrize(
    ("document", "base"), [("jellyfin-openapi.json", ""), ("emby-openapi.json", "/emby")]
)
async def test_answers_through_the_door_are_the_servers_own(
    daemon: Daemon, stage: Stage, document: str, base: str
) -> None:
    routes = json.loads(published(document).read_bytes())["paths"]
    server = await attic(daemon)
    await daemon.context.follower.look()
    far = JellyfinServer(base=base)
    dialect = JellyfinDialect(
        pool=daemon.services.pool, follower=daemon.context.follower, server=server.id, seconds=60
    )
    direct = await stage.server(far.answer)
    door = await stage.door(direct, dialect)
    client = await stage.client()
    count = 0
    for method, address, options in made_up(routes, base):
        answers = [await answer_of(client, where, method, address, options) for where in (direct, door)]
        assert answers[0] == answers[1], (method, address)
        count += 1
    assert count > len(routes)
