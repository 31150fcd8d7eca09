"""Playlists: make, show, change, publish and withdraw them."""

import asyncio
from collections.abc import Sequence
from itertools import chain
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from segue import publishing
from segue.model import RecordingId, UserId
from segue.publishing import DoubtfulError, Journal, Plan, shelf_of
from segue.publishing.asked import wish_of
from segue.publishing.plan import effective
from segue.sdk import AdapterError
from segue.similarity import today
from segue.similarity.recipes import Recipe, make
from segue.store import copies, playlists, servers, tracks
from segue.store import recordings as store
from segue.store.playlists import Kind, NewPlaylist, Playlist, PlaylistKey, Target
from segue.store.pool import Connection
from segue.store.servers import Server
from segue.web import cursors, reading
from segue.web.answering import answering
from segue.web.context import Call
from segue.web.errors import CONFLICT, NOT_FOUND, Fault, Refusal
from segue.web.naming import named_server
from segue.web.playlist_replies import (
    CopyReply,
    PlaylistReply,
    SongReply,
    VersionReply,
    told_copy,
    told_playlist,
    told_songs,
    told_version,
)
from segue.web.routing import Scope, delete, get, patch, post, put
from segue.web.rules_query import Tempo, Year
from segue.web.shapes import Asked, Id, Name, Page, PageQuery, Text, Told

__all__ = ["ROUTES"]

_TAG = "Playlists"
_MOST_SONGS = 5000
_COME_BACK = {
    Kind.CLUSTER: "The group of music that it is made of would make it again.",
    Kind.ASKED: "A person's list on a server asks for it by its name.",
}
_PLAN_SECONDS = 20.0  # whoever looks ahead is waiting


def _one_line(text: str) -> str:
    if not text or any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in text):
        raise ValueError("must be words on one line")
    return text


Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=0, max_length=200), AfterValidator(_one_line)
]
Share = Annotated[float, Field(ge=0, le=1)]
Mood = Literal["danceable", "aggressive", "happy", "party", "relaxed", "sad"]


class PlaylistPage(Page[PlaylistReply]):
    """Playlists by id."""


class PlaylistsQuery(PageQuery):
    """Which playlists."""

    kind: Literal["cluster", "recipe", "static", "asked"] | None = Field(
        default=None, description="Only of this kind."
    )


class PlaylistPath(Asked):
    """Which playlist."""

    playlist: Id = Field(description="The playlist's id here.")


class TargetShape(Asked):
    """A server, and an account there."""

    server: Name
    user: Text | None = Field(default=None, description="The account's id; null: the one that Segue uses.")


class PlaylistShown(PlaylistReply):
    """A playlist with all that belongs to it."""

    items: tuple[SongReply, ...] = Field(description="What it holds: bans are out, pins are in.")
    pinned: tuple[SongReply, ...]
    banned: tuple[SongReply, ...]
    versions: tuple[VersionReply, ...] = Field(description="Newest first.")
    copies: tuple[CopyReply, ...]
    everywhere: bool = Field(description="Nobody has chosen servers, so it shall be on every one.")
    targets: tuple[TargetShape, ...] = Field(
        description="The chosen servers; those that were removed are not among them any more."
    )


class RecipeWanted(Asked):
    """What a playlist is made of."""

    kind: Literal["similar", "path", "filter"] = Field(
        description="Like the seeds, a way from each seed to the next, or whatever passes the bounds."
    )
    tracks: tuple[Id, ...] = Field(default=(), max_length=100, description="Seeds by our track ids.")
    recordings: tuple[Id, ...] = Field(default=(), max_length=100, description="Seeds by recording ids.")
    q: Text | None = Field(default=None, description="Words; the best match is the first seed.")
    count: int = Field(default=50, ge=1, le=1000, description="How many songs at most.")
    genres: tuple[Text, ...] = Field(default=(), max_length=100, description="Only of these genres.")
    moods: dict[Mood, Share] = Field(default_factory=dict, description="At least so much of these moods.")
    year_from: Year | None = None
    year_to: Year | None = None
    tempo_from: Tempo | None = None
    tempo_to: Tempo | None = None
    per_artist: int = Field(default=3, ge=0, le=1000, description="Of one artist at most; 0 is any number.")


