"""What can be proved about one point: roots, selection, strategy, finite second moments.

Every number is a ball around the exact parameters' value (F. Johansson, "Arb: efficient
arbitrary-precision midpoint-radius interval arithmetic", IEEE Trans. Computers 66, 2017).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import sympy as sp
from flint import arb, arb_poly

from eqsolve.arithmetic.number import UndecidedError, precision
from eqsolve.solve.closed_form.proof import Degenerate, Number, Point
from eqsolve.solve.closed_form.straightline import StraightLine
from eqsolve.status import Labelled, Status

#: Working precisions in bits.
PRECISIONS = (128, 512, 2048, 8192, 32768)

#: From so many bits on, ties are looked for in exact arithmetic.
EXACT = 512


class Verdict(Labelled):
    """What a certificate says of a point."""

    CERTIFIED = 0
    FOLD = 1
    BOUNDARY = 2
    DEGENERATE = 3
    INVALID_INPUT = 4
    UNDECIDED = 5
    OUT_OF_RANGE = 6

    @property
    def meaning(self) -> str:
        """One sentence for people."""
        return _MEANINGS[self]


_MEANINGS = {
    Verdict.CERTIFIED: (
        "Proved: number of admissible roots, selection, enclosures and whether second moments are "
        "finite; all of it also holds for close parameters."
    ),
    Verdict.FOLD: (
        "Two real roots coincide exactly: the number of roots changes with arbitrarily small "
        "changes of the parameters."
    ),
    Verdict.BOUNDARY: (
        "A quantity that must be positive is exactly zero, or two roots have equal values: the "
        "point lies on the boundary of the admissible region or of the selection."
    ),
    Verdict.DEGENERATE: "A quantity that the closed form divides by is exactly zero.",
    Verdict.INVALID_INPUT: "A parameter lies outside its domain.",
    Verdict.UNDECIDED: "Not decided at the largest precision.",
    Verdict.OUT_OF_RANGE: "An enclosure does not fit the range of doubles.",
}


@dataclass(frozen=True)
class Statement:
    """What was proved about a point.

    Attributes
    ----------
    verdict : whether everything was proved, or why not.
    status : the outcome a solver has to report.
    roots : distinct real roots of the polynomial, ascending; None if undecided.
    multiplicities : their multiplicities.
    admissible : positions of the admissible roots.
    selected : position of the selected root.
    finite : whether second moments are finite at the horizon; None if undecided or moot.
    values : enclosures by symbol at the selected root.
    polynomial : the polynomial's coefficients, leading one first.
    bits : working precision that decided.
    """

    verdict: Verdict
    status: Status
    roots: tuple[arb, ...] | None = None
    multiplicities: tuple[int, ...] = ()
    admissible: tuple[int, ...] = ()
    selected: int | None = None
    finite: bool | None = None
    values: dict[sp.Symbol, arb] = field(default_factory=dict)
    polynomial: tuple[arb, ...] = ()
    bits: int = 0

    @property
    def gap(self) -> float:
        """Distance of the selected root from the nearest other one, complex ones included.

        It is relative to the root, and 0 where roots cannot be told apart.
        """
        if self.roots is None or self.selected is None:
            return math.inf
        own = self.roots[self.selected]
        with precision(max(self.bits, 2 * PRECISIONS[0])):
            try:
                roots = arb_poly([c for c in self.polynomial[::-1]]).complex_roots()
            except ValueError:
                return 0.0
            distances = sorted(float(abs(root - own).upper()) for root in roots)
        return distances[1] / max(abs(float(own)), 1e-300) if len(distances) > 1 else math.inf


def outward(value: arb) -> tuple[float, float]:
    """The tightest doubles around a ball; infinite ones where it leaves their range."""
    low, high = float(value.lower()), float(value.upper())
    # conversion rounds to nearest, or overflows to infinity on the right side or the wrong one
    if math.isinf(low) and low > 0:
        low = math.nextafter(math.inf, 0.0)
    elif math.isfinite(low) and not arb(low) <= value:
        low = math.nextafter(low, -math.inf)
    if math.isinf(high) and high < 0:
        high = math.nextafter(-math.inf, 0.0)
    elif math.isfinite(high) and not arb(high) >= value:
        high = math.nextafter(high, math.inf)
    return low, high


def state_point(
    program: StraightLine,
    numbers: Sequence[Number],
    state: tuple[Number, Number | None] = (1.0, None),
    *,
    selection: str = "limit",
    outputs: tuple[sp.Symbol, ...] = (),
    precisions: Sequence[int] = PRECISIONS,
) -> Statement:
    """Prove what can be proved about a point; precision grows until everything is decided.

    Parameters
    ----------
    program : the functions of a game.
    numbers : parameters in the order of the game, doubles or fractions taken as exact; they lie
        in their domains one by one.
    state : own wealth, and the competitors' aggregate unless everybody has the same wealth.
    selection : ``"limit"``, the outermost admissible root, or ``"value"``, of those with finite
        second moments the one with the largest value.
    outputs : the symbols to enclose at the selected root.
    precisions : ascending working precisions in bits.
    """
    for bits in precisions:
        with precision(bits):
            try:
                point = Point(program, numbers, state, exact=bits >= EXACT)
                return _prove(point, selection, outputs, bits)
            except UndecidedError:
                continue
    return Statement(Verdict.UNDECIDED, Status.NO_SOLUTION, bits=precisions[-1])


def _prove(point: Point, selection: str, outputs: tuple[sp.Symbol, ...], bits: int) -> Statement:
    """Go through the steps of a solution at the working precision."""
    if not point.valid():
        return Statement(Verdict.INVALID_INPUT, Status.INVALID_INPUT, bits=bits)
    if not point.find_roots():
        return Statement(Verdict.DEGENERATE, Status.DEGENERATE, bits=bits)
    admissible = point.admissible()
    fold = any(multiplicity > 1 for multiplicity in point.multiplicities)

    def result(
        status: Status,
        selected: int | None = None,
        finite: bool | None = None,
        values: dict[sp.Symbol, arb] | None = None,
    ) -> Statement:
        verdict = Verdict.FOLD if fold else Verdict.CERTIFIED
        verdict = Verdict.BOUNDARY if point.boundary else verdict
        verdict = Verdict.DEGENERATE if status is Status.DEGENERATE else verdict
        roots, multiplicities = tuple(point.roots), tuple(point.multiplicities)
        kept = {name: values[name] for name in outputs} if values else {}
        return Statement(
            verdict,
            status,
            roots,
            multiplicities,
            tuple(admissible),
            selected,
            finite,
            kept,
            tuple(point.polynomial),
            bits,
        )

    if not admissible:
        return result(Status.NO_ADMISSIBLE_ROOT)
    if not point.finite_response():
        return result(Status.INFINITE_VARIANCE, finite=False)
    try:
        if selection == "limit":
            selected = point.outermost(admissible)
            values = point.at_root(selected, outputs)
        else:
            selected, values = point.most_valuable(admissible, outputs)
    except Degenerate:
        return result(Status.DEGENERATE)
    if not point.finite(values, selected):
        return result(Status.INFINITE_VARIANCE, selected, False, values)
    status = Status.NEAR_FOLD if point.multiplicities[selected] > 1 else Status.OK
    return result(status, selected, True, values)
