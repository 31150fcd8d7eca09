"""The fingerprint knows a recording again, and only that one."""

from pathlib import Path

import numpy as np
import pytest

from segue.analysis import hear
from segue.analysis.fingerprint import ALGORITHM, FingerprintMeter, similarity
from segue.analysis.mel import PATCH_SAMPLES, PATCH_STEP, LogMel, Samples
from segue.model import Quality
from tests.daemon.analysis.encodings import ENCODINGS, encode
from tests.daemon.analysis.sounds import song, write_wav

SAME, OTHER = 0.75, 0.6


def fingerprint(samples: Samples) -> bytes:
    meter, log_mel = FingerprintMeter(), LogMel()
    for start in range(0, len(samples) - PATCH_SAMPLES + 1, PATCH_STEP):
        meter.feed(log_mel(samples[start : start + PATCH_SAMPLES]))
    result = meter.result()
    assert result is not None
    return result


@pytest.mark.parametrize("name", ["mp3", "opus", "aac"])
def test_another_encoding_is_known(tmp_path: Path, name: str) -> None:
    rate = ENCODINGS[name].rate
    plain = hear(write_wav(tmp_path / "plain.wav", song(seconds=20, seed=41, rate=rate), rate=rate))
    packed = hear(encode(tmp_path, name, song(seconds=20, seed=41, rate=rate)[None], kilobits=96))
    assert plain.fingerprint is not None
    assert packed.fingerprint is not None
    assert plain.fingerprint[0] == ALGORITHM
    assert similarity(plain.fingerprint, packed.fingerprint) > SAME


def test_a_later_beginning_and_another_level_are_known() -> None:
    whole = song(seconds=40, seed=42)
    shifted = (0.25 * whole[21_920:]).astype(np.float32)
    assert similarity(fingerprint(whole), fingerprint(shifted)) > SAME


def test_other_music_is_not_known() -> None:
    prints = [fingerprint(song(seconds=30, seed=seed, bpm=80 + 7 * seed)) for seed in range(8)]
    assert max(similarity(a, b) for a in prints for b in prints if a is not b) < OTHER


def test_nothing_is_said_of_too_little(tmp_path: Path) -> None:
    assert hear(write_wav(tmp_path / "short.wav", song(seconds=4))).fingerprint is None
    assert similarity(b"", b"") == 0


def test_a_fast_hearing_has_none(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "long.wav", song(seconds=120))
    assert hear(path, quality=Quality.FAST).fingerprint is None
