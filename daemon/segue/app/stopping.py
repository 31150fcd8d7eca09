"""How a program of ours is told to end."""

import asyncio
import signal

__all__ = ["told_to_stop"]


def told_to_stop() -> asyncio.Event:
    """Set after SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
