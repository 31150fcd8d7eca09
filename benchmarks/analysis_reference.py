"""Compares our network and front end with the published ones, run in TensorFlow and librosa.

    python -m venv tf && tf/bin/pip install tensorflow-cpu librosa av soxr soundfile pyebur128 onnxruntime
    pip download --no-deps musicnn==0.1.0
    PYTHONPATH=daemon:. tf/bin/python benchmarks/analysis_reference.py WHEEL [FILE...]

Prints the largest difference on generated audio and on each FILE; `--store PATH` writes what the
original graph says about the generated audio, which the tests compare with.
"""

import argparse
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import tensorflow as tf

from segue.analysis.mel import PATCH_SAMPLES, PATCH_STEP, LogMel
from segue.analysis.mono import Mono
from segue.analysis.network import open_network
from segue.analysis.source import open_source
from tests.daemon.analysis.reference.pieces import PIECES, piece

Original = Callable[[Any], tuple[Any, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--store", type=Path)
    arguments = parser.parse_args()
    original = load_original(arguments.wheel)
    generated = np.concatenate([patches_of(piece(name)) for name in PIECES])
    embedding, tags = original(np.stack([published_mel(patch) for patch in generated]))
    if arguments.store:
        np.savez_compressed(arguments.store, embedding=embedding, tags=tags)
    print("| audio | patches | embedding | tags | log-mel |\n| --- | --- | --- | --- | --- |")
    compare("generated", generated, original)
    for file in arguments.files:
        compare(file.name, patches_of(samples_of(file)), original)


def compare(name: str, patches: Any, original: Original) -> None:
    published = np.stack([published_mel(patch) for patch in patches])
    mels = np.stack([LogMel()(patch) for patch in patches])
    embedding, tags = original(published)
    heard = open_network("cpu")(mels)
    figures = [
        np.abs(ours - theirs).max()
        for ours, theirs in ((heard.embedding, embedding), (heard.tags, tags), (mels, published))
    ]
    print(f"| {name} | {len(patches)} | " + " | ".join(f"{figure:.1e}" for figure in figures) + " |")


def load_original(wheel: Path) -> Original:
    """The graph and the variables as their author published them, in inference mode."""
    tf1 = tf.compat.v1
    tf1.disable_eager_execution()
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(wheel).extractall(folder)
        model = f"{folder}/musicnn/MSD_musicnn/"
        meta = tf1.MetaGraphDef.FromString(Path(model, ".meta").read_bytes())
        for node in meta.graph_def.node:
            node.attr.pop("_output_shapes", None)  # newer versions refuse those of the gradients
        session = tf1.Session()
        tf1.train.import_meta_graph(meta, clear_devices=True).restore(session, model)
    wanted = ["model/dense/BiasAdd:0", "model/Sigmoid:0"]

    def run(mels: Any) -> tuple[Any, Any]:
        embedding, tags = session.run(wanted, {"model/Placeholder:0": mels, "model/Placeholder_2:0": False})
        return embedding, tags

    return run


def published_mel(samples: Any) -> Any:
    """The front end as the network's author trained with it."""
    power = librosa.feature.melspectrogram(
        y=samples, sr=16_000, n_fft=512, hop_length=256, n_mels=96, center=False
    )
    return np.log10(10_000 * power + 1).T.astype(np.float32)


def samples_of(file: Path) -> Any:
    mono = Mono()
    with open_source(file) as source:
        parts = [mono.feed(block) for block in source.blocks()]
    return np.concatenate([*parts, mono.finish()])


def patches_of(samples: Any) -> Any:
    starts: Iterator[int] = iter(range(0, len(samples) - PATCH_SAMPLES + 1, PATCH_STEP))
    return np.stack([samples[start : start + PATCH_SAMPLES] for start in starts])


if __name__ == "__main__":
    main()
