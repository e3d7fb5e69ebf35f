"""Statements in the language of Coq."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction

from eqsolve.derivation.solve.functions import RootCosh, RootSinh
from eqsolve.errors import EqsolveError
from eqsolve.prove.statement import (
    Approaches,
    Bounded,
    Exists,
    ForAll,
    Has,
    Joined,
    Line,
    Relation,
    Slope,
    Statement,
    Tends,
    Theorem,
    identifier,
)

#: The file of lemmas and tactics that every other file needs.
LIBRARY = "eqsolve_library"
#: Words that Coq, its real numbers or the library have taken.
TAKEN = frozenset(
    "as at by cofix else end exists exists2 fix for forall fun if IF in let match mod Prop return "
    "Set SProp then Type using where with R RootCosh RootSinh exp logarithm power sqrt pow INR IZR "
    "PI sin cos sinh cosh derivable_pt_lim derivable_from S O tends approaches_from_above bounded "
    "everything nat sum_f".split()
)
#: The set of outcomes of theorems about expectations.
OUTCOMES = "Outcome"
#: The kind of numbers of agents.
NATURAL = "nat"
WIDTH = 100

_SUM, _PRODUCT, _POWER, _ATOM = range(4)


class NotStatedError(EqsolveError):
    """An expression has no counterpart among Coq's real numbers here."""


class Names:
    """Identifiers of letters and functions, one each."""

    def __init__(self) -> None:
        self._known: dict[Any, str] = {}

    def __call__(self, what: Any) -> str:
        if what not in self._known:
            plain = identifier(getattr(what, "name", None) or what.__name__)
            while plain in TAKEN or plain in self._known.values():
                plain += "_"
            self._known[what] = plain
        return self._known[what]


@dataclass(frozen=True)
class Source:
    """A file: a heading, theorems by name with their proofs, and a question what they rest on."""

    heading: str
    theorems: Mapping[str, str]

    @property
    def text(self) -> str:
        """The file."""
        names = [name for text in self.theorems.values() for name in _STATED.findall(text)]
        everything = "\n".join(broken([f"Definition everything := ({', '.join(names)})."]))
        parts = (self.heading, *self.theorems.values(), everything, "Print Assumptions everything.")
        return "\n\n".join(parts) + "\n"

    def without(self, theorem: str) -> Source:
        """The file without one theorem."""
        return Source(self.heading, {n: e for n, e in self.theorems.items() if n != theorem})


_STATED = re.compile(r"^(?:Theorem|Lemma) (\w+) :", re.MULTILINE)


def source(title: str, theorems: Iterable[Theorem]) -> Source:
    """The file of some theorems, with a table of which is which."""
    theorems = tuple(theorems)
    width = max(len(theorem.name) for theorem in theorems)
    lines = [f"(* {title}", ""]
    lines += [f"   {one.name:<{width}}  {one.title}{cited(one)}" for one in theorems]
    lines[-1] += " *)"
    heading = "\n".join((*broken(lines), "", f"Require Import {LIBRARY}."))
    return Source(heading, {one.name: Writer().theorem(one).rstrip("\n") for one in theorems})


