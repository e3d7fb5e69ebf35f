"""The functions of the package are functions, whatever else has been imported."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import eqsolve
import eqsolve.solve.solve
import eqsolve.verify.suite
from eqsolve.solve.solve import solve

assert solve.__module__ == "eqsolve.solve.solve"
for name in eqsolve.__all__:
    if name not in ("EqsolveError", "pde"):
        assert callable(getattr(eqsolve, name)), name
"""


def test_rooms_do_not_hide_the_functions_of_their_names() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT], check=True)
