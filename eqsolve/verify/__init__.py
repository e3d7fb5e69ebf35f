"""Checks of the closed forms that do not use them."""
