"""A sentence or two on what a group sounds like, in words that people use for music."""

from collections.abc import Sequence

from segue.clustering.naming import wording_of
from segue.clustering.portrait import Portrait

__all__ = ["describe"]

_MOST_GENRES = 3
_MOST_STYLES = 2
_MOST_MOODS = 2


def describe(portrait: Portrait) -> str:
    """Genres, colours, moods, era, voices and tempo, as far as they are clear."""
    words = wording_of(portrait)
    genres = words.genres[:_MOST_GENRES] if portrait.tags_above else ()
    said = {_stem(genre) for genre in " ".join(genres).split()}
    styles = [style for style in words.styles if _stem(style) not in said][:_MOST_STYLES]
    sentences = [
        _sentence([*genres, *styles]),
        _sentence([*words.moods[:_MOST_MOODS], words.energy]),
        f"Mostly the {words.era}." if words.era else "",
        f"With {words.voices.lower()}." if words.voices else "",
        f"Around {portrait.tempo:.0f} beats per minute." if portrait.tempo else "",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _stem(word: str) -> str:
    """So that nothing is said twice: Jazz and Jazzy are the same."""
    return word.casefold()[:4]


def _sentence(words: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`, with a full stop; nothing of nothing."""
    known = [word for word in dict.fromkeys(words) if word]
    if not known:
        return ""
    head, rest = known[0], [word if _is_name(word) else word.lower() for word in known[1:]]
    every = [head, *rest]
    return f"{', '.join(every[:-1])} and {every[-1]}." if rest else f"{head}."


def _is_name(word: str) -> bool:
    return word in ("R&B", "Hip-Hop")
