"""A LaTeX printer that writes expressions in the order and grouping an author would choose.

Sums start with a positive term, products run from weights to unknowns to sums, function arguments
are suppressed and derivatives are subscripts. Before every sign at which a long display may be
broken the printer leaves the mark ``BREAK``; ``eqsolve.latex.layout`` uses or removes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.latex import LatexPrinter

from eqsolve.operators import (
    Along,
    Differential,
    Discount,
    Expectation,
    InOrder,
    Kept,
    Named,
    Noise,
    TimeIntegral,
)
from eqsolve.symbols import latex_names

BREAK = "\x1f"

# Names from early to late. In a sum, the term with the earliest name comes first; in a product,
# weights come before market parameters, these before unknowns.
_SUM_ORDER = (
    "K C3 C2 C1 C0 A1 A2 A3 A4 A5 A6 E1 E0 E2 lambda kappa alpha beta gamma theta b r B nu sigma "
    "s2 a c d h20 h11 h02 h10 h01 h00 D1 D2 p1 p2 p3 k1 k2 k3 f1 f2 g1 g2 Qb Qs Q q3 Delta Delta2 "
    "S W m_b m_2 m_s g n N t x y p"
).split()
_PRODUCT_ORDER = (
    "C3 C2 C1 C0 lambda alpha beta gamma kappa theta n N B b nu sigma s2 r Qb Qs Q m_b m_s m_2 "
    "K D1 D2 E1 E0 E2 A1 A2 A3 A4 A5 A6 a c d h20 h11 h02 h10 h01 h00 f1 f2 g1 g2 q3 g p1 p2 p3 "
    "k1 k2 k3 t"
).split()
_WEIGHTS = frozenset("lambda alpha beta gamma kappa theta K".split())
_STATES = frozenset("x y xbar".split())
_FUNCTION_NAMES = frozenset("F G H V Phi_s G_h H_h".split())
# What the states, the control and the short names of their functions are called along a path.
_PROCESSES = {"x": "X", "y": "Y", "p": r"\pi", "ell": r"\ell", "z": "z"}
# What stands beside a fraction, not in its numerator.
_BESIDE = (Kept, Expectation, TimeIntegral, sp.Sum)
_LATE, _SUMS, _FUNCTIONS, _STATE = 500, 1000, 2000, 3000
_SUM_RANK = {name: rank for rank, name in enumerate(_SUM_ORDER)}
_PRODUCT_RANK = {name: rank for rank, name in enumerate(_PRODUCT_ORDER)}
_SIZES = {"": ("", ""), "big": (r"\bigl", r"\bigr"), "Big": (r"\Bigl", r"\Bigr")}


def _stem(symbol: sp.Symbol) -> str:
    """The name of a symbol without the index of an agent."""
    name = str(symbol.name)
    stem, _, index = name.rpartition("_")
    indexed = stem and name not in _SUM_RANK and (index.isdigit() or index in ("i", "k"))
    return stem if indexed else name


def _is_function(expression: sp.Expr) -> bool:
    return isinstance(expression, (AppliedUndef, sp.Derivative))


def _is_sum(expression: sp.Expr) -> bool:
    if isinstance(expression, Along):
        return _is_sum(expression.args[0])
    return isinstance(expression, (sp.Add, InOrder, Kept))


class AuthorPrinter(LatexPrinter):
    """Prints one expression; see the module's description."""

    def __init__(self, names: Mapping[sp.Symbol, str] | None = None) -> None:
        super().__init__({"symbol_names": latex_names() | dict(names or {})})
        self._time = ""

    # ------------------------------------------------------------------ sums

    def _print_Add(self, expression: sp.Expr, order: str | None = None) -> str:
        return self._joined(self._arranged(expression.args))

    def _print_InOrder(self, expression: sp.Expr) -> str:
        return self._joined(expression.args)

    def _print_Kept(self, expression: sp.Expr) -> str:
        return str(self._print(expression.args[0]))

    def _joined(self, terms: tuple[sp.Expr, ...]) -> str:
        text = ""
        for k, term in enumerate(terms):
            negative, size = self._sign(term)
            sign = "-" if negative else "+"
            written = self._print(size)
            if _is_sum(size) or (isinstance(size, sp.Mul) and self._reads_as_sum(size)):
                written = self._bracketed(written)
            if k:
                text += f" {BREAK}{sign} {written}"
            else:
                text = f"-{written}" if negative else written
        return text

    def _reads_as_sum(self, term: sp.Expr) -> bool:
        numerator, denominator = term.as_numer_denom()
        return denominator == 1 and _is_sum(numerator)

    def _arranged(self, terms: tuple[sp.Expr, ...]) -> tuple[sp.Expr, ...]:
        ordered = sorted(terms, key=self._sum_key)
        first = next((t for t in ordered if not self._sign(t)[0]), None)
        if first is not None:
            ordered.remove(first)
            ordered.insert(0, first)
        return tuple(ordered)

    def _sum_key(self, term: sp.Expr) -> tuple[tuple[int, ...], str]:
        ranks: list[int] = []
        states: list[int] = []
        sums: list[int] = []
        for factor in sp.Mul.make_args(term):
            base, exponent = factor.as_base_exp()
            repeat = int(exponent) if exponent.is_Integer and exponent > 0 else 1
            if base.is_Symbol:
                place = states if _stem(base) in _STATES else ranks
                place += [_SUM_RANK.get(_stem(base), _LATE)] * repeat
            elif _is_function(base):
                early = self._function_name(base) in "VH"
                ranks += [-1 if early else _LATE + 1] * repeat
            elif _is_sum(base):
                lead = min(self._sum_key(t)[0] for t in base.args)
                sums.append(lead[0] if lead else _SUMS)
            elif not base.is_number:
                sums.append(_SUMS)
        return (*sorted(ranks), *sorted(sums), *sorted(states)), sp.srepr(term)

    def _sign(self, term: sp.Expr) -> tuple[bool, sp.Expr]:
        """Whether a term shows a minus sign, and the term without it."""
        coefficient, rest = term.as_coeff_Mul()
        negative = bool(coefficient.is_negative)
        factors = [abs(coefficient)]
        for factor in sp.Mul.make_args(rest):
            base, exponent = factor.as_base_exp()
            if isinstance(base, sp.Add) and exponent.is_Integer:
                flipped = -base
                if self._prefers(flipped, base, negative and exponent % 2 == 1):
                    factor = flipped**exponent
                    negative ^= bool(exponent % 2)
            factors.append(factor)
        if factors[0] == 1:
            factors = factors[1:]
        if len(factors) == 1:
            return negative, factors[0]
        return negative, sp.Mul(*factors, evaluate=False)

    def _prefers(self, flipped: sp.Expr, base: sp.Expr, minus: bool) -> bool:
        """Whether a factor reads better with its sign reversed."""
        lead = min(base.args, key=self._sum_key)
        leads_negative = self._sign(lead)[0]
        size = lead.as_coeff_Mul()[1]
        if lead.is_Number or (size.is_Symbol and size.name in ("lambda", "kappa")):
            return leads_negative
        negatives = [self._sign(t)[0] for t in base.args]
        return leads_negative and any(negatives) if minus else all(negatives)

    # -------------------------------------------------------------- products

    def _print_Mul(self, expression: sp.Expr) -> str:
        negative, size = self._sign(expression)
        if not isinstance(size, sp.Mul):
            text = self._print(size)
            text = self._bracketed(text) if negative and _is_sum(size) else text
            return f"-{text}" if negative else text
        return ("-" if negative else "") + self._product(size.args)

    def _product(self, factors: tuple[sp.Expr, ...]) -> str:
        above: list[sp.Expr] = []
        below: list[sp.Expr] = []
        top = bottom = 1
        for factor in factors:
            base, exponent = factor.as_base_exp()
            if factor.is_Rational:
                top, bottom = top * int(factor.p), bottom * int(factor.q)
            elif exponent.is_Rational and exponent.is_negative:
                below.append(base**-exponent)
            else:
                above.append(factor)
        if not below and bottom > 1:
            return self._with_fraction(top, bottom, above)
        number = [sp.Integer(top)] if top != 1 else []
        if not below and bottom == 1:
            return self._factors(number + above)
        beside = [f for f in above if f.is_Symbol and _stem(f) in _STATES]
        beside = beside if len(beside) < len(above) else []
        beside += [f for f in above if isinstance(f, _BESIDE)]
        above = [f for f in above if f not in beside]
        divisor = ([sp.Integer(bottom)] if bottom != 1 else []) + below
        fraction = rf"\frac{{{self._alone(number + above)}}}{{{self._alone(divisor)}}}"
        return f"{fraction} {self._factors(beside)}" if beside else fraction

    def _with_fraction(self, top: int, bottom: int, factors: list[sp.Expr]) -> str:
        """A number such as one half: with the weights above the bar, the rest beside it."""
        weights = [f for f in factors if f.is_Symbol and _stem(f) in _WEIGHTS]
        rest = [f for f in factors if f not in weights]
        if not weights and len(rest) == 1 and not _is_sum(rest[0].as_base_exp()[0]):
            weights, rest = rest, []
        number = [sp.Integer(top)] if top != 1 or not weights else []
        fraction = rf"\frac{{{self._factors(number + weights)}}}{{{bottom}}}"
        return f"{fraction} {self._factors(rest)}" if rest else fraction

    def _alone(self, factors: list[sp.Expr]) -> str:
        """A numerator or denominator: a single sum needs no brackets there."""
        if len(factors) == 1 and not factors[0].is_Pow:
            return str(self._print(factors[0]))
        return self._factors(factors) if factors else "1"

    def _factors(self, factors: list[sp.Expr]) -> str:
        moving = any(
            f.has(sp.Derivative, AppliedUndef) or {s.name for s in f.free_symbols} & _STATES
            for f in factors
            if _is_sum(f.as_base_exp()[0])
        )
        ordered = sorted(factors, key=lambda f: self._product_key(f, moving))
        text = self._factor(ordered[0])
        for factor in ordered[1:]:
            space = r" \, " if isinstance(factor, (Differential, Noise)) else " "
            text += space + self._factor(factor)
        return text

    def _product_key(self, factor: sp.Expr, moving: bool) -> tuple[int, int, str]:
        base = factor.as_base_exp()[0]
        if isinstance(base, Discount):
            return _LATE + 1, 0, ""
        if base.is_number:
            return -2 if base.is_Number else -1, 0, ""
        if base.is_Symbol:
            name = _stem(base)
            if name in _FUNCTION_NAMES:
                return _FUNCTIONS, 0, name
            if name in _STATES:
                return (_LATE if moving else _STATE), 0, name
            return _PRODUCT_RANK.get(name, _LATE), 0, name
        if _is_sum(base):
            steady = not base.has(sp.Derivative, AppliedUndef)
            rank = _SUMS if steady else _FUNCTIONS - 1
            return rank, int(sp.count_ops(base)), sp.srepr(base)
        return _FUNCTIONS, 0, sp.srepr(base)

    def _factor(self, factor: sp.Expr) -> str:
        text = str(self._print(factor))
        return self._bracketed(text) if _is_sum(factor) else text

    def _print_Pow(self, expression: sp.Expr) -> str:
        base, exponent = expression.as_base_exp()
        if exponent.is_Rational and exponent.is_negative:
            return rf"\frac{{1}}{{{self._alone([base**-exponent])}}}"
        if exponent.is_Rational and exponent.q != 1:
            index = "" if exponent.q == 2 else f"[{exponent.q}]"
            inner = self._print(base**exponent.p)
            return rf"\sqrt{index}{{{inner}}}"
        text = str(self._print(base))
        power = str(self._print(exponent))
        power = power if len(power) == 1 else f"{{{power}}}"
        one = base.is_Symbol or _is_function(base) or isinstance(base, Named)
        simple = one and not set(text) & set("^+- ")
        return f"{text if simple else self._bracketed(text)}^{power}"

    def _bracketed(self, text: str) -> str:
        """Put brackets around, sized by the content and of another kind than those inside."""
        pairs = (("(", ")"), ("[", "]"), (r"\lbrace", r"\rbrace"))
        used = max((k + 1 for k, (left, _) in enumerate(pairs) if left in text), default=0)
        left, right = pairs[min(used, 2)]
        size = "Big" if r"\frac" in text or r"\sum" in text else "big" if used else ""
        opening, closing = _SIZES[size]
        return f"{opening}{left} {text} {closing}{right}" if size else f"{left}{text}{right}"

    # ------------------------------------------------------ functions, nodes

    def _function_name(self, expression: sp.Expr) -> str:
        while isinstance(expression, sp.Derivative):
            expression = expression.expr
        return str(expression.func.__name__)

    def _print_AppliedUndef(self, expression: sp.Expr) -> str:
        name = self._function_name(expression)
        return {"varphi": r"\varphi", "Phi": r"\Phi"}.get(name, name) + self._place()

    def _print_Function(self, expression: sp.Expr, exp: Any = None) -> str:
        if isinstance(expression, AppliedUndef):
            text = self._print_AppliedUndef(expression)
            return text if exp is None else f"{text}^{{{exp}}}"
        operator = {"acos": r"\arccos"}.get(expression.func.__name__)
        argument = expression.args[0]
        inner = str(self._print(argument))
        short = argument.is_Symbol or not _is_sum(argument) and r"\frac" in inner
        raised = "" if exp is None else f"^{{{exp}}}"
        head = (operator or rf"\{expression.func.__name__}") + raised
        return f"{head} {inner if short else self._bracketed(inner)}"

    def _print_Derivative(self, expression: sp.Derivative) -> str:
        variables = "".join(self._print(v) * int(k) for v, k in expression.variable_count)
        subscript = variables if len(variables) == 1 else f"{{{variables}}}"
        return f"{self._print(expression.expr)}_{subscript}"

    def _print_Str(self, expression: Any) -> str:
        return str(expression)

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        if self._time and expr.name in _PROCESSES:
            return f"{_PROCESSES[expr.name]}_{self._time}"
        return str(super()._print_Symbol(expr, style))

    def _print_Named(self, expression: sp.Expr) -> str:
        name = str(expression.args[1])
        if self._time and name in _PROCESSES:
            return f"{_PROCESSES[name]}_{self._time}"
        return name + self._place()

    def _place(self) -> str:
        """Where a function of the states is taken, if not at the present states."""
        return f"(X_{self._time}, Y_{self._time})" if self._time else ""

    def _print_Meant(self, expression: sp.Expr) -> str:
        return str(self._print(expression.args[0]))

    def _print_Along(self, expression: sp.Expr) -> str:
        function, time = expression.args
        return self._at(function, time)

    def _at(self, function: sp.Expr, time: sp.Expr) -> str:
        """Print a function of the states along their paths."""
        written = str(self._print(time))
        before, self._time = self._time, written if len(written) == 1 else f"{{{written}}}"
        text = str(self._print(function))
        self._time = before
        return text

    def _print_Abs(self, expression: sp.Expr, exp: Any = None) -> str:
        text = f"|{self._print(expression.args[0])}|"
        return text if exp is None else f"{text}^{{{exp}}}"

    def _print_Discount(self, expression: sp.Expr) -> str:
        rate, start, end = expression.args
        span = end - start
        span = Kept(InOrder(end, -start)) if isinstance(span, sp.Add) else span
        return f"e^{{{self._print(-rate * span)}}}"

    def _print_TimeIntegral(self, expression: sp.Expr) -> str:
        inner, variable, lower, upper = expression.args
        text = str(self._print(inner))
        text = self._bracketed(text) if _is_sum(inner) else text
        limits = rf"_{{{self._print(lower)}}}^{{{self._print(upper)}}}"
        return rf"\int{limits} {text} \, d{self._print(variable)}"

    def _print_Against(self, expression: sp.Expr) -> str:
        return rf"\int {self._print(expression.args[0])} \, d{self._print(expression.args[1])}"

    def _print_FirstTime(self, expression: sp.Expr) -> str:
        variable, start, size, bound = expression.args
        time, limit = self._print(variable), self._print(bound)
        condition = rf"{self._at(size, variable)} \geq {limit}".replace(BREAK, "")
        return rf"\inf \lbrace {time} \geq {self._print(start)} : {condition} \rbrace"

    def _print_Earlier(self, expression: sp.Expr) -> str:
        return r" \wedge ".join(str(self._print(a)) for a in expression.args)

    def _print_Vector(self, expression: sp.Expr) -> str:
        return f"({', '.join(str(self._print(a)) for a in expression.args)})"

    def _print_Noise(self, expression: sp.Expr) -> str:
        return f"d{expression.args[0]}"

    def _print_Differential(self, expression: sp.Expr) -> str:
        return f"d{self._print(expression.args[0])}"

    def _print_Supremum(self, expression: sp.Expr) -> str:
        inner, control = expression.args
        return rf"\sup_{{{self._print(control)}}} \Bigl\lbrace {self._print(inner)} \Bigr\rbrace"

    def _print_Expectation(self, expression: sp.Expr) -> str:
        return self._moment(r"\mathbb{E}", expression)

    def _print_Variance(self, expression: sp.Expr) -> str:
        return self._moment(r"\operatorname{Var}", expression)

    def _moment(self, operator: str, expression: sp.Expr) -> str:
        inner = self._print(expression.args[0]).replace(BREAK, "")
        condition = str(expression.args[1])
        bar = rf" \mid {condition}" if condition else ""
        size = "Big" if r"\int" in inner or r"\frac" in inner else "big"
        left, right = _SIZES[size]
        return rf"{operator}{left}[ {inner}{bar} {right}]"

    def _print_OverOthers(self, expression: sp.Expr) -> str:
        term, power = expression.args
        weight = "n" if power == 1 else f"n^{power}"
        return rf"\frac{{1}}{{{weight}}} \sum_{{k \neq i}} {self._print(term)}"

    def _print_LowerLimit(self, expression: sp.Expr) -> str:
        inner, variable, point = expression.args
        target = rf"{self._print(variable)} \downarrow {self._print(point)}"
        return rf"\liminf_{{{target}}} {self._print(inner)}"

    def _print_LimitOf(self, expression: sp.Expr) -> str:
        inner, variable, point = expression.args
        target = rf"{self._print(variable)} \to {self._print(point)}"
        return rf"\lim_{{{target}}} {self._print(inner)}"


def latex(expression: sp.Expr, names: Mapping[sp.Symbol, str] | None = None) -> str:
    """Return the LaTeX of an expression, for inline use; ``names`` overrides the symbol table."""
    return marked(expression, names).replace(BREAK, "")


def marked(expression: sp.Expr, names: Mapping[sp.Symbol, str] | None = None) -> str:
    """Return the LaTeX of an expression with the mark ``BREAK`` where a line may end."""
    return str(AuthorPrinter(names).doprint(expression))
