//! The linear system of a Newton step: the nine-point matrix of the interior, and a matrix of low rank from the closure.

use crate::banded::BandMatrix;
use crate::closure::QUADRATIC;
use crate::control::Poll;
use crate::dense::{dot, DenseLu};
use crate::dissection::Dissection;
use crate::error::{GridError, Result};
use crate::panel::LuFailure;
use crate::system::{Evaluation, System};

impl System<'_> {
    /// An empty matrix for the Newton steps, of at most `limit` bytes.
    ///
    /// # Errors
    /// [`GridError::TooLarge`].
    pub fn matrix(&self, limit: u64) -> Result<Dissection> {
        let outer = self.interior().len() / self.inner();
        let matrix = Dissection::new((outer, self.inner()), 2);
        let needed = matrix.bytes();
        if needed > limit {
            return Err(self.too_large(needed, limit));
        }
        Ok(matrix)
    }

    fn too_large(&self, needed: u64, limit: u64) -> GridError {
        let (nx, ny) = self.problem.grid.shape();
        GridError::TooLarge {
            nx,
            ny,
            needed,
            limit,
        }
    }

    /// An empty band of at most `limit` bytes.
    pub(crate) fn band(&self, n: usize, half: usize, limit: u64) -> Result<BandMatrix> {
        let needed = BandMatrix::bytes(n, half);
        if needed > limit {
            return Err(self.too_large(needed, limit));
        }
        BandMatrix::reserve(n, half).ok_or_else(|| self.too_large(needed, limit))
    }

    /// Solve `(rate I - J) step = residual` for the step of the interior unknowns, J at an
    /// evaluation, boundary closure included. Returns the step and the condition number of the small block.
    ///
    /// # Errors
    /// The outer error is an interruption; the inner `None` is a singular matrix.
    pub fn step(
        &self,
        evaluation: &Evaluation,
        residual: &[f64],
        rate: f64,
        matrix: &mut Dissection,
        poll: &mut Poll,
    ) -> Result<Option<(Vec<f64>, f64)>> {
        let rank = self.closure.rank();
        let columns = rank + 1;
        let mut right = vec![0.0; self.unknowns() * columns];
        matrix.clear();
        self.assemble(evaluation, residual, rate, matrix, &mut right);
        let outcome = matrix
            .factorise(poll)
            .and_then(|()| matrix.solve(&mut right, columns, poll));
        match outcome {
            Ok(()) => Ok(self.woodbury(&right)),
            Err(LuFailure::Singular(_)) => Ok(None),
            Err(LuFailure::Interrupted) => Err(GridError::Interrupted),
        }
    }

    /// Fill the cleared matrix, and the right-hand sides: the residual, then the closure's columns.
    fn assemble(
        &self,
        evaluation: &Evaluation,
        residual: &[f64],
        rate: f64,
        matrix: &mut Dissection,
        right: &mut [f64],
    ) {
        let grid = &self.problem.grid;
        let rank = self.closure.rank();
        for (k, &(i, j)) in self.interior().iter().enumerate() {
            let local = self.linearise(evaluation, k);
            let block = grid.block(i, j);
            let rows = &mut right[2 * k * (rank + 1)..2 * (k + 1) * (rank + 1)];
            for near in 0..9 {
                let (ni, nj) = (i + near / 3 - 1, j + near % 3 - 1);
                let along = |jet: &[f64; 6]| -> f64 {
                    jet.iter().zip(&block).map(|(v, w)| v * w[near]).sum()
                };
                let frozen = along(&local.frozen);
                let policy = [along(&local.policy[0]), along(&local.policy[1])];
                let entry = |e: usize, f: usize| {
                    local.slope[e] * policy[f] + if e == f { frozen } else { 0.0 }
                };
                if !grid.is_boundary(ni, nj) {
                    let neighbour = self.position(ni, nj);
                    for e in 0..2 {
                        for f in 0..2 {
                            matrix.add(2 * k + e, 2 * neighbour + f, -entry(e, f));
                        }
                    }
                } else if rank > 0 {
                    let coefficients = self.closure.boundary_row(grid, ni, nj);
                    for e in 0..2 {
                        for f in 0..2 {
                            let start = e * (rank + 1) + 1 + f * QUADRATIC;
                            let target = &mut rows[start..start + QUADRATIC];
                            for (value, c) in target.iter_mut().zip(&coefficients) {
                                *value += entry(e, f) * c;
                            }
                        }
                    }
                }
            }
            for e in 0..2 {
                matrix.add(2 * k + e, 2 * k + e, rate);
                rows[e * (rank + 1)] = residual[2 * k + e];
            }
        }
    }

    /// Combine the solved right-hand sides: `(M - U V') step = r` from `M^-1 r` and `M^-1 U`.
    fn woodbury(&self, solved: &[f64]) -> Option<(Vec<f64>, f64)> {
        let rank = self.closure.rank();
        let columns = rank + 1;
        if rank == 0 {
            let finite = solved.iter().all(|v| v.is_finite());
            return finite.then(|| (solved.to_vec(), 1.0));
        }
        // Fit of every column, V' [M^-1 r, M^-1 U].
        let mut fitted = vec![0.0; rank * columns];
        for function in 0..2 {
            for (m, &(i, j)) in self.window.nodes.iter().enumerate() {
                let row = 2 * self.position(i, j) + function;
                let values = &solved[row * columns..(row + 1) * columns];
                for q in 0..QUADRATIC {
                    let weight = self.window.fit_row(function, q)[m];
                    let start = (function * QUADRATIC + q) * columns;
                    for (sum, v) in fitted[start..start + columns].iter_mut().zip(values) {
                        *sum += weight * v;
                    }
                }
            }
        }
        let mut small = vec![0.0; rank * rank];
        let mut coefficients = vec![0.0; rank];
        for row in 0..rank {
            coefficients[row] = fitted[row * columns];
            for c in 0..rank {
                let identity = if row == c { 1.0 } else { 0.0 };
                small[row * rank + c] = identity - fitted[row * columns + 1 + c];
            }
        }
        let lu = DenseLu::new(rank, small)?;
        lu.solve(&mut coefficients);
        let step: Vec<f64> = solved
            .chunks_exact(columns)
            .map(|row| row[0] + dot(&row[1..], &coefficients))
            .collect();
        let finite = step.iter().all(|v| v.is_finite());
        finite.then(|| (step, lu.condition()))
    }
}
