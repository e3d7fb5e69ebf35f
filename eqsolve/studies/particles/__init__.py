"""Particles that interact through their law, and how fast they come near its limit."""

from eqsolve.studies.particles.chaos import Chaos, Row, chaos
from eqsolve.studies.particles.of_game import of_equilibrium
from eqsolve.studies.particles.system import Cloud, Interaction, Nearby, Particles

__all__ = [
    "Chaos",
    "Cloud",
    "Interaction",
    "Nearby",
    "Particles",
    "Row",
    "chaos",
    "of_equilibrium",
]
