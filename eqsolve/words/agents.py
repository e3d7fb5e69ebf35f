"""Agents with parameters of their own, at one point: responses, averages, equilibrium."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from flint import ctx

from eqsolve.arithmetic.number import UndecidedError, number, sign
from eqsolve.columns import Columns
from eqsolve.errors import InputError
from eqsolve.inputs import Values
from eqsolve.parameters import ALIASES, exact, parameters, require
from eqsolve.program.program import exact as evaluated
from eqsolve.program.words import Apart
from eqsolve.rows import Types, read_types
from eqsolve.solve.answer import Answer as Solved
from eqsolve.solve.everybody import Undetermined
from eqsolve.solve.growth import ANY
from eqsolve.solve.joint import Together, every_choice, how_many, together
from eqsolve.solve.path import rational
from eqsolve.solve.point import Point
from eqsolve.solve.stationary import ball as enclosed
from eqsolve.solve.types import numbers_of
from eqsolve.status import Status
from eqsolve.symbols import entry
from eqsolve.words.answer import PRECISIONS, Answer
from eqsolve.words.own_words import Named, apart_of

if TYPE_CHECKING:
    from eqsolve.words.many import ManyAgents

#: How far the sum of the weights of an average may be from 1: decimals of thirds are meant.
WEIGHTS = Fraction(1, 10**9)

#: What is given of an agent besides parameters.
GIVEN = ("weight", "wealth")
#: Most agents of a table of columns that are solved in balls.
BALLS = 100


class Stop(Exception):
    """There is no equilibrium: a status and a sentence."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(frozen=True, kw_only=True)
