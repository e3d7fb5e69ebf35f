//! Banded LU factorisation with partial pivoting, blocked, row-major.
//!
//! Entry (r, c) sits at `r * stride + c + lower` of one buffer, so the band is an ordinary
//! row-major matrix with a long row distance, factorised panel by panel.

use std::sync::Arc;

use rayon::ThreadPool;

use crate::control::Poll;
pub use crate::panel::LuFailure;
use crate::panel::{
    backward, factorise_panel, forward, threads, update_right, Layout, Panel, Workspace, PANEL,
};

/// Numbers set to zero between two polls.
const CHUNK: usize = 1 << 21;

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
    pub fn set_threads(&mut self, count: usize) {
        self.pool = threads(count, self.half).map(Arc::new);
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

    fn layout(&self) -> Layout {
        Layout {
            stride: self.stride,
            offset: self.lower,
        }
    }

    fn panel(&self, start: usize) -> Panel {
        let width = PANEL.min(self.n - start);
        Panel {
            start,
            width,
            bottom: (start + width + self.half).min(self.n),
        }
    }

    /// Add to entry (r, c), which must lie in the band.
    pub fn add(&mut self, r: usize, c: usize, value: f64) {
        debug_assert!(r.abs_diff(c) <= self.half);
        let at = self.layout().at(r, c);
        self.data[at] += value;
    }

    /// Factorise in place.
    ///
    /// # Errors
    /// A column without a usable pivot, or an interruption; the matrix is then spoilt.
    pub fn factorise(&mut self, poll: &mut Poll) -> Result<(), LuFailure> {
        let mut work = Workspace::default();
        let mut reach = 0;
        let (layout, half) = (self.layout(), self.half);
        let below = |c: usize| c + half + 1;
        for start in (0..self.n).step_by(PANEL) {
            if poll.stop() {
                return Err(LuFailure::Interrupted);
            }
            let panel = self.panel(start);
            let (data, pivots) = (&mut self.data, &mut self.pivots);
            factorise_panel(data, layout, &mut work, panel, (below, below), pivots)?;
            let lowest = self.pivots[start..].iter().max().map_or(0, |&p| p);
            reach = (lowest + half + 1)
                .max(reach)
                .max(start + panel.width)
                .min(self.n);
            self.reach.push(reach);
            let pool = self.pool.as_deref();
            update_right(
                &mut self.data,
                layout,
                &mut work,
                panel,
                reach,
                &self.pivots,
                pool,
            );
        }
        Ok(())
    }

    /// Solve for `columns` right-hand sides at once; `b` is row-major, `n` x `columns`.
    ///
    /// # Errors
    /// An interruption; `b` is then spoilt.
    pub fn solve(&self, b: &mut [f64], columns: usize, poll: &mut Poll) -> Result<(), LuFailure> {
        let (data, layout) = (&self.data, self.layout());
        let starts: Vec<usize> = (0..self.n).step_by(PANEL).collect();
        for &start in &starts {
            if poll.stop() {
                return Err(LuFailure::Interrupted);
            }
            forward(data, layout, &self.pivots, self.panel(start), b, columns);
        }
        for (&start, &reach) in starts.iter().zip(&self.reach).rev() {
            if poll.stop() {
                return Err(LuFailure::Interrupted);
            }
            backward(data, layout, self.panel(start), reach, b, columns);
        }
        Ok(())
    }
}
