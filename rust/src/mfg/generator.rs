//! The linearised Hamilton-Jacobi-Bellman operator of one step as a matrix.
//!
//! At a given u the operator is L v = nu v_xx + (b - H'(u_x)) v_x, the generator of the state under
//! the control -H'(u_x). Every row of L sums to zero: the transpose conserves mass. In the monotone
//! scheme the entries off the diagonal are nonnegative: the transpose keeps densities nonnegative.

use super::coupling::{Moments, MEAN, VARIANCE};
use super::hamiltonian::{Contradiction, Hamiltonian, Place};
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

/// What changes from step to step.
#[derive(Debug, Clone, Copy)]
pub struct Conditions<'s> {
    /// Time.
    pub time: f64,
    /// Moments of the law.
    pub moments: Moments,
    /// What is added to the gradient before H is taken.
    pub shift: f64,
    /// Density at the nodes; empty where it enters nothing.
    pub density: &'s [f64],
    /// nu at the nodes.
    pub viscosity: &'s [f64],
    /// b at the nodes.
    pub drift: &'s [f64],
}

impl Conditions<'_> {
    #[inline(always)]
    fn place(&self, i: usize, x: f64) -> Place {
        Place {
            x,
            time: self.time,
            density: self.density.get(i).copied().unwrap_or(f64::NAN),
            mean: self.moments[MEAN],
            variance: self.moments[VARIANCE],
        }
    }
}

/// Mesh, Hamiltonian and scheme: what does not change from step to step.
#[derive(Debug)]
pub struct Generator<'a, H> {
    /// Nodes.
    pub mesh: &'a Mesh,
    /// H.
    pub hamiltonian: &'a H,
    /// Central or upwind.
    pub scheme: Scheme,
}

impl<H: Hamiltonian> Generator<'_, H> {
    /// Linearise at `u` for a step of size `tau`.
    pub fn linearise(&self, u: &[f64], on: &Conditions<'_>, tau: f64, to: &mut Linearised) {
        match self.scheme {
            Scheme::Central => self.central(u, on, tau, to),
            Scheme::Monotone => self.monotone(u, on, tau, to),
        }
    }

    fn central(&self, u: &[f64], on: &Conditions<'_>, tau: f64, to: &mut Linearised) {
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
        let x = &self.mesh.nodes[..n];
        let (nu, b) = (&on.viscosity[..n], &on.drift[..n]);
        let mut row = |i: usize, gradient: f64| {
            let (value, slope) = self.hamiltonian.at(&on.place(i, x[i]), gradient + on.shift);
            let d = diffusion * nu[i];
            let e = drift * (slope - b[i]);
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
                // the reflected neighbour has the same value; what the speed carries through the
                // half cell at the end is kept, or mass would flow in at first order
                upper[0] = 1.0 - diagonal[0] + (upper[0] - lower[0]);
                lower[n - 1] = 1.0 - diagonal[n - 1] - (upper[n - 1] - lower[n - 1]);
                diagonal[0] = 1.0 - upper[0];
                diagonal[n - 1] = 1.0 - lower[n - 1];
                lower[0] = 0.0;
                upper[n - 1] = 0.0;
            }
            Boundary::Absorbing(_) => matrix.trap(cost, control),
            Boundary::Open => {
                row(0, (4.0 * u[1] - 3.0 * u[0] - u[2]) * half);
                row(n - 1, (3.0 * u[n - 1] - 4.0 * u[n - 2] + u[n - 3]) * half);
                for (i, side) in [(0, 1.0), (n - 1, -1.0)] {
                    if (control[i] + b[i]) * side < 0.0 {
                        // the best available control holds the state where it is
                        let place = on.place(i, x[i]);
                        let still = self.still(&place, b[i]);
                        control[i] = -b[i];
                        cost[i] = still * b[i] - self.hamiltonian.at(&place, still).0;
                    }
                    let d = diffusion * nu[i];
                    let e = -drift * (control[i] + b[i]) * side;
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

    /// The gradient at which the control cancels a drift, by bisection; where none does, the
    /// gradient at which the search ends.
    fn still(&self, place: &Place, drift: f64) -> f64 {
        let lowest = self.hamiltonian.minimizer();
        if drift == 0.0 {
            return lowest;
        }
        let (mut near, mut reach) = (lowest, drift.signum());
        let excess = |p: f64| (self.hamiltonian.at(place, p).1 - drift) * drift.signum();
        for _ in 0..60 {
            if excess(lowest + reach) >= 0.0 {
                break;
            }
            near = lowest + reach;
            reach *= 2.0;
        }
        let mut far = lowest + reach;
        for _ in 0..60 {
            let middle = 0.5 * (near + far);
            if excess(middle) < 0.0 {
                near = middle;
            } else {
                far = middle;
            }
        }
        far
    }

    fn monotone(&self, u: &[f64], on: &Conditions<'_>, tau: f64, to: &mut Linearised) {
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
            let place = on.place(i, self.mesh.nodes[i]);
            let base = self.hamiltonian.at(&place, lowest).0;
            let d = diffusion * on.viscosity[i];
            let b = on.drift[i];
            // rates of moving left and right, times tau; differences towards missing neighbours
            // are left out
            let (mut left, mut right) = (d, d);
            let (mut spent, mut speed) = (-base, 0.0);
            let (has_left, has_right) = match boundary {
                Boundary::Periodic => (true, true),
                _ => (i > 0, i < n - 1),
            };
            if has_left {
                left += drift * (-b).max(0.0);
                let before = if i == 0 { u[n - 1] } else { u[i - 1] };
                let p = (u[i] - before) * inverse;
                if p + on.shift > lowest {
                    let (value, slope) = self.hamiltonian.at(&place, p + on.shift);
                    let slope = slope.max(0.0);
                    left += drift * slope;
                    spent += slope * p - value + base;
                    speed -= slope;
                }
            }
            if has_right {
                right += drift * b.max(0.0);
                let after = if i == n - 1 { u[0] } else { u[i + 1] };
                let p = (after - u[i]) * inverse;
                if p + on.shift < lowest {
                    let (value, slope) = self.hamiltonian.at(&place, p + on.shift);
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
    pub fn knows(&self, u: &[f64], on: &Conditions<'_>) -> bool {
        self.gradients(u, on.shift)
            .all(|(_, p)| self.hamiltonian.knows(p))
    }

    /// A state and a gradient of `u` where the slope is not that of a convex H.
    pub fn contradiction(&self, u: &[f64], on: &Conditions<'_>) -> Option<Contradiction> {
        let sizes = self.gradients(u, on.shift).map(|(_, p)| p.abs());
        let unit = sizes.fold(0.0, f64::max);
        self.gradients(u, on.shift).find_map(|(i, p)| {
            let place = on.place(i, self.mesh.nodes[i]);
            self.hamiltonian.contradiction(&place, p, unit)
        })
    }

    /// Differences between neighbours, each with the node on its left.
    fn gradients<'u>(
        &'u self,
        u: &'u [f64],
        shift: f64,
    ) -> impl Iterator<Item = (usize, f64)> + 'u {
        let inverse = 1.0 / self.mesh.width;
        let around = (self.mesh.boundary == Boundary::Periodic).then(|| (u[u.len() - 1], u[0]));
        let pairs = u.windows(2).map(|pair| (pair[0], pair[1])).chain(around);
        pairs
            .enumerate()
            .map(move |(i, (left, right))| (i, (right - left) * inverse + shift))
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
