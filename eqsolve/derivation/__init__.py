"""From a game to the equations of its coefficients and their solution."""
