"""Tokens: who may ask the daemon for what."""

import asyncio
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from segue.store import tokens
from segue.web import bearer, cursors
from segue.web.context import Call
from segue.web.errors import CONFLICT, NOT_FOUND, Refusal
from segue.web.routing import Scope, delete, get, post
from segue.web.shapes import Asked, Id, Page, PageQuery, Told

__all__ = ["ROUTES"]

_TAG = "Tokens"


class TokenReply(Told):
    """A token, without its secret."""

    id: int
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    last_used_at: datetime | None = Field(description="Noted once a minute at most.")


class TokenMade(TokenReply):
    """A new token; it is never shown again."""

    token: str = Field(examples=["segue_Zk3vQ0aB1x_…"])


class TokenPage(Page[TokenReply]):
    """Valid tokens, newest first."""


class TokenPath(Asked):
    """Which token."""

    token: Id = Field(description="The token's id.")


class NewToken(Asked):
    """What the token is for."""

    name: Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", min_length=1, max_length=100)] = Field(
        description="For people; no two valid tokens share it.", examples=["kitchen radio"]
    )
    scopes: tuple[Scope, ...] = Field(
        min_length=1,
        max_length=3,
        description="`admin` includes `read` (see everything), which includes `play` (search and similar).",
        examples=[["play"]],
    )


@get("/api/v1/tokens", tag=_TAG, scope=Scope.ADMIN, summary="List valid tokens, newest first")
async def list_tokens(call: Call, query: PageQuery) -> TokenPage:
    before = cursors.read("tokens", query.cursor)
    async with call.context.connection() as c:
        found = await tokens.list_(c, before=before, limit=query.limit + 1)
    shown, following = cursors.cut("tokens", found, query.limit, lambda token: token.id)
    return TokenPage(items=tuple(_told(token) for token in shown), next=following)


@post("/api/v1/tokens", tag=_TAG, scope=Scope.ADMIN, summary="Make a token", status=201, refusals=[CONFLICT])
async def make_token(call: Call, body: NewToken) -> TokenMade:
    """The reply is the only place where the token itself is ever shown."""
    made = bearer.new()
    secret_hash = await asyncio.to_thread(bearer.hashed, made.secret)
    scopes = {scope.value for scope in body.scopes}
    async with call.context.connection() as c:
        token = await tokens.create(
            c, name=body.name, lookup=made.lookup, secret_hash=secret_hash, scopes=scopes
        )
    if token is None:
        raise Refusal(CONFLICT, "A valid token has this name already; choose another, or revoke that one.")
    return TokenMade(**_told(token).model_dump(), token=made.text)


@delete("/api/v1/tokens/{token}", tag=_TAG, scope=Scope.ADMIN, summary="Revoke a token", refusals=[NOT_FOUND])
async def revoke_token(call: Call, path: TokenPath) -> None:
    """It ends at once here, and within seconds in other daemons on the same database."""
    async with call.context.connection() as c:
        revoked = await tokens.revoke(c, path.token)
    if not revoked:
        raise Refusal(NOT_FOUND, f"There is no valid token {path.token}; `GET /api/v1/tokens` lists them.")
    call.context.keeper.forget(path.token)


def _told(token: tokens.Token) -> TokenReply:
    return TokenReply(
        id=token.id,
        name=token.name,
        scopes=tuple(scope for scope in Scope if scope.value in token.scopes),
        created_at=token.created_at,
        last_used_at=token.last_used_at,
    )


ROUTES = (list_tokens, make_token, revoke_token)
