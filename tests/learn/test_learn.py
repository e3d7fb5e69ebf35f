"""Learned solvers: runs, their checkpoints, and what the referee says of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import eqsolve
from documents import hold
from eqsolve.cli import cli
from eqsolve.derivations import execution
from eqsolve.errors import InputError
from eqsolve.game.parameters import read
from eqsolve.learn.crowd import crowd
from eqsolve.learn.learned import CROWD
from eqsolve.learn.referee import Referee
from eqsolve.learn.training import CHUNK, train
from eqsolve.learn.truth import Truth

pytest.importorskip("jax", reason="the extra learn is not installed")
pytest.importorskip("optax", reason="the extra learn is not installed")

#: Most mean squared error of the control and most exploitability or excess of cost, some three
#: times what was seen with seeds 0 and 1.
BOUNDS = {
    ("direct", "feedback"): (1e-3, 1e-3),
    ("direct", "planner"): (2e-3, 2e-3),
    ("mkv-fbsde", "feedback"): (2e-4, 1e-4),
    ("mkv-fbsde", "planner"): (5e-4, 3e-4),
    ("deep-galerkin", "feedback"): (5e-4, 3e-4),
}


def test_the_command_and_its_checkpoint(tmp_path: Path) -> None:
    """Interrupted after every chunk or not, a run ends in the same numbers."""
    words = ["learn", "execution", "--method", "direct", "--set", "default", "--json"]
    words += ["--steps", str(2 * CHUNK)]
    kept = ["--checkpoint", str(tmp_path / "run")]
    whole = CliRunner().invoke(cli, words)
    assert whole.exit_code == 0, whole.output
    document = json.loads(whole.output)
    hold("learn", document)
    assert document["rows"]["method"]["control_mse"] < document["rows"]["guess"]["control_mse"]
    assert document["rows"]["grid"]["control_mse"] < 1e-6

    def stop(stage: str, done: int, total: int | None, residual: float | None) -> None:
        raise KeyboardInterrupt

    def run(**how: object) -> eqsolve.learn.learned.Learned:
        return eqsolve.learn(
            "execution", execution.DEFAULT, method="direct", steps=2 * CHUNK, **how
        )

    with pytest.raises(KeyboardInterrupt):
        run(checkpoint=tmp_path / "run", progress=stop)
    resumed = CliRunner().invoke(cli, [*words, *kept, "--resume"])
    assert resumed.exit_code == 0, resumed.output
    again = json.loads(resumed.output)
    assert [again[k] for k in ("rows", "losses")] == [document[k] for k in ("rows", "losses")]
    for more, message in (
        (kept, "holds a run already"),
        ([*kept, "--resume", "--seed", "1"], "of another run"),
        (["--resume"], "needs --checkpoint"),
        (["--checkpoint", str(tmp_path / "none"), "--resume"], "cannot be read"),
    ):
        refused = CliRunner().invoke(cli, [*words, *more])
        assert refused.exit_code == 2 and message in refused.output, refused.output


@pytest.mark.full
@pytest.mark.parametrize(("method", "notion"), BOUNDS)
def test_what_is_learned_is_near_the_solution(method: str, notion: str) -> None:
    found = eqsolve.learn("execution", execution.DEFAULT, method=method, notion=notion)
    row = found.rows["method"]
    error, gain = BOUNDS[method, notion]
    assert found.status == "ok" and found.worse == ()
    assert row["control_mse"] is not None and row["control_mse"] < error
    last = row["exploitability"] if notion == "feedback" else row["excess"]
    assert last is not None and last < gain


@pytest.mark.full
@pytest.mark.parametrize(
    ("method", "planted"),
    [("direct", "sign"), ("direct", "end"), ("mkv-fbsde", "end"), ("deep-galerkin", "sign")],
)
def test_a_planted_error_of_a_method_is_seen(method: str, planted: str) -> None:
    """A crowd whose interaction has the other sign, or whose end costs nothing, is learned."""
    model = execution.model()
    problem = crowd(model, read(model, execution.DEFAULT))
    judge = Referee(problem, Truth.of(model, execution.DEFAULT))
    other = read(model, execution.DEFAULT | {"g": "-1.75"})
    wrong = (
        crowd(model, other)
        if planted == "sign"
        else replace(problem, **dict.fromkeys(("payoff", "paid_end"), lambda x, a, law: 0 * x))
    )
    solver = CROWD[method](wrong)
    found = judge.judge(solver.policy(train(solver, 0, solver.steps).state))
    error, gain = BOUNDS[method, "feedback"]
    assert found.control_mse > error
    assert found.exploitability is not None and found.exploitability > gain
    assert np.isfinite(found.cost)


def test_a_broken_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.npz").write_bytes(b"none")
    with pytest.raises(InputError, match="cannot be read as a checkpoint"):
        eqsolve.learn(
            "execution",
            execution.DEFAULT,
            method="direct",
            checkpoint=tmp_path,
            resume=True,
        )
