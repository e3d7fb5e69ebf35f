"""A declared game of one agent with utility of wealth at the end, which is alike at every scale.

Drift and noise of wealth are proportional to wealth and to the control, and the relative risk
aversion is constant: with ``y = ln X`` and the fraction ``w = a/X`` of wealth that is at risk

    dy = (r + B w - s^2 w^2/2) dt + s w dW,      maximize E phi(y_T),   phi(z) = e^(k z)/k,

k = 1 - R, and phi(z) = z for R = 1. The numbers are read from the declaration; the closed form is
not. What wealth is worth is told by the logarithm z of its certainty equivalent, V = phi(z).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from eqsolve.game import Model
from eqsolve.game.parameters import Numbers
from eqsolve.learn.crowd import refusal
from eqsolve.learn.training import Array
from eqsolve.pde.declared_part import NotRepresentedError, numbers_in
from eqsolve.pde.declared_utility import Utility

#: Logarithms of ten of the least and largest wealth of which errors are told.
DECADES = (-5, 5)
#: Decades beyond, from which is learned, too.
BEYOND = 1
#: Fractions at risk are at most so many times that of the fastest growth.
BOUND = 10.0


@dataclass(frozen=True)
class Investor:
    """The problem in numbers.

    Attributes
    ----------
    game : the name.
    horizon : T.
    rate, excess, volatility : r, B and s.
    aversion : R, positive.
    """

    game: str
    horizon: float
    rate: float
    excess: float
    volatility: float
    aversion: float

    @property
    def power(self) -> float:
        """k of the utility."""
        return 1.0 - self.aversion

    @property
    def unit(self) -> float:
        """The fraction of the fastest growth but for its sign: it knows the market, not R."""
        return abs(self.excess) / self.volatility**2

    @property
    def reach(self) -> tuple[float, float]:
        """Logarithms of the wealth from which is learned."""
        low, high = DECADES
        ten = float(np.log(10.0))
        return (low - BEYOND) * ten, (high + BEYOND) * ten

    def growth(self, w: Any) -> Any:
        """Drift of the logarithm of wealth."""
        return self.rate + self.excess * w - self.volatility**2 * w**2 / 2

    def utility(self, z: Any, numpy: Any = np) -> Any:
        """phi of the logarithm of wealth, with the functions of NumPy or of JAX."""
        return numpy.exp(self.power * z) / self.power if self.power else z

    def gained(self, d: Any, numpy: Any = np) -> Any:
        """(phi(z + d) - phi(z))/phi'(z), which is d in first order, at every z."""
        return numpy.expm1(self.power * d) / self.power if self.power else d

    def worth(self, value: Array) -> Array:
        """z with phi(z) = value; NaN where no wealth has it."""
        if not self.power:
            return value
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.log(self.power * value) / self.power)


def alone(model: Model) -> bool:
    """Whether nobody else matters, and the control is worth nothing in itself."""
    game = model.game
    moments = game.moments
    return game.crowd is None and len(moments) == 1 and not moments[0].running.has(*game.controls)


def investor(model: Model, numbers: Numbers) -> Investor:
    """Read a game at exact numbers.

    Raises
    ------
    InputError
        If it is none that the methods represent.
    """
    game, part, exact = model.game, Utility(model), numbers_in(numbers)
    try:
        part.common()
        if len(game.states) > 1:
            raise refusal(game.name, "it has more than one state")
        if part.rate != 0:
            raise refusal(game.name, "its horizon is not fixed, or its player discounts")
        part.checked()
        forms = [part.affine(game.states[0].drift, "the drift")]
        forms += [part.affine(v, "the noise") for v in game.states[0].loadings.values()]
    except NotRepresentedError as error:
        raise refusal(game.name, error.reason) from None
    x = game.state_symbols[0]
    rate = sp.cancel(forms[0][0].xreplace(exact) / x)
    excess, *loads = (factor.xreplace(exact) for _, factor in forms)
    if any(e.has(x) for e in (rate, excess, *loads)):
        raise refusal(game.name, "its wealth does not move alike at every scale")
    aversion = relative_aversion(part.own[1].xreplace(exact), x)
    if aversion.has(x):
        raise refusal(game.name, "its relative risk aversion depends on wealth")
    if not float(aversion) > 0:
        raise refusal(game.name, "its player is not averse to risk")
    volatility = float(sp.sqrt(sp.Add(*(v**2 for v in loads))))
    if not volatility > 0 or excess == 0:
        raise refusal(game.name, "what is at risk has no noise, or earns nothing")
    assert game.horizon.end is not None
    horizon = float(part.plain(game.horizon.end).xreplace(exact))
    return Investor(game.name, horizon, float(rate), float(excess), volatility, float(aversion))


def relative_aversion(utility: sp.Expr, x: sp.Symbol) -> sp.Expr:
    """``-x U''/U'``, also of ``-U``; free of ``x`` where it is constant."""
    place = sp.Dummy("x", positive=True)
    first, second = (sp.diff(utility.xreplace({x: place}), place, k) for k in (1, 2))
    if first == 0:
        return sp.S.Zero
    return sp.cancel(sp.expand(-place * second) / sp.expand(first)).xreplace({place: x})
