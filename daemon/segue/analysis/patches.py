"""Which patches the network hears."""

import numpy as np

from segue.analysis.foreign import Others
from segue.analysis.mel import Frames
from segue.analysis.network import Answer, Floats, Network
from segue.analysis.pooling import Pooled, Pooling

_QUIET_RMS = 10 ** (-60 / 20)
"""The network answers silence with one fixed pattern, which would drown what the music says."""

_BALANCED_PATCHES = 30
_QUIET_PATCHES = 8


class Evenly:
    """Keeps evenly spaced items of a stream whose length is not known before its end."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._stride = 1
        self._seen = 0
        self._kept: list[Frames] = []

    def add(self, item: Frames) -> None:
        if self._seen % self._stride == 0:
            self._kept.append(item)
        self._seen += 1
        if len(self._kept) > 2 * self._wanted:
            del self._kept[1::2]
            self._stride *= 2

    def items(self) -> list[Frames]:
        count = len(self._kept)
        if count <= self._wanted:
            return self._kept
        middles = (np.arange(self._wanted) + 0.5) * count / self._wanted
        return [self._kept[int(index)] for index in middles]


class Patches:
    """Gathers patches, lets the network hear the chosen ones, pools its answers."""

    def __init__(self, network: Network, *, limit: int | None, others: Others | None = None) -> None:
        self._network = network
        self.others = others or Others(())
        self._chosen = None if limit is None else Evenly(limit)
        self._quiet = Evenly(_QUIET_PATCHES)
        self._batch: list[Frames] = []
        self._begun: tuple[Floats, Answer] | None = None
        self._pooling = Pooling()

    def add(self, mel: Frames, *, rms: float) -> None:
        """One patch [187, 96] and how loud its samples are."""
        if rms < _QUIET_RMS:
            self._quiet.add(mel)
        elif self._chosen is not None:
            self._chosen.add(mel)
        else:
            self._hear(mel)

    def result(self) -> Pooled:
        """Quiet patches count only when there are no others."""
        for mel in self._chosen.items() if self._chosen is not None else ():
            self._hear(mel)
        self._finish()
        if self._pooling.patches == 0:
            for mel in self._quiet.items():
                self._hear(mel)
            self._finish()
        return self._pooling.result()

    def _hear(self, mel: Frames) -> None:
        self._batch.append(mel)
        if len(self._batch) >= self._network.batch:
            self._run()

    def _finish(self) -> None:
        self._run()
        self._take()

    def _run(self) -> None:
        if self._batch:
            mels, self._batch = np.stack(self._batch), []
            self._take()
            self._begun = mels, self._network.begin(mels)

    def _take(self) -> None:
        """The answer to what was begun: as late as can be, so that a GPU works while we decode."""
        if self._begun:
            (mels, answer), self._begun = self._begun, None
            heard = answer()
            self._pooling.add(heard)
            self.others.add(mels, heard.embedding)
