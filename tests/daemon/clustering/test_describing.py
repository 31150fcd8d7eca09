"""Groups are described in readable sentences that say nothing twice."""

import pytest

from segue.clustering.describing import describe
from segue.clustering.portrait import Portrait


def portrait(*tags: str, tempo: float | None = None, energy: float | None = None) -> Portrait:
    """A group in which these tags stand out, the first the most."""
    above = {tag: 2.0 - 0.1 * place for place, tag in enumerate(tags)}
    return Portrait(
        songs=20,
        tags=dict.fromkeys(tags, 0.3),
        tags_above=above,
        moods_above={},
        tempo=tempo,
        energy_above=energy,
    )


@pytest.mark.parametrize(
    ("group", "told"),
    [
        (portrait("jazz", "guitar"), "Jazz and guitar."),
        (portrait("folk", "acoustic", "Mellow"), "Folk and acoustic. Mellow."),
        (portrait("rock", "90s", tempo=121.6), "Rock. Mostly the 90s. Around 122 beats per minute."),
        (portrait("soul", "female vocalists"), "Soul. With female voices."),
        (portrait("Hip-Hop", "rnb", energy=1.0), "Hip-Hop and R&B. Energetic."),
        (portrait("metal", "rock", "punk", "guitar"), "Metal, rock, punk and guitar."),
        (portrait(), ""),
    ],
)
def test_descriptions(group: Portrait, told: str) -> None:
    assert describe(group) == told
