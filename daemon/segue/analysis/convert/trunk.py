"""Log-mel patches to pooled features: the convolutional part of the network."""

from dataclasses import dataclass

import numpy as np

from segue.analysis.convert.bands import Transformed, loudest_band, transform_bands
from segue.analysis.convert.graph import Graph
from segue.analysis.convert.layers import Array, Checkpoint, Convolution, Mask, exact_product
from segue.analysis.mel import BANDS, PATCH_FRAMES

_REACH = 3
"""Frames that a 7-frame kernel reads on either side."""
_LANES = 16
_PATCH_BOUNDS = (("start", 0), ("end", PATCH_FRAMES), ("axis", 2))


@dataclass(frozen=True, slots=True)
class Channels:
    """A tensor [N, live, 187] beside the constants of the channels that it leaves out."""

    tensor: str
    live: Mask
    constant: Array


def add_trunk(graph: Graph, checkpoint: Checkpoint, mel: str) -> Channels:
    """All 753 channels that are pooled over time: the front end and the three mid blocks."""
    layers = [checkpoint.convolution(number) for number in range(8)]
    scale, shift = checkpoint.norm(0)
    x = graph.op("Mul", mel, graph.constant("input.scale", scale))
    x = graph.op("Add", x, graph.constant("input.shift", shift))
    bands = transform_bands(graph, x)
    x = graph.op("Unsqueeze", x, graph.constant("channel_axis", [1]))
    front = _concat(
        graph, *(_front(graph, f"front{i}", layer, x, bands) for i, layer in enumerate(layers[:5]))
    )
    mid1 = _mid(graph, "mid1", layers[5], front)
    mid2 = _sum(graph, "sum2", _mid(graph, "mid2", layers[6], mid1), mid1)
    mid3 = _sum(graph, "sum3", _mid(graph, "mid3", layers[7], mid2), mid2)
    return _concat(graph, front, mid1, mid2, mid3)


def _front(graph: Graph, name: str, layer: Convolution, x: str, bands: Transformed) -> Channels:
    """conv -> maximum over the bands -> ReLU -> norm.

    The network takes the maximum last. ReLU and a positive scale commute with it, so it is
    taken at once, where the array shrinks most; a negative scale turns the filter's sign around it.
    """
    sign = np.where(layer.scale[layer.live] < 0, -1.0, 1.0)
    kernel, bias = layer.kernel[:, :, 0, layer.live] * sign, layer.bias[layer.live] * sign
    tall = kernel.shape[1] > 1
    x = loudest_band(graph, name, kernel, bias, bands) if tall else _loudest(graph, name, kernel, bias, x)
    if (sign < 0).any():
        x = graph.op("Mul", x, graph.constant(f"{name}.sign", sign[:, None]))
    return Channels(_activation(graph, name, layer, x), layer.live, layer.constant)


def _loudest(graph: Graph, name: str, kernel: Array, bias: Array, x: str) -> str:
    """conv -> maximum over the bands, for filters of one band."""
    parts = []
    for start in range(0, len(bias), _LANES):
        some = slice(start, start + _LANES)
        parts.append(_loudest_of_lanes(graph, f"{name}.{start}", kernel[..., some], bias[some], x))
    return graph.op("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]


def _loudest_of_lanes(graph: Graph, name: str, kernel: Array, bias: Array, x: str) -> str:
    """[N, filters, 187].

    Processors compute 16 filters at the price of one. Where there are fewer, every filter looks
    at several frames at once, as if its shifted copies were filters of their own.
    """
    taps, _, filters = kernel.shape
    frames = _LANES // filters
    steps = -(-PATCH_FRAMES // frames)
    before = (taps - 1) // 2  # TensorFlow pads the odd frame at the end
    after = taps - 1 - before + steps * frames - PATCH_FRAMES
    copies = [np.pad(kernel, [(shift, frames - 1 - shift), (0, 0), (0, 0)]) for shift in range(frames)]
    weights = np.stack(copies, axis=-1).reshape(taps + frames - 1, 1, filters * frames)
    x = graph.op(
        "Conv",
        x,
        graph.constant(f"{name}.kernel", weights.transpose(2, 0, 1)[:, None]),
        graph.constant(f"{name}.bias", np.repeat(bias, frames)),
        pads=[before, 0, after, 0],
        strides=[frames, 1],
    )
    x = graph.op("MaxPool", x, kernel_shape=[1, BANDS])
    if frames == 1:
        return graph.op("Squeeze", x, graph.constant("band_axis", [3]))
    x = graph.op("Reshape", x, graph.constant(f"{name}.by_shift", [0, filters, frames, steps]))
    x = graph.op("Transpose", x, perm=[0, 1, 3, 2])
    x = graph.op("Reshape", x, graph.constant(f"{name}.by_frame", [0, filters, steps * frames]))
    bounds = (graph.constant(f"patch.{bound}", [value]) for bound, value in _PATCH_BOUNDS)
    return graph.op("Slice", x, *bounds)


def _mid(graph: Graph, name: str, layer: Convolution, x: Channels) -> Channels:
    """7-frame conv -> ReLU -> norm; constant channels become a bias for each filter and frame.

    Zero padding lets a constant weigh less in a patch's first and last three frames.
    """
    kernel = layer.kernel[:, :, 0, layer.live]
    taps = np.array([exact_product(x.constant, tap) for tap in kernel])
    frame, tap = np.ogrid[:PATCH_FRAMES, : len(taps)]
    read = frame + tap - _REACH
    inside = (read >= 0) & (read < PATCH_FRAMES)
    bias = layer.bias[layer.live] + np.array([exact_product(row, taps) for row in inside.astype(float)])
    weights = graph.constant(f"{name}.kernel", kernel[:, x.live].transpose(2, 1, 0))
    y = graph.op("Conv", x.tensor, weights, pads=[_REACH, _REACH])
    y = graph.op("Add", y, graph.constant(f"{name}.bias", bias.T))
    return Channels(_activation(graph, name, layer, y), layer.live, layer.constant)


def _activation(graph: Graph, name: str, layer: Convolution, x: str) -> str:
    scale = graph.constant(f"{name}.scale", layer.scale[layer.live, None])
    shift = graph.constant(f"{name}.shift", layer.shift[layer.live, None])
    return graph.op("Add", graph.op("Mul", graph.op("Relu", x), scale), shift)


def _sum(graph: Graph, name: str, a: Channels, b: Channels) -> Channels:
    live, constant = a.live | b.live, a.constant + b.constant
    total = graph.op("Add", _spread(graph, f"{name}.a", a, live), _spread(graph, f"{name}.b", b, live))
    if constant[live].any():
        total = graph.op("Add", total, graph.constant(f"{name}.constant", constant[live, None]))
    return Channels(total, live, np.where(live, 0.0, constant))


def _spread(graph: Graph, name: str, x: Channels, live: Mask) -> str:
    """The tensor with zeros for channels that are live only in the sum."""
    if (x.live == live).all():
        return x.tensor
    return graph.op("MatMul", graph.constant(name, np.eye(len(live))[live][:, x.live]), x.tensor)


def _concat(graph: Graph, *parts: Channels) -> Channels:
    return Channels(
        graph.op("Concat", *(part.tensor for part in parts), axis=1),
        np.concatenate([part.live for part in parts]),
        np.concatenate([part.constant for part in parts]),
    )
