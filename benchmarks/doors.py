"""What a front door costs, as markdown tables: python benchmarks/doors.py [--requests N] [--seconds S]

A server, a door before it and the client are three processes on one machine. Small replies are asked for in
turn, directly and through the door, so that both see the same load; streams are read whole and slowly.
Linux only: memory and processor time are read from /proc.
"""

import argparse
import asyncio
import multiprocessing
import os
import socket
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from pathlib import Path

import aiohttp
from aiohttp import web
from yarl import URL

_REPLY = b"x" * 1024
_STREAM_MB = 100
_PIECE = 65536
_LISTENERS = 100
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--requests", type=int, default=3000)
    asked.add_argument("--seconds", type=float, default=15.0, help="how long the slow streams are read")
    told = asked.parse_args()
    spawning = multiprocessing.get_context("spawn")
    ready, server_port, door_port = spawning.Event(), _free_port(), _free_port()
    server = spawning.Process(target=_serve, args=(server_port, ready), daemon=True)
    server.start()
    ready.wait(60)
    ready.clear()
    door = spawning.Process(target=_door, args=(server_port, door_port, ready), daemon=True)
    door.start()
    ready.wait(60)
    try:
        direct, through = (URL(f"http://127.0.0.1:{port}") for port in (server_port, door_port))
        return asyncio.run(_measure(direct, through, door, told.requests, told.seconds))
    finally:
        door.terminate()
        server.terminate()


async def _measure(direct: URL, door: URL, process: SpawnProcess, requests: int, seconds: float) -> int:
    pid = process.pid or 0
    async with aiohttp.ClientSession() as client:
        await _small(client, direct, door, requests, pid)
        await _streams(client, direct, door, pid)
        await _slow(door, pid, seconds)
    return 0


async def _small(client: aiohttp.ClientSession, direct: URL, door: URL, requests: int, pid: int) -> None:
    taken: dict[URL, list[float]] = {direct: [], door: []}
    for address in (direct, door) * 100:
        await _seconds(client, address / "small")
    began = _processor(pid)
    for _ in range(requests):
        for address, times in taken.items():
            times.append(await _seconds(client, address / "small"))
    each = (_processor(pid) - began) / requests
    print(f"| {requests} replies of 1 kB | p50 | p99 |\n| --- | ---: | ---: |")
    for name, address in (("directly", direct), ("through the door", door)):
        p50, p99 = _percentiles(taken[address])
        print(f"| {name} | {p50 * 1000:.2f} ms | {p99 * 1000:.2f} ms |")
    added = [through - alone for alone, through in zip(taken[direct], taken[door], strict=True)]
    print(f"\nAdded at p50: {statistics.median(added) * 1000:.2f} ms (aim: below 1 ms); ", end="")
    print(f"the door's processor time: {each * 1e6:.0f} µs a request.\n")


async def _streams(client: aiohttp.ClientSession, direct: URL, door: URL, pid: int) -> None:
    before = _resident(pid)
    print(f"| a stream of {_STREAM_MB} MB | MB/s | the door's processor time |\n| --- | ---: | ---: |")
    for name, address in (("directly", direct), ("through the door", door)):
        rates, began = [], _processor(pid)
        for _ in range(3):
            rates.append(_STREAM_MB / await _seconds(client, address / "stream"))
        print(f"| {name} | {statistics.median(rates):.0f} | {(_processor(pid) - began) / 3:.2f} s |")
    print(f"\nMemory grew by {(_peak(pid) - before) / 1e6:.1f} MB at most.\n")


async def _slow(door: URL, pid: int, seconds: float) -> None:
    """Everybody has paused: what is under way must wait in the server, not in the door."""
    before = most = _resident(pid)
    until = time.monotonic() + seconds
    async with _listeners(door) as replies:
        while time.monotonic() < until:
            await asyncio.gather(*(reply.content.readexactly(_PIECE) for reply in replies))
            most = max(most, _resident(pid))
            await asyncio.sleep(0.2)
    each = (most - before) / _LISTENERS / 1024
    print(f"{_LISTENERS} slow streams at once: {before / 1e6:.1f} MB before, ", end="")
    print(f"{most / 1e6:.1f} MB at most, {each:.0f} KiB each.")


@asynccontextmanager
async def _listeners(door: URL) -> AsyncIterator[list[aiohttp.ClientResponse]]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, read_bufsize=_PIECE) as client:
        replies = [await client.get(door / "stream") for _ in range(_LISTENERS)]
        try:
            yield replies
        finally:
            for reply in replies:
                reply.close()


async def _seconds(client: aiohttp.ClientSession, address: URL) -> float:
    began = time.perf_counter()
    async with client.get(address) as reply:
        async for _ in reply.content.iter_any():
            pass
    return time.perf_counter() - began


def _serve(port: int, ready: Event) -> None:
    async def small(request: web.Request) -> web.Response:
        return web.Response(body=_REPLY)

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(_STREAM_MB * 1_000_000)})
        await response.prepare(request)
        left = _STREAM_MB * 1_000_000
        piece = os.urandom(_PIECE)
        with suppress(ConnectionError):  # slow listeners leave before the end
            while left:
                await response.write(piece[:left])
                left -= min(left, _PIECE)
            await response.write_eof()
        return response

    app = web.Application()
    app.router.add_get("/small", small)
    app.router.add_get("/stream", stream)
    asyncio.run(_listen(web.AppRunner(app, access_log=None), port, ready.set))


def _door(server_port: int, port: int, ready: Event) -> None:
    from segue.web.front.door import make_door, runner

    asyncio.run(_listen(runner(make_door(URL(f"http://127.0.0.1:{server_port}"))), port, ready.set))


async def _listen(app: web.AppRunner, port: int, ready: Callable[[], None]) -> None:
    await app.setup()
    await web.TCPSite(app, "127.0.0.1", port).start()
    ready()
    await asyncio.Event().wait()


def _percentiles(times: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(times, n=100)
    return statistics.median(times), cuts[98]


def _processor(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / _TICKS


def _resident(pid: int) -> int:
    return _status(pid, "VmRSS")


def _peak(pid: int) -> int:
    return _status(pid, "VmHWM")


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0


def _free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


if __name__ == "__main__":
    raise SystemExit(main())
