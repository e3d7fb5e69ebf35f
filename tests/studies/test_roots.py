"""All solutions over two coordinates: counts, discriminant, cusps, and which one is reached.

The key finds the roots of the published cubic with 60 digits, and shares nothing with the package.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner

import eqsolve
from documents import hold
from eqsolve.atlas_plot import plot_atlas
from eqsolve.cli import cli
from eqsolve.derivation.derivation import derived
from eqsolve.derivations.mean_variance import wealth
from eqsolve.errors import DerivationError, InputError
from eqsolve.studies.roots import settled
from eqsolve.studies.roots.atlas import Atlas
from eqsolve.studies.roots.attack import Tally, attack, lines, search, spread
from eqsolve.studies.roots.branching import Branching
from eqsolve.studies.roots.locus import Locus
from eqsolve.studies.roots.truncation import follow
from reference.response import best_response

SEED = 5
#: Whose excess drift is large against the hazard rate: one admissible root or three.
WIDE = {"b": "0.38", "r": "0.03", "nu": "0.15", "sigma": "0.1", "theta": "0.5", "gamma": "2"}
WIDE |= {"alpha": "1"}


@cache
def branching() -> Branching:
    return Branching(derived(wealth.family()))


def drawn(size: int) -> dict[str, Any]:
    """Parameters with one root and with three, in the order in which they are given."""
    rng = np.random.default_rng(SEED)
    table = {
        "r": rng.uniform(0, 0.03, size),
        "nu": rng.uniform(0.05, 0.3, size),
        "sigma": rng.uniform(-0.3, 0.3, size),
        "theta": rng.uniform(0, 1, size),
        "gamma": rng.uniform(0.5, 4, size),
        "alpha": rng.uniform(0.2, 2, size),
        "beta": rng.uniform(0, 0.4, size),
    }
    table["b"] = table["r"] + rng.uniform(0.1, 0.5, size) * rng.choice([-1, 1], size)
    table["lambda"] = 2 * table["r"] + rng.uniform(0.01, 0.6, size)
    return table


def test_every_root_is_the_key_s() -> None:
    table = drawn(60)
    found = branching().at(table)
    met = set()
    for k in range(60):
        row = {"lam" if name == "lambda" else name: repr(float(v[k])) for name, v in table.items()}
        key = best_response({**row, "kappa": "1"})["roots"]
        real = [float(one["p1"]) for one in key]
        ours = found.quantities["p1"][k]
        assert sorted(ours[np.isfinite(ours)]) == pytest.approx(sorted(real), rel=1e-9)
        admissible = sorted(float(one["p1"]) for one in key if one["admissible"])
        assert sorted(ours[found.admissible[k]]) == pytest.approx(admissible, rel=1e-9)
        excess = table["b"][k] - table["r"][k]
        best = max(admissible, key=lambda p: excess * p)
        assert found.of_reached("p1")[k] == pytest.approx(best, rel=1e-9)
        met.add(len(admissible))
    assert met == {1, 3}


def test_finite_horizons_reach_the_selected_root_and_repel_from_the_middle_one() -> None:
    """The rule is declared; the equations of the finite horizon know nothing of it."""
    table = drawn(200)
    found = branching().at(table)
    way = follow(branching(), table, found)
    assert way.rest.all() and (way.reached == found.reached).all()
    assert np.take_along_axis(found.attracting, found.reached[:, None].astype(int), -1).all()
    three = found.count == 3
    order = np.sort(np.where(found.admissible, found.quantities["p1"], np.nan), axis=-1)[three]
    middle = found.quantities["p1"][three] == order[:, 1:2]
    assert three.sum() > 10 and not found.attracting[three][middle].any()


def test_another_rule_is_not_what_finite_horizons_reach() -> None:
    """A planted error: the smallest instead of the largest."""
    model = wealth.family()
    assert model.limit is not None
    wrong = Branching(derived(replace(model, limit=-model.limit)))
    table = drawn(200)
    found = wrong.at(table)
    way = follow(wrong, table, found)
    assert (way.reached != found.reached).sum() == (found.count == 3).sum() > 10


def axes(low: float, high: float, count: int) -> list[float]:
    return np.linspace(low, high, count).tolist()


@cache
def wide() -> Atlas:
    found = eqsolve.roots(
        "mean-field",
        WIDE,
        vary={"lambda": axes(0.08, 1.6, 40), "w": axes(0, 0.3, 31)},
        let={"beta": "w*gamma"},
    )
    assert isinstance(found, Atlas)
    return found


def test_numbers_of_solutions_change_where_the_discriminant_does() -> None:
    found = wide()
    assert set(np.unique(found.branches.count)) == {1, 3}
    x, y = found.locus.coordinates
    assert (x.name, y.name) == ("lambda", "w")
    sign = np.sign(
        sp.lambdify((x, y), found.locus.discriminant)(
            found.axes["lambda"][:, None], found.axes["w"][None]
        )
    )
    several = found.branches.count == 3
    # three real roots are not always admissible, but where they are the sign is one
    assert len(set(sign[several])) == 1
    along = np.diff(several.astype(int), axis=0) != 0
    assert (sign[1:] != sign[:-1])[along].all()


def plane(r: str, region: Any = ((0, 10), (-10, 10))) -> Locus:
    """Hazard rate and weight in units in which excess drift and variance are 1."""
    made, zero, one = branching(), sp.Integer(0), sp.Integer(1)
    rate, weight = sp.symbols("lambda w")
    numbers = {"sigma": zero, "theta": zero, "gamma": one, "nu": one, "beta": weight}
    numbers |= {"r": sp.Rational(r), "b": one + sp.Rational(r)}
    values = {sp.Symbol(k): v for k, v in numbers.items()}
    return Locus.of(made.coefficients, made.root, values, (rate, weight), region)


def test_the_cusp_is_a_root_of_cubics_and_ends_the_region_with_three() -> None:
    """Without interest it lies at a negative weight: no equilibrium is there."""
    locus = plane("0")
    (cusp,) = locus.cusps
    rate, weight = locus.coordinates
    assert locus.complete and cusp.at["w"] < 0 < cusp.at["lambda"]
    assert cusp.equations["lambda"] == rate**3 + 18 * rate**2 + 54 * rate - 27
    assert cusp.equations["w"] == 8 * weight**3 + 15 * weight**2 - 21 * weight - 1
    for name, equation in cusp.equations.items():
        exact = sp.Poly(equation).nroots(n=30)
        assert min(abs(z - cusp.at[name]) for z in exact) < 1e-15
    sign = sp.lambdify((rate, weight), locus.discriminant)
    angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    three = []
    for angle in angles:
        values = (cusp.at["lambda"] + 0.02 * np.cos(angle), cusp.at["w"] + 0.02 * np.sin(angle))
        row = sp.Poly(locus.polynomial.subs(dict(zip((rate, weight), values))), locus.root)
        real = np.abs(np.roots([float(c) for c in row.all_coeffs()]).imag) < 1e-12
        three.append(real.sum() == 3)
        assert (sign(*values) > 0) == (sign(0.1, 0.1) > 0) if real.sum() == 3 else True
    # a narrow wedge: the region ends in a point there
    assert 0 < sum(three) < 60


def test_a_cusp_elsewhere_is_none() -> None:
    """A planted error: a polynomial that differs in one coefficient has its cusp elsewhere."""
    locus = plane("0")
    wrong = replace(locus, polynomial=locus.polynomial + locus.root / 100)
    (cusp,) = locus.cusps
    assert all(c.at["w"] != pytest.approx(cusp.at["w"], abs=1e-4) for c in wrong.cusps)


def test_without_interest_and_weight_of_wealth_three_roots_need_a_large_drift() -> None:
    """The discriminant's only factor that changes its sign is b^2 - 3 lambda s2."""
    b, nu, lam = sp.symbols("b nu lambda")
    values = {sp.Symbol(k): sp.Integer(0) for k in ("r", "beta", "sigma", "theta")}
    values |= {sp.Symbol("gamma"): sp.Integer(1), sp.Symbol("b"): sp.Integer(1)}
    made = branching()
    locus = Locus.of(made.coefficients, made.root, values, (lam, nu), ((0.1, 2), (0.1, 1)))
    odd = [f for f, power in locus.factors if power % 2]
    merged = [f for f in odd if sp.expand(f - (1 - 3 * lam * nu**2)) == 0]
    merged += [f for f in odd if sp.expand(f + (1 - 3 * lam * nu**2)) == 0]
    assert len(merged) == 1
    for factor in odd:
        if factor is not merged[0]:
            positive = sp.Poly(factor, lam, nu)
            assert len({sp.sign(c) for c in positive.coeffs()}) == 1
    found = eqsolve.roots(
        "mean-field",
        {
            **{k: v for k, v in WIDE.items() if k != "nu"},
            "r": "0",
            "beta": "0",
            "sigma": "0",
            "b": "0.3",
        },
        vary={"lambda": axes(0.05, 2, 30), "nu": axes(0.05, 0.6, 30)},
    )
    rates, sizes = found.axes["lambda"][:, None], found.axes["nu"][None]
    assert found.locus.complete and not found.locus.cusps and not found.locus.left_out
    clear = np.abs(0.09 - 3 * rates * sizes**2) > 1e-9
    assert ((found.branches.count == 3) == (0.09 > 3 * rates * sizes**2))[clear].all()


