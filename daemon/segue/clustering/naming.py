"""Readable names for groups, such as "Mellow Acoustic Folk": no two alike, and the same each time."""

import string
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from segue.clustering.portrait import Portrait
from segue.clustering.words import ERAS, GENRES, MOOD_TAGS, MOOD_WORDS, STYLES, VOICES, numeral

__all__ = [
    "DEFAULT_TEMPLATE",
    "FIELDS",
    "Wording",
    "check_template",
    "is_true_of",
    "name_groups",
    "wording_of",
]

DEFAULT_TEMPLATE = "{mood} {style} {genre}"

FIELDS = ("mood", "style", "genre", "era", "voices", "tempo", "energy")
"""What a template may hold; a field with nothing to say leaves no gap."""

_CLEAR = 0.35  # spreads of the library by which a playlist must differ to be called so
_FAINT = 0.1  # below that, a name that says so has become wrong
_AUDIBLE = 0.02  # a rarer tag, however much more frequent than elsewhere, is nothing that one hears
_TRUST = {"sad": 0.8}  # the weakest of the moods: what is as clear goes before it
_NO_GENRE = "Mix"
_SLOW, _FAST = 90.0, 140.0
_LIVELY = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Words for one group, the best first; any may be missing but the genre."""

    moods: tuple[str, ...]
    styles: tuple[str, ...]
    genres: tuple[str, ...]
    era: str
    voices: str
    tempo: str
    energy: str


def check_template(template: str) -> None:
    """ValueError says what is wrong with it."""
    try:
        used = [field for _, field, _, _ in string.Formatter().parse(template) if field is not None]
    except ValueError as error:
        raise ValueError(f"The template of playlist names cannot be read: {error}.") from error
    unknown = sorted(set(used) - set(FIELDS))
    if unknown:
        raise ValueError(f"Playlist names know no field {', '.join(unknown)}; there are {', '.join(FIELDS)}.")
    if not {"genre", "style", "mood"} & set(used):
        raise ValueError("A template of playlist names needs at least one of {genre}, {style}, {mood}.")


def name_groups(
    portraits: Sequence[Portrait],
    *,
    template: str = DEFAULT_TEMPLATE,
    kept: Mapping[int, str] | None = None,
    taken: Collection[str] = (),
) -> list[str]:
    """A name for each group; `kept` names, by place, stay as they are, `taken` ones are avoided.

    Earlier groups get the plainer names. Case does not make a difference between names.
    """
    check_template(template)
    kept = kept or {}
    used = {name.casefold() for name in (*kept.values(), *taken)}
    names = []
    for place, portrait in enumerate(portraits):
        name = kept.get(place)
        if name is None:
            name = next(one for one in _names(wording_of(portrait), template) if one.casefold() not in used)
            used.add(name.casefold())
        names.append(name)
    return names


def is_true_of(name: str, portrait: Portrait) -> bool:
    """Whether at least half of what a name says can still be heard; one in no words of ours always is."""
    said = list(_said(name))
    true = sum(_above(word, portrait) > _FAINT for word in said)
    return 2 * true >= len(said)


def wording_of(portrait: Portrait) -> Wording:
    """What is both true of the group and more so than of the library around it."""
    genres = _ranked(GENRES, _strength_of(portrait))
    styles = [word for word in _ranked(STYLES, _strength_of(portrait)) if word not in genres[:1]]
    return Wording(
        moods=tuple(_moods(portrait)),
        styles=tuple(styles[:4]),
        genres=tuple(genres[:3]) or (_NO_GENRE,),
        era=_clearest(ERAS, portrait),
        voices=_clearest(VOICES, portrait),
        tempo=_tempo(portrait.tempo),
        energy=_energy(portrait.energy_above),
    )


def _said(name: str) -> Iterator[str]:
    """The words of ours in a name, the longer ones first: Alternative Rock is not Rock."""
    rest = f" {name.casefold()} "
    known = {word for words in (*_OF_TAGS, MOOD_WORDS) for word in words.values()}
    for word in sorted(known, key=lambda one: (-len(one), one)):
        if f" {word.casefold()} " in rest:
            rest = rest.replace(f" {word.casefold()} ", "  ")
            yield word


def _above(word: str, portrait: Portrait) -> float:
    """How far the group is above its library in what a word says."""
    of_tags = [portrait.tags_above.get(tag, 0.0) for words in _OF_TAGS for tag in words if words[tag] == word]
    of_moods = [portrait.moods_above.get(mood, 0.0) for mood in MOOD_WORDS if MOOD_WORDS[mood] == word]
    return max([*of_tags, *of_moods], default=0.0)


_OF_TAGS = (GENRES, STYLES, MOOD_TAGS, ERAS, VOICES)


def _names(wording: Wording, template: str) -> Iterator[str]:
    """Plainer names first; the last kind never ends."""
    variants = [
        {},
        {"style": 1},
        {"mood": 1},
        {"style": 2},
        {"genre": 1},
        {"genre": 1, "style": 1},
        {"mood": 1, "style": 1},
        {"genre": 2},
        {"style": 3},
        {"genre": 1, "mood": 1},
    ]
    filled = [_fill(template, wording, places) for places in variants]
    yield from filled
    for extra in (wording.era, wording.tempo, wording.energy):
        if extra and extra not in filled[0].split():
            yield f"{extra} {filled[0]}"
    if wording.voices and wording.voices not in filled[0]:
        yield f"{filled[0]} with {wording.voices}"
    number = 2
    while True:
        yield f"{filled[0]} {numeral(number)}"
        number += 1


def _fill(template: str, wording: Wording, places: Mapping[str, int]) -> str:
    genre = _at(wording.genres, places.get("genre", 0)) or wording.genres[0]
    said = set(_parts(genre))
    style = _fresh(wording.styles, places.get("style", 0), said)
    said |= set(_parts(style))
    words = {
        "genre": genre,
        "style": style,
        "mood": _fresh(wording.moods, places.get("mood", 0), said),
        "era": wording.era,
        "voices": wording.voices,
        "tempo": wording.tempo,
        "energy": wording.energy,
    }
    return " ".join(template.format(**words).split()) or wording.genres[0]


def _fresh(words: Sequence[str], place: int, said: Collection[str]) -> str:
    """The word at this place among those that say nothing twice."""
    return _at([word for word in words if not set(_parts(word)) & set(said)], place)


def _at(words: Sequence[str], place: int) -> str:
    return words[place] if place < len(words) else ""


def _parts(words: str) -> list[str]:
    """Stems, so that Jazzy Jazz and Electro Electronic are not said."""
    return [word.casefold()[:4] for word in words.split()]


def _strength_of(portrait: Portrait) -> Callable[[str], float]:
    """A tag must be heard, and be heard more than elsewhere: neither is enough."""

    def strength(tag: str) -> float:
        above, heard = portrait.tags_above.get(tag, 0.0), portrait.tags.get(tag, 0.0)
        return above * heard**0.5 if above > _CLEAR and heard >= _AUDIBLE else 0.0

    return strength


def _ranked(words: Mapping[str, str], strength: Callable[[str], float]) -> list[str]:
    """Words of the tags that are strong, the strongest first, each once."""
    strong = [tag for tag in words if strength(tag) > 0]
    strong.sort(key=lambda tag: (-strength(tag), tag))
    return list(dict.fromkeys(words[tag] for tag in strong))


def _moods(portrait: Portrait) -> list[str]:
    """The six moods and the moods among the tags, by how far they are above the library."""
    above = {**dict.fromkeys((*MOOD_WORDS.values(), *MOOD_TAGS.values()), 0.0)}
    for mood, word in MOOD_WORDS.items():
        above[word] = max(above[word], portrait.moods_above.get(mood, 0.0))
    for tag, word in MOOD_TAGS.items():
        above[word] = max(above[word], portrait.tags_above.get(tag, 0.0))
    clear = [word for word in above if above[word] > _CLEAR]
    return sorted(clear, key=lambda word: (-above[word], word))


def _clearest(words: Mapping[str, str], portrait: Portrait) -> str:
    ranked = _ranked(words, _strength_of(portrait))
    return ranked[0] if ranked else ""


def _tempo(tempo: float | None) -> str:
    if tempo is None:
        return ""
    return "Slow" if tempo < _SLOW else "Fast" if tempo > _FAST else ""


def _energy(above: float | None) -> str:
    if above is None:
        return ""
    return "Energetic" if above > _LIVELY else "Calm" if above < -_LIVELY else ""
