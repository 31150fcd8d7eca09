"""Keeps the roster of present tracks equal to the database."""

import asyncio

from segue.similarity.roster import Roster
from segue.store import following, rolls
from segue.store.pool import Connection

__all__ = ["RollCall"]

_AT_ONCE = 100  # then others have their turn


class RollCall:
    """The roster that serves, and how far it has followed; `shown_bytes` may be kept for showing tracks."""

    def __init__(self, *, shown_bytes: int) -> None:
        self._shown_bytes = shown_bytes
        self.roster = Roster(shown_bytes=shown_bytes)
        self._position: following.Position | None = None

    async def catch_up(self, c: Connection, *, limit: int = 2000) -> None:
        """Take in what changed since the last time; at first everything."""
        if self._position is None:
            await self._read(c)
        assert self._position is not None
        while True:
            changes, self._position = await rolls.follow(c, self._position, limit=limit)
            for number, change in enumerate(changes, 1):
                if change.track is None:
                    self.roster.remove(change.key)
                else:
                    self.roster.put(change.track)
                if number % _AT_ONCE == 0:
                    await asyncio.sleep(0)
            if len(changes) < limit:
                return

    async def audit(self, c: Connection) -> bool:
        """Whether it is as the database says at this moment; if not, all is read anew next time."""
        await self.catch_up(c)
        if self.roster.digest == await rolls.digest(c):
            return True
        self._position = None
        return False

    async def _read(self, c: Connection) -> None:
        """A new roster beside the one that serves."""
        position = await following.position(c)
        roster = Roster(shown_bytes=self._shown_bytes)
        async for page in rolls.load(c):
            for number, track in enumerate(page, 1):
                roster.put(track)
                if number % _AT_ONCE == 0:
                    await asyncio.sleep(0)
        self.roster, self._position = roster, position
