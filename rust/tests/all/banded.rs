//! The banded factorisation against matrices with known solutions.

use _grid::banded::{BandMatrix, LuFailure};

/// A zero matrix.
fn cleared(n: usize, half: usize) -> BandMatrix {
    let mut matrix = BandMatrix::reserve(n, half).unwrap();
    matrix.clear(&mut || false).unwrap();
    matrix
}

/// Reproducible numbers in (-1, 1).
fn noise(seed: &mut u64) -> f64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    (*seed >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

fn random(n: usize, half: usize, seed: u64, diagonal: f64) -> (BandMatrix, Vec<f64>) {
    let mut state = seed;
    let mut matrix = cleared(n, half);
    let mut dense = vec![0.0; n * n];
    for r in 0..n {
        for c in r.saturating_sub(half)..(r + half + 1).min(n) {
            let value = noise(&mut state) + if r == c { diagonal } else { 0.0 };
            matrix.add(r, c, value);
            dense[r * n + c] = value;
        }
    }
    (matrix, dense)
}

#[test]
fn solves_random_bands_with_and_without_exchanges() {
    for (case, &(n, half)) in [(1, 0), (5, 4), (40, 3), (97, 31), (150, 50), (200, 7)]
        .iter()
        .enumerate()
    {
        for diagonal in [0.0, 3.0 * half as f64 + 1.0] {
            let (mut matrix, dense) = random(n, half, 77 + case as u64, diagonal);
            let columns = 3;
            let mut seed = 5;
            let exact: Vec<f64> = (0..n * columns).map(|_| noise(&mut seed)).collect();
            let mut b = vec![0.0; n * columns];
            for r in 0..n {
                for c in 0..n {
                    for q in 0..columns {
                        b[r * columns + q] += dense[r * n + c] * exact[c * columns + q];
                    }
                }
            }
            matrix.factorise(&mut || false).unwrap();
            matrix.solve(&mut b, columns, &mut || false).unwrap();
            let error = b
                .iter()
                .zip(&exact)
                .map(|(u, v)| (u - v).abs())
                .fold(0.0, f64::max);
            let allowed = if diagonal > 0.0 { 1e-13 } else { 1e-8 };
            assert!(error < allowed, "n {n} half {half}: {error:e}");
        }
    }
}

#[test]
fn reports_singular_columns_and_interruptions() {
    let (mut matrix, _) = random(40, 3, 1, 9.0);
    assert_eq!(matrix.factorise(&mut || true), Err(LuFailure::Interrupted));
    matrix.clear(&mut || false).unwrap();
    for r in 0..40 {
        matrix.add(r, r, if r == 37 { 0.0 } else { 1.0 });
    }
    assert_eq!(
        matrix.factorise(&mut || false),
        Err(LuFailure::Singular(37))
    );
}

#[test]
fn repeated_solves_agree_bit_by_bit() {
    let run = || {
        let (mut matrix, _) = random(130, 20, 3, 0.0);
        let mut b = vec![1.0; 130];
        matrix.factorise(&mut || false).unwrap();
        matrix.solve(&mut b, 1, &mut || false).unwrap();
        b
    };
    assert_eq!(run(), run());
}
