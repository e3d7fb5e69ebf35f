//! Boundary values.
//!
//! The extended HJB system has no boundary conditions: its solution is singled out by growing at
//! most quadratically. The discrete form of that statement gives every boundary node the value of
//! the quadratic fitted by least squares to the inner window, the middle half of the box in each
//! direction. The fit has six coefficients for each of G and H, so eliminating the boundary adds a
//! matrix of rank twelve to the banded one, which the Newton step treats exactly.

use crate::dense::{dot, fit_operator};
use crate::error::{GridError, Result};
use crate::grid::Grid;

/// Coefficients of a quadratic in two variables.
pub const QUADRATIC: usize = 6;

/// Monomials 1, u, v, u^2, uv, v^2 in the coordinates of the box, each in [-1, 1].
fn monomials(grid: &Grid, i: usize, j: usize) -> [f64; QUADRATIC] {
    let u = (grid.x.nodes()[i] - grid.x.center()) / grid.x.half_width();
    let v = (grid.y.nodes()[j] - grid.y.center()) / grid.y.half_width();
    [1.0, u, v, u * u, u * v, v * v]
}

/// Least-squares fits over the inner window.
#[derive(Debug, Clone)]
pub struct Window {
    /// Nodes `(i, j)` of the window.
    pub nodes: Vec<(usize, usize)>,
    /// For G and H, the `6 x nodes` matrix from values to coefficients.
    fits: [Vec<f64>; 2],
    affine: Vec<f64>,
}

impl Window {
    /// The window of a grid.
    ///
    /// # Errors
    /// Fewer than three nodes of an axis in the inner half of the box.
    pub fn new(grid: &Grid) -> Result<Self> {
        let (inner_x, inner_y) = (grid.x.inner_half(), grid.y.inner_half());
        for (name, inner) in [("x", &inner_x), ("y", &inner_y)] {
            if inner.len() < 3 {
                return Err(GridError::invalid(
                    name,
                    format!("an axis with {} nodes in its inner half", inner.len()),
                    "the inner half of the interval must hold at least 3 nodes",
                ));
            }
        }
        let nodes: Vec<(usize, usize)> = inner_x
            .iter()
            .flat_map(|&i| inner_y.iter().map(move |&j| (i, j)))
            .collect();
        let basis: Vec<Vec<f64>> = (0..QUADRATIC)
            .map(|q| {
                nodes
                    .iter()
                    .map(|&(i, j)| monomials(grid, i, j)[q])
                    .collect()
            })
            .collect();
        let weight = |&(i, j): &(usize, usize)| {
            let dx = (grid.x.nodes()[i] - grid.x.center()).abs();
            let dy = (grid.y.nodes()[j] - grid.y.center()).abs();
            1.0 / (1.0 + dx + dy)
        };
        let first: Vec<f64> = nodes.iter().map(weight).collect();
        let second: Vec<f64> = first.iter().map(|w| w * w).collect();
        let equal = vec![1.0; nodes.len()];
        let fits = (
            fit_operator(&basis, &first),
            fit_operator(&basis, &second),
            fit_operator(&basis[..3], &equal),
        );
        let (Some(fit_g), Some(fit_h), Some(affine)) = fits else {
            return Err(GridError::invalid(
                "x, y",
                "nodes that do not determine a quadratic",
                "spread the nodes of the inner half of the box more evenly",
            ));
        };
        Ok(Self {
            nodes,
            fits: [fit_g, fit_h],
            affine,
        })
    }

    /// Row `q` of the fit of G (0) or H (1): the weights of coefficient `q` over the nodes.
    #[must_use]
    pub fn fit_row(&self, function: usize, q: usize) -> &[f64] {
        let m = self.nodes.len();
        &self.fits[function][q * m..(q + 1) * m]
    }

    /// Coefficients of the quadratic fitted to values at the nodes of the window.
    #[must_use]
    pub fn quadratic(&self, function: usize, values: &[f64]) -> [f64; QUADRATIC] {
        std::array::from_fn(|q| dot(self.fit_row(function, q), values))
    }

    /// Largest deviation of values from the affine function fitted to them.
    #[must_use]
    pub fn nonaffine(&self, grid: &Grid, values: &[f64]) -> f64 {
        let m = self.nodes.len();
        let c: [f64; 3] = std::array::from_fn(|q| dot(&self.affine[q * m..(q + 1) * m], values));
        self.nodes
            .iter()
            .zip(values)
            .map(|(&(i, j), value)| (value - dot(&c, &monomials(grid, i, j)[..3])).abs())
            .fold(0.0, f64::max)
    }

    /// Largest deviation of values from the quadratic fitted to them.
    #[must_use]
    pub fn nonquadratic(&self, grid: &Grid, values: &[f64]) -> f64 {
        let c = self.quadratic(0, values);
        self.nodes
            .iter()
            .zip(values)
            .map(|(&(i, j), value)| (value - dot(&c, &monomials(grid, i, j))).abs())
            .fold(0.0, f64::max)
    }

    /// Values of a grid function at the nodes of the window.
    #[must_use]
    pub fn values(&self, grid: &Grid, f: &[f64]) -> Vec<f64> {
        self.nodes.iter().map(|&(i, j)| f[grid.at(i, j)]).collect()
    }
}

/// How boundary nodes get their values.
#[derive(Debug, Clone)]
pub enum Closure {
    /// The quadratic of the inner window: at most quadratic growth.
    QuadraticGrowth,
    /// Given values, one grid function for G and one for H; only boundary nodes are read.
    Dirichlet(Vec<f64>),
}

impl Closure {
    /// Write the boundary values of G (0) or H (1) that belong to its interior values.
    pub fn apply(&self, grid: &Grid, window: &Window, function: usize, f: &mut [f64]) {
        let (nx, ny) = grid.shape();
        let coefficients = match self {
            Self::QuadraticGrowth => window.quadratic(function, &window.values(grid, f)),
            Self::Dirichlet(_) => [0.0; QUADRATIC],
        };
        for i in 0..nx {
            for j in 0..ny {
                if grid.is_boundary(i, j) {
                    let at = grid.at(i, j);
                    f[at] = match self {
                        Self::QuadraticGrowth => dot(&coefficients, &monomials(grid, i, j)),
                        Self::Dirichlet(values) => values[function * grid.size() + at],
                    };
                }
            }
        }
    }

    /// Rank of the matrix that eliminating the boundary adds.
    #[must_use]
    pub fn rank(&self) -> usize {
        match self {
            Self::QuadraticGrowth => 2 * QUADRATIC,
            Self::Dirichlet(_) => 0,
        }
    }

    /// Derivatives of the value at boundary node `(i, j)` with respect to the six coefficients.
    #[must_use]
    pub fn boundary_row(&self, grid: &Grid, i: usize, j: usize) -> [f64; QUADRATIC] {
        match self {
            Self::QuadraticGrowth => monomials(grid, i, j),
            Self::Dirichlet(_) => [0.0; QUADRATIC],
        }
    }
}