class PlaylistWanted(Asked):
    """A playlist to make: of these songs, or by a recipe."""

    name: Title
    description: Text = ""
    public: bool = Field(default=False, description="Whether other people on the servers see it.")
    tracks: tuple[Id, ...] = Field(default=(), max_length=_MOST_SONGS, description="Songs by our track ids.")
    recordings: tuple[Id, ...] = Field(
        default=(), max_length=_MOST_SONGS, description="Songs by recording ids."
    )
    recipe: RecipeWanted | None = None
    refreshes: bool = Field(
        default=False, description="Follow the recipe again when there is new music; otherwise only now."
    )
    refresh_hours: float | None = Field(
        default=None,
        ge=0.1,
        le=10_000,
        description="Follow it so often; null: when there is new music.",
    )
    targets: tuple[TargetShape, ...] = Field(
        default=(), max_length=100, description="Where it shall be; empty: on every server."
    )


class PlaylistChange(Asked):
    """What shall be different; the rest stays."""

    name: Title | None = None
    description: Text | None = None
    public: bool | None = None


class SongsWanted(Asked):
    """What people want of songs."""

    wish: Literal["pin", "ban", "none"] = Field(
        description="They stay in, they stay out, or nobody cares any more."
    )
    tracks: tuple[Id, ...] = Field(default=(), max_length=1000, description="Songs by our track ids.")
    recordings: tuple[Id, ...] = Field(default=(), max_length=1000, description="Songs by recording ids.")


class TargetsWanted(Asked):
    """Where a playlist shall be."""

    targets: tuple[TargetShape, ...] = Field(max_length=100, description="Empty: on every server.")


class VersionWanted(Asked):
    """Which version."""

    version: int = Field(ge=1, le=2**31 - 1)


class DiffQuery(Asked):
    """Which versions are compared."""

    before: int | None = Field(default=None, ge=1, le=2**31 - 1, description="By default the last but one.")
    after: int | None = Field(default=None, ge=1, le=2**31 - 1, description="By default the newest.")


class VersionDiff(Told):
    """What came and went from one version to another."""

    before: int
    after: int
    added: tuple[SongReply, ...]
    removed: tuple[SongReply, ...]


class PlanStep(Told):
    """What the next look at a server would do with a playlist's copy."""

    server: str
    user: str | None
    action: str = Field(
        description="`create`, `change`, `withdraw`, `nothing`, `wait` (none of its songs is there), "
        "`unknown`, or why it would be left alone: `deleted`, `taken_over`."
    )
    name: str
    adds: int
    removes: int
    people_removed: int = Field(description="Songs that people took out there, which become bans.")
    people_added: int = Field(description="Songs that people put in there, which become pins.")
    error: str | None = Field(description="Why it cannot be told.")


class PlanReply(Told):
    """What publishing would do now; nothing was written."""

    steps: tuple[PlanStep, ...]


@get("/api/v1/playlists", tag=_TAG, scope=Scope.READ, summary="List playlists")
async def list_playlists(call: Call, query: PlaylistsQuery) -> PlaylistPage:
    async with call.context.connection() as c:
        found = await playlists.list_(
            c,
            kind=Kind(query.kind) if query.kind else None,
            after=cursors.read("playlists", query.cursor) or 0,
            limit=query.limit + 1,
        )
    shown, following = cursors.cut("playlists", found, query.limit, lambda one: one.id)
    return PlaylistPage(items=tuple(told_playlist(one) for one in shown), next=following)


