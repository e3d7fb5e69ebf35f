//! Hamiltonians, convex in the gradient p of the value. The optimal control is -H'(p).

pub use super::tabulated::{Choice, Table};

/// A compiled H(x, p, t, density, mean, variance).
pub type Function = extern "C" fn(f64, f64, f64, f64, f64, f64) -> f64;

/// Where, when and among whom: what a Hamiltonian may depend on beside the gradient.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// State.
    pub x: f64,
    /// Time.
    pub time: f64,
    /// Local density; NaN where it enters nothing.
    pub density: f64,
    /// Mean of the law.
    pub mean: f64,
    /// Variance of the law.
    pub variance: f64,
}

/// Which parts of the law enter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Uses {
    /// The local density.
    pub density: bool,
    /// The mean.
    pub mean: bool,
    /// The variance.
    pub variance: bool,
}

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
    fn at(&self, place: &Place, p: f64) -> (f64, f64);
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
    fn contradiction(&self, _place: &Place, _p: f64, _unit: f64) -> Option<Contradiction> {
        None
    }
    /// Change of u, relative to its range, at which Newton's iteration may end: its square is
    /// rounding, where H'' exists.
    fn newton_tolerance(&self) -> f64 {
        1e-12
    }
}

/// Zero: nobody controls the state.
#[derive(Debug, Clone, Copy)]
pub struct Uncontrolled;

