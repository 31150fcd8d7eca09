"""From a path to an analysis."""

from collections.abc import Sequence
from pathlib import Path

from segue.analysis.blocks import Source, tame
from segue.analysis.errors import HearingError
from segue.analysis.foreign import Foreign, Others
from segue.analysis.identity import AudioHash
from segue.analysis.listening import Listening
from segue.analysis.loudness import LoudnessMeter
from segue.analysis.measured import Whole, describe
from segue.analysis.mono import Mono
from segue.analysis.network import Network
from segue.analysis.patches import Patches
from segue.analysis.peak import TruePeakMeter
from segue.analysis.source import open_source
from segue.analysis.stretches import STRETCH_SAMPLES, stretches
from segue.analysis.version import ANALYSIS_VERSION
from segue.model import Analysis, Quality

LONGEST_HOURS = 12
SHORTEST_SECONDS = 1.0

_BALANCED_PATCHES = 30
_INAUDIBLE = 10 ** (-90 / 20)
_PATIENCE_SECONDS = 3600
"""A small file can unpack to days of silence; after this much nobody waits for the music."""


def hear_with(network: Network, path: Path, *, quality: Quality, models: Sequence[Foreign] = ()) -> Analysis:
    """HearingError says why a file cannot be heard."""
    with open_source(path) as source:
        _check_length(source.seconds or 0)
        if quality is Quality.FAST and (starts := stretches(source.seconds)):
            return _hear_stretches(Patches(network, limit=None, others=Others(models)), source, starts)
        limit = None if quality is Quality.FULL else _BALANCED_PATCHES
        return _hear_all(Patches(network, limit=limit, others=Others(models)), source, quality)


def _hear_all(patches: Patches, source: Source, quality: Quality) -> Analysis:
    listening = Listening(patches)
    mono, loudness, peak, audio_hash = Mono(), LoudnessMeter(), TruePeakMeter(), AudioHash()
    for block in map(tame, source.blocks()):
        loudness.feed(block)
        peak.feed(block)
        samples = mono.feed(block)
        audio_hash.feed(samples)
        listening.feed(samples)
        _check_length(listening.seconds)
        if listening.seconds > _PATIENCE_SECONDS:
            _check_sound(listening)
    rest = mono.finish()
    audio_hash.feed(rest)
    listening.feed(rest)
    _check_sound(listening)
    listening.end_of_stretch()
    whole = Whole(loudness=loudness.result(), true_peak=peak.result(), silence=listening.silence.result())
    return _analysis(listening, quality, listening.seconds, whole, audio_hash.result())


def _hear_stretches(patches: Patches, source: Source, starts: tuple[float, ...]) -> Analysis:
    listening = Listening(patches)
    for start in starts:
        _hear_stretch(listening, source, start)
    _check_sound(listening)
    return _analysis(listening, Quality.FAST, source.seconds or listening.seconds, None, None)


def _hear_stretch(listening: Listening, source: Source, start: float) -> None:
    mono, wanted = Mono(), STRETCH_SAMPLES
    for block in map(tame, source.blocks_from(start)):
        samples = mono.feed(block)[:wanted]
        listening.feed(samples)
        wanted -= len(samples)
        if wanted == 0:
            break
    listening.end_of_stretch()


def _check_length(seconds: float) -> None:
    if seconds > LONGEST_HOURS * 3600:
        raise HearingError(f"The recording is longer than {LONGEST_HOURS} hours.")


def _check_sound(listening: Listening) -> None:
    if listening.samples == 0:
        raise HearingError("No sound could be decoded from the file.")
    if listening.seconds < SHORTEST_SECONDS:
        raise HearingError(f"The recording is shorter than {SHORTEST_SECONDS:g} second.")
    if listening.peak < _INAUDIBLE:
        raise HearingError("The recording is silent.")


def _analysis(
    listening: Listening, quality: Quality, seconds: float, whole: Whole | None, audio_hash: bytes | None
) -> Analysis:
    pooled = listening.patches.result()
    return Analysis(
        version=ANALYSIS_VERSION,
        quality=quality,
        seconds=seconds,
        patches=pooled.patches,
        embedding=pooled.embedding,
        tags=pooled.tags,
        features_mean=pooled.features_mean,
        features_std=pooled.features_std,
        descriptors=describe(listening, whole),
        audio_hash=audio_hash,
        fingerprint=listening.fingerprint.result() if whole is not None else None,
        spaces=listening.patches.others.result("embedding"),
        heads=listening.patches.others.result("head"),
    )
