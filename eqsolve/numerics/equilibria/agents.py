"""Agents with parameters of their own, at one point: responses, averages, equilibrium."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import combinations_with_replacement
from typing import Any

import sympy as sp
from flint import acb_mat, arb, arb_mat

from eqsolve.errors import InputError
from eqsolve.model import Model
from eqsolve.numerics.arithmetic.ball import (
    DivisionByZero,
    UndecidedError,
    Values,
    evaluate,
    number,
    precision,
    run,
)
from eqsolve.numerics.arithmetic.singular import described, solutions
from eqsolve.numerics.equilibria.answer import Answer
from eqsolve.numerics.equilibria.point import PointSolver, Root, Status, Stop, joint_conditions
from eqsolve.numerics.parameters import ALIASES, exact, parameters, require
from eqsolve.registry import model as find_model
from eqsolve.symbolic.heterogeneous import GENERIC, Agents, FixedPoint
from eqsolve.symbols import symbol, symbols

#: Working precisions in bits, tried until every sign is decided.
PRECISIONS = (256, 1024, 4096)

#: Largest number of agents whose joint feedback matrix and growth rate are computed.
JOINT = 8


#: How far the sum of the weights of an average may be from 1: decimals of thirds are meant.
WEIGHTS = Fraction(1, 10**9)

#: What users call the symbols w and x of an agent.
_GIVEN = {"w": "weight", "x": "wealth"}


@dataclass(frozen=True, kw_only=True)
class AgentsEquilibrium(Answer):
    """The answer for agents who differ."""

    selection: str
    parameters: Sequence[Mapping[str, Fraction]]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; keys that do not apply are absent."""
        rows = [
            {_GIVEN.get(k, k): v for k, v in row.items() if k != "r"} for row in self.parameters
        ]
        agents = [{k: float(v) for k, v in row.items()} for row in rows]
        shared = self.parameters[0]["r"]
        exact_params = {
            "r": str(shared),
            "agent": [{k: str(v) for k, v in row.items()} for row in rows],
        }
        setting = {
            "equilibrium": "given-aggregate",
            "selection": self.selection,
            "params": {"r": float(shared), "agent": agents},
        }
        return self.document(setting, arithmetic="ball", exact_params=exact_params)


@dataclass
class _Agent:
    """One agent while the point is solved."""

    solver: PointSolver
    roots: tuple[Root, ...]
    chosen: int
    values: Values

    def generic(self) -> Values:
        """The agent's values under the names of the generic agent."""
        return {symbol(f"{s.name}_{GENERIC}"): v for s, v in self.values.items()}


@lru_cache
def _names() -> tuple[sp.Symbol, sp.Symbol, sp.Symbol]:
    """Weight in the average, own wealth and the others' weighted wealth of an agent."""
    weight, wealth, others = symbols("w x y")
    return weight, wealth, others


@lru_cache
def _fixed_point(name: str) -> tuple[Mapping[sp.Expr, sp.Symbol], FixedPoint]:
    """The parts of a response by average, and the equations of the averages."""
    model = find_model(name)
    assert isinstance(model.population, Agents)
    parts = next(iter(model.notation.split.values()))
    return parts, model.population.fixed_point(parts)


