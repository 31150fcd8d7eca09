"""The shipped network is the published one."""

import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from segue.analysis.convert.musicnn import AUDIO_MODEL, MEL_MODEL, build
from segue.analysis.convert.wheel import WHEEL, read_wheel
from segue.analysis.mel import BANDS, FFT_SIZE, HOP, PATCH_SAMPLES, PATCH_STEP, SAMPLE_RATE, LogMel, Samples
from segue.analysis.mel import filterbank as our_filterbank
from segue.analysis.network import Heard, open_network
from tests.daemon.analysis.reference.pieces import PIECES, piece

TOLERANCE = 1e-3


def patches(samples: Samples) -> Samples:
    starts = range(0, len(samples) - PATCH_SAMPLES + 1, PATCH_STEP)
    return np.stack([samples[start : start + PATCH_SAMPLES] for start in starts])


@pytest.fixture(scope="module")
def audio() -> Samples:
    return np.concatenate([patches(piece(name)) for name in PIECES])


@pytest.fixture(scope="module")
def heard(audio: Samples) -> Heard:
    return open_network("cpu")(np.stack([LogMel()(patch) for patch in audio]))


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "musicnn==0.1.0"]
    try:
        subprocess.run([*command, "--dest", str(folder)], check=True, capture_output=True, timeout=100)
    except (subprocess.SubprocessError, OSError):
        pytest.skip("the musicnn wheel cannot be downloaded here")
    yield folder / WHEEL


def test_it_says_what_the_original_graph_says(heard: Heard) -> None:
    original = np.load(Path(__file__).parent / "reference" / "original.npz")
    np.testing.assert_allclose(heard.embedding, original["embedding"], atol=TOLERANCE, rtol=0)
    np.testing.assert_allclose(heard.tags, original["tags"], atol=TOLERANCE, rtol=0)


def test_the_audio_model_hears_what_the_mel_model_hears(audio: Samples, heard: Heard) -> None:
    model = resources.files("segue.analysis").joinpath("models", f"{AUDIO_MODEL}.onnx").read_bytes()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    embedding, tags = session.run(["embedding", "activations"], {"audio": audio})
    np.testing.assert_allclose(embedding, heard.embedding, atol=TOLERANCE, rtol=0)
    np.testing.assert_allclose(tags, heard.tags, atol=TOLERANCE, rtol=0)


@pytest.mark.slow
def test_the_wheel_gives_the_shipped_files_byte_for_byte(wheel: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "segue.analysis.convert", str(wheel), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    for name in (MEL_MODEL, AUDIO_MODEL):
        shipped = resources.files("segue.analysis").joinpath("models", f"{name}.onnx").read_bytes()
        assert (tmp_path / f"{name}.onnx").read_bytes() == shipped, name


@pytest.mark.slow
def test_folding_dead_filters_changes_nothing(wheel: Path, audio: Samples, heard: Heard) -> None:
    whole = build(read_wheel(wheel), keep_dead=True)[MEL_MODEL].SerializeToString()
    session = onnxruntime.InferenceSession(whole, providers=["CPUExecutionProvider"])
    mels = np.stack([LogMel()(patch) for patch in audio])
    embedding, tags = session.run(["embedding", "activations"], {"melspectrogram": mels})
    np.testing.assert_allclose(embedding, heard.embedding, atol=TOLERANCE, rtol=0)
    np.testing.assert_allclose(tags, heard.tags, atol=TOLERANCE, rtol=0)


@pytest.mark.slow
def test_the_front_end_is_librosas(audio: Samples) -> None:
    import librosa

    bank = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=FFT_SIZE, n_mels=BANDS)
    np.testing.assert_allclose(our_filterbank(), bank, atol=1e-7)
    for patch in audio:
        power = librosa.feature.melspectrogram(
            y=patch, sr=SAMPLE_RATE, n_fft=FFT_SIZE, hop_length=HOP, n_mels=BANDS, center=False
        )
        np.testing.assert_allclose(LogMel()(patch), np.log10(10_000 * power + 1).T, atol=1e-4)
