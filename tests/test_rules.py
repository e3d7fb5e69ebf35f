"""The rules of the house, each with a planted violation that its test catches.

What breaks a rule today is counted by file in ``data/allowance.toml``. A count that is too low or
too high fails: the list may only shrink, and it shrinks with the code.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Collection, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

import eqsolve
from eqsolve.game import Model as Declared
from eqsolve.gamefile import declares
from eqsolve.places import Found
from eqsolve.registry import games

HERE = Path(__file__).parent
ROOT = Path(str(files(eqsolve)))
BESIDE = ("derivations", "paper", "paper_figures")
GAMES, PAPER, FIGURES, TEMPLATES = (
    Path(str(files(f"eqsolve.{name}"))) for name in (*BESIDE, "templates")
)
ALLOWED = tomllib.loads((HERE / "data" / "allowance.toml").read_text())

#: Grammars of LaTeX and of problem files know letters of no game in particular.
GRAMMARS = (
    "latex/grammar/names.py",
    "latex/grammar/tokens.py",
    "latex/mathml.py",
    "latex/nodes.py",
)
#: Axes of the grid; the time is called t in every game.
AXES, TIME = frozenset("xy"), "t"

#: What was left when the rules became tests.
AT_MOST = {"names": 0, "look-ups": 0, "games": 0, "templates": 0}

Violations = list[tuple[int, str]]


def modules(*roots: Path) -> list[Path]:
    found = (p for root in roots for p in root.rglob("*.py"))
    return sorted(p for p in found if "__pycache__" not in p.parts)


@cache
def engine() -> dict[str, str]:
    """The sources of eqsolve/ itself, by path; nothing of the folders beside it."""
    outside = [ROOT / name for name in (*BESIDE, "templates")]
    return {
        path.relative_to(ROOT).as_posix(): path.read_text()
        for path in modules(ROOT)
        if not any(path.is_relative_to(folder) for folder in outside)
    }


def counted(find: Callable[[str, str], Violations]) -> dict[str, int]:
    """How many violations each file has."""
    found = {path: len(find(path, source)) for path, source in engine().items()}
    return {path: count for path, count in found.items() if count}


def compare(rule: str, found: dict[str, int]) -> None:
    allowed = ALLOWED[rule]
    more = {path: n for path, n in found.items() if n > allowed.get(path, 0)}
    assert not more, f"new violations of {rule}, by file: {more}"
    fewer = {path: found.get(path, 0) for path, n in allowed.items() if found.get(path, 0) < n}
    assert not fewer, f"lower the allowance of {rule} to what is left: {fewer}"


def called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


# ------------------------------------------------ 1: no game, no symbol of a game


@cache
def vocabulary() -> tuple[frozenset[str], frozenset[str]]:
    """The names of all games, and of all their symbols."""
    found = [game for game in games() if isinstance(game, Found)]
    # in a fresh process: further letters are declared when tests ask for them
    code = (
        "import json; from eqsolve.registry import games; from eqsolve.symbols import _TABLE;"
        "list(games()); print(json.dumps(sorted(_TABLE)))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, check=True)
    letters = set(json.loads(done.stdout))
    for game in found:
        if isinstance(game.model, Declared):
            letters |= {letter.name for letter in game.model.vocabulary}
    return frozenset(game.name for game in found), frozenset(letters)


def named(
    path: str, source: str, own: frozenset[str] | None = None, letters: Collection[str] = ()
) -> Violations:
    """Literals that are names of games or of their symbols."""
    if path in GRAMMARS:
        return []
    own, letters = (own, letters) if own is not None else vocabulary()
    tree = ast.parse(source)
    long = {name for name in letters if len(name) > 1}
    # names that are no words, which mean the symbol wherever they stand
    unmistakable = {name for name in long if re.search(r"[0-9_]|[a-z][A-Z]|[A-Z][a-z]?$", name)}
    docstrings = {id(text) for text in _docstrings(tree)}
    found: Violations = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text, words = node.value, node.value.split()
            commands = re.findall(r"eqsolve [a-z]+ [^\n]*", text)
            quoted = re.findall(r"""["'`]([\w-]+)["'`]""", text)
            spelled = {text, *(word for line in commands for word in line.split())}
            if id(node) not in docstrings:
                spelled |= {*quoted}
            if own & spelled:
                found.append((node.lineno, text))
            elif id(node) in docstrings:
                continue
            elif words and set(words) <= set(letters) and set(words) & long:
                found.append((node.lineno, text))
            elif set(re.findall(r"\w+", text)) & unmistakable:
                found.append((node.lineno, text))
    return found + list(_single(path, tree, letters))


def _docstrings(tree: ast.AST) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.value


def _single(path: str, tree: ast.AST, letters: Collection[str]) -> Iterator[tuple[int, str]]:
    """Single letters where they can only be symbols: made into one, or a key of parameters."""
    exempt = {TIME, *AXES} if path.startswith("pde/") else {TIME}
    single = {name for name in letters if len(name) == 1} - exempt
    tables = {"parameters", "params", "given", "exact", "values", "numbers", "roles"}

    def name_of(node: ast.AST) -> str:
        return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")

    for node in ast.walk(tree):
        keys: list[ast.expr] = []
        if isinstance(node, ast.Call) and called(node) in ("symbol", "symbols", "Symbol"):
            keys = node.args
        elif isinstance(node, ast.Subscript) and name_of(node.value) in tables:
            keys = [node.slice]
        elif isinstance(node, ast.Call) and called(node) in ("get", "pop"):
            if isinstance(node.func, ast.Attribute) and name_of(node.func.value) in tables:
                keys = node.args[:1]
        for key in keys:
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                words = set(key.value.split())
                if words and words <= single:
                    yield node.lineno, key.value


def test_no_game_and_no_symbol_of_a_game_is_named() -> None:
    compare("names", counted(named))


@pytest.mark.parametrize(
    "line",
    [
        "game = 'n-agent'",
        "entries.need('game', '\"n-agent\"')",
        "'''Do it.\n\n    Example: eqsolve solve n-agent\n    '''",
        "x = table['theta']",
        "x = symbols('a theta')",
        "x = f'{a} of p1 is negative'",
        "x = symbol('a')",
        "x = sp.Symbol('a')",
        "x = parameters['a']",
        "x = self.given.get('a')",
    ],
)
def test_a_planted_name_is_seen(line: str) -> None:
    own, letters = frozenset({"n-agent"}), ("theta", "p1", "a", "x")
    assert len(named("module.py", line, own, letters)) == 1
    assert not named("latex/grammar/names.py", line, own, letters)


@pytest.mark.parametrize(
    "line",
    [
        "'''The n-agent game has theta.'''",
        "x = 'a word of theta in prose'",
        "x = 'a'",
        "x = letter('a')",
        "x = table['a']",
    ],
)
def test_prose_and_single_letters_are_no_names(line: str) -> None:
    assert not named("module.py", line, frozenset({"n-agent"}), ("theta", "a", "of"))


def test_axes_of_the_grid_are_no_names() -> None:
    letters = ("x", "a")
    assert not named("pde/grid.py", "x = symbol('x')", frozenset(), letters)
    assert named("pde/grid.py", "x = symbol('a')", frozenset(), letters)
    assert named("solve/grid.py", "x = symbol('x')", frozenset(), letters)


# --------------------------------------- 2: eqsolve without games, papers, figures


def beside(path: str, source: str) -> Violations:
    """Where a module of eqsolve/ names a package beside it."""
    packages = tuple(f"eqsolve.{name}" for name in BESIDE)
    found: Violations = []
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = [node.value] if "\n" not in node.value else []
        hits = [n for n in names if n in packages or n.startswith(tuple(f"{p}." for p in packages))]
        found += [(node.lineno, name) for name in hits[:1]]
    return found


def test_the_engine_names_nothing_beside_it() -> None:
    found = {path: beside(path, source) for path, source in engine().items()}
    assert {path for path, hits in found.items() if hits} == {"places.py"}
    assert len(found["places.py"]) == 1, "only the place where built-in games are looked for"


@pytest.mark.parametrize(
    "line",
    [
        "import eqsolve.paper",
        "from eqsolve.derivations import mean_variance",
        "from eqsolve import paper_figures",
        "from eqsolve.paper.sets import SETS",
        "import_module('eqsolve.derivations.mean_variance')",
    ],
)
def test_a_planted_import_is_seen(line: str) -> None:
    assert len(beside("module.py", line)) == 1


#: Run before anything else: the packages beside eqsolve/ are not there.
BLOCK = f"""
import sys
class Block:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if ".".join(name.split(".")[:2]) in {tuple(f"eqsolve.{name}" for name in BESIDE)!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Block)
"""


def alone(tmp_path: Path, script: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "block.py").write_text(BLOCK)
    command = [
        sys.executable,
        "-P",
        "-c",
        f"import sys; sys.path.append('.'); import block\n{script}",
    ]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)


