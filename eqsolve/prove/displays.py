"""The numbered equations of a source as theorems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.ledger import ALGEBRAIC, EQUATED, Checker, Display, Line
from eqsolve.notated.published import Published
from eqsolve.operators import (
    Along,
    Earlier,
    Expectation,
    Inert,
    LimitOf,
    Meant,
    TimeIntegral,
    plain,
)
from eqsolve.prove.averages import Averaged
from eqsolve.prove.branch import Branch
from eqsolve.prove.coq import NotStatedError
from eqsolve.prove.dynkin import Expected
from eqsolve.prove.functions import Functions, as_declared, chain_rule, with_letters
from eqsolve.prove.inequalities import decided
from eqsolve.prove.limits import Growing, by_limits
from eqsolve.prove.problem import of_family
from eqsolve.prove.radicals import Radicals
from eqsolve.prove.spike import Spike
from eqsolve.prove.statement import Relation, Theorem, identifier
from eqsolve.prove.ways import ASSUMED, Claim, Ways
from eqsolve.prove.witness import VacuousError

#: Why a line is not stated.
ANSATZ, NAMES = "it is the ansatz.", "nothing to prove: it only gives names."
EMPTY = (ANSATZ, ASSUMED, NAMES)
LIMITS = "limits of this kind are not stated."
RADICALS = "roots by radicals and angles are not stated."
EXPECTATIONS = "these expectations and integrals over time are not stated."
CONDITION = "a condition is not stated."
STOPPED = "expectations at a random time are not stated."


@dataclass(frozen=True)
class Displayed:
    """The displays of a game and what they follow from."""

    model: Published

    @cached_property
    def _known(self) -> dict[object, Theorem | str]:
        return {}

    @cached_property
    def _ways(self) -> Ways:
        return Ways(self.model)

    @cached_property
    def checker(self) -> Checker:
        return Checker(self.model.derivation)

    def stated(self) -> Iterator[tuple[Display, list[Theorem], str]]:
        """Every display that is established by algebra, its theorems, and why there are not all."""
        for display in self.model.shown:
            if display.proof in ALGEBRAIC:
                yield display, *self._of(display)

    def _of(self, display: Display) -> tuple[list[Theorem], str]:
        if display.kind == "limit":
            return self._of_limit(display)
        found, empty, reason = list[Theorem](), _empty(display), ""
        for made in (made for claim in self.claims(display) for made in self._made(claim)):
            if isinstance(made, Theorem) and made.is_assumed:
                made = ASSUMED
            if isinstance(made, Theorem):
                found.append(made)
            elif made in EMPTY and (display.kind == "assumption" or made == ANSATZ):
                empty = made
            else:
                reason = made
        if not found and empty == RADICALS:
            roots = Radicals(display, self.model).theorem()
            return ([], empty) if roots is None else ([roots], "")
        return found, reason or ("" if found else empty)

    def _made(self, claim: Claim | Expected | Averaged | Spike | str) -> Iterator[Theorem | str]:
        """The theorems that a line says, or why there is none."""
        if isinstance(claim, str):
            yield claim
            return
        if not isinstance(claim, Claim):
            yield self._expected(claim)
            return
        # what another equation says, too, is proved once
        key = (claim.relation, tuple(claim.definitions.items()), tuple(claim.given.items()))
        if key not in self._known:
            self._known[key] = self.theorem(claim)
        made = self._known[key]
        yield made
        if isinstance(made, Theorem) and claim.line is not None:
            yield self._sign(replace(made, name=claim.name), claim.line)

    def _of_limit(self, display: Display) -> tuple[list[Theorem], str]:
        """What names tend to as a parameter grows."""
        shown = display.lines + display.evidence
        if display.grows is None or any(e.relation not in EQUATED for e in shown):
            return [], LIMITS
        limits = {s: display.values[s] for s in display.limits}
        definitions = {s: e for s, e in reversed([*display.values.items()]) if s not in limits}
        known = Growing(display.grows, definitions, limits)
        lines = {plain(e.left): plain(e.right) for e in shown}
        found: list[Theorem | None] = []
        label = identifier(f"equation_{display.number}")
        if lines.keys() & limits.keys():
            # what is proved is what the display takes the limits to be
            if not all(self.checker.holds(e, display) for e in display.lines if e.left in limits):
                return [], LIMITS
            found += self._along(self._branch(known), display, label)
            lines = {left: right for left, right in lines.items() if left not in limits}
        for k, (left, right) in enumerate(lines.items(), 1):
            name = f"{label}_{k}" if len(lines) > 1 else label
            found.append(by_limits(name, display.title, display.tag, left, right, known))
        made = [one for one in found if one is not None and not one.is_assumed]
        return made, "" if len(made) == len(found) else LIMITS

    def _along(self, branch: Branch, display: Display, label: str) -> Iterator[Theorem | None]:
        """What the closed forms that a display needs tend to, each from those before it."""
        known, before = branch.known, dict[sp.Symbol, sp.Expr]()
        for s, e in branch.chain().items():
            title, name = f"{s}: {display.title}", f"{label}_{s.name.rpartition('_')[0]}"
            before[s] = display.values[s] if s in display.limits else e
            now = replace(branch, known=replace(known, limits=before))
            if s == branch.root:
                yield now.of_root(name, title, display.tag)
            else:
                yield now.of_name(name, title, display.tag, s)
            if before.keys() >= {*display.limits}:
                return

    def _branch(self, known: Growing) -> Branch:
        """The response of the agent whose names tend to limits."""
        (index,) = {s.name.rpartition("_")[2] for s in known.limits}
        types, derivation = self.model.types, self.model.derivation
        assert types is not None
        response = types.response(derivation.response, index)
        (root,) = (d for d in response.definitions if d.is_root)
        closed = {d.symbol: d.expression for d in response.definitions if d != root}
        known = replace(known, variable=types.of(index, known.variable))
        still = Growing(known.variable, closed, {root.symbol: known.limits[root.symbol]}).fixed
        moving = {s: e.xreplace(still) for s, e in closed.items() if s not in still}
        equation = root.expression.xreplace(still)
        return Branch(replace(known, definitions=moving), root.symbol, equation)

    def _about(self, name: str, line: Line, display: Display) -> Expected | Averaged:
        """A line about expectations: along paths, or at one time."""
        sides = name, line.left, line.right, display
        if any(e.has(Along) for e in (line.left, line.right, *display.values.values())):
            return Expected(*sides, self.model.derivation)
        game = self.model.derivation.game
        given = {plain(e.left): plain(e.right) for e in display.let}
        return Averaged(*sides, game.state_symbols, {**game.definitions, **given})

    @cached_property
    def _random(self) -> frozenset[sp.Expr]:
        """Times that are random."""
        lines = (line for display in self.model.shown for line in display.let)
        return frozenset(line.left for line in lines if line.right.has(Earlier))

    def _expected(self, line: Expected | Averaged | Spike) -> Theorem | str:
        if not isinstance(line, Spike) and (line.left - line.right).has(*self._random):
            return STOPPED
        try:
            return line.theorem() or EXPECTATIONS
        except NotStatedError:
            return EXPECTATIONS

    def _sign(self, equation: Theorem, line: Line) -> Theorem | str:
        """That an inequality holds whose sides differ as an equation says."""
        try:
            return decided(equation, line.relation, plain(line.equals or sp.S.Zero), self._positive)
        except (NotStatedError, VacuousError) as error:
            return error.message

    @cached_property
    def _positive(self) -> tuple[sp.Symbol, ...]:
        """What is declared to be positive."""
        return of_family(self.model.derivation).above

    def claims(self, display: Display) -> Iterator[Claim | Expected | Averaged | Spike | str]:
        """What the lines of a display say, or why one is not stated."""
        # a value that is an indeterminate leaves its letter free
        free = {v: s for s, v in display.values.items() if isinstance(v, sp.Dummy)}
        definitions = {
            s: v.xreplace(free)
            for s, v in reversed([*display.values.items()])
            if v not in free and not v.has(Inert)
        }
        for line in display.let + display.lines:
            if self.checker.introduces(line, display):
                definitions[line.left] = plain(line.right)
        lines = [
            line
            for line in display.lines + display.evidence
            if self.checker.states(line, display)
            and (line.residual != 0 or self._new(line) or _expects(line) or _limits(line))
        ]
        if display.kind != "assumption" and any(map(_open, display.lines + display.evidence)):
            yield CONDITION
        label = identifier(f"equation_{display.number}" if display.is_numbered else display.number)
        for k, line in enumerate(lines, 1):
            name = f"{label}_{k}" if len(lines) > 1 else label
            if (_limits(line) or _expects(line)) and line.relation not in EQUATED:
                yield EXPECTATIONS
                continue
            if _limits(line):
                yield Spike(name, line, display, self.model.derivation)
                continue
            if _expects(line):
                yield self._about(name, line, display)
                continue
            left = plain(line.left)
            named = len(lines) > 1 and left.is_Symbol
            yield Claim(
                name,
                f"{left}: {display.title}" if named else display.title,
                display.tag,
                Relation(left, "=", plain(line.right) + (line.equals or 0)),
                definitions,
                display.given,
                None if line.relation in EQUATED else line,
            )

    def _new(self, line: Line) -> bool:
        """Whether a line says what the generator is."""
        relation = Relation(plain(line.left), "=", plain(line.right))
        return as_declared(relation, self.model.derivation) != relation

    def theorem(self, claim: Claim) -> Theorem | str:
        """The theorem that a line says, or why there is none."""
        relation = claim.relation
        used = [*relation.expressions, *claim.definitions.values()]
        if any(e.has(Inert) or e.atoms(sp.Dummy) for e in used):
            return EXPECTATIONS
        if not any(e.atoms(AppliedUndef) for e in relation.expressions):
            return self._ways.theorem(claim)
        functions = Functions(self.model.derivation)
        if not functions.known(relation):
            derivation = self.model.derivation
            rule = chain_rule(claim.name, claim.title, claim.source, relation, derivation)
            if rule is not None:
                return rule
            relation = with_letters(as_declared(relation, derivation))
            return self._ways.theorem(replace(claim, relation=relation))
        at_ansatz = functions.at_ansatz(relation)
        if sp.expand(at_ansatz.left - at_ansatz.right) == 0:
            return ANSATZ
        made = self._ways.theorem(replace(claim, relation=at_ansatz))
        return made if isinstance(made, str) else functions.lifted(relation, made, self._ways.point)


def _open(line: Line) -> bool:
    """Whether it is a condition of which nothing says why it holds."""
    return line.residual is None and line.relation != ":="


def _limits(line: Line) -> bool:
    """Whether it says what a difference quotient tends to."""
    return isinstance(line.left, Meant) and line.left.has(LimitOf)


def _expects(line: Line) -> bool:
    """Whether it says something of an expectation."""
    return bool((line.left - line.right).has(Expectation))


def _empty(display: Display) -> str:
    """Why a display may have nothing that is stated."""
    shown = [e for line in display.lines for e in (line.left, line.right)]
    if any(e.has(Expectation, TimeIntegral) for e in shown):
        return EXPECTATIONS
    roots = (p for e in shown for p in e.atoms(sp.Pow) if not p.exp.is_Integer)
    if any(roots) or any(e.has(sp.cos, sp.acos) for e in shown):
        return RADICALS
    return NAMES
