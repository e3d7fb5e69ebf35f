"""What an agent gains by leaving the mean-field strategy while all n agents play it.

The strategy of the continuum, with the average over all n agents in place of the conditional mean,
is a feedback of the n agents. The equations of its moments and the first-order condition are
expanded in ``N = 1/n``: with E the derivative of an agent's gain rate in the own deviation and C
minus the second one, the exploitability ``E^2/(2 C)`` has the order ``2 m`` in N if the first term
of E that does not vanish is that of ``N^m``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp
from flint import arb, arb_mat

from eqsolve.arithmetic.algebra import collect
from eqsolve.arithmetic.ball import Values, evaluate
from eqsolve.arithmetic.number import UndecidedError, number
from eqsolve.errors import DerivationError, InputError
from eqsolve.notated.published import Published
from eqsolve.numbers import exact as exactly
from eqsolve.solve.closed_form.loop import curvature_of, system_of
from eqsolve.solve.closed_form.point import PointSolver
from eqsolve.solve.path import rational
from eqsolve.studies.mean_field_limit.expansion import Pair, decided, everybody, limit_feedback
from eqsolve.words.equilibrium import solve
from eqsolve.words.nash import NashRoot

#: The notions of the mean-field strategy; the second leaves no gain in the continuum.
NOTIONS = ("given-aggregate", "closed-loop")
#: Powers of 1/n that are derived.
_POWERS = 2


@dataclass(frozen=True)
class Epsilon:
    """The exploitability of the mean-field strategy among n agents, at one wealth and at all.

    Attributes
    ----------
    notion : of the mean-field strategy, ``given-aggregate`` or ``closed-loop``.
    strategy : its coefficients by monomial.
    at : the state: own wealth, and in place of the conditional mean the average over all agents.
    order : the power of 1/n with which the exploitability vanishes, 0 where it does not; None
        where all derived terms are zero.
    constant : the limit of ``n^order`` times the exploitability.
    terms : its expansion ``e0 + e1/n + e2/n^2``. That e0 is zero is proved for the closed loop;
        otherwise a number is 0 if its ball of radius below 1e-40 has zero in it.
    rows : the exploitability by number of agents; None where second moments are infinite when so
        many play it.
    slopes : of E the terms of order 0, 1 and 2 in 1/n, each by monomial of the state. Where the
        term of order m is the first that does not vanish, the constant at any state is its square
        over ``2 curvature``.
    curvature : the limit of C, the same at every state.
    message : why there are no numbers; otherwise empty.
    """

    notion: str
    strategy: Mapping[str, float]
    order: int | None
    constant: float
    terms: tuple[float, ...]
    rows: tuple[tuple[int, float | None], ...]
    at: Mapping[str, float] = field(default_factory=dict)
    slopes: tuple[Mapping[str, float], ...] = ()
    curvature: float = 0.0
    message: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        if self.message:
            return {"message": self.message}
        return {
            "strategy": dict(self.strategy),
            "order": self.order,
            "constant": self.constant,
            "terms": list(self.terms),
            "rows": [{"n": n, "epsilon": value} for n, value in self.rows],
            "at": dict(self.at),
            "slopes": [dict(row) for row in self.slopes],
            "curvature": self.curvature,
        }


def epsilon(
    pair: Pair,
    given: Mapping[str, Fraction],
    counts: Sequence[int],
    notion: str,
    at: Mapping[str, object] | None = None,
) -> Epsilon:
    """Expand the exploitability of the mean-field strategy, and compute it for every n.

    Parameters
    ----------
    pair : the finite game and its limit.
    given : exact parameters of the limit.
    counts : numbers of agents.
    notion : one of ``NOTIONS``.
    at : own wealth and the average over all agents, by the names of the continuum's states; 1
        where it is not given.

    Raises
    ------
    InputError
        If a state is not acceptable.
    NoSolutionError
        If the expansion is singular, or there is no given-aggregate equilibrium.
    """
    exact, reason = notion == NOTIONS[1], ""
    state = _state(pair, at or {}, counts)
    found: tuple[arb, ...] = ()
    if exact:
        found, reason = _closed_loop(pair, given)
    if reason:
        return Epsilon(notion, {}, None, 0.0, (), (), message=reason)

    def strategy() -> tuple[arb, ...]:
        return found if exact else limit_feedback(pair, given)

    def expanded() -> tuple[list[float], list[float], list[list[float]], float, list[float]]:
        rows, bends = _terms(pair, given, strategy(), exact)
        here = [arb(rational(v)) for v in (*state.values(), Fraction(1))]
        slopes = [sum((e * v for e, v in zip(row, here)), arb(0)) for row in rows]
        leading = [s * s / (2 * bends[0]) for s in slopes]
        gains = _quotient(_product(slopes, slopes), [2 * b for b in bends])
        return (
            list(map(number, leading)),
            list(map(number, gains)),
            [list(map(number, row)) for row in rows],
            number(bends[0]),
            list(map(number, strategy())),
        )

    def among(n: int) -> float | None:
        loop, _ = everybody(pair, {**given, pair.finite.parts.size.name: Fraction(n)})
        feedback = _among(pair.finite, strategy(), arb(1) / n)
        if not loop.abscissa(feedback) < loop.values[pair.finite.parts.hazard]:
            return None
        own, average = state.values()
        others = zip(pair.finite.game.state_symbols, (own, average - own / n))
        here = {s: arb(rational(v)) for s, v in others}
        return number(loop.exploitability(loop.moments(feedback), feedback, here))

    name, monomials = pair.finite.name, pair.limit.monomials
    leading, terms, rows, curvature, feedback = decided(expanded, name)
    power = next((m for m, value in enumerate(leading) if value != 0), None)
    return Epsilon(
        notion,
        dict(zip(monomials, feedback)),
        None if power is None else 2 * power,
        0.0 if power is None else leading[power],
        tuple(terms),
        tuple((n, decided(lambda n=n: among(n), name)) for n in counts),  # type: ignore[misc]
        {k: float(v) for k, v in state.items()},
        tuple(dict(zip(monomials, row)) for row in rows),
        curvature,
    )


def _state(pair: Pair, at: Mapping[str, object], counts: Sequence[int]) -> dict[str, Fraction]:
    """Own wealth and the average over all agents, exactly."""
    game, names = pair.finite.name, [s.name for s in pair.limit.game.state_symbols]
    for name in at:
        if name not in names:
            raise InputError(
                f"{name!r} is no state of the continuum.",
                game=game,
                stage="convergence",
                remedy=f"Give {' and '.join(names)}: own wealth and the average over all agents.",
            )
    own, average = (exactly(name, at.get(name, 1), game=game) for name in names)
    if 1 in counts and own != average:
        raise InputError(
            "the average over one agent is its own wealth.",
            game=game,
            stage="convergence",
            remedy="Leave out n = 1, or give both the same value.",
        )
    return dict(zip(names, (own, average)))


def _closed_loop(pair: Pair, given: Mapping[str, Fraction]) -> tuple[tuple[arb, ...], str]:
    """The closed-loop Nash feedback of the continuum, or why there is none."""
    if not same_in_the_limit(pair.finite, pair.limit):
        raise DerivationError(
            "the first-order condition of n agents has another limit than the continuum's.",
            game=pair.finite.name,
            stage="convergence",
        )
    answer = solve(pair.limit, equilibrium=NOTIONS[1], **dict[str, Any](given))
    if not answer.ok or answer.selected is None:
        return (), answer.message
    root = answer.roots[answer.selected]
    assert isinstance(root, NashRoot)
    return root.feedback, ""


def _among(finite: Published, strategy: Sequence[Any], share: Any) -> list[Any]:
    """Coefficients for n agents of a feedback of own wealth and the average over all agents."""
    x, y = finite.game.state_symbols
    everyone = finite.parts.feedback(x, y + finite.parts.reciprocal * x)
    terms = sp.Poly(everyone, x, y)
    values = {**dict(zip(finite.parts.strategy, strategy)), finite.parts.reciprocal: share}
    rows = [terms.coeff_monomial(m) for m in (x, y, sp.S.One)]
    if isinstance(share, sp.Expr):
        return [row.xreplace(values) for row in rows]
    return [evaluate(row, values) for row in rows]


@dataclass(frozen=True)
class _Expanded:
    """Taylor coefficients in N, in the Taylor coefficients of the moments.

    ``moments[k]`` are the symbols of order k; they solve ``equations[k] = 0``, which are linear in
    them with the same matrix for every k. ``slopes[k]`` is by monomial: own wealth, the average
    over all agents, and 1.
    """

    moments: tuple[tuple[sp.Symbol, ...], ...]
    equations: tuple[tuple[sp.Expr, ...], ...]
    slopes: tuple[tuple[sp.Expr, ...], ...]
    bend: tuple[sp.Expr, ...]


@lru_cache
def _expanded(finite: Published) -> _Expanded:
    roles, system = finite.parts, system_of(finite)
    share = roles.reciprocal
    inner = {s: e for s, e in finite.game.definitions.items() if e.has(share)}
    profile = dict(zip(roles.affine, _among(finite, roles.affine, share)))
    unknowns = [e.unknown for e in system.equations if e.source != "feedback"]
    orders = range(_POWERS + 1)
    moments = tuple(tuple(sp.Symbol(f"{u.name} of order {k}") for u in unknowns) for k in orders)
    taylor = {
        u: sp.Add(*(row[j] * share**k for k, row in enumerate(moments)))
        for j, u in enumerate(unknowns)
    }

    def of(expressions: Iterable[sp.Expr]) -> list[tuple[sp.Expr, ...]]:
        # the equations are polynomials in N: no limits are needed
        terms = [
            collect(e.xreplace(inner).xreplace(profile | taylor), [share]) for e in expressions
        ]
        return [tuple(row.get(share**k, sp.S.Zero) for k in orders) for row in terms]

    rows = of(e.expression for e in system.equations if e.source != "feedback")
    # the others' part of the average is the average less the own part
    own, others, constant = (system.equation(u).expression for u in roles.affine)
    *slopes, bend = of([own - share * others, others, constant, curvature_of(finite)])
    return _Expanded(moments, tuple(zip(*rows)), tuple(zip(*slopes)), bend)


@lru_cache
def same_in_the_limit(finite: Published, limit: Published) -> bool:
    """Whether at 1/n = 0 the mean-field strategy meets the very equations of the continuum.

    Then a closed-loop equilibrium of the continuum leaves no gain in the limit: E vanishes there
    identically, whatever parameters and wealth are.
    """
    expanded, system = _expanded(finite), system_of(limit)
    names = [e.unknown for e in system_of(finite).equations if e.source != "feedback"]
    plain = dict(zip(expanded.moments[0], names))
    ours = {u: e.xreplace(plain) for u, e in zip(names, expanded.equations[0])}
    theirs = {e.unknown: e.expression for e in system.equations if e.source != "feedback"}
    slopes = [system.equation(u).expression for u in limit.parts.affine]
    compared = [(e.xreplace(plain), slope) for e, slope in zip(expanded.slopes[0], slopes)]
    left = set().union(*(slope.free_symbols for slope in slopes)) & {*names}
    seen: set[sp.Basic] = set()
    while left:
        u = left.pop()
        seen.add(u)
        compared.append((ours[u], theirs[u]))
        left |= theirs[u].free_symbols & {*names} - seen
    spelled = limit.game.definitions
    return all(sp.expand((one - two).xreplace(spelled)) == 0 for one, two in compared)


def _terms(
    pair: Pair, given: Mapping[str, Fraction], strategy: Sequence[arb], exact: bool
) -> tuple[list[list[arb]], list[arb]]:
    """Taylor coefficients of E, each by monomial, and of C.

    ``exact`` says that E is proved to vanish at 1/n = 0.
    """
    expanded = _expanded(pair.finite)
    values: Values = dict(PointSolver(pair.limit, given).values)
    values |= dict(zip(pair.finite.parts.affine, strategy))
    size = len(expanded.moments[0])
    for moments, equations in zip(expanded.moments, expanded.equations):
        zero = dict.fromkeys(moments, sp.S.Zero)
        entries = [evaluate(sp.diff(e, u), values) for e in equations for u in moments]
        right = [-evaluate(e.xreplace(zero), values) for e in equations]
        try:
            solved = arb_mat(size, size, entries).solve(arb_mat(size, 1, right))
        except ZeroDivisionError:
            raise UndecidedError("the moment system is singular.") from None
        values |= {u: solved[i, 0] for i, u in enumerate(moments)}
    slopes = [[evaluate(e, values) for e in row] for row in expanded.slopes]
    if exact:
        slopes[0] = [arb(0)] * len(slopes[0])
    return slopes, [evaluate(e, values) for e in expanded.bend]


def _product(one: Sequence[arb], other: Sequence[arb]) -> list[arb]:
    """The product of two power series, to the shorter's order."""
    return [sum((one[j] * other[k - j] for j in range(k + 1)), arb(0)) for k in range(len(one))]


def _quotient(top: Sequence[arb], bottom: Sequence[arb]) -> list[arb]:
    """The quotient of two power series."""
    found: list[arb] = []
    for k, value in enumerate(top):
        carried = sum((found[j] * bottom[k - j] for j in range(k)), arb(0))
        found.append((value - carried) / bottom[0])
    return found
