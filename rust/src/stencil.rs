//! Three-point differences on a possibly graded axis, and the derivatives of a grid function.

/// Number of derivatives kept at a node: value, x, y, xx, xy, yy.
pub const JET: usize = 6;

/// Value and derivatives of a function at a node: `[f, f_x, f_y, f_xx, f_xy, f_yy]`.
pub type Jet = [f64; JET];

/// Weights of first and second derivative over three neighbouring nodes.
///
/// They differentiate the quadratic interpolant, so they are exact for quadratics on any grading.
#[derive(Debug, Clone, Copy)]
pub struct ThreePoint {
    /// Weights of the first derivative.
    pub first: [f64; 3],
    /// Weights of the second derivative.
    pub second: [f64; 3],
}

impl ThreePoint {
    /// Weights at `nodes[at]`.
    #[must_use]
    pub fn new(nodes: [f64; 3], at: usize) -> Self {
        let mut first = [0.0; 3];
        let mut second = [0.0; 3];
        for k in 0..3 {
            let (l, m) = ((k + 1) % 3, (k + 2) % 3);
            let scale = (nodes[k] - nodes[l]) * (nodes[k] - nodes[m]);
            // d/dt (t - x_l)(t - x_m) from differences of nodes, which are nearly exact.
            first[k] = ((nodes[at] - nodes[l]) + (nodes[at] - nodes[m])) / scale;
            second[k] = 2.0 / scale;
        }
        Self { first, second }
    }
}

/// Weights of all six entries of a jet over a 3 x 3 block of nodes, block index `3 * di + dj`.
pub type Block = [[f64; 9]; JET];

/// Jet weights at an interior node: axis stencils, and the four corners for the cross derivative.
#[must_use]
pub fn interior_block(x: &ThreePoint, y: &ThreePoint, width_x: f64, width_y: f64) -> Block {
    let mut block = [[0.0; 9]; JET];
    block[0][4] = 1.0;
    for k in 0..3 {
        block[1][3 * k + 1] = x.first[k];
        block[2][3 + k] = y.first[k];
        block[3][3 * k + 1] = x.second[k];
        block[5][3 + k] = y.second[k];
    }
    let corner = 1.0 / (width_x * width_y);
    block[4][0] = corner;
    block[4][2] = -corner;
    block[4][6] = -corner;
    block[4][8] = corner;
    block
}

/// Jet weights at node `(at_x, at_y)` of a block, for nodes on the boundary: one-sided.
#[must_use]
pub fn one_sided_block(x: &ThreePoint, y: &ThreePoint, at_x: usize, at_y: usize) -> Block {
    let mut block = [[0.0; 9]; JET];
    block[0][3 * at_x + at_y] = 1.0;
    for k in 0..3 {
        block[1][3 * k + at_y] = x.first[k];
        block[2][3 * at_x + k] = y.first[k];
        block[3][3 * k + at_y] = x.second[k];
        block[5][3 * at_x + k] = y.second[k];
        for l in 0..3 {
            block[4][3 * k + l] = x.first[k] * y.first[l];
        }
    }
    block
}
