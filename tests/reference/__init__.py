"""Answer key of the tests: the closed forms of the paper, typed by hand in 50-digit arithmetic.

The package shares no code with eqsolve and imports only mpmath, numpy, scipy and the standard
library, so an agreement between the two is evidence. `spec` holds the formulas, `cases` the
published and measured reference values as exact decimal strings, `draws` seeded random parameter
sets, `hazard` general hazard rates, `closed_loop_all` every closed-loop equilibrium of finitely
many agents, `games` the other models.
"""
