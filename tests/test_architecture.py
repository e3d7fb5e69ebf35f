"""The imports of the package go one way."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path

import eqsolve

ROOT = Path(str(files(eqsolve)))
#: The packages beside eqsolve/ in the repository, wherever they are installed.
PARTS = [
    Path(str(files(f"eqsolve.{name}")))
    for name in ("derivations", "paper", "templates", "paper_figures")
]

#: Lower layers first: a module may import from its own layer and from those below.
LAYERS = (
    (
        *(
            "answer_plot",
            "answers",
            "arrays",
            "columns",
            "distribution",
            "errors",
            "expression",
            "files",
            "numbers",
            "references",
        ),
        *("cache", "ci", "meanwhile", "operators", "options", "output", "schemas", "status"),
    ),
    ("inputs", "notions", "rows"),
    ("symbols",),
    ("outputs", "parameters"),
    ("arithmetic",),
    ("laws", "finite"),
    ("game",),
    ("derivation",),
    ("notated", "ledger"),
    ("papers", "values"),
    ("latex", "gamefile", "handle", "places", "registry", "derivations", "templates"),
    ("program", "kept"),
    ("pde", "solve", "kernels", "words"),
    ("writing",),
    ("studies",),
    ("verify", "prove"),
    ("claims",),
    ("plots", "convergence_plot", "anarchy_plot", "atlas_plot", "course_plot", "sizes_plot"),
    ("site",),
    ("explore", "learn", "market"),
    ("displays", "source"),
    ("verbs", "accessor", "doctor", "new_game"),
    ("cli", "pytest_plugin"),
    ("__main__", "ship"),
    ("paper", "paper_figures"),
)

#: What deriving must do without.
NUMERIC = {"numpy", "numba", "scipy", "jinja2", "matplotlib"}


def _modules() -> list[Path]:
    found = {p for root in (ROOT, *PARTS) for p in root.rglob("*.py")}
    return sorted(p for p in found if p.parent.name != "__pycache__")


def _inside(path: Path) -> Path:
    """The path as it is in the installed package."""
    root = next((part.parent for part in PARTS if path.is_relative_to(part)), ROOT)
    return path.relative_to(root)


def _layer(name: str) -> int:
    for level, members in enumerate(LAYERS):
        if name in members:
            return level
    raise AssertionError(f"{name} has no layer: add it to LAYERS")


@cache
def _imports(path: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            if node.module == "eqsolve":
                names += [f"eqsolve.{alias.name}" for alias in node.names]
    return names


def _upward(place: Path, imports: Iterable[str]) -> list[str]:
    """What a module imports and may not."""
    parts = place.with_suffix("").parts
    if parts == ("__init__",):
        return []
    own = _layer(parts[0])
    found = []
    for name in imports:
        target = name.split(".")
        if target[0] == "eqsolve" and len(target) > 1 and target[1] not in ("__version__",):
            if target[1] in eqsolve.__all__ and target[1] != "pde":
                continue
            if _layer(target[1]) > own:
                found.append(f"{place} imports {name}")
        if parts[0] in ("derivation", "notated") and target[0] in NUMERIC:
            found.append(f"{place} imports {name}")
    return found


def test_imports_go_one_way() -> None:
    modules = _modules()
    assert len(modules) > 500
    assert [f for path in modules for f in _upward(_inside(path), _imports(path))] == []


def test_an_import_of_an_upper_layer_is_seen() -> None:
    assert _upward(Path("game", "model.py"), ["eqsolve.symbols", "eqsolve.game.world"]) == []
    for place, name in (("game", "eqsolve.derivation"), ("derivation", "numpy")):
        assert _upward(Path(place, "model.py"), ["sympy", name]) == [
            f"{place}/model.py imports {name}"
        ]


def test_latex_and_kernels_do_not_know_each_other() -> None:
    for own, other in (("latex", "kernels"), ("kernels", "latex")):
        for path in (ROOT / own).rglob("*.py"):
            assert not any(n.startswith(f"eqsolve.{other}") for n in _imports(path)), path


def test_only_the_edge_imports_the_compiled_module() -> None:
    for path in _modules():
        if path.name == "pde.py":
            continue
        assert "eqsolve._grid" not in _imports(path), path
