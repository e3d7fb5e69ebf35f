"""What a game that restates a declared one is solved by: kept from before, or derived and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from eqsolve.errors import InputError
from eqsolve.handle import Handle
from eqsolve.inputs import WEIGHT
from eqsolve.program import store
from eqsolve.program.words import Apart, Loop, Together, Words
from eqsolve.registry import content, installed

if TYPE_CHECKING:
    from eqsolve.notated.agents import Agents
    from eqsolve.notated.published import Published


#: A game of the family: one that is loaded when needed, or its declaration.
Named: TypeAlias = "Handle | Published"


def declaration(game: Named) -> Published:
    """The game's declaration, loaded now if need be."""
    return game.model if isinstance(game, Handle) else game


def words_of(game: Named) -> Words | None:
    """The program of a game, and what its results are called; None if it restates no other."""
    words = _kept(game, store.recalled_words, made)
    if words is not None and isinstance(game, Handle):
        game.letters()
    return words


def loop_of(game: Named) -> Loop:
    """The same of the game's closed loop.

    Raises
    ------
    InputError
        If it has no population.
    """

    def derived(model: Published) -> Loop:
        from eqsolve.words.restating import made

        return made(model)

    return _kept(game, store.recalled_loop, derived)


def differ(game: Named) -> bool:
    """Whether the agents of a game have parameters of their own."""
    known = content(game.name) if isinstance(game, Handle) and store.enabled() else ""
    if known and store.recalled_apart(known) is not None:
        return True
    return words_of(game) is None


def apart_of(game: Named) -> Apart:
    """The same of a game of agents with parameters of their own.

    Raises
    ------
    InputError
        If its agents are alike.
    """
    apart = _kept(game, store.recalled_apart, made_apart)
    if isinstance(game, Handle):
        game.letters()
    return apart


_Words = TypeVar("_Words", bound=Words | Loop | Apart | None)


def _kept(
    game: Named, recalled: Callable[[str], _Words | None], make: Callable[[Published], _Words]
) -> _Words:
    """What was kept of a game, or is made and kept now."""
    # a declaration need not be the one that a file of its name exports
    named = isinstance(game, Handle) or installed(game)
    known = content(game.name) if named and store.enabled() else ""
    found = recalled(known) if known else None
    if found is not None:
        return found
    words = make(declaration(game))
    if words is not None and known:
        store.remember_words(known, words)
    return words


@lru_cache
def made(model: Published) -> Words | None:
    """The same, derived."""
    from eqsolve.derivation.derivation import derived
    from eqsolve.program.make import Maker, program

    restated = model.restated
    if restated is None or restated.own is None:
        return None
    own = restated.own()
    derivation = derived(own)
    maker = Maker(derivation)
    return Words(
        # such a game shows no means and variances
        replace(program(derivation, own), moments=None),
        model.parameters,
        maker.table(restated.state),
        tuple(restated.response.items()),
        maker.names(model.parts.moments),
        restated.roots,
        tuple(moment.name for moment in own.game.moments),
    )


@lru_cache
def made_apart(model: Published) -> Apart:
    """What a game of agents with parameters of their own is solved by, derived."""
    from eqsolve.derivation.derivation import derived
    from eqsolve.program.make import Maker, program
    from eqsolve.program.program import Claim

    restated, roles, agents = model.restated, model.parts, model.types
    if restated is None or agents is None:
        raise InputError("its agents are alike.", game=model.name, stage="input")
    derivation = derived(restated.source())
    maker = Maker(derivation)
    whole = program(derivation)
    return Apart(
        program=whole,
        count=agents.count,
        shared=tuple(s.name for s in agents.shared),
        own=tuple(
            p.name
            for p in whole.inputs.parameters
            if p.name in whole.inputs.own and p.name != WEIGHT
        ),
        required=tuple(Claim(words, maker.code([e])) for words, e in model.required.items()),
        response=tuple(restated.response.items()),
        averages=tuple(restated.averages.items()),
        state=roles.states[0].name,
        size=roles.size.name,
        root=roles.root.name,
        margin=roles.admissible.name,
        constant=roles.constant.name,
        slope=roles.slope.name,
        hazard=roles.hazard.name,
        rate=roles.rate.name,
        competition=roles.competition.name,
        together=_together(model, agents),
    )


def _together(model: Published, agents: Agents) -> Together:
    """How positions follow from responses, from the derived fixed point."""
    import sympy as sp

    from eqsolve.arithmetic.code import Code
    from eqsolve.arithmetic.function import Function
    from eqsolve.notated.agents import GENERIC
    from eqsolve.symbols import symbol

    parts = model.notation.parts
    point, roles = agents.fixed_point(parts), agents.roles
    # loads are abbreviations of parameters
    spelled = model.game.definitions

    def code(*expressions: sp.Expr) -> Code:
        letters = {e for expression in expressions for e in expression.free_symbols}
        plain = {s: symbol(s.name.removesuffix(f"_{GENERIC}")) for s in letters}
        inserted = [e.xreplace(plain).xreplace(spelled) for e in expressions]
        free = sorted(set().union(*(e.free_symbols for e in inserted)), key=str)
        function = Function(inserted, free)
        names = tuple(s.name for s in free)
        return Code(names, function.constants, function.steps, function.outputs)

    terms = []
    for average in agents.averages.values():
        own = point.summands[average.products[agents.at_zero]]
        slopes = (point.summands[average.products[parts[e]]] for e in agents.averages)
        terms += [own, *slopes]
    first, second = roles.states
    return Together(
        environment=tuple(s.name for s in model.game.environment),
        parts=tuple(("" if e == sp.S.One else str(e), s.name) for e, s in parts.items()),
        affine=tuple(s.name for s in roles.affine[:2]),
        weight=agents.weight.name,
        state=first.name,
        others=second.name,
        control=roles.played.name,
        at_zero=agents.at_zero.name,
        reaction=agents.reaction.name,
        totals=tuple(a.total.name for a in agents.averages.values()),
        own=code(point.own.expression, point.reaction.expression),
        terms=code(*terms),
        position=code(point.position),
    )
