"""Functions, roots, sums and their like, matrices and cases."""

from __future__ import annotations

from fractions import Fraction

from eqsolve.latex.grammar.fractions import Fractions
from eqsolve.latex.grammar.scripts import power
from eqsolve.latex.grammar.tokens import CLOSERS, LETTERS, RELATIONS, Token, Unreadable, joined
from eqsolve.latex.grammar.tree import Atom, Call, Node, Product, Sum

FUNCTIONS = frozenset(
    "\\" + f
    for f in (
        "exp log ln sin cos tan arccos arcsin arctan sinh cosh tanh "
        "cot sec csc coth det dim ker deg "
        "arg tr"
    ).split()
)

LARGE = frozenset(
    "\\" + f
    for f in (
        "sum prod int lim sup inf max min liminf limsup iint iiint "
        "oint idotsint bigcup bigcap bigvee "
        "bigwedge bigoplus bigotimes coprod argmax argmin esssup essinf Pr"
    ).split()
)


_MATRICES = frozenset(
    "matrix pmatrix bmatrix vmatrix Vmatrix Bmatrix smallmatrix array cases dcases rcases".split()
)
#: Commands around a formula that leave it what it is.
WRAPPERS = frozenset(
    r"\boxed \fbox \underbrace \overbrace \mathclap \mathrlap \mathllap \smash \mathop \mathbin "
    r"\mathrel \mathord \ensuremath".split()
)

#: Commands that strike a formula out, by the number of their arguments.
STRUCK = {r"\cancel": 1, r"\bcancel": 1, r"\xcancel": 1, r"\cancelto": 2}


class Operators(Fractions):
    """What is applied to something that follows."""

    def _root(self) -> Node:
        start = self._at
        self.next()
        index = "2"
        if self.accept("["):
            index = self.next().text
            self.expect("]")
        if not index.isdecimal():
            raise Unreadable("a root whose index is not a number")
        return Call(f"\\sqrt[{index}]", (self._argument(),), self._span(start))

    def _large(self) -> Node:
        """A sum over an index, a limit, a supremum, an integral: applied to the term after it."""
        start = self._at
        name = self._with_limits(self._inner_large() if self.peek() == r"\mathop" else "")
        sign = self.next() if self.peek() in ("+", "-") else None
        if self.peek() != "|" and not self._starts_factor(self.peek()):
            raise Unreadable(f"nothing after {name}")
        inner = self.term()
        if sign is not None:
            place = (sign.start, sign.end)
            inner = Sum(((-1 if sign.text == "-" else 1, inner, place),), self._span(start))
        return Call(name, (inner,), self._span(start))

    def _with_limits(self, name: str = "") -> str:
        """An operator, which comes next if it is not given, with its limits."""
        name = name or self.next().text
        scripts: dict[str, str] = {}
        while self.peek() in ("_", "^"):
            kind = self.next().text
            if kind in scripts:
                raise Unreadable("a second limit of an operator")
            scripts[kind] = joined([_spelled(t) for t in self._group_texts()])
        return name + "".join(f"{k}{{{scripts[k]}}}" for k in ("_", "^") if k in scripts)

    def _wraps_large(self) -> bool:
        """Whether ``\\mathop{\\sum_{i=1}^n}`` comes next, which has limits of its own."""
        return self.peek() == r"\mathop" and self.peek(1) == "{" and self.peek(2) in LARGE

    def _inner_large(self) -> str:
        """The operator in the braces of ``\\mathop``, with its limits."""
        self.next()
        self.expect("{")
        name = self._with_limits()
        self.expect("}")
        return f"{{{name}}}"

    def _struck(self) -> Node:
        """What is struck out is a function of what stands there."""
        start = self._at
        name = self.next().text
        found = tuple(self._argument() for _ in range(STRUCK[name]))
        return self._raised(Call(name, found, self._span(start)), start)

    def _function(self) -> Node:
        start = self._at
        name = self.next().text
        exponent = self._exponent() if self.accept("^") else Fraction(1)
        is_braced = self.peek() == "{"
        argument = self._argument() if is_braced else self.factor()
        is_delimited = is_braced or self._tokens[self._at - 1].text in CLOSERS
        if self._starts_factor(self.peek()) and not (is_delimited or self._is_differential()):
            raise Unreadable(f"the argument of {name} without brackets is ambiguous")
        return power(Call(name, (argument,), self._span(start)), exponent, self._span(start))

    def _is_differential(self) -> bool:
        """Whether ``d`` and a name come next: what is integrated ends there."""
        name = self.peek(1)
        if self._is_upright_d(0):
            name = self.peek(4)
        elif self.peek() != "d":
            return False
        return name.isalpha() or name in LETTERS

    def _wrapped(self) -> Node:
        """What stands in a box or over a brace."""
        start = self._at
        name = self.next().text
        if self.peek() != "{":
            raise Unreadable(f"an argument without braces: {name}")
        inner = self._argument()
        if name in (r"\underbrace", r"\overbrace"):
            while self.peek() in ("_", "^"):
                self.next()
                note = self._group_texts()
                if any(text in RELATIONS for text in note) and joined(note) not in self.notes:
                    self.notes.append(joined(note))
        if isinstance(inner, Sum):
            inner = Product((inner,), inner.span)
        return self._raised(inner, start)

    def _matrix(self) -> Node:
        """A matrix, or an expression by cases."""
        start = self._at
        self.next()
        name = self._environment_name()
        if name not in _MATRICES:
            raise Unreadable(f"the environment {name} in the formula")
        if name == "array":
            self._group_texts()
        rows: list[list[list[Token]]] = [[[]]]
        depth = 0
        while depth or self.peek() != r"\end":
            token = self.next()
            depth += {r"\begin": 1, r"\end": -1, "{": 1, "}": -1}.get(token.text, 0)
            if not depth and token.text == "&":
                rows[-1].append([])
            elif not depth and token.text in ("\\\\", r"\cr"):
                rows.append([[]])
            elif token.text != r"\hline":
                rows[-1][-1].append(token)
        self.next()
        self._environment_name()
        rows = [row for row in rows if any(row)]
        if "cases" in name or (self.peek() == r"\right." and name == "array"):
            return self._cases(name, rows, start)
        cells = tuple(self._inner(cell) for row in rows for cell in row)
        width = {len(row) for row in rows}
        if len(width) != 1:
            raise Unreadable(f"the environment {name} with rows of different lengths")
        return Call(f"{name} {len(rows)}x{width.pop()}", cells, self._span(start))

    def _cases(self, name: str, rows: list[list[list[Token]]], start: int) -> Node:
        values, conditions = [], []
        for row in rows:
            if len(row) < 2:
                raise Unreadable(f"the environment {name} without conditions")
            value = row[0][:-1] if row[0] and row[0][-1].text == "," else row[0]
            values.append(self._inner(value))
            conditions.append(joined([t.text for cell in row[1:] for t in cell]).rstrip(".,"))
        return Call(f"cases {'; '.join(conditions)}", tuple(values), self._span(start))

    def _inner(self, tokens: list[Token]) -> Node:
        """A cell of a matrix."""
        if not tokens:
            return Atom("", span=(0, 0))
        parser = type(self)(tokens, self._context)
        parser._depth, parser._nesting = self._depth + 1, self._nesting + 1
        found = parser.sum()
        parser.expect_end()
        return found

    def _environment_name(self) -> str:
        self.expect("{")
        name = ""
        while not self.accept("}"):
            name += self.next().text
        return name


def _spelled(token: str) -> str:
    relation = RELATIONS.get(token)
    return token if relation is None else relation
