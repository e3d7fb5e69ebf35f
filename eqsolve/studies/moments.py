"""Expectations of polynomials of the states under a strategy, by their linear equations.

``E[f(X_s) | X_t = x]`` of a polynomial f is a polynomial in x where drifts, squared loadings and
jumps keep a finite set of monomials: then its coefficients solve a linear differential equation
backwards from the horizon, or a linear system where nothing depends on time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from eqsolve.arithmetic.function import Function
from eqsolve.errors import DerivationError, NoSolutionError
from eqsolve.game import Moment, Player, t
from eqsolve.game.world import Dynamics
from eqsolve.studies.equilibrium import Equilibrium

Array = NDArray[np.float64]
#: Exponents of the states.
Monomial: TypeAlias = tuple[int, ...]

#: Most monomials that are followed.
MOST = 150
_TOLERANCE = 1e-13


@dataclass(frozen=True)
class Moments:
    """Conditional expectations of one player's moments under the claimed strategy.

    Parameters
    ----------
    claim : the strategy.
    player : whose moments.
    """

    claim: Equilibrium
    player: Player

    @cached_property
    def shadows(self) -> dict[sp.Symbol, sp.Symbol]:
        """For open-loop strategies, the states had nobody deviated, from which everybody plays."""
        if self.claim.game.notion != "open-loop":
            return {}
        states = self.claim.world.dynamics().states
        return {s: sp.Symbol(f"{s.name}*") for s in states}

    @cached_property
    def played(self) -> dict[sp.Symbol, sp.Expr]:
        """The controls of all copies, with numbers for the parameters."""
        return {c: e.xreplace(self.shadows) for c, e in self.claim.played.items()}

    @cached_property
    def dynamics(self) -> Dynamics:
        """The motion of the states, controls as letters, and of the shadows."""
        own = self.claim.world.dynamics().closed(self.claim.numbers)
        if not self.shadows:
            return own
        if own.jumps:
            raise self.claim.game.error("jumps of open-loop strategies.", stage="moments")
        still = own.closed(self.played).closed(self.shadows)
        names = self.shadows
        return Dynamics(
            {**own.drift, **{names[s]: e for s, e in still.drift.items()}},
            tuple(
                {**here, **{names[s]: e for s, e in there.items()}}
                for here, there in zip(own.noises, still.noises, strict=True)
            ),
            (),
        )

    @cached_property
    def closed(self) -> Dynamics:
        """The motion under the strategy."""
        return self.dynamics.closed(self.played)

    @cached_property
    def rows(self) -> list[tuple[Moment, sp.Expr, sp.Expr]]:
        """Every moment with its payoff and its running part, controls as letters."""
        world, numbers = self.claim.world, self.claim.numbers
        return [
            (
                m,
                world.of_copy(m.payoff, world.first).xreplace(numbers),
                world.of_copy(m.running, world.first).xreplace(numbers),
            )
            for m in self.player.preference.moments
        ]

    @cached_property
    def rates(self) -> tuple[sp.Expr, sp.Expr]:
        """The hazard rate, and the rate at which the player's payoffs are worth less."""
        game, claim = self.claim.game, self.claim
        hazard = game.horizon.hazard.xreplace(claim.spelled).xreplace(claim.numbers)
        discount = self.player.discount.xreplace(claim.spelled).xreplace(claim.numbers)
        return hazard, hazard + discount

    @cached_property
    def basis(self) -> dict[Monomial, int]:
        """The monomials that are followed, by exponents of the states, with their numbers.

        Raises
        ------
        DerivationError
            If payoffs are no polynomials, or if no finite set of monomials is closed.
        """
        payoffs = [payoff for _, payoff, _ in self.rows]
        return self._closed([*payoffs, *(r.xreplace(self.played) for *_, r in self.rows)])

    def _closed(self, expressions: Iterable[sp.Expr]) -> dict[Monomial, int]:
        """The monomials of polynomials, and those that their motion needs."""
        wanted: dict[Monomial, int] = {}
        pending: list[Monomial] = []

        def want(polynomial: Iterable[Monomial]) -> None:
            for exponents in polynomial:
                if exponents not in wanted:
                    wanted[exponents] = len(wanted)
                    pending.append(exponents)

        for expression in expressions:
            want(self.polynomial(expression))
        while pending:
            if len(wanted) > MOST:
                raise self.claim.game.error("no finite set of moments is closed.", stage="moments")
            want(self.motion(pending.pop()))
        return wanted

    def motion(self, exponents: Monomial) -> dict[Monomial, sp.Expr]:
        """The generator of a monomial under the strategy."""
        if exponents not in self._motions:
            moved = self.closed.generator(self.monomial(exponents))
            self._motions[exponents] = self.polynomial(moved)
        return self._motions[exponents]

    @cached_property
    def _motions(self) -> dict[Monomial, dict[Monomial, sp.Expr]]:
        return {}

    def _matrix(self, basis: Mapping[Monomial, int]) -> Callable[[float], Array]:
        entries = {
            (i, basis[e]): c
            for exponents, i in basis.items()
            for e, c in self.motion(exponents).items()
        }
        return self.numeric(entries, (len(basis), len(basis)))

    def monomial(self, exponents: Monomial) -> sp.Expr:
        """A monomial of the states."""
        return sp.Mul(*(s**e for s, e in zip(self.closed.states, exponents, strict=True)))

    def polynomial(self, expression: sp.Expr) -> dict[Monomial, sp.Expr]:
        """The coefficients of an expression that is a polynomial of the states."""
        try:
            polynomial = sp.Poly(sp.expand(expression), *self.closed.states)
        except sp.PolynomialError as error:
            raise self.claim.game.error(
                "a payoff or a motion is no polynomial of the states.", stage="moments"
            ) from error
        return dict(polynomial.terms())

    @cached_property
    def system(self) -> tuple[Callable[[float], Array], Callable[[float], Array]]:
        """Matrix A of the backward equation and the rows of running parts, by time.

        ``A[i, j]`` is the coefficient of monomial j in the generator of monomial i.
        """
        shape = (len(self.rows), len(self.basis))
        running = self._entries(r.xreplace(self.played) for *_, r in self.rows)
        return self._matrix(self.basis), self.numeric(running, shape)

    def _entries(self, rows: Iterable[sp.Expr]) -> dict[tuple[int, int], sp.Expr]:
        return {
            (k, self.basis[e]): c
            for k, row in enumerate(rows)
            for e, c in self.polynomial(row).items()
        }

    def numeric(
        self, entries: dict[tuple[int, int], sp.Expr], shape: tuple[int, int]
    ) -> Callable[[float], Array]:
        """A matrix whose entries are expressions in coefficients and time."""
        letters = [*self.claim.letters, t]
        function = Function(entries.values(), letters)
        places = tuple(np.array(list(entries), dtype=int).reshape(-1, 2).T)

        def at(time: float) -> Array:
            values = [*map(float, self.claim.strategy(np.array([time]))[:, 0]), float(time)]
            found = np.zeros(shape)
            found[places] = function(values)
            return found

        return at

    @cached_property
    def payoffs(self) -> Array:
        """Rows of payoffs."""
        shape = (len(self.rows), len(self.basis))
        return self.numeric(self._entries(p for _, p, _ in self.rows), shape)(0.0)

    def values(self, times: Array) -> Array:
        """(times, moments, monomials): coefficients of the moments' expectations.

        Raises
        ------
        NoSolutionError
            If expectations are infinite.
        DerivationError
            If an infinite horizon depends on time.
        """
        matrix, running = self.system
        claim = self.claim
        hazard, rate = (Function([e], [t, *claim.moving]) for e in self.rates)
        payoffs = self.payoffs
        if claim.end is None:
            return self._stationary(matrix(0.0), running(0.0), times)
        found, shape = np.empty((len(times), *payoffs.shape)), payoffs.shape
        value = np.ravel(payoffs)
        for first, last in reversed(claim.stretches):
            before = np.nextafter(last, first)  # at a jump the rate is that of the stretch

            def slope(s: float, flat: Array, top: float = last, low: float = before) -> Array:
                now = min(float(top - s), float(low))
                w = flat.reshape(shape)
                here = [now, *map(float, claim.moved(np.array([now]))[:, 0])]
                moved = w @ matrix(now) - rate(here)[0] * w
                return np.ravel(moved + running(now) + hazard(here)[0] * payoffs)

            inside = np.flatnonzero((first <= times) & (times <= last))
            gone, places = np.unique([*(last - times[inside]), last - first], return_inverse=True)
            run = solve_ivp(
                slope,
                (0.0, last - first),
                value,
                method="DOP853",
                t_eval=gone,
                rtol=_TOLERANCE,
                atol=1e-15,
            )
            if not run.success or not np.all(np.isfinite(run.y)):
                raise NoSolutionError(
                    "expectations are infinite.", game=claim.game.name, stage="moments"
                )
            found[inside] = run.y.T[places[:-1]].reshape(-1, *shape)
            value = run.y[:, -1]
        return found

    def _stationary(self, matrix: Array, running: Array, times: Array) -> Array:
        hazard, rate = self.rates
        letters = set().union(*(e.free_symbols for e in (hazard, rate)))
        moving = any(t in e.free_symbols for e in self.closed.drift.values())
        if t in letters or moving:
            raise self.claim.game.error("an infinite horizon depends on time.", stage="moments")
        kappa, due = float(rate), float(hazard)
        reached = self.abscissa(matrix)
        if reached >= kappa:
            raise NoSolutionError(
                f"expectations grow at rate {reached:.6g}, not below {kappa:.6g}.",
                game=self.claim.game.name,
                stage="moments",
            )
        left = (kappa * np.eye(len(matrix)) - matrix).T
        found = np.linalg.solve(left, (running + due * self.payoffs).T).T
        return np.broadcast_to(found, (len(times), *found.shape))

    def growth(self, power: int) -> float | None:
        """The growth rate of the expectations of payoffs and running parts to a power.

        None where they do not follow from finitely many moments.
        """
        own = [p**power for _, p, _ in self.rows]
        own += [r.xreplace(self.played) ** power for *_, r in self.rows]
        try:
            basis = self._closed(own)
        except DerivationError:
            return None
        return self.abscissa(self._matrix(basis)(0.0))

    @staticmethod
    def abscissa(matrix: Array) -> float:
        """The largest real part of an eigenvalue."""
        return float(np.linalg.eigvals(matrix).real.max()) if len(matrix) else -np.inf

    def evaluate(self, states: Array) -> Array:
        """(points, monomials) at states, (points, states)."""
        powers = np.array(list(self.basis), dtype=int)
        return np.array(np.prod(states[:, None, :] ** powers[None], axis=2))
