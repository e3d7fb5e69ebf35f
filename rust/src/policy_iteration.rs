//! The stationary problem a second time: policy iteration, accelerated.
//!
//! Policy in, G and H out of a linear problem, policy of the first-order condition back in. No
//! derivative of the policy, no pseudo-time and another factorisation than Newton's: agreement of
//! the two iterations says something about both. The plain iteration contracts like the derivative
//! of the best response, which need not be less than one; Anderson acceleration widens its reach,
//! not to every problem.

use crate::anderson::Anderson;
use crate::banded::BandMatrix;
use crate::control::Poll;
use crate::error::Result;
use crate::frozen::{evaluate_policy, matrix};
use crate::newton::Options;
use crate::solution::{describe, End, Iteration, Status};
use crate::system::{Evaluation, State, System};

/// Halvings of a step of the policy before the iteration gives up.
const HALVINGS: usize = 12;
/// Steps without a new halving of the residual that count as stagnation.
const PATIENCE: usize = 25;

/// One policy with everything that follows from it.
struct Point {
    state: State,
    evaluation: Evaluation,
    condition: f64,
}

impl Point {
    /// The policy of the first-order condition.
    fn response(&self) -> Vec<f64> {
        self.evaluation.responses.iter().map(|r| r.policy).collect()
    }
}

/// Solve for a policy; the inner error says why that cannot be done.
fn evaluated(
    system: &System,
    policy: &[f64],
    band: &mut BandMatrix,
    poll: &mut Poll,
) -> Result<std::result::Result<Point, (Status, String)>> {
    let Some((state, condition)) = evaluate_policy(system, policy, band, poll)? else {
        let why = "the linear system of a policy was singular".to_string();
        return Ok(Err((Status::Stagnated, why)));
    };
    Ok(match system.evaluate(&state) {
        Ok(evaluation) => Ok(Point {
            state,
            evaluation,
            condition,
        }),
        Err(lost) => Err((Status::StepRejected, describe(system, lost))),
    })
}

fn change(a: &[f64], b: &[f64]) -> f64 {
    let scale = b.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let gap = |(a, b): (&f64, &f64)| (a - b).abs();
    a.iter().zip(b).map(gap).fold(0.0, f64::max) / scale.max(f64::MIN_POSITIVE)
}

impl Iteration {
    /// Policy iteration from the policy of the present state.
    pub(crate) fn run_policy(
        &mut self,
        system: &System,
        options: &Options,
        poll: &mut Poll,
    ) -> Result<End> {
        let mut band = matrix(system, options.memory_limit)?;
        band.set_threads(options.threads);
        let mut anderson = Anderson::new(options.anderson);
        let mut policy: Vec<f64> = self.evaluation.responses.iter().map(|r| r.policy).collect();
        let mut trial = policy.clone();
        let mut best = (f64::INFINITY, 0);
        for step in 1..=options.max_steps {
            let mut outcome = evaluated(system, &trial, &mut band, poll)?;
            for _ in 0..HALVINGS {
                if outcome.is_ok() {
                    break;
                }
                self.rejections += 1;
                anderson.restart();
                for (t, p) in trial.iter_mut().zip(&policy) {
                    *t = 0.5 * (*t + p);
                }
                outcome = evaluated(system, &trial, &mut band, poll)?;
            }
            let point = match outcome {
                Ok(point) => point,
                Err((status, why)) => return Ok(End::Failed(status, why)),
            };
            let response = point.response();
            let done = self.evaluation.norm <= options.tolerance && step > 1;
            self.policy_changes.push(change(&trial, &response));
            let norm = point.evaluation.norm;
            if !done || norm <= options.tolerance {
                self.residual_history.push(norm);
                self.state = point.state;
                self.evaluation = point.evaluation;
                self.condition = point.condition;
                self.report("policy iterations", poll);
            }
            if done {
                return Ok(End::Converged);
            }
            if norm < 0.5 * best.0 {
                best = (norm, step);
            } else if step > best.1 + PATIENCE {
                let why = format!("the residual stopped at {:.3e} after {step} steps", best.0);
                return Ok(End::Failed(Status::Stagnated, why));
            }
            policy = trial;
            trial = if norm <= options.tolerance {
                response
            } else {
                anderson.next(&policy, &response, poll)?
            };
        }
        let why = format!(
            "{} steps left a residual of {:.3e}, above {:.3e}",
            options.max_steps, self.evaluation.norm, options.tolerance
        );
        Ok(End::Failed(Status::MaxIterations, why))
    }
}
