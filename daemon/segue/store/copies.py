"""Copies of playlists on servers, what stood there last, and which server's playlists are due for a look."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NewType

from psycopg.rows import class_row, scalar_row, tuple_row

from segue.model import PlaylistId, RecordingId, ServerKey, TrackId, UserId
from segue.store.playlists import PlaylistKey
from segue.store.pool import Connection

__all__ = [
    "Copy",
    "CopyKey",
    "Cost",
    "Figures",
    "GivenUp",
    "Intent",
    "Look",
    "Standing",
    "Stood",
    "adopt",
    "ask_again",
    "begin_anew",
    "claim",
    "created",
    "drop",
    "ensure",
    "failed",
    "figures",
    "finish",
    "forget_own_names",
    "give_up",
    "has_own_name",
    "held",
    "hint",
    "intend",
    "is_empty_for",
    "known_tracks",
    "last_look",
    "next_look",
    "of_playlist",
    "of_server",
    "playable",
    "release_all",
    "renew",
    "resume",
    "settled",
    "standing",
    "want_look",
    "withdrawn",
]

_GATHER_SECONDS = 0.5  # a person's client may write an edit in several steps
_REST_SECONDS = 2.0  # our own edits are told too, and a server that never falls silent must not keep us busy

CopyKey = NewType("CopyKey", int)
GivenUp = Literal["deleted", "taken_over", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An edit under way: what it writes, and which ids the server listed before it."""

    name: str
    tracks: tuple[TrackId, ...]
    known: frozenset[PlaylistId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """What a server showed of a copy."""

    id: PlaylistId
    name: str
    tracks: tuple[TrackId, ...]
    revision: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A playlist on one server; only what stands in `id` is ours to edit. `wanted`: it shall be there."""

    key: CopyKey
    playlist: PlaylistKey
    kind: str
    server: ServerKey
    user: UserId | None
    name: str
    description: str
    public: bool
    version: int | None
    songs_at_most: int | None
    wanted: bool
    token: str
    id: PlaylistId | None
    theirs: bool
    given_up: GivenUp | None
    own_name: str | None
    published_name: str | None
    shown_name: str | None
    published_version: int | None
    published_public: bool | None
    published_description: str | None
    seen: tuple[TrackId, ...]
    filled: frozenset[TrackId]
    moves: bool
    revision: str | None
    revision_since: datetime | None
    read_at: datetime | None
    intent_name: str | None
    intent_tracks: tuple[TrackId, ...] | None
    intent_known: frozenset[PlaylistId] | None
    attempts: int
    is_resting: bool
    is_stale: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "seen", tuple(self.seen))
        object.__setattr__(self, "filled", frozenset(self.filled))

    @property
    def intent(self) -> Intent | None:
        """The edit that was under way when we last heard of it."""
        if self.intent_name is None:
            return None
        return Intent(
            name=self.intent_name,
            tracks=tuple(self.intent_tracks or ()),
            known=frozenset(self.intent_known or ()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A copy as people see it."""

    server: str
    user: str | None
    id: str | None
    name: str | None
    songs: int
    published_at: datetime | None
    given_up: str | None
    withdrawn_at: datetime | None
    last_error: str | None
    up_to_date: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one look came to."""

    edits: int = 0
    failures: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What publishing to a server came to so far, and how its playlists stand now."""

    server: str
    looks: int
    edits: int
    failures: int
    seconds: float
    looked_at: datetime | None
    published: int
    waiting: int
    given_up: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A server whose playlists we may look at now, as long as our lease lasts.

    `only_people`: nothing of ours has changed since the last look, so only people may have.
    """

    server: ServerKey
    wanted: int
    known: frozenset[PlaylistId]
    attempts: int
    only_people: bool = False


async def ensure(c: Connection, server: ServerKey) -> None:
    """Every playlist that shall be on this server has a copy, made or not."""
    await c.execute(_ENSURE, {"server": server})


async def of_server(c: Connection, server: ServerKey, *, grace_hours: float) -> list[Copy]:
    """All copies on a server; a retired playlist is wanted for some hours more, an edited one for good."""
    cursor = c.cursor(row_factory=class_row(Copy))
    await cursor.execute(_OF_SERVER, {"server": server, "grace": grace_hours})
    return await cursor.fetchall()


async def of_playlist(c: Connection, playlist: PlaylistKey) -> Sequence[Standing]:
    cursor = c.cursor(row_factory=class_row(Standing))
    await cursor.execute(_OF_PLAYLIST, [playlist])
    return await cursor.fetchall()


async def standing(c: Connection, playlist: PlaylistKey) -> Sequence[str]:
    """The servers that have a copy, or may be getting one at this moment."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(
        """select distinct s.name from playlist_copies k join servers s on s.id = k.server_id
             left join publishing p on p.server_id = k.server_id
            where k.playlist_id = %s and (k.server_playlist_id is not null and k.given_up is null
                  or not s.withdrawn and p.lease_until > now())
            order by s.name""",
        [playlist],
    )
    return await cursor.fetchall()


