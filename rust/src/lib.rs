//! Grid solver for the extended Hamilton-Jacobi-Bellman systems of time-inconsistent control.
//!
//! A problem is given by numbers on the nodes of a grid: how drift and diffusion depend on the
//! control, the two payoffs whose conditional expectations are sought, and the preference that
//! weighs them. Nothing is assumed about the form of the solution. The modules form a chain:
//!
//! * [`grid`], [`stencil`]: axes, nodes, three-point differences;
//! * [`problem`]: the coefficients and their validation;
//! * [`policy`]: the control from its first-order condition, with the derivatives Newton needs;
//! * [`closure`]: boundary values at most quadratic growth;
//! * [`kernel`], [`banded`], [`dense`], [`complex`]: linear algebra;
//! * [`system`], [`assembly`], [`newton`]: the stationary problem;
//! * [`diagnostics`], [`solution`]: what convergence alone does not say, and the verdict.
//!
//! The Python edge is the only module that knows Python.

#![deny(unsafe_code, clippy::unwrap_used, clippy::expect_used)]
#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod assembly;
pub mod banded;
pub mod closure;
pub mod complex;
pub mod dense;
pub mod diagnostics;
pub mod error;
pub mod grid;
pub mod kernel;
pub mod newton;
pub mod policy;
pub mod problem;
#[cfg(feature = "python")]
mod python;
pub mod solution;
pub mod stencil;
pub mod system;

pub use error::GridError;
pub use grid::Grid;
pub use newton::{solve_stationary, Options};
pub use problem::StationaryProblem;
pub use solution::{Solution, Status};
