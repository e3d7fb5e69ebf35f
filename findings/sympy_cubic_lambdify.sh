#!/usr/bin/env bash
# SymPy 1.14.0: the roots of a cubic, lambdified, are NaN where all three are real.
#
# solve(x**3 - 3*x + c) gives Cardano's formula. lambdify for NumPy keeps sqrt(729*c**2 - 2916) real,
# so that for |c| < 2, where all roots are real, each is NaN (with a RuntimeWarning only). The same
# function gives all three to 1e-15 if c is passed as complex. Seen for c = .5: NaN three times;
# .168254, 1.641784 and -1.810038 for c = .5 + 0j.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv .
bin/pip install --quiet sympy==1.14.0 numpy==2.2.6
bin/python - <<'PYTHON'
import warnings

import numpy as np
import sympy as sp

x, c = sp.symbols("x c")
roots = sp.lambdify(c, sp.solve(x**3 - 3 * x + c, x), "numpy")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    real = roots(0.5)
complex_ = roots(0.5 + 0j)
print(real)
print(complex_)
assert all(np.isnan(root) for root in real), "real arguments are served now"
assert np.allclose(sorted(np.real(complex_)), np.sort(np.roots([1, 0, -3, 0.5]).real))
PYTHON
