"""Every present track as rules see it, in some 60 bytes, and as it is shown: a query asks no database."""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from segue.index import Ids
from segue.index.places import NOWHERE, Places
from segue.model import RecordingId, ServerKey
from segue.similarity.shelf import Shelf
from segue.similarity.works import folded, is_seasonal, performer, work
from segue.store.tracks import TrackRow

__all__ = ["Card", "Roster", "card_of"]

_FIRST_CAPACITY = 1024


class Card(NamedTuple):
    """What rules ask about a track; names are numbers, 0 is nobody's, and unknown seconds are NaN."""

    key: int
    recording: RecordingId
    server: ServerKey
    artist: int
    album: int
    work: int
    seconds: float
    seasonal: bool


_ROW = np.dtype(
    [
        ("key", np.int64),
        ("recording", np.int64),
        ("server", np.int32),
        ("artist", np.int64),
        ("album", np.int64),
        ("work", np.int64),
        ("seconds", np.float32),
        ("seasonal", np.bool_),
        ("next", np.int32),  # another track of the recording
    ]
)


class Roster:
    """Cards by track and by recording; for one thread. Tracks are shown from memory while there is room."""

    def __init__(self, *, shown_bytes: int = 0) -> None:
        self._shelf = Shelf(shown_bytes)
        self._rows = np.zeros(_FIRST_CAPACITY, _ROW)
        self._end = 0
        self._free: list[int] = []
        self._of_track = Places()
        self._of_recording = Places()

    def __len__(self) -> int:
        return self._end - len(self._free)

    @property
    def digest(self) -> tuple[int, int]:
        """How many there are, and the sum of their keys and recordings."""
        rows = self._rows[: self._end]
        living = rows[rows["key"] > 0]
        return len(living), int(living["key"].sum() + 3 * living["recording"].sum())

    @property
    def nbytes(self) -> int:
        """What it takes for its cards, and for showing tracks."""
        return int(self._rows.nbytes) + self._shelf.nbytes

    def put(self, track: TrackRow) -> None:
        """Add or replace one."""
        card = card_of(track)
        self.remove(card.key)
        row = self._free.pop() if self._free else self._end
        if row == self._end:
            self._end += 1
            if row == len(self._rows):
                grown = np.zeros(len(self._rows) * 5 // 4, _ROW)
                grown[:row] = self._rows
                self._rows = grown
        self._rows[row] = (*card, self._of_recording[card.recording])
        self._of_track[card.key] = self._of_recording[card.recording] = row
        self._shelf.put(row, track)

    def remove(self, key: int) -> None:
        """Take one out, if it is there."""
        row = self._of_track[key]
        if row == NOWHERE:
            return
        recording, following = int(self._rows["recording"][row]), int(self._rows["next"][row])
        before = self._of_recording[recording]
        if before == row:
            self._of_recording[recording] = following
        else:
            while (after := int(self._rows["next"][before])) != row:
                before = after
            self._rows["next"][before] = following
        self._of_track[key] = NOWHERE
        self._shelf.clear(row)
        self._rows[row] = np.zeros((), _ROW)
        self._free.append(row)

    def of_recordings(self, recordings: Ids) -> dict[RecordingId, list[Card]]:
        """The cards of each that has any, in the order of their keys."""
        found: dict[RecordingId, list[Card]] = {}
        rows = self._of_recording.of(recordings)
        rows = rows[rows >= 0]
        several = False
        while len(rows):
            taken = self._rows[rows]
            for values in taken.tolist():
                card = Card._make(values[:-1])
                found.setdefault(card.recording, []).append(card)
            rows = taken["next"]
            rows = rows[rows >= 0]
            several = several or bool(len(rows))
        if several:
            for cards in found.values():
                cards.sort()
        return found

    def of_tracks(self, keys: Sequence[int]) -> list[Card]:
        """The cards of these tracks, in their order; unknown ones are left out."""
        rows = self._of_track.of(np.array(keys, np.int64))
        return [Card._make(values[:-1]) for values in self._rows[rows[rows >= 0]].tolist()]

    def shown(self, keys: Sequence[int]) -> dict[int, TrackRow]:
        """These tracks as far as memory has them."""
        rows = self._of_track.of(np.array(keys, np.int64)).tolist()
        found = (self._shelf.get(row) for row in rows if row != NOWHERE)
        return {track.id: track for track in found if track is not None}


def card_of(track: TrackRow) -> Card:
    """What rules ask about this track; where nobody is named, equal titles tell of no work."""
    credited = track.artist or track.album_artist
    return Card(
        key=track.id,
        recording=track.recording_id,
        server=track.server_id,
        artist=_name(credited or ""),
        album=_album(track.album_artist or track.artist or "", track.album or ""),
        work=_number(
            "\n".join(work(track.title, credited)) if _name(credited or "") else f"#{track.recording_id}"
        ),
        seconds=float("nan") if track.seconds is None else track.seconds,
        seasonal=is_seasonal(track.title) or any(map(_names_season, (track.album or "", *track.genres))),
    )


@lru_cache(maxsize=1024)
def _name(text: str) -> int:
    plain = performer(text)
    return _number(plain) if plain else 0


@lru_cache(maxsize=1024)
def _album(artist: str, album: str) -> int:
    """Without a title it is no album."""
    plain = folded(album)
    return _number(f"{folded(artist)}\n{plain}") if plain else 0


@lru_cache(maxsize=1024)
def _names_season(text: str) -> bool:
    return is_seasonal(text)


def _number(text: str) -> int:
    """The same for the same text, and for no other in practice."""
    return (
        int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(), signed=True) or 1
    )
