"""Particles against closed forms: exact steps, limits, propagation of chaos, games.

Seeds are fixed. Bands are at 99.9 % where a test compares with an exact value: a false alarm has
probability 1e-3 for each comparison when the seed is changed, none as it is.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from scipy.special import ndtri

import eqsolve
from eqsolve.errors import DerivationError, InputError, NoSolutionError
from eqsolve.game import Law, State
from eqsolve.laws import Density
from eqsolve.studies.particles import Interaction, Nearby, Particles, chaos
from eqsolve.studies.particles.chaos import _Exact

x, y, m, v, K, D = sp.symbols("x y m v K D")
A, SIGMA, V0 = 1.5, 0.6, 0.25


def attracted(**how: object) -> Particles:
    """``dX = -a (X - E X) dt + sigma dW``."""
    drift = -sp.Rational(3, 2) * (x - m)
    given: dict[str, object] = {"mean": 0.3, "covariance": V0, "end": 1.0} | how
    states = (State(x, drift, {"W": sp.Rational(3, 5)}),)
    return Particles(states, (Law(m, x),), **given)  # type: ignore[arg-type]


def noisy(common: bool = True) -> Particles:
    """The same with a common noise of the same size."""
    return Particles(
        (State(x, sp.Rational(3, 2) * (m - x), dict.fromkeys("WB", sp.Rational(3, 5))),),
        (Law(m, x, given=("B",) if common else ()),),
        mean=0.3,
        covariance=V0,
        end=1.0,
    )


def test_the_limit_and_the_steps_are_exact() -> None:
    system = attracted()
    decay = math.exp(-2 * A)
    variance = V0 * decay + SIGMA**2 * (1 - decay) / (2 * A)
    for times in ([0, 1], [0, 0.1, 0.75, 1]):
        limit = system.gaussian.limit(np.array(times, float))
        assert limit.means[-1] == pytest.approx([0.3], abs=1e-12)
        assert limit.covariances[-1].item() == pytest.approx(variance, rel=1e-10)
    cloud = system.run(20_000, seed=1)
    assert cloud.exact
    law = cloud.law()
    assert law.mean == pytest.approx(0.3, abs=3.3 * math.sqrt((V0 + SIGMA**2) / 20_000))
    assert law.variance == pytest.approx(variance, rel=3.3 * math.sqrt(2 / 20_000))


def test_matrices_that_move_and_two_states() -> None:
    """``dX_1 = X_2 dt, dX_2 = -t E X_1 dt + dW``: Airy's functions and integrals of a noise."""
    z, mz = sp.symbols("z mz")
    time = sp.Symbol("t")
    system = Particles(
        (State(x, z), State(z, -time * m, {"W": sp.S.One})), (Law(m, x),), mean=(1, 0), end=1.0
    )
    limit = system.gaussian.limit(np.array([0.0, 0.4, 1.0]))
    a, b = (f(-1.0) for f in (sp.airyai, sp.airybi))
    at0 = sp.Matrix([[sp.airyai(0), sp.airybi(0)], [-sp.airyaiprime(0), -sp.airybiprime(0)]])
    weights = at0.evalf().solve(sp.Matrix([1, 0]))
    assert limit.means[-1][0] == pytest.approx(float(weights[0] * a + weights[1] * b), rel=1e-9)
    # given the mean's path, X_2 is a Brownian motion and X_1 its integral
    assert limit.covariances[-1] == pytest.approx(np.array([[1 / 3, 1 / 2], [1 / 2, 1]]), abs=1e-9)


def test_steps_of_euler_come_near_the_exact_law() -> None:
    system = attracted()
    variance = system.gaussian.limit(np.array([0.0, 1.0])).covariances[-1].item()
    errors = []
    for step in (0.2, 0.1):
        steps = round(1 / step)
        found = system.run(200_000, seed=2, step=step, exact=False)
        q = 1 - A * step  # the variance of the scheme in closed form
        scheme = V0 * q ** (2 * steps) + SIGMA**2 * step * (1 - q ** (2 * steps)) / (1 - q * q)
        assert found.law().variance == pytest.approx(scheme, rel=3.3 * math.sqrt(2 / 200_000))
        errors.append(scheme - variance)
    assert not found.exact and errors[0] / errors[1] == pytest.approx(2, abs=0.5)


