"""A frugal HTTP client, so that what is measured is the daemon: lines in, lines out, nothing else."""

import asyncio
import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["Clients", "Times"]

Times = npt.NDArray[np.float64]


class _Line(asyncio.Protocol):
    """One connection kept alive; one request at a time."""

    def __init__(self) -> None:
        self._buffer = b""
        self._needed: int | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._needed is None:
            head, found, _ = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            self._needed = len(head) + 4 + int(length)
        if len(self._buffer) >= self._needed and self._answer is not None:
            answer, self._answer = self._answer, None
            answer.set_result(self._buffer[: self._needed])
            self._buffer, self._needed = b"", None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("The daemon hung up."))

    async def ask(self, request: bytes) -> bytes:
        assert self._transport is not None
        if self._transport.is_closing():
            raise ConnectionError("The daemon hung up.")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        answer = await self._answer
        if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 409")):  # 409: the seed was just taken away
            raise RuntimeError(answer[:400].decode(errors="replace"))
        return answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Clients:
    """So many connections to one daemon."""

    def __init__(self, port: int, count: int, token: str) -> None:
        self._port, self._count = port, count
        self._head = f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        self._lines: list[_Line] = []

    async def __aenter__(self) -> "Clients":
        loop = asyncio.get_running_loop()
        for _ in range(self._count):
            self._lines.append((await loop.create_connection(_Line, "127.0.0.1", self._port))[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        for line in self._lines:
            line.close()

    async def get(self, path: str) -> bytes:
        """The body of one answer, over the first connection."""
        return (await self._lines[0].ask(b"GET " + path.encode() + self._head)).partition(b"\r\n\r\n")[2]

    async def closed_loop(self, paths: Sequence[str], seconds: float, *, rate: float | None = None) -> Times:
        """Everyone asks again once the answer is there: at once, or after resting so that all ask `rate`."""
        taken: list[float] = []
        until = time.perf_counter() + seconds
        rest = self._count / rate if rate else 0.0
        chance = np.random.default_rng(4)

        async def client(number: int, line: _Line) -> None:
            at = number
            if rest:
                await asyncio.sleep(chance.uniform(0, rest))
            while (began := time.perf_counter()) < until:
                await line.ask(b"GET " + paths[at % len(paths)].encode() + self._head)
                taken.append(time.perf_counter() - began)
                at += self._count
                if rest:
                    await asyncio.sleep(max(0.0, chance.exponential(rest) - taken[-1]))

        await asyncio.gather(*(client(number, line) for number, line in enumerate(self._lines)))
        return np.array(taken)

    async def open_loop(self, paths: Sequence[str], rate: float, seconds: float) -> Times:
        """Requests come when they come (Poisson); waiting for a free connection counts as well."""
        free: asyncio.Queue[_Line] = asyncio.Queue()
        for line in self._lines:
            free.put_nowait(line)
        moments = np.random.default_rng(1).exponential(1 / rate, int(rate * seconds)).cumsum()
        began = time.perf_counter()

        async def request(path: str, due: float) -> float:
            line = await free.get()
            try:
                await line.ask(b"GET " + path.encode() + self._head)
            finally:
                free.put_nowait(line)
            return time.perf_counter() - due

        asked = []
        for at, moment in enumerate(moments.tolist()):
            due = began + moment
            if (pause := due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            asked.append(asyncio.create_task(request(paths[at % len(paths)], due)))
        return np.array(await asyncio.gather(*asked))

    async def volleys(self, paths: Sequence[str], pause: float, seconds: float) -> Times:
        """All connections ask at the same moment, then rest: how long one of so many waits."""
        taken: list[float] = []
        until, at = time.perf_counter() + seconds, 0
        while time.perf_counter() < until:
            began = time.perf_counter()
            asked = [
                self._timed(line, paths[(at + number) % len(paths)], began)
                for number, line in enumerate(self._lines)
            ]
            taken += await asyncio.gather(*asked)
            at += self._count
            await asyncio.sleep(pause)
        return np.array(taken)

    async def _timed(self, line: _Line, path: str, began: float) -> float:
        await line.ask(b"GET " + path.encode() + self._head)
        return time.perf_counter() - began
