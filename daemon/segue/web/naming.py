"""Servers by the names that people use."""

from collections.abc import Mapping

from segue.model import ServerKey
from segue.store import servers
from segue.store.pool import Connection
from segue.web.errors import NOT_FOUND, Refusal

__all__ = ["named_server", "server_names"]


async def named_server(c: Connection, name: str) -> servers.Server:
    """The server of this name."""
    server = await servers.by_name(c, name)
    if server is None:
        raise Refusal(NOT_FOUND, f"There is no server `{name}`; `GET /api/v1/servers` lists them.")
    return server


async def server_names(c: Connection) -> Mapping[ServerKey, str]:
    """The name of every server."""
    return {server.id: server.name for server in await servers.list_(c)}