class AgentsEquilibrium(Answer):
    """The answer for agents who differ."""

    notion: str = "given-aggregate"
    selection: str
    shared: str
    parameters: Sequence[Mapping[str, Fraction]]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; keys that do not apply are absent."""
        rows = [{k: v for k, v in row.items() if k != self.shared} for row in self.parameters]
        agents = [{k: float(v) for k, v in row.items()} for row in rows]
        shared = self.parameters[0][self.shared]
        exact_params = {
            self.shared: str(shared),
            "agent": [{k: str(v) for k, v in row.items()} for row in rows],
        }
        setting = {
            "equilibrium": self.notion,
            "selection": self.selection,
            "params": {self.shared: float(shared), "agent": agents},
        }
        return self.document(setting, arithmetic="ball", exact_params=exact_params)


def solve_agents(
    game: Named, given: Mapping[str, Any], *, selection: str = "limit"
) -> AgentsEquilibrium | ManyAgents:
    """Solve a game of agents who differ.

    Parameters
    ----------
    game : one whose population consists of different agents.
    given : ``r`` and ``agent``, a list with the parameters of each agent, its ``wealth`` (1 by
        default) and ``weight`` in the average (equal weights by default); or a data frame with such
        columns, or an array for each. More than ``BALLS`` rows of columns are solved in doubles.
    selection : ``"limit"``: every agent's admissible root with the largest ``B p1``.

    Raises
    ------
    InputError
        For anything wrong with the input.
    """
    require(selection == "limit", f"selection must be limit, not {selection!r}.", game=game.name)
    apart = apart_of(game)
    given = in_columns(apart, given, game.name)
    table = given.get("agent")
    if isinstance(table, Columns) and len(table) > BALLS and not apart.count:
        from eqsolve.words.many import solve_many

        stray = sorted(set(given) - {apart.rate, "agent"})
        require(not stray, f"unexpected {', '.join(stray)}.", game=game.name)
        require(apart.rate in given, f"missing parameter {apart.rate}.", game=game.name)
        return solve_many(game, apart, given[apart.rate], table)
    return solved(apart, game.name, given)


def in_columns(apart: Apart, given: Mapping[str, Any], game: str) -> dict[str, Any]:
    """What is given with a data frame or arrays of all agents as one table, its units checked.

    Raises
    ------
    InputError
        If a column has another unit than the parameter, or agents are given in two ways.
    """
    found = {("agent" if name == "agents" else name): value for name, value in given.items()}
    names = {ALIASES.get(name, name) for name in (*apart.own, *GIVEN)}
    columns = {name: v for name, v in found.items() if ALIASES.get(name, name) in names}
    if columns:
        require("agent" not in found, "agents are given in two ways.", game=game)
        found = {name: v for name, v in found.items() if name not in columns}
        found["agent"] = Columns.of(columns, game=game)
    elif hasattr(found.get("agent"), "to_numpy") and hasattr(found.get("agent"), "columns"):
        frame = found["agent"]
        found["agent"] = Columns.of({n: frame[n].to_numpy() for n in frame.columns}, game=game)
    table = found.get("agent")
    if isinstance(table, Columns):
        renamed = {ALIASES.get(name, name): v for name, v in table.columns.items()}
        for name, unit in table.units.items():
            known = _unit(apart, ALIASES.get(name, name))
            require(
                unit.replace(" ", "") == known,
                f"the unit of {name} is {known}, not {unit}.",
                game=game,
            )
        found["agent"] = Columns(renamed, len(table), {})
    return found


def _unit(apart: Apart, name: str) -> str:
    """The unit of a column."""
    if name == GIVEN[0]:
        return "1"
    return entry(apart.state if name == GIVEN[1] else name).unit


def solved(apart: Apart, game: str, given: Mapping[str, Any]) -> AgentsEquilibrium:
    """The same for a game of a name, from what it is solved by."""
    rows = validated(apart, given, game)
    status, message = Status.DEGENERATE, ""
    numbers: dict[str, Any] = {}
    for bits in PRECISIONS:
        with ctx.workprec(bits):
            try:
                status, message, numbers = _solve(apart, rows)
                break
            except UndecidedError as error:
                message = error.message
            except Stop as stop:
                status, message = stop.status, stop.message
                break
            except Undetermined as error:
                message, numbers = str(error), error.numbers
    return AgentsEquilibrium(
        game=game,
        selection="limit",
        shared=apart.rate,
        parameters=rows,
        status=status.label,
        message=message,
        numbers=numbers,
    )


def is_single(apart: Apart, name: str) -> bool:
    """Whether it can be given of one agent outside a table, such as ``b_1`` and ``wealth_2``."""
    entry, _, agent = name.rpartition("_")
    number = int(agent) if agent.isascii() and agent.isdigit() and agent[0] != "0" else 0
    return entry in (*apart.own, *ALIASES, *GIVEN) and 0 < number <= (apart.count or number)


def by_agent(apart: Apart, given: Mapping[str, Any], game: str) -> dict[str, Any]:
    """Move what is given one by one, such as ``b_1``, into the tables of the agents."""
    single = [name for name in given if is_single(apart, name)]
    if not single:
        return dict(given)
    require(
        "agent" not in given and "agents" not in given,
        f"{single[0]} is given beside [[agent]] tables: use one way.",
        game=game,
    )
    tables: dict[str, dict[str, Any]] = {}
    for name in single:
        entry, _, agent = name.rpartition("_")
        tables.setdefault(agent, {})[entry] = given[name]
    rest = {name: value for name, value in given.items() if name not in single}
    require(
        sorted(map(int, tables)) == [*range(1, len(tables) + 1)],
        f"nothing is given of agent {_absent(tables)}.",
        game=game,
    )
    return {**rest, "agent": [tables[agent] for agent in sorted(tables, key=int)]}


def one_by_one(apart: Apart, given: Mapping[str, Any], game: str) -> dict[str, Any]:
    """The reverse: what tables of agents have under names such as ``b_1``.

    Raises
    ------
    InputError
        If an agent is no table, or columns have other units.
    """
    tables = {name: value for name, value in given.items() if name in ("agent", "agents")}
    rest = {name: value for name, value in given.items() if name not in tables}
    for k, table in enumerate(in_columns(apart, tables, game).get("agent", ()), 1):
        require(isinstance(table, Mapping), "an agent must be a table.", game=game)
        own = {f"{ALIASES.get(name, name)}_{k}": value for name, value in table.items()}
        both = sorted(own.keys() & rest)
        require(not both, f"{', '.join(both)} is given beside [[agent]] tables.", game=game)
        rest |= own
    return rest


def _absent(tables: Mapping[str, Any]) -> int:
    """The first agent of whom nothing is given."""
    return next(k for k in range(1, len(tables) + 2) if str(k) not in tables)


def validated(apart: Apart, given: Mapping[str, Any], game: str) -> list[dict[str, Fraction]]:
    """Validate and return each agent's parameters, with its weight and its wealth."""
    rate, rival, required = apart.rate, apart.competition, apart.own
    given = by_agent(apart, given, game)
    tables = given.get("agent", given.get("agents"))
    stray = set(given) - {rate, "agent", "agents"}
    if stray or not isinstance(tables, Sequence) or isinstance(tables, str):
        raise InputError(
            f"unexpected {', '.join(sorted(stray))}." if stray else "no agents are given.",
            game=game,
            stage="input",
            remedy=f"Give {rate} and one [[agent]] table for each agent, or {required[0]}_1, "
            f"{required[0]}_2 and so on.",
        )
    require(
        all(isinstance(table, Mapping) for table in tables), "an agent must be a table.", game=game
    )
    require(
        not apart.count or len(tables) == apart.count,
        f"{apart.count} [[agent]] tables are needed, not {len(tables)}.",
        game=game,
    )
    weighted = ["weight" in table for table in tables]
    require(all(weighted) or not any(weighted), "give every agent a weight or none.", game=game)
    rows = []
    for index, table in enumerate(tables, start=1):
        where = f"{game}, agent {index}"
        own = {k: v for k, v in table.items() if k not in GIVEN}
        shared = {rate: given[rate]} if rate in given else {}
        row = parameters({**shared, **own}, [rate, *required], game=where)
        for claim in apart.required:
            if row.keys() >= {*claim.code.arguments}:
                known = {name: rational(v) for name, v in row.items()}
                require(evaluated(claim.code, known) != [0], f"{claim.sentence}.", game=where)
        row["weight"] = exact("weight", table.get("weight", Fraction(1, len(tables))), game=where)
        row["wealth"] = exact("wealth", table.get("wealth", 1), game=where)
        require(row["weight"] > 0, "the weight must be > 0.", game=where)
        require(
            row[rival] * row["weight"] != 1,
            f"the own weight kappa = 1 - {rival} weight must not be 0.",
            game=where,
        )
        rows.append(row)
    total = sum((row["weight"] for row in rows), Fraction())
    require(
        abs(total - 1) <= WEIGHTS,
        f"the weights sum to {float(total):.12g}, not to 1: divide each by their sum.",
        game=game,
    )
    return rows


