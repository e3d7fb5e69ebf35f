"""Solutions of the coefficient system: closed forms where they exist, and a class where not."""
