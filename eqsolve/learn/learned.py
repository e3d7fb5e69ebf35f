"""Learn a declared game, and judge what was learned."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from eqsolve.answers import Tabled
from eqsolve.errors import InputError
from eqsolve.game import Model
from eqsolve.game.parameters import read
from eqsolve.learn.adjoint import Adjoint
from eqsolve.learn.alone.investor import Investor, alone, investor
from eqsolve.learn.alone.methods import ActorCritic, Pinn
from eqsolve.learn.alone.referee import MEASURES, Assessor
from eqsolve.learn.alone.surfaces import Plain, Scaled
from eqsolve.learn.crowd import STAGE, Crowd, crowd
from eqsolve.learn.direct import Direct
from eqsolve.learn.galerkin import Galerkin
from eqsolve.learn.referee import Referee, idle, worse
from eqsolve.learn.table import Table
from eqsolve.learn.training import Array, Method, Policy, Progress, train
from eqsolve.learn.truth import Truth
from eqsolve.pde.declared import represented
from eqsolve.schemas import SCHEMA

#: The methods for games of a crowd.
CROWD: dict[str, Callable[..., Method]] = {
    "direct": Direct,
    "mkv-fbsde": Adjoint,
    "deep-galerkin": Galerkin,
    "q-learning": Table,
}
#: The methods for the wealth of one agent; the plain ones are what is called naive.
ALONE: dict[str, Callable[..., Method]] = {
    "pinn": lambda problem: Pinn(Scaled(problem)),
    "actor-critic": lambda problem: ActorCritic(Scaled(problem)),
    "pinn-plain": lambda problem: Pinn(Plain(problem)),
    "actor-critic-plain": lambda problem: ActorCritic(Plain(problem)),
}
#: Most steps.
MOST_STEPS = 10**6


@dataclass(frozen=True)
class Learned(Tabled):
    """What a method learned, beside a guess, the grid and the solution.

    Attributes
    ----------
    game, notion, method, seed, steps : what was run.
    parameters : exact values by name.
    seconds : of training, compilation among them; of the grid's solution.
    status : ``ok``, or ``unresolved`` where something learned is not finite.
    rows : errors of the method, of the grid's control, of a guess (no control) and of the
        solution itself on the referee's chain, each by measure; for one agent's wealth also those
        of the method before its first step, and by decade of wealth.
    worse : the measures in which the method is no better than the guess.
    losses : of the training, one for every chunk of steps.
    """

    game: str
    notion: str
    method: str
    seed: int
    steps: int
    parameters: Mapping[str, str]
    seconds: Mapping[str, float]
    status: str
    rows: Mapping[str, Mapping[str, float | None]]
    worse: tuple[str, ...]
    losses: Array

    @property
    def heading(self) -> str:
        """What was learned, in a line."""
        return (
            f"{self.game} ({self.notion}), {self.method}, seed {self.seed}, {self.steps} steps, "
            f"{self.seconds['method']:.1f} s: {self.status}"
        )

    @property
    def sentence(self) -> str:
        """Whether it is better than a guess."""
        if not self.worse:
            return "Better than no control at all in every measure."
        return f"Worse than no control at all, or no better, in {', '.join(self.worse)}."

    def table(self) -> dict[str, dict[str, Any]]:
        """A row for every control that was judged."""
        return {name: dict(row) for name, row in self.rows.items()}

    def bars(self) -> tuple[str, dict[str, float]]:
        """The errors of the control."""
        name = next(name for name in self.rows["method"] if name.endswith("rms"))
        found = {k: row[name] for k, row in self.rows.items()}
        return name, {k: v for k, v in found.items() if v is not None}

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        found = asdict(self) | {"worse_than_guess": list(self.worse)}
        del found["worse"]
        losses = [float(v) if np.isfinite(v) else None for v in self.losses]
        return {"schema": SCHEMA, **found, "losses": losses}


def learn(
    model: Model,
    values: Mapping[str, object],
    method: str,
    *,
    seed: int = 0,
    steps: int | None = None,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    grid: bool = True,
    progress: Progress | None = None,
) -> Learned:
    """Learn a game and judge the result.

    Parameters
    ----------
    model : the game, of the structure that is wanted.
    values : its parameters.
    method : one of ``CROWD``, or of ``ALONE`` for one agent's wealth.
    steps : of training; by default as many as the method takes.
    checkpoint, resume : see :func:`eqsolve.learn.training.train`.
    grid : judge the grid's control, too.

    Raises
    ------
    InputError
        If no method takes the game, or an argument makes no sense.
    NoSolutionError
        If the game has no solution to compare with.
    MissingPartError
        Without the packages of the method.
    """
    name = model.game.name
    methods = ALONE if alone(model) else CROWD
    if method not in methods:
        raise InputError(
            f"there is no method {method!r} for this game.",
            game=name,
            stage=STAGE,
            remedy=f"Take one of {', '.join(methods)}.",
        )
    if not 0 <= seed < 2**32 or (steps is not None and not 0 < steps <= MOST_STEPS):
        raise InputError(
            f"the seed is a number from 0, the steps are at least 1 and at most {MOST_STEPS}.",
            game=name,
            stage=STAGE,
        )
    numbers = read(model, values)
    problem: Any = (investor if methods is ALONE else crowd)(model, numbers)
    parameters = {s.name: str(v) for s, v in numbers.parameters.items()}
    solver = methods[method](problem)
    count = solver.steps if steps is None else steps
    told = {"game": name, "notion": model.game.notion, "method": method, "seed": seed}
    found = train(
        *(solver, seed, count),
        checkpoint=checkpoint,
        resume=resume,
        told=told | parameters,
        progress=progress,
    )
    jury = (_alone if methods is ALONE else _crowd)(problem, model, values)
    learned = solver.policy(found.state), solver.value(found.state)
    rows, seconds = {"method": jury.judge(*learned)}, {"method": found.seconds}
    if jury.apart is not None:
        rows |= {f"method {name}": row for name, row in jury.apart(*learned).items()}
        start = solver.start(seed, count)
        rows["untrained"] = jury.judge(solver.policy(start), solver.value(start))
    if grid:
        begun = time.perf_counter()
        rows["grid"] = jury.judge(*jury.grid())
        seconds["grid"] = time.perf_counter() - begun
    rows["guess"], rows["solution"] = (jury.judge(*pair) for pair in (jury.guess, jury.solution))
    measured = [v for k, v in rows["method"].items() if rows["guess"][k] is not None]
    ok = all(v is not None for v in measured)
    return Learned(
        name,
        model.game.notion,
        method,
        seed,
        count,
        parameters,
        seconds,
        "ok" if ok else "unresolved",
        rows,
        tuple(worse(rows["method"], rows["guess"], jury.measures)),
        found.losses,
    )


#: Errors by measure.
Row: TypeAlias = dict[str, float | None]
#: A control, and what is said of its cost or its worth.
Said: TypeAlias = tuple[Policy, Any]


@dataclass(frozen=True)
class _Jury:
    """How what was learned of a kind of games is judged.

    Attributes
    ----------
    judge : the errors of a control and of what is said of it.
    grid, guess, solution : what stands beside it.
    apart : the same errors in parts, by name.
    measures : those in which it is to be better than the guess; None for those of a crowd.
    """

    judge: Callable[[Policy, Any], Row]
    grid: Callable[[], Said]
    guess: Said
    solution: Said
    apart: Callable[[Policy, Any], dict[str, Row]] | None = None
    measures: tuple[str, ...] | None = None


def _crowd(problem: Crowd, model: Model, values: Mapping[str, object]) -> _Jury:
    referee = Referee(problem, Truth.of(model, values))

    def judge(policy: Policy, cost: Any) -> Row:
        return referee.judge(policy, cost).to_dict()

    solution = referee.truth.control, referee.value
    return _Jury(judge, lambda: (_on_grid(model, values), None), (idle, None), solution)


def _alone(problem: Investor, model: Model, values: Mapping[str, object]) -> _Jury:
    referee = Assessor(problem, model, values)

    def judge(policy: Policy, worth: Any) -> Row:
        return referee.judge(policy, worth).to_dict()

    def apart(policy: Policy, worth: Any) -> dict[str, Row]:
        found = referee.by_decade(policy, worth)
        return {f"from {wealth}": verdict.to_dict() for wealth, verdict in found.items()}

    return _Jury(
        judge,
        lambda: referee.grid,
        (idle, referee.riskless),
        (referee.control, referee.value),
        apart,
        MEASURES,
    )


def _on_grid(model: Model, values: Mapping[str, object]) -> Policy:
    """The control that a grid finds, linear between its nodes."""
    result = represented(model).solve(read(model, values), None).result
    times, x = (np.asarray(result.axes[name], float) for name in ("t", "x"))
    control = np.asarray(result.arrays["strategy"][1], float)

    def at(t: float, places: Array) -> Array:
        late = min(max(int(np.searchsorted(times, t)), 1), times.size - 1)
        share = (t - times[late - 1]) / (times[late] - times[late - 1])
        row = (1 - share) * control[late - 1] + share * control[late]
        return np.asarray(np.interp(places, x, row), float)

    return at
