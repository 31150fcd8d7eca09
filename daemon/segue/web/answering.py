"""From a question about similarity without an answer to a refusal that says what to do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from segue.similarity import CannotBeHeard, NotHeardYet, NotReady, SimilarityError, UnknownSeed
from segue.web.errors import CONFLICT, INTERNAL, NOT_FOUND, UNAVAILABLE, Kind, Refusal

__all__ = ["answering"]


@asynccontextmanager
async def answering(*, unheard: Kind = CONFLICT) -> AsyncIterator[None]:
    """Around a question; `unheard` is what it is to ask for what was not heard."""
    try:
        yield
    except SimilarityError as error:
        raise Refusal(_kind(error, unheard), str(error)) from error


def _kind(error: SimilarityError, unheard: Kind) -> Kind:
    match error:
        case NotReady():
            return UNAVAILABLE
        case UnknownSeed():
            return NOT_FOUND
        case NotHeardYet() | CannotBeHeard():
            return unheard
    return INTERNAL