async def adopt(c: Connection, playlist: PlaylistKey, server: ServerKey, id_: PlaylistId, name: str) -> bool:
    """A person's own list asks to be filled; False when it has a copy already."""
    cursor = await c.execute(
        """insert into playlist_copies (playlist_id, server_id, server_playlist_id, theirs, shown_name,
               published_name)
           values (%s, %s, %s, true, %s, %s) on conflict do nothing""",
        (playlist, server, id_, name, name),
    )
    return cursor.rowcount == 1


async def intend(c: Connection, copy: CopyKey, intent: Intent, *, filled: Collection[TrackId] = ()) -> None:
    """What we are about to write; `filled` songs count as ours from now on."""
    await c.execute(
        """update playlist_copies set intent_name = %s, intent_tracks = %s, intent_known = %s,
               filled = array(select distinct unnest(filled || %s::text[]))
            where id = %s""",
        (intent.name, list(intent.tracks), list(intent.known), list(filled), copy),
    )


async def settled(
    c: Connection,
    copy: CopyKey,
    stood: Stood,
    *,
    published_name: str | None = None,
    published_version: int | None = None,
    published_public: bool | None = None,
    published_description: str | None = None,
    own_name: str | None = None,
    moves: bool | None = None,
    filled: Collection[TrackId] | None = None,
    edited: bool = False,
) -> None:
    """What stands there now, and what of it is our doing; no edit is under way any more."""
    await c.execute(
        _SETTLED,
        {
            "copy": copy,
            "id": stood.id,
            "name": stood.name,
            "tracks": list(stood.tracks),
            "revision": stood.revision,
            "published_name": published_name,
            "version": published_version,
            "public": published_public,
            "description": published_description,
            "own_name": own_name,
            "moves": moves,
            "filled": None if filled is None else list(filled),
            "edited": edited,
        },
    )


async def give_up(c: Connection, copy: CopyKey, why: GivenUp, reason: str | None = None) -> None:
    """Leave it alone until somebody asks for it."""
    await c.execute(
        """update playlist_copies set given_up = %s, last_error = %s, intent_name = null,
               intent_tracks = null, intent_known = null
            where id = %s""",
        (why, reason, copy),
    )


async def resume(c: Connection, copy: CopyKey) -> None:
    """It is back on the server just as it was."""
    await c.execute("update playlist_copies set given_up = null, last_error = null where id = %s", [copy])


async def ask_again(c: Connection, playlist: PlaylistKey) -> int:
    """Somebody asks for it: copies that were deleted or refused are made again; of how many."""
    cursor = await c.execute(
        """update playlist_copies set given_up = null, last_error = null, not_before = null, attempts = 0,
               server_playlist_id = null, published_name = null, shown_name = null,
               published_version = null, seen = '{}', intent_name = null, intent_tracks = null,
               intent_known = null, token = replace(gen_random_uuid()::text, '-', '')
            where playlist_id = %s and given_up is not null and not theirs""",
        [playlist],
    )
    await c.execute(
        """update playlist_copies set not_before = null, attempts = 0,
               given_up = case when theirs then null else given_up end
            where playlist_id = %s""",
        [playlist],
    )
    return cursor.rowcount


async def created(c: Connection, copy: CopyKey, id_: PlaylistId, name: str) -> None:
    """It has an id on the server; what else is to be done there is still to come."""
    await c.execute(
        """update playlist_copies set server_playlist_id = %s, shown_name = %s, withdrawn_at = null
            where id = %s""",
        (id_, name, copy),
    )


async def has_own_name(c: Connection, playlist: PlaylistKey) -> bool:
    """Whether a person named it on some server."""
    cursor = await c.execute(
        "select 1 from playlist_copies where playlist_id = %s and own_name is not null limit 1", [playlist]
    )
    return await cursor.fetchone() is not None


async def forget_own_names(c: Connection, playlist: PlaylistKey) -> None:
    """Somebody named the playlist for all servers."""
    await c.execute("update playlist_copies set own_name = null where playlist_id = %s", [playlist])


