"""What players of types of their own play together: how they respond, and how states move."""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb

from eqsolve.arithmetic.code import Code
from eqsolve.program.letters import Environment, Names


@dataclass(frozen=True)
class Polynomials:
    """Functions that are polynomials in some letters.

    Attributes
    ----------
    letters : of states, controls and laws.
    exponents : of every function, those of its terms, in the order of the letters.
    code : the coefficients of all terms, function by function.
    """

    letters: Names
    exponents: tuple[tuple[tuple[int, ...], ...], ...]
    code: Code

    def within(self, values: Environment) -> list[list[tuple[tuple[int, ...], arb]]]:
        """The terms of every function, exponents and coefficient."""
        numbers = iter(self.code.within(values))
        return [[(powers, next(numbers)) for powers in terms] for terms in self.exponents]


@dataclass(frozen=True)
class Law:
    """An average over all players.

    Attributes
    ----------
    name : of the law.
    text : how what is averaged is written.
    code : what is averaged, in states.
    implied : whether it is a function of states alone, so that the states of all types imply it.
    """

    name: str
    text: str
    code: Code
    implied: bool


@dataclass(frozen=True)
class Motion:
    """How the states of a player move, and what it is paid, as polynomials.

    Attributes
    ----------
    laws : what is averaged.
    drifts : of every state.
    loadings, places : of every state and noise that moves it, by the number of the state and the
        name of the noise.
    given : noises that are common to all.
    payoffs, running : of every expectation of the preference.
    hazard, rate : the hazard rate, and with the discount rate.
    moments : letters of the expectations.
    preference, slopes : in these, and its derivatives.
    sign : 1 if it is maximized, -1 if it is minimized.
    """

    laws: Polynomials
    drifts: Polynomials
    loadings: Polynomials
    places: tuple[tuple[int, str], ...]
    given: Names
    payoffs: Polynomials
    running: Polynomials
    hazard: Code
    rate: Code
    moments: Names
    preference: Code
    slopes: Code
    sign: int


@dataclass(frozen=True)
class Responses:
    """The responses of a player to averages over the others, all of which are linear.

    Attributes
    ----------
    controls, states : of a player; the states without laws.
    entered : the names of averages over all that the response depends on.
    table : the response and what is averaged in these, where averages and controls are 0, and
        their slopes: of every control, of every control in every average, of every average, and of
        every average in every control.
    affine : whether controls are affine in the states of all types.
    laws : averages of states.
    averages, totals, powers : of all averages over the others, their names, those of the averages
        over all, and the power of a player's share in them.
    terms : what they average, in controls and states.
    motion : how the states move; None if that is not followed, for the reason ``unfollowed``.
    """

    controls: Names
    states: Names
    entered: Names
    table: Code
    affine: bool
    laws: tuple[Law, ...]
    averages: Names
    totals: Names
    powers: tuple[int, ...]
    terms: Code
    motion: Motion | None
    unfollowed: str

    @property
    def entering(self) -> int:
        """How many averages the response depends on."""
        return len(self.entered)