@post(
    "/api/v1/playlists",
    tag=_TAG,
    scope=Scope.ADMIN,
    status=201,
    summary="Make a playlist of songs, or by a recipe",
    refusals=[NOT_FOUND, CONFLICT],
)
async def make_playlist(call: Call, body: PlaylistWanted) -> PlaylistShown:
    """It appears on the servers by itself."""
    if (body.recipe is None) == (not body.tracks and not body.recordings):
        sentence = "or `tracks` or `recordings` must say what is in it, and not both"
        raise reading.refuse([Fault(where="body.recipe", message=sentence)])
    _refuse_asking_name(call, body.name)
    async with call.context.connection() as c:
        songs = await _recordings(c, body.tracks, body.recordings)
        recipe = await _recipe(c, body.recipe) if body.recipe else None
        targets = await _targets(c, body.targets)
    if recipe is not None:
        async with answering():
            songs = await make(call.services.pool, call.context.follower, recipe, today=today())
    if not songs:
        raise Refusal(CONFLICT, "No song fits, so there is nothing to make a playlist of.")
    refreshes = recipe is not None and (body.refreshes or body.refresh_hours is not None)
    async with call.context.connection() as c:
        wanted = NewPlaylist(
            name=body.name,
            description=body.description,
            kind=Kind.RECIPE if refreshes else Kind.STATIC,
            recipe=recipe.as_json() if recipe is not None else None,
            public=body.public,
            refresh_hours=body.refresh_hours,
        )
        playlist = await playlists.create(c, wanted)
        await playlists.add_version(c, playlist, songs)
        await playlists.recipe_followed(c, playlist, change=await playlists.music_change(c))
        await playlists.set_targets(c, playlist, targets)
        await copies.want_look(c)
        shown = await _shown(c, playlist)
    await call.services.wake("publish")
    return shown


@get(
    "/api/v1/playlists/{playlist}",
    tag=_TAG,
    scope=Scope.READ,
    summary="Show one playlist with its songs, versions and copies",
    refusals=[NOT_FOUND],
)
async def show_playlist(call: Call, path: PlaylistPath) -> PlaylistShown:
    async with call.context.connection() as c:
        return await _shown(c, PlaylistKey(path.playlist))


@patch(
    "/api/v1/playlists/{playlist}",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Rename or describe a playlist, or have others see it",
    refusals=[NOT_FOUND, CONFLICT],
)
async def change_playlist(call: Call, path: PlaylistPath, body: PlaylistChange) -> PlaylistShown:
    """A name given here stays, whatever a clustering would call it."""
    if body.name is not None:
        _refuse_asking_name(call, body.name)
    async with call.context.connection() as c:
        playlist = _ours(await _found(c, path))
        await playlists.change(
            c,
            playlist.id,
            name=body.name,
            description=body.description,
            public=body.public,
            named_by_person=True if body.name is not None else None,
        )
        if body.name is not None:
            await copies.forget_own_names(c, playlist.id)
        return await _changed(call, c, playlist.id)


@post(
    "/api/v1/playlists/{playlist}/songs",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Pin songs to a playlist, ban them from it, or neither",
    refusals=[NOT_FOUND, CONFLICT],
)
async def wish_songs(call: Call, path: PlaylistPath, body: SongsWanted) -> PlaylistShown:
    """What people do to copies on servers is taken over as the same wishes."""
    async with call.context.connection() as c:
        playlist = await _found(c, path)
        songs = await _recordings(c, body.tracks, body.recordings)
        if body.wish == "pin":
            _ours(playlist)
        if body.wish == "none":
            await playlists.unpin(c, playlist.id, songs)
        else:
            await playlists.pin(c, playlist.id, songs, banned=body.wish == "ban")
        if playlist.kind is Kind.ASKED:
            await playlists.stale(c, playlist.id)  # it is filled anew without them
        return await _changed(call, c, playlist.id)


@put(
    "/api/v1/playlists/{playlist}/targets",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Choose the servers and accounts that shall have a playlist",
    refusals=[NOT_FOUND, CONFLICT],
)
async def put_targets(call: Call, path: PlaylistPath, body: TargetsWanted) -> PlaylistShown:
    """Copies elsewhere are withdrawn."""
    async with call.context.connection() as c:
        playlist = _ours(await _found(c, path))
        await playlists.set_targets(c, playlist.id, await _targets(c, body.targets))
        return await _changed(call, c, playlist.id)


