//! A law found on a coarse grid as a start on a finer one.

use super::coupling::{Moments, MOMENTS};
use super::hamiltonian::Hamiltonian;
use super::sweep::{Law, Sweeps};

/// The law at the middle of finer steps, by interpolation in time (cubic) and space (linear).
#[must_use]
pub fn refined<H: Hamiltonian>(coarse: &Sweeps<'_, H>, law: &Law, fine: &Sweeps<'_, H>) -> Law {
    let n = fine.problem.mesh.len();
    let m = coarse.problem.mesh.len();
    let from: Vec<f64> = coarse.steps.iter().map(|s| s.middle).collect();
    let mut result = fine.constant_law(&fine.problem.initial);
    let last = fine.steps.len();
    for (k, step) in fine.steps.iter().enumerate() {
        let (at, shares) = lagrange(&from, step.middle);
        let mut moments: Moments = [0.0; MOMENTS];
        for (j, share) in shares.iter().enumerate() {
            for (to, value) in moments
                .iter_mut()
                .zip(&law.moments[(at + j).min(from.len() - 1)])
            {
                *to += share * value;
            }
        }
        result.moments[k] = moments;
        if result.density.is_empty() {
            continue;
        }
        let row = &mut result.density[k * n..(k + 1) * n];
        row.fill(0.0);
        for (j, share) in shares.iter().enumerate() {
            let line = (at + j).min(from.len() - 1) * m;
            spread(&law.density[line..line + m], *share, row);
        }
    }
    result.moments[last] = law.moments[from.len()];
    if !result.density.is_empty() {
        let row = &mut result.density[last * n..];
        row.fill(0.0);
        spread(&law.density[from.len() * m..], 1.0, row);
    }
    result
}

/// Add a multiple of values at every second node, interpolated linearly.
fn spread(coarse: &[f64], share: f64, fine: &mut [f64]) {
    let m = coarse.len();
    for (i, to) in fine.iter_mut().enumerate() {
        let value = if i % 2 == 0 {
            coarse[i / 2]
        } else {
            0.5 * (coarse[i / 2] + coarse[(i / 2 + 1) % m])
        };
        *to += share * value;
    }
}

/// First of four neighbouring points and the weights of the cubic through them; with fewer or
/// coinciding points, of the nearest one.
fn lagrange(points: &[f64], at: f64) -> (usize, [f64; 4]) {
    let nearest = points.partition_point(|p| *p < at);
    if points.len() < 4 {
        return (nearest.min(points.len() - 1), [1.0, 0.0, 0.0, 0.0]);
    }
    let first = nearest.saturating_sub(2).min(points.len() - 4);
    let four = &points[first..first + 4];
    let mut shares = [1.0; 4];
    for (i, share) in shares.iter_mut().enumerate() {
        for (j, point) in four.iter().enumerate() {
            if i != j {
                *share *= (at - point) / (four[i] - point);
            }
        }
    }
    if shares.iter().all(|s| s.is_finite()) {
        (first, shares)
    } else {
        (nearest.min(points.len() - 1), [1.0, 0.0, 0.0, 0.0])
    }
}
