//! What a solve asks and tells its caller while it works.

use crate::error::{GridError, Result};

/// How far a solve has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// What is counted, in the plural.
    pub stage: &'static str,
    /// How many of them are done.
    pub done: usize,
    /// How many there will be, where that is known.
    pub total: Option<usize>,
    /// The residual, or the last relative change, that they left; NaN where there is none.
    pub residual: f64,
}

/// The caller's side of a long solve. A function that says whether to stop is one.
pub trait Control {
    /// Asked often, at least a few times a second: `true` means stop.
    fn stop(&mut self) -> bool;

    /// Told after every step; must be cheap.
    fn report(&mut self, _progress: Progress) {}
}

impl<F: FnMut() -> bool> Control for F {
    fn stop(&mut self) -> bool {
        self()
    }
}

/// The caller, as long work knows it.
pub type Poll<'a> = dyn Control + 'a;

/// Ask the caller whether to go on.
///
/// # Errors
/// [`GridError::Interrupted`].
pub fn go_on(poll: &mut Poll) -> Result<()> {
    if poll.stop() {
        Err(GridError::Interrupted)
    } else {
        Ok(())
    }
}
