"""A restricted grammar of formulas: LaTeX to a syntax tree, or a reason why not.

The grammar is described in ``docs/grammar.md``. Nothing is evaluated, guessed or skipped: what is
outside of the grammar, or could be read in two ways, raises ``Unreadable``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from eqsolve.latex.syntax import (
    CLOSERS,
    CLOSING,
    CONDITIONS,
    RELATIONS,
    SILENT,
    TIMES,
    WORDS,
    Atom,
    Call,
    Context,
    Node,
    Number,
    Power,
    Product,
    Quotient,
    Relation,
    Sum,
    Token,
    Unreadable,
    joined,
    step,
    tokenize,
    words,
)

MAX_DEPTH = 40
#: How deep factors are nested in one another.
MAX_NESTING = 120
MAX_EXPONENT = 12
MAX_DIGITS = 12

_GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa varkappa lambda "
    "mu nu xi pi varpi rho varrho sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta "
    "Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell infty hbar imath jmath emptyset varnothing "
    "top bot Re Im aleph wp"
)
_LETTERS = frozenset("\\" + name for name in _GREEK.split())
_ACCENTS = {
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
}
_FONTS = {
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
}
_FRACTIONS = frozenset((r"\frac", r"\dfrac", r"\tfrac", r"\cfrac"))
_FUNCTIONS = frozenset(
    "\\" + f
    for f in (
        "exp log ln sin cos tan arccos arcsin arctan sinh cosh tanh "
        "cot sec csc coth det dim ker deg "
        "arg tr"
    ).split()
)
_LARGE = frozenset(
    "\\" + f
    for f in (
        "sum prod int lim sup inf max min liminf limsup iint iiint "
        "oint idotsint bigcup bigcap bigvee "
        "bigwedge bigoplus bigotimes coprod argmax argmin esssup essinf Pr"
    ).split()
)
_LATTICE = frozenset(
    "\\" + f
    for f in "wedge vee cap cup otimes oplus odot circ setminus ast star bullet land lor".split()
) | {"*"}
#: Commands around a formula that leave it what it is.
_WRAPPERS = frozenset(
    r"\boxed \fbox \underbrace \overbrace \mathclap \mathrlap \mathllap \smash \mathop \mathbin "
    r"\mathrel \mathord \ensuremath".split()
)
_MATRICES = frozenset(
    "matrix pmatrix bmatrix vmatrix Vmatrix Bmatrix smallmatrix array cases dcases rcases".split()
)
_DOTS = frozenset(
    (r"\ldots", r"\dots", r"\cdots", r"\vdots", r"\ddots", r"\hdots", r"\dotsc", r"\dotsb")
)
_BARS = {"|": (r"\lvert", r"\rvert"), r"\vert": (r"\lvert", r"\rvert")} | dict.fromkeys(
    (r"\|", r"\Vert"), (r"\lVert", r"\rVert")
)
_OPENING_SIZES = frozenset((r"\left", r"\bigl", r"\Bigl", r"\biggl", r"\Biggl"))
_CLOSING_SIZES = frozenset((r"\right", r"\bigr", r"\Bigr", r"\biggr", r"\Biggr"))
#: What stands over an equality sign that says that it defines or is required.
_STRESSES = frozenset(("!", "def", r"\text{def}", r"\mathrm{def}", r"\triangle", r"\Delta", "?"))
_MID = frozenset(("|", r"\mid", r"\vert"))


def expression(tex: str, context: Context = Context()) -> Node:
    """Parse one expression without a relation.

    Raises
    ------
    Unreadable
        If it is outside of the grammar.
    """
    parser = _Parser(tokenize(tex), context)
    result = parser.sum()
    parser.expect_end()
    return result


def relations(tex: str, context: Context = Context()) -> tuple[Relation, ...]:
    """Parse one statement; ``a = b = c`` gives ``a = b`` and ``a = c``, ``a < b < c`` likewise.

    Raises
    ------
    Unreadable
        If it is outside of the grammar or has no relation.
    """
    parser = _Parser(tokenize(tex), context)
    sides = [parser.sum()]
    signs: list[tuple[str, tuple[int, int]]] = []
    while (relation := parser.relation()) is not None:
        signs.append(relation)
        sides.append(parser.side())
    condition = parser.condition()
    parser.expect_end()
    if not signs:
        raise Unreadable("no relation")
    result = []
    for k, (name, span) in enumerate(signs):
        linked = all(former in ("=", name) for former, _ in signs[:k])
        left = sides[0] if linked else sides[k]
        result.append(Relation(left, name, sides[k + 1], span, tex, condition))
    return tuple(result)


class _Parser:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: Sequence[Token], context: Context) -> None:
        self._tokens = _prepared(tokens)
        self._context = context
        self._at = 0
        self._depth = self._nesting = 0
        self._bars: list[str] = []
        self._brackets: dict[int, tuple[Node, int]] = {}

    # --------------------------------------------------------------- tokens

    def peek(self, ahead: int = 0) -> str:
        """The text of the next token, or an empty string at the end."""
        place = self._at + ahead
        return self._tokens[place].text if place < len(self._tokens) else ""

    def next(self) -> Token:
        """Consume a token."""
        if self._at >= len(self._tokens):
            raise Unreadable("the formula ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def accept(self, text: str) -> bool:
        """Consume the token if it is the next one."""
        if self.peek() != text:
            return False
        self._at += 1
        return True

    def expect(self, text: str) -> None:
        """Consume a token that must come."""
        if not self.accept(text):
            raise Unreadable(f"{text!r} expected before {self.peek() or 'the end'!r}")

    def expect_end(self) -> None:
        """There must be nothing left."""
        if self.peek():
            raise Unreadable(f"{self.peek()!r} is not in the grammar here")

    def _span(self, start: int) -> tuple[int, int]:
        first = self._tokens[min(start, len(self._tokens) - 1)].start
        return first, self._tokens[self._at - 1].end

    # ------------------------------------------------------------ structure

    def relation(self) -> tuple[str, tuple[int, int]] | None:
        """Consume a relation, if one comes."""
        start = self._at
        if self.peek() in (r"\overset", r"\stackrel"):
            self.next()
            label = joined(self._group_texts())
            base = joined(self._group_texts())
            if base not in RELATIONS:
                raise Unreadable(r"\overset only over a relation")
            stressed = label in _STRESSES or label.startswith(("(", r"\text{(", r"\eqref"))
            name = RELATIONS[base]
            return name if stressed else f"{name}^{{{label}}}", self._span(start)
        if self.peek() == r"\xrightarrow":
            self.next()
            return f"\\to^{{{joined(self._group_texts())}}}", self._span(start)
        if self.peek() == "\\not" and self.peek(1) in RELATIONS:
            self._at += 2
            name = RELATIONS[self._tokens[self._at - 1].text]
            return r"\neq" if name == "=" else f"\\not{name}", self._span(start)
        if self.peek() == ":":
            self.next()
            return ":", self._span(start)
        if self.peek() in RELATIONS:
            return RELATIONS[self.next().text], self._span(start)
        return None

    def side(self) -> Node:
        """A side of a relation: an expression, or a list of them."""
        start = self._at
        found = [self.sum()]
        while self.peek() == ",":
            self.next()
            found.append(self.sum())
        return found[0] if len(found) == 1 else Call("list ,", tuple(found), self._span(start))

    def condition(self) -> str:
        """The words at the end of a statement with what they are about, as they were written."""
        start = self._at
        if self.peek() == "," and (self.peek(1) in WORDS or self.peek(1) in _QUANTIFIERS):
            start += 1
        elif self.peek() not in WORDS and self.peek() not in _QUANTIFIERS:
            return ""
        texts = [t.text for t in self._tokens[start:]]
        self._at = len(self._tokens)
        return joined(texts)

    def sum(self) -> Node:
        """Terms with signs."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Unreadable(f"nested more than {MAX_DEPTH} deep")
        start = self._at
        terms: list[tuple[int, Node, tuple[int, int]]] = []
        if self.peek() in ("+", "-"):
            sign = self.next()
            terms.append((-1 if sign.text == "-" else 1, self.term(), (sign.start, sign.end)))
        else:
            here = self._tokens[self._at].start if self.peek() else 0
            terms.append((1, self.term(), (here, here)))
        while self.peek() in ("+", "-"):
            sign = self.next()
            terms.append((-1 if sign.text == "-" else 1, self.term(), (sign.start, sign.end)))
        self._depth -= 1
        if len(terms) == 1 and terms[0][0] == 1:
            return terms[0][1]
        return Sum(tuple(terms), self._span(start))

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
                if self.peek() in ("+", "-"):
                    raise Unreadable("a sign after a multiplication sign")
            elif factors and token == "/":
                if divided:
                    raise Unreadable("a/b/c is ambiguous")
                self.next()
                top = factors[0] if len(factors) == 1 else Product(tuple(factors))
                factors = [Quotient(top, self.factor(), self._span(start))]
                divided = True
                continue
            elif factors and not self._starts_factor(token):
                break
            if divided:
                raise Unreadable("a/b c is ambiguous: write a fraction or brackets")
            factors.append(self.factor())
        return factors[0] if len(factors) == 1 else Product(tuple(factors), self._span(start))

    def _starts_factor(self, token: str) -> bool:
        if not token or token in CLOSERS or token in RELATIONS or token in "+-},;:|!":
            return False
        if token in WORDS:
            return self._is_word()
        if self._bars and token == self._bars[-1]:
            return False
        if token in (r"\overset", r"\stackrel", "\\not", r"\xrightarrow", r"\end", r"\right."):
            return False
        return token not in _MID | _LATTICE | _QUANTIFIERS

    def _is_word(self) -> bool:
        """Whether a command for words spells a name, such as ``\\text{Var}``."""
        text = words(self._tokens, self._at)
        return text.isalpha() and text.isascii() and text.lower() not in CONDITIONS | {"and", "or"}

    def factor(self) -> Node:
        """A number, a name, a bracket, a fraction, a root, a function or a large operator."""
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise Unreadable(f"nested more than {MAX_NESTING} deep")
        start = self._at
        found = self._factor()
        self._nesting -= 1
        while self.accept("!"):
            found = Call("!", (found,), self._span(start))
        return found

    def _factor(self) -> Node:
        start = self._at
        token = self.peek()
        if token in _FRACTIONS:
            return self._fraction()
        if token in (r"\binom", r"\dbinom", r"\tbinom"):
            self.next()
            pair = (self._argument(True), self._argument(True))
            return self._raised(Call(r"\binom", pair, self._span(start)), start)
        if token in (r"\partial", r"\nabla"):
            return self._derivative()
        if token in _WRAPPERS:
            return self._wrapped()
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
        if token in _LARGE:
            return self._large()
        if token in _FUNCTIONS:
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
            inner = self.sum()
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
            if isinstance(inner, Sum):
                raise Unreadable("a sum in invisible brackets")
            if isinstance(inner, Atom) and not inner.sub and not inner.sup:
                return self._scripted(inner.base, start)
            if self.peek() == "_":
                self.next()
                inner = Call(f"index {joined(self._group_texts())}", (inner,), self._span(start))
            return self._raised(inner, start)
        return self._name(start)

    def _argument(self, digits: bool = False) -> Node:
        """The argument of a command: a group, or one token; of digits, the first one.

        An exponent of several digits without braces is more likely a slip, and is refused.
        """
        start = self._at
        if self.accept("{"):
            inner = self.sum()
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
        if token.text.isalpha() or token.text in _LETTERS:
            return Atom(token.text, span=self._span(start))
        raise Unreadable(f"an argument without braces: {token.text!r}")

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

    def _bracket(self, start: int) -> Node:
        if self._at in self._brackets:
            known, self._at = self._brackets[self._at]
            return self._evaluated(known, start)
        opening = self.next().text
        self._bars.append("")
        if opening in (r"\{", r"\lbrace"):
            return self._set(start)
        inner, marks = [self.sum()], ""
        while (mark := self.peek()) and mark not in CLOSERS:
            relation = None if mark in (",", ";") or mark in _MID else self.relation()
            if relation is not None and opening == "[":
                marks += f" {relation[0]}"
            elif mark in (",", ";") or (mark in _MID and opening == r"\langle"):
                self.next()
                marks += " |" if mark in _MID else ""
            else:
                break
            inner.append(self.sum())
        self._bars.pop()
        closing = self.peek()
        two = len(inner) == 2 and {opening, closing} <= set("()[]")
        if closing != CLOSING[opening] and (two or {opening, closing} <= _KETS):
            # an interval that is half open, a state
            self.next()
            name = f"{opening}{closing}{marks}"
            return self._raised(Call(name, tuple(inner), self._span(start)), start)
        self.expect(CLOSING[opening])
        if opening == r"\langle" or marks:
            return self._subscripted(f"{opening}{marks}", inner, start)
        if opening in _NAMED_BRACKETS:
            return self._subscripted(_NAMED_BRACKETS[opening], inner, start)
        if len(inner) > 1:
            name = "list" if opening == "(" else "list ["
            return self._raised(Call(name, tuple(inner), self._span(start)), start)
        return self._evaluated(inner[0], start)

    def _evaluated(self, inner: Node, start: int) -> Node:
        """A bracket, at several arguments if a list of them follows."""
        if self.peek() == "(" and self._has_list():
            arguments = self._list()
            return self._raised(Call("at", (inner, *arguments), self._span(start)), start)
        return self._raised(inner, start)

    def _subscripted(self, name: str, inner: Sequence[Node], start: int) -> Node:
        """A norm and the like, with an index that belongs to it."""
        if self.accept("_"):
            name += f"_{{{joined(self._group_texts())}}}"
        return self._raised(Call(name, tuple(inner), self._span(start)), start)

    def _set(self, start: int) -> Node:
        """Braces: around an expression, or a set such as ``{ s >= t : condition }``."""
        name, parts = "set", [self.sum()]
        while (mark := self.peek()) not in (r"\}", r"\rbrace"):
            if mark == r"\right." and len(parts) == 1 and name == "set":
                break
            if mark in (",", ";") or mark in _MID:
                self.next()
                name += f" {mark if mark in ',;' else '|'}"
            else:
                relation = self.relation()
                if relation is None:
                    raise Unreadable(rf"'\\}}' expected before {mark or 'the end'!r}")
                name += f" {relation[0]}"
            parts.append(self.sum())
        self.next()
        self._bars.pop()
        if len(parts) == 1:
            return self._raised(parts[0], start)
        return self._subscripted(name, parts, start)

    # ----------------------------------------------------- fractions and derivatives

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
        variables: list[str] = []
        while not self.accept("}"):
            self._sign(sign)
            name = joined(self._canonical_name())
            variables += [name] * self._order()
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

    def _order(self) -> int:
        if not self.accept("^"):
            return 1
        text = joined(self._group_texts())
        if not (text.isascii() and text.isdecimal() and 0 < int(text[:3]) <= MAX_EXPONENT):
            raise Unreadable("a derivative whose order is not a small number")
        return int(text)

    def _canonical_name(self) -> list[str]:
        """A name with its index, as tokens."""
        texts = self._canonical()
        if self.peek() == "_":
            texts += self._canonical()
        return texts

    def _derivative(self) -> Node:
        """``\\partial_x f``, ``\\nabla f``."""
        start = self._at
        name = self.next().text
        if self.accept("_"):
            name += f"_{{{','.join(self._group_texts())}}}"
        elif name == r"\partial":
            raise Unreadable(r"\partial without a variable")
        if self.accept("^"):
            name += f"^{{{joined(self._group_texts())}}}"
        if not self._starts_factor(self.peek()):
            raise Unreadable(f"nothing after {name}")
        return Call(name, (self.factor(),), self._span(start))

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
                self._group_texts()
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
        parser = _Parser(tokens, self._context)
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

    def _list(self) -> list[Node]:
        """Arguments in brackets."""
        return self._arguments()[1]

    def _arguments(self) -> tuple[str, list[Node]]:
        """Arguments in brackets, and what separates them where it is no comma."""
        self.expect("(")
        arguments, separators = [self.sum()], ""
        while not self.accept(")"):
            mark = self.peek()
            if mark in (",", ";"):
                self.next()
            elif mark in _MID:
                self.next()
                separators += f" |{len(arguments)}"
            else:
                relation = self.relation()
                if relation is None:
                    raise Unreadable(f"')' expected before {mark or 'the end'!r}")
                separators += f" {relation[0]}{len(arguments)}"
            arguments.append(self.sum())
        return separators, arguments

    def _raised(self, base: Node, start: int) -> Node:
        """An exponent, or an index in braces, after something that is not a name."""
        if self.peek() == "_" and not self.peek(1).isdecimal():
            self.next()
            base = Call(f"index {joined(self._group_texts())}", (base,), self._span(start))
        if self.peek() in ("_", "'"):
            raise Unreadable("a subscript after something that is not a name")
        if not self.accept("^"):
            return base
        result = self._power(base, start)
        if self.peek() in ("^", "_", "'"):
            raise Unreadable("a second exponent")
        return result

    def _power(self, base: Node, start: int) -> Node:
        """A power, with a number or something else as exponent, or a mark such as a star."""
        braces = self.peek() == "{"
        mark = self.peek(1) if braces and self.peek(2) == "}" else self.peek()
        if mark in _MARKS and (not braces or self.peek(2) == "}"):
            self._group_texts()
            return Call(f"^{{{mark}}}", (base,), self._span(start))
        exponent = self._argument()
        value = _constant(exponent)
        if value is None:
            return Call("^", (base, exponent), self._span(start))
        return _power(base, value, self._span(start))

    def _exponent(self) -> Fraction:
        node = self._argument()
        value = _constant(node)
        if value is None:
            raise Unreadable("an exponent that is not a number")
        return value

    # ---------------------------------------------------------------- names

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
        if token in _ACCENTS or token in _FONTS:
            command = _ACCENTS.get(token) or _FONTS[token]
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

    def _base(self) -> str:
        token = self.peek()
        if token in WORDS and not self._is_word():
            raise Unreadable("text in the formula")
        if token in _ACCENTS or token in _FONTS:
            (text,) = self._canonical()
            return text
        if (len(token) == 1 and token.isalpha()) or token in _LETTERS:
            return self.next().text
        if token in _MID:
            raise Unreadable("vertical bars")
        if re.fullmatch(r"\\[A-Za-z]+", token):
            raise Unreadable(f"the macro {token} is not in the grammar here")
        raise Unreadable(f"{token!r} is not in the grammar here" if token else "something missing")

    def _name(self, start: int) -> Node:
        return self._scripted(self._base(), start)

    def _scripted(self, base: str, start: int) -> Node:
        """A name with what is written below and above it."""
        if base in ("d", r"\mathrm{d}") and self._context.differentials:
            following = self.peek()
            if following in _ACCENTS or following in _LETTERS or following.isalpha():
                process = self._name(self._at)
                return Call("d", (process,), self._span(start))
        if base in (r"\mathrm{e}", "e") and self.peek() == "^":
            self.next()
            return Call(r"\exp", (self._argument(),), self._span(start))
        sub: tuple[str, ...] = ()
        sup = ""
        exponent: Fraction | None = None
        symbolic: Node | None = None
        while self.peek() in ("_", "^", "'"):
            if self.peek() == "'":
                self.next()
                sup += "'"
            elif self.accept("_"):
                if sub:
                    raise Unreadable("a second subscript")
                if self.peek().isdecimal() and len(self.peek()) > 1:
                    raise Unreadable(f"an index without braces: {self.peek()!r}")
                sub = tuple(self._group_texts())
            elif exponent is not None or symbolic is not None or sup.strip("'"):
                raise Unreadable("a second superscript")
            else:
                self.next()
                place = self._at
                text = joined(self._group_texts())
                if _is_exponent(text):
                    self._at = place
                    symbolic = self._argument()
                    exponent = _constant(symbolic)
                else:
                    sup += text
        if symbolic is not None and exponent is None:
            named = self._applied(Atom(base, sub, sup, self._span(start)), start)
            return Call("^", (named, symbolic), self._span(start))
        atom = Atom(base, sub, sup, self._span(start))
        if exponent is not None:
            named = Atom(base, sub, str(exponent), self._span(start))
            if exponent == 0 or named.name in self._context.indexed:
                return self._applied(named, start)
            return _power(self._applied(atom, start), exponent, self._span(start))
        return self._applied(atom, start)

    def _applied(self, atom: Atom, start: int) -> Node:
        """Expectations, and functions with several arguments."""
        moment = _moment(atom.base, self.peek())
        if moment:
            name = Atom(moment, atom.sub, atom.sup).name
            closing = CLOSING.get(self.next().text, "")
            inner = [self.sum()]
            marks = ""
            while self.peek() == "," or self.peek() in RELATIONS:
                relation = self.relation()
                marks += f" {relation[0]}" if relation is not None else self.next().text
                inner.append(self.sum())
            name += marks
            if self.peek() in _MID:
                self.next()
                condition = []
                depth = 0
                while depth or self.peek() != closing:
                    # a group is taken as a whole
                    depth += 0 if self.peek() == "{" else step(self.peek())
                    condition += self._canonical()
                name += f"|{joined(condition)}"
            self.expect(closing)
            return self._raised(Call(name, tuple(inner), self._span(start)), start)
        if atom.base.startswith(r"\operatorname") and self._starts_factor(self.peek()):
            # an operator is applied to the term after it
            if self.peek() != "(":
                return Call(f"{atom.name} of", (self.term(),), self._span(start))
        if self.peek() == "(" and self._has_list():
            separators, found = self._arguments()
            name = f"at{separators}"
            return self._raised(Call(name, (atom, *found), self._span(start)), start)
        decides = self._context.is_factor
        if self.peek() == "(" and decides is not None and atom.base != "d":
            place = self._at
            self.next()
            argument = self.sum()
            self.expect(")")
            if not decides(atom, argument):
                return self._raised(Call("at", (atom, argument), self._span(start)), start)
            # a factor of its own, which is not read twice
            self._brackets[place] = argument, self._at
            self._at = place
        return atom

    def _has_list(self) -> bool:
        """Whether the bracket that comes next holds a list."""
        depth, ahead = 0, 0
        while token := self.peek(ahead):
            depth += step(token)
            if depth == 1 and (token in ",;" or token in _MID or token in RELATIONS):
                return True
            if depth == 0:
                return False
            ahead += 1
        return False

    # ------------------------------------------------------------ operators

    def _large(self) -> Node:
        """A sum over an index, a limit, a supremum, an integral: applied to the term after it."""
        start = self._at
        name = self.next().text
        scripts: dict[str, str] = {}
        while self.peek() in ("_", "^"):
            kind = self.next().text
            if kind in scripts:
                raise Unreadable("a second limit of an operator")
            scripts[kind] = joined([_spelled(t) for t in self._group_texts()])
        name += "".join(f"{k}{{{scripts[k]}}}" for k in ("_", "^") if k in scripts)
        if self.peek() != "|" and not self._starts_factor(self.peek()):
            raise Unreadable(f"nothing after {name}")
        return Call(name, (self.term(),), self._span(start))

    def _function(self) -> Node:
        start = self._at
        name = self.next().text
        power = self._exponent() if self.accept("^") else Fraction(1)
        is_braced = self.peek() == "{"
        argument = self._argument() if is_braced else self.factor()
        is_delimited = is_braced or self._tokens[self._at - 1].text in CLOSERS
        if self._starts_factor(self.peek()) and not is_delimited:
            raise Unreadable(f"the argument of {name} without brackets is ambiguous")
        return _power(Call(name, (argument,), self._span(start)), power, self._span(start))


