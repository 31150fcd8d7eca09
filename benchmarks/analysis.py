"""CPU seconds that hearing takes, beside bliss and beside librosa as the peer calls it.

    python -m venv bliss && bliss/bin/pip install bliss-audio matplotlib
    pip download --no-deps musicnn==0.1.0
    PYTHONPATH=. .venv/bin/python benchmarks/analysis.py MUSIC \\
        --bliss bliss/bin/python --wheel musicnn-0.1.0-py3-none-any.whl

Makes 4-minute mp3 files of songs in MUSIC, and lets every engine hear them in turn, each in a process of
its own on one thread; the best of several rounds counts. Prints Markdown; `--json PATH` keeps the figures.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.daemon.analysis.encodings import encode

SECONDS, RATE = 240, 44_100
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
ENGINES = Path(__file__).parent / "analysis_engines.py"
BLISS = """
import bliss_audio, json, sys, time
bliss_audio.Song(sys.argv[1])
begin = time.process_time()
bliss_audio.Song(sys.argv[1])
print(json.dumps({"total": time.process_time() - begin}))
"""
NAMES = {
    "fast": "Segue, fast",
    "balanced": "Segue, balanced",
    "full": "Segue, full",
    "bliss": "bliss",
    "peer": "librosa as the peer calls it, our network",
    "peer-original": "librosa as the peer calls it, original network",
}
Figures = dict[str, dict[str, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("music", type=Path)
    parser.add_argument("--bliss", help="a Python that has bliss-audio")
    parser.add_argument("--wheel", help="the musicnn wheel, for the network with its dead filters")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--songs", type=int, default=3)
    parser.add_argument("--engines", nargs="+", choices=NAMES, default=list(NAMES), help="only these")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        songs = make_songs(arguments.music, Path(folder), arguments.songs)
        figures = race(songs, arguments)
    print(table(figures, len(songs), arguments.rounds))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))


def make_songs(music: Path, folder: Path, count: int) -> list[Path]:
    """4 minutes each, mp3 at 192 kbit/s; short pieces are repeated."""
    import numpy as np
    import soxr

    from segue.analysis.source import open_source

    files = sorted(path for path in music.rglob("*") if path.suffix in {".ogg", ".opus", ".mp3", ".flac"})
    songs = []
    for index in range(count):
        with open_source(files[(2 * index + 1) * len(files) // (2 * count)]) as source:
            blocks = list(source.blocks())
        samples = np.concatenate([block.samples for block in blocks], axis=1)
        if blocks[0].rate != RATE:
            samples = soxr.resample(samples.T, blocks[0].rate, RATE).T
        samples = np.tile(samples, -(-SECONDS * RATE // samples.shape[1]))[:, : SECONDS * RATE]
        place = folder / str(index)
        place.mkdir()
        songs.append(encode(place, "mp3", np.clip(samples, -1, 1), kilobits=192))
    return songs


def race(songs: list[Path], arguments: argparse.Namespace) -> Figures:
    """By engine and stage: the mean over songs of the best round."""
    engines = [name for name in NAMES if wanted(name, arguments)]
    best: dict[tuple[str, str, Path], float] = {}
    for _ in range(arguments.rounds):
        for song in songs:
            for engine in engines:
                for stage, seconds in run(engine, song, arguments).items():
                    place = engine, stage, song
                    best[place] = min(seconds, best.get(place, seconds))
    figures: Figures = {engine: {} for engine in engines}
    for (engine, stage, _), seconds in best.items():
        figures[engine][stage] = figures[engine].get(stage, 0) + seconds / len(songs)
    return figures


def wanted(engine: str, arguments: argparse.Namespace) -> bool:
    needs = {"bliss": arguments.bliss, "peer-original": arguments.wheel}
    return engine in arguments.engines and bool(needs.get(engine, True))


def run(engine: str, song: Path, arguments: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, str(ENGINES), engine, str(song), arguments.wheel or ""]
    if engine == "bliss":
        command = [arguments.bliss, "-c", BLISS, str(song)]
    done = subprocess.run(command, env=os.environ | ONE_THREAD, capture_output=True, text=True, check=True)
    seconds: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return seconds


def table(figures: Figures, songs: int, rounds: int) -> str:
    stages = [stage for stage in next(iter(figures.values())) if stage != "total"]
    stages += [s for f in figures.values() for s in f if s not in stages and s != "total"]
    stages = list(dict.fromkeys(stages))
    full = figures.get("full", next(iter(figures.values())))["total"]
    lines = [
        f"CPU seconds per 4-minute mp3, mean of {songs} songs, best of {rounds} rounds, one thread.",
        "",
        "| engine | " + " | ".join(stages) + " | **total** | to full |",
        "| --- |" + " --- |" * (len(stages) + 2),
    ]
    for engine, seconds in figures.items():
        cells = [f"{seconds[stage]:.3f}" if stage in seconds else "" for stage in stages]
        total = seconds["total"]
        lines.append(f"| {NAMES[engine]} | {' | '.join(cells)} | **{total:.2f}** | {total / full:.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
