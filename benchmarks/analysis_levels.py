"""How near `fast` and `balanced` come to `full`, in the raw embedding and in the vector that serves.

PYTHONPATH=. OMP_NUM_THREADS=1 .venv/bin/python benchmarks/analysis_levels.py MUSIC [SONGS]
"""

import sys
from pathlib import Path

import numpy as np

from segue.analysis.hearing import hear_with
from segue.analysis.network import open_network
from segue.analysis.projection import cold_start_projection
from segue.model import Analysis, Quality


def main() -> None:
    music, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 24
    found = sorted(path for path in music.rglob("*") if path.suffix in {".ogg", ".opus", ".mp3", ".flac"})
    files = found[:: max(1, len(found) // count)][:count]
    network = open_network("cpu")
    heard = {
        quality: [hear_with(network, file, quality=quality) for file in files]
        for quality in reversed(Quality)
    }
    print(f"{len(files)} songs\n\n| level | embedding: median | worst | serving vector: median | worst |")
    print("| --- | --- | --- | --- | --- |")
    for quality in (Quality.FAST, Quality.BALANCED):
        cells = []
        for vectors in (embeddings, serving):
            cosines = (unit(vectors(heard[quality])) * unit(vectors(heard[Quality.FULL]))).sum(axis=1)
            cells += [f"{np.median(cosines):.4f}", f"{cosines.min():.4f}"]
        print(f"| {quality} | " + " | ".join(cells) + " |")
    print("\n| level | same nearest neighbour as `full` | of its five nearest | own folder among the five |")
    print("| --- | --- | --- | --- |")
    folders = np.array([str(file.parent) for file in files])
    best = neighbours(heard[Quality.FULL])
    for quality in Quality:
        found = neighbours(heard[quality])
        shared = [len(set(a) & set(b)) / len(a) for a, b in zip(found, best, strict=True)]
        own = (folders[found] == folders[:, None]).mean()
        same = (found[:, 0] == best[:, 0]).mean()
        print(f"| {quality} | {same:.2f} | {np.mean(shared):.2f} | {own:.2f} |")


def embeddings(analyses: list[Analysis]) -> np.ndarray:
    return np.stack([analysis.embedding for analysis in analyses])


def serving(analyses: list[Analysis]) -> np.ndarray:
    mean = np.stack([analysis.features_mean for analysis in analyses])
    return cold_start_projection().apply(mean, np.stack([analysis.features_std for analysis in analyses]))


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def neighbours(analyses: list[Analysis]) -> np.ndarray:
    """The five nearest of each song, nearest first."""
    vectors = unit(serving(analyses))
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    return np.argsort(-similarity, axis=1)[:, :5]


if __name__ == "__main__":
    main()
