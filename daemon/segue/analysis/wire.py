"""An analysis as a reply between processes: plain values and arrays as bytes; loads nothing heavy."""

from dataclasses import asdict
from typing import Any

import numpy as np

from segue.analysis.errors import HearingError
from segue.model import Analysis, Descriptors, Quality

Reply = dict[str, Any]
"""JSON values, and bytes for arrays."""

_ARRAYS = {"embedding": "<f4", "tags": "<f4", "features_mean": "<f2", "features_std": "<f2"}
_BYTES = ("audio_hash", "fingerprint")
_NAMED = ("spaces", "heads")
_PLAIN = ("version", "seconds", "patches")


def request_for(
    path: str, *, quality: Quality, models: str | None = None, network: Reply | None = None
) -> Reply:
    """What `segue.analysis.child.hear` understands; `models` is a folder of other people's models,
    `network` what a child that runs the network for others says of itself."""
    return {"path": path, "quality": quality.value, "models": models, "network": network}


def analysis_to_reply(analysis: Analysis) -> Reply:
    reply: Reply = {name: getattr(analysis, name) for name in _PLAIN}
    reply["quality"] = analysis.quality.value
    reply["descriptors"] = asdict(analysis.descriptors)
    for name, kind in _ARRAYS.items():
        reply[name] = np.asarray(getattr(analysis, name), kind).tobytes()
    for name in _BYTES:
        reply[name] = getattr(analysis, name)
    for kind in _NAMED:
        for name, vector in getattr(analysis, kind).items():
            reply[f"{kind}/{name}"] = np.asarray(vector, "<f4").tobytes()
    return reply


def failure_to_reply(error: HearingError) -> Reply:
    return {"error": error.reason}


def reply_to_analysis(reply: Reply) -> Analysis:
    """HearingError when the child could not hear the file."""
    if "error" in reply:
        raise HearingError(reply["error"])
    values: Reply = {name: reply[name] for name in (*_PLAIN, *_BYTES)}
    values |= {name: np.frombuffer(reply[name], kind) for name, kind in _ARRAYS.items()}
    values["quality"] = Quality(reply["quality"])
    for kind in _NAMED:
        values[kind] = {
            name.removeprefix(f"{kind}/"): np.frombuffer(vector, "<f4")
            for name, vector in reply.items()
            if name.startswith(f"{kind}/")
        }
    values["descriptors"] = Descriptors(**reply["descriptors"])
    return Analysis(**values)
