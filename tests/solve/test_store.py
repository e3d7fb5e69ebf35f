"""Programs that are kept: answers from them are those of a derivation, or they are not used."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import eqsolve
from by_name import words_of
from eqsolve import papers, registry
from eqsolve.cli import told as told_of
from eqsolve.derivation.derivation import derive
from eqsolve.derivations import regulator
from eqsolve.errors import EqsolveError
from eqsolve.game import Model
from eqsolve.game.structure import structure
from eqsolve.gamefile import content_hash, self_contained
from eqsolve.inputs import Asked
from eqsolve.kept import name_of
from eqsolve.numbers import exact
from eqsolve.program import data, store
from eqsolve.program.make import program
from eqsolve.program.program import Program
from eqsolve.solve.solve import answered, solve
from eqsolve.source import Source

CASE = next(iter(regulator.MODEL.cases.values()))
NOTIONS = (None, "feedback", "open-loop", "given", "planner")
#: Games that are compared in the quick tests: one player, explicit players, copies, a finite end.
FEW = ("regulator", "sticky-prices", "systemic-risk", "execution")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs of its own, and nothing known to the process."""
    monkeypatch.setenv("EQSOLVE_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    monkeypatch.setattr(store, "_KNOWN", {})
    monkeypatch.setattr(store, "SHIPPED", tmp_path / "shipped")
    return tmp_path / "programs"


def source_of(name: str) -> Source | None:
    """A game by its name."""
    return Source.of(registry.content(name), partial(registry.resolve, name))


def entries(folder: Path) -> list[Path]:
    """The files of kept programs, the largest last: heads are short."""
    return sorted(folder.glob("*.json"), key=lambda path: path.stat().st_size)


def varied(case: Mapping[str, Any], place: int) -> dict[str, Any]:
    """Other values of every second parameter that is a number."""
    found = dict(case)
    for k, (name, value) in enumerate(case.items()):
        if k % 2 == place and not isinstance(value, (list, tuple)) and name != "n":
            found[name] = exact(name, value) * Fraction(21 if place else 19, 20)
    return found


def told(compute: Any) -> Any:
    """An answer as JSON, or the error in its place."""
    try:
        return compute().to_dict()
    except EqsolveError as error:
        return type(error).__name__, str(error)


def structures(name: str) -> Iterator[tuple[str | None, int | None]]:
    """The notions and sizes that a game's file offers."""
    arguments = structure(registry.resolve(name).exported)
    for notion in NOTIONS if "notion" in arguments else NOTIONS[:1]:
        for size in (None, 3) if "size" in arguments else (None,):
            yield notion, size


def compared(name: str) -> int:
    """How many answers of a game from kept programs are those of a fresh derivation."""
    found = registry.resolve(name)
    exported: Any = found.exported
    number = 0
    for notion, size in structures(name):
        try:
            model = exported(notion=notion) if notion else found.model
        except EqsolveError:
            continue
        for case in [*model.cases.values()][:1]:
            for values in (case, varied(case, 0), varied(case, 1)):
                source = source_of(name)
                assert source is not None
                fresh = told(lambda: solve(exported, values, notion=notion, size=size))
                told(lambda: source.answer(values, notion=notion, size=size))
                store._KNOWN.clear()
                again = source_of(name)
                assert again is not None
                assert told(lambda: again.answer(values, notion=notion, size=size)) == fresh
                number += isinstance(fresh, dict)
    return number


@pytest.mark.parametrize("name", FEW)
def test_answers_are_those_of_a_derivation(name: str, folder: Path) -> None:
    assert compared(name) >= 3 and len(entries(folder)) >= 2


@pytest.mark.full
@pytest.mark.parametrize("name", [n for n in registry.names() if n not in FEW])
def test_answers_of_every_game_are_those_of_a_derivation(name: str) -> None:
    model = registry.resolve(name).model
    if isinstance(model, Model) and model.cases:
        assert compared(name)


def test_a_kept_program_is_the_program(folder: Path) -> None:
    made = program(derive(regulator.MODEL), regulator.MODEL)
    written = json.loads(json.dumps(data.encoded(made)))
    assert data.encoded(data.decoded(written)) == written


COMMAND = """
import sys
from pathlib import Path
from eqsolve.program import store
store.SHIPPED = Path("nothing is shipped")
from eqsolve.cli import main
try:
    main()
finally:
    print("sympy" in sys.modules, "numpy" in sys.modules, file=sys.stderr)
"""


def run(*words: str) -> tuple[str, str]:
    """The output of a command, and which of SymPy and NumPy it imported."""
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *words],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
    )
    return done.stdout, done.stderr


