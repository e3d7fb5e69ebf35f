"""The grammar of formulas: LaTeX to a syntax tree, or a reason why not."""
