"""Everything about a paper or a game in one folder: LaTeX, figures, checks, and a page about it."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eqsolve.distribution import VERSION
from eqsolve.output import staged

if TYPE_CHECKING:
    from eqsolve.notated.published import Published
    from eqsolve.places import Found
    from eqsolve.prove.texts import Texts
    from eqsolve.verify.check import Check

NOTIONS = ("given-aggregate", "closed-loop")

PACKAGES = (
    "sympy",
    "python-flint",
    "numpy",
    "scipy",
    "numba",
    "matplotlib",
    "latex2mathml",
    "fonttools",
    "ziamath",
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


def checked(
    every: Iterable[Published], level: str, *, self_test: bool = True, progress: bool = False
) -> tuple[bool, dict[str, Any]]:
    """Whether all checks of games pass, and what was found; see ``verify.suite.run_command``."""
    from eqsolve.places import Found
    from eqsolve.verify.suite import run_command

    found = [Found(model.name, "given", model) for model in every]
    return run_command(found, level, self_test=self_test, progress=progress)


def write(
    directory: str | Path,
    every: Sequence[Published],
    *,
    level: str = "quick",
    progress: bool = False,
    whole: bool = True,
    verified: Callable[[], tuple[bool, dict[str, Any]]] | None = None,
    explorable: Callable[[], Mapping[str, str]] = dict,
) -> Written:
    """Derive, draw, verify, and write the report.

    Parameters
    ----------
    directory : output folder; its files appear when all of them are complete.
    level : ``"quick"`` or ``"full"`` verification.
    progress : show progress bars on standard error.
    whole : report figures, claims and planted errors of the papers, too, not only equations and
        checks of the games.
    verified : answers like :func:`checked`, which is asked by default.
    explorable : answers with pages with sliders, by game; they are written beside, with a link.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    from eqsolve import __version__
    from eqsolve.claims import judge
    from eqsolve.latex.document import ledger_rows
    from eqsolve.latex.document import write as write_latex
    from eqsolve.papers import papers
    from eqsolve.site.browse import render_claims, render_ledger
    from eqsolve.site.page import EXPLORED, Content, render
    from eqsolve.site.theorems import FOLDER as THEOREMS
    from eqsolve.site.theorems import displayed
    from eqsolve.site.theorems import render as render_theorems
    from eqsolve.site.theorems import write as write_theorems

    folder = Path(directory)
    with staged(folder) as stage:
        documents, pictures = stage / "latex", stage / "figures"
        documents.mkdir()
        write_latex(documents, every)
        figures, claims = [], []
        if whole:
            pictures.mkdir()
            figures = [drawn for paper in papers() for drawn in paper.draw(pictures)]
            claims = list(judge(progress=progress))
        run = partial(checked, every, level, self_test=whole, progress=progress)
        ok, verification = (verified or run)()
        data: dict[str, Any] = {"verification": verification, "ledger": ledger_rows(every)}
        games = [(each, each.shown) for each in every]
        explored = {game: (EXPLORED.format(game), text) for game, text in explorable().items()}
        formal = displayed(games) if whole else {}
        content = Content(
            games,
            figures,
            {name: value for paper in papers() for name, value in paper.baseline().items()},
            verification,
            list(reference(every, theorems=bool(formal))),
            {name: row for paper in papers() for name, row in paper.sets().items()},
            list(provenance()),
            claims,
            formal,
            {game: name for game, (name, _) in explored.items()},
        )
        texts = {
            **dict(explored.values()),
            "index.html": render(content, __version__),
            "ledger.html": render_ledger(content, __version__),
        }
        if whole:
            data["claims"] = [claim.to_dict() for claim in claims]
            texts["claims.html"] = render_claims(content, __version__)
        if formal:
            texts["theorems.html"] = render_theorems(content, __version__)
            write_theorems(formal.values(), stage / THEOREMS)
        for name, rows in data.items():
            texts[f"{name}.json"] = json.dumps(rows, indent=1, allow_nan=False) + "\n"
        for name, text in texts.items():
            (stage / name).write_text(text, encoding="utf-8")
    if "planted" in verification:
        caught = f", {verification['caught']} of {verification['planted']} planted errors caught"
    else:
        caught = ""
    return Written(
        folder,
        ok,
        f"{_counted(verification['checks'])}{caught}; the report is {folder / 'index.html'}",
    )


