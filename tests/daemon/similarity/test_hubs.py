"""What is near to everything does not answer every question."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from segue.index import ExactIndex, Table
from segue.similarity import Rules
from segue.similarity.hubs import sample, without_hubs
from segue.store.pool import Pool
from segue.store.traits import Filter
from tests.daemon.similarity.library import DIMENSIONS, hear
from tests.daemon.similarity.test_rules import Library
from tests.daemon.store_recordings.rows import add_recording

PLAIN = Rules(filter=Filter(), per_artist=None, one_version=False)


@pytest.fixture
def library(pool: Pool) -> Library:
    return Library(pool)


async def test_answers_are_shared_out_more_evenly(library: Library) -> None:
    """Songs around a common middle: those near the middle are near to all."""
    chance = np.random.default_rng(2)
    spread = chance.gamma(2, 0.5, size=(150, 1))
    vectors = 0.5 * np.ones(DIMENSIONS) + spread * chance.normal(size=(150, DIMENSIONS))
    async with library.pool.connection() as c:
        songs = [await add_recording(c) for _ in vectors]
        for song, vector in zip(songs, vectors, strict=True):
            await hear(c, song, vector.astype(np.float32))
    most, never = [], []
    for rules in (PLAIN, replace(PLAIN, unhub=True)):
        answers = Counter[int]()
        for song in songs[:60]:
            answers.update(found.recording for found in await library.ask(song, rules=rules, count=5))
        most.append(max(answers.values()))
        never.append(150 - len(answers))
    assert most[1] < most[0] / 1.5
    assert never[1] < never[0]


async def test_distances_stay_what_they_are(library: Library) -> None:
    chance = np.random.default_rng(3)
    async with library.pool.connection() as c:
        songs = [await add_recording(c) for _ in range(60)]
        for song in songs:
            await hear(c, song, chance.normal(size=DIMENSIONS).astype(np.float32))
    plain = {found.recording: found.distance for found in await library.ask(songs[0], count=59)}
    unhubbed = await library.ask(songs[0], rules=replace(PLAIN, unhub=True), count=59)
    assert {found.recording: found.distance for found in unhubbed} == plain
    assert await library.ask(songs[0], rules=replace(PLAIN, unhub=True), count=59) == unhubbed


def test_the_sample_does_not_depend_on_the_history() -> None:
    chance = np.random.default_rng(1)
    vectors = chance.normal(size=(1000, 8)).astype(np.float32)
    samples = []
    for _ in range(2):
        index, order = ExactIndex(Table(8)), chance.permutation(1000)
        index.apply(order, order, vectors[order], [])
        samples.append(sample(index.table.view))
    assert samples[0].shape == (300, 8)
    assert np.array_equal(samples[0], samples[1])
    assert without_hubs([], vectors[0], samples[0]) == []
