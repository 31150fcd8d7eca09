"""Libraries made of numbers: genres of Zipf's sizes, styles in genres, artists in styles, songs of artists.

Tag levels are those measured on real music; an embedding is a bent mixture of the same causes, so that
tags and vectors agree about as much as a network's own do.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from segue.clustering.corpus import GENRE_TAGS, Corpus
from segue.model import MODEL_TAGS

_CAUSES = 40
_GENRES = len(GENRE_TAGS)
_SONGS_PER_STYLE = 120
_SONGS_PER_ARTIST = 9
_TAG_LEVEL = -3.9  # mean log-odds of a tag
_TAG_LEVEL_SPREAD = 1.0
_TAG_SPREAD = 0.9

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Songs:
    """A library, and the style each song was made of."""

    corpus: Corpus
    styles: npt.NDArray[np.int64]


def make_songs(
    count: int, *, seed: int = 0, genres: int = _GENRES, noise: float = 0.55, first_id: int = 1
) -> Songs:
    """The same for the same arguments."""
    rng, world = np.random.default_rng([seed, count]), np.random.default_rng([7, genres])
    styles_of_genre = _share_out(max(genres, count // _SONGS_PER_STYLE), genres)
    genre_of_style = np.repeat(np.arange(genres), styles_of_genre)
    fall = np.linspace(1.2, 0.25, _CAUSES)
    centres = world.standard_normal((genres, _CAUSES))[genre_of_style] * fall
    centres += 0.75 * rng.standard_normal((len(genre_of_style), _CAUSES)) * fall
    weights = rng.lognormal(0, 0.6, len(genre_of_style))
    styles = np.sort(rng.choice(len(genre_of_style), count, p=weights / weights.sum()))
    artists = _artists(styles, rng)
    offsets = 0.35 * rng.standard_normal((int(artists.max(initial=-1)) + 1, _CAUSES)) * fall
    causes = centres[styles] + offsets[artists] + noise * rng.standard_normal((count, _CAUSES)) * fall**0.5
    tags = _tags(causes, genre_of_style[styles], world, rng)
    corpus = Corpus(
        ids=np.arange(first_id, first_id + count, dtype=np.int64),
        vectors=_vectors(causes, world, rng),
        tags=tags.astype(np.float32),
        moods=_sigmoid(1.2 * causes @ world.standard_normal((_CAUSES, 6)) / 4).astype(np.float32),
        tempo=(118 * np.exp2(0.35 * np.tanh(causes[:, 5]))).astype(np.float32),
        energy=np.clip(0.65 + 0.1 * causes[:, 0], 0, 1).astype(np.float32),
        genres=[""] * count,
        artists=[f"Artist {artist}" for artist in artists.tolist()],
    )
    return Songs(corpus, styles)


def part_of(corpus: Corpus, rows: npt.NDArray[np.bool_]) -> Corpus:
    """The library that holds only these."""
    names = {
        name: [value for value, kept in zip(getattr(corpus, name), rows.tolist(), strict=True) if kept]
        for name in ("genres", "artists")
    }
    arrays = ("ids", "vectors", "tags", "moods", "tempo", "energy", "keys")
    return replace(corpus, **{name: getattr(corpus, name)[rows] for name in arrays}, **names)


def _share_out(styles: int, genres: int) -> npt.NDArray[np.int64]:
    sizes = 1 / np.arange(1, genres + 1) ** 0.8
    return np.maximum(1, np.round(styles * sizes / sizes.sum())).astype(np.int64)


def _artists(styles: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Artists keep to one style."""
    each = _SONGS_PER_STYLE // _SONGS_PER_ARTIST
    drawn = (each * rng.random(len(styles)) ** 1.5).astype(np.int64)
    pairs = styles * 1000 + drawn
    return np.unique(pairs, return_inverse=True)[1].astype(np.int64)


def _tags(
    causes: _Floats, genres: npt.NDArray[np.int64], world: np.random.Generator, rng: np.random.Generator
) -> _Floats:
    count = len(MODEL_TAGS)
    mixture = world.standard_normal((_CAUSES, count)) / 5
    level = _TAG_LEVEL + _TAG_LEVEL_SPREAD * world.standard_normal(count)
    odds = level + _TAG_SPREAD * (causes @ mixture) + 0.35 * rng.standard_normal((len(causes), count))
    own = np.array([MODEL_TAGS.index(tag) for tag in GENRE_TAGS])[genres % len(GENRE_TAGS)]
    odds[np.arange(len(causes)), own] += 1.5
    return _sigmoid(odds)


def _vectors(
    causes: _Floats, world: np.random.Generator, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    mixture = world.standard_normal((_CAUSES, 200)) / 3
    bent = np.log1p(np.exp(causes @ mixture + 0.5 * world.standard_normal(200)))
    return (bent + 0.3 * rng.standard_normal(bent.shape)).astype(np.float32)


def _sigmoid(odds: _Floats) -> _Floats:
    return 1 / (1 + np.exp(-odds))
