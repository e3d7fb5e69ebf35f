#!/usr/bin/env bash
# hmmlearn 0.3.3: covars_ of a diagonal model cannot be given back to the model.
#
# With covariance_type="diag" the attribute reads as full matrices, (components, features,
# features), while the setter takes (components, features). Saving a fitted regime model's
# attributes and restoring them one by one therefore raises. Seen: read (2, 1, 1), then
# "ValueError: 'diag' covars must have shape (n_components, n_dim)".
# What helps: take the diagonal before assigning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv .
bin/pip install --quiet hmmlearn==0.3.3 numpy==2.2.6 scipy==1.15.3 scikit-learn==1.6.1
bin/python - <<'PYTHON'
import numpy as np
from hmmlearn.hmm import GaussianHMM

returns = np.random.default_rng(0).normal(size=(500, 1))
returns[200:300] += 1
model = GaussianHMM(2, covariance_type="diag", n_iter=5, random_state=0).fit(returns)
shape = model.covars_.shape
print("read", shape)
assert shape == (2, 1, 1), "the attribute now reads as it is set"
try:
    model.covars_ = model.covars_
except ValueError as error:
    print("ValueError:", error)
else:
    raise SystemExit("the model now takes back what it gave")
model.covars_ = np.array([np.diag(matrix) for matrix in model.covars_])
PYTHON