class Writer:
    """Writes expressions and statements of one theorem."""

    def __init__(self) -> None:
        self.names = Names()

    def expression(self, e: sp.Expr, level: int = _SUM) -> str:
        """An expression, in parentheses where its surroundings need them.

        Raises
        ------
        NotStatedError
            If it has a function that is not known here.
        """
        own, text = self._written(e)
        return f"({text})" if own < level else text

    def _written(self, e: sp.Expr) -> tuple[int, str]:
        if isinstance(e, sp.Lambda):
            return _ATOM, self.function(e.expr, *e.variables)
        if e.is_Symbol:
            return _ATOM, self.names(e)
        if e is sp.pi:
            return _ATOM, "PI"
        if e.is_Integer:
            return (_ATOM if e >= 0 else _SUM), str(e)
        if e.is_Add:
            return _SUM, self._sum(e)
        if e.is_Rational or e.is_Mul or (e.is_Pow and e.exp.could_extract_minus_sign()):
            if isinstance(e, sp.exp) or (e.is_Pow and not e.exp.is_Integer):
                return self._function(e)
            return self._product(e)
        return self._function(e)

    def _sum(self, e: sp.Expr) -> str:
        terms = e.as_ordered_terms()
        terms = sorted(terms, key=lambda term: bool(term.could_extract_minus_sign()))
        text = self.expression(terms[0])
        for term in terms[1:]:
            minus = term.could_extract_minus_sign()
            text += f" {'-' if minus else '+'} " + self.expression(
                -term if minus else term, _PRODUCT
            )
        return text

    def _product(self, e: sp.Expr) -> tuple[int, str]:
        number, rest = e.as_coeff_Mul()
        if number < 0:
            return _SUM, "- " + self.expression(-e, _PRODUCT)
        above, below = [], []
        if number.p != 1:
            above.append(sp.Integer(number.p))
        if number.q != 1:
            below.append(sp.Integer(number.q))
        for factor in () if rest == 1 else sp.Mul.make_args(rest):
            inverse = factor.is_Pow and factor.exp.is_Integer and factor.exp < 0
            (below if inverse else above).append(_inverse(factor) if inverse else factor)
        text = " * ".join(self.expression(f, _POWER) for f in above) or "1"
        if below:
            dividing = " * ".join(self.expression(f, _POWER) for f in below)
            text += f" / ({dividing})" if len(below) > 1 else f" / {dividing}"
        return _PRODUCT, text

    def _function(self, e: sp.Expr) -> tuple[int, str]:
        if isinstance(e, sp.exp):
            return _POWER, f"exp {self.expression(e.exp, _ATOM)}"
        if e.is_Pow and e.exp.is_Integer:
            return _POWER, f"{self.expression(e.base, _ATOM)} ^ {e.exp}"
        if e.is_Pow and e.exp == sp.Rational(1, 2):
            return _POWER, f"sqrt {self.expression(e.base, _ATOM)}"
        if e.is_Pow:
            parts = (self.expression(part, _ATOM) for part in (e.base, e.exp))
            return _POWER, f"power {' '.join(parts)}"
        known = {sp.log: "logarithm", RootCosh: "RootCosh", RootSinh: "RootSinh"}
        known |= {sp.sin: "sin", sp.cos: "cos", sp.sinh: "sinh", sp.cosh: "cosh"}
        if isinstance(e, sp.Sum):
            index, *limits = e.limits[0]
            first, last = (self.expression(limit, _ATOM) for limit in limits)
            return _POWER, f"sum_f {first} {last} {self.function(e.function, index)}"
        if isinstance(e, AppliedUndef):
            name = self.names(e.func)
        elif e.func in known:
            name = known[e.func]
        else:
            raise NotStatedError(f"{e} is not written in Coq.", stage="proofs")
        return _POWER, " ".join((name, *(self.expression(a, _ATOM) for a in e.args)))

    def statement(self, what: Statement) -> str:
        """A statement."""
        if isinstance(what, ForAll):
            letters = " ".join(map(self.names, what.letters))
            bounds = "".join(f"0 < {self.names(s)} -> " for s in what.positive)
            return f"forall {letters} : {what.kind}, {bounds}{self.statement(what.statement)}"
        if isinstance(what, Exists):
            return f"exists {' '.join(map(self.names, what.letters))} : R, " + self.statement(
                what.statement
            )
        if isinstance(what, Joined):
            parts = [self.statement(part) for part in what.parts]
            plain = [
                isinstance(part, (Relation, Slope, Tends, Approaches, Bounded, Has))
                for part in what.parts
            ]
            return f" {what.word} ".join(p if q else f"({p})" for p, q in zip(parts, plain))
        if isinstance(what, Has):
            return f"{what.word} {self.names(what.function)}"
        if isinstance(what, Relation):
            return f"{self.expression(what.left)} {what.relation} {self.expression(what.right)}"
        if isinstance(what, (Tends, Bounded)):
            function = self.function(what.function, what.variable)
            limit = f" {self.expression(what.value, _ATOM)}" if isinstance(what, Tends) else ""
            return f"{'tends' if limit else 'bounded'} {function}{limit}"
        at, value = self.expression(what.at, _ATOM), self.expression(what.value, _ATOM)
        word = "approaches_from_above" if isinstance(what, Approaches) else "derivable_pt_lim"
        if isinstance(what, Slope) and what.since is not None:
            word = f"derivable_from {self.names(what.since)}"
        return f"{word} {self.function(what.function, what.variable)} {at} {value}"

    def function(self, body: sp.Expr, variable: sp.Symbol) -> str:
        """An expression as a function of one letter."""
        if isinstance(body, AppliedUndef) and body.args == (variable,):
            return self.names(body.func)
        return f"(fun {self.names(variable)} => {self.expression(body)})"

    def theorem(self, theorem: Theorem) -> str:
        """A theorem with its proof, and with the proof that its hypotheses hold somewhere."""
        lines = [f"(* {theorem.title}{cited(theorem)} *)", f"Theorem {theorem.name} :"]
        if theorem.letters or theorem.functions or theorem.hypotheses:
            lines += ["  forall " + self._variables(theorem)]
            lines += [f"    ({h.name} : {self.statement(h.statement)})" for h in theorem.hypotheses]
            lines[-1] += ","
        lines += [f"  {self.statement(theorem.conclusion)}."]
        lines += ["Proof.", *map(self.line, theorem.script), "Qed."]
        return "\n".join(broken(lines)) + "\n\n" + self._witness(theorem)

    def line(self, line: Line) -> str:
        """A line of a proof."""
        parts = (self._part(e) for e in line.expressions)
        return "  " + line.text.format(*parts)

    def _part(self, part: sp.Expr | sp.Lambda | Statement) -> str:
        if isinstance(part, get_args(Statement)):
            return self.statement(part)
        if isinstance(part, sp.Lambda):
            return self.function(part.expr, *part.variables)
        return self.expression(part, _ATOM)

    def _variables(self, theorem: Theorem) -> str:
        types = _types(theorem)
        letters = " ".join(self.names(s) for s in theorem.letters if s not in types)
        groups = [f"({OUTCOMES} : Type)"] if _has_outcomes(theorem) else []
        groups += [f"({letters} : R)"] if letters else []
        groups += [f"({self.names(f)} : {kind})" for f, kind in types.items()]
        return " ".join(groups)

    def _witness(self, theorem: Theorem) -> str:
        """That the hypotheses do not contradict each other."""
        if not theorem.hypotheses:
            return ""
        kinds = _types(theorem)
        chosen = (*(s for s in theorem.letters if s not in kinds), *kinds)
        types = {f: kind.replace(OUTCOMES, "unit") for f, kind in kinds.items()}
        # numbers first: what else is chosen is written with these letters
        place = list(theorem.witness).index
        order = sorted(chosen, key=lambda w: (not _is_number(theorem.witness[w]), place(w)))
        lines = [f"Lemma {theorem.name}_is_not_vacuous :", f"  exists {self._variables(theorem)},"]
        parts = [f"({self.statement(h.statement)})" for h in theorem.hypotheses]
        lines += [f"    {part} /\\" for part in parts[:-1]] + [f"    {parts[-1]}.", "Proof."]
        for what in order:
            value = self._chosen(theorem.witness[what])
            scope = "%nat" if types.get(what) == NATURAL else ""
            typed = f"({value}){scope} : {types[what]}" if what in types else value
            lines.append(f"  choose_value {self.names(what)} ({typed}).")
        outcomes = ["unit"] if _has_outcomes(theorem) else []
        lines.append(f"  exists {', '.join([*outcomes, *map(self.names, chosen)])}.")
        sums = "unfold sum_f; cbn [sum_f_R0 Nat.sub]; " if NATURAL in kinds.values() else ""
        lines += [f"  subst; {sums}repeat split; witness.", "Qed."]
        return "\n".join(broken(lines)) + "\n"

    def _chosen(self, value: sp.Expr | sp.Lambda | str) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, sp.Lambda):
            inner = " ".join(map(self.names, value.variables))
            return f"fun {inner} => {self.expression(value.expr)}"
        return self.expression(value)


