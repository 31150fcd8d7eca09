"""The children in which groups are looked for, shared by all runs of a process."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from segue.children import Child, ChildCrashed, ChildError, ChildRaised, Limits
from segue.jobs.verdicts import Later, Never

__all__ = ["Minds", "Thinking", "judge_child"]

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_LOSSES = 3  # of a child, by one piece of work, until it is given up


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinking:
    """In how many children groups are looked for, by this function of theirs."""

    slots: int = 1
    gpu: bool = False
    limits: Limits = field(default_factory=lambda: Limits(memory_bytes=0))
    deadline_seconds: float = 1800.0
    function: str = "segue.clustering.child:run"
    search: tuple[Path, ...] = ()


class Minds:
    """So many children; whoever asks waits for a free one, and gets the one that worked last."""

    def __init__(self, thinking: Thinking) -> None:
        self._thinking = thinking
        self._all = [
            Child(thinking.function, thinking.limits, search=thinking.search) for _ in range(thinking.slots)
        ]
        self._free: asyncio.LifoQueue[Child] = asyncio.LifoQueue()
        for child in self._all:
            self._free.put_nowait(child)

    async def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The child's answer; ChildError when there is none. Cancelling kills what it is doing."""
        async with self._one() as child:
            reply = await child.call(
                {**request, "gpu": self._thinking.gpu}, deadline_seconds=self._thinking.deadline_seconds
            )
        for why in _texts(reply.get("fell_back")):
            _log.warning("gpu_failed", why=why)
        return dict(reply)

    async def stop(self) -> None:
        """End all children."""
        await asyncio.gather(*(child.stop() for child in self._all))

    @asynccontextmanager
    async def _one(self) -> AsyncIterator[Child]:
        child = await self._free.get()
        try:
            yield child
        finally:
            self._free.put_nowait(child)


def judge_child(error: ChildError, *, attempt: int) -> Later | Never:
    """A lost child may be the machine's fault, but not for ever; an error of ours stays one."""
    if isinstance(error, ChildRaised) and error.kind != "MemoryError":
        _log.error("clustering_broke", error=error.kind, trace=error.trace)
        return Never(f"Segue made an error ({error.kind}: {error}); its log has the details.")
    words = error.last_words if isinstance(error, ChildCrashed) else ""
    _log.warning("child_lost", error=str(error), last_words=words)
    reason = f"The process that looks for groups failed: {error}."
    return Never(reason) if attempt >= _LOSSES else Later(5.0, reason)


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