def write_game(
    found: Found, directory: str | Path, *, level: str = "quick", progress: bool = False
) -> Written:
    """Derive, solve, check and draw every structure of a declared game, and write its page.

    Parameters
    ----------
    found : the game.
    directory, level, progress : see :func:`write`.

    Raises
    ------
    InputError
        If the folder cannot be written.
    EqsolveError
        If the game cannot be derived, or its record of learned solvers cannot be read.
    """
    from tqdm.auto import tqdm

    from eqsolve import __version__
    from eqsolve.game import Model
    from eqsolve.learn.record import beside
    from eqsolve.site.game_page import part, pictured, render
    from eqsolve.site.theorems import FOLDER, of_structure
    from eqsolve.site.theorems import write as write_theorems
    from eqsolve.verify.models import variants
    from eqsolve.verify.report import Report
    from eqsolve.verify.suite import variant_checks

    model = found.model
    assert isinstance(model, Model), "games of papers have a page of their own"
    folder = Path(directory)
    with staged(folder) as stage:
        figures, documents = stage / "figures", stage / "latex"
        figures.mkdir()
        documents.mkdir()
        shown = []
        checks: list[Check] = []
        proofs: list[Texts] = []
        chosen = list(variants(found))
        for k, variant in enumerate(tqdm(chosen, "report", disable=not progress, leave=False)):
            own = variant_checks(variant, level)
            made = part(variant, own, f"{variant.words.replace(', ', '-')}-{k + 1}")
            (documents / f"{made.anchor}.tex").write_text(made.writing.latex(), encoding="utf-8")
            formal = of_structure(made.derivation, variant.words)
            proofs += formal
            files = (f for one in formal for f in one.files.items())
            listed = tuple((f"{FOLDER}/{name}.v", len(f.theorems)) for name, f in files)
            shown.append(replace(pictured(made, figures), theorems=listed))
            checks += own
        write_theorems(proofs, stage / FOLDER)
        report = Report(tuple(checks), level, {})
        texts = {
            "index.html": render(model, shown, provenance(), __version__, beside(found.path)),
            "verification.json": json.dumps(report.to_dict(), indent=1, allow_nan=False) + "\n",
        }
        for name, text in texts.items():
            (stage / name).write_text(text, encoding="utf-8")
    rows = report.to_dict()["checks"]
    return Written(folder, report.ok, f"{_counted(rows)}; the report is {folder / 'index.html'}")


def _counted(checks: Sequence[Mapping[str, Any]]) -> str:
    """How many checks passed; one that could not be made did not fail."""
    verdicts = [check["verdict"] for check in checks]
    refused = verdicts.count("not verified")
    unmade = f" ({refused} could not be made)" if refused else ""
    return f"{verdicts.count('pass')} of {len(verdicts)} checks passed{unmade}"


def reference(
    models: Iterable[Published], *, theorems: bool = False
) -> Iterator[Mapping[str, Any]]:
    """Yield the solved reference sets of games: name, game, notion, status and strategy.

    Where the notion is that of the source, ``origins`` says where each coefficient comes from.
    """
    from eqsolve.site.values import of_strategy
    from eqsolve.words.equilibrium import solve

    # of each set, the games of finitely many agents come first
    crowds = [(m.alike.share == 0, m) for m in models if m.alike is not None]
    cases = [(m, name) for _, m in sorted(crowds, key=lambda c: c[0]) for name in m.cases]
    for game, case in sorted(cases, key=lambda pair: pair[1].partition(", ")[0]):
        name, _, size = case.partition(", ")
        given: dict[str, Any] = dict(game.cases[case])
        origins = of_strategy(game, theorems=theorems)
        for notion in NOTIONS:
            answer = solve(game, equilibrium=notion, **given)
            yield {
                "name": name,
                "game": size or game.name.replace("-", " "),
                "notion": notion,
                "status": answer.status,
                "strategy": answer.to_dict().get("strategy", {}) if answer.ok else {},
                "origins": origins if notion == NOTIONS[0] else {},
            }


def provenance() -> Iterator[tuple[str, str]]:
    """Yield the versions of what produced the page."""
    yield "eqsolve", VERSION
    yield "Python", f"{platform.python_implementation()} {platform.python_version()}"
    for name in PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, "not installed"
    yield "platform", f"{sys.platform} {platform.machine()}"
