"""Spaces are listed and chosen, and the status tells who hears."""

from pathlib import Path

import pytest

from segue.analysis.child import hear as hear_in_child
from segue.analysis.wire import reply_to_analysis, request_for
from segue.model import Quality
from segue.store import analyses, hearing_workers, recordings, spaces
from tests.daemon.analysis.sounds import song as sound
from tests.daemon.analysis.sounds import write_wav
from tests.daemon.analysis.test_foreign import write_model
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


async def test_a_recording_shows_what_other_peoples_models_heard(daemon: Daemon, tmp_path: Path) -> None:
    file = write_wav(tmp_path / "song.wav", sound(seconds=8))
    write_model(tmp_path / "wide.onnx", reads=["n", 187, 96], outputs={"embedding": 16})
    write_model(tmp_path / "mood.onnx", reads=["n", 200], outputs={"y": 2}, value=1 / 200)
    request = request_for(str(file), quality=Quality.BALANCED, models=str(tmp_path))
    analysis = reply_to_analysis(hear_in_child(request))
    await attic(daemon, song(1, "One"))
    async with daemon.services.pool.connection() as c:
        await spaces.add_model(c, "wide", 16)
        [claim] = await recordings.claim(c, owner="test", limit=1, seconds=60)
        await analyses.save(c, claim.recording, claim.owner, analysis)
    heard = (await daemon.json("GET", f"/api/v1/recordings/{claim.recording}"))["heard"]
    assert heard["heads"] == {"mood": pytest.approx([float(analysis.embedding.mean())] * 2, rel=1e-3)}
    assert heard["spaces"] == ["musicnn-raw", "wide"]


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
