"""The printer of displays in LaTeX."""

from __future__ import annotations

import re
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.derivation.solve.functions import RootCosh, RootSinh
from eqsolve.latex.layout import width
from eqsolve.latex.nodes import BREAK
from eqsolve.latex.order import is_sum
from eqsolve.latex.printer import AuthorPrinter
from eqsolve.operators import TimeIntegral
from eqsolve.writing.nodes import Average, Increment, Mean, Process, Sine
from eqsolve.writing.stage import Names

#: Exponents that are wider, in em, are written with exp.
_LONG_EXPONENT = 6.0
_LATE = 10**6
_SCRIPT = re.compile(r"(.*?)_(\{.*\}|.)$")


def scripted(name: str) -> tuple[str, str]:
    """The base and the subscript of a letter in LaTeX."""
    match = _SCRIPT.fullmatch(name)
    if match is None:
        return name, ""
    base, script = match.groups()
    return base, script[1:-1] if script.startswith("{") else script


def indexed(name: str, index: str) -> str:
    """A letter in LaTeX with one more subscript."""
    base, script = scripted(name)
    whole = f"{script},{index}" if script else index
    return f"{base}_{whole}" if len(whole) == 1 else f"{base}_{{{whole}}}"


def letter(name: str) -> str:
    """A plain name such as ``J1`` in LaTeX."""
    return str(sp.latex(sp.Symbol(name)))


def noise(name: str) -> str:
    """A noise or clock in LaTeX: ``W0`` is ``W^{0}``, and a word becomes a superscript."""
    head, tail = name[:1], name[1:].removeprefix("_")
    if not tail:
        return name
    if len(tail) == 1 or tail.isdigit():
        return f"{head}^{{{tail}}}"
    return rf"W^{{\mathrm{{{name}}}}}"


