"""A hash of the decoded audio: equal for equal sound, whatever the tags, names or containers."""

import hashlib

import numpy as np

from segue.analysis.mel import Samples

_HASH_BYTES = 20


class AudioHash:
    """Of 16-bit samples, so that the last bits of a decoder's arithmetic do not count."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=_HASH_BYTES)

    def feed(self, samples: Samples) -> None:
        self._hash.update(np.rint(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())

    def result(self) -> bytes:
        return self._hash.digest()
