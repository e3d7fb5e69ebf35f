"""The strategy of n agents as a function of N = 1/n: limit, derivatives and exact differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TypeVar

import sympy as sp
from flint import arb

from eqsolve.arithmetic.ball import Values, evaluate
from eqsolve.arithmetic.number import DivisionByZero, UndecidedError, ball, number, precision
from eqsolve.derivation.closed_form import ClosedForm, Definition, run
from eqsolve.derivation.limits import derivative
from eqsolve.errors import NoSolutionError
from eqsolve.notated.published import Published
from eqsolve.solve.closed_form.loop import ClosedLoop
from eqsolve.solve.closed_form.point import PointSolver
from eqsolve.symbols import symbols

_PRECISIONS = (256, 1024, 4096)
_Result = TypeVar("_Result")


def coefficients(model: Published) -> dict[str, sp.Symbol]:
    """The strategy's coefficients by monomial of the state, as keys of the results."""
    return dict(zip(model.monomials, model.parts.strategy))


def quantities(model: Published) -> dict[str, sp.Symbol]:
    """What converges, by key of the results: the coefficients, and the position at wealth 1."""
    played = model.parts.played
    return coefficients(model) | {played.name: played}


@lru_cache
def _form(finite: Published) -> tuple[ClosedForm, dict[int, tuple[str, ...]]]:
    """The closed form with its first and second derivatives in N, and the names of each order."""
    share = finite.parts.reciprocal
    inner = {s: e for s, e in finite.game.definitions.items() if e.has(share)}
    own, others, constant = finite.parts.strategy
    position = Definition(finite.parts.played, own + (1 - share) * others + constant)
    form = finite.derivation.form.extended([position])
    names = {0: tuple(s.name for s in quantities(finite).values())}
    for order in (1, 2):
        form = derivative(form, symbols(" ".join(names[order - 1])), share, inner)
        names[order] = tuple(f"d{name}" for name in names[order - 1])
    return form, names


def _at(pair: Pair, given: Mapping[str, Fraction], orders: Sequence[int]) -> dict[int, list[arb]]:
    """Everything of some orders at one point; without a number of agents in the limit.

    Raises
    ------
    NoSolutionError
        If there is no admissible root.
    """
    finite, at = pair.finite, pair.at(given)
    (form, names), roles = _form(finite), finite.parts
    share = roles.reciprocal
    solver = PointSolver(at, given)
    candidates = [root.p1 for root in solver.roots() if root.admissible]
    if not candidates:
        raise NoSolutionError("there is no admissible root.", game=finite.name, stage="convergence")
    values: Values = dict(solver.values)
    values[roles.root] = max(candidates, key=lambda p: float(values[roles.slope] * p))
    values.setdefault(share, arb(0))
    for name, definition in finite.game.definitions.items():
        if name not in values:
            values[name] = evaluate(definition, values)
    wanted = {order: symbols(" ".join(names[order])) for order in orders}
    run(form.needed(s for row in wanted.values() for s in row), values)
    return {order: [values[s] for s in row] for order, row in wanted.items()}


def everybody(pair: Pair, given: Mapping[str, Fraction]) -> tuple[ClosedLoop, dict[sp.Symbol, arb]]:
    """What everybody obtains from a common feedback, and the state of everybody at wealth 1."""
    finite, at = pair.finite, pair.at(given)
    solver = PointSolver(at, given)
    loop = ClosedLoop(at, solver.values, solver.exact)
    x, y = at.game.state_symbols
    others = 1 - solver.values.get(finite.parts.reciprocal, arb(0))
    return loop, {x: arb(1), y: others, finite.parts.square: loop.second_moment(others)}


def _gain(pair: Pair, given: Mapping[str, Fraction], feedback: Sequence[arb]) -> float:
    """Exploitability of a feedback that everybody at wealth 1 plays."""
    loop, state = everybody(pair, given)
    return number(loop.exploitability(loop.moments(feedback), feedback, state))


