"""Measured tables of docs/grid.md: orders of convergence and growth of perturbations.

    python benchmarks/grid_tables.py [space] [time] [mfg] [merton] [growth]

prints Markdown. The table of the referee is printed by ``eqsolve verify --level full --table``.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from eqsolve.paper.sets import GIVEN as AGGREGATES
from eqsolve.paper.sets import SETS as NAMED
from eqsolve.pde import Coupling, gaussian, solve_controlled_diffusion, solve_mfg
from eqsolve.pde.extended_hjb import solve_extended_hjb
from eqsolve.registry import model
from eqsolve.verify.cases import refereed
from eqsolve.verify.prediction import predictions

Array = NDArray[np.float64]
S1 = {**NAMED["S1"], **AGGREGATES, "n": "3"}


def rows(sizes: Sequence[int], errors: Sequence[Sequence[float]]) -> Iterator[str]:
    """Lines of a table: error and observed order, by the number of intervals, for each size."""
    odd = sizes[0] % 2  # nodes are one more than intervals
    for k, size in enumerate(sizes):
        cells = []
        for column in errors:
            order = ""
            if k:
                ratio = math.log(column[k - 1] / column[k])
                order = f"{ratio / math.log((sizes[k] - odd) / (sizes[k - 1] - odd)):.2f}"
            cells.append(f"{column[k]:.2e} | {order}")
        yield f"| {size} | {' | '.join(cells)} |"


def numbers() -> dict[str, float]:
    v = {key: float(value) for key, value in S1.items()}
    v["B"], v["s2"] = v["b"] - v["r"], v["nu"] ** 2 + v["sigma"] ** 2
    return v | {"kappa": 1 - v["theta"] / v["n"]}


def space() -> Iterator[str]:
    """Manufactured moments that are not quadratic; sources and boundary values belong to them.

    The start is the manufactured solution: the payoffs violate the second-order condition near
    these boundary values.
    """
    v = numbers()
    x, y = sp.symbols("x y")
    (claim,) = predictions(model("best-response"), S1, name="S1")
    own = dict(zip(claim.game.state_symbols, (x, y), strict=True))
    G, H = (
        sum(value * (sp.S.Zero + part).xreplace(own) for part, value in moment.items())
        for moment in claim.moments.values()
    )
    G += sp.sin(1.3 * x + 0.4) * sp.cos(0.9 * y - 0.2) / 20
    H += sp.cos(1.1 * x - 0.3) * sp.sin(1.2 * y + 0.5) / 12
    F, half = v["alpha"] + v["beta"] * x + v["gamma"] * G, v["gamma"] / 2
    common = v["sigma"] * v["m_s"]
    slope = v["B"] * (F * G.diff(x) - half * H.diff(x))
    slope += common * (F * G.diff(x, y) - half * H.diff(x, y))
    p = slope / (v["s2"] * (half * H.diff(x, 2) - F * G.diff(x, 2)))
    z = v["kappa"] * x - v["theta"] * y

    def source(f: sp.Expr, payoff: sp.Expr) -> sp.Expr:
        moved = (v["r"] * x + v["B"] * p) * f.diff(x) + (v["r"] * y + v["m_b"]) * f.diff(y)
        spread = v["s2"] * p**2 * f.diff(x, 2) / 2 + common * p * f.diff(x, y)
        spread += (v["m_2"] + v["m_s"] ** 2) * f.diff(y, 2) / 2
        return v["lambda"] * (f - payoff) - moved - spread

    def field(expression: sp.Expr) -> Callable[[Array, Array], Array]:
        found: Callable[[Array, Array], Array] = sp.lambdify((x, y), expression, "numpy")
        return found

    sources = [field(source(f, payoff)) for f, payoff in ((G, z), (H, z**2))]
    sizes = (21, 41, 81, 161)
    errors: list[list[float]] = [[], [], []]
    for nodes in sizes:
        found = solve_extended_hjb(
            "best-response",
            S1,
            box=((-0.5, 2.5), (-0.5, 2.5)),
            nodes=nodes,
            closure="dirichlet",
            boundary=(field(G), field(H)),
            source=sources,
            start=(field(G), field(H)),
        )
        if not found.ok:
            raise RuntimeError(found.message)
        mesh = np.meshgrid(found.x, found.y, indexing="ij")
        for column, exact, array in zip(
            errors, (p, G, H), (found.policy, found.G, found.H), strict=True
        ):
            gap = abs(array - field(exact)(*mesh))[found.inner]
            column.append(float(gap.max()))
    yield "| nodes a side | policy | order | G | order | H | order |"
    yield "|---|---|---|---|---|---|---|"
    yield from rows(sizes, errors)


def coefficients(T: float) -> Array:
    """p1, p2, p3 at time 0 for the hazard rate .05 exp(.09 t), from the coefficients' equations."""
    v = numbers()
    B, s2, gamma, r, theta, kappa = (v[k] for k in ("B", "s2", "gamma", "r", "theta", "kappa"))
    common = v["sigma"] * v["m_s"]

    def policy(u: Array) -> tuple[float, float, float]:
        a, c, h20, h11, _, d, h10 = u[:7]
        scale = gamma * s2 * h20
        return (
            B * (v["beta"] * a + gamma * (a * a - h20)) / scale,
            B * gamma * (a * c - h11 / 2) / scale,
            (B * (v["alpha"] * a + gamma * (a * d - h10 / 2)) - gamma * common * h11 / 2) / scale,
        )

    def rates(t: float, u: Array) -> list[float]:
        a, c, h20, h11, h02, d, h10 = u
        p1, p2, p3 = policy(u)
        k = 0.05 * math.exp(0.09 * t)
        return [
            (k - r - B * p1) * a - k * kappa,
            (k - r) * c - B * p2 * a + k * theta,
            (k - 2 * r - 2 * B * p1 - s2 * p1**2) * h20 - k * kappa**2,
            (k - 2 * r - B * p1) * h11 - 2 * h20 * p2 * (B + s2 * p1) + 2 * k * kappa * theta,
            (k - 2 * r) * h02 - B * p2 * h11 - s2 * p2**2 * h20 - k * theta**2,
            k * d - B * a * p3 - v["m_b"] * c,
            (k - r - B * p1) * h10
            - 2 * h20 * p3 * (B + s2 * p1)
            - v["m_b"] * h11
            - common * p1 * h11,
        ]

    end = [kappa, -theta, kappa**2, -2 * kappa * theta, theta**2, 0.0, 0.0]
    found = solve_ivp(rates, (T, 0.0), end, rtol=1e-12, atol=1e-14, method="DOP853")
    return np.array(policy(found.y[:, -1]))


