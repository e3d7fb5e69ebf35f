//! Banded LU factorisation with partial pivoting, blocked, row-major.
//!
//! Entry (r, c) sits at `r * stride + c + lower` of one buffer, so the band is an ordinary
//! row-major matrix with a long row distance. A panel of columns is factorised in a small buffer;
//! its row exchanges, the triangular solve and the product that updates the rest run strip by
//! strip on packed tiles.

use std::sync::Arc;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::control::Poll;
use crate::kernel::{pack_rows, subtract_product, COLS, ROWS};

/// Columns of a panel.
const PANEL: usize = 32;

/// The diagonal is kept as the pivot when it is at least this fraction of the largest candidate:
/// every far exchange widens the band.
const THRESHOLD: f64 = 0.1;

/// Multiply-adds of a panel's update from which threads pay.
const PARALLEL: usize = 1 << 20;
/// Numbers set to zero between two polls.
const CHUNK: usize = 1 << 21;
/// Most threads; the update is bound by memory beyond.
const THREADS: usize = 16;

/// Why a factorisation stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LuFailure {
    /// No usable pivot in this column.
    Singular(usize),
    /// The caller asked to stop.
    Interrupted,
}

/// A square banded matrix, overwritten by its factors.
#[derive(Debug, Clone)]
pub struct BandMatrix {
    n: usize,
    half: usize,
    lower: usize,
    stride: usize,
    data: Vec<f64>,
    pivots: Vec<usize>,
    /// End of the nonzero columns right of each panel.
    reach: Vec<usize>,
    pool: Option<Arc<ThreadPool>>,
}

impl BandMatrix {
    /// Row distance of the storage. Row r keeps columns r - half - (PANEL - 1), where exchanges
    /// inside a panel may put multipliers, to r + 2 half + (PANEL - 1), the common reach of the
    /// rows of a panel.
    fn row_distance(half: usize) -> usize {
        3 * half + 2 * (PANEL - 1)
    }

    /// Bytes of a matrix of `n` rows with `half` diagonals on either side of the main one.
    #[must_use]
    pub fn bytes(n: usize, half: usize) -> u64 {
        8 * n as u64 * (Self::row_distance(half) as u64 + 1)
    }

    /// A matrix without entries, to be cleared before use; `None` when the memory cannot be had.
    #[must_use]
    pub fn reserve(n: usize, half: usize) -> Option<Self> {
        let stride = Self::row_distance(half);
        let length = n.checked_mul(stride + 1)?;
        let mut data = Vec::new();
        data.try_reserve_exact(length).ok()?;
        Some(Self {
            n,
            half,
            lower: half + PANEL - 1,
            stride,
            data,
            pivots: Vec::new(),
            reach: Vec::new(),
            pool: None,
        })
    }

    /// Factorise with a number of threads, 0 for as many as there are processors, where the band
    /// is wide enough for that to pay. The factors do not depend on it, bit by bit.
    ///
    /// The threads belong to this matrix: a global pool would not survive a fork.
    pub fn set_threads(&mut self, threads: usize) {
        let available = || std::thread::available_parallelism().map_or(1, usize::from);
        let count = if threads == 0 { available() } else { threads }.min(THREADS);
        let pays = 2 * self.half * self.half * PANEL >= PARALLEL;
        self.pool = (count > 1 && pays)
            .then(|| ThreadPoolBuilder::new().num_threads(count).build().ok())
            .flatten()
            .map(Arc::new);
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.n
    }

    /// Diagonals on either side of the main one.
    #[must_use]
    pub fn half_bandwidth(&self) -> usize {
        self.half
    }

    /// Set every entry to zero and forget the factors.
    ///
    /// # Errors
    /// An interruption; the matrix then has no entries.
    pub fn clear(&mut self, poll: &mut Poll) -> Result<(), LuFailure> {
        self.pivots.clear();
        self.reach.clear();
        self.data.clear();
        let length = self.n * (self.stride + 1);
        // The first touch of fresh memory is slow.
        while self.data.len() < length {
            if poll.stop() {
                return Err(LuFailure::Interrupted);
            }
            self.data.resize((self.data.len() + CHUNK).min(length), 0.0);
        }
        Ok(())
    }

    fn at(&self, r: usize, c: usize) -> usize {
        r * self.stride + c + self.lower
    }

