"""Servers: connect, test, walk and forget media servers and music folders."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from segue.model import Listening, ServerKey
from segue.registry import BrokenPlugin, ConfigError, UnknownKindError
from segue.sdk import AdapterError, AdapterPlugin, AuthFailed, SetsUpWebhooks, Unavailable
from segue.sdk.http import base_url
from segue.store import front_doors, runs, servers
from segue.store.front_doors import FrontDoor
from segue.store.pool import Connection
from segue.store.servers import Server, ServerState, Summary
from segue.web.context import Call
from segue.web.errors import CONFLICT, INVALID, NOT_FOUND, SERVER_FAILED, Fault, Refusal
from segue.web.front import DoorState
from segue.web.naming import named_server
from segue.web.routing import Scope, delete, get, post, put
from segue.web.run_replies import RunReply, told
from segue.web.shapes import Asked, Name, Options, Text, Told

__all__ = ["ROUTES"]

_TAG = "Servers"
_REACHING_SECONDS = 20


class FrontDoorReply(Told):
    """A port of ours before the server, as this process holds it."""

    wanted: str = Field(description="Where it shall listen.", examples=["4533"])
    state: DoorState = Field(
        description="`taken`: something else listens there, and it opens when that ends; `broken` needs "
        "somebody to act."
    )
    address: str | None = Field(description="Where it listens.", examples=["0.0.0.0:4533"])
    dialect: str | None = Field(description="Which questions it answers; null: it only passes on.")
    trouble: str | None


class ServerReply(Told):
    """One connected media server or music folder."""

    name: str = Field(examples=["attic"])
    kind: str = Field(examples=["folder"])
    origin: str = Field(description="Where it was configured: `settings` or `api`.")
    state: ServerState = Field(
        description="`lost` heals by itself; `refused` and `broken` need somebody to act."
    )
    state_since: datetime
    last_error: str | None
    product: str | None
    product_version: str | None
    last_walk_at: datetime | None
    withdrawn: bool = Field(description="The settings no longer name it: it is left alone.")
    tracks: int
    missing: int
    excluded: int = Field(description="Tracks that its filter leaves out.")
    heard: int
    failed: int
    options: dict[str, Any] = Field(description="Its settings; secrets are stars.")
    front_door: FrontDoorReply | None = Field(description="Where clients reach it through us.")
    hook: str = Field(description="Where its webhooks go.", examples=["/hooks/attic"])
    created_at: datetime


class ServerAdded(ServerReply):
    """A new server; its webhook secret is shown here and by making a new one."""

    hook_secret: str = Field(description="What its webhooks present in the header `X-Segue-Secret`.")
    run: RunReply = Field(description="Its first walk.")
    warnings: tuple[str, ...] = Field(description="What was seen when it was reached that you should know.")


class ServerList(Told):
    """Every server, by name."""

    items: tuple[ServerReply, ...]


class ServerTested(Told):
    """What the server says of itself."""

    product: str
    version: str
    tracks: int | None
    warnings: tuple[str, ...]


class NewSecret(Told):
    """A webhook secret; it is never shown again."""

    hook_secret: str


class WantedWebhook(Asked):
    """Where the server shall post its news."""

    address: Annotated[Text, AfterValidator(base_url)] = Field(
        description="How the server reaches this daemon.", examples=["http://192.168.1.2:4711"]
    )


class WebhookSetUp(Told):
    """What was done, or is left to do."""

    message: str


class AdapterReply(Told):
    """A kind of server that can be connected."""

    kind: str
    title: str
    options: dict[str, Any] = Field(description="The JSON schema of its `options`.")
    broken: str | None = Field(description="Why it cannot be used.")


class AdapterList(Told):
    """Every installed adapter, by kind."""

    items: tuple[AdapterReply, ...]


class ServerPath(Asked):
    """Which server."""

    server: Name = Field(description="The server's name.", examples=["attic"])


def _listening(text: str) -> str:
    return str(Listening.parse(text))


ListeningText = Annotated[Text, AfterValidator(_listening)]


class WantedFrontDoor(Asked):
    """Where clients shall reach the server through us."""

    listen: ListeningText = Field(
        description="A port, or an address with one; without an address it is the daemon's own.",
        examples=["0.0.0.0:4533"],
    )


class NewServer(Asked):
    """How to reach the server."""

    name: Name = Field(description="How people call it here.", examples=["attic"])
    kind: Text = Field(
        description="Which adapter speaks to it; `GET /api/v1/adapters` lists them.", examples=["folder"]
    )
    options: Options = Field(
        default_factory=dict,
        description="What its adapter needs, such as an address and a token, or a path.",
        examples=[{"path": "/srv/music"}],
    )
    front_door: ListeningText | None = Field(
        default=None, description="A port, or an address with one, for clients.", examples=["4533"]
    )
    probe: bool = Field(default=True, description="Reach it first, and refuse it if that fails.")


@get("/api/v1/adapters", tag=_TAG, scope=Scope.READ, summary="List the kinds of servers")
async def list_adapters(call: Call) -> AdapterList:
    items = []
    for kind, plugin in call.services.registry.plugins.items():
        if isinstance(plugin, BrokenPlugin):
            items.append(AdapterReply(kind=kind, title=kind, options={}, broken=plugin.reason))
        else:
            schema = plugin.config.model_json_schema()
            items.append(AdapterReply(kind=kind, title=plugin.title, options=schema, broken=None))
    return AdapterList(items=tuple(items))


@get("/api/v1/servers", tag=_TAG, scope=Scope.READ, summary="List servers by name")
async def list_servers(call: Call) -> ServerList:
    async with call.context.connection() as c:
        found = await servers.list_(c)
        counted = {summary.server: summary for summary in await servers.summaries(c)}
        doors = await _doors(c)
    return ServerList(items=tuple(_told(call, server, counted, doors) for server in found))


@get("/api/v1/servers/{server}", tag=_TAG, scope=Scope.READ, summary="Show one server", refusals=[NOT_FOUND])
async def show_server(call: Call, path: ServerPath) -> ServerReply:
    async with call.context.connection() as c:
        server = await named_server(c, path.server)
        counted = await servers.summaries(c, server.id)
        doors = await _doors(c)
    return _told(call, server, {summary.server: summary for summary in counted}, doors)


@post(
    "/api/v1/servers",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Connect a server",
    status=201,
    refusals=[CONFLICT, SERVER_FAILED],
)
async def add_server(call: Call, body: NewServer) -> ServerAdded:
    """Its options are checked, it is reached once, and its first walk begins."""
    registry = call.services.registry
    async with call.context.connection() as c:
        if await servers.by_name(c, body.name) is not None:
            raise _taken(body.name)
    warnings = await _check(call, body)
    if body.front_door:
        _check_door(call, body.kind)
    server = await registry.add(body.name, body.kind, body.options)
    if server is None:
        raise _taken(body.name)
    run = await _walk(call, server)
    doors = await _open_door(call, server, body.front_door) if body.front_door else {}
    added = _told(call, server, {}, doors)
    call.headers["Location"] = f"/api/v1/servers/{server.name}"
    return ServerAdded(
        **added.model_dump(), hook_secret=registry.hook_secret(server), run=run, warnings=warnings
    )


@delete(
    "/api/v1/servers/{server}",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Forget a server and its tracks",
    refusals=[NOT_FOUND, CONFLICT],
)
async def remove_server(call: Call, path: ServerPath) -> None:
    """Nothing changes on the server itself. What was heard is kept in case the music comes back."""
    async with call.context.connection() as c:
        server = await named_server(c, path.server)
    if server.origin == "settings" and not server.withdrawn:
        raise Refusal(CONFLICT, "The settings name this server: take it out there and start again.")
    await call.services.registry.remove(server.id)
    await call.context.doors.look()


@post(
    "/api/v1/servers/{server}/test",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Reach a server and ask what it is",
    refusals=[NOT_FOUND, SERVER_FAILED],
)
async def test_server(call: Call, path: ServerPath) -> ServerTested:
    """Its state follows from the answer."""
    async with call.context.connection() as c:
        server = await named_server(c, path.server)
    async with _reaching():
        info = await call.services.registry.probe(server.id)
    return ServerTested(
        product=info.product, version=info.version, tracks=info.tracks, warnings=info.warnings
    )


@post(
    "/api/v1/servers/{server}/walk",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="List a server's whole library anew",
    status=202,
    refusals=[NOT_FOUND],
)
async def walk_server(call: Call, path: ServerPath) -> RunReply:
    """A walk that waits already is returned instead of a second one."""
    async with call.context.connection() as c:
        server = await named_server(c, path.server)
    return await _walk(call, server)


@post(
    "/api/v1/servers/{server}/hook-secret",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Make a new webhook secret",
    refusals=[NOT_FOUND],
)
async def renew_hook_secret(call: Call, path: ServerPath) -> NewSecret:
    """The one before ends at once; put the new one into the server's webhook settings."""
    async with call.context.connection() as c:
        server = await named_server(c, path.server)
    secret = await call.services.registry.renew_hook_secret(server.id)
    return NewSecret(hook_secret=secret)


