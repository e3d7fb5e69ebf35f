"""Spike variation: is deviating from a feedback for a short time ever a gain?

Under a feedback that is affine in the states the monomials of degree up to two of affine dynamics
have expectations that solve a linear differential equation m' = M m. Its matrix M follows from the
product rule, d(XY) = X dY + Y dX + d<X, Y>. The expectation of a payoff at an exponential time with
hazard rate h is an integral of matrix exponentials of M, in the limit the resolvent (h - M)^-1.

The agent plays a constant v on [0, eps) and the feedback afterwards. In an equilibrium the gain
rate (J(eps, v) - J(feedback))/eps, J with the state frozen at the decision time as in (2.8)-(2.9)
of the paper, has its maximum over v at the value of the feedback as eps tends to 0 (Ekeland and
Lazrak 2006). The method uses the dynamics, the preference and the horizon of a game and nothing
that was derived from them.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import mpmath
import sympy as sp

from eqsolve.errors import DerivationError, InputError, NoSolutionError
from eqsolve.game import Game
from eqsolve.verify.check import Check

Number: TypeAlias = int | float | Fraction | sp.Expr | mpmath.mpf
Exact: TypeAlias = dict[sp.Symbol, sp.Expr]

#: Decimal digits of the arithmetic. The gain rate loses 18 of them to cancellation.
DIGITS = 60
#: Length of the deviation, in units of time: the gain rate differs from its limit by O(eps).
SPIKE = mpmath.mpf(10) ** -18
#: A coefficient that contributes less than this fraction of the largest contribution to the
#: strategy is compared with that fraction instead of with itself.
FLOOR = sp.Rational(1, 10**6)

STAGE = "spike variation"


def exact(value: Number, what: str) -> sp.Rational:
    """Return a number without rounding; floats and multiprecision numbers count as they are.

    Raises
    ------
    InputError
        If ``value`` is not a finite real number.
    """
    try:
        number = sp.S.Zero + value
    except TypeError:
        number = sp.nan
    if not (number.is_number and number.is_real and number.is_finite):
        raise InputError(f"{what} must be a finite real number, not {value}.", stage="input")
    return sp.Rational(number)


def parameters(game: Game, values: Mapping[sp.Symbol, Number]) -> Exact:
    """Return exact values of the parameters, with abbreviations that are not given filled in."""
    found: Exact = {symbol: exact(value, str(symbol)) for symbol, value in values.items()}
    for symbol, definition in game.definitions.items():
        value = definition.xreplace(found)
        if symbol not in found and not value.free_symbols:
            found[symbol] = value
    return found


def affine_feedback(game: Game, feedback: Mapping[sp.Expr, Number]) -> list[sp.Rational]:
    """Return the coefficients of the states, in order, and of 1; absent ones are zero."""
    monomials = [*game.state_symbols, sp.S.One]
    given = {
        sp.S.Zero + key: exact(value, f"coefficient of {key}") for key, value in feedback.items()
    }
    unknown = [str(key) for key in given if key not in monomials]
    if unknown:
        raise InputError(
            f"the feedback has a coefficient of {unknown[0]}.",
            game=game.name,
            stage="input",
            remedy=f"It may have coefficients of {', '.join(map(str, monomials))}.",
        )
    return [given.get(monomial, sp.S.Zero) for monomial in monomials]


def require_exponential(game: Game, stage: str) -> None:
    """Raise DerivationError unless the horizon is an exponential time."""
    if not game.horizon.stationary:
        raise DerivationError(
            "the horizon is no exponential time.",
            game=game.name,
            stage=stage,
            remedy="This check needs an exponential horizon.",
        )


class _Semigroup:
    """Moments of degree up to two of a game at given parameters, in the caller's precision."""

    def __init__(self, game: Game, values: Exact) -> None:
        require_exponential(game, STAGE)
        self.game, self.values, self.states = game, values, game.state_symbols
        pairs = itertools.combinations_with_replacement(range(len(self.states)), 2)
        # A monomial is the tuple of the states in it: () is 1, (0,) is x, (0, 1) is xy.
        self.basis: list[tuple[int, ...]] = [
            (),
            *((i,) for i in range(len(self.states))),
            *pairs,
        ]
        self.hazard = self.number(game.horizon.hazard)

    def number(self, expr: sp.Expr) -> Any:
        """Numeric value of an expression in the parameters."""
        value = expr.xreplace(self.values)
        if value.free_symbols:
            missing = ", ".join(sorted(map(str, value.free_symbols)))
            raise InputError(f"no value is given for {missing}.", game=self.game.name, stage=STAGE)
        return mpmath.mpmathify(sp.N(value, DIGITS))

    def vector(self, expr: sp.Expr) -> Any:
        """Coefficients of a polynomial of the states, as a row."""
        row = mpmath.zeros(1, len(self.basis))
        polynomial = sp.Poly(sp.expand(expr.xreplace(self.values)), *self.states)
        for exponents, coefficient in polynomial.terms():
            monomial = tuple(i for i, power in enumerate(exponents) for _ in range(power))
            if monomial not in self.basis:
                raise DerivationError(
                    "a payoff or the motion of a second moment is not quadratic in the states.",
                    game=self.game.name,
                    stage=STAGE,
                    remedy="Drifts and loadings must be affine and payoffs of degree two.",
                )
            row[self.basis.index(monomial)] += self.number(coefficient)
        return row

    def motion(self, control: sp.Expr) -> Any:
        """Matrix M of the moments under a control that is an affine function of the states."""
        play = self.values | {self.game.control: control}
        drift = [state.drift.xreplace(play) for state in self.game.states]
        loadings = [
            {noise: load.xreplace(play) for noise, load in state.loadings.items()}
            for state in self.game.states
        ]
        matrix = mpmath.zeros(len(self.basis))
        for row, monomial in enumerate(self.basis):
            if len(monomial) == 1:
                matrix[row, :] = self.vector(drift[monomial[0]])
            elif len(monomial) == 2:
                i, j = monomial
                bracket = sum(
                    (loadings[i][noise] * loadings[j].get(noise, 0) for noise in loadings[i]),
                    sp.S.Zero,
                )
                product_rule = self.states[i] * drift[j] + self.states[j] * drift[i] + bracket
                matrix[row, :] = self.vector(product_rule)
        return matrix

    def payoffs(self, control: sp.Expr) -> list[Any]:
        """Rate at which each moment of the preference accrues, one row of coefficients each.

        With an exponential horizon a payoff accrues at the hazard rate, a running part at rate 1.
        """
        play = {self.game.control: control}
        return [
            self.hazard * self.vector(moment.payoff) + self.vector(moment.running.xreplace(play))
            for moment in self.game.preference.moments
        ]

    def tail(self, matrix: Any, rows: Sequence[Any]) -> list[Any]:
        """Integrals of e^{-h t} row e^{M t} over t > 0, by the resolvent.

        Only the moments on which the payoffs depend have to be finite.
        """
        size = range(len(self.basis))
        needed = {i for row in rows for i in size if row[i] != 0}
        while more := {j for i in needed for j in size if matrix[i, j] != 0} - needed:
            needed |= more
        order = sorted(needed)
        part = mpmath.matrix([[matrix[i, j] for j in order] for i in order])
        eigenvalues = mpmath.eig(part, left=False, right=False)
        abscissa = max(mpmath.re(value) for value in eigenvalues)
        if abscissa >= self.hazard:
            raise NoSolutionError(
                "the second moments at the horizon are infinite under this feedback: their growth"
                f" rate {mpmath.nstr(abscissa, 6)} is not below the hazard rate"
                f" {mpmath.nstr(self.hazard, 6)}.",
                game=self.game.name,
                stage=STAGE,
                remedy="Use a feedback with finite second moments.",
            )
        resolvent = (self.hazard * mpmath.eye(len(order)) - part).T
        tails = []
        for row in rows:
            solution = mpmath.lu_solve(resolvent, mpmath.matrix([row[i] for i in order]))
            tail = mpmath.zeros(1, len(self.basis))
            for value, i in zip(solution, order, strict=True):
                tail[i] = value
            tails.append(tail)
        return tails

    def deviation(self, control: sp.Expr, tails: Sequence[Any], start: Any) -> list[Any]:
        """Moments of the preference with a constant control for the time SPIKE, then the tails.

        The matrix is extended by one row for each payoff, which integrates what has accrued.
        """
        size, rows = len(self.basis), self.payoffs(control)
        extended = mpmath.zeros(size + len(rows))
        extended[:size, :size] = self.motion(control) - self.hazard * mpmath.eye(size)
        for k, row in enumerate(rows):
            extended[size + k, :size] = row
        end = mpmath.expm(SPIKE * extended)[:, :size] * start
        return [end[size + k] + (tail * end[:size, 0])[0] for k, tail in enumerate(tails)]


