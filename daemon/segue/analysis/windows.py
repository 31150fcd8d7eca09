"""Overlapping windows over a stream that arrives in pieces."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


class Windows:
    """Cuts along the last axis and holds back only what the next window still needs."""

    def __init__(self, size: int, step: int) -> None:
        self._size = size
        self._step = step
        self._held: Array | None = None

    def feed(self, values: Array) -> Array:
        """The windows that are complete now, [..., n, size]; a view."""
        if self._held is not None and self._held.shape[-1]:
            values = np.concatenate([self._held, values], axis=-1)
        count = max(0, (values.shape[-1] - self._size) // self._step + 1)
        self._held = values[..., count * self._step :]
        if count == 0:
            return np.zeros((*values.shape[:-1], 0, self._size), np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(values, self._size, axis=-1)
        return windows[..., : (count - 1) * self._step + 1 : self._step, :]

    def end(self) -> Array:
        """What no window has begun with yet; the next value starts a new stream."""
        held, self._held = self._held, None
        return np.zeros(0, np.float32) if held is None else held
