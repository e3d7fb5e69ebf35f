"""LaTeX and MathML of what the engine derives; everything is rendered from expressions."""
