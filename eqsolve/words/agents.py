"""Agents with parameters of their own, at one point: responses, averages, equilibrium."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, cast

from eqsolve.derivation.derivation import Derivation, derive
from eqsolve.errors import InputError
from eqsolve.game.types import read_types
from eqsolve.model import Model
from eqsolve.numerics.arithmetic.ball import UndecidedError, number, precision, sign
from eqsolve.numerics.closed_form.point import Status, Stop, joint_conditions
from eqsolve.numerics.parameters import ALIASES, exact, parameters, require
from eqsolve.numerics.status import Status as Outcome
from eqsolve.restated import Restated
from eqsolve.solve.answer import Answer as Solved
from eqsolve.solve.crowd import numbers_of_types
from eqsolve.solve.derived import DerivedPoint
from eqsolve.solve.everybody import Undetermined
from eqsolve.solve.growth import ANY
from eqsolve.solve.joint import Together, together
from eqsolve.solve.stationary import ball as enclosed
from eqsolve.symbolic.heterogeneous import Agents
from eqsolve.words.answer import PRECISIONS, Answer

#: How far the sum of the weights of an average may be from 1: decimals of thirds are meant.
WEIGHTS = Fraction(1, 10**9)

#: What is given of an agent besides parameters.
GIVEN = ("weight", "wealth")


@dataclass(frozen=True, kw_only=True)
class AgentsEquilibrium(Answer):
    """The answer for agents who differ."""

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
            "equilibrium": "given-aggregate",
            "selection": self.selection,
            "params": {self.shared: float(shared), "agent": agents},
        }
        return self.document(setting, arithmetic="ball", exact_params=exact_params)


def solve_agents(
    model: Model, given: Mapping[str, Any], *, selection: str = "limit"
) -> AgentsEquilibrium:
    """Solve a game of agents who differ.

    Parameters
    ----------
    model : a game whose population consists of different agents.
    given : ``r`` and ``agent``, a list with the parameters of each agent, its ``wealth`` (1 by
        default) and ``weight`` in the average (equal weights by default).
    selection : ``"limit"``: every agent's admissible root with the largest ``B p1``.

    Raises
    ------
    InputError
        For anything wrong with the input.
    """
    game = model.name
    require(selection == "limit", f"selection must be limit, not {selection!r}.", game=game)
    rows = _rows(model, given)
    status: Status = "degenerate"
    message = ""
    numbers: dict[str, Any] = {}
    for bits in PRECISIONS:
        with precision(bits):
            try:
                status, message, numbers = _solve(model, rows)
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
        selection=selection,
        shared=model.parts.rate.name,
        parameters=rows,
        status=status,
        message=message,
        numbers=numbers,
    )


def single_names(model: Model) -> tuple[str, ...]:
    """What can be given of one agent outside a table, such as ``b_1`` and ``wealth_2``."""
    assert isinstance(model.population, Agents)
    own = [name for name in model.parameters if name.rpartition("_")[2].isdigit()]
    numbers = range(1, (model.population.count or 0) + 1)
    more = [f"{name}_{k}" for name in (*ALIASES, *GIVEN) for k in numbers]
    return (*own, *more)


def _by_agent(model: Model, given: Mapping[str, Any]) -> dict[str, Any]:
    """Move what is given one by one, such as ``b_1``, into the tables of the agents."""
    single = [name for name in single_names(model) if name in given]
    if not single:
        return dict(given)
    require(
        "agent" not in given and "agents" not in given,
        f"{single[0]} is given beside [[agent]] tables: use one way.",
        game=model.name,
    )
    tables: dict[str, dict[str, Any]] = {}
    for name in single:
        entry, _, agent = name.rpartition("_")
        tables.setdefault(agent, {})[entry] = given[name]
    rest = {name: value for name, value in given.items() if name not in single}
    return {**rest, "agent": [tables[agent] for agent in sorted(tables)]}


def _rows(model: Model, given: Mapping[str, Any]) -> list[dict[str, Fraction]]:
    """Validate and return each agent's parameters, with its weight and its wealth."""
    game, rate, rival = model.name, model.parts.rate.name, model.parts.competition.name
    given = _by_agent(model, given)
    required = [p.rpartition("_")[0] for p in model.parameters if p.endswith("_1")]
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
    count = model.population.count if isinstance(model.population, Agents) else None
    require(
        count is None or len(tables) == count,
        f"{count} [[agent]] tables are needed, not {len(tables)}.",
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
        joint_conditions(model, row, game=where)
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


@lru_cache
def _derivation(restated: Restated) -> Derivation:
    return derive(restated.source())


def _solve(
    model: Model, rows: Sequence[Mapping[str, Fraction]]
) -> tuple[Status, str, dict[str, Any]]:
    """Status, sentence and numbers of the equilibrium."""
    restated, roles = model.restated, model.parts
    assert restated is not None
    derivation = _derivation(restated)
    rate, names = roles.rate.name, {"wealth": roles.states[0].name}
    values: dict[str, object] = {rate: rows[0][rate], roles.size.name: len(rows)}
    for k, row in enumerate(rows, 1):
        values |= {f"{names.get(n, n)}_{k}": v for n, v in row.items() if n != rate}
    types = read_types(derivation.model, values, len(rows))
    points = [DerivedPoint(derivation, n, "limit") for n in numbers_of_types(derivation, types)]
    found = together(points, types)
    roots = [_roots(model, point) for point in points]
    for k, (solved, own) in enumerate(zip(found.solved, roots), 1):
        if isinstance(solved, Solved):
            raise _refused(model, solved, own, k)
    assert found.chosen is not None
    answers = [p.found(s) for p, s in zip(points, found.solved) if not isinstance(s, Solved)]
    chosen = [answer.coefficients[roles.root.name] for answer in answers]
    (control,) = (c.name for c in derivation.model.game.controls)
    numbers: dict[str, Any] = {
        "roots": [
            [{**root, "selected": root[roles.root.name] == p} for root in own]
            for own, p in zip(roots, chosen)
        ],
        "response": [
            {own: answer.coefficients[theirs] for own, theirs in restated.response.items()}
            for answer in answers
        ],
        control: [answer.at[control] for answer in answers],
        "aggregates": {
            own: number(value)
            for own, theirs in restated.averages.items()
            for name, value in found.whole.items()
            if name.name == theirs
        },
        "V": [answer.at["V"] for answer in answers],
    }
    rule = f"the largest {roles.slope} {roles.root}"
    message = f"Every agent's admissible root with {rule} is selected."
    if not found.chosen.feedback:
        return "ok", f"{message} {found.chosen.open}", numbers
    numbers["feedback"] = {
        "wealth": [[number(v) for (v,) in own.averages[0]] for own in found.chosen.feedback],
        "constant": [number(own.constant[0]) for own in found.chosen.feedback],
    }
    return _judged(model, rows, found, roots, message, numbers)


def _judged(
    model: Model,
    rows: Sequence[Mapping[str, Fraction]],
    found: Together,
    roots: Sequence[Sequence[Mapping[str, Any]]],
    message: str,
    numbers: dict[str, Any],
) -> tuple[Status, str, dict[str, Any]]:
    """The same with what every agent is paid for: whether its expectation is finite."""
    assert found.chosen is not None and found.chosen.play is not None
    hazards = [row[model.parts.hazard.name] for row in rows]
    pairs = [(found.chosen.play.squares(k), float(h)) for k, h in enumerate(hazards)]
    worst = max(range(len(pairs)), key=lambda k: float(pairs[k][0]) - pairs[k][1])
    growth, hazard = float(pairs[worst][0]), pairs[worst][1]
    statuses = found.chosen.statuses
    finite = all(status is Outcome.OK for status in statuses)
    numbers["admissibility"] = {"abscissa": growth, "hazard": hazard, "finite": finite}
    if Outcome.UNRESOLVED in statuses:
        raise UndecidedError("whether expectations are finite is not decided.")
    if finite:
        return "ok", message, numbers
    several = any(sum(root["admissible"] for root in own) > 1 for own in roots)
    where = " at the selected roots" if several else ""
    message = (
        f"What agent {worst + 1} is paid for grows at rate {growth:.6g}, not below "
        f"its hazard rate {hazard:.6g}: no finite-variance equilibrium{where}."
    )
    return "infinite-variance", message, numbers


def _roots(model: Model, point: DerivedPoint) -> list[dict[str, Any]]:
    """Every solution of one agent, ascending, with what is known of it against any averages."""
    roles, own = model.parts, point.point
    outputs, found = dict(own.program.outputs), []
    unknown = dict.fromkeys((*own.program.system.unknowns, *own.program.system.implicit), ANY)
    for solution in (*own.solutions.found, *own.solutions.begun):
        known = {name: enclosed(value) for name, value in solution.values.items()}
        values = own.environment(unknown | known, own.numbers.time)
        (margin,), (constant,) = (
            outputs[s.name].within(values) for s in (roles.admissible, roles.constant)
        )
        found.append(
            {
                roles.root.name: number(values[roles.root.name]),
                "admissible": sign(margin) > 0,
                "selected": False,
                roles.admissible.name: float(margin),
                roles.constant.name: number(constant),
            }
        )
    return sorted(found, key=lambda root: float(root[roles.root.name]))


def _refused(
    model: Model, answer: Solved, roots: Sequence[Mapping[str, Any]], index: int
) -> Exception:
    """Why an agent has no response that is an equilibrium's."""
    roles = model.parts
    if answer.status is Outcome.UNRESOLVED:
        return UndecidedError(answer.message)
    message = f"Agent {index}: {answer.message}"
    if answer.status is Outcome.INFINITE_VARIANCE:
        message = (
            f"Agent {index} needs {roles.hazard} > 2 {roles.rate}: the others' wealth has no "
            "finite second moment."
        )
    elif not any(root["admissible"] for root in roots):
        return Stop(
            "no-admissible-root",
            f"The cubic of agent {index} has {len(roots)} real roots, none with "
            f"{roles.admissible} > 0.",
        )
    return Stop(cast(Status, answer.status.label), message)
