"""How fast a real daemon answers over HTTP, as markdown: python benchmarks/queries.py [--keep DIR]

PostgreSQL, Valkey and `segue serve` run as processes; the library is written straight into the database.
50 connections ask for random tracks while others write:

- resting: each waits by chance between answer and next question, so that all together ask so many a second;
- open: requests come at a rate whether or not the ones before are answered, as from strangers;
- volleys: all ask in the same moment, then rest, so that the last waits for 49 others;
- closed: each asks again at once; one process is always saturated, and the times tell its throughput.

An answer that holds nothing (`/healthz`) tells what HTTP alone takes, resting and closed.

With `--keep` the library and the graph are made once; later runs begin with them. Recall is asked for
through HTTP as well, without rules, and compared with a scan of what the database holds.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psycopg
from serving.clients import Clients, Times
from serving.daemons import TOKEN, Daemon, daemon, stores
from serving.library import Writer, fill

from segue.index import Sizes
from segue.settings import IndexSection

Tell = Callable[[str], None]
_COLUMNS = ("load", "answers", "per second", "p50 ms", "p95 ms", "p99 ms", "daemon CPU ms each")


def main() -> None:
    arguments = _arguments()
    began = time.monotonic()

    def tell(what: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {what}", file=sys.stderr, flush=True)

    with contextlib.ExitStack() as ends:
        folder = arguments.keep or Path(
            ends.enter_context(tempfile.TemporaryDirectory(prefix="segue-queries-"))
        )
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)  # as root, the database runs under another account
        at = ends.enter_context(stores(folder))
        tell(f"filling the database with {arguments.size:,} recordings, unless it holds them")
        asyncio.run(fill(at.database, arguments.size))
        tell("starting the daemon")
        running = ends.enter_context(daemon(folder / "daemon", at))
        asyncio.run(_measure(running, at.database, arguments, tell))


async def _measure(running: Daemon, dsn: str, arguments: argparse.Namespace, tell: Tell) -> None:
    paths = _paths(arguments)
    async with Clients(running.port, arguments.clients, TOKEN) as clients:
        await _await_built(running, clients, tell)
        memory = {name: round(value / 2**20) for name, value in running.memory().items()}
        print(f"\n{arguments.size:,} recordings, {arguments.clients} connections, "
              f"{arguments.writes:g} transactions of writes per second; daemon {memory} MiB\n")  # fmt: skip
        print("| " + " | ".join(_COLUMNS) + " |\n|" + " --- |" * len(_COLUMNS))
        writer = asyncio.create_task(Writer(dsn, per_second=arguments.writes).run())
        await clients.closed_loop(paths, 2)
        for name, load in _loads(clients, paths, arguments):
            tell(name)
            before = running.cpu_seconds
            times = await load
            _print(name, times, running.cpu_seconds - before, arguments.seconds)
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)
        tell("recall")
        await asyncio.sleep(2)  # until the daemon has read the last change
        print(
            f"\nrecall@10 {await _recall(clients, dsn, arguments.recall):.4f} of {arguments.recall} queries"
        )


def _loads(clients: Clients, paths: list[str], arguments: argparse.Namespace):
    for rate in arguments.rates:
        yield (
            f"resting, {rate:g}/s",
            clients.closed_loop(paths, arguments.seconds, rate=rate),
        )
    for rate in arguments.rates[:1]:
        yield (
            f"resting, {rate:g}/s, of /healthz",
            clients.closed_loop(["/healthz"], arguments.seconds, rate=rate),
        )
    for rate in arguments.rates:
        yield f"open, {rate:g}/s", clients.open_loop(paths, rate, arguments.seconds)
    yield f"closed, {arguments.clients} clients", clients.closed_loop(paths, arguments.seconds)
    yield (
        f"closed, {arguments.clients} clients, of /healthz",
        clients.closed_loop(["/healthz"], arguments.seconds),
    )
    yield f"volleys of {arguments.clients}", clients.volleys(paths, 0.5, arguments.seconds)


async def _await_built(running: Daemon, clients: Clients, tell: Tell) -> None:
    """The exact index serves while the graph is built beside it, and the graph until all lists are made."""
    await asyncio.sleep(3)
    for turn in itertools.count():
        text = (await clients.get("/metrics")).decode()
        held, listed = (_gauge(text, f"segue_index_{name}") for name in ("recordings", "listed"))
        is_built = "segue_index_building 0.0" in text and "segue_index_ready 1.0" in text
        if is_built and (not _READIED.are_ready_for(int(held), now=False) or listed > held - _LATE):
            return
        if turn % 20 == 0:
            tell(f"the lists are being made, {listed:,.0f}" if is_built else "the graph is being built")
        await asyncio.sleep(0.5)


def _gauge(text: str, name: str) -> float:
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name} "))


_READIED = Sizes(ready_below=IndexSection().ready_below)
_LATE = 1000


async def _recall(clients: Clients, dsn: str, count: int) -> float:
    """Which share of the answers is as near as the true ten nearest, where no rule leaves any out."""
    async with await psycopg.AsyncConnection.connect(dsn) as c:
        cursor = await c.execute(
            """select e.recording_id, e.vector from embeddings e
                where e.space_id = (select id from spaces where serving) and e.vector is not null"""
        )
        rows = await cursor.fetchall()
    ids = np.array([row[0] for row in rows])
    vectors = np.frombuffer(b"".join(row[1] for row in rows), "<f4").reshape(len(ids), -1)
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    shares = []
    for row in np.random.default_rng(9).integers(0, len(ids), count).tolist():
        cosines = vectors @ vectors[row]
        cosines[row] = -2
        last = np.partition(cosines, -10)[-10]
        answer = json.loads(await clients.get(f"/api/v1/similar?recording={ids[row]}&limit=10{_NO_RULES}"))
        shares.append(sum(1 - one["distance"] > last - _ROUNDED for one in answer["items"]) / 10)
    return float(np.mean(shares))


_ROUNDED = 2e-6
_NO_RULES = "&per_artist=0&versions=true&longest=0&seasonal=true"


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
    parser.add_argument("--rates", type=float, nargs="*", default=[50, 100, 200])
    parser.add_argument("--writes", type=float, default=5, help="transactions per second")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--limit", type=int, default=25)
    parser.add_argument("--more", default="", help="further query, such as '&unhub=true'")
    parser.add_argument("--recall", type=int, default=200, help="how many queries the recall is of")
    parser.add_argument("--keep", type=Path, help="keep database and index here, for the next run")
    return parser.parse_args()


if __name__ == "__main__":
    main()
