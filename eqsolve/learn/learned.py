"""Learn a declared game, and judge what was learned."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eqsolve.answers import Tabled
from eqsolve.errors import InputError
from eqsolve.game import Model
from eqsolve.game.parameters import read
from eqsolve.learn.adjoint import Adjoint
from eqsolve.learn.crowd import STAGE, crowd
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
        solution itself on the referee's chain, each by measure.
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
    method : one of ``CROWD``.
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
    if method not in CROWD:
        raise InputError(
            f"there is no method {method!r}.",
            game=name,
            stage=STAGE,
            remedy=f"Take one of {', '.join(CROWD)}.",
        )
    if not 0 <= seed < 2**32 or (steps is not None and not 0 < steps <= MOST_STEPS):
        raise InputError(
            f"the seed is a number from 0, the steps are at least 1 and at most {MOST_STEPS}.",
            game=name,
            stage=STAGE,
        )
    numbers = read(model, values)
    problem = crowd(model, numbers)
    parameters = {s.name: str(v) for s, v in numbers.parameters.items()}
    solver = CROWD[method](problem)
    count = solver.steps if steps is None else steps
    told = {"game": name, "notion": model.game.notion, "method": method, "seed": seed}
    found = train(
        *(solver, seed, count),
        checkpoint=checkpoint,
        resume=resume,
        told=told | parameters,
        progress=progress,
    )
    referee = Referee(problem, Truth.of(model, values))
    rows, seconds = {}, {"method": found.seconds}
    policy = solver.policy(found.state)
    rows["method"] = referee.judge(policy, solver.value(found.state)).to_dict()
    if grid:
        start = time.perf_counter()
        rows["grid"] = referee.judge(_on_grid(model, values)).to_dict()
        seconds["grid"] = time.perf_counter() - start
    rows["guess"] = referee.judge(idle).to_dict()
    rows["solution"] = referee.judge(referee.truth.control, referee.value).to_dict()
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
        tuple(worse(rows["method"], rows["guess"])),
        found.losses,
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
