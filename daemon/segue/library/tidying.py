"""Forgets what is long over: tracks that stayed missing, what only they played, and runs that ended."""

from dataclasses import dataclass

from segue.library.transactions import in_transaction
from segue.store import identity, runs, tracks
from segue.store.pool import Connection, Pool

__all__ = ["Tidied", "tidy"]

_BATCH = 2_000
_MOST_RUNS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidied:
    """How much was forgotten."""

    tracks: int = 0
    recordings: int = 0
    runs: int = 0


async def tidy(pool: Pool, *, missing_days: float, run_days: float) -> Tidied:
    """Forget what is older than so many days; 0 keeps it for ever. Never of a server that is in trouble."""
    gone = unplayed = 0
    while missing_days:
        batch = await in_transaction(pool, lambda c: _purge(c, missing_days))
        gone += batch.tracks
        unplayed += batch.recordings
        if batch.tracks < _BATCH:
            break
    ended = 0
    if run_days:
        async with pool.connection() as c:
            ended = await runs.purge(c, days=run_days, most=_MOST_RUNS)
    return Tidied(tracks=gone, recordings=unplayed, runs=ended)


async def _purge(c: Connection, days: float) -> Tidied:
    played = await tracks.purge(c, days=days, limit=_BATCH)
    unplayed = await identity.forget_unplayed(c, sorted(set(played)))
    return Tidied(tracks=len(played), recordings=unplayed)
