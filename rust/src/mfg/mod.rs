//! Mean-field games in one dimension:
//! `-u_t + r u - nu u_xx - b u_x + H(u_x) = f(t, x, law)`, `u(T) = g(x, law)`;
//! `m_t - (nu m)_xx + (m (b - H'(u_x)))_x = 0`, `m(0) = m0`.
//!
//! * [`mesh`], [`tridiagonal`]: nodes, ends, linear systems;
//! * [`hamiltonian`], [`tabulated`], [`coupling`]: H, and the costs that depend on the law;
//! * [`generator`]: the linearised operator of a step, whose transpose moves the density;
//! * [`problem`]: the game and its validation;
//! * [`sweep`], [`evidence`]: one pass backward for u and one forward for m, and what they say;
//! * `rest`: the same where there is no time;
//! * `planner`: what an agent adds to the costs of all;
//! * `coordinates`, [`fixed_point`], [`krylov`]: the law of the best responses to itself;
//! * [`plane`]: two dimensions, line by line; [`populations`]: several laws on one mesh;
//!   [`scenarios`]: common noise as a tree;
//! * `refinement`, [`solution`], `verdict`: several starts, exploitability, extrapolation, and what
//!   the result is worth.

mod coordinates;
pub mod coupling;
pub mod evidence;
pub mod fixed_point;
pub mod generator;
pub mod hamiltonian;
pub mod krylov;
pub mod mesh;
pub mod plane;
mod planner;
pub mod populations;
pub mod problem;
mod refinement;
mod rest;
pub mod scenarios;
pub mod solution;
pub mod sweep;
pub mod tabulated;
pub mod tridiagonal;
mod verdict;