def test_a_plane_that_holds_a_point_without_a_polynomial_is_searched() -> None:
    """At b = lambda = 0 the polynomial vanishes; elsewhere no three solutions merge."""
    b, lam = sp.symbols("b lambda")
    values = {sp.Symbol(k): sp.Integer(0) for k in ("r", "beta", "sigma", "theta")}
    values |= {sp.Symbol("gamma"): sp.Integer(1), sp.Symbol("nu"): sp.Integer(1)}
    made = branching()
    locus = Locus.of(made.coefficients, made.root, values, (b, lam), ((-1, 1), (-1, 1)))
    assert locus.complete and not locus.cusps


@pytest.mark.parametrize("r", ["0", "0.02"])
def test_where_a_formula_divides_by_nothing_points_are_decided_exactly(r: str) -> None:
    """At b = r exactly one solution is admissible (p1 = 0), which doubles do not find."""
    given = {"r": r, "nu": 1, "sigma": 0, "theta": "1/2", "gamma": 1, "alpha": 1, "beta": "0.1"}
    found = eqsolve.roots(
        "mean-field", given, vary={"b": [-0.1, float(r), 0.1], "lambda": [0.2, 0.3]}
    )
    assert found.branches.count.tolist() == [[1, 1]] * 3 and not found.branches.near.any()
    assert found.status == "ok" and found.message.startswith("At 2 of 6 points doubles do not")
    assert found.branches.of_reached("p1")[1].tolist() == [0, 0]
    for k, lam in enumerate((0.2, 0.3)):
        assert found.branches.of_reached("D2")[1, k] == pytest.approx(lam - 2 * float(r))
        assert found.branches.of_reached("a")[1, k] == pytest.approx(lam / (lam - float(r)))
    assert (found.branches.admissible & found.branches.attracting).sum(axis=-1).tolist() == [
        [1, 1]
    ] * 3
    document = found.to_dict()
    hold("roots", document)
    assert document["admissible"][1] == [1, 1] and found.shares == {1: 1}
    # everywhere: nothing else is left than the one solution, and no cusp
    plane = {"lambda": [0.02, 0.2, 0.3], "beta": [0.1, 2]}
    left = {k: v for k, v in given.items() if k != "beta"} | {"b": r}
    found = eqsolve.roots("mean-field", left, vary=plane)
    none = 0 if r == "0.02" else 1
    assert found.branches.count.tolist() == [[none] * 2, [1, 1], [1, 1]]
    assert found.status == "ok" and found.locus.complete and not found.locus.cusps
    # what multiplying by 0 added to the polynomial is left out of it, and of the discriminant
    locus, rate = found.locus, sp.Symbol("lambda")
    assert sp.solve(locus.polynomial, locus.root) == [sp.cancel(rate / (rate - sp.Rational(r)))]
    assert len(locus.left_out) == 1 and not locus.factors
    # a planted error: doubles alone leave all of it open
    bare = branching().at(
        {
            **{k: np.asarray(float(sp.Rational(v))) for k, v in left.items()},
            "lambda": np.array([0.02, 0.2, 0.3]),
            "beta": np.asarray(0.1),
        }
    )
    assert bare.near.all()


