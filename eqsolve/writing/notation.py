"""How the symbols of a derivation are written: the author's letters, and those of the engine."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import sympy as sp

from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.fixed_point import FixedPoint
from eqsolve.derivation.given import PREFIX
from eqsolve.derivation.solve.step import Explicit, Solution, running, to_go
from eqsolve.latex.nodes import BREAK
from eqsolve.writing.printer import LatexWriter, indexed, letter
from eqsolve.writing.problem import STRIKE
from eqsolve.writing.result import end_slope, explosion_time, tax_on
from eqsolve.writing.stage import Names

#: Letters for the time to go, and for the variable of integration; the first free ones are taken.
_TIMES = (r"\tau", "s", r"\vartheta", r"\varsigma")
_RUNNING = ("u", "s", r"\upsilon", r"\xi")


def names_of(derivation: Derivation, solution: Solution) -> Names:
    """The names of all symbols of a derivation and its solution."""
    model = derivation.model
    latex = {s: tex for s in _symbols(derivation) if (tex := _spelled(s.name)) is not None}
    latex |= model.vocabulary.latex()
    text: dict[sp.Symbol, str] = {}
    roots: dict[sp.Symbol, tuple[str, str]] = {}
    if derivation.rewritten:
        _planner(derivation, latex, text)
    for symbol, atom in derivation.closure.aggregates.items():
        inner = LatexWriter(Names(latex)).doprint(atom.expression).replace(BREAK, "")
        latex[symbol] = rf"\langle {inner} \rangle" + ("_n" if atom.power == 2 else "")
    if derivation.fixed is not None:
        _given(derivation.fixed, latex, text)
    _abbreviations(solution, latex, text, roots)
    for explosion in solution.explosions:
        (unknown,) = explosion.symbols
        owner = LatexWriter(Names(latex)).doprint(unknown)
        latex[explosion_time(unknown)] = rf"T^{{*}}_{{{owner}}}"
        latex[end_slope(unknown)] = rf"\beta_{{{owner}}}"
        text[explosion_time(unknown)] = f"T*_{unknown}"
        text[end_slope(unknown)] = f"slope_{unknown}"
    for control in model.game.controls:
        owner = LatexWriter(Names(latex)).doprint(control)
        latex[tax_on(control)], text[tax_on(control)] = rf"k_{{{owner}}}", f"tax_{control}"
    if model.game.horizon.hazard != 0:
        latex[STRIKE], text[STRIKE] = r"\tau", "tau"
    letters = set(latex.values()) | {letter(s.name) for s in _symbols(derivation)}
    latex[to_go] = next(tex for tex in _TIMES if tex not in letters)
    latex[running] = next(tex for tex in _RUNNING if tex not in letters | {latex[to_go]})
    for symbol in (to_go, running):
        text[symbol] = latex[symbol].replace("\\", "")
    moving = (*derivation.states, *derivation.solved.game.controls)
    moving += (*model.game.state_symbols, *model.game.controls)
    moving += tuple(law.symbol for law in model.game.laws)
    letters_in_order = [letter.symbol for letter in model.vocabulary if letter.parameter]
    letters_in_order += [*model.game.definitions, *derivation.system.unknowns]
    letters_in_order += [s for s in _symbols(derivation) if s not in moving]
    if derivation.fixed is not None:
        moving += tuple(derivation.fixed.averages)
    order = {symbol: k for k, symbol in enumerate(dict.fromkeys((*letters_in_order, *moving)))}
    states = frozenset(model.game.state_symbols)
    crowd = model.game.crowd
    own = states | set(model.game.controls)
    crowd, system = model.game.crowd, derivation.system
    if crowd is not None and crowd.own:
        own |= {*model.game.typed, *system.unknowns, *system.feedback, *system.implicit}
    return Names(latex, text, roots, order, frozenset(moving), states, own)


def _spelled(name: str) -> str | None:
    """LaTeX of a name with Greek letters, or that is no word; None for others."""
    if re.fullmatch(r"[\w*'.\[\]]+", name, re.ASCII):
        return None
    parts = []
    for part in name.split("_", 1):
        words = unicodedata.name(part, "") if len(part) == 1 else ""
        if found := re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+)", words):
            greek = found[2].replace("LAMDA", "LAMBDA").lower()
            parts.append(letter(greek if found[1] == "SMALL" else greek.title()))
        elif re.fullmatch(r"\w+", part, re.ASCII):
            parts.append(part)
        else:
            escaped = re.sub(r"([#$%&_{}])", r"\\\1", part)
            parts.append(rf"\text{{{escaped}}}")
    return parts[0] if len(parts) == 1 else f"{parts[0]}_{{{parts[1]}}}"


def _symbols(derivation: Derivation) -> Iterable[sp.Symbol]:
    """Every letter of the declaration and of the coefficient system."""
    game, system = derivation.model.game, derivation.system
    yield from (letter.symbol for letter in derivation.model.vocabulary)
    yield from (*game.state_symbols, *game.controls, *(law.symbol for law in game.laws))
    yield from (*system.unknowns, *derivation.explicit, *system.implicit)


def _given(fixed: FixedPoint, latex: dict[sp.Symbol, str], text: dict[sp.Symbol, str]) -> None:
    """Averages over the others, the coefficients that multiply them, and the strategy's."""
    shown = LatexWriter(Names(dict(latex)))
    inner = {
        name: shown.doprint(atom.expression).replace(BREAK, "") + ("/n" if atom.power == 2 else "")
        for name, atom in fixed.averages.items()
    }
    for name in fixed.averages:
        text[name] = f"<{name.name.removeprefix(PREFIX)}>"
        latex[name] = rf"\overline{{{inner[name]}}}"
    for part, (whole, averages) in fixed.parts.items():
        index = r"\,".join(inner[a] for a in averages)
        latex[part] = indexed(shown.doprint(whole), index)
    for name in fixed.coefficients:
        control, _, monomial = name.name.partition(".")
        latex[name] = indexed(shown.doprint(sp.Symbol(control)), monomial)


