"""Builds the daemon and runs it until it is told to stop."""

import asyncio
import gc

from aiohttp import web

from segue.app.stopping import told_to_stop
from segue.index import Sizes
from segue.library.feeds import Feeds
from segue.registry import declare, declare_doors, declare_music
from segue.services import Services, open_services
from segue.settings import Settings
from segue.similarity.follower import Follower
from segue.store import schedules
from segue.web import make_app
from segue.web.serving import Runner

__all__ = ["serve"]

_CONNECTIONS = 12
_LAST_REPLIES_SECONDS = 5.0


def serve(settings: Settings) -> None:
    """Run the daemon: doors, feeds and the live index; returns after SIGTERM or SIGINT."""
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    stop = told_to_stop()
    async with open_services(settings, connections=_CONNECTIONS) as services:
        await _declare_servers(services)
        await _give_schedules(services)
        follower = Follower(services.pool, sizes=_index_sizes(settings))
        runner = Runner(make_app(services, follower=follower), shutdown_timeout=_LAST_REPLIES_SECONDS)
        await runner.setup()
        try:
            _keep_what_is_loaded()
            await web.TCPSite(runner, settings.host, settings.port).start()
            async with asyncio.TaskGroup() as tasks:
                owned = [tasks.create_task(follower.run()), tasks.create_task(_feeds(services).run())]
                await stop.wait()
                for task in owned:
                    task.cancel()
        finally:
            await runner.cleanup()


def _keep_what_is_loaded() -> None:
    """What is there by now stays until the end: looking through it for garbage would hold up answers."""
    gc.collect()
    gc.freeze()


async def _give_schedules(services: Services) -> None:
    """Once a week, at night, somebody looks whether new groups are worth it."""
    async with services.pool.connection() as c:
        await schedules.give_once(c, "recluster", kind="recluster", cron="30 3 * * 1")


async def _declare_servers(services: Services) -> None:
    settings = services.settings
    await declare(services.registry, services.pool, settings.servers)
    await declare_doors(services.pool, settings.servers)
    if settings.music is not None or settings.playlists is not None:
        await declare_music(
            services.registry,
            services.pool,
            settings.music,
            playlists=settings.playlists,
            usual=settings.playlists == settings.usual_playlists,
        )
        await services.wake("publish")


def _index_sizes(settings: Settings) -> Sizes:
    return Sizes(
        exact_below=settings.index.exact_below,
        quantise_above=settings.index.quantise_above,
        ready_below=settings.index.ready_below,
        folder=settings.data_dir / "index",
    )


def _feeds(services: Services) -> Feeds:
    return Feeds(pool=services.pool, registry=services.registry, wake=services.wake, owner=services.identity)
