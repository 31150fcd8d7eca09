"""From settings to the supervisor's own process."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from segue.up import Plan
from segue.up.greeting import greeting
from tests.daemon.up.running import free_port, plan_for, wait_for

_RUN = """
from pathlib import Path
from segue.settings import Settings
from segue.up import run
run(Settings(data_dir={data!r}, port={port}, database_url="postgresql://127.0.0.1:1/none", redis_url="redis://127.0.0.1:1"))
"""


def test_run_becomes_a_supervisor_that_carries_nothing_heavy(open_folder: Path) -> None:
    data = open_folder / "data"
    code = _RUN.format(data=str(data), port=free_port())
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        wait_for(lambda: _holder(data) == process.pid, seconds=30)
        mapped = Path(f"/proc/{process.pid}/maps").read_text()
        assert "segue.up" in Path(f"/proc/{process.pid}/cmdline").read_text()
        assert not [name for name in ("pydantic", "psycopg", "libcrypto", "numpy") if name in mapped]
        _, refusal = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert b"could not be brought up to date" in refusal
    assert process.returncode == 1


def test_a_plan_survives_its_journey(tmp_path: Path) -> None:
    plan = replace(
        plan_for(tmp_path),
        music=tmp_path / "mu sic",
        playlists=tmp_path,
        redis_url="redis://:pass@host/1",
        own_token=True,
    )
    assert Plan.from_json(plan.to_json()) == plan


def test_playlists_lie_beside_everything_else_of_ours_unless_told(tmp_path: Path) -> None:
    plan = replace(plan_for(tmp_path / "data"), music=tmp_path / "music")
    told = plan.environment(database_url="d", redis_url="r")
    assert told["SEGUE_PLAYLISTS"] == str(tmp_path / "data" / "playlists")
    chosen = replace(plan, playlists=tmp_path / "mine")
    assert chosen.environment(database_url="d", redis_url="r")["SEGUE_PLAYLISTS"] == str(tmp_path / "mine")
    without = replace(plan, music=None)
    assert "SEGUE_PLAYLISTS" not in without.environment(database_url="d", redis_url="r")


def test_people_are_told_where_their_playlists_will_be(tmp_path: Path) -> None:
    """On the first day, and when they chose; a place that was chosen once is not known here later."""
    plan = replace(plan_for(tmp_path / "data"), music=tmp_path / "music")
    usual, mine = tmp_path / "data" / "playlists", tmp_path / "mine"
    assert "m3u8" not in "".join(greeting(plan, new_token="new"))
    for folder in (usual, mine):
        folder.mkdir(parents=True)
    assert f"Its playlists will be .m3u8 files in {usual}." in greeting(plan, new_token="new")
    assert "m3u8" not in "".join(greeting(plan, new_token=None))
    chosen = replace(plan, playlists=mine)
    assert f"Its playlists will be .m3u8 files in {mine}." in greeting(chosen, new_token=None)


def _holder(data: Path) -> int:
    try:
        pid: int = json.loads((data / "lock").read_text())["pid"]
    except (OSError, ValueError):
        return 0
    return pid
