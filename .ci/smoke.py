"""What an installed wheel must do under any Python: a program, a derivation, a kernel, a grid."""

from __future__ import annotations

import sys

import eqsolve
from eqsolve.doctor import parts

missing = [part.name for part in parts() if part.required and not part.found]
assert not missing, f"missing: {missing}"
answer = eqsolve.solve("regulator", {"sigma": "1/2", "lambda": "1/4"}, at={"x": 1})
assert answer.status == "ok" and abs(answer.at.V - 0.882782218537319) < 1e-14, answer
assert len(eqsolve.derive("lq-regulator").stages) > 3
family = {"r": 0.03, "b": [0.10, 0.12], "nu": 0.2, "sigma": 0.2, "theta": 0.5, "gamma": 2}
family |= {"alpha": 1, "beta": 0.5, "lam": 0.6, "n": 3}
points = eqsolve.kernel("n-agent").evaluate(family)
assert points["k_x"].round(6).tolist() == [0.230855, 0.280672], points
given = {name: value for name, value in family.items() if name not in ("b", "lam")}
grid = eqsolve.pde.solve_extended_hjb(
    "best-response",
    given | {"b": 0.12, "lambda": 0.6, "m_b": 0.05, "m_s": 0.1, "m_2": 0.01},
    nodes=9,
)
assert grid.ok, grid.message
print(f"eqsolve {eqsolve.__version__} works under Python {sys.version.split()[0]}")
