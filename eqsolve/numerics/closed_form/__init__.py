"""A closed form of the family in balls: at one root, and under any feedback of all."""
