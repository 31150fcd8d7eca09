"""Which keys sound well after one another: the wheel of fifths that disc jockeys use."""

__all__ = ["compatible"]

_MAJOR_STEPS = {
    "B": 1, "F#": 2, "C#": 3, "G#": 4, "D#": 5, "A#": 6, "F": 7, "C": 8, "G": 9, "D": 10, "A": 11, "E": 12,
}  # fmt: skip
_MINOR_STEPS = {
    "G#": 1, "D#": 2, "A#": 3, "F": 4, "C": 5, "G": 6, "D": 7, "A": 8, "E": 9, "B": 10, "F#": 11, "C#": 12,
}  # fmt: skip


def compatible(key: str, scale: str) -> tuple[tuple[str, str], ...]:
    """The key itself, its relative, and its neighbours a fifth up and down."""
    own, other = (_MAJOR_STEPS, _MINOR_STEPS) if scale == "major" else (_MINOR_STEPS, _MAJOR_STEPS)
    relative = "minor" if scale == "major" else "major"
    place = own[key]
    around = {place, place % 12 + 1, (place - 2) % 12 + 1}
    same = [(name, scale) for name, step in own.items() if step in around]
    return (*same, *((name, relative) for name, step in other.items() if step == place))
