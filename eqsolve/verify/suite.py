"""The verification suite: which game is checked how, at which parameters."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from eqsolve.derivation.derivation import derive
from eqsolve.errors import InputError, MissingPartError
from eqsolve.game import Model as Declared
from eqsolve.notated.published import Case, Level, Published
from eqsolve.output import replacing, require_writable
from eqsolve.places import Found
from eqsolve.registry import finite_of
from eqsolve.verify.cases import SEED, cases, refereed
from eqsolve.verify.check import Check
from eqsolve.verify.displays import display_checks
from eqsolve.verify.hazard import NEEDED, under
from eqsolve.verify.models import Variant, model_checks, variants
from eqsolve.verify.montecarlo import monte_carlo_checks
from eqsolve.verify.mutation import self_test as planted_errors
from eqsolve.verify.nash import nash_checks, players_checks, players_claim
from eqsolve.verify.pde import grid_checks
from eqsolve.verify.planted import self_test as planted_in
from eqsolve.verify.prediction import Prediction, predictions
from eqsolve.verify.reference import reference_checks
from eqsolve.verify.report import Report
from eqsolve.verify.spike import spike_checks
from eqsolve.verify.symbolic import limit_checks, symbolic_checks
from eqsolve.verify.table import Table, judge_all

#: States at which the spike variation deviates; they determine an affine strategy.
SPIKE_AT = ((1, 1), (2, -1), (-1, 3))
#: Largest relative error of the spike variation: double precision of the claims, times a hundred.
SPIKE_ALLOWED = 1e-13
#: Antithetic pairs of paths of the simulation.
PATHS: dict[Level, int] = {"quick": 64_000, "full": 192_000}
#: Grids that are solved at a time for the table.
JOBS: dict[Level, int] = {"quick": 1, "full": 2}
#: Paths of the first round of the simulation of a declared model.
MODEL_PATHS: dict[Level, int] = {"quick": 4_000, "full": 20_000}
#: Probability that any check of one simulation fails although every claim is true.
FALSE_ALARM = 1e-6


@dataclass(frozen=True)
class _Task:
    game: str
    label: str
    kind: str
    run: Callable[[], list[Check]]

    def checks(self) -> list[Check]:
        """Run; what cannot be checked is a check that fails."""
        try:
            return self.run()
        except MissingPartError:
            raise
        except Exception as error:
            nan = math.nan
            note = f"{type(error).__name__}: {error}"
            return [Check(self.label, self.game, self.kind, nan, nan, nan, 0.0, note)]


def verify(
    games: Iterable[Found],
    level: str = "quick",
    progress: bool | None = None,
    *,
    hazard: str | None = None,
    horizon: object = None,
) -> Report:
    """Check the closed forms of games by means that do not use them.

    Exact checks put the closed form back into the problem. The grid solution of the extended HJB
    system, the spike variation and the simulation know the dynamics, the preference and the
    horizon only. In a population they check the response to the equilibrium's aggregates, held
    constant; the closed-loop Nash equilibrium is checked in ball arithmetic and by the spike
    variation.

    Parameters
    ----------
    games : the games.
    level : ``"quick"`` or ``"full"`` (more parameter sets and paths).
    progress : show a bar on standard error.
    hazard : a hazard rate that moves in time, in place of the constant one; only what then holds is
        checked.
    horizon : with it, the end, where there is one.

    Raises
    ------
    InputError
        For an unknown level, and for a game that has no such hazard rate.
    MissingPartError
        If the compiled grid solver is not installed.
    """
    checked = _level(level)
    tasks = [task for found in games for task in _tasks_of(found, checked, hazard, horizon)]
    checks: list[Check] = []
    seconds: dict[str, float] = {}
    times: list[float] = []
    for task in tqdm(tasks, desc="verify", disable=not progress, leave=False):
        start = time.perf_counter()
        made = task.checks()
        spent = time.perf_counter() - start
        checks += made
        times += [spent / len(made)] * len(made) if made else []
        seconds[task.game] = seconds.get(task.game, 0.0) + spent
    needed = () if hazard is None else NEEDED
    return Report(tuple(checks), level, seconds, tuple(times), needed)


def run_command(
    games: Iterable[Found],
    level: str = "quick",
    *,
    self_test: bool = False,
    told: Callable[[Report], None] = lambda report: None,
    table: str | Path | None = None,
    progress: bool = False,
    hazard: str | None = None,
    horizon: object = None,
) -> tuple[bool, dict[str, Any]]:
    """Verify and return the verdict with the machine-readable report.

    With ``self_test`` errors are planted, too: the verdict is false if one is not caught. With
    ``table`` only the grid's table of parameter sets is made, and written to that file (.md or
    .json). ``told`` is handed the report when all checks are made.

    Raises
    ------
    InputError
        Like :func:`verify`.
    """
    games = tuple(games)
    if table is not None:
        return _write_table(games, level, Path(table))
    report = verify(games, level, progress, hazard=hazard, horizon=horizon)
    ok, result = report.ok, report.to_dict()
    if self_test:
        found = _planted(games, progress)
        result |= found
        ok = ok and 0 < found["planted"] == found["caught"]
        result["ok"] = ok
    told(report)
    return ok, result


def _planted(games: Iterable[Found], progress: bool) -> dict[str, Any]:
    """Plant errors in games: how many there were, how many were caught, and what was missed."""
    planted = caught = 0
    missed: list[str] = []
    family = False
    for found in games:
        if not isinstance(found.model, Declared):
            family = True
            continue
        for variant in variants(found):
            rows = planted_in(derive(variant.model))
            planted += len(rows)
            bad = [row for row in rows if row.verdict != "pass"]
            caught += len(rows) - len(bad)
            missed += [f"{found.name}, {variant.words}: {row.name}" for row in bad]
    result: dict[str, Any] = {"missed": missed}
    if family:
        own = planted_errors(progress).to_dict()
        result = own | {"missed": [*own.get("missed", []), *missed]}
        planted, caught = planted + own["planted"], caught + own["caught"]
    return result | {"planted": planted, "caught": caught}


def _write_table(games: Iterable[Found], level: str, path: Path) -> tuple[bool, dict[str, Any]]:
    """Let the grid judge all its parameter sets and write the table."""
    require_writable(path)
    if path.suffix not in (".md", ".json"):
        raise InputError(
            f"the table {str(path)!r} has no known ending.",
            stage="output",
            remedy="Choose a name that ends with .md or .json.",
        )
    # those that the grid can judge
    chosen = [found.model for found in games if isinstance(found.model, Published)]
    checked = _level(level)
    start = time.perf_counter()
    found = referee_table(chosen, checked)
    spent = {"referee": time.perf_counter() - start}
    text = found.to_markdown() if path.suffix == ".md" else found.to_json()
    with replacing(path) as file:
        file.write_text(text, encoding="utf-8")
    report = Report(tuple(found.checks()), level, spent)
    return report.ok, report.to_dict()


def referee_table(models: Iterable[Published], level: Level) -> Table:
    """The grid's verdicts on the parameter sets of games."""
    chosen = list(models)
    sets = [(model, case) for model in chosen for case in refereed(model, level)]
    about = dict.fromkeys(line for model in chosen for line in model.about)
    return judge_all(sets, jobs=JOBS[level], about=tuple(about))


