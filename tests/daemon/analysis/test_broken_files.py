"""Whatever is in a file, hearing it ends: with an analysis or with a reason, in bounded memory."""

import itertools
import os
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue.analysis import HearingError
from segue.analysis.wire import reply_to_analysis, request_for
from segue.children.child import Child, Limits
from segue.model import Analysis, Quality
from tests.daemon.analysis.broken import Broken, damaged, oddities

DEADLINE_SECONDS = 60.0
MEMORY_BYTES = 600 * 2**20
"""What the child may allocate; more than that would end it."""

QUALITIES = tuple(Quality)


@pytest.fixture
async def child() -> AsyncIterator[Child]:
    limits = Limits(memory_bytes=MEMORY_BYTES, nice=0, calls=100_000)
    async with Child("segue.analysis.child:hear", limits) as child:
        yield child


async def outcome(child: Child, path: Path, quality: Quality) -> Analysis | str:
    """The analysis or the reason; anything else is raised."""
    reply = await child.call(request_for(str(path), quality=quality), deadline_seconds=DEADLINE_SECONDS)
    try:
        return reply_to_analysis(dict(reply))
    except HearingError as error:
        assert error.reason.endswith("."), error.reason
        return error.reason


async def hear_all(child: Child, folder: Path, files: Iterable[Broken]) -> list[Analysis | str]:
    outcomes, pids = [], set()
    for number, broken in enumerate(files):
        path = folder / broken.name
        path.write_bytes(broken.data)
        heard = await outcome(child, path, QUALITIES[number % 3])
        if isinstance(heard, Analysis):
            assert np.isfinite(heard.embedding).all(), broken.name
            assert np.isfinite(heard.features_mean).all(), broken.name
        outcomes.append(heard)
        pids.add(child.pid)
        path.unlink()
    assert len(pids) == 1, "a file ended the child"
    return outcomes


async def test_oddities_have_their_reasons(child: Child, tmp_path: Path) -> None:
    files = list(oddities())
    outcomes = await hear_all(child, tmp_path, files)
    names = [broken.name for broken in files]
    assert [name for name, reached in zip(names, outcomes, strict=True) if not isinstance(reached, str)] == []


async def test_some_damaged_files(child: Child, tmp_path: Path) -> None:
    outcomes = await hear_all(child, tmp_path, damaged(tmp_path, seconds=4, count=40, seed=31))
    assert len(outcomes) == 40


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_a_thousand_damaged_files(child: Child, tmp_path: Path) -> None:
    short = damaged(tmp_path, seconds=5, count=900, seed=32)
    long = damaged(tmp_path, seconds=100, count=140, seed=33)
    outcomes = await hear_all(child, tmp_path, itertools.chain(short, long))
    reasons = {reached for reached in outcomes if isinstance(reached, str)}
    assert len(outcomes) == 1040
    assert 5 <= len(reasons) <= 40


async def test_what_is_no_file_has_a_reason(child: Child, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.mp3")
    (tmp_path / "loop.mp3").symlink_to(tmp_path / "loop.mp3")
    (tmp_path / "dangling.mp3").symlink_to(tmp_path / "nowhere.mp3")
    (tmp_path / "folder.mp3").mkdir()
    places = [tmp_path / f"{name}.mp3" for name in ("fifo", "loop", "dangling", "folder", "missing")]
    reasons = [await outcome(child, place, Quality.FAST) for place in (*places, Path("/dev/zero"))]
    assert reasons == [
        "This is not a regular file.",
        "The file cannot be opened: Too many levels of symbolic links.",
        "The file cannot be opened: No such file or directory.",
        "This is not a regular file.",
        "The file cannot be opened: No such file or directory.",
        "This is not a regular file.",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("claims_its_length", [True, False])
async def test_a_small_file_that_unpacks_to_half_a_day_is_refused(
    child: Child, tmp_path: Path, claims_its_length: bool
) -> None:
    reason = "The recording is longer than 12 hours." if claims_its_length else "The recording is silent."
    path = tmp_path / "bomb.flac"
    hour = np.zeros(8_000 * 3600, np.int16)
    with soundfile.SoundFile(path, "w", 8_000, 1) as file:
        for _ in range(13):
            file.write(hour)
    if not claims_its_length:
        forget_length(path)
    assert path.stat().st_size < 2_000_000
    for quality in QUALITIES:
        assert await outcome(child, path, quality) == reason


def forget_length(flac: Path) -> None:
    """Zero the count of samples in the stream's header: 36 bits after sample rate, channels and depth."""
    data = bytearray(flac.read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    flac.write_bytes(data)