def certificate(game: Named, given: Mapping[str, Any]) -> dict[str, Any]:
    """What shows that the answer is right: see ``eqsolve.solve.certificate_types``.

    Raises
    ------
    NoSolutionError
        If there is no equilibrium.
    InputError
        For anything wrong with the input, and where the file cannot hold the proof.
    """
    from eqsolve.solve.certificate_types import jointly

    apart, types, numbers = typed(game, given)
    return {**jointly(apart.program, numbers, types, "limit"), "game": game.name}


def typed(game: Named, given: Mapping[str, Any]) -> tuple[Apart, Types, list[Values]]:
    """What a game is solved by, its agents in the letters of that program, and their numbers.

    Raises
    ------
    InputError
        For anything wrong with the input.
    """
    apart = apart_of(game)
    return apart, *_types(apart, validated(apart, in_columns(apart, given, game.name), game.name))


def _types(apart: Apart, rows: Sequence[Mapping[str, Fraction]]) -> tuple[Types, list[Values]]:
    """The agents in the letters of the program, and the numbers of each."""
    rate, names = apart.rate, {"wealth": apart.state}
    values: dict[str, object] = {rate: rows[0][rate], apart.size: len(rows)}
    for k, row in enumerate(rows, 1):
        values |= {f"{names.get(n, n)}_{k}": v for n, v in row.items() if n != rate}
    types = read_types(apart.program.inputs, values, len(rows))
    return types, numbers_of(apart.program, types)


def _solve(
    apart: Apart, rows: Sequence[Mapping[str, Fraction]]
) -> tuple[Status, str, dict[str, Any]]:
    """Status, sentence and numbers of the equilibrium."""
    types, numbers_of_all = _types(apart, rows)
    points = [Point(apart.program, n, "limit") for n in numbers_of_all]
    found = together(points, types)
    roots = [_roots(apart, point) for point in points]
    for k, (solved, own) in enumerate(zip(found.solved, roots), 1):
        if isinstance(solved, Solved):
            raise _refused(apart, solved, own, k)
    assert found.chosen is not None
    answers = [p.found(s) for p, s in zip(points, found.solved) if not isinstance(s, Solved)]
    chosen = [answer.coefficients[apart.root] for answer in answers]
    (control,) = (form.control for form in apart.program.strategy)
    numbers: dict[str, Any] = {
        "roots": [
            [{**root, "selected": root[apart.root] == p} for root in own]
            for own, p in zip(roots, chosen)
        ],
        "response": [
            {own: answer.coefficients[theirs] for own, theirs in apart.response}
            for answer in answers
        ],
        control: [answer.at[control] for answer in answers],
        "aggregates": {own: number(found.whole[theirs]) for own, theirs in apart.averages},
        "V": [answer.at["V"] for answer in answers],
    }
    rule = f"the largest {apart.slope} {apart.root}"
    message = f"Every agent's admissible root with {rule} is selected."
    admissible = [s for s in found.solved if not isinstance(s, Solved)]
    equilibria, number_of = every_choice(points, types, admissible, found.places)
    if equilibria:
        numbers["equilibria"] = list(equilibria)
    if number_of > 1:
        message += f" {how_many(number_of)}"
    if not found.chosen.feedback:
        return _many(apart, rows, numbers, message)
    numbers["feedback"] = {
        "wealth": [[number(v) for (v,) in own.averages[0]] for own in found.chosen.feedback],
        "constant": [number(own.constant[0]) for own in found.chosen.feedback],
    }
    return _judged(apart, rows, found, roots, message, numbers)


