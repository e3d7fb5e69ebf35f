//! Time: levels, hazard rates, data that depend on time, and the scheme.

use crate::closure::Closure;
use crate::error::{GridError, Result};
use crate::problem::{check_tolerance, StationaryProblem};
use crate::system::System;

/// Largest probability, to first order, that the horizon strikes within a step.
const RESOLVED: f64 = 1.0;

/// How time is discretised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scheme {
    /// Weight of the new level: 1 is implicit Euler, 1/2 is Crank-Nicolson.
    Theta(f64),
    /// Two-step backward differentiation, started by a Crank-Nicolson step.
    Bdf2,
}

/// Times, hazard rates and data that depend on time, at every level.
#[derive(Debug, Clone)]
pub struct Evolution {
    /// Increasing times from 0 to T.
    pub times: Vec<f64>,
    /// Hazard rate at each time, nonnegative.
    pub hazards: Vec<f64>,
    /// Sources `[s_1, s_2]` at each time, one level after another.
    pub sources: Option<Vec<f64>>,
    /// Boundary values `[G, H]` at each time; the quadratic closure when absent.
    pub boundary: Option<Vec<f64>>,
    /// The scheme.
    pub scheme: Scheme,
    /// Change of a Newton step, relative to 1 + |payoff|, at which it ends.
    pub tolerance: f64,
    /// Most bytes for the factorisation and for the result, each.
    pub memory_limit: u64,
    /// Threads of the factorisation, 0 for as many as there are processors.
    pub threads: usize,
}

impl Default for Evolution {
    /// Crank-Nicolson without times.
    fn default() -> Self {
        Self {
            times: Vec::new(),
            hazards: Vec::new(),
            sources: None,
            boundary: None,
            scheme: Scheme::Theta(0.5),
            tolerance: 1e-11,
            memory_limit: 2 << 30,
            threads: 0,
        }
    }
}

impl Evolution {
    /// Number of times.
    #[must_use]
    pub fn levels(&self) -> usize {
        self.times.len()
    }

    /// Check lengths, domains and that the steps resolve the hazard rate.
    ///
    /// # Errors
    /// [`GridError::InvalidInput`] or [`GridError::TooLarge`].
    pub fn validate(&self, problem: &StationaryProblem) -> Result<()> {
        let levels = self.levels();
        if levels < 2 {
            return Err(GridError::invalid(
                "times",
                format!("an array of {levels} numbers"),
                "at least two times are needed, 0 and the horizon",
            ));
        }
        if self.hazards.len() != levels {
            return Err(GridError::invalid(
                "hazard",
                format!("an array of {} numbers", self.hazards.len()),
                format!("one number for each of the {levels} times is needed"),
            ));
        }
        for (k, &time) in self.times.iter().enumerate() {
            if !time.is_finite() {
                return Err(GridError::invalid(
                    "times",
                    format!("{time:?} at index {k}"),
                    "every time must be finite",
                ));
            }
        }
        for (k, &rate) in self.hazards.iter().enumerate() {
            if !rate.is_finite() || rate < 0.0 {
                return Err(GridError::invalid(
                    "hazard",
                    format!("{rate:?} at time {:?}", self.times[k]),
                    "the hazard rate must be finite and nonnegative at every time",
                ));
            }
        }
        for (k, (t, l)) in self
            .times
            .windows(2)
            .zip(self.hazards.windows(2))
            .enumerate()
        {
            let dt = t[1] - t[0];
            if dt.is_nan() || dt <= 1e-12 * t[1].abs().max(t[0].abs()) {
                return Err(GridError::invalid(
                    "times",
                    format!("{:?}, {:?} at indices {k}, {}", t[0], t[1], k + 1),
                    "times must increase strictly",
                ));
            }
            let strike = dt * l[0].max(l[1]);
            if strike > RESOLVED {
                return Err(GridError::invalid(
                    "times",
                    format!(
                        "a step of {dt:?} at time {:?} with hazard rate {:?}",
                        t[0],
                        l[0].max(l[1])
                    ),
                    format!(
                        "time steps must resolve the hazard rate: use at least {:.0} times as \
                         many, so that step times rate is at most {RESOLVED}",
                        (strike / RESOLVED).ceil()
                    ),
                ));
            }
        }
        if let Scheme::Theta(theta) = self.scheme {
            if !(0.5..=1.0).contains(&theta) {
                return Err(GridError::invalid(
                    "scheme",
                    format!("{theta:?}"),
                    "a number between 1/2 (Crank-Nicolson) and 1 (implicit Euler) is needed",
                ));
            }
        } else {
            for (k, t) in self.times.windows(3).enumerate() {
                let ratio = (t[1] - t[0]) / (t[2] - t[1]);
                if ratio > 2.4 {
                    return Err(GridError::invalid(
                        "times",
                        format!("a step {ratio:.3} times its successor at index {k}"),
                        "with BDF2 a step may be at most 2.4 times the next one",
                    ));
                }
            }
        }
        check_tolerance(self.tolerance)?;
        let size = 2 * problem.grid.size();
        for (name, values) in [("source", &self.sources), ("boundary", &self.boundary)] {
            if let Some(values) = values {
                problem.check_array(name, values, levels * size)?;
            }
        }
        let (nx, ny) = problem.grid.shape();
        let needed = 12 * (levels as u64) * (size as u64);
        if needed > self.memory_limit {
            return Err(GridError::invalid(
                "times",
                format!("{levels} times on {nx} x {ny} nodes, {needed} bytes of results"),
                format!(
                    "at most {} bytes are allowed: use fewer steps",
                    self.memory_limit
                ),
            ));
        }
        Ok(())
    }

    /// Part of a stack of levels, two grid functions each.
    fn level(stack: Option<&Vec<f64>>, size: usize, k: usize) -> Option<&[f64]> {
        stack.and_then(|s| s.get(2 * size * k..2 * size * (k + 1)))
    }

    /// Let a system stand at level `k`.
    pub(crate) fn place(&self, system: &mut System, k: usize) {
        let size = system.problem.grid.size();
        system.hazard = self.hazards[k];
        if self.sources.is_some() {
            system.source = Self::level(self.sources.as_ref(), size, k).map(<[f64]>::to_vec);
        }
        if let Some(values) = Self::level(self.boundary.as_ref(), size, k) {
            system.closure = Closure::Dirichlet(values.to_vec());
        }
    }
}
