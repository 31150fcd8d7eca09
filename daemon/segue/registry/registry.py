"""Connected adapters by server: opened when first used, kept, and judged by what they raise."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import structlog

from segue.model import ServerKey
from segue.registry.configured import (
    ConfigError,
    UnknownKindError,
    checked,
    packed,
    plugin_for,
    unpacked,
)
from segue.registry.connection import Connection, ServerBroken
from segue.registry.plugins import Plugins, find_plugins
from segue.sdk import (
    Adapter,
    AdapterError,
    AuthFailed,
    CatchesUp,
    KeepsHistory,
    Publishes,
    ReadsPlaylists,
    ReceivesWebhooks,
    ServerConfig,
    ServerInfo,
    SetsUpWebhooks,
    Toolbox,
    Unavailable,
    Watches,
)
from segue.settings import Settings
from segue.store import servers
from segue.store.pool import Pool
from segue.store.servers import Server, ServerState
from segue.vault import Vault, VaultError

__all__ = ["CAPABILITIES", "Registry", "capabilities", "open_registry"]

CONNECT_SECONDS = 60.0
_SECOND_LOOK_SECONDS = 15.0

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

CAPABILITIES: Mapping[str, type] = {
    "watches": Watches,
    "receives_webhooks": ReceivesWebhooks,
    "sets_up_webhooks": SetsUpWebhooks,
    "catches_up": CatchesUp,
    "publishes": Publishes,
    "reads_playlists": ReadsPlaylists,
    "keeps_history": KeepsHistory,
}


class Sealing(Protocol):
    """What the registry needs of the vault."""

    def seal(self, secret: bytes) -> bytes: ...

    def open(self, sealed: bytes) -> bytes: ...


class Registry:
    """All connected servers of one process."""

    def __init__(
        self,
        *,
        pool: Pool,
        vault: Sealing,
        scratch: Path,
        plugins: Plugins,
        connect_seconds: float = CONNECT_SECONDS,
    ) -> None:
        self.plugins = plugins
        self._pool = pool
        self._vault = vault
        self._scratch = scratch
        self._connect_seconds = connect_seconds
        self._held: dict[ServerKey, tuple[bytes, Connection]] = {}

    @asynccontextmanager
    async def using(self, server: ServerKey, *, walking: bool = False) -> AsyncIterator[Adapter]:
        """Borrow a server's adapter; that the server cannot be reached, or walked, becomes its state."""
        entered = False
        try:
            async with self._entered(server) as adapter:
                entered = True
                yield adapter
        except AdapterError as error:
            await self._judge(server, error, walking=walking, entered=entered)
            raise
        else:
            await self._set_state(server, ServerState.CONNECTED, walking=walking)

    async def adapter(self, server: ServerKey) -> Adapter:
        """A server's adapter, for pure calls and a look at its capabilities."""
        async with self._entered(server) as adapter:
            return adapter

    async def probe(self, server: ServerKey) -> ServerInfo:
        """Ask a server afresh; its state follows."""
        async with self.using(server) as adapter, asyncio.timeout(self._connect_seconds):
            info = await adapter.probe()
        async with self._pool.connection() as c:
            await servers.set_product(c, server, info.product, info.version)
        return info

    def check(self, kind: str, options: Mapping[str, Any]) -> ServerConfig:
        """Judge settings without reaching anything: UnknownKindError or ConfigError."""
        return checked(plugin_for(self.plugins, kind), options)

    async def try_out(self, kind: str, options: Mapping[str, Any]) -> tuple[ServerInfo, tuple[str, ...]]:
        """Connect once with these settings: what the server says, and what we can do with it."""
        async with self._connected("trial", "trial", kind, self.check(kind, options)) as adapter:
            async with asyncio.timeout(self._connect_seconds):
                info = await adapter.probe()
            return info, capabilities(adapter)

    async def add(
        self, name: str, kind: str, options: Mapping[str, Any], *, origin: str = "api"
    ) -> Server | None:
        """Keep a new server, unprobed; None when the name is taken."""
        async with self._pool.connection() as c:
            return await servers.insert(
                c,
                name=name,
                kind=kind,
                origin=origin,
                config_sealed=self._vault.seal(packed(options)),
                hook_secret_sealed=self._vault.seal(secrets.token_urlsafe(24).encode()),
            )

    async def change(self, server: Server, kind: str, options: Mapping[str, Any], *, origin: str) -> None:
        """Give a server other settings; every process connects anew at its next use."""
        async with self._pool.connection() as c:
            await servers.reconfigure(
                c, server.id, kind=kind, origin=origin, config_sealed=self._vault.seal(packed(options))
            )

    async def remove(self, server: ServerKey) -> bool:
        """Forget a server with its tracks."""
        async with self._pool.connection() as c:
            removed = await servers.remove(c, server)
        await self._drop(server)
        return removed

    def options(self, server: Server) -> dict[str, Any]:
        """A server's settings as given, secrets included: never to be shown."""
        return unpacked(self._vault.open(server.config_sealed))

    def shown_options(self, server: Server) -> dict[str, Any]:
        """A server's settings for people: secrets are stars, and all is when it cannot be told."""
        try:
            options = self.options(server)
        except VaultError:
            return {}
        try:
            return self.check(server.kind, options).model_dump(mode="json", exclude_unset=True)
        except (ConfigError, UnknownKindError):
            return dict.fromkeys(options, "**********")

    def hook_secret(self, server: Server) -> str:
        """What a webhook of this server must present."""
        return self._vault.open(server.hook_secret_sealed).decode()

    async def renew_hook_secret(self, server: ServerKey) -> str:
        """Another webhook secret, which makes the one before worthless."""
        secret = secrets.token_urlsafe(24)
        async with self._pool.connection() as c:
            await servers.set_hook_secret(c, server, self._vault.seal(secret.encode()))
        return secret

    async def close(self) -> None:
        """Close every connection."""
        for server in list(self._held):
            await self._drop(server)

    @asynccontextmanager
    async def _entered(self, server: ServerKey) -> AsyncIterator[Adapter]:
        """A connection that nobody closes while we wait for it, and while we use it."""
        row = await self._usable(server)
        connection = self._connection(row)
        connection.enter()
        try:
            adapter, info = await self._opened(server, connection)
            if not connection.noted:
                connection.noted = True
                await self._note(row, info)
            yield adapter
        finally:
            connection.leave()

    def _connection(self, row: Server) -> Connection:
        held = self._held.get(row.id)
        if held is None or held[0] != row.config_sealed:
            self._retire(row.id)
            held = self._held[row.id] = row.config_sealed, self._connect(row)
        return held[1]

    async def _opened(self, server: ServerKey, connection: Connection) -> tuple[Adapter, ServerInfo]:
        """One that cannot be opened is not kept."""
        try:
            return await connection.opened()
        except AdapterError:
            held = self._held.get(server)
            if held is not None and held[1] is connection:
                del self._held[server]
            raise

    async def _usable(self, server: ServerKey) -> Server:
        async with self._pool.connection() as c:
            row = await servers.get(c, server)
        if row is None:
            await self._drop(server)
            raise ServerBroken("This server is not connected any more.")
        if row.withdrawn:
            raise ServerBroken(f"The settings do not name the server {row.name!r} any more.")
        return row

    def _connect(self, row: Server) -> Connection:
        connecting = self._connected(row.name, f"{row.id}-{row.name}", row.kind, self._config(row))
        return Connection(connecting, seconds=self._connect_seconds, proven=row.product is not None)

    async def _note(self, row: Server, info: ServerInfo) -> None:
        async with self._pool.connection() as c:
            await servers.set_product(c, row.id, info.product, info.version)
        await self._set_state(row.id, ServerState.CONNECTED)
        for warning in info.warnings:
            _log.warning("server_warned", server=row.name, warning=warning)

    def _config(self, row: Server) -> ServerConfig:
        try:
            return self.check(row.kind, self.options(row))
        except (ConfigError, UnknownKindError, VaultError) as error:
            raise ServerBroken(str(error)) from error

    @asynccontextmanager
    async def _connected(
        self, name: str, scratch: str, kind: str, config: ServerConfig
    ) -> AsyncIterator[Adapter]:
        plugin = plugin_for(self.plugins, kind)
        folder = self._scratch / scratch
        async with AsyncExitStack() as stack:
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
            http = await stack.enter_async_context(_session())
            toolbox = Toolbox(server=name, http=http, scratch=folder, log=_log.bind(server=name, kind=kind))
            yield await stack.enter_async_context(plugin.connect(config, toolbox))

    async def _judge(self, server: ServerKey, error: AdapterError, *, walking: bool, entered: bool) -> None:
        """Turn an error into the server's state; what concerns one item or one use only is none of it.

        A broken line, a refused file or a listing that fails says little of the server: a look at it
        decides, so that one fault is told once and as what it is.
        """
        state = _state(error)
        if state is None:
            return
        if entered:
            self._retire(server)
            trouble = await self._trouble(server)
            if trouble is None and not walking:
                return
            walking, error = trouble is None, trouble or error
            state = _state(error) or state
        else:
            walking = False
        await self._set_state(server, state, str(error), walking=walking)

    async def _trouble(self, server: ServerKey) -> AdapterError | None:
        """Why it cannot be reached now; None when it can."""
        try:
            async with asyncio.timeout(_SECOND_LOOK_SECONDS):
                row = await self._usable(server)
                await self._opened(server, self._connection(row))
        except TimeoutError:
            return Unavailable(f"The server did not answer within {_SECOND_LOOK_SECONDS:.0f} s.")
        except AdapterError as error:
            return error
        return None

    async def _set_state(
        self, server: ServerKey, state: ServerState, error: str | None = None, *, walking: bool = False
    ) -> None:
        async with self._pool.connection() as c:
            if not await servers.set_state(c, server, state, error=error, walking=walking):
                return
            row = await servers.get(c, server)
        if row is not None:
            log = _log.info if state is ServerState.CONNECTED else _log.warning
            log(f"server_{state.value}", server=row.name, **({"reason": error} if error else {}))

    def _retire(self, server: ServerKey) -> None:
        held = self._held.pop(server, None)
        if held is not None:
            held[1].retire()

    async def _drop(self, server: ServerKey) -> None:
        held = self._held.pop(server, None)
        if held is not None and (error := await held[1].close()) is not None:
            _log.warning("adapter_closed_badly", error=type(error).__name__)


def capabilities(adapter: Adapter) -> tuple[str, ...]:
    """What a server's adapter can do beyond listing and lending."""
    return tuple(name for name, protocol in CAPABILITIES.items() if isinstance(adapter, protocol))


@asynccontextmanager
async def open_registry(settings: Settings, *, pool: Pool, vault: Vault) -> AsyncIterator[Registry]:
    """The registry of this process; closes every connection at the end."""
    registry = Registry(pool=pool, vault=vault, scratch=settings.data_dir / "scratch", plugins=find_plugins())
    try:
        yield registry
    finally:
        await registry.close()


def _state(error: AdapterError) -> ServerState | None:
    if isinstance(error, Unavailable):
        return ServerState.LOST
    if isinstance(error, AuthFailed):
        return ServerState.REFUSED
    if isinstance(error, ServerBroken):
        return ServerState.BROKEN
    return None


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=aiohttp.TCPConnector(limit=16, limit_per_host=8),
        timeout=aiohttp.ClientTimeout(total=None, connect=10, sock_read=60),
        headers={"User-Agent": "Segue"},
        trust_env=False,
    )
