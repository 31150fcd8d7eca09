"""The checkpoint's layers, with filters that training has switched off told apart."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segue.analysis.convert.checkpoint import Variables

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_NORM_EPSILON = 1e-3
_DEAD_GAIN = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Convolution:
    """conv -> ReLU -> batch norm; a filter that is not `live` always gives its `constant`.

    Weight decay drove most filters to zero. What such a filter gives does not depend on the
    input, so the graph leaves it out and folds the constant into what reads it.
    """

    kernel: Array  # [time, bands or features, 1, filters]
    bias: Array
    scale: Array
    shift: Array
    live: Mask
    constant: Array  # 0 where live


@dataclass(frozen=True, slots=True, kw_only=True)
class Dense:
    """A dense layer with the batch norm before it folded in; `scale` and `shift` are that norm's."""

    kernel: Array
    bias: Array
    scale: Array
    shift: Array


class Checkpoint:
    """Layers by their number in the checkpoint's variable names."""

    def __init__(self, variables: Variables, *, keep_dead: bool) -> None:
        first = next(name for name in variables if name.endswith("conv2d/kernel"))
        self._prefix = first.removesuffix("conv2d/kernel")
        self._variables = variables
        self._keep_dead = keep_dead

    def convolution(self, number: int) -> Convolution:
        kernel, bias = self._get("conv2d", number, "kernel"), self._get("conv2d", number, "bias")
        scale, shift = self.norm(number + 1)  # norm 0 belongs to the input
        gain = np.sqrt((kernel**2).sum((0, 1, 2))) * np.abs(scale)
        live = np.ones(len(gain), bool) if self._keep_dead else gain > _DEAD_GAIN
        constant = np.where(live, 0.0, np.maximum(bias, 0) * scale + shift)
        return Convolution(kernel=kernel, bias=bias, scale=scale, shift=shift, live=live, constant=constant)

    def dense(self, number: int) -> Dense:
        scale, shift = self.norm(9 + number)
        return Dense(
            kernel=self._get("dense", number, "kernel"),
            bias=self._get("dense", number, "bias"),
            scale=scale,
            shift=shift,
        )

    def norm(self, number: int) -> tuple[Array, Array]:
        """A batch norm as (scale, shift)."""
        layer = "batch_normalization"
        variance = self._get(layer, number, "moving_variance")
        scale = self._get(layer, number, "gamma") / np.sqrt(variance + _NORM_EPSILON)
        shift = self._get(layer, number, "beta") - self._get(layer, number, "moving_mean") * scale
        return scale, shift

    def _get(self, layer: str, number: int, name: str) -> Array:
        suffix = f"_{number}" if number else ""
        return self._variables[f"{self._prefix}{layer}{suffix}/{name}"].astype(np.float64)


def exact_product(row: Array, matrix: Array) -> Array:
    """`row @ matrix`, summed exactly: the same bits on every machine."""
    return np.array([math.fsum(row * column) for column in matrix.T])
