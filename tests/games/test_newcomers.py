"""Games as users write them, in files: what their commands said wrongly once."""

from __future__ import annotations

import math
import os
import shutil
from fractions import Fraction
from pathlib import Path

import pytest
import sympy as sp
from click.testing import CliRunner, Result

import eqsolve
from eqsolve import registry
from eqsolve.cli import cli
from eqsolve.derivation.derivation import derive
from eqsolve.derivation.solve.solution import solve as formulas
from eqsolve.derivation.solve.step import Explicit, Flow, Root
from eqsolve.derivation.units import Units
from eqsolve.game import (
    Ansatz,
    Clock,
    Game,
    Horizon,
    Model,
    Player,
    State,
    Vocabulary,
    expected,
    parameter,
    positive,
)
from eqsolve.kernels.steps.columns import columns
from eqsolve.kernels.steps.joining import joined
from eqsolve.kernels.steps.monotone import slopes
from eqsolve.program.codes import by_unit
from eqsolve.registry import resolve
from eqsolve.studies.equilibrium import equilibrium, response
from eqsolve.studies.sweep.array_files import _plain
from eqsolve.verbs.abilities import able
from eqsolve.verify.proof import prove
from eqsolve.writing.notation import _spelled

STORE = """
import sympy as sp
from eqsolve.game import *

x, u, s, w, T = sp.symbols("x u s w T")
P, Q, R, f, g = sp.symbols("P Q R f g")
MODEL = Model(
    Game(
        "store",
        states=(State(x, u - sp.sin(w * t), {"W": s * sp.sqrt(x)}),),
        players=(Player("owner", (u,), expected(x**2 / 2 + u**2 / 2, sense="minimize")),),
        horizon=Horizon(end=T),
    ),
    Ansatz({"J": P * x**2 / 2 + Q * x + R}, feedback={u: f * x + g}),
    Vocabulary(
        parameter(s, "volatility", nonnegative),
        parameter(w, "frequency", positive),
        parameter(T, "end", positive),
    ),
    cases={"default": {"s": "0.3", "w": "3", "T": "1", "x": "1"}},
)
"""
COMMONS = """
import sympy as sp
from eqsolve.game import *

y, e, m = sp.symbols("y e ebar")
k, T, n = sp.symbols("k T n")
A, B, C, f, g = sp.symbols("A B C f g")


def model(notion: Notion = "feedback", size: int | None = 3) -> Model:
    return Model(
        Game(
            "commons",
            states=(State(y, n * m - k * y, {"W": sp.Rational(1, 5)}),),
            players=(Player("country", (e,), expected(e - e**2 / 2 - y**2 / 8)),),
            horizon=Horizon(end=T),
            laws=(Law(m, e, given=("W",)),),
            crowd=Crowd("country", n),
            notion=notion,
        ),
        Ansatz({"J": A * y**2 / 2 + B * y + C}, feedback={e: f * y + g}),
        Vocabulary(
            parameter(k, "decay", positive),
            parameter(T, "end", positive),
            parameter(n, "number", sp.Range(2, sp.oo)),
        ),
        cases={"default": {"k": "0.3", "T": "2", "n": "3", "y": "1"}},
    )
"""

#: Played is a root of the state (Sethi, Optimal Control Applications and Methods 4, 1983).
ADVERT = """
import sympy as sp
from eqsolve.game import *

x, u = sp.symbols("x u")
r, d, p, rho = sp.symbols("r delta p rho")
L, Q, f = sp.symbols("L Q f")
MODEL = Model(
    Game(
        "advert",
        states=(State(x, r * u * sp.sqrt(1 - x) - d * x),),
        players=(Player("firm", (u,), expected(p * x - u**2), discount=rho),),
        horizon=Horizon(),
    ),
    Ansatz({"J": L * x + Q}, feedback={u: f * sp.sqrt(1 - x)}),
    Vocabulary(*(parameter(s, domain=positive) for s in (r, d, p, rho))),
)
"""
#: The saver of the tutorial, in whose exponents are logarithms.
TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial_own_game.md"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files."""
    monkeypatch.setattr(registry, "_adopted", {})
    (tmp_path / "store.py").write_text(STORE)
    (tmp_path / "commons.py").write_text(COMMONS)
    (tmp_path / "advert.py").write_text(ADVERT)
    source = TUTORIAL.read_text().split("`saver.py`:\n\n```python\n")[1].split("```")[0]
    (tmp_path / "saver.py").write_text(source)
    return tmp_path


