"""Ways from what a derivation says to a line of a display.

A line is proved from the equations of the coefficients, or, where it gives one of them, from that
coefficient's equation with the closed forms of the others; where it is an equation of a
coefficient, from the equation of the function that it belongs to, for all states. A line that
would only repeat what is assumed is not stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import sympy as sp

from eqsolve.arithmetic.algebra import Ring
from eqsolve.errors import EqsolveError
from eqsolve.ledger import Line
from eqsolve.notated.agents import GENERIC
from eqsolve.notated.published import Published
from eqsolve.prove import matching
from eqsolve.prove.algebraic import Argument, Known, argue, theorem
from eqsolve.prove.family import multiples
from eqsolve.prove.need import follows, holds_at_root, needed
from eqsolve.prove.statement import Relation, Theorem

#: Why there is no theorem.
ASSUMED = "nothing to prove: it is the definition of its left side."


@dataclass(frozen=True)
class Claim:
    """One line of a display, as a relation between numbers.

    Attributes
    ----------
    name, title, source : of the theorem.
    relation : what the line says.
    definitions : what the display's own letters are, in order.
    given : parameters at special values.
    line : of an inequality, whose relation is that its sides differ by what it ``equals``.
    """

    name: str
    title: str
    source: str
    relation: Relation
    definitions: Mapping[sp.Symbol, sp.Expr]
    given: Mapping[sp.Symbol, sp.Expr]
    line: Line | None = None

    @property
    def left(self) -> sp.Expr:
        """What vanishes."""
        return self.relation.left - self.relation.right

    @property
    def letter(self) -> sp.Symbol | None:
        """The letter that the line gives."""
        return self.relation.left if self.relation.left.is_Symbol else None


@dataclass(frozen=True)
class Ways:
    """What the derivation of a game says, and the ways from it."""

    model: Published

    def theorem(self, claim: Claim) -> Theorem | str:
        """The first theorem that is found and says something, or why there is none."""
        reasons = []
        for way in (
            self.by_equations,
            self.by_matching,
            self.by_solving,
            self.by_closed_forms,
            self.by_gain,
        ):
            try:
                made = way(claim)
            except EqsolveError as error:
                made = error.message
            if isinstance(made, Theorem):
                return made
            if made:
                reasons.append(made)
        return reasons[-1] if reasons else "no reason was found that Coq could follow."

    def by_equations(self, claim: Claim) -> Theorem | str:
        """From the equations of the coefficients."""
        definitions = {**claim.given, **self._abbreviations, **claim.definitions}
        if not claim.given and not follows(claim.left, {**self.point, **definitions}):
            return ""
        known = Known(definitions, {**self._totals, **self._equations})
        argument = _least(claim.left, known, divide=False)
        return "" if argument is None else self._by(claim, definitions, argument)

    def by_gain(self, claim: Claim) -> Theorem | str:
        """From the gain rate at the feedback, and a multiple of its derivative there."""
        definitions = {**self._abbreviations, **claim.definitions}
        if claim.given or not follows(claim.left, {**self.point, **definitions}):
            return ""
        gain = sp.Symbol("equation of gain")
        known = Known(definitions, {**self._totals, **self._equations})
        for sign in (sp.S.One, sp.S.NegativeOne):
            argument = _least(claim.left - sign * self._totals[gain], known, divide=False)
            if argument is not None and gain not in argument.cofactors:
                cofactors = {**argument.cofactors, gain: sign}
                return self._by(claim, definitions, replace(argument, cofactors=cofactors))
        return ""

    def _by(
        self, claim: Claim, definitions: Mapping[sp.Symbol, sp.Expr], argument: Argument
    ) -> Theorem | str:
        """From combinations of the coefficients' equations."""
        cofactors: dict[sp.Symbol, sp.Expr] = {}
        for root, factor in argument.cofactors.items():
            parts = self._combined.get(root, {root: sp.S.One})
            for u, e in parts.items():
                cofactors[u] = cofactors.get(u, sp.S.Zero) + factor * e
        argument = replace(argument, cofactors=cofactors)
        point = {} if claim.given else self.point
        return self._made(claim, Known(definitions, self._equations), argument, point)

    def by_matching(self, claim: Claim) -> Theorem | str:
        """From an equation that holds for all states."""
        if claim.given:
            return ""
        everywhere = matching.equations(self.model.derivation)
        return (
            matching.matched(
                claim.name, claim.title, claim.source, claim.relation, everywhere, self.point
            )
            or ""
        )

    def by_solving(self, claim: Claim) -> Theorem | str:
        """From the equation of a coefficient and the closed forms of the others."""
        form, system = self.model.derivation.form, self.model.derivation.system
        if self._of_states(claim):
            return ""
        if claim.letter in self._parts.values():
            return self.by_parts(claim)
        equations = {**self._equations, **self._fixed}
        if claim.letter in equations:
            targets = [claim.letter]
        else:
            targets = [u for u in system.feedback_unknowns if u in claim.left.free_symbols]
        for target in targets:
            equation = equations[target]
            definitions = self._closed(claim, target)
            kept = needed(claim.left, definitions, target, equation)
            if kept is not None:
                known = Known(kept, {target: equation})
                argument = argue(claim.left, known, (target,), at_once=True)
            elif (
                target in form.table
                and form.table[target].is_root
                and holds_at_root(claim.left, definitions, equation)
            ):
                known = Known(definitions, {target: equation})
                argument = _least(claim.left, known, (target,))
            else:
                continue
            if argument is not None:
                return self._made(claim, known, argument)
        return ""

    def _of_states(self, claim: Claim) -> bool:
        states = self.model.derivation.game.state_symbols
        return bool(claim.left.free_symbols & {*states})

    @cached_property
    def _fixed(self) -> dict[sp.Symbol, sp.Expr]:
        """What vanishes where everybody responds to the others, by the letter that it gives."""
        types = self.model.types
        if types is None:
            return self.model.residuals
        point = types.fixed_point(self._parts)
        totals = [average.total for average in types.averages.values()]
        found = dict(zip(totals, point.matrix * sp.Matrix(totals) - point.right))
        generic = types.of(GENERIC, types.position)
        for k in types.indices:
            position = types.numbered(k, generic)
            found[position] = position - types.numbered(k, point.response)
        return found

    @cached_property
    def _parts(self) -> Mapping[sp.Expr, sp.Symbol]:
        """The parts of the feedback's constant, by letter of the environment."""
        return next(iter(self.model.notation.split.values()), {})

    def _closed(self, claim: Claim, *but: sp.Symbol) -> dict[sp.Symbol, sp.Expr]:
        definitions = {
            d.symbol: d.expression
            for d in self.model.derivation.form.definitions
            if not d.is_root and d.symbol not in but
        }
        return {**claim.given, **definitions, **claim.definitions}

    def by_parts(self, claim: Claim) -> Theorem | str:
        """From the equation of the feedback's constant, for all values of the environment."""
        (whole,) = self.model.notation.split
        definitions = self._closed(claim, *self._parts.values())
        everywhere = matching.in_environment(
            self._equations[whole], whole, self._parts, definitions
        )
        target = claim.letter
        assert target is not None
        (monomial,) = (m for m, part in self._parts.items() if part == target)
        equation = everywhere.coefficients[monomial]
        kept = needed(claim.left, definitions, target, equation)
        if kept is None:
            return ""
        known = Known(kept, {target: equation})
        argument = argue(claim.left, known, (target,), at_once=True)
        if argument is None:
            return ""
        made = self._made(claim, known, argument)
        return made if isinstance(made, str) else everywhere.instead(made, target, monomial)

    def by_closed_forms(self, claim: Claim) -> Theorem | str:
        """From the closed forms."""
        form = self.model.derivation.form
        roots = {d.symbol: d.expression for d in form.definitions if d.is_root}
        definitions = self._closed(claim)
        declared = self.model.derivation.game.definitions
        kept = needed(claim.left, {**claim.given, **declared, **definitions})
        if kept is not None:
            known = Known(kept)
            argument = argue(claim.left, known, at_once=True)
            return "" if argument is None else self._made(claim, known, argument)
        spelled = claim.left.xreplace(dict(claim.definitions))
        used = [e for root, e in roots.items() if root in spelled.free_symbols]
        if len(used) != 1 or self._of_states(claim):
            return ""
        if not holds_at_root(claim.left, definitions, used[0]):
            return ""
        known = Known(definitions, roots)
        argument = _least(claim.left, known)
        return "" if argument is None else self._made(claim, known, argument)

    def _made(
        self,
        claim: Claim,
        known: Known,
        argument: Argument,
        point: Mapping[sp.Symbol, sp.Expr] | None = None,
    ) -> Theorem | str:
        if _repeats(claim.left, known, argument):
            return ASSUMED
        return theorem(
            claim.name, claim.title, claim.relation, known, claim.source, argument, point
        )

    @cached_property
    def _abbreviations(self) -> dict[sp.Symbol, sp.Expr]:
        derivation = self.model.derivation
        unknowns, value = derivation.system.unknowns, derivation.value
        found = [
            d
            for d in derivation.response.definitions
            if d.symbol not in unknowns and not d.is_solution
        ]
        control = derivation.system.ansatz.feedback
        table = {d.symbol: d.expression for d in (*found, *value.by_moments, value.curvature)}
        return {**table, **control}

    @cached_property
    def _combined(self) -> dict[sp.Symbol, dict[sp.Symbol, sp.Expr]]:
        """Combinations of the coefficients' equations: the equations of the functions."""
        derivation = self.model.derivation
        by_source: dict[str, dict[sp.Symbol, sp.Expr]] = {}
        for e in derivation.system.equations:
            by_source.setdefault(e.source, {})[e.unknown] = e.monomial
        total: dict[sp.Symbol, sp.Expr] = {}
        for monomial, parts in multiples(derivation).items():
            by_source[f"V {monomial}"] = {u: e for u, e in parts.items() if e != 0}
            for u, e in parts.items():
                total[u] = total.get(u, sp.S.Zero) + monomial * e
        by_source["V"] = total
        own = derivation.system.feedback_unknowns
        # at the feedback, before the first-order conditions are used
        by_source["gain"] = {u: e for u, e in total.items() if u not in own}
        return {sp.Symbol(f"equation of {name}"): parts for name, parts in by_source.items()}

    @cached_property
    def _totals(self) -> dict[sp.Symbol, sp.Expr]:
        return {
            name: sp.expand(sp.Add(*(e * self._equations[u] for u, e in parts.items())))
            for name, parts in self._combined.items()
        }

    @cached_property
    def _equations(self) -> dict[sp.Symbol, sp.Expr]:
        return {e.unknown: e.expression for e in self.model.derivation.system.equations}

    @cached_property
    def point(self) -> dict[sp.Symbol, sp.Expr]:
        """Numbers at which the equations of the coefficients hold."""
        return matching.point(self.model.derivation)


def _least(
    expression: sp.Expr,
    known: Known,
    through: tuple[sp.Symbol, ...] = (),
    divide: bool = True,
) -> Argument | None:
    """Why an expression vanishes, with no more abbreviations spelled out than are needed."""
    argument = argue(expression, known, through, divide)
    if argument is None:
        return None
    for letter in argument.spelled:
        fewer = replace(
            known, definitions={s: e for s, e in known.definitions.items() if s != letter}
        )
        other = argue(expression, fewer, through, divide)
        if other is not None and other.inserted == argument.inserted:
            known, argument = fewer, other
    return argument


def _repeats(left: sp.Expr, known: Known, argument: Argument) -> bool:
    """Whether an equation is one of those that are assumed, up to a number."""
    used = (*argument.inserted, *argument.spelled)
    assumed = [s - known.definitions[s] for s in used] + [
        known.relations[s] for s in argument.cofactors
    ]
    if len(assumed) != 1:
        return False
    ring = Ring.of(left, assumed[0])
    ratio = ring.ratio(left / assumed[0])
    return bool(ratio.numerator.is_constant() and ratio.denominator.is_constant())
