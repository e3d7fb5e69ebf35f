//! One step: the best fractions given a value, and the linear system given fractions.

use super::problem::{Formulation, Problem};
use crate::mfg::tridiagonal::Tridiagonal;

impl Problem {
    /// Coefficient of the squared slope.
    fn squared(&self) -> f64 {
        match self.formulation {
            Formulation::Value => 0.0,
            Formulation::CertaintyEquivalent => 1.0 - self.risk_aversion,
        }
    }

    /// Slope that is taken out of the unknown: c - y is solved for, so that rounding does not grow
    /// with the range of wealth.
    pub(super) fn offset(&self) -> f64 {
        match self.formulation {
            Formulation::Value => 0.0,
            Formulation::CertaintyEquivalent => 1.0,
        }
    }

    /// Ratio of the first difference to the second, and of the last to the one before.
    pub(super) fn ratios(&self, v: &[f64]) -> [f64; 2] {
        let n = v.len();
        match self.formulation {
            Formulation::CertaintyEquivalent => [1.0; 2],
            Formulation::Value => [
                (v[2] - v[1]) / (v[3] - v[2]),
                (v[n - 2] - v[n - 3]) / (v[n - 3] - v[n - 4]),
            ],
        }
    }

    /// Continue to the end nodes.
    pub(super) fn close(v: &mut [f64], [left, right]: [f64; 2]) {
        let n = v.len();
        v[0] = v[1] - left * (v[2] - v[1]);
        v[n - 1] = v[n - 2] + right * (v[n - 2] - v[n - 3]);
    }

    /// The best fractions; returns the smallest scaled curvature, or None where there is no best.
    pub(super) fn improve(&self, v: &[f64], fraction: &mut [f64]) -> Option<f64> {
        let n = v.len();
        let width = self.width();
        let (squared, offset) = (self.squared(), self.offset());
        let mut smallest = f64::INFINITY;
        let [low, high] = self.bounds;
        for i in 1..n - 1 {
            let slope = offset + (v[i + 1] - v[i - 1]) / (2.0 * width);
            let bend = (v[i + 1] - 2.0 * v[i] + v[i - 1]) / (width * width);
            let curvature = slope - bend - squared * slope * slope;
            let scaled = curvature / slope;
            if scaled.is_nan() {
                return None;
            }
            smallest = smallest.min(if slope > 0.0 { scaled } else { -scaled.abs() });
            fraction[i] = self.best(i, slope, curvature)?;
        }
        let clip = |w: f64| w.max(low.unwrap_or(w)).min(high.unwrap_or(w));
        fraction[0] = clip(2.0 * fraction[1] - fraction[2]);
        fraction[n - 1] = clip(2.0 * fraction[n - 2] - fraction[n - 3]);
        Some(smallest)
    }

    /// The best fraction at a node, if there is one.
    fn best(&self, i: usize, slope: f64, curvature: f64) -> Option<f64> {
        let s2 = self.volatility[i] * self.volatility[i];
        let gain = |w: f64| w * (self.excess[i] * slope - 0.5 * s2 * w * curvature);
        let [low, high] = self.bounds;
        match (low, high) {
            _ if curvature > 0.0 => {
                let w = self.excess[i] * slope / (s2 * curvature);
                Some(w.max(low.unwrap_or(w)).min(high.unwrap_or(w)))
            }
            // not concave: the better end
            (Some(low), Some(high)) => Some(if gain(low) > gain(high) { low } else { high }),
            _ => None,
        }
    }

