"""One agent of the mean-variance game with relative wealth, against given averages of the others.

The wealth dX = (r X + (b - r) pi) dt + nu pi dW + sigma pi dW_0 of an agent is judged against that
of n - 1 competitors, dY = (r Y + m_b) dt + m_s dW_0 + sqrt(m_2) dW' over n: at wealth x, and while
the horizon tau of hazard rate lambda has not struck, by (alpha + beta x) E Z - gamma/2 Var Z with Z
= (1 - theta/n) X - theta Y at tau. Drift and noise of Y are parameters: nobody asks here what the
competitors do. Nobody can commit to a strategy.

The game ``best-response`` is the same problem by the engine that was written for the family.
"""

from __future__ import annotations

from eqsolve.derivations.mean_variance import wealth

MODEL = wealth.alone()
