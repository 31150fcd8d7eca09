"""From a question about similarity without an answer to a refusal that says what to do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from segue.similarity import CannotBeHeard, NotHeardYet, NotReady, SimilarityError, UnknownSeed
from segue.web.errors import CONFLICT, INTERNAL, NOT_FOUND, UNAVAILABLE, Kind, Refusal

__all__ = ["answering"]


@asynccontextmanager
async def answering() -> AsyncIterator[None]:
    """Around a question."""
    try:
        yield
    except SimilarityError as error:
        raise Refusal(_kind(error), str(error)) from error


def _kind(error: SimilarityError) -> Kind:
    match error:
        case NotReady():
            return UNAVAILABLE
        case UnknownSeed():
            return NOT_FOUND
        case NotHeardYet() | CannotBeHeard():
            return CONFLICT
    return INTERNAL
