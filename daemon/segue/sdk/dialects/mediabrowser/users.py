"""Finds the user that an operator named."""

from collections.abc import Awaitable, Sequence

from segue.sdk.dialects.mediabrowser.payloads import UserPayload
from segue.sdk.errors import AuthFailed, Unsupported

__all__ = ["user_named"]


async def user_named(asked: Awaitable[Sequence[UserPayload]], name: str | None) -> UserPayload | None:
    """Among those that the server tells a key of; asking also finds out whether the key is accepted."""
    try:
        users = await asked
    except AuthFailed as error:
        raise AuthFailed("The server does not accept the API key.") from error
    if name is None:
        return None
    found = [user for user in users if (user.Name or "").casefold() == name.casefold()]
    if not found:
        there = ", ".join(sorted(user.Name or user.Id for user in users))
        raise Unsupported(f"There is no user named {name}; there are: {there}.")
    return found[0]
