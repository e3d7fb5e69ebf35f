"""Certificates of answers, checked by the script that knows nothing of eqsolve."""

from __future__ import annotations

import ast
import copy
import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner
from flint import ctx

from eqsolve.cli import cli
from eqsolve.derivation.derivation import derived
from eqsolve.game import Model
from eqsolve.game.structure import build
from eqsolve.places import Found
from eqsolve.program.make import program
from eqsolve.registry import games, resolve
from eqsolve.solve.certificate import certificate
from eqsolve.solve.lyapunov import lyapunov

DOCS = Path(__file__).parent.parent / "docs"
SCRIPTS = [DOCS / f"{name}.py" for name in ("count_solutions", "check_certificate")]


def _loaded(script: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(script.stem, script)
    assert spec is not None and spec.loader is not None
    found = sys.modules[script.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


counter, checker = map(_loaded, SCRIPTS)

Certificate = dict[str, Any]


@pytest.fixture(autouse=True)
def _own_context() -> Iterator[None]:
    """The script sets precision and length of series for its process, which here is not its own."""
    prec, cap = ctx.prec, ctx.cap
    yield
    ctx.prec, ctx.cap = prec, cap


@cache
def _made(game: str, notion: str | None) -> str:
    exported: Any = resolve(game).exported
    model = build(exported, {}, notion=notion)
    case = next(iter(model.cases.values()))
    return json.dumps(certificate(program(derived(model), model), case))


def made(game: str, notion: str | None = None) -> Certificate:
    """The certificate of a game's first case, as it is read from a file."""
    found: Certificate = json.loads(_made(game, notion))
    return found


def check(document: Certificate, folder: Path) -> None:
    path = folder / "certificate.json"
    path.write_text(json.dumps(document))
    checker.main(path)


def test_the_checker_shares_nothing_with_what_it_checks() -> None:
    nodes = [n for script in SCRIPTS for n in ast.walk(ast.parse(script.read_text()))]
    imported = {a.name for n in nodes if isinstance(n, ast.Import) for a in n.names}
    imported |= {(n.module or "").split(".")[0] for n in nodes if isinstance(n, ast.ImportFrom)}
    plain = {"json", "operator", "sys", "functools", "itertools", "math", "pathlib"}
    assert imported == {*plain, "flint", "count_solutions"}


def test_the_scripts_are_as_short_as_is_said() -> None:
    told = (DOCS / "certificates.md").read_text()
    for script in SCRIPTS:
        tree = ast.parse(script.read_text())
        texts = [n.body[0] for n in ast.walk(tree) if isinstance(n, (ast.Module, ast.FunctionDef))]
        words = [t for t in texts if isinstance(t, ast.Expr) and isinstance(t.value, ast.Constant)]
        written = {k for w in words for k in range(w.lineno, (w.end_lineno or w.lineno) + 1)}
        lines = enumerate(script.read_text().splitlines(), 1)
        code = [n for n, t in lines if t.strip() and t.strip()[0] != "#" and n not in written]
        assert len(code) < 200
        assert f"{len(code)} lines" in told


def _cases() -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    for game in games():
        if isinstance(game, Found) and isinstance(game.model, Model) and game.model.cases:
            crowd = game.model.game.crowd
            if crowd is None or not crowd.own:
                found.append((game.name, None))
    return found + [
        ("exit-externality", "planner"),
        ("relative-wealth", "feedback"),
        ("execution", "planner"),
        ("sticky-prices", "open-loop"),
    ]


@pytest.mark.parametrize(("game", "notion"), _cases())
def test_every_game_has_a_certificate(
    game: str, notion: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = made(game, notion)
    check(document, tmp_path)
    printed = capsys.readouterr().out
    assert f"double precision: {len(document['results'])}" in printed
    assert document["results"]
    if document["moving"]:
        assert "on the way: none" in printed
    else:
        assert "admissible solutions: 1;" in printed
        # of what is no polynomial nobody counts the solutions
        counted = None if game == "merton-jump" else len(document["solutions"])
        assert document["number"] == counted
        assert ("there are no others" in printed) == (counted is not None)


def test_without_a_number_others_may_be_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = made("regulator")
    _left_out(document)
    document["number"] = None
    check(document, tmp_path)
    assert "others are not excluded here" in capsys.readouterr().out


# ------------------------------------------------------------------------------ planted errors


def _box(document: Certificate) -> None:
    (_, box), *_ = document["solutions"][0]["boxes"].items()
    box[0] += box[0] >> 60


def _narrow(document: Certificate) -> None:
    (_, box), *_ = document["solutions"][0]["boxes"].items()
    box[2] = 0.0


def _twice(document: Certificate) -> None:
    document["solutions"].append(document["solutions"][0])


def _left_out(document: Certificate) -> None:
    document["solutions"] = [document["solutions"][document["selected"]]]
    document["selected"], document["number"] = 0, 1


def _more(document: Certificate) -> None:
    document["number"] += 1


def _fewer(document: Certificate) -> None:
    document["number"] -= 1


def _invented(document: Certificate) -> None:
    document["solutions"].append(copy.deepcopy(document["solutions"][0]))
    for box in document["solutions"][-1]["boxes"].values():
        box[0] += box[0] >> 20
    document["number"] += 1


def _affine(document: Certificate) -> None:
    (core, stages, _), *rest = document["groups"]
    document["groups"] = [[[], [[*core, *stages[0]]], []], *rest]


def _parameter(document: Certificate) -> None:
    name = next(iter(document["parameters"]))
    document["parameters"][name] = f"{document['parameters'][name].split('/')[0]}/7"


def _result(document: Certificate) -> None:
    result = next(r for r in document["results"] if r[2])
    result[2] *= 1 + 1e-15


def _claim(document: Certificate) -> None:
    code = document["claims"][-1][1]
    code["constants"].append("-1")
    first = len(code["arguments"]) + len(code["constants"]) - 1
    # the new constant moves the results of all steps by one
    code["steps"] = [[s, *(k + (k >= first) for k in places)] for s, *places in code["steps"]]
    outputs = [k + (k >= first) for k in code["outputs"]]
    code["steps"].append(["mul", first, outputs[0]])
    code["outputs"] = [first + len(code["steps"])]


def _growth(document: Certificate) -> None:
    proof = document["solutions"][document["selected"]]["growth"][0]
    proof["P"] = [[-v for v in row] for row in proof["P"]]


def _finite(document: Certificate) -> None:
    for solution in document["solutions"]:
        for proof in solution["growth"]:
            proof["finite"] = not proof["finite"]


def _indefinite(document: Certificate) -> None:
    proof = document["solutions"][document["selected"]]["growth"][0]
    proof["P"][-1][-1] = 0.0


def _direction(document: Certificate) -> None:
    (proof,) = (p for s in document["solutions"] for p in s["growth"] if not p["finite"])
    proof["v"] = [0.0 for _ in proof["v"]]


def _discount(document: Certificate) -> None:
    for system in document["growth"]:
        system["rate"] = {**system["rate"], "constants": ["-9"], "arguments": [], "steps": []}
        system["rate"]["outputs"] = [0]


def _functions(document: Certificate) -> None:
    proof = document["solutions"][document["selected"]]["growth"][0]
    proof["functions"].pop()
    proof["P"] = [row[:-1] for row in proof["P"][:-1]]


def _selected(document: Certificate) -> None:
    document["selected"] = (document["selected"] + 1) % len(document["solutions"])


def _order(document: Certificate) -> None:
    document["groups"].reverse()


def _block(document: Certificate) -> None:
    document["groups"].pop()


def _format(document: Certificate) -> None:
    document["format"] = "eqsolve certificate 0"


ALGEBRAIC: dict[str, Callable[[Certificate], None]] = {
    "box moved": _box,
    "box too narrow": _narrow,
    "solution counted twice": _twice,
    "solution left out": _left_out,
    "solution invented": _invented,
    "one solution too many": _more,
    "one solution too few": _fewer,
    "said to be affine": _affine,
    "other parameter": _parameter,
    "other result": _result,
    "condition of the other sign": _claim,
    "Lyapunov function of the other sign": _growth,
    "Lyapunov function not definite": _indefinite,
    "direction of growth left out": _direction,
    "other discounting": _discount,
    "finite for infinite": _finite,
    "function left out": _functions,
    "other selection": _selected,
    "other order of groups": _order,
    "group left out": _block,
    "other format": _format,
}


@pytest.mark.parametrize("error", ALGEBRAIC)
def test_an_error_in_an_algebraic_certificate_is_seen(error: str, tmp_path: Path) -> None:
    document = made("regulator")
    ALGEBRAIC[error](document)
    with pytest.raises(SystemExit, match="not so: "):
        check(document, tmp_path)


def _over(document: Certificate) -> None:
    step = document["moving"]["steps"][0]
    step["over"] = step["at"]


def _at(document: Certificate) -> None:
    box = document["moving"]["steps"][0]["at"][0]
    box[0] += box[0] >> 60


def _step(document: Certificate) -> None:
    del document["moving"]["steps"][0]


def _remainder(document: Certificate) -> None:
    for step in document["moving"]["steps"]:
        for box in step["at"]:
            box[2] = abs(box[0]) * 2.0 ** (box[1] - 180)


def _taylor(document: Certificate) -> None:
    document["moving"]["order"] = 4


def _shuffled(document: Certificate) -> None:
    document["moving"]["steps"].reverse()


def _start(document: Certificate) -> None:
    code = document["moving"]["start"]
    code["constants"] = ["1/1000000" for _ in code["constants"]]


def _rate(document: Certificate) -> None:
    """Another parameter of those that the rates are written in."""
    used = {*document["moving"]["rates"]["arguments"]} & document["parameters"].keys()
    name = min(used)
    document["parameters"][name] = str(Fraction(document["parameters"][name]) + 1)


def _time(document: Certificate) -> None:
    document["at"]["t"] = "1/3"


@pytest.mark.parametrize(
    "plant",
    [_over, _at, _remainder, _taylor, _step, _shuffled, _start, _time, _rate, _result, _claim],
)
@pytest.mark.parametrize("game", ["kim-omberg", "systemic-risk"])
def test_an_error_in_a_certificate_of_a_horizon_is_seen(
    game: str, plant: Callable[[Certificate], None], tmp_path: Path
) -> None:
    document = made(game)
    planted = copy.deepcopy(document)
    plant(planted)
    if planted == document:
        pytest.fail("nothing was planted")
    with pytest.raises(SystemExit, match="not so: "):
        check(planted, tmp_path)


def test_the_fixed_point_is_checked(tmp_path: Path) -> None:
    document = made("relative-wealth")
    ((letters, fixed),) = document["fixed"]
    assert letters
    # another right side of the first equation
    fixed["outputs"][-1] = fixed["outputs"][0]
    with pytest.raises(SystemExit, match="not so: "):
        check(document, tmp_path)


# ------------------------------------------------------------------ players who differ, and loops


PLAYERS = (
    ["b=2/25", "nu=1/10", "sigma=1/5", "theta=1/2"],
    ["gamma=2", "alpha=1", "beta=1/2", "lambda=3/5"],
)


@cache
def _written(*arguments: str) -> str:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "c.json"
        done = CliRunner().invoke(cli, ["solve", *arguments, "--certificate", str(path)])
        assert done.exit_code == 0, done.output
        return path.read_text()


def solved(*arguments: str) -> Certificate:
    """What the command writes."""
    found: Certificate = json.loads(_written(*arguments))
    return found


def differ() -> Certificate:
    """Three players of two types who respond to each other: two are alike."""
    rest = [p for row in PLAYERS for p in row if not p.startswith("b=")]
    given = [*rest, "r=1/50", "b_1=2/25", "b_2=9/100", "weight_1=2/3", "weight_2=1/3"]
    pairs = [part for pair in given for part in ("-p", pair)]
    return solved("relative-wealth", "--notion", "given", "--size", "3", *pairs)


def managers() -> Certificate:
    """Two managers whose averages are numbers that are found first."""
    given = ["mu_1=2/25", "mu_2=1/10", "nu=1/5", "sigma=1/5", "theta_1=1/2", "theta_2=1/3"]
    pairs = [part for pair in [*given, "delta=1", "T=1"] for part in ("-p", pair)]
    return solved("lacker-zariphopoulou-cara", *pairs)


def loop() -> Certificate:
    """Everybody responds to feedback."""
    return solved("mean-field", "--set", "S1", "--equilibrium", "closed-loop")


def apart() -> Certificate:
    """The same of two agents who do not compete: a first unknown of the solution is 0."""
    game = ["n-agent", "--set", "S1", "--equilibrium", "closed-loop"]
    return solved(*game, "-p", "n=2", "-p", "theta=0")


def test_solutions_are_counted_where_a_first_unknown_is_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = apart()
    (core, _, parts), *_ = document["groups"]
    zero = [s for s in document["solutions"] if s["boxes"]["p2"][0] == 0]
    assert len(zero) == 1 and "p2" in core and [name for name, *_ in parts] == ["p2"]
    assert document["number"] == len(document["solutions"]) == 9
    check(document, tmp_path)
    assert "there are no others" in capsys.readouterr().out


@pytest.mark.parametrize("error", ["zero left out", "another left out", "not apart"])
def test_an_error_where_a_first_unknown_is_zero_is_seen(error: str, tmp_path: Path) -> None:
    document = apart()
    if error == "not apart":
        document["groups"][0][2] = []
    else:
        lost = next(
            s
            for k, s in enumerate(document["solutions"])
            if (s["boxes"]["p2"][0] == 0) == (error == "zero left out")
        )
        document["solutions"].remove(lost)
        document["number"] -= 1
        document["selected"] = 0
    with pytest.raises(SystemExit, match="not so: there are "):
        check(document, tmp_path)


def test_players_who_differ_have_a_certificate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check(differ(), tmp_path)
    check(managers(), tmp_path)
    printed = capsys.readouterr().out
    assert printed.count("admissible solutions: 1;") == 2
    assert "not shown" not in printed.replace("not shown on the way: none", "")


def test_agents_of_the_family_who_differ_have_a_certificate(tmp_path: Path) -> None:
    given = [f"{part.replace('=', f'_{k}=')}" for k in (1, 2) for row in PLAYERS for part in row]
    pairs = [part for pair in ["r=1/50", *given] for part in ("-p", pair)]
    document = solved("two-agent", *pairs)
    assert document["game"] == "two-agent"
    check(document, tmp_path)


def test_closed_loops_have_a_certificate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = loop()
    check(document, tmp_path)
    assert "admissible solutions: 1;" in capsys.readouterr().out
    assert len(document["solutions"]) > 1


#: How many real solutions the closed loops of few and of many agents have, and of a continuum.
LOOPS: dict[str, dict[int | None, int]] = {
    "S1": {2: 8, 3: 13, 10: 15, 100: 19, None: 3},
    "S2": {2: 10, 3: 15, 10: 15, 100: 17, None: 1},
    "S3": {2: 8, 3: 15, 10: 17, 100: 19, None: 1},
}


@pytest.mark.parametrize(
    ("named", "size"),
    [
        pytest.param(named, n, marks=() if (named, n) == ("S1", 2) else pytest.mark.full)
        for named, numbers in LOOPS.items()
        for n in numbers
    ],
)
def test_closed_loops_have_no_other_solutions(
    named: str, size: int | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    game = ["mean-field"] if size is None else ["n-agent", "-p", f"n={size}"]
    document = solved(*game, "--set", named, "--equilibrium", "closed-loop")
    assert document["number"] == len(document["solutions"]) == LOOPS[named][size]
    check(document, tmp_path)
    printed = capsys.readouterr().out
    assert "there are no others" in printed
    assert "admissible solutions: 1;" in printed
    document["solutions"].pop(0 if document["selected"] else -1)
    document["selected"] -= document["selected"] > 0
    document["number"] -= 1
    with pytest.raises(SystemExit, match="not so: there are"):
        check(document, tmp_path)


def test_determinants_that_vanish_at_solutions_are_not_divided_by() -> None:
    """``x y = 0, x (y - 1) = 0`` by Cramer's rule for y: the solutions x = 0 are a line."""
    ring = counter.fmpq_mpoly_ctx.get(["x", "y"], "degrevlex")
    x, y = ring.gens()
    assert counter.bound({0: x * (y - 1), 1: x * y}, [0], [[1]]) != 0
    # here x = 0 is excluded by the other equation
    assert counter.bound({0: x * (y - 1), 1: x * y - 1}, [0], [[1]]) == 1
    assert counter.bound({0: x**2 - y, 1: y - 1}, [0], [[1]]) == 2
    assert counter.bound({0: x**2 + y, 1: y - 1}, [0], [[1]]) == 0
    assert counter.bound({0: x**2 - x, 1: y**2 - 1 + 0 * x}, [0, 1], []) == 4
    assert counter.bound({0: x * y, 1: x * (y - 1)}, [0, 1], []) is None


def test_one_who_is_alone_has_a_certificate(tmp_path: Path) -> None:
    check(solved("n-agent", "--set", "S1", "-p", "n=1"), tmp_path)


ALONE = ["r=1/50", "b=2/25", "nu=1/10", "sigma=1/5", "gamma=2", "alpha=1", "beta=1/2"]


def moving(*options: str) -> Certificate:
    """One agent under a hazard rate that moves in time."""
    pairs = [part for pair in ALONE for part in ("-p", pair)]
    return solved("one-agent", *pairs, "--hazard", *options)


def pieces() -> Certificate:
    return moving("piecewise:0=.5,1=.6")


def formula() -> Certificate:
    return moving("expr:.5+.1*exp(-t)", "--horizon", "1")


@pytest.mark.parametrize("make", [pieces, formula])
def test_hazard_rates_that_move_have_a_certificate(
    make: Callable[[], Certificate], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = make()
    check(document, tmp_path)
    printed = capsys.readouterr().out
    assert "solved to time to go 1; not shown on the way: none" in printed
    assert f"double precision: {len(document['results'])}" in printed


def _shrunk(document: Certificate) -> None:
    for box in document["moving"]["steps"][0]["over"]:
        box[2] /= 1e6


def _longer(document: Certificate) -> None:
    document["moving"]["end"] = "2"


def _tail(document: Certificate) -> None:
    _moved(document["moving"]["after"])


def _type_box(document: Certificate) -> None:
    _moved(document["types"][1])


def _moved(document: Certificate) -> None:
    """A root that is moved by 1e-9."""
    (_, box), *_ = document["solutions"][document["selected"]]["boxes"].items()
    box[0] += box[0] // 10**9


def _joint(document: Certificate) -> None:
    code = document["fixed"][0][1]
    code["outputs"][-1] = code["outputs"][0]


def _reaction(document: Certificate) -> None:
    code = document["fixed"][-1][1]
    code["outputs"][-1] = code["outputs"][0]


def _play(document: Certificate) -> None:
    proof = document["play"][0][1]
    proof["P"][0][0] *= -1


def _unproved(document: Certificate) -> None:
    document["play"][1][1]["functions"].pop()


def _strategy(document: Certificate) -> None:
    document["results"][0][2] *= 1 + 1e-15


def _average(document: Certificate) -> None:
    name, _ = document["averages"][0]
    for own in document["types"]:
        own["parameters"][name] = str(Fraction(own["parameters"][name]) + Fraction(1, 10**20))


def _own(document: Certificate) -> None:
    document["types"][0]["parameters"]["theta"] = "3/5"


def _type(document: Certificate) -> None:
    document["types"].reverse()


@pytest.mark.parametrize(
    ("make", "plant"),
    [
        *((differ, p) for p in (_type_box, _joint, _reaction, _play, _unproved, _strategy, _type)),
        *((managers, p) for p in (_average, _own)),
        *((loop, p) for p in (_moved, _growth, _functions)),
        *((pieces, p) for p in (_shrunk, _longer, _tail)),
        (formula, _at),
    ],
)
def test_an_error_in_a_certificate_of_several_is_seen(
    make: Callable[[], Certificate], plant: Callable[[Certificate], None], tmp_path: Path
) -> None:
    document = make()
    plant(document)
    with pytest.raises(SystemExit, match="not so: "):
        check(document, tmp_path)


# ------------------------------------------------------------------------------- the command


def test_the_command_writes_what_the_script_checks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.json"
    given = ["solve", "n-agent", "--set", "S1", "-p", "n=10", "--certificate", str(path)]
    done = CliRunner().invoke(cli, given)
    assert done.exit_code == 0, done.output
    checker.main(path)
    assert "there are no others" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["n-agent", "--set", "S1", "-p", "n=1", "--notion", "feedback"], "no closed loop"),
        (
            ["one-agent", *(part for pair in ALONE for part in ("-p", pair))]
            + ["--hazard", "gompertz:1,1"],
            "horizons that grow",
        ),
        (["regulator", "--certificate", "/dev/null/c.json"], "cannot be written"),
    ],
)
def test_what_has_no_certificate_is_refused(
    arguments: list[str], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "c.json"
    done = CliRunner().invoke(cli, ["solve", "--certificate", str(path), *arguments])
    assert done.exit_code == 2
    assert reason in done.output
    assert not path.exists()


def test_without_an_equilibrium_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    given = ["solve", "regulator", "-p", "sigma=0", "-p", "lambda=0", "--certificate", str(path)]
    done = CliRunner().invoke(cli, given)
    assert done.exit_code != 0
    assert not path.exists()


def test_growth_at_the_rate_of_discounting_has_no_lyapunov_function() -> None:
    from flint import arb

    assert lyapunov([[arb(0)]]) is None
    stable, unstable = lyapunov([[arb(-1)]]), lyapunov([[arb(1)]])
    assert stable is not None and stable["finite"]
    assert unstable is not None and not unstable["finite"]
