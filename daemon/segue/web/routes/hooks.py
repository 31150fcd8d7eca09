"""Hooks: where servers and scripts tell that something changed."""

from pydantic import Field

from segue.model import LibraryChanged
from segue.sdk import WebhookDelivery
from segue.store import servers
from segue.vault import VaultError
from segue.web import reading
from segue.web.context import Call
from segue.web.deliveries import changes_told, headers_told, secret_fits
from segue.web.errors import CONFLICT, TOO_MANY, UNAUTHORISED, Refusal
from segue.web.routing import post
from segue.web.shapes import Asked, Name, Text, Told

__all__ = ["ROUTES"]

_TAG = "Hooks"
_RENEW = "`POST /api/v1/servers/{server}/hook-secret` makes a new one."
_WRONG = f"No server here has this name and webhook secret; {_RENEW}"
_REFUSALS = (UNAUTHORISED, TOO_MANY, CONFLICT)


class Accepted(Told):
    """The changes are kept and will be looked at."""

    changes: int
    everything: bool = Field(
        default=False,
        description="Whether so much came at once that everything will be looked at instead.",
    )


class HookPath(Asked):
    """Whose hook."""

    server: Name = Field(description="The server's name.", examples=["attic"])


class SecretHookPath(HookPath):
    """Whose hook, with its secret for senders that cannot set headers."""

    secret: Text = Field(description="The server's webhook secret.")


@post(
    "/hooks/{server}",
    tag=_TAG,
    scope=None,
    summary="Tell that something changed",
    status=202,
    takes_any_body=True,
    refusals=_REFUSALS,
)
async def take_delivery(call: Call, path: HookPath) -> Accepted:
    """The header `X-Segue-Secret` holds the server's webhook secret. The body is what the server itself
    sends, or `{"changed": ["id"], "gone": ["id"], "library": false}`."""
    return await _take(call, path.server, call.request.headers.get("X-Segue-Secret", ""))


@post(
    "/hooks/{server}/{secret}",
    tag=_TAG,
    scope=None,
    summary="Tell that something changed, with the secret in the path",
    status=202,
    takes_any_body=True,
    refusals=_REFUSALS,
)
async def take_delivery_with_secret(call: Call, path: SecretHookPath) -> Accepted:
    """For senders that cannot set headers; the path is never logged."""
    return await _take(call, path.server, path.secret)


async def _take(call: Call, name: str, presented: str) -> Accepted:
    server = await _server(call, name, presented)
    delivery = WebhookDelivery(
        content_type=call.request.content_type,
        headers=headers_told(call.request.headers),
        query=dict(call.request.query),
        body=await reading.body_bytes(call.request),
    )
    services, gathering = call.services, call.context.gathering
    if not call.context.flow.takes(server.id):
        await gathering.accept(server.id, [LibraryChanged()])
        return Accepted(changes=1, everything=True)
    changes = await changes_told(services.registry, server.id, delivery)
    await gathering.accept(server.id, changes)
    return Accepted(changes=len(changes))


async def _server(call: Call, name: str, presented: str) -> servers.Server:
    """Who guesses secrets is slowed down; that a server exists is not told either."""
    async with call.context.connection() as c:
        server = await servers.by_name(c, name)
    if server is None or not secret_fits(presented, _kept(call, server)):
        raise _refused(call)
    if server.withdrawn:
        raise Refusal(CONFLICT, "The settings no longer name this server, so its news are not wanted.")
    return server


def _refused(call: Call) -> Refusal:
    """One who knows the secret always passes: another sender behind the same address may hold an old one."""
    attempts, address = call.context.hook_attempts, call.request.remote
    if seconds := attempts.wait(address):
        detail = f"Too many secrets from this address were wrong; try again in {seconds} seconds."
        return Refusal(TOO_MANY, detail, headers={"Retry-After": str(seconds)})
    attempts.charge(address)
    return Refusal(UNAUTHORISED, _WRONG, headers={"WWW-Authenticate": "X-Segue-Secret"})


def _kept(call: Call, server: servers.Server) -> str:
    try:
        return call.services.registry.hook_secret(server)
    except VaultError as error:
        detail = (
            "The stored secret cannot be opened; `POST /api/v1/servers/{server}/hook-secret` makes a new one."
        )
        raise Refusal(CONFLICT, detail) from error


ROUTES = (take_delivery, take_delivery_with_secret)