def limit_feedback(pair: Pair, given: Mapping[str, Fraction]) -> tuple[arb, ...]:
    """The coefficients of the continuum's given-aggregate strategy, at the working precision."""
    return tuple(_at(pair, given, (0,))[0][:3])


def decided(compute: Callable[[], _Result], game: str) -> _Result:
    """Compute at the first precision that decides every sign.

    Raises
    ------
    NoSolutionError
        If none does, or something that is divided by is zero.
    """
    for bits in _PRECISIONS:
        with precision(bits):
            try:
                return compute()
            except UndecidedError:
                continue
            except DivisionByZero:
                break
    raise NoSolutionError(
        "the expansion in 1/n is singular at these parameters.", game=game, stage="convergence"
    )


@dataclass(frozen=True)
class Pair:
    """A game of finitely many agents and the same of a continuum."""

    finite: Published
    limit: Published

    def at(self, given: Mapping[str, Fraction]) -> Published:
        """The game that is meant: without a number of agents the limit."""
        return self.finite if self.finite.parts.size.name in given else self.limit


class Expansion:
    """``k(n) = k + c1/n + c2/n^2 + O(1/n^3)`` at one parameter point, in ball arithmetic.

    The closed form is differentiated in ``N = 1/n`` symbolically, its root implicitly, and
    evaluated at ``N = 0``.

    Parameters
    ----------
    pair : the finite game and its limit.
    given : exact parameters of the limit.

    Attributes
    ----------
    limit, first, second : doubles by key of :func:`quantities`: the limit, ``c1`` and ``c2``.
    exploitability : of the limit, everybody at wealth 1.

    Raises
    ------
    NoSolutionError
        If there is no admissible root in the limit or the expansion is singular there.
    """

    def __init__(self, pair: Pair, given: Mapping[str, Fraction]) -> None:
        self.pair, self.given = pair, dict(given)
        self.keys = tuple(quantities(pair.finite))

        def terms() -> list[dict[str, float]]:
            half = Fraction(1, 2)
            found = _at(self.pair, self.given, (0, 1, 2))
            found[2] = [ball(half) * value for value in found[2]]
            return [dict(zip(self.keys, map(number, row))) for row in found.values()]

        def gain() -> float:
            return _gain(self.pair, self.given, limit_feedback(self.pair, self.given))

        self.limit, self.first, self.second = decided(terms, pair.finite.name)
        self.exploitability = decided(gain, pair.finite.name)

    @property
    def directions(self) -> dict[str, str]:
        """Where many more agents move each quantity: ``rises``, ``falls`` or ``unchanged``."""
        found = {}
        for key in self.keys:
            leading = self.first[key] or self.second[key]
            found[key] = "unchanged" if leading == 0 else "falls" if leading > 0 else "rises"
        return found

    def row(self, n: int) -> dict[str, float]:
        """Coefficients for n agents, and their differences to the limit without cancellation.

        ``distance_k`` is ``|k(n) - k|``, ``remainder_k`` is ``n^2 (k(n) - k - c1/n)``;
        ``exploitability`` is that of everybody at wealth 1.
        """

        def differences() -> dict[str, float]:
            limit = _at(self.pair, self.given, (0, 1))
            finite = {**self.given, self.pair.finite.parts.size.name: Fraction(n)}
            here = _at(self.pair, finite, (0,))[0]
            size, result = arb(n), {"exploitability": _gain(self.pair, finite, here[:3])}
            for k, key in enumerate(self.keys):
                gap = here[k] - limit[0][k]
                result[key] = number(here[k])
                result[f"distance_{key}"] = abs(number(gap))
                result[f"remainder_{key}"] = number(size * (size * gap - limit[1][k]))
            return result

        found = decided(differences, self.pair.finite.name)
        keys = [
            *self.keys,
            *(f"{kind}_{k}" for kind in ("distance", "remainder") for k in self.keys),
            "exploitability",
        ]
        return {key: found[key] for key in keys}
