//! Control of the diffusion in one dimension, in logarithmic wealth y.
//!
//! With the fraction w at risk, `V_t + max_w { mu V_y + D V_yy } = 0`, where `mu = r + B w - D` and
//! `D = s^2 w^2/2`; for the logarithm c of the certainty equivalent under power utility of risk
//! aversion g, `c_t + max_w { mu c_y + D (c_yy + (1 - g) c_y^2) } = 0`. Central differences, implicit
//! midpoint rule, and in each step policy iteration, which is Newton's method for the maximum.

mod problem;
mod step;

pub use problem::{Formulation, Problem, FEWEST};

use crate::control::{Poll, Progress};
use crate::error::{GridError, Result};
use crate::mfg::tridiagonal::Tridiagonal;

/// Relative change at which a stalled iteration counts as converged.
const STALLED: f64 = 1e-8;

/// Estimated errors of the fraction (relative) and of the certainty equivalent (its logarithm) above
/// which the grid does not resolve the problem.
const UNRESOLVED: f64 = 0.01;

/// What a solution is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Converged.
    Ok,
    /// The policy iteration of a step did not converge.
    NewtonFailed,
    /// The objective is not concave in the control.
    SecondOrderLost,
    /// NaN or infinity.
    NotFinite,
    /// Differences or steps are too coarse, or the value is infinite.
    Unresolved,
}

impl Status {
    /// As Python knows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NewtonFailed => "newton_failed",
            Self::SecondOrderLost => "second_order_lost",
            Self::NotFinite => "not_finite",
            Self::Unresolved => "unresolved",
        }
    }
}

/// V or c and the fraction at every node and time.
#[derive(Debug, Clone)]
pub struct Solution {
    /// (steps + 1, nodes).
    pub value: Vec<f64>,
    /// (steps + 1, nodes).
    pub fraction: Vec<f64>,
    /// What it is worth.
    pub status: Status,
    /// The same as a sentence.
    pub message: String,
    /// Policy iterations in all.
    pub iterations: usize,
    /// Largest last relative change of a step.
    pub residual: f64,
    /// Smallest curvature of the objective in the fraction, over s^2 times the slope.
    pub second_order_min: f64,
    /// Nodes at which a bound is active at time 0.
    pub bound_nodes: usize,
    /// Estimated relative error of the fraction at time 0.
    pub fraction_error: f64,
    /// Estimated error of the logarithm of the certainty equivalent at time 0.
    pub certainty_error: f64,
}

/// Solve backward in time.
pub fn solve(problem: &Problem, poll: &mut Poll<'_>) -> Result<Solution> {
    problem.validate()?;
    let n = problem.nodes.len();
    let steps = problem.steps;
    let mut result = Solution {
        value: vec![0.0; n * (steps + 1)],
        fraction: vec![0.0; n * (steps + 1)],
        status: Status::Ok,
        message: String::new(),
        iterations: 0,
        residual: 0.0,
        second_order_min: f64::INFINITY,
        bound_nodes: 0,
        fraction_error: f64::NAN,
        certainty_error: 0.0,
    };
    let mut matrix = Tridiagonal::zeros(n, false);
    let offset = problem.offset();
    let floor = offset * problem.width();
    let line = |later: &[f64]| -> Vec<f64> {
        let pairs = later.iter().zip(&problem.nodes);
        pairs.map(|(v, y)| v + offset * y).collect()
    };
    let shift = problem.terminal.iter().zip(&problem.nodes);
    let mut later: Vec<f64> = shift.map(|(v, y)| v - offset * y).collect();
    let mut inner = later.clone();
    let mut next = vec![0.0; n];
    let mut fraction = vec![0.0; n];
    result.value[steps * n..].copy_from_slice(&problem.terminal);
    match problem.improve(&later, &mut fraction) {
        Some(curvature) => result.second_order_min = curvature,
        None => return Ok(result.failed(Status::SecondOrderLost, problem.horizon, n * steps)),
    }
    result.fraction[steps * n..].copy_from_slice(&fraction);
    for k in (0..steps).rev() {
        let time = problem.horizon * k as f64 / steps as f64;
        let mut before = f64::INFINITY;
        let mut count = 0;
        loop {
            if poll.stop() {
                return Err(GridError::Interrupted);
            }
            let Some(_) = problem.improve(&inner, &mut fraction) else {
                return Ok(result.failed(Status::SecondOrderLost, time, n * (k + 1)));
            };
            problem.linear(&later, &inner, &fraction, &mut matrix, &mut next);
            if next.iter().any(|v| !v.is_finite()) {
                return Ok(result.failed(Status::NotFinite, time, n * (k + 1)));
            }
            count += 1;
            result.iterations += 1;
            let mut change = 0.0f64;
            for i in 1..n - 1 {
                let size = next[i].abs() + (next[i + 1] - next[i - 1]).abs() + floor;
                change = change.max((next[i] - inner[i]).abs() / size);
            }
            std::mem::swap(&mut inner, &mut next);
            if change <= problem.tolerance || (change < STALLED && change > 0.5 * before) {
                result.residual = result.residual.max(change);
                break;
            }
            if count >= problem.max_iterations {
                result.residual = change;
                return Ok(result.failed(Status::NewtonFailed, time, n * (k + 1)));
            }
            before = change;
        }
        next.copy_from_slice(&later);
        for (v, m) in later.iter_mut().zip(&inner) {
            *v = 2.0 * m - *v;
        }
        let ratios = problem.ratios(&later);
        Problem::close(&mut later, ratios);
        let Some(curvature) = problem.improve(&later, &mut fraction) else {
            return Ok(result.failed(Status::SecondOrderLost, time, n * (k + 1)));
        };
        result.second_order_min = result.second_order_min.min(curvature);
        let [policy, rate] = problem.truncation(&later, &fraction);
        result.fraction_error = policy;
        result.certainty_error +=
            rate * problem.horizon / steps as f64 + problem.step_error(&later, &next);
        result.value[k * n..(k + 1) * n].copy_from_slice(&line(&later));
        result.fraction[k * n..(k + 1) * n].copy_from_slice(&fraction);
        poll.report(Progress {
            stage: "time steps",
            done: steps - k,
            total: Some(steps),
            residual: result.residual,
        });
    }
    result.bound_nodes = fraction
        .iter()
        .filter(|w| problem.bounds.iter().flatten().any(|bound| bound == *w))
        .count();
    if !(result.fraction_error <= UNRESOLVED && result.certainty_error <= UNRESOLVED) {
        result.status = Status::Unresolved;
        result.message = format!(
            "the estimated errors are {:.2e} of the fraction (relative) and {:.2e} of the logarithm \
             of the certainty equivalent: use more nodes and steps, or formulation \
             'certainty_equivalent'; if they stay, the value is infinite",
            result.fraction_error, result.certainty_error
        );
        return Ok(result);
    }
    result.message = format!(
        "converged in {:.2} policy iterations a step, last relative change {:.1e}",
        result.iterations as f64 / steps as f64,
        result.residual
    );
    Ok(result)
}

