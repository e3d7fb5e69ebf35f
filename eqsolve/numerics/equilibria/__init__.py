"""Equilibria at one parameter point, in ball arithmetic."""
