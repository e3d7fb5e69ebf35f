"""The registry of equations: every number of the paper, how it was established, and its proof.

After an intended change of the printed form, write the golden file anew with
``EQSOLVE_WRITE_GOLDEN=1 pytest tests/test_registry.py -k golden`` and read the difference.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sympy as sp
from click.testing import CliRunner

from documents import hold
from eqsolve.cli import cli
from eqsolve.derivation.closed_form import ClosedForm
from eqsolve.derivations.mean_variance.vocabulary import symbol
from eqsolve.latex import document
from eqsolve.latex.printer import latex
from eqsolve.ledger import ALGEBRAIC, Checker, Display, Line
from eqsolve.operators import (
    Along,
    Discount,
    Earlier,
    Expectation,
    FirstTime,
    InOrder,
    LowerLimit,
    Meant,
    TimeIntegral,
    Variance,
    Vector,
    plain,
)
from eqsolve.paper.displays import growth, lines, paths, types
from eqsolve.registry import model, models
from eqsolve.site.sections import covered
from eqsolve.verify.displays import display_checks, wrong_displays
from reference import spec
from reference.heterogeneous import two_agent
from test_latex import _flipped, _scaled
from test_limits import evaluated

#: The games that papers attach displays to.
GAMES = [declared.name for declared in models()]

#: The numbers of the paper: first and last of every run, as printed (the appendices' letters
#: included); appendix E repeats the number D.1.
REQUIRED = """
2.1   2.119   sections 2.1 to 2.4
3.1   3.45    section 3
A.1   A.44    proof of Theorem 2.1
B.1   B.4     proof of Theorem 2.2
C.1   C.5     proof of Corollary 2.3
D.1   D.5     proof of Theorem 3.3
E.D.1 E.D.1   proof of Proposition 3.4
"""

#: Identities and solutions whose place or form in the paper is uncertain; they are proved.
UNCERTAIN = "2.86 2.87 3.18 3.19 3.27 3.28 3.38 3.39".split()

#: Limits that are compared with the equilibrium at a large number, too.
LARGE_HAZARD = "2.116 2.117 C.1 C.2 C.3 C.4 C.5".split()

GOLDEN = Path(__file__).parent / "golden" / "latex" / "two-agent.tex"


def required() -> list[str]:
    numbers = []
    for row in REQUIRED.split("\n"):
        if row:
            (stem, first), (_, last) = (n.rsplit(".", 1) for n in row.split()[:2])
            numbers += [f"{stem}.{k}" for k in range(int(first), int(last) + 1)]
    return numbers


def displays(game: str) -> tuple[Display, ...]:
    found = model(game)
    return found.shown


def every() -> Iterator[tuple[str, Display]]:
    for game in GAMES:
        for display in displays(game):
            yield game, display


def find(game: str, number: str) -> Display:
    return next(d for d in displays(game) if d.number == number)


@pytest.fixture(scope="module")
def checkers() -> dict[str, Checker]:
    return {game: Checker(model(game).derivation) for game in GAMES}


# ---------------------------------------------------------------- completeness


def test_every_number_once() -> None:
    wanted = required()
    assert len(wanted) == len(set(wanted)) == 119 + 45 + 44 + 4 + 5 + 5 + 1
    found = Counter(n for _, d in every() if d.is_numbered for n in covered(d))
    assert [n for n in wanted if n not in found] == []
    assert sorted(found - Counter(wanted)) == []
    assert set(found.values()) == {1}


def test_a_missing_number_is_seen() -> None:
    found = {n for _, d in every() if d.number != "A.10-A.12" for n in covered(d)}
    assert [n for n in required() if n not in found] == ["A.10", "A.11", "A.12"]


def test_rows_are_complete() -> None:
    rows = document.ledger_rows(models())
    hold("ledger", rows)
    kinds = {"definition", "assumption", "identity", "solution", "limit", "estimate"}
    proofs = {"definition", "exact", "formal", "ball", "numeric", "reconstructed"}
    known = {n for _, d in every() for n in (d.number, *covered(d))}
    for row in rows:
        assert row["title"] and row["latex"] and row["game"] in GAMES, row["number"]
        assert row["kind"] in kinds and row["proof"] in proofs, row["number"]
        assert isinstance(row["depends"], list) and set(row["depends"]) <= known, row["number"]


def test_command_lists_every_number() -> None:
    printed = CliRunner().invoke(cli, ["ledger"]).output
    listed = re.findall(r"(?m)^\(([0-9A-E][^)]*)\)", printed)
    assert sorted(listed) == sorted(d.number for _, d in every() if d.is_numbered)


# ---------------------------------------------------------------------- proofs


def test_proof_levels() -> None:
    uncertain = []
    for _, display in every():
        if display.kind in ("identity", "solution"):
            uncertain += [display.number] if display.proof == "reconstructed" else []
            assert display.proof in (*ALGEBRAIC, "reconstructed"), display.number
        if display.kind == "estimate":
            assert display.proof == "reconstructed", display.number
    assert sorted(uncertain) == UNCERTAIN


def test_every_exact_display_states_something(checkers: dict[str, Checker]) -> None:
    """None passes only because its lines give names or conditions."""
    for game, display in every():
        if display.kind in ("identity", "solution", "limit") or display.proof in ALGEBRAIC:
            stated = (checkers[game].states(x, display) for x in display.lines + display.evidence)
            assert any(stated) or display.proof == "definition", display.number


@pytest.mark.parametrize("game", GAMES)
def test_every_exact_display_is_verified(game: str) -> None:
    found = display_checks(model(game))
    assert len(found) == sum(d.proof in ALGEBRAIC for d in displays(game))
    assert [check.name for check in found if check.verdict != "pass"] == []


@pytest.mark.parametrize("game", GAMES)
def test_an_error_in_any_exact_display_is_seen(game: str) -> None:
    missed = [w for w, run in wrong_displays(model(game)) if any(c.error == 0 for c in run())]
    assert missed == []


def test_the_limits_of_the_hazard_rate_need_their_averages(checkers: dict[str, Checker]) -> None:
    """Corollary 2.3 follows from the averages' equations, not from what the display says."""
    checker = checkers["two-agent"]
    for number, name in (("2.116", "M_s"), ("2.119", "M_s"), ("C.2", "Qs_k"), ("2.80", "M_s")):
        display = find("two-agent", number)
        wrong = {**display.values, symbol(name): 2 * display.values[symbol(name)]}
        assert not checker.failures(display)
        assert checker.failures(replace(display, values=wrong)), number
    display = find("two-agent", "2.113")
    wrong = {**display.values, symbol("sQb"): -display.values[symbol("sQb")]}
    assert len(checker.failures(replace(display, values=wrong))) == 3


