"""Closed forms in time: each moves at its rate and ends at the payoff's coefficient."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from functools import cached_property, partial
from typing import Any

import sympy as sp

from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.solve import algebra
from eqsolve.derivation.solve.functions import RootCosh, RootSinh
from eqsolve.derivation.solve.step import Explicit, Root, Solution, to_go
from eqsolve.game import t
from eqsolve.prove.algebraic import Argument, Known, argue, divisors, script
from eqsolve.prove.statement import (
    ForAll,
    Hypothesis,
    Line,
    Maker,
    Relation,
    Slope,
    Theorem,
    identifier,
)
from eqsolve.prove.witness import ATTEMPTS, SEED, VacuousError, holds

#: Functions of time that are letters of the algebra.
TIMED = (sp.exp, sp.log, RootCosh, RootSinh)


class Paths:
    """The closed forms of a derivation whose coefficients move."""

    def __init__(self, derivation: Derivation, solution: Solution) -> None:
        self.derivation = derivation
        self.values = {s.symbol: s.expression for s in solution.steps if isinstance(s, Explicit)}
        self.roots = {s.symbol: s.equation for s in solution.steps if isinstance(s, Root)}
        self.moving: dict[sp.Symbol, sp.Expr] = {}
        for symbol, value in self.values.items():
            if value.free_symbols & {to_go, *self.moving}:
                self.moving[symbol] = sp.Function(symbol.name)(to_go)
        self.below = [
            s.symbol
            for s in solution.steps
            if isinstance(s, Explicit) and s.kind == "denominator" and s.symbol in self.moving
        ]
        #: derivatives in the time to go, in letters
        self.slopes: dict[sp.Symbol, sp.Expr] = {}
        for symbol in self.values:
            self.slopes[symbol] = self._slope(self.values[symbol])

    def _slope(self, expression: sp.Expr) -> sp.Expr:
        moving = (v for v in self.moving if v in expression.free_symbols)
        inner = (sp.diff(expression, v) * self.slopes[v] for v in moving)
        return sp.diff(expression, to_go) + sp.Add(*inner)

    def theorems(self) -> Iterator[Maker | str]:
        """For every coefficient its motion and its beginning, or why they are not stated."""
        system = self.derivation.system
        end = self.derivation.model.game.horizon.end
        calendar = {t: (sp.S.Zero if end is None else end) - to_go}
        for unknown, rate in system.rates.items():
            rate = algebra.factored(rate)
            open_ones = rate.free_symbols & {*system.rates} - self.values.keys() - self.roots.keys()
            if unknown not in self.values:
                yield f"{unknown} has no closed form: its numbers are enclosed instead."
            elif open_ones:
                names = ", ".join(sorted(map(str, open_ones)))
                yield f"{unknown} moves with {names}, which has no closed form."
            else:
                yield partial(self._motion, unknown, -rate.xreplace(calendar))
                if unknown in system.terminal:
                    value = system.terminal[unknown].xreplace({to_go: sp.S.Zero})
                    yield partial(self._start, unknown, value)

    def _motion(self, unknown: sp.Symbol, rate: sp.Expr) -> Theorem | str:
        title = f"{unknown} moves at its rate in the time to go"
        atoms = _Atoms([self.slopes[unknown], rate, *self.values.values()])
        known = self._known(atoms)
        left = atoms.plain(self.slopes[unknown]) - atoms.plain(rate)
        argument = argue(left, known)
        if argument is None:
            return f"{title}: no reason was found that Coq could follow."
        needed = self._reached(
            [unknown, *argument.inserted, *argument.spelled, *argument.cofactors]
        )
        stated = Relation(self.slopes[unknown], "=", rate)
        lines = [Line("intros.")]
        for symbol in (s for s in self.values if s in self._inside(unknown)):
            functions = (self.moving[symbol], self.values[symbol], self.slopes[symbol])
            lines += _step(identifier(symbol.name), *map(self._applied, functions))
        lines.append(Line(f"eapply slope_equal; [exact slope_{identifier(unknown.name)} |]."))
        function = self.moving.get(unknown, unknown)
        conclusion = Slope(function, to_go, to_go, self._applied(rate))
        if unknown not in self.moving:
            lines = [Line("intros. eapply slope_equal; [apply slope_constant |].")]
        lines += self._closing(stated, argument, known, atoms)
        parts = [self.values[s] for s in needed] + [rate, self.slopes[unknown]]
        return self._theorem(
            f"moves_{identifier(unknown.name)}", title, conclusion, needed, argument, parts, lines
        )

    def _start(self, unknown: sp.Symbol, value: sp.Expr) -> Theorem | str:
        title = f"{unknown} begins at the coefficient of the payoff"
        at_end: dict[sp.Symbol, sp.Expr] = {}
        for s, e in self.values.items():
            inner = {v: at_end[v] for v in at_end if v in self.moving}
            at_end[s] = e.xreplace({to_go: sp.S.Zero}).xreplace(inner)
        atoms = _Atoms([value, *at_end.values()])
        known = Known({s: atoms.plain(e) for s, e in at_end.items()})
        argument = argue(unknown - atoms.plain(value), known)
        if argument is None:
            return f"{title}: no reason was found that Coq could follow."
        needed = self._reached([*argument.inserted, *argument.spelled])
        zero = {to_go: sp.S.Zero}
        conclusion = Relation(self._applied(unknown).subs(zero), "=", self._applied(value))
        spelled = [Line(f"rewrite ?H_{identifier(s.name)}.") for s in reversed(needed)]
        lines = [Line("intros."), *spelled, Line("at_zero. multiply_out.")]
        parts = [self.values[s] for s in needed]
        name = f"begins_{identifier(unknown.name)}"
        return self._theorem(name, title, conclusion, needed, argument, parts, lines)

    def _theorem(
        self,
        name: str,
        title: str,
        conclusion: Slope | Relation,
        needed: list[sp.Symbol],
        argument: Argument,
        parts: Iterable[sp.Expr],
        lines: Iterable[Line],
    ) -> Theorem:
        """The theorem about the closed forms that its proof needs."""
        hypotheses = [Hypothesis(f"H_{s.name}", self._defined(s)) for s in needed]
        roots = [s for s in argument.cofactors if s in self.roots]
        hypotheses += [Hypothesis(f"root_{s.name}", Relation(self.roots[s], "=")) for s in roots]
        logs = {e.args[0] for part in parts for e in part.atoms(sp.log)}
        below = [e for e in (*divisors(parts), *argument.nonzero) if not isinstance(e, sp.exp)]
        here = [e for e in dict.fromkeys(below) if e not in logs and not e.has(*TIMED)]
        here = [e for e in here if not e.free_symbols - {*self.derivation_letters, *self.values}]
        if isinstance(conclusion, Relation):
            logs, here = set(), [e for e in here if not e.free_symbols & {*self.moving}]
        conditions = [Relation(self._applied(e), ">") for e in sorted(logs, key=str)]
        conditions += [Relation(self._applied(e), "<>") for e in here]
        hypotheses += [Hypothesis(f"condition_{k}", c) for k, c in enumerate(conditions, 1)]
        made = Theorem(name, title, tuple(hypotheses), conclusion, tuple(lines))
        return Theorem(
            name, title, made.hypotheses, conclusion, made.script, self._witness(made, needed)
        )

    def _defined(self, symbol: sp.Symbol) -> ForAll | Relation:
        claim = Relation(self._applied(symbol), "=", self._applied(self.values[symbol]))
        return ForAll((to_go,), claim) if symbol in self.moving else claim

    @cached_property
    def derivation_letters(self) -> set[sp.Symbol]:
        """Letters of the formulas."""
        found = {to_go}
        return found.union(*(e.free_symbols for e in (*self.values.values(), *self.roots.values())))

    def _applied(self, expression: sp.Expr) -> sp.Expr:
        return expression.xreplace(self.moving)

    def _inside(self, unknown: sp.Symbol) -> set[sp.Symbol]:
        """The moving letters of which a closed form is made, itself included."""
        found = {unknown} & {*self.moving}
        for symbol in reversed(self.values):
            if symbol in found:
                found |= self.values[symbol].free_symbols & {*self.moving}
        return found

    def _reached(self, first: Iterable[sp.Symbol]) -> list[sp.Symbol]:
        wanted = {*first}
        for symbol in list(wanted):
            wanted |= self._inside(symbol)
        return [s for s in self.values if s in wanted]

    def _known(self, atoms: _Atoms) -> Known:
        values = {s: atoms.plain(e) for s, e in self.values.items()}
        roots = {s: atoms.plain(e) for s, e in self.roots.items()}
        # what is divided by stays a letter
        below = {s: values.pop(s) for s in self.below}
        return Known(values, {**roots, **atoms.squares}, below)

    def _closing(
        self, stated: Relation, argument: Argument, known: Known, atoms: _Atoms
    ) -> Iterator[Line]:
        """The algebra, with exponentials as powers of a few."""
        for letter, relation in atoms.squares.items():
            if letter in argument.cofactors:
                shown = f"root_{identifier(letter.name)} : {{}} = 0"
                text = f"assert ({shown}) by (rewrite Root_square; ring)."
                yield Line(text, (self._applied(atoms.meant(relation)),))
        used = [stated.left, stated.right, *(self.values[s] for s in argument.inserted)]
        there = set().union(*(e.atoms(sp.exp) for e in used))
        powers = []
        for k, (function, value) in enumerate(atoms.powers.items(), 1):
            if function not in there:
                continue
            claim = Relation(self._applied(function), "=", self._applied(value))
            yield Line(f"assert (power_{k} : {{}}) by exponentials.", (claim,))
            powers.append(Line(f"rewrite ?power_{k}."))
        for symbol in (s for s in self.below if s in argument.cofactors):
            name = identifier(symbol.name)
            text = f"assert (root_{name} : {{}} = 0) by (rewrite H_{name}; field; side)."
            yield Line(text, (self._applied(atoms.meant(known.relations[symbol])),))
        cofactors, relations = (
            {s: self._applied(atoms.meant(e)) for s, e in some.items()}
            for some in (argument.cofactors, known.relations)
        )
        meant = Argument(argument.inserted, cofactors, argument.spelled, argument.nonzero)
        yield from script(stated, meant, Known(known.definitions, relations), powers)

    def _witness(self, theorem: Theorem, needed: list[sp.Symbol]) -> dict[Any, sp.Expr]:
        """Numbers with nothing left to go, and the functions that belong to them.

        Raises
        ------
        VacuousError
            If none are found.
        """
        rng = random.Random(SEED)
        free = [s for s in theorem.letters if s not in needed and s != to_go]
        for _ in range(ATTEMPTS):
            values: dict[Any, sp.Expr] = {s: sp.Rational(rng.randint(1, 24), 8) for s in free}
            start = {**values, to_go: sp.S.Zero}
            for symbol in needed:
                start[symbol] = self.values[symbol].xreplace(start)
                if symbol not in self.moving:
                    values[symbol] = start[symbol]
            if to_go in theorem.letters:
                values[to_go] = sp.S.Zero
            conditions = [
                h.statement for h in theorem.hypotheses if isinstance(h.statement, Relation)
            ]
            back = {f: s for s, f in self.moving.items()}
            here = [
                Relation(c.left.xreplace(back).xreplace(start), c.relation, c.right.xreplace(start))
                for c in conditions
                if c.left not in needed
            ]
            if all(holds(relation, {}) for relation in here):
                for symbol in (s for s in needed if s in self.moving):
                    body = self._applied(self.values[symbol])
                    values[self.moving[symbol].func] = sp.Lambda(to_go, body)
                others = [f for f in theorem.functions if f not in values]
                return values | dict.fromkeys(others, sp.Lambda(to_go, sp.S.Zero))
        raise VacuousError(
            f"no point was found that satisfies what {theorem.name} assumes.", stage="proofs"
        )


def _step(name: str, function: sp.Expr, value: sp.Expr, slope: sp.Expr) -> Iterator[Line]:
    """The slope of one function, by structure."""
    claim = Slope(function, to_go, to_go, slope)
    functions = (sp.Lambda(to_go, function), sp.Lambda(to_go, value))
    yield Line(f"assert (slope_{name} : {{}}).", (claim,))
    yield Line(f"{{{{ eapply (slope_extended {{}} {{}}); [exact H_{name} |].", functions)
    yield Line("    eapply slope_equal; [slope | multiply_out]. }}")


class _Atoms:
    """Functions of time as letters of an algebra.

    Attributes
    ----------
    powers : exponentials as products of powers of a few of them.
    squares : for every pair of root functions what vanishes, by the letter of the first.
    """

    def __init__(self, expressions: Iterable[sp.Expr]) -> None:
        atoms = sorted({a for e in expressions for a in e.atoms(*TIMED)}, key=str)
        powers = [a for e in expressions for a in e.atoms(sp.Pow) if not a.exp.is_Integer]
        self._letters: dict[sp.Expr, sp.Expr] = {}
        self.powers: dict[sp.Expr, sp.Expr] = {}
        self.squares: dict[sp.Symbol, sp.Expr] = {}
        self._exponentials([a for a in atoms if isinstance(a, sp.exp)])
        for atom in (*(a for a in atoms if not isinstance(a, sp.exp)), *sorted({*powers}, key=str)):
            self._letters.setdefault(atom, sp.Symbol(f"atom{len(self._letters)}"))
        for atom in [a for a in atoms if isinstance(a, RootCosh)]:
            other = RootSinh(*atom.args)
            self._letters.setdefault(other, sp.Symbol(f"atom{len(self._letters)}"))
            first, second = self._letters[atom], self._letters[other]
            self.squares[first] = first**2 - 1 - atom.args[0] * second**2

    def _exponentials(self, atoms: list[sp.Expr]) -> None:
        bases: list[sp.Expr] = []
        for atom in sorted(atoms, key=lambda a: (len(str(a)), str(a))):
            ratios = [sp.cancel(atom.exp / base) for base in bases]
            if not any(ratio.is_Rational for ratio in ratios):
                bases.append(atom.exp)
        scales = dict.fromkeys(bases, sp.S.One)
        multiples: dict[sp.Expr, tuple[sp.Expr, sp.Rational]] = {}
        for atom in atoms:
            base = next(b for b in bases if sp.cancel(atom.exp / b).is_Rational)
            multiples[atom] = (base, sp.cancel(atom.exp / base))
            scales[base] = sp.Integer(sp.ilcm(scales[base], multiples[atom][1].q))
        letters = {base: sp.Symbol(f"atom{len(self._letters) + k}") for k, base in enumerate(bases)}
        generators = {base: sp.exp(base / scales[base]) for base in bases}
        for base, letter in letters.items():
            self._letters[generators[base]] = letter
        for atom, (base, ratio) in multiples.items():
            power = int(ratio * scales[base])
            self._letters[atom] = letters[base] ** power
            if power != 1:
                self.powers[atom] = sp.Pow(generators[base], power, evaluate=False)

    def plain(self, expression: sp.Expr) -> sp.Expr:
        """An expression with letters for the functions."""
        return expression.xreplace(self._letters)

    def meant(self, expression: sp.Expr) -> sp.Expr:
        """The same with the functions again; powers of exponentials stay powers."""
        back = {letter: a for a, letter in self._letters.items() if letter.is_Symbol}
        return expression.xreplace(back)
