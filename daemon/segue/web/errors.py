"""Why a request is refused; whoever raises a Refusal says what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = [
    "CONFLICT",
    "FORBIDDEN",
    "INTERNAL",
    "INVALID",
    "KINDS",
    "MALFORMED",
    "METHOD_NOT_ALLOWED",
    "MISDIRECTED",
    "NOT_FOUND",
    "SERVER_FAILED",
    "TOO_LARGE",
    "TOO_MANY",
    "UNAUTHORISED",
    "UNAVAILABLE",
    "UNSUPPORTED_MEDIA",
    "Fault",
    "Kind",
    "Refusal",
    "in_dialect",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of problem; `name` is what programs compare."""

    name: str
    status: int
    title: str

    @property
    def type(self) -> str:
        return f"urn:segue:problem:{self.name}"


MALFORMED = Kind(name="malformed", status=400, title="The request cannot be read")
UNAUTHORISED = Kind(name="unauthorised", status=401, title="A valid token is needed")
FORBIDDEN = Kind(name="forbidden", status=403, title="This is not allowed")
NOT_FOUND = Kind(name="not-found", status=404, title="There is no such thing")
METHOD_NOT_ALLOWED = Kind(name="method-not-allowed", status=405, title="This cannot be done here")
CONFLICT = Kind(name="conflict", status=409, title="This does not fit the present state")
TOO_LARGE = Kind(name="too-large", status=413, title="The request is too large")
UNSUPPORTED_MEDIA = Kind(name="unsupported-media", status=415, title="The body has the wrong media type")
MISDIRECTED = Kind(name="misdirected", status=421, title="This daemon is not known under that name")
INVALID = Kind(name="invalid", status=422, title="The request is not valid")
TOO_MANY = Kind(name="too-many-requests", status=429, title="Too many requests")
INTERNAL = Kind(name="internal", status=500, title="Something went wrong inside")
SERVER_FAILED = Kind(name="server-failed", status=424, title="The media server did not answer well")
UNAVAILABLE = Kind(name="unavailable", status=503, title="This cannot be done now")

KINDS = (
    MALFORMED,
    UNAUTHORISED,
    FORBIDDEN,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    CONFLICT,
    TOO_LARGE,
    UNSUPPORTED_MEDIA,
    MISDIRECTED,
    INVALID,
    TOO_MANY,
    INTERNAL,
    SERVER_FAILED,
    UNAVAILABLE,
)


def in_dialect(kind: Kind) -> Kind:
    """What AudioMuse-AI's clients know instead: whatever is wrong with a request is one status there."""
    return MALFORMED if kind is INVALID else kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with a request; `where` is a path such as `query.limit`."""

    where: str
    message: str


class Refusal(Exception):
    """Raised anywhere in a request to end it with a problem document."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})
