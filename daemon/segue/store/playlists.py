"""Playlists: what each is, its versions, what people want in it and out of it, and where it shall be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

from psycopg.rows import class_row, scalar_row, tuple_row
from psycopg.sql import SQL
from psycopg.types.json import Jsonb

from segue.model import RecordingId, ServerKey, UserId
from segue.store.pool import Connection

__all__ = [
    "Kind",
    "NewPlaylist",
    "Pins",
    "Playlist",
    "PlaylistKey",
    "Target",
    "Version",
    "add_version",
    "by_lineage",
    "change",
    "continue_as",
    "create",
    "due_recipes",
    "entries",
    "get",
    "list_",
    "music_change",
    "named",
    "names",
    "next_recipe",
    "one_at_a_time",
    "pin",
    "pins",
    "recipe_failed",
    "recipe_followed",
    "remove",
    "remove_asked",
    "retire",
    "revive",
    "set_targets",
    "stale",
    "targets",
    "unpin",
    "version",
    "versions",
]

PlaylistKey = NewType("PlaylistKey", int)
"""Our key of one playlist."""


class Kind(StrEnum):
    """Who makes a playlist: a clustering, a recipe, a person once, or a person's list that asks for it."""

    CLUSTER = "cluster"
    RECIPE = "recipe"
    STATIC = "static"
    ASKED = "asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Playlist:
    """One row of playlists; `version` is the newest one's number, 0 when nothing was made yet.

    `songs` are those that it holds: bans are out, pins are in.
    """

    id: PlaylistKey
    name: str
    description: str
    kind: Kind
    lineage: int | None
    recipe: Mapping[str, Any] | None
    public: bool
    named_by_person: bool
    held: bool
    chosen: bool
    songs_at_most: int | None
    withdrawn: bool
    refresh_hours: float | None
    made_at: datetime | None
    made_change: int
    stale_since: datetime | None
    retired_at: datetime | None
    last_error: str | None
    attempts: int
    created_at: datetime
    version: int
    version_id: int | None
    songs: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", Kind(self.kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlaylist:
    """What a playlist begins with."""

    name: str
    kind: Kind
    description: str = ""
    lineage: int | None = None
    recipe: Mapping[str, Any] | None = None
    public: bool = False
    songs_at_most: int | None = None
    refresh_hours: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a maker made at one time."""

    id: int
    number: int
    songs: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """What people want: in (oldest wish first), and out."""

    pinned: tuple[RecordingId, ...] = ()
    banned: frozenset[RecordingId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server, and the account there; None is our own."""

    server: ServerKey
    user: UserId | None = None


async def create(c: Connection, wanted: NewPlaylist) -> PlaylistKey:
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(
        """insert into playlists (name, kind, description, lineage, recipe, public, songs_at_most,
                                  refresh_hours)
           values (%s, %s, %s, %s, %s, %s, %s, %s) returning id""",
        (
            wanted.name,
            wanted.kind.value,
            wanted.description,
            wanted.lineage,
            None if wanted.recipe is None else Jsonb(dict(wanted.recipe)),
            wanted.public,
            wanted.songs_at_most,
            wanted.refresh_hours,
        ),
    )
    return PlaylistKey(int(await cursor.fetchone() or 0))


async def get(c: Connection, playlist: PlaylistKey) -> Playlist | None:
    cursor = c.cursor(row_factory=class_row(Playlist))
    await cursor.execute(_GET, [playlist])
    return await cursor.fetchone()


async def one_at_a_time(c: Connection) -> None:
    """Wait until nobody else brings playlists in line with groups; until the transaction ends."""
    await c.execute("select pg_advisory_xact_lock(hashtextextended('playlists of clusters', 0))")


async def by_lineage(c: Connection) -> Mapping[int, Playlist]:
    """The playlists of clusters, those of lineages that are gone as well."""
    cursor = c.cursor(row_factory=class_row(Playlist))
    await cursor.execute(_CLUSTERS)
    return {one.lineage: one for one in await cursor.fetchall() if one.lineage is not None}


