"""How Jellyfin lets us in: by API key, by name and password, or by Quick Connect for a user of a key."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import structlog

from segue.sdk import AuthFailed, Unsupported
from segue.sdk.dialects.mediabrowser.client import Client
from segue.sdk.dialects.mediabrowser.parse import payload, payloads
from segue.sdk.dialects.mediabrowser.payloads import Login, UserPayload
from segue.sdk.dialects.mediabrowser.users import user_named
from segue.sdk.http import HttpServer
from segue_jellyfin.config import JellyfinConfig
from segue_jellyfin.payloads import QuickConnect

__all__ = ["Access", "enter"]

_CLIENT, _VERSION = "Segue", "1"


@dataclass(kw_only=True)
class Access:
    """`client` asks with what the operator gave us; `me` is the user whom that stands for, or who owns our
    playlists; `is_key`: it is an API key, which stands for nobody."""

    client: Client
    me: UserPayload | None
    is_key: bool
    device: str
    quick_connect: bool
    log: structlog.stdlib.BoundLogger
    _users: dict[str, Client]

    @property
    def administers(self) -> bool:
        """Whether we may ask what only administrators may."""
        return self.is_key or (self.me is not None and self.me.is_administrator)

    @property
    def view(self) -> str | None:
        """The user whose view of the libraries we have; None for all that there is."""
        return None if self.is_key or self.me is None else self.me.Id

    async def as_user(self, user: str) -> Client | None:
        """A client that is this user; None where we cannot become one."""
        if not self.is_key:
            return self.client if self.me is not None and self.me.Id == user else None
        if not self.quick_connect:
            return None
        if user not in self._users:
            self._users[user] = await self._connected(user)
        return self._users[user]

    async def leave(self) -> None:
        """Give back the tokens that were made for us; not the operator's API key."""
        clients = list(self._users.values()) if self.is_key else [self.client]
        for client in clients:
            await client.act("Sessions/Logout")

    async def _connected(self, user: str) -> Client:
        """Ask for a login, and approve it with the key."""
        device = f"{self.device}-{user[:8]}"
        asking = self.client.acting(_headers(None, device))
        try:
            code = payload(QuickConnect, await asking.act("QuickConnect/Initiate"))
        except AuthFailed as error:
            raise Unsupported(
                "Quick Connect is switched off on the server: switch it on in its dashboard, or give "
                "`username` and `password` instead of the API key."
            ) from error
        await self.client.act("QuickConnect/Authorize", ("code", code.Code), ("userId", user))
        login = await asking.act("Users/AuthenticateWithQuickConnect", body={"Secret": code.Secret})
        self.log.info("user_token_made", user=user, way="Quick Connect")
        token = payload(Login, login).AccessToken
        return self.client.acting(_headers(token, device), token=token)


async def enter(
    http: HttpServer, config: JellyfinConfig, device: str, log: structlog.stdlib.BoundLogger
) -> Access:
    """Log in, or see that the key is accepted."""
    if config.api_key is not None:
        client = Client(http, _headers(config.api_key.get_secret_value(), device))
        me = await user_named(_users(client), config.username)
    else:
        client, me = await _login(http, config, device)
    return Access(
        client=client,
        me=me,
        is_key=config.api_key is not None,
        device=device,
        quick_connect=config.quick_connect,
        log=log,
        _users={},
    )


async def _login(http: HttpServer, config: JellyfinConfig, device: str) -> tuple[Client, UserPayload]:
    assert config.password is not None
    client = Client(http, _headers(None, device))
    words = {"Username": config.username, "Pw": config.password.get_secret_value()}
    try:
        login = payload(Login, await client.act("Users/AuthenticateByName", body=words, safe=True))
    except AuthFailed as error:
        raise AuthFailed("The server does not accept the name or password.") from error
    return client.acting(_headers(login.AccessToken, device), token=login.AccessToken), login.User


async def _users(client: Client) -> Sequence[UserPayload]:
    return payloads(UserPayload, await client.read("Users"))


def _headers(token: str | None, device: str) -> dict[str, str]:
    """The one form that every version takes; values are percent-encoded, as the server decodes them."""
    words = {"Token": token, "Client": _CLIENT, "Device": "Segue", "DeviceId": device, "Version": _VERSION}
    told = ", ".join(f'{name}="{quote(value, safe="")}"' for name, value in words.items() if value)
    return {"Authorization": f"MediaBrowser {told}"}
