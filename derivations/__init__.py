"""The games: one module each, or a folder for a family that shares a declaration."""
