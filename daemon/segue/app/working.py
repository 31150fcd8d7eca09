"""Builds the workers and runs them until they are told to stop."""

import asyncio
from collections.abc import Collection

from segue.app.stopping import told_to_stop
from segue.jobs import run_workers
from segue.services import open_services
from segue.settings import Settings
from segue.wake import Queue

__all__ = ["work"]

_CONNECTIONS = 12


def work(settings: Settings, queues: Collection[Queue]) -> None:
    """Run the workers of these queues; returns after SIGTERM or SIGINT."""
    asyncio.run(_work(settings, queues))


async def _work(settings: Settings, queues: Collection[Queue]) -> None:
    stop = told_to_stop()
    async with open_services(settings, connections=_CONNECTIONS) as services:
        await run_workers(services, queues, stop)
