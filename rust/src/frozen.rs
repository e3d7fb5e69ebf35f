//! G and H of a given policy: the linear problem behind one step of policy iteration.
//!
//! With the policy held fixed the two equations separate and share one operator, so that one
//! factorisation of half the bandwidth serves both.

use crate::banded::{BandMatrix, LuFailure};
use crate::closure::{Closure, QUADRATIC};
use crate::control::Poll;
use crate::dense::{dot, DenseLu};
use crate::error::{GridError, Result};
use crate::problem::StationaryProblem;
use crate::system::{State, System};

/// A band for the operator of one function.
///
/// # Errors
/// [`GridError::TooLarge`].
pub fn matrix(system: &System, limit: u64) -> Result<BandMatrix> {
    let n = system.interior().len();
    system.band(n, system.inner() + 1, limit)
}

/// G and H of a policy given at every node; only interior nodes are read.
///
/// # Errors
/// Invalid input, too large a grid, a singular operator, or an interruption.
pub fn solve(
    problem: &StationaryProblem,
    closure: Closure,
    policy: &[f64],
    limit: u64,
    threads: usize,
    poll: &mut Poll,
) -> Result<State> {
    problem.validate()?;
    let size = problem.grid.size();
    problem.check_array("policy", policy, size)?;
    if let Closure::Dirichlet(values) = &closure {
        problem.check_array("boundary", values, 2 * size)?;
    }
    let system = System::new(problem, closure)?;
    let mut band = matrix(&system, limit)?;
    band.set_threads(threads);
    let at = |&(i, j): &(usize, usize)| policy[problem.grid.at(i, j)];
    let inside: Vec<f64> = system.interior().iter().map(at).collect();
    match evaluate_policy(&system, &inside, &mut band, poll)? {
        Some((state, _)) => Ok(state),
        None => Err(GridError::invalid(
            "policy",
            "one whose linear system is singular",
            "choose a policy with finite moments, or another box",
        )),
    }
}

/// G and H of a policy, given at the interior nodes in the order of the unknowns, with the
/// condition number of the small block that couples boundary and interior.
///
/// # Errors
/// The outer error is an interruption; the inner `None` is a singular matrix.
pub fn evaluate_policy(
    system: &System,
    policy: &[f64],
    matrix: &mut BandMatrix,
    poll: &mut Poll,
) -> Result<Option<(State, f64)>> {
    let rank = system.closure.rank() / 2;
    let columns = 2 + rank;
    let mut right = vec![0.0; system.interior().len() * columns];
    let outcome = matrix
        .clear(poll)
        .and_then(|()| {
            assemble(system, policy, matrix, &mut right, columns);
            matrix.factorise(poll)
        })
        .and_then(|()| matrix.solve(&mut right, columns, poll));
    match outcome {
        Err(LuFailure::Singular(_)) => return Ok(None),
        Err(LuFailure::Interrupted) => return Err(GridError::Interrupted),
        Ok(()) => {}
    }
    let size = system.problem.grid.size();
    let mut state = State {
        values: [vec![0.0; size], vec![0.0; size]],
    };
    let mut condition: f64 = 1.0;
    for (function, values) in state.values.iter_mut().enumerate() {
        let Some((coefficients, found)) = coupling(system, function, &right, columns) else {
            return Ok(None);
        };
        condition = condition.max(found);
        for (row, &(i, j)) in right.chunks_exact(columns).zip(system.interior()) {
            let value = row[function] + dot(&row[2..], &coefficients);
            if !value.is_finite() {
                return Ok(None);
            }
            values[system.problem.grid.at(i, j)] = value;
        }
    }
    system.close(&mut state);
    Ok(Some((state, condition)))
}

/// Fill the cleared matrix with `hazard - A^p` and the right-hand sides: one for G, one for H, then the closure's.
fn assemble(
    system: &System,
    policy: &[f64],
    matrix: &mut BandMatrix,
    right: &mut [f64],
    columns: usize,
) {
    let (problem, grid) = (system.problem, &system.problem.grid);
    for (k, (&(i, j), p)) in system.interior().iter().zip(policy).enumerate() {
        let jet = system.generator(k).frozen(*p, system.hazard);
        let block = grid.block(i, j);
        let row = &mut right[k * columns..(k + 1) * columns];
        let node = grid.at(i, j);
        let (payoff, source) = (problem.payoff(node), system.source(node));
        for f in 0..2 {
            row[f] = system.hazard * payoff[f] + source[f];
        }
        for near in 0..9 {
            let (ni, nj) = (i + near / 3 - 1, j + near % 3 - 1);
            let entry: f64 = jet.iter().zip(&block).map(|(v, w)| v * w[near]).sum();
            if !grid.is_boundary(ni, nj) {
                matrix.add(k, system.position(ni, nj), -entry);
                continue;
            }
            match &system.closure {
                Closure::QuadraticGrowth => {
                    let coefficients = system.closure.boundary_row(grid, ni, nj);
                    for (value, c) in row[2..].iter_mut().zip(&coefficients) {
                        *value += entry * c;
                    }
                }
                Closure::Dirichlet(values) => {
                    let at = grid.at(ni, nj);
                    row[0] += entry * values[at];
                    row[1] += entry * values[grid.size() + at];
                }
            }
        }
    }
}

/// Coefficients of the boundary quadratic of one function, from the solved right-hand sides:
/// `(I - V' M^-1 U) c = V' M^-1 r`.
fn coupling(
    system: &System,
    function: usize,
    solved: &[f64],
    columns: usize,
) -> Option<(Vec<f64>, f64)> {
    let rank = columns - 2;
    if rank == 0 {
        return Some((Vec::new(), 1.0));
    }
    let mut small = vec![0.0; rank * rank];
    let mut coefficients = vec![0.0; rank];
    for q in 0..QUADRATIC {
        let weights = system.window.fit_row(function, q);
        for (&(i, j), weight) in system.window.nodes.iter().zip(weights) {
            let start = system.position(i, j) * columns;
            coefficients[q] += weight * solved[start + function];
            for c in 0..rank {
                small[q * rank + c] -= weight * solved[start + 2 + c];
            }
        }
        small[q * rank + q] += 1.0;
    }
    let lu = DenseLu::new(rank, small)?;
    lu.solve(&mut coefficients);
    Some((coefficients, lu.condition()))
}
