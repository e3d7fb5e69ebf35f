//! The stationary problem: coupled Newton in (G, H) with linearly implicit pseudo-time.
//!
//! The iteration starts at the payoff. Pseudo-time is horizon time, so it leads to the solution
//! that is the limit of long horizons; as the steps grow it turns into Newton's method.

use crate::closure::Closure;
use crate::control::{Poll, Progress};
use crate::dissection::Dissection;
use crate::error::{GridError, Result};
use crate::problem::{check_positive, check_tolerance, StationaryProblem};
use crate::solution::{describe, no_start, End, Iteration, Solution, Status};
use crate::system::{Evaluation, Infeasible, State, System};

/// Growth of the step after an accepted one.
const GROWTH: f64 = 5.0;
/// Division of the step after a rejected one.
const CUT: f64 = 4.0;
/// Growth of the residual at which a step is rejected.
const RESIDUAL_GROWTH: f64 = 4.0;
/// The iteration gives up when the step falls below the first one by this factor.
const SMALLEST: f64 = 1e-8;
/// Accepted steps without a new halving of the residual that count as stagnation.
const PATIENCE: usize = 12;

/// How the nonlinear system is solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Newton's method in (G, H) with linearly implicit pseudo-time.
    Newton,
    /// Policy iteration with Anderson acceleration.
    Policy,
}

/// Settings of the iteration.
#[derive(Debug, Clone)]
pub struct Options {
    /// Residual, relative to hazard (1 + |payoff|), at which one more Newton step ends the
    /// iteration.
    pub tolerance: f64,
    /// The iteration.
    pub method: Method,
    /// Earlier policies used by the acceleration of policy iteration; 0 is the plain iteration.
    pub anderson: usize,
    /// Threads of the factorisation, 0 for as many as there are processors. The result does not
    /// depend on it.
    pub threads: usize,
    /// Most steps tried.
    pub max_steps: usize,
    /// First pseudo-time step, in units of 1 / hazard.
    pub first_step: f64,
    /// Boundary closure.
    pub closure: Closure,
    /// Start `[G, H]`; the payoff when absent.
    pub start: Option<Vec<f64>>,
    /// Most bytes the factorisation may take.
    pub memory_limit: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tolerance: 1e-10,
            method: Method::Newton,
            anderson: 5,
            threads: 0,
            max_steps: 60,
            first_step: 0.3,
            closure: Closure::QuadraticGrowth,
            start: None,
            memory_limit: 2 << 30,
        }
    }
}

/// Solve a stationary problem.
///
/// A numerical failure is a status of the solution, not an error. `poll` is asked at least once
/// per panel of a factorisation whether to stop.
///
/// # Errors
/// Invalid input, too large a grid, or an interruption.
pub fn solve_stationary(
    problem: &StationaryProblem,
    options: &Options,
    poll: &mut Poll,
) -> Result<Solution> {
    problem.validate()?;
    check_options(problem, options)?;
    let system = System::new(problem, options.closure.clone())?;
    let size = problem.grid.size();
    let start = options.start.as_ref().unwrap_or(&problem.payoff);
    let mut state = State {
        values: [start[..size].to_vec(), start[size..].to_vec()],
    };
    system.close(&mut state);
    match system.evaluate(&state) {
        Ok(evaluation) => {
            let mut iteration = Iteration {
                residual_history: vec![evaluation.norm],
                state,
                evaluation,
                rejections: 0,
                step_sizes: Vec::new(),
                policy_changes: Vec::new(),
                condition: f64::NAN,
            };
            let end = match options.method {
                Method::Newton => iteration.run(&system, options, poll)?,
                Method::Policy => iteration.run_policy(&system, options, poll)?,
            };
            Ok(iteration.conclude(&system, end))
        }
        Err(infeasible) => Ok(no_start(&system, &state, infeasible)),
    }
}

pub(crate) fn check_options(problem: &StationaryProblem, options: &Options) -> Result<()> {
    check_tolerance(options.tolerance)?;
    check_positive("first_step", options.first_step)?;
    if options.max_steps == 0 {
        return Err(GridError::invalid(
            "max_steps",
            "0",
            "at least one step is needed",
        ));
    }
    let size = 2 * problem.grid.size();
    if let Closure::Dirichlet(values) = &options.closure {
        problem.check_array("boundary", values, size)?;
    }
    if let Some(start) = &options.start {
        problem.check_array("start", start, size)?;
    }
    Ok(())
}

