"""The games: one module each; a name with a leading underscore is shared by a family."""