def test_the_engine_imports_alone_and_takes_a_game(tmp_path: Path) -> None:
    """Without games, papers and figures every module imports, and a file is still derived."""
    script = """
from importlib import import_module
from pathlib import Path
import eqsolve
root = Path(eqsolve.__file__).parent
outside = {"derivations", "paper", "paper_figures", "templates"}
count = 0
for path in root.rglob("*.py"):
    parts = path.relative_to(root).with_suffix("").parts
    if parts[0] in outside or parts[-1] in ("__init__", "__main__"):
        continue
    import_module(".".join(("eqsolve", *parts)))
    count += 1
from eqsolve.papers import papers
from eqsolve.registry import models, names
assert not names() and not papers() and not models()
from click.testing import CliRunner
from eqsolve.cli import cli
done = CliRunner().invoke(cli, ["derive", "./regulator.py", "--step", "system"])
assert done.exit_code == 0, done.output
assert CliRunner().invoke(cli, ["list", "--json"]).stdout.strip() == "[]"
print(count)
"""
    text = (HERE.parent / "README.md").read_text()
    (source,) = (s for s in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "MODEL" in s)
    (tmp_path / "regulator.py").write_text(source)
    done = alone(tmp_path, script)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 150
    done = alone(tmp_path, "import eqsolve.paper")
    assert done.returncode and "No module named 'eqsolve.paper'" in done.stderr


