"""The report page: what it contains, and how it becomes an HTML file that loads nothing."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from eqsolve.ledger import Display
from eqsolve.notated.published import Published
from eqsolve.papers import Picture
from eqsolve.site.fonts import embedded
from eqsolve.site.sections import Section, sections
from eqsolve.site.typeset import digits, greek, number, symbolic
from eqsolve.symbols import entry

if TYPE_CHECKING:
    from eqsolve.claims import Claim
    from eqsolve.prove.texts import Texts

PAGES = {
    "index.html": "Report",
    "ledger.html": "Ledger",
    "claims.html": "Claims",
    "theorems.html": "Theorems",
}
#: The page with sliders of a game.
EXPLORED = "explore-{}.html"
#: Verdict of a check that could not decide.
REFUSED = "not verified"
PROOFS = {
    "definition": "a definition or an assumption; nothing to prove",
    "exact": "a polynomial or rational identity whose residual is exactly zero",
    "formal": "exact, and Coq accepts it as theorems, from the axioms of the real numbers alone; "
    "the record is part of this release, and eqsolve prove --check asks Coq again",
    "ball": "interval arithmetic encloses zero and excludes a perturbed form",
    "numeric": "compared numerically",
    "reconstructed": "only the form is a guess; the content is checked where it is a computation",
}
KINDS = {
    "exact": "exact algebra: the residual is the zero polynomial",
    "grid": "a grid solver of the extended HJB system that knows no closed form",
    "ball": "the equations of the equilibrium in interval arithmetic",
    "spike": "deviations for a short time, by exact moments (matrix exponentials)",
    "monte-carlo": "simulation with a stated confidence",
}


@dataclass(frozen=True)
class Content:
    """Everything on the page.

    Attributes
    ----------
    games : models with the displays of each.
    figures : the drawn figures.
    baseline : the parameters behind the figures, by name.
    verification : what the verification reports, as a JSON-ready mapping.
    reference : rows of solved parameter sets: name, game, notion, status, strategy.
    sets : the parameter sets by name.
    provenance : rows (part, version).
    claims : the judged claims of the paper.
    theorems : those about the displays, by game.
    explored : files of pages with sliders, by game.
    """

    games: Sequence[tuple[Published, Sequence[Display]]]
    figures: Sequence[Picture]
    baseline: Mapping[str, str]
    verification: Mapping[str, Any]
    reference: Sequence[Mapping[str, Any]]
    sets: Mapping[str, Mapping[str, str]]
    provenance: Sequence[tuple[str, str]]
    claims: Sequence[Claim] = ()
    theorems: Mapping[str, Texts] = field(default_factory=dict)
    explored: Mapping[str, str] = field(default_factory=dict)

    @property
    def pages(self) -> dict[str, str]:
        """The pages there are, by file; without claims there is no page of claims."""
        absent = {"claims.html": not self.claims, "theorems.html": not self.theorems}
        return {k: v for k, v in PAGES.items() if not absent.get(k)}

    @cached_property
    def shown(self) -> list[Section]:
        """The games as all pages show them."""
        return sections(self.games, self.theorems)


def environment(version: str, here: str, pages: Mapping[str, str]) -> Environment:
    """The templates of a page with what all pages share: style, version, links to the others."""
    made = Environment(
        loader=PackageLoader("eqsolve.templates", ""),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"number": number, "digits": digits, "greek": greek}
    made.filters["numbered"] = lambda rows: list(enumerate(rows, 1))
    made.globals |= {
        "version": version,
        "here": here,
        "pages": pages,
        "style": Markup(template("report.css")),
        "script": "",
    }
    return made


def template(name: str) -> str:
    """The text of a style sheet or script."""
    return files("eqsolve.templates").joinpath(name).read_text(encoding="utf-8")


def render(content: Content, version: str) -> str:
    """Return the report page as HTML; equal contents give equal text."""
    made = environment(version, "index.html", content.pages)
    made.globals["symbol"] = lambda name: symbolic(entry(name).symbol)
    checks = content.verification["checks"]
    shown = content.shown
    known = {name: told for s in reversed(shown) for name, told in s.notation.items()}
    page = made.get_template("report.html.jinja").render(
        sections=shown,
        explored={f"game-{game}": file for game, file in content.explored.items()},
        notations=[known[name] for name in sorted(known, key=lambda n: (n.lower(), n))],
        equations=sum(len(section.equations) for section in shown),
        claims=content.claims,
        proofs=used(PROOFS, (e.proof for s in shown for e in s.equations)),
        figures=[(drawn, image(drawn)) for drawn in content.figures],
        baseline=content.baseline,
        verification=content.verification,
        total=len(checks),
        failed=[(k, check) for k, check in enumerate(checks, 1) if check["verdict"] == "fail"],
        refused=[(k, check) for k, check in enumerate(checks, 1) if check["verdict"] == REFUSED],
        overview=overview(checks),
        groups=grouped(checks),
        kinds=used(KINDS, (check["kind"] for check in checks)),
        reference=content.reference,
        sets=content.sets,
        provenance=content.provenance,
        script=Markup(template("symbols.js")),
    )
    return embedded(page)


def used(explained: Mapping[str, str], found: Iterable[str]) -> dict[str, str]:
    """The explanations of the words that occur, in a fixed order, unknown words at the end."""
    words = set(found)
    known = {word: text for word, text in explained.items() if word in words}
    return known | {word: "" for word in sorted(words - set(known))}


def grouped(
    checks: Sequence[Mapping[str, Any]],
) -> dict[str, list[tuple[int, Mapping[str, Any]]]]:
    """The checks by game, each with its number on the page."""
    groups: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for k, check in enumerate(checks, 1):
        groups.setdefault(check["game"], []).append((k, check))
    return groups


def overview(checks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row for every game and kind: how many checks, how many pass, and the tightest.

    ``share`` is the largest error as a share of what is allowed; None if one is not a number.
    """
    rows: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for check in checks:
        rows.setdefault((check["game"], check["kind"]), []).append(check)
    return [
        {
            "game": game,
            "kind": kind,
            "count": len(found),
            "passed": sum(check["verdict"] == "pass" for check in found),
            "share": _share([check for check in found if check["verdict"] != REFUSED]),
        }
        for (game, kind), found in rows.items()
    ]


def _share(checks: Sequence[Mapping[str, Any]]) -> float | None:
    shares = []
    for check in checks:
        error, allowed = check["error"], check["allowed"]
        if error is None or allowed is None or (allowed == 0 and error != 0):
            return None
        shares.append(error / allowed if error else 0.0)
    return max(shares, default=None)


def image(drawn: Picture) -> str:
    """A figure as a data URI."""
    data = base64.b64encode(drawn.path(".svg").read_bytes()).decode("ascii")
    return f"data:image/svg+xml;base64,{data}"
