"""One figure of a declared game: its strategy over time, or against a parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from random import Random

import numpy as np
import sympy as sp
from flint import ctx
from numpy.typing import NDArray

from eqsolve.answer_plot import BLUE
from eqsolve.derivation.conditions import evaluate
from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.solve import algebra
from eqsolve.errors import EqsolveError
from eqsolve.game import t
from eqsolve.game.parameters import read
from eqsolve.game.vocabulary import Letter
from eqsolve.inputs import flattened
from eqsolve.plots import RED, Page, hatched
from eqsolve.solve.answer import Answer
from eqsolve.solve.derived import DerivedPoint
from eqsolve.solve.point import BITS
from eqsolve.solve.solve import solve
from eqsolve.studies.equilibrium import Equilibrium, equilibrium
from eqsolve.verify.models import FEW, Variant

Array = NDArray[np.float64]
#: Points of a curve.
POINTS = 33
#: A parameter is drawn from half its value to twice its value.
RANGE = (Fraction(1, 2), Fraction(2))
#: Colors of the curves, as many as a figure shows, of like lightness on white and on black.
COLORS = (BLUE, RED, "#2f7d4f", "#a8650a", "#7a3f9d", "#4f6470")
#: A curve that moves less than this, relative to its size, does not depend on what is varied.
_STILL = 1e-9
#: A parameter that moves the strategy by this much of its size is worth a figure.
_MUCH = 0.2
_TINY = np.finfo(float).tiny
#: Where a file names no parameters: from which numbers they are drawn, how often, and the seed.
ROUND = (Fraction(1, 8), Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(2))
_DRAWS, _SEED = 40, 1

#: LaTeX of an expression of the model.
Write = Callable[[sp.Expr], str]


@dataclass(frozen=True)
class Curves:
    """What is drawn.

    Attributes
    ----------
    places : values on the horizontal axis, ascending.
    curves : by control and monomial of the states, the coefficient at each place; not a number
        where there is no equilibrium.
    parameter : what varies; None for time.
    """

    places: Array
    curves: Mapping[tuple[sp.Symbol, sp.Expr], Array]
    parameter: Letter | None = None

    @property
    def movement(self) -> float:
        """How far the curve that moves most does, relative to its size."""
        return max(
            (
                float((np.nanmax(c) - np.nanmin(c)) / max(np.nanmax(np.abs(c)), _TINY))
                for c in self.curves.values()
                if np.isfinite(c).sum() > 1
            ),
            default=0.0,
        )


@dataclass
class Strategy:
    """The strategy of one derivation at a named set of parameters."""

    derivation: Derivation
    values: Mapping[str, object]
    answer: Answer

    def figure(self) -> Curves | None:
        """The strategy over time if it moves, else against the first parameter that moves it much.

        None where it depends on none, where there is no equilibrium, and where the types are too
        many for coefficients. Of types of their own, that of the first type, and never over time.
        """
        if not self.answer.ok or (self.apart and not self.answer.strategy):
            return None
        if (
            not self.apart
            and self.claim.end is not None
            and (found := self.over_time()).movement > _STILL
        ):
            return found
        probed: list[tuple[float, Letter]] = []
        for letter in self.varied():
            movement = self.against(letter, 3).movement
            if movement > _MUCH:
                return self.against(letter)
            if movement > _STILL:
                probed.append((movement, letter))
        return self.against(max(probed, key=lambda row: row[0])[1]) if probed else None

    @property
    def apart(self) -> bool:
        """Whether players have types of their own."""
        crowd = self.derivation.model.game.crowd
        return crowd is not None and bool(crowd.own)

    @cached_property
    def claim(self) -> Equilibrium:
        """The coefficients by time."""
        return equilibrium(self.derivation.model, self.values)

    @cached_property
    def coefficients(self) -> dict[tuple[sp.Symbol, sp.Expr], sp.Expr]:
        """By control and monomial, the coefficient in the letters of the ansatz."""
        model = self.derivation.model
        states = (*model.game.state_symbols, *(law.symbol for law in model.game.laws))
        found = {}
        for control, form in model.ansatz.feedback.items():
            parts = algebra.powers(form, states)
            if parts is None:
                continue
            for exponents in sorted(parts, reverse=True):
                monomial = sp.Mul(*(s**e for s, e in zip(states, exponents)))
                found[control, monomial] = parts[exponents]
        return found

    def over_time(self) -> Curves:
        """The coefficients from now to the end of the horizon."""
        assert self.claim.end is not None, "only a horizon that ends is drawn over time"
        times = [self.claim.end * k / (POINTS - 1) for k in range(POINTS)]
        parameters = {s: evaluate(v, {}) for s, v in self.claim.parameters.items()}
        parameters |= {s: evaluate(v, parameters) for s, v in self.claim.spelled.items()}
        rows = []
        for time in times:
            inside = {**parameters, **self.claim.coefficients(time)}
            rows.append([float(evaluate(e, inside).mid()) for e in self.coefficients.values()])
        table = np.array(rows).T
        return Curves(np.array(times, float), dict(zip(self.coefficients, table)))

    @cached_property
    def given(self) -> dict[str, Fraction]:
        """The parameters by name, vectors and matrices entry by entry."""
        names = {letter.name for letter in self.derivation.model.vocabulary.parameters}
        return dict(flattened(self.values, self.derivation.model.name, names))

    def varied(self) -> Iterator[Letter]:
        """The parameters that can be halved and doubled; of a type's own, those of the first."""
        for letter in self.derivation.model.vocabulary.parameters:
            first = sp.Symbol(f"{letter.name}_1")
            if self.apart and letter.name not in self.given and first.name in self.given:
                letter = replace(letter, symbol=first)
            value = self.given.get(letter.name, Fraction(0))
            ends = [sp.Rational(k * value) for k in RANGE]
            inside = all(letter.domain.contains(end) == sp.true for end in ends)
            if value != 0 and inside and not letter.domain.is_subset(sp.S.Integers):
                yield letter

    def against(self, letter: Letter, points: int = POINTS) -> Curves:
        """The coefficients now against one parameter, around its value."""
        low, high = sorted(k * self.given[letter.name] for k in RANGE)
        places = [low + (high - low) * k / (points - 1) for k in range(points)]
        rows = [self.now({**self.given, letter.name: place}) for place in places]
        table = np.array(rows).T
        return Curves(np.array(places, float), dict(zip(self.coefficients, table)), letter)

    def now(self, values: Mapping[str, object]) -> list[float]:
        """The coefficients at time 0 at other parameters, not numbers without an equilibrium."""
        model = self.derivation.model
        if self.apart:
            return self._of_first(values)
        with ctx.workprec(BITS):
            try:
                point = DerivedPoint(self.derivation, read(model, values), model.selection)
                answer = point.answer()
            except EqsolveError:
                return [np.nan] * len(self.coefficients)
            if not answer.ok:
                return [np.nan] * len(self.coefficients)
            inside = {**point.balls, **point.coefficients(point.numbers.time), t: point.time}
            return [float(evaluate(e, inside).mid()) for e in self.coefficients.values()]

    def _of_first(self, values: Mapping[str, object]) -> list[float]:
        """The same of the first type, from an answer."""
        try:
            strategy = solve(self.derivation.model, values).strategy
        except EqsolveError:
            strategy = {}
        found = []
        for control, monomial in self.coefficients:
            own = [f"{factor}_1" for factor in sp.Mul.make_args(monomial) if factor != 1]
            found.append(strategy.get(f"{control}_1", {}).get("".join(own) or "1", np.nan))
        return found