def _planner(
    derivation: Derivation, latex: dict[sp.Symbol, str], text: dict[sp.Symbol, str]
) -> None:
    """The planner's controls: slopes in the states and the mean of every control."""
    source, shown = derivation.model.game, LatexWriter(Names(dict(latex)))
    fresh = iter(derivation.solved.game.controls)
    for control in source.controls:
        for state in source.state_symbols:
            slope = next(fresh)
            latex[slope] = indexed(shown.doprint(control), shown.doprint(state))
            text[slope] = f"{control}_{state}"
        mean = next(fresh)
        latex[mean] = rf"\bar{{{shown.doprint(control)}}}"
        text[mean] = f"mean_{control}"


def _abbreviations(
    solution: Solution,
    latex: dict[sp.Symbol, str],
    text: dict[sp.Symbol, str],
    roots: dict[sp.Symbol, tuple[str, str]],
) -> None:
    """The names of sums and differences, of discriminants and of denominators."""
    steps = [step for step in solution.steps if isinstance(step, Explicit) and step.of is not None]
    for step in steps:
        if step.kind == "combination":
            total = step.of
            (other,) = step.expression.free_symbols - {total}
            joint = "-" if step.expression.coeff(other) == 1 else "+"
            shown = LatexWriter(Names(latex))
            latex[total] = f"({shown.doprint(step.symbol)} {joint} {shown.doprint(other)})"
    for step in steps:
        owner = LatexWriter(Names(latex)).doprint(step.of)
        if step.kind == "discriminant":
            root = (rf"D_{{{owner}}}", f"D_{step.of}")
            roots[step.symbol] = root
            latex[step.symbol], text[step.symbol] = f"{root[0]}^{{2}}", f"{root[1]}^2"
        elif step.kind == "denominator":
            latex[step.symbol] = rf"w_{{{owner}}}"
