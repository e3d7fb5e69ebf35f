"""A second scheme for the stationary extended HJB system, written from the equations with SciPy.

It shares nothing with the compiled solver: differentiation matrices are Kronecker products, the
box is wide and graded with the payoff as boundary values, and the policy is iterated with damping,
each time with one sparse factorization for both moments.

    A^p f = (r x + B p) f_x + (r y + m_b) f_y + s2 p^2/2 f_xx + sigma m_s p f_xy
            + (m_2 + m_s^2)/2 f_yy
    A^p G = lambda (G - z),   A^p H = lambda (H - z^2),   z = kappa x - theta y
    p maximizes (alpha + beta x + gamma G) A^p G - (gamma/2) A^p H
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse as ss
from numpy.typing import NDArray
from scipy.sparse.linalg import eigs, splu

Array = NDArray[np.float64]


def differences(nodes: Array) -> tuple[Any, Any]:
    """First and second derivative by three points, exact for quadratics; zero rows at the ends."""
    n = nodes.size
    first, second = ss.lil_matrix((n, n)), ss.lil_matrix((n, n))
    for i in range(1, n - 1):
        left, right = nodes[i] - nodes[i - 1], nodes[i + 1] - nodes[i]
        total = left + right
        first[i, i - 1 : i + 2] = [
            -right / (left * total),
            (right - left) / (left * right),
            left / (right * total),
        ]
        second[i, i - 1 : i + 2] = [2 / (left * total), -2 / (left * right), 2 / (right * total)]
    return first.tocsr(), second.tocsr()


def graded(half: float, count: int, center: float = 1.0, core: float = 0.5) -> Array:
    """Nodes symmetric about the center, spaced by ``core`` there, wider like sinh outside."""
    t = np.linspace(-1, 1, count)
    steep = np.arcsinh(half / core)
    nodes: Array = center + half * np.sinh(steep * t) / np.sinh(steep)
    return nodes


class Scheme:
    """The equations on a tensor grid for one set of numbers, all of them floats by name."""

    def __init__(self, number: Mapping[str, float], x: Array, y: Array) -> None:
        self.v = dict(number)
        (dx, dxx), (dy, dyy) = differences(x), differences(y)
        one_x, one_y = ss.identity(x.size), ss.identity(y.size)
        self.Dx, self.Dxx = ss.kron(dx, one_y).tocsr(), ss.kron(dxx, one_y).tocsr()
        self.Dy, self.Dyy = ss.kron(one_x, dy).tocsr(), ss.kron(one_x, dyy).tocsr()
        self.Dxy = ss.kron(dx, dy).tocsr()
        mesh = np.meshgrid(x, y, indexing="ij")
        self.X, self.Y = (part.ravel() for part in mesh)
        inside = np.zeros(mesh[0].shape, dtype=bool)
        inside[1:-1, 1:-1] = True
        self.inside, self.shape = inside.ravel(), mesh[0].shape
        self.z = self.v["kappa"] * self.X - self.v["theta"] * self.Y

    def generator(self, p: Array) -> Any:
        v = self.v
        drift = v["r"] * self.X + v["B"] * p, v["r"] * self.Y + v["m_b"]
        total: Any = (
            ss.diags(drift[0]) @ self.Dx
            + ss.diags(drift[1]) @ self.Dy
            + ss.diags(0.5 * v["s2"] * p**2) @ self.Dxx
            + ss.diags(v["sigma"] * v["m_s"] * p) @ self.Dxy
            + 0.5 * (v["m_2"] + v["m_s"] ** 2) * self.Dyy
        )
        return total

    def moments(self, p: Array) -> tuple[Array, Array]:
        """G and H of a policy; boundary values are the payoffs."""
        inner = ss.diags(self.inside.astype(float))
        outer = ss.identity(p.size) - inner
        hazard = self.v["lambda"]
        factor = splu((inner @ (hazard * ss.identity(p.size) - self.generator(p)) + outer).tocsc())
        weight = np.where(self.inside, hazard, 1.0)
        return factor.solve(weight * self.z), factor.solve(weight * self.z**2)

    def policy(self, G: Array, H: Array) -> tuple[Array, Array]:
        """Maximizer at the inner nodes, 0 elsewhere, and the curvature there."""
        v = self.v
        half, common = 0.5 * v["gamma"], v["sigma"] * v["m_s"]
        F = v["alpha"] + v["beta"] * self.X + v["gamma"] * G
        slope = v["B"] * (F * (self.Dx @ G) - half * (self.Dx @ H))
        slope = slope + common * (F * (self.Dxy @ G) - half * (self.Dxy @ H))
        curvature = v["s2"] * (half * (self.Dxx @ H) - F * (self.Dxx @ G))
        p = np.zeros_like(slope)
        np.divide(slope, curvature, out=p, where=self.inside)
        return p, curvature

    def solve(self, damping: float = 0.3, tolerance: float = 1e-10) -> tuple[Array, Array, Array]:
        """G, H and the policy; the start is the policy of the payoffs.

        In the layer at the far boundary, where payoffs are no moments, the curvature may have the
        wrong sign: the policy is kept there. In the core it must not.
        """
        p, _ = self.policy(self.z, self.z**2)
        core = (abs(self.X - 1) < 1) & (abs(self.Y - 1) < 1)
        for _ in range(400):
            G, H = self.moments(p)
            best, curvature = self.policy(G, H)
            assert curvature[core].min() > 0
            step = np.where(curvature > 0, best - p, 0.0)
            p = p + damping * step
            if abs(step[core]).max() < tolerance * abs(p[core]).max():
                return G.reshape(self.shape), H.reshape(self.shape), p.reshape(self.shape)
        raise AssertionError(f"the policy still changes by {abs(step[core]).max():g}")

    def extension(self) -> Any:
        """Boundary values of G and H from the inner ones: the quadratic fitted to the middle half,
        weighted by 1/(1 + distance) for G and its square for H."""
        middle = [0.5 * (s.min() + s.max()) for s in (self.X, self.Y)]
        half = [0.5 * (s.max() - s.min()) for s in (self.X, self.Y)]
        x, y = self.X - middle[0], self.Y - middle[1]
        basis = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
        window = (abs(x) <= 0.5 * half[0] + 1e-9) & (abs(y) <= 0.5 * half[1] + 1e-9)
        parts = []
        for power in (1, 2):
            weight = np.where(window, (1 + abs(x) + abs(y)) ** -power, 0.0)[self.inside]
            fit = np.linalg.pinv(basis[self.inside] * weight[:, None]) * weight
            parts.append(ss.csr_matrix(basis[~self.inside] @ fit))
        return ss.block_diag(parts)

    def abscissa(self, G: Array, H: Array, p: Array, closed: bool = False) -> float:
        """Rightmost eigenvalue of the linearization about a solution.

        In horizon time s, dG/ds = A^p G - lambda (G - z) with p the maximizer: positive real part
        means that a perturbation grows. Boundary values are kept, or with ``closed`` those of the
        quadratic of :meth:`extension`.
        """
        v = self.v
        G, H, p = (part.ravel() for part in (G, H, p))
        half, common = 0.5 * v["gamma"], v["sigma"] * v["m_s"]
        F = v["alpha"] + v["beta"] * self.X + v["gamma"] * G
        ops = v["B"] * self.Dx + common * self.Dxy
        own, curvature = ops @ G, self.policy(G, H)[1]
        curvature = np.where(self.inside, curvature, 1.0)
        bend = v["s2"] * (self.Dxx @ G)
        # the derivative of the maximizer N/D is (dN - p dD)/D
        to_g = ss.diags(v["gamma"] * own) + ss.diags(F) @ ops
        to_g = to_g + ss.diags(p) @ (ss.diags(v["gamma"] * bend) + ss.diags(v["s2"] * F) @ self.Dxx)
        to_h = -half * ops - ss.diags(half * v["s2"] * p) @ self.Dxx
        scale = ss.diags(1 / curvature)
        frozen = self.generator(p) - v["lambda"] * ss.identity(p.size)
        marginal = [ops @ f + v["s2"] * p * (self.Dxx @ f) for f in (G, H)]
        rows = [
            [
                ss.diags(m) @ scale @ part + (frozen if k == i else 0 * frozen)
                for k, part in enumerate((to_g, to_h))
            ]
            for i, m in enumerate(marginal)
        ]
        both = np.concatenate([self.inside, self.inside])
        everything = ss.bmat(rows).tocsr()[np.flatnonzero(both)].tocsc()
        matrix = everything[:, np.flatnonzero(both)]
        if closed:
            matrix = matrix + everything[:, np.flatnonzero(~both)] @ self.extension()
        matrix = matrix.tocsc()
        return max(
            float(eigs(matrix, k=2, sigma=shift, tol=1e-5, return_eigenvectors=False).real.max())
            for shift in (2 * v["lambda"], 10 * v["lambda"])
        )
