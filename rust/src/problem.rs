//! The stationary extended HJB system of a preference F(x, E phi_1, E phi_2), as numbers.

use crate::error::{GridError, Result};
use crate::grid::Grid;
use crate::policy::Generator;

/// Arrays of the drift: x constant, x linear in the control, y constant, y linear.
pub const DRIFT_ARRAYS: usize = 4;
/// Arrays of the diffusion: xx, xy, yy, each constant, linear and quadratic in the control.
pub const DIFFUSION_ARRAYS: usize = 9;
/// Largest relative tolerance with which an iteration may be called converged.
pub const LARGEST_TOLERANCE: f64 = 1e-3;

/// Find G, H and a policy p with
///
/// ```text
/// A^p G - hazard (G - phi_1) + s_1 = 0,    A^p H - hazard (H - phi_2) + s_2 = 0,
/// A^p f = sum_i (b_i0 + b_i1 p) f_i + 1/2 sum_ij (a_ij0 + a_ij1 p + a_ij2 p^2) f_ij,
/// p maximal for F_g A^p G + F_h A^p H,   F_g = weight + gamma G,   F_h = -gamma / 2,
/// ```
///
/// the extended HJB system of the preference `weight * g - gamma/2 (h - g^2)`. Arrays hold one
/// grid function after another, each in C order.
#[derive(Debug, Clone)]
pub struct StationaryProblem {
    /// The grid.
    pub grid: Grid,
    /// `[bx0, bx1, by0, by1]`, per unit of time.
    pub drift: Vec<f64>,
    /// `[axx0, axx1, axx2, axy0, axy1, axy2, ayy0, ayy1, ayy2]`, per unit of time.
    pub diffusion: Vec<f64>,
    /// `[phi_1, phi_2]`.
    pub payoff: Vec<f64>,
    /// Weight on the mean.
    pub weight: Vec<f64>,
    /// Aversion to variance, positive.
    pub gamma: f64,
    /// Hazard rate of the horizon, positive, per unit of time.
    pub hazard: f64,
    /// Sources `[s_1, s_2]`, zero when absent.
    pub source: Option<Vec<f64>>,
}

impl StationaryProblem {
    /// Check shapes, finiteness, domains, and that the diffusion is positive semidefinite.
    ///
    /// # Errors
    /// [`GridError::InvalidInput`] with the first fault found.
    pub fn validate(&self) -> Result<()> {
        let size = self.grid.size();
        self.check_array("drift", &self.drift, DRIFT_ARRAYS * size)?;
        self.check_array("diffusion", &self.diffusion, DIFFUSION_ARRAYS * size)?;
        self.check_array("payoff", &self.payoff, 2 * size)?;
        self.check_array("weight", &self.weight, size)?;
        if let Some(source) = &self.source {
            self.check_array("source", source, 2 * size)?;
        }
        check_positive("gamma", self.gamma)?;
        check_positive("hazard", self.hazard)?;
        self.check_diffusion()
    }

    /// Check the length of an array on this grid, and that it is finite.
    ///
    /// # Errors
    /// [`GridError::InvalidInput`] with the first fault found.
    pub fn check_array(&self, name: &str, values: &[f64], expected: usize) -> Result<()> {
        if values.len() != expected {
            return Err(GridError::invalid(
                name,
                format!("an array of {} numbers", values.len()),
                format!("{expected} numbers are needed on this grid"),
            ));
        }
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(()),
            Some(index) => Err(GridError::invalid(
                name,
                format!("{:?} at {}", values[index], self.place(index)),
                "every number must be finite",
            )),
        }
    }

    /// Readable place of a flat index: grid function and node.
    fn place(&self, index: usize) -> String {
        let (size, ny) = (self.grid.size(), self.grid.y.len());
        let node = index % size;
        format!("index [{}, {}, {}]", index / size, node / ny, node % ny)
    }

    /// The diffusion must be positive semidefinite: its diagonal for every control, its
    /// determinant at a few controls.
    fn check_diffusion(&self) -> Result<()> {
        let size = self.grid.size();
        let fault = |name: &str, node: usize, value: f64| {
            GridError::invalid(
                "diffusion",
                format!("an array with {name} = {value:e} at {}", self.place(node)),
                "the diffusion matrix must be positive semidefinite for every control",
            )
        };
        for node in 0..size {
            let entry = |k: usize| self.diffusion[k * size + node];
            let quadratic = |k: usize| [entry(k), entry(k + 1), entry(k + 2)];
            let (xx, xy, yy) = (quadratic(0), quadratic(3), quadratic(6));
            for (name, q) in [("axx", xx), ("ayy", yy)] {
                let scale = q[0].abs().max(q[1].abs()).max(q[2].abs());
                let smallest = q[0].min(q[2]);
                let discriminant = q[1] * q[1] - 4.0 * q[0] * q[2];
                if smallest < -1e-12 * scale || discriminant > 1e-12 * scale * scale {
                    let worst = if q[2] > 0.0 {
                        q[0] - 0.25 * q[1] * q[1] / q[2]
                    } else {
                        smallest.min(-q[1].abs())
                    };
                    return Err(fault(&format!("smallest value of {name}"), node, worst));
                }
            }
            for p in [-1.0, 0.0, 1.0] {
                let at = |q: [f64; 3]| q[0] + p * (q[1] + p * q[2]);
                let (product, cross) = (at(xx) * at(yy), at(xy) * at(xy));
                if product - cross < -1e-10 * (product.abs() + cross) {
                    return Err(fault(
                        &format!("determinant at p = {p}"),
                        node,
                        product - cross,
                    ));
                }
            }
        }
        Ok(())
    }

    /// Generator at a node.
    #[must_use]
    pub fn generator(&self, node: usize) -> Generator {
        let size = self.grid.size();
        let b = |k: usize| self.drift[k * size + node];
        let a = |k: usize| self.diffusion[k * size + node];
        Generator {
            terms: [
                [b(0), b(1), 0.0],
                [b(2), b(3), 0.0],
                [0.5 * a(0), 0.5 * a(1), 0.5 * a(2)],
                [a(3), a(4), a(5)],
                [0.5 * a(6), 0.5 * a(7), 0.5 * a(8)],
            ],
        }
    }

    /// Payoffs at a node.
    #[must_use]
    pub fn payoff(&self, node: usize) -> [f64; 2] {
        [self.payoff[node], self.payoff[self.grid.size() + node]]
    }
}

/// Refuse a number that is not finite and positive.
///
/// # Errors
/// [`GridError::InvalidInput`].
pub fn check_positive(name: &str, value: f64) -> Result<()> {
    if value.is_finite() && value > 0.0 {
        Ok(())
    } else {
        Err(GridError::invalid(
            name,
            format!("{value:?}"),
            "a finite positive number is needed",
        ))
    }
}

/// Refuse a tolerance that is not positive, or so large that it would accept anything.
///
/// # Errors
/// [`GridError::InvalidInput`].
pub fn check_tolerance(value: f64) -> Result<()> {
    if value > 0.0 && value <= LARGEST_TOLERANCE {
        Ok(())
    } else {
        Err(GridError::invalid(
            "tolerance",
            format!("{value:?}"),
            format!("a positive number up to {LARGEST_TOLERANCE} is needed"),
        ))
    }
}