/// Outcome of one trial step.
enum Trial {
    Accepted(State, Evaluation),
    Rejected(Status, String),
}

impl Iteration {
    fn run(&mut self, system: &System, options: &Options, poll: &mut Poll) -> Result<End> {
        let mut matrix = system.matrix(options.memory_limit)?;
        matrix.set_threads(options.threads);
        let first = options.first_step / system.problem.hazard;
        let mut dt = first;
        let mut best = (self.evaluation.norm, 0);
        for _ in 0..options.max_steps {
            let before = self.evaluation.norm;
            if before <= options.tolerance {
                // One full Newton step more; when it fails, the state is already good enough.
                let limit = options.tolerance;
                match self.attempt(system, f64::INFINITY, limit, &mut matrix, poll)? {
                    Trial::Accepted(state, evaluation) => {
                        self.accept(state, evaluation, f64::INFINITY);
                        self.report("Newton steps", poll);
                    }
                    Trial::Rejected(..) => self.rejections += 1,
                }
                return Ok(End::Converged);
            }
            let limit = RESIDUAL_GROWTH * before;
            match self.attempt(system, dt, limit, &mut matrix, poll)? {
                Trial::Accepted(state, evaluation) => {
                    self.accept(state, evaluation, dt);
                    self.report("Newton steps", poll);
                    let (norm, steps) = (self.evaluation.norm, self.step_sizes.len());
                    if norm <= before {
                        dt *= GROWTH;
                    }
                    if norm < 0.5 * best.0 {
                        best = (norm, steps);
                    } else if steps > best.1 + PATIENCE {
                        let why =
                            format!("the residual stopped at {:.3e} after {steps} steps", best.0);
                        return Ok(End::Failed(Status::Stagnated, why));
                    }
                }
                Trial::Rejected(status, why) => {
                    self.rejections += 1;
                    dt /= CUT;
                    if dt < SMALLEST * first {
                        return Ok(End::Failed(status, why));
                    }
                }
            }
        }
        let why = format!(
            "{} steps left a residual of {:.3e}, above {:.3e}",
            options.max_steps, self.evaluation.norm, options.tolerance
        );
        Ok(End::Failed(Status::MaxIterations, why))
    }

    /// Try a step of pseudo-time `dt`; it must keep the residual within `limit`.
    fn attempt(
        &mut self,
        system: &System,
        dt: f64,
        limit: f64,
        matrix: &mut Dissection,
        poll: &mut Poll,
    ) -> Result<Trial> {
        let rejected = |why: String| Ok(Trial::Rejected(Status::Stagnated, why));
        let evaluation = &self.evaluation;
        let solved = system.step(evaluation, &evaluation.residual, 1.0 / dt, matrix, poll)?;
        let Some((step, condition)) = solved else {
            return rejected("the linear system was singular".to_string());
        };
        self.condition = condition;
        let next = system.advance(&self.state, &step);
        match system.evaluate(&next) {
            Ok(evaluation) if evaluation.norm <= limit => Ok(Trial::Accepted(next, evaluation)),
            Ok(evaluation) => rejected(format!(
                "the residual grew from {:.3e} to {:.3e}",
                self.evaluation.norm, evaluation.norm
            )),
            Err(Infeasible::NotFinite) => rejected("the residual was not finite".to_string()),
            Err(lost) => Ok(Trial::Rejected(
                Status::StepRejected,
                describe(system, lost),
            )),
        }
    }

    /// Tell how many steps were accepted and what they left.
    pub(crate) fn report(&self, stage: &'static str, poll: &mut Poll) {
        poll.report(Progress {
            stage,
            done: self.residual_history.len().saturating_sub(1),
            total: None,
            residual: self.evaluation.norm,
        });
    }

    fn accept(&mut self, state: State, evaluation: Evaluation, dt: f64) {
        self.residual_history.push(evaluation.norm);
        self.step_sizes.push(dt);
        self.state = state;
        self.evaluation = evaluation;
    }
}
