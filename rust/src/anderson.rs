//! Anderson acceleration of a fixed-point iteration x -> g(x).

use crate::control::{go_on, Poll};
use crate::dense::dot;
use crate::error::Result;

/// Columns whose part orthogonal to newer ones is smaller than this are left out.
const INDEPENDENT: f64 = 1e-10;

/// The last iterates, from which the next one is extrapolated.
#[derive(Debug, Clone)]
pub struct Anderson {
    depth: usize,
    last: Option<(Vec<f64>, Vec<f64>)>,
    /// Differences of g(x) and of the residuals g(x) - x, newest last.
    images: Vec<Vec<f64>>,
    residuals: Vec<Vec<f64>>,
}

impl Anderson {
    /// Acceleration that uses `depth` earlier iterates; depth 0 is the plain iteration.
    #[must_use]
    pub fn new(depth: usize) -> Self {
        Self {
            depth,
            last: None,
            images: Vec::new(),
            residuals: Vec::new(),
        }
    }

    /// Forget the earlier iterates.
    pub fn restart(&mut self) {
        *self = Self::new(self.depth);
    }

    /// The next iterate after `x` with image `gx`: the combination of the images whose residuals
    /// combine to the smallest norm.
    ///
    /// # Errors
    /// An interruption; `poll` is asked after every pass through a vector, which may be long.
    pub fn next(&mut self, x: &[f64], gx: &[f64], poll: &mut Poll) -> Result<Vec<f64>> {
        let residual = difference(gx, x);
        if let Some((image, before)) = self.last.take() {
            go_on(poll)?;
            self.images.push(difference(gx, &image));
            go_on(poll)?;
            self.residuals.push(difference(&residual, &before));
            if self.images.len() > self.depth {
                self.images.remove(0);
                self.residuals.remove(0);
            }
        }
        let mut next = gx.to_vec();
        for (share, image) in least_squares(&self.residuals, &residual, poll)?
            .into_iter()
            .zip(&self.images)
        {
            go_on(poll)?;
            next.iter_mut()
                .zip(image)
                .for_each(|(v, i)| *v -= share * i);
        }
        self.last = Some((gx.to_vec(), residual));
        Ok(next)
    }
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// Coefficients of the columns whose combination is closest to `target`. Orthogonalised from the
/// newest (last) column on; a dependent column gets the coefficient 0.
fn least_squares(columns: &[Vec<f64>], target: &[f64], poll: &mut Poll) -> Result<Vec<f64>> {
    // Each entry: column number, orthonormal direction, its coefficients in the columns.
    let mut basis: Vec<(Vec<f64>, Vec<f64>)> = Vec::new();
    let mut result = vec![0.0; columns.len()];
    let mut rest = target.to_vec();
    for (k, column) in columns.iter().enumerate().rev() {
        let mut direction = column.clone();
        let mut combination = vec![0.0; columns.len()];
        combination[k] = 1.0;
        // Gram-Schmidt twice is orthogonal to rounding.
        for _ in 0..2 {
            for (other, of) in &basis {
                go_on(poll)?;
                let share = dot(other, &direction);
                let reduce = |v: &mut [f64], w: &[f64]| {
                    v.iter_mut().zip(w).for_each(|(v, w)| *v -= share * w);
                };
                reduce(&mut direction, other);
                reduce(&mut combination, of);
            }
        }
        go_on(poll)?;
        let norm = dot(&direction, &direction).sqrt();
        if norm.is_nan() || norm <= INDEPENDENT * dot(column, column).sqrt() {
            continue;
        }
        direction.iter_mut().for_each(|v| *v /= norm);
        combination.iter_mut().for_each(|v| *v /= norm);
        let share = dot(&direction, &rest);
        rest.iter_mut()
            .zip(&direction)
            .for_each(|(v, d)| *v -= share * d);
        result
            .iter_mut()
            .zip(&combination)
            .for_each(|(v, c)| *v += share * c);
        basis.push((direction, combination));
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A linear map with a repelling direction.
    fn image(x: &[f64]) -> Vec<f64> {
        vec![
            -2.0 * x[0] + 0.3 * x[1] + 1.0,
            0.5 * x[1] + 0.1 * x[2],
            0.2 * x[0] - 0.4 * x[2] + 2.0,
        ]
    }

    #[test]
    fn solves_a_linear_problem_in_as_many_steps_as_unknowns() {
        let mut anderson = Anderson::new(5);
        let mut x = vec![0.0; 3];
        for _ in 0..5 {
            let gx = image(&x);
            x = anderson.next(&x, &gx, &mut || false).unwrap();
        }
        let error = difference(&image(&x), &x);
        assert!(dot(&error, &error) < 1e-24, "{error:?}");
    }

    #[test]
    fn depth_zero_is_the_plain_iteration() {
        let mut anderson = Anderson::new(0);
        let x = vec![1.0, 2.0, 3.0];
        for _ in 0..3 {
            let next = anderson.next(&x, &image(&x), &mut || false).unwrap();
            assert_eq!(next, image(&x));
        }
    }

    #[test]
    fn dependent_columns_get_no_share() {
        let columns = vec![vec![3.0, 4.0], vec![6.0, 8.0]];
        let found = least_squares(&columns, &[12.0, 16.0], &mut || false).unwrap();
        assert_eq!(found, vec![0.0, 2.0]);
    }
}