def coupled(agents: int) -> float:
    """Root mean square distance of a particle from its copy, in closed form."""
    e = math.exp(-A)
    noise = SIGMA**2 * (1 - 2 * (1 - e) / A + (1 - e * e) / (2 * A))
    return math.sqrt(((1 - e) ** 2 * V0 + noise) / agents)


def test_propagation_of_chaos_has_its_rate_and_constant() -> None:
    found = chaos(attracted(), [10, 100, 1000], repeats=200, confidence=0.999)
    assert found.exact and found.path_rate is not None
    for rate in (found.rate, found.path_rate):
        assert rate.low < 0.5 < rate.high and rate.high - rate.low < 0.3
    for row in found.paths:
        assert row.low < coupled(row.agents) < row.high
        assert row.high - row.low < row.distance
    # a planted error of the constant, and of the rate
    assert not found.paths[0].low < 1.5 * coupled(10) < found.paths[0].high
    assert not found.rate.low < 1 / 3 < found.rate.high
    assert "falls as N^-0." in found.heading and found.to_dict()["exact"] is True


def test_distances_of_order_one_fall_with_the_root() -> None:
    """For independent draws the mean of sqrt(N) W_1 tends to E int |B(F(x))| dx."""
    free = Particles((State(x, sp.S.Zero, {"W": sp.S.One}),), covariance=0.0, end=1.0)
    found = chaos(free, [100, 1000], repeats=200, order=1, confidence=0.999)
    u = np.linspace(1e-6, 1 - 1e-6, 200_001)
    levels = np.sqrt(u * (1 - u) * 2 / np.pi)
    limit = float(np.trapezoid(levels, ndtri(u)))
    row = found.laws[-1]
    assert row.low < limit / math.sqrt(1000) < row.high
    assert row.high - row.low < 0.3 * row.distance
    assert found.paths[0].distance < 1e-15  # every particle is its copy


def test_a_wrong_limit_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A standard deviation that is 5 % too large."""
    begin = _Exact.__init__

    def wrong(self: _Exact, *args: object) -> None:
        begin(self, *args)  # type: ignore[arg-type]
        self.deviation *= 1.05

    monkeypatch.setattr(_Exact, "__init__", wrong)
    found = chaos(attracted(), [100, 1000, 10_000], repeats=40, confidence=0.999)
    assert found.rate.high < 0.45


def test_a_common_noise_moves_all_alike() -> None:
    """Given the common noise the law is the same; the distance from it still falls."""
    found = chaos(noisy(), [10, 100, 1000], repeats=100, confidence=0.999)
    assert found.rate.low < 0.5 < found.rate.high
    for row in found.paths:  # what is common cancels
        assert row.low < coupled(row.agents) < row.high
    systems = noisy(), noisy(False)
    means, own = ([s.run(100, seed=k).law().mean for k in range(200)] for s in systems)
    # the variance of 200 has a relative standard error of 1/10
    assert np.var(means) == pytest.approx(SIGMA**2, rel=0.35) and np.var(own) < 0.02


def test_increments_of_a_common_noise_can_be_given() -> None:
    system = noisy()
    push = system.run(2000, seed=1, step=0.1, common={"B": np.full(10, 0.2)})
    rest = system.run(2000, seed=1, step=0.1, common={"B": np.zeros(10)})
    assert push.law().mean - rest.law().mean == pytest.approx(2 * SIGMA, rel=1e-9)
    assert push.law().variance == pytest.approx(rest.law().variance, rel=1e-9)
    with pytest.raises(InputError, match="B needs 10 increments"):
        system.run(10, seed=1, step=0.1, common={"B": [0.0]})


def test_a_tree_takes_the_place_of_the_common_noise() -> None:
    """The limit's mean is 0.3 + sigma B; E cos of it in closed form."""
    coarse, found = (noisy().gaussian.tree(np.linspace(0, 1, 5), k) for k in (15, 30))
    exact = math.cos(0.3) * math.exp(-(SIGMA**2) / 2)
    errors = [abs(of.expectation(np.cos) - exact) for of in (coarse, found)]
    assert errors[1] < 1e-3 and errors[0] / errors[1] > 3
    assert found.expectation(lambda c: c) == pytest.approx(0.3, abs=1e-10)
    with pytest.raises(InputError, match="one state that a common noise moves"):
        attracted().gaussian.tree(np.array([0.0, 1.0]), 5)


