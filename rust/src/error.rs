//! Errors of the core. A numerical failure is not an error: it is a status of the solution.

use thiserror::Error;

/// Why no solution, not even a failed one, can be returned.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GridError {
    /// An argument outside its domain.
    #[error("{argument} is {value}: {remedy}")]
    InvalidInput {
        /// Name of the argument as the caller knows it.
        argument: String,
        /// The offending value, with its place when it is one of many.
        value: String,
        /// What would be accepted.
        remedy: String,
    },
    /// The factorisation would not fit into the memory allowed.
    #[error(
        "a grid of {nx} x {ny} nodes needs {needed} bytes for its factorisation, \
         but {limit} are allowed: use fewer nodes, or fewer on the shorter side"
    )]
    TooLarge {
        /// Nodes along x.
        nx: usize,
        /// Nodes along y.
        ny: usize,
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// The caller asked to stop.
    #[error("the solve was interrupted")]
    Interrupted,
}

impl GridError {
    /// An [`GridError::InvalidInput`] from anything printable.
    pub fn invalid(
        argument: impl Into<String>,
        value: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::InvalidInput {
            argument: argument.into(),
            value: value.into(),
            remedy: remedy.into(),
        }
    }
}

/// Result of the core.
pub type Result<T> = std::result::Result<T, GridError>;