async def list_(
    c: Connection, *, kind: Kind | None = None, after: int = 0, limit: int = 100
) -> Sequence[Playlist]:
    """By key, past the last one of the page before."""
    cursor = c.cursor(row_factory=class_row(Playlist))
    await cursor.execute(_LIST, {"kind": kind and kind.value, "after": after, "limit": limit})
    return await cursor.fetchall()


async def names(c: Connection) -> Mapping[PlaylistKey, str]:
    """What our own playlists are called that servers have or shall have."""
    cursor = c.cursor(row_factory=tuple_row)
    await cursor.execute(
        """select id, name from playlists p
            where kind <> 'asked'
              and (retired_at is null and not withdrawn
                   or exists (select from playlist_copies k
                               where k.playlist_id = p.id and k.server_playlist_id is not null))"""
    )
    return dict(await cursor.fetchall())


async def named(c: Connection, name: str, *, limit: int) -> Sequence[Playlist]:
    """Those of this name, however its letters are cased."""
    cursor = c.cursor(row_factory=class_row(Playlist))
    await cursor.execute(_NAMED, (name, limit))
    return await cursor.fetchall()


async def change(
    c: Connection,
    playlist: PlaylistKey,
    *,
    name: str | None = None,
    description: str | None = None,
    public: bool | None = None,
    held: bool | None = None,
    withdrawn: bool | None = None,
    named_by_person: bool | None = None,
) -> bool:
    """Change what is given; False when there is no such playlist."""
    cursor = await c.execute(
        """update playlists set name = coalesce(%s, name), description = coalesce(%s, description),
               public = coalesce(%s, public), held = coalesce(%s, held),
               withdrawn = coalesce(%s, withdrawn), named_by_person = coalesce(%s, named_by_person)
            where id = %s""",
        (name, description, public, held, withdrawn, named_by_person, playlist),
    )
    return cursor.rowcount == 1


async def remove(c: Connection, playlist: PlaylistKey) -> bool:
    """Forget a playlist with all its versions."""
    return (await c.execute("delete from playlists where id = %s", [playlist])).rowcount == 1


async def remove_asked(c: Connection, server: ServerKey) -> int:
    """Forget people's lists on a server that ask to be filled; those that still do ask again."""
    cursor = await c.execute(
        """delete from playlists p where p.kind = 'asked' and exists (
               select from playlist_copies k where k.playlist_id = p.id and k.server_id = %s)""",
        [server],
    )
    return cursor.rowcount


async def retire(c: Connection, playlist: PlaylistKey) -> bool:
    """Its cluster is gone: after a while it leaves the servers, unless it comes back."""
    cursor = await c.execute(
        "update playlists set retired_at = now() where id = %s and retired_at is null", [playlist]
    )
    return cursor.rowcount == 1


async def continue_as(c: Connection, playlist: PlaylistKey, lineage: int) -> None:
    """Its cluster is back under another lineage."""
    await c.execute("update playlists set lineage = %s where id = %s", (lineage, playlist))


async def revive(c: Connection, playlist: PlaylistKey) -> bool:
    """Its cluster is back."""
    cursor = await c.execute(
        "update playlists set retired_at = null where id = %s and retired_at is not null", [playlist]
    )
    return cursor.rowcount == 1


async def add_version(
    c: Connection, playlist: PlaylistKey, recordings: Sequence[RecordingId]
) -> Version | None:
    """Keep what was made; None when it is what the newest version holds already."""
    await c.execute("select from playlists where id = %s for update", [playlist])
    before = await version(c, playlist)
    if before is not None and await entries(c, before.id) == list(recordings):
        return None
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(
        """insert into playlist_versions (playlist_id, number) values (%s, %s) returning id""",
        (playlist, before.number + 1 if before else 1),
    )
    made = int(await cursor.fetchone() or 0)
    await c.execute(_ADD_ENTRIES, {"version": made, "recordings": list(recordings)})
    return await version(c, playlist)