def test_volatility_that_depends_on_the_variance() -> None:
    """``dX = -(X - m) dt + sqrt(1 + V) dW/2``: the variance has ``V' = -2V + (1 + V)/4``."""
    system = Particles(
        (State(x, m - x, {"W": sp.sqrt(1 + v) / 2}),),
        (Law(m, x), Law(v, (x - m) ** 2)),
        covariance=1.0,
        end=1.0,
    )
    assert system.linear is None
    exact = 1 / 7 + (1 - 1 / 7) * math.exp(-7 / 4)
    cloud = system.run(100_000, [0, 0.5, 1], seed=4, step=0.01)
    # the particles' variance has a relative standard error of .0045; Euler's bias is .004
    assert cloud.law().variance == pytest.approx(exact, rel=0.02)
    assert cloud.laws[v][-1] == pytest.approx(cloud.law().variance, rel=1e-12)
    found = chaos(system, [20, 200], repeats=30, step=0.05)
    assert not found.exact and found.reference == 6400
    assert found.path_rate is not None and found.path_rate.low < 0.5 < found.path_rate.high
    with pytest.raises(InputError, match="Take steps of Euler"):
        system.run(10, seed=1, exact=True)


def test_a_kernel_that_is_a_moment() -> None:
    """``E k(x, Y)`` with ``k = -a (x - y)`` is attraction to the mean: the same paths."""
    pair = Particles(
        (State(x, K, {"W": sp.Rational(3, 5)}),),
        kernels=(Interaction(K, -sp.Rational(3, 2) * (x - y), {x: y}),),
        mean=0.3,
        covariance=V0,
        end=1.0,
    )
    one = pair.run(300, seed=3, step=0.1)
    other = attracted().run(300, seed=3, step=0.1, exact=False)
    assert one.states == pytest.approx(other.states, abs=1e-12)
    with pytest.raises(InputError, match="a kernel takes at most"):
        pair.run(10**6, seed=1)


def test_volatility_that_depends_on_the_density() -> None:
    """``dX = sqrt(m(X)) dW`` has Barenblatt's density: ``m_t = (m^2)_xx/2``.

    With s = t/2 it is ``s^(-1/3) (C - z^2/12)``, z = x s^(-1/3), of mass one.
    """
    top = (3 / (4 * math.sqrt(12))) ** (2 / 3)
    edge = math.sqrt(12 * top)
    nodes = np.linspace(-edge, edge, 2001)
    values = np.maximum(top - nodes**2 / 12, 0)
    start = Density(nodes, values / np.trapezoid(values, nodes))  # s = 1
    system = Particles(
        (State(x, sp.S.Zero, {"W": sp.sqrt(D)}),),
        densities=(Nearby(D, x),),
        start=lambda rng, n: start.quantile(rng.random(n))[None],
        end=2.0,
    )
    cloud = system.run(40_000, seed=5, step=0.02)
    # 2^(2/3) of the variance at the start; the standard error is .006, the bandwidth's bias less
    ratio = cloud.law().variance / start.variance
    assert ratio == pytest.approx(2 ** (2 / 3), rel=0.03)
    # a volatility that does not follow the density misses it
    assert abs(1 + 2 * top / start.variance - 2 ** (2 / 3)) > 0.1
    with pytest.raises(InputError, match="has no density"):
        Particles(
            (State(x, D),),
            densities=(Nearby(D, x),),
            start=lambda rng, n: np.zeros((1, n)),
            end=1.0,
        ).run(5, seed=1)


GAMES = {
    "lq-mfg": (
        {"nu": "0.1", "c": 1, "g0": "0.5", "T": 1, "m0": "0.5", "v0": "0.09"},
        {0.0: (0.5, 0.09), 1.0: (0.3333333333, 0.1301369)},
    ),
    "execution": (
        dict(cX=2, cA=1, cg=".3", g="1.75", sig=".5", T=1, m0=".5", v0=".09"),
        {0.5: (0.181915234204, 0.101816279945), 1.0: (0.112471694613, 0.145573245841)},
    ),
}


@pytest.mark.parametrize("name", GAMES)
def test_the_law_of_a_game_is_that_of_its_equilibrium(name: str) -> None:
    """Against published moments; the particles are within their sampling errors."""
    given, expected = GAMES[name]
    system = eqsolve.particles(name, given)
    times = np.array([0.0, *(time for time in expected if time)])
    limit = system.gaussian.limit(times)
    cloud = system.run(20_000, times, seed=6)
    for time, (mean, variance) in expected.items():
        date = int(np.flatnonzero(times == time)[0])
        assert limit.means[date].item() == pytest.approx(mean, abs=5e-8)
        assert limit.covariances[date].item() == pytest.approx(variance, abs=5e-8)
        law = cloud.law(date=date)
        assert law.mean == pytest.approx(mean, abs=3.3 * math.sqrt(variance / 20_000) * 2)
        assert law.variance == pytest.approx(variance, rel=3.3 * math.sqrt(2 / 20_000))


