"""A transaction that is begun again when another one was in its way."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from psycopg import errors

from segue.store.pool import Connection, Pool

__all__ = ["in_transaction"]

_ATTEMPTS = 4
_IN_THE_WAY = (errors.ForeignKeyViolation, errors.DeadlockDetected, errors.SerializationFailure)

Result = TypeVar("Result")


async def in_transaction(pool: Pool, work: Callable[[Connection], Awaitable[Result]]) -> Result:
    """Do the work and commit; what was merged away under us is found by its new name the next time."""
    for _ in range(_ATTEMPTS - 1):
        try:
            async with pool.connection() as c:
                return await work(c)
        except _IN_THE_WAY:
            continue
    async with pool.connection() as c:
        return await work(c)