def others(path: Path, own: Collection[Path]) -> list[str]:
    """The game files that a module imports."""
    stems = {".".join((*_package(other), other.stem)) for other in own if other != path}
    return [name for _, name in _imports(path.read_text()) if name in stems]


def _package(path: Path) -> tuple[str, ...]:
    return ("eqsolve", "derivations", *path.relative_to(GAMES).parts[:-1])


def _imports(source: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def test_deleting_a_game_breaks_no_other() -> None:
    """Nothing that is installed imports the file of a game, which the registry alone loads."""
    own = [path for path in modules(GAMES) if declares(path)]
    assert len(own) >= 4
    importing = [*modules(GAMES), *modules(PAPER), *modules(FIGURES)]
    found = {path.name: others(path, own) for path in importing if others(path, own)}
    compare("games", {name: len(hits) for name, hits in found.items()})


def test_an_import_of_a_game_is_seen(tmp_path: Path) -> None:
    own = [path for path in modules(GAMES) if declares(path)]
    path = tmp_path / "other.py"
    path.write_text("from eqsolve.derivations.mean_variance import n_agent\n")
    assert others(path, own)
    path.write_text("from eqsolve.derivations.mean_variance import declaration\n")
    assert not others(path, own)


# ------------------------------------------------------ 3: rooms take no names

#: Who may know names: the registry, the commands, the public functions, the build.
DOORS = ("registry.py", "handle.py", "__init__.py", "papers.py", "ship.py")
DECLARED = ("eqsolve.registry", "eqsolve.handle")
LOOKUPS = {"model", "models", "names", "resolve", "derive", "adopt", "games", "Handle"}


def looked_up(path: str, source: str) -> Violations:
    """Calls of the registry's functions, under whatever name they were imported."""
    if path in DOORS or path.startswith(("cli/", "verbs/")):
        return []
    tree = ast.parse(source)
    known: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in DECLARED:
            known |= {a.asname or a.name for a in node.names if a.name in LOOKUPS}
    found: Violations = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Name) and function.id in known:
            found.append((node.lineno, function.id))
        if isinstance(function, ast.Attribute) and function.attr in LOOKUPS:
            if isinstance(function.value, ast.Name) and function.value.id == "registry":
                found.append((node.lineno, function.attr))
    return found


