"""Formulas inside plain sentences: ``for r > 0, p1 ~ -B r^2`` becomes text with dollar signs."""

from __future__ import annotations

import re

from eqsolve.latex.grammar.tokens import GREEK
from eqsolve.symbols import latex_of

_RELATIONS = {
    "=": "=",
    "!=": r"\neq",
    "<": "<",
    ">": ">",
    "<=": r"\leq",
    ">=": r"\geq",
    "~": r"\sim",
    "->": r"\to",
}
_OPERATIONS = {"+": "+", "-": "-", "*": r"\cdot", "/": "/", "|": r"\mid"}
_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<relation><=|>=|!=|->|[=<>~])|(?P<operation>[-+*/|])"
    r"|(?P<open>abs\(|E\[|\^\(|[(\[])|(?P<close>[)\]]'*)|(?P<comma>,)"
    r"|(?P<power>\^)|(?P<number>(\d+(\.\d+)?|\.\d+)(e[-+]?\d+)?(?![\w.]))"
    r"|(?P<name>[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)?)(?P<prime>'*)"
)
_OPENING = {"(": "(", "[": "[", "abs(": "|", "E[": r"\mathbb{E}[", "^(": "^{"}
_CLOSING = {"(": ")", "[": "]", "abs(": "|", "E[": "]", "^(": "}"}
#: Letters that are names in the claims although the symbol table has no such row.
_EXTRA = {name: name for name in "AFGHJOVXY"} | {
    "E": r"\mathbb{E}",
    "XY": "X Y",
    "xbar": r"\overline{x}",
    "infinity": r"\infty",
}
_DANGLING = frozenset(("space", "relation", "operation", "comma", "power"))
_ARTICLES = frozenset(("a", "A"))
#: A statement in brackets begins a formula of its own: ``0.04 (n = 25)``.
_BEGINNING = re.compile(r"\([^()]*[=<>][^()]*\)")
_CITATION = re.compile(r"\([A-E\d.]+\.\d+\)")


def with_formulas(text: str) -> str:
    """Put the formulas of a sentence between dollar signs.

    A formula is a longest run of words made of symbols of the table, numbers, signs and brackets
    that contains a symbol; a lone ``a`` is the article.
    """
    text = re.sub(r"(\d) x (\d)", "\\1 \u00d7 \\2", re.sub(r"\b([a-z]+)-hat\b", r"\1hat", text))
    return "".join(_typeset(run) if formula else run for formula, run in _runs(text))


def _runs(text: str) -> list[tuple[bool, str]]:
    """The sentence in pieces, each with whether it may be a formula."""
    pieces: list[tuple[bool, str]] = []
    depth = 0
    for match in re.finditer(r"\s+|\S+", text):
        word = match.group()
        core = word.rstrip(".:;")
        core = core if depth + _depth(core) > 0 else core.rstrip(",")
        formula = word.isspace() or bool(core) and _is_formula(core)
        before = pieces[-1][1] if pieces else ""
        ended = _BEGINNING.match(text, match.start()) or (
            before.endswith(("= 0 ", "infinity ")) and re.match(r"[A-Za-z(]", word)
        )
        depth = depth + _depth(core) if formula else 0
        for kind, part in ((formula, core), (False, word[len(core) :])):
            if not part:
                continue
            if pieces and pieces[-1][0] == kind and not (ended and kind):
                pieces[-1] = (kind, pieces[-1][1] + part)
            else:
                pieces.append((kind, part))
    return pieces


def _depth(word: str) -> int:
    return len(re.findall(r"[(\[]", word)) - len(re.findall(r"[)\]]", word))


def _tokens(text: str) -> list[tuple[str, str]] | None:
    """The tokens as (kind, text), or None if something is not part of a formula."""
    found: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return None
        kind = "name" if match["name"] else str(match.lastgroup)
        if kind == "name" and _name(match["name"]) is None:
            return None
        found.append((kind, match.group()))
        position = match.end()
    return found