@post(
    "/api/v1/servers/{server}/webhook",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Have a server post its news to us",
    refusals=[NOT_FOUND, CONFLICT, SERVER_FAILED],
)
async def set_up_webhook(call: Call, path: ServerPath, body: WantedWebhook) -> WebhookSetUp:
    """Changes the server's settings, as far as its adapter can; asking again does no harm."""
    async with call.context.connection() as c:
        server = await named_server(c, path.server)
    registry = call.services.registry
    async with _reaching(), registry.using(server.id) as adapter:
        if not isinstance(adapter, SetsUpWebhooks):
            raise Refusal(CONFLICT, f"Segue cannot set up the webhooks of {server.name}; do it there.")
        address = f"{body.address}/hooks/{server.name}"
        return WebhookSetUp(message=await adapter.set_up_webhook(address, registry.hook_secret(server)))


@put(
    "/api/v1/servers/{server}/front-door",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Open a front door before a server, or move it",
    refusals=[NOT_FOUND, CONFLICT],
)
async def open_front_door(call: Call, path: ServerPath, body: WantedFrontDoor) -> FrontDoorReply:
    """Clients that use this port are served by the server, but for what sounds alike."""
    async with call.context.connection() as c:
        server = await named_server(c, path.server)
    _refuse_settings_door(server)
    _check_door(call, server.kind)
    reply = _told_door(call, server, await _open_door(call, server, body.listen))
    assert reply is not None
    return reply


