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
from flint import Ordering, acb, arb, arb_mat, ctx, fmpq, fmpq_mat, fmpq_mpoly, fmpq_mpoly_ctx

from eqsolve.errors import DerivationError, InputError, NoSolutionError
from eqsolve.game import Game
from eqsolve.verify.check import Check

Number: TypeAlias = int | float | Fraction | sp.Expr | mpmath.mpf
Exact: TypeAlias = dict[sp.Symbol, sp.Expr]

#: Decimal digits of the arithmetic. The gain rate loses 18 of them to cancellation.
DIGITS = 60
#: Length of the deviation, in units of time: the gain rate differs from its limit by O(eps).
SPIKE = fmpq(1, 10**18)
#: Bits of the exponentials, whose sums lose none to cancellation.
BITS = 300
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
    """Moments of degree up to two of a game at given parameters: rational, and exact but for exp.

    Polynomials are in the states and the control, in that order.
    """

    def __init__(self, game: Game, values: Exact) -> None:
        require_exponential(game, STAGE)
        self.game, self.values, self.states = game, values, game.state_symbols
        size = len(self.states)
        pairs = itertools.combinations_with_replacement(range(size), 2)
        # A monomial is the tuple of the states in it: () is 1, (0,) is x, (0, 1) is xy.
        self.basis: list[tuple[int, ...]] = [(), *((i,) for i in range(size)), *pairs]
        self.ring = fmpq_mpoly_ctx.get([f"v{i}" for i in range(size + 1)], Ordering.lex)
        self.hazard = self.rational(game.horizon.hazard)
        self.drift = [self.polynomial(state.drift) for state in game.states]
        self.loadings = [
            {noise: self.polynomial(load) for noise, load in state.loadings.items()}
            for state in game.states
        ]
        # with an exponential horizon a payoff accrues at the hazard rate, a running part at rate 1
        self.accruing = [
            self.hazard * self.polynomial(moment.payoff) + self.polynomial(moment.running)
            for moment in game.preference.moments
        ]
        self.aggregate = sp.lambdify(
            [*self.states, *(moment.symbol for moment in game.preference.moments)],
            game.preference.aggregate.xreplace(values),
            modules="mpmath",
        )

    def known(self, expr: sp.Expr) -> sp.Expr:
        """Value of an expression in the parameters."""
        value = expr.xreplace(self.values)
        if value.free_symbols:
            missing = ", ".join(sorted(map(str, value.free_symbols)))
            raise InputError(f"no value is given for {missing}.", game=self.game.name, stage=STAGE)
        return value

    def number(self, expr: sp.Expr) -> Any:
        """The same in the caller's precision."""
        return mpmath.mpmathify(sp.N(self.known(expr), DIGITS))

    def rational(self, expr: sp.Expr) -> fmpq:
        """The same as a rational number, rounded if it is none."""
        value = self.known(expr)
        found = value if value.is_Rational else sp.Rational(sp.N(value, DIGITS))
        return fmpq(int(found.p), int(found.q))

    def polynomial(self, expr: sp.Expr) -> fmpq_mpoly:
        """A polynomial of the states and the control."""
        variables = *self.states, self.game.control
        terms = sp.Poly(sp.expand(expr.xreplace(self.values)), *variables).terms()
        return self.ring.from_dict({powers: self.rational(value) for powers, value in terms})

    def vector(self, polynomial: fmpq_mpoly) -> list[fmpq]:
        """Coefficients of a polynomial of the states, as a row."""
        row = [fmpq(0)] * len(self.basis)
        for exponents, coefficient in polynomial.to_dict().items():
            monomial = tuple(i for i, power in enumerate(exponents) for _ in range(power))
            if monomial not in self.basis:
                raise DerivationError(
                    "a payoff or the motion of a second moment is not quadratic in the states.",
                    game=self.game.name,
                    stage=STAGE,
                    remedy="Drifts and loadings must be affine and payoffs of degree two.",
                )
            row[self.basis.index(monomial)] = coefficient
        return row

    def motion(self, control: fmpq_mpoly) -> list[list[fmpq]]:
        """Matrix M of the moments under a control that is an affine function of the states."""
        states = self.ring.gens()[:-1]
        drift = [f.compose(*states, control) for f in self.drift]
        loadings = [
            {noise: f.compose(*states, control) for noise, f in row.items()}
            for row in self.loadings
        ]
        rows = []
        for monomial in self.basis:
            rate = self.ring.constant(0)
            if len(monomial) == 1:
                rate = drift[monomial[0]]
            elif len(monomial) == 2:
                i, j = monomial
                rate = states[i] * drift[j] + states[j] * drift[i]
                for noise in loadings[i].keys() & loadings[j].keys():
                    rate += loadings[i][noise] * loadings[j][noise]
            rows.append(self.vector(rate))
        return rows

    def payoffs(self, control: fmpq_mpoly) -> list[list[fmpq]]:
        """Rate at which each moment of the preference accrues, one row of coefficients each."""
        states = self.ring.gens()[:-1]
        return [self.vector(rate.compose(*states, control)) for rate in self.accruing]

    def tail(self, matrix: Sequence[Sequence[fmpq]], rows: Sequence[Sequence[fmpq]]) -> fmpq_mat:
        """Integrals of e^{-h t} row e^{M t} over t > 0, by the resolvent.

        Only the moments on which the payoffs depend have to be finite.
        """
        size = range(len(self.basis))
        needed = {i for row in rows for i in size if row[i] != 0}
        while more := {j for i in needed for j in size if matrix[i][j] != 0} - needed:
            needed |= more
        order = sorted(needed)
        part = fmpq_mat([[matrix[i][j] for j in order] for i in order])
        # pairs of a root and its multiplicity
        roots: Any = part.charpoly().complex_roots() if order else []
        rates = [acb(root).real for root, _ in roots]
        highest = max(rates, key=lambda rate: float(rate.mid()), default=None)
        if highest is not None and not all(rate < arb(self.hazard) for rate in rates):
            raise NoSolutionError(
                "the second moments at the horizon are infinite under this feedback: their growth"
                f" rate {float(highest):.6g} is not below the hazard rate"
                f" {float(arb(self.hazard)):.6g}.",
                game=self.game.name,
                stage=STAGE,
                remedy="Use a feedback with finite second moments.",
            )
        tails = fmpq_mat(len(rows), len(size))
        if not order:
            return tails
        unit = fmpq_mat([[fmpq(int(i == j)) for j in order] for i in order])
        right = fmpq_mat([[row[i] for row in rows] for i in order])
        solution = (self.hazard * unit - part).transpose().solve(right)
        for i, place in enumerate(order):
            for k in range(len(rows)):
                tails[k, place] = solution[i, k]
        return tails

    def reached(self, control: fmpq, tails: fmpq_mat, start: fmpq_mat) -> list[Any]:
        """Moments of the preference with a constant control for the time SPIKE, then the tails.

        The matrix is extended by one row for each payoff, which integrates what has accrued.
        """
        constant = self.ring.constant(control)
        size, rows = len(self.basis), self.payoffs(constant)
        whole = size + len(rows)
        extended = arb_mat(whole, whole)
        for i, row in enumerate([*self.motion(constant), *rows]):
            for j, value in enumerate(row):
                extended[i, j] = SPIKE * (value - self.hazard if i == j else value)
        end = extended.exp() * arb_mat(
            [[arb(start[i, 0])] for i in range(size)] + [[0]] * len(rows)
        )
        after = arb_mat(tails) * arb_mat([[end[i, 0]] for i in range(size)])
        return [_multiprecision(end[size + k, 0] + after[k, 0]) for k in range(len(rows))]


