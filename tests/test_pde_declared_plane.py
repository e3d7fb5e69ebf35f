"""Declared games of two states on a grid: the derived strategy, a planted error, refusals."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from scipy.interpolate import RegularGridInterpolator

from eqsolve.errors import InputError
from eqsolve.game import (
    Ansatz,
    Crowd,
    Game,
    Horizon,
    Law,
    Model,
    Player,
    State,
    Vocabulary,
    expected,
    parameter,
)
from eqsolve.game.parameters import read
from eqsolve.pde.declared import represented
from eqsolve.pde.declared_part import NotRepresentedError
from eqsolve.studies.equilibrium import equilibrium
from eqsolve.verify import declared as level

x, y, a, b, m, w = sp.symbols("x y a b m w")
k, q, l, s, T, m0, v0, w0 = sp.symbols("k q l s T m0 v0 w0")
P, Q, R, F, G, H, C, D, E, S = sp.symbols("P Q R F G H C D E S")
p, o, h, f, g, c = sp.symbols("p o h f g c")
VALUES = {"k": "0.7", "q": "1.5", "l": "0.4", "s": "0.4", "T": "1", "m0": "0.6", "v0": "0.05"}
VALUES |= {"w0": "-0.4"}


def own(several: bool = False, crowd: bool = True) -> Model:
    """Two states with noises that are correlated; ``a`` moves one of them, or ``b`` the other, too.

    In a crowd the costs draw everybody to the mean of x.
    """
    controls = (a, b) if several else (a,)
    pull = q * (x - m) ** 2 / 2 if crowd else q * x**2 / 2
    running = a**2 / 2 + pull + l * y * a + y**2 / 4
    running += b**2 + a * b / 3 if several else sp.S.Zero
    noise = {"W": s / 2, "Z": s} if not crowd else {"Z": s}
    value = P * x**2 / 2 + Q * x * y + R * y**2 / 2 + C
    forms = {a: f * x + g * y, b: p * x + o * y}
    if crowd:
        value += F * x * m + G * y * m + H * m**2 + S * m * w + E * x * w + D * y * w + c * w**2
        forms = {u: form + sp.Symbol(f"{u}_m") * m for u, form in forms.items()}
        forms = {u: form + sp.Symbol(f"{u}_w") * w for u, form in forms.items()}
    return Model(
        Game(
            "plane",
            states=(
                State(x, -k * x + y + a, {"W": s}),
                State(y, -y / 2 + (b if several else 0), noise),
            ),
            players=(Player("player", controls, expected(running, x**2 / 4, "minimize")),),
            horizon=Horizon(end=T),
            laws=(Law(m, x), Law(w, y)) if crowd else (),
            crowd=Crowd("player") if crowd else None,
        ),
        Ansatz({"J": value}, feedback={u: forms[u] for u in controls}),
        Vocabulary(*(parameter(n) for n in (k, q, l, s, T, m0, v0, w0))),
        initial={x: (m0, v0), y: (w0, v0)},
    )


@pytest.mark.parametrize(("several", "crowd"), [(False, False), (True, True)])
def test_two_states_agree_with_what_is_derived(several: bool, crowd: bool) -> None:
    """One control of one state under correlated noises, two of a crowd; 3 % off is seen."""
    claim = equilibrium(own(several, crowd), VALUES)
    checks = level.grid_checks(claim)
    assert len(checks) == 1 + several
    for check in checks:
        assert check.verdict == "pass" and check.error < 2e-3, check
    wrong = replace(
        claim,
        coefficients=lambda time: {u: v * 103 / 100 for u, v in claim.coefficients(time).items()},
    )
    assert {check.verdict for check in level.grid_checks(wrong)} == {"fail"}


def test_the_value_has_what_depends_on_the_law_alone() -> None:
    """At the means at time 0, on the axes of the noise, against the derived value."""
    model = own(several=True)
    claim = equilibrium(model, VALUES)
    found = represented(model).solve(read(model, VALUES), None).result
    known = {u: sp.Float(float(v.mid())) for u, v in claim.coefficients(Fraction(0)).items()}
    places = {x: 0.6, m: 0.6, y: -0.4, w: -0.4}
    exact = float(model.ansatz.functions["J"].xreplace(known).xreplace(places))
    place = np.array(found.diagnostics["axes"]) @ [0.6, -0.4]
    grid = (found.axes["x"], found.axes["y"])
    value = RegularGridInterpolator(grid, found.arrays["u"][1][0], method="cubic")(place)
    assert abs(value.item() - exact) < 1e-3 * abs(exact)


def test_what_no_plane_represents_is_refused() -> None:
    """Each of these changes one thing of a game that the solver takes."""
    game = own().game
    first, second = game.states
    player = game.players[0]

    def reason(**changes: object) -> str:
        with pytest.raises(NotRepresentedError) as caught:
            represented(replace(own(), game=replace(game, **changes)))  # type: ignore[arg-type]
        return caught.value.reason

    def costs(running: sp.Expr) -> str:
        return reason(players=(replace(player, preference=expected(running, 0 * x, "minimize")),))

    assert "all directions" in reason(states=(first, replace(second, loadings={"W": s})))
    assert "constants" in reason(states=(replace(first, loadings={"W": x}), second))
    assert "constants" in reason(states=(replace(first, drift=x * a), second))
    assert "depend on the law" in reason(states=(replace(first, drift=a + m), second))
    assert "no planner" in reason(notion="planner")
    assert "no mean" in reason(laws=(Law(m, x), Law(w, a)))
    assert "linear in the means" in costs(a**2 + x * m**2)
    assert "quadratic" in costs(x**2)
    assert "quadratic" in costs(a**4)
    assert "does not depend on the law" in costs(a**2 + a * m)
    assert "share a noise" in reason(laws=(Law(m, x, given=("W",)), Law(w, y)))


def test_numbers_without_noise_or_cost_are_refused() -> None:
    for change, words in (({"s": "0"}, "noises"), ({"v0": "0"}, "no density")):
        model = own()
        with pytest.raises(InputError, match=words):
            represented(model).solve(read(model, {**VALUES, **change}), None)
