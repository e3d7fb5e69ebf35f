"""Own problems, environments on the grid, the second iteration and the second detectors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from eqsolve.errors import InputError
from eqsolve.pde import GridProblem, GridSolution, solve_extended_hjb
from eqsolve.registry import model
from reference import cases, spec

AGGREGATES = {"m_b": ".05", "m_s": ".1", "m_2": ".01"}
GIVEN = {**cases.S1, **AGGREGATES, "n": "3"}
KAPPA = 1 - 0.5 / 3

OWN = GridProblem(
    drift=((lambda x, y: 0.03 * x, 0.09), (lambda x, y: 0.03 * y + 0.05, 0)),
    diffusion=((0, 0, 0.08), (0, 0.02, 0), (0.02, 0, 0)),
    payoff=(lambda x, y: KAPPA * x - 0.5 * y, lambda x, y: (KAPPA * x - 0.5 * y) ** 2),
    weight=lambda x, y: 1 + 0.5 * x,
    risk_aversion=2.0,
    hazard=0.6,
)


def affine(solution: GridSolution, given: dict[str, Any]) -> np.ndarray:
    key = spec.best_response(given)
    p1, p2, p3 = (float(key[name]) for name in ("p1", "p2", "p3"))
    x, y = np.meshgrid(solution.x, solution.y, indexing="ij")
    return np.asarray(p1 * x + p2 * y + p3)


def gap(solution: GridSolution, right: np.ndarray) -> float:
    window = solution.inner
    return float(abs(solution.policy - right)[window].max() / abs(right[window]).max())


def test_an_own_problem_is_the_game_written_out() -> None:
    own = solve_extended_hjb(OWN, nodes=21, coarse=11)
    game = solve_extended_hjb("best-response", GIVEN, nodes=21)
    assert own.status == "ok" and own.game == "own problem"
    assert gap(own, affine(own, GIVEN)) < 1e-11
    assert abs(own.policy - game.policy).max() < 1e-11
    assert own.V is not None and game.V is not None and abs(own.V - game.V).max() < 1e-10


def test_arrays_do_what_functions_do() -> None:
    x = np.linspace(0, 2, 11)
    mesh = np.meshgrid(x, x, indexing="ij")
    fields: list[Any] = [OWN.drift[0][0], OWN.drift[1][0], *OWN.payoff, OWN.weight]
    a, b, z, zz, w = (field(*mesh) for field in fields)
    expected = solve_extended_hjb(OWN, grid=(x, x))
    for layout in (np.asfortranarray, lambda f: f[::-1][::-1], lambda f: np.repeat(f, 2, 0)[::2]):
        problem = replace(
            OWN,
            drift=((layout(a), 0.09), (layout(b), np.float32(0))),
            payoff=(layout(z), layout(zz)),
            weight=layout(w),
        )
        found = solve_extended_hjb(problem, grid=(x, x))
        assert np.array_equal(found.policy, expected.policy)
    with pytest.raises(InputError, match=r"an array of shape \(11, 11\)"):
        solve_extended_hjb(problem, nodes=13)


def test_risk_aversion_may_depend_on_the_states() -> None:
    """Only its ratio to the weight matters: scaling both by a function changes nothing."""
    plain = solve_extended_hjb(OWN, nodes=15)
    scale = 1 + 0.3 * np.sin(np.add.outer(plain.x, plain.y))
    scaled = replace(OWN, risk_aversion=2 * scale, weight=(1 + 0.5 * plain.x[:, None]) * scale)
    found = solve_extended_hjb(scaled, nodes=15)
    assert found.status == "ok" and abs(found.policy - plain.policy).max() < 1e-11


def test_any_weight_has_a_policy_of_its_own() -> None:
    """A wavy weight: no closed form, but two iterations and two grids to compare."""
    problem = replace(OWN, weight=lambda x, y: 1 + 0.5 * x + 0.05 * np.sin(2 * x) * np.cos(y))
    newton = solve_extended_hjb(problem, nodes=21)
    policy = solve_extended_hjb(problem, nodes=21, method="policy", tolerance=1e-12)
    assert newton.status == policy.status == "ok"
    assert abs(newton.policy - policy.policy).max() < 1e-10
    assert newton.diagnostics["policy_nonaffine"] > 1e-3
    fine = solve_extended_hjb(problem, nodes=41)
    assert abs(fine.policy[::2, ::2] - newton.policy)[newton.inner].max() < 5e-3
    both = solve_extended_hjb(problem, nodes=21, coarse=11)
    assert both.status == "inconsistent_grids"


def test_two_iterations_agree_with_sources() -> None:
    """The sources of the two moments differ, in space and from each other."""
    sources = (lambda x, y: 0.02 * x * y, lambda x, y: 0.05 + 0.03 * np.sin(x + 2 * y))
    common: dict[str, Any] = {"nodes": 15, "source": sources}
    newton = solve_extended_hjb(OWN, **common)
    held: dict[str, Any] = {
        "closure": "dirichlet",
        "boundary": (newton.G, newton.H),
        "start": newton,
    }
    closures: list[dict[str, Any]] = [{}, held]
    for closure in closures:
        policy = solve_extended_hjb(OWN, method="policy", tolerance=1e-12, **common, **closure)
        assert newton.ok and policy.ok, policy.message
        for name in ("G", "H", "policy"):
            ours, theirs = (getattr(s, name)[1:-1, 1:-1] for s in (newton, policy))
            assert abs(ours - theirs).max() < 1e-9 * abs(ours).max()
    plain = solve_extended_hjb(OWN, nodes=15)
    assert abs(newton.H - plain.H)[newton.inner].max() > 1e-3


def test_boundary_values_matter_unless_the_start_is_rejected() -> None:
    """Two boundaries give two policies. Where no step is made, the policy is that of the start."""

    def payoff(x: Any, y: Any) -> Any:
        return 5 / 6 * x - 0.5 * y

    def solved(shift: float) -> Any:
        values = (lambda x, y: payoff(x, y) + shift, lambda x, y: (payoff(x, y) + shift) ** 2)
        return solve_extended_hjb(
            "best-response", GIVEN, nodes=11, closure="dirichlet", boundary=values
        )

    one, other = solved(0.0), solved(1e-3)
    assert one.ok and other.ok
    assert abs(one.policy - other.policy).max() > 1e-4
    rejected = [
        solve_extended_hjb(
            "best-response", GIVEN, nodes=11, closure="dirichlet", boundary=values, method="policy"
        )
        for values in ((0.0, 1.0), (1.0, 2.0))
    ]
    assert [found.status for found in rejected] == ["step_rejected"] * 2
    # the nodes beside the boundary see its values, all others the payoff's
    inner = [found.policy[2:-2, 2:-2] for found in rejected]
    assert np.array_equal(*inner)
    assert not any(found.ok for found in rejected)


def test_environment_on_the_grid() -> None:
    numbers = {k: v for k, v in GIVEN.items() if k not in AGGREGATES}
    fields: dict[Any, Any] = {"m_b": 0.05, "m_s": lambda x, y: 0.1 + 0 * x, "m_2": ".01"}
    usual = solve_extended_hjb("best-response", GIVEN, nodes=15)
    with pytest.raises(InputError, match="m_2 is .*Real numbers"):
        solve_extended_hjb("best-response", numbers, nodes=15, environment=fields)
    fields["m_2"] = np.full((15, 15), 0.01)
    found = solve_extended_hjb("best-response", numbers, nodes=15, environment=fields)
    assert abs(found.policy - usual.policy).max() < 1e-12
    wavy = {**fields, "m_b": lambda x, y: 0.05 + 0.02 * np.sin(y)}
    other = solve_extended_hjb("best-response", numbers, nodes=15, environment=wavy)
    assert other.ok and abs(other.policy - usual.policy).max() > 1e-4
    with pytest.raises(InputError, match="'gamma' is not in the environment"):
        solve_extended_hjb("best-response", numbers, nodes=15, environment={"gamma": 1.0})


@pytest.mark.parametrize("name", cases.SETS)
def test_policy_iteration_agrees(name: str) -> None:
    given = {**cases.SETS[name], **AGGREGATES, "n": "3"}
    newton = solve_extended_hjb("best-response", given, nodes=21)
    policy = solve_extended_hjb("best-response", given, nodes=21, method="policy")
    plain = solve_extended_hjb("best-response", given, nodes=21, method="policy", anderson=0)
    assert policy.status == plain.status == "ok"
    assert abs(newton.policy - policy.policy).max() < 1e-10
    assert policy.diagnostics["steps"] <= plain.diagnostics["steps"]
    changes = plain.diagnostics["policy_changes"]
    assert changes[-1] < 1e-9 < changes[0]


def test_policy_iteration_says_when_it_fails() -> None:
    given = {**cases.ROOTS["three admissible"][0], **AGGREGATES}
    for anderson in (0, 5):
        found = solve_extended_hjb(
            "best-response", given, nodes=21, method="policy", anderson=anderson
        )
        assert found.status == "short_wave_unstable" and not found.ok


def test_a_start_shortens_the_way() -> None:
    first = solve_extended_hjb("best-response", GIVEN, nodes=15)
    again = solve_extended_hjb("best-response", GIVEN, nodes=15, start=first)
    assert again.diagnostics["steps"] <= 1
    nearby = solve_extended_hjb(
        "best-response", {**GIVEN, "m_b": ".051"}, nodes=15, start=first, first_step=1e6
    )
    assert nearby.ok and nearby.diagnostics["steps"] < first.diagnostics["steps"]


def test_payoff_boxes_confirm_finite_moments() -> None:
    boxes = (5, 50, 500, 5000)
    for name in cases.SETS:
        given = {**cases.SETS[name], **AGGREGATES, "n": "3"}
        found = solve_extended_hjb("best-response", given, nodes=21, payoff_boxes=boxes)
        assert found.status == "ok", found.message
        moments = found.diagnostics["payoff_box_moments"]
        assert moments[-1] == pytest.approx(found.H[10, 10], rel=1e-8)
        assert abs(moments[0] - moments[-1]) > abs(moments[1] - moments[-1])


def test_payoff_boxes_find_an_infinite_moment() -> None:
    """With lambda < 2 r the second moment of the aggregate is infinite, whatever the policy."""
    late = {**GIVEN, "lam": ".055"}
    found = solve_extended_hjb(
        "best-response", late, nodes=21, payoff_boxes=(5, 50, 500, 5000), refuse_infinite=False
    )
    steps = abs(np.diff(found.diagnostics["payoff_box_moments"]))
    assert found.status == "moment_explosion" and not (steps[1:] < 0.5 * steps[:-1]).all()


def test_payoff_boxes_judge_alone() -> None:
    """The second detector does not lean on the first."""
    from eqsolve.pde.moments import payoff_box_moments
    from eqsolve.pde.sampling import source_of

    late = {**GIVEN, "lam": ".055"}
    found = solve_extended_hjb("best-response", late, nodes=21, refuse_infinite=False)
    flattered = replace(found, status="ok", message="ok")
    judged = payoff_box_moments(
        source_of(model("best-response"), late), flattered, (5, 50, 500, 5000)
    )
    assert judged.status == "moment_explosion" and "does not converge" in judged.message


def test_every_failure_has_its_status() -> None:
    """The statuses of the iteration, each from a problem that deserves it."""
    assert solve_extended_hjb(OWN, nodes=11, max_steps=2).status == "max_iterations"
    assert solve_extended_hjb(OWN, nodes=11, tolerance=1e-30).status == "stagnated"
    still = replace(OWN, diffusion=((0, 0, 0), (0, 0, 0), (0.02, 0, 0)))
    assert solve_extended_hjb(still, nodes=11).status == "step_rejected"
    wide = {**cases.S3, **AGGREGATES, "n": "3"}
    box = ((-2.0, 4.0), (-2.0, 4.0))
    degenerate = solve_extended_hjb("best-response", wide, nodes=21, box=box)
    assert degenerate.status == "degenerate_policy" and degenerate.ok


@pytest.mark.parametrize(
    ("changes", "options", "words"),
    [
        ({"drift": ((0, 1), (0,))}, {}, ["drift", "2 rows of 2"]),
        ({"diffusion": 3}, {}, ["diffusion", "3 rows of 3"]),
        ({"payoff": (1,)}, {}, ["payoff", "2 fields"]),
        ({"weight": "x"}, {}, ["weight", "Real"]),
        ({"weight": 1j}, {}, ["weight", "1j", "Real"]),
        ({"weight": np.inf}, {}, ["weight", "inf", "finite"]),
        ({"weight": lambda x, y: np.full_like(x, np.nan)}, {}, ["weight", "finite"]),
        ({"weight": np.ones((3, 3))}, {}, ["weight", "(3, 3)"]),
        ({"risk_aversion": 0.0}, {}, ["risk_aversion", "0", "positive"]),
        ({"risk_aversion": lambda x, y: x - 1}, {}, ["risk_aversion", "-1", "positive"]),
        ({"hazard": 0.0}, {}, ["hazard", "0", "positive"]),
        ({"hazard": "soon"}, {}, ["hazard", "soon", "real"]),
        ({"diffusion": ((-1, 0, 0.1), (0, 0, 0), (0, 0, 0))}, {}, ["diffusion", "semidefinite"]),
        ({"diffusion": ((0, 0, 0.1), (0, 9, 0), (0, 0, 0))}, {}, ["diffusion", "semidefinite"]),
        ({}, {"source": (1,)}, ["source", "Two fields"]),
        ({}, {"source": (np.nan, 0)}, ["source", "nan"]),
        ({}, {"start": (0, 0, 0)}, ["start", "Two fields"]),
        ({}, {"boundary": (0, 0)}, ["boundary", "dirichlet"]),
        ({}, {"method": "magic"}, ["method", "magic", "newton"]),
        ({}, {"anderson": -1}, ["anderson", "-1"]),
        ({}, {"threads": -1}, ["threads", "-1"]),
        ({}, {"max_steps": 0}, ["max_steps", "0"]),
        ({}, {"first_step": 0.0}, ["first_step", "positive"]),
        ({}, {"grid": ([0, 1, 2j, 3, 4], [0, 1, 2, 3, 4])}, ["grid (x)", "complex"]),
        ({}, {"grid": (np.ones((2, 3)), [0, 1, 2, 3, 4])}, ["grid (x)", "(2, 3)"]),
        ({}, {"grid": (range(5),)}, ["grid", "Two arrays"]),
        ({}, {"grid": 3.0}, ["grid", "3.0", "Two arrays"]),
        ({}, {"grid": ([[0], [1, 2]], range(9))}, ["grid (x)", "unequal length"]),
        ({}, {"nodes": 9.5}, ["nodes", "9.5", "integers"]),
        ({}, {"nodes": (9, True)}, ["nodes", "True", "integer"]),
        ({}, {"coarse": 4}, ["coarse", "4", "from 5"]),
        ({}, {"coarse": "half"}, ["coarse", "half", "integers"]),
        ({}, {"box": 2.0}, ["box", "2.0", "intervals"]),
        ({}, {"box": ((0, 2), ("a", 1))}, ["box", "'a'", "real"]),
        ({}, {"box": ((0, 2), (0, np.nan))}, ["box", "nan", "finite"]),
        ({}, {"values": 3.0}, ["values", "float", "mapping"]),
        ({}, {"environment": np.ones(3)}, ["environment", "ndarray", "mapping"]),
        ({}, {"start": 1.0}, ["start", "1.0", "Two fields"]),
        ({}, {"tolerance": 1e300}, ["tolerance", "1e300", "0.001"]),
        ({}, {"tolerance": True}, ["tolerance", "True", "real"]),
        ({}, {"closure": np.ones(2)}, ["closure", "dirichlet"]),
        ({}, {"method": None}, ["method", "None", "newton"]),
        ({}, {"payoff_boxes": 5.5}, ["payoff_boxes", "5.5", "three"]),
        ({}, {"payoff_boxes": ("a", "b", "c")}, ["payoff_boxes", "Real"]),
        ({}, {"payoff_boxes": (5, 50, np.nan)}, ["payoff_boxes", "three"]),
        ({}, {"time_steps": 10}, ["time_steps", "10", "horizon"]),
        ({}, {"scheme": "bdf2"}, ["scheme", "bdf2", "horizon"]),
        ({"weight": np.ma.masked_array(np.ones((9, 9)), True)}, {}, ["weight", "masked"]),
        ({}, {"grid": ([0, 1, 2, 3], range(9))}, ["x", "4 nodes", "5"]),
        ({}, {"payoff_boxes": (5, 50)}, ["payoff_boxes", "three"]),
        ({}, {"payoff_boxes": (5, 50, 20)}, ["payoff_boxes", "increasing"]),
        ({}, {"payoff_boxes": (0.5, 5, 50)}, ["payoff_boxes", "above 1"]),
        ({}, {"values": {"r": 1}}, ["values", "registry"]),
    ],
)
def test_bad_input(changes: dict[str, Any], options: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        solve_extended_hjb(replace(OWN, **changes), **{"nodes": 9, **options})
    assert all(word in str(caught.value) for word in words), caught.value


def test_a_hazard_rate_below_twice_the_interest_rate_is_named() -> None:
    """lambda <= 2 r matters where the others' wealth counts, and nowhere else."""
    late = {**GIVEN, "lam": ".06"}
    with pytest.raises(InputError) as caught:
        solve_extended_hjb("best-response", late, nodes=11)
    assert all(word in str(caught.value) for word in ("lambda is 0.06", "2*r = 0.06", "infinite"))
    slow = {**GIVEN, "lam": ".05"}
    found = solve_extended_hjb("best-response", slow, nodes=11, refuse_infinite=False)
    assert not found.ok and "lambda must exceed 2*r = 0.06" in found.message
    for fine in ({**GIVEN, "lam": ".061"}, {**late, "theta": "0"}):
        solve_extended_hjb("best-response", fine, nodes=11)
    # an environment that depends on the others' wealth can slow its growth
    free = {k: v for k, v in slow.items() if k != "m_b"}
    drawn = {"m_b": lambda x, y: 0.01 - 0.05 * y}
    assert solve_extended_hjb("best-response", free, nodes=11, environment=drawn).status


