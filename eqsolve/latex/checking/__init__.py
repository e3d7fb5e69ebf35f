"""Compares an author's formulas with the displays of the derivations."""
