//! The horizon min(tau, T) with a hazard rate that depends on time.
//!
//! Backward from the payoff at T, one implicit step after another:
//!
//! ```text
//! G_t + A^p G - hazard(t) (G - phi_1) + s_1 = 0,    G(T) = phi_1,    and the same for H.
//! ```
//!
//! Every step is a nonlinear system with the policy of its own time in it, solved by Newton's
//! method. Steps may differ in length.

use crate::closure::Closure;
use crate::control::{Poll, Progress};
use crate::dissection::Dissection;
use crate::error::Result;
use crate::evolution::{Evolution, Scheme};
use crate::path::{Path, Watch};
use crate::problem::StationaryProblem;
use crate::solution::describe;
use crate::system::{Evaluation, State, System};

/// Most Newton steps for one step of time.
const NEWTON: usize = 12;

/// Solve backward in time; `problem.hazard` and `problem.source` are not used when the evolution
/// has its own.
///
/// # Errors
/// Invalid input, too large a grid, or an interruption.
pub fn solve_parabolic(
    problem: &StationaryProblem,
    evolution: &Evolution,
    poll: &mut Poll,
) -> Result<Path> {
    problem.validate()?;
    evolution.validate(problem)?;
    let mut system = System::new(problem, Closure::QuadraticGrowth)?;
    let mut matrix = system.matrix(evolution.memory_limit)?;
    matrix.set_threads(evolution.threads);
    let mut path = Path::empty(&system, evolution.levels());
    let size = problem.grid.size();
    let last = evolution.levels() - 1;
    evolution.place(&mut system, last);
    let mut state = State {
        values: [
            problem.payoff[..size].to_vec(),
            problem.payoff[size..].to_vec(),
        ],
    };
    system.close(&mut state);
    let mut evaluation = match system.evaluate(&state) {
        Ok(evaluation) => evaluation,
        Err(lost) => {
            path.message = format!("no start: {}", describe(&system, lost));
            path.unreached((last + 1) * size);
            return Ok(path);
        }
    };
    let mut watch = Watch::new(last);
    path.record(&system, &state, &evaluation, last);
    watch.look(&system, &state, &evaluation, evolution.times[last], last);
    let mut before: Option<State> = None;
    for k in (0..last).rev() {
        let dt = evolution.times[k + 1] - evolution.times[k];
        let old = system.interior_values(&state);
        let (rate, known) = match (evolution.scheme, &before) {
            (Scheme::Bdf2, Some(before)) => {
                // Level k + 2 is `before`; w is the ratio of the new step to the last one.
                let w = dt / (evolution.times[k + 2] - evolution.times[k + 1]);
                let older = system.interior_values(before);
                let (one, two) = ((1.0 + w) / dt, w * w / ((1.0 + w) * dt));
                let known: Vec<f64> = old
                    .iter()
                    .zip(&older)
                    .map(|(u, v)| one * u - two * v)
                    .collect();
                ((1.0 + 2.0 * w) / ((1.0 + w) * dt), known)
            }
            (scheme, _) => {
                let theta = match scheme {
                    Scheme::Theta(theta) => theta,
                    Scheme::Bdf2 => 0.5,
                };
                let rate = 1.0 / (theta * dt);
                let explicit = (1.0 - theta) / theta;
                let known = old
                    .iter()
                    .zip(&evaluation.residual)
                    .map(|(u, r)| rate * u + explicit * r)
                    .collect();
                (rate, known)
            }
        };
        evolution.place(&mut system, k);
        system.scale = rate;
        let step = Step {
            rate,
            known: &known,
            tolerance: evolution.tolerance,
        };
        // The trend of the last step is the better start, where it has a policy.
        let trend = before.as_ref().map(|b| system.extrapolate(&state, b));
        let mut outcome = Err(String::new());
        for start in trend.iter().chain([&state]) {
            outcome = step.solve(&system, start, &mut matrix, poll)?;
            if outcome.is_ok() {
                break;
            }
        }
        match outcome {
            Ok(done) => {
                path.newton_steps.push(done.steps);
                path.residual = path.residual.max(done.residual);
                path.woodbury_condition = path.woodbury_condition.max(done.condition);
                before = Some(std::mem::replace(&mut state, done.state));
                evaluation = done.evaluation;
                path.record(&system, &state, &evaluation, k);
                watch.look(&system, &state, &evaluation, evolution.times[k], k);
                poll.report(Progress {
                    stage: "time steps",
                    done: last - k,
                    total: Some(last),
                    residual: done.residual,
                });
            }
            Err(why) => {
                path.message = format!("not converged at time {:.6}: {why}", evolution.times[k]);
                path.unreached((k + 1) * size);
                watch.finish(&mut path);
                return Ok(path);
            }
        }
    }
    path.converged = true;
    watch.finish(&mut path);
    path.judge(evolution);
    Ok(path)
}

/// One step: `rate U - R(U) = known`.
struct Step<'a> {
    rate: f64,
    known: &'a [f64],
    tolerance: f64,
}

/// A finished step.
struct Done {
    state: State,
    evaluation: Evaluation,
    steps: usize,
    residual: f64,
    condition: f64,
}

impl Step<'_> {
    /// Newton's method; the inner error says why it failed.
    fn solve(
        &self,
        system: &System,
        start: &State,
        matrix: &mut Dissection,
        poll: &mut Poll,
    ) -> Result<std::result::Result<Done, String>> {
        let mut state = start.clone();
        system.close(&mut state);
        let mut condition: f64 = 1.0;
        let mut best = f64::INFINITY;
        for steps in 0..=NEWTON {
            let evaluation = match system.evaluate(&state) {
                Ok(evaluation) => evaluation,
                Err(lost) => return Ok(Err(describe(system, lost))),
            };
            let values = system.interior_values(&state);
            let defect: Vec<f64> = self
                .known
                .iter()
                .zip(&values)
                .zip(&evaluation.residual)
                .map(|((known, u), r)| known - self.rate * u + r)
                .collect();
            let residual = system.relative(&defect);
            // Rounding may leave a little more than the tolerance; then it no longer falls.
            let floor = residual <= 1e3 * self.tolerance && residual >= 0.5 * best;
            if residual <= self.tolerance || floor {
                return Ok(Ok(Done {
                    state,
                    evaluation,
                    steps,
                    residual,
                    condition,
                }));
            }
            if !residual.is_finite() || residual > 1e3 * best {
                return Ok(Err(format!("Newton's method diverged to {residual:.3e}")));
            }
            best = best.min(residual);
            let solved = system.step(&evaluation, &defect, self.rate, matrix, poll)?;
            let Some((change, found)) = solved else {
                return Ok(Err("the linear system was singular".to_string()));
            };
            condition = condition.max(found);
            state = system.advance(&state, &change);
        }
        Ok(Err(format!(
            "{NEWTON} Newton steps left a residual of {best:.3e}: use shorter time steps"
        )))
    }
}