def test_every_coefficient_enters_as_written() -> None:
    """Equations and first-order condition anew, by differences of the solution alone."""

    def noise(sx: float, px: float, sy: float, py: float) -> np.ndarray:
        """Coefficients of 1, p, p^2 in the products of two loadings s + q p."""
        first, second = np.array([sx, px]), np.array([sy, py])
        pairs = ((first, first), (first, second), (second, second))
        return np.array([np.convolve(a, b) for a, b in pairs])

    diffusion = noise(0.03, 0.2, 0.05, 0.04) + noise(0.02, -0.05, -0.03, 0.06)
    drift = np.array([[0.01, 0.08], [0.02, 0.03]])
    gamma, hazard = 2.0, 0.7

    def weight(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.asarray(1.0 + 0.2 * x - 0.1 * y)

    found = solve_extended_hjb(
        GridProblem(
            drift=[list(row) for row in drift],
            diffusion=[list(row) for row in diffusion],
            payoff=(lambda x, y: x - 0.4 * y, lambda x, y: (x - 0.4 * y) ** 2),
            weight=weight,
            risk_aversion=gamma,
            hazard=hazard,
        ),
        nodes=(13, 11),
    )
    assert found.status == "ok", found.message
    h, k = found.x[1] - found.x[0], found.y[1] - found.y[0]
    x, y = (part[1:-1, 1:-1] for part in np.meshgrid(found.x, found.y, indexing="ij"))
    p, z = found.policy[1:-1, 1:-1], x - 0.4 * y

    def powers(f: np.ndarray) -> np.ndarray:
        """Coefficients of 1, p, p^2 in the generator applied to f."""
        f_x = (f[2:, 1:-1] - f[:-2, 1:-1]) / (2 * h)
        f_y = (f[1:-1, 2:] - f[1:-1, :-2]) / (2 * k)
        f_xx = (f[2:, 1:-1] - 2 * f[1:-1, 1:-1] + f[:-2, 1:-1]) / h**2
        f_yy = (f[1:-1, 2:] - 2 * f[1:-1, 1:-1] + f[1:-1, :-2]) / k**2
        f_xy = (f[2:, 2:] - f[2:, :-2] - f[:-2, 2:] + f[:-2, :-2]) / (4 * h * k)
        second = np.tensordot(diffusion.T, np.stack([0.5 * f_xx, f_xy, 0.5 * f_yy]), 1)
        first = np.tensordot(drift.T, np.stack([f_x, f_y]), 1)
        return np.asarray(second + np.concatenate([first, np.zeros((1, *f_x.shape))]))

    of_g, of_h = powers(found.G), powers(found.H)
    inner = found.G[1:-1, 1:-1]
    for q, f, payoff in ((of_g, inner, z), (of_h, found.H[1:-1, 1:-1], z * z)):
        assert abs(q[0] + p * (q[1] + p * q[2]) - hazard * (f - payoff)).max() < 1e-11
    marginal = (weight(x, y) + gamma * inner) * of_g - 0.5 * gamma * of_h
    assert marginal[2].max() < 0 and abs(marginal[1] + 2 * p * marginal[2]).max() < 1e-11
