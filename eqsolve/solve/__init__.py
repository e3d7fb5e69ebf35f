"""Numbers of a model at exact parameters, enclosed by balls, and the decision which is right."""
