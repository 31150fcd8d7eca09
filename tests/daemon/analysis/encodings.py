"""Writes the same samples in every format that an encoder is at hand for."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream

from tests.daemon.analysis.sounds import Samples


@dataclass(frozen=True, slots=True)
class Encoding:
    """`codec` is libav's name; None lets libsndfile choose by the suffix."""

    suffix: str
    codec: str | None
    lossless: bool
    rate: int = 44_100
    container: str | None = None
    sample_format: str | None = None


ENCODINGS = {
    "wav": Encoding(".wav", "pcm_s16le", True),
    "wav 24 bit": Encoding(".wav", "pcm_s24le", True),
    "wav float": Encoding(".wav", "pcm_f32le", True),
    "aiff": Encoding(".aiff", "pcm_s16be", True),
    "flac": Encoding(".flac", "flac", True, sample_format="s16"),
    "alac": Encoding(".m4a", "alac", True, sample_format="s16p"),
    "wavpack": Encoding(".wv", "wavpack", True, sample_format="s16p"),
    "tta": Encoding(".tta", "tta", True, sample_format="s16"),
    "mp3": Encoding(".mp3", "libmp3lame", False),
    "aac": Encoding(".m4a", "aac", False),
    "aac adts": Encoding(".aac", "aac", False, container="adts"),
    "opus": Encoding(".opus", "libopus", False, rate=48_000),
    "vorbis": Encoding(".ogg", None, False),
    "wma": Encoding(".wma", "wmav2", False),
}
"""Monkey's Audio (ape) has no encoder in libav; it is decoded, but nothing here can make a file."""


def encode(folder: Path, name: str, samples: Samples, *, kilobits: int = 128) -> Path:
    """[channels, n] at the encoding's own rate."""
    encoding = ENCODINGS[name]
    path = folder / f"{name.replace(' ', '-')}{encoding.suffix}"
    if encoding.codec is None:
        with soundfile.SoundFile(path, "w", encoding.rate, len(samples)) as file:
            for start in range(0, samples.shape[1], 4096):  # libsndfile's encoder crashes on long writes
                file.write(samples[:, start : start + 4096].T)
        return path
    with av.open(str(path), "w", format=encoding.container) as container:
        stream = container.add_stream(encoding.codec, rate=encoding.rate)
        assert isinstance(stream, AudioStream)
        if encoding.sample_format is not None:
            stream.format = encoding.sample_format
        layout = stream.layout = "stereo" if len(samples) == 2 else "mono"
        if not encoding.lossless:
            stream.bit_rate = kilobits * 1000
        whole = np.ascontiguousarray(np.rint(samples * 32767), dtype=np.int16)
        source = AudioFrame.from_ndarray(whole, format="s16p", layout=layout)
        source.sample_rate = encoding.rate
        source.time_base = Fraction(1, encoding.rate)
        source.pts = 0
        converter = AudioResampler(
            format=stream.format, layout=layout, rate=encoding.rate, frame_size=stream.frame_size or 4096
        )
        for frame in (*converter.resample(source), *converter.resample(None)):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
