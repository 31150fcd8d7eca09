"""Clustering as the peer does it (0.7, k-means on embeddings), from its published behaviour.

Each run draws a stratified sample, standardises, reduces by a random number of principal components and
fits k-means ten times; nothing is carried from one run to the next. Its score has its own constants.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from segue.clustering.corpus import GENRE_TAGS, Corpus
from segue.model import MODEL_TAGS

_ACTIVE = [MODEL_TAGS.index(tag) for tag in MODEL_TAGS[:5]]
_MAX_DISTANCE = 0.5
_PER_ARTIST = 3
_DIVERSITY, _PURITY = (-0.101, 0.245), (0.673, 1.063)


@dataclass(frozen=True)
class Fit:
    rows: np.ndarray
    labels: np.ndarray
    clusters: int
    score: float


def fits(corpus: Corpus, *, count: int, seed: int) -> Iterator[Fit]:
    """Independent runs; the caller measures the time between them."""
    rng = np.random.default_rng(seed)
    genres = primary_genres(corpus)
    artists = np.unique(np.asarray(corpus.artists), return_inverse=True)[1]
    for _ in range(count):
        rows = sample(genres, rng)
        scaled = StandardScaler().fit_transform(corpus.vectors[rows].astype(np.float64))
        components = int(rng.integers(0, min(199, scaled.shape[1], len(rows) - 1) + 1))
        if components:
            scaled = PCA(components, random_state=int(rng.integers(10_000))).fit_transform(scaled)
        clusters = min(int(rng.integers(40, 101)), len(rows))
        model = KMeans(clusters, n_init=10, random_state=int(rng.integers(10_000))).fit(scaled)
        apart = np.linalg.norm(scaled - model.cluster_centers_[model.labels_], axis=1)
        score = own_score(corpus.tags[rows], model.labels_, apart / apart.max(), artists[rows])
        yield Fit(rows, model.labels_, clusters, score)


def primary_genres(corpus: Corpus) -> np.ndarray:
    """The likeliest of the stratified genres among a song's five likeliest tags; -1 for none."""
    top = np.argsort(-corpus.tags, axis=1)[:, :5]
    is_genre = np.isin(np.asarray(MODEL_TAGS), GENRE_TAGS)[top]
    first = is_genre.argmax(axis=1)
    return np.where(is_genre.any(axis=1), top[np.arange(len(top)), first], -1)


def sample(genres: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Up to the target of each genre: the median of their sizes, at least 100."""
    known = np.unique(genres[genres >= 0])
    target = max(100, int(np.percentile([(genres == genre).sum() for genre in known], 50)))
    parts = []
    for genre in known:
        rows = np.flatnonzero(genres == genre)
        parts.append(rng.choice(rows, min(target, len(rows)), replace=False))
    return np.concatenate(parts)


def own_score(tags: np.ndarray, labels: np.ndarray, apart: np.ndarray, artists: np.ndarray) -> float:
    """2 x diversity + 1 x purity in the peer's own normalisation, over its five active moods."""
    moods, best, purity = tags[:, _ACTIVE], {}, 0.0
    for label in np.unique(labels):
        rows = np.flatnonzero((labels == label) & (apart <= _MAX_DISTANCE))
        rows = rows[np.argsort(apart[rows])]
        seen: Counter[int] = Counter()
        kept = []
        for row in rows.tolist():
            seen[int(artists[row])] += 1
            if seen[int(artists[row])] <= _PER_ARTIST:
                kept.append(row)
        if not kept:
            continue
        centre = moods[kept].mean(axis=0)
        main = int(centre.argmax())
        best[main] = max(best.get(main, 0.0), float(centre[main]))
        top = [mood for mood in np.argsort(-centre)[:3] if centre[mood] > 0.01]
        purity += float(moods[kept][:, top].max(axis=1).sum()) if top else 0.0
    diversity = (np.log1p(sum(best.values())) - _DIVERSITY[0]) / _DIVERSITY[1]
    return float(2 * diversity + (np.log1p(purity) - _PURITY[0]) / _PURITY[1])
