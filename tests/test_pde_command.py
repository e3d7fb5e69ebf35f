"""`eqsolve pde`: the examples run, files and plots are written, mistakes get one clear sentence."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner, Result

from eqsolve import expression
from eqsolve.cli import cli
from eqsolve.cli.pde import names
from eqsolve.errors import InputError
from eqsolve.pde import solve_extended_hjb
from eqsolve.pde.problem import load, read
from eqsolve.pde.result import Result as Solution

EXAMPLES = Path(__file__).parents[1] / "docs" / "pde"
FILES = sorted(EXAMPLES.glob("*.toml"))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["pde", *map(str, arguments)])


def refused(result: Result, words: str, code: int = 2) -> None:
    assert result.exit_code == code, result.output
    assert words in result.stderr, result.stderr
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


def table(name: str, **changes: Any) -> dict[str, Any]:
    found = tomllib.loads((EXAMPLES / f"{name}.toml").read_text())
    small = {"nodes": 21} if name == "response" else {}
    return {**found, **small, **changes}


def solved(name: str, **changes: Any) -> Solution:
    return read(table(name, **changes), name, names()).solve()


def test_there_are_examples_of_every_kind() -> None:
    kinds = {tomllib.loads(path.read_text())["kind"] for path in FILES}
    assert kinds == {"extended-hjb", "mfg", "controlled-diffusion"}


def test_the_documentation_lists_every_example() -> None:
    text = (EXAMPLES.parent / "grid.md").read_text()
    assert set(re.findall(r"\(pde/([a-z0-9]+\.toml)\)", text)) == {path.name for path in FILES}


#: Examples whose functions are compiled, or whose tables are long; quick tests solve the same.
LONG = ("circle", "congestion", "plane")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=[pytest.mark.full] * (path.stem in LONG))
        for path in FILES
    ],
)
def test_examples(path: Path, tmp_path: Path) -> None:
    plot = tmp_path / "plot.pdf"
    result = run(path, "--json", "--out", tmp_path / "out", "--netcdf", "--plot", plot)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["ok"] and answer["status"] == "ok"
    assert answer["sentences"][-1] == "The numbers may be relied on."
    assert "solving the" in result.stderr
    assert plot.read_bytes().startswith(b"%PDF")
    names = {file.name for file in (tmp_path / "out").iterdir()}
    assert {"result.json", "arrays.npz", "arrays.nc", "plots.png"} <= names
    arrays = np.load(tmp_path / "out" / "arrays.npz")
    for name in arrays.files:
        stored = np.array(answer[name], dtype=float)
        assert np.array_equal(stored, arrays[name], equal_nan=True), name
    head = json.loads((tmp_path / "out" / "result.json").read_text())
    assert head["sentences"] == answer["sentences"]
    assert {file.name for file in tmp_path.iterdir()} == {"out", "plot.pdf"}


def test_tables_hold_every_number(tmp_path: Path) -> None:
    solution = solved("response")
    solution.write(tmp_path)
    rows = np.genfromtxt(tmp_path / "x_y.csv", delimiter=",", names=True)
    assert np.array_equal(rows["policy"], solution.arrays["policy"][1].ravel())
    assert np.array_equal(rows["x"].reshape(21, 21)[:, 0], solution.axes["x"])
    assert np.array_equal(rows["y"].reshape(21, 21)[0], solution.axes["y"])


def test_netcdf_is_read_back(tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    solution = solved("response")
    solution.write_netcdf(tmp_path / "a.nc")
    with xarray.open_dataset(tmp_path / "a.nc", engine="scipy") as data:
        assert np.array_equal(data["policy"].values, solution.arrays["policy"][1])
        assert data["policy"].dims == ("x", "y") and data.attrs["status"] == "ok"


# what the files mean


def test_response_is_the_library_call() -> None:
    given = table("response")
    texts = {key: str(value) for key, value in given["parameters"].items()}
    direct = solve_extended_hjb("best-response", texts, nodes=21, coarse=21)
    solution = solved("response")
    assert np.array_equal(solution.arrays["policy"][1], direct.policy, equal_nan=True)
    mean, square = (solution.arrays[name][1] for name in ("G", "H"))
    x = np.meshgrid(direct.x, direct.y, indexing="ij")[0]
    value = (1 + 0.5 * x) * mean - (square - mean**2)
    assert np.allclose(solution.arrays["V"][1], value, rtol=1e-13, atol=1e-13)


def test_mortality_agrees_with_the_ordinary_differential_equations() -> None:
    policy = solved("mortality").arrays["policy"][1][0]
    x = y = np.linspace(0.0, 2.0, 21)
    # at time 0, from an integration of the coefficients' equations to 1e-11
    expected = 0.0736783594 * x[:, None] + 0.0203664813 * y[None, :] + 0.3798022642
    inner = (slice(5, 16),) * 2
    assert abs(policy - expected)[inner].max() < 5e-5


def test_lq1() -> None:
    solution = solved("lq1")
    x, (_, u), (_, m) = solution.axes["x"], solution.arrays["u"], solution.arrays["m"]
    inner = abs(x) < 1.5
    exact = 0.25 * (x - 0.5) ** 2 + 0.05 * np.log(2)
    assert abs(u[0] - exact)[inner].max() < 1e-4
    spread = 0.04 + 0.05
    normal = np.exp(-(x**2) / (2 * spread)) / np.sqrt(2 * np.pi * spread)
    assert abs(m[-1] - normal).max() < 1e-2 * normal.max()


def test_lq2() -> None:
    solution = solved("lq2")
    assert abs(solution.arrays["mean"][1][-1] - 1 / 3) < 1e-4
    assert abs(solution.arrays["variance"][1][-1] - 0.1301369) < 1e-4


def test_merton() -> None:
    fraction = solved("merton").arrays["fraction"][1]
    assert abs(fraction - 0.5).max() < 1e-3
    bounded = solved("merton", highest_fraction=0.4).arrays["fraction"][1]
    assert abs(bounded - 0.4).max() < 1e-12


def test_parts_and_compiled_functions_agree() -> None:
    """A cost that is linear in the functionals is sampled by parts, others are compiled."""
    plain = solved("lq2", nodes=101, steps=20)
    whole = solved("lq2", nodes=101, steps=20, running="(x - mean)**2/2 + 0*t + 0*sin(mean)")
    other = solved("lq2", nodes=101, steps=20, running="max((x - mean)**2/2, 0)")
    for name in ("u", "m"):
        assert np.allclose(plain.arrays[name][1], whole.arrays[name][1], rtol=0, atol=1e-8)
        assert np.allclose(plain.arrays[name][1], other.arrays[name][1], rtol=0, atol=1e-8)


def test_hamiltonian_by_formula() -> None:
    plain = solved("lq1", nodes=101, steps=20)
    written = solved(
        "lq1", nodes=101, steps=20, hamiltonian={"kind": "expression", "value": "p**2/2"}
    )
    assert np.allclose(plain.arrays["u"][1], written.arrays["u"][1], rtol=0, atol=1e-8)


# verdicts and mistakes


def test_a_planner_of_a_file() -> None:
    """The cost ``c m`` of all has the derivative ``2 c m``: he plays the game with twice of it."""
    small = {"hamiltonian": {"kind": "quadratic"}, "nodes": 61, "steps": 40, "starts": 1}
    problem = read(table("crowd", planner=True, **small), "crowd", names())
    assert "planner's problem" in problem.summary
    planner = problem.solve()
    twice = "0.4*density + 0.5*sin(2*pi*x)"
    game = solved("crowd", running=twice, **small)
    alone = solved("crowd", **small)
    law, other, third = (np.asarray(found.arrays["m"][1]) for found in (planner, game, alone))
    np.testing.assert_allclose(law, other, atol=1e-8)
    assert abs(law - third).max() > 1e-2
    told = planner.diagnostics
    assert told["social_cost"] < told["cost"]
    # the cost is convex in the law, whose change adds nothing to the flattest direction
    assert told["curvature"] == pytest.approx(1, abs=2e-3)
    assert not {"social_cost", "curvature"} & game.diagnostics.keys()


def test_a_planner_of_a_file_is_refused_beyond_the_explosion(tmp_path: Path) -> None:
    """Optimal execution, whose planner's solution explodes at the horizon 1.549441."""
    lines = """
        kind = "mfg"
        domain = [-3.0, 5.5]
        nodes = 101
        steps = 50
        horizon = 2.0
        viscosity = 0.125
        boundary = "open"
        initial = { mean = 0.5, deviation = 0.3 }
        running = "x**2 - 1.75*x*control_mean"
        terminal = "0.15*x**2"
        planner = true
    """
    (tmp_path / "execution.toml").write_text(lines)
    refused(run(tmp_path / "execution.toml"), "horizons of 1.549441 or more", 4)


