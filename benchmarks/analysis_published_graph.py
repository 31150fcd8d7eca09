"""The published network layer by layer, as converters from TensorFlow write it, for `analysis.py` to time.

Nothing is folded and every maximum is taken where the network takes it: what others run.
"""

from pathlib import Path

import numpy as np

from segue.analysis.convert.graph import Graph
from segue.analysis.convert.layers import Array, Checkpoint, Convolution
from segue.analysis.convert.wheel import read_wheel
from segue.analysis.mel import BANDS, PATCH_FRAMES

_EPSILON = 1e-5
_REACH = 3


def published(wheel: Path) -> bytes:
    """The model's bytes: melspectrogram [n, 187, 96] to embedding and activations."""
    graph, checkpoint = Graph(), Checkpoint(read_wheel(wheel), keep_dead=True)
    layers = [checkpoint.convolution(number) for number in range(8)]
    x = graph.op("Unsqueeze", "melspectrogram", graph.constant("axis", [1]))
    x = _norm(graph, "input", *checkpoint.norm(0), x)
    front = graph.op("Concat", *(_front(graph, f"front{i}", layers[i], x) for i in range(5)), axis=1)
    mid1 = _mid(graph, "mid1", layers[5], front)
    mid2 = graph.op("Add", _mid(graph, "mid2", layers[6], mid1), mid1)
    mid3 = graph.op("Add", _mid(graph, "mid3", layers[7], mid2), mid2)
    every = graph.op("Concat", front, mid1, mid2, mid3, axis=1)
    pooled = [graph.op(kind, every, axes=[2], keepdims=1) for kind in ("ReduceMax", "ReduceMean")]
    x = graph.op("Reshape", graph.op("Concat", *pooled, axis=2), graph.constant("flat", [0, -1]))
    x = _dense(graph, "embedding", checkpoint, 0, x, out="embedding")
    x = _dense(graph, "tags", checkpoint, 1, graph.op("Relu", x), out="logits")
    graph.op("Sigmoid", x, out="activations")
    model = graph.model(
        "published",
        inputs={"melspectrogram": ["batch", PATCH_FRAMES, BANDS]},
        outputs={"embedding": ["batch", 200], "activations": ["batch", 50]},
        notes={},
    )
    return bytes(model.SerializeToString())


def _front(graph: Graph, name: str, layer: Convolution, x: str) -> str:
    taps, bands = layer.kernel.shape[:2]
    before = _REACH if bands > 1 else (taps - 1) // 2
    x = _convolution(graph, name, layer, x, [before, 0, taps - 1 - before, 0])
    x = graph.op("MaxPool", x, kernel_shape=[1, BANDS - bands + 1])
    return graph.op("Squeeze", x, graph.constant("band_axis", [3]))


def _mid(graph: Graph, name: str, layer: Convolution, x: str) -> str:
    kernel = graph.constant(f"{name}.kernel", layer.kernel[:, :, 0].transpose(2, 1, 0))
    x = graph.op("Conv", x, kernel, graph.constant(f"{name}.bias", layer.bias), pads=[_REACH, _REACH])
    return _norm(graph, name, layer.scale, layer.shift, graph.op("Relu", x))


def _convolution(graph: Graph, name: str, layer: Convolution, x: str, pads: list[int]) -> str:
    kernel = graph.constant(f"{name}.kernel", layer.kernel[:, :, 0].transpose(2, 0, 1)[:, None])
    x = graph.op("Conv", x, kernel, graph.constant(f"{name}.bias", layer.bias), pads=pads)
    return _norm(graph, name, layer.scale, layer.shift, graph.op("Relu", x))


def _norm(graph: Graph, name: str, scale: Array, shift: Array, x: str) -> str:
    parts = {"scale": scale, "shift": shift, "mean": 0 * scale, "variance": 0 * scale + 1 - _EPSILON}
    constants = (graph.constant(f"{name}.{part}", value) for part, value in parts.items())
    return graph.op("BatchNormalization", x, *constants)


def _dense(graph: Graph, name: str, checkpoint: Checkpoint, number: int, x: str, *, out: str) -> str:
    layer = checkpoint.dense(number)
    x = _norm(graph, name, layer.scale, layer.shift, x)
    kernel = graph.constant(f"{name}.kernel", layer.kernel)
    return graph.op("Gemm", x, kernel, graph.constant(f"{name}.bias", np.asarray(layer.bias)), out=out)
