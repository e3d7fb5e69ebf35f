"""``python -m eqsolve.cli``."""

from eqsolve.cli import main

main()