    /// What changes when differences of fourth order take the place of those of second order: the
    /// fraction, relative to the largest one, and the rate at which the logarithm of the certainty
    /// equivalent grows. Infinite where there is then no best fraction.
    pub(super) fn truncation(&self, v: &[f64], fraction: &[f64]) -> [f64; 2] {
        let n = v.len();
        let h = self.width();
        let (squared, offset) = (self.squared(), self.offset());
        let (mut policy, mut rate) = (0.0, 0.0);
        let largest = fraction.iter().fold(0.0f64, |most, w| most.max(w.abs()));
        let worse = |worst: f64, new: f64| if new <= worst { worst } else { new };
        for i in 2..n - 2 {
            let (near, far) = (v[i + 1] - v[i - 1], v[i + 2] - v[i - 2]);
            let (around, wide) = (
                v[i + 1] + v[i - 1] - 2.0 * v[i],
                v[i + 2] + v[i - 2] - 2.0 * v[i],
            );
            let (slope, bend) = (offset + near / (2.0 * h), around / (h * h));
            let better = offset + (8.0 * near - far) / (12.0 * h);
            let better_bend = (16.0 * around - wide) / (12.0 * h * h);
            let w = fraction[i];
            let curvature = better - better_bend - squared * better * better;
            let change = match self.best(i, better, curvature) {
                Some(other) if other == w => 0.0,
                Some(other) => (other - w).abs() / largest,
                None => f64::INFINITY,
            };
            let bent = slope - bend - squared * slope * slope;
            let rounding = 4.0 * f64::EPSILON * v[i].abs() / (h * h * bent.abs());
            let free = self.bounds.iter().flatten().all(|bound| *bound != w);
            policy = worse(policy, change + if free { rounding } else { 0.0 });
            let d = 0.5 * (self.volatility[i] * w).powi(2);
            let drift = self.rate[i] + self.excess[i] * w - d;
            let generator = |p: f64, q: f64| drift * p + d * (q + squared * p * p);
            let change = (generator(better, better_bend) - generator(slope, bend)) / slope;
            rate = worse(rate, change.abs());
        }
        [policy, rate]
    }

    /// Error of the midpoint rule in one step, in the logarithm of the certainty equivalent.
    pub(super) fn step_error(&self, before: &[f64], after: &[f64]) -> f64 {
        let h = self.width();
        let offset = self.offset();
        let slope = |v: &[f64], i: usize| offset + (v[i + 1] - v[i - 1]) / (2.0 * h);
        (1..before.len() - 1)
            .map(|i| {
                let growth = (slope(before, i) / slope(after, i)).ln();
                let change = (before[i] - after[i]) / slope(before, i);
                (change * growth * growth / 12.0).abs()
            })
            .fold(0.0, f64::max)
    }

    /// One linear step with given fractions: fills `to`, linearised at `inner`.
    pub(super) fn linear(
        &self,
        later: &[f64],
        inner: &[f64],
        fraction: &[f64],
        matrix: &mut Tridiagonal,
        to: &mut [f64],
    ) {
        let n = later.len();
        let width = self.width();
        let tau = 0.5 * self.horizon / self.steps as f64;
        let (squared, offset) = (self.squared(), self.offset());
        for i in 1..n - 1 {
            let w = fraction[i];
            let d = 0.5 * (self.volatility[i] * w).powi(2);
            let slope = offset + (inner[i + 1] - inner[i - 1]) / (2.0 * width);
            let drift = self.rate[i] + self.excess[i] * w - d + 2.0 * d * squared * slope;
            let (near, far) = (tau * d / (width * width), tau * drift / (2.0 * width));
            matrix.lower[i] = far - near;
            matrix.diagonal[i] = 1.0 + 2.0 * near;
            matrix.upper[i] = -far - near;
            to[i] = later[i] + tau * (drift * offset - d * squared * slope * slope);
        }
        // the end nodes are combinations of their neighbours
        let ratios = self.ratios(inner);
        let l = matrix.lower[1];
        matrix.diagonal[1] += l * (1.0 + ratios[0]);
        matrix.upper[1] -= l * ratios[0];
        matrix.lower[1] = 0.0;
        let u = matrix.upper[n - 2];
        matrix.diagonal[n - 2] += u * (1.0 + ratios[1]);
        matrix.lower[n - 2] -= u * ratios[1];
        matrix.upper[n - 2] = 0.0;
        for i in [0, n - 1] {
            (matrix.lower[i], matrix.upper[i], matrix.diagonal[i]) = (0.0, 0.0, 1.0);
            to[i] = 0.0;
        }
        matrix.solve(to);
        Self::close(to, ratios);
    }
}
