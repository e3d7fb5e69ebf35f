"""Everything about the paper in one folder: LaTeX, figures, verification, and a page about it."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from eqsolve.output import staged

NOTIONS = ("given-aggregate", "closed-loop")

PACKAGES = (
    "eqsolve",
    "sympy",
    "python-flint",
    "numpy",
    "scipy",
    "numba",
    "matplotlib",
    "latex2mathml",
    "jinja2",
)


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes
    ----------
    folder : the output folder; ``index.html`` is the first page.
    ok : whether every check passed.
    summary : one sentence.
    """

    folder: Path
    ok: bool
    summary: str


def write(directory: str | Path, *, level: str = "quick", progress: bool = False) -> Written:
    """Derive, draw, verify, and write the report.

    Parameters
    ----------
    directory : output folder; its files appear when all of them are complete.
    level : ``"quick"`` or ``"full"`` verification.
    progress : show progress bars on standard error.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    from eqsolve import __version__
    from eqsolve.browse import render_claims, render_ledger
    from eqsolve.claims import judge
    from eqsolve.latex.document import ledger_rows
    from eqsolve.latex.document import write as write_latex
    from eqsolve.page import Content, render
    from eqsolve.papers import papers
    from eqsolve.registry import models
    from eqsolve.verify.suite import run_command

    folder = Path(directory)
    with staged(folder) as stage:
        documents, pictures = stage / "latex", stage / "figures"
        documents.mkdir()
        pictures.mkdir()
        every = models()
        write_latex(documents, every)
        figures = [drawn for paper in papers() for drawn in paper.draw(pictures)]
        names = [model.name for model in every]
        ok, verification = run_command(names, level, self_test=True, junit=None, progress=progress)
        claims = judge(progress=progress)
        data = {
            "verification": verification,
            "ledger": ledger_rows(every),
            "claims": [claim.to_dict() for claim in claims],
        }
        games = [(each, each.displays(each.derivation)) for each in every]
        content = Content(
            games,
            figures,
            {name: value for paper in papers() for name, value in paper.baseline().items()},
            verification,
            list(reference()),
            {name: row for paper in papers() for name, row in paper.sets().items()},
            list(provenance()),
            claims,
        )
        texts = {
            "index.html": render(content, __version__),
            "ledger.html": render_ledger(content, __version__),
            "claims.html": render_claims(content, __version__),
        }
        for name, rows in data.items():
            texts[f"{name}.json"] = json.dumps(rows, indent=1, allow_nan=False) + "\n"
        for name, text in texts.items():
            (stage / name).write_text(text, encoding="utf-8")
    checks = verification["checks"]
    passed = sum(check["verdict"] == "pass" for check in checks)
    caught = f"{verification['caught']} of {verification['planted']} planted errors caught"
    return Written(
        folder,
        ok,
        f"{passed} of {len(checks)} checks passed, {caught}; "
        f"the report is {folder / 'index.html'}",
    )


def reference() -> Iterator[Mapping[str, Any]]:
    """Yield the solved reference sets: name, game, notion, status and strategy."""
    from eqsolve.numerics.equilibria.equilibrium import solve
    from eqsolve.registry import models
    from eqsolve.symbolic.population import Population

    # of each set, the games of finitely many agents come first
    crowds = [
        (m.population.reciprocal == 0, m) for m in models() if isinstance(m.population, Population)
    ]
    cases = [(m, name) for _, m in sorted(crowds, key=lambda c: c[0]) for name in m.cases]
    for game, case in sorted(cases, key=lambda pair: pair[1].partition(", ")[0]):
        name, _, size = case.partition(", ")
        given: dict[str, Any] = dict(game.cases[case])
        for notion in NOTIONS:
            answer = solve(game.name, equilibrium=notion, **given)
            yield {
                "name": name,
                "game": size or game.name.replace("-", " "),
                "notion": notion,
                "status": answer.status,
                "strategy": answer.to_dict().get("strategy", {}) if answer.ok else {},
            }


def provenance() -> Iterator[tuple[str, str]]:
    """Yield the versions of what produced the page."""
    yield "Python", f"{platform.python_implementation()} {platform.python_version()}"
    for name in PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, "not installed"
    yield "platform", f"{sys.platform} {platform.machine()}"
