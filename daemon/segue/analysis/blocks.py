"""What decoders hand on: blocks of samples, and the interface of an open file."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

WHOLE_BLOCK, SHORT_BLOCK = 786_432, 65_536
"""Values of all channels together in a block: of music heard as a whole, and of a stretch of it.

Long blocks cost less, since whatever looks at them is called less often; short ones decode less in vain.
"""

MAX_CHANNELS = 64
MIN_RATE, MAX_RATE = 2_000, 768_000

_LOUDEST = 16.0


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive samples of all channels, [channels, n], at the file's own rate."""

    samples: npt.NDArray[np.float32]
    rate: int


def tame(block: Block) -> Block:
    """Files of floating-point samples may hold anything; nothing later expects more than music."""
    flat = block.samples.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        if np.dot(flat, flat) <= len(flat) * _LOUDEST**2:
            return block
        return Block(np.where(np.abs(block.samples) <= _LOUDEST, block.samples, np.float32(0)), block.rate)


class Source(Protocol):
    """An open audio file."""

    @property
    def seconds(self) -> float | None:
        """The length that the file claims; only a hint."""

    def blocks(self) -> Iterator[Block]:
        """Everything, from the beginning."""

    def blocks_from(self, second: float) -> Iterator[Block]:
        """Everything from about this second on; HearingError where seeking fails."""


def is_sane(*, channels: int, rate: int) -> bool:
    """Whether a stream's own claims lie within what music has."""
    return 1 <= channels <= MAX_CHANNELS and MIN_RATE <= rate <= MAX_RATE
