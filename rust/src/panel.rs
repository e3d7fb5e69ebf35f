//! Panels of a blocked LU factorisation with partial pivoting, on row-major numbers.
//!
//! A panel of columns is factorised in a small buffer; its row exchanges, the triangular solve and
//! the product that updates the rest run strip by strip on packed tiles. Multipliers left of a
//! panel stay where they are when its rows are exchanged.

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::kernel::{pack_rows, subtract_product, COLS, ROWS};

/// Columns of a panel.
pub const PANEL: usize = 32;

/// The diagonal is kept as the pivot when it is at least this fraction of the largest candidate:
/// every far exchange widens a band.
const THRESHOLD: f64 = 0.1;

/// Multiply-adds of a panel's update from which threads pay.
const PARALLEL: usize = 1 << 20;
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

/// Threads for panels of updates `rows` x `rows`, 0 for as many as there are processors; none
/// where that does not pay. They belong to one matrix: a global pool would not survive a fork.
pub fn threads(count: usize, rows: usize) -> Option<ThreadPool> {
    let available = || std::thread::available_parallelism().map_or(1, usize::from);
    let count = if count == 0 { available() } else { count }.min(THREADS);
    let pays = rows * rows * PANEL >= PARALLEL;
    (count > 1 && pays)
        .then(|| ThreadPoolBuilder::new().num_threads(count).build().ok())
        .flatten()
}

/// Where entry (r, c) sits: at `r * stride + c + offset`.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Distance of rows.
    pub stride: usize,
    /// Place of entry (0, 0).
    pub offset: usize,
}

impl Layout {
    /// Place of entry (r, c).
    pub fn at(self, r: usize, c: usize) -> usize {
        r * self.stride + c + self.offset
    }
}

/// Columns `start..start + width`, of which rows `start..bottom` are not zero.
#[derive(Debug, Clone, Copy)]
pub struct Panel {
    /// First column.
    pub start: usize,
    /// Number of columns.
    pub width: usize,
    /// End of the rows.
    pub bottom: usize,
}

/// Buffers of the factorisation.
#[derive(Debug, Default)]
pub struct Workspace {
    panel: Vec<f64>,
    left: Vec<f64>,
    strips: Vec<f64>,
}

/// Factorise a panel. The pivot of column c is sought above row `candidates(c)`, and rows above
/// row `last(c)` are eliminated. Appends the rows exchanged.
///
/// # Errors
/// A column without a usable pivot.
pub fn factorise_panel(
    data: &mut [f64],
    layout: Layout,
    work: &mut Workspace,
    Panel {
        start,
        width,
        bottom,
    }: Panel,
    (candidates, last): (impl Fn(usize) -> usize, impl Fn(usize) -> usize),
    pivots: &mut Vec<usize>,
) -> Result<(), LuFailure> {
    let panel = &mut work.panel;
    panel.clear();
    for r in start..bottom {
        let at = layout.at(r, start);
        panel.extend_from_slice(&data[at..at + width]);
    }
    for k in 0..width {
        let last = last(start + k).min(bottom) - start;
        let candidates = candidates(start + k).min(bottom) - start;
        let mut pivot = k;
        let mut largest = panel[k * width + k].abs();
        for r in k + 1..candidates {
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
        pivots.push(start + pivot);
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
        let at = layout.at(r, start);
        data[at..at + width].copy_from_slice(row);
    }
    Ok(())
}

/// Apply a factorised panel to the columns right of it, up to `reach`. No number depends on the
/// threads.
pub fn update_right(
    data: &mut [f64],
    layout: Layout,
    work: &mut Workspace,
    Panel {
        start,
        width,
        bottom,
    }: Panel,
    reach: usize,
    pivots: &[usize],
    pool: Option<&ThreadPool>,
) {
    let right = start + width;
    if right >= reach {
        return;
    }
    for k in 0..width {
        let (row, pivot) = (start + k, pivots[start + k]);
        if pivot != row {
            let (a, b) = (layout.at(row, right), layout.at(pivot, right));
            let (head, tail) = data.split_at_mut(b);
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
            let at = layout.at(start + k, column);
            tile[..cols].copy_from_slice(&data[at..at + cols]);
        }
        solve_unit_lower(panel, width, strip);
        for (k, tile) in strip.chunks_exact(COLS).enumerate() {
            let at = layout.at(start + k, column);
            data[at..at + cols].copy_from_slice(&tile[..cols]);
        }
    }
    if rows == 0 {
        return;
    }
    // Blocks of rows are disjoint, and no number depends on how the rows are divided.
    let (stride, first) = (layout.stride, layout.at(right, right));
    let target = &mut data[first..first + (rows - 1) * stride + reach - right];
    let (left, strips) = (&work.left, &work.strips);
    let update = |chunk: &mut [f64], left: &[f64]| {
        let rows = chunk.len().div_ceil(stride);
        for (s, strip) in strips.chunks_exact(width * COLS).enumerate() {
            let (column, cols) = columns(s);
            let target = &mut chunk[column - right..];
            subtract_product(target, stride, (rows, cols), width, left, strip);
        }
    };
    match pool {
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

/// Exchanges and multipliers of one panel, for right-hand sides `b`, row-major with `columns`.
pub fn forward(
    data: &[f64],
    layout: Layout,
    pivots: &[usize],
    panel: Panel,
    b: &mut [f64],
    columns: usize,
) {
    let Panel { start, width, .. } = panel;
    let end = start + width;
    for k in start..end {
        let pivot = pivots[k];
        if pivot != k {
            let (head, tail) = b.split_at_mut(pivot * columns);
            head[k * columns..(k + 1) * columns].swap_with_slice(&mut tail[..columns]);
        }
    }
    for r in start + 1..panel.bottom {
        let last = r.min(end);
        let at = layout.at(r, start);
        let (head, tail) = b.split_at_mut(r * columns);
        let row = &mut tail[..columns];
        for (factor, other) in data[at..at + last - start]
            .iter()
            .zip(head[start * columns..].chunks_exact(columns))
        {
            subtract_scaled(row, *factor, other);
        }
    }
}

/// Solve with the rows of one panel's upper triangle, whose columns end at `reach`.
pub fn backward(
    data: &[f64],
    layout: Layout,
    panel: Panel,
    reach: usize,
    b: &mut [f64],
    columns: usize,
) {
    for r in (panel.start..panel.start + panel.width).rev() {
        let (head, tail) = b.split_at_mut((r + 1) * columns);
        let row = &mut head[r * columns..];
        let at = layout.at(r, r);
        let upper = &data[at + 1..at + reach - r];
        for (factor, other) in upper.iter().zip(tail.chunks_exact(columns)) {
            subtract_scaled(row, *factor, other);
        }
        let diagonal = data[at];
        row.iter_mut().for_each(|value| *value /= diagonal);
    }
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

/// `row -= factor other`.
pub fn subtract_scaled(row: &mut [f64], factor: f64, other: &[f64]) {
    if factor != 0.0 {
        for (value, o) in row.iter_mut().zip(other) {
            *value -= factor * o;
        }
    }
}
