//! The linearised Hamilton-Jacobi-Bellman operator of one step as a matrix.
//!
//! At a given u the operator is L v = nu v_xx - H'(u_x) v_x, the generator of the state under the
//! control -H'(u_x). Every row of L sums to zero: the transpose conserves mass. In the monotone
//! scheme the entries off the diagonal are nonnegative: the transpose keeps densities nonnegative.

use super::hamiltonian::{Contradiction, Hamiltonian};
use super::mesh::{Boundary, Mesh};
use super::tridiagonal::Tridiagonal;

/// How derivatives of first order are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Central differences and the implicit midpoint rule: second order.
    Central,
    /// Upwind differences (Engquist-Osher) and implicit Euler: first order, monotone.
    Monotone,
}

/// What a linearisation yields beside the matrix.
#[derive(Debug, Clone, Default)]
pub struct Linearised {
    /// I - tau L.
    pub matrix: Tridiagonal,
    /// Cost of the control at each node: H'(p) p - H(p), and the part linear in the control.
    pub cost: Vec<f64>,
    /// Optimal control -H'(p).
    pub control: Vec<f64>,
}

impl Linearised {
    /// Space for `n` nodes.
    #[must_use]
    pub fn new(n: usize, boundary: Boundary) -> Self {
        Self {
            matrix: Tridiagonal::zeros(n, boundary == Boundary::Periodic),
            cost: vec![0.0; n],
            control: vec![0.0; n],
        }
    }
}

/// Mesh, diffusion, Hamiltonian and scheme: what does not change from step to step.
#[derive(Debug)]
pub struct Generator<'a, H> {
    /// Nodes.
    pub mesh: &'a Mesh,
    /// nu at the nodes.
    pub viscosity: &'a [f64],
    /// H.
    pub hamiltonian: &'a H,
    /// Central or upwind.
    pub scheme: Scheme,
}

