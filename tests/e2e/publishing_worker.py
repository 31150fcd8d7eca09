"""A process that publishes to real servers until all is done; it is given its facts as JSON."""

import asyncio
import ctypes
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from segue import publishing
from segue.model import RecordingId
from segue.publishing import Journal, Wanted, shelf_of
from segue.publishing.asked import Wish
from segue.registry import Registry
from segue.registry.plugins import find_plugins
from segue.store import copies
from segue.store.pool import Pool, open_pool
from segue.vault import Vault

OWNER = "publisher/1"


def registry_of(pool: Pool, data: Path) -> Registry:
    return Registry(pool=pool, vault=Vault(data / "key"), scratch=data / "scratch", plugins=find_plugins())


async def look_at_all(pool: Pool, registry: Registry, fill: Sequence[RecordingId] = ()) -> int:
    """One look at every server; how many lists were changed."""

    async def filling(wish: Wish) -> Sequence[RecordingId]:
        return [one for one in fill if one not in wish.banned and one not in wish.seeds]

    async with pool.connection() as c:
        await copies.release_all(c, OWNER.partition("/")[0])
        await copies.want_look(c)
    changed = 0
    while True:
        async with pool.connection() as c:
            look = await copies.claim(c, owner=OWNER, seconds=60)
        if look is None:
            return changed
        journal = Journal(pool=pool, look=look, owner=OWNER, grace_hours=1)
        async with registry.using(look.server) as adapter:
            shelf = shelf_of(adapter)
            assert shelf is not None
            looked = await publishing.look(shelf, journal, filling, Wanted(songs=6))
        async with pool.connection() as c:
            await copies.finish(c, look, OWNER, seconds=3600, known=looked.known)
        changed += looked.changed


async def work(facts: dict[str, str]) -> None:
    async with open_pool(facts["database"], max_size=4) as pool:
        registry = registry_of(pool, Path(facts["data"]))
        try:
            sys.stdout.write("begun\n")
            sys.stdout.flush()
            while await look_at_all(pool, registry):
                pass
        finally:
            await registry.close()


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # a killed test leaves no worker
    asyncio.run(work(json.loads(sys.argv[1])))