@delete(
    "/api/v1/servers/{server}/front-door",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Close the front door before a server",
    refusals=[NOT_FOUND, CONFLICT],
)
async def close_front_door(call: Call, path: ServerPath) -> None:
    """Whoever still uses it is cut off."""
    async with call.context.connection() as c:
        server = await named_server(c, path.server)
        _refuse_settings_door(server)
        if not await front_doors.close(c, server.id):
            raise Refusal(NOT_FOUND, f"The server `{server.name}` has no front door.")
    await call.context.doors.look()


def _check_door(call: Call, kind: str) -> None:
    plugin = call.services.registry.plugins.get(kind)
    if isinstance(plugin, AdapterPlugin) and plugin.client_side is None:
        sentence = f"Servers of the kind `{kind}` are not spoken to over the web: they have no front door."
        raise Refusal(CONFLICT, sentence)


def _refuse_settings_door(server: Server) -> None:
    if server.origin == "settings" and not server.withdrawn:
        where = f"`front_door` in [servers.{server.name}]"
        raise Refusal(CONFLICT, f"The settings name this server: set {where} there and start again.")


async def _open_door(call: Call, server: Server, listen: str) -> Mapping[ServerKey, FrontDoor]:
    async with call.context.connection() as c:
        await front_doors.open_(c, server.id, Listening.parse(listen))
    await call.context.doors.look()
    async with call.context.connection() as c:
        return await _doors(c)