async def withdrawn(c: Connection, copy: CopyKey) -> None:
    """It is on the server no more; wanted again, it is made anew."""
    await c.execute(
        """update playlist_copies set server_playlist_id = null, withdrawn_at = now(), seen = '{}',
               published_name = null, shown_name = null, published_version = null, intent_name = null,
               intent_tracks = null, intent_known = null, last_error = null, attempts = 0,
               given_up = null, token = replace(gen_random_uuid()::text, '-', '')
            where id = %s""",
        [copy],
    )


async def begin_anew(c: Connection, server: ServerKey) -> None:
    """Its playlists are kept in another place now: all are made anew there, but what people let go."""
    await c.execute(
        """update playlist_copies set server_playlist_id = null, seen = '{}', published_name = null,
               shown_name = null, published_version = null, intent_name = null, intent_tracks = null,
               intent_known = null, last_error = null, attempts = 0, not_before = null, given_up = null,
               token = replace(gen_random_uuid()::text, '-', '')
            where server_id = %s and not theirs and (given_up is null or given_up = 'refused')""",
        [server],
    )
    await c.execute("update publishing set known = '{}', empty_since = null where server_id = %s", [server])
    await want_look(c, server)


async def drop(c: Connection, copy: CopyKey) -> None:
    """Forget a copy."""
    await c.execute("delete from playlist_copies where id = %s", [copy])


async def failed(c: Connection, copy: CopyKey, reason: str, *, seconds: float) -> None:
    """Not this time: try again after some seconds, where the last attempt left off."""
    await c.execute(
        """update playlist_copies set last_error = %s, attempts = attempts + 1,
               not_before = now() + make_interval(secs => %s)
            where id = %s""",
        (reason, seconds, copy),
    )


async def playable(
    c: Connection, server: ServerKey, recordings: Collection[RecordingId]
) -> Mapping[RecordingId, list[TrackId]]:
    """The present tracks of a server that play these recordings, the first known first."""
    cursor = c.cursor(row_factory=tuple_row)
    await cursor.execute(
        """select recording_id, array_agg(server_track_id order by id) from tracks
            where server_id = %s and recording_id = any(%s) and missing_since is null
            group by recording_id""",
        (server, list(recordings)),
    )
    return dict(await cursor.fetchall())


async def known_tracks(
    c: Connection, server: ServerKey, ids: Collection[TrackId]
) -> Mapping[TrackId, tuple[RecordingId, bool]]:
    """What a server's tracks play, and whether they are there."""
    cursor = c.cursor(row_factory=tuple_row)
    await cursor.execute(
        """select server_track_id, recording_id, missing_since is null from tracks
            where server_id = %s and server_track_id = any(%s)""",
        (server, list(ids)),
    )
    return {track: (recording, present) for track, recording, present in await cursor.fetchall()}


async def last_look(c: Connection, server: ServerKey) -> Look:
    """What the last look at a server left; nothing is claimed."""
    cursor = c.cursor(row_factory=tuple_row)
    await cursor.execute("select wanted, known, attempts from publishing where server_id = %s", [server])
    wanted, known, attempts = await cursor.fetchone() or (0, [], 0)
    return Look(server=server, wanted=wanted, known=frozenset(known), attempts=attempts)


async def figures(c: Connection) -> Sequence[Figures]:
    """By server, for people to see."""
    cursor = c.cursor(row_factory=class_row(Figures))
    await cursor.execute(_FIGURES)
    return await cursor.fetchall()


async def is_empty_for(c: Connection, server: ServerKey, *, hours: float) -> bool:
    """A server shows no playlists at all where it had some: whether it has done so for so long."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(
        """update publishing set empty_since = coalesce(empty_since, now()) where server_id = %s
            returning empty_since <= now() - make_interval(secs => %s * 3600)""",
        (server, hours),
    )
    return bool(await cursor.fetchone())


async def want_look(c: Connection, server: ServerKey | None = None) -> None:
    """Have the playlists of this server, or of all, looked at as soon as possible."""
    await c.execute(_WANT, {"server": server})


async def hint(c: Connection, server: ServerKey) -> None:
    """Its playlists are said to have changed: look soon, unless it is resting after a fault."""
    await c.execute(_HINT, {"server": server, "gather": _GATHER_SECONDS, "rest": _REST_SECONDS})


async def claim(c: Connection, *, owner: str, seconds: float) -> Look | None:
    """Take a server that is due and that nobody looks at."""
    await c.execute(_NEW_SERVERS)
    cursor = c.cursor(row_factory=tuple_row)
    await cursor.execute(_CLAIM, {"owner": owner, "seconds": seconds})
    row = await cursor.fetchone()
    if row is None:
        return None
    server, wanted, known, attempts, only_people = row
    return Look(
        server=server, wanted=wanted, known=frozenset(known), attempts=attempts, only_people=only_people
    )


async def held(c: Connection, owners: Collection[str]) -> set[str]:
    """Which of these owners still hold their lease; nobody takes it while our transaction lasts."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(
        "select lease_owner from publishing where lease_owner = any(%s) for share", [list(owners)]
    )
    return set(await cursor.fetchall())


