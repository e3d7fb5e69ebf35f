"""The printer of displays in plain text."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.str import StrPrinter

from eqsolve.game import t
from eqsolve.writing.stage import Names


class TextWriter(StrPrinter):
    """Prints the same in plain text."""

    def __init__(self, names: Names, arguments: tuple[sp.Symbol, ...] = ()) -> None:
        super().__init__({"order": "none"})
        self._names, self._arguments = names, arguments

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return self._names.text.get(expr, str(expr.name))

    _print_Dummy = _print_Symbol

    def _print_AppliedUndef(self, expression: sp.Expr) -> str:
        inner = [a for a in expression.args if a not in self._arguments]
        name = str(expression.func.__name__)
        if not inner:
            return name
        return f"{name}({', '.join(str(self._print(a)) for a in expression.args)})"

    def _print_Function(self, expression: sp.Expr) -> str:
        if isinstance(expression, AppliedUndef):
            return self._print_AppliedUndef(expression)
        return str(super()._print_Function(expression))

    def _print_Derivative(self, expression: sp.Derivative) -> str:
        variables = [str(self._print(v)) for v, k in expression.variable_count for _ in range(k)]
        joint = "" if all(len(v) == 1 for v in variables) else ","
        return f"{self._print(expression.expr)}_{joint.join(variables)}"

    def _print_Subs(self, expression: sp.Expr) -> str:
        inner, (variable,), (point,) = expression.args
        function = inner.expr
        name = f"{function.func.__name__}_{self._arguments[function.args.index(variable)]}"
        points = [point if a == variable else a for a in function.args]
        return f"{name}({', '.join(str(self._print(p)) for p in points)})"

    def _print_Str(self, expression: Any) -> str:
        return str(expression)

    def _print_Infimum(self, expression: sp.Expr) -> str:
        return f"inf_{self._print(expression.args[1])} {{ {self._print(expression.args[0])} }}"

    def _print_Supremum(self, expression: sp.Expr) -> str:
        return f"sup_{self._print(expression.args[1])} {{ {self._print(expression.args[0])} }}"

    def _print_ArgExtremum(self, expression: sp.Expr) -> str:
        inner, control, sign = expression.args
        name = "argmax" if sign > 0 else "argmin"
        return f"{name}_{self._print(control)} {{ {self._print(inner)} }}"

    def _print_Vector(self, expression: sp.Expr) -> str:
        return f"({', '.join(str(self._print(a)) for a in expression.args)})"

    def _print_At(self, expression: sp.Expr) -> str:
        function, *points = (str(self._print(a)) for a in expression.args)
        return f"{function}({', '.join(points)})"

    def _print_Rate(self, expression: sp.Expr) -> str:
        return f"{self._print(expression.args[0])}'"

    def _print_Process(self, expression: sp.Expr) -> str:
        symbol, time = expression.args
        return f"{self._print(symbol)}{'' if time == t else f'({self._print(time)})'}"

    def _print_Average(self, expression: sp.Expr) -> str:
        term, weight, own = expression.args
        if weight == 0:
            return f"mean({self._print(term)})"
        copies = "j" if own == 1 else "j != i"
        factor = "" if weight == 1 else f"{self.parenthesize(weight, 50)}*"
        return f"{factor}sum_({copies})({self._print(term)})"

    def _print_PlusMinus(self, expression: sp.Expr) -> str:
        return f"({self._print(expression.args[0])} +- {self._print(expression.args[1])})"

    def _print_Kept(self, expression: sp.Expr) -> str:
        return f"({self._print(expression.args[0])})"

    def _print_InOrder(self, expression: sp.Expr) -> str:
        text = ""
        for k, term in enumerate(expression.args):
            written = str(self._print(term))
            negative = written.startswith("-")
            sign = ("-" if negative else "") if not k else (" - " if negative else " + ")
            text += sign + (written[1:] if negative else written)
        return text

    def _print_Differential(self, expression: sp.Expr) -> str:
        return f"d{self._print(expression.args[0])}"

    def _print_Increment(self, expression: sp.Expr) -> str:
        return f"d{expression.args[0]}"

    def _print_NoiseLetter(self, expression: sp.Expr) -> str:
        return str(expression.args[0])

    def _print_Mean(self, expression: sp.Expr) -> str:
        given, inner = expression.args
        return f"E[{self._print(inner)}{f' | {given}' if str(given) else ''}]"

    def _print_Discount(self, expression: sp.Expr) -> str:
        rate, start, end = expression.args
        return f"exp(-{self.parenthesize(rate, 50)}*{self._print(end - start)})"

    def _print_TimeIntegral(self, expression: sp.Expr) -> str:
        inner, variable, lower, upper = (str(self._print(a)) for a in expression.args)
        return f"(int_{lower}^{upper} ({inner}) d{variable})"

    def _print_Earlier(self, expression: sp.Expr) -> str:
        return f"min({', '.join(str(self._print(a)) for a in expression.args)})"

    def _print_RootCosh(self, expression: sp.Expr) -> str:
        square, time = expression.args
        return f"cosh({self._print(sp.sqrt(square) * time)})"

    def _print_RootSinh(self, expression: sp.Expr) -> str:
        square, time = expression.args
        root = sp.sqrt(square)
        return f"(sinh({self._print(root * time)})/{self.parenthesize(root, 50)})"

    def _print_Equality(self, expression: sp.Expr) -> str:
        return " = ".join(str(self._print(a)) for a in expression.args)

    def _print_Pow(self, expression: sp.Expr, rational: bool = False) -> str:
        base, exponent = expression.as_base_exp()
        if exponent == sp.S.Half:
            if base in self._names.roots:
                return self._names.roots[base][1]
            if -base in self._names.roots:
                return f"|{self._names.roots[-base][1]}|"
        return str(super()._print_Pow(expression, rational))

    def _print_Piecewise(self, expression: sp.Expr) -> str:
        rows = []
        for value, condition in expression.args:
            when = "otherwise" if condition == sp.true else f"if {self._print(condition)}"
            rows.append(f"{self._print(value)} {when}")
        return "; ".join(rows)

    def _print_And(self, expression: sp.Expr) -> str:
        ordered = sorted(expression.args, key=lambda c: (len(str(c)), str(c)))
        return ", ".join(str(self._print(c)) for c in ordered)
