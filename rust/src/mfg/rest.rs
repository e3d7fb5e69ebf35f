//! Problems without time: the best response to a law that rests, and the law that rests under it.
//!
//! `r u - nu u_xx + H(u_x) = f` with the discount rate r > 0; without discount the long-run mean cost
//! is a constant c, and `c - nu u_xx + H(u_x) = f` determines u up to its mean, which is put to zero.
//! The law solves `(nu m)_xx + (m H'(u_x))_x = 0` with mass one: the null vector of the transpose.
//! Where agents stop or leave, nobody rests: the law is that of those who start from the initial one,
//! over their time discounted at the rate r, `r m - (nu m)_xx - (m H'(u_x))_x = r m0`.

use super::coupling::moments;
use super::generator::Linearised;
use super::hamiltonian::Hamiltonian;
use super::mesh::Boundary;
use super::sweep::{
    choose, collected, pay, present, replaced, Equations, Law, Stop, Sweeps, STALLED,
};
use super::tridiagonal::Tridiagonal;
use crate::control::Poll;
use crate::error::GridError;

/// Pseudo-time steps before Newton's iteration, the first one as a share of the time in which the
/// state diffuses through the interval, and how they grow.
const RELAXATION: (usize, f64, f64) = (8, 1e-2, 4.0);

