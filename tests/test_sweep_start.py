"""A kernel that an earlier process generated is used without deriving, while it is valid."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import eqsolve.derivations
from eqsolve import registry
from eqsolve.handle import Handle
from eqsolve.kernels import recall, storage
from eqsolve.kernels.cubic.kernel import kept
from eqsolve.kernels.cubic.kernel import kernel as generated
from eqsolve.registry import model
from eqsolve.verbs import kernel
from reference import cases

GAME = "mean-field"


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the cache folder with the kernels of one game, beside nothing that is shipped."""
    # a note holds for the games of one folder: those that other tests adopted are not among them
    monkeypatch.setattr(registry, "_adopted", {})
    if kept(Handle(GAME)) is None:
        generated.cache_clear()
    kernel(GAME)
    folder = tmp_path / "kernels"
    shutil.copytree(storage.cache_folder(), folder, ignore=shutil.ignore_patterns(".*"))
    monkeypatch.setenv("EQSOLVE_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(recall, "SHIPPED", tmp_path / "nothing")
    return folder


def test_found_again(own_cache: Path) -> None:
    again = kept(Handle(GAME))
    assert again is not None
    assert (again.source, again.path.name) == (kernel(GAME).source, kernel(GAME).path.name)
    assert again.origin == model(GAME).source
    assert recall.recalled("fast_mean_field") is not None


def test_shipped_modules_are_found_where_nothing_was_kept(
    own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = tmp_path / "shipped"
    recall.ship(shipped)
    assert not list(shipped.glob("*.py"))  # what is run lies where only its owner writes
    shutil.rmtree(own_cache)
    assert recall.recalled("fast_mean_field") is None
    monkeypatch.setattr(recall, "SHIPPED", shipped)
    found = recall.recalled("fast_mean_field")
    assert found is not None and found[2].parent == own_cache
    assert (found[1], found[2].name) == (kernel(GAME).source, kernel(GAME).path.name)
    (shipped / f"{found[2].name}.txt").write_text(found[1] + "1\n", encoding="utf-8")
    assert recall.recalled("fast_mean_field") == found  # from the cache folder
    shutil.rmtree(own_cache)
    assert recall.recalled("fast_mean_field") is None  # the text is another one


@pytest.mark.parametrize(
    "damage",
    [
        {"fingerprint": "0" * 64},
        {"file": "absent.py"},
        {"file": "../outside.py"},
        {"file": None},
        {},
    ],
)
def test_what_is_not_valid_is_not_used(damage: dict[str, Any], own_cache: Path) -> None:
    note = own_cache / "fast_mean_field.note"
    told = json.loads(note.read_bytes().split(b"\n", 1)[1])
    if damage:
        body = json.dumps(told | damage).encode()
        note.write_bytes(recall._seal(body).encode() + b"\n" + body)
    else:
        source = own_cache / told["file"]
        source.write_text(source.read_text() + "# changed\n")
    assert recall.recalled("fast_mean_field") is None


def test_a_note_that_was_edited_is_not_used(own_cache: Path) -> None:
    """An entry that was changed or left out would be read later, where nobody looks for it."""
    note = own_cache / "fast_mean_field.note"
    text = note.read_bytes()
    note.write_bytes(text.replace(b'"parameters"', b'"parameter"'))
    assert recall.recalled("fast_mean_field") is None
    assert generated.__wrapped__(model(GAME)).parameters == kernel(GAME).parameters
    note.write_bytes(text.replace(b'"gamma"', b'"delta"'))
    assert recall.recalled("fast_mean_field") is None


@pytest.mark.parametrize("text", ["", "\n", "[]", "{}", "\xff", "null"])
def test_a_damaged_note_is_not_used(text: str, own_cache: Path) -> None:
    (own_cache / "fast_mean_field.note").write_text(text, encoding="latin-1")
    assert recall.recalled("fast_mean_field") is None


def test_the_fingerprint_covers_games_versions_and_templates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = recall.fingerprint()
    monkeypatch.setattr(
        eqsolve.derivations, "__path__", [*eqsolve.derivations.__path__, str(tmp_path)]
    )
    (tmp_path / "game.py").write_text("a = 1\n")
    with_game = recall.fingerprint()
    recall._fingerprint.cache_clear()
    (tmp_path / "game.py").write_text("a = 2\n")
    changed = recall.fingerprint()
    recall._fingerprint.cache_clear()
    monkeypatch.setattr(recall, "version", lambda name: "0")
    newer = recall.fingerprint()
    recall._fingerprint.cache_clear()
    assert len({before, with_game, changed, newer}) == 4


def test_a_second_command_imports_no_sympy(tmp_path: Path) -> None:
    fixed = {k: v for k, v in cases.S1.items() if k != "theta"}
    arguments = ["sweep", GAME, "--vary", "theta=0:1:5", "--out", str(tmp_path / "out.csv")]
    arguments += [part for k, v in fixed.items() for part in ("-p", f"{k}={v}")]
    code = (
        "import sys; from eqsolve.cli import cli;"
        f"cli.main({arguments!r}, standalone_mode=False);"
        "assert not {'sympy', 'jinja2'} & set(sys.modules)"
    )
    # what the first command left: a kernel of this process may have been made in another folder
    first = code.rpartition(";")[0]
    assert subprocess.run([sys.executable, "-P", "-c", first], env=os.environ).returncode == 0
    done = subprocess.run([sys.executable, "-P", "-c", code], env=os.environ)
    assert done.returncode == 0
