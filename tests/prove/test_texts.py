"""Theorems that are kept as texts are those that would be stated now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eqsolve.prove import texts as module
from eqsolve.prove.collect import of_family
from eqsolve.prove.texts import Texts, texts
from eqsolve.registry import model


def _never(*_: Any) -> Any:
    raise AssertionError("stated anew")


def test_what_is_kept_is_what_would_be_stated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EQSOLVE_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("eqsolve.program.store.SHIPPED", tmp_path / "nothing")
    game = model("n-agent")
    made = texts(game, "weights")
    assert made == Texts.of(of_family(game, ["weights"]))
    monkeypatch.setattr(module, "of_family", _never)
    assert texts(game, "weights") == made


def test_another_game_of_the_same_name_is_stated_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "of_family", _never)
    with pytest.raises(AssertionError, match="stated anew"):
        texts(replace(model("n-agent"), title="Another one"), "weights")
