"""The one context that holds what every part of a running process shares."""

import os
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from segue.registry import Registry, open_registry
from segue.settings import Settings
from segue.store.pool import Pool, open_pool
from segue.vault import Vault
from segue.wake import Wake, open_wake


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Open connections and plugins of one process; `identity` names it in leases."""

    settings: Settings
    pool: Pool
    wake: Wake
    vault: Vault
    registry: Registry
    identity: str


@asynccontextmanager
async def open_services(settings: Settings, *, connections: int) -> AsyncIterator[Services]:
    """Connect to PostgreSQL and Redis, read the key file, find the adapters; close all at the end."""
    vault = Vault(settings.data_dir / "key")
    identity = process_identity()
    async with (
        open_pool(settings.database_dsn(), max_size=connections) as pool,
        open_wake(settings.redis_address()) as wake,
        open_registry(settings, pool=pool, vault=vault) as registry,
    ):
        yield Services(
            settings=settings, pool=pool, wake=wake, vault=vault, registry=registry, identity=identity
        )


def process_identity() -> str:
    """Host, process and a random part: no two processes, ever, share it."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
