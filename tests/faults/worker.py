"""A worker process to be killed: `python -m tests.faults.worker` with a JSON object of its facts."""

import asyncio
import ctypes
import json
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import tests.fakes
from segue.children import Limits
from segue.jobs.clock import Clock
from segue.jobs.cluster_drains import cluster_drains
from segue.jobs.concluding import Words
from segue.jobs.hearing import Ears, HearingDrain
from segue.jobs.minds import Thinking
from segue.jobs.running import Done, RunDrain, Task
from segue.jobs.timers import Timers
from segue.jobs.workers import Drain, run_drains
from segue.model import Quality
from segue.store.pool import open_pool
from segue.wake import open_wake
from tests.fakes.shelf import Shelf

TIMERS = Timers(
    heartbeat=2, lease=3, renew=0.5, watch=0.2, first_pause=0.1, longest_pause=1, settle=10, stop=3
)
EARS = Ears(
    slots=2,
    limits=Limits(nice=0, memory_bytes=0),
    target=Quality.FAST,
    function="hearing:hear",
    search=tuple(Path(path) for path in tests.fakes.__path__),
)
THINKING = Thinking(slots=1, limits=Limits(nice=0, memory_bytes=0))
STEPS = 5


async def walk(task: Task) -> Done:
    """Work in steps, so that a kill or a cancel finds it in the middle."""
    for number in range(STEPS):
        await task.progress(done=1, total=STEPS)
        await task.log("info", f"Step {number}.")
        await asyncio.sleep(0.02)
    return Done()


async def work(facts: Mapping[str, str]) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_pool(facts["database"], max_size=6) as pool, open_wake(facts["redis"]) as wake:
        name, shelf = facts["name"], Shelf(Path(facts["folder"]))
        drains: list[Drain] = [Clock(pool, wake, TIMERS)]
        if facts["role"] == "grouper":
            drains += cluster_drains(
                pool,
                wake,
                thinking=THINKING,
                names=Words("{mood} {style} {genre}"),
                folder=Path(facts["folder"]),
                identity=name,
                timers=TIMERS,
            )
        if facts["role"] == "ears":
            ears = replace(EARS, function="segue.analysis.child:hear")
            drains.append(HearingDrain(pool, shelf, wake, ears=ears, identity=name, timers=TIMERS))
        if facts["role"] == "worker":
            drains += [
                HearingDrain(pool, shelf, wake, ears=EARS, identity=name, timers=TIMERS),
                RunDrain(pool, "walk", walk, identity=name, slots=3, timers=TIMERS),
            ]
        await run_drains(drains, facts["redis"], stop, timers=TIMERS)


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # a killed test leaves no worker
    asyncio.run(work(json.loads(sys.argv[1])))
