"""Takes hints of many senders at once: those that come while one transaction is written share the next."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from segue.library import WakeCall
from segue.library.intake import accept
from segue.model import Change, ServerKey
from segue.store.pool import Pool

__all__ = ["Gathering"]


class Gathering:
    """Shared by all requests of one process."""

    def __init__(self, pool: Pool, wake: WakeCall) -> None:
        self._pool = pool
        self._wake = wake
        self._turns: dict[ServerKey, _Turn] = {}

    async def accept(self, server: ServerKey, changes: Sequence[Change]) -> None:
        """As `intake.accept`: these are committed when it returns, and not known to be when it raises."""
        turn = self._turns.setdefault(server, _Turn())
        told = _Told(changes)
        turn.waiting.append(told)
        try:
            async with turn.lock:
                if not told.kept:
                    await self._write(server, turn)
        finally:
            if not told.kept:
                turn.waiting.remove(told)

    async def _write(self, server: ServerKey, turn: "_Turn") -> None:
        batch = list(turn.waiting)
        await accept(self._pool, self._wake, server, [change for told in batch for change in told.changes])
        for told in batch:
            told.kept = True
        turn.waiting = [told for told in turn.waiting if not told.kept]


@dataclass(slots=True, eq=False)
class _Told:
    """What one sender told."""

    changes: Sequence[Change]
    kept: bool = False


@dataclass(slots=True)
class _Turn:
    """The senders of one server that wait."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: list[_Told] = field(default_factory=list)
