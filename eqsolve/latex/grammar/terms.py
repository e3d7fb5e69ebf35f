"""Expressions: sums of products of factors."""

from __future__ import annotations

from fractions import Fraction

from eqsolve.latex.grammar.cursor import MAX_DEPTH, MAX_NESTING
from eqsolve.latex.grammar.fractions import FRACTIONS, derivative
from eqsolve.latex.grammar.operators import FUNCTIONS, LARGE, STRUCK, WRAPPERS, Operators
from eqsolve.latex.grammar.tokens import (
    CLOSERS,
    CLOSING,
    MID,
    QUANTIFIERS,
    RELATIONS,
    TIMES,
    WORDS,
    Unreadable,
    joined,
    step,
)
from eqsolve.latex.grammar.tree import Atom, Call, Node, Number, Product, Quotient, Sum

MAX_DIGITS = 12
SIGNS = frozenset(("+", "-", r"\pm", r"\mp"))

_LATTICE = frozenset(
    "\\" + f
    for f in "wedge vee cap cup otimes oplus odot circ setminus ast star bullet land lor".split()
) | {"*", r"\backslash"}

_DOTS = frozenset(
    (r"\ldots", r"\dots", r"\cdots", r"\vdots", r"\ddots", r"\hdots", r"\dotsc", r"\dotsb")
)


