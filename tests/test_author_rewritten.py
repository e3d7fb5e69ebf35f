"""Formulas rewritten as authors write them are equal; those that say something else are not.

The displays of the source are rewritten as texts, those of declared games as expressions whose
values are known. The seeds are printed with the counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
import sympy as sp
from sympy.core.function import AppliedUndef

import latex_mutations
from eqsolve.arithmetic.algebra import Ring
from eqsolve.derivation.derivation import derive
from eqsolve.game.structure import build
from eqsolve.latex import document
from eqsolve.latex.checking.budget import Budget
from eqsolve.latex.checking.check import Ledger, check
from eqsolve.latex.checking.flattener import Flattener
from eqsolve.latex.checking.reader import Reader
from eqsolve.latex.grammar.parser import relations
from eqsolve.latex.grammar.tokens import Unreadable
from eqsolve.latex.grammar.tree import Context
from eqsolve.ledger import Line
from eqsolve.operators import InOrder
from eqsolve.registry import models
from eqsolve.verbs import declared
from eqsolve.writing.writer import Writing

SEED = 20261130
#: Displays of the source for each way to rewrite.
SAMPLE = 12


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return Ledger(models())


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    texts = document.files(models())
    return {name: text for name, text in texts.items() if r"\tag" in text and name[:3] == "eq-"}


# ------------------------------------------------------------ displays of the source


def _spaced(body: str, rng: Random) -> str:
    def chosen(match: re.Match[str]) -> str:
        return rng.choice((r" \, ", "\n", r"\; "))

    return re.sub(r"(?<!\\)(?<=[\w})]) (?=[\w\\(+-])", chosen, body)


def _styled(body: str, rng: Random) -> str:
    return re.sub(r"\\frac(?=\{)", lambda m: rng.choice((r"\dfrac", r"\tfrac", r"\cfrac")), body)


def _sized(body: str, rng: Random) -> str | None:
    if "\\\\" in body or r"\lbrace" in body:
        return None
    return re.sub(r"\\[bB]ig([lr])\b", lambda m: {"l": r"\left", "r": r"\right"}[m.group(1)], body)


def _braced(body: str, rng: Random) -> str:
    body = re.sub(r"([_^])(\w)(?![\w{])", r"\1{\2}", body)
    return re.sub(r"(?<=[\s(])(\\(?:gamma|beta|alpha|lambda)) ", r"{\1} ", body)


def _by_macro(body: str, rng: Random) -> str | None:
    letters = re.findall(r"\\(?:gamma|beta|alpha|lambda|kappa|theta|nu|sigma)\b", body)
    if not letters:
        return None
    letter = rng.choice(letters)
    made = re.sub(rf"\{letter}\b", r"\\mine{}", body)
    return rf"\newcommand\mine{{{letter}}}" + made


def _slashed(body: str, rng: Random) -> str | None:
    found = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"\\bigl( (\1)/(\2) \\bigr)", body, count=1)
    return None if found == body else found


def _times(body: str, rng: Random) -> str | None:
    if re.search(r"\\(mathbb|int|operatorname|sup|inf|lim|sum)|\bd[A-Zts]?\b", body):
        return None
    name = r"(?:[a-zA-Z]|\\(?:gamma|beta|alpha|lambda|kappa|theta|nu|sigma))(?:_\w)?"
    found = re.sub(rf"(?<=[\s(])({name}) (?={name})", r"\1 \\cdot ", body)
    return None if found == body else found


def _turned(body: str, rng: Random) -> str | None:
    left, equal, right = body.partition(" = ")
    if not equal or "=" in right or "\\\\" in body or r"\mid" in body:
        return None
    return f"{right} = {left}"


def _terms(side: str) -> list[str]:
    """The terms of a side, with their signs."""
    found, depth, start = [], 0, 0
    for token in re.finditer(r"\\[lr]brace|[{}()\[\]]|(?<= )[+-](?= )", side):
        text = token.group()
        if text in "+-" and not depth:
            found.append(side[start : token.start()])
            start = token.start()
        depth += (text in ("{", "(", "[", r"\lbrace")) - (text in ("}", ")", "]", r"\rbrace"))
    return [term.strip() for term in (*found, side[start:])]


def _reordered(body: str, rng: Random) -> str | None:
    left, equal, right = body.partition(" = ")
    large = r"\\(mathbb|int|operatorname|sup|inf|lim|sum|wedge|vee)"
    if not equal or "=" in right or "\\\\" in body or re.search(large, body):
        return None
    terms = _terms(right)
    if len(terms) < 2:
        return None
    rng.shuffle(terms)
    signed = [term if term[0] in "+-" else f"+ {term}" for term in terms]
    return f"{left} = {' '.join(signed).removeprefix('+ ')}"


def _broken(body: str, rng: Random) -> str | None:
    left, equal, right = body.partition(" = ")
    if not equal or "=" in right or "\\\\" in body:
        return None
    terms = _terms(right)
    cut = rng.randrange(1, len(terms)) if len(terms) > 1 else 0
    rows = [" ".join(terms[:cut]), " ".join(terms[cut:])] if cut else [right]
    inner = rng.choice(("aligned", "split"))
    text = r" \\ & \quad ".join(rows)
    return rf"\begin{{{inner}}} {left} & = {text} \end{{{inner}}}"


WAYS: dict[str, Callable[[str, Random], str | None]] = {
    way.__name__[1:]: way
    for way in (
        _spaced, _styled, _sized, _braced, _by_macro, _slashed, _times, _turned, _reordered, _broken
    )
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_rewritten_displays_are_equal(
    way: str, files: dict[str, str], ledger: Ledger, tmp_path: Path
) -> None:
    rng = Random(f"{SEED}:{way}")
    counts: Counter[str] = Counter()
    wrong = []
    for name in rng.sample(sorted(files), len(files)):
        text = files[name]
        start, end = latex_mutations.body(text)
        body = text[start:end]
        if "\\\\" not in body:
            body = body.replace("&", "")
        found = WAYS[way](body, rng)
        if found is None or found == body:
            continue
        (tmp_path / "m.tex").write_text(text[:start] + found + text[end:])
        verdicts = [f for f in check(tmp_path / "m.tex", ledger, repair=False).findings]
        counts[verdicts[-1].verdict] += 1
        if any(f.verdict != "equal" for f in verdicts):
            wrong.append((name, found, str(verdicts[-1])))
        if sum(counts.values()) == SAMPLE:
            break
    print(f"seed {SEED}, {way}: {dict(counts)}")
    assert wrong == []
    assert sum(counts.values()) >= 6


# ------------------------------------------------------------ displays of declared games

GAMES = ("regulator", "execution", "lq-target", "systemic-risk", "merton-consumption")


def _lines(name: str) -> tuple[Writing, list[Line]]:
    exported = declared(name)
    assert exported is not None
    writing = Writing(derive(build(exported, {})))
    lines = [x for stage in writing.stages for d in stage.displays for x in d.lines]
    return writing, [line for line in lines if line.right.free_symbols]


def _same(one: str, other: str) -> bool:
    """Whether two statements are the same, up to the sign of left minus right."""
    reader, flattener = Reader(Context(differentials=True)), Flattener()
    gaps = []
    for tex in (one, other):
        (relation,) = relations(tex, reader.context)
        sides = reader.expression(relation.left), reader.expression(relation.right)
        gaps.append(flattener.flat(sides[0] - sides[1]))
        Budget().check(gaps[-1])
    ring = Ring.of(*gaps)
    return any(ring.ratio(gaps[0] - sign * gaps[1]).is_zero() for sign in (1, -1))


def _mutated(right: sp.Expr, rng: Random) -> Iterator[tuple[str, sp.Expr]]:
    """Single changes of an expression that change what it says."""
    terms = list(right.args if isinstance(right, (sp.Add, InOrder)) else (right,))
    k = rng.randrange(len(terms))
    for kind, change in (
        ("sign", lambda t: -t),
        ("factor", lambda t: 2 * t),
        ("dropped", lambda t: sp.S.Zero),
    ):
        changed = [*terms[:k], change(terms[k]), *terms[k + 1 :]]
        yield kind, InOrder(*changed) if isinstance(right, InOrder) else sp.Add(*changed)
    symbols = sorted(right.free_symbols, key=str)
    if len(symbols) > 1:
        first, second = rng.sample(symbols, 2)
        yield "swapped", right.xreplace({first: second, second: first})
        yield "letter", right.xreplace({first: second})
    powers = sorted(
        (p for p in right.atoms(sp.Pow) if p.exp.is_Integer and p.base.is_Symbol), key=str
    )
    if powers:
        power = rng.choice(powers)
        yield "exponent", right.xreplace({power: power.base ** (power.exp + 1)})


def _differs(one: sp.Expr, other: sp.Expr) -> bool:
    """Whether two expressions have different values at random numbers."""
    rng = Random(SEED)
    gap = sp.Add(*one.args if isinstance(one, InOrder) else (one,)) - sp.Add(
        *other.args if isinstance(other, InOrder) else (other,)
    )
    inner = sorted(gap.atoms(AppliedUndef, sp.Derivative), key=sp.default_sort_key)
    opaque = {a: sp.Float(rng.uniform(0.3, 1.7)) for a in inner}
    numbers = {s: sp.Float(rng.uniform(0.3, 1.7)) for s in sorted(gap.free_symbols, key=str)}
    try:
        return abs(complex(gap.xreplace(opaque).subs(numbers).evalf())) > 1e-9
    except TypeError:
        return sp.expand(gap) != 0


@pytest.mark.parametrize("name", GAMES)
def test_mutated_displays_of_declared_games_are_not_equal(name: str) -> None:
    rng = Random(f"{SEED}:{name}")
    writing, lines = _lines(name)
    counts: Counter[str] = Counter()
    for line in lines:
        tex = writing.renderer.inline(line)
        try:
            assert _same(tex, tex)
        except Unreadable as error:
            counts[f"not read: {error}"] += 1
            continue
        for kind, right in _mutated(line.right, rng):
            changed = writing.renderer.inline(Line(line.left, right, line.relation))
            if changed == tex or not _differs(line.right, right):
                counts["says the same"] += 1
                continue
            try:
                assert not _same(tex, changed), (kind, tex, changed)
                counts[kind] += 1
            except Unreadable:
                counts["not read"] += 1
        # conditions of cases are compared as they are written
        if not line.right.has(InOrder, sp.Piecewise):
            again = writing.renderer.inline(Line(line.left, sp.expand(line.right), line.relation))
            assert _same(tex, again), (tex, again)
            counts["expanded"] += 1
    print(f"seed {SEED}, {name}: {dict(counts)}")
    unread = sum(n for kind, n in counts.items() if kind.startswith("not read"))
    assert unread <= 0.1 * sum(counts.values()), counts
    assert counts["sign"] > 5 and counts["expanded"] > 2