    /// Add to entry (r, c), which must lie in the band.
    pub fn add(&mut self, r: usize, c: usize, value: f64) {
        debug_assert!(r.abs_diff(c) <= self.half);
        let at = self.at(r, c);
        self.data[at] += value;
    }

    /// Factorise in place.
    ///
    /// # Errors
    /// A column without a usable pivot, or an interruption; the matrix is then spoilt.
    pub fn factorise(&mut self, poll: &mut Poll) -> Result<(), LuFailure> {
        let mut work = Workspace::default();
        let mut reach = 0;
        for start in (0..self.n).step_by(PANEL) {
            if poll.stop() {
                return Err(LuFailure::Interrupted);
            }
            let width = PANEL.min(self.n - start);
            let bottom = (start + width + self.half).min(self.n);
            self.factorise_panel(&mut work, start, width, bottom)?;
            let lowest = self.pivots[start..].iter().max().map_or(0, |&p| p);
            reach = (lowest + self.half + 1)
                .max(reach)
                .max(start + width)
                .min(self.n);
            self.reach.push(reach);
            self.update_right(&mut work, start, width, bottom, reach);
        }
        Ok(())
    }

    /// Factorise columns `start..start + width` of rows `start..bottom`.
    fn factorise_panel(
        &mut self,
        work: &mut Workspace,
        start: usize,
        width: usize,
        bottom: usize,
    ) -> Result<(), LuFailure> {
        let rows = bottom - start;
        let panel = &mut work.panel;
        panel.clear();
        for r in start..bottom {
            let at = self.at(r, start);
            panel.extend_from_slice(&self.data[at..at + width]);
        }
        for k in 0..width {
            let last = (k + self.half + 1).min(rows);
            let mut pivot = k;
            let mut largest = panel[k * width + k].abs();
            for r in k + 1..last {
                let value = panel[r * width + k].abs();
                if value > largest {
                    (pivot, largest) = (r, value);
                }
            }
            if largest == 0.0 || !largest.is_finite() {
                return Err(LuFailure::Singular(start + k));
            }
            if panel[k * width + k].abs() >= THRESHOLD * largest {
                pivot = k;
            }
            self.pivots.push(start + pivot);
            let (above, below) = panel.split_at_mut((k + 1) * width);
            let top = &mut above[k * width..];
            if pivot != k {
                let other = (pivot - k - 1) * width;
                top.swap_with_slice(&mut below[other..other + width]);
            }
            let inverse = 1.0 / top[k];
            for row in below.chunks_exact_mut(width).take(last - k - 1) {
                let factor = row[k] * inverse;
                row[k] = factor;
                if factor != 0.0 {
                    for (value, t) in row[k + 1..].iter_mut().zip(&top[k + 1..]) {
                        *value -= factor * t;
                    }
                }
            }
        }
        for (r, row) in (start..bottom).zip(panel.chunks_exact(width)) {
            let at = self.at(r, start);
            self.data[at..at + width].copy_from_slice(row);
        }
        Ok(())
    }

    /// Apply the panel to the columns right of it, up to `reach`.
    fn update_right(
        &mut self,
        work: &mut Workspace,
        start: usize,
        width: usize,
        bottom: usize,
        reach: usize,
    ) {
        let right = start + width;
        if right >= reach {
            return;
        }
        for k in 0..width {
            let (row, pivot) = (start + k, self.pivots[start + k]);
            if pivot != row {
                let (a, b) = (self.at(row, right), self.at(pivot, right));
                let (head, tail) = self.data.split_at_mut(b);
                head[a..a + reach - right].swap_with_slice(&mut tail[..reach - right]);
            }
        }
        let panel = &work.panel;
        let rows = bottom - right;
        pack_rows(&mut work.left, rows, width, |i| {
            &panel[(width + i) * width..(width + i + 1) * width]
        });
        let strips = &mut work.strips;
        strips.clear();
        strips.resize((reach - right).div_ceil(COLS) * width * COLS, 0.0);
        let columns = |s: usize| (right + s * COLS, COLS.min(reach - right - s * COLS));
        for (s, strip) in strips.chunks_exact_mut(width * COLS).enumerate() {
            let (column, cols) = columns(s);
            for (k, tile) in strip.chunks_exact_mut(COLS).enumerate() {
                let at = self.at(start + k, column);
                tile[..cols].copy_from_slice(&self.data[at..at + cols]);
            }
            solve_unit_lower(panel, width, strip);
            for (k, tile) in strip.chunks_exact(COLS).enumerate() {
                let at = self.at(start + k, column);
                self.data[at..at + cols].copy_from_slice(&tile[..cols]);
            }
        }
        if rows == 0 {
            return;
        }
        // Blocks of rows are disjoint, and no number depends on how the rows are divided.
        let (stride, first) = (self.stride, self.at(right, right));
        let target = &mut self.data[first..first + (rows - 1) * stride + reach - right];
        let (left, strips) = (&work.left, &work.strips);
        let update = |chunk: &mut [f64], left: &[f64]| {
            let rows = chunk.len().div_ceil(stride);
            for (s, strip) in strips.chunks_exact(width * COLS).enumerate() {
                let (column, cols) = columns(s);
                let target = &mut chunk[column - right..];
                subtract_product(target, stride, (rows, cols), width, left, strip);
            }
        };
        match &self.pool {
            Some(pool) if rows * (reach - right) * width >= PARALLEL => {
                let share = rows.div_ceil(2 * pool.current_num_threads());
                let share = share.next_multiple_of(ROWS);
                pool.install(|| {
                    target
                        .par_chunks_mut(share * stride)
                        .zip(left.par_chunks(share * width))
                        .for_each(|(chunk, left)| update(chunk, left));
                });
            }
            _ => update(target, left),
        }
    }

