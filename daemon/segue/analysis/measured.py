"""Gathers what the meters say; what could not be measured is None and has its reason."""

from dataclasses import dataclass

from segue.analysis.listening import Listening
from segue.model import Descriptors

_NOT_WHOLE = "Only parts of the recording were heard."
_NO_BEAT = "Nothing in it repeats like a beat."
_NO_PITCH = "No pitch stands out."
_TOO_QUIET = "It is too quiet, or its channels change midway."
_REASONS = {
    "tempo": _NO_BEAT,
    "tempo_confidence": _NO_BEAT,
    "pulse": _NO_BEAT,
    "key_confidence": _NO_PITCH,
    "mode": _NO_PITCH,
    "dance": "It is too short, or nothing in it fluctuates.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """What only the whole recording can tell."""

    loudness: float | None
    true_peak: float | None
    silence: tuple[float, float] | None


def describe(listening: Listening, whole: Whole | None) -> Descriptors:
    """`whole` is None when only parts were heard."""
    tempo, key = listening.tempo.result(), listening.key.result()
    silence = whole.silence if whole is not None else None
    measured: dict[str, float | None] = {
        "tempo": tempo.tempo,
        "tempo_confidence": tempo.confidence,
        "pulse": tempo.pulse,
        "flux": tempo.flux,
        "key_confidence": key.confidence if key else None,
        "mode": key.mode if key else None,
        "energy": listening.energy.result(),
        "dance": listening.dance.result(),
        "loudness": whole.loudness if whole else None,
        "true_peak": whole.true_peak if whole else None,
        "intro_silence": silence[0] if silence else None,
        "outro_silence": silence[1] if silence else None,
    }
    missing = {name: _reason(name, whole) for name, value in measured.items() if value is None}
    if key is None:
        missing |= {"key": _NO_PITCH, "scale": _NO_PITCH}
    return Descriptors(
        key=key.key if key else None, scale=key.scale if key else None, missing=missing, **measured
    )


def _reason(name: str, whole: Whole | None) -> str:
    if name in _REASONS:
        return _REASONS[name]
    return _NOT_WHOLE if whole is None else _TOO_QUIET
