"""What workers do: drains of rows, woken by Redis and by the clock; the only home of arq beside `wake`."""

from segue.jobs.timers import Timers
from segue.jobs.workers import run_workers

__all__ = ["Timers", "run_workers"]