async def version(c: Connection, playlist: PlaylistKey, number: int | None = None) -> Version | None:
    """One version, by default the newest."""
    cursor = c.cursor(row_factory=class_row(Version))
    await cursor.execute(
        _VERSIONS + "and (%(number)s::integer is null or v.number = %(number)s) " + _NEWEST + " limit 1",
        {"playlist": playlist, "number": number},
    )
    return await cursor.fetchone()


async def versions(c: Connection, playlist: PlaylistKey, *, limit: int = 100) -> Sequence[Version]:
    """Newest first."""
    cursor = c.cursor(row_factory=class_row(Version))
    await cursor.execute(_VERSIONS + _NEWEST + " limit %(limit)s", {"playlist": playlist, "limit": limit})
    return await cursor.fetchall()


async def entries(c: Connection, version: int) -> list[RecordingId]:
    """What a version holds, in order."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(
        "select recording_id from playlist_entries where version_id = %s order by position", [version]
    )
    return list(await cursor.fetchall())


async def pin(
    c: Connection, playlist: PlaylistKey, recordings: Sequence[RecordingId], *, banned: bool
) -> None:
    """These stay in, or out; the last wish counts. Recordings that are gone by now are passed over."""
    await c.execute(_PIN, {"playlist": playlist, "recordings": list(recordings), "banned": banned})


async def unpin(c: Connection, playlist: PlaylistKey, recordings: Sequence[RecordingId]) -> int:
    """Nobody cares any more; of how many anybody did."""
    cursor = await c.execute(
        "delete from playlist_pins where playlist_id = %s and recording_id = any(%s)",
        (playlist, list(recordings)),
    )
    return cursor.rowcount


async def pins(c: Connection, playlist: PlaylistKey) -> Pins:
    cursor = c.cursor(row_factory=tuple_row)
    await cursor.execute(
        "select recording_id, banned from playlist_pins where playlist_id = %s order by at, recording_id",
        [playlist],
    )
    rows = await cursor.fetchall()
    return Pins(
        pinned=tuple(recording for recording, banned in rows if not banned),
        banned=frozenset(recording for recording, banned in rows if banned),
    )


async def targets(c: Connection, playlist: PlaylistKey) -> Sequence[Target]:
    """Where it shall be; where nobody has chosen, none: wherever playlists are kept."""
    cursor = c.cursor(row_factory=tuple_row)
    await cursor.execute(
        "select server_id, server_user from playlist_targets where playlist_id = %s order by 1, 2", [playlist]
    )
    return [Target(server=server, user=UserId(user) or None) for server, user in await cursor.fetchall()]


async def set_targets(c: Connection, playlist: PlaylistKey, wanted: Sequence[Target]) -> None:
    """Choose; none takes the choice back."""
    await c.execute("update playlists set chosen = %s where id = %s", (bool(wanted), playlist))
    await c.execute("delete from playlist_targets where playlist_id = %s", [playlist])
    for target in wanted:
        await c.execute(
            """insert into playlist_targets (playlist_id, server_id, server_user) values (%s, %s, %s)
               on conflict do nothing""",
            (playlist, target.server, target.user or ""),
        )


async def stale(c: Connection, playlist: PlaylistKey) -> None:
    """Have its recipe followed as soon as possible."""
    await c.execute(
        """update playlists set stale_since = coalesce(stale_since, now()), not_before = null, held = false
            where id = %s""",
        [playlist],
    )


async def music_change(c: Connection) -> int:
    """A number that grows whenever music is heard."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute("select coalesce(max(change), 0) from embeddings")
    return int(await cursor.fetchone() or 0)


async def due_recipes(c: Connection, *, settle_seconds: float) -> Sequence[Playlist]:
    """Recipes to follow now: stale, or their hours are over and music was heard since the last time."""
    cursor = c.cursor(row_factory=class_row(Playlist))
    await cursor.execute(_DUE, {"change": await music_change(c), "settle": settle_seconds})
    return await cursor.fetchall()


