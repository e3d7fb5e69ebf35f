"""The numbers that a user gives a model, by the model's symbols."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from eqsolve.errors import DerivationError
from eqsolve.game.model import Model
from eqsolve.game.vocabulary import Letter
from eqsolve.inputs import WEIGHT, Domain, Inputs, Parameter, Range


@dataclass(frozen=True)
class Numbers:
    """A user's numbers for a model.

    Attributes
    ----------
    parameters : the value of every parameter.
    states : values of states and laws, where they were given.
    time : calendar time of the question.
    """

    parameters: Mapping[sp.Symbol, Fraction]
    states: Mapping[sp.Symbol, Fraction]
    time: Fraction = Fraction(0)


def inputs(model: Model) -> Inputs:
    """What a model takes.

    Raises
    ------
    DerivationError
        If the domain of a parameter is no union of intervals.
    """
    letters = tuple(parameter(letter, model.name) for letter in model.vocabulary.parameters)
    crowd = model.game.crowd
    own = () if crowd is None else crowd.own
    names = [p.name for p in model.vocabulary.parameters if p.symbol in own]
    return Inputs(
        model.name,
        letters,
        tuple(s.name for s in _places(model)),
        (*names, WEIGHT, *(s.name for s in (averaged(model) if own else ()))),
        "" if crowd is None or crowd.weights is None else crowd.weights.name,
        "" if crowd is None or crowd.tail is None else crowd.tail.name,
    )


def parameter(letter: Letter, game: str = "") -> Parameter:
    """A letter as what a user gives a number for."""
    return Parameter(letter.name, letter.meaning, domain(letter.domain, game))


def averaged(model: Model) -> list[sp.Symbol]:
    """The states that every copy has of its own, as far as laws tell."""
    followed = set().union(*(law.of.free_symbols for law in model.game.laws))
    return [s for s in model.game.state_symbols if s in followed]


def read(
    model: Model, given: Mapping[str, object], at: Mapping[str, object] | None = None
) -> Numbers:
    """Check names and domains of a user's numbers: see :meth:`eqsolve.inputs.Inputs.read`."""
    values = inputs(model).read(given, at)
    letters = {letter.name: letter.symbol for letter in model.vocabulary.parameters}
    places = {s.name: s for s in _places(model)}
    return Numbers(
        {letters[name]: v for name, v in values.parameters.items()},
        {places[name]: v for name, v in values.states.items()},
        values.time,
    )


def _places(model: Model) -> tuple[sp.Symbol, ...]:
    return model.written((*model.game.state_symbols, *(law.symbol for law in model.game.laws)))


def domain(given: sp.Set, game: str = "") -> Domain:
    """A set of real numbers as intervals.

    Raises
    ------
    DerivationError
        If it is not made of finitely many.
    """
    try:
        if isinstance(given, sp.Complement):
            inside, without = _parts(given.args[0]), _parts(given.args[1])
        else:
            inside, without = _parts(given), ()
    except (TypeError, ValueError):
        raise DerivationError(
            f"the domain {given} is no union of intervals.",
            game=game,
            stage="game",
        ) from None
    return Domain(inside, without, _shown(given))


def _parts(given: sp.Set) -> tuple[Range, ...]:
    if isinstance(given, sp.Union):
        return tuple(part for inner in given.args for part in _parts(inner))
    if isinstance(given, sp.FiniteSet):
        return tuple(Range(_end(v), _end(v), False, False) for v in given.args)
    if isinstance(given, sp.Interval):
        return (
            Range(
                _end(given.start), _end(given.end), bool(given.left_open), bool(given.right_open)
            ),
        )
    if given == sp.S.EmptySet:
        return ()
    if isinstance(given, sp.Range) and abs(given.step) == 1 or given == sp.S.Integers:
        return (Range(_end(given.inf), _end(given.sup), False, False, whole=True),)
    if given in (sp.S.Naturals, sp.S.Naturals0):
        return (Range(_end(given.inf), None, False, False, whole=True),)
    raise TypeError(given)


def _end(value: sp.Expr) -> Fraction | None:
    """The end of an interval; None is infinity."""
    if value in (sp.oo, -sp.oo):
        return None
    if not value.is_real or value.free_symbols:
        raise TypeError(value)
    if value.is_Rational:
        return Fraction(int(value.p), int(value.q))
    return Fraction(str(sp.N(value, 60)))


def _shown(domain: sp.Set) -> str:
    """A domain in words or as an interval."""
    if isinstance(domain, sp.Interval):
        left = "(" if domain.left_open else "["
        right = ")" if domain.right_open else "]"
        return f"{left}{domain.start}, {domain.end}{right}".replace("oo", "infinity")
    if isinstance(domain, sp.Union):
        return " or ".join(_shown(part) for part in domain.args)
    return str(domain)
