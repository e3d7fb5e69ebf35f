"""What is written above and below: indices, marks and powers."""

from __future__ import annotations

from fractions import Fraction

from eqsolve.latex.grammar.cursor import MAX_NESTING, Cursor
from eqsolve.latex.grammar.tokens import Unreadable, joined, step
from eqsolve.latex.grammar.tree import Call, Node, Number, Power, Quotient, Sum

ACCENTS = {
    r"\overline": r"\overline",
    r"\bar": r"\overline",
    r"\hat": r"\hat",
    r"\widehat": r"\hat",
    r"\tilde": r"\tilde",
    r"\widetilde": r"\tilde",
    r"\dot": r"\dot",
    r"\ddot": r"\ddot",
    r"\vec": r"\vec",
    r"\mathring": r"\mathring",
    r"\breve": r"\breve",
    r"\widecheck": r"\check",
    r"\check": r"\check",
    r"\underline": r"\underline",
    r"\widebar": r"\overline",
    **{f"\\{a.capitalize()}": rf"\{a}" for a in "hat tilde dot ddot vec check breve".split()},
    r"\Bar": r"\overline",
}

FONTS = {
    name: name for name in (r"\mathcal", r"\mathbb", r"\mathfrak", r"\mathbf", r"\operatorname")
} | {
    r"\mathscr": r"\mathcal",
    r"\boldsymbol": r"\mathbf",
    r"\bm": r"\mathbf",
    r"\mathrm": r"\mathrm",
    r"\mathsf": r"\mathrm",
    r"\mathit": r"\mathrm",
    r"\text": r"\text",
    r"\textrm": r"\text",
    r"\textnormal": r"\text",
    r"\textbf": r"\text",
    r"\textit": r"\text",
    r"\mbox": r"\text",
    r"\pmb": r"\mathbf",
    r"\mathds": r"\mathbb",
    r"\mathbbm": r"\mathbb",
    r"\mathop": r"\operatorname",
    r"\texttt": r"\text",
    r"\textsf": r"\text",
    r"\mathtt": r"\mathrm",
    r"\mathnormal": r"\mathrm",
}

_MARKS = frozenset(
    r"+ - * \top \dagger \prime \circ \ast \intercal \perp \star \pm \mp ' T".split()
)

MAX_EXPONENT, MAX_ROOT = 100, 12


class Scripts(Cursor):
    """Indices, marks and powers."""

    def _group_texts(self) -> list[str]:
        """The tokens of a group in canonical form, or one token."""
        if not self.accept("{"):
            return self._canonical()
        texts: list[str] = []
        while not self.accept("}"):
            texts += self._canonical()
        return texts

    def _canonical(self) -> list[str]:
        """One token, or a command with its arguments, in canonical form."""
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise Unreadable(f"nested more than {MAX_NESTING} deep")
        texts = self._canonical_texts()
        self._nesting -= 1
        return texts

    def _canonical_texts(self) -> list[str]:
        token = self.next().text
        if token == r"\operatorname":
            self.accept("*")
        if token in ACCENTS or token in FONTS:
            command = ACCENTS.get(token) or FONTS[token]
            return [f"{command}{{{joined(self._group_texts())}}}"]
        if token == "{":
            self._at -= 1
            return self._group_texts()
        if token in "^_":
            inner = joined(self._group_texts())
            return [f"{token}{{{inner}}}"]
        if token in (r"\frac", r"\sqrt", r"\begin", r"\end"):
            raise Unreadable(f"{token} in a name")
        return [token]

    def _raised(self, base: Node, start: int) -> Node:
        """An exponent, or an index in braces, after something that is not a name."""
        self._put_index_first()
        if self.peek() == "_":
            if isinstance(base, Number) or self.peek(1)[1:].isdecimal():
                raise Unreadable("a subscript after something that is not a name")
            self.next()
            base = Call(f"index {joined(self._group_texts())}", (base,), self._span(start))
        primes = 0
        while self.accept("'"):
            primes += 1
        if primes:
            name = "'" * primes
            base = Call(f"^{{{name}}}", (base,), self._span(start))
        if self.peek() == "_":
            raise Unreadable("a second subscript")
        if not self.accept("^"):
            return base
        result = self._power(base, start)
        if self.peek() in ("^", "_", "'"):
            raise Unreadable("a second exponent")
        return result

    def _put_index_first(self) -> None:
        """``^2_x`` is ``_x^2``."""
        if self.peek() != "^":
            return
        middle = self._at + 1 + self._behind_argument(1)
        if middle < len(self._tokens) and self._tokens[middle].text == "_":
            end = middle + 1 + self._behind_argument(middle + 1 - self._at)
            first, second = self._tokens[self._at : middle], self._tokens[middle:end]
            self._tokens[self._at : end] = [*second, *first]

    def _behind_argument(self, ahead: int) -> int:
        """How many tokens a script has."""
        start = ahead
        while self.peek(ahead) in ACCENTS or self.peek(ahead) in FONTS:
            ahead += 1
        depth = 0
        while token := self.peek(ahead):
            depth += {"{": 1, "}": -1}.get(token, 0)
            ahead += 1
            if depth <= 0:
                break
        return ahead - start

    def _power(self, base: Node, start: int) -> Node:
        """A power, with a number or something else as exponent, or a mark such as a star."""
        braces = self.peek() == "{"
        mark = self.peek(1) if braces and self.peek(2) == "}" else self.peek()
        if mark in _MARKS and (not braces or self.peek(2) == "}"):
            self._group_texts()
            return Call(f"^{{{mark}}}", (base,), self._span(start))
        font = self.peek(1) if braces else mark
        if font in FONTS or self._has_outer_comma():
            name = joined(self._group_texts())
            return Call(f"^{{{name}}}", (base,), self._span(start))
        exponent = self._argument()
        value = constant(exponent)
        if value is None:
            return Call("^", (base, exponent), self._span(start))
        return power(base, value, self._span(start))

    def _has_outer_comma(self) -> bool:
        """Whether the group that comes next is a list."""
        depth = ahead = 0
        while token := self.peek(ahead):
            depth += step(token)
            if depth <= 0 or (depth == 1 and token in ",;"):
                return depth == 1
            ahead += 1
        return False

    def _exponent(self) -> Fraction:
        node = self._argument()
        value = constant(node)
        if value is None:
            raise Unreadable("an exponent that is not a number")
        return value


def constant(node: Node) -> Fraction | None:
    """The number that a tree is, if it is one."""
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Sum) and len(node.terms) == 1:
        inner = constant(node.terms[0][1])
        return None if inner is None else node.terms[0][0] * inner
    if isinstance(node, Quotient):
        top, bottom = constant(node.top), constant(node.bottom)
        return None if top is None or not bottom else top / bottom
    return None


def power(base: Node, exponent: Fraction, span: tuple[int, int]) -> Node:
    """A power, or a root, of a tree."""
    if abs(exponent.numerator) > MAX_EXPONENT or exponent.denominator > MAX_ROOT:
        raise Unreadable(f"too large: an exponent beyond {MAX_EXPONENT}")
    if exponent == 1:
        return base
    if exponent.denominator == 1:
        return Power(base, int(exponent), span)
    root = Call(f"\\sqrt[{exponent.denominator}]", (base,), span)
    return root if exponent.numerator == 1 else Power(root, exponent.numerator, span)