def _many(
    apart: Apart, rows: Sequence[Mapping[str, Fraction]], numbers: dict[str, Any], message: str
) -> tuple[Status, str, dict[str, Any]]:
    """The same of more agents than are followed in balls: their growth in doubles."""
    from eqsolve.words.growth import judged

    own = {"weight": apart.together.weight}
    values: dict[str, Any] = {
        own.get(name, name): [float(row[name]) for row in rows] for name in rows[0]
    }
    values |= {name: [one[name] for one in numbers["response"]] for name, _ in apart.response}
    status, sentence, rates = judged(apart, values, len(rows))
    return status, f"{message} {sentence}", numbers | ({"admissibility": rates} if rates else {})


def _judged(
    apart: Apart,
    rows: Sequence[Mapping[str, Fraction]],
    found: Together,
    roots: Sequence[Sequence[Mapping[str, Any]]],
    message: str,
    numbers: dict[str, Any],
) -> tuple[Status, str, dict[str, Any]]:
    """The same with what every agent is paid for: whether its expectation is finite."""
    assert found.chosen is not None and found.chosen.play is not None
    hazards = [row[apart.hazard] for row in rows]
    pairs = [(found.chosen.play.squares(k), float(h)) for k, h in enumerate(hazards)]
    worst = max(range(len(pairs)), key=lambda k: float(pairs[k][0]) - pairs[k][1])
    growth, hazard = float(pairs[worst][0]), pairs[worst][1]
    statuses = found.chosen.statuses
    finite = all(status is Status.OK for status in statuses)
    numbers["admissibility"] = {"abscissa": growth, "hazard": hazard, "finite": finite}
    if Status.UNRESOLVED in statuses:
        raise UndecidedError("whether expectations are finite is not decided.")
    if finite:
        return Status.OK, message, numbers
    several = any(sum(root["admissible"] for root in own) > 1 for own in roots)
    where = " at the selected roots" if several else ""
    message = (
        f"What agent {worst + 1} is paid for grows at rate {growth:.6g}, not below "
        f"its hazard rate {hazard:.6g}: no finite-variance equilibrium{where}."
    )
    return Status.INFINITE_VARIANCE, message, numbers


def _roots(apart: Apart, point: Point) -> list[dict[str, Any]]:
    """Every solution of one agent, ascending, with what is known of it against any averages."""
    system, outputs = point.program.system, dict(point.program.outputs)
    unknown = dict.fromkeys((*system.unknowns, *system.implicit), ANY)
    found = []
    for solution in (*point.solutions.found, *point.solutions.begun):
        known = {name: enclosed(value) for name, value in solution.values.items()}
        values = point.environment(unknown | known, point.numbers.time)
        (root,), (margin,), (constant,) = (
            outputs[name].within(values) for name in (apart.root, apart.margin, apart.constant)
        )
        found.append(
            {
                apart.root: number(root),
                "admissible": sign(margin) > 0,
                "selected": False,
                apart.margin: float(margin),
                apart.constant: number(constant),
            }
        )
    return sorted(found, key=lambda one: float(one[apart.root]))


def _refused(
    apart: Apart, answer: Solved, roots: Sequence[Mapping[str, Any]], index: int
) -> Exception:
    """Why an agent has no response that is an equilibrium's."""
    if answer.status is Status.UNRESOLVED:
        return UndecidedError(answer.message)
    message = f"Agent {index}: {answer.message}"
    if answer.status is Status.INFINITE_VARIANCE:
        message = (
            f"Agent {index} needs {apart.hazard} > 2 {apart.rate}: the others' wealth has no "
            "finite second moment."
        )
    elif not any(root["admissible"] for root in roots):
        return Stop(
            Status.NO_ADMISSIBLE_ROOT,
            f"The cubic of agent {index} has {len(roots)} real roots, none with "
            f"{apart.margin} > 0.",
        )
    return Stop(answer.status, message)
