"""From a market's returns to a game's equilibrium: the extra ``market``."""
