"""Decodes with libsndfile what libav refuses, such as some Ogg headers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from segue.analysis.blocks import SHORT_BLOCK, WHOLE_BLOCK, Block, is_sane
from segue.analysis.errors import HearingError


class SndfileSource:
    """An open sound file."""

    def __init__(self, file: soundfile.SoundFile) -> None:
        self._file = file

    @property
    def seconds(self) -> float | None:
        return float(self._file.frames / self._file.samplerate)

    def blocks(self) -> Iterator[Block]:
        return self._blocks(WHOLE_BLOCK)

    def _blocks(self, values: int) -> Iterator[Block]:
        while True:
            try:
                samples = self._file.read(values // self._file.channels, dtype="float32", always_2d=True)
            except soundfile.SoundFileError:
                return
            if len(samples) == 0:
                return
            yield Block(np.ascontiguousarray(samples.T), self._file.samplerate)

    def blocks_from(self, second: float) -> Iterator[Block]:
        try:
            self._file.seek(int(second * self._file.samplerate))
        except soundfile.SoundFileError as error:
            raise HearingError("The file cannot be searched.") from error
        return self._blocks(SHORT_BLOCK)


@contextmanager
def open_sndfile(path: Path) -> Iterator[SndfileSource]:
    """HearingError when libsndfile does not know it either."""
    try:
        file = soundfile.SoundFile(path)
    except (soundfile.SoundFileError, TypeError) as error:
        raise HearingError("No decoder understands the file.") from error
    with file:
        if not is_sane(channels=file.channels, rate=file.samplerate):
            raise HearingError(
                "The file claims a sample rate or a number of channels that music does not have."
            )
        yield SndfileSource(file)
