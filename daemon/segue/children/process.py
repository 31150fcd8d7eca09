"""The parent's end of one child process: spawned, asked, killed."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import structlog

from segue.children import frames
from segue.children.errors import ChildCrashed, ChildGarbled, ChildRaised
from segue.children.frames import Frame, Message

_LAST_WORDS_BYTES = 4000
_REAP_SECONDS = 5.0  # a child in a dead network file system may not even die when killed
_EXIT_SECONDS = 2.0
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one child may use; a `memory_bytes` of 0 is no limit."""

    start_seconds: float = 120.0
    memory_bytes: int = 4 * 2**30
    nice: int = 10
    calls: int = 500
    idle_seconds: float = 120.0


class ChildProcess:
    """A running child; good for calls until one fails in another way than by ChildRaised."""

    def __init__(self, process: Process) -> None:
        assert process.stdin and process.stdout and process.stderr
        self._process = process
        self._requests = process.stdin
        self._replies = process.stdout
        self._errors = process.stderr
        self._last_words = b""
        self._listening = asyncio.create_task(self._listen())
        self.calls = 0

    @classmethod
    async def spawn(cls, function: str, limits: Limits, search: Sequence[Path]) -> "ChildProcess":
        """Start a child and wait until it has imported the function."""
        child = cls(
            await asyncio.create_subprocess_exec(
                *_command(function, limits, search),
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                env=_environment(),
                start_new_session=True,  # Ctrl-C reaches only us
            )
        )
        try:
            await child._receive("ready")
        except BaseException:
            await child.kill()
            raise
        return child

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def ask(self, request: Message) -> Message:
        """One call."""
        self.calls += 1
        try:
            self._requests.write(frames.encode(Frame("request", request)))
            await self._requests.drain()
        except (BrokenPipeError, ConnectionResetError):
            await self._report_crash()
        return await self._receive("reply")

    async def stop(self) -> None:
        """Let it end by the end of its input; kill it when it does not."""
        self._requests.close()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_REAP_SECONDS):
                    await self._process.wait()
        finally:
            await self.kill()

    async def kill(self) -> None:
        """End it at once, with all that it started; finishes even when we are cancelled."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        await _even_when_cancelled(self._reap())

    async def _reap(self) -> None:
        try:
            async with asyncio.timeout(_REAP_SECONDS):
                await self._process.wait()
                await self._listening
        except TimeoutError:
            _log.warning("child_unkillable", pid=self.pid)
        finally:
            self._listening.cancel()
            self._requests.close()

    async def _receive(self, kind: str) -> Message:
        try:
            prefix = await self._replies.readexactly(frames.PREFIX_BYTES)
            header = frames.parse_header(await self._replies.readexactly(frames.header_size(prefix)))
            frame = header.fill(await self._replies.readexactly(header.blob_bytes))
        except (asyncio.IncompleteReadError, ConnectionResetError):
            await self._report_crash()
        match frame:
            case Frame("raised", {"kind": str(name), "message": str(text), "trace": str(trace)}):
                raise ChildRaised(name, text, trace=trace)
            case Frame(got, message) if got == kind:
                return message
        raise ChildGarbled(f"expected a frame '{kind}', got '{frame.kind}'")

    async def _report_crash(self) -> NoReturn:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_EXIT_SECONDS):  # its pipe closes a moment before it ends
                await self._process.wait()
        await self.kill()
        raise ChildCrashed(
            _how(self._process.returncode), last_words=self._last_words.decode(errors="replace").strip()
        )

    async def _listen(self) -> None:
        while data := await self._errors.read(_LAST_WORDS_BYTES):
            self._last_words = (self._last_words + data)[-_LAST_WORDS_BYTES:]


def _command(function: str, limits: Limits, search: Sequence[Path]) -> list[str]:
    return [
        sys.executable,
        "-P",  # nothing is imported from whatever folder we were started in
        "-X",
        "faulthandler",
        "-m",
        "segue.children.host",
        function,
        f"--parent={os.getpid()}",
        f"--memory-bytes={limits.memory_bytes}",
        f"--nice={limits.nice}",
        *(f"--search={folder}" for folder in search),
    ]


def _environment() -> dict[str, str]:
    """Ours without our secrets: a child reads files that strangers made."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SEGUE_")}


def _how(returncode: int | None) -> str:
    if returncode is None:
        return "does not answer and cannot be killed"
    if returncode < 0:
        return f"was ended by signal {-returncode} ({signal.strsignal(-returncode)})"
    return f"ended with exit status {returncode}"


async def _even_when_cancelled(work: Coroutine[None, None, None]) -> None:
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
