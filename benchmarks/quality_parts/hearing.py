"""Hears a folder of tagged music, and copies of some songs at 128 kbit/s; kept in a file for next time."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import mutagen
import numpy as np
import numpy.typing as npt

from segue.analysis.hearing import hear_with
from segue.analysis.network import open_network
from segue.model import Quality

__all__ = ["Heard", "copied", "heard"]

_SUFFIXES = {".ogg", ".opus", ".mp3", ".flac", ".m4a"}
_LEAST_SECONDS = 20
_BIT_RATE = 128_000

Rows = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Songs, row by row; the last rows are copies, of the songs in `copy_of`."""

    path: Rows
    artist: Rows
    album: Rows
    copy_of: Rows
    embedding: Rows
    mean: Rows
    std: Rows

    @property
    def songs(self) -> int:
        return len(self.path) - len(self.copy_of)


def heard(music: Path, copies: int, kept: Path | None) -> Heard:
    """From the kept file, if it is there."""
    if kept is not None and kept.exists():
        with np.load(kept, allow_pickle=False) as file:
            return Heard(**{name: file[name] for name in file.files})
    found = _hear_all(music, copies)
    if kept is not None:
        np.savez(kept, **{name: getattr(found, name) for name in Heard.__dataclass_fields__})
    return found


def _hear_all(music: Path, copies: int) -> Heard:
    network = open_network("cpu")
    rows: list[tuple[str, str, str, Any]] = []
    for path in sorted(path for path in music.rglob("*") if path.suffix.lower() in _SUFFIXES):
        artist, album, seconds = _tags(path, music)
        if seconds >= _LEAST_SECONDS:
            rows.append((str(path), artist, album, hear_with(network, path, quality=Quality.BALANCED)))
    chosen = np.linspace(0, len(rows) - 1, copies).astype(np.int64)
    with tempfile.TemporaryDirectory() as folder:
        for number in chosen.tolist():
            path, artist, album, _ = rows[number]
            copy = copied(Path(path), Path(folder) / f"{number}.mp3")
            rows.append((str(copy), artist, album, hear_with(network, copy, quality=Quality.BALANCED)))
    analyses = [row[3] for row in rows]
    return Heard(
        path=np.array([row[0] for row in rows]),
        artist=np.array([row[1] for row in rows]),
        album=np.array([row[2] for row in rows]),
        copy_of=chosen,
        embedding=np.stack([one.embedding for one in analyses]),
        mean=np.stack([one.features_mean for one in analyses]),
        std=np.stack([one.features_std for one in analyses]),
    )


def _tags(path: Path, music: Path) -> tuple[str, str, float]:
    """Artist, album and length; without an album in its tags, a song's folder is its album."""
    file: Any = mutagen.File(path, easy=True)
    tags = file.tags or {}
    artist = str((tags.get("artist") or [""])[0]).strip().casefold()
    album = str((tags.get("album") or [""])[0]).strip().casefold()
    return artist, album or str(path.parent.relative_to(music)), float(file.info.length)


def copied(song: Path, target: Path) -> Path:
    """The same in 128 kbit/s MP3."""
    with av.open(str(song)) as source, av.open(str(target), "w") as copy:
        stream = copy.add_stream("libmp3lame", rate=44_100, layout="stereo")
        stream.bit_rate = _BIT_RATE
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=44_100)
        for frame in source.decode(audio=0):
            for part in resampler.resample(frame):
                copy.mux(stream.encode(part))
        for part in resampler.resample(None):
            copy.mux(stream.encode(part))
        copy.mux(stream.encode(None))
    return target
