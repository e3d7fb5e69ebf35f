//! GMRES for the linear systems of Newton's iteration on the fixed point.

use crate::dense::dot;

/// Most dimensions of the Krylov space.
const DIMENSIONS: usize = 30;
/// Most numbers in all its vectors: a quarter of a gigabyte.
const NUMBERS: usize = 1 << 25;
/// Residual, relative to the right-hand side, at which the iteration ends.
const TOLERANCE: f64 = 1e-4;

/// Euclidean norm.
#[must_use]
pub fn norm(v: &[f64]) -> f64 {
    dot(v, v).sqrt()
}

/// Approximate solution of A x = b from x = 0, with A given by its products.
pub fn gmres<E>(
    b: &[f64],
    mut product: impl FnMut(&[f64]) -> Result<Vec<f64>, E>,
) -> Result<Vec<f64>, E> {
    let size = norm(b);
    let mut x = vec![0.0; b.len()];
    if size == 0.0 {
        return Ok(x);
    }
    let mut basis = vec![b.iter().map(|v| v / size).collect::<Vec<_>>()];
    // columns of the triangular factor, the rotations that made it, and the rotated b
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let mut rotations: Vec<(f64, f64)> = Vec::new();
    let mut right = vec![size];
    let most = DIMENSIONS.min(NUMBERS / b.len()).max(2);
    while columns.len() < most {
        let mut w = product(&basis[columns.len()])?;
        let mut column: Vec<f64> = Vec::with_capacity(basis.len() + 1);
        for v in &basis {
            let share = dot(v, &w);
            w.iter_mut().zip(v).for_each(|(w, v)| *w -= share * v);
            column.push(share);
        }
        let rest = norm(&w);
        for (i, (c, s)) in rotations.iter().enumerate() {
            (column[i], column[i + 1]) = (
                c * column[i] + s * column[i + 1],
                c * column[i + 1] - s * column[i],
            );
        }
        let last = columns.len();
        let length = column[last].hypot(rest);
        if length.is_nan() || length == 0.0 {
            break;
        }
        let (c, s) = (column[last] / length, rest / length);
        column[last] = length;
        rotations.push((c, s));
        let r = right[last];
        right[last] = c * r;
        right.push(-s * r);
        columns.push(column);
        if right[last + 1].abs() <= TOLERANCE * size || rest <= f64::EPSILON * length {
            break;
        }
        basis.push(w.iter().map(|v| v / rest).collect());
    }
    let count = columns.len();
    let mut shares = right[..count].to_vec();
    for i in (0..count).rev() {
        for j in i + 1..count {
            shares[i] -= columns[j][i] * shares[j];
        }
        shares[i] /= columns[i][i];
    }
    for (share, v) in shares.iter().zip(&basis) {
        x.iter_mut().zip(v).for_each(|(x, v)| *x += share * v);
    }
    Ok(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_a_small_system() {
        let a = [
            [3.0, 1.0, -0.5, 0.2],
            [0.1, 2.0, 0.3, 0.0],
            [0.4, -0.6, 4.0, 1.0],
            [0.0, 0.5, 0.2, 1.5],
        ];
        let exact = [1.0, -2.0, 0.5, 3.0];
        let times = |v: &[f64]| -> Vec<f64> { a.iter().map(|row| dot(row, v)).collect() };
        let b = times(&exact);
        let x = gmres(&b, |v| Ok::<_, ()>(times(v))).unwrap();
        for (x, e) in x.iter().zip(exact) {
            assert!((x - e).abs() < 1e-10, "{x} {e}");
        }
    }
}