impl<H: Hamiltonian> Generator<'_, H> {
    /// Linearise at `u`, with the gradient shifted by `shift`, for a step of size `tau`.
    pub fn linearise(&self, u: &[f64], shift: f64, tau: f64, to: &mut Linearised) {
        match self.scheme {
            Scheme::Central => self.central(u, shift, tau, to),
            Scheme::Monotone => self.monotone(u, shift, tau, to),
        }
    }

    fn central(&self, u: &[f64], shift: f64, tau: f64, to: &mut Linearised) {
        let n = u.len();
        let width = self.mesh.width;
        let half = 0.5 / width;
        let (diffusion, drift) = (tau / (width * width), tau * half);
        let Linearised {
            matrix,
            cost,
            control,
        } = to;
        let (lower, diagonal, upper) = (
            &mut matrix.lower[..n],
            &mut matrix.diagonal[..n],
            &mut matrix.upper[..n],
        );
        let (cost, control) = (&mut cost[..n], &mut control[..n]);
        let (x, nu) = (&self.mesh.nodes[..n], &self.viscosity[..n]);
        let mut row = |i: usize, gradient: f64| {
            let (value, slope) = self.hamiltonian.at(x[i], gradient + shift);
            let d = diffusion * nu[i];
            let e = drift * slope;
            lower[i] = -(d + e);
            diagonal[i] = 1.0 + 2.0 * d;
            upper[i] = e - d;
            cost[i] = slope * gradient - value;
            control[i] = -slope;
        };
        for i in 1..n - 1 {
            row(i, (u[i + 1] - u[i - 1]) * half);
        }
        match self.mesh.boundary {
            Boundary::Periodic => {
                row(0, (u[1] - u[n - 1]) * half);
                row(n - 1, (u[0] - u[n - 2]) * half);
            }
            Boundary::Reflecting => {
                row(0, 0.0);
                row(n - 1, 0.0);
                lower[0] = 0.0;
                upper[n - 1] = 0.0;
                upper[0] = 1.0 - diagonal[0];
                lower[n - 1] = 1.0 - diagonal[n - 1];
            }
            Boundary::Absorbing(_) => matrix.trap(cost, control),
            Boundary::Open => {
                row(0, (4.0 * u[1] - 3.0 * u[0] - u[2]) * half);
                row(n - 1, (3.0 * u[n - 1] - 4.0 * u[n - 2] + u[n - 3]) * half);
                for (i, side) in [(0, 1.0), (n - 1, -1.0)] {
                    if control[i] * side < 0.0 {
                        // the best available control is none
                        control[i] = 0.0;
                        let lowest = self.hamiltonian.minimizer();
                        cost[i] = -self.hamiltonian.at(x[i], lowest).0;
                    }
                    let d = diffusion * nu[i];
                    let e = -drift * control[i] * side;
                    diagonal[i] = 1.0 - d - 3.0 * e;
                    let (near, far) = (2.0 * d + 4.0 * e, -(d + e));
                    if i == 0 {
                        upper[0] = near;
                        matrix.skew[0] = far;
                    } else {
                        lower[i] = near;
                        matrix.skew[1] = far;
                    }
                }
                lower[0] = 0.0;
                upper[n - 1] = 0.0;
            }
        }
    }

    fn monotone(&self, u: &[f64], shift: f64, tau: f64, to: &mut Linearised) {
        let n = u.len();
        let width = self.mesh.width;
        let inverse = 1.0 / width;
        let (diffusion, drift) = (tau * inverse * inverse, tau * inverse);
        let lowest = self.hamiltonian.minimizer();
        let Linearised {
            matrix,
            cost,
            control,
        } = to;
        let boundary = self.mesh.boundary;
        for i in 0..n {
            let x = self.mesh.nodes[i];
            let base = self.hamiltonian.at(x, lowest).0;
            let d = diffusion * self.viscosity[i];
            // rates of moving left and right, times tau; differences towards missing neighbours
            // are left out
            let (mut left, mut right) = (d, d);
            let (mut spent, mut speed) = (-base, 0.0);
            let (has_left, has_right) = match boundary {
                Boundary::Periodic => (true, true),
                _ => (i > 0, i < n - 1),
            };
            if has_left {
                let before = if i == 0 { u[n - 1] } else { u[i - 1] };
                let p = (u[i] - before) * inverse;
                if p + shift > lowest {
                    let (value, slope) = self.hamiltonian.at(x, p + shift);
                    let slope = slope.max(0.0);
                    left += drift * slope;
                    spent += slope * p - value + base;
                    speed -= slope;
                }
            }
            if has_right {
                let after = if i == n - 1 { u[0] } else { u[i + 1] };
                let p = (after - u[i]) * inverse;
                if p + shift < lowest {
                    let (value, slope) = self.hamiltonian.at(x, p + shift);
                    let slope = slope.min(0.0);
                    right -= drift * slope;
                    spent += slope * p - value + base;
                    speed -= slope;
                }
            }
            match (boundary, i) {
                (Boundary::Reflecting, 0) => (left, right) = (0.0, right + d),
                (Boundary::Reflecting, i) if i == n - 1 => (left, right) = (left + d, 0.0),
                // no diffusion across an open end, nor from it
                (Boundary::Open, 0) => (left, right) = (0.0, right - d),
                (Boundary::Open, i) if i == n - 1 => (left, right) = (left - d, 0.0),
                _ => {}
            }
            matrix.lower[i] = -left;
            matrix.upper[i] = -right;
            matrix.diagonal[i] = 1.0 + left + right;
            cost[i] = spent;
            control[i] = speed;
        }
        if let Boundary::Absorbing(_) = boundary {
            matrix.trap(cost, control);
        }
    }

    /// Whether H is known at all gradients of `u`.
    pub fn knows(&self, u: &[f64], shift: f64) -> bool {
        self.gradients(u, shift)
            .all(|(_, p)| self.hamiltonian.knows(p))
    }

    /// A state and a gradient of `u` where the slope is not that of a convex H.
    pub fn contradiction(&self, u: &[f64], shift: f64) -> Option<Contradiction> {
        let sizes = self.gradients(u, shift).map(|(_, p)| p.abs());
        let unit = sizes.fold(0.0, f64::max);
        self.gradients(u, shift)
            .find_map(|(x, p)| self.hamiltonian.contradiction(x, p, unit))
    }

    /// Differences between neighbours, each with the state on its left.
    fn gradients<'u>(&'u self, u: &'u [f64], shift: f64) -> impl Iterator<Item = (f64, f64)> + 'u {
        let inverse = 1.0 / self.mesh.width;
        let around = (self.mesh.boundary == Boundary::Periodic).then(|| (u[u.len() - 1], u[0]));
        let pairs = u.windows(2).map(|pair| (pair[0], pair[1])).chain(around);
        self.mesh
            .nodes
            .iter()
            .zip(pairs)
            .map(move |(x, (left, right))| (*x, (right - left) * inverse + shift))
    }
}

impl Tridiagonal {
    /// The end nodes keep whoever arrives, at no further cost.
    fn trap(&mut self, cost: &mut [f64], control: &mut [f64]) {
        let n = cost.len();
        for i in [0, n - 1] {
            self.lower[i] = 0.0;
            self.diagonal[i] = 1.0;
            self.upper[i] = 0.0;
            cost[i] = 0.0;
            control[i] = 0.0;
        }
    }
}
