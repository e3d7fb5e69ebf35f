"""Errors planted in theorems and their proofs: Coq must refuse every one.

    PYTHONPATH=tests python -m prove.mutations [COUNT] [SEED]

An error counts if it is one: a point in numbers satisfies what is assumed and not what is
concluded (for a witness, it fails an assumption; for a cofactor, its value is another). Beside the
errors, theorems as they are go the same way: they are accepted, so what is wrong would be seen.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import mpmath
import sympy as sp

import eqsolve
from eqsolve.prove.coq import Writer
from eqsolve.prove.needless import accepted, without
from eqsolve.prove.points import Model, NoPointError, point
from eqsolve.prove.statement import ForAll, Hypothesis, Line, Relation, Slope, Statement, Theorem

#: Seconds for one sentence of a proof.
LONGEST = 30


@dataclass(frozen=True)
class Mutant:
    """An error: its kind, where it is planted, and the theorem with it."""

    kind: str
    game: str
    theorem: Theorem
    what: str = ""

    def text(self, name: str) -> str:
        """What Coq is asked: the theorem, or for a witness that it is one."""
        whole = Writer().theorem(replace(self.theorem, name=name))
        proved, _, lemma = whole.partition("\n\nLemma ")
        if self.kind != "witness":
            return proved
        return f"Lemma {lemma}".replace(f"{name}_is_not_vacuous", name)


def altered(e: sp.Expr, rng: random.Random) -> sp.Expr:
    """An expression with one place changed."""
    places = [p for p in sp.preorder_traversal(e) if isinstance(p, sp.Expr)]
    chosen, seen = rng.randrange(len(places)), [0]

    def rebuilt(node: sp.Expr) -> sp.Expr:
        here = seen[0]
        seen[0] += 1
        if here == chosen:
            return changed(node)
        parts = [rebuilt(a) if isinstance(a, sp.Expr) else a for a in node.args]
        return node.func(*parts) if parts else node

    def changed(node: sp.Expr) -> sp.Expr:
        if node.is_Add and rng.random() < 0.7:
            terms = list(node.args)
            k = rng.randrange(len(terms))
            terms[k] *= rng.choice((-1, 0, 2))
            return sp.Add(*terms)
        if node.is_Pow and node.exp.is_Integer:
            return node.base ** (node.exp + 1)
        if node.is_Integer:
            return node + 1
        return rng.choice((-node, 2 * node, node + 1))

    return rebuilt(e)


def changed(statement: Statement, rng: random.Random) -> Statement:
    """A statement with an error on one side."""
    if isinstance(statement, ForAll):
        return replace(statement, statement=changed(statement.statement, rng))
    assert isinstance(statement, (Relation, Slope))
    if isinstance(statement, Slope):
        side = rng.choice(("function", "value"))
    else:
        side = "right" if statement.right != 0 or statement.relation != "=" else "left"
    return replace(statement, **{side: altered(getattr(statement, side), rng)})


def mutant(game: str, right: Theorem, kind: str, rng: random.Random) -> Mutant | None:
    """An error of one kind; None if what was drawn is none."""
    named = [h for h in right.hypotheses if _equation(h)]
    if kind == "definition" and named:
        chosen = rng.choice(named)
        wrong = replace(chosen, statement=changed(chosen.statement, rng))
        hypotheses = tuple(wrong if h is chosen else h for h in right.hypotheses)
        made = Mutant(kind, game, replace(right, hypotheses=hypotheses), chosen.name)
    elif kind == "conclusion":
        made = Mutant(kind, game, replace(right, conclusion=changed(right.conclusion, rng)))
    elif kind == "assumption" and right.hypotheses:
        name = rng.choice(right.hypotheses).name
        made = Mutant(kind, game, without(right, name), name)
    elif kind == "witness" and right.witness and right.hypotheses:
        chosen = rng.choice([s for s in right.witness if isinstance(s, sp.Symbol)] or [None])
        if chosen is None:
            return None
        value = altered(right.witness[chosen], rng)
        if value.has(sp.zoo, sp.nan):
            return None
        wrong = replace(right, witness={**right.witness, chosen: value})
        return Mutant(kind, game, wrong, str(chosen)) if not all(_held(wrong)) else None
    elif kind == "cofactor":
        return _cofactor(game, right, rng)
    else:
        return None
    return made if point(made.theorem, rng) is not None else None


def _equation(hypothesis: Hypothesis) -> bool:
    inner = hypothesis.statement
    inner = inner.statement if isinstance(inner, ForAll) else inner
    return isinstance(inner, Relation) and inner.relation == "="


class Witness(Model):
    """The numbers and functions of a theorem's witness."""

    def __init__(self, theorem: Theorem) -> None:
        functions = {f: e for f, e in theorem.witness.items() if isinstance(e, sp.Lambda)}
        self.functions: dict[Any, sp.Lambda] = functions
        self.letters = {s: e for s, e in theorem.witness.items() if s not in functions}
        self.numbers, self.conditions, self.free, self._known = {}, [], [], {}


