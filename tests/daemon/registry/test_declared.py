"""Servers named by the settings."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segue.model import PlaylistId
from segue.registry import Registry, declare, declare_music
from segue.store import copies, exclusions, playlists, servers
from segue.store.exclusions import Filter
from segue.store.playlists import Kind, NewPlaylist
from segue.store.pool import Pool
from segue.store.servers import Server, ServerState


@dataclass
class Section:
    kind: str = "stub"
    options: dict[str, Any] = field(default_factory=dict)
    only_libraries: tuple[str, ...] | None = None
    exclude_paths: tuple[str, ...] | None = None
    exclude_genres: tuple[str, ...] | None = None


async def _rows(pool: Pool) -> dict[str, Server]:
    async with pool.connection() as c:
        return {row.name: row for row in await servers.list_(c)}


async def test_declaring_twice_changes_nothing(registry: Registry, pool: Pool) -> None:
    sections = {"attic": Section(options={"password": "secret"}), "cellar": Section()}
    await declare(registry, pool, sections)
    first = await _rows(pool)
    await declare(registry, pool, sections)
    assert await _rows(pool) == first
    assert {row.origin for row in first.values()} == {"settings"}


async def test_other_options_are_taken_over(registry: Registry, pool: Pool) -> None:
    await declare(registry, pool, {"attic": Section()})
    await declare(registry, pool, {"attic": Section(options={"url": "http://new"})})
    assert registry.options((await _rows(pool))["attic"]) == {"url": "http://new"}


async def test_a_section_that_cannot_be_used_is_a_broken_server(registry: Registry, pool: Pool) -> None:
    await declare(registry, pool, {"odd": Section(kind="gramophone"), "bad": Section(options={"ulr": "x"})})
    rows = await _rows(pool)
    assert {row.state for row in rows.values()} == {ServerState.BROKEN}
    assert rows["odd"].last_error == "There is no adapter of the kind 'gramophone'; installed are: stub."
    assert rows["bad"].last_error == "`ulr` is not a setting of this kind of server; did you mean `url`?"
    await declare(registry, pool, {"odd": Section(), "bad": Section()})
    assert {row.state for row in (await _rows(pool)).values()} == {ServerState.NEW}


async def test_what_the_settings_name_no_more_is_left_alone_but_kept(registry: Registry, pool: Pool) -> None:
    await registry.add("mine", "stub", {})
    await declare(registry, pool, {"attic": Section()})
    await declare(registry, pool, {})
    assert {name: row.withdrawn for name, row in (await _rows(pool)).items()} == {
        "attic": True,
        "mine": False,
    }
    await declare(registry, pool, {"attic": Section()})
    assert not (await _rows(pool))["attic"].withdrawn


async def test_the_music_folder_stays_until_removed(registry: Registry, pool: Pool) -> None:
    await declare_music(registry, pool, Path("/music"))
    first = await _rows(pool)
    await declare_music(registry, pool, Path("/music"))
    await declare(registry, pool, {})
    assert await _rows(pool) == first
    await declare_music(registry, pool, Path("/other"))
    assert registry.options((await _rows(pool))["music"]) == {"path": "/other"}


async def test_its_playlists_get_a_folder(registry: Registry, pool: Pool, tmp_path: Path) -> None:
    usual, mine = tmp_path / "data" / "playlists", tmp_path / "mine"
    await declare_music(registry, pool, Path("/music"), playlists=usual, usual=True)
    assert registry.options((await _rows(pool))["music"]) == {"path": "/music", "playlists": str(usual)}
    assert usual.is_dir()
    await declare_music(registry, pool, None, playlists=mine)
    assert registry.options((await _rows(pool))["music"]) == {"path": "/music", "playlists": str(mine)}


async def test_in_another_folder_its_playlists_are_made_anew(
    registry: Registry, pool: Pool, tmp_path: Path
) -> None:
    await declare_music(registry, pool, Path("/music"), playlists=tmp_path / "one")
    server = (await _rows(pool))["music"]
    made = {}
    async with pool.connection() as c:
        await c.execute("insert into publishing (server_id, known) values (%s, '{Kept.m3u8}')", [server.id])
        for name, kind in (("Kept", Kind.STATIC), ("Gone", Kind.STATIC), ("~radio", Kind.ASKED)):
            made[name] = await playlists.create(c, NewPlaylist(name=name, kind=kind))
            await copies.adopt(c, made[name], server.id, PlaylistId(f"{name}.m3u8"), name)
        await c.execute("update playlist_copies set theirs = false where shown_name <> '~radio'")
        gone = next(one for one in await copies.of_server(c, server.id, grace_hours=0) if one.name == "Gone")
        await copies.give_up(c, gone.key, "deleted")
    await declare_music(registry, pool, Path("/music"), playlists=tmp_path / "two")
    async with pool.connection() as c:
        found = {one.name: one for one in await copies.of_server(c, server.id, grace_hours=0)}
        assert {name: (one.id, one.given_up) for name, one in found.items()} == {
            "Kept": (None, None),
            "Gone": ("Gone.m3u8", "deleted"),
        }
        assert not (await copies.last_look(c, server.id)).known


async def test_what_a_person_chose_for_the_music_folder_is_kept(
    registry: Registry, pool: Pool, tmp_path: Path
) -> None:
    chosen = {"path": "/music", "playlists": "/somewhere/else", "exclude": ["Talk"]}
    await registry.add("music", "folder", chosen)
    await declare_music(registry, pool, Path("/music"), playlists=tmp_path / "usual", usual=True)
    assert registry.options((await _rows(pool))["music"]) == chosen
    assert not (tmp_path / "usual").exists()


async def test_playlists_of_no_music_are_passed_over(registry: Registry, pool: Pool, tmp_path: Path) -> None:
    await declare_music(registry, pool, None, playlists=tmp_path / "playlists")
    assert not await _rows(pool)


async def test_the_settings_decide_only_what_they_name_of_a_filter(registry: Registry, pool: Pool) -> None:
    await declare(registry, pool, {"attic": Section(exclude_genres=("Talk",))})
    server = (await _rows(pool))["attic"]
    assert (server.exclude_genres, server.exclude_paths) == (("Talk",), ())
    async with pool.connection() as c:
        await exclusions.set_filter(c, server.id, Filter(exclude_genres=("Talk",), exclude_paths=("Demos",)))
    await declare(registry, pool, {"attic": Section(exclude_genres=())})
    server = (await _rows(pool))["attic"]
    assert (server.exclude_genres, server.exclude_paths) == ((), ("Demos",))
