"""Finds out how a server wants to be spoken to: by form or query, with key, token or password."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from segue.sdk import AuthFailed, Malformed, Unsupported
from segue.sdk.http import HttpServer
from segue_navidrome.client import Auth, Client, Manner
from segue_navidrome.config import NavidromeConfig
from segue_navidrome.parse import payload, payloads
from segue_navidrome.payloads import Named, TokenOwner
from segue_navidrome.refusals import Refusal

__all__ = ["Server", "agree"]

_OTHER_AUTH = frozenset({10, 41, 42})
_LOOPBACK = ("localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What a server said of itself, and who we are there."""

    product: str
    version: str
    protocol: str
    open_subsonic: bool
    extensions: frozenset[str]
    username: str

    @property
    def is_navidrome(self) -> bool:
        return self.product.lower() == "navidrome"


async def agree(http: HttpServer, config: NavidromeConfig) -> tuple[Client, Server]:
    """A client that the server understands; AuthFailed when no way is left."""
    refused: Exception | None = None
    withheld = takes_no_forms = False
    for manner in _manners(config):
        if manner.form and takes_no_forms:
            continue
        if manner.auth == "password" and not _may_send_password(config):
            withheld = True
            continue
        client = Client(http, config, manner)
        try:
            reply = await client.attempt("ping")
        except Refusal as error:
            if error.code not in _OTHER_AUTH:
                raise error.error("ping") from error
            refused = error
        except (Unsupported, Malformed) as error:
            refused = error
            takes_no_forms = True
        else:
            return client, await _introduced(client, reply, config)
    if withheld and isinstance(refused, Refusal):
        raise AuthFailed(
            "The server wants the password itself, which would cross the network unprotected: "
            "use https, or allow it with `plain_password = true`."
        ) from refused
    if isinstance(refused, Refusal):
        raise refused.error("ping") from refused
    assert refused is not None
    raise refused


def _manners(config: NavidromeConfig) -> Iterator[Manner]:
    """The safest first: by form before by query, which servers and proxies note down."""
    ways: tuple[Auth, ...] = ("key",) if config.api_key else ("token", "password")
    for form in (True, False):
        for auth in ways:
            yield Manner(auth=auth, form=form)


def _may_send_password(config: NavidromeConfig) -> bool:
    address = urlsplit(config.url)
    host = address.hostname or ""
    return (
        config.plain_password
        or address.scheme == "https"
        or host in _LOOPBACK
        or (host.startswith("127.") and host.replace(".", "").isdigit())
    )


async def _introduced(client: Client, reply: object, config: NavidromeConfig) -> Server:
    told = reply if isinstance(reply, dict) else {}
    open_subsonic = told.get("openSubsonic") is True
    return Server(
        product=str(told.get("type") or "Subsonic"),
        version=str(told.get("serverVersion") or ""),
        protocol=str(told.get("version") or ""),
        open_subsonic=open_subsonic,
        extensions=await _extensions(client) if open_subsonic else frozenset(),
        username=config.username or await _key_owner(client),
    )


async def _extensions(client: Client) -> frozenset[str]:
    try:
        reply = await client.ask("getOpenSubsonicExtensions")
    except Unsupported:
        return frozenset()
    named = payloads(Named, reply, "openSubsonicExtensions")
    return frozenset(one.name for one in named if one.name)


async def _key_owner(client: Client) -> str:
    owner = payload(TokenOwner, await client.ask("tokenInfo"), "tokenInfo").username
    if owner is None:
        raise Malformed("The server does not say whose API key it is.")
    return owner
