"""The report page: what it contains, and how it becomes an HTML file that loads nothing."""

from __future__ import annotations

import base64
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import sympy as sp
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from eqsolve.derivation.closed_form import ClosedForm
from eqsolve.latex.document import as_text, display_tex
from eqsolve.ledger import Display, Line
from eqsolve.notated.published import Published
from eqsolve.papers import Picture
from eqsolve.site.fonts import embedded
from eqsolve.site.typeset import Formula, digits, formula, greek, heading, number, prose, symbolic
from eqsolve.symbols import entry

if TYPE_CHECKING:
    from eqsolve.claims import Claim

PAGES = {"index.html": "Report", "ledger.html": "Ledger", "claims.html": "Claims"}
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
class Equation:
    """A display of the page, with an anchor for every number it covers."""

    anchors: tuple[str, ...]
    number: str
    title: Markup
    kind: str
    proof: str
    prose: Markup
    let: tuple[Formula, ...]
    lines: tuple[Formula, ...]
    depends: tuple[tuple[Markup, str], ...]
    game: str
    covers: tuple[str, ...]
    tex: str


@dataclass(frozen=True)
class Section:
    """One game: its displays, closed form, assumptions and parameters."""

    anchor: str
    title: Markup
    source: str
    equations: tuple[Equation, ...]
    steps: tuple[tuple[Formula, Markup], ...]
    assumed: tuple[tuple[Formula, Markup], ...]
    parameters: tuple[tuple[Markup, Markup, str], ...]


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
    """

    games: Sequence[tuple[Published, Sequence[Display]]]
    figures: Sequence[Picture]
    baseline: Mapping[str, str]
    verification: Mapping[str, Any]
    reference: Sequence[Mapping[str, Any]]
    sets: Mapping[str, Mapping[str, str]]
    provenance: Sequence[tuple[str, str]]
    claims: Sequence[Claim] = ()

    @property
    def pages(self) -> dict[str, str]:
        """The pages there are, by file; without claims there is no page of claims."""
        return {k: v for k, v in PAGES.items() if self.claims or k != "claims.html"}

    @cached_property
    def shown(self) -> list[Section]:
        """The games as all pages show them."""
        return sections(self.games)


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
    page = made.get_template("report.html.jinja").render(
        sections=shown,
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
    )
    return embedded(page)


def sections(games: Sequence[tuple[Published, Sequence[Display]]]) -> list[Section]:
    """Turn games into sections, in the order of the source; every anchor is unique."""
    taken: Counter[str] = Counter()
    games = sorted(games, key=lambda game: _first_number(game[1]))
    known = _targets(games)
    result = []
    for model, displays in games:
        equations = tuple(_equation(model.name, d, known, taken) for d in displays)
        form = model.derivation.form
        result.append(
            Section(
                f"game-{model.name}",
                heading(model.title),
                model.source,
                equations,
                tuple(closed_form(form)),
                tuple((formula(nonzero(e)), _meaning(e)) for e in form.nonzero),
                tuple(
                    (symbolic(entry(p).symbol), _meaning(entry(p).symbol), _domain(p))
                    for p in model.parameters
                ),
            )
        )
    return result


def covered(display: Display) -> tuple[str, ...]:
    """The numbers a display covers: ``2.11-2.13`` gives 2.11, 2.12 and 2.13."""
    first, dash, last = display.number.partition("-")
    stem, _, start = first.rpartition(".")
    end = last.rpartition(".")[2]
    if not (dash and start.isdigit() and end.isdigit()):
        return (display.number,)
    return tuple(f"{stem}.{k}" for k in range(int(start), int(end) + 1))


def _first_number(displays: Sequence[Display]) -> tuple[float, ...]:
    """Where a source begins with a game; games without numbers come last."""
    numbers = [covered(display)[0].split(".") for display in displays if display.is_numbered]
    return min((tuple(map(int, n)) for n in numbers if "".join(n).isdigit()), default=(math.inf,))


def anchors(game: str, display: Display) -> tuple[str, ...]:
    """The permanent anchors of a display: ``eq-2.54``, or the game's where it has no number."""
    stem = "eq-" if display.is_numbered else f"eq-{game}-"
    return tuple(stem + name for name in covered(display))


def _equation(
    game: str, display: Display, known: Mapping[str, tuple[Markup, str]], taken: Counter[str]
) -> Equation:
    own = []
    for anchor in anchors(game, display):
        # The first game that shows a number owns its permanent anchor.
        taken[anchor] += 1
        own.append(anchor if taken[anchor] == 1 else f"{anchor}-{game}-{taken[anchor]}")
    return Equation(
        tuple(own),
        display.tag,
        heading(display.title),
        display.kind,
        display.proof,
        prose(display.prose),
        tuple(formula(line, display.names) for line in display.let),
        tuple(formula(line, display.names) for line in display.lines),
        tuple(known.get(number, (escape(f"({number})"), "")) for number in display.depends),
        game,
        covered(display) if display.is_numbered else (),
        display_tex(display),
    )


def _targets(games: Sequence[tuple[Published, Sequence[Display]]]) -> dict[str, tuple[Markup, str]]:
    """What other displays call a display, how it is cited, and where it is."""
    found: dict[str, tuple[Markup, str]] = {}
    for model, displays in games:
        for display in displays:
            number = display.number.replace("-", "\u2013")
            cited = escape(f"({number})") if display.is_numbered else prose(as_text(display.title))
            target = cited, "#" + anchors(model.name, display)[0]
            for name in (display.number, *covered(display)):
                found.setdefault(name, target)
    return found


def closed_form(form: ClosedForm) -> Iterable[tuple[Formula, Markup]]:
    """The definitions in order of use, each with its meaning."""
    for definition in form.definitions:
        line = (
            Line(definition.expression, sp.S.Zero)
            if definition.is_root
            else Line(definition.symbol, definition.expression)
        )
        yield formula(line), _meaning(definition.symbol)


def nonzero(expression: sp.Expr) -> Line:
    """The assumption that an expression does not vanish."""
    return Line(expression, sp.S.Zero, r"\neq")


def _meaning(expression: sp.Expr) -> Markup:
    if not isinstance(expression, sp.Symbol):
        return Markup("")
    return prose(as_text(entry(expression.name).meaning))


def _domain(parameter: str) -> str:
    return str(entry(parameter).domain).replace(">=", "\u2265")


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