needs_coq = pytest.mark.skipif(
    shutil.which("coqc") is None and "EQSOLVE_REQUIRE_TOOLS" not in os.environ,
    reason="coqc is not installed",
)
ADVERT_CASE = {"r": "0.5", "delta": "0.1", "p": "2", "rho": "0.2", "x": "0.3"}


def call(folder: Path, verb: str, file: str, *options: str) -> Result:
    return CliRunner().invoke(cli, [verb, str(folder / file), *options])


def test_a_state_of_a_named_set_is_overridden(folder: Path) -> None:
    found = call(folder, "solve", "store.py", "--set", "default", "--at", "x=2")
    assert found.exit_code == 0
    assert "at.x                      2\n" in found.output


def test_a_state_outside_its_dynamics_is_refused(folder: Path) -> None:
    found = call(folder, "solve", "store.py", "--set", "default", "--at", "x=-1")
    assert found.exit_code == 2
    assert "store, input: the loading of x on W is no real number at x = -1" in found.output


def test_time_in_an_ansatz_is_the_end_at_the_end(folder: Path) -> None:
    """The value ``P exp(-w t) x^2/2`` is that of ``P x^2/2``, and a payoff may hold a need."""
    text = STORE.replace("P * x**2 / 2", "P * sp.exp(-w * t) * x**2 / 2").replace("sp.sqrt(x)", "1")
    text = text.replace("u - sp.sin(w * t)", "u").replace("/ 2, sense", "/ 2, w * x**2 / 2, sense")
    (folder / "moving.py").write_text(text.replace('"store"', '"moving"'))
    case = {"s": "0.3", "w": "1/2", "T": "2", "x": "1", "t": 1}
    answer = eqsolve.solve(str(folder / "moving.py"), case)
    # P' = P^2 - 1, P(T) = w, one before the end
    assert answer.strategy["u"]["x"] == pytest.approx(-math.tanh(1 + math.atanh(0.5)), rel=1e-14)
    checks = prove(derive(resolve(folder / "moving.py").exported))
    assert "J at the end" in [check.name for check in checks if check.verdict == "pass"]
    assert not [check for check in checks if check.verdict == "fail"]


def test_letters_of_tables_do_not_meet_columns(folder: Path) -> None:
    named = STORE.replace('s, w, T = sp.symbols("x u s w T")', 's, w, T = sp.symbols("x u V w T")')
    named = named.replace('"store"', '"named"').replace('"s": "0.3"', '"V": "0.3"')
    (folder / "named.py").write_text(named)
    names = [name for name, _ in columns(derive(resolve(folder / "named.py").exported), ())]
    assert names[-1] == "V_" and len({*names, "V"}) == len(names) + 1
    (folder / "taken.py").write_text(named.replace('"x u V w T"', '"x u status w T"'))
    found = call(folder, "solve", "taken.py", "-p", "status=1")
    assert found.exit_code == 2
    assert "status is declared as the outcome in tables and as parameter" in found.output


def test_what_coq_has_no_words_for_is_said(folder: Path) -> None:
    found = call(folder, "prove", "store.py", "--out", str(folder / "coq"))
    assert found.exit_code == 0
    assert "sin" in (folder / "coq" / "store_system.v").read_text()
    tangent = STORE.replace("sp.sin", "sp.tan").replace('"store"', '"tangent"')
    (folder / "tangent.py").write_text(tangent)
    found = call(folder, "prove", "tangent.py", "--out", str(folder / "tan"))
    assert found.exit_code == 0
    assert "not stated. tan(t*w) is not written in Coq" in found.output


def test_the_value_of_advertising_is_the_positive_root(folder: Path) -> None:
    # r^2 L^2/4 + (rho + delta) L = p, Q = r^2 L^2/(4 rho)
    answer = eqsolve.solve(str(folder / "advert.py"), ADVERT_CASE)
    L = (-0.3 + math.sqrt(0.09 + 4 * 2 * 0.0625)) / (2 * 0.0625)
    assert answer.coefficients["L"] == pytest.approx(L, rel=1e-14)
    assert answer.at["u"] == pytest.approx(L * 0.25 * math.sqrt(0.7), rel=1e-14)
    # what is no polynomial is played by coefficients of its powers, here and in tables
    assert answer.strategy["u"] == {"sqrt(1 - x)": pytest.approx(L * 0.25, rel=1e-14)}
    found = columns(derive(resolve(folder / "advert.py").exported), (sp.Symbol("x"),))
    assert [name for name, _ in found] == ["u_sqrt(1 - x)", "L", "Q", "u", "V"]