def test_what_is_not_decided_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"r": "0.02", "nu": 1, "sigma": 0, "theta": "1/2", "gamma": 1, "alpha": 1}
    vary = {"b": [-0.1, 0.02], "lambda": [0.2, 0.3]}
    monkeypatch.setattr(settled, "MOST", 1)
    found = eqsolve.roots("mean-field", {**given, "beta": "0.1"}, vary=vary)
    assert found.status == "unresolved" and "more than 1 are not decided" in found.message
    assert found.branches.count.tolist() == [[1, 1], [-1, -1]] and found.message in str(found)
    assert found.table()["not decided"]["share"] == 0.5
    monkeypatch.undo()
    # without any noise there is no game
    none = eqsolve.roots("mean-field", {**given, "beta": "0.1", "nu": 0}, vary=vary)
    assert none.status == "invalid-input" and "the stock would have no risk" in none.message
    assert none.to_dict()["near"] == 4 and not none.shares and plot_atlas(none, None)


def test_refusals() -> None:
    with pytest.raises(InputError, match="zzz, which is no parameter"):
        vary = {"lambda": [0.1, 0.2], "w": [0, 1]}
        eqsolve.roots("mean-field", WIDE, vary=vary, let={"beta": "w", "zzz": "w"})
    with pytest.raises(DerivationError, match="one polynomial in one unknown"):
        eqsolve.roots(
            "merton",
            {"r": "0.03", "s": "0.2", "g": 2},
            vary={"B": axes(0.05, 0.1, 3), "T": axes(1, 2, 3)},
        )
    with pytest.raises(InputError, match="no formula uses it"):
        eqsolve.roots("mean-field", WIDE, vary={"lambda": [0.1, 0.2], "w": [0, 1]})
    with pytest.raises(InputError, match="two coordinates"):
        eqsolve.roots("mean-field", WIDE, vary={"lambda": [0.1, 0.2]})
    with pytest.raises(InputError, match="given twice"):
        eqsolve.roots("mean-field", WIDE, vary={"b": [0.1, 0.2], "lambda": [1, 2]})
    with pytest.raises(InputError, match="agents differ"):
        eqsolve.roots("heterogeneous", WIDE, vary={"beta": [0.1, 0.2], "lambda": [1, 2]})