def test_rooms_take_no_names() -> None:
    compare("look-ups", counted(looked_up))


@pytest.mark.parametrize(
    "source",
    [
        "from eqsolve.registry import model as find\nfind('x')",
        "from eqsolve import registry\nregistry.models()",
        "from eqsolve.handle import Handle\nHandle('x')",
        "def f():\n    from eqsolve.registry import resolve\n    resolve(game)",
    ],
)
def test_a_planted_look_up_is_seen(source: str) -> None:
    assert len(looked_up("solve/module.py", source)) == 1
    assert not looked_up("cli/module.py", source)


# --------------------------------- 8: templates hold what depends on the game only


def fixed_functions(source: str) -> Violations:
    """Functions of a template of code in which nothing is filled in."""
    lines = source.splitlines()
    starts = [k for k, line in enumerate(lines) if re.match(r"\s*def \w+\(", line)]
    found: Violations = []
    for start in starts:
        depth = len(lines[start]) - len(lines[start].lstrip())
        end = start + 1
        while end < len(lines) and (
            not lines[end].strip()
            or len(lines[end]) - len(lines[end].lstrip()) > depth
            or lines[end].lstrip().startswith(("{%", "{#", ")"))
        ):
            end += 1
        body = "\n".join(lines[start:end])
        if "{{" not in body and "{%" not in body:
            found.append((start + 1, lines[start].strip()))
    return found


def test_templates_hold_no_fixed_algorithms() -> None:
    found = {p.name: len(fixed_functions(p.read_text())) for p in TEMPLATES.glob("*.py.jinja")}
    compare("templates", {name: count for name, count in found.items() if count})


def test_a_planted_algorithm_is_seen() -> None:
    filled = "def f(x):\n    return {{ x }}\n"
    assert not fixed_functions(filled)
    assert len(fixed_functions(f"{filled}\n\ndef g(x):\n    return x + 1\n\n\n{filled}")) == 1


# ------------------------------------------------ 9, 10: no simplify, no strings as code

FORBIDDEN = {"sympify", "parse_expr", "eval", "exec", "simplify", "nsimplify"}


def code_from_strings(path: str, source: str) -> Violations:
    """Calls that turn a string into code or an expression, or that simplify."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [(node.lineno, called(node)) for node in calls if called(node) in FORBIDDEN]


def test_no_string_becomes_code_and_nothing_is_simplified() -> None:
    for path in modules(ROOT, GAMES, PAPER, FIGURES, TEMPLATES):
        assert not code_from_strings(path.name, path.read_text()), path


@pytest.mark.parametrize("name", sorted(FORBIDDEN))
def test_a_planted_call_is_seen(name: str) -> None:
    assert code_from_strings("module.py", f"x = sp.{name}(text)")
    assert code_from_strings("module.py", f"x = {name}(text)")
    assert not code_from_strings("module.py", f"x = {name}_of(text)")


# ------------------------------------------------------------------ the allowance


def test_an_allowance_may_only_shrink() -> None:
    """What was left when the rules became tests is an upper bound for ever."""
    assert set(ALLOWED) == set(AT_MOST)
    for rule, allowed in ALLOWED.items():
        assert sum(allowed.values()) <= AT_MOST[rule], rule


def test_new_and_obsolete_allowances_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ALLOWED, "names", {"a.py": 2})
    compare("names", {"a.py": 2})
    for found in ({"a.py": 3}, {"a.py": 1}, {}, {"a.py": 2, "b.py": 1}):
        with pytest.raises(AssertionError, match="new violations|lower the allowance"):
            compare("names", found)


#: What measures time, or fails after some time: on a loaded machine such a test says nothing.
CLOCKS = re.compile(
    r"\b(perf_counter|monotonic|process_time|timeit)\b|\btime\.time\(|timeout=[0-9]"
)


def test_no_test_asserts_a_wall_time() -> None:
    """Polls and steps are counted instead."""
    here = Path(__file__)
    found = [str(p) for p in modules(HERE) if p != here and CLOCKS.search(p.read_text())]
    assert found == []
    for planted in ("began = time.perf_counter()", "time.time() - began", "wait(timeout=10)"):
        assert CLOCKS.search(planted)