def solve_agents(
    game: str, given: Mapping[str, Any], *, selection: str = "limit"
) -> AgentsEquilibrium:
    """Solve a game of agents who differ.

    Parameters
    ----------
    game : a game whose population consists of different agents.
    given : ``r`` and ``agent``, a list with the parameters of each agent, its ``wealth`` (1 by
        default) and ``weight`` in the average (equal weights by default).
    selection : ``"limit"``: every agent's admissible root with the largest ``B p1``.

    Raises
    ------
    InputError
        For anything wrong with the input.
    """
    model = find_model(game)
    require(selection == "limit", f"selection must be limit, not {selection!r}.", game=game)
    rows = _rows(model, given)
    status: Status = "degenerate"
    message = ""
    numbers: dict[str, Any] = {}
    for bits in PRECISIONS:
        with precision(bits):
            try:
                return _solve(model, rows, selection)
            except UndecidedError as error:
                message = error.message
            except Stop as stop:
                status, message = stop.status, stop.message
                break
    else:
        with precision(PRECISIONS[-1]):
            message, numbers = _degenerate(model, rows, message)
    return AgentsEquilibrium(
        game=game,
        selection=selection,
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
    more = [f"{name}_{k}" for name in (*ALIASES, *_GIVEN.values()) for k in numbers]
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
    """Validate and return each agent's parameters, with r, w (weight) and x (wealth)."""
    game = model.name
    given = _by_agent(model, given)
    tables = given.get("agent", given.get("agents"))
    stray = set(given) - {"r", "agent", "agents"}
    if stray or not isinstance(tables, Sequence) or isinstance(tables, str):
        raise InputError(
            f"unexpected {', '.join(sorted(stray))}." if stray else "no agents are given.",
            game=game,
            stage="input",
            remedy="Give r and one [[agent]] table for each agent, or b_1, b_2 and so on.",
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
    required = [p.rpartition("_")[0] for p in model.parameters if p.endswith("_1")]
    weighted = ["weight" in table for table in tables]
    require(all(weighted) or not any(weighted), "give every agent a weight or none.", game=game)
    rows, rate, rival = [], model.parts.rate.name, model.parts.competition.name
    for index, table in enumerate(tables, start=1):
        where = f"{game}, agent {index}"
        own = {k: v for k, v in table.items() if k not in ("wealth", "weight")}
        shared = {rate: given[rate]} if rate in given else {}
        row = parameters({**shared, **own}, [rate, *required], game=where)
        joint_conditions(model.parts, row, game=where)
        row["w"] = exact("weight", table.get("weight", Fraction(1, len(tables))), game=where)
        row["x"] = exact("wealth", table.get("wealth", 1), game=where)
        require(row["w"] > 0, "the weight must be > 0.", game=where)
        require(
            row[rival] * row["w"] != 1,
            f"the own weight kappa = 1 - {rival} weight must not be 0.",
            game=where,
        )
        rows.append(row)
    total = sum((row["w"] for row in rows), Fraction())
    require(
        abs(total - 1) <= WEIGHTS,
        f"the weights sum to {float(total):.12g}, not to 1: divide each by their sum.",
        game=game,
    )
    return rows


def _solve(
    model: Model, rows: Sequence[Mapping[str, Fraction]], selection: str
) -> AgentsEquilibrium:
    agents = _responses(model, rows)
    _, point = _fixed_point(model.name)
    totals, positions = _positions(point, agents)
    values = [_valued(model, agent, k, agents, positions, totals) for k, agent in enumerate(agents)]
    numbers: dict[str, Any] = {
        "roots": [
            [root.to_dict(selected=k == agent.chosen) for k, root in enumerate(agent.roots)]
            for agent in agents
        ],
        "response": [{s.name: number(a.values[s]) for s in model.parts.response} for a in agents],
        "pi": [number(v) for v in positions],
        "aggregates": {t.name: number(v) for t, v in totals.items()},
        "V": [number(v) for v in values],
    }
    status: Status = "ok"
    roles = model.parts
    rule = f"the largest {roles.slope} {roles.root}"
    message = f"Every agent's admissible root with {rule} is selected."
    if len(agents) <= JOINT:
        matrix, constant = _feedback(point, agents)
        numbers["feedback"] = {
            "wealth": [[number(v) for v in row] for row in matrix],
            "constant": [number(v) for v in constant],
        }
        pairs = [
            (_own_growth(agents, matrix, k), agent.values[roles.hazard])
            for k, agent in enumerate(agents)
        ]
        worst = max(range(len(pairs)), key=lambda k: float(pairs[k][0] - pairs[k][1]))
        growth, hazard = pairs[worst]
        finite = all(g < h for g, h in pairs)
        numbers["admissibility"] = {
            "abscissa": float(growth),
            "hazard": float(hazard),
            "finite": finite,
        }
        if not finite:
            status = "infinite-variance"
            several = any(sum(root.admissible for root in a.roots) > 1 for a in agents)
            where = " at the selected roots" if several else ""
            message = (
                f"What agent {worst + 1} is paid for grows at rate {float(growth):.6g}, not below "
                f"its hazard rate {float(hazard):.6g}: no finite-variance equilibrium{where}."
            )
    else:
        message += f" Beyond {JOINT} agents the growth of second moments is not examined."
    return AgentsEquilibrium(
        game=model.name,
        selection=selection,
        parameters=rows,
        status=status,
        message=message,
        numbers=numbers,
    )


def _responses(model: Model, rows: Sequence[Mapping[str, Fraction]]) -> list[_Agent]:
    """Everybody's best response to averages, with the others' wealth."""
    agents = [_respond(model, row, index) for index, row in enumerate(rows, start=1)]
    w, x, y = _names()
    average = sum((a.values[w] * a.values[x] for a in agents), arb(0))
    for agent in agents:
        agent.values[y] = average - agent.values[w] * agent.values[x]
    return agents


def _respond(model: Model, row: Mapping[str, Fraction], index: int) -> _Agent:
    """One agent's best response to averages."""
    assert model.response is not None
    form = model.response.derivation.form
    solver = PointSolver(model, row, form)
    roles, roots = solver.roles, solver.roots()
    admissible = [k for k, root in enumerate(roots) if root.admissible]
    if not admissible:
        raise Stop(
            "no-admissible-root",
            f"The cubic of agent {index} has {len(roots)} real roots, none with "
            f"{roles.admissible} > 0.",
        )
    hazard, rate = roles.hazard.name, roles.rate.name
    if solver.competes and row[hazard] <= 2 * row[rate]:
        raise Stop(
            "infinite-variance",
            f"Agent {index} needs {hazard} > 2 {rate}: the others' wealth has no finite second "
            "moment.",
        )
    slope = solver.values[roles.slope]
    chosen = max(admissible, key=lambda k: float(slope * roots[k].p1))
    values = solver.values | {roles.root: roots[chosen].p1}
    try:
        run(form.needed(roles.response), values)
    except DivisionByZero as error:
        raise Stop("degenerate", f"Agent {index}: division by {error.message} = 0.") from None
    return _Agent(solver, roots, chosen, values)


def _positions(
    point: FixedPoint, agents: Sequence[_Agent]
) -> tuple[dict[sp.Symbol, arb], list[arb]]:
    """Solve the linear system of the averages: one pass over the agents."""
    named: Values = {}
    generic = []
    for agent in agents:
        values = agent.generic()
        try:
            run((point.own, point.reaction), values)
        except (DivisionByZero, UndecidedError):
            # the reaction to averages that contain the own position is singular, no more
            return _joint(point, agents)
        generic.append(values)
        for name, term in point.summands.items():
            named[name] = named.get(name, arb(0)) + evaluate(term, values)
    run((point.determinant,), named)
    if named[point.determinant.symbol].contains(0):
        raise UndecidedError(f"{point.determinant.symbol} cannot be told from zero.")
    totals = {t: evaluate(e, named) for t, e in point.solution.items()}
    return totals, [evaluate(point.position, values | totals) for values in generic]


def _joint(point: FixedPoint, agents: Sequence[_Agent]) -> tuple[dict[sp.Symbol, arb], list[arb]]:
    """The same by the linear system of all positions."""
    model = agents[0].solver.model
    assert isinstance(model.population, Agents)
    found = solutions(_reactions(agents), [_at_zero(point, agents)])
    (positions,) = found.through
    if found.directions or positions is None:
        raise UndecidedError("The determinant of the positions cannot be told from zero.")
    totals, (w, *_) = {}, _names()
    for average in model.population.averages.values():
        terms = [a.values[w] * a.values[average.load] * p for a, p in zip(agents, positions)]
        totals[average.total] = sum(terms, arb(0))
    return totals, list(positions)


def _feedback(point: FixedPoint, agents: Sequence[_Agent]) -> tuple[list[list[arb]], list[arb]]:
    """Coefficients of every wealth and the constant in every position, by linearity."""

    def at(wealth: Sequence[int], constant: int) -> list[arb]:
        return _positions(point, _moved(agents, wealth, constant))[1]

    count = len(agents)
    columns = [at([int(i == j) for i in range(count)], 0) for j in range(count)]
    matrix = [[columns[j][i] for j in range(count)] for i in range(count)]
    return matrix, at([0] * count, 1)


def _moved(agents: Sequence[_Agent], wealth: Sequence[int], constant: int) -> list[_Agent]:
    """The same agents at other wealths, the constant of their responses multiplied."""
    moved = []
    w, x, y = _names()
    average = sum((a.values[w] * own for a, own in zip(agents, wealth)), arb(0))
    for agent, own in zip(agents, wealth):
        at_zero = agent.solver.model.parts.response[2]
        values = dict(agent.values)
        values[x] = arb(own)
        values[y] = average - values[w] * own
        values[at_zero] = values[at_zero] * constant
        moved.append(_Agent(agent.solver, agent.roots, agent.chosen, values))
    return moved


def _degenerate(
    model: Model, rows: Sequence[Mapping[str, Fraction]], reason: str
) -> tuple[str, dict[str, Any]]:
    """What a singular system of the positions means: no equilibrium, or a line of them.

    A feedback needs a solution for every wealth: one for each column of the joint feedback.
    """
    general = f"{reason} There is no equilibrium, or there are infinitely many."
    if len(rows) > JOINT:
        return general, {}
    agents, count = _responses(model, rows), len(rows)
    _, point = _fixed_point(model.name)
    unit = [[int(i == j) for i in range(count)] for j in range(count)]
    places = [*((row, 0) for row in unit), ([0] * count, 1)]
    states = [agents, *(_moved(agents, wealth, constant) for wealth, constant in places)]
    try:
        found = solutions(_reactions(agents), [_at_zero(point, state) for state in states])
    except UndecidedError:
        return general, {}
    if not found.directions:
        return general, {}
    message, numbers = described(found, "the positions", "pi", " at these wealths")
    return f"{reason} {message[0].upper()}{message[1:]}", numbers


def _reactions(agents: Sequence[_Agent]) -> list[list[arb]]:
    """The matrix of the positions: each less the response to the others'."""
    model = agents[0].solver.model
    assert isinstance(model.population, Agents)
    (parts, _), (w, *_) = _fixed_point(model.name), _names()
    loads = {a: average.load for a, average in model.population.averages.items()}

    def moves(one: _Agent, other: _Agent) -> arb:
        terms = [one.values[parts[a]] * other.values[load] for a, load in loads.items()]
        return -other.values[w] * sum(terms, arb(0))

    return [[arb(1) if i is j else moves(i, j) for j in agents] for i in agents]


def _at_zero(point: FixedPoint, agents: Sequence[_Agent]) -> list[arb]:
    """Everybody's response at zero averages."""
    found = []
    for agent in agents:
        values = agent.generic()
        run((point.own,), values)
        found.append(values[point.own.symbol])
    return found


def _valued(
    model: Model,
    agent: _Agent,
    index: int,
    agents: Sequence[_Agent],
    positions: Sequence[arb],
    totals: Mapping[sp.Symbol, arb],
) -> arb:
    """The value of one agent against the others' positions."""
    assert isinstance(model.population, Agents)
    nu, (w, *_) = model.parts.noises[0], _names()
    values = dict(agent.values)
    for name, average in model.population.averages.items():
        own = values[w] * values[average.load] * positions[index]
        values[name] = totals[average.total] - own
    noise = [other.values[w] * other.values[nu] * positions[k] for k, other in enumerate(agents)]
    values[symbol("m_2")] = sum((v * v for k, v in enumerate(noise) if k != index), arb(0))
    run(agent.solver.form.definitions, values)
    return evaluate(model.ansatz.value, values)


def _own_growth(agents: Sequence[_Agent], matrix: Sequence[Sequence[arb]], index: int) -> arb:
    """Growth rate of the second moments of the wealths that one agent's payoff depends on."""
    reached = set(range(len(agents))) if agents[index].solver.competes else {index}
    size = 0
    while size < len(reached):
        size = len(reached)
        reached |= {j for k in reached for j, v in enumerate(matrix[k]) if number(v) != 0}
    chosen = sorted(reached)
    part = [[matrix[i][j] for j in chosen] for i in chosen]
    return _abscissa([agents[k] for k in chosen], part)


def _abscissa(agents: Sequence[_Agent], matrix: Sequence[Sequence[arb]]) -> arb:
    """Growth rate of the second moments of all wealths under the joint feedback."""
    count = len(agents)
    roles = agents[0].solver.roles
    r, B, (nu, sigma) = roles.rate, roles.slope, roles.noises
    drift = [
        [a.values[B] * matrix[i][j] + (a.values[r] if i == j else 0) for j in range(count)]
        for i, a in enumerate(agents)
    ]
    pairs = list(combinations_with_replacement(range(count), 2))
    place = {pair: k for k, pair in enumerate(pairs)}
    growth = [[arb(0)] * len(pairs) for _ in pairs]

    def add(row: int, i: int, j: int, value: arb) -> None:
        growth[row][place[min(i, j), max(i, j)]] += value

    for row, (i, j) in enumerate(pairs):
        for k in range(count):
            add(row, k, j, drift[i][k])
            add(row, i, k, drift[j][k])
        shared = agents[i].values[sigma] * agents[j].values[sigma]
        if i == j:
            shared = shared + agents[i].values[nu] * agents[i].values[nu]
        for k in range(count):
            for m in range(count):
                add(row, k, m, shared * matrix[i][k] * matrix[j][m])
    eigenvalues = acb_mat(arb_mat(growth)).eig(algorithm="approx")
    largest: arb = max((value.real.mid() for value in eigenvalues), key=float)
    return largest
