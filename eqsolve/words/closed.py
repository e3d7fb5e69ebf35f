"""Closed-loop Nash equilibria of identical agents at one parameter point."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from eqsolve.arithmetic.number import UndecidedError, precision
from eqsolve.inputs import Values
from eqsolve.parameters import require
from eqsolve.program.program import exact
from eqsolve.program.words import Loop, Words
from eqsolve.solve.path import rational
from eqsolve.solve.solve import decided, renamed
from eqsolve.words.answer import PRECISIONS
from eqsolve.words.equilibrium import Equilibrium
from eqsolve.words.nash import nash, nash_numbers, places
from eqsolve.words.own_words import Named, loop_of


def solve_loop(
    named: Named,
    words: Words,
    values: Mapping[str, Fraction],
    state: Mapping[str, Fraction],
    selection: str,
    certify: bool,
) -> Equilibrium:
    """Solve at growing precision until every sign is decided."""
    game, loop = named.name, loop_of(named)
    numbers = {name: rational(value) for name, value in values.items()}
    for claim in words.program.required:
        require(exact(claim.code, numbers) != [0], f"{claim.sentence}.", game=game)
    others = loop.states[1]
    require(
        values.get(loop.size) != 1 or state[others] == 0,
        f"a single agent has no competitors: {others} must be 0.",
        game=game,
    )
    message = ""
    for bits in PRECISIONS:
        with precision(bits):
            try:
                return _solve_loop(game, loop, values, state, selection, certify, bits)
            except UndecidedError as error:
                message = error.message
    return Equilibrium(
        game=game,
        notion="closed-loop",
        selection=selection,
        parameters=values,
        status="degenerate",
        message=message,
    )


def certificate(
    named: Named, values: Mapping[str, Fraction], state: Mapping[str, Fraction], selection: str
) -> dict[str, Any]:
    """What shows that the answer is right: see ``eqsolve.solve.certificate``.

    Raises
    ------
    NoSolutionError
        If there is no equilibrium.
    InputError
        For a single agent, and where the file cannot hold the proof.
    """
    from eqsolve.solve.certificate import certified

    loop = loop_of(named)
    require(
        values.get(loop.size) != 1,
        "a single agent has no closed loop to be certified; it has a given-aggregate equilibrium.",
        game=named.name,
    )
    numbers = Values(values, {**state, **places(loop, values, state)})
    return certified(*decided(renamed(loop.program, named.name), numbers, selection))


def _solve_loop(
    game: str,
    loop: Loop,
    given: Mapping[str, Fraction],
    state: Mapping[str, Fraction],
    selection: str,
    certify: bool,
    bits: int,
) -> Equilibrium:
    """All closed-loop Nash equilibria."""
    found = nash(loop, given, state, selection)
    numbers: dict[str, Any] = {"complete": found.complete}
    certificate: Mapping[str, Any] = {}
    if found.selected is not None:
        root = found.roots[found.selected]
        numbers["admissibility"] = {
            "abscissa": float(root.abscissa),
            "hazard": float(given[loop.hazard]),
            "finite": True,
        }
        numbers |= nash_numbers(found, state)
        if certify:
            from eqsolve.words.reporting import loop_certificate

            certificate = loop_certificate(found.complete, root.feedback, root.abscissa, bits)
    return Equilibrium(
        game=game,
        notion="closed-loop",
        selection=selection,
        parameters=given,
        status=found.status,
        message=found.message,
        roots=found.roots,
        selected=found.selected,
        numbers=numbers,
        certificate=certificate,
    )
