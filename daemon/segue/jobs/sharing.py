"""One child that has the GPU and runs the network for all that decode; loud when it cannot."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from segue.children import Child, ChildError, Limits, Message
from segue.jobs.timers import Every

__all__ = ["Offer", "SharedNetwork"]

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_START_SECONDS = 300.0  # CUDA prepares itself and is measured
_AGAIN_SECONDS = 60.0
_FOR_EVER = 10**9

Offer = dict[str, Any]
"""For whom decodes: `address`, None where each uses the processor; `device` and `reason`; `fell_back`."""


class SharedNetwork:
    """Starts its child when the first asks, again when it was lost, and lets it go when nobody asks."""

    def __init__(
        self,
        function: str | None,
        limits: Limits,
        *,
        search: tuple[Path, ...] = (),
        again_seconds: float = _AGAIN_SECONDS,
    ) -> None:
        self._possible = function is not None
        self._child = Child(
            function or "",
            # it reads nothing that strangers made, and CUDA reserves more than it uses
            replace(limits, memory_bytes=0, calls=_FOR_EVER, idle_seconds=_FOR_EVER),
            search=search,
        )
        self._idle_seconds = limits.idle_seconds
        self._again = Every(again_seconds)
        self._folder: Path | None = None
        self._refusal: Offer | None = None
        self._users = 0
        self._idling: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def offered(self) -> AsyncIterator[Offer | None]:
        """What one that decodes shall use; None where there is nothing to share."""
        if not self._possible:
            yield None
            return
        self._users += 1
        try:
            await self._stop_idling()
            yield await self._offer()
        finally:
            self._users -= 1
            if not self._users:
                self._idling = asyncio.create_task(self._go_when_idle())

    async def note(self, offer: Offer | None, reply: Message) -> None:
        """What became of an offer: a child that failed one is not offered to the next."""
        lost = offer is not None and offer["address"] is not None and reply.get("fell_back")
        if lost and self._refusal is None and self._ours(offer):
            await self._refuse(str(reply.get("device_reason")))

    async def stop(self) -> None:
        """End the child."""
        await self._stop_idling()
        await self._child.stop()
        if self._folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
            self._folder = None

    async def _offer(self) -> Offer:
        if self._refusal is not None and not (self._refusal["fell_back"] and self._again.is_due()):
            return self._refusal
        if self._folder is None:
            self._folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="segue-"))
        try:
            state = await self._child.call({"folder": str(self._folder)}, deadline_seconds=_START_SECONDS)
        except ChildError as error:
            return await self._refuse(f"the process for the GPU failed: {error}")
        if state["device"] == "cpu":
            return await self._refuse(str(state["reason"]), fell_back=bool(state["fell_back"]))
        self._refusal = None
        return dict(state)

    async def _refuse(self, reason: str, *, fell_back: bool = True) -> Offer:
        self._refusal = {"address": None, "device": "cpu", "reason": reason, "fell_back": fell_back}
        self._again.is_due()
        tell = _log.warning if fell_back else _log.info
        tell("network_not_shared", reason=reason)
        await self._child.stop()
        return self._refusal

    def _ours(self, offer: Offer | None) -> bool:
        """Whether the child that failed is the one we have now."""
        return offer is not None and str(offer["address"]).endswith(f"/{self._child.pid}")

    async def _go_when_idle(self) -> None:
        await asyncio.sleep(self._idle_seconds)
        await self._child.stop()

    async def _stop_idling(self) -> None:
        idling, self._idling = self._idling, None
        if idling is not None:
            idling.cancel()
            await asyncio.wait([idling])
