"""New tags are the same content, another sound is not, whatever the format."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import mutagen
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen.id3 import TIT2

from segue.sdk.content import content_key

RATE = 44_100


def _noise(seed: int, seconds: float = 8.0) -> Any:
    return (np.random.default_rng(seed).normal(size=int(RATE * seconds)) * 0.1).astype(np.float32)


def _by_soundfile(format_: str, subtype: str | None) -> Callable[[Path, int], None]:
    def write(path: Path, seed: int) -> None:
        soundfile.write(path, _noise(seed), RATE, format=format_, subtype=subtype)

    return write


def _by_av(codec: str) -> Callable[[Path, int], None]:
    def write(path: Path, seed: int) -> None:
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=48_000, layout="mono")
            frame = av.AudioFrame.from_ndarray(_noise(seed).reshape(1, -1), format="fltp", layout="mono")
            frame.sample_rate = 48_000
            for packet in [*stream.encode(frame), *stream.encode(None)]:
                container.mux(packet)

    return write


WRITERS = {
    "flac": _by_soundfile("FLAC", None),
    "wav": _by_soundfile("WAV", "PCM_16"),
    "aiff": _by_soundfile("AIFF", "PCM_16"),
    "ogg": _by_soundfile("OGG", "VORBIS"),
    "mp3": _by_soundfile("MP3", None),
    "opus": _by_av("libopus"),
    "m4a": _by_av("aac"),
}


def _retag(path: Path, title: str) -> None:
    file: Any = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    if path.suffix in (".mp3", ".wav", ".aiff"):
        file.tags.add(TIT2(encoding=3, text=[title]))
    elif path.suffix == ".m4a":
        file.tags["\xa9nam"] = [title]
    else:
        file.tags["title"] = [title]
    file.save()


@pytest.mark.parametrize("suffix", WRITERS)
def test_new_tags_are_the_same_content(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"song.{suffix}"
    WRITERS[suffix](path, 1)
    keys = {content_key(path)}
    for title in ("Short", "Long " * 5_000, "Short again"):
        size = path.stat().st_size
        _retag(path, title)
        keys.add(content_key(path))
        assert path.stat().st_size != size or title == "Short again"
    assert len(keys) == 1
    assert next(iter(keys)).startswith(suffix.replace("opus", "ogg").replace("m4a", "mp4"))


@pytest.mark.parametrize("suffix", WRITERS)
def test_another_sound_is_another_content(tmp_path: Path, suffix: str) -> None:
    one, two = tmp_path / f"1.{suffix}", tmp_path / f"2.{suffix}"
    WRITERS[suffix](one, 1)
    WRITERS[suffix](two, 2)
    assert content_key(one) != content_key(two)


HEADS = [
    b"", b"fLaC", b"OggS", b"ID3\x04\0\0\0\0\x02\x01", b"\xff\xfb\x90\0", b"RIFF\0\0\0\0WAVE",
    b"FORM\0\0\0\0AIFF", b"\0\0\0\x18ftypM4A ",
]  # fmt: skip


@settings(deadline=None)
@given(st.sampled_from(HEADS), st.binary(max_size=300))
def test_every_file_has_a_key(tmp_path_factory: pytest.TempPathFactory, head: bytes, rest: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.bin"
    path.write_bytes(head + rest)
    key = content_key(path)
    assert key == content_key(path)
    path.write_bytes(head + rest + b"x")
    if key.startswith("file"):
        assert content_key(path) != key


def test_a_truncated_copy_is_another_content(tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    WRITERS["mp3"](path, 1)
    key = content_key(path)
    path.write_bytes(path.read_bytes()[:-5_000])
    assert content_key(path) != key
