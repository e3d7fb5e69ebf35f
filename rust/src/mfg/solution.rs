//! Solve a mean-field game, gather the evidence and say what it is worth.

use super::coupling::{CONTROL_MEAN, MEAN, VARIANCE};
use super::evidence::History;
use super::fixed_point::{self, distance, Ending, FixedPoint};
use super::generator::Scheme;
use super::hamiltonian::{Hamiltonian, Kind};
use super::mesh::Boundary;
use super::problem::{Options, Problem};
use super::refinement::refined;
use super::sweep::{Equations, Law, Stop, Sweeps};
use crate::control::Poll;
use crate::error::Result;

/// Smallest relative distance at which two fixed points are different ones.
const DIFFERENT: f64 = 1e-6;
/// Most best responses with which a further start begins.
const PLAY: usize = 30;
/// Begin of a warning about a further start.
const OTHER_START: &str = "other_start";

/// What a solution is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Converged.
    Ok,
    /// Converged, but another start led elsewhere.
    MultipleFound,
    /// The fixed point did not converge.
    NotConverged,
    /// The equation of one step was not solved.
    NewtonFailed,
    /// A gradient left the table of the Hamiltonian.
    OutsideTable,
    /// NaN or infinity.
    NotFinite,
    /// Much of the density is negative.
    Unresolved,
}

impl Status {
    /// As Python knows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::MultipleFound => "multiple_found",
            Self::NotConverged => "not_converged",
            Self::NewtonFailed => "newton_failed",
            Self::OutsideTable => "outside_table",
            Self::NotFinite => "not_finite",
            Self::Unresolved => "unresolved",
        }
    }
}

/// A solution with its evidence.
#[derive(Debug, Clone)]
pub struct Solution {
    /// Nodes.
    pub nodes: Vec<f64>,
    /// Times.
    pub times: Vec<f64>,
    /// u, m, the control and the moments.
    pub history: History,
    /// What it is worth.
    pub status: Status,
    /// The same as a sentence.
    pub message: String,
    /// What the status does not say.
    pub warnings: Vec<String>,
    /// Scheme used.
    pub scheme: Scheme,
    /// Relative changes of the law.
    pub residuals: Vec<f64>,
    /// Newton iterations.
    pub newton_iterations: usize,
    /// Long-run mean cost of the best response, where there is neither time nor discount.
    pub constant: Option<f64>,
    /// Cost of the agents under their control; per unit of time where there is no time.
    pub cost: f64,
    /// Average cost of the agents without what a planner's pays for the effect on others.
    pub social_cost: Option<f64>,
    /// Cost of the best response to them.
    pub best_cost: f64,
    /// Mass that left on the left and on the right.
    pub exit_mass: Option<[f64; 2]>,
    /// Mass that stopped.
    pub stopped_mass: Option<f64>,
    /// Smallest density.
    pub minimum_density: f64,
    /// Largest negative mass at one time.
    pub negative_mass: f64,
    /// Largest negative share of the mass (of those who have not left) at one time.
    pub negative_share: f64,
    /// Largest mass in the four nodes next to the ends.
    pub boundary_mass: f64,
    /// Largest |H'| h/(2 nu).
    pub cell_peclet: f64,
    /// Status and distance of the results of further starts.
    pub other_starts: Vec<(Status, f64)>,
    /// Estimated relative errors of u and m, by extrapolation.
    pub error_estimate: Option<[f64; 2]>,
    /// Another equilibrium.
    pub alternative: Option<Box<Solution>>,
    /// The law, as a start for a finer grid.
    law: Law,
    coordinates: Vec<f64>,
}

/// Solve; with `coarse`, also on a grid of twice the widths, and extrapolate.
pub fn solve(
    problem: &Problem,
    coarse: Option<&Problem>,
    options: &Options,
    poll: &mut Poll<'_>,
) -> Result<Solution> {
    options.validate()?;
    match &problem.hamiltonian {
        Kind::Uncontrolled(h) => with(h, problem, coarse, options, poll),
        Kind::Quadratic(h) => with(h, problem, coarse, options, poll),
        Kind::Absolute(h) => with(h, problem, coarse, options, poll),
        Kind::Power(h) => with(h, problem, coarse, options, poll),
        Kind::Choice(h) => with(h, problem, coarse, options, poll),
        Kind::Table(h) => with(h, problem, coarse, options, poll),
        Kind::Compiled(h) => with(h, problem, coarse, options, poll),
    }
}

