//! Hamiltonians H(x, p), convex in p. The optimal control is -H'(p).

use crate::error::{GridError, Result};

/// A compiled function of two real numbers.
pub type Function = extern "C" fn(f64, f64) -> f64;

/// Distance at which difference quotients are taken, relative to the largest gradient.
const APART: f64 = 1e-4;
/// Relative error of slopes and quotients that is let pass.
const SLACK: f64 = 1e-6;

/// A slope that is none of a convex function.
#[derive(Debug, Clone, Copy)]
pub struct Contradiction {
    /// State.
    pub x: f64,
    /// Gradient.
    pub p: f64,
    /// H' there, as given.
    pub slope: f64,
    /// Difference quotients of H to the left and to the right of p.
    pub quotients: [f64; 2],
}

/// What the schemes need of a Hamiltonian.
pub trait Hamiltonian {
    /// H and its derivative in p.
    fn at(&self, x: f64, p: f64) -> (f64, f64);
    /// Where H is smallest.
    fn minimizer(&self) -> f64 {
        0.0
    }
    /// Whether p is in the range where H is known.
    fn knows(&self, _p: f64) -> bool {
        true
    }
    /// Whether H' lies outside the difference quotients on both sides, between which the slope of a
    /// convex function lies at any distance; `unit` is the size of gradients.
    fn contradiction(&self, _x: f64, _p: f64, _unit: f64) -> Option<Contradiction> {
        None
    }
    /// Change of u, relative to its range, at which Newton's iteration may end: its square is
    /// rounding, where H'' exists.
    fn newton_tolerance(&self) -> f64 {
        1e-12
    }
}

/// scale p^2/2.
#[derive(Debug, Clone, Copy)]
pub struct Quadratic {
    /// Factor.
    pub scale: f64,
}

impl Hamiltonian for Quadratic {
    #[inline(always)]
    fn at(&self, _x: f64, p: f64) -> (f64, f64) {
        let slope = self.scale * p;
        (0.5 * slope * p, slope)
    }
    fn newton_tolerance(&self) -> f64 {
        1e-9
    }
}

/// scale |p|.
#[derive(Debug, Clone, Copy)]
pub struct Absolute {
    /// Factor.
    pub scale: f64,
}

impl Hamiltonian for Absolute {
    #[inline(always)]
    fn at(&self, _x: f64, p: f64) -> (f64, f64) {
        let slope = if p > 0.0 {
            self.scale
        } else if p < 0.0 {
            -self.scale
        } else {
            0.0
        };
        (slope * p, slope)
    }
}

/// scale |p|^exponent/exponent.
#[derive(Debug, Clone, Copy)]
pub struct Power {
    /// Exponent above 1.
    pub exponent: f64,
    /// Factor.
    pub scale: f64,
}

impl Hamiltonian for Power {
    #[inline]
    fn at(&self, _x: f64, p: f64) -> (f64, f64) {
        let size = self.scale * p.abs().powf(self.exponent - 1.0);
        let slope = if p < 0.0 { -size } else { size };
        (slope * p / self.exponent, slope)
    }
}

/// Cubic Hermite interpolation of a table; linear beyond its ends.
#[derive(Debug, Clone)]
pub struct Table {
    gradient: Vec<f64>,
    value: Vec<f64>,
    slope: Vec<f64>,
    minimizer: f64,
}

impl Table {
    /// From gradients, values and slopes.
    pub fn new(gradient: Vec<f64>, value: Vec<f64>, slope: Vec<f64>) -> Result<Self> {
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
            if result.at(0.0, middle).1 < 0.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        result.minimizer = high;
        Ok(result)
    }
}