def _multiprecision(value: arb) -> Any:
    """The middle of a ball in the caller's precision."""
    mantissa, exponent = value.mid().man_exp()
    return mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))


@dataclass(frozen=True)
class _Response:
    """Maximizer of the gain rate at a state and the second derivative of the gain rate there."""

    maximizer: Any
    curvature: Any


def _response(
    system: _Semigroup, tails: fmpq_mat, state: Sequence[sp.Rational], play: sp.Rational
) -> _Response:
    """Best constant deviation at a state where the feedback plays ``play``.

    The gain rate is quadratic in the deviation up to O(SPIKE), so three values determine it.
    """
    start = fmpq_mat(
        [[system.rational(sp.Mul(*(state[i] for i in monomial)))] for monomial in system.basis]
    )
    point = [system.number(value) for value in state]
    step = 1 + abs(play)
    begin = tails * start
    base = system.aggregate(
        *point, *(_multiprecision(arb(begin[k, 0])) for k in range(begin.nrows()))
    )
    low, middle, high = (
        (
            system.aggregate(*point, *system.reached(system.rational(play + shift), tails, start))
            - base
        )
        * int(1 / SPIKE)
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
    with mpmath.workdps(DIGITS), ctx.workprec(BITS):
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

    played = sum((f * m for f, m in zip(coefficients, monomials, strict=True)), sp.S.Zero)
    control = system.polynomial(played)
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