def test_the_planner_s_law_and_the_law_of_the_control() -> None:
    given = GAMES["execution"][0]
    system = eqsolve.particles("execution", given, notion="planner")
    limit = system.gaussian.limit(np.array([0.0, 0.5, 1.0]))
    assert limit.means[:, 0] == pytest.approx([0.5, 1.219794431417, 2.575325804956], abs=1e-9)
    cloud = system.run(5000, [0, 0.5, 1], seed=1)
    names = {str(law): values for law, values in cloud.laws.items()}
    slope = np.gradient(names["m"], [0, 0.5, 1])[1]  # of the mean: the average speed
    assert names["abar"][1] == pytest.approx(slope, rel=0.1)


def test_games_with_common_noise_and_of_the_family() -> None:
    banks = eqsolve.particles(
        "systemic-risk", dict(a=1, q=".5", eps=2, c=".3", s=".4", rho=".2", T=1)
    )
    assert banks.common == ("W_0",) and banks.linear is not None
    found = chaos(banks, [10, 1000], repeats=40)
    assert found.rate.low < 0.5 < found.rate.high
    family = dict(r=".03", b=".12", nu=".2", sigma=".2", theta=".5", gamma=2, alpha=1, beta=".5")
    system = eqsolve.particles("mean-field", {**family, "lambda": ".6"})
    assert system.common == ("W_0",) and system.linear is None
    cloud = system.run(2000, [0, 1], seed=1, common={"W_0": np.zeros(200)})
    solved = eqsolve.solve("mean-field", {**family, "lambda": ".6"}, at={"x": 1, "y": 1})
    k = solved.to_dict()["strategy"]
    # without common noise the mean moves by r + B p: m' = r m + B ((k_x + k_y) m + k_1)
    rate, push = 0.03 + 0.09 * (k["x"] + k["y"]), 0.09 * k["1"]
    mean = math.exp(rate) * (1 + push / rate) - push / rate
    assert cloud.law().mean == pytest.approx(mean, abs=4 * cloud.law().deviation / math.sqrt(2000))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: attracted().run(0, seed=1), "number of particles"),
        (lambda: attracted().run(10, [0.1, 1], seed=1), "increase from 0"),
        (lambda: attracted().run(10, [0, 2], seed=1), "horizon ends at 1"),
        (lambda: attracted(end=None).run(10, seed=1), "horizon is infinite"),
        (lambda: attracted().run(10, seed=1, exact=False, step=-1.0), "step must be positive"),
        (lambda: chaos(attracted(), [10]), "two or more numbers"),
        (lambda: chaos(attracted(), [10, 20], repeats=2), "needs 4 or more"),
        (lambda: chaos(attracted(), [10, 20], order=3), "order is 1 or 2"),
        (lambda: Particles((State(x, D * x),)), "no value is given for D"),
        (lambda: eqsolve.particles("two-agent", {}), "agents differ"),
    ],
)
def test_what_makes_no_sense_is_refused(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(InputError, match=message):
        call()


def test_games_with_jumps_are_refused_before_work() -> None:
    given = {"r": ".03", "B": ".09", "s": ".3", "lambda": ".5", "J": "-.1", "gamma": 2, "T": 1}
    with pytest.raises(DerivationError, match="jumps"):
        eqsolve.particles("merton-jump", given)


def test_particles_that_explode_are_no_numbers() -> None:
    system = Particles((State(x, x**3, {"W": sp.S.One}),), mean=5.0, end=50.0)
    with pytest.raises(NoSolutionError, match="left the range"):
        system.run(10, seed=1)


def test_seeds_and_exact_parameters() -> None:
    one, again, other = (attracted().run(50, seed=k).states for k in (1, 1, 2))
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    c = sp.Symbol("c")
    named = Particles(
        (State(x, -c * (x - m), {"W": sp.Rational(3, 5)}),),
        (Law(m, x),),
        mean=0.3,
        covariance=V0,
        end=1.0,
        parameters={c: sp.Rational(Fraction(3, 2))},
    )
    assert np.allclose(named.run(50, seed=1).states, one, rtol=1e-12)
