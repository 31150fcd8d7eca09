"""Our search against independent fits as the peer does them, as markdown tables: score over CPU time.

    python benchmarks/clustering.py                 2,000 and 20,000 recordings
    python benchmarks/clustering.py --large         100,000 too
    python benchmarks/clustering.py --plot FILE     score over CPU time as an SVG picture
    python benchmarks/clustering.py --sizes --stability 0 --heard URL
                                                    how steady the groups of heard music are

Recordings are synthetic: genres, styles, artists, tags of the level of real ones. Only some of the
peer's 5,000 fits are made (`--peer-fits`): their best score is measured, the time of 5,000 is multiplied.
"""

import argparse
import asyncio
import sys
import time
from itertools import combinations
from pathlib import Path

import clustering_parts
import numpy as np
from clustering_parts import peer
from clustering_parts.drawing import draw
from sklearn.metrics import adjusted_rand_score

from segue.clustering import ClusteringParameters
from segue.clustering.clustering import Clustering, cluster, conclude
from segue.clustering.corpus import Corpus
from segue.clustering.fitting import fit
from segue.clustering.grouping import centres_of, nearest
from segue.clustering.identity import match_groups
from segue.clustering.metrics import judge
from segue.clustering.prepared import Prepared, prepare
from segue.clustering.scoring import score
from segue.clustering.search import Search
from segue.clustering.snapshot import joined
from segue.jobs.material import pieces_of
from segue.store import spaces
from segue.store.cluster_searches import Scope
from segue.store.pool import open_pool
from tests.daemon.clustering.songs import Songs, make_songs, part_of

assert clustering_parts
_PEER_RUNS = 5000
_TOLD = 100

