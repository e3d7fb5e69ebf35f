"""The solutions of a game as a subject: how many, where they merge, which one is reached."""
