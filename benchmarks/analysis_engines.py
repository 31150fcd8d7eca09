"""One engine hears one file and prints the CPU seconds of its stages as JSON; `analysis.py` calls it."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Stages = dict[str, float]


class Clock:
    """CPU seconds by stage."""

    def __init__(self) -> None:
        self.stages: Stages = {}

    def time(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work, measured."""

        def measured(*arguments: Any, **options: Any) -> Any:
            begin = time.process_time()
            try:
                return work(*arguments, **options)
            finally:
                self.stages[stage] = self.stages.get(stage, 0) + time.process_time() - begin

        return measured


def segue(song: Path, quality: str) -> Stages:
    from segue.analysis.child import hear

    request = {"path": str(song), "quality": quality}
    hear(request)
    begin = time.process_time()
    hear(request)
    stages = {"total": time.process_time() - begin}
    if quality == "full":
        stages |= parts(song)
    return stages


def parts(song: Path) -> Stages:
    """The stages of a full hearing, each alone."""
    from segue.analysis.dance import DanceMeter
    from segue.analysis.energy import EnergyMeter
    from segue.analysis.envelope import Envelope
    from segue.analysis.fingerprint import FingerprintMeter
    from segue.analysis.identity import AudioHash
    from segue.analysis.key import KeyMeter
    from segue.analysis.loudness import LoudnessMeter
    from segue.analysis.mel import PATCH_SAMPLES, PATCH_STEP, LogMel
    from segue.analysis.mono import Mono
    from segue.analysis.network import open_network
    from segue.analysis.peak import TruePeakMeter
    from segue.analysis.source import open_source
    from segue.analysis.tempo import TempoMeter

    clock = Clock()
    with open_source(song) as source:
        blocks = clock.time("decode", lambda: list(source.blocks()))()
    mono = Mono()
    samples = clock.time("resample", lambda: [mono.feed(block) for block in blocks])()
    whole = np.concatenate(samples)
    starts = range(0, len(whole) - PATCH_SAMPLES + 1, PATCH_STEP)
    log_mel, network = LogMel(), open_network("cpu")
    mels = clock.time("mel", lambda: [log_mel(whole[start : start + PATCH_SAMPLES]) for start in starts])()
    network(np.stack(mels[:4]))
    batches = [np.stack(mels[first : first + 4]) for first in range(0, len(mels), 4)]
    clock.time("network", lambda: [network(batch) for batch in batches])()
    tempo, key, dance, envelope = TempoMeter(), KeyMeter(), DanceMeter(), Envelope()
    clock.time("tempo", lambda: [tempo.feed(mel) for mel in mels])()
    clock.time("key", lambda: [key.feed(part) for part in samples])()
    loudness, peak = LoudnessMeter(), TruePeakMeter()
    clock.time("loudness, peak", lambda: [(loudness.feed(block), peak.feed(block)) for block in blocks])()
    energy, audio_hash, fingerprint = EnergyMeter(), AudioHash(), FingerprintMeter()

    def rest() -> None:
        for part in samples:
            energy.feed(part)
            audio_hash.feed(part)
            dance.feed(envelope.feed(part))
        dance.end_of_stretch()
        for mel in mels:
            fingerprint.feed(mel)

    clock.time("rest", rest)()
    return clock.stages


def peer(song: Path, wheel: str) -> Stages:
    """The calls of the peer's pipeline, with its batches of 8 and without onnxruntime's memory arena."""
    import librosa
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    session = onnxruntime.InferenceSession(_model(wheel), options, providers=["CPUExecutionProvider"])

    def mel(samples: Any) -> Any:
        power = librosa.feature.melspectrogram(
            y=samples, sr=16_000, n_fft=512, hop_length=256, n_mels=96, center=False
        )
        return np.log10(10_000 * power + 1).T.astype(np.float32)

    def network(frames: Any) -> None:
        patches = np.stack([frames[at : at + 187] for at in range(0, len(frames) - 186, 187)])
        for first in range(0, len(patches), 8):
            session.run(["embedding", "activations"], {"melspectrogram": patches[first : first + 8]})

    def once(clock: Clock, seconds: float | None) -> None:
        load = clock.time("decode", lambda: librosa.load(song, sr=16_000, mono=True, duration=seconds))
        samples, _ = load()
        frames = clock.time("mel", mel)(samples)
        clock.time("network", network)(frames)
        clock.time("tempo", librosa.beat.beat_track)(y=samples, sr=16_000)
        clock.time("key", librosa.feature.chroma_cqt)(y=samples, sr=16_000)
        clock.time("rest", librosa.feature.rms)(y=samples)

    once(Clock(), 20)  # librosa compiles its loops when they are first called
    clock = Clock()
    once(clock, None)
    return clock.stages | {"total": sum(clock.stages.values())}


def _model(wheel: str) -> bytes:
    if not wheel:
        from importlib import resources

        return resources.files("segue.analysis").joinpath("models", "msd_musicnn.onnx").read_bytes()
    from benchmarks.analysis_published_graph import published

    return published(Path(wheel))


def main() -> None:
    engine, song, wheel = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    if engine.startswith("peer"):
        stages = peer(song, wheel if engine == "peer-original" else "")
    else:
        stages = segue(song, engine)
    print(json.dumps(stages))


if __name__ == "__main__":
    main()