@dataclass(frozen=True)
class _Response:
    """Maximizer of the gain rate at a state and the second derivative of the gain rate there."""

    maximizer: Any
    curvature: Any


def _response(
    system: _Semigroup, tails: Sequence[Any], state: Sequence[sp.Rational], play: sp.Rational
) -> _Response:
    """Best constant deviation at a state where the feedback plays ``play``.

    The gain rate is quadratic in the deviation up to O(SPIKE), so three values determine it.
    """
    game = system.game
    frozen = dict(zip(game.state_symbols, state, strict=True))
    start = mpmath.matrix(
        [system.number(sp.Mul(*(state[i] for i in monomial))) for monomial in system.basis]
    )

    def objective(moments: Sequence[Any]) -> Any:
        reached = {
            moment.symbol: sp.Float(value, DIGITS)
            for moment, value in zip(game.preference.moments, moments, strict=True)
        }
        return system.number(game.preference.aggregate.xreplace(frozen | reached))

    step = 1 + abs(play)
    base = objective([(tail * start)[0] for tail in tails])
    low, middle, high = (
        (objective(system.deviation(play + shift, tails, start)) - base) / SPIKE
        for shift in (-step, sp.S.Zero, step)
    )
    width = system.number(step)
    slope, curvature = (high - low) / (2 * width), (high - 2 * middle + low) / width**2
    newton = slope / curvature if curvature != 0 else mpmath.nan
    return _Response(system.number(play) - newton, curvature)


