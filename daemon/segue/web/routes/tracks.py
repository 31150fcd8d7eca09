"""Tracks: find them by words, or go through all of them."""

from pydantic import Field

from segue.model import ServerKey
from segue.store import tracks
from segue.store.pool import Connection
from segue.web import cursors, reading
from segue.web.context import Call
from segue.web.errors import NOT_FOUND, Fault, Refusal
from segue.web.naming import named_server
from segue.web.routing import Scope, get
from segue.web.shapes import Asked, Id, Name, Page, PageQuery, Text
from segue.web.track_replies import TrackReply, told_track

__all__ = ["ROUTES"]

_TAG = "Music"


class TrackPage(Page[TrackReply]):
    """Tracks: the best matches first, or all of them by id."""


class TracksQuery(PageQuery):
    """Which tracks."""

    q: Text | None = Field(
        default=None,
        description="Words of artist, title and album, misspelt ones too; the best matches come first, "
        "on one page.",
        examples=["nina simone sinnerman"],
    )
    server: Name | None = Field(default=None, description="Only of this server.")
    missing: bool = Field(default=False, description="Those that the server no longer has; not with `q`.")
    excluded: bool = Field(
        default=False, description="Those that the server's filter leaves out; not with `q`."
    )


class TrackPath(Asked):
    """Which track."""

    track: Id = Field(description="The track's id here.")


@get("/api/v1/tracks", tag=_TAG, scope=Scope.PLAY, summary="Find tracks", refusals=[NOT_FOUND])
async def list_tracks(call: Call, query: TracksQuery) -> TrackPage:
    async with call.context.connection() as c:
        server = (await named_server(c, query.server)).id if query.server else None
        if query.q is not None:
            return await _search(c, query, server)
        found = await tracks.list_(
            c,
            server=server,
            missing=query.missing,
            excluded=query.excluded,
            after=cursors.read("tracks", query.cursor) or 0,
            limit=query.limit + 1,
        )
    shown, following = cursors.cut("tracks", found, query.limit, lambda row: row.id)
    return TrackPage(items=tuple(told_track(row) for row in shown), next=following)


@get("/api/v1/tracks/{track}", tag=_TAG, scope=Scope.PLAY, summary="Show one track", refusals=[NOT_FOUND])
async def show_track(call: Call, path: TrackPath) -> TrackReply:
    async with call.context.connection() as c:
        found = await tracks.by_ids(c, [path.track])
    if not found:
        raise Refusal(NOT_FOUND, f"There is no track {path.track}; `GET /api/v1/tracks?q=` finds them.")
    return told_track(found[0])


async def _search(c: Connection, query: TracksQuery, server: ServerKey | None) -> TrackPage:
    faults = [
        Fault(where=f"query.{name}", message="cannot be combined with `q`")
        for name, given in (
            ("cursor", query.cursor),
            ("missing", query.missing),
            ("excluded", query.excluded),
        )
        if given
    ]
    if faults:
        raise reading.refuse(faults)
    found = await tracks.search(c, query.q or "", query.limit, server=server)
    return TrackPage(items=tuple(told_track(row) for row in found), next=None)


ROUTES = (list_tracks, show_track)