async def renew(c: Connection, owners: Collection[str], *, seconds: float) -> set[str]:
    """Lengthen these leases; the owners that are missing from the answer have lost theirs."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(
        """update publishing set lease_until = now() + make_interval(secs => %s)
            where lease_owner = any(%s) returning lease_owner""",
        (seconds, list(owners)),
    )
    return set(await cursor.fetchall())


async def finish(
    c: Connection,
    look: Look,
    owner: str,
    *,
    seconds: float,
    known: Collection[PlaylistId] | None = None,
    reason: str | None = None,
    cost: Cost | None = None,
) -> bool:
    """The look is over, the next one in some seconds; at once if one was wanted, soon after a hint."""
    spent = cost or Cost()
    cursor = await c.execute(
        _FINISH,
        {
            "server": look.server,
            "owner": owner,
            "wanted": look.wanted,
            "seconds": seconds,
            "known": None if known is None else list(known),
            "compared": known is not None and not look.only_people,
            "reason": reason,
            "rest": _REST_SECONDS,
            "edits": spent.edits,
            "failures": spent.failures,
            "lasted": spent.seconds,
        },
    )
    return cursor.rowcount == 1


async def release_all(c: Connection, identity: str) -> int:
    """Give back everything that a process holds."""
    cursor = await c.execute(
        """update publishing set lease_owner = null, lease_until = null
            where lease_owner is not null and starts_with(lease_owner, %s || '/')""",
        [identity],
    )
    return cursor.rowcount


async def next_look(c: Connection) -> float | None:
    """Seconds until a server is due; None when there is none."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(_NEXT_LOOK)
    seconds = await cursor.fetchone()
    return None if seconds is None else max(0.0, float(seconds))


_ENSURE = """
insert into playlist_copies (playlist_id, server_id, server_user)
select p.id, %(server)s, coalesce(t.server_user, '')
  from playlists p left join playlist_targets t on t.playlist_id = p.id and t.server_id = %(server)s
 where p.kind <> 'asked' and not p.withdrawn and p.retired_at is null
   and (t.playlist_id is not null or not p.chosen)
   and exists (select from playlist_versions v where v.playlist_id = p.id)
on conflict (playlist_id, server_id, server_user) do nothing
"""

_OF_SERVER = """
select k.id as key, p.id as playlist, p.kind, k.server_id as server, nullif(k.server_user, '') as "user",
       p.name, p.description, p.public, p.songs_at_most,
       (select v.id from playlist_versions v where v.playlist_id = p.id
         order by v.number desc limit 1) as version,
       not p.withdrawn
           and (p.retired_at is null or p.retired_at > now() - make_interval(secs => %(grace)s * 3600)
                or p.named_by_person
                or exists (select from playlist_pins pin where pin.playlist_id = p.id)
                or exists (select from playlist_copies named where named.playlist_id = p.id
                              and named.own_name is not null))
           and (p.kind = 'asked' or not p.chosen
                or exists (select from playlist_targets t where t.playlist_id = p.id
                              and t.server_id = k.server_id and t.server_user = k.server_user)) as wanted,
       k.token, k.server_playlist_id as id, k.theirs, k.given_up, k.own_name, k.published_name, k.shown_name,
       k.published_version, k.published_public, k.published_description, k.seen, k.filled, k.moves,
       k.revision, k.revision_since, k.read_at,
       k.intent_name, k.intent_tracks, k.intent_known, k.attempts,
       k.not_before is not null and k.not_before > now() as is_resting,
       p.stale_since is not null or p.made_at is null
           or (p.made_at < now() - make_interval(secs => coalesce(p.refresh_hours, 24) * 3600)
               and p.made_change < (select max(change) from embeddings)) as is_stale
  from playlist_copies k join playlists p on p.id = k.playlist_id
 where k.server_id = %(server)s order by k.id
"""

