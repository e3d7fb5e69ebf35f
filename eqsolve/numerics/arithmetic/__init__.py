"""Number systems and roots: double-double, vector lanes, balls, algebraic numbers, cubics."""
