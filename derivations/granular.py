"""Investors of different sizes who compare their wealth with the average, and are alike otherwise.

The average of all wealths has the weights w_k of the investors, sizes over their sum: equal, or
heavy-tailed as those of firms (Gabaix, The granular origins of aggregate fluctuations, Econometrica
79, 2011). An investor moves the average by his own weight. Wealth, preference and horizon are those
of the mean-variance family. Weights are given by ``weight``, or follow Zipf's law if ``zeta`` is
given: the k-th largest of N has a size in proportion to k^(-1/zeta).
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from eqsolve.derivations.mean_variance import wealth
from eqsolve.game import Model

w, zeta = sp.symbols("w zeta")


def _made() -> Model:
    """The game of any number of investors, whose averages are given to each."""
    found = wealth.with_roots(wealth.crowd("given", 2, types=True, weight=w))
    crowd = found.game.crowd
    assert crowd is not None
    sizes = {k: v for k, v in found.cases["S1"].items() if k != "m"} | {"n": "4", "zeta": "1"}
    game = replace(found.game, name="granular", crowd=replace(crowd, tail=zeta))
    return replace(
        found,
        game=game,
        title="investors of different sizes with relative wealth over a random horizon",
        source="Gabaix (2011) for sizes; the paper, section 2.3, for preferences",
        cases={**found.cases, "Zipf": sizes},
    )


MODEL = _made()
