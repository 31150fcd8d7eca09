"""Runs the shipped network on patches."""

import hashlib
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime

from segue.analysis.faults import FAULTS

Floats = npt.NDArray[np.float32]
Device = Literal["auto", "cpu", "cuda"]

MODEL = "msd_musicnn"

_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_CPU_PATCHES, _GPU_PATCHES = 4, 32
_OUTPUTS = ["embedding", "activations", "features"]


@dataclass(frozen=True, slots=True)
class Heard:
    """Per patch: embedding [n, 200], tag probabilities [n, 50], pooled features [n, 424]."""

    embedding: Floats
    tags: Floats
    features: Floats


class Session(Protocol):
    """The part of an onnxruntime session that is needed here."""

    def get_providers(self) -> Sequence[str]: ...

    def run(self, outputs: Sequence[str], feed: Mapping[str, Floats]) -> Sequence[Floats]: ...


Opening = Callable[[Sequence[str]], Session]
"""Opens a session on the first of these providers that works."""

Answer = Callable[[], Heard]
"""Waits for what was begun; called once."""


class Network(Protocol):
    """Hears patches; `device` is where it really runs, `reason` why, and `fell_back` whether a GPU failed."""

    device: str
    reason: str
    fell_back: bool

    @property
    def batch(self) -> int:
        """How many patches are best heard at a time."""
        ...

    def begin(self, mels: Floats) -> Answer:
        """Log-mel patches [n, 187, 96]; the answer is taken before the next are begun."""
        ...


class OwnNetwork:
    """A session of this process; when a GPU fails midway the processor goes on."""

    def __init__(
        self, session: Session, *, reason: str, fell_back: bool = False, opening: Opening | None = None
    ) -> None:
        self._session = session
        self._opening = opening
        self.device: str = _device(session)
        self.reason = reason
        self.fell_back = fell_back

    def begin(self, mels: Floats) -> Answer:
        return lambda: self(mels)

    def __call__(self, mels: Floats) -> Heard:
        """Log-mel patches [n, 187, 96], at once."""
        try:
            return self._run(mels)
        except FAULTS as error:
            if self.device == "cpu" or self._opening is None:
                raise
            self._session = self._opening([_CPU])
            self.device, self.fell_back = _device(self._session), True
            self.reason = f"the CUDA device failed midway: {_short(error)}"
            return self._run(mels)

    @property
    def batch(self) -> int:
        """How many patches are best heard at a time."""
        return _GPU_PATCHES if self.device == "cuda" else _CPU_PATCHES

    def _run(self, mels: Floats) -> Heard:
        count = len(mels)
        if self.device != "cpu":
            mels = _padded(mels)
        return Heard(*(part[:count] for part in self._session.run(_OUTPUTS, {"melspectrogram": mels})))


def _padded(mels: Floats) -> Floats:
    """To the next power of two: CUDA looks for the quickest convolution anew for each size it meets."""
    missing = (1 << (len(mels) - 1).bit_length()) - len(mels)
    return np.concatenate([mels, np.zeros((missing, *mels.shape[1:]), np.float32)]) if missing else mels


def _device(session: Session) -> Literal["cpu", "cuda"]:
    return "cuda" if session.get_providers()[0] == _CUDA else "cpu"


def open_network(device: Device = "auto", *, opening: Opening | None = None) -> OwnNetwork:
    """Where a short run is fastest; `opening` stands for ONNX Runtime in tests."""
    start = opening or _session
    if device == "cpu":
        return OwnNetwork(start([_CPU]), reason="the processor was asked for")
    if opening is None and _CUDA not in onnxruntime.get_available_providers():
        return OwnNetwork(start([_CPU]), reason="this ONNX Runtime has no CUDA provider")
    if hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()
    try:
        return _faster(start, device)
    except FAULTS as error:
        reason = f"the CUDA device failed: {_short(error)}"
        return OwnNetwork(start([_CPU]), reason=reason, fell_back=True)


def _faster(start: Opening, device: Device) -> OwnNetwork:
    gpu = start([_CUDA, _CPU])
    if _device(gpu) == "cpu":  # ONNX Runtime says nothing when CUDA cannot be started
        return OwnNetwork(gpu, reason="no CUDA device could be started", fell_back=True)
    on_gpu = _seconds(gpu, _GPU_PATCHES) / _GPU_PATCHES
    processor = start([_CPU])
    on_cpu = _seconds(processor, 1)
    reason = f"a patch takes {1e3 * on_gpu:.2f} ms on CUDA and {1e3 * on_cpu:.2f} on the processor"
    if device == "auto" and on_cpu < on_gpu:
        return OwnNetwork(processor, reason=reason)
    return OwnNetwork(gpu, reason=reason, opening=start)


def _short(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]


def _seconds(session: Session, patches: int) -> float:
    """The better of two runs after a first one, which prepares."""
    mels = np.zeros((patches, 187, 96), np.float32)
    best = math.inf
    for run in range(3):
        begun = time.perf_counter()
        session.run(_OUTPUTS, {"melspectrogram": mels})
        best = min(best, time.perf_counter() - begun) if run else best
    return best


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


def _session(providers: Sequence[str]) -> Session:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    model = resources.files("segue.analysis").joinpath("models", f"{MODEL}.onnx").read_bytes()
    session: Session = onnxruntime.InferenceSession(model, options, providers=list(providers))
    return session
