"""Quadratic forms that show whether expectations are finite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flint import arb, arb_mat

from eqsolve.solve.path import center

#: Sums of two growth rates below this part of the fastest one are taken for zero.
OPEN = 1e-12


def lyapunov(rows: Sequence[Sequence[arb]]) -> dict[str, Any] | None:
    """A quadratic form by which a linear system is stable, or is not.

    With P > 0 and A'P + PA < 0 the system w' = A w is stable; with v'Pv < 0 for some v in place of
    P > 0 it is not (A. M. Lyapunov 1892; N. G. Chetaev 1934). A is taken less ``shift`` there.

    Returns
    -------
    dict or None
        ``finite``, ``P``, ``v`` and ``shift``; None if neither was found.
    """
    import numpy as np
    from scipy.linalg import matrix_balance, solve_continuous_lyapunov

    if not rows:
        return {"finite": True, "P": [], "v": [], "shift": 0.0}
    matrix = np.array([[center(v) for v in row] for row in rows])
    largest = float(np.linalg.eigvals(matrix).real.max())
    _, (scale, _) = matrix_balance(matrix, permute=False, separate=True)
    inner = matrix * scale[None, :] / scale[:, None]
    unit = np.eye(len(inner))
    rates = np.linalg.eigvals(inner)
    sums = rates[:, None] + rates[None, :]
    for part in (0.0,) if largest < 0 else (0.0, 0.5, 0.3, 0.7):
        # two of a sum of zero leave the form open
        if np.abs(sums - 2 * part * largest).min() <= OPEN * np.abs(rates).max():
            continue
        form = solve_continuous_lyapunov((inner - part * largest * unit).T, -unit)
        form = (form + form.T) / 2
        vector = np.linalg.eigh(form)[1][:, 0] * scale
        found = {
            "finite": largest < 0,
            "P": (form / scale[:, None] / scale[None, :]).tolist(),
            "v": [] if largest < 0 else vector.tolist(),
            "shift": part * largest,
        }
        if _shows(rows, found):
            return found
    return None


def _shows(rows: Sequence[Sequence[arb]], proof: Mapping[str, Any]) -> bool:
    """Whether the inequalities hold."""
    unit = arb_mat([[int(i == j) for j in range(len(rows))] for i in range(len(rows))])
    matrix, form = arb_mat(rows) - unit * arb(proof["shift"]), arb_mat(proof["P"])
    falls: Any = -(matrix.transpose() * form + form * matrix)
    if not _positive(falls):
        return False
    if proof["finite"]:
        return _positive(form)
    vector = arb_mat([[v] for v in proof["v"]])
    value: Any = vector.transpose() * form * vector
    return bool(value[0, 0] < 0)


def _positive(matrix: arb_mat) -> bool:
    """Whether a symmetric matrix is positive definite, by its pivots."""
    rows: Any = matrix.tolist()
    while rows:
        (pivot, *first), *rest = rows
        if not pivot > 0:
            return False
        rows = [[v - row[0] * f / pivot for v, f in zip(row[1:], first)] for row in rest]
    return True
