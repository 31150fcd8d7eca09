"""From an audio file to what was heard in it; heavy libraries load when something is heard."""

from pathlib import Path

from segue.analysis.errors import HearingError
from segue.analysis.version import ANALYSIS_VERSION, OLDEST_VALID
from segue.model import Analysis, Quality

__all__ = ["ANALYSIS_VERSION", "OLDEST_VALID", "HearingError", "hear"]


def hear(path: Path, *, quality: Quality = Quality.BALANCED) -> Analysis:
    """HearingError says why a file cannot be heard."""
    from segue.analysis.hearing import hear_with  # noqa: PLC0415
    from segue.analysis.network import open_network  # noqa: PLC0415

    return hear_with(open_network(), path, quality=quality)