def test_what_must_not_be_relied_on(tmp_path: Path) -> None:
    """Exit code 4 with the reason; the files are written, and say so."""
    lines = (EXAMPLES / "response.toml").read_text().replace("lambda = 0.6", "lambda = 0.055")
    (tmp_path / "bad.toml").write_text(lines)
    result = run(tmp_path / "bad.toml", "--json", "--out", tmp_path / "out")
    refused(result, "bad, moment_explosion:", 4)
    answer = json.loads(result.stdout)
    assert not answer["ok"]
    assert answer["sentences"][-1].startswith("The numbers must not be relied on")
    assert json.loads((tmp_path / "out" / "result.json").read_text())["ok"] is False


def test_help_shows_a_problem_that_works(tmp_path: Path) -> None:
    text = run("--help").stdout
    lines = [line.strip() for line in text.splitlines()]
    first, last = lines.index('kind = "mfg"'), lines.index('kind = "quadratic"')
    (tmp_path / "help.toml").write_text("\n".join(lines[first : last + 1]))
    assert load(tmp_path / "help.toml", names()).solve().ok
    assert any("eqsolve pde docs/pde/lq1.toml" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("response", {"kind": "heat"}, "Choose one of extended-hjb, mfg, controlled-diffusion"),
        ("response", {"game": "chess"}, "chess"),
        ("response", {"nodes": 4}, "from 5 to"),
        ("response", {"node": 41}, "'node' is not known"),
        ("response", {"box": [[0, 2], [2, 0]]}, "box"),
        ("response", {"closure": "none"}, "closure"),
        ("response", {"hazard": 0.5}, "Give the horizon"),
        ("response", {"parameters": {"r": 0.03}}, "missing"),
        ("response", {"parameters": {"r": [1]}}, "r must be a number"),
        ("response", {"parameters": 3}, "[parameters]"),
        ("response", {"tolerance": "small"}, "tolerance must be a number"),
        ("lq1", {"viscosity": -1.0}, "viscosity"),
        ("lq1", {"viscosity": float("inf")}, "finite"),
        ("lq1", {"nodes": 2.5}, "nodes must be an integer"),
        ("lq1", {"initial": "exp(-x**2"}, "is not a formula"),
        ("lq1", {"initial": "-exp(-x**2)"}, "initial"),
        ("lq1", {"initial": {"mean": 0.0}}, "deviation is missing"),
        ("lq1", {"initial": {"mean": 0.0, "deviation": -1.0}}, "deviation"),
        ("lq1", {"terminal": "y**2"}, "'y' is not known"),
        ("lq1", {"terminal": "t*x"}, "'t' is not known"),
        ("lq1", {"running": "__import__('os').getcwd()"}, "not understood"),
        ("lq1", {"running": "x.real"}, "not understood"),
        ("circle", {"steps": 10}, "steps is given, but the problem is stationary"),
        ("circle", {"terminal": "x"}, "A stationary problem has no end"),
        ("congestion", {"drift": "y"}, "'y' is not known"),
        ("congestion", {"discount": -1}, "discount is -1"),
        ("put", {"discount": 0}, "positive rate"),
        ("populations", {"population": []}, "there are 0 populations"),
        ("populations", {"population": [{"viscosity": 1, "running": "mean_2"}]}, "'mean_2' is not"),
        ("populations", {"population": [{"viscosity": 1, "nodes": 9}]}, "'nodes' is not known"),
        ("populations", {"viscosity": 1}, "'viscosity' is not known"),
        ("common", {"common_noise": 1}, "common_noise is no table"),
        ("common", {"common_noise": {"volatility": 1, "shocks": 3}}, "A multiple of 6"),
        ("common", {"stationary": True}, "stationary"),
        ("plane", {"running": "mean_x**3"}, "has the term mean_x**3"),
        ("plane", {"running": "t*density"}, "not constant"),
        ("plane", {"initial": {"mean": 0, "deviation": 1}}, "two numbers"),
        ("plane", {"stationary": True}, "'stationary' is not known"),
        ("plane", {"nodes": [64, 65]}, "nodes is 64. An odd number is needed, to compare"),
        ("plane", {"nodes": [1001, 1001], "steps": 5}, "steps is 5. An even number"),
        ("lq1", {"hamiltonian": {"kind": "list", "controls": [1], "costs": [0]}}, "both sides"),
        ("lq1", {"hamiltonian": {"kind": "cost", "cost": "-a**2", "controls": [-1, 1]}}, "convex"),
        ("lq1", {"hamiltonian": {"kind": "cubic"}}, "quadratic, absolute, power, expression"),
        ("lq1", {"hamiltonian": {"kind": "power"}}, "exponent is missing"),
        ("lq1", {"hamiltonian": {"kind": "power", "exponent": 0.5}}, "exponent"),
        ("lq1", {"richardson": 1}, "true or false"),
        ("merton", {"wealth": [1.0, -1.0]}, "wealth"),
        ("merton", {"volatility": 0.0}, "volatility"),
        ("merton", {"risk_aversion": 0.0}, "risk_aversion"),
    ],
)
def test_mistakes_are_named(name: str, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        solved(name, **changes)
    assert words in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("law", ["normal", "formula"])
def test_a_rectangle_that_cuts_the_initial_law_is_not_ok(law: str) -> None:
    initial = {"mean": [1.5, 0.0], "deviation": [1.0, 0.5]}
    text = "exp(-(x - 1.5)**2/2 - 2*y**2)"
    change = {"initial": initial if law == "normal" else text, "viscosity": 0.2, "horizon": 0.3}
    low, wide = [-3.0, 3.0], [-4.0, 7.0]
    found = solved("plane", domain=[low, low], nodes=[41, 41], steps=10, **change)
    # erfc(1.5/sqrt(2))/2 of the law lies beyond the right end
    assert found.status == "unresolved" and "the domain cuts" in found.message
    assert law != "normal" or "6.681e-02" in found.message
    assert (
        "the domain cuts"
        not in solved("plane", domain=[wide, low], nodes=[81, 41], steps=10, **change).message
    )


def test_costs_in_two_dimensions_may_be_left_out() -> None:
    change: dict[str, Any] = {"drift": 0, "discount": 0, "nodes": [41, 41], "steps": 20}
    found = solved("plane", running=0, **change)
    assert found.ok, found.message
    # each mean shrinks by 1/(1 + 2 goal scale)
    for axis, exact in (("mean_x", 0.4 / 1.5), ("mean_y", -0.3 / 2.35)):
        assert found.arrays[axis][1][-1] == pytest.approx(exact, abs=2e-3)
    nothing = solved("plane", running=0, terminal=0, **change)
    assert nothing.arrays["mean_x"][1][-1] == pytest.approx(0.4, abs=1e-3)
    assert abs(nothing.arrays["u"][1]).max() == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind = ", "is not valid TOML"),
        ("", "kind is missing"),
        ("a = " + "[" * 5000, "is not valid TOML"),
        ("x = 1\n" * 30_000, "larger than"),
        ('kind = "controlled-diffusion"', "rate is missing"),
        ('kind = "merton"', "rate is missing"),
        ('kind = "heston"', "Choose one of"),
        ('kind = "n-agent"', "Choose one of"),
        ('kind = "mfg"\ndomain = [1e999, 2.0]', "domain must be finite"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    refused(run(tmp_path / "bad.toml"), words)


def test_bad_outputs(tmp_path: Path) -> None:
    path = EXAMPLES / "merton.toml"
    refused(run(tmp_path / "absent.toml"), "cannot be read")
    refused(run(path, "--plot", tmp_path / "plot.bmp"), "Choose one of .pdf, .png, .svg")
    refused(run(path, "--plot", tmp_path / "absent" / "plot.png"), "cannot be written")
    refused(run(path, "--netcdf"), "needs --out")
    (tmp_path / "file").write_text("")
    refused(run(path, "--out", tmp_path / "file"), "cannot be written")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9", "(9**50)**50", "lambda: 1", "x if x else 1", "1e400", "x@x", "sqrt(-1)", "1/0",
        "[x]", "True", "x" * 600, "-" * 300 + "x", "1j", "log(0)", "x; x", "f(x)", "sin()",
        "sin(x, x)", "sin(x=1)", "'x'", "x[0]", "x < 1", "exp(1000)", "x\ny", "\0", "not x",
        "(x := 1)", "10**-1e9", "0**-1",
    ],
)  # fmt: skip
def test_formulas_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        expression.read("here", text, ["x"])
    assert "here:" in str(caught.value) and "Use + - * / **" in str(caught.value)


def test_formulas_read() -> None:
    x = sp.Symbol("x", real=True)
    assert expression.read("", "x**2/2 - 3*max(x, 0)", ["x"]) == x**2 / 2 - 3 * sp.Max(x, 0)
    assert expression.read("", 2, []) == 2
    at = expression.function(expression.read("", "exp(-abs(x)) + 0*x", ["x"]), ["x"])
    assert np.allclose(at(np.array([0.0, 1.0])), [1.0, np.exp(-1.0)], rtol=1e-15)
    constant = expression.function(expression.read("", "pi/2", ["x"]), ["x"])
    assert constant(np.zeros(3)).tolist() == [np.pi / 2] * 3
