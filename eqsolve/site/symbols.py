"""Symbols of formulas that say what they mean: hover, tap, or follow the list of notation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from xml.etree import ElementTree

import sympy as sp
from markupsafe import Markup

from eqsolve.site.statements import Link
from eqsolve.site.typeset import Formula, mathematics

#: Names of letters by the MathML that shows them.
Letters = Mapping[str, str]


@dataclass(frozen=True)
class Meaning:
    """A row of the list of notation.

    Attributes
    ----------
    name : of the symbol.
    symbol : as a formula.
    told : what it means.
    domain : its admitted values; empty for what is not given.
    defined : the display that defines it, and where that is; empty if none does.
    """

    name: str
    symbol: Markup
    told: Markup
    domain: str = ""
    defined: Link = (Markup(""), "")


def letters(symbols: Iterable[sp.Symbol], write: Callable[[sp.Symbol], str]) -> Letters:
    """The letters of some symbols; those that share one with another are left out."""
    found: dict[str, str] = {}
    shared = set()
    for symbol in symbols:
        shown = _shown(write(symbol))
        if found.setdefault(shown, symbol.name) != symbol.name:
            shared.add(shown)
    return {shown: name for shown, name in found.items() if shown and shown not in shared}


@cache
def _shown(tex: str) -> str:
    """The one element that shows a letter; empty if there are several."""
    row = ElementTree.fromstring(mathematics(tex))[0]
    return _text(row[0]) if len(row) == 1 else ""


def explained(line: Formula, letters: Letters) -> Formula:
    """A line whose letters are marked."""
    left, right = (tuple(tagged(p, letters) for p in side) for side in (line.left, line.right))
    return replace(line, left=left, right=right)


def tagged(formula: Markup, letters: Letters) -> Markup:
    """Mark the letters of a formula with their names, as ``data-symbol``.

    A power of a letter with an index is marked as a whole: both stand at one base.
    """
    root = ElementTree.fromstring(formula)
    _tag(root, letters)
    return Markup(_text(root))


def _tag(element: ElementTree.Element, letters: Letters) -> None:
    for child in element:
        name = letters.get(_text(child))
        if name is None and child.tag == "msubsup":
            base = ElementTree.Element("msub")
            base.extend(child[:2])
            name = letters.get(_text(base))
        if name is None:
            _tag(child, letters)
        else:
            child.set("data-symbol", name)


def _text(element: ElementTree.Element) -> str:
    return ElementTree.tostring(element, encoding="unicode", short_empty_elements=False)
