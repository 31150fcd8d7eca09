"""Hearing takes the same memory for a short recording and for one of hours."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue.model import Quality
from tests.daemon.analysis.sounds import song

MEASURE = """
import resource, sys
from segue.analysis.child import hear
reply = hear({"path": sys.argv[1], "quality": sys.argv[2]})
print(round(reply["seconds"] / 60), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def minutes_and_peak(path: Path, quality: Quality) -> tuple[int, int]:
    command = [sys.executable, "-c", MEASURE, str(path), quality]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    minutes, peak = (int(word) for word in printed.split())
    return minutes, peak


def write_minutes(path: Path, minutes: int) -> Path:
    minute = (32_767 * song(seconds=60, rate=8_000)).astype(np.int16)
    with soundfile.SoundFile(path, "w", 8_000, 1) as file:
        for _ in range(minutes):
            file.write(minute)
    return path


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("quality", Quality)
def test_three_hours_take_the_memory_of_three_minutes(tmp_path: Path, quality: Quality) -> None:
    short, peak_of_short = minutes_and_peak(write_minutes(tmp_path / "short.flac", 3), quality)
    long, peak_of_long = minutes_and_peak(write_minutes(tmp_path / "long.flac", 180), quality)
    assert (short, long) == (3, 180)
    assert peak_of_long <= 1.1 * peak_of_short
