"""Numbered displays: what an equation of a source says, and how it was established."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.arithmetic.algebra import Ring
from eqsolve.derivation.closed_form import ClosedForm, Definition
from eqsolve.notated.derivation import Derivation
from eqsolve.notated.reduction import Reduction
from eqsolve.operators import Differential, LimitOf, plain

Kind = Literal["definition", "assumption", "identity", "solution", "limit", "estimate"]
Proof = Literal["definition", "exact", "formal", "ball", "numeric", "reconstructed"]
#: Levels of what the exact algebra of the engine establishes.
ALGEBRAIC: tuple[Proof, ...] = ("exact", "formal")

#: Relations in LaTeX whose sides must agree: equal, tending to, and required to be equal. What a
#: name tends to, or is required to be, is among the values of the display.
TENDS, DEMANDED = r"\to", r"\overset{!}{=}"
EQUATED = ("=", TENDS, DEMANDED)


@dataclass(frozen=True)
class Line:
    """One line of a display: ``left relation right``, the relation in LaTeX (``=``, ``>``).

    ``equals`` is what ``left - right`` must be: for an equation an expression that vanishes by
    another display, for an inequality one whose sign is the assumption.
    """

    left: sp.Expr
    right: sp.Expr
    relation: str = "="
    equals: sp.Expr | None = None

    @property
    def residual(self) -> sp.Expr | None:
        """What must vanish for the line to hold.

        None for an inequality without ``equals`` and for the definition of a name (``:=``).
        """
        if self.equals is None and self.relation not in EQUATED:
            return None
        return plain(self.left) - plain(self.right) - (self.equals or sp.S.Zero)


@dataclass(frozen=True)
class Display:
    """A numbered display of a source.

    Attributes
    ----------
    number : as printed, such as ``"2.54"``; a range such as ``"2.11-2.13"`` is one display. A
        display without a number carries a word instead, such as ``"cardano"``.
    title : what it is, in a few words.
    lines : its content, rendered from expressions.
    kind : what sort of statement it is.
    proof : how it was established; ``formal`` is exact, and Coq accepts its theorems.
    let : abbreviations introduced just before the display.
    evidence : further lines, not shown, that must hold for the display to be right.
    depends : numbers of the displays it follows from.
    given : parameters fixed at special values, such as ``theta = 0``.
    values : what names mean that the derivation does not know, or become in a limit, for the
        check; a value may contain names that come after it.
    limits : names of which ``values`` says what they tend to as the parameter ``grows``.
    names : LaTeX of symbols where it differs from the symbol table.
    prose : a sentence that leads to the display.
    """

    number: str
    title: str
    lines: tuple[Line, ...]
    kind: Kind
    proof: Proof
    let: tuple[Line, ...] = ()
    evidence: tuple[Line, ...] = ()
    depends: tuple[str, ...] = ()
    given: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    values: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    names: Mapping[sp.Symbol, str] = field(default_factory=dict)
    limits: tuple[sp.Symbol, ...] = ()
    grows: sp.Symbol | None = None
    prose: str = ""

    @property
    def every(self) -> tuple[Line, ...]:
        """All its lines: introduced, shown, evidence."""
        return self.let + self.lines + self.evidence

    @property
    def is_numbered(self) -> bool:
        """Whether the source gives it a number."""
        return any(character.isdigit() for character in self.number)

    @property
    def tag(self) -> str:
        """The number the source cites it by: the last one of a range."""
        return self.number.rpartition("-")[2] if self.is_numbered else ""


class Checker:
    """Re-verifies displays against one derivation, in exact arithmetic."""

    def __init__(self, derivation: Derivation) -> None:
        self._derivation = derivation
        self._forms: dict[tuple[tuple[sp.Symbol, sp.Expr], ...], ClosedForm] = {}

    def failures(self, display: Display) -> tuple[Line, ...]:
        """Return the lines (shown, introduced or evidence) that do not hold."""
        return tuple(line for line in display.every if not self.holds(line, display))

    def holds(self, line: Line, display: Display) -> bool:
        """Decide whether one line of a display follows from the derivation.

        The unknown functions are replaced by the ansatz and the control by the feedback; every
        coefficient in the states must then vanish by the closed form. Functions that the ansatz
        does not know stay indeterminates.
        """
        residual = line.residual
        if residual is None or self.introduces(line, display):
            return True
        for new in reversed(display.let + display.lines):
            if new is not line and _holds(residual, new.left) and self.introduces(new, display):
                residual = residual.subs(new.left, plain(new.right))
        for name, value in display.values.items():
            if _holds(residual, name):
                residual = residual.subs(name, plain(value))
        residual = self._at_ansatz(residual)
        reduced = None if display.given else self._reduced(residual)
        if reduced is not None:
            return self._reduction.vanishes(reduced)
        form = self._form(residual, display)
        states = self._derivation.game.state_symbols
        return all(form.vanishes(c) for c in _coefficients(residual.subs(display.given), states))

    def states(self, line: Line, display: Display) -> bool:
        """Whether a line states something that can fail, rather than give a name or a condition."""
        return line.residual is not None and not self.introduces(line, display)

    def introduces(self, line: Line, display: Display) -> bool:
        """Whether a line only gives a name that the derivation does not know."""
        known = set(self._derivation.form.table) | set(self._derivation.form.parameters)
        known |= set(self._derivation.game.definitions) | {self._derivation.value.curvature.symbol}
        known |= {*self._derivation.system.unknowns, *display.values}
        name = isinstance(line.left, (sp.Symbol, Differential, LimitOf))
        return line.relation == "=" and name and line.left not in known

    def _at_ansatz(self, residual: sp.Expr) -> sp.Expr:
        hjb, ansatz = self._derivation.hjb, self._derivation.system.ansatz
        known = {hjb.function(name): poly for name, poly in ansatz.functions.items()}
        known[hjb.function("V")] = ansatz.value
        known = {f: form for f, form in known.items() if residual.has(f)}
        replaced = residual.subs(known).doit()
        replaced = replaced.subs(
            {name: form for name, form in ansatz.feedback.items() if _holds(replaced, name)}
        )
        unknown = replaced.atoms(sp.Derivative, AppliedUndef)
        return replaced.xreplace({f: sp.Dummy(real=True) for f in unknown})

    @cached_property
    def _reduction(self) -> Reduction:
        return Reduction.of(self._derivation.system)

    def _reduced(self, residual: sp.Expr) -> sp.Expr | None:
        """The residual in symbols of the coefficient system, or None if that is not possible."""
        system, value = self._derivation.system, self._derivation.value
        table = dict.fromkeys(system.unknowns)
        plain_names = {
            d.symbol: d.expression
            for d in (*self._derivation.response.definitions, *value.by_moments, value.curvature)
            if d.symbol not in table and (not d.is_solution or d in value.by_moments)
        }
        for name in reversed(plain_names):
            residual = residual.xreplace({name: plain_names[name]})
        known = set().union(*(e.expression.free_symbols for e in system.equations))
        known |= {*self._derivation.game.state_symbols}
        outside = {s for s in residual.free_symbols - known if not isinstance(s, sp.Dummy)}
        return None if outside else residual

    def _form(self, residual: sp.Expr, display: Display) -> ClosedForm:
        """The closed form with the curvature and the declared abbreviations it does not have."""
        base = self._derivation.form
        weight = self._derivation.value.curvature
        wanted = residual.free_symbols
        known = set(base.parameters) | set(base.table)
        declared = [
            Definition(name, value)
            for name, value in self._derivation.game.definitions.items()
            if wanted & (value.free_symbols - known)
        ]
        extra = [weight] if weight.symbol in wanted else []
        form = ClosedForm((*declared, *base.definitions, *extra), base.nonzero)
        if not display.given:
            return form
        key = (*display.given.items(), *((d.symbol, d.expression) for d in extra))
        if key not in self._forms:
            special = tuple(
                replace(d, expression=d.expression.subs(display.given))
                for d in form.definitions
                if d.symbol not in display.given
            )
            self._forms[key] = ClosedForm(special, form.nonzero)
        return self._forms[key]


def _holds(expression: sp.Expr, name: sp.Basic) -> bool:
    """Whether there may be something to put in for a name: SymPy looks for long."""
    return not isinstance(name, sp.Symbol) or name in expression.free_symbols


def _coefficients(expression: sp.Expr, states: tuple[sp.Symbol, ...]) -> list[sp.Expr]:
    """The coefficients, in the states, of the numerator of a rational expression."""
    ring = Ring.of(expression, states)
    parts = [ring.ratio(expression).numerator]
    for state in states:
        parts = [c for part in parts for c in ring.coefficients(part, state)]
    return [ring.expression(part) for part in parts]
