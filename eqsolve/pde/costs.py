"""Costs of mean-field games in problem files: formulas in the functionals of the law."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import sympy as sp

from eqsolve import expression
from eqsolve.pde.couplings import Coupling
from eqsolve.pde.entries import Entries, formula, number

#: Names in a cost, in the order of compiled functions.
LAW = ("t", "x", "mean", "variance", "density", "convolution", "control_mean")
#: Most terms of a cost that is expanded to find its parts.
LONGEST = 500


def cost(entries: Entries, name: str) -> Coupling:
    """A cost: a formula, or a table with the formula and a kernel or the control's cost."""
    found = entries.take(name, 0)
    table = Entries(f"{entries.where}, [{name}]", dict(found) if isinstance(found, dict) else {})
    text = table.take("cost", 0) if isinstance(found, dict) else found
    # at the end there is no time and no control
    names = LAW if name == "running" else LAW[1:-1]
    read = expression.read(
        table.where, text if isinstance(text, str) else number(table, "cost", text), names
    )
    options = table.options(control=number, control_control=number, kernel=formula("d"))
    if isinstance(options.get("kernel"), float):
        strength = options["kernel"]
        options["kernel"] = lambda d: 0 * d + strength
    table.end()
    used = read.has(sp.Symbol("convolution", real=True))
    if used and "kernel" not in options:
        table.refuse(
            "convolution is used without a kernel", 'Write for example kernel = "exp(-d*d)".'
        )
    if not used and "kernel" in options:
        table.refuse("the kernel is not used", "Write the cost with convolution, or leave it out.")
    return coupling(read, options)


def coupling(cost: sp.Expr, options: Mapping[str, Any]) -> Coupling:
    """The cost by parts where it is linear in the law's functionals, else as a compiled function.

    Parts are sampled at the nodes, which is fast and needs no compiler.
    """
    symbols = {name: sp.Symbol(name, real=True) for name in LAW}
    mean, variance, density = (symbols[name] for name in ("mean", "variance", "density"))
    law = (mean, variance, density, symbols["convolution"], symbols["control_mean"])
    where = {
        (): "potential",
        (mean,): "mean",
        (mean, mean): "mean_squared",
        (variance,): "variance",
        (density,): "density",
        (symbols["control_mean"],): "control_mean",
    }
    parts: dict[str, Any] = {}
    expanded = sp.expand(cost) if _length(cost) <= LONGEST else cost
    for term in sp.Add.make_args(expanded):
        own, rest = term.as_independent(*law, as_Add=False)
        powers = rest.as_powers_dict() if rest != 1 else {}
        key = (
            tuple(s for s in law for _ in range(int(powers.get(s, 0))))
            if all(base in law and power in (1, 2) for base, power in powers.items())
            else None
        )
        if key not in where or own.has(symbols["t"]):
            whole = expression.scalar(cost, LAW)
            return Coupling(function=whole, **options)
        parts[where[key]] = parts.get(where[key], 0) + own
    fields: dict[str, Any] = {
        key: expression.function(part, ("x",)) for key, part in parts.items() if part != 0
    }
    return Coupling(**fields, **options)


def _length(expression: sp.Expr) -> int:
    """Most terms of the expanded expression."""
    if expression.is_Add:
        return sum(map(_length, expression.args))
    if expression.is_Mul:
        return math.prod(map(_length, expression.args))
    if expression.is_Pow and expression.exp.is_Integer:
        count, power = _length(expression.base), abs(int(expression.exp))
        return math.comb(count + power - 1, power)
    return max(map(_length, expression.args), default=1)