impl<H: Hamiltonian> Sweeps<'_, H> {
    /// The best response to a law at rest: fills `inner`, `start` and `constant`.
    pub(super) fn backward_at_rest(
        &mut self,
        law: &Law,
        equations: &mut Equations,
        poll: &mut Poll<'_>,
    ) -> Result<(), Stop> {
        let problem = self.problem;
        let n = problem.mesh.len();
        self.running(0, law);
        let mut scratch = Linearised::new(n, problem.mesh.boundary);
        let slowest = problem.viscosity.iter().copied().fold(0.0, f64::max);
        let crossing = problem.mesh.length * problem.mesh.length / slowest.max(f64::MIN_POSITIVE);
        let (first, share, growth) = RELAXATION;
        if !self.warm {
            self.inner.fill(0.0);
            let mut pace = 1.0 / (share * crossing.min(1.0 / f64::EPSILON));
            for _ in 0..first {
                self.step_at_rest(law, Some(pace), &mut scratch)?;
                pace /= growth;
            }
        }
        self.warm = false;
        let tolerance = self.generator.hamiltonian.newton_tolerance();
        // what the rounding of the costs leaves of a value that is constant
        let largest = self.cost.iter().fold(0.0, |all: f64, f| all.max(f.abs()));
        let floor = if slowest > 0.0 {
            f64::EPSILON * largest * crossing
        } else {
            0.0
        };
        let (mut before, mut relative) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..problem.newton_steps() {
            if poll.stop() {
                return Err(Stop::Error(GridError::Interrupted));
            }
            let (change, range, rounding) = self.step_at_rest(law, None, &mut scratch)?;
            // solving for a null vector loses digits to the condition of the matrix
            let rounding = rounding + tolerance.max(1e-12) * range + floor;
            if equations.enough((change, range, rounding))
                || change <= tolerance * range + rounding
                || (change < STALLED * range + 10.0 * rounding && change > 0.5 * before)
            {
                self.start.copy_from_slice(&self.inner);
                self.warm = true;
                return Ok(());
            }
            before = change;
            relative = change / range;
        }
        Err(Stop::Newton(self.steps[0].middle, relative))
    }

    /// One step of Newton's iteration, which is one of policy iteration; with `pace`, an implicit
    /// step in pseudo-time of the size `1/pace`.
    fn step_at_rest(
        &mut self,
        law: &Law,
        pace: Option<f64>,
        scratch: &mut Linearised,
    ) -> Result<(f64, f64, f64), Stop> {
        self.newton += 1;
        let conditions = self.conditions(0, law);
        self.generator
            .linearise(&self.inner, &conditions, 1.0, &mut self.linearised);
        let matrix = &mut self.linearised.matrix;
        let n = self.inner.len();
        let rate = self.problem.discount + pace.unwrap_or(0.0);
        for ((x, u), (f, c)) in self
            .unknown
            .iter_mut()
            .zip(&self.inner)
            .zip(self.cost.iter().zip(&self.linearised.cost))
        {
            *x = f + c + pace.unwrap_or(0.0) * u;
        }
        self.constant = None;
        if rate > 0.0 {
            matrix.diagonal.iter_mut().for_each(|d| *d += rate - 1.0);
            if let Boundary::Absorbing(costs) = self.problem.mesh.boundary {
                matrix.hold_ends();
                (self.unknown[0], self.unknown[n - 1]) = (costs[0], costs[1]);
            }
            if let Some(stopping) = &self.problem.stopping {
                let active = self.problem.mesh.active();
                let (v, stops) = (&self.inner, &mut self.stops);
                choose(matrix, v, &self.unknown, stopping, active, stops);
                matrix.hold(stops);
                pay(stops, stopping, &mut self.unknown);
            }
            matrix.solve(&mut self.unknown);
        } else {
            scratch.matrix.clone_from(matrix);
            let law = scratch.matrix.null_vector(n / 2);
            let total: f64 = law.iter().sum();
            let constant = self
                .unknown
                .iter()
                .zip(&law)
                .map(|(f, m)| f * m)
                .sum::<f64>()
                / total;
            self.constant = Some(constant);
            self.unknown.iter_mut().for_each(|f| *f -= constant);
            matrix.diagonal.iter_mut().for_each(|d| *d -= 1.0);
            matrix.pin(n / 2);
            self.unknown[n / 2] = 0.0;
            matrix.solve(&mut self.unknown);
            let weights = &self.problem.mesh.weights;
            let mean = self
                .unknown
                .iter()
                .zip(weights)
                .map(|(u, w)| u * w)
                .sum::<f64>()
                / self.problem.mesh.length;
            self.unknown.iter_mut().for_each(|u| *u -= mean);
        }
        if !self.unknown.iter().all(|u| u.is_finite()) {
            return Err(Stop::NotFinite(self.steps[0].middle));
        }
        Ok(replaced(&mut self.inner, &self.unknown))
    }

    /// The law that rests under the best response last found: fills `flow` and `masses`, and `to`.
    pub(super) fn forward_at_rest(&mut self, law: &Law, to: &mut Law) -> Result<(), Stop> {
        let problem = self.problem;
        let n = problem.mesh.len();
        if problem.leaving() {
            return self.forward_of_leaving(law, to);
        }
        let conditions = self.conditions(0, law);
        let assembled = |to: &mut Linearised| {
            self.generator.linearise(&self.inner, &conditions, 1.0, to);
        };
        assembled(&mut self.linearised);
        let mut masses = self.linearised.matrix.null_vector(n / 2);
        let total: f64 = masses.iter().sum();
        let source: Option<Vec<f64>> = problem.mass_source.as_ref().map(|source| {
            let weights = &problem.mesh.weights;
            source.iter().zip(weights).map(|(s, w)| s * w).collect()
        });
        let mut expected = 1.0;
        let mut brought = vec![0.0; n];
        if let Some(source) = &source {
            assembled(&mut self.linearised);
            let matrix = &mut self.linearised.matrix;
            matrix.diagonal.iter_mut().for_each(|d| *d -= 1.0);
            matrix.pin(n / 2);
            brought.copy_from_slice(source);
            matrix.solve_transposed(&mut brought);
            brought[n / 2] = 0.0;
            expected -= brought.iter().sum::<f64>();
        }
        for (m, b) in masses.iter_mut().zip(&brought) {
            *m = *m * (expected / total) + b;
        }
        assembled(&mut self.linearised);
        let mut net = source.unwrap_or_else(|| vec![0.0; n]);
        self.linearised.matrix.transport(&masses, 1.0, &mut net);
        // what stays out of balance, as a share of what leaves the nodes
        let diagonal = self.linearised.matrix.diagonal.iter();
        let leaving: f64 = diagonal
            .zip(&masses)
            .map(|(d, m)| (d - 1.0) * m.abs())
            .sum();
        self.imbalance = net.iter().map(|v| v.abs()).sum::<f64>() / leaving;
        self.masses[..n].copy_from_slice(&masses);
        self.settled(&masses, to)
    }

    /// The law of those who start from the initial one until they stop or leave, over discounted
    /// time.
    fn forward_of_leaving(&mut self, law: &Law, to: &mut Law) -> Result<(), Stop> {
        let problem = self.problem;
        let n = problem.mesh.len();
        let conditions = self.conditions(0, law);
        self.generator
            .linearise(&self.inner, &conditions, 1.0, &mut self.linearised);
        let matrix = &mut self.linearised.matrix;
        let rate = problem.discount;
        matrix.diagonal.iter_mut().for_each(|d| *d += rate - 1.0);
        let absorbing = matches!(problem.mesh.boundary, Boundary::Absorbing(_));
        if absorbing {
            matrix.hold_ends();
        }
        matrix.hold(&self.stops);
        let initial = problem.masses();
        let mut masses: Vec<f64> = initial.clone();
        matrix.solve_transposed(&mut masses);
        let (mass, cost) = collected(&self.stops, problem, &mut masses);
        self.stopped[0] = (mass, rate * cost);
        let mut left = mass;
        if let Boundary::Absorbing(costs) = problem.mesh.boundary {
            for (i, cost) in [(0, costs[0]), (n - 1, costs[1])] {
                left += masses[i];
                self.stopped[0].1 += rate * cost * masses[i];
                masses[i] = 0.0;
            }
        }
        masses.iter_mut().for_each(|m| *m *= rate);
        self.imbalance = (masses.iter().sum::<f64>() + left - 1.0).abs();
        self.masses[..n].copy_from_slice(&initial);
        self.settled(&masses, to)
    }

    /// Put masses at rest where they belong.
    fn settled(&mut self, masses: &[f64], to: &mut Law) -> Result<(), Stop> {
        let problem = self.problem;
        let n = masses.len();
        to.moments
            .fill(moments(&problem.mesh, masses, &self.linearised.control));
        if self.uses_density() {
            to.density
                .chunks_mut(n)
                .for_each(|row| present(masses, problem, row));
        }
        self.flow.copy_from_slice(masses);
        self.masses[n..].copy_from_slice(masses);
        if masses.iter().all(|m| m.is_finite()) {
            Ok(())
        } else {
            Err(Stop::NotFinite(self.steps[0].middle))
        }
    }
}

impl Tridiagonal {
    /// Put the unit vector in the place of row `j`, which is none of the ends.
    fn pin(&mut self, j: usize) {
        (self.lower[j], self.diagonal[j], self.upper[j]) = (0.0, 1.0, 0.0);
    }

    /// Put the rows of the unit matrix in the place of the first and the last one.
    fn hold_ends(&mut self) {
        for i in [0, self.diagonal.len() - 1] {
            (self.lower[i], self.diagonal[i], self.upper[i]) = (0.0, 1.0, 0.0);
        }
    }

    /// For I - L, whose rows sum to one: the vector m with `L^T m = 0` and `m_j = 1`. Spoils the
    /// matrix.
    fn null_vector(&mut self, j: usize) -> Vec<f64> {
        let mut result = vec![0.0; self.diagonal.len()];
        // row j of L, which the others balance
        (result[j - 1], result[j], result[j + 1]) =
            (-self.lower[j], 2.0 - self.diagonal[j], -self.upper[j]);
        self.diagonal.iter_mut().for_each(|d| *d -= 1.0);
        self.pin(j);
        self.solve_transposed(&mut result);
        result
    }
}
