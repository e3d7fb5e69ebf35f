//! Data of a controlled diffusion, with their validation.

use crate::error::{GridError, Result};
use crate::problem::check_tolerance;

/// Fewest nodes.
pub const FEWEST: usize = 7;
/// Most points of time and space.
const MOST_POINTS: usize = 1 << 24;

/// Unknown function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Formulation {
    /// V; beyond the ends, the ratio of successive differences continues.
    Value,
    /// The logarithm of the certainty equivalent; it continues linearly.
    CertaintyEquivalent,
}

/// Data at the nodes.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Equidistant nodes in the logarithm of wealth.
    pub nodes: Vec<f64>,
    /// T.
    pub horizon: f64,
    /// Number of steps.
    pub steps: usize,
    /// r.
    pub rate: Vec<f64>,
    /// B.
    pub excess: Vec<f64>,
    /// s.
    pub volatility: Vec<f64>,
    /// g.
    pub risk_aversion: f64,
    /// Terminal V or c.
    pub terminal: Vec<f64>,
    /// Smallest and largest fraction.
    pub bounds: [Option<f64>; 2],
    /// V or c.
    pub formulation: Formulation,
    /// Relative change at which the iteration of a step ends.
    pub tolerance: f64,
    /// Most iterations of a step.
    pub max_iterations: usize,
}

impl Problem {
    /// Terminal value of power utility, or its certainty equivalent.
    #[must_use]
    pub fn power_utility(nodes: &[f64], risk_aversion: f64, formulation: Formulation) -> Vec<f64> {
        let exponent = 1.0 - risk_aversion;
        match formulation {
            Formulation::CertaintyEquivalent => nodes.to_vec(),
            Formulation::Value if exponent == 0.0 => nodes.to_vec(),
            Formulation::Value => nodes
                .iter()
                .map(|y| (exponent * y).exp() / exponent)
                .collect(),
        }
    }

    /// Check every number.
    pub(super) fn validate(&self) -> Result<()> {
        let n = self.nodes.len();
        if n < FEWEST {
            return invalid("nodes", n, &format!("at least {FEWEST} are needed"));
        }
        for (name, values) in [
            ("nodes", &self.nodes),
            ("rate", &self.rate),
            ("excess", &self.excess),
            ("volatility", &self.volatility),
            ("terminal", &self.terminal),
        ] {
            if values.len() != n {
                let shape = format!("an array of {} numbers", values.len());
                return invalid(name, shape, &format!("{n} are needed"));
            }
            if let Some(i) = values.iter().position(|v| !v.is_finite()) {
                let place = format!("{} at index {i}", values[i]);
                return invalid(
                    name,
                    place,
                    "finite numbers are needed; formulation 'certainty_equivalent' has no powers",
                );
            }
        }
        if let Some(i) = self.volatility.iter().position(|s| *s <= 0.0) {
            let place = format!("{} at index {i}", self.volatility[i]);
            return invalid("volatility", place, "it must be positive");
        }
        if let Some(i) = (1..n).find(|i| self.terminal[*i] <= self.terminal[*i - 1]) {
            let place = format!(
                "{} after {} at index {i}",
                self.terminal[i],
                self.terminal[i - 1]
            );
            return invalid("terminal", place, "it must increase with wealth");
        }
        let width = self.width();
        if (1..n).any(|i| {
            let gap = self.nodes[i] - self.nodes[i - 1];
            gap.is_nan() || gap <= 0.0 || (gap - width).abs() > 1e-6 * width
        }) {
            return invalid(
                "nodes",
                "not equidistant",
                "equal positive distances are needed",
            );
        }
        for (name, value) in [
            ("horizon", self.horizon),
            ("risk_aversion", self.risk_aversion),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return invalid(name, value, "choose a positive number");
            }
        }
        check_tolerance(self.tolerance)?;
        for (name, value) in [
            ("steps", self.steps),
            ("max_iterations", self.max_iterations),
        ] {
            if value == 0 {
                return invalid(name, value, "choose a positive number");
            }
        }
        let points = n.saturating_mul(self.steps);
        if points > MOST_POINTS {
            return invalid(
                "nodes times steps",
                points,
                &format!("at most {MOST_POINTS} fit into the memory"),
            );
        }
        match self.bounds {
            [Some(low), _] if !low.is_finite() => invalid("bounds", low, "finite or None"),
            [_, Some(high)] if !high.is_finite() => invalid("bounds", high, "finite or None"),
            [Some(low), Some(high)] if low >= high => invalid(
                "bounds",
                format!("({low}, {high})"),
                "the first must be smaller than the second",
            ),
            _ => Ok(()),
        }
    }

    /// Distance of neighbours.
    pub(super) fn width(&self) -> f64 {
        let n = self.nodes.len();
        (self.nodes[n - 1] - self.nodes[0]) / (n - 1) as f64
    }
}

fn invalid<T>(argument: &str, value: impl ToString, remedy: &str) -> Result<T> {
    Err(GridError::invalid(argument, value.to_string(), remedy))
}
