"""Equilibrium of any number of agents who differ, with any weights in the average.

Every agent's response is linear in two averages of all positions, so that the equilibrium comes
down to a system of two equations, however many agents there are.
"""

from __future__ import annotations

from eqsolve.derivations.mean_variance.agents import EVERY

MODEL = EVERY
