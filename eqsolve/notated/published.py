"""A game as a source publishes it: in the letters of its author, with numbered displays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import sympy as sp

from eqsolve.errors import InputError
from eqsolve.game import Game
from eqsolve.ledger import Display
from eqsolve.notated.agents import Agents
from eqsolve.notated.alike import conditions, equilibrium
from eqsolve.notated.ansatz import Ansatz
from eqsolve.notated.derivation import Derivation, derive
from eqsolve.notated.notation import Notation
from eqsolve.notated.representative import Representative
from eqsolve.notated.restated import Restated
from eqsolve.notated.roles import Roles

if TYPE_CHECKING:
    from eqsolve.prove.statement import Chapter

Level = Literal["quick", "full"]


@dataclass(frozen=True)
class Case:
    """One parameter point of one game: ``given`` as a user would write it.

    ``drawn`` marks a point drawn from a wide domain, at which a check may refuse to judge.
    """

    name: str
    given: Mapping[str, object]
    drawn: bool = False


def _undisplayed(derivation: Derivation) -> tuple[Display, ...]:
    return ()


def _none(model: Published, level: Level) -> Iterable[Case]:
    return ()


@dataclass(frozen=True, eq=False)
class Published:
    """A game with its ansatz, notation, numbered displays and named parameter sets.

    Parameters
    ----------
    title : one line for listings.
    source : where the game comes from.
    game, ansatz, notation : see the classes.
    crowd : the agents among whom the loop is closed, in the letters of one of them; None if nobody
        reacts.
    types : what there is besides where they have parameters of their own; None if they are alike.
    response : a model of the same problem of one agent, whose derivation is used again.
    parameters : names a user must give, in order.
    displays : function from the derivation to the numbered displays of the source.
    theorems : function from the derivation to what the source says of signs and counts, stated for
        Coq: name, title and theorems of every chapter.
    published : closed forms as printed in the literature, to compare the derived ones with.
    cases : named parameter sets with exact values.
    reference : known strategies as printed decimals, by case and by notion of equilibrium, in the
        order of the coefficients of x, y and 1; they are right to one unit of the last digit.
    required : what must not be zero in parameters, by the sentence that says so.
    roles : which symbol plays which part; None for a game that is solved symbolically only.
    restated : the same problem for the engine of all games, where that is to solve it.
    limit, finite : names of the same game of a continuum, and of finitely many agents.
    further : function from the model and a level to more parameter points for numerical checks.
    refereed : the same for the points at which the grid judges.
    about : what a table of the grid's verdicts says of the points that were drawn.
    """

    title: str
    source: str
    game: Game
    ansatz: Ansatz
    notation: Notation
    parameters: tuple[str, ...]
    crowd: Representative | None = None
    types: Agents | None = None
    response: Published | None = None
    displays: Callable[[Derivation], tuple[Display, ...]] = _undisplayed
    theorems: Callable[[Derivation], Iterable[Chapter]] = lambda derivation: ()
    published: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    cases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    reference: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    required: Mapping[str, sp.Expr] = field(default_factory=dict)
    roles: Roles | None = None
    restated: Restated | None = None
    limit: str = ""
    finite: str = ""
    further: Callable[[Published, Level], Iterable[Case]] = _none
    refereed: Callable[[Published, Level], Iterable[Case]] = _none
    about: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The game's name."""
        return self.game.name

    @property
    def alike(self) -> Representative | None:
        """The agents among whom the loop is closed, if they are alike."""
        return self.crowd if self.types is None else None

    @property
    def displayed(self) -> bool:
        """Whether a source displays it."""
        return self.displays is not _undisplayed

    @property
    def monomials(self) -> tuple[str, str, str]:
        """The states and 1, as results name the coefficients of a strategy."""
        own, others = (state.name for state in self.game.state_symbols)
        return own, others, "1"

    @property
    def parts(self) -> Roles:
        """The roles of its symbols.

        Raises
        ------
        InputError
            If the game is solved symbolically only.
        """
        if self.roles is None:
            raise InputError(
                "the game is solved symbolically only: its closed form has no cubic to select a "
                "root of.",
                game=self.name,
                stage="input",
            )
        return self.roles

    @cached_property
    def derivation(self) -> Derivation:
        """The derivation, made on first use."""
        if self.response is None:
            own = derive(self.game, self.ansatz, self.notation)
        else:
            own = self.response.derivation
        if self.crowd is None:
            return own
        parts = self.notation.parts
        if self.types is not None:
            return own.closed(self.game, self.types.equilibrium(own.form, parts))
        form = equilibrium(self.crowd, own.form, parts, self.notation)
        return own.closed(self.game, form)

    @property
    def residuals(self) -> dict[sp.Symbol, sp.Expr]:
        """What vanishes in equilibrium, by coefficient of the strategy; none if nobody reacts."""
        if self.crowd is None:
            return {}
        if self.types is not None:
            return self.types.residuals(self.notation.parts)
        return conditions(self.crowd, self.notation.parts)[1]

    @cached_property
    def shown(self) -> tuple[Display, ...]:
        """The numbered displays of the source, made on first use."""
        return self.displays(self.derivation)