Curve = list[tuple[float, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[2000, 20_000])
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--peer-fits", type=int, default=20)
    parser.add_argument("--plot", type=Path)
    parser.add_argument(
        "--stability", type=int, default=2000, help="size of the library that grows; 0 for none"
    )
    parser.add_argument("--heard", help="the database of a Segue that has heard music, for what stays there")
    arguments = parser.parse_args()
    if arguments.heard:
        _steadiness(asyncio.run(_heard(arguments.heard)))
    if not arguments.sizes and not arguments.large:
        return
    curves = {}
    print("| recordings | who | fits | CPU s | score | ARI with the styles |")
    print("| --- | --- | --- | --- | --- | --- |")
    for size in [*arguments.sizes, *([100_000] if arguments.large else [])]:
        curves[size] = _compare(size, arguments.peer_fits)
    if arguments.plot:
        panels = {
            f"{size:,} recordings": {"Segue": ours, "independent fits": [one[:2] for one in theirs]}
            for size, (ours, theirs) in curves.items()
        }
        draw(panels, arguments.plot)
    if arguments.stability:
        _stability(arguments.stability)


def _compare(size: int, peer_fits: int) -> tuple[Curve, Curve]:
    songs = make_songs(size)
    data, search, ours = _search(songs)
    best = search.best
    assert best is not None
    agreement = _agreement(fit(best.candidate, data, len(data.rungs) - 1), data, songs)
    _row(size, "Segue", search.history[-1][0], ours[-1][0], best.score, agreement)
    theirs, fits = _peer(songs, data, search, peer_fits)
    seconds, highest = theirs[-1]
    for who, (_, reached, agreed) in (
        ("peer, its own choice", max(fits)),
        ("peer, the best by our score", max(fits, key=lambda one: one[1])),
    ):
        _row(size, who, peer_fits, seconds, reached, agreed)
    whole = seconds / peer_fits * _PEER_RUNS
    passed = next((at for at, value in ours if value >= highest), None)
    print(f"| {size:,} | peer, time of so many (multiplied) | {_PEER_RUNS:,} | {whole:,.0f} | | |")
    if passed is None:
        print(f"| {size:,} | Segue did not reach the peer's best | | | | |", flush=True)
    else:
        ratio = f"{whole / passed:,.0f} times less than {_PEER_RUNS:,} fits"
        print(f"| {size:,} | Segue passes the peer's best | | {passed:.1f} | | {ratio} |", flush=True)
    return ours, theirs


def _peer(
    songs: Songs, data: Prepared, search: Search, count: int
) -> tuple[Curve, list[tuple[float, float, float]]]:
    """Best score of ours over their time, and for each fit their score, ours, and the agreement."""
    curve: Curve = []
    fits: list[tuple[float, float, float]] = []
    seconds, began = 0.0, time.process_time()
    for one in peer.fits(songs.corpus, count=count, seed=1):
        seconds += time.process_time() - began
        centres = centres_of(data.points[one.rows], one.labels.astype(np.int64))
        metrics = judge(centres, data.judged, reach=data.reach)
        reached = score(metrics, search.baseline, data.parameters, data.limits)
        leads = not fits or one.score > max(fits)[0] or reached > curve[-1][1]
        fits.append((one.score, reached, _agreement(centres, data, songs) if leads else float("nan")))
        curve.append((seconds, max(reached, curve[-1][1] if curve else reached)))
        if len(fits) % _TOLD == 0:
            said = f"{len(fits)} of {count} fits: best {curve[-1][1]:.4f} after {seconds:.0f} CPU s"
            print(said, file=sys.stderr, flush=True)
        began = time.process_time()
    return curve, fits


def _search(songs: Songs) -> tuple[Prepared, Search, Curve]:
    began = time.process_time()
    data = prepare(songs.corpus, ClusteringParameters(), seed=1)
    search = Search.begin(data)
    curve = []
    while not search.finished:
        search.step(data)
        if search.best:
            curve.append((time.process_time() - began, search.best.score))
    conclude(search, data)
    curve.append((time.process_time() - began, curve[-1][1]))
    return data, search, curve


def _stability(size: int) -> None:
    """Another seed, and a tenth more music: what stays."""
    songs = make_songs(size)
    old = np.random.default_rng(1).random(size) > 1 / 11
    library = part_of(songs.corpus, old)
    before = _clustered(cluster(library, ClusteringParameters(), seed=1))
    other = _clustered(cluster(library, ClusteringParameters(), seed=2))
    grown = cluster(songs.corpus, ClusteringParameters(), seed=3, previous=before.model.vectors())
    after = _clustered(grown)
    seeds = adjusted_rand_score(
        before.model.assign(library.vectors).groups, other.model.assign(library.vectors).groups
    )
    last = {place: set(group.members.tolist()) for place, group in enumerate(before.groups)}
    matching = match_groups(last, [set(group.members.tolist()) for group in after.groups])
    known, changed, total = set(library.ids.tolist()), 0, 0
    for match in matching.matches:
        one = set(before.groups[match.lineage].playlist.tolist())
        two = set(after.groups[match.group].playlist.tolist()) & known
        changed, total = changed + len(one - two), total + len(one)
    print(f"\nSame {len(library):,} recordings, another seed: adjusted Rand index {seeds:.3f}.")
    print(
        f"{size - len(library):,} more recordings: {len(matching.matches)} of {len(before.groups)} groups "
        f"kept their identity ({len(matching.born)} new), {changed / max(total, 1):.1%} of their songs left.",
        flush=True,
    )


async def _heard(url: str) -> Corpus:
    """All that a Segue has heard, as it groups it."""
    async with open_pool(url, max_size=2) as pool:
        async with pool.connection() as c:
            space = await spaces.serving(c)
        assert space is not None
        pieces = pieces_of(pool, space.id, space.dimensions, Scope(), last=None)
        return joined([piece async for piece in pieces]).corpus


def _steadiness(corpus: Corpus, *, seeds: int = 8, draws: int = 8) -> None:
    """Independent seeds, and a tenth more music after each of some random beginnings."""
    began = time.process_time()
    fresh = [_clustered(cluster(corpus, ClusteringParameters(), seed=seed)) for seed in range(1, seeds + 1)]
    seconds = (time.process_time() - began) / seeds
    groups = [one.model.assign(corpus.vectors).groups for one in fresh]
    agreed = [adjusted_rand_score(one, two) for one, two in combinations(groups, 2)]
    reached = np.mean([one.score for one in fresh])
    print(
        f"{len(corpus):,} recordings, {seeds} seeds: adjusted Rand index {np.mean(agreed):.3f} in the mean,"
    )
    print(f"{min(agreed):.3f} at least; score {reached:.3f}, {seconds:.1f} CPU s each.")
    kept = grouped = left = songs = 0
    for number in range(draws):
        old = np.random.default_rng(number).random(len(corpus)) > 1 / 11
        before = _clustered(cluster(part_of(corpus, old), ClusteringParameters(), seed=100 + number))
        grown = cluster(corpus, ClusteringParameters(), seed=200 + number, previous=before.model.vectors())
        lived, gone, had = _churn(before, _clustered(grown), set(corpus.ids[old].tolist()))
        kept, grouped = kept + lived, grouped + len(before.groups)
        left, songs = left + gone, songs + had
    print(f"A tenth more, {draws} times: {kept} of {grouped} groups kept their identity,")
    print(f"{left / max(songs, 1):.1%} of all playlists' songs left theirs.", flush=True)


def _churn(before: Clustering, after: Clustering, known: set[int]) -> tuple[int, int, int]:
    """How many groups live on, how many songs left their playlist or lost it, and how many there were."""
    last = {place: set(group.members.tolist()) for place, group in enumerate(before.groups)}
    matching = match_groups(last, [set(group.members.tolist()) for group in after.groups])
    places = {match.lineage: match.group for match in matching.matches}
    left = songs = 0
    for place, group in enumerate(before.groups):
        one = set(group.playlist.tolist())
        two = set(after.groups[places[place]].playlist.tolist()) & known if place in places else set()
        left, songs = left + len(one - two), songs + len(one)
    return len(places), left, songs


def _clustered(outcome: object) -> Clustering:
    assert isinstance(outcome, Clustering), outcome
    return outcome


def _agreement(centres: np.ndarray, data: Prepared, songs: Songs) -> float:
    return float(adjusted_rand_score(songs.styles, nearest(data.points, centres)))


def _row(size: int, who: str, fits: int, seconds: float, reached: float, agreement: float) -> None:
    print(f"| {size:,} | {who} | {fits:,} | {seconds:,.1f} | {reached:.3f} | {agreement:.3f} |", flush=True)


if __name__ == "__main__":
    main()
