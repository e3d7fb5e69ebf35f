"""A closed form of the mean-variance family in balls: at a root, under a feedback, certified."""
