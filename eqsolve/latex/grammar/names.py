"""Names with what is written above and below them, and what they are applied to."""

from __future__ import annotations

import re
from fractions import Fraction

from eqsolve.latex.grammar.scripts import ACCENTS, FONTS, Scripts, constant, power
from eqsolve.latex.grammar.tokens import (
    CLOSING,
    CONDITIONS,
    LETTERS,
    MID,
    RELATIONS,
    WORDS,
    Unreadable,
    is_letter,
    joined,
    step,
    words,
)
from eqsolve.latex.grammar.tree import Atom, Call, Node

_IN_EXPONENTS = frozenset(r"\frac \dfrac \tfrac \cfrac \sqrt \sum \int \pm \mp".split())


_FONT = re.compile(r"^\\(?:mathbb|mathrm|mathbf|operatorname)\{(.*)\}$")


class Names(Scripts):
    """Names, powers and arguments."""

    def _base(self) -> str:
        token = self.peek()
        if token in WORDS:
            return self._words()
        if token in ACCENTS or token in FONTS:
            (text,) = self._canonical()
            return text
        if is_letter(token):
            return self.next().text
        if token in MID:
            raise Unreadable("vertical bars")
        if re.fullmatch(r"\\[A-Za-z]+", token):
            raise Unreadable(f"the macro {token} is not in the grammar here")
        raise Unreadable(f"{token!r} is not in the grammar here" if token else "something missing")

    def _words(self) -> str:
        """Words where a factor must stand name what they describe."""
        text = words(self._tokens, self._at)
        first = text.partition(" ")[0].lower()
        if not text or first in CONDITIONS or first in ("and", "or"):
            raise Unreadable("text in the formula")
        depth, self._at = 0, self._at + 1
        while self._at < len(self._tokens):
            depth += {"{": 1, "}": -1}.get(self.next().text, 0)
            if depth <= 0:
                break
        return rf"\text{{{text}}}"

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
            if following in ACCENTS or following in LETTERS or following.isalpha():
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
                text = "/" if self._has_formula() else joined(self._group_texts())
                if _is_exponent(text):
                    self._at = place
                    symbolic = self._argument()
                    exponent = constant(symbolic)
                else:
                    sup += text.replace(r"\prime", "'")
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

    def _has_formula(self) -> bool:
        """Whether the superscript that comes next has a fraction or a root in it."""
        depth = ahead = 0
        while token := self.peek(ahead):
            if token in _IN_EXPONENTS:
                return True
            depth += {"{": 1, "}": -1}.get(token, 0)
            if depth <= 0:
                break
            ahead += 1
        return False

    def _applied(self, atom: Atom, start: int) -> Node:
        """Expectations, and functions with several arguments."""
        moment = _moment(atom.base, self.peek())
        if moment and self.peek() in ("|", r"\lvert"):
            if self.peek() != "|" or self._opens_bars():
                name = Atom(moment, atom.sub, atom.sup).name
                return Call(name, (self.factor(),), self._span(start))
        elif moment:
            name = Atom(moment, atom.sub, atom.sup).name
            closing = CLOSING.get(self.next().text, "")
            self._bars.append(self._bars_inside())
            inner = [self.sum()]
            marks = ""
            while self.peek() == "," or self.peek() in RELATIONS:
                relation = self.relation()
                marks += f" {relation[0]}" if relation is not None else self.next().text
                inner.append(self.sum())
            self._bars.pop()
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
        if atom.base.startswith(r"\operatorname"):
            decides = _never
        if self.peek() == "(" and decides is not None and atom.base != "d":
            place = self._at
            self.next()
            self._bars.append("")
            argument = self.sum()
            self._bars.pop()
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
        self._bars.append(self._bars_inside())
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
        self._bars.pop()
        return separators, arguments


def _moment(base: str, following: str) -> str:
    """The name of an expectation or variance, if this is one."""
    stem, count = base, 1
    while count:
        stem, count = _FONT.subn(r"\1", stem)
    if following not in ("[", "(", r"\{", r"\lbrace", "|", r"\lvert"):
        return ""
    if stem in ("E", "P", "Var", "Cov") and (stem != base or (base == "E" and following != "(")):
        return stem
    return ""


def _is_exponent(text: str) -> bool:
    """Whether a superscript is a number: not an index such as ``*``, ``i`` or ``(n)``."""
    if text in ("+", "-") or text[:1] == "*" or set(text) & set(",;"):
        return False
    if re.fullmatch(r"\([^()]*\)", text):
        return False
    return bool(re.fullmatch(r"-?\d+(?:/\d+)?", text)) or bool(set(text) & set("+-/"))


def _never(name: Atom, bracket: Node) -> bool:
    """An operator is no factor."""
    return False
