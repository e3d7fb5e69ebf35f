"""The games of a report in sections: displays with their reasons, closed form, notation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy as sp
from markupsafe import Markup, escape

from eqsolve.derivation.closed_form import ClosedForm
from eqsolve.errors import DerivationError
from eqsolve.latex.document import as_text, display_tex
from eqsolve.latex.printer import latex
from eqsolve.ledger import ALGEBRAIC, Display, Line
from eqsolve.notated.published import Published
from eqsolve.site.statements import WORDS, Link, entering, why
from eqsolve.site.symbols import Meaning, explained, letters
from eqsolve.site.typeset import Formula, formula, heading, prose, symbolic
from eqsolve.symbols import entry

if TYPE_CHECKING:
    from eqsolve.prove.texts import Texts

#: A game with its displays.
Game = tuple[Published, Sequence[Display]]


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
    depends: tuple[Link, ...]
    game: str
    covers: tuple[str, ...]
    tex: str
    word: str
    why: Markup
    assumed: tuple[Formula, ...]

    @property
    def proven(self) -> bool:
        """Whether the reason why is a proof, not a comparison or a guess."""
        return self.proof in ALGEBRAIC


@dataclass(frozen=True)
class Step:
    """A line of a closed form, what its name means, and what must not vanish in it first."""

    line: Formula
    meaning: Markup
    assumed: tuple[Formula, ...]


@dataclass(frozen=True)
class Section:
    """One game: its displays, closed form and parameters.

    Attributes
    ----------
    assumed : what must not vanish, and divides in no line of the closed form.
    notation : what the letters in its formulas mean.
    """

    game: str
    anchor: str
    title: Markup
    source: str
    equations: tuple[Equation, ...]
    steps: tuple[Step, ...]
    assumed: tuple[tuple[Formula, Markup], ...]
    parameters: tuple[tuple[Markup, Markup, str], ...]
    notation: Mapping[str, Meaning]


def sections(games: Sequence[Game], theorems: Mapping[str, Texts] | None = None) -> list[Section]:
    """Turn games into sections, in the order of the source; every anchor is unique.

    Parameters
    ----------
    theorems : those about the displays, by game.
    """
    taken: Counter[str] = Counter()
    games = sorted(games, key=lambda game: _first_number(game[1]))
    known = _targets(games)
    result = []
    for model, displays in games:
        formal = (theorems or {}).get(model.name)
        form = model.derivation.form
        entered, _ = entering(form.nonzero, [_sides(d.lines) for d in displays])
        equations = tuple(
            _equation(model.name, display, known, taken, formal, assumed)
            for display, assumed in zip(displays, entered)
        )
        entered, others = entering(form.nonzero, [[d.expression] for d in form.definitions])
        result.append(
            Section(
                model.name,
                f"game-{model.name}",
                heading(model.title),
                model.source,
                equations,
                tuple(closed_form(form, entered)),
                tuple((_line(nonzero(e)), _meaning(e)) for e in others),
                tuple(
                    (symbolic(entry(p).symbol), _meaning(entry(p).symbol), _domain(p))
                    for p in model.parameters
                ),
                notation(model, displays, known),
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
    game: str,
    display: Display,
    known: Mapping[str, Link],
    taken: Counter[str],
    formal: Texts | None,
    assumed: Iterable[sp.Expr],
) -> Equation:
    own = []
    for anchor in anchors(game, display):
        # The first game that shows a number owns its permanent anchor.
        taken[anchor] += 1
        own.append(anchor if taken[anchor] == 1 else f"{anchor}-{game}-{taken[anchor]}")
    depends = tuple(known.get(number, (escape(f"({number})"), "")) for number in display.depends)
    names = formal.displays.get(display.number, ()) if formal else ()
    theorems = [(Markup("<code>{}</code>").format(n), f"theorems.html#{game}-{n}") for n in names]
    return Equation(
        tuple(own),
        display.tag,
        heading(display.title),
        display.kind,
        display.proof,
        prose(display.prose),
        tuple(_line(line, display.names) for line in display.let),
        tuple(_line(line, display.names) for line in display.lines),
        depends,
        game,
        covered(display) if display.is_numbered else (),
        display_tex(display),
        WORDS.get(display.kind, ""),
        why(display, depends, theorems if display.proof == "formal" else []),
        tuple(_line(nonzero(e)) for e in assumed),
    )


def _line(line: Line, names: Mapping[sp.Symbol, str] | None = None) -> Formula:
    """A line whose letters say what they mean."""
    told = [s for s in _letters(line) if _meaning(s)]
    return explained(formula(line, names), letters(told, lambda s: latex(s, names)))


def _letters(line: Line) -> list[sp.Symbol]:
    return sorted(line.left.free_symbols | line.right.free_symbols, key=str)


def _sides(lines: Iterable[Line]) -> list[sp.Expr]:
    return [side for line in lines for side in (line.left, line.right)]


def notation(
    model: Published, displays: Sequence[Display], known: Mapping[str, Link]
) -> dict[str, Meaning]:
    """What the letters of a game mean, by name, and which display defines them."""
    found: set[sp.Symbol] = set()
    defined: dict[sp.Symbol, Link] = {}
    for display in displays:
        for line in (*display.let, *display.lines):
            found.update(_letters(line))
            if line.relation == "=" and isinstance(line.left, sp.Symbol):
                defined.setdefault(line.left, known[display.number])
    form = model.derivation.form
    place = f"#game-{model.name}-closed-form"
    for definition in form.definitions:
        found |= {definition.symbol, *definition.expression.free_symbols}
        defined.setdefault(definition.symbol, (Markup("the closed form"), place))
    return {
        s.name: Meaning(
            s.name,
            symbolic(s),
            _meaning(s),
            _domain(s.name) if s.name in model.parameters else "",
            defined.get(s, (Markup(""), "")),
        )
        for s in sorted(found, key=lambda s: (s.name.lower(), s.name))
        if _meaning(s)
    }


def _targets(games: Sequence[Game]) -> dict[str, Link]:
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


def closed_form(form: ClosedForm, entered: Iterable[Iterable[sp.Expr]]) -> Iterable[Step]:
    """The definitions in order of use, with what is assumed of each."""
    for definition, assumed in zip(form.definitions, entered):
        line = (
            Line(definition.expression, sp.S.Zero)
            if definition.is_root
            else Line(definition.symbol, definition.expression)
        )
        conditions = tuple(_line(nonzero(e)) for e in assumed)
        yield Step(_line(line), _meaning(definition.symbol), conditions)


def nonzero(expression: sp.Expr) -> Line:
    """The assumption that an expression does not vanish."""
    return Line(expression, sp.S.Zero, r"\neq")


def _meaning(expression: sp.Expr) -> Markup:
    """What the table of symbols says; empty for what is no symbol of it, or only named there."""
    try:
        row = entry(expression.name) if isinstance(expression, sp.Symbol) else None
    except DerivationError:
        return Markup("")
    return prose(as_text(row.meaning)) if row and row.meaning != row.name else Markup("")


def _domain(parameter: str) -> str:
    return str(entry(parameter).domain).replace(">=", "\u2265")