async def next_recipe(c: Connection) -> float | None:
    """Seconds until a recipe may be due; None when none ever is by itself."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(_NEXT)
    seconds = await cursor.fetchone()
    return None if seconds is None else max(0.0, float(seconds))


async def recipe_followed(c: Connection, playlist: PlaylistKey, *, change: int) -> None:
    await c.execute(
        """update playlists set made_at = now(), made_change = %s, stale_since = null, not_before = null,
               attempts = 0, last_error = null
            where id = %s""",
        (change, playlist),
    )


async def recipe_failed(c: Connection, playlist: PlaylistKey, *, reason: str, seconds: float) -> None:
    """Not this time: try again after some seconds."""
    await c.execute(
        """update playlists set last_error = %s, attempts = attempts + 1,
               not_before = now() + make_interval(secs => %s)
            where id = %s""",
        (reason, seconds, playlist),
    )


_SELECT = SQL("""
select p.id, p.name, p.description, p.kind, p.lineage, p.recipe, p.public, p.named_by_person, p.held,
       p.chosen, p.songs_at_most, p.withdrawn, p.refresh_hours, p.made_at, p.made_change, p.stale_since,
       p.retired_at, p.last_error, p.attempts, p.created_at,
       coalesce(v.number, 0) as version, v.id as version_id, held.songs
  from playlists p
  left join lateral (
       select v.id, v.number
         from playlist_versions v where v.playlist_id = p.id order by v.number desc limit 1) v on true
  cross join lateral (
       select greatest(count(*) filter (where pin.banned is false), least(count(*), p.songs_at_most)) as songs
         from (select recording_id from playlist_entries where version_id = v.id) entry
              full join (select recording_id, banned from playlist_pins where playlist_id = p.id) pin
                     using (recording_id)
        where pin.banned is not true) held
""")
_GET = _SELECT + SQL("where p.id = %s")
_NAMED = _SELECT + SQL("where lower(p.name) = lower(%s) order by p.id limit %s")
_CLUSTERS = _SELECT + SQL("where p.lineage is not null order by p.id")
_LIST = _SELECT + SQL("""
 where p.id > %(after)s and (%(kind)s::text is null or p.kind = %(kind)s) order by p.id limit %(limit)s
""")
_DUE = _SELECT + SQL("""
 where p.kind = 'recipe' and not p.held and not p.withdrawn
   and (p.not_before is null or p.not_before <= now())
   and (p.stale_since is not null or p.made_at is null
        or (p.refresh_hours is not null
            and p.made_at <= now() - make_interval(secs => p.refresh_hours * 3600))
        or (p.refresh_hours is null and p.made_change < %(change)s
            and p.made_at <= now() - make_interval(secs => %(settle)s)))
 order by p.id
""")
_NEXT = """
select extract(epoch from min(greatest(not_before,
           case when stale_since is not null or made_at is null then now()
                else made_at + make_interval(secs => refresh_hours * 3600) end)) - now())
  from playlists
 where kind = 'recipe' and not held and not withdrawn
   and (stale_since is not null or made_at is null or refresh_hours is not null)
"""

_VERSIONS = """
select v.id, v.number, v.created_at,
       (select count(*) from playlist_entries where version_id = v.id) as songs
  from playlist_versions v where v.playlist_id = %(playlist)s
"""
_NEWEST = " order by v.number desc"

_ADD_ENTRIES = """
insert into playlist_entries (version_id, position, recording_id)
select %(version)s, given.position, r.id
  from unnest(%(recordings)s::bigint[]) with ordinality as given(recording, position)
       join recordings r on r.id = given.recording
   for key share of r
"""
_PIN = """
insert into playlist_pins (playlist_id, recording_id, banned, at)
select %(playlist)s, r.id, %(banned)s, clock_timestamp() + given.ordinal * interval '1 microsecond'
  from unnest(%(recordings)s::bigint[]) with ordinality as given(recording, ordinal)
       join recordings r on r.id = given.recording
   for key share of r
on conflict (playlist_id, recording_id) do update set banned = excluded.banned, at = excluded.at
"""
