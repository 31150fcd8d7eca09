"""Random histories of an index beside a plain model of it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from segue.index import Neighbours

DIMENSIONS = 12


class World:
    """What an index was told, remembered in a dictionary."""

    def __init__(self, seed: int) -> None:
        self.chance = np.random.default_rng(seed)
        self.vectors: dict[int, npt.NDArray[np.float32]] = {}
        self.changes: dict[int, int] = {}
        self._number = 0

    def change(self, *indexes: Neighbours, added: int = 0, gone: int = 0, among: int = 2000) -> None:
        """Add or replace some, and remove some of those there are."""
        ids = np.unique(self.chance.integers(0, among, added))
        vectors = self.chance.normal(size=(len(ids), DIMENSIONS)).astype(np.float32)
        numbers = self._number + np.arange(len(ids))
        self._number += len(ids) + 1
        candidates = [recording for recording in self.vectors if recording not in set(ids.tolist())]
        leaving = self.chance.permutation(candidates)[:gone].astype(int).tolist()
        for index in indexes:
            index.apply(ids, numbers, vectors, leaving)
        for recording in leaving:
            del self.vectors[recording], self.changes[recording]
        self.vectors |= dict(zip(ids.tolist(), vectors, strict=True))
        self.changes |= dict(zip(ids.tolist(), numbers.tolist(), strict=True))

    def tell_all(self, index: Neighbours) -> None:
        """Everything, in an order of its own, as a database would."""
        ids = self.chance.permutation(list(self.vectors)).astype(np.int64)
        numbers = np.array([self.changes[i] for i in ids.tolist()], np.int64)
        vectors = np.array([self.vectors[i] for i in ids.tolist()], np.float32).reshape(-1, DIMENSIONS)
        index.apply(ids, numbers, vectors, [])

    def check(self, index: Neighbours, *, recall: float, questions: int = 20, count: int = 10) -> None:
        """It holds exactly what it was told, answers only that, by true distances, and finds most."""
        view = index.table.view
        held = dict(zip(view.ids[view.alive].tolist(), view.changes[view.alive].tolist(), strict=True))
        assert held == self.changes
        found = 0
        for _ in range(questions):
            query = self.chance.normal(size=DIMENSIONS).astype(np.float32)
            answer = index.nearest(query, count)
            truth = self.nearest(query, count)
            assert len(answer) == len(truth)
            assert answer.distances.tolist() == sorted(answer.distances.tolist())
            for recording, distance in zip(answer.ids.tolist(), answer.distances.tolist(), strict=True):
                assert abs(distance - self.distance(recording, query)) < 2e-6
            found += len(set(answer.ids.tolist()) & set(truth))
        if self.vectors:
            assert found >= recall * questions * min(count, len(self.vectors))

    def nearest(self, query: npt.NDArray[np.float32], count: int) -> Sequence[int]:
        return sorted(self.vectors, key=lambda recording: self.distance(recording, query))[:count]

    def distance(self, recording: int, query: npt.NDArray[np.float32]) -> float:
        vector = self.vectors[recording].astype(np.float64)
        return float(1 - vector @ query / np.linalg.norm(vector) / np.linalg.norm(query))
