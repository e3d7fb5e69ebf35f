"""Fractions, and derivatives written as fractions or not."""

from __future__ import annotations

from fractions import Fraction

from eqsolve.latex.grammar.brackets import Brackets
from eqsolve.latex.grammar.scripts import ACCENTS, FONTS, MAX_EXPONENT
from eqsolve.latex.grammar.tokens import LETTERS, Token, Unreadable, joined
from eqsolve.latex.grammar.tree import Atom, Call, Node, Number, Quotient

FRACTIONS = frozenset((r"\frac", r"\dfrac", r"\tfrac", r"\cfrac"))


class Fractions(Brackets):
    """Fractions and derivatives."""

    def _argument(self, digits: bool = False) -> Node:
        """The argument of a command: a group, or one token; of digits, the first one.

        An exponent of several digits without braces is more likely a slip, and is refused.
        """
        start = self._at
        if self.accept("{"):
            self._bars.append("")
            inner = self.sum()
            self._bars.pop()
            self.expect("}")
            return inner
        token = self.next()
        if digits and token.text.isdecimal() and len(token.text) > 1:
            middle = token.start + 1
            rest = Token(token.text[1:], middle, token.end)
            token = Token(token.text[0], token.start, middle)
            self._tokens[self._at - 1 : self._at] = [token, rest]
        if token.text[0].isdecimal() and len(token.text) > 1:
            raise Unreadable(f"an argument without braces: {token.text!r}")
        if token.text[0].isdecimal():
            return Number(Fraction(token.text), self._span(start))
        if token.text.isalpha() or token.text in LETTERS:
            return Atom(token.text, span=self._span(start))
        if token.text in ACCENTS or token.text in FONTS:
            self._at -= 1
            return Atom(joined(self._canonical()), span=self._span(start))
        raise Unreadable(f"an argument without braces: {token.text!r}")

    def _fraction(self) -> Node:
        """A fraction, or a derivative written as one."""
        start = self._at
        self.next()
        found = self._leibniz(start)
        if found is not None:
            return found
        top, bottom = self._argument(True), self._argument(True)
        return self._raised(Quotient(top, bottom, self._span(start)), start)

    def _leibniz(self, start: int) -> Node | None:
        """``{\\partial^2 f}{\\partial x \\partial y}``: the derivative of a factor."""
        mark = self.peek(1)
        upright = self._is_upright_d(1)
        if self.peek() != "{" or not (upright or mark in (r"\partial", "d")):
            return None
        sign = r"\partial" if mark == r"\partial" else "d"
        below = self._behind_group()
        if self.peek(below) != "{" or not (
            self.peek(below + 1) == sign or (sign == "d" and self._is_upright_d(below + 1))
        ):
            return None
        self.next()
        self._sign(sign)
        order = self._order()
        inner = None if self.accept("}") else self.factor()
        if inner is not None:
            self.expect("}")
        self.expect("{")
        found: list[tuple[str, int]] = []
        while not self.accept("}"):
            self._sign(sign)
            in_bracket = self.accept("(")
            variable = self._variable()
            if in_bracket:
                self.expect(")")
            found.append((variable, self._order()))
        if sum(times for _, times in found) != order == len(found):
            # then a number above a name is an index
            found = [(name if k == 1 else f"{name}^{{{k}}}", 1) for name, k in found]
        variables = [name for name, times in found for _ in range(times)]
        if len(variables) != order:
            raise Unreadable("a derivative of another order below than above")
        if inner is None:
            inner = self.factor()
        name = f"{sign}_{{{','.join(variables)}}}"
        return self._raised(Call(name, (inner,), self._span(start)), start)

    def _is_upright_d(self, ahead: int) -> bool:
        return [self.peek(ahead + k) for k in range(4)] == [r"\mathrm", "{", "d", "}"]

    def _behind_group(self) -> int:
        """How far ahead the group that comes next has ended."""
        depth = ahead = 0
        while token := self.peek(ahead):
            depth += {"{": 1, "}": -1}.get(token, 0)
            ahead += 1
            if not depth:
                break
        return ahead

    def _sign(self, sign: str) -> None:
        """The sign of a derivative."""
        if sign == "d" and self.peek() == r"\mathrm":
            self._group_texts()
            return
        self.expect(sign)

    def _variable(self) -> str:
        """A name with its indices; a number above it is not one of them."""
        base, sub, sup = joined(self._canonical()), tuple[str, ...](), ""
        while self.peek() == "_" or (self.peek() == "^" and not self._is_order()):
            mark = self.next().text
            text = self._group_texts()
            sub, sup = (tuple(text), sup) if mark == "_" else (sub, joined(text))
        return Atom(base, sub, sup).name

    def _is_order(self) -> bool:
        """Whether the exponent that comes next is a number."""
        token = self.peek(2) if self.peek(1) == "{" else self.peek(1)
        return token.isdecimal()

    def _order(self) -> int:
        if not self.accept("^"):
            return 1
        text = joined(self._group_texts())
        if not (text.isascii() and text.isdecimal() and 0 < int(text[:3]) <= MAX_EXPONENT):
            raise Unreadable("a derivative whose order is not a small number")
        return int(text)

    def _derivative(self) -> Node:
        """``\\partial_x f``, ``\\nabla f``."""
        start = self._at
        name = self.next().text
        self._put_index_first()
        if self.accept("_"):
            name += f"_{{{','.join(self._group_texts())}}}"
        if self.accept("^"):
            name += f"^{{{joined(self._group_texts())}}}"
        if not self._starts_factor(self.peek()):
            raise Unreadable(f"nothing after {name}")
        return Call(name, (self.factor(),), self._span(start))


def derivative(top: Node, bottom: Node) -> Node | None:
    """``\\partial f / \\partial x`` in one line."""
    sign = r"\partial"
    for side in (top, bottom):
        if not (isinstance(side, Call) and side.name == sign):
            return None
    assert isinstance(top, Call) and isinstance(bottom, Call)
    variable = bottom.arguments[0]
    if not isinstance(variable, Atom):
        return None
    return Call(f"{sign}_{{{variable.name}}}", top.arguments, top.span)
