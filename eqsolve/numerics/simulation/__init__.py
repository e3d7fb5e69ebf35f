"""Wealth of a population, simulated, against its exact moments."""
