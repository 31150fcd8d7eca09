"""Decodes with libav (PyAV), packet by packet, so that a broken packet costs only itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import av.error
import numpy as np
import numpy.typing as npt
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.codec.context import ThreadType
from av.container import InputContainer

from segue.analysis.blocks import SHORT_BLOCK, WHOLE_BLOCK, Block, is_sane
from segue.analysis.errors import HearingError

_FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,au,caf,dsf,dts,eac3,flac,iff,matroska,webm,mov,mp4,m4a,3gp,mp3,mpc,mpc8,"
    "mpegts,mpeg,ogg,rm,shn,tak,tta,voc,w64,wav,wv,xwma"
)
"""Containers that hold sound themselves. Playlists (HLS, concat, SDP) are left out: they make libav open
other files and addresses."""

_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}

_MAX_BROKEN_PACKETS = 10_000
_MOST_PLANES = 7

Samples = npt.NDArray[np.float32]


class LibavSource:
    """One audio stream of an open container."""

    def __init__(self, container: InputContainer, stream: AudioStream) -> None:
        self._container = container
        self._stream = stream

    @property
    def seconds(self) -> float | None:
        if self._stream.duration is not None and self._stream.time_base is not None:
            return float(self._stream.duration * self._stream.time_base)
        if self._container.duration is not None:
            return self._container.duration / av.time_base
        return None

    def blocks(self) -> Iterator[Block]:
        return _blocks(self._frames(), WHOLE_BLOCK)

    def blocks_from(self, second: float) -> Iterator[Block]:
        try:
            self._container.seek(round(second * av.time_base))
        except av.error.FFmpegError as error:
            raise HearingError(f"The file cannot be searched: {error.strerror}.") from error
        return _blocks(self._frames(), SHORT_BLOCK)

    def _frames(self) -> Iterator[AudioFrame]:
        broken = 0
        packets = self._container.demux(self._stream)
        while broken < _MAX_BROKEN_PACKETS:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                frames = packet.decode()
            except av.error.FFmpegError:
                broken += 1
                continue
            for frame in frames:
                if isinstance(frame, AudioFrame) and frame.samples:
                    yield frame


@contextmanager
def open_libav(path: Path) -> Iterator[LibavSource]:
    """HearingError when libav finds no sound in it."""
    try:
        container = av.open(f"file:{path}", metadata_errors="ignore", options=_OPTIONS)
    except (av.error.FFmpegError, ValueError) as error:
        raise HearingError(f"No decoder understands the file: {_words(error)}.") from error
    with container:
        stream = next(iter(container.streams.audio), None)
        if stream is None:
            raise HearingError("There is no sound in the file.")
        if stream.codec_context is None:
            raise HearingError("No decoder understands the sound in the file.")
        stream.codec_context.thread_type = ThreadType.NONE
        yield LibavSource(container, stream)


def _blocks(frames: Iterator[AudioFrame], values: int) -> Iterator[Block]:
    """Frames of one shape go through one queue; a stream may change its shape in between."""
    queue: AudioFifo | None = None
    size = 0
    for frame in frames:
        if queue is None or not _fits(queue, frame):
            if not is_sane(channels=frame.layout.nb_channels, rate=frame.sample_rate):
                continue
            yield from _drain(queue, size, partial=True)
            queue, size = AudioFifo(), values // frame.layout.nb_channels
            _fits(queue, frame)
        if queue.samples >= size:
            yield from _drain(queue, size, partial=False)
    yield from _drain(queue, size, partial=True)


def _fits(queue: AudioFifo, frame: AudioFrame) -> bool:
    """Whether the queue took it; asking each frame for its shape would take longer than queueing it."""
    frame.pts = None
    try:
        queue.write(frame)
    except ValueError:
        return False
    return True


def _drain(queue: AudioFifo | None, size: int, *, partial: bool) -> Iterator[Block]:
    while queue is not None and (frame := queue.read(size, partial=partial)) is not None:
        yield Block(_to_float(frame), frame.sample_rate)


def _to_float(frame: AudioFrame) -> Samples:
    """[channels, n]. PyAV crashes on frames of more than 7 planes, so those come interleaved."""
    frame.pts = None
    channels = frame.layout.nb_channels
    kind = "fltp" if channels <= _MOST_PLANES else "flt"
    parts = [part.to_ndarray() for part in _converted(frame, kind)]
    samples = np.concatenate(parts, axis=1) if len(parts) != 1 else parts[0]
    if kind == "flt":
        samples = np.ascontiguousarray(samples.reshape(-1, channels).T)
    return samples.astype(np.float32, copy=False)


def _converted(frame: AudioFrame, kind: str) -> list[AudioFrame]:
    if frame.format.name == kind:
        return [frame]
    converter = AudioResampler(format=kind, layout=frame.layout, rate=frame.sample_rate)
    return [*converter.resample(frame), *converter.resample(None)]


def _words(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).rstrip(".").lower()