def time() -> Iterator[str]:
    """Horizon min(tau, 20) with Gompertz' hazard rate, against the coefficients' equations."""
    p1, p2, p3 = coefficients(20.0)
    sizes, schemes = (20, 40, 80, 160), ("implicit-euler", "crank-nicolson", "bdf2")
    errors: list[list[float]] = [[] for _ in schemes]
    for column, scheme in zip(errors, schemes, strict=True):
        for steps in sizes:
            found = solve_extended_hjb(
                "best-response",
                S1,
                nodes=11,
                horizon=20.0,
                hazard="gompertz:0.05,0.09",
                time_steps=steps,
                scheme=scheme,
            )
            x, y = np.meshgrid(found.x, found.y, indexing="ij")
            gap = abs(found.policy[0] - (p1 * x + p2 * y + p3))
            column.append(float(gap[found.inner].max()))
    yield "| steps | " + " | ".join(f"{scheme} | order" for scheme in schemes) + " |"
    yield "|" + "---|" * (1 + 2 * len(schemes))
    yield from rows(sizes, errors)


def mfg() -> Iterator[str]:
    """LQ-1 and LQ-2 on a piece of the line; nodes and steps are refined together."""
    sizes = (101, 201, 401)
    errors: list[list[float]] = [[], [], [], []]
    for nodes in sizes:
        steps = (nodes - 1) // 4
        first = solve_mfg(
            domain=(-3.0, 3.0),
            nodes=nodes,
            steps=steps,
            viscosity=0.05,
            boundary="open",
            initial=gaussian(-0.5, 0.4),
            terminal=Coupling(potential=lambda x: (x - 0.5) ** 2 / 2),
        )
        x, inner = first.x, abs(first.x) < 1.5
        exact = 0.25 * (x - 0.5) ** 2 + 0.05 * math.log(2)
        normal = np.exp(-(x**2) / 0.18) / math.sqrt(0.18 * math.pi)
        errors[0].append(float(abs(first.u[0] - exact)[inner].max()))
        gap = np.linalg.norm(first.m[-1] - normal) / np.linalg.norm(normal)
        errors[1].append(float(gap))
        second = solve_mfg(
            domain=(-3.5, 4.5),
            nodes=nodes,
            steps=steps,
            viscosity=0.1,
            boundary="open",
            initial=gaussian(0.5, 0.3),
            running=Coupling.attraction(),
            terminal=Coupling(potential=lambda x: x * x / 4),
        )
        x, inner = second.x, abs(second.x - 0.5) < 2
        # the coefficients at time 0 and the law's moments at the end, by integration to 8 digits
        exact = 0.91367093 / 2 * x**2 - 0.2901688 * x + 0.14818638
        normal = np.exp(-((x - 1 / 3) ** 2) / 0.2602738) / math.sqrt(0.2602738 * math.pi)
        errors[2].append(float(abs(second.u[0] - exact)[inner].max()))
        gap = np.linalg.norm(second.m[-1] - normal) / np.linalg.norm(normal)
        errors[3].append(float(gap))
    yield "| nodes | u(0), LQ-1 | order | m(T), LQ-1 | order | u(0), LQ-2 | order | m(T) | order |"
    yield "|---|---|---|---|---|---|---|---|---|"
    yield from rows(sizes, errors)


