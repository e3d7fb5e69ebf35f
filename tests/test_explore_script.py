"""The JavaScript of games against enclosures and kernels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp

from eqsolve import kernel
from eqsolve.derivation.derivation import Derivation, derived
from eqsolve.explore.bundle import Bundle, bundle
from eqsolve.explore.start import explored
from eqsolve.game import Model
from eqsolve.kernels.steps.kernel import model_kernel
from eqsolve.registry import resolve
from eqsolve.solve.solve import solve
from eqsolve.solve.types import solve_types
from eqsolve.status import Status
from games import ALL_GAMES, Row
from hard_families import FAMILIES
from scripted import ANSWERS, Found, answers, asking, read, run

#: Agreement, relative to the size of a number, or to one where it is smaller than ``SMALL``.
CLOSE, SMALL = 1e-12, 1e-8
#: Where coefficients are integrated in time, the kernel and the script err by this at most.
INTEGRATED = 1e-9
#: Of 1,000 points, those at most where a kernel in doubles may differ and enclosures decide.
APART = 50
#: Two games that are cheap: roots that are chosen among, and a closed form in time.
QUICK = ("exit-externality", "heston")
#: All that have a script.


def model_of(game: str) -> Model:
    """What the engine solves of a game."""
    found: Any = resolve(game).model
    if not isinstance(found, Model):
        found = (found.restated.own or found.restated.source)()
    model: Model = found
    return model


def of_types(row: Row) -> bool:
    """Whether players have types of their own."""
    crowd = model_of(row.name).game.crowd
    return crowd is not None and bool(crowd.own)


ROWS = [row for row in ALL_GAMES if not row.how and row.verbs["explore"] is True]
#: Those whose players have types of their own.
DIFFERENT = [row for row in ROWS if of_types(row)]
GAMES = [row for row in ROWS if row not in DIFFERENT]
#: One of them is asked in the quick tests, at so many points.
FEW_POINTS = 4


def start(row: Row, made: Bundle) -> dict[str, float]:
    """The parameters of the first set, or those of the walk, and states of size one."""
    case = dict(row.case) or dict(
        part.split("=", 1) for part in row.given if "=" in part and not part.startswith("-")
    )
    case = {"lambda" if name == "lam" else name: value for name, value in case.items()}
    values = {name: float(_ratio(case[name])) for name in made.inputs if name in case}
    return values | {name: values.get(name, 0.75) for name in made.states}


def _ratio(text: object) -> float:
    top, _, below = str(text).partition("/")
    return float(top) / float(below or 1)


def points(row: Row, made: Bundle, count: int, seed: int = 5) -> list[dict[str, float]]:
    """The start, and points around it; counts stay what they are."""
    rng = np.random.default_rng(seed)
    first = start(row, made)
    found = [first]
    for factors in np.exp(rng.uniform(-0.4, 0.4, (count - 1, len(first)))):
        moved = {
            name: value if value == int(value) and value > 2 else round(float(value * factor), 6)
            for (name, value), factor in zip(first.items(), factors)
        }
        # a correlation stays one
        moved |= {n: max(-1.0, min(1.0, v)) for n, v in moved.items() if n == "rho"}
        found.append(moved)
    return found


def far(found: float, wanted: float) -> float:
    """The distance of two numbers relative to their size."""
    if np.isnan(found) and np.isnan(wanted):
        return 0.0
    return abs(found - wanted) / max(abs(wanted), SMALL)


def against_enclosures(
    game: str, made: Bundle, given: list[dict[str, float]], found: list[Found]
) -> float:
    """The largest distance to certified numbers; statuses must be equal."""
    model, worst = model_of(game), 0.0
    for values, own in zip(given, found, strict=True):
        parts = {n: Fraction(v) for n, v in values.items() if n not in made.states}
        at = {s.name: Fraction(values[s.name]) for s in model.game.state_symbols}
        answer = solve(model, parts, at=at)
        assert answer.status is Status(own.status), (values, answer.message, own.sentence)
        if not answer.ok:
            continue
        wanted = dict(answer.coefficients)
        for control, table in answer.strategy.items():
            wanted |= {f"{control}_{name}": value for name, value in table.items()}
        shared = {*wanted} & {*made.columns}
        assert shared
        worst = max(worst, *(far(own.columns[name], wanted[name]) for name in shared))
    return worst


@dataclass(frozen=True)
class Asked:
    """The points of a game, and its answers there."""

    made: Bundle
    points: list[dict[str, float]]
    found: list[Found]


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Cheap games, one of them with a planted error, a time, numbers beyond doubles."""
    rows = {row.name: row for row in GAMES if row.name in QUICK}
    made = {game: bundle(derived(model_of(game))) for game in QUICK}
    given = {game: points(rows[game], made[game], 12) for game in QUICK}
    first = made[QUICK[0]]
    wrong = first.script.replace("Add(", "Sub(", 1)
    assert wrong != first.script
    scripts = [asking(made[game], given[game]) for game in QUICK]
    scripts.append(asking(first, given[QUICK[0]], first.text.replace(first.script, wrong)))
    scripts.append(timing(first, start(rows[QUICK[0]], first)))
    beyond = [start(rows["heston"], made["heston"]) | {name: 1e12} for name in ("r", "g", "L")]
    scripts.append(asking(made["heston"], beyond))
    *documents, planted, (took,), last = run(scripts, tmp_path_factory.mktemp("quick"))
    answered = {
        game: Asked(made[game], given[game], read(made[game], document))
        for game, document in zip(QUICK, documents)
    }
    statuses = [one.status for one in read(made["heston"], last)]
    return answered, read(first, planted), took, statuses


