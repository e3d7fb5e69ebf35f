"""The program of a model: everything that is evaluated at numbers, and nothing symbolic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flint import arb, fmpq

from eqsolve.arithmetic.code import Code
from eqsolve.errors import DerivationError
from eqsolve.inputs import Inputs
from eqsolve.program.letters import Environment, Names
from eqsolve.program.responses import Responses

#: The name of the time.
TIME = "t"
#: Below this radius an enclosure of zero is taken for zero: roots are 1e-70 wide.
EDGE = 1e-40


@dataclass(frozen=True)
class Claim:
    """``code > 0``, with the sentence that says what it means."""

    sentence: str
    code: Code

    def holds(self, values: Environment) -> bool | None:
        """Whether it holds; None where the balls do not decide."""
        (value,) = self.code.within(values)
        if not value.is_finite():
            return None
        return True if value > 0 else False if value <= 0 else None

    def failing(self, values: Environment) -> str:
        """What is wrong where it is not known to hold: the sentence, or that it is not decided."""
        (value,) = self.code.within(values)
        if not value.is_finite():
            return (
                "at this state a power, a root or a logarithm of the solution has no real value "
                f"(asked was whether {self.sentence})"
            )
        return self.sentence if value <= 0 else f"it is not decided whether {self.sentence}"

    def at_edge(self, values: Environment) -> bool:
        """Whether the expression cannot be told from zero, although it is narrowly enclosed."""
        (value,) = self.code.within(values)
        return bool(value.contains(0)) and float(value.rad()) < EDGE


@dataclass(frozen=True)
class Quantity:
    """A number that the parameters give, and how its expression is written."""

    text: str
    code: Code


@dataclass(frozen=True)
class Table:
    """Functions by name, in one program."""

    names: Names
    code: Code

    def within(self, values: Environment) -> dict[str, arb]:
        """The values of all functions."""
        return dict(zip(self.names, self.code.within(values)))


@dataclass(frozen=True)
class System:
    """The equations of the coefficients.

    Attributes
    ----------
    unknowns, implicit : coefficients of the functions, and those of the feedback that solve
        equations of their own.
    letters : other coefficients of the feedback that stand as letters in ``equations``, each with
        its condition there; they follow from the unknowns.
    blocks : unknowns and implicit ones in the order in which they can be solved.
    rates : derivatives of the unknowns in the time to go.
    equations : of unknowns, implicit ones and letters where nothing moves, to vanish.
    domains : what must be positive, under a power or a logarithm.
    nonzero : denominators that were assumed not to vanish.
    """

    unknowns: Names
    implicit: Names
    letters: Names
    blocks: tuple[Names, ...]
    rates: Code
    equations: Code
    domains: tuple[Claim, ...]
    nonzero: tuple[Quantity, ...]

    @property
    def names(self) -> Names:
        """What the equations are of, in their order."""
        return (*self.unknowns, *self.implicit, *self.letters)


@dataclass(frozen=True)
class Growth:
    """How functions of the states grow in expectation.

    Attributes
    ----------
    functions : how they are written.
    matrix : of their rates, row by row; None where the generator leads out of every finite space.
    rate : hazard plus discount rate.
    start : for every function, its coefficients in what is followed: where all of them vanish, and
        no other function leads to it, its growth does not matter.
    several : whether the player's preference is one of several expectations, as mean and variance.
    second : the numbers of those that are products of two states, or averages of such.
    """

    functions: Names
    matrix: Code | None
    rate: Code
    start: tuple[Code, ...]
    several: bool
    second: tuple[int, ...]


@dataclass(frozen=True)
class Form:
    """A control: its coefficients by monomial of the states, or by product of their powers and
    other units, none if there are none, and itself."""

    control: str
    monomials: Table
    code: Code


@dataclass(frozen=True)
class Value:
    """What a player obtains.

    Attributes
    ----------
    player : the name.
    sign : 1 if it is maximized, -1 if it is minimized.
    monomials : coefficients of the value by monomial of the states; none if it is no polynomial.
    code : at a state.
    moments : the expectations that it is made of, where there are several.
    exponents : of the monomials of a polynomial of degree two at most, in the order of
        ``quadratic``; none for others.
    quadratic : their coefficients.
    """

    player: str
    sign: int
    monomials: Table
    code: Code
    moments: Table
    exponents: tuple[tuple[int, ...], ...]
    quadratic: Code


@dataclass(frozen=True)
class Moments:
    """Monomials of the states up to degree two, closed under the generator in equilibrium.

    Attributes
    ----------
    states : those whose moments are wanted.
    exponents : of every monomial, in the order of the states.
    matrix : their expectations' rates, row by row; None if they lead to other functions.
    """

    states: Names
    exponents: tuple[tuple[int, ...], ...]
    matrix: Code | None


@dataclass(frozen=True)
class Start:
    """The law of the states at time 0.

    Attributes
    ----------
    states : those with a declared law.
    means, variances : of these states.
    averages : laws that are averages of such states, with the state.
    spreads : laws that are variances of such states, with the state.
    seconds : laws of products of two states, in the states when all others are where their mean is.
    share : the part of one copy in a crowd.
    own : laws that are averages of states, with the state.
    """

    states: Names
    means: tuple[Quantity, ...]
    variances: tuple[Quantity, ...]
    averages: tuple[tuple[str, str], ...]
    spreads: tuple[tuple[str, str], ...]
    seconds: tuple[tuple[str, Code], ...]
    share: Quantity
    own: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Expectation:
    """A moment's rate in every function that is followed: the payoff's part and the running one.

    ``letters`` stand for the coefficients of the expectation that they lead to.
    """

    letters: Names
    payoff: Code
    running: Code


@dataclass(frozen=True)
class Outcome:
    """What a player obtains when everybody plays the strategy; see ``solve.outcome``.

    Attributes
    ----------
    hazard : the hazard rate.
    seconds : laws of products of two states, in the states.
    products : what they average.
    expectations : of the moments of the preference.
    objective, slopes, bends : the preference, and the gain rate's derivatives in the controls,
        the second ones row by row, negative at a maximum, in the letters of the expectations.
    controls : how many there are.
    """

    hazard: Code
    seconds: Table
    products: Table
    expectations: tuple[Expectation, ...]
    objective: Code
    slopes: Code
    bends: Code
    controls: int


@dataclass(frozen=True)
class Given:
    """What the notion given has besides: averages over the others that are frozen.

    Attributes
    ----------
    averages : all of them.
    responses : of players with types of their own; None where players are alike.
    known : those that the states give, with their values.
    response : every control as a response to them.
    implied : coefficients of the ansatz at the averages in equilibrium, in these.
    nonzero : denominators of the fixed point.
    fixed : the linear equations of the strategy's coefficients, row by row, and the right sides.
    letters : these coefficients.
    play : the growth of expectations when everybody plays.
    alone : for every function that is followed then, the number of the first one that is the same
        where there is one player only.
    outcome : what is obtained then; None if it does not follow from finitely many functions.
    """

    averages: Names
    responses: Responses | None
    known: tuple[tuple[str, Code], ...]
    response: tuple[Form, ...]
    implied: Table
    nonzero: Code
    fixed: Code
    letters: Names
    play: Growth | None
    alone: tuple[int, ...]
    outcome: Outcome | None


@dataclass(frozen=True)
class Averaging:
    """Averages over copies with types of their own, whose feedbacks are explicit in them.

    Attributes
    ----------
    averages, powers : their names, and the power of a copy's share in them; those that the
        feedback depends on come first.
    coupled : how many the feedback depends on; it is affine in these.
    system : of each of these what a copy adds where all are 0, and its slopes in them.
    rest : what it adds to the others, in these.
    """

    averages: Names
    powers: tuple[int, ...]
    coupled: int
    system: Code
    rest: Code


@dataclass(frozen=True)
class Program:
    """What a model's answers are computed from.

    Codes are functions of parameters, coefficients, states and the time ``t``, by name; the
    game's abbreviations are written out.

    Attributes
    ----------
    game, notion, selection : of the model.
    inputs : its parameters, states and laws.
    stationary : whether the coefficients are constants.
    states : of the first player's problem, without averages that are frozen.
    places : states and laws that the declared feedback is written in.
    laws : symbols of the laws.
    coordinates : states and laws in the letters that results are written in, where these are
        others.
    shown : states and letters that results are written in.
    required : what must not be zero.
    count : the parameter that is the number of copies, if it is one.
    size : the number of copies, if there are finitely many.
    declared : every expression of the declaration, with what it is, but for payoffs.
    discounting : hazard and discount rate together, by player.
    end : of the horizon, if it has one.
    system : the equations of the coefficients.
    feedback : coefficients of the feedback that follow from those of the functions.
    explicit : these and coefficients of the strategy, where it is another.
    terminal : the unknowns at the end of the horizon; of a stationary problem, where they start
        on their way from payoffs.
    no_terminal : why there are none.
    limit : what is largest at the solution that finite horizons reach, where that is known.
    ending : whether they depend on when the horizon ends.
    rising : hazard rates, intensities and probabilities, which may not be negative.
    second_order : conditions of a maximum or minimum.
    judged : states on which the sign of such a condition may depend.
    growth : of every player.
    strategy : what is played.
    values : of every player that has one.
    players : how many there are.
    outputs : declared results.
    beside : other values of parameters at which controls are wanted besides, by name.
    moments : how means and variances of the states move; None where they are not followed.
    start : the law at time 0.
    given : with the notion given.
    averaging : of copies with types of their own, where the averages follow from numbers alone.
    """

    game: str
    notion: str
    selection: str
    inputs: Inputs
    stationary: bool
    states: Names
    places: Names
    laws: Names
    coordinates: Table
    shown: Names
    required: tuple[Claim, ...]
    count: str
    size: Quantity | None
    declared: tuple[tuple[str, Code], ...]
    discounting: tuple[tuple[str, Code], ...]
    end: Quantity | None
    system: System
    feedback: Names
    explicit: Table
    terminal: Code | None
    no_terminal: str
    limit: Quantity | None
    ending: bool
    rising: tuple[Claim, ...]
    second_order: tuple[Claim, ...]
    judged: Names
    growth: tuple[Growth, ...]
    strategy: tuple[Form, ...]
    values: tuple[Value, ...]
    players: int
    outputs: tuple[tuple[str, Code], ...]
    beside: tuple[tuple[str, Table], ...]
    moments: Moments | None
    start: Start
    given: Given | None
    averaging: Averaging | None

    def error(self, text: str, stage: str, remedy: str = "") -> DerivationError:
        """An error that names the game."""
        return DerivationError(text, game=self.game, stage=stage, remedy=remedy)


def exact(code: Code, known: Mapping[str, fmpq]) -> list[fmpq | None]:
    """The functions of a program at exact numbers, where they are rational; None where not."""
    inner = code.at(known)
    first = len(inner.arguments)
    found: list[fmpq | None] = []
    for node in inner.outputs:
        constant: Any = None
        if first <= node < first + len(inner.constants):
            constant = inner.constants[node - first]
        found.append(constant if isinstance(constant, fmpq) else None)
    return found


def monomial(exponents: Iterable[int], states: Sequence[str]) -> str:
    """The name of a monomial: its letters in a row, or 1."""
    return "".join(s * e for s, e in zip(states, exponents)) or "1"
