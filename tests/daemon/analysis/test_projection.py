"""Projections: the same from pages as from one table, kept and read back, and defined for few recordings."""

import numpy as np
import numpy.typing as npt
import pytest

from segue.analysis.projection import Projection, ProjectionFit, cold_start_projection

Halves = npt.NDArray[np.float16]


def features(count: int, *, seed: int = 0, width: int = 30) -> tuple[Halves, Halves]:
    """Means and spreads that hang together, on very different scales."""
    chance = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(12, width))
    scales = np.random.default_rng(98).gamma(0.5, size=width) + 1e-3
    sound = chance.normal(size=(count, 12)) @ mixing
    noise = chance.normal(size=(count, width))
    mean = 5 + (sound + noise) * scales
    std = np.abs(sound - noise) * scales
    return mean.astype(np.float16), std.astype(np.float16)


def fitted(*pages: tuple[Halves, Halves], dimensions: int = 20) -> Projection:
    fit = ProjectionFit(dimensions)
    for mean, std in pages:
        fit.add(mean, std)
    return fit.result()


def test_pages_make_the_same_projection_as_one_table() -> None:
    mean, std = features(300)
    whole = fitted((mean, std))
    paged = fitted(*((mean[at : at + 37], std[at : at + 37]) for at in range(0, 300, 37)))
    probe = features(50, seed=1)
    assert np.allclose(whole.apply(*probe), paged.apply(*probe), atol=1e-5)


def test_it_is_principal_components_with_softened_sizes() -> None:
    mean, std = features(500)
    table = np.concatenate([mean, std], axis=1).astype(np.float64)
    spread = table.std(axis=0)
    standard = (table - table.mean(axis=0)) / (spread + 1e-3 * spread.mean())
    left, sizes, _ = np.linalg.svd(standard, full_matrices=False)
    sizes = sizes[:20] / np.sqrt(500)
    expected = left[:, :20] * sizes**0.75
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    vectors = fitted((mean, std)).apply(mean, std)
    assert np.allclose(vectors @ vectors.T, expected @ expected.T, atol=1e-4)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_random_pairs_centre_on_zero() -> None:
    mean, std = features(400)
    vectors = fitted((mean, std)).apply(mean, std)
    cosines = (vectors @ vectors.T)[np.triu_indices(400, 1)]
    assert abs(np.median(cosines)) < 0.1


@pytest.mark.parametrize(("kind", "tolerance"), [("<f4", 1e-6), ("<f2", 2e-3)])
def test_it_is_kept_and_read_back(kind: str, tolerance: float) -> None:
    projection = fitted(features(300))
    again = Projection.from_bytes(projection.to_bytes(kind))
    probe = features(20, seed=3)
    assert again.dimensions == 20
    assert np.allclose(again.apply(*probe), projection.apply(*probe), atol=tolerance)
    with pytest.raises(ValueError, match="not a projection"):
        Projection.from_bytes(b"something else")


def test_few_or_equal_recordings_still_have_vectors() -> None:
    for mean, std in (features(3), tuple(np.repeat(part, 5, axis=0) for part in features(1))):
        vectors = fitted((mean, std)).apply(*features(10, seed=2))
        assert vectors.shape == (10, 20)
        assert np.isfinite(vectors).all()


def test_the_axes_do_not_turn_around() -> None:
    mean, std = features(300)
    order = np.random.default_rng(0).permutation(300)
    one, other = fitted((mean, std)), fitted((mean[order], std[order]))
    assert np.allclose(one.weights, other.weights, atol=1e-4)


def test_what_is_shipped_fits_the_network() -> None:
    shipped = cold_start_projection()
    mean, std = features(5, width=424)
    vectors = shipped.apply(mean, std)
    assert vectors.shape == (5, 200)
    assert np.isfinite(vectors).all()
