"""The main job, as its user sees it: `segue up` on a folder, then the command line."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from segue.up import Plan
from tests.daemon.up.running import Up, free_port, wait_for
from tests.e2e.songs import write_chord

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

Segue = Callable[..., Any]


@pytest.fixture
def music(open_folder: Path) -> Path:
    folder = open_folder / "music"
    folder.mkdir()
    for number in range(4):
        write_chord(folder / f"chord {number}.wav", number)
    (folder / "not music.mp3").write_bytes(b"This is a letter, not a song. " * 40)
    return folder


@pytest.fixture
def segue(open_folder: Path, music: Path) -> Iterator[Segue]:
    """The command line, against a running installation that hears the folder; replies are JSON."""
    plan = Plan(data_dir=open_folder / "data", port=free_port(), music=music)
    environment = {
        **os.environ,
        "SEGUE_DATA_DIR": str(plan.data_dir),
        "SEGUE_PORT": str(plan.port),
    }

    def call(*words: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "segue", *words, "--json"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    up = Up(plan, open_folder)
    up.await_saying("Stop with Ctrl-C", seconds=90)
    yield call
    assert up.stop() == 0


def test_a_folder_is_heard_and_what_comes_later_too(segue: Segue, music: Path) -> None:
    wait_for(lambda: _summary(segue)["heard"] == 4, seconds=120)

    wait_for(lambda: _summary(segue)["failed"] == 1, seconds=60)
    broken = [item for item in segue("tracks", "search", "not music") if item["title"] == "not music"]
    assert broken, "a file that cannot be heard is listed"
    assert segue("tracks", "show", str(broken[0]["id"]))["recording"]["failure"], "with its reason"

    assert {item["track"]["title"] for item in _similar(segue)} == {"chord 1", "chord 2", "chord 3"}

    write_chord(music / "chord 12.wav", 12)
    wait_for(lambda: "chord 12" in {item["track"]["title"] for item in _similar(segue)}, seconds=60)

    (music / "chord 12.wav").rename(music / "renamed.wav")
    wait_for(lambda: "renamed" in {item["track"]["title"] for item in _similar(segue)}, seconds=60)
    assert _summary(segue)["heard"] == 5, "a renamed file is the same recording"

    renamed, kept = music / "renamed.wav", music.parent / "kept.wav"
    wait_for(lambda: _shown(segue, "renamed")["recording"]["wanted"] is None, seconds=60)
    before = _shown(segue, "renamed")
    renamed.rename(kept)
    wait_for(lambda: _summary(segue)["missing"] == 1, seconds=60)
    kept.rename(renamed)
    wait_for(lambda: _summary(segue)["missing"] == 0, seconds=60)
    after = _shown(segue, "renamed")
    assert (after["id"], after["recording"]["id"]) == (before["id"], before["recording"]["id"])
    assert after["recording"]["heard"] == before["recording"]["heard"], "and is not heard again"


def _shown(segue: Segue, title: str) -> Any:
    (found,) = [one for one in segue("tracks", "search", title) if one["title"] == title]
    return segue("tracks", "show", str(found["id"]))


def _summary(segue: Segue) -> Any:
    (server,) = segue("servers", "list")
    return server


def _similar(segue: Segue) -> Any:
    return segue("similar", "chord 0")["items"]
