"""The index that serves, and how it is told what the database says."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from segue.index import Ids, NearestLists, Neighbours, Vectors
from segue.store import embeddings, spaces

__all__ = ["Live"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The space that serves, the index of its vectors, and the nearest of each where they are ready.

    `refused` tells the change of what it refused.
    """

    space: spaces.Space
    index: Neighbours
    lists: NearestLists | None = None
    refused: dict[int, int] = field(default_factory=dict)

    def with_index(self, index: Neighbours) -> "Live":
        """The same space in another index, which has no lists yet."""
        return replace(self, index=index, lists=None)

    def with_lists(self, lists: NearestLists | None) -> "Live":
        """The same index with these lists, if they are of its table."""
        return replace(self, lists=lists if lists is None or lists.table is self.index.table else None)

    @staticmethod
    def key(space: spaces.Space) -> str:
        """What tells this space from any other that was or will be called so."""
        return f"{space.id} {space.name} {space.created_at.isoformat()}"

    @property
    def digest(self) -> embeddings.Digest:
        """What the database must say if nothing is missing here."""
        view = self.index.table.view
        return embeddings.Digest.of(
            np.concatenate([view.ids[view.alive], np.array(list(self.refused), np.int64)]),
            np.concatenate([view.changes[view.alive], np.array(list(self.refused.values()), np.int64)]),
        )

    async def load(self, block: embeddings.Block) -> None:
        """Take in part of the space."""
        await self._tell(block.recordings, block.changes, block.vectors, ())

    async def apply(self, changes: Sequence[embeddings.Change]) -> None:
        """Take in what changed."""
        told, gone = [], []
        for change in changes:
            self.refused.pop(change.recording, None)
            if change.vector is not None and len(change.vector) == self.space.dimensions:
                told.append((change.recording, change.change, change.vector))
            else:
                gone.append(change.recording)
        vectors = np.array([vector for _, _, vector in told], np.float32)
        await self._tell(
            np.array([recording for recording, _, _ in told], np.int64),
            np.array([number for _, number, _ in told], np.int64),
            vectors.reshape(len(told), self.space.dimensions),
            gone,
        )

    async def _tell(self, ids: Ids, changes: Ids, vectors: Vectors, gone: Sequence[int]) -> None:
        refused = await asyncio.to_thread(self.index.apply, ids, changes, vectors, gone)
        if len(refused):
            numbers = dict(zip(ids.tolist(), changes.tolist(), strict=True))
            self.refused.update((recording, numbers[recording]) for recording in refused.tolist())
