"""Tracks as they are shown, packed, as many as there is room for."""

from pydantic_core import from_json, to_json

from segue.store.tracks import TrackRow, track_row

__all__ = ["Shelf"]

_EACH = 41  # what Python takes for a string of bytes and a place in a list


class Shelf:
    """Present tracks by a small number; some 200 bytes each, where a tuple of texts takes five times that."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._packed: list[bytes | None] = []
        self.nbytes = 0

    def put(self, number: int, track: TrackRow) -> None:
        """Keep it there if there is room."""
        self.clear(number)
        if self.nbytes + _EACH >= self._most_bytes:
            return
        packed = to_json(track, inf_nan_mode="constants")
        if self.nbytes + len(packed) + _EACH > self._most_bytes:
            return
        if number >= len(self._packed):
            self._packed += [None] * (number + 1 - len(self._packed))
        self._packed[number] = packed
        self.nbytes += len(packed) + _EACH

    def clear(self, number: int) -> None:
        """Take out what is there, if anything is."""
        if number < len(self._packed) and (packed := self._packed[number]) is not None:
            self._packed[number] = None
            self.nbytes -= len(packed) + _EACH

    def get(self, number: int) -> TrackRow | None:
        """What is there."""
        if number >= len(self._packed) or (packed := self._packed[number]) is None:
            return None
        return track_row(from_json(packed))
