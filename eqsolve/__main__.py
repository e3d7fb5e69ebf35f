"""``python -m eqsolve``."""

from eqsolve.cli import main

if __name__ == "__main__":
    main()
