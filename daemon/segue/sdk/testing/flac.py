"""Writes small FLAC files without a codec: uncompressed frames, which every decoder reads."""

import hashlib
import math
import struct
from array import array
from collections.abc import Callable
from functools import cache

__all__ = ["RATE", "flac_tone"]

RATE = 22_050
_BLOCK = 4_096


@cache
def flac_tone(hertz: float, seconds: float) -> bytes:
    """A sine tone as a whole FLAC file, 16-bit mono."""
    step = 2 * math.pi * hertz / RATE
    samples = array("h", (round(9000 * math.sin(step * n)) for n in range(round(seconds * RATE))))
    frames = [
        _frame(number, samples[start : start + _BLOCK])
        for number, start in enumerate(range(0, len(samples), _BLOCK))
    ]
    return b"fLaC" + _stream_info(samples) + b"".join(frames)


def _stream_info(samples: "array[int]") -> bytes:
    little = struct.pack(f"<{len(samples)}h", *samples)
    facts = RATE << 44 | 0 << 41 | 15 << 36 | len(samples)
    block = struct.pack(">HH3s3sQ", _BLOCK, _BLOCK, b"\0" * 3, b"\0" * 3, facts)
    block += hashlib.md5(little, usedforsecurity=False).digest()
    return bytes([0x80]) + len(block).to_bytes(3, "big") + block


def _frame(number: int, samples: "array[int]") -> bytes:
    header = bytes([0xFF, 0xF8, 0x76, 0x08]) + _utf8(number) + struct.pack(">H", len(samples) - 1)
    header += bytes([_crc8(header)])
    frame = header + bytes([0x02]) + struct.pack(f">{len(samples)}h", *samples)
    return frame + struct.pack(">H", _crc16(frame))


def _utf8(number: int) -> bytes:
    return chr(number).encode()


def _crc(bits: int, polynomial: int) -> Callable[[bytes], int]:
    top, mask = 1 << bits - 1, (1 << bits) - 1
    table = []
    for byte in range(256):
        value = byte << bits - 8
        for _ in range(8):
            value = (value << 1 ^ polynomial if value & top else value << 1) & mask
        table.append(value)

    def crc(data: bytes) -> int:
        value = 0
        for byte in data:
            value = (value << 8 & mask) ^ table[value >> bits - 8 ^ byte]
        return value

    return crc


_crc8 = _crc(8, 0x07)
_crc16 = _crc(16, 0x8005)