async def _doors(c: Connection) -> Mapping[ServerKey, FrontDoor]:
    return {door.server_id: door for door in await front_doors.list_(c)}


async def _walk(call: Call, server: Server) -> RunReply:
    async with call.context.connection() as c:
        run = await runs.get(c, await runs.create(c, "walk", server=server.id))
        assert run is not None
    await call.services.wake("walk")
    return told(run, {server.id: server.name})


async def _check(call: Call, body: NewServer) -> tuple[str, ...]:
    """What the operator should know of a server that can be added."""
    registry = call.services.registry
    try:
        registry.check(body.kind, body.options)
    except UnknownKindError as error:
        raise Refusal(INVALID, str(error), faults=[Fault(where="body.kind", message=str(error))]) from error
    except ConfigError as error:
        faults = [Fault(where="body.options", message=problem) for problem in error.problems]
        raise Refusal(INVALID, str(error), faults=faults) from error
    if not body.probe:
        return ()
    async with _reaching():
        info, _ = await registry.try_out(body.kind, body.options)
    if info.tracks == 0 and not info.warnings:
        return (_NO_MUSIC,)
    return tuple(info.warnings)


@asynccontextmanager
async def _reaching() -> AsyncIterator[None]:
    """A server that fails us is no fault of the request, nor ours."""
    try:
        async with asyncio.timeout(_REACHING_SECONDS):
            yield
    except AdapterError as error:
        raise Refusal(SERVER_FAILED, f"{error} {_advice(error)}") from error
    except TimeoutError as error:
        detail = (
            f"The server did not answer within {_REACHING_SECONDS} seconds; is the address right, and is it "
            "http or https?"
        )
        raise Refusal(SERVER_FAILED, detail) from error


_NO_MUSIC = "It holds no music yet that its user may see."


def _advice(error: AdapterError) -> str:
    """What a person can look at, whatever the kind of server."""
    if isinstance(error, Unavailable):
        return (
            "Is it there and running, and is its address or path right as seen from the machine or container "
            "where Segue runs?"
        )
    if isinstance(error, AuthFailed):
        return "Look at the user, the password or key, and what that user may do there."
    return (
        "Is it the right kind of server, and the right address, with the port and with the path below which "
        "it stands, if it has one?"
    )


def _taken(name: str) -> Refusal:
    return Refusal(CONFLICT, f"There is a server `{name}` already; choose another name, or remove that one.")


def _told_door(call: Call, server: Server, doors: Mapping[ServerKey, FrontDoor]) -> FrontDoorReply | None:
    if (door := doors.get(server.id)) is None:
        return None
    status = call.context.doors.status(server.id)
    return FrontDoorReply(
        wanted=str(door.listening),
        state=status.state,
        address=status.address,
        dialect=status.dialect,
        trouble=status.trouble,
    )


def _told(
    call: Call,
    server: Server,
    counted: Mapping[ServerKey, Summary],
    doors: Mapping[ServerKey, FrontDoor],
) -> ServerReply:
    counts = counted.get(server.id)
    return ServerReply(
        name=server.name,
        kind=server.kind,
        origin=server.origin,
        state=server.state,
        state_since=server.state_since,
        last_error=server.last_error,
        product=server.product,
        product_version=server.product_version,
        last_walk_at=server.last_walk_at,
        withdrawn=server.withdrawn,
        tracks=counts.tracks if counts else 0,
        missing=counts.missing if counts else 0,
        excluded=counts.excluded if counts else 0,
        heard=counts.heard if counts else 0,
        failed=counts.failed if counts else 0,
        options=call.services.registry.shown_options(server),
        front_door=_told_door(call, server, doors),
        hook=f"/hooks/{server.name}",
        created_at=server.created_at,
    )


ROUTES = (
    list_adapters,
    list_servers,
    show_server,
    add_server,
    remove_server,
    test_server,
    walk_server,
    renew_hook_secret,
    set_up_webhook,
    open_front_door,
    close_front_door,
)
