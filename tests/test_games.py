"""Games from anywhere: names, packages, paths, and files that are broken."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from click.testing import CliRunner

from eqsolve import places, registry
from eqsolve.cli import cli
from eqsolve.errors import BrokenGameError, InputError, UnknownGameError
from eqsolve.game import Model as Declared
from eqsolve.gamefile import sources
from eqsolve.handle import Handle
from eqsolve.places import Found
from eqsolve.registry import games, resolve
from eqsolve.studies.sweep.points import Design

#: A consumer of cake, whose file takes a number from beside it.
SOURCE = """
import sympy as sp
from eqsolve.game import Ansatz, Game, Horizon, Model, Player, State, Vocabulary
from eqsolve.game import expected, parameter, positive
from letters import RATE

x, p, A, k = sp.symbols("x p A k")
rho = sp.Symbol("rho")
MODEL = Model(
    Game(
        name="cake",
        states=(State(x, -p, {}),),
        players=(Player("eater", (p,), expected(running=-(x**2 + p**2) / 2), discount=RATE * rho),),
        horizon=Horizon(),
    ),
    Ansatz({"J": -A * x**2 / 2}, {p: k * x}),
    Vocabulary(parameter(rho, "impatience", positive)),
    title="cake",
)
"""
HELPER = "RATE = 1\n"


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """Leave the registry as it was found."""

    def clear() -> None:
        registry._adopted.clear()
        for cached in (
            registry.names,
            registry.model,
            places.built_in,
            places.packages,
            registry._loaded,
        ):
            cached.cache_clear()

    clear()
    yield
    clear()


@pytest.fixture
def cake(tmp_path: Path) -> Path:
    (tmp_path / "letters.py").write_text(HELPER)
    (tmp_path / "cake.py").write_text(SOURCE)
    return tmp_path / "cake.py"


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli, arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


# ------------------------------------------------------------------------ paths


def test_a_file_is_a_game(cake: Path) -> None:
    found = resolve(str(cake))
    assert (found.name, found.origin, found.path) == ("cake", "path", cake)
    assert isinstance(found.model, Declared)
    again = resolve(cake)
    assert (again.exported, again.path) == (found.exported, found.path)
    assert again.content_hash == found.content_hash != ""
    assert resolve(found.model).origin == "given"


def test_a_relative_path_and_home(cake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(cake.parent)
    monkeypatch.setenv("HOME", str(cake.parent))
    for text in ("./cake.py", "cake.py", "~/cake.py", f"../{cake.parent.name}/cake.py"):
        assert resolve(text).name == "cake"
    with pytest.raises(UnknownGameError, match="no game called 'cake'"):
        resolve("cake")


def test_the_hash_is_of_the_file_and_of_what_lies_beside_it(cake: Path) -> None:
    first = resolve(cake).content_hash
    assert sources(cake) == (cake, cake.parent / "letters.py")
    (cake.parent / "letters.py").write_text("RATE = 2\n")
    second = resolve(cake)
    assert second.content_hash != first
    assert isinstance(second.model, Declared)
    assert str(second.model.game.players[0].discount) == "2*rho"
    (cake.parent / "other.py").write_text("nothing")
    assert resolve(cake).content_hash == second.content_hash


def test_files_of_two_folders_have_helpers_of_their_own(cake: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "letters.py").write_text("RATE = 3\n")
    (other / "cake.py").write_text(SOURCE)
    found = [resolve(path).model for path in (cake, other / "cake.py", cake)]
    assert [str(m.game.players[0].discount) for m in found if isinstance(m, Declared)] == [
        "rho",
        "3*rho",
        "rho",
    ]
    assert "letters" not in sys.modules


def test_a_helper_hides_no_module_of_others(cake: Path, tmp_path: Path) -> None:
    (tmp_path / "statistics.py").write_text("raise ValueError('hidden')\n")
    before = sys.modules.get("statistics"), list(sys.path), sys.dont_write_bytecode
    resolve(cake)
    assert (sys.modules.get("statistics"), sys.path, sys.dont_write_bytecode) == before


def test_no_bytecode_is_written(cake: Path) -> None:
    resolve(cake)
    assert sorted(p.name for p in cake.parent.iterdir()) == ["cake.py", "letters.py"]


def test_a_function_is_called_with_its_defaults(tmp_path: Path) -> None:
    text = SOURCE.replace("from letters import RATE\n", "RATE = 1\n")
    head, tail = text.split("MODEL = ")
    (tmp_path / "cake.py").write_text(f"{head}def model():\n    return ({tail})\n")
    found = resolve(tmp_path / "cake.py")
    assert callable(found.exported) and found.name == "cake"


# ------------------------------------------------------------------ broken files

BROKEN = {
    "syntax": ("x = 1\nMODEL = (\n", "SyntaxError", 2),
    "import": ("\nimport no_such_module\n", "No module named 'no_such_module'", 2),
    "raises": ("\n\nraise ValueError('half done')\n", "ValueError: half done", 3),
    "deep": ("def f():\n    1 / 0\n\nMODEL = f()\n", "ZeroDivisionError", 2),
    "leaves": ("import sys\nsys.exit(3)\n", "SystemExit: 3", 2),
    "recursion": ("def f():\n    return f()\n\nMODEL = f()\n", "RecursionError", 2),
    "nothing": ("x = 1\n", "defines neither MODEL", None),
    "type": ("MODEL = 1\n", "MODEL is of type int", None),
    "builds": ("def model():\n    return None\n", "type NoneType", None),
    "fails": ("def model():\n    raise KeyError('T')\n", "KeyError: 'T'", 2),
    "empty": ("", "defines neither MODEL", None),
    "null": ("x = 1\0\n", "null bytes", None),
    "latin": ("x = '\xff'\n", "SyntaxError", None),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_names_line_and_reason(name: str, tmp_path: Path) -> None:
    text, reason, line = BROKEN[name]
    path = tmp_path / "game.py"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BrokenGameError, match=reason) as caught:
        resolve(path)
    if line is not None:
        assert caught.value.line == line
    code, out, err = run("derive", str(path))
    assert code == 2 and not out and "game.py" in err and "Traceback" not in err


def test_a_syntax_error_beside_names_that_file(cake: Path) -> None:
    (cake.parent / "letters.py").write_text("RATE = \n")
    with pytest.raises(BrokenGameError, match=r"letters\.py, line 1: SyntaxError"):
        resolve(cake)
    (cake.parent / "letters.py").write_text(HELPER)
    assert resolve(cake).name == "cake"


@pytest.mark.parametrize("path", ["absent.py", ".", "./"])
def test_what_is_no_file_is_refused(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run("derive", path)
    assert code == 2 and not out and "Traceback" not in err


@pytest.mark.parametrize("game", [None, 3, Declared, b"x"])
def test_what_is_no_game_is_refused(game: object) -> None:
    with pytest.raises(InputError, match="is not a game"):
        resolve(game)  # type: ignore[arg-type]


def installed(
    monkeypatch: pytest.MonkeyPatch, folder: Path, files: dict[str, str], **entries: str
) -> None:
    """Put modules and entry points where those of an installed package are."""
    for name, text in files.items():
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(folder)
    found = [EntryPoint(name, value, places.GROUP) for name, value in entries.items()]
    monkeypatch.setattr(places, "entry_points", lambda group: found)


def test_broken_games_harm_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"broken_{name}.py": text for name, (text, _, _) in BROKEN.items() if name != "latin"}
    entries = {f"broken-{name}": f"broken_{name}" for name in BROKEN if name != "latin"}
    installed(monkeypatch, tmp_path, files, **entries, gone="no_such_package.game")
    listed = {g.name: g for g in games() if isinstance(g, Found)}
    broken = {g.game: g for g in games() if isinstance(g, BrokenGameError)}
    assert set(broken) == {*entries, "gone"}
    assert {"n-agent", "best-response"} <= set(listed)
    code, out, _ = run("list", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert code == 0 and rows["broken-raises"]["line"] == 3
    assert rows["broken-raises"]["error"].startswith("ValueError: half done")
    assert "title" in rows["n-agent"]
    code, out, _ = run("list")
    assert code == 0 and "cannot be used: ValueError: half done" in out
    assert run("derive", "broken-raises")[0] == 2
    assert run("derive", "n-agent", "--step", "equilibrium")[0] == 0


def test_a_file_is_listed_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "letters.py").write_text(HELPER)
    path = tmp_path / "own.py"
    path.write_text(SOURCE)
    code, out, _ = run("list", str(path), "lq-mfg", "--json")
    own, known = json.loads(out)
    assert code == 0 and known["name"] == "lq-mfg"
    assert set(own["verbs"]) == set(known["verbs"]) and own["verbs"]["solve"] is True
    path.write_text("x = 1\ny = x / 0\n")
    code, out, _ = run("list", str(path))
    assert code == 0 and "cannot be used: ZeroDivisionError" in out and "line 2" in out
    assert run("list", "no-such-game")[0] == 2


# ------------------------------------------------------------- packages and order


def test_games_of_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = SOURCE.replace("from letters import RATE\n", "RATE = 1\n")
    head, tail = text.split("MODEL = ")
    files = {"cake_game.py": text, "cake_built.py": f"{head}def model():\n    return ({tail})\n"}
    entries = {"a": "cake_game", "b": "cake_game:MODEL", "c": "cake_built:model"}
    installed(monkeypatch, tmp_path, files, **entries)
    for name in "abc":
        found = resolve(name)
        assert (found.name, found.origin) == (name, "package")
        assert isinstance(found.model, Declared) and found.content_hash


def test_a_path_beats_a_package_which_beats_the_built_in_game(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SOURCE.replace("from letters import RATE\n", "RATE = 1\n")
    text = text.replace('name="cake"', 'name="n-agent"')
    assert resolve("n-agent").origin == "built-in"
    assert capsys.readouterr().err == ""
    registry._loaded.cache_clear()
    places.packages.cache_clear()
    installed(monkeypatch, tmp_path, {"mine.py": text}, **{"n-agent": "mine"})
    assert resolve("n-agent").origin == "package"
    said = "n-agent is the game of the installed package mine, not the built-in one"
    assert said in capsys.readouterr().err
    path = tmp_path / "n_agent.py"
    path.write_text(text)
    assert registry.adopt(str(path)) == "n-agent"
    assert resolve("n-agent").origin == "path"
    assert "not the installed one" in capsys.readouterr().err


def test_papers_attach_to_their_own_games_only(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("from eqsolve.derivations.mean_variance.n_agent import MODEL\n")
    own, copy = registry.model("n-agent"), resolve(path).model
    assert own.cases and own.displays(own.derivation)
    assert not isinstance(copy, Declared)
    assert not copy.cases and not copy.displays(copy.derivation)


def test_commands_take_paths(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("from eqsolve.derivations.mean_variance.mean_field import MODEL\n")
    given = "r=.03 b=.12 nu=.2 sigma=.2 theta=.5 gamma=2 alpha=1 beta=.5 lambda=.6".split()
    pairs = [text for pair in given for text in ("-p", pair)]
    code, out, err = run("solve", str(path), *pairs, "--json")
    assert code == 0 and "is the game of" in err
    assert json.loads(out)["strategy"]["x"] == pytest.approx(0.233413246626594, abs=1e-12)


def test_a_sweep_carries_the_file_to_its_workers(tmp_path: Path) -> None:
    """What a worker gets names the file and its content, and a changed file is refused."""
    path = tmp_path / "mine.py"
    path.write_text("from eqsolve.derivations.mean_variance.mean_field import MODEL\n")
    sent = pickle.dumps(Design(Handle(registry.adopt(str(path))), (), {}, "limit", ()))
    script = f"import pickle; pickle.loads({sent!r}); from eqsolve.registry import resolve; "
    script += "print(resolve('mean-field').path)"
    command = [sys.executable, "-P", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.strip() == str(path), done.stderr
    path.write_text(f"{path.read_text()}# changed\n")
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode and "has changed" in done.stderr
