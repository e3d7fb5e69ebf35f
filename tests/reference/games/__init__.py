"""Answer keys of the other models: one module each, derived by hand, sharing no code with eqsolve.

KEYS maps the name of a model to its `solve(**parameters)`, which takes the letters of the model as
decimal strings, ratios, ints, Fractions or floats (exact) and returns a dictionary of 60-digit
numbers: "status", "strategy" {control: {monomial: number}}, "coefficients" {letter: number} at the
time t, "explosion" (the horizon at which a coefficient becomes infinite, or None), "roots" where
there are several, and values (V, J, E, Var) at the state that was given. ODEs are closed forms or
extrapolation with 1e-22 a step (`ode`). Each module's docstring names its second route.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import (
    basak_chabakauri,
    bjork_murgoci_zhou,
    execution,
    exit_externality,
    heston,
    kim_omberg,
    labour_income,
    lacker_zariphopoulou,
    lq_mfg,
    lq_regulator,
    merton,
    merton_consumption,
    merton_jump,
    one_agent,
    reinsurance,
    sticky_prices,
    systemic_risk,
)

KEYS: dict[str, Callable[..., dict[str, Any]]] = {
    "basak-chabakauri": basak_chabakauri.solve,
    "bjork-murgoci-zhou": bjork_murgoci_zhou.solve,
    "execution": execution.solve,
    "exit-externality": exit_externality.solve,
    "heston": heston.solve,
    "kim-omberg": kim_omberg.solve,
    "labour-income": labour_income.solve,
    "lacker-zariphopoulou-cara": lacker_zariphopoulou.cara,
    "lacker-zariphopoulou-crra": lacker_zariphopoulou.crra,
    "lq-mfg": lq_mfg.solve,
    "lq-regulator": lq_regulator.solve,
    "lq-target": lq_mfg.uncoupled,
    "merton": merton.solve,
    "merton-consumption": merton_consumption.solve,
    "merton-jump": merton_jump.solve,
    "one-agent": one_agent.solve,
    "regulator": lq_regulator.until_a_random_time,
    "reinsurance": reinsurance.solve,
    "sticky-prices": sticky_prices.solve,
    "systemic-risk": systemic_risk.solve,
}
