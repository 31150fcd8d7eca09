"""One adapter's connection, entered and left in one task, and closed when its last user is done."""

import asyncio
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from segue.sdk import (
    Adapter,
    AdapterError,
    AuthFailed,
    Malformed,
    NotFound,
    ServerInfo,
    Unavailable,
    Unsupported,
)

__all__ = ["Connection", "ServerBroken"]

_CLOSE_SECONDS = 5.0


class ServerBroken(Unsupported):
    """This server cannot be connected until the operator changes something."""


class Connection:
    """Holds an adapter open until it is retired and nobody uses it any more."""

    def __init__(
        self, connecting: AbstractAsyncContextManager[Adapter], *, seconds: float, proven: bool = False
    ) -> None:
        self._connecting = connecting
        self._seconds = seconds
        self._proven = proven  # it was connected with these settings before
        self.noted = False  # what it told of itself is kept
        self._opened: tuple[Adapter, ServerInfo] | None = None
        self._ready = asyncio.Event()
        self._users = 0
        self._retired = False
        self._idle = asyncio.Event()
        self._task = asyncio.create_task(self._hold())
        self._task.add_done_callback(lambda _: self._ready.set())

    async def opened(self) -> tuple[Adapter, ServerInfo]:
        """The probed adapter, for all who wait for it; an AdapterError when it cannot be had."""
        await self._ready.wait()
        if self._opened is not None:
            return self._opened
        if self._task.cancelled() or (error := self._task.exception()) is None:
            raise Unavailable("The connection was closed before it was open.")
        raise self._translated(error) from error

    def enter(self) -> None:
        self._users += 1

    def leave(self) -> None:
        self._users -= 1
        self._end_if_idle()

    def retire(self) -> None:
        """Close when nobody uses it."""
        self._retired = True
        self._end_if_idle()

    async def close(self) -> BaseException | None:
        """Close now; its users get errors. Gives what the adapter raised while closing."""
        self._idle.set()
        if self._opened is None:
            self._task.cancel()
        _, hanging = await asyncio.wait({self._task}, timeout=_CLOSE_SECONDS)
        if hanging:
            self._task.cancel()
            await asyncio.wait(hanging)
        return None if self._task.cancelled() else self._task.exception()

    def _end_if_idle(self) -> None:
        if self._retired and self._users == 0:
            self._idle.set()

    async def _hold(self) -> None:
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(self._seconds):
                adapter = await stack.enter_async_context(self._connecting)
                info = await adapter.probe()
            self._opened = adapter, info
            self._ready.set()
            await self._idle.wait()

    def _translated(self, error: BaseException) -> AdapterError:
        """What an adapter raises while it connects is about the server, never about an item."""
        if isinstance(error, Unavailable | AuthFailed):
            return error
        if isinstance(error, TimeoutError):
            return Unavailable(f"The server did not answer within {self._seconds:.0f} s.")
        if self._proven and isinstance(error, Malformed | NotFound):
            return Unavailable(f"Something else answers in the server's place: {error}")
        if isinstance(error, AdapterError):
            return ServerBroken(str(error))
        return ServerBroken(f"The adapter failed with {type(error).__name__}: {error}")
