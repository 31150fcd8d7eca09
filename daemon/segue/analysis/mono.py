"""All channels at any rate to mono at 16 kHz."""

import numpy as np
import soxr

from segue.analysis.blocks import Block
from segue.analysis.mel import SAMPLE_RATE, Samples


class Mono:
    """The plain mean of the channels, resampled as one continuous signal."""

    def __init__(self) -> None:
        self._rate: int | None = None
        self._resampler: soxr.ResampleStream | None = None

    def feed(self, block: Block) -> Samples:
        """What can be given out so far."""
        channels = block.samples
        # `mean` gives the same, but takes twice as long.
        mean: Samples = np.add.reduce(channels, axis=0) * np.float32(1 / len(channels))
        ending = self.finish() if block.rate != self._rate else _NOTHING
        self._start(block.rate)
        if self._resampler is not None:
            mean = self._resampler.resample_chunk(mean)
        return np.concatenate([ending, mean]) if len(ending) else mean

    def finish(self) -> Samples:
        """What the resampler still held."""
        resampler, self._resampler, self._rate = self._resampler, None, None
        return _NOTHING if resampler is None else resampler.resample_chunk(_NOTHING, last=True)

    def _start(self, rate: int) -> None:
        if rate == self._rate:
            return
        self._rate = rate
        if rate != SAMPLE_RATE:
            self._resampler = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")


_NOTHING = np.zeros(0, np.float32)
