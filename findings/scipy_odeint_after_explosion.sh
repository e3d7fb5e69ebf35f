#!/usr/bin/env bash
# SciPy 1.15.3: odeint fills the rows that it did not reach with finite numbers.
#
# The Riccati equation u' = 1 + u^2, u(0) = 0 explodes at pi/2. Asked for u at 1, 2 and 2.5, odeint
# warns ("Excess work done on this call") and returns an array whose last two rows are finite: some
# 1e7 for t = 2, which lies beyond the explosion, and for t = 2.5 whatever the row held, here a number
# below 1e-300. Neither is NaN, so that a plot or a sum goes on with them. solve_ivp stops instead,
# with status -1 and the times that it reached.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv .
bin/pip install --quiet scipy==1.15.3 numpy==2.2.6
bin/python - <<'PYTHON'
import math
import warnings

from scipy.integrate import odeint, solve_ivp


def riccati(u, t):
    return 1 + u**2


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    found = odeint(riccati, 0.0, [0, 1.0, 2.0, 2.5]).ravel()
print(found, [str(each.message)[:31] for each in caught])
assert abs(found[1] - math.tan(1)) < 1e-6 and caught
assert found[2] > 1e5, "beyond the explosion something else is returned now"
stopped = solve_ivp(lambda t, u: 1 + u**2, (0, 2.5), [0.0], t_eval=[1.0, 2.0, 2.5])
print(stopped.status, stopped.t)
assert stopped.status == -1 and list(stopped.t) == [1.0]
PYTHON
