"""The same music is heard the same, whatever it is packed in."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue.analysis.child import hear as hear_in_child
from segue.analysis.wire import reply_to_analysis, request_for
from segue.model import Analysis, Quality
from tests.daemon.analysis.encodings import ENCODINGS, encode
from tests.daemon.analysis.sounds import Samples, song, write_wav

SECONDS = 9.2


def hear(path: Path) -> Analysis:
    return reply_to_analysis(hear_in_child(request_for(str(path), quality=Quality.FULL)))


def stereo(rate: int) -> Samples:
    return np.stack([song(seconds=SECONDS, seed=seed, rate=rate, drums=0.2) for seed in (21, 22)])


def cosine(a: Analysis, b: Analysis) -> float:
    norms = np.linalg.norm(a.embedding) * np.linalg.norm(b.embedding)
    return float(a.embedding @ b.embedding / norms)


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    folder = tmp_path_factory.mktemp("formats")
    return hear(write_wav(folder / "original.wav", stereo(44_100).T, rate=44_100, subtype="FLOAT"))


@pytest.mark.parametrize("name", ENCODINGS)
def test_every_format_is_heard_alike(heard: Analysis, tmp_path: Path, name: str) -> None:
    encoding = ENCODINGS[name]
    again = hear(encode(tmp_path, name, stereo(encoding.rate)))
    assert again.seconds == pytest.approx(SECONDS, abs=0.1)
    assert cosine(again, heard) >= (0.995 if encoding.lossless else 0.98)
    assert again.descriptors.tempo == pytest.approx(heard.descriptors.tempo, rel=0.01)


@pytest.mark.parametrize("name", ["flac", "alac"])
def test_lossless_formats_share_the_hash(tmp_path: Path, name: str) -> None:
    wav = hear(encode(tmp_path, "wav", stereo(44_100)))
    assert hear(encode(tmp_path, name, stereo(44_100))).audio_hash == wav.audio_hash


@pytest.mark.parametrize("rate", [8_000, 11_025, 48_000, 192_000])
def test_any_sample_rate_is_heard(tmp_path: Path, rate: int) -> None:
    analysis = hear(write_wav(tmp_path / "rate.wav", song(seconds=6, rate=rate), rate=rate))
    assert analysis.seconds == pytest.approx(6, abs=0.01)


@pytest.mark.parametrize("channels", [1, 3, 8, 16])
def test_any_number_of_channels_is_heard(heard: Analysis, tmp_path: Path, channels: int) -> None:
    mono = stereo(44_100).mean(axis=0)
    path = write_wav(tmp_path / "many.wav", np.stack([mono] * channels, axis=1), rate=44_100)
    assert cosine(hear(path), heard) >= 0.995


@pytest.mark.parametrize("channels", [7, 8])
def test_many_planes_are_heard(tmp_path: Path, channels: int) -> None:
    mono = song(seconds=6, rate=48_000)
    path = tmp_path / "planes.opus"
    soundfile.write(path, np.stack([mono] * channels, axis=1), 48_000, format="OGG", subtype="OPUS")
    assert hear(path).seconds == pytest.approx(6, abs=0.1)


def test_channels_are_averaged_plainly(tmp_path: Path) -> None:
    left = song(seconds=6)
    silent_right = np.stack([left, np.zeros_like(left)], axis=1)
    apart = hear(write_wav(tmp_path / "apart.wav", silent_right, subtype="FLOAT"))
    half = hear(write_wav(tmp_path / "half.wav", left / 2, subtype="FLOAT"))
    np.testing.assert_allclose(apart.embedding, half.embedding, atol=1e-4)