def merton() -> Iterator[str]:
    """Merton's fraction over ten decades of wealth at three risk aversions."""
    sizes, aversions = (81, 161, 321, 641), (0.5, 2.0, 5.0)
    errors: list[list[float]] = [[] for _ in aversions]
    for column, aversion in zip(errors, aversions, strict=True):
        for nodes in sizes:
            found = solve_controlled_diffusion(
                nodes=nodes, rate=0.03, excess=0.09, volatility=0.3, risk_aversion=aversion
            )
            column.append(float(abs(found.fraction[0] * aversion - 1).max()))
    yield "| nodes | " + " | ".join(f"g = {aversion:g} | order" for aversion in aversions) + " |"
    yield "|" + "---|" * (1 + 2 * len(aversions))
    yield from rows(sizes, errors)
    found = solve_controlled_diffusion(
        rate=0.03,
        excess=0.09,
        volatility=0.3,
        risk_aversion=2.0,
        formulation="certainty_equivalent",
    )
    gap = abs(found.fraction[0] * 2 - 1).max()
    yield ""
    yield f"Logarithm of the certainty equivalent, g = 2, 161 nodes: error {gap:.1e}."


def growth() -> Iterator[str]:
    """Growth rates by frozen coefficients and by the spectrum of the linearized problem."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from third_opinion import Scheme

    game, chosen = model("best-response"), []
    wanted = ["S1, n = 3", "S4", "three admissible roots", "near a fold", "no closed loop"]
    wanted += ["hazard just above 2 r"]
    wanted += [f"wide set {k} of seed 20240229" for k in (7, 23, 28, 60, 88, 108)]
    for case in refereed(game, "full"):
        if case.name in wanted:
            chosen.append(case)
    yield "| set | hazard | wave number | frozen rate | spectrum 21^2 | 41^2 | error 21^2 | 41^2 |"
    yield "|---|---|---|---|---|---|---|---|"
    for case in chosen:
        (claim,) = predictions(game, case.given, name="")
        v = {key: float(str(value)) for key, value in case.given.items()}
        v["B"], v["s2"] = v["b"] - v["r"], v["nu"] ** 2 + v["sigma"] ** 2
        v["kappa"] = 1 - v["theta"] / v["n"]
        spectrum, errors = [], []
        for nodes in (21, 41):
            found = solve_extended_hjb(claim.game, dict(claim.values), nodes=nodes)
            scheme = Scheme(v, found.x, found.y)
            states = dict(zip(claim.game.state_symbols, (scheme.X, scheme.Y), strict=True))
            fields = []
            for part in (*claim.moments.values(), claim.feedback):
                total = np.zeros_like(scheme.X)
                for monomial, value in part.items():
                    powers = (sp.S.Zero + monomial).as_powers_dict()
                    total += value * math.prod(
                        s ** int(powers.get(k, 0)) for k, s in states.items()
                    )
                fields.append(total)
            spectrum.append(scheme.abscissa(*fields))
            exact = fields[2].reshape(found.policy.shape)[found.inner]
            errors.append(abs(found.policy[found.inner] - exact).max() / abs(exact).max())
        known = found.diagnostics
        cells = [f"{v['lambda']:.3g}", f"{known['short_wave_number']:.3g}"]
        cells += [f"{known['short_wave_growth']:.2g}", *(f"{value:.2g}" for value in spectrum)]
        cells += [f"{value:.1e}" for value in errors]
        yield f"| {case.name.replace(' of seed 20240229', '')} | {' | '.join(cells)} |"


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "space": space,
    "time": time,
    "mfg": mfg,
    "merton": merton,
    "growth": growth,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or TABLES:
        print(f"\n{name}\n")
        for line in TABLES[name]():
            print(line, flush=True)
