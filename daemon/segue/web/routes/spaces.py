"""Spaces: the ways in which sounds are compared, and which of them answers."""

from pydantic import Field

from segue.model import Quality
from segue.store import recordings, spaces
from segue.store.pool import Connection
from segue.store.spaces import RAW, Space
from segue.web.context import Call
from segue.web.errors import NOT_FOUND, Refusal
from segue.web.routing import Scope, get, post
from segue.web.shapes import Asked, Told

__all__ = ["ROUTES"]

_TAG = "Analysis"


class SpaceReply(Told):
    """One way to compare sounds."""

    name: str
    dimensions: int
    serving: bool = Field(description="Whether it answers now.")
    made_by: str = Field(description="`network`, `projection`, or `model` for other people's models.")
    vacant: int = Field(description="Recordings that were heard but have no vector in it yet.")


class SpaceList(Told):
    """Every space there is."""

    items: tuple[SpaceReply, ...]


class SpacePath(Asked):
    """Which space."""

    space: str = Field(
        min_length=1, max_length=250, description="The space's name.", examples=["musicnn_embedding"]
    )


@get("/api/v1/spaces", tag=_TAG, scope=Scope.READ, summary="List the spaces")
async def list_spaces(call: Call) -> SpaceList:
    async with call.context.connection() as c:
        return SpaceList(items=tuple([await _told(c, space) for space in await spaces.live(c)]))


@post(
    "/api/v1/spaces/{space}/serve",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Let a space answer",
    refusals=[NOT_FOUND],
)
async def serve_space(call: Call, path: SpacePath) -> SpaceReply:
    """While recordings have no vector in it the old one goes on; they are heard again, then ask again."""
    async with call.context.connection() as c:
        space = await spaces.named(c, path.space)
        if space is None:
            raise Refusal(NOT_FOUND, f"There is no space {path.space}. A model's comes when it first hears.")
        if not await spaces.serve(c, space.id):
            quality = Quality(call.services.settings.analysis.quality)
            await recordings.want_vacant(c, space.id, quality)
    async with call.context.connection() as c:
        space = await spaces.named(c, path.space) or space
        reply = await _told(c, space)
    await call.services.wake("analyse")
    return reply


async def _told(c: Connection, space: Space) -> SpaceReply:
    made_by = "projection" if space.projected else "network" if space.name == RAW else "model"
    return SpaceReply(
        name=space.name,
        dimensions=space.dimensions,
        serving=space.serving,
        made_by=made_by,
        vacant=await spaces.vacant(c, space.id),
    )


ROUTES = (list_spaces, serve_space)