@get(
    "/api/v1/playlists/{playlist}/diff",
    tag=_TAG,
    scope=Scope.READ,
    summary="Compare two versions of a playlist",
    refusals=[NOT_FOUND],
)
async def diff_versions(call: Call, path: PlaylistPath, query: DiffQuery) -> VersionDiff:
    async with call.context.connection() as c:
        playlist = await _found(c, path)
        after = query.after or playlist.version
        before = query.before or max(1, after - 1)
        old, new = await _entries(c, playlist, before), await _entries(c, playlist, after)
        return VersionDiff(
            before=before,
            after=after,
            added=await told_songs(c, [one for one in new if one not in set(old)]),
            removed=await told_songs(c, [one for one in old if one not in set(new)]),
        )


@post(
    "/api/v1/playlists/{playlist}/rollback",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Give a playlist the songs of an earlier version",
    refusals=[NOT_FOUND, CONFLICT],
)
async def roll_back(call: Call, path: PlaylistPath, body: VersionWanted) -> PlaylistShown:
    """They become a new version, which stays until the playlist is refreshed; pins and bans still hold."""
    async with call.context.connection() as c:
        playlist = _ours(await _found(c, path))
        songs = await _entries(c, playlist, body.version)
        if not songs:
            raise Refusal(CONFLICT, f"Of the songs of version {body.version} none is known any more.")
        await playlists.add_version(c, playlist.id, songs)
        await playlists.change(c, playlist.id, held=True)
        return await _changed(call, c, playlist.id)


@post(
    "/api/v1/playlists/{playlist}/refresh",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Have a playlist follow its recipe or group again, now",
    refusals=[NOT_FOUND, CONFLICT],
)
async def refresh_playlist(call: Call, path: PlaylistPath) -> PlaylistShown:
    """Also after it was rolled back."""
    async with call.context.connection() as c:
        playlist = await _found(c, path)
        if playlist.kind is Kind.STATIC:
            raise Refusal(CONFLICT, "It was made of chosen songs, once: there is nothing that it follows.")
        await playlists.stale(c, playlist.id)
        return await _changed(call, c, playlist.id)


@post(
    "/api/v1/playlists/{playlist}/publish",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Publish a playlist now, also where it was deleted or withdrawn",
    refusals=[NOT_FOUND],
)
async def publish_playlist(call: Call, path: PlaylistPath) -> PlaylistShown:
    async with call.context.connection() as c:
        playlist = await _found(c, path)
        await playlists.change(c, playlist.id, withdrawn=False)
        await copies.ask_again(c, playlist.id)
        return await _changed(call, c, playlist.id)


@post(
    "/api/v1/playlists/{playlist}/withdraw",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Remove a playlist from all servers",
    refusals=[NOT_FOUND],
)
async def withdraw_playlist(call: Call, path: PlaylistPath) -> PlaylistShown:
    """Its versions are kept; `publish` brings it back. A person's own list stays, but is filled no more."""
    async with call.context.connection() as c:
        playlist = await _found(c, path)
        await playlists.change(c, playlist.id, withdrawn=True)
        return await _changed(call, c, playlist.id)


@delete(
    "/api/v1/playlists/{playlist}",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Forget a playlist that no server has",
    refusals=[NOT_FOUND, CONFLICT],
)
async def forget_playlist(call: Call, path: PlaylistPath) -> None:
    """With its versions and wishes, for good. Withdraw it first, and wait until the servers have done so."""
    async with call.context.connection() as c:
        playlist = await _found(c, path)
        if playlist.kind in _COME_BACK:
            raise Refusal(CONFLICT, f"{_COME_BACK[playlist.kind]} Withdraw it instead.")
        if not playlist.withdrawn:
            raise Refusal(CONFLICT, "It is to be on servers; withdraw it first.")
        if standing := await copies.standing(c, playlist.id):
            raise Refusal(CONFLICT, f"It is still on {', '.join(standing)}.")
        await playlists.remove(c, playlist.id)


