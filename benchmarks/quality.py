"""How good the answers are on a folder of tagged music, as a markdown table and a plot:

    PYTHONPATH=. OMP_NUM_THREADS=1 python benchmarks/quality.py MUSIC [--bliss PYTHON] [--plot FILE.svg]

Tags tell what ought to be near: songs of one album, and of one artist. "Of other artists" leaves out the
seed's artist and "elsewhere" its album, so that neither a production nor a mastering is enough. Hubness is
judged by how often each song stands among the ten nearest of another. Copies of some songs at 128 kbit/s
must come first, and nearer than any other song. BLISS is an interpreter that has bliss-audio.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from quality_parts.hearing import Heard, copied, heard
from quality_parts.measures import Measures, measure
from quality_parts.plot import bars

from segue.analysis.projection import ProjectionFit, cold_start_projection
from segue.model import RecordingId, ServerKey
from segue.similarity.candidates import Candidate
from segue.similarity.hubs import without_hubs
from segue.similarity.roster import Card

_COLUMNS = (
    ("album", "album"), ("album_of_others", "album, of other artists"), ("artist", "artist"),
    ("artist_elsewhere", "artist, elsewhere"), ("skewness", "skewness"), ("most_often", "most often"),
    ("never", "never returned"), ("artists", "artists in 10"), ("copies_first", "copies first"),
    ("copy_median", "to its copy"), ("nearest_other", "nearest two songs"),
)  # fmt: skip
_PLOTTED = ("album", "album_of_others", "artist", "artist_elsewhere", "never")

Matrix = npt.NDArray[np.float64]


def main() -> None:
    arguments = _arguments()
    found = heard(arguments.music, arguments.copies, arguments.keep)
    rows: dict[str, Measures] = {}
    for name, vectors in _vectors(found).items():
        rows[name] = _measured(found, *_cosine(vectors, found.songs))
    serving = _vectors(found)["Segue"]
    rows["Segue, unhub"] = _measured(found, *_without_hubs(serving, found.songs))
    if arguments.bliss:
        heard_too, vectors = _only_heard(found, _bliss(arguments.bliss, found))
        name = f"bliss ({heard_too.songs} songs)" if heard_too.songs < found.songs else "bliss"
        rows[name] = _measured(heard_too, *_euclidean(vectors, heard_too.songs))
    print(
        f"{found.songs} songs, {len(set(found.album[: found.songs]))} albums, {len(found.copy_of)} copies\n"
    )
    print("| | " + " | ".join(title for _, title in _COLUMNS) + " |")
    print("|" + " --- |" * (len(_COLUMNS) + 1))
    for name, row in rows.items():
        print(f"| {name} | " + " | ".join(_cell(getattr(row, field)) for field, _ in _COLUMNS) + " |")
    if arguments.plot:
        titles = dict(_COLUMNS)
        groups = {titles[one]: {name: getattr(row, one) for name, row in rows.items()} for one in _PLOTTED}
        arguments.plot.write_text(bars(groups))


def _vectors(found: Heard) -> dict[str, Matrix]:
    fit = ProjectionFit()
    fit.add(found.mean[: found.songs], found.std[: found.songs])
    return {
        "Segue": fit.result().apply(found.mean, found.std).astype(np.float64),
        "Segue, shipped projection": cold_start_projection().apply(found.mean, found.std).astype(np.float64),
        "pooled features": np.concatenate([found.mean, found.std], axis=1).astype(np.float64),
        "raw embedding": found.embedding.astype(np.float64),
    }


def _measured(found: Heard, apart: Matrix, copies: Matrix) -> Measures:
    songs = found.songs
    return measure(apart, found.artist[:songs], found.album[:songs], copies, found.copy_of)


def _cosine(vectors: Matrix, songs: int) -> tuple[Matrix, Matrix]:
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    apart = 1 - units @ units[:songs].T
    return apart[:songs].copy(), apart[songs:]


def _euclidean(vectors: Matrix, songs: int) -> tuple[Matrix, Matrix]:
    apart = np.sqrt(((vectors[:, None] - vectors[None, :songs]) ** 2).sum(axis=2))
    return apart[:songs].copy(), apart[songs:]


def _without_hubs(vectors: Matrix, songs: int) -> tuple[Matrix, Matrix]:
    """As far as the place that our own correction gives; it says no distances."""
    units = vectors.astype(np.float32)
    others, apart = units[:songs], np.zeros((len(units), songs))
    for at, query in enumerate(units):
        candidates = [
            Candidate(recording=RecordingId(song), card=_NOBODY, distance=1 - float(query @ unit), unit=unit)
            for song, unit in enumerate(others)
            if song != at
        ]
        places = {one.recording: place for place, one in enumerate(without_hubs(candidates, query, others))}
        apart[at] = [places.get(RecordingId(song), 0) for song in range(songs)]
    return apart[:songs].copy(), apart[songs:]


_NOBODY = Card(0, RecordingId(0), ServerKey(0), 0, 0, 0, 0.0, False)


def _bliss(python: str, found: Heard) -> Matrix:
    """Its vectors, made by itself; copies are made anew."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(path) for path in found.path[: found.songs]]
        for number in found.copy_of.tolist():
            paths.append(str(copied(Path(paths[number]), Path(folder) / f"{number}.mp3")))
        done = subprocess.run(
            [python, "-c", _BLISS], input=json.dumps(paths), capture_output=True, text=True, check=True
        )
    vectors: list[list[float] | None] = json.loads(done.stdout)
    width = max(len(vector) for vector in vectors if vector)
    return np.array([vector or [np.nan] * width for vector in vectors], np.float64)


def _only_heard(found: Heard, vectors: Matrix) -> tuple[Heard, Matrix]:
    """Without the songs that it could not read."""
    known, songs = ~np.isnan(vectors).any(axis=1), found.songs
    copies = known[songs:] & known[found.copy_of]
    rows = np.concatenate([known[:songs], copies])
    places = np.cumsum(known[:songs]) - 1
    kept = {
        name: getattr(found, name)[rows] for name in ("path", "artist", "album", "embedding", "mean", "std")
    }
    return Heard(**kept, copy_of=places[found.copy_of[copies]]), vectors[rows]


_BLISS = """
import json, sys
from bliss_audio import Song
def heard(path):
    try:
        return list(Song(path).analysis)
    except BaseException:  # it panics at some files
        return None
print(json.dumps([heard(path) for path in json.load(sys.stdin)]))
"""


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.3g}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("music", type=Path)
    parser.add_argument("--copies", type=int, default=24)
    parser.add_argument("--bliss", help="an interpreter that has bliss-audio")
    parser.add_argument("--keep", type=Path, help="keep what was heard in this .npz file")
    parser.add_argument("--plot", type=Path, help="write a plot here, as SVG")
    return parser.parse_args()


if __name__ == "__main__":
    main()
