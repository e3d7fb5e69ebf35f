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
    RELATIONS,
    SILENT,
    TIMES,
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
)

MAX_DEPTH = 40
MAX_EXPONENT = 12
MAX_DIGITS = 12

_GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa varkappa lambda "
    "mu nu xi pi varpi rho varrho sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta "
    "Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell infty hbar imath jmath"
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
    r"\mathop": r"\operatorname",
}
_FRACTIONS = frozenset((r"\frac", r"\dfrac", r"\tfrac", r"\cfrac"))
_FUNCTIONS = frozenset("\\" + f for f in "exp log ln sin cos tan arccos arcsin arctan".split())
_LARGE = frozenset("\\" + f for f in "sum prod int lim sup inf max min liminf limsup".split())
_LATTICE = frozenset((r"\wedge", r"\vee"))
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
        sides.append(parser.sum())
    parser.expect_end()
    if not signs:
        raise Unreadable("no relation")
    result = []
    for k, (name, span) in enumerate(signs):
        linked = all(former in ("=", name) for former, _ in signs[:k])
        left = sides[0] if linked else sides[k]
        result.append(Relation(left, name, sides[k + 1], span, tex))
    return tuple(result)


class _Parser:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: Sequence[Token], context: Context) -> None:
        self._tokens = [t for t in tokens if t.text not in SILENT]
        self._context = context
        self._at = 0
        self._depth = 0

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
        if self.peek() == r"\overset":
            self.next()
            self._group_texts()
            base = self._group_texts()
            if base != ["="]:
                raise Unreadable(r"\overset only over an equality sign")
            return "=", self._span(start)
        if self.peek() == "\\not" and self.peek(1) == "=":
            self._at += 2
            return r"\neq", self._span(start)
        if self.peek() in RELATIONS:
            return RELATIONS[self.next().text], self._span(start)
        return None

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
        if not token or token in CLOSERS or token in RELATIONS or token in "+-},;:|":
            return False
        return token not in _MID | _LATTICE and token not in (r"\overset", "\\not")

    def factor(self) -> Node:
        """A number, a name, a bracket, a fraction, a root, a function or a large operator."""
        start = self._at
        token = self.peek()
        if token in _FRACTIONS:
            self.next()
            top, bottom = self._argument(True), self._argument(True)
            return self._raised(Quotient(top, bottom, self._span(start)), start)
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
            return self._raised(Call("|", (inner,), self._span(start)), start)
        if token == "{":
            self.next()
            inner = self.sum()
            self.expect("}")
            if isinstance(inner, Sum):
                raise Unreadable("a sum in invisible brackets")
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
        opening = self.next().text
        inner = [self.sum()]
        while self.peek() in (",", ";"):
            self.next()
            inner.append(self.sum())
        if opening in (r"\{", r"\lbrace") and self.peek() in RELATIONS:
            return self._set(opening, inner[0], start)
        if not self.accept(CLOSING[opening]):
            raise Unreadable(f"{CLOSING[opening]!r} expected before {self.peek() or 'the end'!r}")
        if opening == r"\langle":
            return self._raised(Call(r"\langle", tuple(inner), self._span(start)), start)
        if len(inner) > 1 and opening != "(":
            raise Unreadable("a list in brackets")
        if len(inner) > 1:
            return self._raised(Call("list", tuple(inner), self._span(start)), start)
        if self.peek() == "(" and self._has_list():
            arguments = self._list()
            return self._raised(Call("at", (*inner, *arguments), self._span(start)), start)
        return self._raised(inner[0], start)

    def _set(self, opening: str, first: Node, start: int) -> Node:
        """``{ s >= t : condition }``."""
        name, parts = "set", [first]
        for separator in (":", ""):
            relation = self.relation()
            if relation is None:
                raise Unreadable("a set without a relation")
            parts.append(self.sum())
            name += f" {relation[0]}"
            if separator and self.peek() in (":", *_MID):
                self.next()
                parts.append(self.sum())
            elif separator:
                break
        self.expect(CLOSING[opening])
        return Call(name, tuple(parts), self._span(start))

    def _list(self) -> list[Node]:
        """Arguments in brackets."""
        self.expect("(")
        arguments = [self.sum()]
        while self.peek() in (",", ";"):
            self.next()
            arguments.append(self.sum())
        self.expect(")")
        return arguments

    def _raised(self, base: Node, start: int) -> Node:
        """An exponent after something that is not a name."""
        if self.peek() in ("_", "'"):
            raise Unreadable("a subscript after something that is not a name")
        if not self.accept("^"):
            return base
        exponent = self._exponent()
        if self.peek() in ("^", "_", "'"):
            raise Unreadable("a second exponent")
        return _power(base, exponent, self._span(start))

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
        token = self.next().text
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
        if token in _ACCENTS or token in _FONTS:
            (text,) = self._canonical()
            if text.startswith(r"\text"):
                raise Unreadable("text in the formula")
            return text
        if (len(token) == 1 and token.isalpha()) or token in _LETTERS:
            return self.next().text
        if token in (r"\begin", r"\end"):
            raise Unreadable(f"the environment {''.join(self._peeked(5))} in the formula")
        if token in _MID:
            raise Unreadable("vertical bars")
        if token == r"\partial":
            raise Unreadable("partial derivatives: write them as subscripts")
        raise Unreadable(f"{token!r} is not in the grammar here" if token else "something missing")

    def _peeked(self, count: int) -> list[str]:
        return [self.peek(k) for k in range(1, count)]

    def _name(self, start: int) -> Node:
        base = self._base()
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
        while self.peek() in ("_", "^", "'"):
            if self.peek() == "'":
                self.next()
                sup += "'"
            elif self.accept("_"):
                if sub:
                    raise Unreadable("a second subscript")
                sub = tuple(self._group_texts())
            elif exponent is not None or sup:
                raise Unreadable("a second superscript")
            else:
                self.next()
                place = self._at
                sup = joined(self._group_texts())
                if _is_exponent(sup):
                    self._at, sup = place, ""
                    exponent = self._exponent()
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
            closing = CLOSING.get(self.next().text)
            inner = self.sum()
            if self.peek() in _MID:
                self.next()
                condition = []
                depth = 0
                while depth or self.peek() != closing:
                    depth += step(self.peek())
                    condition += self._canonical()
                name += f"|{joined(condition)}"
            self.expect(closing or "")
            return self._raised(Call(name, (inner,), self._span(start)), start)
        if self.peek() == "(" and self._has_list():
            arguments = (atom, *self._list())
            return self._raised(Call("at", arguments, self._span(start)), start)
        return atom

    def _has_list(self) -> bool:
        """Whether the bracket that comes next holds a list."""
        depth, ahead = 0, 0
        while token := self.peek(ahead):
            depth += step(token)
            if depth == 1 and token in ",;":
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
        argument = self.factor()
        if self._starts_factor(self.peek()) and self._tokens[self._at - 1].text not in CLOSERS:
            raise Unreadable(f"the argument of {name} without brackets is ambiguous")
        return _power(Call(name, (argument,), self._span(start)), power, self._span(start))


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
    return bool(re.fullmatch(r"-?\d+(?:/\d+)?", text)) or bool(set(text) & set("+-"))


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
