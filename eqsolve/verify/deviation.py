"""Spike variation: no short deviation from a strategy is a gain.

A player who plays ``u`` on ``[t, t + eps)`` and the strategy afterwards gains
``eps (sum_k F_k (A^u U_k + R_k(u)) - the same at the strategy) + O(eps^2)`` with ``U_k`` the
expectations under the strategy (Ekeland and Lazrak 2006; Bjork and Murgoci 2014). The expectations
come from linear equations of moments (``moments``); of the claim only the strategy is used. With
open-loop strategies nobody reacts to the deviation, the player included: all play what they would
have played without it. At an equilibrium the derivative of the gain in ``u`` vanishes at the
strategy and the second derivative is definite.
"""

from __future__ import annotations

import math

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from eqsolve.arithmetic.function import Function
from eqsolve.errors import DerivationError, NoSolutionError
from eqsolve.game import Player, t
from eqsolve.studies.coordinates import state_space
from eqsolve.studies.equilibrium import Equilibrium
from eqsolve.studies.moments import Moments
from eqsolve.verify.check import Check

Array = NDArray[np.float64]

#: Largest distance of the best deviation from the strategy, relative to the strategy's size.
ALLOWED = 1e-8
#: Times at which a player deviates, as fractions of a finite horizon.
TIMES = (0.0, 0.37, 0.81)


def deviation_checks(claim: Equilibrium, *, allowed: float = ALLOWED) -> list[Check]:
    """Check every player's strategy against short deviations.

    Parameters
    ----------
    claim : the strategy and the parameters.
    allowed : largest distance of the best deviation from the strategy, relative to the size of the
        strategy's terms.

    Returns
    -------
    Two checks a player: the distance of the best deviation, and the definiteness of the second
    derivatives. ``not verified`` where expectations do not follow from finitely many moments.
    """
    checks = []
    for player in claim.game.players:
        try:
            checks += _Spike(claim, player).checks(allowed)
        except NoSolutionError as error:
            checks.append(_row(claim, player, "best deviation", math.nan, allowed, str(error)))
        except DerivationError as error:
            checks.append(
                _row(claim, player, "best deviation", 0.0, allowed, str(error), refused=True)
            )
    return checks


def _row(
    claim: Equilibrium,
    player: Player,
    label: str,
    error: float,
    allowed: float,
    note: str,
    refused: bool = False,
) -> Check:
    return Check(
        name=f"{label} of {player.name}",
        game=claim.game.name,
        kind="spike",
        value=error,
        reference=0.0,
        error=error,
        allowed=allowed,
        note=note,
        refused=refused,
    )