class LatexWriter(AuthorPrinter):
    """Prints expressions of a derivation; ``states`` are the arguments of its functions."""

    def __init__(self, names: Names, arguments: tuple[sp.Symbol, ...] = ()) -> None:
        super().__init__(names.latex)
        self._names, self._arguments = names, arguments
        self._copies = False
        self._letters = {symbol.name: tex for symbol, tex in names.latex.items()}

    def _letter(self, name: str) -> str:
        """The name of a function: ``J_1``, or ``J.x`` for the adjoint of a state."""
        function, _, state = name.partition(".")
        text = letter(function)
        return f"{text}^{{{self._letters.get(state, letter(state))}}}" if state else text

    def doprint(self, expr: sp.Expr) -> str:
        """LaTeX with the mark ``BREAK`` where a line may end."""
        halves = {f: Sine(*f.args) / sp.sqrt(f.args[0]) for f in expr.atoms(RootSinh)}
        return str(super().doprint(expr.xreplace(halves)))

    # ------------------------------------------------- the order of an author

    def _arranged(self, terms: tuple[sp.Expr, ...]) -> tuple[sp.Expr, ...]:
        """The terms of a sum by their letters, a positive one first."""
        ordered = sorted(terms, key=self._term_key)
        first = next((t for t in ordered if not self._sign(t)[0]), None)
        if first is not None:
            ordered.remove(first)
            ordered.insert(0, first)
        return tuple(ordered)

    def _term_key(self, term: sp.Expr) -> tuple[list[int], str]:
        places: list[int] = []
        for factor in sp.Mul.make_args(term):
            base, exponent = factor.as_base_exp()
            repeat = int(exponent) if exponent.is_Integer and exponent > 0 else 1
            inner = [self._names.order.get(s, _LATE) for s in base.free_symbols]
            places += [min(inner)] * repeat if inner else []
        return sorted(places), sp.srepr(term)

    def _factor_key(self, factor: sp.Expr) -> tuple[int, int, str]:
        base = factor.as_base_exp()[0]
        inner = [self._names.order.get(s, _LATE) for s in base.free_symbols]
        place = max(inner, default=0)
        if isinstance(factor, sp.exp):
            rank = 5
        elif base.is_number:
            rank = 0
        elif base.is_Symbol:
            rank = 3 if base in self._names.moving else 1
        elif isinstance(base, (Increment, TimeIntegral)):
            rank = 9
        elif isinstance(base, Process):
            rank = 4
        elif base.has(AppliedUndef):
            rank = 6
        else:
            rank = 2 if is_sum(base) else 5
        return rank, place, sp.srepr(factor)

    def _factors(self, factors: list[sp.Expr]) -> str:
        text = ""
        for factor in sorted(factors, key=self._factor_key):
            space = r" \, " if isinstance(factor, (Increment, Mean, TimeIntegral)) else " "
            text += (space if text else "") + self._factor(factor)
        return text

    def _product(self, factors: tuple[sp.Expr, ...]) -> str:
        """A product, with numbers that all terms of a factor share in front."""
        number, moved = sp.S.One, []
        for factor in factors:
            plain = factor.is_Add and not factor.has(Average)
            share, rest = factor.as_content_primitive() if plain else (sp.S.One, factor)
            number *= factor if factor.is_Rational else share
            moved += [] if factor.is_Rational else [rest]
        return super()._product((number, *moved) if number != 1 else tuple(moved))

    def _stands_beside(self, factor: sp.Expr) -> bool:
        moving = factor.as_base_exp()[0] in self._names.moving
        beside = isinstance(factor, (Increment, Process, sp.Derivative, AppliedUndef))
        return moving or beside or super()._stands_beside(factor)

    # ------------------------------------------------------------------ nodes

    def _print_AppliedUndef(self, expression: sp.Expr) -> str:
        text = self._letter(expression.func.__name__)
        inner = [a for a in expression.args if a not in self._arguments]
        if not inner:
            return text
        shown = ", ".join(str(self._print(a)).replace(BREAK, "") for a in expression.args)
        return f"{text}({shown})"

    def _print_Derivative(self, expression: sp.Derivative) -> str:
        variables = "".join(str(self._print(v)) * int(k) for v, k in expression.variable_count)
        inner = expression.expr
        if isinstance(inner, AppliedUndef):
            return indexed(self._letter(inner.func.__name__), variables)
        return rf"\partial_{{{variables}}} {self._print(inner)}"

    def _print_Subs(self, expression: sp.Expr) -> str:
        """A derivative of a function taken elsewhere: after a jump."""
        inner, (variable,), (point,) = expression.args
        function = inner.expr
        place = function.args.index(variable)
        name = indexed(
            self._letter(function.func.__name__), str(self._print(self._arguments[place]))
        )
        points = [point if a == variable else a for a in function.args]
        return f"{name}({', '.join(str(self._print(p)) for p in points)})".replace(BREAK, "")

    def _print_Increment(self, expression: sp.Expr) -> str:
        name = str(expression.args[0])
        return "dt" if name == "t" else f"d{noise(name)}_t"

    def _print_NoiseLetter(self, expression: sp.Expr) -> str:
        return noise(str(expression.args[0]))

    def _print_Mean(self, expression: sp.Expr) -> str:
        given, inner = expression.args
        text = str(self._print(inner))
        bar = ""
        if str(given):
            field = ", ".join(noise(name) for name in str(given).split(", "))
            bar = rf" \mid \mathcal{{F}}^{{{field}}}_t"
        size = "Big" if r"\int" in text or r"\frac" in text else "big"
        return rf"\mathbb{{E}} \{size}l[ {text}{bar} \{size}r]"

    def _print_Infimum(self, expression: sp.Expr) -> str:
        return str(self._print_Supremum(expression)).replace(r"\sup_", r"\inf_", 1)

    def _print_ArgExtremum(self, expression: sp.Expr) -> str:
        inner, control, sign = expression.args
        name = r"\operatorname{argmax}" if sign > 0 else r"\operatorname{argmin}"
        return rf"{name}_{{{self._print(control)}}} \Bigl\lbrace {self._print(inner)} \Bigr\rbrace"

    def _print_At(self, expression: sp.Expr) -> str:
        function, *points = (str(self._print(a)).replace(BREAK, "") for a in expression.args)
        return f"{function}({', '.join(points)})"

    def _print_Rate(self, expression: sp.Expr) -> str:
        base, script = scripted(str(self._print(expression.args[0])))
        return rf"\dot{{{base}}}" + (f"_{{{script}}}" if script else "")

    def _print_Process(self, expression: sp.Expr) -> str:
        symbol, time = expression.args
        base, script = scripted(str(super()._print_Symbol(symbol)))
        if symbol in self._names.states and len(base) == 1 and base.islower():
            taken = {scripted(tex)[0] for tex in self._names.latex.values()}
            base = base if base.upper() in taken else base.upper()
        copy = "^{j}" if self._copies and symbol in self._names.own else ""
        index = str(self._print(time))
        return indexed(f"{base}{copy}_{{{script}}}" if script else f"{base}{copy}", index)

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        text = str(super()._print_Symbol(expr, style))
        if not self._copies or expr not in self._names.own:
            return text
        base, script = scripted(text)
        return f"{base}^{{j}}_{{{script}}}" if script else f"{base}^{{j}}"

    def _print_Average(self, expression: sp.Expr) -> str:
        term, weight, own = expression.args
        before, self._copies = self._copies, weight != 0
        text = str(self._print(term)).replace(BREAK, "")
        self._copies = before
        if weight == 0:
            return rf"\overline{{{text}}}"
        text = self._bracketed(text) if is_sum(term) else text
        copies = "j" if own == 1 else r"j \neq i"
        factor = "" if weight == 1 else f"{self._print(weight)} "
        return rf"{factor}\sum_{{{copies}}} {text}"

    def _print_PlusMinus(self, expression: sp.Expr) -> str:
        first, second = (str(self._print(a)).replace(BREAK, "") for a in expression.args)
        return rf"\pm {second}" if expression.args[0] == 0 else rf"{first} {BREAK}\pm {second}"

    def _print_RootCosh(self, expression: sp.Expr, exp: Any = None) -> str:
        square, time = expression.args
        raised = "" if exp is None else f"^{{{exp}}}"
        return rf"\cosh{raised} {self._bracketed(self._half(sp.sqrt(square), time))}"

    def _print_Sine(self, expression: sp.Expr, exp: Any = None) -> str:
        square, time = expression.args
        raised = "" if exp is None else f"^{{{exp}}}"
        return rf"\sinh{raised} {self._bracketed(self._half(sp.sqrt(square), time))}"

    def _half(self, root: sp.Expr, time: sp.Expr) -> str:
        factor, rest = sp.Mul(root, time).as_coeff_Mul()
        text = str(self._print(rest)).replace(BREAK, "")
        if factor == 1:
            return text
        top = "" if factor.p == 1 else f"{factor.p} "
        return rf"{top}{text}" if factor.q == 1 else rf"\tfrac{{{factor.p}}}{{{factor.q}}} {text}"

    def _print_ExpBase(self, expression: sp.Expr, exp: Any = None) -> str:
        exponent = expression.args[0]
        logarithms = [f for f in sp.Mul.make_args(exponent) if isinstance(f, sp.log)]
        if len(logarithms) == 1 and exp is None:
            power = sp.Pow(logarithms[0].args[0], exponent / logarithms[0], evaluate=False)
            return str(self._print(power))
        text = str(super()._print_ExpBase(expression, exp))
        if width(text) < _LONG_EXPONENT or exp is not None:
            return text
        return rf"\exp {self._bracketed(str(self._print(exponent)))}"

    def _print_Pow(self, expression: sp.Expr) -> str:
        base, exponent = expression.as_base_exp()
        if isinstance(expression, sp.exp):
            return self._print_ExpBase(expression)
        letters = isinstance(base, (Process, sp.Symbol))
        if letters and exponent.is_Integer and exponent > 0:
            text = str(self._print(base))
            return f"{self._bracketed(text) if set(text) & set('^+-') else text}^{{{exponent}}}"
        if isinstance(base, (Sine, RootCosh)) and exponent.is_Integer and exponent > 0:
            printer = self._print_Sine if isinstance(base, Sine) else self._print_RootCosh
            return printer(base, str(exponent))
        if exponent == sp.S.Half:
            if base in self._names.roots:
                return self._names.roots[base][0]
            if -base in self._names.roots:
                return f"|{self._names.roots[-base][0]}|"
        return str(super()._print_Pow(expression))

    def _print_Piecewise(self, expression: sp.Expr) -> str:
        rows = []
        for value, condition in expression.args:
            when = r"\text{otherwise}" if condition == sp.true else self._print(condition)
            rows.append(rf"{self._print(value)}, & {when}")
        body = r" \\[6pt] ".join(rows).replace(BREAK, "").replace(r"\frac", r"\dfrac")
        return rf"\begin{{cases}} {body} \end{{cases}}"

    def _print_And(self, expression: sp.Expr) -> str:
        ordered = sorted(expression.args, key=lambda c: (len(str(c)), str(c)))
        return r",\ ".join(str(self._print(c)) for c in ordered)

    def _print_atan(self, expression: sp.Expr, exp: Any = None) -> str:
        return rf"\arctan {self._bracketed(self._print(expression.args[0]))}"

    def _print_atanh(self, expression: sp.Expr, exp: Any = None) -> str:
        return rf"\operatorname{{artanh}} {self._bracketed(self._print(expression.args[0]))}"
