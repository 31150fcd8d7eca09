"""A line to a real server that a test can spoil: cut, silent, or answering what it never said."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

__all__ = ["CUT", "Fault", "FaultyLine", "faulty_line", "http"]

_CHUNK = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """From the so-manyth byte of answers on, this is the answer; without one the line is cut.

    `heard` tells which requests it is for; others pass.
    """

    answer: bytes | None = None
    after_bytes: int = 0
    heard: bytes = b""


CUT = Fault()


def http(status: str, body: str = "", *headers: str) -> bytes:
    """A whole answer of an HTTP server, after which it hangs up."""
    content = body.encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + content


@dataclass
class FaultyLine:
    """Listens on a port of its own and passes everything on, but for its fault."""

    target: tuple[str, int] | str
    port: int = 0
    fault: Fault | None = None
    spoilt: int = 0
    _told: int = 0
    _lines: set[asyncio.StreamWriter] = field(default_factory=set)

    def spoil(self, fault: Fault | None) -> None:
        """Have this fault from now on; None is none. What is open is cut unless it is for later bytes."""
        self.fault, self._told, self.spoilt = fault, 0, 0
        if fault is not None and not fault.after_bytes and not fault.heard:
            self.cut()

    def cut(self) -> None:
        """Hang up on everybody."""
        for writer in self._lines:
            self.spoilt += 1
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(writer)
        try:
            async with asyncio.TaskGroup() as tasks:
                far_reader, far_writer = await self._connect()
                asking = tasks.create_task(self._ask(reader, writer, far_writer))
                await self._answer(far_reader, writer)
                asking.cancel()
        except* (OSError, EOFError):
            pass
        finally:
            self._lines.discard(writer)
            writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._acts(b"") and self.fault is not None and self.fault.answer is None:
            self.spoilt += 1
            raise ConnectionResetError
        if isinstance(self.target, str):
            return await asyncio.open_unix_connection(self.target)
        return await asyncio.open_connection(*self.target)

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, far: asyncio.StreamWriter
    ) -> None:
        try:
            while asked := await reader.read(_CHUNK * 64):
                if self._acts(asked):
                    await self._spoil(writer)
                far.write(asked)
                await far.drain()
        finally:
            far.transport.abort()

    async def _answer(self, far: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while told := await far.read(_CHUNK):
            fault = self.fault
            self._told += len(told)
            if fault is not None and 0 < fault.after_bytes < self._told:
                await self._spoil(writer)
            writer.write(told)
            await writer.drain()

    def _acts(self, asked: bytes) -> bool:
        fault = self.fault
        if fault is None or (fault.heard and fault.heard not in asked):
            return False
        return not fault.after_bytes or self._told > fault.after_bytes

    async def _spoil(self, writer: asyncio.StreamWriter) -> None:
        self.spoilt += 1
        if self.fault is not None and self.fault.answer is not None:
            writer.write(self.fault.answer)
            with suppress(OSError):
                await writer.drain()
            writer.close()
        raise ConnectionResetError


@asynccontextmanager
async def faulty_line(target: tuple[str, int] | str) -> AsyncIterator[FaultyLine]:
    """A line for as long as the block lasts."""
    line = FaultyLine(target)
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        line.cut()