def _types(theorem: Theorem) -> dict[sp.Symbol | UndefinedFunction, str]:
    """What kind of functions the letters for functions are, and of which other letters."""
    kinds = {s: theorem.types[s] for s in theorem.letters if s in theorem.types}
    numbers = {f: "R -> " * count + "R" for f, count in theorem.functions.items()}
    return {**kinds, **{f: theorem.types.get(f, kind) for f, kind in numbers.items()}}


def _has_outcomes(theorem: Theorem) -> bool:
    return any(OUTCOMES in kind for kind in theorem.types.values())


def _is_number(value: sp.Expr | sp.Lambda | str) -> bool:
    if isinstance(value, str):
        return False
    inner = value.expr if isinstance(value, sp.Lambda) else value
    return bool(inner.is_Rational)


def _inverse(power: sp.Expr) -> sp.Expr:
    """One over a power with a negative number as exponent, written as it is."""
    if power.exp == -1:
        return power.base
    return sp.Pow(power.base, -power.exp, evaluate=False)


def cited(theorem: Theorem) -> str:
    """The number of the equation that a theorem is about, in parentheses after a blank."""
    return f" ({theorem.source})" if theorem.source else ""


def broken(lines: Iterable[str]) -> Iterator[str]:
    """Lines that are too long, broken at blanks and indented."""
    for line in lines:
        indent = begin = len(line) - len(line.lstrip())
        while len(line) > WIDTH and (cut := line.rfind(" ", begin + 1, WIDTH)) > begin:
            yield line[:cut]
            begin = indent + 4
            line = " " * begin + line[cut + 1 :]
        yield line
