#!/usr/bin/env bash
# pylatexenc 2.10: what stands in comment, minted or lstlisting is read as LaTeX.
#
# verbatim is known to LatexWalker, the environments of the packages comment, minted and listings are
# not: a single dollar sign in them, which LaTeX never sees, opens a formula. Strictly, the walker
# raises at the end of the environment; tolerantly (its default) it goes on inside a formula.
# Seen: verbatim gives the formula $z$; the three others raise "Unexpected closing environment".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv .
bin/pip install --quiet pylatexenc==2.10
bin/python - <<'PYTHON'
from pylatexenc.latexwalker import LatexMathNode, LatexWalker, LatexWalkerParseError

for name, argument in (("verbatim", ""), ("comment", ""), ("minted", "{sh}"), ("lstlisting", "")):
    source = f"\\begin{{{name}}}{argument} cost: 5$ \\end{{{name}}} and $z$"
    try:
        nodes, _, _ = LatexWalker(source, tolerant_parsing=False).get_latex_nodes()
    except LatexWalkerParseError as error:
        print(name, "->", str(error).splitlines()[0])
        assert name != "verbatim" and "closing environment" in str(error), name
    else:
        formulas = [n.latex_verbatim() for n in nodes if n.isNodeType(LatexMathNode)]
        print(name, "->", formulas)
        assert name == "verbatim" and formulas == ["$z$"], f"{name} is known now"
PYTHON