_QUANTIFIERS = frozenset((r"\forall", r"\exists"))
_MARKS = frozenset(
    r"+ - * \top \dagger \prime \circ \ast \intercal \perp \star \pm \mp ' T".split()
)
_KETS = frozenset((r"\langle", r"\rangle", r"\lvert", r"\rvert"))
_NAMED_BRACKETS = {r"\lvert": "|", r"\lVert": r"\|", r"\lfloor": "floor", r"\lceil": "ceiling"}


def _prepared(tokens: Sequence[Token]) -> list[Token]:
    """Tokens without what does not show; bars beside sizes are brackets."""
    found: list[Token] = []
    depth, size = 0, ""
    for token in tokens:
        text = token.text
        if text == r"\begin":
            depth += 1
        elif text == r"\end":
            depth -= 1
        if text in "<>" and size in _OPENING_SIZES | _CLOSING_SIZES:
            name = r"\langle" if size in _OPENING_SIZES else r"\rangle"
            found.append(Token(name, token.start, token.end))
        elif text == "}" and _is_empty(found):
            # an empty group keeps a sign apart
            found.pop()
        elif size and text == ".":
            if size == r"\right":
                found.append(Token(r"\right.", token.start, token.end))
        elif text in _BARS and size in _OPENING_SIZES | _CLOSING_SIZES:
            name = _BARS[text][size in _CLOSING_SIZES]
            found.append(Token(name, token.start, token.end))
        elif text not in SILENT or (text == "&" and depth > 0):
            found.append(token)
        size = text if text in _OPENING_SIZES | _CLOSING_SIZES else ""
    return found