def spike_checks(
    game: Game,
    feedback: Mapping[sp.Expr, Number],
    values: Mapping[sp.Symbol, Number],
    states: Sequence[Sequence[Number]],
    *,
    name: str,
    allowed: float = 1e-9,
) -> list[Check]:
    """Check that no short deviation from a feedback is a gain.

    The best deviations at the states determine, by least squares, the coefficients of an affine
    function; each is compared with the one claimed.

    Parameters
    ----------
    game : affine drifts and loadings, payoffs of degree two, exponential horizon.
    feedback : claimed coefficients of the states and of 1, keyed by the monomial.
    values : parameters by symbol; abbreviations of the game that are absent are computed.
    states : points at which to deviate, in the order of the game's states. They must not lie on a
        line (in one dimension: be a single point), so that they determine the coefficients.
    name : what is checked, the start of the names of the checks.
    allowed : largest relative error. Each coefficient is relative to itself, or to 1e-6 of the
        largest contribution to the strategy where that is larger; the strategy is relative to the
        sum of its absolute contributions.

    Returns
    -------
    One check for each coefficient, one for the strategy at all states, one for the second-order
    condition (its error is the number of states at which the gain rate is not concave).

    Raises
    ------
    InputError
        If a number is missing or not finite, or if the states do not determine the coefficients.
    NoSolutionError
        If the second moments at the horizon are infinite under the feedback.
    DerivationError
        If the game is outside the scope of the method.
    """
    with mpmath.workdps(DIGITS):
        return _spike_checks(game, feedback, values, states, name, allowed)