def _held(theorem: Theorem) -> Iterable[bool]:
    try:
        witness = Witness(theorem)
        return [witness.holds(h.statement) for h in theorem.hypotheses]
    except (NoPointError, KeyError, ZeroDivisionError):
        return (True,)


def _cofactor(game: str, right: Theorem, rng: random.Random) -> Mutant | None:
    for k, line in enumerate(right.script):
        if line.text.startswith("replace (_ - _)"):
            place = 2 * rng.randrange(len(line.expressions) // 2)
            parts = list(line.expressions)
            parts[place] = altered(parts[place], rng)
            script = (*right.script[:k], Line(line.text, tuple(parts)), *right.script[k + 1 :])
            free = replace(right, hypotheses=())
            if parts[place].has(sp.zoo, sp.nan):
                return None
            try:
                model = Model(free, rng)
                with mpmath.workdps(40):
                    other = model.value(parts[place]) - model.value(line.expressions[place])
                    weight = model.value(parts[place + 1])
            except (NoPointError, KeyError, ZeroDivisionError):
                return None
            if abs(other * weight) > 1e-9:
                return Mutant("cofactor", game, replace(right, script=script))
    return None


KINDS = ("definition", "conclusion", "assumption", "witness", "cofactor")


def drawn(
    theorems: Sequence[tuple[str, Theorem]], count: int, rng: random.Random
) -> Iterator[Mutant]:
    """Errors of all kinds, over all games."""
    games = sorted({game for game, _ in theorems})
    for k in range(count):
        kind = KINDS[k % len(KINDS)]
        while True:
            game = rng.choice(games)
            right = rng.choice([one for name, one in theorems if name == game])
            found = mutant(game, right, kind, rng)
            if found is not None:
                yield found
                break


def of_all_games(*games: str, notion: str | None = "all") -> list[tuple[str, Theorem]]:
    """All theorems but those about existence, with the names of their games."""
    proofs = eqsolve.prove(*games, notion=notion).proofs
    found = [(one.label, theorem) for one in proofs for theorem in one.theorems]
    return [(label, theorem) for label, theorem in found if all(map(_plain, theorem.statements))]


def _plain(statement: Statement) -> bool:
    inner = statement.statement if isinstance(statement, ForAll) else statement
    return isinstance(inner, (Relation, Slope))


def tried(
    theorems: Sequence[tuple[str, Theorem]],
    count: int,
    seed: int,
    told: Callable[[str], object] = print,
) -> tuple[list[Mutant], list[Mutant], int]:
    """The errors, those of them that Coq accepts, and how many right theorems it refuses."""
    rng = random.Random(seed)
    mutants = list(drawn(theorems, count, rng))
    told(f"errors: {dict(Counter(m.kind for m in mutants))}")
    right = [Mutant("right", *one) for one in rng.sample(list(theorems), min(10, len(theorems)))]
    texts = [(f"mutant_{k}", m.text(f"mutant_{k}")) for k, m in enumerate((*mutants, *right))]
    taken = {*accepted(texts, LONGEST)}
    wrong = [m for k, m in enumerate(mutants) if f"mutant_{k}" in taken]
    lost = [m for k, m in enumerate(right, len(mutants)) if f"mutant_{k}" not in taken]
    missing = len(lost)
    for one in wrong:
        told(f"ACCEPTED: {one.game} {one.theorem.name}: {one.kind} {one.what}")
    for one in lost:
        told(f"REFUSED: {one.game} {one.theorem.name} as it is")
    told(f"{len(mutants) - len(wrong)} of {len(mutants)} errors are refused")
    told(f"{len(right) - missing} of {len(right)} theorems as they are are accepted")
    return mutants, wrong, missing


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    _, found, refused = tried(of_all_games(), *(numbers + [200, 1][len(numbers) :]))
    raise SystemExit(1 if found or refused else 0)
