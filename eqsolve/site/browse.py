"""The ledger and the claims as pages that can be searched."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from eqsolve.latex.phrase import with_formulas
from eqsolve.site.fonts import embedded
from eqsolve.site.page import PROOFS, Content, environment, template, used
from eqsolve.site.sections import Equation
from eqsolve.site.typeset import prose

if TYPE_CHECKING:
    from eqsolve.claims import Claim
    from eqsolve.claims.claim import Test
    from eqsolve.claims.formal import Proof

TESTS = {
    "exact": "a polynomial identity in exact arithmetic",
    "ball": "numbers enclosed in balls of interval arithmetic",
    "point": "one set of parameters, solved exactly",
    "search": "random points with a stated seed and domain; not a proof",
    "spike": "deviations for a short time, by exact moments",
    "simulation": "simulated paths with a stated seed",
}
_CITED = re.compile(r"\(((?:[A-E]\.)*[0-9A-E]\.\d+)\)")


@dataclass(frozen=True)
class Row:
    """An equation with what uses it, the claims that cite it, and the text to search in."""

    eq: Equation
    label: str
    used: tuple[tuple[Markup, str], ...]
    claims: tuple[tuple[str, str], ...]
    text: str


@dataclass(frozen=True)
class Outcome:
    """One test of a claim."""

    kind: str
    passed: bool
    scope: str
    says: Markup
    domain: Markup


@dataclass(frozen=True)
class Judged:
    """A claim as the page shows it."""

    id: str
    statement: Markup
    source: Markup
    verdict: str
    condition: Markup
    tests: tuple[Outcome, ...]
    kinds: tuple[str, ...]
    shows: Markup
    command: str
    numbers: tuple[str, ...]
    text: str
    theorems: tuple[Proof, ...]


def render_ledger(content: Content, version: str) -> str:
    """Return the page of all displays, in the order of the paper."""
    equations = [e for section in content.shown for e in section.equations]
    rows = ledger(equations, content.claims)
    made = environment(version, "ledger.html", content.pages)
    page = made.get_template("ledger.html.jinja").render(
        script=Markup(template("catalog.js")),
        entries=rows,
        chapters=[(name, list(found)) for name, found in groupby(rows, key=_chapter)],
        counts=_counts((e.proof for e in equations), PROOFS),
        proofs=used(PROOFS, (e.proof for e in equations)),
        games=list(dict.fromkeys(e.game for e in equations)),
        kinds=sorted({e.kind for e in equations}),
    )
    return embedded(page)


def render_claims(content: Content, version: str) -> str:
    """Return the page of all claims, in the order of the paper."""
    known = {n for s in content.shown for e in s.equations for n in e.covers}
    rows = [judged(claim, known) for claim in content.claims]
    made = environment(version, "claims.html", content.pages)
    page = made.get_template("claims.html.jinja").render(
        script=Markup(template("catalog.js")),
        rows=rows,
        counts=_counts((row.verdict for row in rows), ("holds", "conditional", "false")),
        tests=used(TESTS, (kind for row in rows for kind in row.kinds)),
    )
    return embedded(page)


def ledger(equations: Sequence[Equation], claims: Sequence[Claim]) -> list[Row]:
    """Sort the equations by their numbers and find what uses each of them."""
    users: dict[str, list[tuple[Markup, str]]] = {}
    for eq in equations:
        for _, link in eq.depends:
            users.setdefault(link, []).append((_cited(eq), f"#{eq.anchors[0]}"))
    named = [(claim.id, set(_numbers(claim))) for claim in claims]
    rows = []
    for eq in sorted(equations, key=_place):
        ids = [name for name, numbers in named if numbers & set(eq.covers)]
        shown = "\u2013".join(dict.fromkeys((*eq.covers[:1], *eq.covers[-1:])))
        words = (eq.number, *eq.covers, eq.game, eq.kind, eq.proof, _plain(eq.title), eq.tex)
        rows.append(
            Row(
                eq,
                f"({shown})" if shown else "#",
                tuple(dict.fromkeys(users.get(f"#{eq.anchors[0]}", ()))),
                tuple((name, f"claims.html#claim-{name}") for name in ids),
                " ".join((*words, _plain(eq.prose))).lower(),
            )
        )
    return rows


def judged(claim: Claim, known: Iterable[str]) -> Judged:
    """Typeset a claim; numbers of equations become links into the ledger."""
    known = set(known)
    found = claim.finding.counterexample
    shows = found.shows if found is not None and claim.counterexample else ""
    seen: set[str] = set()
    tests = []
    for test in claim.finding.tests:
        tests.append(_outcome(test, known, test.domain not in seen))
        seen.add(test.domain)
    words = (claim.id, claim.source, claim.statement, claim.verdict, claim.condition)
    return Judged(
        claim.id,
        _sentence(claim.statement, known),
        _linked(escape(claim.source), known),
        claim.verdict,
        _sentence(claim.condition, known),
        tuple(tests),
        tuple(dict.fromkeys(test.kind for test in claim.finding.tests)),
        _sentence(shows, known),
        claim.counterexample or "",
        tuple(dict.fromkeys(_numbers(claim))),
        " ".join((*words, claim.evidence, claim.counterexample or "")).lower(),
        claim.theorems,
    )


def _outcome(test: Test, known: set[str], new: bool) -> Outcome:
    domain = str(_sentence(test.domain if new else "", known))
    domain = re.sub(r"(?<=\d)\.\.(?=[-\d])", " to ", domain)
    domain = re.sub(r"(?<=\s)-(?=[\d.])", "\u2212", domain)
    says = _sentence(test.says, known)
    return Outcome(test.kind, test.passed, test.scope, says, Markup(domain))


def _numbers(claim: Claim) -> list[str]:
    """The equations that a claim is about: those its source, statement and condition name."""
    return _CITED.findall(f"{claim.source} {claim.statement} {claim.condition}")


def _sentence(text: str, known: set[str]) -> Markup:
    return _linked(prose(with_formulas(text)), known)


def _linked(text: Markup, known: set[str]) -> Markup:
    def link(match: re.Match[str]) -> str:
        number = match.group(1)
        target = f'<a href="ledger.html#eq-{number}">({number})</a>'
        return target if number in known else match.group()

    return Markup(_CITED.sub(link, str(text)))


def _cited(eq: Equation) -> Markup:
    return escape(f"({eq.number})") if eq.number else eq.title


def _plain(text: Markup) -> str:
    return " ".join(re.sub(r"<[^>]*>", "", str(text)).split())


def _place(eq: Equation) -> tuple[int, list[tuple[int, int, str]]]:
    """Sections before appendices before displays without a number."""
    parts = eq.covers[0].split(".") if eq.covers else []
    return not parts, [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts]


def _chapter(row: Row) -> str:
    if not row.eq.covers:
        return "Without a number"
    first = row.eq.covers[0].partition(".")[0]
    return f"Section {first}" if first.isdigit() else f"Appendix {first}"


def _counts(found: Iterable[str], order: Iterable[str]) -> Mapping[str, int]:
    """How often each word occurs, in a fixed order."""
    counts = Counter(found)
    return {word: counts[word] for word in (*order, *sorted(counts)) if counts[word]}
