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
//! * [`frozen`], [`anderson`], [`policy_iteration`]: the same by another iteration;
//! * [`evolution`], [`parabolic`], [`path`]: the horizon min(tau, T) with a hazard rate that depends on time;
//! * [`diagnostics`], [`solution`]: what convergence alone does not say, and the verdict.
//! * [`mfg`]: mean-field games in one dimension;
//! * [`controlled_diffusion`]: control of the diffusion in one dimension.
//!
//! The Python edge is the only part that knows Python.

#![deny(unsafe_code, clippy::unwrap_used, clippy::expect_used)]
#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod anderson;
pub mod assembly;
pub mod banded;
pub mod closure;
pub mod complex;
pub mod control;
pub mod controlled_diffusion;
pub mod dense;
pub mod diagnostics;
pub mod dissection;
pub mod error;
pub mod evolution;
pub mod frozen;
pub mod grid;
pub mod kernel;
pub mod mfg;
pub mod newton;
pub mod panel;
pub mod parabolic;
pub mod path;
pub mod policy;
pub mod policy_iteration;
pub mod problem;
#[cfg(feature = "python")]
mod python;
#[cfg(feature = "python")]
mod python_diffusion;
#[cfg(feature = "python")]
mod python_hjb;
#[cfg(feature = "python")]
mod python_mfg;
#[cfg(feature = "python")]
mod python_parabolic;
#[cfg(feature = "python")]
mod python_parts;
#[cfg(feature = "python")]
mod python_plane;
pub mod solution;
pub mod stencil;
pub mod system;

pub use error::GridError;
pub use evolution::{Evolution, Scheme};
pub use grid::Grid;
pub use newton::{solve_stationary, Method, Options};
pub use parabolic::solve_parabolic;
pub use path::Path;
pub use problem::StationaryProblem;
pub use solution::{Solution, Status};