_OF_PLAYLIST = """
select s.name as server, nullif(k.server_user, '') as "user", k.server_playlist_id as id,
       k.shown_name as name, cardinality(k.seen) as songs, k.published_at, k.given_up, k.withdrawn_at,
       coalesce(k.last_error, case when p.attempts > 0 then p.last_error end) as last_error,
       k.server_playlist_id is not null and k.intent_name is null and coalesce(k.published_version =
           (select v.id from playlist_versions v where v.playlist_id = k.playlist_id
             order by v.number desc limit 1), false) as up_to_date
  from playlist_copies k join servers s on s.id = k.server_id
       left join publishing p on p.server_id = k.server_id
 where k.playlist_id = %s order by s.name, k.server_user
"""

_SETTLED = """
update playlist_copies set
    server_playlist_id = %(id)s,
    shown_name = %(name)s,
    seen = %(tracks)s,
    revision_since = case when revision = %(revision)s then revision_since else now() end,
    revision = %(revision)s,
    read_at = now(),
    published_name = coalesce(%(published_name)s, published_name),
    published_version = coalesce(%(version)s, published_version),
    published_public = coalesce(%(public)s, published_public),
    published_description = coalesce(%(description)s, published_description),
    own_name = coalesce(%(own_name)s, own_name),
    moves = coalesce(%(moves)s, moves),
    filled = coalesce(%(filled)s, filled),
    published_at = case when %(edited)s then now() else published_at end,
    withdrawn_at = null, given_up = null,
    intent_name = null, intent_tracks = null, intent_known = null,
    last_error = null, attempts = 0, not_before = null
where id = %(copy)s
"""

_WANT = """
insert into publishing (server_id, wanted)
select id, 1 from servers where %(server)s::bigint is null or id = %(server)s
on conflict (server_id) do update set wanted = publishing.wanted + 1, due_at = now()
"""
_HINT = """
insert into publishing (server_id, hinted) values (%(server)s, true)
on conflict (server_id) do update set hinted = true,
    due_at = case when publishing.attempts > 0 then publishing.due_at
        else least(publishing.due_at, greatest(now() + make_interval(secs => %(gather)s),
            publishing.looked_at + make_interval(secs => %(rest)s))) end
"""
_NEW_SERVERS = """
insert into publishing (server_id)
select id from servers s where not exists (select from publishing p where p.server_id = s.id)
on conflict do nothing
"""
_CLAIM = """
with next as (
    select p.server_id from publishing p join servers s on s.id = p.server_id
     where not s.withdrawn and p.due_at <= now() and (p.lease_until is null or p.lease_until < now())
     order by p.due_at limit 1
       for update of p skip locked
)
update publishing set hinted = false, lease_owner = %(owner)s,
    lease_until = now() + make_interval(secs => %(seconds)s)
 where server_id = (select server_id from next)
returning server_id, wanted, known, attempts,
          wanted = compared and attempts = 0 and compared_at > now() - interval '10 minutes'
"""
_FINISH = """
update publishing set
    due_at = case when wanted <> %(wanted)s then now()
        when hinted and %(reason)s::text is null then now() + make_interval(secs => %(rest)s)
        else now() + make_interval(secs => %(seconds)s) end,
    known = coalesce(%(known)s, known),
    compared = case when %(compared)s then %(wanted)s else compared end,
    compared_at = case when %(compared)s then now() else compared_at end,
    empty_since = case when %(reason)s::text is null then null else empty_since end,
    looked_at = case when %(reason)s::text is null then now() else looked_at end,
    attempts = case when %(reason)s::text is null then 0 else attempts + 1 end,
    last_error = %(reason)s,
    looks = looks + 1,
    edits = edits + %(edits)s,
    failures = failures + %(failures)s,
    seconds = publishing.seconds + %(lasted)s,
    lease_owner = null, lease_until = null
where server_id = %(server)s and lease_owner = %(owner)s
"""
_FIGURES = """
select s.name as server, p.looks, p.edits, p.failures, p.seconds, p.looked_at,
       count(k.id) filter (where k.server_playlist_id is not null and k.given_up is null) as published,
       count(k.id) filter (where k.server_playlist_id is null and k.given_up is null
           and k.withdrawn_at is null) as waiting,
       count(k.id) filter (where k.given_up is not null) as given_up
  from publishing p join servers s on s.id = p.server_id
       left join playlist_copies k on k.server_id = p.server_id
 where not s.withdrawn
 group by s.id, p.server_id order by s.name
"""
_NEXT_LOOK = """
select extract(epoch from min(greatest(p.due_at, coalesce(p.lease_until, p.due_at))) - now())
  from publishing p join servers s on s.id = p.server_id where not s.withdrawn
"""