    /// Solve for `columns` right-hand sides at once; `b` is row-major, `n` x `columns`.
    ///
    /// # Errors
    /// An interruption; `b` is then spoilt.
    pub fn solve(&self, b: &mut [f64], columns: usize, poll: &mut Poll) -> Result<(), LuFailure> {
        let starts: Vec<usize> = (0..self.n).step_by(PANEL).collect();
        for &start in &starts {
            if poll.stop() {
                return Err(LuFailure::Interrupted);
            }
            self.forward(b, columns, start);
        }
        for (&start, &reach) in starts.iter().zip(&self.reach).rev() {
            if poll.stop() {
                return Err(LuFailure::Interrupted);
            }
            for r in (start..(start + PANEL).min(self.n)).rev() {
                let (head, tail) = b.split_at_mut((r + 1) * columns);
                let row = &mut head[r * columns..];
                let at = self.at(r, r);
                let upper = &self.data[at + 1..at + reach - r];
                for (factor, other) in upper.iter().zip(tail.chunks_exact(columns)) {
                    subtract_scaled(row, *factor, other);
                }
                let diagonal = self.data[at];
                row.iter_mut().for_each(|value| *value /= diagonal);
            }
        }
        Ok(())
    }

    /// Exchanges and multipliers of one panel.
    fn forward(&self, b: &mut [f64], columns: usize, start: usize) {
        let end = (start + PANEL).min(self.n);
        for k in start..end {
            let pivot = self.pivots[k];
            if pivot != k {
                let (head, tail) = b.split_at_mut(pivot * columns);
                head[k * columns..(k + 1) * columns].swap_with_slice(&mut tail[..columns]);
            }
        }
        for r in start + 1..(end + self.half).min(self.n) {
            let last = r.min(end);
            let at = self.at(r, start);
            let (head, tail) = b.split_at_mut(r * columns);
            let row = &mut tail[..columns];
            for (factor, other) in self.data[at..at + last - start]
                .iter()
                .zip(head[start * columns..].chunks_exact(columns))
            {
                subtract_scaled(row, *factor, other);
            }
        }
    }
}

/// Buffers of the factorisation.
#[derive(Debug, Default)]
struct Workspace {
    panel: Vec<f64>,
    left: Vec<f64>,
    strips: Vec<f64>,
}

/// Solve with the unit lower triangle on top of a panel, for one strip of columns.
fn solve_unit_lower(panel: &[f64], width: usize, strip: &mut [f64]) {
    for r in 1..width {
        let (head, tail) = strip.split_at_mut(r * COLS);
        let Some(row) = tail.first_chunk_mut::<COLS>() else {
            return;
        };
        let mut sum = *row;
        for (factor, other) in panel[r * width..r * width + r]
            .iter()
            .zip(head.chunks_exact(COLS))
        {
            for (value, o) in sum.iter_mut().zip(other) {
                *value -= factor * o;
            }
        }
        *row = sum;
    }
}

fn subtract_scaled(row: &mut [f64], factor: f64, other: &[f64]) {
    if factor != 0.0 {
        for (value, o) in row.iter_mut().zip(other) {
            *value -= factor * o;
        }
    }
}
