"""Pages on which a game's parameters can be moved: the third back end, in JavaScript."""
