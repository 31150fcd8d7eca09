"""Runs the shipped network on patches."""

import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from typing import Literal

import numpy as np
import numpy.typing as npt
import onnxruntime

Floats = npt.NDArray[np.float32]
Device = Literal["auto", "cpu", "cuda"]

MODEL = "msd_musicnn"

_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_OUTPUTS = ["embedding", "activations", "features"]


@dataclass(frozen=True, slots=True)
class Heard:
    """Per patch: embedding [n, 200], tag probabilities [n, 50], pooled features [n, 424]."""

    embedding: Floats
    tags: Floats
    features: Floats


class Network:
    """A session; `device` is where it really runs and `reason` why."""

    def __init__(self, session: onnxruntime.InferenceSession, *, reason: str) -> None:
        self._session = session
        self.device = "cuda" if session.get_providers()[0] == _CUDA else "cpu"
        self.reason = reason

    def __call__(self, mels: Floats) -> Heard:
        """Log-mel patches [n, 187, 96]."""
        return Heard(*self._session.run(_OUTPUTS, {"melspectrogram": mels}))


def open_network(device: Device = "auto") -> Network:
    """On the GPU when there is one that works, else on one CPU thread."""
    if device == "cpu":
        return Network(_session([_CPU]), reason="the processor was asked for")
    if _CUDA not in onnxruntime.get_available_providers():
        return Network(_session([_CPU]), reason="this ONNX Runtime has no CUDA provider")
    if hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()
    session = _session([_CUDA, _CPU])
    # A CUDA session that cannot start becomes a CPU session without an error.
    works = session.get_providers()[0] == _CUDA
    return Network(session, reason="a CUDA device works" if works else "no CUDA device could be started")


def verify_shipped() -> str | None:
    """Why the shipped network is not the one that was tested; None if it is."""
    folder = resources.files("segue.analysis").joinpath("models")
    expected = json.loads(folder.joinpath("checksums.json").read_text())
    for name, digest in expected.items():
        if hashlib.sha256(folder.joinpath(name).read_bytes()).hexdigest() != digest:
            return f"The file {name} is not the one that was shipped; install Segue again."
    heard = open_network("cpu")(np.zeros((1, 187, 96), np.float32))
    if not all(np.isfinite(part).all() for part in (heard.embedding, heard.tags, heard.features)):
        return "It does not answer with finite numbers on this processor."
    return None


def _session(providers: list[str]) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    model = resources.files("segue.analysis").joinpath("models", f"{MODEL}.onnx").read_bytes()
    return onnxruntime.InferenceSession(model, options, providers=providers)
