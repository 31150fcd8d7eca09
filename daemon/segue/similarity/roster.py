"""Every present track as rules see it, in some 60 bytes, so that a query need not ask the database."""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from segue.index import Ids
from segue.index.places import NOWHERE, Places
from segue.model import RecordingId, ServerKey
from segue.similarity.works import folded, is_seasonal, performer, work
from segue.store.rolls import Entry
from segue.store.tracks import TrackRow

__all__ = ["Card", "Roster", "card_of", "card_of_row"]

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
    """Cards by track and by recording; for one thread."""

    def __init__(self) -> None:
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
        """What it takes for its cards."""
        return int(self._rows.nbytes)

    def put(self, card: Card) -> None:
        """Add or replace one."""
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


def card_of(entry: Entry) -> Card:
    """What rules ask about this track; where nobody is named, equal titles tell of no work."""
    credited = entry.artist or entry.album_artist
    return Card(
        key=entry.key,
        recording=entry.recording,
        server=entry.server,
        artist=_name(credited or ""),
        album=_album(entry.album_artist or entry.artist or "", entry.album or ""),
        work=_number(
            "\n".join(work(entry.title, credited)) if _name(credited or "") else f"#{entry.recording}"
        ),
        seconds=float("nan") if entry.seconds is None else entry.seconds,
        seasonal=is_seasonal(entry.title) or any(map(_names_season, (entry.album or "", *entry.genres))),
    )


def card_of_row(row: TrackRow) -> Card:
    """The same, of a track that may be missing."""
    return card_of(
        Entry(
            key=row.id,
            recording=row.recording_id,
            server=row.server_id,
            title=row.title,
            artist=row.artist,
            album_artist=row.album_artist,
            album=row.album,
            genres=list(row.genres),
            seconds=row.seconds,
        )
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
