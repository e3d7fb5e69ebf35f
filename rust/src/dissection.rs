//! LU factorisation of a nine-point matrix by nested dissection.
//!
//! A line of nodes splits a rectangle in two that do not touch; the halves are eliminated first,
//! each by its own line. What has been eliminated of a rectangle is known to its ring alone, the
//! nodes around it, so that a line is eliminated in a dense front: its own unknowns, then its
//! ring. Pivots are sought among the line's unknowns. Of a square of n x n nodes the band takes
//! n^4 multiplications, this n^3.

use std::ops::Range;
use std::sync::Arc;

use rayon::ThreadPool;

use crate::control::Poll;
use crate::panel::{
    backward, factorise_panel, forward, subtract_scaled, threads, update_right, Layout, LuFailure,
    Panel, Workspace, PANEL,
};

/// Nodes of a rectangle that is not divided further.
const LEAF: usize = 36;
/// Largest residual of a row, relative to the sum of its terms, that is not refined.
const BACKWARD: f64 = 1e-13;
/// Most refinements of a solution.
const REFINEMENTS: usize = 4;
/// Marks a node that is not in the front.
const ABSENT: usize = usize::MAX;

/// One elimination: the nodes of a line, or of a rectangle that is not divided.
#[derive(Debug, Clone)]
struct Front {
    /// The nodes eliminated, then those around the rectangle.
    nodes: Vec<usize>,
    /// How many of them are eliminated.
    eliminated: usize,
    /// Fronts of the halves.
    halves: Vec<usize>,
    /// Rows of the unknowns eliminated: L and U, over all unknowns of the front.
    upper: Vec<f64>,
    /// Multipliers of the other rows.
    lower: Vec<f64>,
    pivots: Vec<usize>,
}

impl Front {
    /// Unknowns eliminated, and all, at `functions` a node.
    fn sizes(&self, functions: usize) -> (usize, usize) {
        (functions * self.eliminated, functions * self.nodes.len())
    }
}

/// A square matrix of the nine-point stencil of several functions, with its factors.
#[derive(Debug, Clone)]
pub struct Dissection {
    shape: (usize, usize),
    functions: usize,
    fronts: Vec<Front>,
    /// Entries by row, neighbour and function.
    entries: Vec<f64>,
    pool: Option<Arc<ThreadPool>>,
}

impl Dissection {
    /// A matrix without entries, to be cleared before use. Its nodes are `shape`, the second
    /// direction fastest, with `functions` unknowns each, which run faster still.
    #[must_use]
    pub fn new(shape: (usize, usize), functions: usize) -> Self {
        let mut fronts = Vec::new();
        divide(shape, [0..shape.0, 0..shape.1], &mut fronts);
        Self {
            shape,
            functions,
            fronts,
            entries: Vec::new(),
            pool: None,
        }
    }

