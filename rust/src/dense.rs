//! Small dense linear algebra: LU with partial pivoting, and least-squares operators.

/// LU factors of a small square matrix, row-major.
#[derive(Debug, Clone)]
pub struct DenseLu {
    n: usize,
    lu: Vec<f64>,
    pivots: Vec<usize>,
    norm: f64,
}

impl DenseLu {
    /// Factorise an `n` x `n` matrix; `None` when it is singular or not finite.
    #[must_use]
    pub fn new(n: usize, mut lu: Vec<f64>) -> Option<Self> {
        let norm = one_norm(n, &lu);
        let mut pivots = Vec::with_capacity(n);
        for k in 0..n {
            let pivot = (k..n).max_by(|&a, &b| {
                let (a, b) = (lu[a * n + k].abs(), lu[b * n + k].abs());
                a.total_cmp(&b)
            })?;
            let value = lu[pivot * n + k];
            if value == 0.0 || !value.is_finite() {
                return None;
            }
            if pivot != k {
                for c in 0..n {
                    lu.swap(k * n + c, pivot * n + c);
                }
            }
            pivots.push(pivot);
            for r in k + 1..n {
                let factor = lu[r * n + k] / value;
                lu[r * n + k] = factor;
                for c in k + 1..n {
                    lu[r * n + c] -= factor * lu[k * n + c];
                }
            }
        }
        Some(Self {
            n,
            lu,
            pivots,
            norm,
        })
    }

    /// Solve in place.
    pub fn solve(&self, b: &mut [f64]) {
        let n = self.n;
        for (k, &pivot) in self.pivots.iter().enumerate() {
            b.swap(k, pivot);
        }
        for r in 1..n {
            let sum: f64 = (0..r).map(|c| self.lu[r * n + c] * b[c]).sum();
            b[r] -= sum;
        }
        for r in (0..n).rev() {
            let sum: f64 = (r + 1..n).map(|c| self.lu[r * n + c] * b[c]).sum();
            b[r] = (b[r] - sum) / self.lu[r * n + r];
        }
    }

    /// Condition number in the 1-norm, from the explicit inverse.
    #[must_use]
    pub fn condition(&self) -> f64 {
        let inverse_norm = (0..self.n)
            .map(|k| {
                let mut column = vec![0.0; self.n];
                column[k] = 1.0;
                self.solve(&mut column);
                column.iter().map(|v| v.abs()).sum::<f64>()
            })
            .fold(0.0, f64::max);
        self.norm * inverse_norm
    }
}

/// Largest column sum.
fn one_norm(n: usize, a: &[f64]) -> f64 {
    (0..n)
        .map(|c| (0..n).map(|r| a[r * n + c].abs()).sum::<f64>())
        .fold(0.0, f64::max)
}

/// The `k` x `m` matrix that takes `m` values to the coefficients of their weighted least-squares
/// fit by `k` basis functions. `basis[q][i]` is function `q` at point `i`; `weights` multiply the
/// residuals. `None` when the points do not determine the fit.
#[must_use]
pub fn fit_operator(basis: &[Vec<f64>], weights: &[f64]) -> Option<Vec<f64>> {
    let (k, m) = (basis.len(), weights.len());
    let mut q: Vec<Vec<f64>> = basis
        .iter()
        .map(|f| f.iter().zip(weights).map(|(v, w)| v * w).collect())
        .collect();
    let mut r = vec![0.0; k * k];
    for c in 0..k {
        let (done, rest) = q.split_at_mut(c);
        let column = rest.first_mut()?;
        let before = dot(column, column).sqrt();
        // Gram-Schmidt twice is orthogonal to rounding.
        for _ in 0..2 {
            for (p, other) in done.iter().enumerate() {
                let share = dot(other, column);
                r[p * k + c] += share;
                column
                    .iter_mut()
                    .zip(other)
                    .for_each(|(v, o)| *v -= share * o);
            }
        }
        let norm = dot(column, column).sqrt();
        if norm.is_nan() || norm <= 1e-10 * before {
            return None;
        }
        r[c * k + c] = norm;
        column.iter_mut().for_each(|v| *v /= norm);
    }
    let mut operator = vec![0.0; k * m];
    for i in 0..m {
        for row in (0..k).rev() {
            let mut value = q[row][i] * weights[i];
            for c in row + 1..k {
                value -= r[row * k + c] * operator[c * m + i];
            }
            operator[row * m + i] = value / r[row * k + row];
        }
    }
    Some(operator)
}

/// Inner product.
#[must_use]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_with_pivoting_and_reports_condition() {
        let lu = DenseLu::new(2, vec![0.0, 2.0, 4.0, 0.0]).unwrap();
        let mut b = vec![2.0, 8.0];
        lu.solve(&mut b);
        assert_eq!(b, vec![2.0, 1.0]);
        assert!((lu.condition() - 2.0).abs() < 1e-15);
        assert!(DenseLu::new(2, vec![1.0, 2.0, 2.0, 4.0]).is_none());
    }

    #[test]
    fn fit_reproduces_its_basis() {
        let x: Vec<f64> = (0..9).map(|i| f64::from(i) / 4.0 - 1.0).collect();
        let basis = vec![
            vec![1.0; 9],
            x.clone(),
            x.iter().map(|v| v * v).collect::<Vec<_>>(),
        ];
        let weights: Vec<f64> = x.iter().map(|v| 1.0 / (1.0 + v.abs())).collect();
        let operator = fit_operator(&basis, &weights).unwrap();
        let values: Vec<f64> = x.iter().map(|v| 2.0 - 3.0 * v + 0.5 * v * v).collect();
        for (row, expected) in [2.0, -3.0, 0.5].into_iter().enumerate() {
            let fitted = dot(&operator[row * 9..(row + 1) * 9], &values);
            assert!((fitted - expected).abs() < 1e-14);
        }
        let repeated = vec![x.clone(), x];
        assert!(fit_operator(&repeated, &weights).is_none());
    }
}