def _spike_checks(
    game: Game,
    feedback: Mapping[sp.Expr, Number],
    values: Mapping[sp.Symbol, Number],
    states: Sequence[Sequence[Number]],
    name: str,
    allowed: float,
) -> list[Check]:
    system = _Semigroup(game, parameters(game, values))
    monomials = [*game.state_symbols, sp.S.One]
    coefficients = affine_feedback(game, feedback)
    points = [[*(exact(value, "a state") for value in state), sp.S.One] for state in states]
    design = sp.Matrix(points)
    if design.shape[1] != len(monomials) or design.rank() < len(monomials):
        raise InputError(
            "the states do not determine the coefficients of the strategy.",
            game=game.name,
            stage=STAGE,
            remedy=f"Give at least {len(monomials)} states of {len(monomials) - 1} numbers"
            " in general position.",
        )

    control = sum((f * m for f, m in zip(coefficients, monomials, strict=True)), sp.S.Zero)
    tails = system.tail(system.motion(control), system.payoffs(control))
    plays = [sum(f * v for f, v in zip(coefficients, point, strict=True)) for point in points]
    responses = [
        _response(system, tails, point[:-1], play)
        for point, play in zip(points, plays, strict=True)
    ]
    best = mpmath.matrix([response.maximizer for response in responses])
    fitted = mpmath.lu_solve(mpmath.matrix(design.tolist()), best)

    # The size of each state among the points makes contributions of different units comparable.
    sizes = [max(abs(value) for value in column) for column in zip(*points, strict=True)]
    largest = max(abs(f) * size for f, size in zip(coefficients, sizes, strict=True))
    checks = []
    for monomial, claimed, reference, size in zip(
        monomials, coefficients, fitted, sizes, strict=True
    ):
        scale = max(abs(claimed), FLOOR * largest / size) or sp.S.One
        checks.append(
            Check(
                name=f"{name}: coefficient of {monomial} in the strategy",
                game=game.name,
                kind="spike",
                value=float(claimed),
                reference=float(reference),
                error=float(abs(system.number(claimed) - reference) / system.number(scale)),
                allowed=allowed,
                note="Coefficient of the best short deviation; relative error.",
            )
        )
    return [*checks, *_pointwise(system, name, allowed, coefficients, points, plays, responses)]


def _pointwise(
    system: _Semigroup,
    name: str,
    allowed: float,
    coefficients: Sequence[sp.Rational],
    points: Sequence[Sequence[sp.Rational]],
    plays: Sequence[sp.Rational],
    responses: Sequence[_Response],
) -> list[Check]:
    """Checks of the strategy and of the second-order condition at the states themselves."""
    errors = []
    for point, play, response in zip(points, plays, responses, strict=True):
        scale = sum(abs(f * v) for f, v in zip(coefficients, point, strict=True)) or sp.S.One
        errors.append(abs(system.number(play) - response.maximizer) / system.number(scale))
    # A NaN is the largest error, whatever its place.
    worst = max(range(len(errors)), key=lambda k: (bool(mpmath.isnan(errors[k])), errors[k]))
    curvatures = [response.curvature for response in responses]
    return [
        Check(
            name=f"{name}: strategy at {len(points)} states",
            game=system.game.name,
            kind="spike",
            value=float(plays[worst]),
            reference=float(responses[worst].maximizer),
            error=float(errors[worst]),
            allowed=allowed,
            note="Best short deviation at the state with the largest relative error.",
        ),
        Check(
            name=f"{name}: second-order condition at {len(points)} states",
            game=system.game.name,
            kind="spike",
            value=0.0,
            reference=float(max(curvatures)),
            error=float(sum(not curvature < 0 for curvature in curvatures)),
            allowed=0.0,
            note="Largest second derivative of the gain rate; the error counts states where it is"
            " not negative.",
        ),
    ]