def test_a_second_process_does_not_import_sympy(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("solve", "regulator", "--set", "default", "--json")
    first, imported = run(*words)
    assert imported.split()[0] == "True"
    second, imported = run(*words)
    assert imported.split() == ["False", "False"]
    assert json.loads(second) == json.loads(first)
    monkeypatch.setenv(store.OFF, "1")
    third, imported = run(*words)
    assert imported.split()[0] == "True" and json.loads(third) == json.loads(first)


FAMILY = {
    **{"r": ".03", "b": ".12", "nu": ".2", "sigma": ".2", "theta": ".5", "gamma": "2"},
    **{"alpha": "1", "beta": ".5", "lambda": ".6"},
}


@pytest.mark.parametrize(
    ("game", "more"),
    [
        ("n-agent", {"n": "3"}),
        ("n-agent --notion feedback", {"n": "3"}),
        ("relative-wealth", {"n": "3", "x": "1", "m": "1"}),
    ],
)
def test_nor_do_games_of_other_words_and_games_that_may_have_types(
    game: str, more: Mapping[str, str]
) -> None:
    words = [*game.split(), *(f"-p{name}={value}" for name, value in {**FAMILY, **more}.items())]
    first, imported = run("solve", *words, "--json")
    assert imported.split()[0] == "True"
    second, imported = run("solve", *words, "--json")
    assert imported.split() == ["False", "False"]
    assert json.loads(second) == json.loads(first)


@pytest.mark.parametrize(
    "words",
    [
        ("list", "regulator", "mean-field"),
        ("list", "regulator", "--json"),
        ("derive", "mean-field"),
        ("derive", "regulator", "--step", "hjb", "--format", "json"),
        ("solve", "mean-field", "--set", "S1"),
    ],
)
def test_what_is_told_of_a_game_is_kept(words: Sequence[str]) -> None:
    first, imported = run(*words)
    assert imported.split()[0] == "True"
    second, imported = run(*words)
    assert imported.split() == ["False", "False"] and second == first


def test_a_derivation_is_told_of_the_structure_and_the_file_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = Path(str(regulator.__file__)).read_text(encoding="utf-8")
    path = tmp_path / "own.py"
    path.write_text(text, encoding="utf-8")
    first = told_of.derivation(str(path))
    assert told_of.derivation(str(path)) == first == told_of.derivation("regulator")
    # also what is kept says which game the file hides
    assert capsys.readouterr().err.count("not the built-in one") == 2
    path.write_text(text.replace("x**2 + p**2", "x**2 + 2 * p**2"), encoding="utf-8")
    assert told_of.derivation(str(path)) != first
    assert told_of.derivation("systemic-risk", size=3) != told_of.derivation("systemic-risk")
    for _ in range(2):  # a refusal is not kept
        with pytest.raises(EqsolveError, match="no step"):
            told_of.derivation("regulator", step="none")


def test_what_is_told_depends_on_papers_and_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {name_of("content", {"a": 1}), name_of("content", {"a": 2}), name_of("other", {"a": 1})}
    names.add(name_of("content", {"a": 1}, ("kept",)))
    monkeypatch.setattr(papers, "content", lambda: "another paper")
    names.add(name_of("content", {"a": 1}))
    assert len(names) == 5
    monkeypatch.setattr(papers, "content", lambda: "")  # it does not tell what the papers are
    assert not name_of("content", {"a": 1})


def test_types_are_not_answered_by_the_program_of_players_who_are_alike() -> None:
    source = source_of("relative-wealth")
    assert source is not None
    alike = source.answer({**FAMILY, "x": "1", "m": "1"}, size=2)
    again = source_of("relative-wealth")
    assert again is not None and again.note is not None
    own = {name: value for name, value in FAMILY.items() if name != "gamma"}
    each = again.answer({**own, "gamma_1": "2", "gamma_2": "3"}, size=2)
    assert alike.ok and each.ok and not alike.types and len(each.types) == 2


TWO = {
    "lacker-zariphopoulou-cara": "mu=[.08,.05] nu=[.2,.15] sigma=[.15,.25] theta=[.5,.8] T=1.5 "
    "delta=[1,2]",
    "relative-wealth --size 2": "r=.03 b=[.12,.1] nu=.2 sigma=.2 theta=.5 gamma=2 alpha=1 beta=.5 "
    "lambda=.6 x=[1,2]",
    "two-agent": "r=.03 "
    + " ".join(f"{n}_{k}={v}" for n, v in FAMILY.items() for k in (1, 2) if n != "r"),
}


@pytest.mark.parametrize("game", TWO)
def test_nor_do_players_of_types_of_their_own(game: str) -> None:
    words = [*game.split(), *(f"-p{pair}" for pair in TWO[game].split()), "--json"]
    first, imported = run("solve", *words)
    assert imported.split()[0] == "True"
    second, imported = run("solve", *words)
    assert imported.split()[0] == "False"
    assert json.loads(second) == json.loads(first)


def test_words_that_were_edited_are_not_used(folder: Path) -> None:
    content = registry.content("mean-field")
    assert words_of("mean-field") is not None
    store._KNOWN.clear()
    assert store.recalled_words(content) is not None and store.recalled(content, {}) is None
    store._KNOWN.clear()
    (path,) = entries(folder)
    path.write_bytes(path.read_bytes().replace(b'"Qb"', b'"Qs"', 1))
    assert store.recalled_words(content) is None


# -- what must not be used ----------------------------------------------------------------------


def kept(folder: Path) -> tuple[Source, Path]:
    """A source whose program is kept, and the file that holds it."""
    source = source_of("regulator")
    assert source is not None and source.note is None
    assert source.answer(CASE).ok
    again = source_of("regulator")
    assert again is not None and again.note is not None
    store._KNOWN.clear()
    return again, entries(folder)[-1]


def recalled(source: Source) -> Program | None:
    """What is read for the arguments of the default structure."""
    assert source.note is not None
    return store.recalled(source.content, Asked().chosen(source.note.arguments, CASE)[1])


@pytest.mark.parametrize("place", [0, 70, 400, -2])
def test_an_entry_with_an_edited_byte_is_not_used(folder: Path, place: int) -> None:
    source, path = kept(folder)
    assert recalled(source) is not None
    store._KNOWN.clear()
    whole = bytearray(path.read_bytes())
    whole[place] ^= 1
    path.write_bytes(whole)
    assert recalled(source) is None
    assert source.answer(CASE).ok, "derived anew"
    store._KNOWN.clear()
    assert recalled(source) is not None, "and kept again"


def test_an_entry_under_another_name_is_not_used(folder: Path) -> None:
    """A seal belongs to the name: an older program cannot take the place of another one."""
    source, path = kept(folder)
    other = store.key(source.content, {"notion": "planner"})
    (folder / f"{other}.json").write_bytes(path.read_bytes())
    assert store.recalled(source.content, {"notion": "planner"}) is None


@pytest.mark.parametrize(
    "change",
    [
        ('"mul"', '"system"'),
        ('"mul",0,', '"mul",100000,'),
        ('"mul",0,', '"mul",-1,'),
        ('"Program"', '"Popen"'),
        ('"Code"', '"Range"'),
    ],
)
def test_a_sealed_entry_that_is_no_program_is_not_used(
    folder: Path, change: tuple[str, str]
) -> None:
    source, path = kept(folder)
    body = path.read_bytes().split(b"\n", 1)[1].decode()
    assert change[0] in body
    wrong = body.replace(*change).encode()
    seal = hashlib.sha256(path.stem.encode() + wrong).hexdigest()
    path.write_bytes(seal.encode() + b"\n" + wrong)
    assert recalled(source) is None


def test_another_version_does_not_use_an_entry(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, _ = kept(folder)
    monkeypatch.setattr(store, "fingerprint", lambda sources: "another")
    assert recalled(source) is None and store.head(source.content) is None


def test_programs_of_another_algebra_system_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    now = store.fingerprint.__wrapped__()
    assert store._algebra().strip() and store.fingerprint.__wrapped__() == now
    monkeypatch.setattr(store, "_algebra", lambda: b"another version")
    assert store.fingerprint.__wrapped__() != now


def test_so_many_programs_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every value of a parameter that may change the equations has a program, which is one."""
    source = source_of("merton")
    assert source is not None
    monkeypatch.setattr(store, "KEPT", 3)
    monkeypatch.setattr(store, "KNOWN", 2)
    values = {"r": "0.02", "B": "0.06", "s": "0.2", "T": "1"}
    found = [source.answer({**values, "g": str(g)}) for g in (2, 3, 4, 5)]
    assert [answer.ok for answer in found] == [True] * 4
    assert len(entries(folder)) == 3
    for g in (3, 4, 5):
        again = source_of("merton")
        assert again is not None and again.answer({**values, "g": str(g)}).ok
    assert len(store._KNOWN) <= 2


def test_a_folder_that_others_can_write_to_is_not_used(folder: Path) -> None:
    if not hasattr(os, "getuid"):
        pytest.skip("folders of a user are the user's")
    source, _ = kept(folder)
    folder.chmod(0o777)
    assert recalled(source) is None


def test_an_edited_game_and_an_edited_module_beside_it_have_other_keys(tmp_path: Path) -> None:
    game, beside = tmp_path / "own.py", tmp_path / "letters.py"
    game.write_text("from letters import r\nMODEL = r\n")
    beside.write_text("r = 1\n")
    made = program(derive(regulator.MODEL), regulator.MODEL)
    first = content_hash(game)
    store.remember(first, store.Head("own", (), {}), {}, made)
    assert store.recalled(first, {}) is not None
    beside.write_text("r = 2\n")
    second = content_hash(game)
    game.write_text("from letters import r\nMODEL = -r\n")
    third = content_hash(game)
    assert store.recalled(second, {}) is None and store.recalled(third, {}) is None
    assert store.head(second) is None and store.head(first) is not None


OWN = """
from eqsolve.game import *
from sympy import symbols
from letters import r
{extra}
x, p, P, c, k = symbols("x p P c k")
J = Moment("J", running=x**2 + p**2)
MODEL = Model(
    Game(
        "own", (State(x, r * x + p, {{"W": 1}}),), (Player("agent", (p,), Preference((J,), J.symbol,
        sense="minimize")),), Horizon(symbols("lambda")),
    ),
    Ansatz({{"J": P * x**2 + c}}, feedback={{p: -k * x}}),
    Vocabulary(parameter(symbols("lambda"), "rate", positive), Letter(x, "state"), Letter(p, "it")),
)
"""


def own(folder: Path, extra: str = "") -> Path:
    """A game's file with a module beside it."""
    path = folder / "own.py"
    path.write_text(OWN.format(extra=extra))
    (folder / "letters.py").write_text("r = 0\n")
    return path


def test_a_program_of_an_own_file_is_kept(tmp_path: Path) -> None:
    path = str(own(tmp_path))
    first = eqsolve.solve(path, {"lambda": 1})
    assert first.ok and run("solve", path, "-p", "lambda=1")[1].split() == ["False", "False"]
    assert eqsolve.solve(path, {"lambda": 1}).to_dict() == first.to_dict()
    (tmp_path / "letters.py").write_text("r = 1\n")
    other = eqsolve.solve(path, {"lambda": 1})
    assert other.strategy.x < first.strategy.x


@pytest.mark.parametrize(
    "extra",
    [
        "import os",
        "import time as math",
        "from pathlib import Path",
        "from sympy.core.random import randint",
        "from ..letters import s",
        "from eqsolve.registry import resolve",
        "import numpy",
        "text = open(__file__).read()",
        "text = __import__('os').environ",
        "text = [].__class__",
        "if True",
    ],
)
def test_a_file_that_may_ask_for_more_is_run_every_time(tmp_path: Path, extra: str) -> None:
    assert self_contained(own(tmp_path))
    path = own(tmp_path, extra)
    assert not self_contained(path) and registry.content(str(path)) == ""


def test_a_module_beside_a_file_may_not_ask_for_more_either(tmp_path: Path) -> None:
    path = own(tmp_path)
    (tmp_path / "letters.py").write_text("import os\nr = len(os.environ)\n")
    assert not self_contained(path)
    assert not self_contained(tmp_path / "none.py")


MODULES = """
import sys
from eqsolve import registry
for name in ("regulator", "execution", "systemic-risk", "kim-omberg", "given-averages"):
    exported = registry.resolve(name).exported
    from eqsolve.derivation.derivation import derive
    from eqsolve.program.make import program
    program(derive(exported if hasattr(exported, "game") else exported()))
print(*(name for name in sys.modules if name.startswith("eqsolve.")))
"""
#: What is loaded besides, and decides nothing of a program.
BESIDES = {
    "arrays",
    "distribution",
    "gamefile",
    "handle",
    "model",
    "papers",
    "places",
    "registry",
}
BESIDES |= {"files", "ledger", "output", "outputs", "paper", "references"}


def test_every_source_that_derives_is_part_of_the_key() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MODULES], capture_output=True, text=True, check=True
    )
    rooms = {name.split(".")[1] for name in done.stdout.split()}
    assert rooms <= {*store.SOURCES, *BESIDES}, rooms - {*store.SOURCES, *BESIDES}


def test_programs_hold_for_the_arguments_that_were_asked_for(folder: Path) -> None:
    source = source_of("sticky-prices")
    assert source is not None
    case = next(iter(registry.resolve("sticky-prices").model.cases.values()))
    first = source.answer(case, notion="feedback")
    second = source.answer(case, notion="open-loop")
    assert first.notion != second.notion and first.strategy != second.strategy
    again = source_of("sticky-prices")
    assert again is not None and again.note is not None
    assert again.answer(case, notion="open-loop").to_dict() == second.to_dict()


def test_answered_takes_a_program_and_numbers() -> None:
    made = program(derive(regulator.MODEL), regulator.MODEL)
    assert answered(made, CASE).to_dict() == solve(regulator.MODEL, CASE).to_dict()