@pytest.mark.parametrize("name", "theta kappa gamma beta x y".split())
def test_an_error_in_the_objective_of_own_and_others_wealth_is_seen(
    checkers: dict[str, Checker], name: str
) -> None:
    """(2.9) is (2.6) with the average spelled out, not a new name."""
    display = find("best-response", "2.8-2.9")
    (line,) = display.lines
    assert checkers["best-response"].states(line, display)
    assert not checkers["best-response"].failures(display)
    wrong = replace(line, right=line.right.subs(symbol(name), 2 * symbol(name)))
    assert checkers["best-response"].failures(replace(display, lines=(wrong,)))


def test_no_side_begins_with_a_minus_in_the_degenerate_case() -> None:
    lines = find("two-agent", "2.113").lines
    assert [latex(line.left)[0] for line in lines] == ["\\", "1"]


def test_letters_of_numbered_displays_make_the_symbol_table() -> None:
    """Neither an index, nor g_2 of (D.1), nor the letters of Cardano's form."""
    text = document.files(models())[document.DOCUMENT]
    table = text.partition("\\section{Symbols}")[2].partition("\\end{longtable}")[0]
    assert "$\\gamma$ &" in table and "$M_b$ &" in table
    assert not [x for x in ("k", "g_2", r"\rho") if f"${x}$ &" in table]


