"""The games: one module each; a module whose name starts with an underscore is shared by a family."""
