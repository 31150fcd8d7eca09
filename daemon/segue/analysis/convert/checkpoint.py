"""Reads the variables of a one-shard TensorFlow checkpoint."""

import struct
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Variables = dict[str, npt.NDArray[np.float32]]

_MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)
_FOOTER_BYTES = 48
_FLOAT = 1
_ENTRY_FIELDS = {1: "dtype", 2: "shape", 3: "shard", 4: "offset", 5: "size"}


def read_checkpoint(index: bytes, data: bytes) -> Variables:
    """Every float32 variable by name; `index` is an SSTable, `data` its one shard."""
    if not index.endswith(_MAGIC):
        raise ValueError("not a TensorFlow checkpoint index")
    _, after_meta = _handle(index, len(index) - _FOOTER_BYTES)
    root, _ = _handle(index, after_meta)
    variables: Variables = {}
    for _, pointer in _block(index, root):
        for key, entry in _block(index, _handle(pointer, 0)[0]):
            array = _array(entry, data) if key else None  # the empty key is the header
            if array is not None:
                variables[key.decode()] = array
    return variables


def _array(entry: bytes, data: bytes) -> npt.NDArray[np.float32] | None:
    numbers = {"dtype": 0, "shard": 0, "offset": 0, "size": 0}
    shape: list[int] = []
    for field, value in _fields(entry):
        name = _ENTRY_FIELDS.get(field)
        if isinstance(value, int):
            if name is not None:
                numbers[name] = value
        elif name == "shape":
            shape = [_dimension(dim) for n, dim in _fields(value) if n == 2 and isinstance(dim, bytes)]
    if numbers["dtype"] != _FLOAT or numbers["shard"] != 0:
        return None
    raw = data[numbers["offset"] : numbers["offset"] + numbers["size"]]
    return np.frombuffer(raw, "<f4").reshape(shape)


def _dimension(message: bytes) -> int:
    return next((value for field, value in _fields(message) if field == 1 and isinstance(value, int)), 0)


def _block(table: bytes, handle: tuple[int, int]) -> Iterator[tuple[bytes, bytes]]:
    """Key and value pairs of an uncompressed block; keys share prefixes with their predecessor."""
    offset, size = handle
    if table[offset + size] != 0:
        raise ValueError("compressed checkpoint blocks are not supported")
    block = table[offset : offset + size]
    (restarts,) = struct.unpack_from("<I", block, size - 4)
    end, position, key = size - 4 - 4 * restarts, 0, b""
    while position < end:
        shared, position = _varint(block, position)
        fresh, position = _varint(block, position)
        length, position = _varint(block, position)
        key = key[:shared] + block[position : position + fresh]
        position += fresh
        yield key, block[position : position + length]
        position += length


def _handle(buffer: bytes, position: int) -> tuple[tuple[int, int], int]:
    offset, position = _varint(buffer, position)
    size, position = _varint(buffer, position)
    return (offset, size), position


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and values of a protobuf message; fixed-width numbers come as bytes."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        kind = tag & 7
        if kind == 0:
            value, position = _varint(message, position)
            yield tag >> 3, value
            continue
        if kind == 2:
            size, position = _varint(message, position)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"unexpected protobuf wire type {kind}")
        yield tag >> 3, message[position : position + size]
        position += size


def _varint(buffer: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = buffer[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
