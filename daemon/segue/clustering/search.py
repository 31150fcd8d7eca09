"""An evolutionary search for the best grouping.

It explores by generations: candidates are drawn blindly, later varied and crossed from the best, and
climb rungs of growing samples, only the best part of each rung to the next. Then it refines: the best
few improve step by step, and the better ones replace the worse. Where these differ, what they agree on
is tried at last, and taken if it is about as good. The search itself holds nothing but
small numbers: candidates go out as JSON, results come back in any order, and its state is a checkpoint
at any moment.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Self

import numpy as np

from segue.clustering.backend import KMeans, SklearnKMeans, single_threaded
from segue.clustering.candidates import Candidate, Origin, Scope
from segue.clustering.checkpoint import Phase, State, read_state, write_state
from segue.clustering.corpus import Matrix
from segue.clustering.evaluation import Batch, Result, evaluate_batch
from segue.clustering.limits import Limits
from segue.clustering.parameters import ClusteringParameters
from segue.clustering.prepared import Prepared
from segue.clustering.scoring import Baseline, measure_baseline
from segue.clustering.standing import Standing

__all__ = ["Search"]

_KEPT = (0.25, 0.25, 0.2)  # share of a rung's candidates that climbs to the next rung
_LANES = 4
_MOST_LANES = 48
_PAIRS_IN_LANES = 3600  # few groups need few tries each, and more lanes show better what they agree on
_FEWEST_VOICES = 8
_FEWEST_TRIES = 10
_HEARD = 2 / 3  # the best part of those that were refined
_NUDGES = 80
_BETTER_BY = 1e-6
_FEWEST_LAST = 2
_WORTH_A_CHANGE = 0.02  # share of the weights by which a grouping must beat a steadier one
_BY_CHANCE = 0.6  # and in a small library more: scores of equally good groupings differ by 1 / sqrt(songs)


class Search:
    """`batches` out, `tell` their results, until `finished`; or `step` here, generation by generation."""

    def __init__(self, parameters: ClusteringParameters, state: State) -> None:
        self.parameters = parameters
        self._state = state
        self._scope = Scope.of(parameters, Limits.of(parameters, state.count), width=state.width)

    @classmethod
    def begin(cls, data: Prepared, *, kmeans: KMeans | None = None) -> Self:
        """Measure the library's baseline and draw the first generation."""
        with single_threaded():
            baseline = measure_baseline(data, kmeans or SklearnKMeans())
        state = State(
            seed=data.seed,
            count=len(data.corpus),
            width=data.geometry.width,
            top=len(data.rungs) - 1,
            baseline=baseline,
        )
        search = cls(data.parameters, state)
        search._explore(last=data.previous)
        return search

    @classmethod
    def resume(cls, data: bytes) -> Self:
        """Where `state` was taken; ValueError for bytes of another version."""
        return cls(*read_state(data))

    def state(self) -> bytes:
        """A checkpoint; the same bytes for the same state."""
        return write_state(self.parameters, self._state)

    @property
    def finished(self) -> bool:
        """Nothing is left to evaluate."""
        return self._state.phase is Phase.FINISHED

    @property
    def rung(self) -> int:
        """The rung on which the present candidates compete."""
        return self._state.rung

    @property
    def generation(self) -> int:
        """How many generations have ended."""
        return self._state.generation

    @property
    def baseline(self) -> Baseline:
        """What chance and blind fits come to in this library."""
        return self._state.baseline

    @property
    def progress(self) -> float:
        """0..1; the search may end earlier than this says."""
        if self.finished:
            return 1.0
        state, runs = self._state, self.parameters.clustering_runs
        rungs = state.top + 1 if state.phase is Phase.EXPLORING else 1
        rung = state.rung if state.phase is Phase.EXPLORING else 0
        within = (rung + len(state.results) / len(state.racing)) / rungs
        return min(0.999, (state.ended + (state.spent - state.ended) * within) / runs)

    @property
    def best(self) -> Standing | None:
        """The best so far of what was fitted to the whole library."""
        return self._state.best

    @property
    def solution(self) -> Standing | None:
        """The best, unless it is hardly better than a steadier one: the last clustering as it is, what
        descends from it, or what many good ones agree on."""
        state = self._state
        share = max(_WORTH_A_CHANGE, _BY_CHANCE / state.count**0.5)
        margin = share * sum(self.parameters.weights.values())
        for steady in (state.kept, state.continued, state.agreed):
            if state.best and steady and state.best.score <= steady.score + margin:
                return steady
        return state.best

    @property
    def history(self) -> tuple[tuple[int, float], ...]:
        """Runs spent and best score after each generation."""
        return tuple(self._state.history)

    @property
    def failures(self) -> dict[str, int]:
        """How often candidates came to nothing, by reason."""
        return dict(self._state.failures)

    def candidates(self) -> list[Candidate]:
        """Who still wants a result on this rung."""
        return [one for one in self._state.racing if one.number not in self._state.results]

    def batches(self) -> list[Batch]:
        """The same, in pieces for workers; a refining candidate is as much work as a batch of others."""
        waiting, state = self.candidates(), self._state
        size = 1 if state.phase is Phase.REFINING else self.parameters.iterations_per_batch
        return [
            Batch(rung=state.rung, baseline=state.baseline, candidates=waiting[start : start + size])
            for start in range(0, len(waiting), size)
        ]

    def tell(self, results: Iterable[Result]) -> None:
        """Take results in any order; what is known already, or not asked for, changes nothing."""
        state = self._state
        awaited = {one.number for one in state.racing}
        for result in results:
            if result.rung == state.rung and result.number in awaited:
                state.results.setdefault(result.number, result)
        if awaited and len(state.results) == len(awaited):
            self._end_rung()

    def step(self, data: Prepared, *, kmeans: KMeans | None = None) -> None:
        """One generation, here and now."""
        generation = self.generation
        while not self.finished and self.generation == generation:
            self.tell([one for batch in self.batches() for one in evaluate_batch(batch, data, kmeans=kmeans)])

    def _end_rung(self) -> None:
        """This rung is complete: the best go on to the next one, or the generation is over."""
        state = self._state
        standings = self._standings()
        if state.phase is Phase.EXPLORING and state.rung < state.top and standings:
            wanted = max(1, round(len(standings) * _KEPT[min(state.rung, len(_KEPT) - 1)]))
            kept = standings[:wanted] + [one for one in standings[wanted:] if one.candidate.continues]
            state.rung += 1
            state.racing = sorted((one.candidate for one in kept), key=lambda one: one.number)
            return
        self._end_generation(standings)

    def _standings(self) -> list[Standing]:
        """This rung's candidates, best first; failures are counted and gone."""
        state, found = self._state, []
        for candidate in state.racing:
            result = state.results[candidate.number]
            if standing := Standing.of(candidate, result):
                found.append(standing)
            else:
                reason = result.failure or "No reason was given."
                state.failures[reason] = state.failures.get(reason, 0) + 1
        state.results = {}
        found.sort(key=lambda one: one.rank, reverse=True)
        if state.phase is Phase.EXPLORING:
            known = {one.candidate.number: one for one in (*state.elites, *found)}
            ranked = sorted(known.values(), key=lambda one: one.rank, reverse=True)
            state.elites = ranked[: max(self.parameters.top_n_elites, _MOST_LANES)]
        return found

    def _end_generation(self, standings: list[Standing]) -> None:
        state = self._state
        self._note(standings)
        state.generation += 1
        state.ended = state.spent
        if state.best:
            state.history.append((state.spent, state.best.score))
        state.rung, state.racing = 0, []
        parameters = self.parameters
        exploring = parameters.clustering_runs * (1 - parameters.refinement_fraction)
        if state.phase is Phase.EXPLORING:
            if state.fruitless < parameters.patience and state.spent < exploring:
                return self._explore()
            state.phase, state.fruitless = Phase.REFINING, 0
            elites, state.elites = state.elites, []
            return self._refine(elites)
        if state.phase is Phase.AGREEING:
            state.agreed = standings[0] if standings else None
            state.phase = Phase.FINISHED
            return None
        state.voters = state.voters or standings
        if state.fruitless < parameters.patience:
            return self._refine(standings)
        return self._agree()

    def _note(self, standings: list[Standing]) -> None:
        """What is better than all before, and what has become of the last clustering."""
        state = self._state
        known = state.best.score if state.best else float("-inf")
        if standings and standings[0].score > known + _BETTER_BY:
            state.best, state.fruitless = standings[0], 0
        else:
            state.fruitless += 1
        for one in standings:
            if one.candidate.origin is Origin.KEPT:
                state.kept = one
            elif one.candidate.continues and (state.continued is None or one.score > state.continued.score):
                state.continued = one

    def _explore(self, *, last: Matrix | None = None) -> None:
        state, parameters = self._state, self.parameters
        rng = np.random.default_rng([state.seed, 5, state.generation])
        exploring = max(1, round(parameters.clustering_runs * (1 - parameters.refinement_fraction)))
        size = min(parameters.generation_size, exploring - state.spent)
        blind = state.spent < parameters.exploitation_start_fraction * parameters.clustering_runs
        elites = [one.candidate for one in state.elites if not one.candidate.continues]
        elites = elites[: parameters.top_n_elites]
        for number in range(state.numbered, state.numbered + size):
            if number == 0 and last is not None and len(last) >= _FEWEST_LAST:
                state.racing.append(self._scope.kept(number, last))
            elif number == 1 and last is not None and len(last) >= _FEWEST_LAST:
                state.racing.append(self._scope.previous(number, len(last)))
            elif blind or not elites or rng.random() >= parameters.exploitation_probability:
                state.racing.append(self._scope.draw(number, rng))
            else:
                state.racing.append(self._scope.descend(number, elites, rng))
        state.spent += size
        state.numbered += size

    def _refine(self, standings: list[Standing]) -> None:
        """The better half of the lanes goes on, each twice; and so does the last clustering."""
        state, parameters = self._state, self.parameters
        rng = np.random.default_rng([state.seed, 6, state.generation])
        left = parameters.clustering_runs - state.spent
        whole = [one for one in standings if one.rung == state.top]
        if not whole or left < _FEWEST_TRIES:
            self._agree()
            return
        width = _lanes(whole[0].candidate.clusters)
        tries = min(parameters.iterations_per_batch, max(_FEWEST_TRIES, left // width))
        better = whole[: width // 2] * 2 if state.voters else whole[:width]
        lanes = [one.candidate for one in better[: max(1, left // tries)]]
        if state.continued and not any(one.continues for one in lanes):
            lanes = [*lanes[: width - 1], state.continued.candidate]
        for candidate in lanes:
            state.racing.append(_refining(candidate, state.numbered, tries, rng))
            state.numbered += 1
        state.spent += tries * len(lanes)
        state.rung = state.top

    def _agree(self) -> None:
        """Ask what the better of those that were refined first agree on, if they are enough to tell."""
        state = self._state
        heard = state.voters[: round(_HEARD * len(state.voters))]
        voices = tuple(one.candidate.start for one in heard if one.candidate.start is not None)
        if len(voices) < _FEWEST_VOICES:
            state.phase = Phase.FINISHED
            return
        asked = replace(heard[0].candidate, number=state.numbered, origin=Origin.AGREED, seed=0, start=None)
        state.racing = [replace(asked, continues=False, tries=_NUDGES, voices=voices)]
        state.numbered += 1
        state.phase, state.rung = Phase.AGREEING, state.top


def _lanes(clusters: int) -> int:
    return min(_MOST_LANES, max(_LANES, _PAIRS_IN_LANES // clusters**2))


def _refining(candidate: Candidate, number: int, tries: int, rng: np.random.Generator) -> Candidate:
    return replace(
        candidate, number=number, origin=Origin.REFINED, seed=int(rng.integers(2**31 - 1)), tries=tries
    )
