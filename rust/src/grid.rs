//! Tensor grids. A grid function is a slice in C order: value `(i, j)` at `i * ny + j`.

use crate::error::{GridError, Result};
use crate::stencil::{interior_block, one_sided_block, Block, Jet, ThreePoint, JET};

/// Fewest nodes of an axis: three of them must lie in the inner half of the box.
pub const MIN_NODES: usize = 5;

/// One axis: strictly increasing nodes and their three-point stencils.
#[derive(Debug, Clone)]
pub struct Axis {
    nodes: Vec<f64>,
    stencils: Vec<ThreePoint>,
}

impl Axis {
    /// An axis from its nodes; `name` is used in errors.
    ///
    /// # Errors
    /// Fewer than [`MIN_NODES`] nodes, a node that is not finite, or nodes that do not increase.
    pub fn new(name: &str, nodes: Vec<f64>) -> Result<Self> {
        let n = nodes.len();
        if n < MIN_NODES {
            return Err(GridError::invalid(
                name,
                format!("an axis of {n} nodes"),
                format!("at least {MIN_NODES} nodes are needed"),
            ));
        }
        for (i, &node) in nodes.iter().enumerate() {
            if !node.is_finite() {
                return Err(GridError::invalid(
                    name,
                    format!("{node:?} at index {i}"),
                    "every node must be finite",
                ));
            }
        }
        for (i, pair) in nodes.windows(2).enumerate() {
            // Also refuses neighbours that differences of doubles cannot tell apart.
            let gap = pair[1] - pair[0];
            let scale = pair[0].abs().max(pair[1].abs());
            if gap.is_nan() || gap <= 1e-10 * scale || !(gap * gap).is_normal() {
                return Err(GridError::invalid(
                    name,
                    format!("{:?}, {:?} at indices {i}, {}", pair[0], pair[1], i + 1),
                    "nodes must increase strictly, by more than 1e-10 of their size",
                ));
            }
        }
        let stencils = (0..n)
            .map(|i| {
                let base = base(i, n);
                ThreePoint::new([nodes[base], nodes[base + 1], nodes[base + 2]], i - base)
            })
            .collect();
        Ok(Self { nodes, stencils })
    }

    /// The nodes.
    #[must_use]
    pub fn nodes(&self) -> &[f64] {
        &self.nodes
    }

    /// Number of nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Never true: an axis has at least [`MIN_NODES`] nodes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Centre of the interval.
    #[must_use]
    pub fn center(&self) -> f64 {
        0.5 * (self.nodes[0] + self.nodes[self.len() - 1])
    }

    /// Half the length of the interval.
    #[must_use]
    pub fn half_width(&self) -> f64 {
        0.5 * (self.nodes[self.len() - 1] - self.nodes[0])
    }

    /// Whether node `i` is an end of the interval.
    #[must_use]
    pub fn is_end(&self, i: usize) -> bool {
        i == 0 || i + 1 == self.len()
    }

    /// Indices of the nodes in the inner half of the interval.
    #[must_use]
    pub fn inner_half(&self) -> Vec<usize> {
        let reach = 0.5 * self.half_width() * (1.0 + 1e-12);
        (1..self.len() - 1)
            .filter(|&i| (self.nodes[i] - self.center()).abs() <= reach)
            .collect()
    }
}

/// First of the three nodes used at node `i` of `n`.
fn base(i: usize, n: usize) -> usize {
    i.clamp(1, n - 2) - 1
}

/// A tensor grid in two dimensions.
#[derive(Debug, Clone)]
pub struct Grid {
    /// First axis, index `i`.
    pub x: Axis,
    /// Second axis, index `j`.
    pub y: Axis,
}

impl Grid {
    /// A grid from its nodes.
    ///
    /// # Errors
    /// See [`Axis::new`].
    pub fn new(x: Vec<f64>, y: Vec<f64>) -> Result<Self> {
        Ok(Self {
            x: Axis::new("x", x)?,
            y: Axis::new("y", y)?,
        })
    }

    /// Nodes along x and along y.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        (self.x.len(), self.y.len())
    }

    /// Number of nodes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.x.len() * self.y.len()
    }

    /// Position of node `(i, j)` in a grid function.
    #[must_use]
    pub fn at(&self, i: usize, j: usize) -> usize {
        i * self.y.len() + j
    }

    /// Whether node `(i, j)` lies on the boundary.
    #[must_use]
    pub fn is_boundary(&self, i: usize, j: usize) -> bool {
        self.x.is_end(i) || self.y.is_end(j)
    }

    /// Corner `(i0, j0)` of the 3 x 3 block of nodes used at node `(i, j)`.
    #[must_use]
    pub fn block_corner(&self, i: usize, j: usize) -> (usize, usize) {
        (base(i, self.x.len()), base(j, self.y.len()))
    }

    /// Weights of the jet at node `(i, j)`: central inside, one-sided on the boundary.
    #[must_use]
    pub fn block(&self, i: usize, j: usize) -> Block {
        let (x, y) = (&self.x, &self.y);
        if self.is_boundary(i, j) {
            let (i0, j0) = self.block_corner(i, j);
            one_sided_block(&x.stencils[i], &y.stencils[j], i - i0, j - j0)
        } else {
            interior_block(
                &x.stencils[i],
                &y.stencils[j],
                x.nodes[i + 1] - x.nodes[i - 1],
                y.nodes[j + 1] - y.nodes[j - 1],
            )
        }
    }

    /// Value and derivatives of grid function `f` at node `(i, j)`.
    #[must_use]
    pub fn jet(&self, f: &[f64], i: usize, j: usize) -> Jet {
        let block = self.block(i, j);
        let (i0, j0) = self.block_corner(i, j);
        // Weights of a derivative add up to zero: differences from the value at the node lose
        // less to rounding than the values themselves.
        let center = f[self.at(i, j)];
        let mut jet = [0.0; JET];
        for di in 0..3 {
            let row = self.at(i0 + di, j0);
            for dj in 0..3 {
                let difference = f[row + dj] - center;
                for (value, weights) in jet.iter_mut().zip(&block) {
                    *value += weights[3 * di + dj] * difference;
                }
            }
        }
        jet[0] = center;
        jet
    }
}
