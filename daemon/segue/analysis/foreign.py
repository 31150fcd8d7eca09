"""Other people's ONNX models, told by the shapes of their tensors; each is a space or a head of its own.

A model that reads log-mel patches [n, 187, 96] gives an embedding; one that reads embeddings [n, 200]
is a head, such as a mood. Nothing else is run.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import onnxruntime

from segue.analysis.faults import FAULTS
from segue.analysis.mel import BANDS, PATCH_FRAMES

__all__ = ["Foreign", "ModelError", "Others", "open_folder", "open_foreign"]

EMBEDDING = 200
_LARGEST_BYTES = 1 << 30
_NAMED = ("embedding", "dense/BiasAdd")
Floats = npt.NDArray[np.float32]
Kind = Literal["embedding", "head"]
Shape = Sequence[int | str | None]


class ModelError(Exception):
    """The file is no model that can be used; the message is a sentence for the person who put it there."""


@dataclass(frozen=True)
class Foreign:
    """A model that works: `size` numbers for each patch."""

    name: str
    kind: Kind
    reads: Literal["patches", "embeddings"]
    size: int
    session: onnxruntime.InferenceSession
    output: str
    at_a_time: int | None

    def __call__(self, rows: Floats) -> Floats:
        """ModelError when it does not give what it promised."""
        step = self.at_a_time or len(rows)
        feed = self.session.get_inputs()[0].name
        try:
            parts = [
                self.session.run([self.output], {feed: rows[start : start + step]})[0]
                for start in range(0, len(rows), step)
            ]
        except FAULTS as error:
            raise ModelError(f"It fails when it is run: {_short(error)}") from error
        answer = np.concatenate(parts).astype(np.float32, copy=False)
        if answer.shape != (len(rows), self.size) or not np.isfinite(answer).all():
            raise ModelError("Its answers are not the finite numbers that its shape promises.")
        return answer


class Others:
    """Lets models hear what the network hears; one that fails falls silent, the others go on."""

    def __init__(self, models: Iterable[Foreign]) -> None:
        self._sums: dict[Foreign, npt.NDArray[np.float64]] = {model: np.zeros(model.size) for model in models}
        self._patches = 0

    def add(self, mels: Floats, embeddings: Floats) -> None:
        """A batch of patches, and what the network makes of it."""
        self._patches += len(mels)
        for model in list(self._sums):
            try:
                answer = model(mels if model.reads == "patches" else embeddings)
            except ModelError:
                del self._sums[model]
            else:
                self._sums[model] += answer.sum(axis=0, dtype=np.float64)

    def result(self, kind: Kind) -> dict[str, Floats]:
        """Means over patches by the model's name."""
        return {
            model.name: (total / max(1, self._patches)).astype(np.float32)
            for model, total in self._sums.items()
            if model.kind == kind
        }


def open_folder(folder: Path) -> tuple[list[Foreign], dict[str, str]]:
    """What can be used of a folder's ONNX files, and by name why the others cannot."""
    models, refused = [], {}
    for path in sorted(folder.glob("*.onnx")):
        try:
            models.append(open_foreign(path))
        except ModelError as error:
            refused[path.stem] = str(error)
    return models, refused


def open_foreign(path: Path) -> Foreign:
    """ModelError when the file is not a model of one of the two kinds, or does not work."""
    session = _open(path)
    inputs = session.get_inputs()
    if len(inputs) != 1 or inputs[0].type != "tensor(float)":
        raise ModelError("It must have one input of 32-bit floating-point numbers.")
    shape: Shape = inputs[0].shape
    if len(shape) == 3 and list(shape[1:]) == [PATCH_FRAMES, BANDS]:
        model = _from_patches(path.stem, session, _batch(shape))
    elif len(shape) == 2 and shape[1] == EMBEDDING:
        output, size = _only(_tables(session))
        model = Foreign(path.stem, "head", "embeddings", size, session, output, _batch(shape))
    else:
        raise ModelError(
            f"It reads {_words(shape)}; known are patches of {PATCH_FRAMES} x {BANDS} and embeddings of "
            f"{EMBEDDING}."
        )
    model(np.zeros((2, *[int(size) for size in shape[1:] if size]), np.float32))
    return model


def _from_patches(name: str, session: onnxruntime.InferenceSession, at_a_time: int | None) -> Foreign:
    tables = _tables(session)
    named = [table for table in tables if any(word in table[0] for word in _NAMED)]
    wide = [table for table in tables if table[1] == EMBEDDING]
    output, size = _only(named[:1] or (wide if len(wide) == 1 else tables))
    kind: Kind = "head" if not named and size < EMBEDDING else "embedding"
    return Foreign(name, kind, "patches", size, session, output, at_a_time)


def _open(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise ModelError("It is larger than 1 GiB.")
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except OSError as error:
        raise ModelError(f"It cannot be read: {error.strerror}.") from error
    except FAULTS as error:
        raise ModelError(f"It is no ONNX model that can be run: {_short(error)}") from error


def _tables(session: onnxruntime.InferenceSession) -> list[tuple[str, int]]:
    """Outputs of a row for each patch, with their width."""
    return [
        (output.name, output.shape[1])
        for output in session.get_outputs()
        if output.type == "tensor(float)" and len(output.shape) == 2 and isinstance(output.shape[1], int)
    ]


def _only(tables: Sequence[tuple[str, int]]) -> tuple[str, int]:
    if len(tables) != 1:
        names = ", ".join(name for name, _ in tables) or "none"
        raise ModelError(f"It must have one output with a row for each patch, but has: {names}.")
    return tables[0]


def _batch(shape: Shape) -> int | None:
    return shape[0] if isinstance(shape[0], int) and shape[0] > 0 else None


def _words(shape: Shape) -> str:
    return "[" + ", ".join(str(size) if isinstance(size, int) else "n" for size in shape) + "]"


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
