"""Programs of a game that restates a declared one, and what their results are called there."""

from __future__ import annotations

from dataclasses import dataclass

from eqsolve.arithmetic.code import Code
from eqsolve.program.letters import Names
from eqsolve.program.program import Claim, Program, Table


@dataclass(frozen=True)
class Words:
    """What a program's results are called in a game of other words.

    Attributes
    ----------
    program : of the model that states the same problem.
    parameters : the game's, in order.
    state : where it is asked, if nothing is given: every state in those before and in parameters.
    response : by the game's own name for it, the coefficient of the response.
    moments : coefficients of the moments, at the averages in equilibrium.
    roots : outputs that every solution is shown with: the root itself first; the second one is
        positive where the root is admissible.
    hidden : entries of the answer at the state that the game does not have.
    """

    program: Program
    parameters: Names
    state: Table
    response: tuple[tuple[str, str], ...]
    moments: Names
    roots: Names
    hidden: Names


@dataclass(frozen=True)
class Loop:
    """What the closed loop of a game of other words is solved by.

    Attributes
    ----------
    program : of the model that states the same problem, by feedback.
    states : the game's own; the second is that of the others.
    places : states and laws of the program in these and in parameters, where they are others.
    slopes : by such a state, its coefficients in the game's own states and 1, in parameters.
    feedback : coefficients of the program that belong to the game's own states and 1.
    moments : coefficients of the game's moments in those of the program.
    alone : the growth rate of the own squared wealth of a single agent less the hazard rate.
    hazard, size : parameters.
    """

    program: Program
    states: Names
    places: Table
    slopes: tuple[tuple[str, Table], ...]
    feedback: Names
    moments: Table
    alone: Code
    hazard: str
    size: str


@dataclass(frozen=True)
class Together:
    """How positions of agents follow from their responses, in the letters of one agent.

    Attributes
    ----------
    environment : averages over the others that the response is to.
    parts : of the constant of the response, by such an average (empty for none), its letter.
    affine : coefficients of the response in the own state and in that of the others.
    weight, state, others, control : letters.
    at_zero, reaction, totals : names of the response without averages, of the answer to the own
        part of them, and of the averages over all.
    own : the response without averages, and the reaction.
    terms : of every average what an agent adds where all are 0, and its slopes in all.
    position : in the averages.
    """

    environment: Names
    parts: tuple[tuple[str, str], ...]
    affine: Names
    weight: str
    state: str
    others: str
    control: str
    at_zero: str
    reaction: str
    totals: Names
    own: Code
    terms: Code
    position: Code


@dataclass(frozen=True)
class Apart:
    """What a game of agents with parameters of their own is solved by, in its own words.

    Attributes
    ----------
    program : of the model that states the same problem, with types.
    count : how many agents there are; 0 is any number.
    shared : parameters that all agents have in common.
    own : those of every agent, in order.
    required : what must not be 0 in an agent's parameters, with the sentence that says so.
    response, averages : coefficients of the response, and averages over all, by the game's names.
    state, size : the own state, and the number of agents.
    root, margin, constant : outputs of every solution: the root, what is positive where it is
        admissible, and the determinant of the constant.
    slope : what the selected root is largest with.
    hazard, rate, competition : parameters.
    together : how positions follow from responses.
    """

    program: Program
    count: int
    shared: Names
    own: Names
    required: tuple[Claim, ...]
    response: tuple[tuple[str, str], ...]
    averages: tuple[tuple[str, str], ...]
    state: str
    size: str
    root: str
    margin: str
    constant: str
    slope: str
    hazard: str
    rate: str
    competition: str
    together: Together
