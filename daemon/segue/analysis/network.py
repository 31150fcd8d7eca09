"""Runs the shipped network on patches."""

from dataclasses import dataclass
from importlib import resources
from typing import Literal

import numpy as np
import numpy.typing as npt
import onnxruntime

Floats = npt.NDArray[np.float32]
Device = Literal["auto", "cpu", "cuda"]

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


def _session(providers: list[str]) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    model = resources.files("segue.analysis").joinpath("models", "msd_musicnn.onnx").read_bytes()
    return onnxruntime.InferenceSession(model, options, providers=providers)
