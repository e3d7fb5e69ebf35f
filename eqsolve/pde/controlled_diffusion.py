"""Control of the diffusion in one dimension: Merton's problem and its kind.

Wealth follows ``dX = (r X + B pi) dt + s pi dW``; the agent maximizes ``E U(X_T)`` over the amount
pi at risk. In logarithmic wealth ``y = ln x``, with the fraction ``w = pi/x``,

::

    V_t + max_w { (r + B w - s^2 w^2/2) V_y + (s^2 w^2/2) V_yy } = 0,     V(T, y) = U(e^y)

and for the logarithm c of the certainty equivalent, ``V = e^{(1-g) c}/(1-g)``
(V = c at g = 1),

::

    c_t + max_w { (r + B w - s^2 w^2/2) c_y + (s^2 w^2/2) (c_yy + (1-g) c_y^2) } = 0.

The second form has linear solutions for power utility and is exact there. Implicit midpoint rule
and central differences, of second order; policy iteration (Howard) within each step. R. C. Merton,
Rev. Econ. Stat. 51 (1969), 247-257.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from eqsolve.pde.edge import (
    Array,
    Field,
    Progress,
    call,
    count,
    interval,
    number,
    plain,
    refuse,
    sampled,
    two,
    word,
)
from eqsolve.pde.told import Told
from eqsolve.schemas import SCHEMA

STAGE = "controlled diffusion"
FORMULATIONS = ("value", "certainty_equivalent")


@dataclass(frozen=True)
class DiffusionSolution(Told):
    """Value and policy of a controlled diffusion on a logarithmic grid of wealth.

    Attributes
    ----------
    wealth, t : nodes x (nodes,) and times (steps + 1,).
    value : V, array (steps + 1, nodes), or None if it exceeds the range of numbers.
    certainty_equivalent : in units of wealth, array (steps + 1, nodes), or None if V is outside the
        range of the power utility.
    fraction, portfolio : w = pi/x and pi, arrays (steps + 1, nodes).
    status : ``ok``; ``newton_failed`` (the policy iteration of a step did not converge);
        ``second_order_lost`` (the objective is not concave in the control and no bounds are given);
        ``unresolved`` (an estimated error is above 1 %: too few nodes or steps, or a value that
        is infinite); ``not_finite``.
    message : the status as a sentence with its numbers.
    diagnostics : ``iterations`` (total), ``residual`` (largest relative residual of a step),
        ``second_order_min`` (smallest curvature of the objective in w, relative to V_y),
        ``bound_nodes`` (nodes at which a bound is active at time 0), ``fraction_error`` and
        ``certainty_error`` (estimates for time 0 of the relative error of the fraction and of the
        error of the logarithm of the certainty equivalent, from differences of fourth order in the
        place of those of second, and from the remainder of the midpoint rule).
    """

    wealth: Array
    t: Array
    value: Array | None = field(metadata={"label": "value $V$"})
    certainty_equivalent: Array | None = field(metadata={"label": "certainty equivalent / wealth"})
    fraction: Array = field(metadata={"label": "fraction of wealth at risk"})
    portfolio: Array = field(metadata={"label": "amount at risk"})
    status: str
    message: str
    diagnostics: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        """Whether the solution can be relied on."""
        return self.status == "ok"

    @property
    def functions(self) -> dict[str, Array | None]:
        """The functions of time and wealth by name."""
        return {name: getattr(self, name) for name in LABELS}

    def to_dict(self) -> dict[str, Any]:
        """Return a mapping of plain numbers, strings and lists; undefined numbers are None."""
        result: dict[str, Any] = {"schema": SCHEMA}
        result |= {"status": self.status, "message": self.message}
        result |= {**self.diagnostics, "wealth": self.wealth, "t": self.t, **self.functions}
        return {name: plain(value) for name, value in result.items()}


#: What a picture says of each function of time and wealth, by name.
LABELS = {
    f.name: str(f.metadata["label"]) for f in fields(DiffusionSolution) if "label" in f.metadata
}


def solve_controlled_diffusion(
    *,
    wealth: tuple[float, float] = (1e-5, 1e5),
    nodes: int = 161,
    horizon: float = 1.0,
    steps: int = 100,
    rate: Field,
    excess: Field,
    volatility: Field,
    risk_aversion: float,
    terminal: Field | None = None,
    bounds: tuple[float | None, float | None] = (None, None),
    formulation: str = "value",
    tolerance: float = 1e-12,
    max_iterations: int = 50,
    progress: Progress | None = None,
) -> DiffusionSolution:
    """Solve Merton's problem or one of its kind on a logarithmic grid of wealth.

    Parameters
    ----------
    wealth : smallest and largest wealth, positive.
    nodes : nodes, equidistant in the logarithm of wealth.
    horizon, steps : T and the number of equal steps in time.
    rate, excess, volatility : r, B and s > 0; a number, an array (nodes,) or a function of wealth.
    risk_aversion : g > 0 of the power utility ``x^{1-g}/(1-g)`` (logarithm at g = 1); also the one
        by which certainty equivalents are formed when ``terminal`` is given.
    terminal : terminal utility U, increasing in wealth (array or function of wealth), in place of
        the power utility. With formulation ``"certainty_equivalent"`` the logarithm of the terminal
        certainty equivalent.
    bounds : smallest and largest fraction w allowed; None for no bound.
    formulation : ``"value"`` (V, with the ratio of successive differences continued beyond the
        ends) or ``"certainty_equivalent"`` (its logarithm, continued linearly).
    tolerance : relative change of the policy at which the iteration of a step ends.
    max_iterations : most policy iterations in a step.
    progress : a function of what is counted (such as ``"time steps"``), how many are done, of how
        many (None where that is not known) and the residual left (None where there is none). It is
        called at the end and up to twenty times a second before, and changes no result.

    Raises
    ------
    InputError
        If an argument is outside its domain; names the argument, its value and the remedy.
    MissingPartError
        If the compiled module is not installed.
    """
    low, high = interval(STAGE, "wealth", wealth)
    if not low > 0:
        refuse(STAGE, "wealth", low, "both ends must be positive")
    nodes = count(STAGE, "nodes", nodes, 7, 1_000_000)
    length = number(STAGE, "horizon", horizon)
    if not length > 0:
        refuse(STAGE, "horizon", length, "choose a positive number")
    steps = count(STAGE, "steps", steps, 1, 1_000_000)
    aversion = number(STAGE, "risk_aversion", risk_aversion)
    if not aversion > 0:
        refuse(STAGE, "risk_aversion", aversion, "choose a positive number")
    y = np.linspace(np.log(low), np.log(high), nodes)
    x = np.exp(y)
    x.setflags(write=False)  # the caller's functions see it
    options = {
        "formulation": word(STAGE, "formulation", formulation, *FORMULATIONS),
        "tolerance": number(STAGE, "tolerance", tolerance),
        "max_iterations": count(STAGE, "max_iterations", max_iterations, 1, 1_000_000),
        "lower": _bound(bounds, 0),
        "upper": _bound(bounds, 1),
        "progress": progress,
    }
    found = call(
        STAGE,
        "solve_controlled_diffusion",
        y,
        length,
        steps,
        *(sampled(STAGE, name, field, x) for name, field in _market(rate, excess, volatility)),
        aversion,
        None if terminal is None else sampled(STAGE, "terminal", terminal, x),
        options,
    )
    fraction, solution = found.pop("policy"), found.pop("solution")
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        value, certain = _both(solution, 1.0 - aversion, formulation)
    return DiffusionSolution(
        wealth=x,
        t=np.linspace(0.0, length, steps + 1),
        value=value if np.isfinite(value).all() else None,
        certainty_equivalent=certain if np.isfinite(certain).all() else None,
        fraction=fraction,
        portfolio=fraction * x,
        status=found.pop("status"),
        message=found.pop("message"),
        diagnostics=found,
    )


def _both(solution: Array, exponent: float, formulation: str) -> tuple[Array, Array]:
    """Value and certainty equivalent from either."""
    if formulation == "value":
        logarithm = solution if exponent == 0 else np.log(exponent * solution) / exponent
        return solution, np.exp(logarithm)
    value = solution if exponent == 0 else np.exp(exponent * solution) / exponent
    return value, np.exp(solution)


def _market(rate: Field, excess: Field, volatility: Field) -> tuple[tuple[str, Field], ...]:
    return ("rate", rate), ("excess", excess), ("volatility", volatility)


def _bound(bounds: Any, side: int) -> float | None:
    value = two(STAGE, "bounds", bounds, "numbers or None, lower and upper,")[side]
    return None if value is None else number(STAGE, "bounds", value)
