"""How Emby lets us in: by API key, or by name and password."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from segue.sdk import AuthFailed
from segue.sdk.dialects.mediabrowser.client import Client
from segue.sdk.dialects.mediabrowser.parse import payload
from segue.sdk.dialects.mediabrowser.payloads import Login, UserPayload, Users
from segue.sdk.dialects.mediabrowser.users import user_named
from segue.sdk.http import HttpServer
from segue_emby.config import EmbyConfig

__all__ = ["Access", "enter", "spelt"]

_CLIENT, _VERSION = "Segue", "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """`me` is the user that we are logged in as, or who owns our playlists; `is_key`: we use an API key,
    which stands for nobody; `token` is what the websocket wants in its address."""

    client: Client
    me: UserPayload | None
    is_key: bool
    device: str
    token: str

    @property
    def administers(self) -> bool:
        """Whether we may ask what only administrators may."""
        return self.is_key or (self.me is not None and self.me.is_administrator)

    @property
    def view(self) -> str | None:
        """The user whose view of the libraries we have; None for all that there is."""
        return None if self.is_key or self.me is None else self.me.Id

    async def leave(self) -> None:
        """Give back the token that was made for us; not the operator's API key."""
        if not self.is_key:
            await self.client.act("Sessions/Logout")


async def enter(http: HttpServer, config: EmbyConfig, device: str) -> Access:
    """Log in, or see that the key is accepted."""
    if config.api_key is None:
        return await _login(http, config, device)
    token = config.api_key.get_secret_value()
    client = Client(http, _headers(token, device), spelt)
    me = await user_named(_users(client), config.username)
    return Access(client=client, me=me, is_key=True, device=device, token=token)


def spelt(name: str) -> str:
    """Emby writes its parameters with a capital."""
    return name[:1].upper() + name[1:]


async def _login(http: HttpServer, config: EmbyConfig, device: str) -> Access:
    assert config.password is not None
    client = Client(http, _headers(None, device), spelt)
    words = {"Username": config.username, "Pw": config.password.get_secret_value()}
    try:
        login = payload(Login, await client.act("Users/AuthenticateByName", body=words, safe=True))
    except AuthFailed as error:
        raise AuthFailed("The server does not accept the name or password.") from error
    return Access(
        client=client.acting(_headers(login.AccessToken, device), token=login.AccessToken),
        me=login.User,
        is_key=False,
        device=device,
        token=login.AccessToken,
    )


async def _users(client: Client) -> Sequence[UserPayload]:
    return payload(Users, await client.read("Users/Query")).Items


def _headers(token: str | None, device: str) -> dict[str, str]:
    """The token has a header of its own; the other one says which device we are."""
    words = {"Client": _CLIENT, "Device": "Segue", "DeviceId": device, "Version": _VERSION}
    told = ", ".join(f'{name}="{quote(value, safe="")}"' for name, value in words.items())
    return {"X-Emby-Authorization": f"Emby {told}"} | ({"X-Emby-Token": token} if token else {})
