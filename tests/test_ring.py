"""Normal forms in the ring of a proof, and errors that leave no identity."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy as sp

import engine_models
from eqsolve.derivation.solve.functions import RootCosh, RootSinh
from eqsolve.derivation.solve.solution import solve
from eqsolve.verify import exact
from eqsolve.verify.planted import planted, planted_steps
from eqsolve.verify.proof.closed_form import _ClosedForm
from eqsolve.verify.proof.generic import field
from eqsolve.verify.proof.ring import Field, UndecidedError
from eqsolve.verify.proof.subject import Subject
from eqsolve.verify.proof.written import equations, worlds

a, c, g, x, y = sp.symbols("a c g x y")
C, S = RootCosh, RootSinh

IDENTITIES = [
    ((x + y) ** 3 / (x**2 - y**2), (x + y) ** 2 / (x - y)),
    (sp.exp(x + y / 2) ** 2, sp.exp(2 * x) * sp.exp(y)),
    (x ** (1 - g) * x**g, x),
    ((1 - x) ** (1 - g) * (1 - x) ** g, 1 - x),
    (sp.sqrt(x) ** 3, x * sp.sqrt(x)),
    (sp.sqrt(8), 2 * sp.sqrt(2)),
    ((2 * x) ** g * (x / 2) ** g, x ** (2 * g)),
    (sp.log(x**2 * y) - sp.log(x), sp.log(x) + sp.log(y)),
    (sp.exp(g * sp.log(x) + y), x**g * sp.exp(y)),
    (C(a, x) ** 2, 1 + a * S(a, x) ** 2),
    (C(a, x), 1 + 2 * a * S(a, x / 2) ** 2),
    (S(a, -x), -S(a, x)),
    (C(a, x - x), sp.S.One),
]


@pytest.mark.parametrize(("left", "right"), IDENTITIES, ids=str)
def test_identities_are_found_and_nothing_near_them(left: sp.Expr, right: sp.Expr) -> None:
    assert Field().vanishes(left - right)
    assert not Field().vanishes(left - right * (1 + sp.Rational(1, 10**6)))
    assert not Field().vanishes(left - right + x / 10**6)


def test_letters_that_equations_define() -> None:
    root = Field({}, {c: c**3 - a * c + x})
    assert root.vanishes(c**4 - a * c**2 + x * c)
    assert root.vanishes(1 / c + (c**2 - a) / x)
    assert not root.vanishes(c**4 - a * c**2 + x * y)
    with pytest.raises(ZeroDivisionError):
        root.vanishes(1 / (c**3 - a * c + x))
    # a reducible equation: what holds for one of its roots only is no identity
    both = Field({}, {c: (c - x) * (c - y)})
    assert both.vanishes((c - x) * (c - y) * g) and not both.vanishes(c - x)
    # two letters, the second over the first, and one defined through the other
    tower = Field({}, {c: c**2 - a, y: y**2 - c * y + 1})
    assert tower.vanishes((y**2 + 1) ** 2 - a * y**2)
    assert not tower.vanishes((y**2 + 1) ** 2 + a * y**2)
    linear = Field({}, {c: c - x * y - 1, y: y - x * c})
    assert linear.vanishes(c * (1 - x**2) - 1) and not linear.vanishes(c * (1 + x**2) - 1)
    # a letter inside a power: the equation is one between the letter and the power
    power = Field({}, {c: a - g * c + (1 + c) ** (-g)})
    assert power.vanishes((1 + c) ** (1 - g) + (a - g * c) * (1 + c))
    assert not power.vanishes((1 + c) ** (1 - g) + (a - g * c) * (1 - c))


def test_values_are_inserted_in_powers_too() -> None:
    assert Field({a: x ** (1 / g)}).vanishes(a**g - x)
    assert Field({a: sp.exp(sp.log(x) / g)}).vanishes(a**g - x)
    assert Field({a: sp.S.Zero}).vanishes(sp.exp(a * x**2) - 1)


@pytest.mark.parametrize("wrong", [sp.sin(x), sp.sqrt(-x), sp.zeta(x)])
def test_what_has_no_normal_form_is_undecided(wrong: sp.Expr) -> None:
    with pytest.raises(UndecidedError):
        Field().vanishes(wrong - x)


@pytest.mark.parametrize("name", ["regulator", "consumption", "jumps", "banks of three", "rivals"])
def test_planted_errors_are_no_identities(name: str) -> None:
    """The ring alone, without a random point, refutes an error in any rate or coefficient."""
    derivation = engine_models.derivation(name)
    honest = Subject(derivation)
    words, world = next(iter(worlds(honest.model).items()))
    written = equations(derivation, world, honest.dots)
    before = {**written.motion, **written.first_order}
    for what, wrong in planted(derivation):
        if what.startswith(("no equation", "a coefficient that", "sign of")):
            continue
        subject = Subject(wrong)
        left = [(field(subject, world), e) for e in before.values()]
        if what.startswith("terminal"):
            left = [(field(subject, world, end=True), e) for e in written.terminal.values()]
        assert not all(inside.vanishes(e) for inside, e in left), what


@pytest.mark.parametrize("name", ["regulator", "banks", "duopoly", "two-controls"])
def test_a_wrong_step_of_a_closed_form_is_no_identity(name: str) -> None:
    derivation = engine_models.derivation(name)
    solution = solve(derivation)
    with exact.precise():
        for what, wrong in planted_steps(solution):
            claim = _ClosedForm(derivation, wrong, ring=True)
            moved = [claim.identity(e, claim.values) for e in claim.motion.values()]
            begun = [claim.identity(e, claim.starts) for e in claim.beginning.values()]
            assert not all((*moved, *begun)), what
        whole = _ClosedForm(derivation, replace(solution), ring=True)
        assert all(whole.identity(e, whole.values) for e in whole.motion.values())