@get(
    "/api/v1/playlists/{playlist}/plan",
    tag=_TAG,
    scope=Scope.READ,
    summary="Show what publishing would do, without doing it",
    refusals=[NOT_FOUND],
)
async def plan_playlist(call: Call, path: PlaylistPath) -> PlanReply:
    """The servers are asked what they have now; where it was deleted or withdrawn, it would come back."""
    async with call.context.connection() as c:
        playlist = await _found(c, path)
        known = [server for server in await servers.list_(c) if not server.withdrawn]
    told = await asyncio.gather(*(_steps(call, server, playlist) for server in known))
    return PlanReply(steps=tuple(chain.from_iterable(told)))


async def _steps(call: Call, server: Server, playlist: Playlist) -> list[PlanStep]:
    services = call.services
    grace = services.settings.publishing.grace_hours
    async with call.context.connection() as c:
        look = await copies.last_look(c, server.id)
    journal = Journal(pool=services.pool, look=look, owner=None, grace_hours=grace)
    try:
        async with asyncio.timeout(_PLAN_SECONDS), services.registry.using(server.id) as adapter:
            shelf = shelf_of(adapter)
            if shelf is None:
                return []
            asked = await _as_if_asked(call, server, playlist)
            plans = await publishing.foresee(shelf, journal, asked, only=playlist.id)
    except (AdapterError, DoubtfulError) as error:
        return [_unknown_step(server, str(error))]
    except TimeoutError:
        return [_unknown_step(server, "The server did not answer in time.")]
    return [_step(server, plan) for plan in plans if plan.copy.wanted or plan.action != "nothing"]


async def _as_if_asked(call: Call, server: Server, playlist: Playlist) -> list[copies.Copy]:
    """A server's copies as they were if somebody published this playlist now; nothing of it is kept."""
    grace = call.services.settings.publishing.grace_hours
    async with call.context.connection() as c:
        await playlists.change(c, playlist.id, withdrawn=False)
        await copies.ask_again(c, playlist.id)
        await copies.ensure(c, server.id)
        found = await copies.of_server(c, server.id, grace_hours=grace)
        await c.rollback()
    return found


def _step(server: Server, plan: Plan) -> PlanStep:
    is_edit = plan.action in ("create", "change")
    return PlanStep(
        server=server.name,
        user=plan.copy.user,
        action="nothing" if is_edit and not plan.writes else plan.action,
        name=plan.name or plan.copy.name,
        adds=len(set(plan.target) - set(plan.present)) if is_edit else 0,
        removes=len(set(plan.present) - set(plan.target)) if is_edit else 0,
        people_removed=len(plan.banned),
        people_added=len(plan.pinned),
        error=None,
    )


def _unknown_step(server: Server, reason: str) -> PlanStep:
    return PlanStep(
        server=server.name, user=None, action="unknown", name="", adds=0, removes=0, people_removed=0,
        people_added=0, error=reason,
    )  # fmt: skip


async def _found(c: Connection, path: PlaylistPath) -> Playlist:
    playlist = await playlists.get(c, PlaylistKey(path.playlist))
    if playlist is None:
        raise _unknown(path.playlist)
    return playlist


def _ours(playlist: Playlist) -> Playlist:
    """What a person keeps on a server is changed there."""
    if playlist.kind is Kind.ASKED:
        raise Refusal(CONFLICT, "It is a person's own list on a server: change it there, in any client.")
    return playlist


def _refuse_asking_name(call: Call, name: str) -> None:
    """No list of ours may look like one that asks to be filled."""
    if wish_of(name, call.services.settings.publishing.prefix) is not None:
        sentence = "begins like the name of a list that asks to be filled: make that list on a server"
        raise reading.refuse([Fault(where="body.name", message=sentence)])


async def _changed(call: Call, c: Connection, playlist: PlaylistKey) -> PlaylistShown:
    """The playlist as it is now; the servers hear of it when this is committed."""
    await copies.want_look(c)
    shown = await _shown(c, playlist)
    await c.commit()
    await call.services.wake("publish")
    return shown