@pytest.mark.parametrize("plant", [_flipped, _scaled])
def test_planted_errors_among_different_agents(checkers: dict[str, Checker], plant: Any) -> None:
    checker, planted = checkers["two-agent"], 0
    for display in displays("two-agent"):
        for line in display.lines:
            if line.residual is None or checker.introduces(line, display):
                continue
            if display.proof == "definition":
                continue
            planted += 1
            wrong = replace(line, right=plant(line.right) if line.right else symbol("sigma"))
            assert not checker.failures(display), display.number
            assert checker.failures(replace(display, lines=(wrong,))), display.number
    assert planted >= 6


@pytest.mark.parametrize("number", ["A.9", "A.13", "A.7-A.8", "2.22", "A.22-A.23", "B.1"])
def test_nothing_holds_without_dynkins_formula(checkers: dict[str, Checker], number: str) -> None:
    display = find("best-response", number)
    bare = tuple(replace(line, equals=sp.S.Zero) for line in display.lines)
    assert not checkers["best-response"].failures(display)
    assert checkers["best-response"].failures(replace(display, lines=bare))


def test_the_loss_by_a_spike_needs_the_maximizer(checkers: dict[str, Checker]) -> None:
    display = find("best-response", "A.38-A.44")
    checker = checkers["best-response"]
    *before, squared, positive = display.lines
    shifted = squared.right.subs(paths.u, paths.u + 1)
    assert checker.holds(squared, display)
    assert not checker.holds(replace(squared, right=shifted), display)
    assert positive.equals is not None
    assert not checker.holds(replace(positive, equals=-positive.equals), display)


def test_a_wrong_growth_rate_is_seen(checkers: dict[str, Checker]) -> None:
    checker = checkers["best-response"]
    for number in ("2.76", "B.2-B.4", "growth"):
        display = find("best-response", number)
        assert not checker.failures(display), number
        rate = display.values[growth.GROWTH]
        wrong = {**display.values, growth.GROWTH: rate + symbol("r")}
        assert checker.failures(replace(display, values=wrong)), number


@pytest.mark.parametrize("place", range(3))
def test_wrong_weights_do_not_solve_the_comparison(
    checkers: dict[str, Checker], place: int
) -> None:
    display = find("best-response", "B.2-B.4")
    let = list(display.let)
    let[place] = replace(let[place], right=2 * let[place].right)
    assert checkers["best-response"].failures(replace(display, let=tuple(let)))


def test_many_agents_converge_to_the_mean_field(checkers: dict[str, Checker]) -> None:
    display = find("mean-field", "3.45")
    checker = checkers["mean-field"]
    assert len(display.evidence) == 9 and not checker.failures(display)
    for line in (*display.lines, *display.evidence):
        assert not checker.holds(replace(line, right=line.right + symbol("sigma")), display)


def test_constant_mean_field_equilibrium(checkers: dict[str, Checker]) -> None:
    display = find("mean-field", "3.41")
    (line,) = display.lines
    assert checkers["mean-field"].holds(line, display)
    for name in ("alpha", "sigma", "phi"):
        wrong = replace(line, right=line.right.subs(symbol(name), 2 * symbol(name)))
        assert not checkers["mean-field"].holds(wrong, display), name


# ------------------------------------------------- limits, against a large number

AGENT = ".12 .2 .2 .5 2 1 .5", ".10 .25 .15 .3 1.5 1 .2"
NAMES = "b nu sigma theta gamma alpha beta".split()


def _at_hazard(hazard: int) -> dict[str, Any]:
    """Everything that occurs in two agents' equilibrium at equal, large hazard rates."""
    agents = [
        {**dict(zip(NAMES, row.split())), "lam": str(hazard), "wealth": wealth, "weight": "1/2"}
        for row, wealth in zip(AGENT, "12")
    ]
    expected = two_agent(agents, ".03")
    assert expected["status"] == "ok"
    known: dict[str, Any] = {"r": spec.ctx.mpf(3) / 100}
    for k, (agent, found) in enumerate(zip(agents, expected["response"]), start=1):
        number = {n: spec.ctx.mpf(sp.Rational(v).p) / sp.Rational(v).q for n, v in agent.items()}
        known |= {f"{n}_{k}": number[n] for n in NAMES if n != "b"}
        known |= {f"lambda_{k}": number["lam"], f"B_{k}": number["b"] - known["r"]}
        known[f"s2_{k}"] = number["nu"] ** 2 + number["sigma"] ** 2
        known[f"kappa_{k}"] = 1 - number["theta"] / 2
        known |= {f"w_{k}": number["weight"], f"x_{k}": number["wealth"], f"p1_{k}": found["p1"]}
    derivation = model("two-agent").derivation
    averages = "BQb BQs BP sQb sQs sP M_b M_s".split()
    outputs = [symbol(f"{s}_{k}") for s in ("pi", "u", "P", "q3") for k in (1, 2)]
    outputs += [symbol(s) for s in averages]
    form = ClosedForm(derivation.form.needed(outputs), ())
    return {**known, **evaluated(form, known)}


