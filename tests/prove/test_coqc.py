"""Runs of Coq's compiler that something ends."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from eqsolve.errors import EqsolveError
from eqsolve.prove import coqc
from eqsolve.prove.coqc import Compiler


def instead(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """A script in the place of Coq's compiler."""
    path = folder / "coqc"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setattr(coqc, "coqc", lambda: str(path))


def test_a_signal_is_no_verdict(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    instead(monkeypatch, tmp_path, "kill -TERM $$")
    with Compiler() as compiler, pytest.raises(EqsolveError, match="signal 15 ended Coq at x.v"):
        compiler.run(tmp_path, "x")


def test_what_takes_too_long_is_not_accepted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    instead(monkeypatch, tmp_path, "exec sleep 60")
    with Compiler() as compiler:
        done = compiler.run(tmp_path, "x", seconds=0.1)
    assert (done.returncode, done.stderr) == (1, "it takes too long")


def test_who_leaves_early_ends_what_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    instead(monkeypatch, tmp_path, 'touch "$2.runs"; exec sleep 60')
    with pytest.raises(KeyboardInterrupt), Compiler() as compiler:
        jobs = [compiler.submit(compiler.run, tmp_path, f"x{k}") for k in range(100)]
        while not (tmp_path / "x0.v.runs").exists():
            time.sleep(0.01)
        raise KeyboardInterrupt
    assert isinstance(jobs[0].exception(), EqsolveError)
    assert jobs[-1].cancelled()
    assert not (tmp_path / "x99.v.runs").exists()