    /// Bytes of entries and factors, and at most as much again of fronts waiting.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let one = |front: &Front| {
            let (p, n) = front.sizes(self.functions);
            (p * n + (n - p) * p) as u64
        };
        let largest = |front: &Front| front.sizes(self.functions).1.pow(2) as u64;
        let work = self.fronts.iter().map(largest).max().unwrap_or(0);
        let entries = (self.rows() * 9 * self.functions) as u64;
        8 * (entries + 3 * work + self.fronts.iter().map(one).sum::<u64>())
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.shape.0 * self.shape.1 * self.functions
    }

    /// Factorise with a number of threads, 0 for as many as there are processors, where a front
    /// is large enough for that to pay. The factors do not depend on it, bit by bit.
    pub fn set_threads(&mut self, count: usize) {
        let size = |front: &Front| front.sizes(self.functions).1;
        let largest = self.fronts.iter().map(size).max().unwrap_or(0);
        self.pool = threads(count, largest).map(Arc::new);
    }

    /// Set every entry to zero and forget the factors.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.entries.resize(self.rows() * 9 * self.functions, 0.0);
        for front in &mut self.fronts {
            front.pivots.clear();
        }
    }

    /// Place of the entry of function `f` at the neighbour `near` of the node of `row`.
    fn at(&self, row: usize, near: usize, f: usize) -> usize {
        (row * 9 + near) * self.functions + f
    }

    /// Add to entry (r, c), of the same node or neighbours.
    pub fn add(&mut self, r: usize, c: usize, value: f64) {
        let inner = self.shape.1;
        let (row, column) = (r / self.functions, c / self.functions);
        let (down, right) = (column / inner + 1, column % inner + 1);
        let near = 3 * (down - row / inner) + right - row % inner;
        let at = self.at(r, near, c % self.functions);
        self.entries[at] += value;
    }

    /// Factorise.
    ///
    /// # Errors
    /// A front without a usable pivot, or an interruption; the factors are then spoilt.
    pub fn factorise(&mut self, poll: &mut Poll) -> Result<(), LuFailure> {
        let mut fronts = std::mem::take(&mut self.fronts);
        let mut remainders = vec![Vec::new(); fronts.len()];
        let mut place = vec![ABSENT; self.shape.0 * self.shape.1];
        let (mut data, mut work) = (Vec::new(), Workspace::default());
        let mut outcome = Ok(());
        for k in 0..fronts.len() {
            for (position, &node) in fronts[k].nodes.iter().enumerate() {
                place[node] = position;
            }
            self.gather(&fronts[k], &place, &mut data);
            for &half in &fronts[k].halves {
                let remainder = std::mem::take(&mut remainders[half]);
                self.append(
                    &fronts[half],
                    &remainder,
                    &place,
                    &mut data,
                    fronts[k].nodes.len(),
                );
            }
            for &node in &fronts[k].nodes {
                place[node] = ABSENT;
            }
            outcome = self.eliminate(&mut fronts[k], &mut data, &mut work, poll);
            if outcome.is_err() {
                break;
            }
            let (p, n) = fronts[k].sizes(self.functions);
            remainders[k] = data[p * n..]
                .chunks_exact(n)
                .flat_map(|row| &row[p..])
                .copied()
                .collect();
        }
        self.fronts = fronts;
        outcome
    }

    /// The entries between a front's nodes of which one is eliminated there.
    fn gather(&self, front: &Front, place: &[usize], data: &mut Vec<f64>) {
        let (outer, inner) = self.shape;
        let d = self.functions;
        let n = d * front.nodes.len();
        data.clear();
        data.resize(n * n, 0.0);
        for (position, &node) in front.nodes[..front.eliminated].iter().enumerate() {
            let (i, j) = (node / inner, node % inner);
            for near in 0..9 {
                let (a, b) = (i + near / 3, j + near % 3);
                if a == 0 || b == 0 || a > outer || b > inner {
                    continue;
                }
                let other = (a - 1) * inner + b - 1;
                let there = place[other];
                if there == ABSENT {
                    continue;
                }
                for e in 0..d {
                    let from = self.at(node * d + e, near, 0);
                    let to = (position * d + e) * n + there * d;
                    data[to..to + d].copy_from_slice(&self.entries[from..from + d]);
                    if there >= front.eliminated {
                        let from = self.at(other * d + e, 8 - near, 0);
                        let to = (there * d + e) * n + position * d;
                        data[to..to + d].copy_from_slice(&self.entries[from..from + d]);
                    }
                }
            }
        }
    }

    /// Add what the elimination of a half left to its ring.
    fn append(
        &self,
        half: &Front,
        remainder: &[f64],
        place: &[usize],
        data: &mut [f64],
        nodes: usize,
    ) {
        let d = self.functions;
        let ring: Vec<usize> = half.nodes[half.eliminated..]
            .iter()
            .map(|&v| place[v])
            .collect();
        let size = d * ring.len();
        if size == 0 {
            return;
        }
        for (r, row) in remainder.chunks_exact(size).enumerate() {
            let start = (ring[r / d] * d + r % d) * nodes * d;
            let target = &mut data[start..start + nodes * d];
            for (&c, values) in ring.iter().zip(row.chunks_exact(d)) {
                for (t, v) in target[c * d..(c + 1) * d].iter_mut().zip(values) {
                    *t += v;
                }
            }
        }
    }

    /// Eliminate a front's own unknowns and keep the factors.
    fn eliminate(
        &self,
        front: &mut Front,
        data: &mut [f64],
        work: &mut Workspace,
        poll: &mut Poll,
    ) -> Result<(), LuFailure> {
        let (p, n) = front.sizes(self.functions);
        let layout = Layout {
            stride: n,
            offset: 0,
        };
        let pool = self.pool.as_deref();
        for panel in panels(p, n) {
            if poll.stop() {
                return Err(LuFailure::Interrupted);
            }
            factorise_panel(data, layout, work, panel, (|_| p, |_| n), &mut front.pivots)?;
            update_right(data, layout, work, panel, n, &front.pivots, pool);
        }
        front.upper.clear();
        front.upper.extend_from_slice(&data[..p * n]);
        front.lower.clear();
        for row in data[p * n..].chunks_exact(n) {
            front.lower.extend_from_slice(&row[..p]);
        }
        Ok(())
    }

    /// Solve for `columns` right-hand sides at once; `b` is row-major. Pivots sought in fronts
    /// alone may lose digits: the solution is refined until every row holds to [`BACKWARD`].
    ///
    /// # Errors
    /// An interruption; `b` is then spoilt.
    pub fn solve(&self, b: &mut [f64], columns: usize, poll: &mut Poll) -> Result<(), LuFailure> {
        let right = b.to_vec();
        self.substitute(b, columns, poll)?;
        for _ in 0..REFINEMENTS {
            let (mut rest, error) = self.rest(&right, b, columns);
            if error <= BACKWARD {
                break;
            }
            self.substitute(&mut rest, columns, poll)?;
            b.iter_mut().zip(&rest).for_each(|(x, r)| *x += r);
        }
        Ok(())
    }

    /// What a solution leaves of the right-hand sides, and the largest share of a row's terms.
    fn rest(&self, right: &[f64], x: &[f64], columns: usize) -> (Vec<f64>, f64) {
        let (outer, inner) = self.shape;
        let d = self.functions;
        let mut rest = right.to_vec();
        let mut size = vec![0.0; columns];
        let mut error: f64 = 0.0;
        for (row, values) in rest.chunks_exact_mut(columns).enumerate() {
            size.iter_mut()
                .zip(&*values)
                .for_each(|(s, v)| *s = v.abs());
            let (i, j) = (row / d / inner, row / d % inner);
            for near in 0..9 {
                let (a, b) = (i + near / 3, j + near % 3);
                if a == 0 || b == 0 || a > outer || b > inner {
                    continue;
                }
                let other = ((a - 1) * inner + b - 1) * d;
                for f in 0..d {
                    let entry = self.entries[self.at(row, near, f)];
                    let there = &x[(other + f) * columns..(other + f + 1) * columns];
                    for ((v, s), t) in values.iter_mut().zip(&mut size).zip(there) {
                        *v -= entry * t;
                        *s += (entry * t).abs();
                    }
                }
            }
            for (v, s) in values.iter().zip(&size) {
                if *s > 0.0 {
                    error = error.max(v.abs() / s);
                }
            }
        }
        (rest, error)
    }

    /// Solve with the factors.
    fn substitute(&self, b: &mut [f64], columns: usize, poll: &mut Poll) -> Result<(), LuFailure> {
        let width = self.functions * columns;
        let mut local = Vec::new();
        for front in &self.fronts {
            if poll.stop() {
                return Err(LuFailure::Interrupted);
            }
            let (p, n) = front.sizes(self.functions);
            collect(front, b, width, &mut local);
            let layout = Layout {
                stride: n,
                offset: 0,
            };
            for panel in panels(p, p) {
                forward(
                    &front.upper,
                    layout,
                    &front.pivots,
                    panel,
                    &mut local,
                    columns,
                );
            }
            let (head, ring) = local.split_at_mut(p * columns);
            for (row, factors) in ring
                .chunks_exact_mut(columns)
                .zip(front.lower.chunks_exact(p))
            {
                for (factor, other) in factors.iter().zip(head.chunks_exact(columns)) {
                    subtract_scaled(row, *factor, other);
                }
            }
            for (&node, values) in front.nodes.iter().zip(local.chunks_exact(width)) {
                b[node * width..(node + 1) * width].copy_from_slice(values);
            }
        }
        for front in self.fronts.iter().rev() {
            if poll.stop() {
                return Err(LuFailure::Interrupted);
            }
            let (p, n) = front.sizes(self.functions);
            collect(front, b, width, &mut local);
            let layout = Layout {
                stride: n,
                offset: 0,
            };
            for panel in panels(p, p).rev() {
                backward(&front.upper, layout, panel, n, &mut local, columns);
            }
            let own = front.nodes[..front.eliminated].iter();
            for (&node, values) in own.zip(local.chunks_exact(width)) {
                b[node * width..(node + 1) * width].copy_from_slice(values);
            }
        }
        Ok(())
    }
}

