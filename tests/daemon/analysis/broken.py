"""Sound files that are damaged in every way that a seed can think of."""

import gzip
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.daemon.analysis.encodings import ENCODINGS, encode
from tests.daemon.analysis.sounds import song

Damage = Callable[[bytes, np.random.Generator], bytes]


@dataclass(frozen=True, slots=True)
class Broken:
    """A file's name and bytes."""

    name: str
    data: bytes


def damaged(folder: Path, *, seconds: float, count: int, seed: int) -> Iterator[Broken]:
    """`count` files: every encoding takes its turn with every kind of damage."""
    generator = np.random.default_rng(seed)
    whole = {name: _encoded(folder, name, seconds) for name in ENCODINGS}
    names, damages = list(ENCODINGS), list(DAMAGES)
    for number in range(count):
        encoding, damage = names[number % len(names)], damages[number // len(names) % len(damages)]
        suffix = ENCODINGS[encoding].suffix
        if number % 7 == 0:
            suffix = ENCODINGS[names[int(generator.integers(len(names)))]].suffix
        yield Broken(
            f"{number}-{encoding.replace(' ', '-')}-{damage}{suffix}",
            DAMAGES[damage](whole[encoding], generator),
        )


def oddities() -> Iterator[Broken]:
    """Things that never were music."""
    yield Broken("empty.mp3", b"")
    yield Broken("one-byte.flac", b"f")
    yield Broken("text.mp3", b"This is a letter, not a song.\n" * 400)
    yield Broken("page.ogg", b"<!doctype html><title>404</title>" * 50)
    yield Broken("zeros.mp3", bytes(300_000))
    yield Broken("zeros.wav", bytes(300_000))
    yield Broken("bomb.mp3", gzip.compress(bytes(50_000_000)))
    yield Broken("playlist.mp3", b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n")
    yield Broken("concat.mp3", b"ffconcat version 1.0\nfile '/etc/passwd'\n")
    yield Broken("huge-tag.mp3", b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + bytes(1000))
    yield Broken("only-header.wav", _wav_header(channels=2, rate=44_100, bytes_of_data=0))
    yield Broken("one-sample.wav", _wav_header(channels=1, rate=44_100, bytes_of_data=2) + b"\x01\x02")
    yield Broken("claims-4-gigabytes.wav", _wav_header(channels=2, rate=44_100, bytes_of_data=2**32 - 1))
    for channels, rate in ((0, 44_100), (65_535, 44_100), (2, 0), (2, 1), (2, 2**32 - 1), (255, 768_000)):
        header = _wav_header(channels=channels, rate=rate, bytes_of_data=100_000)
        yield Broken(f"{channels}-channels-at-{rate}.wav", header + bytes(range(250)) * 400)
    yield Broken("not-a-number.wav", _float_wav(np.full(160_000, np.nan)))
    yield Broken("infinite.wav", _float_wav(np.full(160_000, np.inf)))
    yield Broken("gigantic.wav", _float_wav(np.random.default_rng(1).standard_normal(160_000) * 1e38))


def _truncate(data: bytes, generator: np.random.Generator) -> bytes:
    return data[: int(len(data) * generator.random())]


def _behead(data: bytes, generator: np.random.Generator) -> bytes:
    return data[int(len(data) * generator.random() / 2) :]


def _flip_bits(data: bytes, generator: np.random.Generator) -> bytes:
    array = np.frombuffer(data, np.uint8).copy()
    count = int(len(array) * 10 ** generator.uniform(-5, -1)) + 1
    array[generator.integers(len(array), size=count)] ^= np.uint8(1) << generator.integers(
        8, size=count, dtype=np.uint8
    )
    return array.tobytes()


def _flip_header(data: bytes, generator: np.random.Generator) -> bytes:
    head = 256
    return _flip_bits(data[:head], generator) + data[head:]


def _garble_header(data: bytes, generator: np.random.Generator) -> bytes:
    size = int(generator.integers(4, 200))
    return generator.bytes(size) + data[size:]


def _blank(data: bytes, generator: np.random.Generator) -> bytes:
    start, end = sorted(int(place) for place in generator.integers(len(data), size=2))
    return data[:start] + bytes(end - start) + data[end:]


def _cut_out(data: bytes, generator: np.random.Generator) -> bytes:
    start, end = sorted(int(place) for place in generator.integers(len(data), size=2))
    return data[:start] + data[end:]


def _shuffle(data: bytes, generator: np.random.Generator) -> bytes:
    blocks = [data[start : start + 1000] for start in range(0, len(data), 1000)]
    return b"".join(blocks[index] for index in generator.permutation(len(blocks)))


def _replace_with_noise(data: bytes, generator: np.random.Generator) -> bytes:
    return data[:64] + generator.bytes(len(data) - 64)


def _largest_numbers(data: bytes, generator: np.random.Generator) -> bytes:
    """Sizes and counts in the header become as large as they can."""
    array = bytearray(data)
    for place in generator.integers(200, size=3):
        array[int(place) : int(place) + 4] = b"\xff\xff\xff\xff"
    return bytes(array)


DAMAGES: dict[str, Damage] = {
    "truncated": _truncate,
    "beheaded": _behead,
    "flipped": _flip_bits,
    "flipped-header": _flip_header,
    "garbled-header": _garble_header,
    "blanked": _blank,
    "cut-out": _cut_out,
    "shuffled": _shuffle,
    "noise": _replace_with_noise,
    "largest-numbers": _largest_numbers,
}


def _encoded(folder: Path, name: str, seconds: float) -> bytes:
    rate = ENCODINGS[name].rate
    return encode(folder, name, song(seconds=seconds, rate=rate)[None], kilobits=64).read_bytes()


def _wav_header(*, channels: int, rate: int, bytes_of_data: int) -> bytes:
    frame, total = 2 * channels, min(bytes_of_data + 36, 2**32 - 1)
    speed = min(rate * frame, 2**32 - 1)
    form = struct.pack("<HHIIHH", 1, channels, rate, speed, frame % 65_536, 16)
    return (
        b"RIFF"
        + struct.pack("<I", total)
        + b"WAVEfmt \x10\0\0\0"
        + form
        + b"data"
        + struct.pack("<I", bytes_of_data)
    )


def _float_wav(samples: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bytes:
    with np.errstate(over="ignore"):
        data = samples.astype("<f4").tobytes()
    form = struct.pack("<HHIIHH", 3, 1, 16_000, 64_000, 4, 32)
    return (
        b"RIFF"
        + struct.pack("<I", len(data) + 36)
        + b"WAVEfmt \x10\0\0\0"
        + form
        + b"data"
        + struct.pack("<I", len(data))
        + data
    )
