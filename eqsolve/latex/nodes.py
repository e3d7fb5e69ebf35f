"""How functions and the inert operators of displays are written."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.latex import LatexPrinter

from eqsolve.latex.order import function_name, is_sum
from eqsolve.operators import InOrder, Kept

#: The mark before a sign at which a long display may be broken.
BREAK = "\x1f"

# What the states, the control and the short names of their functions are called along a path.
_PROCESSES = {"x": "X", "y": "Y", "p": r"\pi", "ell": r"\ell", "z": "z"}
_SIZES = {"": ("", ""), "big": (r"\bigl", r"\bigr"), "Big": (r"\Bigl", r"\Bigr")}


class NodePrinter(LatexPrinter):
    """Prints functions of the states, along their paths or not, and inert operators."""

    _time = ""
    _small = False

    def _bracketed(self, text: str) -> str:
        """Put brackets around, sized by the content and of another kind than those inside."""
        pairs = (("(", ")"), ("[", "]"), (r"\lbrace", r"\rbrace"))
        used = max((k + 1 for k, (left, _) in enumerate(pairs) if left in text), default=0)
        left, right = pairs[min(used, 2)]
        size = "Big" if r"\frac" in text or r"\sum" in text else "big" if used else ""
        opening, closing = _SIZES[size]
        return f"{opening}{left} {text} {closing}{right}" if size else f"{left}{text}{right}"

    def _print_AppliedUndef(self, expression: sp.Expr) -> str:
        name = function_name(expression)
        return {"varphi": r"\varphi", "Phi": r"\Phi"}.get(name, name) + self._place()

    def _print_Function(self, expression: sp.Expr, exp: Any = None) -> str:
        if isinstance(expression, AppliedUndef):
            text = self._print_AppliedUndef(expression)
            return text if exp is None else f"{text}^{{{exp}}}"
        operator = {"acos": r"\arccos"}.get(expression.func.__name__)
        argument = expression.args[0]
        inner = str(self._print(argument))
        short = argument.is_Symbol or not is_sum(argument) and r"\frac" in inner
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

    def _print_ExpBase(self, expression: sp.Expr, exp: Any = None) -> str:
        before, self._small = self._small, True
        text = f"e^{{{self._print(expression.args[0])}}}"
        self._small = before
        return text if exp is None else f"{self._bracketed(text)}^{{{exp}}}"

    def _print_Discount(self, expression: sp.Expr) -> str:
        rate, start, end = expression.args
        span = end - start
        span = Kept(InOrder(end, -start)) if isinstance(span, sp.Add) else span
        return f"e^{{{self._print(-rate * span)}}}"

    def _print_TimeIntegral(self, expression: sp.Expr) -> str:
        inner, variable, lower, upper = expression.args
        text = str(self._print(inner))
        text = self._bracketed(text) if is_sum(inner) else text
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
