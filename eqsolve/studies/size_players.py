"""A game's players at numbers, by their weight: what they do, and how their states move."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eqsolve.derivation.derivation import derived
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.game import Model
from eqsolve.game.parameters import inputs
from eqsolve.program.responses import Polynomials
from eqsolve.studies.roots.branching import Branching, arrays
from eqsolve.studies.size_course import AGREEMENT, EXACT, FEWER, NODES, Crowd, Form, Spread, nodes
from eqsolve.studies.size_laws import STAGE

Array = NDArray[np.float64]
#: Players that are computed at a time, so that what is computed stays near the processor.
BLOCK = 1 << 14


class Players:
    """A game's players at numbers, by their weight."""

    def __init__(
        self, model: Model, values: Mapping[str, object], at: Mapping[str, object]
    ) -> None:
        self.branching = Branching(derived(model))
        program = self.branching.program
        assert program.given is not None and program.given.responses is not None
        self.model, self.own = model, program.given.responses
        if self.own.motion is None:
            raise InputError(self.own.unfollowed, game=model.name, stage=STAGE)
        self.motion = self.own.motion
        taken = inputs(model)
        self.weight = taken.share
        parameters = {p.name for p in taken.parameters}
        (count,) = parameters & {program.count} or {""}
        given = {**values, self.weight: "1/2", **({count: 2} if count else {})}
        numbers = taken.read(given, at)
        self.numbers = {k: float(v) for k, v in numbers.parameters.items()}
        self.states = {s: float(v) for s, v in numbers.states.items()}
        missing = [s for s in self.own.states if s not in self.states]
        if missing:
            raise InputError(
                f"the players' {missing[0]} is missing.",
                game=model.name,
                stage=STAGE,
                remedy=f"Give it by --at {missing[0]}=1.",
            )

    def named(self, row: Array) -> dict[str, float]:
        """Controls by name."""
        return dict(zip(self.own.controls, map(float, row)))

    def played(self, weights: Array, masses: Array) -> tuple[Array, dict[tuple[int, str], Array]]:
        """Controls of players by weight, and how their states load on noises.

        Parameters
        ----------
        weights : of one player, by row.
        masses : of all players of a row together.
        """
        size = len(weights)
        blocks = [self._responses(weights[k : k + BLOCK]) for k in range(0, size, BLOCK)]
        env = {name: np.concatenate([b[name] for b in blocks]) for name in blocks[0]}
        for average in self.own.laws:
            env[average.name] = np.full(size, masses @ arrays(average.code, env, size)[0])
        controls = self._solved(env, weights, masses)
        env |= {name: controls[:, c] for c, name in enumerate(self.own.controls)}
        loads = _evaluated(self.motion.loadings, env, size)
        return controls, dict(zip(self.motion.places, loads))

    def _responses(self, weights: Array) -> dict[str, Array]:
        """What responses and loadings need of every weight: parameters, coefficients, states."""
        size = len(weights)
        values = {k: np.full(size, v) for k, v in self.numbers.items()}
        values[self.weight] = weights
        found = self.branching.at(values, ())
        if (found.reached < 0).any():
            k = int(np.argmax(found.reached < 0))
            if found.near[k]:
                raise NoSolutionError(
                    f"doubles do not decide the response of a player of weight {weights[k]:.6g}.",
                    game=self.model.name,
                    stage="unresolved",
                )
            raise NoSolutionError(
                f"a player of weight {weights[k]:.6g} has no admissible response.",
                game=self.model.name,
                stage="no-admissible-root",
            )
        place = found.reached[:, None].astype(int)
        roots = np.take_along_axis(found.roots, place, axis=-1)[:, 0]
        wanted = [*self.own.table.arguments, *self.own.terms.arguments]
        env = self.branching.environment(values, roots, wanted)
        env |= {s: np.full(size, v) for s, v in self.states.items()}
        wanted += self.motion.loadings.code.arguments
        wanted += [a for average in self.own.laws for a in average.code.arguments]
        kept = {*wanted, *values, *self.states} & {*env}
        return {name: np.broadcast_to(env[name], size) for name in kept}

    def _alone(self, env: Mapping[str, Array], weights: Array) -> tuple[Array, Array, Array, Array]:
        """What players do and add to averages whose other parts are 0, and the slopes of both.

        Returns
        -------
        controls, their slopes in the averages, what is averaged, its slopes in the averages.
        """
        width, many, size = len(self.own.controls), self.own.entering, len(weights)
        table = np.stack(arrays(self.own.table, env, size), axis=-1)
        still, slopes, zero, load = np.split(table, np.cumsum([width, width * many, many]), axis=-1)
        slopes, load = slopes.reshape(size, width, many), load.reshape(size, many, width)
        # who moves an average answers the own part of it, too
        part = weights[:, None, None]
        inner = np.eye(width) + part * slopes @ load
        right = still[..., None] - part * slopes @ zero[..., None]
        try:
            alone = np.asarray(np.linalg.solve(inner, right), float)
            moved = np.asarray(np.linalg.solve(inner, slopes), float)
        except np.linalg.LinAlgError:
            raise self._undetermined() from None
        added: Array = zero + (load @ alone)[..., 0]
        slope: Array = load @ moved
        return alone[..., 0], moved, added, slope

    def _undetermined(self) -> NoSolutionError:
        told = "the averages do not follow from the responses."
        return NoSolutionError(told, game=self.model.name, stage="degenerate")

    def _averages(self, slopes: Array, masses: Array, level: Array) -> Array:
        """The averages that players make: what they add is ``level`` and slopes times these."""
        try:
            matrix = np.eye(self.own.entering) - np.einsum("k,kij->ij", masses, slopes)
            found: Array = np.linalg.solve(matrix, level)
        except np.linalg.LinAlgError:
            raise self._undetermined() from None
        return found

    def _solved(self, env: Mapping[str, Array], weights: Array, masses: Array) -> Array:
        """Controls by row: responses to averages that they make themselves."""
        alone, moved, added, slopes = self._alone(env, weights)
        found: Array = alone + moved @ self._averages(slopes, masses, masses @ added)
        return found

    def crowd(self, weights: Array, counts: Array) -> Crowd:
        """How states move when everybody plays.

        Raises
        ------
        NoSolutionError
            If the motion is not affine in the states.
        """
        own, motion, size = self.own, self.motion, len(weights)
        laws, masses = len(own.laws), counts * weights
        if len(own.states) != 1 or not own.affine:
            raise self._not_followed()
        zeros = [*own.states, *(law.name for law in own.laws)]
        blank = {**self._responses(weights), **dict.fromkeys(zeros, np.zeros(size))}
        still = self._alone(blank, weights)
        # one state, and one law, at a time
        steps = [self._alone({**blank, name: np.ones(size)}, weights) for name in zeros]
        alone, added = (np.stack([s[k] - still[k] for s in steps], axis=-1) for k in (0, 2))
        moved, slopes = still[1], still[3]
        means = [
            arrays(one.code, {**blank, own.states[0]: np.ones(size)}, size) for one in own.laws
        ]
        scale = np.stack([m[0] for m in means], axis=-1) if laws else np.zeros((size, 0))
        # averages in what players add, and in the laws
        level = self._averages(slopes, masses, masses @ still[2])
        through = self._averages(slopes, masses, np.eye(own.entering))
        by_law = np.einsum("g,gml->ml", masses, added[..., 1:])
        right = weights[:, None] * np.concatenate([scale, added[..., 0] + scale @ by_law.T], axis=1)
        left = np.concatenate([alone[..., 1:], moved @ through], axis=-1)
        controls = [
            Form(still[0][:, c] + moved[:, c] @ level, alone[:, c, 0], left[:, c])
            for c in range(len(own.controls))
        ]
        nothing = Form(np.zeros(size), np.zeros(size), np.zeros_like(left[:, 0]))
        letters = [replace(nothing, slope=np.ones(size)), *controls]
        for k in range(laws):
            unit = np.zeros_like(nothing.left)
            unit[:, k] = 1
            letters.append(replace(nothing, left=unit))
        (drift,) = self._forms(motion.drifts, letters, blank, nothing)
        loads = dict(zip(motion.places, self._forms(motion.loadings, letters, blank, nothing)))
        return Crowd(
            weights,
            counts,
            right,
            drift,
            tuple(form for (_, noise), form in loads.items() if noise not in motion.given),
            tuple(form for (_, noise), form in loads.items() if noise in motion.given),
        )

    def _forms(
        self,
        polynomials: Polynomials,
        letters: Sequence[Form],
        env: Mapping[str, Array],
        nothing: Form,
    ) -> list[Form]:
        """Polynomials of the first degree in letters, each an affine function of all states."""
        size = nothing.level.size
        coefficients = iter(arrays(polynomials.code, env, size))
        found = []
        for terms in polynomials.exponents:
            total = nothing
            for powers in terms:
                factor = np.asarray(next(coefficients), float)
                if sum(powers) > 1 and factor.any():
                    raise self._not_followed()
                if sum(powers) == 0:
                    total = replace(total, level=total.level + factor)
                elif sum(powers) == 1:
                    total = total.plus(letters[powers.index(1)], factor)
            found.append(total)
        return found

    def _not_followed(self) -> NoSolutionError:
        told = "the players' motion is not affine in one state, so its moments are not followed."
        return NoSolutionError(told, game=self.model.name, stage=STAGE)

    def course(self, distinct: Array, counts: Array, times: Sequence[float]) -> list[Spread]:
        """Variances of the average at ascending times after 0.

        Parameters
        ----------
        distinct, counts : the weights of players, and how many have each.

        Raises
        ------
        NoSolutionError
            If the motion is not affine, moments are not followed so long, or nodes do not stand
            for so many different weights.
        """
        if not times:
            return []
        if distinct.size <= EXACT:
            return self._spread(distinct, counts, times)
        found, fewer = (
            self._spread(*nodes(distinct, counts, many), times) for many in (NODES, FEWER)
        )
        for one, two in zip(found, fewer):
            if not abs(one.own - two.own) <= AGREEMENT * one.own:
                raise NoSolutionError(
                    f"{NODES} weights do not stand for {distinct.size} different ones.",
                    game=self.model.name,
                    stage="unresolved",
                    remedy=f"Give at most {EXACT} players.",
                )
        return found

    def _spread(self, weights: Array, counts: Array, times: Sequence[float]) -> list[Spread]:
        """The same for players, or nodes, that are followed one by one."""
        found = self.crowd(weights, counts).spread(self.states[self.own.states[0]], times)
        if not all(math.isfinite(one.own) and math.isfinite(one.common) for one in found):
            raise NoSolutionError(
                f"the average's variance is not followed to the time {times[-1]:g} in doubles.",
                game=self.model.name,
                stage=STAGE,
                remedy="Give earlier times.",
            )
        return found

    def variances(
        self, loads: Mapping[tuple[int, str], Array], weights: Array
    ) -> tuple[float, float]:
        """Of the average of the first state: from own noises, and from common ones."""
        own = common = 0.0
        for (state, noise), load in loads.items():
            if state == 0:
                if noise in self.motion.given:
                    common += math.fsum(weights * load) ** 2
                else:
                    own += math.fsum((weights * load) ** 2)
        return own, common

    def drawn(
        self, loads: Mapping[tuple[int, str], Array], weights: Array, draws: int, seed: int
    ) -> tuple[float, float]:
        """The share of own noises from draws of every player's, with its standard error."""
        rng = np.random.default_rng(seed)
        own, common = np.zeros(draws), np.zeros(draws)
        for (state, noise), load in loads.items():
            if state != 0:
                continue
            if noise in self.motion.given:
                common += math.fsum(weights * load) * rng.standard_normal(draws)
            else:
                part = weights * load
                own += np.array([part @ rng.standard_normal(part.size) for _ in range(draws)])
        first, second = float((own**2).mean()), float((common**2).mean())
        share = first / (first + second)
        # both are estimated from so many squares of normal numbers
        return share, 2 * share * (1 - share) / math.sqrt(draws)


def _evaluated(polynomials: Polynomials, env: Mapping[str, Array], size: int) -> list[Array]:
    """Polynomials in letters at points."""
    coefficients = iter(arrays(polynomials.code, env, size))
    found = []
    for terms in polynomials.exponents:
        total: Array = np.zeros(size)
        for powers in terms:
            term = next(coefficients)
            for letter, power in zip(polynomials.letters, powers):
                if power:
                    term = np.asarray(term * env[letter] ** power, float)
            total = np.asarray(total + term, float)
        found.append(total)
    return found
