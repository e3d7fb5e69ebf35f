"""Names with what is written above and below them, and what they are applied to."""

from __future__ import annotations

import re
from fractions import Fraction

from eqsolve.latex.grammar.cursor import MAX_NESTING, Cursor
from eqsolve.latex.grammar.tokens import (
    CLOSING,
    CONDITIONS,
    MID,
    RELATIONS,
    WORDS,
    Unreadable,
    joined,
    step,
    words,
)
from eqsolve.latex.grammar.tree import Atom, Call, Node, Number, Power, Quotient, Sum

_GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa varkappa lambda "
    "mu nu xi pi varpi rho varrho sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta "
    "Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell infty hbar imath jmath emptyset varnothing "
    "top bot Re Im aleph wp"
)

LETTERS = frozenset("\\" + name for name in _GREEK.split())

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

_MARKS = frozenset(
    r"+ - * \top \dagger \prime \circ \ast \intercal \perp \star \pm \mp ' T".split()
)

MAX_EXPONENT = 12


class Names(Cursor):
    """Names, powers and arguments."""

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

    def _canonical_name(self) -> list[str]:
        """A name with its index, as tokens."""
        texts = self._canonical()
        if self.peek() == "_":
            texts += self._canonical()
        return texts

    def _base(self) -> str:
        token = self.peek()
        if token in WORDS and not self._is_word():
            raise Unreadable("text in the formula")
        if token in _ACCENTS or token in _FONTS:
            (text,) = self._canonical()
            return text
        if (len(token) == 1 and token.isalpha()) or token in LETTERS:
            return self.next().text
        if token in MID:
            raise Unreadable("vertical bars")
        if re.fullmatch(r"\\[A-Za-z]+", token):
            raise Unreadable(f"the macro {token} is not in the grammar here")
        raise Unreadable(f"{token!r} is not in the grammar here" if token else "something missing")

    def _is_word(self) -> bool:
        """Whether a command for words spells a name, such as ``\\text{Var}``."""
        text = words(self._tokens, self._at)
        return text.isalpha() and text.isascii() and text.lower() not in CONDITIONS | {"and", "or"}

    def _name(self, start: int) -> Node:
        return self._scripted(self._base(), start)

    def _scripted(self, base: str, start: int) -> Node:
        """A name with what is written below and above it."""
        if base in ("d", r"\mathrm{d}") and self._context.differentials:
            following = self.peek()
            if following in _ACCENTS or following in LETTERS or following.isalpha():
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
            return power(self._applied(atom, start), exponent, self._span(start))
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
            if self.peek() in MID:
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
            if depth == 1 and (token in ",;" or token in MID or token in RELATIONS):
                return True
            if depth == 0:
                return False
            ahead += 1
        return False

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
            elif mark in MID:
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
        return power(base, value, self._span(start))

    def _exponent(self) -> Fraction:
        node = self._argument()
        value = _constant(node)
        if value is None:
            raise Unreadable("an exponent that is not a number")
        return value


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


def power(base: Node, exponent: Fraction, span: tuple[int, int]) -> Node:
    if abs(exponent.numerator) > MAX_EXPONENT or exponent.denominator > MAX_EXPONENT:
        raise Unreadable(f"an exponent beyond {MAX_EXPONENT}")
    if exponent == 1:
        return base
    if exponent.denominator == 1:
        return Power(base, int(exponent), span)
    root = Call(f"\\sqrt[{exponent.denominator}]", (base,), span)
    return root if exponent.numerator == 1 else Power(root, exponent.numerator, span)
