"""The letters of a declaration: declared once, used where they may stand, exact and real."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.derivation.laws import law_monomials
from eqsolve.game import Model, t

#: Functions without a derivative somewhere.
_KINKED: tuple[type[sp.Basic], ...] = (
    *(sp.Abs, sp.sign, sp.Max, sp.Min, sp.Heaviside, sp.floor, sp.ceiling, sp.Piecewise),
    *(sp.re, sp.im, sp.conjugate, sp.arg, sp.DiracDelta),
)


def check_letters(model: Model) -> None:
    """Refuse ambiguous, undeclared, inexact or misplaced letters.

    Raises
    ------
    DerivationError
        Naming the game, what is wrong and what to write instead.
    """
    _names(model)
    _numbers(model)
    _definitions(model)
    _declared(model)
    _placed(model)
    _sets(model)


def shown(names: Iterable[object]) -> str:
    return ", ".join(sorted(map(str, names)))


def _expressions(model: Model) -> Iterator[tuple[str, sp.Expr]]:
    """Every expression of the model, with the words that say where it stands."""
    yield from model.game.expressions()
    for name, function in model.ansatz.functions.items():
        yield f"the ansatz of {name}", function
    for control, form in model.ansatz.feedback.items():
        yield f"the feedback of {control}", form


def _names(model: Model) -> None:
    """No symbol stands for two things, and no two symbols share a name."""
    game = model.game
    seen: dict[str, str] = {"status": "the outcome in tables"}
    marks = {clock.mark for clock in game.clocks if clock.mark is not None}
    for kind, symbols in (
        ("time", [t]),
        ("state", game.state_symbols),
        ("control", game.controls),
        ("moment", [m.symbol for m in game.moments]),
        ("law", [law.symbol for law in game.laws]),
        ("definition", list(game.definitions)),
        ("mark", sorted(marks, key=str)),
        ("parameter", [letter.symbol for letter in model.vocabulary.parameters]),
    ):
        for symbol in symbols:
            if symbol.name in seen:
                other = seen[symbol.name]
                twice = f"two {kind}s have the letter {symbol}."
                how = ', as in expected(..., name="V")' if kind == "moment" else ""
                raise game.error(
                    twice if other == kind else f"{symbol} is declared as {other} and as {kind}.",
                    remedy=f"Give each a letter of its own{how}.",
                )
            seen[symbol.name] = kind
    everything = set().union(
        *(expression.free_symbols for _, expression in _expressions(model)),
        game.state_symbols,
        game.controls,
        (m.symbol for m in game.moments),
        (law.symbol for law in game.laws),
        (letter.symbol for letter in model.vocabulary),
        [t],
    )
    by_name: dict[str, sp.Symbol] = {}
    for symbol in everything:
        if by_name.setdefault(symbol.name, symbol) != symbol:
            raise game.error(
                f"two different symbols are called {symbol.name}: their assumptions differ.",
                remedy="Create each letter once, by sympy.symbols without assumptions; the time "
                "is eqsolve.game.t.",
            )


def _numbers(model: Model) -> None:
    """Every expression is exact, real and made of known functions."""
    for where, expression in _expressions(model):
        if expression.has(sp.Float):
            raise model.game.error(
                f"{where} contains a floating-point number.",
                remedy="Write exact numbers, as in Rational(3, 100).",
            )
        if expression.has(sp.I, sp.oo, -sp.oo, sp.zoo, sp.nan):
            raise model.game.error(
                f"{where} is not a finite real number: {expression}.",
                remedy="Look for a division by zero or an imaginary unit.",
            )
        kinks = _kinks(model, expression)
        if kinks:
            raise model.game.error(
                f"{where} has {shown(kinks)}, which has no derivative everywhere.",
                remedy="Write what is smooth in states, laws and controls.",
            )
        if expression.has(sp.Derivative, sp.Integral, sp.Sum, sp.Product, sp.Limit):
            raise model.game.error(
                f"{where} has an operation that is not carried out.",
                remedy="Call its method doit(), or write the result.",
            )
        undefined = expression.atoms(AppliedUndef)
        if undefined:
            raise model.game.error(
                f"{where} has {shown(undefined)}, a function without a definition.",
                remedy="Write it out, or declare a parameter.",
            )


def _kinks(model: Model, expression: sp.Expr) -> set[sp.Expr]:
    """What cannot be differentiated in a state, law or control."""
    game = model.game
    inner = {*game.state_symbols, *game.controls, *(law.symbol for law in game.laws)}
    return {e for e in expression.atoms(*_KINKED) if e.free_symbols & inner}


def _definitions(model: Model) -> None:
    """Abbreviations are made of parameters and earlier abbreviations."""
    game = model.game
    allowed = {letter.symbol for letter in model.vocabulary.parameters}
    for symbol, definition in game.definitions.items():
        extra = definition.free_symbols - allowed
        if extra:
            raise game.error(
                f"the definition of {symbol} has {shown(extra)}, which is neither a parameter nor "
                "defined before it.",
                remedy="Define abbreviations of parameters only, in order; abbreviate others by "
                "variables of Python.",
            )
        allowed.add(symbol)


def _declared(model: Model) -> None:
    """Every letter of the game is a state, control, law, parameter or abbreviation."""
    game = model.game
    known = {
        *game.state_symbols,
        *game.controls,
        *(law.symbol for law in game.laws),
        *game.definitions,
        *(letter.symbol for letter in model.vocabulary.parameters),
        t,
    }
    marks = {clock.mark for clock in game.clocks if clock.mark is not None}
    for where, expression in game.expressions():
        extra = expression.free_symbols - known
        if where.startswith("the jump"):
            extra -= marks
        if where.startswith("the preference"):
            extra -= {m.symbol for m in game.moments}
        if extra:
            raise game.error(
                f"{where} has {shown(extra)}, which is no state, control, law or parameter of the "
                "game.",
                remedy="Declare it, in the vocabulary as parameter(symbol, meaning, domain) if a "
                "user gives its value.",
            )


def _placed(model: Model) -> None:
    """Laws of controls and moments stand only where they are replaced by what they are."""
    game = model.game
    laws = {law.symbol for law in game.laws} - set(law_monomials(game).values())
    moments = {m.symbol for m in game.moments}
    for where, expression in game.expressions():
        if where.startswith(("the jump", "the intensity", "the discount")):
            foreign = expression.free_symbols & laws
            if foreign:
                raise game.error(
                    f"{where} depends on the law of a control, {shown(foreign)}.",
                    remedy="Write it in states and laws of states.",
                )
    planned = laws if game.notion == "planner" else set()
    marks = {clock.mark for clock in game.clocks if clock.mark is not None}
    foreign = {*game.controls, *moments, *(laws - planned), *marks}
    affine = {law.symbol for law in game.laws if not law.of.free_symbols & set(game.controls)}
    for forms in (model.ansatz.functions, model.ansatz.feedback):
        for name, form in forms.items():
            other = form.free_symbols & laws & affine
            if other and game.notion != "planner":
                raise game.error(
                    f"the ansatz of {name} has {shown(other)}, the law of no state, nor of a "
                    "product of two.",
                    stage="ansatz",
                    remedy="Declare Law(m, of=x) of the state x, and write the ansatz in m.",
                )
            if form.free_symbols & foreign:
                raise game.error(
                    f"the ansatz of {name} has {shown(form.free_symbols & foreign)}; it is written "
                    "in states, laws of states and coefficients.",
                    stage="ansatz",
                    remedy="Choose another letter for a coefficient, or write the state.",
                )


def _sets(model: Model) -> None:
    """Named sets give values to parameters, states, laws and the tail of sizes only."""
    game = model.game
    known = {letter.symbol.name for letter in model.vocabulary.parameters}
    known |= {symbol.name for symbol in game.state_symbols}
    known |= {law.symbol.name for law in game.laws}
    if game.crowd is not None and game.crowd.tail is not None:
        known.add(game.crowd.tail.name)
    typed = {symbol.name for symbol in (*game.typed, *(game.state_symbols if game.typed else ()))}
    for name, row in model.cases.items():
        rows = {n for n in row if n.rpartition("_")[0] in typed and n.rpartition("_")[2].isdigit()}
        if strange := sorted(set(row) - known - rows):
            raise game.error(
                f"the set {name!r} of cases has values of {shown(strange)}, which are neither "
                "parameters nor states.",
                remedy="Declare them by parameter(...) in the vocabulary, or leave them out.",
            )
