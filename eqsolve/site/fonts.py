"""The mathematics font of a page: a subset with what the page shows, inside the page itself.

Without the table MATH of such a font a browser does not know where the axis of a formula lies:
bars of fractions run through letters, and brackets do not grow. The font is STIX Two Math under
the SIL Open Font License, as the package ziamath ships it; the subset keeps its names, its
copyright and its license.
"""

from __future__ import annotations

import base64
import re
from functools import cache
from html import unescape
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from eqsolve.errors import MissingPartError

#: Where a page wants the font, and what style sheets call it.
PLACE = "/* mathematics font */"
FAMILY = "eqsolve mathematics"

_MATHEMATICS = re.compile(r"<math\b.*?</math>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
#: What a browser draws without its being in the text: primes, minus signs, the bar of a root.
_ALWAYS = "0123456789+-\u2212\u221a\u2032()[]{}|"
#: Italic letters, in which a browser sets the identifiers of one letter: first, last, italic.
_ITALIC = (
    ("A", "Z", 0x1D434),
    ("a", "z", 0x1D44E),
    ("\u0391", "\u03a9", 0x1D6E2),
    ("\u03b1", "\u03c9", 0x1D6FC),
)
_SPECIAL = {
    "h": "\u210e",
    "\u2202": "\U0001d715",
    "\u03f5": "\U0001d716",
    "\u03d1": "\U0001d717",
    "\u03f0": "\U0001d718",
    "\u03d5": "\U0001d719",
    "\u03f1": "\U0001d71a",
    "\u03d6": "\U0001d71b",
}


def embedded(page: str) -> str:
    """Put the font that a page needs in its place; equal pages give equal text."""
    return page.replace(PLACE, rule(page), 1)


def rule(page: str) -> str:
    """The rule ``@font-face`` with the font that the formulas of a page need."""
    formulas = _MATHEMATICS.findall(page)
    shown = {c for formula in formulas for c in unescape(_TAG.sub("", formula))}
    return face(frozenset(drawn(shown)))


def drawn(characters: set[str]) -> set[str]:
    """The characters with the italic letters that a browser draws in their place."""
    found = characters | set(_ALWAYS)
    for character in characters:
        if character in _SPECIAL:
            found.add(_SPECIAL[character])
            continue
        for first, last, italic in _ITALIC:
            if first <= character <= last:
                found.add(chr(italic + ord(character) - ord(first)))
    return {c for c in found if c.isprintable()}


@cache
def face(characters: frozenset[str]) -> str:
    """A rule ``@font-face`` with a font of these characters and of all sizes they come in."""
    data = base64.b64encode(subset(characters)).decode("ascii")
    source = f"url(data:font/woff;base64,{data}) format('woff')"
    return f'@font-face {{ font-family: "{FAMILY}"; src: {source}; }}'


def _file() -> Path:
    """The font's file; the package that ships it is not imported."""
    spec = find_spec("ziamath")
    if spec is None or spec.origin is None:
        raise MissingPartError(
            "the mathematics font of pages is not installed.",
            stage="page",
            remedy="Install ziamath.",
        )
    return Path(spec.origin).parent / "fonts" / "STIXTwoMath-Regular.ttf"


def subset(characters: frozenset[str]) -> bytes:
    """The font with some characters only, as WOFF; its table MATH stays."""
    from fontTools import subset as tools

    options = tools.Options()
    options.flavor = "woff"
    options.hinting = False
    options.name_IDs = ["*"]
    options.drop_tables += ["DSIG"]
    font = tools.load_font(str(_file()), options)
    chosen = tools.Subsetter(options)
    chosen.populate(text="".join(sorted(characters)))
    chosen.subset(font)
    stream = BytesIO()
    tools.save_font(font, stream, options)
    font.close()
    return stream.getvalue()