impl Hamiltonian for Uncontrolled {
    #[inline(always)]
    fn at(&self, _place: &Place, _p: f64) -> (f64, f64) {
        (0.0, 0.0)
    }
    fn newton_tolerance(&self) -> f64 {
        1e-9
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
    fn at(&self, _place: &Place, p: f64) -> (f64, f64) {
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
    fn at(&self, _place: &Place, p: f64) -> (f64, f64) {
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
    fn at(&self, _place: &Place, p: f64) -> (f64, f64) {
        let size = self.scale * p.abs().powf(self.exponent - 1.0);
        let slope = if p < 0.0 { -size } else { size };
        (slope * p / self.exponent, slope)
    }
}

/// A user's compiled function with its derivative.
#[derive(Debug, Clone, Copy)]
pub struct Compiled {
    /// H.
    pub value: Function,
    /// Its derivative in p.
    pub slope: Function,
    /// Where H is smallest.
    pub minimizer: f64,
    /// What of the law H depends on.
    pub uses: Uses,
}

/// A compiled function at a place.
fn called(function: Function, at: &Place, p: f64) -> f64 {
    function(at.x, p, at.time, at.density, at.mean, at.variance)
}

impl Hamiltonian for Compiled {
    fn at(&self, place: &Place, p: f64) -> (f64, f64) {
        (called(self.value, place, p), called(self.slope, place, p))
    }
    fn minimizer(&self) -> f64 {
        self.minimizer
    }
    fn contradiction(&self, place: &Place, p: f64, unit: f64) -> Option<Contradiction> {
        let (value, slope) = self.at(place, p);
        let apart = APART * unit;
        let quotient = |q: f64| {
            let other = called(self.value, place, q);
            let size = value.abs() + other.abs();
            let ratio = (other - value) / (q - p);
            let rounding = 32.0 * f64::EPSILON * size / apart;
            (ratio, rounding + SLACK * (ratio.abs() + slope.abs()))
        };
        let ((left, below), (right, above)) = (quotient(p - apart), quotient(p + apart));
        (slope < left - below || slope > right + above).then_some(Contradiction {
            x: place.x,
            p,
            slope,
            quotients: [left, right],
        })
    }
}

impl Compiled {
    /// The slope on both sides of the minimizer at a place where it is no minimizer.
    #[must_use]
    pub fn wrong_minimizer(&self, place: &Place) -> Option<[f64; 2]> {
        let apart = SLACK * (1.0 + self.minimizer.abs());
        let sides = [-apart, apart].map(|d| called(self.slope, place, self.minimizer + d));
        (sides[0] > 0.0 || sides[1] < 0.0).then_some(sides)
    }
}

/// One of the Hamiltonians above.
#[derive(Debug, Clone)]
pub enum Kind {
    /// 0.
    Uncontrolled(Uncontrolled),
    /// scale p^2/2.
    Quadratic(Quadratic),
    /// scale |p|.
    Absolute(Absolute),
    /// scale |p|^a/a.
    Power(Power),
    /// Controls from a list.
    Choice(Choice),
    /// Interpolated.
    Table(Table),
    /// A compiled function.
    Compiled(Compiled),
}

impl Hamiltonian for Kind {
    #[inline]
    fn at(&self, place: &Place, p: f64) -> (f64, f64) {
        match self {
            Self::Uncontrolled(h) => h.at(place, p),
            Self::Quadratic(h) => h.at(place, p),
            Self::Absolute(h) => h.at(place, p),
            Self::Power(h) => h.at(place, p),
            Self::Choice(h) => h.at(place, p),
            Self::Table(h) => h.at(place, p),
            Self::Compiled(h) => h.at(place, p),
        }
    }
    fn minimizer(&self) -> f64 {
        match self {
            Self::Choice(h) => h.minimizer(),
            Self::Table(h) => h.minimizer(),
            Self::Compiled(h) => h.minimizer(),
            _ => 0.0,
        }
    }
    fn knows(&self, p: f64) -> bool {
        match self {
            Self::Table(h) => h.knows(p),
            _ => true,
        }
    }
    fn contradiction(&self, place: &Place, p: f64, unit: f64) -> Option<Contradiction> {
        match self {
            Self::Compiled(h) => h.contradiction(place, p, unit),
            _ => None,
        }
    }
    fn newton_tolerance(&self) -> f64 {
        match self {
            Self::Uncontrolled(h) => h.newton_tolerance(),
            Self::Quadratic(h) => h.newton_tolerance(),
            _ => 1e-12,
        }
    }
}

impl Kind {
    /// Parts of the law that enter.
    #[must_use]
    pub fn uses(&self) -> Uses {
        match self {
            Self::Compiled(h) => h.uses,
            _ => Uses::default(),
        }
    }

    /// Whether H has kinks, where central differences make no sense.
    #[must_use]
    pub fn kinked(&self) -> bool {
        matches!(self, Self::Absolute(_) | Self::Choice(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place = Place {
        x: 0.0,
        time: 0.0,
        density: 1.0,
        mean: 0.0,
        variance: 1.0,
    };

    #[test]
    fn slopes_are_derivatives() {
        let gradient: Vec<f64> = (0..41).map(|i| -4.0 + 0.2 * f64::from(i)).collect();
        let value = gradient.iter().map(|p| (p - 0.3).cosh()).collect();
        let slope = gradient.iter().map(|p| (p - 0.3).sinh()).collect();
        let table = Table::new(gradient, value, slope, false).unwrap();
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
                let difference = (h.at(&HERE, p + step).0 - h.at(&HERE, p - step).0) / (2.0 * step);
                assert!((difference - h.at(&HERE, p).1).abs() < 1e-7, "{p}");
            }
        }
        assert!((table.at(&HERE, 1.07).0 - (1.07f64 - 0.3).cosh()).abs() < 1e-5);
    }

    extern "C" fn kinked(_x: f64, p: f64, _t: f64, _d: f64, _m: f64, _v: f64) -> f64 {
        p.abs() + 0.5 * p * p
    }

    extern "C" fn right(_x: f64, p: f64, _t: f64, _d: f64, _m: f64, _v: f64) -> f64 {
        p.signum() + p
    }

    extern "C" fn wrong(_x: f64, p: f64, _t: f64, _d: f64, _m: f64, _v: f64) -> f64 {
        p.signum() + 1.001 * p
    }

    #[test]
    fn only_the_slope_of_a_convex_function_lies_between_the_quotients() {
        let with = |slope: Function| Compiled {
            value: kinked,
            slope,
            minimizer: 0.0,
            uses: Uses::default(),
        };
        for p in [-2.0, -0.3, 0.0, 1e-6, 0.4, 3.0] {
            assert!(with(right).contradiction(&HERE, p, 3.0).is_none(), "{p}");
        }
        let found = with(wrong).contradiction(&HERE, -2.0, 3.0).unwrap();
        assert!(found.slope < found.quotients[0] && found.quotients[0] < found.quotients[1]);
        assert!(with(right).wrong_minimizer(&HERE).is_none());
        let moved = Compiled {
            minimizer: 0.1,
            ..with(right)
        };
        assert!(moved.wrong_minimizer(&HERE).is_some());
    }

    #[test]
    fn a_list_of_controls_is_a_convex_function_with_its_minimum() {
        let list = Choice::new(vec![-1.0, 0.0, 2.0], vec![0.5, 0.0, 1.0]).unwrap();
        for (p, value, slope) in [(0.0, 0.0, 0.0), (2.0, 1.5, 1.0), (-3.0, 5.0, -2.0)] {
            assert_eq!(list.at(&HERE, p), (value, slope));
        }
        assert_eq!(list.at(&HERE, list.minimizer()).0, 0.0);
        let one_sided = Choice::new(vec![1.0, 2.0], vec![0.0, 0.0]);
        assert!(one_sided.unwrap_err().to_string().contains("both sides"));
    }

    #[test]
    fn a_table_that_is_not_convex_is_refused() {
        let bad = Table::new(
            vec![-1.0, 0.0, 1.0],
            vec![1.0, 1.5, 1.0],
            vec![-1.0, 0.0, 1.0],
            false,
        );
        assert!(bad.unwrap_err().to_string().contains("chord"));
    }
}
