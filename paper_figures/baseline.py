"""The baseline of the figures: the procedure of the paper's section 4.1 with a documented draw.

The paper's own numbers are not available, so its procedure is followed with the choices below.

1. Ten identical agents; the interest rate is 3 % a year.
2. The type vector is drawn from the uniform distribution on the box ``TYPES`` and every agent's
   wealth from the uniform distribution on ``WEALTH``, both rounded to two decimals. The draws come
   from ``random.Random(SEED).uniform``, whose stream is the same in every version of Python.
3. The hazard rate is searched on the uniform grid ``HAZARDS`` (step 0.05, 40 candidates). For each
   candidate all real roots of the cubic (2.54) are found, those that violate (2.46) are dropped,
   and the one of largest value at the agent's wealth is selected. The candidate is admissible if
   the equilibrium then has a finite variance; this condition is necessary and sufficient, where
   the paper's Assumption 2.1 is a bound. The smallest admissible candidate is the baseline.
4. The first agent is studied, at the own wealth drawn and the competitors' wealth drawn.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from eqsolve.errors import NoSolutionError
from eqsolve.registry import model
from eqsolve.words.equilibrium import Equilibrium, solve

GAME = "n-agent"
SEED = 1
AGENTS = 10
INTEREST = Fraction("0.03")

#: The box of the type vector, in the order of the draws.
TYPES = {
    "b": ("0.08", "0.16"),
    "nu": ("0.1", "0.3"),
    "sigma": ("0.1", "0.3"),
    "theta": ("0.2", "0.8"),
    "gamma": ("1", "4"),
    "alpha": ("0.5", "1.5"),
    "beta": ("0.2", "1"),
}
WEALTH = ("1", "3")
HAZARDS = tuple(Fraction(k, 20) for k in range(1, 41))


@dataclass(frozen=True)
class Baseline:
    """The parameters all figures share.

    Attributes
    ----------
    parameters : every parameter of the n-agent game but those of wealth, exact.
    wealth : initial wealth of the agents, the studied agent first.
    rejected : the smaller hazard rates of the grid, with the status that excluded each.
    """

    parameters: Mapping[str, Fraction]
    wealth: tuple[Fraction, ...]
    rejected: Mapping[Fraction, str]

    @property
    def own(self) -> Fraction:
        """Wealth ``x`` of the studied agent."""
        return self.wealth[0]

    @property
    def others(self) -> Fraction:
        """Mean wealth of the competitors; also the mean wealth in the mean-field game."""
        return sum(self.wealth[1:], Fraction(0)) / (len(self.wealth) - 1)

    def aggregate(self, n: int) -> Fraction:
        """``y``, an n-th of the wealth of n - 1 competitors who own ``others`` on average."""
        return self.others * (1 - Fraction(1, n))

    def toml(self) -> str:
        """A parameter file for ``eqsolve solve``, with the command in a comment."""
        y = self.aggregate(AGENTS)
        lines = [
            "# Baseline of the figures, for use as",
            f"#   eqsolve solve {GAME} --params baseline.toml "
            f"--at x={decimal(self.own)},y={decimal(y)}",
            f"# Drawn with seed {SEED}; wealth of the {AGENTS} agents: "
            + ", ".join(decimal(w) for w in self.wealth),
            f"# Hazard rates tried before: {self._tried()}",
        ]
        lines += [f"{name} = {_toml(value)}" for name, value in self.parameters.items()]
        return "\n".join(lines) + "\n"

    def _tried(self) -> str:
        return ", ".join(f"{decimal(h)} ({why})" for h, why in self.rejected.items()) or "none"


def decimal(value: Fraction) -> str:
    """An exact decimal where there is one, else a ratio."""
    number = float(value)
    return f"{number:g}" if Fraction(f"{number:g}") == value else str(value)


def _toml(value: Fraction) -> str:
    text = decimal(value)
    return f'"{text}"' if "/" in text else text


def search(
    parameters: Mapping[str, Fraction],
    state: Mapping[str, Fraction],
    hazards: Iterable[Fraction] = HAZARDS,
) -> tuple[Fraction, dict[Fraction, str]]:
    """Return the smallest admissible hazard rate of a grid, and why smaller ones are not.

    Raises
    ------
    NoSolutionError
        If no hazard rate of the grid is admissible.
    """
    rejected: dict[Fraction, str] = {}
    for hazard in hazards:
        found = at(GAME, {**parameters, "lambda": hazard}, state, selection="value")
        if found.ok:
            return hazard, rejected
        rejected[hazard] = found.status
    raise NoSolutionError(
        "no hazard rate of the grid is admissible.",
        game=GAME,
        stage="figures",
        remedy="Extend the grid of the search.",
    )


def at(
    game: str,
    parameters: Mapping[str, Fraction],
    state: Mapping[str, Fraction],
    selection: str = "limit",
) -> Equilibrium:
    """Solve one point in ball arithmetic; every returned number is correctly rounded."""
    given: dict[str, Any] = {**parameters}
    return solve(model(game), selection=selection, at=state, **given)


@cache
def baseline() -> Baseline:
    """Draw the types and the wealth, search the hazard rate, and freeze the result."""
    draw = random.Random(SEED)

    def uniform(lower: str, upper: str) -> Fraction:
        return Fraction(f"{draw.uniform(float(lower), float(upper)):.2f}")

    parameters = {"r": INTEREST} | {name: uniform(*box) for name, box in TYPES.items()}
    parameters["n"] = Fraction(AGENTS)
    wealth = tuple(uniform(*WEALTH) for _ in range(AGENTS))
    start = Baseline(parameters, wealth, {})
    state = {"x": start.own, "y": start.aggregate(AGENTS)}
    hazard, rejected = search(parameters, state)
    return Baseline(parameters | {"lambda": hazard}, wealth, rejected)
