//! The crate's tests of what is public, in one program: each file of its own would be linked by itself.

mod banded;
mod common;
mod control;
mod dissection;
mod mfg;
mod parabolic;
mod policy_iteration;
mod properties;
mod space;
mod stationary;
mod threads;
