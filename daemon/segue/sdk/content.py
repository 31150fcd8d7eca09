"""Recognising the same audio: a key of a file's sound that survives new tags and another name."""

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

__all__ = ["content_key"]

_SAMPLE = 64 * 1024
_Extent = tuple[int, int]


def content_key(path: Path) -> str:
    """Equal only for equal audio: its length, and a hash of its beginning, middle and end.

    Tags of MP3, FLAC, Ogg, MP4, WAV and AIFF files are left out, so that a new tag is not a new
    sound; of other formats the whole file counts. Raises OSError when it cannot be read.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        kind, (begin, end) = _audio_extent(file, size)
        digest = hashlib.blake2b(digest_size=16)
        for at in _sample_starts(begin, end):
            digest.update(_read(file, at, min(end, at + _SAMPLE), paged=kind == "ogg"))
    return f"{kind}-{end - begin}-{digest.hexdigest()}"


def _sample_starts(begin: int, end: int) -> list[int]:
    if end - begin <= 3 * _SAMPLE:
        return list(range(begin, end, _SAMPLE))
    return [begin, begin + (end - begin - _SAMPLE) // 2, end - _SAMPLE]


def _audio_extent(file: BinaryIO, size: int) -> tuple[str, _Extent]:
    """Where the sound lies; the whole file when its structure is not understood."""
    begin = _after_id3(file, 0)
    file.seek(begin)
    head = file.read(12)
    for kind, known, find in _FORMATS:
        if known(head) and (extent := find(file, begin, size)) and extent[0] < extent[1] <= size:
            return kind, extent
    return "file", (0, size)


def _mp3(file: BinaryIO, begin: int, size: int) -> _Extent | None:
    end = size
    if _at(file, end - 128, 3) == b"TAG":
        end -= 128
    footer = _at(file, end - 32, 32)
    if footer[:8] == b"APETAGEX":
        with_header = 32 if int.from_bytes(footer[20:24], "little") & 0x80000000 else 0
        end -= int.from_bytes(footer[12:16], "little") + with_header
    return begin, end


def _flac(file: BinaryIO, begin: int, size: int) -> _Extent | None:
    at = begin + 4
    while len(header := _at(file, at, 4)) == 4:
        at += 4 + int.from_bytes(header[1:], "big")
        if header[0] & 0x80:
            return at, size
    return None


def _ogg(file: BinaryIO, begin: int, size: int) -> _Extent | None:
    """From the first page whose sound has begun: header pages stand at granule 0."""
    at = begin
    while len(header := _at(file, at, 27)) == 27 and header[:4] == b"OggS":
        granule = int.from_bytes(header[6:14], "little", signed=True)
        if granule > 0:
            return at, size
        at += 27 + header[26] + sum(_at(file, at + 27, header[26]))
    return None


def _mp4(file: BinaryIO, begin: int, size: int) -> _Extent | None:
    """The largest `mdat` box."""
    best: _Extent | None = None
    at = begin
    while len(header := _at(file, at, 16)) >= 8:
        length = int.from_bytes(header[:4], "big")
        skip = 8
        if length == 1:
            length, skip = int.from_bytes(header[8:16], "big"), 16
        length = length or size - at
        if length < skip:
            return best
        extent = at + skip, min(size, at + length)
        if header[4:8] == b"mdat" and (best is None or extent[1] - extent[0] > best[1] - best[0]):
            best = extent
        at += length
    return best


def _chunks(name: bytes, order: str) -> Callable[[BinaryIO, int, int], _Extent | None]:
    def find(file: BinaryIO, begin: int, size: int) -> _Extent | None:
        at = begin + 12
        while len(header := _at(file, at, 8)) == 8:
            length = int.from_bytes(header[4:], "little" if order == "little" else "big")
            if header[:4] == name:
                return at + 8, min(size, at + 8 + length)
            at += 8 + length + length % 2
        return None

    return find


_FORMATS: tuple[tuple[str, Callable[[bytes], bool], Callable[[BinaryIO, int, int], _Extent | None]], ...] = (
    ("flac", lambda head: head[:4] == b"fLaC", _flac),
    ("ogg", lambda head: head[:4] == b"OggS", _ogg),
    ("mp4", lambda head: head[4:8] == b"ftyp", _mp4),
    ("wav", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WAVE", _chunks(b"data", "little")),
    ("aiff", lambda head: head[:4] == b"FORM" and head[8:11] == b"AIF", _chunks(b"SSND", "big")),
    ("mp3", lambda head: len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0, _mp3),
)


def _after_id3(file: BinaryIO, at: int) -> int:
    header = _at(file, at, 10)
    if header[:3] != b"ID3" or len(header) < 10 or any(byte & 0x80 for byte in header[6:]):
        return at
    length = header[6] << 21 | header[7] << 14 | header[8] << 7 | header[9]
    footer = 10 if header[5] & 0x10 else 0
    return _skip_padding(file, at + 10 + length + footer)


def _skip_padding(file: BinaryIO, at: int) -> int:
    """Some writers leave zeros behind a tag that grew smaller."""
    window = _at(file, at, _SAMPLE)
    return at + len(window) - len(window.lstrip(b"\0"))


def _at(file: BinaryIO, at: int, length: int) -> bytes:
    if at < 0:
        return b""
    file.seek(at)
    return file.read(length)


_PAGE = 27
_CAPTURE = re.compile(b"OggS", re.DOTALL)


def _read(file: BinaryIO, begin: int, end: int, *, paged: bool) -> bytes:
    """The bytes to hash; of Ogg pages without their number and checksum, which a new tag changes."""
    if not paged:
        return _at(file, begin, end - begin)
    before = min(begin, _PAGE)
    data = bytearray(_at(file, begin - before, end - begin + before))
    for page in _CAPTURE.finditer(bytes(data)):
        stop = min(page.start() + 26, len(data))
        start = min(page.start() + 18, stop)
        data[start:stop] = bytes(stop - start)
    return bytes(data[before:])
