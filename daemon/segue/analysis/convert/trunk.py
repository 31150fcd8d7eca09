"""Log-mel patches to pooled features: the convolutional part of the network."""

from dataclasses import dataclass

import numpy as np

from segue.analysis.convert.graph import Graph
from segue.analysis.convert.layers import Array, Checkpoint, Convolution, Mask, exact_product
from segue.analysis.mel import PATCH_FRAMES

_REACH = 3
"""Frames that a 7-frame kernel reads on either side."""


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
    x = graph.op("Unsqueeze", mel, graph.constant("channel_axis", [1]))
    x = graph.op("Mul", x, graph.constant("input.scale", scale))
    x = graph.op("Add", x, graph.constant("input.shift", shift))
    front = _concat(graph, *(_front(graph, f"front{i}", layer, x) for i, layer in enumerate(layers[:5])))
    mid1 = _mid(graph, "mid1", layers[5], front)
    mid2 = _sum(graph, "sum2", _mid(graph, "mid2", layers[6], mid1), mid1)
    mid3 = _sum(graph, "sum3", _mid(graph, "mid3", layers[7], mid2), mid2)
    return _concat(graph, front, mid1, mid2, mid3)


def _front(graph: Graph, name: str, layer: Convolution, x: str) -> Channels:
    """conv -> maximum over the bands -> ReLU -> norm.

    The network takes the maximum last. ReLU and a positive scale commute with it, so it is
    taken at once, where the array shrinks most; a negative scale turns the filter's sign around it.
    """
    taps, bands = layer.kernel.shape[:2]
    before = _REACH if bands > 1 else (taps - 1) // 2  # TensorFlow pads the odd frame at the end
    scale, bias = layer.scale[layer.live], layer.bias[layer.live]
    sign = np.where(scale < 0, -1.0, 1.0)
    kernel = (layer.kernel[..., layer.live] * sign).transpose(3, 2, 0, 1)
    weights = graph.constant(f"{name}.kernel", kernel), graph.constant(f"{name}.bias", bias * sign)
    x = graph.op("Conv", x, *weights, pads=[before, 0, taps - 1 - before, 0])
    x = graph.op("ReduceMax", x, axes=[3], keepdims=0)
    if (sign < 0).any():
        x = graph.op("Mul", x, graph.constant(f"{name}.sign", sign[:, None]))
    return Channels(_activation(graph, name, layer, x), layer.live, layer.constant)


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
