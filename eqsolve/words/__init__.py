"""Answers of games that are declared once more for the engine, in their own words."""
