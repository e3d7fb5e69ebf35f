//! The little complex arithmetic the symbol analysis needs.

use std::ops::{Add, Mul, Sub};

/// A complex number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Complex {
    /// Real part.
    pub re: f64,
    /// Imaginary part.
    pub im: f64,
}

impl Complex {
    /// re + i im.
    #[must_use]
    pub fn new(re: f64, im: f64) -> Self {
        Self { re, im }
    }

    /// Principal square root, without cancellation.
    #[must_use]
    pub fn sqrt(self) -> Self {
        let modulus = self.re.hypot(self.im);
        if modulus == 0.0 {
            return Self::new(0.0, 0.0);
        }
        let large = (0.5 * (modulus + self.re.abs())).sqrt();
        let small = 0.5 * self.im.abs() / large;
        let (re, im) = if self.re >= 0.0 {
            (large, small)
        } else {
            (small, large)
        };
        Self::new(re, im.copysign(self.im))
    }
}

impl Add for Complex {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        Self::new(self.re + o.re, self.im + o.im)
    }
}

impl Sub for Complex {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        Self::new(self.re - o.re, self.im - o.im)
    }
}

impl Mul for Complex {
    type Output = Self;
    fn mul(self, o: Self) -> Self {
        Self::new(
            self.re * o.re - self.im * o.im,
            self.re * o.im + self.im * o.re,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn square_roots_square_back() {
        for (re, im) in [
            (3.0, 4.0),
            (-3.0, 4.0),
            (-3.0, -4.0),
            (0.0, -2.0),
            (-4.0, 0.0),
        ] {
            let z = Complex::new(re, im);
            let root = z.sqrt();
            let square = root * root;
            assert!(root.re >= 0.0);
            assert!((square.re - re).abs() < 1e-14 && (square.im - im).abs() < 1e-14);
        }
    }
}
