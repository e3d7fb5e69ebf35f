"""The claims of the paper, each with the check that judges it."""
