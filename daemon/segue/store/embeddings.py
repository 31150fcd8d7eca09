"""Embeddings: vectors by space, and their change log for followers."""

import numpy as np
import numpy.typing as npt

from segue.model import RecordingId, SpaceId
from segue.store.pool import Connection

__all__ = ["put"]

Vector = npt.NDArray[np.float32]


async def put(c: Connection, space: SpaceId, recording: RecordingId, vector: Vector) -> None:
    """Add or replace one vector; followers see it once the transaction is committed."""
    if vector.ndim != 1 or not np.isfinite(vector).all() or not np.any(vector):
        raise ValueError("A vector must be finite and not zero.")
    await c.execute(
        """insert into embeddings (space_id, recording_id, vector) values (%s, %s, %s)
           on conflict (space_id, recording_id) do update set vector = excluded.vector""",
        (space, recording, vector.astype("<f4").tobytes()),
    )