def _limits() -> Iterator[tuple[str, Line]]:
    """The displays of the limits, for the first agent, their constants inserted."""
    case = {n: find("two-agent", n) for n in LARGE_HAZARD}
    (hat,) = find("two-agent", "2.115").lines
    (own,) = find("two-agent", "2.118").lines
    weight = sp.Rational(1, 2)
    competition = sum(
        weight
        * symbol(f"theta_{k}")
        * symbol(f"sigma_{k}") ** 2
        / (symbol(f"sigma_{k}") ** 2 + symbol(f"kappa_{k}") * symbol(f"nu_{k}") ** 2)
        for k in (1, 2)
    )
    for number, display in case.items():
        index = "2" if number == "2.117" else "1"

        def agent(expression: sp.Expr) -> sp.Expr:
            expression = expression.subs(own.left, own.right)
            expression = expression.xreplace(
                {symbol(f"ell_{index}"): own.right, hat.left: hat.right}
            )
            expression = expression.xreplace({symbol("psi"): competition})
            stems = {s: s.name.rpartition("_")[0] for s in expression.free_symbols}
            generic = {s: symbol(f"{e}_{index}") for s, e in stems.items() if s.name[-2:] == "_k"}
            return expression.xreplace(generic)

        for line in display.lines:
            yield number, Line(agent(line.left), agent(line.right))


def test_limits_at_a_large_hazard_rate() -> None:
    gaps: list[dict[str, Any]] = []
    wrong: list[Any] = []
    for hazard in (10**6, 10**8):
        values = {symbol(n): v for n, v in _at_hazard(hazard).items()}

        def number(expression: sp.Expr) -> Any:
            program = sp.lambdify(list(values), expression, "mpmath")
            return program(*values.values())

        found = [(n, number(x.left), number(x.right)) for n, x in _limits()]
        gaps.append({f"{k}:{n}": abs(a - b) for k, (n, a, b) in enumerate(found)})
        wrong.append([abs(a - b * (1 + spec.ctx.mpf(1) / 1000)) for _, a, b in found if b != 0])
    assert len(gaps[0]) == 13
    for name, gap in gaps[1].items():
        # the error is of the order of the reciprocal hazard rate
        assert gap < 1e-6, name
        assert gap <= gaps[0][name] / 50 or gap < 1e-30, name
    assert min(wrong[1]) > 1e-6


# ----------------------------------------------------------------- functionals

f, g, s, t, T = sp.symbols("f g s t T")


def test_functionals_are_linear() -> None:
    def mean(x: sp.Expr) -> sp.Expr:
        return Expectation(TimeIntegral(Discount(2, t, s) * Along(x, s), s, t, T))

    def vanishes(x: sp.Expr) -> bool:
        return bool(sp.expand(plain(x)) == 0)

    assert vanishes(mean(InOrder(f, -3 * g)) - mean(f) + 3 * mean(g))
    assert not vanishes(mean(f * g) - mean(f) * mean(g))
    assert not vanishes(mean(f) - f)
    assert not vanishes(mean(f) - Expectation(TimeIntegral(Along(f, s), s, t, T)))
    assert not vanishes(Along(f, T) - Along(f, s))
    assert not vanishes(Expectation(f) - Expectation(f, "A"))
    assert not vanishes(TimeIntegral(f, s, t, T) - TimeIntegral(f, s, t, sp.oo))
    assert vanishes(Variance(f / g) - Variance(f) / g**2)
    assert vanishes(Variance(2 * f + 2 * g) - 4 * Variance(f + g))
    assert not vanishes(Variance(f + g) - Variance(f - g))
    assert not vanishes(Variance(f / g) - Variance(f) / g)
    assert not vanishes(Variance(f + g) - Variance(f) - Variance(g))
    assert vanishes(Meant(f, 2 * g) - 2 * g)


