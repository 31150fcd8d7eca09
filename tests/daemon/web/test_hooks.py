"""Deliveries are taken from those who know the secret, and from nobody else."""

import json
from pathlib import Path
from typing import Any

from segue.model import LibraryChanged, TrackChanged, TrackGone, TrackId
from segue.sdk import Unavailable
from segue.sdk.testing import World
from segue.store import inbox, runs
from segue.store.servers import Server
from segue.web.deliveries import Flow, PlainChanges, secret_fits
from tests.daemon.web.conftest import Daemon
from tests.daemon.web.music import attic, song
from tests.fakes import jellyfin
from tests.fakes.jellyfin import KEY, serving
from tests.fakes.memory import MemoryServer


def _headers(daemon: Daemon, server: Server) -> dict[str, str]:
    return {"X-Segue-Secret": daemon.services.registry.hook_secret(server)}


def _kept(changes: int) -> dict[str, object]:
    return {"changes": changes, "everything": False}


async def _inbox(daemon: Daemon, server: Server) -> set[str]:
    async with daemon.services.pool.connection() as c:
        _, ids = await inbox.take(c, server.id, limit=1000)
    return {str(track) for track in ids}


async def _walks(daemon: Daemon) -> int:
    async with daemon.services.pool.connection() as c:
        return len(await runs.list_(c, kind="walk"))


async def _send(daemon: Daemon, path: str, status: int, **rest: Any) -> Any:
    return await daemon.json("POST", path, status=status, token=None, **rest)


async def test_changes_are_kept_and_workers_woken(daemon: Daemon) -> None:
    server = await attic(daemon, song(1, "One"))
    headers = _headers(daemon, server)
    body = {"changed": ["track-1", "track-2"]}
    assert await _send(daemon, "/hooks/attic", 202, headers=headers, json=body) == _kept(2)
    assert await _inbox(daemon, server) == {"track-1", "track-2"}
    assert await _walks(daemon) == 0
    body = {"gone": ["track-1"], "library": True}
    assert await _send(daemon, "/hooks/attic", 202, headers=headers, json=body) == _kept(2)
    assert await _walks(daemon) == 1
    depth = await daemon.services.wake.queue_depth()
    assert depth is not None
    assert depth["light"] >= 2


async def test_the_secret_may_stand_in_the_path(daemon: Daemon) -> None:
    server = await attic(daemon)
    secret = daemon.services.registry.hook_secret(server)
    await _send(daemon, f"/hooks/attic/{secret}", 202, json={"library": True})
    await _send(daemon, f"/hooks/attic/{secret}x", 401, json={"library": True})


async def test_a_wrong_secret_and_an_unknown_server_look_the_same(daemon: Daemon) -> None:
    server = await attic(daemon)
    wrong = [{}, {"X-Segue-Secret": ""}, {"X-Segue-Secret": "guess"}, {"X-Segue-Secret": "\x80\xff"}]
    problems = [
        await _send(daemon, path, 401, headers=headers, json={"library": True})
        for headers in wrong
        for path in ("/hooks/attic", "/hooks/nobody")
    ]
    assert len({problem["detail"] for problem in problems}) == 1
    assert await _walks(daemon) == 0
    assert await _inbox(daemon, server) == set()


async def test_guessing_secrets_is_slowed_down(daemon: Daemon) -> None:
    server = await attic(daemon)
    for _ in range(20):
        await _send(daemon, "/hooks/attic", 401, json={"library": True})
    await _send(daemon, "/hooks/attic", 429, json={"library": True})
    assert await _walks(daemon) == 0
    await _send(daemon, "/hooks/attic", 202, headers=_headers(daemon, server), json={"library": True})
    assert await _walks(daemon) == 1


async def test_a_new_secret_ends_the_old_one(daemon: Daemon) -> None:
    server = await attic(daemon)
    old = _headers(daemon, server)
    made = await daemon.json("POST", "/api/v1/servers/attic/hook-secret")
    await _send(daemon, "/hooks/attic", 401, headers=old, json={"library": True})
    new = {"X-Segue-Secret": made["hook_secret"]}
    await _send(daemon, "/hooks/attic", 202, headers=new, json={"library": True})


async def test_what_nobody_can_read_is_refused(daemon: Daemon) -> None:
    server = await attic(daemon)
    headers = _headers(daemon, server)
    nul = b'{"changed": ["a\\u0000b"]}'
    for body in (b"", b"[]", b"null", b"{", b"\xff", b'{"changed": [7]}', b'{"x": 1}', nul):
        await _send(daemon, "/hooks/attic", 400, headers=headers, data=body)


