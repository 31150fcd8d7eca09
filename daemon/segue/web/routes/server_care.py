"""Care of servers: what of them is music to us, what a walk would find, and whether all of one works."""

from ipaddress import ip_address

import aiohttp
from pydantic import Field

from segue.library.checking import Step, check_server
from segue.store import exclusions, runs, servers
from segue.store.exclusions import FILTER_PARTS, Filter
from segue.store.servers import Server
from segue.vault import VaultError
from segue.web.context import Call
from segue.web.errors import CONFLICT, NOT_FOUND, Refusal
from segue.web.naming import named_server
from segue.web.routing import Scope, get, post, put
from segue.web.run_replies import RunReply, told
from segue.web.shapes import Asked, Name, Text, Told

__all__ = ["ROUTES"]

_TAG = "Servers"
_HOOK_SECONDS = 10


class FilterPath(Asked):
    """Of which server."""

    server: Name = Field(description="The server's name.", examples=["attic"])


class FilterWanted(Asked):
    """What of a server is music to us."""

    only_libraries: tuple[Text, ...] = Field(
        default=(), max_length=1000, description="Names of libraries; without any all are used."
    )
    exclude_paths: tuple[Text, ...] = Field(
        default=(),
        max_length=1000,
        description="Patterns with `*` and `?` that fit one or several whole parts of a path.",
        examples=[["Podcasts", "*/Demos/*"]],
    )
    exclude_genres: tuple[Text, ...] = Field(
        default=(), max_length=1000, description="Genres; case and accents do not count."
    )


class FilterReply(Told):
    """What of a server is music to us, and how much is not."""

    only_libraries: tuple[str, ...]
    exclude_paths: tuple[str, ...]
    exclude_genres: tuple[str, ...]
    tracks: int = Field(description="How many tracks are used.")
    excluded: int = Field(description="How many are left out.")


class CheckStep(Told):
    """One thing that was tried."""

    name: str = Field(examples=["reach"])
    good: bool | None = Field(description="Null where there was nothing to try.")
    detail: str
    advice: str | None = Field(description="What to change.")


class CheckReply(Told):
    """How the whole loop of a server works."""

    good: bool
    steps: tuple[CheckStep, ...]


@get(
    "/api/v1/servers/{server}/filter",
    tag=_TAG,
    scope=Scope.READ,
    summary="Show what of a server is used",
    refusals=[NOT_FOUND],
)
async def show_filter(call: Call, path: FilterPath) -> FilterReply:
    return await _filter_told(call, path.server)


@put(
    "/api/v1/servers/{server}/filter",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Leave libraries, folders or genres out",
    refusals=[NOT_FOUND, CONFLICT],
)
async def set_filter(call: Call, path: FilterPath, body: FilterWanted) -> FilterReply:
    """It holds at once. What was heard is kept, so that taking something back costs nothing."""
    async with call.context.connection() as c:
        server = await named_server(c, path.server)
        _respect_settings(call, server, body)
        wanted = Filter(**{part: getattr(body, part) for part in FILTER_PARTS})
        await exclusions.set_filter(c, server.id, wanted)
    await call.services.wake("analyse")
    return await _filter_told(call, path.server)


@post(
    "/api/v1/servers/{server}/preview",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Tell what a walk would find, without writing anything",
    status=202,
    refusals=[NOT_FOUND],
)
async def preview_walk(call: Call, path: FilterPath) -> RunReply:
    """The run's message and log tell what would be new, gone, or known under another id."""
    async with call.context.connection() as c:
        server = await named_server(c, path.server)
        run = await runs.get(c, await runs.create(c, "preview", server=server.id))
        assert run is not None
    await call.services.wake("preview")
    return told(run, {server.id: server.name})


@post(
    "/api/v1/servers/{server}/check",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Try everything that is needed of a server",
    refusals=[NOT_FOUND],
)
async def check(call: Call, path: FilterPath) -> CheckReply:
    """Reach, rights, list, lend, hear, a test playlist that is taken away again, and a webhook."""
    async with call.context.connection() as c:
        server = await named_server(c, path.server)
    steps = [step async for step in check_server(call.services.registry, server)]
    steps.append(await _webhook(call, server))
    shown = tuple(
        CheckStep(name=step.name, good=step.good, detail=step.detail, advice=step.advice) for step in steps
    )
    return CheckReply(good=all(step.good is not False for step in steps), steps=shown)


async def _filter_told(call: Call, name: str) -> FilterReply:
    async with call.context.connection() as c:
        server = await named_server(c, name)
        [counts] = await servers.summaries(c, server.id)
    return FilterReply(
        only_libraries=server.only_libraries,
        exclude_paths=server.exclude_paths,
        exclude_genres=server.exclude_genres,
        tracks=counts.tracks,
        excluded=counts.excluded,
    )


def _respect_settings(call: Call, server: Server, body: FilterWanted) -> None:
    section = call.services.settings.servers.get(server.name)
    for part in FILTER_PARTS:
        decided = getattr(section, part, None)
        if decided is not None and tuple(decided) != getattr(body, part):
            raise Refusal(CONFLICT, f"The settings decide `{part}` of this server: change it there.")


async def _webhook(call: Call, server: Server) -> Step:
    """Knock at our own door, at the very address where this request came in; nothing is told by it."""
    address = _own_address(call)
    try:
        secret = call.services.registry.hook_secret(server)
        async with (
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=_HOOK_SECONDS), trust_env=False
            ) as session,
            session.post(
                f"{address}/hooks/{server.name}", json={"changed": []}, headers={"X-Segue-Secret": secret}
            ) as reply,
        ):
            status = reply.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        detail = f"Our own webhook address {address} cannot be reached ({type(error).__name__})."
        return Step(name="webhook", good=False, detail=detail, advice="Look at the daemon's log.")
    except VaultError as error:
        return Step(name="webhook", good=False, detail=str(error), advice="Make a new webhook secret.")
    if status != 202:
        detail = f"A webhook with the right secret was answered with HTTP {status}."
        return Step(name="webhook", good=False, detail=detail, advice="Look at the daemon's log.")
    return Step(name="webhook", good=True, detail="A webhook with its secret is taken.")


def _own_address(call: Call) -> str:
    """Where this very connection ends: never what a client says of us, for the secret goes there."""
    transport = call.request.transport
    host, port = transport.get_extra_info("sockname")[:2] if transport else ("127.0.0.1", 0)
    shown = f"[{host}]" if ip_address(host.partition("%")[0]).version == 6 else host
    return f"http://{shown}:{port}"


ROUTES = (show_filter, set_filter, preview_walk, check)
