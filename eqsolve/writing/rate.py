"""A derivation under a hazard rate that moves in time: the rate as a function, its equations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import sympy as sp

from eqsolve.derivation.derivation import derive
from eqsolve.expression import letters, read
from eqsolve.game import Model, Vocabulary, t
from eqsolve.game.hazard_rates import Hazard
from eqsolve.ledger import Line
from eqsolve.solve.moving import hazard_letter, with_end
from eqsolve.writing.printer import letter
from eqsolve.writing.stage import Display, Names, Prose
from eqsolve.writing.writer import Writing


@dataclass(frozen=True)
class Rate:
    """The hazard rate of a game as a function of time.

    Attributes
    ----------
    symbol : the letter of the rate.
    formula : the rate, in calendar time.
    prose : what the equations are while the horizon has no end of its own.
    """

    symbol: sp.Symbol
    formula: sp.Expr
    prose: Prose

    @property
    def display(self) -> Display:
        """The rate as a line of the preference."""
        return Display((Line(self.symbol, self.formula),), self.prose)

    def named(self, names: Names) -> Names:
        """The same names, but that the letter of the rate is written as a function of time."""
        tex = names.latex.get(self.symbol, letter(self.symbol.name))
        text = names.text.get(self.symbol, self.symbol.name)
        return replace(
            names,
            latex={**names.latex, self.symbol: f"{tex}(t)"},
            text={**names.text, self.symbol: f"{text}(t)"},
        )


def under(model: Model, hazard: Hazard, *, ends: bool) -> Writing:
    """The derivation of a game under a hazard rate in place of the constant one it declares.

    Parameters
    ----------
    model : a game without an end, whose hazard rate is one letter.
    hazard : the rate.
    ends : whether payoffs fall due at an end T at the latest. Without it the equations are those
        up to T, and T tends to infinity.

    Raises
    ------
    InputError
        If the hazard rate of the game is not one letter, or the game has an end of its own.
    """
    symbol = hazard_letter(model)
    ended, end = with_end(model)
    if hazard.name == "none":
        horizon = replace(ended.game.horizon, hazard=sp.S.Zero)
        rows = (row for row in ended.vocabulary if row.symbol != symbol)
        game = replace(ended.game, horizon=horizon)
        return Writing(derive(replace(ended, game=game, vocabulary=Vocabulary(*rows))))
    prose: Prose = ("The hazard rate depends on time,",)
    if not ends:
        prose = (
            "There is no end: ",
            end,
            " tends to infinity, and the equilibrium is the limit, where there is one. ",
            "The hazard rate depends on time,",
        )
    return Writing(derive(ended), Rate(symbol, _formula(hazard), prose))


def _formula(hazard: Hazard) -> sp.Expr:
    """The rate as an expression of calendar time, its decimals as they are written."""
    if hazard.pieces:
        (last, *before), starts = reversed(hazard.pieces), [b for b, _ in hazard.pieces[1:]]
        pairs = [(_exact(rate), t < _exact(b)) for (_, rate), b in zip(hazard.pieces, starts)]
        return sp.Piecewise(*pairs, (_exact(last[1]), True)) if before else _exact(last[1])
    if hazard.constant is not None:
        return _exact(hazard.constant)
    (time,) = letters(["t"])
    found = read("hazard", hazard.formula, ["t"], "input")
    plain = {f: sp.Rational(str(f)) for f in found.atoms(sp.Float)}
    return found.xreplace({**plain, time: t})


def _exact(value: Fraction) -> sp.Expr:
    return sp.Rational(value.numerator, value.denominator)
