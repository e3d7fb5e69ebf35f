"""Derivatives of the outputs in the parameters, their signs and the folds."""
