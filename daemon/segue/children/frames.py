"""Frames on a pipe between parent and child: a JSON header, then raw bytes; nothing is unpickled.

A frame is the length of the header (4 bytes, big endian), the header, and the blobs one after
the other. The header names the frame's kind, its fields, and the blobs with their sizes. In a
message blobs are simply the values that are bytes.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, TypeAlias

from segue.children.errors import ChildGarbled

__all__ = ["Frame", "Json", "Message", "encode", "header_size", "parse_header", "read"]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Message: TypeAlias = "Mapping[str, Json | bytes]"

PREFIX_BYTES = 4
_MOST_HEADER_BYTES = 16 * 2**20
_MOST_BLOB_BYTES = 256 * 2**20
_PREFIX = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; `kind` says what the message is for."""

    kind: str
    message: Message


@dataclass(frozen=True, slots=True)
class Header:
    """A frame's header: what it holds, and which blobs are to follow."""

    kind: str
    fields: dict[str, Json]
    blobs: tuple[tuple[str, int], ...]

    @property
    def blob_bytes(self) -> int:
        return sum(size for _, size in self.blobs)

    def fill(self, data: bytes) -> Frame:
        """The frame, once the bytes of its blobs are there."""
        message: dict[str, Json | bytes] = dict(self.fields)
        start = 0
        for name, size in self.blobs:
            message[name] = data[start : start + size]
            start += size
        return Frame(self.kind, message)


def encode(frame: Frame) -> bytes:
    """The frame as it goes over the pipe."""
    blobs = {name: value for name, value in frame.message.items() if isinstance(value, bytes)}
    fields = {name: value for name, value in frame.message.items() if name not in blobs}
    sizes = [[name, len(value)] for name, value in blobs.items()]
    header = json.dumps({"kind": frame.kind, "fields": fields, "blobs": sizes}).encode()
    return b"".join((_PREFIX.pack(len(header)), header, *blobs.values()))


def header_size(prefix: bytes) -> int:
    """How long the header is, from a frame's first bytes."""
    size: int = _PREFIX.unpack(prefix)[0]
    if size > _MOST_HEADER_BYTES:
        raise ChildGarbled("a frame's header is too long")
    return size


def parse_header(data: bytes) -> Header:
    """The header; only ChildGarbled is raised, whatever the bytes are."""
    try:
        match json.loads(data):
            case {"kind": str(kind), "fields": dict(fields), "blobs": list(blobs)}:
                header = Header(kind, fields, tuple(_blob(blob) for blob in blobs))
            case _:
                raise ChildGarbled("a frame's header has the wrong shape")
    except (ValueError, RecursionError) as error:
        raise ChildGarbled("a frame's header is not JSON") from error
    if header.blob_bytes > _MOST_BLOB_BYTES:
        raise ChildGarbled("a frame is too large")
    return header


def read(stream: BinaryIO) -> Frame | None:
    """The next frame, None at the end of the stream; blocks."""
    prefix = stream.read(PREFIX_BYTES)
    if len(prefix) < PREFIX_BYTES:
        return None
    header = parse_header(_exactly(stream, header_size(prefix)))
    return header.fill(_exactly(stream, header.blob_bytes))


def _blob(entry: Json) -> tuple[str, int]:
    match entry:
        case [str(name), int(size)] if size >= 0 and not isinstance(size, bool):
            return name, size
    raise ChildGarbled("a frame's header has the wrong shape")


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise ChildGarbled("a frame ends too early")
    return data
