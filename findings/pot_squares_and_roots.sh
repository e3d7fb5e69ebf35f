#!/usr/bin/env bash
# POT 0.9.5: with p=2 one function returns the distance, its neighbours the square.
#
# Two point masses at distance 3: ot.sliced_wasserstein_distance(p=2) and
# ot.gaussian.bures_wasserstein_distance return 3, ot.wasserstein_1d(p=2), ot.emd2_1d and ot.emd2
# with ot.dist return 9 by their defaults, ot.wasserstein_circle(p=2) the square, too. In one
# dimension "the sliced distance" and "the distance" of the same library thus differ by a power.
# Seen: 3, 3, 9, 9, 9 and .09 for an arc of .3.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv .
bin/pip install --quiet POT==0.9.5 numpy==2.2.6 scipy==1.15.3
bin/python - <<'PYTHON'
import numpy as np
import ot

half = np.array([0.5, 0.5])
x, y = np.zeros(2), np.full(2, 3.0)
column = (x[:, None], y[:, None])
seen = {
    "sliced_wasserstein_distance": ot.sliced_wasserstein_distance(
        *column, n_projections=20, p=2, seed=0
    ),
    "bures_wasserstein_distance": ot.gaussian.bures_wasserstein_distance(
        np.zeros(1), np.full(1, 3.0), np.eye(1), np.eye(1)
    ),
    "wasserstein_1d": ot.wasserstein_1d(x, y, half, half, p=2),
    "emd2_1d": ot.emd2_1d(x, y),
    "emd2": ot.emd2(half, half, ot.dist(*column)),
    "wasserstein_circle": ot.wasserstein_circle(np.array([0.1]), np.array([0.4]), p=2),
}
expected = [3, 3, 9, 9, 9, 0.09]
for (name, value), want in zip(seen.items(), expected):
    print(name, float(np.squeeze(value)))
    assert abs(float(np.squeeze(value)) - want) < 1e-6, name
PYTHON