def _is_formula(word: str) -> bool:
    tokens = None if _CITATION.match(word) else _tokens(word)
    if tokens is None:
        return False
    names = [k for k, (kind, _) in enumerate(tokens) if kind in ("name", "number")]
    # "S1" and "mean-field" are words, "a-b" would be one; names next to each other need a space
    return all(k + 1 not in names for k in names)


def _known(name: str) -> str | None:
    return _EXTRA.get(name) or latex_of(name)


def _name(name: str) -> str | None:
    """The LaTeX of a symbol, also with an index that the table does not list."""
    if len(name) > 2 and name[0] == "d" and name not in _EXTRA and (known := _known(name[1:])):
        return f"d {known}"
    if known := _known(name):
        return known
    if name in GREEK:
        return rf"\{name}"
    stem, underscore, index = name.partition("_")
    if underscore and (known := _known(stem)) and "_" not in known:
        return f"{known}_{{{index}}}"
    return None


def _typeset(run: str) -> str:
    """A run as a formula between dollar signs, brackets that do not match left outside."""
    tokens = _tokens(run) or []
    first, last = _core(tokens)
    names = [text for kind, text in tokens[first:last] if kind == "name"]
    joined = any(kind in ("relation", "operation", "power") for kind, _ in tokens[first:last])
    powers = any(kind == "number" and "e" in text for kind, text in tokens[first:last])
    articles = not joined and all(name in _ARTICLES for name in names)
    if not powers and (not names or articles):
        return run
    before = "".join(text for _, text in tokens[:first])
    after = "".join(text for _, text in tokens[last:])
    return f"{before}${_latex(tokens[first:last])}${after}"


def _core(tokens: list[tuple[str, str]]) -> tuple[int, int]:
    """The longest part that starts and ends with an operand and whose brackets match."""
    first, last = 0, len(tokens)
    while first < last:
        if _dangles(tokens, first, 1) and tokens[first][1] != "-":
            first += 1
        elif _dangles(tokens, last - 1, -1):
            last -= 1
        elif (k := _unmatched(tokens, first, last)) is None:
            break
        elif k - first < last - k:
            first = k + 1
        else:
            last = k
    return first, last


def _dangles(tokens: list[tuple[str, str]], k: int, inwards: int) -> bool:
    """Whether a token cannot end a formula: a sign, or an article after a blank."""
    kind, text = tokens[k]
    beside = tokens[k + inwards][0] if 0 <= k + inwards < len(tokens) else ""
    return kind in _DANGLING or (text in _ARTICLES and beside == "space" and inwards == -1)


def _unmatched(tokens: list[tuple[str, str]], first: int, last: int) -> int | None:
    """The place of a bracket without a partner."""
    open_at: list[int] = []
    for k in range(first, last):
        if tokens[k][0] == "open":
            open_at.append(k)
        elif tokens[k][0] == "close":
            if not open_at:
                return k
            open_at.pop()
    return open_at[0] if open_at else None


def _latex(tokens: list[tuple[str, str]]) -> str:
    parts: list[str] = []
    level: list[str] = []
    for kind, text in tokens:
        if kind == "open":
            level.append(text)
            parts.append(_OPENING[text])
        elif kind == "close":
            parts.append(_CLOSING[level.pop()] + text[1:])
        elif kind == "name":
            bare = text.rstrip("'")
            parts.append(f"{_name(bare)}{text[len(bare) :]}")
        elif kind == "number" and "e" in text:
            mantissa, _, exponent = text.partition("e")
            factor = "" if mantissa == "1" else rf"{mantissa} \times "
            parts.append(f"{factor}10^{{{int(exponent)}}}")
        elif kind == "space":
            parts.append(" ")
        else:
            parts.append((_RELATIONS | _OPERATIONS).get(text, text))
    return "".join(f" {p} " if p.startswith("\\") else p for p in parts).replace("  ", " ").strip()
