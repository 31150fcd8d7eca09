"""A small heard library in the database."""

import math

import numpy as np

from segue.index import Vectors
from segue.model import RecordingId, SpaceId
from segue.store import embeddings, spaces
from segue.store.pool import Connection

DIMENSIONS = 200


def towards(degrees: float) -> Vectors:
    """A direction in the plane of the first two dimensions."""
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[:2] = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return vector


async def serving(c: Connection) -> SpaceId:
    space = await spaces.serving(c)
    assert space is not None
    return space.id


async def hear(c: Connection, recording: RecordingId, vector: Vectors) -> None:
    await embeddings.put(c, await serving(c), recording, vector)
