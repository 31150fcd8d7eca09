"""The whole network as ONNX models: one hears log-mel patches, one hears samples."""

import numpy as np
from onnx import ModelProto

from segue.analysis.convert.checkpoint import Variables
from segue.analysis.convert.graph import Graph, Shapes
from segue.analysis.convert.layers import Checkpoint, exact_product
from segue.analysis.convert.trunk import Channels, add_trunk
from segue.analysis.mel import BANDS, FFT_SIZE, HOP, PATCH_FRAMES, PATCH_SAMPLES, filterbank, window
from segue.model import MODEL_TAGS

MEL_MODEL = "msd_musicnn"
AUDIO_MODEL = "msd_musicnn-audio"

_NOTES = {
    "weights": "musicnn 0.1.0 MSD_musicnn",
    "license": "ISC; Copyright (c) Music Technology Group, Universitat Pompeu Fabra 2019",
    "tags": ";".join(MODEL_TAGS),
    "embedding_layer": "dense BiasAdd: after the batch norm of the pooled features, before ReLU",
    "front_end": "16 kHz mono, 512/256 periodic Hann power, 96 Slaney mels, log10(1+10000x)",
}


def build(variables: Variables, *, keep_dead: bool = False) -> dict[str, ModelProto]:
    """Both models by name; `keep_dead` leaves switched-off filters in, for comparison."""
    checkpoint = Checkpoint(variables, keep_dead=keep_dead)
    return {MEL_MODEL: _mel_model(checkpoint), AUDIO_MODEL: _audio_model(checkpoint)}


def _mel_model(checkpoint: Checkpoint) -> ModelProto:
    graph = Graph()
    outputs = _add_network(graph, checkpoint, "melspectrogram")
    inputs: Shapes = {"melspectrogram": ["batch", PATCH_FRAMES, BANDS]}
    return graph.model(MEL_MODEL, inputs=inputs, outputs=outputs, notes=_NOTES)


def _audio_model(checkpoint: Checkpoint) -> ModelProto:
    graph = Graph()
    outputs = _add_network(graph, checkpoint, _add_mel(graph, "audio"))
    inputs: Shapes = {"audio": ["batch", PATCH_SAMPLES]}
    return graph.model(AUDIO_MODEL, inputs=inputs, outputs=outputs, notes=_NOTES)


def _add_network(graph: Graph, checkpoint: Checkpoint, mel: str) -> Shapes:
    channels = add_trunk(graph, checkpoint, mel)
    pooled = graph.op(
        "Concat",
        graph.op("ReduceMax", channels.tensor, axes=[2], keepdims=0),
        graph.op("ReduceMean", channels.tensor, axes=[2], keepdims=0),
        axis=1,
        out="features",
    )
    embedding = _add_embedding(graph, checkpoint, channels, pooled)
    graph.op("Sigmoid", _add_head(graph, checkpoint, embedding), out="activations")
    width = 2 * int(channels.live.sum())
    return {"embedding": ["batch", 200], "activations": ["batch", 50], "features": ["batch", width]}


def _add_embedding(graph: Graph, checkpoint: Checkpoint, channels: Channels, pooled: str) -> str:
    """The checkpoint's rows alternate (maximum, mean) by channel; ours are all maxima, then all means."""
    dense = checkpoint.dense(0)
    constant = np.repeat(channels.constant, 2)
    bias = dense.bias + exact_product(dense.shift + constant * dense.scale, dense.kernel)
    kernel = dense.kernel * dense.scale[:, None]
    rows = np.concatenate([kernel[0::2][channels.live], kernel[1::2][channels.live]])
    weights = graph.constant("embedding.kernel", rows), graph.constant("embedding.bias", bias)
    return graph.op("Gemm", pooled, *weights, out="embedding")


def _add_head(graph: Graph, checkpoint: Checkpoint, embedding: str) -> str:
    dense = checkpoint.dense(1)
    bias = dense.bias + exact_product(dense.shift, dense.kernel)
    kernel = graph.constant("tags.kernel", dense.kernel * dense.scale[:, None])
    return graph.op("Gemm", graph.op("Relu", embedding), kernel, graph.constant("tags.bias", bias))


def _add_mel(graph: Graph, audio: str) -> str:
    """The front end of `segue.analysis.mel` as graph nodes; the spectrum is a strided convolution."""
    x = graph.op("Unsqueeze", audio, graph.constant("audio_axis", [1]))
    x = graph.op("Conv", x, graph.constant("mel.dft", _windowed_dft()[:, None]), strides=[HOP])
    x = graph.op("Mul", x, x)
    both = np.concatenate([filterbank()] * 2, axis=1)  # over squared real, then imaginary parts
    x = graph.op("MatMul", graph.constant("mel.filterbank", both), x)
    x = graph.op("Mul", x, graph.constant("mel.gain", 10_000.0))
    x = graph.op("Log", graph.op("Add", x, graph.constant("mel.one", 1.0)))
    x = graph.op("Mul", x, graph.constant("mel.log10", 1 / np.log(10)))
    return graph.op("Transpose", x, perm=[0, 2, 1])


def _windowed_dft() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """[514, 512]: the transform's cosine rows, then its sine rows."""
    angle = 2 * np.pi * np.outer(np.arange(FFT_SIZE // 2 + 1), np.arange(FFT_SIZE)) / FFT_SIZE
    return np.concatenate([np.cos(angle), -np.sin(angle)]) * window()