def test_powers_of_states_have_coefficients(folder: Path) -> None:
    advert = derive(resolve(folder / "advert.py").exported)
    x, p, r, L, f = sp.symbols("x p r L f")

    def rows(form: sp.Expr) -> dict[str, sp.Expr]:
        return by_unit(form, (x,), advert)

    assert rows(f * x ** (1 / r) + x ** (-p) / L) == {"x**(1/r)": f, "x**(-p)": 1 / L}
    assert rows((f + L * x) / x**r) == {"x**(-r)": f, "x**(1 - r)": L}
    assert rows(f * x * sp.log(x) + sp.exp(-p * x)) == {"x*log(x)": f, "exp(-p*x)": 1}
    assert rows(f / (1 + x)) == rows(p * x**L) == rows(sp.exp(-f * x)) == {}


def test_names_of_powers_are_no_paths_in_files() -> None:
    assert _plain("c_x**(1/g)") == "c_x**(1:g)"


@pytest.mark.parametrize(
    "file, assumed, step",
    [
        ("advert.py", "(positive_1 : 1 - x > 0)", "assert (square_1 : sqrt (1 - x) ^ 2 = (1 - x))"),
        ("saver.py", "(positive_a : a > 0)", "without_logarithm a (- a * x - b)."),
    ],
)
def test_theorems_take_roots_and_logarithms(
    folder: Path, file: str, assumed: str, step: str
) -> None:
    found = call(folder, "prove", file, "--out", str(folder / "coq"))
    assert found.exit_code == 0
    text = (folder / "coq" / f"{file.removesuffix('.py')}_system.v").read_text()
    assert assumed in text and step in text


@pytest.mark.full
@needs_coq
@pytest.mark.parametrize("file", ["advert.py", "saver.py", "commons.py"])
def test_coq_accepts_them(folder: Path, file: str) -> None:
    found = call(folder, "prove", file, "--out", str(folder / "coq"), "--check", "--fresh")
    assert found.exit_code == 0, found.output
    assert "NOT PROVED" not in found.output


def test_a_stock_that_all_share_moves_with_what_the_others_play(folder: Path) -> None:
    built = resolve(folder / "commons.py").exported
    model = built(notion="given")
    (average,) = derive(model).fixed.averages
    claim = equilibrium(model, model.cases["default"])
    faced = response(claim)
    stock = sp.Symbol("y")
    played = claim.derivation.strategy[sp.Symbol("e")].xreplace(claim.spelled)
    values = {s: v.mid().str(30, radius=False) for s, v in claim.coefficients(Fraction(0)).items()}
    numbers = {**claim.numbers, **{s: sp.Float(v, 30) for s, v in values.items()}, stock: 1}
    expected = sp.Rational(2, 3) * played.xreplace(numbers)
    assert float(faced.parameters[average]) == pytest.approx(float(expected), rel=1e-12)


def test_a_crowd_without_a_limit_does_not_converge(folder: Path) -> None:
    words = "without a size its players are no continuum"
    assert able(resolve(folder / "commons.py"), "converge") == words
    limit = COMMONS.replace("n * m", "m").replace('("country", n)', '("country", size and n)')
    (folder / "limit.py").write_text(limit)
    assert able(resolve(folder / "limit.py"), "converge") is True


@pytest.mark.parametrize(
    "name, tex",
    [
        ("β", r"\beta"),
        ("Δ_1", r"\Delta_{1}"),
        ("my b", r"\text{my b}"),
        ("b%", r"\text{b\%}"),
        ("b_1", None),
    ],
)
def test_names_that_are_no_words_are_printed(name: str, tex: str | None) -> None:
    assert _spelled(name) == tex


MANAGERS = """
from dataclasses import replace
from eqsolve.derivations.relative_performance.lacker_zariphopoulou_cara import model as managers

TWO = {"T": 1, "mu_1": 0.1, "nu_1": 0.2, "sigma_1": 0.2, "theta_1": 0.5, "delta_1": 1,
       "mu_2": 0.08, "nu_2": 0.3, "sigma_2": 0.1, "theta_2": 0.2, "delta_2": 2}

def model(size: int | None = None, types: bool = True):
    made = managers(size)
    return replace(made, game=replace(made.game, name="managers"), cases={"two": TWO})
"""


