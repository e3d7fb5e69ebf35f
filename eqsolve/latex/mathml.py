"""Formulas for web pages: LaTeX to MathML, which browsers render without a network."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from latex2mathml.converter import convert

from eqsolve.errors import DerivationError

_NAMESPACE = "http://www.w3.org/1998/Math/MathML"
#: The distance of rows, which the converter takes for a part of the next one.
_DISTANCE = re.compile(r"(?<=\\\\)\[\w+\]")
#: Names of functions, which need room around them.
_FUNCTIONS = ("cos", "sin", "tan", "arccos", "arctan", "cosh", "sinh", "tanh", "exp", "ln", "log")
_BRACES = {r"\lbrace": "{", r"\rbrace": "}"}

ElementTree.register_namespace("", _NAMESPACE)


def mathml(tex: str) -> str:
    """Return the MathML of a formula as a block; ``align*`` becomes an aligned table.

    Raises
    ------
    DerivationError
        If the converter does not know a command of the formula.
    """
    # the converter leaves alignment marks that it cannot place as bare ampersands
    source = convert(_DISTANCE.sub("", tex), display="block").replace(">&<", ">&amp;<")
    root = ElementTree.fromstring(source)
    for element in root.iter():
        text = (element.text or "").strip()
        if text in _BRACES:
            # sized braces come out as the names of their commands
            element.text = _BRACES[text]
        elif text.startswith(("\\", "&")):
            raise DerivationError(
                f"the formula cannot be shown on a page: {text} is not supported.",
                stage="mathml",
            )
        elif text in _FUNCTIONS:
            element.tag = _tag("mo")
            element.attrib |= {"lspace": "0.17em", "rspace": "0.17em"}
        elif element.tag == _tag("mi") and len(text) == 1 and "\u0391" <= text <= "\u03a9":
            element.set("mathvariant", "normal")
        if element.tag == _tag("mtr"):
            # Chromium follows the style only, and needs its own value for boxes of mathematics
            first, gap = ("left", "1em") if r"\begin{cases}" in tex else ("right", "0")
            for cell, side, before in zip(element, (first, "left"), ("0", gap)):
                aligned = f"text-align: {side}; text-align: -webkit-{side}"
                cell.set("style", f"{aligned}; padding: 0.2em 0 0.2em {before}")
        if element.tag == _tag("msub") and element[0].text in ("sup", "lim"):
            element.tag = _tag("munder")
    return ElementTree.tostring(root, encoding="unicode")


def _tag(name: str) -> str:
    return f"{{{_NAMESPACE}}}{name}"