@pytest.mark.parametrize(
    "expression, expected",
    [
        (Along(symbol("x") ** 2, s), "X_s^2"),
        (Along(sp.Function("G")(symbol("x")), t + s), "G(X_{t + s}, Y_{t + s})"),
        (Discount(symbol("lambda"), t, s), r"e^{-\lambda (s - t)}"),
        (Discount(symbol("lambda"), t, t + s), r"e^{-\lambda s}"),
        (Expectation(f / g), r"\mathbb{E}\Bigl[ \frac{f}{g} \Bigr]"),
        (Expectation(f) / g, r"\frac{1}{g} \mathbb{E}\bigl[ f \bigr]"),
        (TimeIntegral(InOrder(f, g), s, t, sp.oo), r"\int_{t}^{\infty} (f + g) \, ds"),
        (FirstTime(s, t, symbol("y"), f), r"\inf \lbrace s \geq t : Y_s \geq f \rbrace"),
        (Earlier(s, t), r"s \wedge t"),
        (LowerLimit(f / s, s, sp.S.Zero), r"\liminf_{s \downarrow 0} \frac{f}{s}"),
        (Vector(f, g), "(f, g)"),
        (Meant(f, g), "f"),
        (sp.Abs(f), "|f|"),
    ],
)
def test_print(expression: sp.Expr, expected: str) -> None:
    assert latex(expression) == expected


def test_displays_are_placed_by_number() -> None:
    def display(number: str) -> Display:
        return Display(number, "", (), "definition", "definition")

    before = [display(n) for n in ("2.9", "2.11-2.13", "word", "A.1")]
    found = lines.placed(before, [display("2.10")], [display("2.14"), display("more")])
    assert [d.number for d in found] == "2.9 2.10 2.11-2.13 word 2.14 more A.1".split()


# ----------------------------------------------------------------------- files


def test_golden() -> None:
    written = document.files([model("two-agent")])
    text = "\n".join(written[document.file_name(d)] for d in displays("two-agent"))
    if os.environ.get("EQSOLVE_WRITE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == text


@pytest.mark.skipif(
    not shutil.which("pdflatex") and not os.environ.get("EQSOLVE_REQUIRE_TOOLS"),
    reason="pdflatex is not installed",
)
def test_whole_document_compiles(tmp_path: Path) -> None:
    document.write(tmp_path, models())
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", document.DOCUMENT]
    for _ in range(2):
        log = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert log.returncode == 0, log.stdout[-2000:]
    assert "Overfull" not in log.stdout
    assert "undefined" not in log.stdout
    assert "multiply" not in log.stdout


def test_the_recalled_strategy_is_the_equilibrium(checkers: dict[str, Checker]) -> None:
    display = types.recalled()
    (line,) = display.lines
    assert checkers["n-agent"].holds(line, display)
    assert not checkers["n-agent"].holds(replace(line, right=line.right + symbol("k3")), display)


@pytest.mark.parametrize(
    ("game", "notions", "solutions"),
    [
        ("n-agent", ["given-aggregate", "closed-loop"], ["stationary"]),
        ("systemic-risk", ["feedback", "open-loop", "given", "planner"], ["finite horizon"]),
        ("lq-regulator", ["feedback"], ["stationary", "finite horizon"]),
        ("two-agent", ["given-aggregate", "closed-loop"], ["stationary"]),
        ("best-response", ["given-aggregate"], ["stationary"]),
    ],
)
def test_a_listing_tells_notions_and_solutions(
    game: str, notions: list[str], solutions: list[str]
) -> None:
    told = json.loads(CliRunner().invoke(cli, ["list", game, "--json"]).stdout)[0]
    assert (told["notions"], told["solutions"]) == (notions, solutions)
    text = CliRunner().invoke(cli, ["list", game]).stdout
    assert f"notions: {', '.join(notions)}\n" in text and ", ".join(solutions) in text