async def test_news_of_a_server_that_is_away_are_not_lost(daemon: Daemon, far: MemoryServer) -> None:
    server = await attic(daemon)
    far.fault = Unavailable("It sleeps.")
    await _send(daemon, "/hooks/attic", 202, headers=_headers(daemon, server), data=b"its own words")
    assert await _walks(daemon) == 1


async def test_an_empty_object_asks_for_another_look(daemon: Daemon) -> None:
    server = await attic(daemon)
    assert await _send(daemon, "/hooks/attic", 202, headers=_headers(daemon, server), json={}) == _kept(1)
    assert await _walks(daemon) == 1


async def test_a_flood_is_accepted_as_one_look_at_everything(daemon: Daemon) -> None:
    server = await attic(daemon)
    headers = _headers(daemon, server)
    body = {"changed": [f"track-{number}" for number in range(30)]}
    told = None
    while told != {"changes": 1, "everything": True}:  # as time passes a few more are taken
        while daemon.context.flow.takes(server.id):
            pass
        told = await _send(daemon, "/hooks/attic", 202, headers=headers, json=body)
    assert await _walks(daemon) == 1
    for _ in range(50):
        await _send(daemon, "/hooks/attic", 202, headers=headers, json={"library": True})
    assert await _walks(daemon) == 1
    depth = await daemon.services.wake.queue_depth()
    assert depth is not None
    assert depth["light"] <= 3


def test_a_flow_lets_a_burst_through_and_then_a_steady_stream() -> None:
    clock = [0.0]
    flow = Flow(per_second=10, burst=5, clock=lambda: clock[0])
    server: Any = 1
    assert [flow.takes(server) for _ in range(7)] == [True] * 5 + [False] * 2
    clock[0] = 0.1
    assert [flow.takes(server) for _ in range(2)] == [True, False]
    clock[0] = 100.0
    assert [flow.takes(server) for _ in range(6)] == [True] * 5 + [False]


def test_the_plain_form_says_what_changed() -> None:
    plain = PlainChanges(changed=("a",), gone=("b",), library=True)
    assert plain.changes == (TrackChanged(TrackId("a")), TrackGone(TrackId("b")), LibraryChanged())


def test_secrets_are_compared_whatever_they_are() -> None:
    assert secret_fits("a", "a")
    assert not secret_fits("", "a")
    assert not secret_fits("\udcff", "a")


async def test_a_server_is_told_where_to_post(daemon: Daemon, tmp_path: Path) -> None:
    fake = jellyfin.shown(World.small(tmp_path / "music"))
    fake.webhook_plugin = {"Status": "Active", "_kept": {"GenericOptions": []}}
    async with serving(fake):
        options = {"url": fake.url, "api_key": KEY}
        body = {"name": "films", "kind": "jellyfin", "options": options}
        added = await daemon.json("POST", "/api/v1/servers", status=201, json=body)
        asked = "POST", "/api/v1/servers/films/webhook"
        told = await daemon.json(*asked, json={"address": "http://us:4711/"})
        assert "http://us:4711/hooks/films from now on" in told["message"]
        [entry] = fake.webhook_plugin["_kept"]["GenericOptions"]
        assert {"Key": "X-Segue-Secret", "Value": added["hook_secret"]} in entry["Headers"]
        one = next(iter(fake.songs))
        news = {"NotificationType": "ItemAdded", "ItemType": "Audio", "ItemId": one}
        headers = {header["Key"]: header["Value"] for header in entry["Headers"]}
        await _send(daemon, "/hooks/films", 202, headers=headers, data=json.dumps(news).encode())
        for address in ("us:port", "ftp://us", ""):
            await daemon.json(*asked, status=422, json={"address": address})
        fake.webhook_plugin["Status"] = "Malfunctioned"
        await daemon.json(*asked, status=424, json={"address": "http://us"})
        await daemon.json("DELETE", "/api/v1/servers/films", status=204)


async def test_a_server_whose_webhooks_we_cannot_set_up_says_so(daemon: Daemon) -> None:
    await attic(daemon)
    refused = await daemon.json(
        "POST", "/api/v1/servers/attic/webhook", status=409, json={"address": "http://us"}
    )
    assert "do it there" in refused["detail"]
