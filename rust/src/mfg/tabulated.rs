//! Hamiltonians given by lists: of controls with their costs, or of gradients with values.

use super::hamiltonian::{Hamiltonian, Place};
use crate::error::{GridError, Result};

/// The largest of -a p - cost over a list of controls a.
#[derive(Debug, Clone)]
pub struct Choice {
    controls: Vec<f64>,
    costs: Vec<f64>,
    minimizer: f64,
}

impl Choice {
    /// From controls and what each costs per unit of time.
    pub fn new(controls: Vec<f64>, costs: Vec<f64>) -> Result<Self> {
        let refuse =
            |value: String, remedy: &str| Err(GridError::invalid("controls", value, remedy));
        if controls.is_empty() || controls.len() != costs.len() {
            return refuse(
                format!("{} controls, {} costs", controls.len(), costs.len()),
                "at least one control is needed, and a cost for each",
            );
        }
        if let Some(bad) = controls.iter().chain(&costs).find(|v| !v.is_finite()) {
            return refuse(format!("a list with {bad}"), "finite numbers are needed");
        }
        let mut result = Self {
            controls,
            costs,
            minimizer: 0.0,
        };
        // the lines of two controls cross at each corner; the smallest value is at one of these, or
        // nowhere if all controls point to one side
        let mut least = f64::INFINITY;
        for (a, c) in result.controls.iter().zip(&result.costs) {
            for (b, d) in result.controls.iter().zip(&result.costs) {
                let p = if a == b { 0.0 } else { (d - c) / (a - b) };
                let value = result.best(p).0;
                if value < least {
                    (least, result.minimizer) = (value, p);
                }
            }
        }
        let low = result
            .controls
            .iter()
            .copied()
            .fold(f64::INFINITY, f64::min);
        let high = result
            .controls
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        if low > 0.0 || high < 0.0 {
            return refuse(
                format!("a list from {low} to {high}"),
                "controls to both sides, or 0, are needed; what all share is a drift",
            );
        }
        Ok(result)
    }

    #[inline]
    fn best(&self, p: f64) -> (f64, f64) {
        let mut found = (f64::NEG_INFINITY, 0.0);
        for (a, cost) in self.controls.iter().zip(&self.costs) {
            let value = -a * p - cost;
            if value > found.0 {
                found = (value, -a);
            }
        }
        found
    }
}

impl Hamiltonian for Choice {
    #[inline]
    fn at(&self, _place: &Place, p: f64) -> (f64, f64) {
        self.best(p)
    }
    fn minimizer(&self) -> f64 {
        self.minimizer
    }
}

/// Cubic Hermite interpolation of a table; linear beyond its ends.
#[derive(Debug, Clone)]
pub struct Table {
    bounded: bool,
    gradient: Vec<f64>,
    value: Vec<f64>,
    slope: Vec<f64>,
    minimizer: f64,
}

impl Table {
    /// From gradients, values and slopes; if `bounded`, H is linear beyond the ends, where the
    /// control is at its bound.
    pub fn new(
        gradient: Vec<f64>,
        value: Vec<f64>,
        slope: Vec<f64>,
        bounded: bool,
    ) -> Result<Self> {
        let table = |value: String, remedy: &str| {
            Err(GridError::invalid("hamiltonian table", value, remedy))
        };
        let n = gradient.len();
        if n < 3 || value.len() != n || slope.len() != n {
            return table(
                format!(
                    "{n} gradients, {} values, {} slopes",
                    value.len(),
                    slope.len()
                ),
                "at least 3 of each are needed, equally many",
            );
        }
        for i in 0..n {
            let at = format!("({}, {}, {})", gradient[i], value[i], slope[i]);
            if !(gradient[i].is_finite() && value[i].is_finite() && slope[i].is_finite()) {
                return table(format!("{at} at index {i}"), "finite numbers are needed");
            }
            if i == 0 {
                continue;
            }
            if gradient[i] <= gradient[i - 1] {
                return table(
                    format!("{} after {} at index {i}", gradient[i], gradient[i - 1]),
                    "gradients must increase",
                );
            }
            let chord = (value[i] - value[i - 1]) / (gradient[i] - gradient[i - 1]);
            let slack = 1e-12 * (slope[i].abs() + slope[i - 1].abs() + chord.abs());
            if chord < slope[i - 1] - slack || chord > slope[i] + slack {
                return table(
                    format!(
                        "slopes {} and {} around a chord of slope {chord} at index {i}",
                        slope[i - 1],
                        slope[i]
                    ),
                    "a convex function has its chords between its slopes",
                );
            }
        }
        if slope[0] > 0.0 || slope[n - 1] < 0.0 {
            return table(
                format!("slopes from {} to {}", slope[0], slope[n - 1]),
                "the table must contain the minimum of the function",
            );
        }
        let mut result = Self {
            bounded,
            gradient,
            value,
            slope,
            minimizer: 0.0,
        };
        let (mut low, mut high) = (result.gradient[0], result.gradient[n - 1]);
        while high - low > 1e-15 * (low.abs() + high.abs()) {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if result.interpolated(middle).1 < 0.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        result.minimizer = high;
        Ok(result)
    }

    fn inside(&self, p: f64) -> bool {
        p >= self.gradient[0] && p <= self.gradient[self.gradient.len() - 1]
    }

    fn interpolated(&self, p: f64) -> (f64, f64) {
        let n = self.gradient.len();
        if !self.inside(p) {
            let end = if p < self.gradient[0] { 0 } else { n - 1 };
            let (value, slope) = (self.value[end], self.slope[end]);
            return (value + slope * (p - self.gradient[end]), slope);
        }
        let i = self.gradient.partition_point(|&g| g <= p).clamp(1, n - 1);
        let (left, right) = (self.gradient[i - 1], self.gradient[i]);
        let h = right - left;
        let s = (p - left) / h;
        let (v0, v1) = (self.value[i - 1], self.value[i]);
        let (d0, d1) = (h * self.slope[i - 1], h * self.slope[i]);
        let rise = v1 - v0;
        // v0 + d0 s + c2 s^2 + c3 s^3
        let c2 = 3.0 * rise - 2.0 * d0 - d1;
        let c3 = d0 + d1 - 2.0 * rise;
        let value = v0 + s * (d0 + s * (c2 + s * c3));
        (value, (d0 + s * (2.0 * c2 + 3.0 * s * c3)) / h)
    }
}

impl Hamiltonian for Table {
    fn at(&self, _place: &Place, p: f64) -> (f64, f64) {
        self.interpolated(p)
    }
    fn minimizer(&self) -> f64 {
        self.minimizer
    }
    fn knows(&self, p: f64) -> bool {
        self.bounded || self.inside(p)
    }
}
