//! What a solution is worth, in one status and one sentence.

use super::fixed_point::Ending;
use super::generator::Scheme;
use super::mesh::Boundary;
use super::problem::{Options, Problem};
use super::solution::{Solution, Status};
use super::sweep::Stop;

/// Mass at the ends of an open interval, and negative mass, below which nothing is said.
const NEGLIGIBLE: f64 = 1e-6;
/// Negative share of the mass above which a density is none.
const UNRESOLVED: f64 = 1e-2;
/// Error of the linear algebra above which it is not to be trusted.
const SOLVER_ERROR: f64 = 1e-8;
/// Exploitability, relative to the range of u, that contradicts convergence.
const EXPLOITABLE: f64 = 1e-5;
/// Share of the size of u that counts as its range.
const ROUNDING: f64 = 1e-8;

impl Solution {
    /// Look for negative densities, mass at open ends, and layers that are not resolved.
    pub(super) fn examine_density(&mut self, problem: &Problem) {
        let n = problem.mesh.len();
        let weights = &problem.mesh.weights;
        for row in self.history.density.chunks_mut(n) {
            if let Boundary::Absorbing(_) = problem.mesh.boundary {
                // the mass there has left: exit_mass tells how much at the end
                (row[0], row[n - 1]) = (0.0, 0.0);
            }
            let (mut negative, mut total) = (0.0, 0.0);
            for (m, w) in row.iter().zip(weights) {
                total += m.abs() * w;
                if *m < 0.0 {
                    negative -= m * w;
                    self.minimum_density = self.minimum_density.min(*m);
                }
            }
            self.negative_mass = self.negative_mass.max(negative);
            if negative > NEGLIGIBLE {
                self.negative_share = self.negative_share.max(negative / total);
            }
            let ends: f64 = [0, 1, n - 2, n - 1]
                .iter()
                .map(|i| row[*i] * weights[*i])
                .sum();
            self.boundary_mass = self.boundary_mass.max(ends.abs());
        }
        if self.minimum_density == 0.0 {
            let smallest = self
                .history
                .density
                .iter()
                .copied()
                .fold(f64::MAX, f64::min);
            self.minimum_density = smallest;
        }
        if self.negative_mass > NEGLIGIBLE {
            self.warnings.push(format!(
                "negative_density: the density falls to {:.3e}, the negative mass is {:.3e}; \
                 use more nodes and steps, damped_steps, or scheme 'monotone'",
                self.minimum_density, self.negative_mass
            ));
        }
        if problem.mesh.boundary == Boundary::Open && self.boundary_mass > NEGLIGIBLE {
            self.warnings.push(format!(
                "boundary_mass: a mass of {:.3e} is at the ends of the open interval; widen the \
                 domain",
                self.boundary_mass
            ));
        }
        if problem.scheme == Scheme::Central && self.cell_peclet > 1.0 {
            let steep = problem.mesh.boundary != Boundary::Open
                && problem.mesh.boundary != Boundary::Periodic;
            if steep {
                self.warnings.push(format!(
                    "cell_peclet: |H'| h/(2 nu) reaches {:.3}; boundary layers of the width nu/|H'| \
                     are not resolved; use more nodes or scheme 'monotone'",
                    self.cell_peclet
                ));
            }
        }
    }

    /// The same for a density that was extrapolated, with a new verdict.
    pub(super) fn examine_again(&mut self, problem: &Problem) {
        (self.minimum_density, self.boundary_mass) = (0.0, 0.0);
        (self.negative_mass, self.negative_share) = (0.0, 0.0);
        self.examine_density(problem);
        if self.status == Status::Ok && self.negative_share > UNRESOLVED {
            self.status = Status::Unresolved;
            self.message = self.too_negative();
        }
    }

    fn too_negative(&self) -> String {
        format!(
            "a share of {:.3e} of the density is negative: the grid does not resolve it; use more \
             nodes and steps, damped_steps, or scheme 'monotone'",
            self.negative_share
        )
    }

    /// Range of u over all states at one time, but for rounding, in which costs are measured. The
    /// value at rest has the mean zero, and the rounding of its costs.
    fn unit(&self) -> f64 {
        let rows = self.history.value.chunks(self.nodes.len());
        rows.map(|row| {
            let low = row.iter().copied().fold(f64::INFINITY, f64::min);
            let high = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            high - low + ROUNDING * high.abs().max(low.abs())
        })
        .fold(ROUNDING * self.cost.abs(), f64::max)
    }

    /// Status and message.
    pub(super) fn judge(
        &mut self,
        problem: &Problem,
        ending: &Ending,
        known: bool,
        options: &Options,
    ) {
        let residual = self.residuals.last().copied().unwrap_or(f64::NAN);
        let count = self.residuals.len();
        let exploitability = self.cost - self.best_cost;
        let allowed = EXPLOITABLE.max(options.tolerance) * self.unit();
        let (status, message) = match ending {
            Ending::Failed(Stop::Newton(time, change)) => (
                Status::NewtonFailed,
                format!(
                    "the equation of the step at time {time:.4} was not solved: last relative \
                     change of u {change:.3e}; use more steps, or scheme 'monotone'"
                ),
            ),
            Ending::Failed(Stop::NotFinite(time)) => (
                Status::NotFinite,
                format!(
                    "a value at time {time:.4} is NaN or infinite; check the costs \
                         and the Hamiltonian"
                ),
            ),
            Ending::Failed(Stop::Error(error)) => (Status::NotFinite, error.to_string()),
            _ if self.history.solver_error.is_nan() || self.history.solver_error > SOLVER_ERROR => {
                (
                    Status::NewtonFailed,
                    format!(
                        "the linear systems are too ill-conditioned: they change the mass by \
                         {:.3e}; use more steps, or scheme 'monotone'",
                        self.history.solver_error
                    ),
                )
            }
            _ if !known => (
                Status::OutsideTable,
                "a gradient left the table of the Hamiltonian; extend the table".to_string(),
            ),
            _ if self.negative_share > UNRESOLVED => (Status::Unresolved, self.too_negative()),
            Ending::Exhausted => (
                Status::NotConverged,
                format!(
                    "the law still changes by {residual:.3e} after {count} evaluations, more than \
                     {:.1e}; exploitability {exploitability:.3e}; {}",
                    options.tolerance,
                    remedy(problem)
                ),
            ),
            Ending::Converged if exploitability.is_nan() || exploitability.abs() > allowed => (
                Status::NotConverged,
                format!(
                    "the law converged, but the exploitability is {exploitability:.3e}, more than \
                     {allowed:.1e}"
                ),
            ),
            Ending::Converged => (
                Status::Ok,
                format!(
                    "converged after {count} evaluations: the law changes by {residual:.3e}; \
                     exploitability {}",
                    // the difference of two costs: its sign means nothing where it is rounding
                    if exploitability.abs() <= ROUNDING * self.unit() {
                        "below rounding".to_string()
                    } else {
                        format!("{exploitability:.3e}")
                    }
                ),
            ),
        };
        self.status = status;
        self.message = message;
    }
}

/// What helps an iteration that does not converge.
fn remedy(problem: &Problem) -> &'static str {
    if problem.hamiltonian.kinked() {
        "where a law makes agents indifferent between controls their best responses jump, and no \
         iteration of these converges; give the control a small strictly convex cost (Lagrangian), \
         which is also the most that it costs an agent, and use method 'newton'"
    } else {
        "use method 'newton', or a smaller relaxation"
    }
}
