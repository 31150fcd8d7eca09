"""Front doors as the settings name them, and what stands behind each."""

from collections.abc import Mapping
from typing import Protocol

from segue.model import Listening
from segue.registry.configured import ConfigError, UnknownKindError, checked, plugin_for
from segue.registry.registry import Registry
from segue.sdk import ClientSide
from segue.store import front_doors, servers
from segue.store.pool import Pool
from segue.store.servers import Server
from segue.vault import VaultError

__all__ = ["NoClientSideError", "client_side", "declare_doors"]


class NoClientSideError(Exception):
    """No front door can stand before this server; a sentence."""


class Section(Protocol):
    """One server's table in the settings."""

    @property
    def front_door(self) -> str | None: ...


async def declare_doors(pool: Pool, sections: Mapping[str, Section]) -> None:
    """Bring the doors of the servers that the settings name in line with them."""
    async with pool.connection() as c:
        for row in await servers.list_(c):
            section = sections.get(row.name)
            if section is None:
                continue
            if section.front_door is None:
                await front_doors.close(c, row.id)
            else:
                await front_doors.open_(c, row.id, Listening.parse(section.front_door))


def client_side(registry: Registry, server: Server) -> ClientSide:
    """Where and how clients speak to this server."""
    try:
        plugin = plugin_for(registry.plugins, server.kind)
        config = checked(plugin, registry.options(server))
    except (ConfigError, UnknownKindError, VaultError) as error:
        raise NoClientSideError(str(error)) from error
    if plugin.client_side is None:
        raise NoClientSideError(f"{plugin.title} is not spoken to over the web: it can have no front door.")
    try:
        side: ClientSide = plugin.client_side(config)
    except OSError as error:  # such as a file of certificates that is not there
        raise NoClientSideError(f"Its settings cannot be used: {error.strerror or error}.") from error
    return side
