"""The numbered equations of a source as theorems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.ledger import ALGEBRAIC, Checker, Display, Line
from eqsolve.model import Model
from eqsolve.operators import Inert, Meant, plain
from eqsolve.prove.functions import Functions, as_declared, chain_rule, with_letters
from eqsolve.prove.statement import Relation, Theorem, identifier
from eqsolve.prove.ways import ASSUMED, Claim, Ways

#: Why a line is not stated.
ANSATZ, NAMES = "it is the ansatz.", "it only gives names."
EMPTY = (ANSATZ, ASSUMED, NAMES)
MEANING = "what its left side means is not stated."
EXPECTATIONS = "expectations and integrals over time are not stated."


@dataclass(frozen=True)
class Displayed:
    """The displays of a game and what they follow from."""

    model: Model

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
            return [], "limits are not stated."
        if display.given and display.values:
            return [], "the response at special values of the parameters is not stated."
        if display.kind == "identity" and any(line.left.has(Meant) for line in display.lines):
            return [], MEANING
        found, empty, reason = list[Theorem](), NAMES, ""
        for claim in self.claims(display):
            # what another equation says, too, is proved once
            key = (claim.relation, tuple(claim.definitions.items()), tuple(claim.given.items()))
            if key not in self._known:
                self._known[key] = self.theorem(claim)
            made = self._known[key]
            if isinstance(made, Theorem):
                found.append(made)
            elif made in EMPTY and (display.kind == "assumption" or made == ANSATZ):
                empty = made
            else:
                reason = made
        return found, reason or ("" if found else empty)

    def claims(self, display: Display) -> Iterator[Claim]:
        """What the lines of a display say."""
        # a value that is an indeterminate leaves its letter free
        free = {v: s for s, v in display.values.items() if isinstance(v, sp.Dummy)}
        definitions = {
            s: v.xreplace(free) for s, v in reversed([*display.values.items()]) if v not in free
        }
        for line in display.let + display.lines:
            if self.checker.introduces(line, display):
                definitions[line.left] = plain(line.right)
        lines = [
            line
            for line in display.lines + display.evidence
            if self.checker.states(line, display) and (line.residual != 0 or self._new(line))
        ]
        label = identifier(f"equation_{display.number}" if display.is_numbered else display.number)
        for k, line in enumerate(lines, 1):
            yield Claim(
                f"{label}_{k}" if len(lines) > 1 else label,
                display.title,
                display.tag,
                Relation(plain(line.left), "=", plain(line.right) + (line.equals or 0)),
                definitions,
                display.given,
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