def _level(level: str) -> Level:
    if level == "quick":
        return "quick"
    if level == "full":
        return "full"
    raise InputError(f"level must be quick or full, not {level!r}.", stage="input")


def _tasks_of(
    found: Found, level: Level, hazard: str | None = None, horizon: object = None
) -> Iterator[_Task]:
    """What there is to check of a game of any kind."""
    if hazard is not None:
        for run in under(found, hazard, horizon, MODEL_PATHS[level]):
            yield _Task(found.name, hazard, "proof", run)
        return
    if isinstance(found.model, Published):
        yield from _tasks(found.model, level)
        return
    for variant in variants(found):
        yield _of_variant(variant, level)


def variant_checks(variant: Variant, level: str) -> list[Check]:
    """The checks of one structure of a declared game; what cannot be checked fails.

    Raises
    ------
    InputError
        For an unknown level.
    """
    return _of_variant(variant, _level(level)).checks()


def _of_variant(variant: Variant, level: Level) -> _Task:
    run = partial(model_checks, variant, MODEL_PATHS[level])
    return _Task(variant.model.name, variant.words, "proof", run)


def _tasks(model: Published, level: Level) -> Iterator[_Task]:
    game = model.name
    yield _Task(game, "symbolic checks", "exact", partial(symbolic_checks, model))
    yield _Task(game, "numbered equations", "exact", partial(display_checks, model))
    finite = finite_of(model)
    if finite is not None and finite is not model:
        yield _Task(game, "limit", "exact", partial(limit_checks, finite, model))
    for name, notions in model.reference.items():
        for notion in notions:
            known = partial(reference_checks, model, name, notion)
            yield _Task(game, f"{name}, {notion}", "reference", known)
    if any(True for _ in refereed(model, level)):
        yield _Task(game, "referee", "grid", partial(_refereed, model, level))
    # an open number of agents is checked by the game that fixes it
    fixed = model.types is None or model.types.count
    for seed, case in enumerate(cases(model, level) if fixed else (), SEED):
        claims = partial(_case_checks, model, case, level, seed)
        yield _Task(game, case.name, "numeric", partial(_if_solved, model, claims))
    if model.types is not None and (model.types.count or level == "full"):
        run = partial(_players, model, level)
        yield _Task(game, "closed loop", "ball", run)
    if model.alike is not None:
        for case in cases(model, level):
            if level == "full" or case.name in model.cases:
                run = partial(nash_checks, model, case.given, name=case.name)
                loop = partial(_if_solved, model, run)
                yield _Task(game, f"{case.name}, closed loop", "ball", loop)


def _refereed(model: Published, level: Level) -> list[Check]:
    return referee_table([model], level).checks()


def _players(model: Published, level: Level) -> list[Check]:
    return players_checks(players_claim(model), model.name, paths=MODEL_PATHS[level])


def _if_solved(model: Published, run: Callable[[], list[Check]]) -> list[Check]:
    """Run numerical checks, but not of a game without roles, which is solved symbolically only.

    A game that declares cases is always checked, so that its roles cannot get lost unnoticed.
    """
    return run() if model.cases or model.roles is not None else []


def _case_checks(model: Published, case: Case, level: Level, seed: int) -> list[Check]:
    checks = []
    for claim in predictions(model, case.given, name=case.name):
        checks += numeric_checks(claim, paths=PATHS[level], seed=seed)
    return checks


def numeric_checks(claim: Prediction, *, paths: int, seed: int) -> list[Check]:
    """Check one prediction by the grid, the spike variation and the simulation."""
    game, feedback, values = claim.game, claim.feedback, claim.values
    return [
        *grid_checks(game, feedback, values, name=f"{claim.name}, grid", moments=claim.moments),
        *spike_checks(
            game, feedback, values, SPIKE_AT, name=f"{claim.name}, spike", allowed=SPIKE_ALLOWED
        ),
        *monte_carlo_checks(
            game,
            feedback,
            values,
            claim.moments,
            paths=paths,
            seed=seed,
            name=f"{claim.name}, simulation",
            objective=claim.objective,
            false_alarm=FALSE_ALARM,
            threads=os.cpu_count() or 1,
        ),
    ]
