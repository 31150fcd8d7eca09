"""What rules ask about recordings: heard descriptors and tags, and which recordings can satisfy a filter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from psycopg.rows import tuple_row

from segue.model import Descriptors, RecordingId, ServerKey
from segue.store.pool import Connection

__all__ = ["Filter", "Traits", "matching", "of_recordings"]


@dataclass(frozen=True, slots=True)
class Traits:
    """What was heard in a recording, as far as rules and explanations need it."""

    tags: npt.NDArray[np.float32]
    descriptors: Descriptors


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Bounds that a track and its recording must keep; None and empty mean any."""

    server: ServerKey | None = None
    libraries: tuple[str, ...] = ()
    genres: tuple[str, ...] = ()
    years: tuple[int | None, int | None] = (None, None)
    seconds: tuple[float | None, float | None] = (None, None)
    tempo: tuple[float | None, float | None] = (None, None)
    keys: tuple[tuple[str, str], ...] = ()

    @property
    def is_narrow(self) -> bool:
        """Whether it may leave out most of a library."""
        return bool(
            self.libraries
            or self.genres
            or self.keys
            or self.years != (None, None)
            or self.tempo != (None, None)
            or self.seconds[0] is not None
        )


async def of_recordings(c: Connection, ids: Sequence[RecordingId]) -> dict[RecordingId, Traits]:
    """The traits of those that were heard."""
    async with c.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(
            """select recording_id, tags, tempo, key, scale, energy, loudness, dance, pulse, flux, mode
                 from analyses where recording_id = any(%s)""",
            (list(ids),),
        )
        rows = await cursor.fetchall()
    return {RecordingId(row[0]): Traits(np.frombuffer(row[1], "<f4"), _descriptors(row)) for row in rows}


async def matching(c: Connection, wanted: Filter) -> dict[RecordingId, int]:
    """Every recording with a present track within the bounds, and our key of that track."""
    async with c.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(
            _MATCHING,
            {
                "server": wanted.server,
                "libraries": list(wanted.libraries) or None,
                "genres": list(wanted.genres) or None,
                "year_from": wanted.years[0],
                "year_to": wanted.years[1],
                "seconds_from": wanted.seconds[0],
                "seconds_to": wanted.seconds[1],
                "tempo_from": wanted.tempo[0],
                "tempo_to": wanted.tempo[1],
                "keys": [f"{key} {scale}" for key, scale in wanted.keys] or None,
            },
        )
        return {RecordingId(recording): track for recording, track in await cursor.fetchall()}


def _descriptors(row: tuple[Any, ...]) -> Descriptors:
    _, _, tempo, key, scale, energy, loudness, dance, pulse, flux, mode = row
    return Descriptors(
        tempo=tempo, key=key, scale=scale, energy=energy, loudness=loudness,
        dance=dance, pulse=pulse, flux=flux, mode=mode,
    )  # fmt: skip


# An unknown year, tempo or key is not within any bound that was set; an unknown length may be.
_MATCHING = """
select distinct on (t.recording_id) t.recording_id, t.id from tracks t
       left join analyses a on a.recording_id = t.recording_id
 where t.missing_since is null
   and (%(server)s::bigint is null or t.server_id = %(server)s)
   and (%(libraries)s::text[] is null or t.library = any(%(libraries)s))
   and (%(genres)s::text[] is null or exists (select from unnest(t.genres) genre
           where fold(genre) in (select fold(asked) from unnest(%(genres)s::text[]) asked)))
   and (%(year_from)s::integer is null or t.year >= %(year_from)s)
   and (%(year_to)s::integer is null or t.year <= %(year_to)s)
   and (%(seconds_from)s::real is null or t.seconds is null or t.seconds >= %(seconds_from)s)
   and (%(seconds_to)s::real is null or t.seconds is null or t.seconds <= %(seconds_to)s)
   and (%(tempo_from)s::real is null or a.tempo >= %(tempo_from)s)
   and (%(tempo_to)s::real is null or a.tempo <= %(tempo_to)s)
   and (%(keys)s::text[] is null or a.key || ' ' || a.scale = any(%(keys)s))
 order by t.recording_id, t.id
"""
