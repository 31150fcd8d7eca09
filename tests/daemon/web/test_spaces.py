"""Spaces are listed and chosen, and the status tells who hears."""

from segue.store import hearing_workers, spaces
from tests.daemon.web.conftest import Daemon
from tests.daemon.web.music import attic, hear, song


async def test_a_models_space_is_heard_first_and_serves_then(daemon: Daemon) -> None:
    await attic(daemon, song(1, "One"))
    await hear(daemon, {"One": 0})
    async with daemon.services.pool.connection() as c:
        await spaces.add_model(c, "other", 16)
    reply = await daemon.json("POST", "/api/v1/spaces/other/serve")
    assert (reply["serving"], reply["vacant"], reply["made_by"]) == (False, 1, "model")
    assert (await daemon.json("GET", "/api/v1/analysis"))["wanted"] == 1
    reply = await daemon.json("POST", "/api/v1/spaces/musicnn-raw/serve")
    assert (reply["serving"], reply["made_by"]) == (True, "network")
    names = [space["name"] for space in (await daemon.json("GET", "/api/v1/spaces"))["items"]]
    assert names == ["musicnn-raw", "other"]
    await daemon.json("POST", "/api/v1/spaces/none/serve", status=404)


async def test_the_status_tells_who_hears_and_who_rests(daemon: Daemon) -> None:
    async with daemon.services.pool.connection() as c:
        for quiet in (0.0, 3600.0):
            await hearing_workers.tell(
                c, "attic:1:x", device=None, reason=None, slots=2, percent=50, quiet_seconds=quiet
            )
    (worker,) = (await daemon.json("GET", "/api/v1/analysis"))["workers"]
    assert (worker["worker"], worker["slots"], worker["cpu_percent"]) == ("attic:1:x", 2, 50)
    assert worker["quiet_until"] is not None
    async with daemon.services.pool.connection() as c:
        await hearing_workers.forget(c, "attic:1:x")
    assert (await daemon.json("GET", "/api/v1/analysis"))["workers"] == []
