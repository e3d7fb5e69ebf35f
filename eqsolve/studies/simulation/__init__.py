"""Paths of a game: of any declaration by its generator, of the family by exact steps."""
