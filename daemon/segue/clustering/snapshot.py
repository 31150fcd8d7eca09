"""A library as it was when a search began, with what became of each recording in the last clustering."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from segue.clustering.corpus import Corpus, Matrix, Rows
from segue.clustering.grouping import centres_of
from segue.clustering.parameters import Source
from segue.clustering.prepared import material

__all__ = ["NO_LINEAGE", "Snapshot", "joined"]

NO_LINEAGE = 0
_FEWEST_LAST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """`lineages` tell the group each recording was in last, `ordinals` its place there, below 0 none."""

    corpus: Corpus
    lineages: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    ordinals: Rows = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        count = len(self.corpus)
        if not len(self.lineages):
            object.__setattr__(self, "lineages", np.full(count, NO_LINEAGE, np.int64))
        if not len(self.ordinals):
            object.__setattr__(self, "ordinals", np.full(count, -1, np.int64))

    def centres(self, source: Source) -> Matrix | None:
        """Where the last groups lie now; None where there was no clustering."""
        present, labels = np.unique(self.lineages, return_inverse=True)
        if NO_LINEAGE in present:
            present, labels = present[1:], labels - 1  # it is the smallest
        if len(present) < _FEWEST_LAST:
            return None
        return centres_of(material(self.corpus, source), labels.astype(np.int64))

    def last(self) -> Mapping[int, frozenset[int]]:
        """Recordings of the last groups, by lineage."""
        found = np.unique(self.lineages)
        return {
            int(lineage): frozenset(self.corpus.ids[self.lineages == lineage].tolist())
            for lineage in found[found != NO_LINEAGE].tolist()
        }


def joined(pieces: Sequence[Snapshot]) -> Snapshot:
    """Pieces of one library, in the order of their recordings."""
    if len(pieces) == 1:
        return pieces[0]
    corpora = [piece.corpus for piece in pieces]
    return Snapshot(
        corpus=Corpus(
            ids=np.concatenate([one.ids for one in corpora]),
            vectors=np.concatenate([one.vectors for one in corpora]),
            tags=np.concatenate([one.tags for one in corpora]),
            moods=np.concatenate([one.moods for one in corpora]),
            tempo=np.concatenate([one.tempo for one in corpora]),
            energy=np.concatenate([one.energy for one in corpora]),
            keys=np.concatenate([one.keys for one in corpora]),
            genres=[genre for one in corpora for genre in one.genres],
            artists=[artist for one in corpora for artist in one.artists],
            tag_names=corpora[0].tag_names,
        ),
        lineages=np.concatenate([piece.lineages for piece in pieces]),
        ordinals=np.concatenate([piece.ordinals for piece in pieces]),
    )
