"""The command line: thin wrappers around the library, one module for what belongs together."""

import gc
import os
import sys
from typing import NoReturn

from eqsolve.cli import (  # each adds its commands to the group
    anarchy,
    converge,
    explore,
    games,
    installed,
    latex,
    learn,
    ledger,
    market,
    new,
    paper,
    pde,
    prove,
    roots,
    sensitivity,
    simulate,
    sizes,
    solve,
    sweep,
    verify,
)
from eqsolve.cli.common import cli, last_resort, say, unwritten

__all__ = [
    "anarchy",
    "cli",
    "converge",
    "explore",
    "games",
    "installed",
    "latex",
    "learn",
    "ledger",
    "main",
    "market",
    "new",
    "paper",
    "pde",
    "prove",
    "roots",
    "sensitivity",
    "simulate",
    "sizes",
    "solve",
    "sweep",
    "verify",
]


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    sys.excepthook = last_resort
    # Figures are drawn without windows: which toolkit shows them elsewhere does not matter here.
    os.environ.pop("MPLBACKEND", None)
    if sys.stdout is None:  # closed by the caller: who prints is told that nobody can write there
        sys.stdout = open(os.devnull)
    try:
        cli.main(prog_name="eqsolve")
    except OSError as error:  # of --help and --version, which come before any command
        say(f"eqsolve: {unwritten(error)}", err=True)
        sys.exit(1)
    finally:
        # The interpreter would search everything for cycles: a second of processor time, which an
        # interrupted user waits for.
        gc.freeze()
