"""Single mutations of generated LaTeX, and a numeric evaluation that shares no code with eqsolve.

The evaluation turns a display into Python arithmetic by plain text replacement. Names are random
numbers; expectations, sums, suprema and differentials are random factors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

_GREEK = (
    "alpha beta gamma delta zeta theta kappa lambda nu sigma pi psi varphi xi ell rho tau mu Delta "
    "Gamma Lambda Omega infty"
)
_NAME = re.compile(
    r"\\langle.*?\\rangle|\\Phi\([^()]*\)|\\hat\{?[A-Z]\}?_h"
    r"|(?:(?<=\))|[GHFVJ])\([^()]*[,;][^()]*\)"
    r"|\\mathcal\{[A-Z]\}\^(?:\{[^{}]*(?:\{[^{}]*\})?[^{}]*\}|0_t|u)"
    r"|(?:\\overline\{[^{}]*\}|\\hat\\[a-z]+|\\(?:" + "|".join(_GREEK.split()) + r")(?![a-zA-Z])"
    r"|(?<![\\a-zA-Z])[a-zA-Z](?![a-zA-Z]))"
    r"(?:\^(?:\*|\{\*\}|[ik](?![a-z])|0(?=_)))?"
    r"(?:_(?:\{(?:[^{}]|\{[^{}]*\})*\}|\\[a-z]+|\w))?"
)
_NUMBERED = re.compile(r"\\begin\{(equation|align)\}\n(.*?) \\tag\{[^}]*\}", re.DOTALL)


def body(tex: str) -> tuple[int, int]:
    """Where the numbered display of a generated file begins and ends."""
    match = _NUMBERED.search(tex)
    assert match, tex
    return match.start(2), match.end(2)


def statements(tex: str) -> list[str]:
    """The statements of a generated display: rows that begin with a space continue one."""
    result: list[str] = []
    for row in tex.split(r"\\" + "\n"):
        row = row.replace(r"\notag", "").strip()
        content = row.lstrip("& ")
        if result and content.startswith(r"\quad"):
            result[-1] += " " + content
        else:
            result.append(row)
    return [s.replace("&", "") for s in result]


@dataclass(frozen=True)
class Numbers:
    """Random values of names."""

    seed: int

    def value(self, name: str) -> float:
        plain = re.sub(r"[\s{}]", "", name)
        return Random(f"{self.seed}:{plain}").uniform(0.3, 1.7)

    def sides(self, statement: str) -> tuple[str, complex]:
        """The relation, and left minus right."""
        text = re.sub(r"\\[bB]ig[lr]|\\[,;!]|\\q?quad", " ", statement)
        condition = re.compile(r"\\mid ([^\]]*)\]")
        text = condition.sub(lambda m: f"] ({self.value('cond' + m.group(1))!r}) ", text)
        text = text.replace(r"\lbrace", "(").replace(r"\rbrace", ")")
        text = re.sub(r"\\overset\{!\}\{=\}|:=", "=", text)
        for pattern in (
            r"\\int(?:_\{[^{}]*(?:\{[^{}]*\})?\})?(?:\^\{(?:[^{}]|\{[^{}]*\})*\}|\^\w|\^\\\w+)?",
            r"\\liminf_\{[^{}]*\}",
            r"\\inf(?= )",
            r"\\sum_\{[^{}]*\}(?:\^\{[^{}]*\})?",
            r"\\sup_\{[^{}]*\}",
            r"\\lim_\{[^{}]*\}",
            r"\\mathbb\{E\}",
            r"\\operatorname\{Var\}",
        ):
            text = re.sub(pattern, lambda m: f" ({self.value(m.group())!r}) ", text)
        text = re.sub(
            r"(?<![\\a-zA-Z])d(?=[A-Zts]\b|[A-Z]|m|\\overline)", f" ({self.value('D')!r}) ", text
        )
        sides = re.split(r"(=|\\to|\\neq|\\leq|\\geq|>|<)", text)
        assert len(sides) == 3, statement
        return sides[1], self._number(sides[0]) - self._number(sides[2])

    def _number(self, text: str) -> complex:
        text = _NAME.sub(lambda m: f" ({self.value(m.group())!r}) ", text)
        text = text.replace("[", "(").replace("]", ")")
        text = re.sub(r"\^(\d)", r"**\1 ", text)
        text = re.sub(r"\^\{([^{}]*)\}", r"**(\1) ", text)
        fraction = re.compile(r"\\frac\{([^{}]*)\}\{([^{}]*)\}")
        while r"\frac" in text:
            text, count = fraction.subn(r" ((\1)/(\2)) ", text)
            assert count, text
        tokens = re.findall(r"\*\*|\d+\.?\d*(?:e-?\d+)?|[()+\-/]", text)
        assert "".join(tokens) == re.sub(r"\s", "", text), text
        product = ""
        for before, token in zip(["+", *tokens], tokens):
            adjacent = (before == ")" or before[0].isdigit()) and (
                token == "(" or token[0].isdigit()
            )
            product += ("*" if adjacent else "") + token
        value = eval(product, {"__builtins__": {}})  # numbers and signs only, see above
        return complex(value)


def same(original: str, mutated: str) -> bool:
    """Whether two displays state the same, line by line, up to a constant factor."""
    first, second = statements(original), statements(mutated)
    if len(first) != len(second):
        return False
    for one, other in zip(first, second):
        ratios = []
        for seed in (1, 2, 3):
            numbers = Numbers(seed)
            (relation, a), (changed, b) = numbers.sides(one), numbers.sides(other)
            if relation != changed or abs(a) < 1e-12 or abs(b) < 1e-12:
                return False
            ratios.append(b / a)
        if max(abs(r - ratios[0]) for r in ratios) > 1e-9 * abs(ratios[0]):
            return False
        if relation in ("<", ">", r"\leq", r"\geq") and ratios[0].real < 0:
            return False
    return True


@dataclass(frozen=True)
class Mutation:
    """A change of ``tex[start:end]``."""

    kind: str
    start: int
    end: int
    text: str

    def applied(self, tex: str) -> str:
        """The text after the change."""
        return tex[: self.start] + self.text + tex[self.end :]


def mutations(tex: str) -> Iterator[Mutation]:
    """All single mutations of a display's text."""
    for m in re.finditer(r"(?<=\s)[+-](?= )|(?<=[\s{(=])-(?=\\|\w)", tex):
        yield Mutation("sign", m.start(), m.end(), "+" if m.group() == "-" else "-")
    for m in re.finditer(r"(?<=\^)[2-9]", tex):
        yield Mutation("exponent", m.start(), m.end(), str(int(m.group()) + 1))
        yield Mutation("exponent", m.start() - 1, m.end(), "")
    for m in re.finditer(r"(?<=_)([0-9bsik])\b|(?<=_\{)([0-9]{1,2}|[ik])(?=\})|(?<=,)[12ik]", tex):
        for other in {"1": "2", "b": "s", "i": "k", "2": "3", "20": "11 02", "11": "20"}.get(
            m.group(), "1"
        ).split():
            yield Mutation("index", m.start(), m.end(), other)
    names = [m for m in _NAME.finditer(tex) if m.group() not in ("d", "e")]
    for m in names:
        before = tex[m.start() - 1 : m.start()]
        if before in "_^{d" and before:
            continue
        others = sorted({n.group() for n in names} - {m.group()})
        for other in others:
            # two superscripts are an error of LaTeX
            if "^" in other and tex[m.end() :].startswith("^"):
                continue
            yield Mutation("symbol", m.start(), m.end(), other)
    pairs = {r"\alpha": r"\beta", r"\nu": r"\sigma", "x": "y", "A_1": "A_2", "p_1": "p_2"}
    for m in names:
        if m.group() in pairs:
            yield Mutation("symbol", m.start(), m.end(), pairs[m.group()])
    for m in re.finditer(r"(?:(?<== )|(?<=[+-] )|(?<=[{([])(?=[a-zA-Z\\]))(?=[\\\w])", tex):
        if not re.search(r"[_^]\{?$|\\[a-z]+\{$", tex[: m.start()]) or tex[: m.start()].endswith(
            ("frac{",)
        ):
            if not re.match(r"\\(quad|lbrace|notag|sup)", tex[m.start() :]):
                yield Mutation("factor", m.start(), m.end(), "2 ")
    yield from _dropped(tex)


def _dropped(tex: str) -> Iterator[Mutation]:
    """Terms after a sign up to the next sign, relation or closing bracket of the same level."""
    for m in re.finditer(r" [+-] ", tex):
        depth, place = 0, m.end()
        for token in re.finditer(
            r"\\l(?:brace|angle)|\\r(?:brace|angle)|[{}()\[\]]| [+-] |=|>|<|\\to|\\mid|\\notag"
            r"|\\overset|\\[ngl]eq|\\\\|,|$",
            tex[m.end() :],
        ):
            text = token.group()
            place = m.end() + token.start()
            if text in (r"\lbrace", r"\langle") or text in "{([" and text:
                depth += 1
            elif depth == 0:
                break
            elif text in (r"\rbrace", r"\rangle") or text in "})]":
                depth -= 1
        closing = re.search(r"\\[bB]igr\s*$|&\s*$", tex[m.start() : place])
        end = m.start() + closing.start() if closing else place
        if tex[m.end() : end].strip():
            yield Mutation("dropped term", m.start(), end, " ")