def test_the_command_prints_draws_and_writes(tmp_path: Path) -> None:
    given = [part for k, v in WIDE.items() for part in ("-p", f"{k}={v}")]
    vary = ["--vary", "lam=0.1:1.2:12", "--vary", "w=0:0.3:7", "--let", "beta=w*gamma"]
    command = ["roots", "mean-field", *given, *vary]
    files = [str(tmp_path / name) for name in ("atlas.png", "atlas.csv", "atlas.nc")]
    done = CliRunner().invoke(cli, [*command, "--plot", files[0], "--out", files[1], "--json"])
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    hold("roots", document)
    assert sum(document["shares"].values()) == pytest.approx(1)
    assert Path(files[0]).read_bytes().startswith(b"\x89PNG")
    assert len(Path(files[1]).read_text().splitlines()) == 1 + 12 * 7 * 3
    told = CliRunner().invoke(cli, [*command, "--out", files[2]])
    assert told.exit_code == 0 and "three solutions merge (proved)" in told.stdout
    import xarray

    with xarray.open_dataset(files[2]) as data:
        assert data["admissible"].dims == ("lambda", "w", "solution")
    refused = CliRunner().invoke(cli, [*command, "--out", str(tmp_path / "atlas.txt")])
    assert refused.exit_code == 2 and ".nc, .csv or .parquet" in refused.stderr


def test_draws_go_on_where_they_ended_and_a_wrong_statement_is_caught(tmp_path: Path) -> None:
    domain, width = spread(
        {
            "r": (0, 0.02, False),
            "b": (0.2, 0.5, False),
            "nu": (0.05, 0.3, True),
            "sigma": (0.05, 0.3, True),
            "theta": (0, 1, False),
            "gamma": (0.5, 4, True),
            "alpha": (0.5, 1, False),
            "beta": (0, 0.2, False),
            "lambda": (0.05, 1, True),
        }
    )
    path = tmp_path / "tally.json"
    first = attack(branching(), domain, width, 300, Tally(SEED), unique="Delta")
    first.write(path)
    again = attack(branching(), domain, width, 600, Tally.read(path, SEED), unique="Delta")
    assert again.points == 600 and again.chunks == 2 and again.followed > 200
    assert set(again.admissible) == {"1", "3"} and not any(again.exceptions.values())
    assert again.admissible["3"] == again.attracting["2"] and again.unrested == 0
    with pytest.raises(InputError, match="of seed"):
        Tally.read(path, SEED + 1)
    path.write_text("[]")
    with pytest.raises(InputError, match="holds no tally"):
        Tally.read(path, SEED)
    # a planted error: D2 is positive at every admissible root, not at one
    wrong = attack(branching(), domain, width, 300, Tally(SEED), unique="D2")
    assert wrong.exceptions["unique"] == wrong.admissible["3"] > 20 and len(wrong.kept) == 20
    worst = search(branching(), domain, width, unique="Delta", seed=SEED, rounds=2, population=40)
    assert [one.statement for one in worst] == ["unique", "limit"]
    assert all(one.margin > 0 for one in worst)
    planted = search(branching(), domain, width, unique="D2", seed=SEED, rounds=2, population=40)
    assert planted[0].margin < 0
    assert any("exceptions to unique: 0" in line for line in lines(first, worst))
