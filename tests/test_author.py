"""What an outside author may write wrongly in a game's file: right, or refused with the remedy."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner, Result
from flint import arb
from scipy.integrate import solve_ivp

import declared
import engine_models
from eqsolve import registry
from eqsolve.cli import cli
from eqsolve.errors import InputError
from eqsolve.game import (
    Ansatz,
    Crowd,
    Game,
    Horizon,
    Model,
    Player,
    State,
    Vocabulary,
    expected,
    parameter,
)
from eqsolve.solve.path import center
from eqsolve.solve.solve import solve
from eqsolve.studies.curves import interpolated
from eqsolve.studies.equilibrium import equilibrium
from eqsolve.verify import sampling

TOY = '''"""A regulator until a fixed time."""

import sympy as sp

from eqsolve.game import (
    Ansatz, Game, Horizon, Model, Player, State, Vocabulary, expected, nonnegative, parameter,
    positive, t,
)

x, u = sp.symbols("x u")
q, s, f, T, rho = sp.symbols("q s f T rho")
P, R, k = sp.symbols("P R k")

MODEL = Model(
    Game(
        "toy",
        states=(State(x, u, {"W": s}),),
        players=(Player("one", (u,), expected((q * x**2 + u**2) / 2, f * x**2 / 2, "minimize")),),
        horizon=Horizon(end=T),
    ),
    Ansatz({"J": P * x**2 / 2 + R}, {u: -k * x}),
    Vocabulary(
        parameter(q, "weight", positive),
        parameter(s, "volatility", nonnegative),
        parameter(f, "weight at the end", nonnegative),
        parameter(T, "end", positive),
    ),
    cases={"default": {"q": "1", "s": "0.5", "f": "2", "T": "1"}},
    reference={"default": {"P": "1.09449"}},
)
'''
SETS = 'cases={"default": {"q": "1", "s": "0.5", "f": "2", "T": "1"}}'
RUNNING = "(q * x**2 + u**2) / 2"
CONTROL = 'x, u = sp.symbols("x u")'
FIRST = '"toy",\n        states'

#: What is written in the place of what, and words of the error.
REFUSED: dict[str, tuple[str, str, str]] = {
    "sign of the control's cost": (RUNNING, "(q * x**2 - u**2) / 2", 'the sense "maximize"'),
    "sense": ('"minimize"', '"maximize"', 'the sense "minimize"'),
    "misspelt sense": ('"minimize"', '"minimise"', "Choose maximize or minimize"),
    "misspelt letter": (RUNNING, "(Q * x**2 + u**2) / 2", "line 18: NameError: name 'Q'"),
    "undeclared letter": (RUNNING, "(rho * x**2 + u**2) / 2", "J has rho, which is no state"),
    "missing monomial": ("f * x**2 / 2", "f * (x - 1) ** 2 / 2", "Enlarge the ansatz"),
    "missing constant": ("/ 2 + R}", "/ 2}", "Enlarge the ansatz"),
    "another power": ("P * x**2 / 2 + R", "P * x**3 / 2 + R", "first-order condition"),
    "an exponential": ("P * x**2 / 2 + R", "sp.exp(P * x**2 / 2 + R)", "first-order condition"),
    "shared coefficient": ("/ 2 + R}", "/ 2 + P}", "does not close"),
    "drift that does not close": ("State(x, u,", "State(x, u + x**2,", "Enlarge the ansatz"),
    "no discount": ("Horizon(end=T)", "Horizon()", "Give Horizon a hazard rate or an end"),
    "zero hazard rate": ("Horizon(end=T)", "Horizon(0 * q)", "Give Horizon a hazard rate"),
    "end before the beginning": ("Horizon(end=T)", "Horizon(end=-1)", "ends before it begins"),
    "irrational end": ("Horizon(end=T)", "Horizon(end=sp.sqrt(2) * T)", "no rational number"),
    "floating-point number": ("f * x**2 / 2", "0.5 * f * x**2", "Write exact numbers"),
    "integral": (RUNNING, "sp.Integral(q, q) * x**2 + u**2", "doit()"),
    "same vocabulary twice": (
        'parameter(q, "weight", positive),',
        "parameter(q), parameter(q),",
        "vocabulary has q twice. Keep one row a letter",
    ),
    "text for a domain": ('"weight", positive', '"weight", "positive"', "must be a Set"),
    "text for a symbol": ('parameter(q, "w', 'parameter("q", "w', "must be a Symbol"),
    "same state twice": (
        'states=(State(x, u, {"W": s}),)',
        'states=(State(x, u, {"W": s}), State(x, u))',
        "two states have the letter x. Give each a letter of its own",
    ),
    "symbol for a noise": ('{"W": s}', "{s: s}", "must be of str"),
    "state called t": (CONTROL, 'x, u = sp.symbols("t u")', "declared as time and as state"),
    "control called like the moment": (CONTROL, 'x, u = sp.symbols("x J")', "and as moment"),
    "feedback of a control": ("{u: -k * x}", "{u: -k * u}", "written in states"),
    "feedback that is not optimal": ("{u: -k * x}", "{u: -2 * P * x}", "Enlarge the feedback"),
    "no name": (FIRST, '"",\n        states', "no name for a game"),
    "name with a folder": (FIRST, '"../toy",\n        states', "reads like the path"),
    "name of two lines": (FIRST, '"to\\ny",\n        states', "no name for a game"),
    "unknown selection": ("cases=", 'selection="best",\n    cases=', "Choose one of limit"),
    "initial law of a number": ("cases=", "initial={x: 3},\n    cases=", "mean and its variance"),
    "initial law of a parameter": ("cases=", "initial={q: (s, s)},\n    cases=", "is no state"),
    "initial law of a coefficient": ("cases=", "initial={x: (P, s)},\n    cases=", "has P"),
    "output of nothing": ("cases=", "outputs={'z': rho * P},\n    cases=", "output z has rho"),
    "list of sets": (SETS, "cases=[1]", "must be a Mapping"),
    "set that is a number": (SETS, 'cases={"default": 3}', "Write a name and a table"),
    "reference of no set": ('reference={"default"', 'reference={"other"', "no named set"),
    "unknown letter in a set": ('"T": "1"}', '"T": "1", "z": "1"}', "has values of z, which"),
    "set without a letter": ('"f": "2", ', "", "missing parameter f"),
    "set outside a domain": ('"q": "1"', '"q": "-1"', "must be in (0, infinity)"),
    "set of words": ('"q": "1"', '"q": "one"', "must be a finite number"),
    "syntax": ("states=(State", "states=((State", "line 14: SyntaxError"),
    "module that is missing": ("import sympy as sp", "import sympy as sp, no_such", "No module"),
    "exit": ("q, s, f, T, rho =", "raise SystemExit(3)\nq, s, f, T, rho =", "SystemExit: 3"),
    "no model": ("MODEL = Model", "MODELS = Model", "neither MODEL nor a function model()"),
    "builder that fails": (
        "MODEL = Model(",
        "def model(n=1 / 0):\n    pass\n\n\nM = Model(",
        "Zero",
    ),
    "builder without default": (
        "MODEL = Model(",
        "def model(size):\n    return M\n\n\nM = Model(",
        "missing 1 required positional argument",
    ),
    "builder of nothing": ("MODEL = Model(", "def model():\n    pass\n\n\nM = Model(", "NoneType"),
    "builder without end": (
        "MODEL = Model(",
        "def model():\n    return model()\n\n\nM = Model(",
        "RecursionError",
    ),
    "infinite at these numbers": (
        "State(x, u,",
        "State(x, u + x / (q - 1),",
        "not finite and real",
    ),
    "imaginary at these numbers": ('{"W": s}', '{"W": sp.sqrt(s - 3)}', "not finite and real"),
}

#: What is written in the place of what, and the equation of P in the time to go.
RIGHT: dict[str, tuple[str, str, Callable[[float, float], float]]] = {
    "as it is": ("", "", lambda z, P: 1 - P**2),
    "sign of the state's cost": (RUNNING, "(-q * x**2 + u**2) / 2", lambda z, P: -1 - P**2),
    "negative discount rate": ('"minimize"))', '"minimize"), -1)', lambda z, P: 1 - P**2 + P),
    "time in the drift": (
        "State(x, u,",
        "State(x, u - t * x,",
        lambda z, P: 1 - P**2 - 2 * (1 - z) * P,
    ),
    "letters with assumptions": (
        '"q s f T rho")',
        '"q s f T rho", positive=True)',
        lambda z, P: 1 - P**2,
    ),
    "a letter that is no number": ("/ 2 + R}", "/ 2 + rho}", lambda z, P: 1 - P**2),
    "min(tau, T)": ("Horizon(end=T)", "Horizon(q, T)", lambda z, P: 1 - P**2 + (2 - P)),
}


def _file(folder: Path, old: str, new: str) -> str:
    assert old in TOY
    path = folder / "toy.py"
    path.write_text(TOY.replace(old, new) if old else TOY, encoding="utf-8")
    return str(path)


def _run(*arguments: str) -> Result:
    registry._adopted.clear()
    result = CliRunner().invoke(cli, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_adopted", {})


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_remedy(case: str, tmp_path: Path) -> None:
    old, new, words = REFUSED[case]
    result = _run("solve", _file(tmp_path, old, new), "--set", "default")
    assert result.exit_code == 2, result.output
    assert words in result.stderr
    assert "toy" in result.stderr


@pytest.mark.parametrize("case", RIGHT)
def test_right(case: str, tmp_path: Path) -> None:
    old, new, rate = RIGHT[case]
    result = _run("solve", _file(tmp_path, old, new), "--set", "default", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["coefficients"]["P"]
    run = solve_ivp(rate, (0, 1), [2.0], rtol=1e-12, atol=1e-12, method="DOP853")
    assert found == pytest.approx(run.y[0, -1], rel=1e-10)


def test_a_file_s_reference_is_checked(tmp_path: Path) -> None:
    for printed, code in (("1.09449", 0), ("1.09459", 1)):
        path = _file(tmp_path, '"P": "1.09449"', f'"P": "{printed}"')
        result = _run("verify", path)
        assert result.exit_code == code, result.output
        assert ("P is as the file says" in result.output) == bool(code)
    result = _run("verify", _file(tmp_path, '{"P": "1.09449"}', '{"Z": "1"}'))
    assert result.exit_code == 1
    assert "The results are P, R, k" in result.output


def test_numbers_without_an_end_or_a_discount_are_refused(tmp_path: Path) -> None:
    text = TOY.replace("Horizon(end=T)", "Horizon(s)").replace('"0.5"', '"0"')
    (tmp_path / "toy.py").write_text(text, encoding="utf-8")
    result = _run("solve", str(tmp_path / "toy.py"), "--set", "default")
    assert result.exit_code == 2
    assert "The horizon is infinite and one does not discount" in result.stderr


def test_the_number_of_players_may_be_called_something_else() -> None:
    crowd = declared.crowd(size=3)
    many = sp.Symbol("many")
    letters = [
        parameter(many if p.symbol == declared.n else p.symbol, "", p.domain)
        for p in crowd.vocabulary.parameters
    ]
    renamed = replace(
        crowd,
        game=replace(crowd.game, crowd=Crowd("member", many)),
        vocabulary=Vocabulary(*letters),
    )
    usual = solve(declared.crowd, declared.CROWD, size=3)
    assert solve(renamed, declared.CROWD, size=3).coefficients == usual.coefficients
    with pytest.raises(InputError, match="many and the size are both given"):
        solve(renamed, {**declared.CROWD, "many": 4}, size=3)
    with pytest.raises(InputError, match="a crowd of 5/2 players"):
        solve(renamed, {**declared.CROWD, "many": "5/2"})


def test_verbs_take_the_size(tmp_path: Path) -> None:
    assert _run("new", "game", "two-firms").exit_code == 0
    path = Path("two_firms.py").rename(tmp_path / "two_firms.py")
    table = tmp_path / "table.csv"
    crowd = (str(path), "--set", "default", "--size", "3")
    result = _run("sweep", *crowd, "--vary", "q=0.5:1:2", "--out", str(table))
    assert result.exit_code == 0, result.output
    built = registry.resolve(path).exported
    answer = solve(built, built(size=3).cases["default"], size=3)  # type: ignore[operator]
    header, first = (line.split(",") for line in table.read_text().splitlines()[:2])
    assert float(first[header.index("P")]) == pytest.approx(answer.coefficients["P"], rel=1e-12)
    simulate = ("simulate", str(path), "--set", "default", "--paths", "50", "--seed", "1")
    by_agents, by_size = (_run(*simulate, option, "3") for option in ("--agents", "--size"))
    assert by_agents.exit_code == by_size.exit_code == 0, by_agents.output
    assert by_agents.stdout == by_size.stdout
    assert _run(*simulate, "--agents", "3", "--size", "4").exit_code == 2


def test_who_moves_the_average_moves_everybody_who_follows_it() -> None:
    """Two countries against the Riccati equations of both states, each with its own value."""
    values = engine_models.EMISSION
    answer = solve(engine_models.polluters(), {**values, "n": "2"})
    b, c, d, rho = (float(values[name]) for name in ("b", "c", "d", "rho"))
    # V_i = z'Wz/2 + w'z in z = (x_i, x_j); both states move at (u_i + u_j)/2 - d x; the cost of
    # u_i is u_i^2/2 + u_i (u_i + u_j)/10 - b u_i
    push, swap = np.full(2, 0.5), np.array([[0.0, 1.0], [1.0, 0.0]])

    def rates(time: float, flat: np.ndarray) -> np.ndarray:
        W, w = flat[:4].reshape(2, 2), flat[4:]
        # b + push.(W z + w) - u_i (1 + 1/5) - u_j/10 = 0, and the same for j
        system = np.array([[1.2, 0.1], [0.1, 1.2]])
        own = push @ W
        slope = np.linalg.solve(system, np.array([own, own @ swap]))
        level = np.linalg.solve(system, np.full(2, b + push @ w))
        drift = np.outer(push, slope.sum(0)) - d * np.eye(2)
        shift = push * level.sum()
        cost = np.outer(slope[0], slope[0]) * 1.2 + 0.1 * (
            np.outer(slope[0], slope[1]) + np.outer(slope[1], slope[0])
        )
        linear = (
            b * slope[0]
            - level[0] * 1.2 * slope[0]
            - 0.1 * (level[0] * slope[1] + level[1] * slope[0])
        )
        matrix = W @ drift + drift.T @ W - cost - np.diag([c, 0.0]) - rho * W
        vector = W @ shift + drift.T @ w + linear - rho * w
        return np.concatenate([matrix.ravel(), vector])

    run = solve_ivp(rates, (0, 2), np.zeros(6), rtol=1e-12, atol=1e-12, method="DOP853")
    W, w = run.y[:4, -1].reshape(2, 2), run.y[4:, -1]
    e = answer.coefficients
    # in x = x_i and m = (x_i + x_j)/2
    assert W[0, 0] == pytest.approx(e["e_1"] + e["e_2"] + e["e_3"] / 4, rel=1e-10)
    assert W[0, 1] == pytest.approx(e["e_2"] / 2 + e["e_3"] / 4, rel=1e-10)
    assert W[1, 1] == pytest.approx(e["e_3"] / 4, rel=1e-10)
    assert w == pytest.approx([e["e_4"] + e["e_5"] / 2, e["e_5"] / 2], rel=1e-10)


def test_rounding_around_zero_is_zero() -> None:
    assert center(arb("1e-50", "1e-40")) == 0.0
    assert center(arb(2)) == 2.0
    assert np.isnan(center(arb("nan")))


def test_rounding_is_interpolated_where_it_is_said_to_be_rounding() -> None:
    rng = np.random.default_rng(1)

    def curves(times: np.ndarray) -> np.ndarray:
        return np.stack([np.sin(times), 1e-15 * rng.standard_normal(len(times))], axis=1)

    with pytest.raises(Exception, match="vary too quickly"):
        interpolated(curves, 1)  # type: ignore[arg-type]
    found = interpolated(curves, 1, 1e-13)(np.array([0.3]))  # type: ignore[arg-type]
    assert found[:, 0] == pytest.approx([np.sin(0.3), 0.0], abs=1e-12)


def test_a_simulation_that_cannot_reach_the_power_is_not_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x, u, b, s, T, a, h = sp.symbols("x u b s T a h")
    heavy = Model(
        Game(
            "heavy",
            (State(x, b * u, {"W": s * u}),),
            (Player("one", (u,), expected(payoff=-sp.exp(-x))),),
            Horizon(end=T),
        ),
        Ansatz({"J": -sp.exp(-x - a)}, {u: h}),
        Vocabulary(parameter(b), parameter(s), parameter(T)),
    )
    runs: list[int] = []
    run = sampling.Simulator.run

    def counted(self: sampling.Simulator, *, paths: int, **how: float) -> sampling.Simulation:
        runs.append(paths)
        return run(self, paths=paths, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(sampling.Simulator, "run", counted)
    claim = equilibrium(heavy, {"b": 2, "s": 1, "T": 1}, {"x": 0})
    checks = sampling.simulation_checks(claim, paths=400)
    assert {check.verdict for check in checks} == {"not verified"}
    assert runs == [400]


def test_a_payoff_that_is_infinite_at_a_special_value_keeps_its_strategy() -> None:
    """exp((1 - 1/g) x)/(1 - 1/g) tends to x + a constant at g = 1."""
    x, u, b, s, T, g, h, c = sp.symbols("x u b s T g h c")
    power = 1 - 1 / g
    model = Model(
        Game(
            "growth",
            (State(x, b * u - s**2 * u**2 / 2, {"W": s * u}),),
            (Player("one", (u,), expected(payoff=sp.exp(power * x) / power)),),
            Horizon(end=T),
        ),
        Ansatz({"J": sp.exp(power * x + c) / power}, {u: h}),
        Vocabulary(parameter(b), parameter(s), parameter(T), parameter(g)),
    )
    answer = solve(model, {"b": "0.08", "s": "0.2", "T": 1, "g": 1})
    assert answer.strategy["u"]["1"] == pytest.approx(2.0, rel=1e-12)
