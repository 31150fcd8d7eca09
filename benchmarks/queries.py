"""How fast a real daemon answers over HTTP, as markdown: python benchmarks/queries.py [--size 100000]

PostgreSQL, Valkey and `segue serve` run as processes; the library is written straight into the database.
50 connections ask for random tracks while others write. Closed loop: everyone asks again as soon as the
answer is there, so one process is always saturated and the times tell its throughput. Open loop: requests
come at a rate (Poisson), as from people. With `--data` the folder is used again next time.
"""

import argparse
import asyncio
import contextlib
import tempfile
from pathlib import Path

import numpy as np
from serving.clients import Clients, Times
from serving.daemons import TOKEN, Daemon, daemon, stores
from serving.library import Writer, fill

_COLUMNS = ("load", "answers", "per second", "p50 ms", "p95 ms", "p99 ms", "daemon CPU ms each")


def main() -> None:
    arguments = _arguments()
    with contextlib.ExitStack() as ends:
        folder = arguments.data or Path(
            ends.enter_context(tempfile.TemporaryDirectory(prefix="segue-queries-"))
        )
        folder.chmod(0o711)  # as root, the database runs under another account
        at = ends.enter_context(stores(folder))
        asyncio.run(fill(at.database, arguments.size))
        running = ends.enter_context(daemon(folder / "daemon", at))
        asyncio.run(_measure(running, at.database, arguments))


async def _measure(running: Daemon, dsn: str, arguments: argparse.Namespace) -> None:
    paths = _paths(arguments)
    async with Clients(running.port, arguments.clients, TOKEN) as clients:
        await _await_built(running, clients)
        memory = {name: round(value / 2**20) for name, value in running.memory().items()}
        print(f"\n{arguments.size:,} recordings, {arguments.clients} connections, "
              f"{arguments.writes:g} transactions of writes per second; daemon {memory} MiB\n")  # fmt: skip
        print("| " + " | ".join(_COLUMNS) + " |\n|" + " --- |" * len(_COLUMNS))
        writer = asyncio.create_task(Writer(dsn, per_second=arguments.writes).run())
        await clients.closed_loop(paths, 2)
        for name, load in _loads(clients, paths, arguments):
            before = running.cpu_seconds
            times = await load
            _print(name, times, running.cpu_seconds - before, arguments.seconds)
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)


def _loads(clients: Clients, paths: list[str], arguments: argparse.Namespace):
    for rate in arguments.rates:
        yield f"open, {rate:g}/s", clients.open_loop(paths, rate, arguments.seconds)
    yield f"closed, {arguments.clients} clients", clients.closed_loop(paths, arguments.seconds)
    yield f"volleys of {arguments.clients}", clients.volleys(paths, 0.5, arguments.seconds)


async def _await_built(running: Daemon, clients: Clients) -> None:
    """The exact index serves while the graph is built beside it."""
    await asyncio.sleep(3)
    for _ in range(1800):
        if running.process.poll() is not None:
            raise SystemExit("The daemon has ended; serve.log in its folder tells why.")
        text = (await clients.get("/metrics")).decode()
        if "segue_index_building 0.0" in text and "segue_index_ready 1.0" in text:
            return
        await asyncio.sleep(0.5)


def _paths(arguments: argparse.Namespace) -> list[str]:
    tracks = np.random.default_rng(3).integers(1, arguments.size, 5000)
    return [f"/api/v1/similar?track={track}&limit={arguments.limit}{arguments.more}" for track in tracks]


def _print(name: str, times: Times, cpu: float, seconds: float) -> None:
    p50, p95, p99 = (np.percentile(times, q) * 1000 for q in (50, 95, 99))
    cells = [f"{len(times)}", f"{len(times) / seconds:.0f}", f"{p50:.1f}", f"{p95:.1f}", f"{p99:.1f}"]
    print("| " + " | ".join([name, *cells, f"{1000 * cpu / len(times):.2f}"]) + " |", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--rates", type=float, nargs="*", default=[100, 200, 400])
    parser.add_argument("--writes", type=float, default=5, help="transactions per second")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--limit", type=int, default=25)
    parser.add_argument("--more", default="", help="further query, such as '&unhub=true'")
    parser.add_argument("--data", type=Path, help="keep database and index here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