def _is_empty(found: Sequence[Token]) -> bool:
    if not found or found[-1].text != "{":
        return False
    before = found[-2].text if len(found) > 1 else ""
    return before in RELATIONS or before in CLOSERS or before in ("", "+", "-", "&", "{", ",")


def _spelled(token: str) -> str:
    relation = RELATIONS.get(token)
    return token if relation is None else relation


def _moment(base: str, following: str) -> str:
    """The name of an expectation or variance, if this is one."""
    stem = re.sub(r"^\\(?:mathbb|mathrm|mathbf|operatorname)\{(.*)\}$", r"\1", base)
    if following not in ("[", "(", r"\{", r"\lbrace"):
        return ""
    if stem in ("E", "P", "Var", "Cov") and (stem != base or (base == "E" and following == "[")):
        return stem
    return ""


def _is_exponent(text: str) -> bool:
    """Whether a superscript is a number: not an index such as ``*``, ``i`` or ``(n)``."""
    if text in ("+", "-"):
        return False
    return bool(re.fullmatch(r"-?\d+(?:/\d+)?", text)) or bool(set(text) & set("+-/"))


def _constant(node: Node) -> Fraction | None:
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Sum) and len(node.terms) == 1:
        inner = _constant(node.terms[0][1])
        return None if inner is None else node.terms[0][0] * inner
    if isinstance(node, Quotient):
        top, bottom = _constant(node.top), _constant(node.bottom)
        return None if top is None or not bottom else top / bottom
    return None


def _power(base: Node, exponent: Fraction, span: tuple[int, int]) -> Node:
    if abs(exponent.numerator) > MAX_EXPONENT or exponent.denominator > MAX_EXPONENT:
        raise Unreadable(f"an exponent beyond {MAX_EXPONENT}")
    if exponent == 1:
        return base
    if exponent.denominator == 1:
        return Power(base, int(exponent), span)
    root = Call(f"\\sqrt[{exponent.denominator}]", (base,), span)
    return root if exponent.numerator == 1 else Power(root, exponent.numerator, span)