impl Solution {
    /// The entries before `known` were not computed.
    fn failed(mut self, status: Status, time: f64, known: usize) -> Self {
        self.status = status;
        self.value[..known].fill(f64::NAN);
        self.fraction[..known].fill(f64::NAN);
        self.message = match status {
            Status::SecondOrderLost => format!(
                "at time {time:.4} the objective is not concave in the control; give both bounds, \
                 or a concave utility"
            ),
            Status::NewtonFailed => format!(
                "at time {time:.4} the policy iteration did not converge: last relative change \
                 {:.3e}; use more steps",
                self.residual
            ),
            _ => format!("at time {time:.4} a value is NaN or infinite; use more steps"),
        };
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merton(n: usize, steps: usize, g: f64, formulation: Formulation) -> Problem {
        let (low, high) = (1e-5f64.ln(), 1e5f64.ln());
        let nodes: Vec<f64> = (0..n)
            .map(|i| low + (high - low) * i as f64 / (n - 1) as f64)
            .collect();
        Problem {
            horizon: 1.0,
            steps,
            rate: vec![0.02; n],
            excess: vec![0.05; n],
            volatility: vec![0.2; n],
            risk_aversion: g,
            terminal: Problem::power_utility(&nodes, g, formulation),
            bounds: [None, None],
            formulation,
            tolerance: 1e-12,
            max_iterations: 50,
            nodes,
        }
    }

    fn error(problem: &Problem) -> f64 {
        let solution = solve(problem, &mut || false).unwrap();
        assert_eq!(solution.status, Status::Ok, "{}", solution.message);
        let exact = 0.05 / (problem.risk_aversion * 0.04);
        let off = |w: &f64| (w / exact - 1.0).abs();
        solution.fraction.iter().map(off).fold(0.0, f64::max)
    }

    #[test]
    fn the_certainty_equivalent_is_exact() {
        for g in [0.5, 1.0, 3.0, 10.0] {
            let problem = merton(161, 100, g, Formulation::CertaintyEquivalent);
            assert!(error(&problem) < 1e-13, "{g}: {:e}", error(&problem));
        }
    }

    #[test]
    fn the_value_is_of_second_order_over_ten_decades() {
        for g in [0.5, 2.0, 3.0] {
            let errors: Vec<f64> = [161, 321, 641]
                .iter()
                .map(|n| error(&merton(*n, 20, g, Formulation::Value)))
                .collect();
            for pair in errors.windows(2) {
                let order = (pair[0] / pair[1]).log2();
                assert!((order - 2.0).abs() < 0.1, "{g}: {errors:?}");
            }
        }
    }
}