fn with<H: Hamiltonian>(
    hamiltonian: &H,
    problem: &Problem,
    coarse: Option<&Problem>,
    options: &Options,
    poll: &mut Poll<'_>,
) -> Result<Solution> {
    let mut fine = Sweeps::new(problem, hamiltonian, options.damped_steps);
    let Some(coarse) = coarse else {
        let start = fine.constant_law(&problem.initial);
        return all_starts(&mut fine, start, options, poll);
    };
    let mut below = Sweeps::new(coarse, hamiltonian, options.damped_steps / 2);
    let start = below.constant_law(&coarse.initial);
    let first = all_starts(&mut below, start, options, poll)?;
    let start = match first.status {
        Status::Ok | Status::MultipleFound => refined(&below, &first.law, &fine),
        _ => fine.constant_law(&problem.initial),
    };
    let single = Options {
        starts: 1,
        ..options.clone()
    };
    let second = all_starts(&mut fine, start, &single, poll)?;
    Ok(extrapolated(second, first, coarse))
}

/// The solution from the first start, with the others as evidence.
fn all_starts<H: Hamiltonian>(
    sweeps: &mut Sweeps<'_, H>,
    start: Law,
    options: &Options,
    poll: &mut Poll<'_>,
) -> Result<Solution> {
    let mut solution = one_start(sweeps, start, 0, options, poll)?;
    if solution.coordinates.is_empty() {
        // the law enters no cost: there is one best response
        return Ok(solution);
    }
    for number in 1..options.starts {
        sweeps.forget();
        let start = sweeps.constant_law(&half_uniform(sweeps.problem, number == 1));
        let other = one_start(sweeps, start, PLAY, options, poll)?;
        let gap = distance(&other.coordinates, &solution.coordinates);
        solution.newton_iterations += other.newton_iterations;
        solution.other_starts.push((other.status, gap));
        let limit = DIFFERENT.max(1e3 * options.tolerance);
        // a law that the grid does not resolve is an equilibrium of the discrete game all the same
        let settled = other.status == Status::Ok
            || (other.status == Status::Unresolved
                && other
                    .residuals
                    .last()
                    .is_some_and(|r| *r <= options.tolerance));
        if !settled {
            solution.warnings.push(format!(
                "{OTHER_START}: start {} ended as {}, which says nothing about other equilibria",
                number + 1,
                other.status.name()
            ));
        }
        if solution.status == Status::Ok && settled && gap > limit {
            solution.status = Status::MultipleFound;
            solution.message = format!(
                "start {} converged to another equilibrium, at the relative distance {gap:.3e}",
                number + 1
            );
            solution.alternative = Some(Box::new(other));
        }
    }
    Ok(solution)
}

/// The uniform density on one half of the interval.
fn half_uniform(problem: &Problem, upper: bool) -> Vec<f64> {
    let mesh = &problem.mesh;
    let n = mesh.len();
    let inside = |i: usize| mesh.active().contains(&i) && ((i >= n / 2) == upper);
    let mass: f64 = (0..n).filter(|i| inside(*i)).map(|i| mesh.weights[i]).sum();
    (0..n)
        .map(|i| if inside(i) { 1.0 / mass } else { 0.0 })
        .collect()
}

fn one_start<H: Hamiltonian>(
    sweeps: &mut Sweeps<'_, H>,
    start: Law,
    play: usize,
    options: &Options,
    poll: &mut Poll<'_>,
) -> Result<Solution> {
    let before = sweeps.newton;
    let point = fixed_point::solve(sweeps, start, play, options, poll);
    gathered(sweeps, point, before, options, poll)
}

