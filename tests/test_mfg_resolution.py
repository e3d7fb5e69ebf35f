"""A solution that the grid does not resolve is never ok."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eqsolve.errors import InputError
from eqsolve.pde.couplings import Coupling
from eqsolve.pde.mfg import MFGSolution, gaussian, solve_mfg
from eqsolve.pde.resolution import Gaussian, Halved


def lq1(viscosity: float, nodes: int, steps: int, **options: Any) -> MFGSolution:
    """Without coupling: the variance follows from the linear control, exactly."""
    given: dict[str, Any] = {"initial": gaussian(-0.5, 0.4), "domain": (-3, 3)} | options
    return solve_mfg(
        nodes=nodes,
        steps=steps,
        viscosity=viscosity,
        terminal=lambda x: 0.5 * (x - 0.5) ** 2,
        **given,
    )


def exact_variance(viscosity: float) -> float:
    """Of dX = -(X - 1/2)/(2 - t) dt + sqrt(2 nu) dW at time 1."""
    return 0.16 / 4 + 2 * viscosity * (1 - 1 / 2)


@pytest.mark.parametrize(
    ("viscosity", "nodes", "steps"),
    [
        *((0.0, 201, 50), (0.005, 21, 10), (0.005, 201, 100)),
        # grids of which every second node or time makes none
        *((0.0, 200, 50), (0.0, 201, 51), (0.005, 20, 9)),
    ],
)
def test_the_monotone_scheme_knows_its_error(viscosity: float, nodes: int, steps: int) -> None:
    found = lq1(viscosity, nodes, steps, scheme="monotone")
    error = abs(found.variance[-1] / exact_variance(viscosity) - 1)
    assert error > 0.03
    assert found.status == "unresolved" and not found.ok
    assert 0.2 < found.diagnostics["discretization_error"] / error < 3
    assert any(text.startswith("numerical_viscosity") for text in found.warnings)
    width = found.x[1] - found.x[0]
    added = 0.5 * width * abs(found.control).max()
    assert found.diagnostics["numerical_viscosity"] == pytest.approx(added)


@pytest.mark.parametrize(("nodes", "steps"), [(201, 100), (200, 100), (201, 99), (200, 99)])
def test_a_resolved_game_is_ok(nodes: int, steps: int) -> None:
    found = lq1(0.05, nodes, steps)
    assert found.ok and found.diagnostics["discretization_error"] < 0.01
    assert found.variance[-1] == pytest.approx(exact_variance(0.05), rel=0.01)
    assert found.diagnostics["numerical_viscosity"] == 0
    free = lq1(0.05, nodes, steps, check=False)
    assert (free.u == found.u).all() and "discretization_error" not in free.diagnostics


def test_an_initial_law_that_the_domain_cuts() -> None:
    cut = lq1(0.05, 201, 100, initial=gaussian(2.5, 0.4))
    assert cut.status == "unresolved" and "cuts a share of 1.056e-01" in cut.message
    assert any(text.startswith("truncation") for text in cut.warnings)
    assert Gaussian(0.0, 1.0).outside(-1.959963984540054, 9.0) == pytest.approx(0.025)


@pytest.mark.parametrize("mean", [2.9, -2.9, 2.2])
def test_a_law_that_is_given_as_a_function_and_cut(mean: float) -> None:
    """Nothing is known of a function beyond the domain, but how it falls off towards its end."""
    cut = lq1(0.05, 201, 100, initial=lambda x: gaussian(mean, 0.4)(x), boundary="open")
    assert cut.status == "unresolved" and "cuts about a share of" in cut.message
    assert any(text.startswith("truncation") for text in cut.warnings)
    whole = lq1(0.05, 201, 100, initial=lambda x: gaussian(-0.5, 0.4)(x), boundary="open")
    assert whole.ok and not any(text.startswith("truncation") for text in whole.warnings)


def test_a_game_and_its_mirror_image_are_treated_alike() -> None:
    """Two wells: from one side the agents stay, whichever side it is."""

    def game(side: float, **options: Any) -> MFGSolution:
        return solve_mfg(
            domain=(-2, 2),
            nodes=101,
            steps=50,
            viscosity=0.1,
            initial=gaussian(0.1 * side, 0.3),
            terminal=Coupling(potential=lambda y: 0.5 * y * y, mean=lambda y: -2.5 * y),
            **options,
        )

    one, other = game(1.0), game(-1.0)
    assert one.status == other.status
    assert len(one.diagnostics["other_starts"]) == len(other.diagnostics["other_starts"]) == 2


def test_arrays_are_thinned_as_functions_are_sampled() -> None:
    x, t = np.linspace(0, 1, 21), np.linspace(0, 1, 9)
    halved = Halved(x, t, periodic=False)
    assert halved.possible and halved.x.size == 11 and halved.times.size == 5
    cost = Coupling(potential=np.cos(x), kernel=np.outer(x, x), forcing=np.outer(t[1:], x))
    thin = halved.coupling(cost)
    np.testing.assert_array_equal(thin.potential, np.cos(x[::2]))
    np.testing.assert_array_equal(thin.kernel, np.outer(x[::2], x[::2]))
    assert thin.forcing.shape == (4, 11) and thin.mean == 0.0
    assert Halved(x[:-1], t, periodic=True).x.size == 10
    assert not Halved(x[:8], t, periodic=False).possible


def test_what_is_given_on_other_grids_is_interpolated() -> None:
    x, t = np.linspace(0, 1, 20), np.linspace(0, 1, 8)
    halved = Halved(x, t, periodic=False)
    assert halved.x.size == 10 and halved.x[-1] == 1 and halved.ratio == pytest.approx(19 / 9)
    np.testing.assert_allclose(halved.times, t[[0, 2, 4, 6, 7]])
    np.testing.assert_allclose(halved.field(np.cos), np.cos(halved.x), atol=1e-3)
    cost = halved.coupling(Coupling(kernel=np.outer(x, x), forcing=np.outer(t[1:], x)))
    np.testing.assert_allclose(cost.kernel, np.outer(halved.x, halved.x), atol=1e-12)
    means = [(t[1] + t[2]) / 2, (t[3] + t[4]) / 2, (t[5] + t[6]) / 2, t[7]]
    np.testing.assert_allclose(cost.forcing, np.outer(means, halved.x), atol=1e-12)
    ring = Halved(np.arange(19) / 19, t, periodic=True)
    assert ring.x.size == 10 and ring.x[-1] == pytest.approx(0.9)
    wave = ring.field(lambda y: np.cos(2 * np.pi * y))
    np.testing.assert_allclose(wave, np.cos(2 * np.pi * ring.x), atol=0.02)


def test_extrapolation_wants_second_order_and_a_grid_that_has_it() -> None:
    for viscosity, options in ((0.0, {}), (0.05, {"scheme": "monotone"})):
        with pytest.raises(InputError, match="first order"):
            lq1(viscosity, 201, 50, richardson=True, **options)
    assert lq1(0.05, 201, 100, richardson=True).ok
    coarse = lq1(0.05, 41, 4, richardson=True)
    assert coarse.status == "unresolved" and max(coarse.diagnostics["error_estimate"]) > 0.01


def test_an_exploitability_of_rounding_size_is_told_as_that() -> None:
    """It is a difference of two costs, often negative; what is not rounding is told in numbers."""
    found = [lq1(0.05 + 0.01 * k, 101 + 2 * k, 50, check=False) for k in range(5)]
    gains = [one.diagnostics["exploitability"] for one in found]
    assert min(gains) < 0 < max(gains) and max(map(abs, gains)) < 1e-14
    assert all("exploitability below rounding" in one.message for one in found)
    drawn = Coupling(potential=lambda x: 0.5 * x * x, mean=lambda x: -0.5 * x)
    early = solve_mfg(
        domain=(-3, 3),
        nodes=101,
        steps=50,
        viscosity=0.05,
        initial=gaussian(-0.5, 0.4),
        terminal=drawn,
        max_iterations=1,
    )
    assert early.diagnostics["exploitability"] > 1e-4 and not early.ok
    told = early.message.partition("exploitability ")[2].partition(";")[0]
    assert float(told) == pytest.approx(early.diagnostics["exploitability"], rel=1e-3)


def test_a_constant_value_has_no_error_of_rounding_size() -> None:
    found = solve_mfg(
        domain=(0.0, 1.0),
        nodes=64,
        steps=32,
        viscosity=0.1,
        boundary="periodic",
        initial=np.ones_like,
        running=Coupling(density=1.0),
    )
    # everybody stays where he is, and pays the density 1 for a unit of time
    assert found.u[0] == pytest.approx(np.ones(64), abs=1e-12)
    assert found.diagnostics["discretization_error"] < 1e-2
    assert found.ok, found.message


def test_the_mean_on_a_circle_is_that_of_the_trapezoidal_rule() -> None:
    found = solve_mfg(
        domain=(1.0, 2.0),
        nodes=40,
        stationary=True,
        viscosity=0.1,
        boundary="periodic",
        running=Coupling(density=1.0),
        starts=1,
    )
    # the uniform law is at rest at the cost 1, and its moments are those between the ends
    assert found.ok, found.message
    assert found.diagnostics["ergodic_constant"] == pytest.approx(1.0, rel=1e-12)
    assert found.mean[0] == pytest.approx(1.5, rel=1e-12)
    assert found.variance[0] == pytest.approx(1 / 12 + 1 / (6 * 40**2), rel=1e-12)