def test_named_sets_and_sweeps_take_types_that_are_the_default(tmp_path: Path) -> None:
    file = tmp_path / "managers.py"
    file.write_text(MANAGERS, encoding="utf-8")
    two = resolve(str(file)).model.cases["two"]
    answer = eqsolve.solve(str(file), two)
    shown = CliRunner().invoke(cli, ["solve", str(file), "--set", "two", "--json"])
    assert shown.exit_code == 0, shown.output
    rest = {name: value for name, value in two.items() if name != "theta_2"}
    found = eqsolve.sweep(str(file), {"theta_2": [0.2, 0.4]}, rest)
    for k in (1, 2):
        played = answer.strategy[f"pi_{k}"]["1"]
        assert f"{played:.12g}"[:10] in shown.stdout
        assert float(found[f"pi_1_{k}"][0]) == pytest.approx(played, rel=1e-13)


def test_two_goods_have_powers_that_are_solved_together() -> None:
    x, c, e, r, q, a, g, rho, A, h, k = sp.symbols("x c e r q a g rho A h k")
    utility = (c**a * e ** (1 - a)) ** (1 - g) / (1 - g)
    buyer = Player("buyer", (c, e), expected(utility), discount=rho)
    model = Model(
        Game("goods", (State(x, r * x - c - q * e),), (buyer,), Horizon()),
        Ansatz({"J": A * x ** (1 - g) / (1 - g)}, feedback={c: h * x, e: k * x}),
        Vocabulary(
            parameter(r),
            parameter(q, domain=positive),
            parameter(a, domain=sp.Interval.open(0, 1)),
            parameter(g, domain=positive - sp.FiniteSet(1)),
            parameter(rho, domain=positive),
        ),
    )
    derivation = derive(model)
    assert {check.verdict for check in prove(derivation)} == {"pass"}
    # spending is (rho - (1 - g) r)/g of wealth, a of it on the first good
    numbers = {r: 0.02, q: 1.5, a: 0.6, g: 3, rho: 0.04}
    spent = (0.04 + 2 * 0.02) / 3
    bought = (0.6**0.6 * (0.4 / 1.5) ** 0.4) ** -2
    numbers[A] = bought * spent**-3
    feedback = {s: float(f.xreplace(numbers)) for s, f in derivation.system.feedback.items()}
    assert feedback == {h: pytest.approx(0.6 * spent), k: pytest.approx(0.4 * spent / 1.5)}
    assert abs(derivation.system.rates[A].xreplace(numbers)) < 1e-12 * numbers[A]


def test_exponentials_that_all_terms_have_are_balanced() -> None:
    x, q, z, p, n, j, k, w, g, T, a, h = sp.symbols("x q z p n j k w g T a h")
    insurer = Player("insurer", (q,), expected(payoff=-sp.exp(-g * x)))
    model = Model(
        Game(
            "insurer",
            (State(x, p * (1 - q), jumps={"N": -z * (1 - q)}),),
            (insurer,),
            Horizon(end=T),
            clocks=(Clock("N", n, z, ((w, j), (1 - w, k))),),
        ),
        Ansatz({"J": -sp.exp(-g * x - a)}, feedback={q: h}),
        Vocabulary(*(parameter(s, domain=positive) for s in (p, n, j, k, w, g, T))),
    )
    given = {"p": "0.9", "n": 1, "j": "0.5", "k": 1, "w": "0.4", "g": "1.2", "T": 2}
    answer = eqsolve.solve(model, given)
    share = answer.coefficients["h"]
    # the premium is what a claim costs at the margin, and falls in the share
    claims = ((0.4, 0.5), (0.6, 1.0))
    cost = sum(m * size * math.exp(1.2 * size * (1 - share)) for m, size in claims)
    assert cost == pytest.approx(0.9, rel=1e-14)
    # balanced, it is seen to be monotone: tables have it, too
    root, *_ = formulas(derive(model)).steps
    assert isinstance(root, Root) and slopes(root.equation, h)


def test_what_equals_an_unknown_of_a_flow_comes_after_it(folder: Path) -> None:
    derivation = derive(resolve(folder / "commons.py").exported())
    A, B, C, D = sp.symbols("A B C D")
    flow, other = (Flow((u,), (A,), (sp.S.One,), "trajectory") for u in (A, B))
    equal, twice = Explicit(C, A, "equal"), Explicit(D, 2 * C, "equal")
    first, *rest = joined([flow, equal, twice, other], derivation)
    assert first.symbols == (A, B) and rest == [equal, twice]


def test_the_minus_of_a_base_stays_with_its_sum() -> None:
    a, g = sp.symbols("a g")
    forms = [(-2 * a / (a - 1)) ** g, (2 * a / (1 - a)) ** g]
    assert Units.of(forms).ratio(forms[0] - forms[1]).is_zero()
