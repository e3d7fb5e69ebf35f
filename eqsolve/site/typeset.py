"""Formulas, sentences and numbers as HTML."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from xml.etree import ElementTree

import sympy as sp
from markupsafe import Markup, escape

from eqsolve.latex.document import as_text
from eqsolve.latex.layout import width
from eqsolve.latex.mathml import mathml
from eqsolve.latex.printer import BREAK, latex, marked
from eqsolve.ledger import Line

#: A left side wider than this, in em, does not get a column of its own.
WIDEST_LEFT = 9.0

#: Pieces wider than this, in em, are broken inside their brackets: the width of a telephone.
PIECE = 18.0

_STRUCTURE = re.compile(rf"{BREAK}|\\lbrace|\\rbrace|\\.|[{{}}()\[\]]")
_WITH_LIMITS = ("sup", "inf", "lim", "lim\u2006inf", "max", "min")
#: Bars, which fonts draw too short or too long: whether each stretches over a whole expression.
_BARS = {"\u00af": "false", "\u2015": "true"}
_SIGNS = ("-", "\u2212", "+")
_BEFORE_UNARY = ("=", "\u223c", "\u2192", "\u2260", "<", ">", "\u2264", "\u2265", "(", "[", "{")
_FORMS = dict.fromkeys("([{\u27e8", "prefix") | dict.fromkeys(")]}\u27e9", "postfix")
_OPENING, _CLOSING = ("(", "[", r"\lbrace"), (")", "]", r"\rbrace")


@dataclass(frozen=True)
class Formula:
    """One line of a display in MathML, in pieces between which a line may end.

    A ``wide`` line has a left side too long to be set in a column of its own.
    """

    left: tuple[Markup, ...]
    right: tuple[Markup, ...]
    wide: bool


def formula(line: Line, names: Mapping[sp.Symbol, str] | None = None) -> Formula:
    """Render one line in pieces between which a narrow page may break it."""
    return laid(marked(line.left, names), line.relation, marked(line.right, names))


def laid(left_side: str, relation: str, right_side: str) -> Formula:
    """The same of two sides in LaTeX, marked where they may be broken."""
    # a line that goes on with a relation has nothing on its left
    left = split(left_side) if left_side != "{}" else []
    right = split(right_side)
    relation = relation.replace(":=", "\u2254")
    right[0] = f"{relation} {right[0]}"
    wide = sum(width(piece) for piece in left) > WIDEST_LEFT
    return Formula(_pieces(left), _pieces(right), wide)


def _pieces(texts: Sequence[str]) -> tuple[Markup, ...]:
    # The empty group makes the sign at the start of a piece a binary one, with its spaces.
    return tuple(mathematics(f"{{}} {piece}" if k else piece) for k, piece in enumerate(texts))


def split(tex: str, room: float = PIECE) -> list[str]:
    """Split a marked formula at its signs, outermost first, until the pieces fit into ``room``."""
    return _fitting(_marked_pieces(tex), room)


def _marked_pieces(tex: str) -> list[tuple[int, str]]:
    """The text between marks outside of TeX groups, each with the depth of brackets there."""
    found, depth, group, start, level = [], 0, 0, 0, 0
    for match in _STRUCTURE.finditer(tex):
        token = match.group()
        if token in "{}":
            group += 1 if token == "{" else -1
        elif token == BREAK and not group:
            found.append((level, tex[start : match.start()].strip()))
            start, level = match.end(), depth
        elif not group:
            depth += (token in _OPENING) - (token in _CLOSING)
    found.append((level, tex[start:].strip()))
    return found


def _fitting(pieces: Sequence[tuple[int, str]], room: float) -> list[str]:
    text = " ".join(piece for _, piece in pieces).replace(BREAK, "")
    if len(pieces) == 1 or (width(text) <= room and pieces[0][0] > 0):
        return [text]
    outermost = min(level for level, _ in pieces[1:])
    groups = [[pieces[0]]]
    for level, piece in pieces[1:]:
        if level == outermost:
            groups.append([])
        groups[-1].append((level, piece))
    if width(text) <= room and outermost > 0:
        return [text]
    return [part for group in groups for part in _fitting(group, room)]


def prose(text: str) -> Markup:
    """Turn a sentence with formulas between dollar signs into HTML."""
    parts = []
    for k, part in enumerate(text.split("$")):
        if k % 2:
            parts.append(mathematics(part))
        else:
            plain = re.sub(r"\\([_^%&#])(\{\})?", r"\1", part)
            parts.append(escape(plain.replace("--", "\u2013").replace("~", "\u00a0")))
    return Markup("").join(parts)


def heading(text: str) -> Markup:
    """A title with its symbols typeset and a capital at the start."""
    return prose(as_text(text[:1].upper() + text[1:] if text[:2].isalpha() else text))


def symbolic(value: sp.Expr) -> Markup:
    """An expression as inline MathML."""
    return mathematics(latex(value))


@cache
def mathematics(tex: str) -> Markup:
    """MathML for HTML: without namespaces, limits below operators, signs spaced as in TeX."""
    root = ElementTree.fromstring(mathml(tex))
    # Inline, so that lines can be broken; the style sheet sets displays in display style.
    root.attrib.pop("display", None)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        children = list(element)
        if element.text in _FORMS:
            # the dictionary of operators would space sized brackets as relations
            element.set("form", _FORMS[element.text])
        elif element.tag == "mo" and element.text in ("/", "|"):
            element.attrib |= {"lspace": "0.05em", "rspace": "0.05em"}
        elif element.tag == "mo" and element.text == "Var":
            element.attrib |= {"form": "prefix", "lspace": "0.17em", "rspace": "0"}
        if element.tag == "mover" and children[1].text in _BARS:
            children[1].set("stretchy", _BARS[children[1].text])
            children[1].text = "\u203e"
        if element.tag == "msub" and children[0].text in _WITH_LIMITS:
            element.tag = "munder"
        for before, sign in zip(children, children[1:]):
            if sign.text in _SIGNS and before.text in _BEFORE_UNARY:
                sign.set("form", "prefix")
    return Markup(ElementTree.tostring(root, encoding="unicode", short_empty_elements=False))


def greek(text: str) -> Markup:
    """Set the Greek letters of a plain sentence as mathematics."""
    letter = r'<span class="nowrap"><math><mi>\1</mi></math>\2</span>'
    return Markup(re.sub("([α-ω])([,.:;)]*)", letter, str(escape(text))))


def digits(value: float) -> str:
    """A coefficient with ten digits after the point and a true minus sign."""
    return f"{value:.10f}".replace("-", "−")


def number(value: float | None, significant: int = 10) -> Markup:
    """A number for a table: plain where it is short, else with a power of ten."""
    if value is None or not math.isfinite(value):
        return Markup("not finite")
    plain = f"{value:.{significant}g}"
    mantissa, _, exponent = plain.partition("e")
    text = mantissa.replace("-", "−")
    if not exponent:
        return Markup(text)
    power = str(int(exponent)).replace("-", "−")
    factor = "" if mantissa == "1" else f"{text} × "
    return Markup(f"{factor}10<sup>{power}</sup>")