class Terms(Operators):
    """Sums, products and factors, by recursive descent."""

    def sum(self) -> Node:
        """Terms with signs."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Unreadable(f"nested more than {MAX_DEPTH} deep")
        start = self._at
        terms: list[tuple[int, Node, tuple[int, int]]] = []
        if self.peek() in SIGNS:
            terms.append(self._signed())
        else:
            here = self._tokens[self._at].start if self.peek() else 0
            terms.append((1, self.term(), (here, here)))
        while self.peek() in SIGNS and not self._is_one_sided():
            terms.append(self._signed())
        if self._is_one_sided() and len(terms) == 1:
            # the limit from one side, as in t-
            sign, term, place = terms[0]
            name = f"^{{{self.next().text}}}"
            terms = [(sign, Call(name, (term,), self._span(start)), place)]
        self._depth -= 1
        if len(terms) == 1 and terms[0][0] == 1:
            return terms[0][1]
        return Sum(tuple(terms), self._span(start))

    def _is_one_sided(self) -> bool:
        """Whether a sign comes next that nothing follows in a bracket."""
        return self.peek() in ("+", "-") and self.peek(1) in CLOSERS | {",", ";"}

    def _signed(self) -> tuple[int, Node, tuple[int, int]]:
        """A term with its sign; one of either sign is a function of the term."""
        start = self._at
        sign = self.next()
        term = self.term()
        if sign.text in (r"\pm", r"\mp"):
            term = Call(sign.text, (term,), self._span(start))
        return -1 if sign.text == "-" else 1, term, (sign.start, sign.end)

    def term(self) -> Node:
        """Products, or the smaller or larger of products."""
        start = self._at
        result = self._product()
        while self.peek() in _LATTICE:
            name = self.next().text
            pair = (result, self._product())
            result = Call(name, pair, self._span(start))
        return result

    def _product(self) -> Node:
        start = self._at
        factors: list[Node] = []
        divided = False
        while True:
            token = self.peek()
            if (
                not factors
                and token == r"\cdot"
                and self.peek(1) in CLOSERS | {",", ";", "|", r"\mid"}
            ):
                self.next()
                return Atom(r"\cdot", span=self._span(start))
            if factors and token in TIMES:
                self.next()
                if self.peek() in SIGNS:
                    raise Unreadable("a sign after a multiplication sign")
            elif factors and token == "/":
                if divided:
                    raise Unreadable("a/b/c is ambiguous")
                self.next()
                top = factors[0] if len(factors) == 1 else Product(tuple(factors))
                bottom = self.factor()
                factors = [derivative(top, bottom) or Quotient(top, bottom, self._span(start))]
                divided = True
                continue
            elif factors and not self._starts_factor(token):
                break
            if divided:
                raise Unreadable("a/b c is ambiguous: write a fraction or brackets")
            factors.append(self.factor())
        return factors[0] if len(factors) == 1 else Product(tuple(factors), self._span(start))

    def _starts_factor(self, token: str) -> bool:
        if token == "|" and self._opens_bars():
            return True
        if not token or token in CLOSERS or token in RELATIONS or token in "+-},;:|!":
            return False
        if token in WORDS:
            return self._is_word()
        if self._bars and token == self._bars[-1]:
            return False
        if token in (r"\overset", r"\stackrel", "\\not", r"\xrightarrow", r"\end", r"\right."):
            return False
        return token not in MID | _LATTICE | QUANTIFIERS | SIGNS

    def factor(self) -> Node:
        """A number, a name, a bracket, a fraction, a root, a function or a large operator."""
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise Unreadable(f"nested more than {MAX_NESTING} deep")
        start = self._at
        found = self._factor()
        self._nesting -= 1
        while True:
            if self.accept("!"):
                found = Call("!", (found,), self._span(start))
            elif self.peek() == "|" and self.peek(1) == "_" and "|" not in self._bars[-1:]:
                # where a function is taken
                self._at += 2
                place = joined(self._group_texts())
                found = Call(f"taken at {place}", (found,), self._span(start))
            else:
                return found

    def _factor(self) -> Node:
        start = self._at
        token = self.peek()
        if token in FRACTIONS:
            return self._fraction()
        if token in (r"\binom", r"\dbinom", r"\tbinom"):
            self.next()
            pair = (self._argument(True), self._argument(True))
            return self._raised(Call(r"\binom", pair, self._span(start)), start)
        if token in (r"\partial", r"\nabla"):
            return self._derivative()
        if token in WRAPPERS:
            return self._large() if self._wraps_large() else self._wrapped()
        if token in STRUCK:
            return self._struck()
        if token == r"\begin":
            return self._raised(self._matrix(), start)
        if token in _DOTS:
            self.next()
            return Atom(r"\ldots", span=self._span(start))
        if token == r"\%":
            self.next()
            return Atom(r"\%", span=self._span(start))
        if token == r"\sqrt":
            return self._raised(self._root(), start)
        if token in LARGE:
            return self._large()
        if token in FUNCTIONS:
            return self._function()
        if token and token[0].isdecimal():
            self.next()
            if len(token) > MAX_DIGITS:
                raise Unreadable("a number of too many digits")
            return self._raised(Number(Fraction(token), self._span(start)), start)
        if token in CLOSING:
            return self._bracket(start)
        if token == "|":
            self.next()
            self._bars.append("|")
            inner = self.sum()
            self._bars.pop()
            self.expect("|")
            return self._subscripted("|", [inner], start)
        if token in (r"\|", r"\Vert"):
            self.next()
            self._bars.append(token)
            inner = self.sum()
            self._bars.pop()
            self.expect(token)
            return self._subscripted(r"\|", [inner], start)
        if token == "{":
            self.next()
            self._bars.append("")
            inner = self.sum()
            self.expect("}")
            self._bars.pop()
            if isinstance(inner, Sum) and not self._is_bracketed(start):
                raise Unreadable("a sum in invisible brackets")
            if isinstance(inner, Atom) and not inner.sub and not inner.sup:
                return self._scripted(inner.base, start)
            if self.peek() == "_":
                self.next()
                inner = Call(f"index {joined(self._group_texts())}", (inner,), self._span(start))
            return self._raised(inner, start)
        return self._name(start)

    def _is_bracketed(self, start: int) -> bool:
        """Whether all of a group that was read is in one bracket."""
        inner = [t.text for t in self._tokens[start + 1 : self._at - 1]]
        depth = 0
        for k, text in enumerate(inner):
            depth += step(text)
            if depth == 0:
                return text in CLOSERS and k == len(inner) - 1
        return False
