"""How patches go to a network in another process, and what it hears comes back: counts and plain numbers."""

import socket
import struct
from math import prod
from typing import Self

import numpy as np

from segue.analysis.mel import BANDS, PATCH_FRAMES
from segue.analysis.network import Floats, Heard

__all__ = ["MOST_PATCHES", "Line"]

MOST_PATCHES = 16
"""In one request: 48 s of music, 1.2 MB."""

_COUNT = struct.Struct("<I")
_WIDTHS = (200, 50, 424)


class Line:
    """One end of a connection; OSError when the other end is gone, silent or talks nonsense."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    @classmethod
    def to(cls, address: str, *, seconds: float) -> "Line":
        """A new connection, on which nothing takes longer than this."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(seconds)
        try:
            connection.connect(address)
        except OSError:
            connection.close()
            raise
        return cls(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, mels: Floats) -> None:
        """Patches, at most `MOST_PATCHES`."""
        self._send(mels)

    def asked(self) -> Floats:
        """The other end's patches."""
        count = self._count()
        if not 0 < count <= MOST_PATCHES:
            raise ConnectionError("a request has the wrong size")
        return self._floats(count, PATCH_FRAMES, BANDS)

    def answer(self, heard: Heard) -> None:
        """What was heard in the patches asked about."""
        self._send(heard.embedding, heard.tags, heard.features)

    def answered(self, count: int) -> Heard:
        """What the other end heard in so many patches."""
        if self._count() != count:
            raise ConnectionError("an answer has the wrong size")
        return Heard(*(self._floats(count, width) for width in _WIDTHS))

    def _send(self, *arrays: Floats) -> None:
        self._connection.sendall(_COUNT.pack(len(arrays[0])))
        for array in arrays:
            self._connection.sendall(np.ascontiguousarray(array, "<f4").data.cast("B"))

    def _count(self) -> int:
        count: int = _COUNT.unpack(self._bytes(_COUNT.size))[0]
        return count

    def _floats(self, *shape: int) -> Floats:
        return np.frombuffer(self._bytes(4 * prod(shape)), "<f4").reshape(shape)

    def _bytes(self, size: int) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            got = self._connection.recv_into(view)
            if got == 0:
                raise ConnectionError("the other end is gone")
            view = view[got:]
        return data