/// The solution of a fixed point, with its evidence; `before` are the Newton iterations of others.
pub(super) fn gathered<H: Hamiltonian>(
    sweeps: &mut Sweeps<'_, H>,
    mut point: FixedPoint,
    before: usize,
    options: &Options,
    poll: &mut Poll<'_>,
) -> Result<Solution> {
    if let Ending::Failed(Stop::Error(error)) = point.ending {
        return Err(error);
    }
    let (cost, effect, cell_peclet, known) =
        sweeps.cost_of_policy(&point.believed, &point.law, poll)?;
    if matches!(point.ending, Ending::Converged) {
        sweeps.check_slope(&point.believed, poll)?;
    }
    let history = sweeps.history(&point.believed, poll)?;
    let constant = sweeps.constant;
    let n = sweeps.problem.mesh.len();
    let end = [
        sweeps.masses[sweeps.masses.len() - n],
        sweeps.masses[sweeps.masses.len() - 1],
    ];
    let best_cost = match best_response(sweeps, &mut point, poll) {
        Ok(cost) => cost,
        Err(Stop::Error(error)) => return Err(error),
        Err(_) => f64::NAN,
    };
    let problem = sweeps.problem;
    let mut solution = Solution {
        nodes: problem.mesh.nodes.clone(),
        times: problem.times.clone(),
        history,
        status: Status::Ok,
        message: String::new(),
        warnings: Vec::new(),
        scheme: problem.scheme,
        residuals: point.residuals,
        newton_iterations: sweeps.newton - before,
        constant,
        cost,
        social_cost: problem.running.planned.then_some(cost - effect),
        best_cost,
        exit_mass: match problem.mesh.boundary {
            Boundary::Absorbing(_) => Some(end),
            _ => None,
        },
        stopped_mass: problem
            .stopping
            .as_ref()
            .map(|_| sweeps.stopped.iter().map(|s| s.0).sum()),
        minimum_density: 0.0,
        negative_mass: 0.0,
        negative_share: 0.0,
        boundary_mass: 0.0,
        cell_peclet,
        other_starts: Vec::new(),
        error_estimate: None,
        alternative: None,
        law: point.law,
        coordinates: point.coordinates,
    };
    solution.examine_density(problem);
    solution.judge(problem, &point.ending, known, options);
    Ok(solution)
}

/// Value at time 0 of the best response to the law of the fixed point, averaged over the initial
/// law.
fn best_response<H: Hamiltonian>(
    sweeps: &mut Sweeps<'_, H>,
    point: &mut FixedPoint,
    poll: &mut Poll<'_>,
) -> std::result::Result<f64, Stop> {
    if matches!(point.ending, Ending::Failed(_)) {
        return Ok(f64::NAN);
    }
    sweeps.backward(&point.law, &mut Equations::solved(), poll)?;
    let pairs = sweeps.start.iter().zip(&sweeps.masses);
    let value = pairs.map(|(u, m)| u * m).sum::<f64>();
    let value = match sweeps.constant {
        Some(constant) => constant,
        None if sweeps.problem.stationary => sweeps.problem.discount * value,
        None => value,
    };
    Ok(value + sweeps.cost_of_source())
}

/// (4 fine - coarse)/3 at the nodes and times of the coarse solution.
fn extrapolated(fine: Solution, coarse: Solution, problem: &Problem) -> Solution {
    let n = problem.mesh.len();
    let fine_n = fine.nodes.len();
    let count = coarse.times.len();
    let mut result = Solution {
        nodes: coarse.nodes,
        times: coarse.times,
        history: coarse.history,
        other_starts: coarse.other_starts,
        alternative: coarse.alternative,
        newton_iterations: fine.newton_iterations + coarse.newton_iterations,
        ..fine
    };
    let about_starts = |warning: &String| warning.starts_with(OTHER_START);
    result.warnings = coarse.warnings.into_iter().filter(about_starts).collect();
    if coarse.status != Status::Ok && result.status == Status::Ok {
        result.status = coarse.status;
        result.message = format!("on the coarser grid: {}", coarse.message);
    }
    let from = &fine.history;
    let to = &mut result.history;
    let mut estimate = [0.0; 2];
    for (q, (fine, coarse)) in [
        (&from.value, &mut to.value),
        (&from.density, &mut to.density),
        (&from.control, &mut to.control),
    ]
    .into_iter()
    .enumerate()
    {
        let (mut change, mut size) = (0.0f64, 0.0f64);
        for j in 0..count {
            for i in 0..n {
                let better = fine[2 * j * fine_n + 2 * i];
                let value = &mut coarse[j * n + i];
                let correction = (better - *value) / 3.0;
                change = change.max(correction.abs());
                size = size.max(better.abs());
                *value = better + correction;
            }
        }
        if q < 2 {
            estimate[q] = change / size;
        }
    }
    for (j, to) in to.moments.iter_mut().enumerate() {
        for q in [MEAN, VARIANCE, CONTROL_MEAN] {
            let better = from.moments[2 * j][q];
            to[q] = better + (better - to[q]) / 3.0;
        }
    }
    to.mass_error = to.mass_error.max(from.mass_error);
    to.solver_error = to.solver_error.max(from.solver_error);
    result.error_estimate = Some(estimate);
    result.examine_again(problem);
    result
}
