"""What handlers are given: the process's services, and one request with its caller."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from prometheus_client import Metric

from segue.library.gathering import Gathering
from segue.services import Services
from segue.similarity import Artists, Follower
from segue.store.pool import Connection
from segue.web.attempts import Attempts
from segue.web.deliveries import Flow
from segue.web.errors import FORBIDDEN, Refusal
from segue.web.front import Doors
from segue.web.keeper import Caller, Keeper
from segue.web.lately import Lately
from segue.web.observed import Observed
from segue.web.site import File
from segue.web.streams import Streams

__all__ = ["CONTEXT", "Call", "Context"]

_CONNECTION_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Shared by all requests of one application; `closing` is set when it ends."""

    services: Services
    follower: Follower
    doors: Doors
    artists: Artists
    keeper: Keeper
    observed: Observed
    version: str
    document: File
    site: Mapping[str, File]
    gathering: Gathering
    flow: Flow
    hook_attempts: Attempts
    streams: Streams = field(default_factory=Streams)
    counted: Lately[list[Metric]] = field(default_factory=Lately)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """One transaction; a database that cannot be reached is noticed within seconds."""
        async with self.services.pool.connection(timeout=_CONNECTION_SECONDS) as c:
            yield c


CONTEXT = web.AppKey("context", Context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request; `headers` are added to the reply."""

    request: web.Request
    context: Context
    visitor: Caller | None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def caller(self) -> Caller:
        """Who asks; only routes with a scope know."""
        if self.visitor is None:
            raise Refusal(FORBIDDEN, "This needs a token.")
        return self.visitor

    @property
    def services(self) -> Services:
        return self.context.services
