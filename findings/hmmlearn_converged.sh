#!/usr/bin/env bash
# hmmlearn 0.3.3: monitor_.converged is true when the iterations are used up.
#
# A regime model fitted with two iterations and a tolerance of 1e-12 still climbs by dozens of
# log-likelihood units at the last one, and yet reports that it has converged: ConvergenceMonitor
# counts "as many iterations as allowed" as convergence. Whoever selects regimes by that flag
# accepts every fit. Seen: "converged True, last step +81.09".
# What helps: compare len(monitor_.history) with n_iter, or the last step with tol.
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
model = GaussianHMM(3, n_iter=2, tol=1e-12, random_state=0).fit(returns)
history = list(model.monitor_.history)
step = history[-1] - history[-2]
print(f"converged {model.monitor_.converged}, last step {step:+.2f}")
assert len(history) == 2 and step > 1, "the fit was done after two iterations: try other data"
assert model.monitor_.converged is True, "the flag now tells the two cases apart"
PYTHON