@pytest.mark.parametrize("game", QUICK)
def test_scripts_agree_with_enclosures(game: str, quick: Any) -> None:
    asked = quick[0][game]
    assert against_enclosures(game, asked.made, asked.points, asked.found) < CLOSE
    assert Status.OK in {one.status for one in asked.found}


def test_a_flipped_sign_is_seen(quick: Any) -> None:
    asked = quick[0][QUICK[0]]
    with pytest.raises(AssertionError):
        assert against_enclosures(QUICK[0], asked.made, asked.points, quick[1]) < CLOSE


def test_the_time_of_an_answer_is_told(quick: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert quick[2] > 0
    with capsys.disabled():
        print(f" {QUICK[0]}: 200 points in {quick[2]:.1f} ms", end="")


def test_numbers_beyond_doubles_are_no_verdict(quick: Any) -> None:
    assert quick[3] == [Status.UNRESOLVED] * 3


def timing(made: Bundle, given: Mapping[str, float]) -> str:
    """A script for the milliseconds of 200 points: the best of twenty curves, once compiled."""
    place = json.dumps([float(given.get(name, 0.0)) for name in made.inputs])
    return f"""{made.text}
const base = {place}, all = {json.dumps([True] * len(made.states))};
let best = Infinity;
for (let turn = 0; turn < 20; turn++) {{
  const began = performance.now();
  for (let k = 0; k < 200; k++) {{
    const pairs = new Float64Array(2 * base.length);
    base.forEach((x, i) => (pairs[2 * i] = i ? x : x * (0.8 + 0.002 * k)));
    decide(pairs, all);
  }}
  best = Math.min(best, performance.now() - began);
}}
const answers = [best];
"""


@pytest.mark.full
@pytest.mark.parametrize("row", GAMES, ids=str)
def test_scripts_agree_with_kernels(
    row: Row, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    derivation = derived(model_of(row.name))
    made = bundle(derivation)
    given = points(row, made, 1000)
    document, (took,) = run([asking(made, given), timing(made, start(row, made))], tmp_path)
    found = read(made, document)
    compiling = model_kernel(derivation)
    others = {*made.states} - {*compiling.states}
    compiled = compiling.evaluate(
        {name: np.array([p[name] for p in given]) for name in given[0] if name not in others}
        | _in_letters_of_the_kernel(derivation, given)
    )
    integrated = "integrate_" in made.script
    allowed = INTEGRATED if integrated else CLOSE
    # the strategy in other letters is compared with enclosures only
    written = {c for c in made.columns if derivation.model.coordinates and c.startswith("pi_")}
    worst, apart = 0.0, []
    for k, own in enumerate(found):
        status = int(compiled["status"][k])
        same = own.status == status
        if same and status == Status.OK:
            shared = {*own.columns} & {*compiled} - written
            error = max(far(own.columns[name], float(compiled[name][k])) for name in shared)
            worst, same = max(worst, error if error < allowed else 0.0), error < allowed
        if not same:
            apart.append(k)
    # where doubles do not decide, or lose digits, enclosures do; at the start they see that kernel
    # and script have what ``solve`` has in every column
    assert len(apart) <= APART
    chosen = sorted({0, *apart})
    distance = against_enclosures(
        row.name, made, [given[k] for k in chosen], [found[k] for k in chosen]
    )
    assert distance < allowed
    with capsys.disabled():
        print(
            f" {row.name}: kernel within {worst:.1e}, {len(apart)} of 1000 by enclosures"
            f" (within {distance:.1e}), 200 points in {took:.1f} ms",
            end="",
        )


def _in_letters_of_the_kernel(
    derivation: Derivation, given: list[dict[str, float]]
) -> dict[str, Any]:
    """States that the script takes in other letters; the strategy's columns are then others."""
    found = {}
    for symbol, expression in derivation.model.coordinates.items():
        letters = sorted(expression.free_symbols, key=str)
        function = sp.lambdify(letters, expression)
        found[symbol.name] = np.array([function(*(p[s.name] for s in letters)) for p in given])
    return found


@pytest.mark.full
@pytest.mark.parametrize("family", FAMILIES)
def test_scripts_hold_on_hard_families(family: str, tmp_path: Path) -> None:
    game = "n-agent"
    made = bundle(derived(model_of(game)))
    drawn = FAMILIES[family](np.random.default_rng(11), 400)
    compiled = kernel(game).evaluate(drawn)
    given: list[Mapping[str, float | str]] = [
        {("lambda" if n == "lam" else n): float(v[k]) for n, v in drawn.items() if n not in "xy"}
        for k in range(400)
    ]
    found = answers(made, given, tmp_path)
    for k, own in enumerate(found):
        if _outside(given[k]):
            continue
        assert own.status == int(compiled["status"][k]), (given[k], own.sentence)
        if own.status == Status.OK:
            wanted = float(compiled["p1"][k])
            assert abs(own.columns["p1"] - wanted) <= CLOSE * abs(wanted) + 1e-24


def _outside(point: Mapping[str, float | str]) -> bool:
    """Numbers that ``solve`` refuses for their size."""
    return any(v != 0 and not 1e-30 < abs(float(v)) < 1e30 for v in point.values())


@dataclass(frozen=True)
class Everybody:
    """A few players with types of their own: their page's script and what solves them."""

    made: Bundle
    start: dict[str, float]

    def points(self, count: int) -> list[dict[str, float]]:
        """The start, and points far around it: expectations are infinite at some of them.

        Nearer ones where exponentials would leave the range of doubles.
        """
        rng = np.random.default_rng(3)
        players = self.made.players
        far_away = 1.2 if players is not None and players.responses is not None else 0.4
        factors = np.exp(rng.uniform(-far_away, far_away, (count - 1, len(self.start))))
        moved = (
            {n: round(v * float(f), 6) for (n, v), f in zip(self.start.items(), row)}
            for row in factors
        )
        return [self.start, *moved]

    def against_solve(self, given: list[dict[str, float]], found: list[Found]) -> float:
        """The largest distance to certified numbers; statuses must be equal."""
        players, worst = self.made.players, 0.0
        assert players is not None
        size = len(players.types.weights) if all(players.types.shares) else None
        for values, own in zip(given, found, strict=True):
            parts = {n: Fraction(v) for n, v in values.items()}
            at = {n: parts.pop(n) for n in self.made.states}
            parts |= {f"weight_{k}": w for k, w in enumerate(players.types.weights, 1)}
            answer = solve_types(players.program, parts, at=at, size=size)
            assert answer is not None
            assert answer.status is Status(own.status), (values, answer.message, own.sentence)
            if not answer.ok:
                continue
            wanted = {**answer.coefficients, **answer.laws, **answer.at}
            for name, table in answer.strategy.items():
                wanted |= {f"{name}_{part}": value for part, value in table.items()}
            assert {*own.columns} <= {*wanted}
            worst = max(worst, *(far(x, wanted[name]) for name, x in own.columns.items()))
        return worst


def spelled(row: Row) -> dict[str, object]:
    """The numbers of the walk; none where there are named sets. Investors are of Zipf's sizes."""
    if not of_types(row) and row.case:
        return {}
    given = dict(part.split("=", 1) for part in row.given if "=" in part and part[0] != "-")
    found = {
        n: json.loads(v.replace("[.", "[0.").replace(",.", ",0.")) if "[" in v else v
        for n, v in given.items()
    }
    return found | ({"zeta": "1"} if row.name == "granular" else {})


def everybody(row: Row) -> Everybody:
    """The script of players, and where they start."""
    made = explored(resolve(row.name), spelled(row), points=0)
    start_at = {n: float(_ratio(made.start[n])) for n in made.bundle.inputs if n in made.start}
    return Everybody(made.bundle, start_at | {n: 0.75 for n in made.bundle.states})


def few(asked: Everybody) -> list[dict[str, float]]:
    """A few points, the last one with infinite expectations."""
    growing = {"b": 0.15, "nu": 0.1, "theta": 0.9}
    both = {f"{name}_{k}": value for name, value in growing.items() for k in (1, 2)}
    return [*asked.points(FEW_POINTS), asked.start | both | {"lambda_1": 0.15}]


#: Asks every point at the same place of a curve as the one before it, in which memory stays, and
#: says where that is not the answer alone.
STAYING = """
const shown = ({ status, selected }) => JSON.stringify([status, selected && [...selected.out]]);
const asked = POINTS.map((point) => Float64Array.from(point.flatMap((x) => [x, 0])));
const alone = asked.map((row) => shown(decide(row, GIVEN)));
const twice = [...asked, ...asked].map((row) => shown(decide(row, GIVEN, 1)));
const answers = twice.map((text, k) => text === alone[k % asked.length]);
"""


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    """Two players at a few points, and with planted errors: in what puts them together, and in what
    is kept of a curve's place."""
    asked = everybody(next(row for row in DIFFERENT if row.name == "two-agent"))
    given = few(asked)
    text = asked.made.text
    wrong = text.replace(
        "mul(SHARES[2 * k], SHARES[2 * k + 1], sum, W[0]);\n      keep(inverse",
        "0;\n      keep(inverse",
        1,
    )
    assert wrong != text
    stale = text.replace("equal(own.row, last.row)", "(at || equal(own.row, last.row))", 1)
    assert stale != text
    places = [asking(asked.made, given, each).replace(ANSWERS, STAYING) for each in (text, stale)]
    scripts = [asking(asked.made, given), asking(asked.made, given, wrong), *places]
    *found, stays, forgets = run(scripts, tmp_path_factory.mktemp("two"))
    right, planted = (read(asked.made, document) for document in found)
    return asked, right, planted, stays, forgets


def test_players_of_their_own_types_agree_with_enclosures(two: Any) -> None:
    asked, found, planted, *_ = two
    given = few(asked)
    assert asked.against_solve(given, found) < CLOSE
    assert {one.status for one in found} >= {Status.OK, Status.INFINITE_VARIANCE}
    with pytest.raises(AssertionError):
        assert asked.against_solve(given, planted) < CLOSE


def test_what_stays_at_a_place_of_a_curve_is_its_answer(two: Any) -> None:
    *_, stays, forgets = two
    assert all(stays) and len(stays) == 2 * len(few(two[0]))
    assert not all(forgets)


@pytest.mark.full
@pytest.mark.parametrize("row", DIFFERENT, ids=str)
def test_players_of_their_own_types_agree_everywhere(
    row: Row, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = everybody(row)
    given = asked.points(1000)
    timed = timing(asked.made, asked.start)
    document, (took,) = run([asking(asked.made, given), timed], tmp_path)
    found = read(asked.made, document)
    distance = asked.against_solve(given, found)
    assert distance < CLOSE
    compared = "enclosures"
    if asked.made.players is not None and asked.made.players.responses is None:
        against_kernel(row, asked, given, found)
        compared = "enclosures and kernel"
    others = sum(one.status != Status.OK for one in found)
    with capsys.disabled():
        print(
            f" {row.name}: {compared} within {distance:.1e}, {others} of 1000 without an"
            f" equilibrium, 200 points in {took:.1f} ms",
            end="",
        )


def against_kernel(
    row: Row, asked: Everybody, given: list[dict[str, float]], found: list[Found]
) -> None:
    """Statuses and strategies are those of the compiled kernel for two types."""
    made = kernel(row.name, types=2)
    taken = [n for n in asked.start if n in made.parameters]
    compiled = made.evaluate({n: np.array([p[n] for p in given]) for n in taken})
    assert [one.status for one in found] == compiled["status"].tolist()
    for k, own in enumerate(found):
        for number in (1, 2) if own.status == Status.OK else ():
            wanted = float(compiled[f"pi_1_{number}"][k])
            assert far(own.columns[f"pi_{number}_1"], wanted) < CLOSE
