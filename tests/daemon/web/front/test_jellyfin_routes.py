"""Every route of the published descriptions passes the door as if it were not there."""

import json
import random
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from yarl import URL

from segue.web.front.jellyfin import JellyfinDialect
from tests.daemon.web.conftest import Daemon
from tests.daemon.web.front.conftest import Stage
from tests.daemon.web.front.jellyfin_server import JellyfinServer
from tests.daemon.web.music import attic
from tests.specs import published

_WORDS = (
    "", "0", "1", "true", "a%20b", "x%2Fy", "%E5%A4%9C", "%25", "a+b", "..%2f", "a,b,c", "%22", "~", "-1",
    "2024-11-22T10%3A00%3A00Z", "7b71af09a1f24a5c8f6c0b9a3d1e2f40", "7B71AF09-A1F2-4A5C-8F6C-0B9A3D1E2F40",
)  # fmt: skip
_METHODS = ("get", "head", "post", "put", "delete", "options", "patch")
_HEADERS = (
    {}, {"Authorization": 'MediaBrowser Token="sesame"'}, {"X-Emby-Token": "open", "Range": "bytes=0-99"},
    {"Accept": 'application/json; profile="CamelCase"', "X-Odd": "1"}, {"Cookie": "a=b"},
)  # fmt: skip


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
    for method, address, options in _requests(routes, base):
        answers = [await _asked(client, where, method, address, options) for where in (direct, door)]
        assert answers[0] == answers[1], (method, address)
        count += 1
    assert count > len(routes)


async def _asked(
    client: aiohttp.ClientSession, where: URL, method: str, address: str, options: dict[str, Any]
) -> tuple[int, dict[str, str], bytes]:
    async with client.request(method, URL(f"{where}{address}", encoded=True), **options) as reply:
        kept = {name: value for name, value in reply.headers.items() if name != "Date"}
        return reply.status, kept, await reply.read()


def _requests(routes: dict[str, Any], base: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """For each operation one request with all its parameters made up, in some case of letters."""
    chance = random.Random(7)
    for route, operations in sorted(routes.items()):
        for method in _METHODS:
            if method not in operations:
                continue
            given = [*operations.get("parameters", ()), *operations[method].get("parameters", ())]
            path, query = route, []
            for parameter in given:
                word = chance.choice(_WORDS)
                if parameter.get("in") == "path":
                    path = path.replace("{" + parameter["name"] + "}", word or "1")
                elif parameter.get("in") == "query" and chance.random() < 0.5:
                    query.append(f"{parameter['name']}={word}")
            path = chance.choice((path, path, path.lower()))
            options: dict[str, Any] = {"headers": chance.choice(_HEADERS), "allow_redirects": False}
            if "requestBody" in operations[method]:
                options["data"] = json.dumps({"Name": chance.choice(_WORDS), "Ids": [1, "ü"]}).encode()
            yield method.upper(), base + path + (f"?{'&'.join(query)}" if query else ""), options
