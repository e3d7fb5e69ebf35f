"""The derivation engine: from a game's definition to its closed form, one stage per module."""
