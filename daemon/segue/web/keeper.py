"""Lets callers in by their tokens: fast for known ones, slow and few for guesses."""

import asyncio
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from segue.store import tokens
from segue.store.pool import Pool
from segue.web import bearer
from segue.web.attempts import Attempts
from segue.web.errors import FORBIDDEN, TOO_MANY, UNAUTHORISED, Refusal
from segue.web.routing import Scope

__all__ = ["Caller", "Keeper"]

_FRESH_SECONDS = 5.0  # another daemon's revocation shows here after this time at the latest
_REMEMBERED = 1024
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="segue"'}
_MISSING = (
    "Present a token: `Authorization: Bearer segue_…`. The first one stands in the file `admin-token` "
    "in the data folder; `segue tokens` makes more."
)
_WRONG = "This token is not valid: it is mistyped, or it was revoked. `segue tokens` makes a new one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, and what they may do; `token` is None for the token from the settings."""

    name: str
    token: int | None
    scopes: frozenset[Scope]


@dataclass(slots=True, kw_only=True)
class _Known:
    token: tokens.Token
    checked_at: float


class Keeper:
    """Knows who may enter; remembers a bounded number of verified tokens by their digest."""

    def __init__(self, pool: Pool, *, admin_token: str | None, clock: Callable[[], float]) -> None:
        self._pool = pool
        self._admin_digest = _digest(admin_token) if admin_token else None
        self._clock = clock
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._attempts = Attempts(burst=20, seconds_each=6, clock=clock)
        self._verifiers = asyncio.Semaphore(2)

    async def admit(self, authorization: str | None, *, address: str | None, scope: Scope) -> Caller:
        """The caller, if the presented token grants this scope; else a Refusal."""
        caller = await self._identify(_presented(authorization), address)
        if scope not in caller.scopes:
            raise Refusal(
                FORBIDDEN, f"The token `{caller.name}` lacks the scope `{scope}`; use one that has it."
            )
        return caller

    def forget(self, token: int) -> None:
        """A token was revoked here: it ends at once."""
        for digest, known in list(self._known.items()):
            if known.token.id == token:
                del self._known[digest]

    async def _identify(self, presented: str, address: str | None) -> Caller:
        digest = _digest(presented)
        if self._admin_digest and hmac.compare_digest(digest, self._admin_digest):
            return Caller(name="settings", token=None, scopes=Scope.ADMIN.includes)
        token = await self._remembered(digest)
        if token is None:
            token = await self._verified(presented, digest, address)
        return Caller(name=token.name, token=token.id, scopes=_granted(token))

    async def _remembered(self, digest: bytes) -> tokens.Token | None:
        known = self._known.get(digest)
        if known is None:
            return None
        if self._clock() - known.checked_at > _FRESH_SECONDS:
            token = await self._read(known.token.lookup)
            if token is None or token.secret_hash != known.token.secret_hash:
                self._known.pop(digest, None)
                return None
            self._remember(digest, token)
        return known.token

    async def _verified(self, presented: str, digest: bytes, address: str | None) -> tokens.Token:
        if seconds := self._attempts.wait(address):
            raise Refusal(
                TOO_MANY,
                f"Too many tokens from this address were wrong; try again in {seconds} seconds.",
                headers={"Retry-After": str(seconds)},
            )
        self._attempts.charge(address)
        parsed = bearer.parse(presented)
        token = await self._read(parsed.lookup) if parsed else None
        if parsed is None or token is None or not await self._fits(parsed, token):
            raise Refusal(UNAUTHORISED, _WRONG, headers=_CHALLENGE)
        self._attempts.refund(address)
        self._remember(digest, token)
        return token

    async def _fits(self, parsed: bearer.Bearer, token: tokens.Token) -> bool:
        async with self._verifiers:
            return await asyncio.to_thread(bearer.fits, parsed.secret, token.secret_hash)

    async def _read(self, lookup: str) -> tokens.Token | None:
        """The valid token with this public half; its use is noted."""
        async with self._pool.connection() as c:
            token = await tokens.by_lookup(c, lookup)
            if token is None or token.revoked_at is not None:
                return None
            await tokens.used(c, token.id)
            return token

    def _remember(self, digest: bytes, token: tokens.Token) -> None:
        self._known[digest] = _Known(token=token, checked_at=self._clock())
        self._known.move_to_end(digest)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


def _presented(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refusal(UNAUTHORISED, _MISSING, headers=_CHALLENGE)
    return token.strip()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _granted(token: tokens.Token) -> frozenset[Scope]:
    return frozenset(scope for name in token.scopes for scope in Scope(name).includes)
