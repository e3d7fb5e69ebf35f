"""The mean-variance games with relative wealth and a random horizon: one module a game."""
