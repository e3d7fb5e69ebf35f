"""Displays as statements: their word, why they hold, and what is assumed where it first divides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sympy as sp
from markupsafe import Markup, escape

from eqsolve.ledger import ALGEBRAIC, Display
from eqsolve.site.typeset import symbolic

#: The words for kinds of displays that state something; a definition has none.
WORDS = {
    "assumption": "Assumption",
    "identity": "Lemma",
    "solution": "Theorem",
    "limit": "Limit",
    "estimate": "Estimate",
}
#: Why a display holds that is not established by algebra.
_OTHERWISE = {
    "ball": "Interval arithmetic encloses zero, and excludes zero for a perturbed form.",
    "numeric": "Both sides were compared numerically.",
    "reconstructed": "Only the form is a guess; where the content is a computation, it is checked.",
}

#: A link: what is shown and where it leads; the place is empty where there is none.
Link = tuple[Markup, str]


def why(display: Display, sources: Iterable[Link], theorems: Iterable[Link]) -> Markup:
    """The proof of a display in words; empty for what needs none.

    Parameters
    ----------
    sources : the displays that it follows from.
    theorems : those that Coq accepted for it.
    """
    if display.kind == "assumption" or display.proof == "definition":
        return Markup("")
    if display.proof not in ALGEBRAIC:
        return Markup("{}").format(_OTHERWISE[display.proof])
    parts = []
    if links := linked(sources):
        parts.append(Markup("Put in {}. ").format(links))
    if display.given:
        values = (
            Markup("{} = {}").format(symbolic(s), symbolic(v)) for s, v in display.given.items()
        )
        parts.append(Markup("At {}: ").format(Markup(", ").join(values)))
    if display.limits:
        parts.append(
            Markup("In the limit of {}: ").format(
                Markup(", ").join(symbolic(name) for name in display.limits)
            )
        )
    parts.append(Markup("The difference of both sides is the zero polynomial."))
    if display.evidence:
        count = len(display.evidence)
        number = "one line" if count == 1 else f"{count} lines"
        parts.append(Markup(f" So is that of {number} behind it."))
    if links := linked(theorems):
        parts.append(Markup(" Coq accepts it: {}.").format(links))
    return Markup("").join(parts)


def linked(links: Iterable[Link]) -> Markup:
    """Links in a row."""
    shown = (Markup('<a href="{}">{}</a>').format(p, s) if p else escape(s) for s, p in links)
    return Markup(", ").join(shown)


def entering(
    assumed: Iterable[sp.Expr], lines: Sequence[Iterable[sp.Expr]]
) -> tuple[list[tuple[sp.Expr, ...]], tuple[sp.Expr, ...]]:
    """For each of some lines, what must not vanish and divides there first; and what never does."""
    left, found = [*assumed], []
    for expressions in lines:
        below = {base for e in expressions for base in _divisors(e)}
        new = tuple(e for e in left if e in below or -e in below)
        found.append(new)
        left = [e for e in left if e not in new]
    return found, tuple(left)


def _divisors(expression: sp.Expr) -> Iterable[sp.Expr]:
    """What an expression divides by."""
    for power in expression.atoms(sp.Pow):
        if power.exp.could_extract_minus_sign():
            yield power.base
            yield from sp.Mul.make_args(power.base)
