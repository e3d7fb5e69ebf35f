"""What a kernel gives besides the status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.hjb import ExtendedHJB
from eqsolve.program.codes import by_unit


def columns(derivation: Derivation, states: Sequence[sp.Symbol]) -> list[tuple[str, sp.Expr]]:
    """Strategy coefficients, coefficients, and controls and values at the states.

    A column whose name is a parameter's, a state's or an earlier one's has a stroke below.
    """
    fixed = derivation.fixed
    found: list[tuple[str, sp.Expr]] = []
    for control, form in derivation.answered.items():
        rows = _monomials(form, states) or by_unit(form, states, derivation)
        for monomial, coefficient in rows.items():
            found.append((f"{control.name}_{monomial}", coefficient))
    names = (*derivation.system.unknowns, *derivation.system.implicit)
    found += [(s.name, s) for s in names if s.name not in dict(found)]
    if fixed is not None:
        found += [(s.name, s) for s in derivation.system.feedback if s.name not in dict(found)]
    found += [(c.name, f) for c, f in derivation.answered.items()]
    systems = [s for s in derivation.systems if isinstance(s, ExtendedHJB)]
    spelled = derivation.solved.game.abbreviations
    frozen = {} if fixed is None else {**fixed.values, **derivation.averages}
    for number, system in enumerate(systems, start=1):
        label = "V" if len(systems) == 1 else f"V_{number}"
        value = system.value.xreplace(frozen)
        if fixed is None or not value.free_symbols & set(fixed.averages):
            found.append((label, value.xreplace(spelled)))
    vocabulary = derivation.model.vocabulary
    taken = {*(letter.name for letter in vocabulary.parameters), *(s.name for s in states)}
    named: list[tuple[str, sp.Expr]] = []
    for name, expression in found:
        while name in taken:
            name += "_"
        taken.add(name)
        named.append((name, expression))
    return named


def _monomials(form: sp.Expr, states: Sequence[sp.Symbol]) -> Mapping[str, sp.Expr]:
    expanded = sp.expand(form)
    present = [s for s in states if expanded.has(s)]
    if not expanded.is_polynomial(*present):
        return {}
    if not present:
        return {"1": expanded}
    return {
        "".join(s.name * e for s, e in zip(present, exponents)) or "1": coefficient
        for exponents, coefficient in sp.Poly(expanded, *present).terms()
    }