class _Spike:
    """The gain rates of one player's deviations."""

    def __init__(self, claim: Equilibrium, player: Player) -> None:
        if claim.game.notion not in ("feedback", "planner", "open-loop"):
            raise claim.game.error(
                f"deviations of the notion {claim.game.notion} are not followed.", stage="spike"
            )
        self.claim, self.player = claim, player
        self.moments = Moments(claim, player)
        self.shifts, self.deviating = self._deviation()

    def _deviation(self) -> tuple[list[sp.Symbol], dict[sp.Symbol, sp.Expr]]:
        """Letters of the deviation, and the controls of all copies with it.

        A player shifts the own controls; a planner shifts everybody's, and their slopes.
        """
        world, played = self.claim.world, dict(self.moments.played)
        shifts: list[sp.Symbol] = []
        for control in self.player.controls:
            shift = sp.Dummy(f"{control}+")
            shifts.append(shift)
            if self.claim.game.notion == "planner":
                # who is alone is at the mean
                for state in self.claim.game.state_symbols if world.size != 1 else ():
                    slope = sp.Dummy(f"{control}*")
                    shifts.append(slope)
                    mean = sp.Add(*(weight * place[state] for weight, place in world.places))
                    for copy in world.copies:
                        played[copy.controls[control]] += slope * (copy.states[state] - mean)
                for copy in world.copies:
                    played[copy.controls[control]] += shift
            else:
                played[world.first.controls[control]] += shift
        return shifts, played

    def checks(self, allowed: float) -> list[Check]:
        """The two checks."""
        claim, moments = self.claim, self.moments
        moments.basis
        end = 1.0 if claim.last is None else float(claim.last)
        times = np.array([f * end for f in (TIMES if claim.last is not None else TIMES[:1])])
        values = moments.values(times)
        plays = Function([self.moments.played[c] for c in self._own], self._arguments)
        slopes, bends = self._gains()
        sense = -1.0 if self.player.preference.sense == "maximize" else 1.0
        worst, definite, where = 0.0, 0, ""
        for k, time in enumerate(times):
            letters = [*map(float, claim.strategy(np.array([time]))[:, 0]), float(time)]
            for group in self.groups():
                gradient, hessian = np.zeros(len(self.shifts)), np.zeros((len(self.shifts),) * 2)
                size = np.zeros(len(self.shifts))
                for weight, state in group:
                    arguments = [*map(float, state), *letters]
                    marginal = self._marginals(values[k], state)
                    shape = (len(moments.rows), -1)
                    rows = np.concatenate([values[k], np.eye(len(moments.rows))], axis=1)
                    gain = np.array(slopes(arguments)).reshape(len(self.shifts), *shape[1:])
                    gradient += weight * self._sum(gain, rows, marginal)
                    bend = np.array(bends(arguments)).reshape(len(self.shifts) ** 2, -1)
                    hessian += weight * self._sum(bend, rows, marginal).reshape(hessian.shape)
                    size = np.maximum(size, self._sizes(arguments, plays))
                least = np.linalg.eigvalsh(sense * (hessian + hessian.T) / 2).min()
                definite += not least > 0
                step = np.linalg.solve(hessian, -gradient) if least > 0 else np.full(1, np.nan)
                error = float(np.max(np.abs(step) / size)) if least > 0 else math.nan
                if not error <= worst:
                    worst, where = error, f"at t = {time:.6g}, states {group[0][1]}"
        kind = "maximum" if sense < 0 else "minimum"
        return [
            _row(claim, self.player, "best deviation", worst, allowed, f"Largest {where}."),
            _row(
                claim,
                self.player,
                f"{kind} of the gain",
                float(definite),
                0.0,
                "Number of points at which the second derivatives are not definite.",
            ),
        ]

    @property
    def _own(self) -> list[sp.Symbol]:
        return [self.claim.world.first.controls[c] for c in self.player.controls]

    @property
    def _arguments(self) -> list[sp.Symbol]:
        return [*self.moments.closed.states, *self.claim.letters, t]

    def _sizes(self, arguments: list[float], plays: Function) -> Array:
        """The size of the strategy's terms, for every letter of the deviation."""
        count = len(self.moments.closed.states)
        low = [v * (1 - 2.0**-20) for v in arguments[:count]]
        here = np.abs(plays(arguments))
        moved = np.abs(np.array(plays([*low, *arguments[count:]])) - np.array(plays(arguments)))
        size = np.maximum(here, moved * 2.0**20)
        size = np.where(size > 0, size, 1.0)
        return np.repeat(size, len(self.shifts) // len(size))

    def _sum(self, gain: Array, rows: Array, marginal: Array) -> Array:
        """``sum_k F_k (sum_j U_kj gain_j + running_k)``, for every derivative."""
        return np.array(marginal @ (rows @ gain.T))

    def _gains(self) -> tuple[Function, Function]:
        """First and second derivatives in the deviation, at the strategy.

        For every letter: of the generator of each monomial, then of each running part.
        """
        moments = self.moments
        moved = moments.dynamics.closed(self.deviating)
        parts = [moved.generator(moments.monomial(e)) for e in moments.basis]
        parts += [r.xreplace(self.deviating) for *_, r in moments.rows]
        still = {s: sp.S.Zero for s in self.shifts}
        first = [sp.diff(p, s) for s in self.shifts for p in parts]
        second = [sp.diff(p, s, u) for s in self.shifts for u in self.shifts for p in parts]
        return (
            Function([e.xreplace(still) for e in first], self._arguments),
            Function([e.xreplace(still) for e in second], self._arguments),
        )

    def _marginals(self, values: Array, state: Array) -> Array:
        """Derivatives of the preference in its moments, the state frozen."""
        claim, moments = self.claim, self.moments
        reached = values @ moments.evaluate(state[None])[0]
        names = [m.symbol for m, *_ in moments.rows]
        aggregate = claim.world.of_copy(self.player.preference.aggregate, claim.world.first)
        aggregate = aggregate.xreplace(claim.numbers)
        function = Function(
            [sp.diff(aggregate, m) for m in names], [*names, *moments.closed.states]
        )
        return np.array(function([*map(float, reached), *map(float, state)]))

    def _inside(self, states: list[sp.Symbol], begin: Array, point: Array) -> Array:
        """A point, half way from the start to the bound where a state passes a bound."""
        copies = self.claim.world.copies
        named = {name: s for copy in copies for s, name in copy.states.items()}
        for k, name in enumerate(states):
            domain = state_space(self.claim.model, named.get(name, name))
            low, high = float(domain.inf), float(domain.sup)
            if not low < point[k] < high:
                point[k] = (begin[k] + min(max(point[k], low), high)) / 2
        return point

    def groups(self) -> list[list[tuple[float, Array]]]:
        """Points at which a player deviates; for a planner, laws as weighted points.

        The points are in general position, one more than there are states; for a planner of
        finitely many the start, where all may be at one place, is left out.
        """
        claim = self.claim
        states = [s for s in self.moments.closed.states if s in claim.begin]
        begin = np.array([float(claim.begin[s]) for s in states])
        points = [begin]
        for k in range(len(states)):
            point = begin * (1 + 0.25 * np.sin(np.arange(len(states)) + k))
            point[k] += 0.5 * (abs(begin[k]) + 0.5)
            points.append(self._inside(states, begin, point))
        if claim.game.notion != "planner":
            copies = 2 if self.moments.shadows else 1
            return [[(1.0, np.tile(point, copies))] for point in points]
        if claim.world.size is not None:
            # where all are at one place the slopes of a deviation do not count
            return [self._seen_by_all(point) for point in points[1:]]
        variances = [0.16 * (1 + k) for k in range(len(claim.game.states))]
        return [claim.spread(point, variances) for point in points]

    def _seen_by_all(self, point: Array) -> list[tuple[float, Array]]:
        """A point as every one of finitely many copies sees it, who is first."""
        copies, found = len(self.claim.world.copies), []
        table = point.reshape(copies, -1)
        for k in range(copies):
            order = [k, *(j for j in range(copies) if j != k)]
            found.append((1 / copies, table[order].ravel()))
        return found
