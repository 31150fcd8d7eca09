"""The front end's tall filters, computed along the bands in the frequency domain.

A filter of 38 or 67 bands slides over 96 of them: as a product of transforms that is far less to
multiply. And only the loudest position counts: the inverse transform's even part c and odd part s,
taken around the middle, make the positions at equal distances from it c + s and c - s, so that the
louder one is c + |s|, and half of the inverse need not be computed.
"""

from dataclasses import dataclass

import numpy as np

from segue.analysis.convert.graph import Graph
from segue.analysis.convert.layers import Array, exact_product
from segue.analysis.mel import BANDS, PATCH_FRAMES

_BINS = BANDS // 2 + 1
_REACH = 3


@dataclass(frozen=True, slots=True)
class Transformed:
    """A patch's frames in the frequency domain, each beside its six neighbours: [bins, 14, N * 187]."""

    tensor: str


def transform_bands(graph: Graph, x: str) -> Transformed:
    """`x` is [N, 187, 96]; before and after it TensorFlow sees three frames of zeros."""
    padding = graph.constant("bands.padding", [0, _REACH, 0, 0, _REACH, 0])
    x = graph.op("Pad", x, padding)
    x = graph.op("MatMul", x, graph.constant("bands.transform", _transform()))  # [N, 193, 2 * bins]
    x = graph.op("Transpose", x, perm=[2, 0, 1])
    taps = [_frames_from(graph, x, tap) for tap in range(2 * _REACH + 1)]
    x = graph.op("Concat", *taps, axis=1)
    return Transformed(graph.op("Reshape", x, graph.constant("bands.by_bin", [_BINS, 14, -1])))


def loudest_band(graph: Graph, name: str, kernel: Array, bias: Array, x: Transformed) -> str:
    """conv -> maximum over the bands, [N, filters, 187]; the kernel is [7, bands, filters]."""
    positions, filters = BANDS - kernel.shape[1] + 1, kernel.shape[2]
    even, odd = _products(kernel, middle=(positions - 1) / 2)
    c_rows, s_rows = _inverse(positions)
    c = _part(graph, f"{name}.even", even, c_rows, x)
    s = _part(graph, f"{name}.odd", odd, s_rows, x)
    y = graph.op("Add", c, graph.op("Abs", s))
    y = graph.op("Reshape", y, graph.constant(f"{name}.as_image", [1, 1, len(c_rows), -1]))
    y = graph.op("MaxPool", y, kernel_shape=[len(c_rows), 1])  # ReduceMax takes several times as long
    y = graph.op("Reshape", y, graph.constant(f"{name}.by_filter", [filters, -1, PATCH_FRAMES]))
    y = graph.op("Transpose", y, perm=[1, 0, 2])
    return graph.op("Add", y, graph.constant(f"{name}.bias", bias[:, None]))


def _part(graph: Graph, name: str, product: Array, inverse: Array, x: Transformed) -> str:
    y = graph.op("MatMul", graph.constant(f"{name}.kernel", product), x.tensor)
    y = graph.op("Reshape", y, graph.constant("bands.flat", [_BINS, -1]))
    return graph.op("MatMul", graph.constant(f"{name}.inverse", inverse), y)


def _products(kernel: Array, *, middle: float) -> tuple[Array, Array]:
    """Each bin's [filters, 14]: real and imaginary part of the product with a kernel's transform."""
    taps, bands, filters = kernel.shape
    turns = np.outer(np.arange(bands) + middle, np.arange(_BINS)) / BANDS
    cosine, sine = (_exactly(kernel, wave(2 * np.pi * turns)) for wave in (np.cos, np.sin))
    even, odd = np.stack([cosine, -sine], axis=1), np.stack([sine, cosine], axis=1)
    shape = 2 * taps, filters, _BINS
    return even.reshape(shape).transpose(2, 1, 0), odd.reshape(shape).transpose(2, 1, 0)


def _exactly(kernel: Array, wave: Array) -> Array:
    """[taps, filters, bins]: the same bits on every machine."""
    return np.array([[exact_product(row, wave) for row in tap.T] for tap in kernel])


def _inverse(positions: int) -> tuple[Array, Array]:
    """[positions to one side of the middle, bins], for the even and for the odd part."""
    side = np.arange((positions - 1) % 2 / 2, positions / 2, 1.0)
    angle = 2 * np.pi * np.outer(side, np.arange(_BINS)) / BANDS
    weight = np.full(_BINS, 2 / BANDS)
    weight[[0, -1]] /= 2
    return np.cos(angle) * weight, -np.sin(angle) * weight


def _frames_from(graph: Graph, x: str, tap: int) -> str:
    start, end = graph.constant(f"tap.{tap}", [tap]), graph.constant(f"tap.{tap}.end", [tap + PATCH_FRAMES])
    part = graph.op("Slice", x, start, end, graph.constant("tap.axis", [2]))
    return graph.op("Reshape", part, graph.constant("tap.shape", [_BINS, 2, -1]))


def _transform() -> Array:
    """[96, 2 * bins]: cosine and minus sine of each bin, side by side."""
    angle = 2 * np.pi * np.outer(np.arange(BANDS), np.arange(_BINS)) / BANDS
    return np.stack([np.cos(angle), -np.sin(angle)], axis=2).reshape(BANDS, -1)