impl Hamiltonian for Table {
    fn at(&self, _x: f64, p: f64) -> (f64, f64) {
        let n = self.gradient.len();
        if !self.knows(p) {
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
    fn minimizer(&self) -> f64 {
        self.minimizer
    }
    fn knows(&self, p: f64) -> bool {
        p >= self.gradient[0] && p <= self.gradient[self.gradient.len() - 1]
    }
}

/// A user's compiled function with its derivative.
#[derive(Debug, Clone, Copy)]
pub struct Compiled {
    /// H(x, p).
    pub value: Function,
    /// Its derivative in p.
    pub slope: Function,
    /// Where H is smallest.
    pub minimizer: f64,
}

impl Hamiltonian for Compiled {
    fn at(&self, x: f64, p: f64) -> (f64, f64) {
        ((self.value)(x, p), (self.slope)(x, p))
    }
    fn minimizer(&self) -> f64 {
        self.minimizer
    }
    fn contradiction(&self, x: f64, p: f64, unit: f64) -> Option<Contradiction> {
        let (value, slope) = self.at(x, p);
        let apart = APART * unit;
        let quotient = |q: f64| {
            let other = (self.value)(x, q);
            let size = value.abs() + other.abs();
            let ratio = (other - value) / (q - p);
            let rounding = 32.0 * f64::EPSILON * size / apart;
            (ratio, rounding + SLACK * (ratio.abs() + slope.abs()))
        };
        let ((left, below), (right, above)) = (quotient(p - apart), quotient(p + apart));
        (slope < left - below || slope > right + above).then_some(Contradiction {
            x,
            p,
            slope,
            quotients: [left, right],
        })
    }
}

impl Compiled {
    /// The slope on both sides of the minimizer at a state where it is no minimizer.
    #[must_use]
    pub fn wrong_minimizer(&self, x: f64) -> Option<[f64; 2]> {
        let apart = SLACK * (1.0 + self.minimizer.abs());
        let sides = [-apart, apart].map(|d| (self.slope)(x, self.minimizer + d));
        (sides[0] > 0.0 || sides[1] < 0.0).then_some(sides)
    }
}

/// One of the Hamiltonians above.
#[derive(Debug, Clone)]
pub enum Kind {
    /// scale p^2/2.
    Quadratic(Quadratic),
    /// scale |p|.
    Absolute(Absolute),
    /// scale |p|^a/a.
    Power(Power),
    /// Interpolated.
    Table(Table),
    /// A compiled function.
    Compiled(Compiled),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_derivatives() {
        let gradient: Vec<f64> = (0..41).map(|i| -4.0 + 0.2 * f64::from(i)).collect();
        let value = gradient.iter().map(|p| (p - 0.3).cosh()).collect();
        let slope = gradient.iter().map(|p| (p - 0.3).sinh()).collect();
        let table = Table::new(gradient, value, slope).unwrap();
        assert!((table.minimizer() - 0.3).abs() < 1e-4);
        let step = 1e-6;
        for p in [-5.0, -3.1, -0.7, 0.31, 1.9, 4.5] {
            let power = Power {
                exponent: 1.7,
                scale: 0.6,
            };
            let quadratic = Quadratic { scale: 2.0 };
            let each: [&dyn Hamiltonian; 3] = [&table, &power, &quadratic];
            for h in each {
                let difference = (h.at(0.0, p + step).0 - h.at(0.0, p - step).0) / (2.0 * step);
                assert!((difference - h.at(0.0, p).1).abs() < 1e-7, "{p}");
            }
        }
        assert!((table.at(0.0, 1.07).0 - (1.07f64 - 0.3).cosh()).abs() < 1e-5);
    }

    extern "C" fn kinked(_x: f64, p: f64) -> f64 {
        p.abs() + 0.5 * p * p
    }

    extern "C" fn right(_x: f64, p: f64) -> f64 {
        p.signum() + p
    }

    extern "C" fn wrong(_x: f64, p: f64) -> f64 {
        p.signum() + 1.001 * p
    }

    #[test]
    fn only_the_slope_of_a_convex_function_lies_between_the_quotients() {
        let with = |slope: Function| Compiled {
            value: kinked,
            slope,
            minimizer: 0.0,
        };
        for p in [-2.0, -0.3, 0.0, 1e-6, 0.4, 3.0] {
            assert!(with(right).contradiction(0.0, p, 3.0).is_none(), "{p}");
        }
        let found = with(wrong).contradiction(0.0, -2.0, 3.0).unwrap();
        assert!(found.slope < found.quotients[0] && found.quotients[0] < found.quotients[1]);
        assert!(with(right).wrong_minimizer(0.0).is_none());
        let moved = Compiled {
            minimizer: 0.1,
            ..with(right)
        };
        assert!(moved.wrong_minimizer(0.0).is_some());
    }

    #[test]
    fn a_table_that_is_not_convex_is_refused() {
        let bad = Table::new(
            vec![-1.0, 0.0, 1.0],
            vec![1.0, 1.5, 1.0],
            vec![-1.0, 0.0, 1.0],
        );
        assert!(bad.unwrap_err().to_string().contains("chord"));
    }
}
