"""All front doors of a process: opened, moved and closed as the database says."""

import asyncio
import errno
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import structlog
from aiohttp import web
from yarl import URL

from segue.model import Listening, ServerKey
from segue.registry import NoClientSideError, client_side
from segue.services import Services
from segue.similarity import Follower
from segue.store import front_doors, servers
from segue.store.pool import DATABASE_FAULTS
from segue.store.servers import Server
from segue.web.front.dialects import DIALECTS, MakesDialect
from segue.web.front.door import make_door, runner

__all__ = ["DoorState", "DoorStatus", "Doors"]

_LOOK_SECONDS = 5

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class DoorState(StrEnum):
    """taken: somebody else listens there, and it opens once they leave · broken: the operator must act."""

    OPENING = "opening"
    OPEN = "open"
    TAKEN = "taken"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorStatus:
    """One door of this process; `address` is None until it listens, `trouble` is a sentence."""

    state: DoorState
    address: str | None = None
    dialect: str | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What a door is made of; when that changes, it is made anew."""

    server: Server
    listening: Listening

    @property
    def essence(self) -> tuple[object, ...]:
        return self.listening, self.server.kind, self.server.config_sealed


@dataclass(slots=True, kw_only=True)
class _Door:
    essence: tuple[object, ...]
    status: DoorStatus
    runner: web.AppRunner | None = None


class Doors:
    """Owner of the doors; `run` is a task for as long as the process serves."""

    def __init__(
        self,
        services: Services,
        follower: Follower,
        *,
        dialects: Mapping[str, MakesDialect] = DIALECTS,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        self._services = services
        self._follower = follower
        self._dialects = dialects
        self._look_seconds = look_seconds
        self._doors: dict[ServerKey, _Door] = {}
        self._hint = asyncio.Event()
        self._looking = asyncio.Lock()

    def status(self, server: ServerKey) -> DoorStatus:
        """How the door before this server is; one that was not looked at yet is opening."""
        door = self._doors.get(server)
        return DoorStatus(state=DoorState.OPENING) if door is None else door.status

    def hint(self) -> None:
        """Something has changed: look now."""
        self._hint.set()

    async def run(self) -> None:
        """Keep the doors as the database wants them, until cancelled; then close them all."""
        try:
            while True:
                self._hint.clear()
                try:
                    await self.look()
                except DATABASE_FAULTS as error:  # the doors stay as they are
                    log.debug("doors_not_looked_at", reason=type(error).__name__)
                await self._rest()
        finally:
            await asyncio.gather(*(self._close(server) for server in list(self._doors)))

    async def look(self) -> None:
        """Close what is not wanted any more, open what is."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        wanted = await self._wanted()
        gone = [key for key, door in self._doors.items() if _essence(wanted.get(key)) != door.essence]
        await asyncio.gather(*(self._close(server) for server in gone))
        for server, one in wanted.items():
            held = self._doors.get(server)
            if held is None or held.runner is None:
                await self._open(one, held)

    async def _wanted(self) -> dict[ServerKey, _Wanted]:
        async with self._services.pool.connection() as c:
            asked = await front_doors.list_(c)
            rows = {row.id: row for row in await servers.list_(c)} if asked else {}
        return {
            one.server_id: _Wanted(server=rows[one.server_id], listening=one.listening)
            for one in asked
            if one.server_id in rows and not rows[one.server_id].withdrawn
        }

    async def _open(self, wanted: _Wanted, before: _Door | None) -> None:
        key = wanted.server.id
        door = self._doors[key] = await self._opened(wanted)
        if before is None or before.status != door.status:
            tell = log.info if door.status.state is DoorState.OPEN else log.warning
            words = {"address": door.status.address, "reason": door.status.trouble}
            told = {name: word for name, word in words.items() if word is not None}
            tell(f"front_door_{door.status.state.value}", server=wanted.server.name, **told)

    async def _opened(self, wanted: _Wanted) -> _Door:
        door = partial(_Door, essence=wanted.essence)
        try:
            side = client_side(self._services.registry, wanted.server)
        except NoClientSideError as error:
            return door(status=DoorStatus(state=DoorState.BROKEN, trouble=str(error)))
        made = self._dialects.get(side.dialect)
        pool, key = self._services.pool, wanted.server.id
        dialect = made(pool=pool, follower=self._follower, server=key) if made else None
        app = runner(make_door(URL(side.url), dialect, tls=side.tls))
        host = wanted.listening.host or self._services.settings.host
        await app.setup()
        try:
            await web.TCPSite(app, host, wanted.listening.port).start()
        except (OSError, UnicodeError) as error:  # the latter for a host that no name server could know
            await app.cleanup()
            return door(status=_trouble(error, Listening(host=host, port=wanted.listening.port)))
        except BaseException:
            await app.cleanup()
            raise
        address = str(Listening(host=host, port=app.addresses[0][1]))
        status = DoorStatus(state=DoorState.OPEN, address=address, dialect=side.dialect if made else None)
        return door(status=status, runner=app)

    async def _close(self, server: ServerKey) -> None:
        door = self._doors.pop(server)
        if door.runner is not None:
            await door.runner.cleanup()
            log.info("front_door_closed", address=door.status.address)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._look_seconds):
                await self._hint.wait()
        except TimeoutError:
            return


def _essence(wanted: _Wanted | None) -> tuple[object, ...] | None:
    return None if wanted is None else wanted.essence


def _trouble(error: OSError | UnicodeError, listening: Listening) -> DoorStatus:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return DoorStatus(
            state=DoorState.TAKEN,
            trouble=f"Something else listens on {listening} already: stop it, or choose another port.",
        )
    if number == errno.EACCES:
        trouble = f"This process may not listen on {listening}: choose a port above 1023."
    else:
        trouble = f"Listening on {listening} is not possible: {_reason(error)}."
    return DoorStatus(state=DoorState.BROKEN, trouble=trouble)


def _reason(error: OSError | UnicodeError) -> str:
    if isinstance(error, UnicodeError):
        return "this is no host name"
    return error.strerror or str(error)
