"""The program of a game that restates a declared one, and what its results are called there."""

from __future__ import annotations

from dataclasses import dataclass

from eqsolve.program.program import Names, Program, Table


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
