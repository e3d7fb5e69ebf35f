"""Learned control of one agent's wealth, from pennies to fortunes."""