async def _shown(c: Connection, key: PlaylistKey) -> PlaylistShown:
    playlist = await playlists.get(c, key)
    if playlist is None:
        raise _unknown(key)
    version = await playlists.entries(c, playlist.version_id) if playlist.version_id else []
    pins = await playlists.pins(c, key)
    names = {server.id: server.name for server in await servers.list_(c)}
    return PlaylistShown(
        **dict(told_playlist(playlist)),
        items=await told_songs(c, effective(version, pins, at_most=playlist.songs_at_most)),
        pinned=await told_songs(c, pins.pinned),
        banned=await told_songs(c, sorted(pins.banned)),
        versions=tuple(told_version(one) for one in await playlists.versions(c, key)),
        copies=tuple(told_copy(one) for one in await copies.of_playlist(c, key)),
        everywhere=not playlist.chosen,
        targets=tuple(
            TargetShape(server=names[one.server], user=one.user) for one in await playlists.targets(c, key)
        ),
    )


async def _entries(c: Connection, playlist: Playlist, number: int) -> list[RecordingId]:
    version = await playlists.version(c, playlist.id, number)
    if version is None:
        raise Refusal(NOT_FOUND, f"The playlist {playlist.id} has no version {number}.")
    return await playlists.entries(c, version.id)


async def _recordings(
    c: Connection, track_ids: Sequence[int], recordings: Sequence[int]
) -> list[RecordingId]:
    """The recordings of our tracks, and those named themselves, in this order."""
    rows = {row.id: row.recording_id for row in await tracks.by_ids(c, track_ids)} if track_ids else {}
    if unknown := set(track_ids) - rows.keys():
        raise Refusal(NOT_FOUND, f"There is no track {min(unknown)}; `GET /api/v1/tracks?q=` finds them.")
    given = [RecordingId(one) for one in recordings]
    known = {one.recording for one in await store.standings(c, given)} if given else set()
    if strange := set(given) - known:
        raise Refusal(NOT_FOUND, f"There is no recording {min(strange)}; `GET /api/v1/tracks?q=` finds them.")
    return [*(rows[track] for track in track_ids), *given]


async def _recipe(c: Connection, wanted: RecipeWanted) -> Recipe:
    seeds = await _recordings(c, wanted.tracks, wanted.recordings)
    if wanted.q:
        found = await tracks.search(c, wanted.q, 1)
        if not found:
            raise Refusal(NOT_FOUND, "No track fits these words; `GET /api/v1/tracks?q=` finds them.")
        seeds = [found[0].recording_id, *seeds]
    if wanted.kind != "filter" and len(seeds) < (2 if wanted.kind == "path" else 1):
        sentence = "or `recordings` or `q` must name where it begins, and for a path also where it ends"
        raise reading.refuse([Fault(where="body.recipe.tracks", message=sentence)])
    return Recipe(
        kind=wanted.kind,
        seeds=tuple(dict.fromkeys(seeds)),
        count=wanted.count,
        genres=wanted.genres,
        moods=dict(wanted.moods.items()),
        years=(wanted.year_from, wanted.year_to),
        tempo=(wanted.tempo_from, wanted.tempo_to),
        per_artist=wanted.per_artist or None,
    )


async def _targets(c: Connection, wanted: Sequence[TargetShape]) -> list[Target]:
    return [
        Target(server=(await named_server(c, one.server)).id, user=UserId(one.user) if one.user else None)
        for one in wanted
    ]


def _unknown(playlist: int) -> Refusal:
    return Refusal(NOT_FOUND, f"There is no playlist {playlist}; `GET /api/v1/playlists` lists them.")


ROUTES = (
    list_playlists,
    make_playlist,
    show_playlist,
    change_playlist,
    wish_songs,
    put_targets,
    diff_versions,
    roll_back,
    refresh_playlist,
    publish_playlist,
    withdraw_playlist,
    forget_playlist,
    plan_playlist,
)
