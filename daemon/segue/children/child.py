"""One supervised child per slot: started when asked, killed at a deadline, renewed, let go when idle."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import structlog

from segue.children.errors import ChildRaised, ChildTimedOut
from segue.children.frames import Message
from segue.children.process import ChildProcess, Limits

__all__ = ["Child", "Limits"]

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_DEFAULTS = Limits()


class Child:
    """Calls a function of another process, one call at a time; use it as a context manager.

    `function` is `module:name` and is imported only in the child; `search` are folders beside
    the installed packages where its module may lie.
    """

    def __init__(self, function: str, limits: Limits = _DEFAULTS, *, search: Sequence[Path] = ()) -> None:
        self._function = function
        self._limits = limits
        self._search = tuple(search)
        self._process: ChildProcess | None = None
        self._turn = asyncio.Lock()
        self._idling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Child":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def pid(self) -> int | None:
        """The process that stands ready, if any."""
        return self._process.pid if self._process else None

    async def call(self, request: Message, *, deadline_seconds: float) -> Message:
        """The function's answer; ChildError when there is none. Cancelling kills what it is doing."""
        async with self._turn:
            await self._stop_idling()
            process = await self._ready()
            well = False
            try:
                reply = await _ask(process, request, deadline_seconds)
                well = True
            except ChildRaised as error:
                well = error.kind != "MemoryError"
                raise
            finally:
                await self._after(process, well=well)
            return reply

    async def stop(self) -> None:
        """End the process; a later call starts a new one."""
        async with self._turn:
            await self._stop_idling()
            await self._let_go()

    async def _ready(self) -> ChildProcess:
        if self._process is not None and not self._process.alive:
            await self._let_go()
        if self._process is None:
            seconds = self._limits.start_seconds
            try:
                async with asyncio.timeout(seconds):
                    self._process = await ChildProcess.spawn(self._function, self._limits, self._search)
            except TimeoutError as error:
                raise ChildTimedOut(seconds) from error
            _log.debug("child_started", pid=self._process.pid, function=self._function)
        return self._process

    async def _after(self, process: ChildProcess, *, well: bool) -> None:
        if not well:
            self._process = None
            await process.kill()
        elif process.calls >= self._limits.calls:
            await self._let_go()
        else:
            self._idling = asyncio.create_task(self._go_when_idle())

    async def _let_go(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await process.stop()

    async def _go_when_idle(self) -> None:
        await asyncio.sleep(self._limits.idle_seconds)
        process, self._process = self._process, None  # before any wait: a call now starts a new one
        if process is not None:
            _log.debug("child_idle", pid=process.pid, function=self._function)
            await process.stop()

    async def _stop_idling(self) -> None:
        idling, self._idling = self._idling, None
        if idling is not None:
            idling.cancel()
            await asyncio.wait([idling])  # unlike awaiting it, this tells its cancelling from ours


async def _ask(process: ChildProcess, request: Message, seconds: float) -> Message:
    try:
        async with asyncio.timeout(seconds):
            return await process.ask(request)
    except TimeoutError as error:
        raise ChildTimedOut(seconds) from error
