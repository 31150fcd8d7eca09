"""Webhook posts: whose they are, and which changes they tell."""

import asyncio
import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from segue.model import Change, LibraryChanged, ServerKey, TrackChanged, TrackGone, TrackId
from segue.registry import Registry
from segue.sdk import AdapterError, Malformed, ReceivesWebhooks, WebhookDelivery
from segue.web.errors import MALFORMED, Refusal

__all__ = ["Flow", "PlainChanges", "changes_told", "secret_fits"]

_CONNECT_SECONDS = 1.0

ServerTrackId = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", min_length=1, max_length=4096)]


class PlainChanges(BaseModel):
    """The form for scripts: ids as the server writes them; `library`, or `{}`, asks to look at everything."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    changed: tuple[ServerTrackId, ...] = Field(default=(), max_length=10_000)
    gone: tuple[ServerTrackId, ...] = Field(default=(), max_length=10_000)
    library: bool = False

    @property
    def changes(self) -> tuple[Change, ...]:
        told: list[Change] = [TrackChanged(TrackId(track)) for track in self.changed]
        told += [TrackGone(TrackId(track)) for track in self.gone]
        return (*told, LibraryChanged()) if self.library else tuple(told)


class Flow:
    """How many deliveries of one server are taken; beyond that the news is "look at everything".

    Nothing is refused for being too much: many senders drop what is refused, others repeat it for ever.
    """

    def __init__(self, *, per_second: float, burst: int, clock: Callable[[], float]) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._spent: dict[ServerKey, tuple[float, float]] = {}

    def takes(self, server: ServerKey) -> bool:
        """Whether one more is taken now."""
        now = self._clock()
        spent, at = self._spent.get(server, (0.0, now))
        spent = max(0.0, spent - (now - at) * self._per_second)
        fits = spent + 1 <= self._burst
        self._spent[server] = (spent + 1 if fits else spent, now)
        return fits


def secret_fits(presented: str, kept: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(presented.encode("utf-8", "surrogateescape"), kept.encode())


async def changes_told(registry: Registry, server: ServerKey, delivery: WebhookDelivery) -> Sequence[Change]:
    """What the delivery tells; when the adapter cannot be had now: that something changed."""
    plain = _plain(delivery.body)
    if plain is not None:
        return plain.changes
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            adapter = await registry.adapter(server)
    except (AdapterError, TimeoutError):
        return (LibraryChanged(),)
    if not isinstance(adapter, ReceivesWebhooks):
        raise Refusal(MALFORMED, _FORM)
    try:
        return adapter.read_webhook(delivery)
    except Malformed as error:
        raise Refusal(MALFORMED, f"This delivery cannot be read: {error}") from error


def headers_told(headers: Mapping[str, str]) -> dict[str, str]:
    """With lower-case names, and without what proves who sent them."""
    return {name.lower(): value for name, value in headers.items() if name.lower() not in _PROOFS}


def _plain(body: bytes) -> PlainChanges | None:
    try:
        plain = PlainChanges.model_validate_json(body, strict=True)
    except ValidationError:
        return None
    return plain if plain.model_fields_set else PlainChanges(library=True)


_PROOFS = frozenset({"authorization", "x-segue-secret", "cookie"})
_FORM = (
    'Send JSON such as {"changed": ["id"], "gone": ["id"]} with the ids that the server gives its tracks, '
    'or {"library": true} to have everything looked at.'
)