/// Panels of `p` columns, down to row `bottom`.
fn panels(p: usize, bottom: usize) -> impl DoubleEndedIterator<Item = Panel> {
    (0..p.div_ceil(PANEL)).map(move |k| Panel {
        start: k * PANEL,
        width: PANEL.min(p - k * PANEL),
        bottom,
    })
}

/// The right-hand sides of a front's nodes.
fn collect(front: &Front, b: &[f64], width: usize, local: &mut Vec<f64>) {
    local.clear();
    for &node in &front.nodes {
        local.extend_from_slice(&b[node * width..(node + 1) * width]);
    }
}

/// Append the fronts of a rectangle, its halves' first; the last one's number.
fn divide(
    shape: (usize, usize),
    [outer, inner]: [Range<usize>; 2],
    fronts: &mut Vec<Front>,
) -> usize {
    let whole = outer.len() * inner.len() <= LEAF;
    let mut halves = Vec::new();
    let (rows, columns) = if whole {
        (outer.clone(), inner.clone())
    } else if outer.len() >= inner.len() {
        let line = (outer.start + outer.end) / 2;
        for part in [outer.start..line, line + 1..outer.end] {
            halves.push(divide(shape, [part, inner.clone()], fronts));
        }
        (line..line + 1, inner.clone())
    } else {
        let line = (inner.start + inner.end) / 2;
        for part in [inner.start..line, line + 1..inner.end] {
            halves.push(divide(shape, [outer.clone(), part], fronts));
        }
        (outer.clone(), line..line + 1)
    };
    let mut nodes: Vec<usize> = rows
        .flat_map(|i| columns.clone().map(move |j| i * shape.1 + j))
        .collect();
    let eliminated = nodes.len();
    for i in outer.start.saturating_sub(1)..(outer.end + 1).min(shape.0) {
        for j in inner.start.saturating_sub(1)..(inner.end + 1).min(shape.1) {
            if !outer.contains(&i) || !inner.contains(&j) {
                nodes.push(i * shape.1 + j);
            }
        }
    }
    fronts.push(Front {
        nodes,
        eliminated,
        halves,
        upper: Vec::new(),
        lower: Vec::new(),
        pivots: Vec::new(),
    });
    fronts.len() - 1
}
