"""Makes the servers that the settings name into rows, and leaves alone those they named before."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import structlog

from segue.registry.configured import ConfigError, UnknownKindError, packed, unpacked
from segue.registry.registry import Registry
from segue.store import copies, exclusions, servers
from segue.store import playlists as lists
from segue.store.exclusions import FILTER_PARTS, Filter
from segue.store.pool import Pool
from segue.store.servers import Server, ServerState
from segue.vault import VaultError

__all__ = ["declare", "declare_music"]

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Section(Protocol):
    """One server's table in the settings."""

    @property
    def kind(self) -> str: ...

    @property
    def options(self) -> dict[str, Any]: ...

    @property
    def only_libraries(self) -> tuple[str, ...] | None: ...

    @property
    def exclude_paths(self) -> tuple[str, ...] | None: ...

    @property
    def exclude_genres(self) -> tuple[str, ...] | None: ...


async def declare(registry: Registry, pool: Pool, sections: Mapping[str, Section]) -> None:
    """Bring the rows in line with the settings; a section that cannot be used is a broken server."""
    async with pool.connection() as c:
        rows = {row.name: row for row in await servers.list_(c)}
    for name, section in sections.items():
        await _declare(registry, pool, rows.get(name), name, section)
        await _declare_filter(pool, name, section)
    for row in rows.values():
        named = row.name in sections
        if named or row.origin == "settings":
            await _set_withdrawn(pool, row, not named)


async def declare_music(
    registry: Registry, pool: Pool, folder: Path | None, *, playlists: Path | None = None, usual: bool = False
) -> None:
    """Connect a folder as the server `music`; it stays until it is removed, with what else it was told.

    `usual`: nobody chose the folder for playlists, so one that was chosen before is kept.
    """
    async with pool.connection() as c:
        row = await servers.by_name(c, "music")
    if row is not None and row.origin == "settings":
        _log.warning("music_passed_over", reason="The settings have a server `music` of their own.")
        return
    kept = _kept(registry, row)
    options = dict(kept)
    if folder is not None:
        options["path"] = str(folder)
    if playlists is not None and not (usual and "playlists" in kept):
        options["playlists"] = str(playlists)
    if "path" not in options:
        _log.warning("playlists_passed_over", reason="There is no folder of music whose playlists to keep.")
        return
    if options.get("playlists") == str(playlists):
        await asyncio.to_thread(_make_room, Path(options["playlists"]))
    if row is None:
        await registry.add("music", "folder", options)
    elif row.kind != "folder" or options != kept:
        await registry.change(row, "folder", options, origin="api")
        if kept.get("playlists") not in (None, options.get("playlists")):
            await _move_house(pool, row)
    if usual and options.get("playlists") != str(playlists):
        _log.info("playlists_are_elsewhere", folder=options.get("playlists"))


async def _declare(registry: Registry, pool: Pool, row: Server | None, name: str, section: Section) -> None:
    if row is None:
        row = await registry.add(name, section.kind, section.options, origin="settings")
        _log.info("server_declared", server=name, kind=section.kind)
    elif (row.kind, row.origin) != (section.kind, "settings") or not _same(registry, row, section.options):
        await registry.change(row, section.kind, section.options, origin="settings")
        _log.info("server_reconfigured", server=name, kind=section.kind)
    try:
        registry.check(section.kind, section.options)
    except (ConfigError, UnknownKindError) as error:
        if row is not None:
            await _set_broken(pool, row, str(error))


async def _declare_filter(pool: Pool, name: str, section: Section) -> None:
    """What the settings name of the filter they decide; the rest stays as it was told elsewhere."""
    async with pool.connection() as c:
        row = await servers.by_name(c, name)
        if row is None:
            return
        told = {part: getattr(section, part) for part in FILTER_PARTS}
        kept = {part: getattr(row, part) for part in FILTER_PARTS}
        wanted = kept | {part: value for part, value in told.items() if value is not None}
        if await exclusions.set_filter(c, row.id, Filter(**wanted)):
            _log.info("server_filtered", server=name)


async def _set_broken(pool: Pool, row: Server, reason: str) -> None:
    async with pool.connection() as c:
        news = await servers.set_state(c, row.id, ServerState.BROKEN, error=reason)
    if news:
        _log.error("server_broken", server=row.name, reason=reason)


async def _set_withdrawn(pool: Pool, row: Server, withdrawn: bool) -> None:
    async with pool.connection() as c:
        news = await servers.set_withdrawn(c, row.id, withdrawn)
    if news and withdrawn:
        _log.warning(
            "server_withdrawn",
            server=row.name,
            reason="The settings do not name it any more: it is left alone until they do or it is removed.",
        )


def _kept(registry: Registry, row: Server | None) -> dict[str, Any]:
    """The options of a folder as they are; those that cannot be opened are told anew."""
    if row is None or row.kind != "folder":
        return {}
    try:
        return registry.options(row)
    except VaultError:
        return {}


async def _move_house(pool: Pool, row: Server) -> None:
    """The playlists in the folder before are not taken for deleted, but written into the new one."""
    async with pool.connection() as c:
        await lists.remove_asked(c, row.id)
        await copies.begin_anew(c, row.id)


def _make_room(playlists: Path) -> None:
    """A folder that is there is watched from the start."""
    try:
        playlists.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _log.warning("no_room_for_playlists", folder=str(playlists), reason=error.strerror)


def _same(registry: Registry, row: Server, options: Mapping[str, Any]) -> bool:
    """Whether these options are kept already; what cannot be opened is written anew."""
    try:
        return registry.options(row) == unpacked(packed(options))
    except VaultError:
        return False
