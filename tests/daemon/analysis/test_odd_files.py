"""Rare files that are music are heard right; one that may not be read has its reason, for root too."""

import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue.analysis.wire import reply_to_analysis, request_for
from segue.children.child import Child, Limits
from segue.model import Analysis, Quality
from tests.daemon.analysis.sounds import song, write_wav

DEADLINE_SECONDS = 60.0
MEMORY_BYTES = 600 * 2**20
NOBODY = 65_534
HEAR_AS_NOBODY = f"""
import json, os, sys
from segue.analysis.child import hear
from segue.analysis.errors import HearingError
from segue.analysis.wire import reply_to_analysis, request_for
from segue.model import Quality

def told(path):
    try:
        return reply_to_analysis(dict(hear(request_for(path, quality=Quality.FAST)))).seconds
    except HearingError as error:
        return error.reason

told(sys.argv[1])
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid({NOBODY})
    os.setuid({NOBODY})
print(json.dumps([told(path) for path in sys.argv[1:]]))
"""
"""Everything heavy is loaded before the account changes: it may lie where only the first one reads."""


@pytest.fixture
async def child() -> AsyncIterator[Child]:
    limits = Limits(memory_bytes=MEMORY_BYTES, nice=0, calls=100)
    async with Child("segue.analysis.child:hear", limits) as child:
        yield child


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """pytest's own folders are closed to other accounts."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


async def heard(child: Child, path: Path, quality: Quality) -> Analysis:
    request = request_for(str(path), quality=quality)
    return reply_to_analysis(dict(await child.call(request, deadline_seconds=DEADLINE_SECONDS)))


def likeness(one: Analysis, other: Analysis) -> float:
    """The cosine of what was heard."""
    lengths = np.linalg.norm(one.embedding) * np.linalg.norm(other.embedding)
    return float(one.embedding @ other.embedding / lengths)


@pytest.mark.parametrize("quality", Quality)
async def test_eight_channels_sound_as_their_mean(child: Child, tmp_path: Path, quality: Quality) -> None:
    mono = song(seconds=10)
    shares = np.linspace(0.25, 1.75, 8, dtype=np.float32)
    one = await heard(child, write_wav(tmp_path / "mono.wav", mono), quality)
    eight = await heard(child, write_wav(tmp_path / "eight.wav", mono[:, None] * shares), quality)
    assert eight.seconds == one.seconds
    assert likeness(one, eight) > 0.9999


@pytest.mark.parametrize("quality", Quality)
async def test_192_kilohertz_sound_as_16(child: Child, tmp_path: Path, quality: Quality) -> None:
    rates = (16_000, 192_000)
    files = [
        write_wav(tmp_path / f"{rate}.wav", song(seconds=10, rate=rate, drums=0), rate=rate) for rate in rates
    ]
    low, high = [await heard(child, file, quality) for file in files]
    assert high.seconds == pytest.approx(low.seconds, abs=0.01)
    assert likeness(low, high) > 0.995


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_three_hours_sound_as_the_minute_they_repeat(child: Child, tmp_path: Path) -> None:
    minute = (32_767 * song(seconds=60, rate=8_000)).astype(np.int16)
    soundfile.write(tmp_path / "minute.flac", minute, 8_000)
    with soundfile.SoundFile(tmp_path / "hours.flac", "w", 8_000, 1) as file:
        for _ in range(180):
            file.write(minute)
    short = await heard(child, tmp_path / "minute.flac", Quality.BALANCED)
    long = await heard(child, tmp_path / "hours.flac", Quality.BALANCED)
    assert long.seconds == pytest.approx(10_800, abs=0.1)
    assert likeness(short, long) > 0.98


def test_an_unreadable_file_has_a_reason_whoever_runs_this(public_folder: Path) -> None:
    allowed = write_wav(public_folder / "allowed.wav", song(seconds=4))
    secret = write_wav(public_folder / "secret.wav", song(seconds=4))
    allowed.chmod(0o644)
    secret.chmod(0)
    command = [sys.executable, "-c", HEAR_AS_NOBODY, str(allowed), str(secret)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert json.loads(printed) == [
        pytest.approx(4, abs=0.01),
        "The file cannot be opened: Permission denied.",
    ]