def examples(variant: Variant) -> Iterator[tuple[dict[str, Fraction], Answer]]:
    """Parameters with an equilibrium: round numbers from their domains, drawn with a fixed seed."""
    model, draws = variant.model, Random(_SEED)
    size = model.game.crowd.size if model.game.crowd is not None else None
    for _ in range(_DRAWS):
        values = {}
        for letter in model.vocabulary.parameters:
            inside = [v for v in ROUND if letter.domain.contains(sp.Rational(v)) == sp.true]
            values[letter.name] = draws.choice(inside or ROUND)
        if size is not None and size.is_Symbol:
            values[str(size)] = Fraction(FEW)
        try:
            answer = solve(model, values)
        except EqsolveError:
            continue
        if answer.ok:
            yield values, answer


def draw(curves: Curves, path: Path, write: Write) -> None:
    """Draw curves into a file.

    Parameters
    ----------
    write : LaTeX of a symbol or monomial.
    """
    with Page(path) as panel:
        groups = _together(curves)
        controls = {control for group in groups for control, _ in group}
        for group, color in zip(groups, COLORS):
            names = [_label(key, len(controls) > 1, write) for key in group]
            label = ", ".join(names) if len(groups) > 1 else None
            panel.plot(curves.places, curves.curves[group[0]], color=color, label=label)
        panel.set_xlim(curves.places[0], curves.places[-1])
        shown = [key for group in groups for key in group]
        found = np.array([curves.curves[key] for key in shown])
        hatched(panel, curves.places, ~np.isfinite(found).all(axis=0))
        panel.set_xlabel(_horizontal(curves, write))
        shared = ", ".join(f"${written(c, write)}$" for c in sorted(controls, key=str))
        single = shown[0][1] if len(shown) == 1 else None
        of = "" if single in (None, 1) else f" of ${written(single, write)}$"
        what = "coefficients in" if single is None else f"coefficient{of} in"
        panel.set_ylabel(shared if single == 1 else f"{what} {shared}")
        handles, labels = panel.get_legend_handles_labels()
        if handles:
            panel.figure.legend(handles, labels, loc="outside upper center", ncols=2)


def _together(curves: Curves) -> list[list[tuple[sp.Symbol, sp.Expr]]]:
    """The curves that are drawn, those that coincide as one."""
    groups: list[list[tuple[sp.Symbol, sp.Expr]]] = []
    for key, curve in curves.curves.items():
        if not np.isfinite(curve).any():
            continue
        size = float(np.nanmax(np.abs(curve)))
        for group in groups:
            near = np.isclose(curves.curves[group[0]], curve, rtol=0, atol=_STILL * size)
            if (near | ~np.isfinite(curve)).all():
                group.append(key)
                break
        else:
            groups.append([key])
    return groups[: len(COLORS)]


def _label(key: tuple[sp.Symbol, sp.Expr], several: bool, write: Write) -> str:
    control, monomial = key
    label = "constant" if monomial == 1 else f"of ${written(monomial, write)}$"
    return f"${written(control, write)}$: {label}" if several else label


def _horizontal(curves: Curves, write: Write) -> str:
    if curves.parameter is None:
        return "time $t$"
    meaning = curves.parameter.meaning.split(" (")[0].split(", ")[0]
    return f"{meaning} ${written(curves.parameter.symbol, write)}$".strip()


def written(expression: sp.Expr, write: Write) -> str:
    """A formula as matplotlib reads it, plain where it does not know a command."""
    from matplotlib.mathtext import MathTextParser

    text = write(expression)
    try:
        MathTextParser("path").parse(f"${text}$")
    except ValueError:
        return rf"\mathrm{{{str(expression).replace('_', ' ')}}}"
    return text
