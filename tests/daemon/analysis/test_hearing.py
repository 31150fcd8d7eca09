"""A file goes in, an analysis comes out; what cannot be heard says why."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from segue.analysis import ANALYSIS_VERSION, HearingError, hear
from segue.analysis.child import hear as hear_in_child
from segue.analysis.moods import cold_start, mood_inputs, moods
from segue.analysis.wire import reply_to_analysis, request_for
from segue.model import Quality
from tests.daemon.analysis.sounds import song, write_wav


@pytest.fixture(scope="module")
def wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wav(tmp_path_factory.mktemp("sounds") / "song.wav", song(seconds=40))


@pytest.mark.parametrize("quality", Quality)
def test_everything_is_heard(wav: Path, quality: Quality) -> None:
    analysis = hear(wav, quality=quality)
    assert analysis.version == ANALYSIS_VERSION
    assert analysis.quality is quality
    assert analysis.seconds == pytest.approx(40, abs=0.01)
    assert analysis.patches == 13
    assert analysis.embedding.shape == (200,)
    assert analysis.tags.shape == (50,)
    assert analysis.features_mean.shape == analysis.features_std.shape == (424,)
    assert analysis.descriptors.tempo == pytest.approx(120, rel=0.01)
    assert (analysis.descriptors.key, analysis.descriptors.scale) == ("C", "major")
    assert analysis.descriptors.missing == {}


def test_the_reply_of_a_child_is_the_analysis(wav: Path) -> None:
    direct = hear(wav, quality=Quality.FULL)
    replied = reply_to_analysis(hear_in_child(request_for(str(wav), quality=Quality.FULL)))
    assert replied.descriptors == direct.descriptors
    assert replied.audio_hash == direct.audio_hash
    np.testing.assert_array_equal(replied.embedding, direct.embedding)


def test_a_child_replies_with_the_reason(tmp_path: Path) -> None:
    reply = hear_in_child(request_for(str(tmp_path / "gone.mp3"), quality=Quality.FAST))
    with pytest.raises(HearingError, match="No such file"):
        reply_to_analysis(reply)


def test_silence_and_shortness_have_reasons(tmp_path: Path) -> None:
    silence = write_wav(tmp_path / "silence.wav", np.zeros(80_000, np.float32))
    with pytest.raises(HearingError, match="silent"):
        hear(silence)
    with pytest.raises(HearingError, match="shorter"):
        hear(write_wav(tmp_path / "short.wav", song(seconds=0.5)))


def test_a_fifo_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.mp3")
    with pytest.raises(HearingError, match="regular file"):
        hear(tmp_path / "fifo.mp3")


def test_moods_come_from_what_is_stored(wav: Path) -> None:
    analysis = hear(wav)
    scores = moods(mood_inputs(analysis.tags, analysis.descriptors), cold_start())
    assert all(score is not None and 0 < score < 1 for score in scores.values())


def test_the_parent_loads_nothing_heavy() -> None:
    code = (
        "import sys, segue.analysis, segue.analysis.wire, segue.analysis.moods\n"
        "heavy = {'av', 'librosa', 'numba', 'onnxruntime', 'scipy', 'sklearn', 'soundfile', 'soxr'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "[]"
