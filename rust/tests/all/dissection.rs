//! Nested dissection against matrices with known solutions.

use _grid::dissection::Dissection;
use _grid::panel::LuFailure;

/// Reproducible numbers in (-1, 1).
fn noise(seed: &mut u64) -> f64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    (*seed >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// A random nine-point matrix of `functions` on `shape`, with its dense rows.
fn random(shape: (usize, usize), functions: usize, diagonal: f64) -> (Dissection, Vec<Vec<f64>>) {
    let mut seed = 11;
    let mut matrix = Dissection::new(shape, functions);
    matrix.clear();
    let n = shape.0 * shape.1 * functions;
    let mut dense = vec![vec![0.0; n]; n];
    for (r, row) in dense.iter_mut().enumerate() {
        let (i, j) = (r / functions / shape.1, r / functions % shape.1);
        for (c, entry) in row.iter_mut().enumerate() {
            let (a, b) = (c / functions / shape.1, c / functions % shape.1);
            if i.abs_diff(a) <= 1 && j.abs_diff(b) <= 1 {
                *entry = noise(&mut seed) + if r == c { diagonal } else { 0.0 };
                matrix.add(r, c, *entry);
            }
        }
    }
    (matrix, dense)
}

/// Largest error of a solve with a known solution.
fn error(matrix: &Dissection, dense: &[Vec<f64>], columns: usize) -> f64 {
    let mut seed = 5;
    let exact: Vec<f64> = (0..dense.len() * columns)
        .map(|_| noise(&mut seed))
        .collect();
    let mut b = vec![0.0; exact.len()];
    for (row, target) in dense.iter().zip(b.chunks_exact_mut(columns)) {
        for (entry, values) in row.iter().zip(exact.chunks_exact(columns)) {
            target
                .iter_mut()
                .zip(values)
                .for_each(|(t, v)| *t += entry * v);
        }
    }
    matrix.solve(&mut b, columns, &mut || false).unwrap();
    b.iter()
        .zip(&exact)
        .map(|(u, v)| (u - v).abs())
        .fold(0.0, f64::max)
}

#[test]
fn solves_random_stencils_of_every_shape() {
    let shapes = [(1, 1), (1, 90), (2, 40), (3, 3), (7, 6), (13, 9), (9, 31)];
    for shape in shapes {
        for functions in [1, 2] {
            for diagonal in [0.0, 30.0] {
                let (mut matrix, dense) = random(shape, functions, diagonal);
                matrix.factorise(&mut || false).unwrap();
                let found = error(&matrix, &dense, 3);
                let allowed = if diagonal > 0.0 { 1e-13 } else { 1e-8 };
                assert!(found < allowed, "{shape:?} x {functions}: {found:e}");
            }
        }
    }
}

#[test]
fn a_matrix_with_one_entry_changed_is_another() {
    let (mut matrix, dense) = random((13, 9), 2, 30.0);
    matrix.add(117, 117 + 2, 1e-3);
    matrix.factorise(&mut || false).unwrap();
    assert!(error(&matrix, &dense, 1) > 1e-6);
}

#[test]
fn reports_singular_fronts_and_interruptions() {
    let (mut matrix, dense) = random((13, 9), 2, 30.0);
    assert_eq!(matrix.factorise(&mut || true), Err(LuFailure::Interrupted));
    // What was interrupted can be factorised anew.
    matrix.factorise(&mut || false).unwrap();
    assert!(error(&matrix, &dense, 1) < 1e-13);
    matrix.clear();
    for r in 0..dense.len() {
        matrix.add(r, r, if r == 101 { 0.0 } else { 1.0 });
    }
    let outcome = matrix.factorise(&mut || false);
    assert!(
        matches!(outcome, Err(LuFailure::Singular(_))),
        "{outcome:?}"
    );
}

#[test]
fn factors_are_the_same_for_any_number_of_threads() {
    let run = |threads: usize| {
        let n = 110;
        let mut matrix = Dissection::new((n, n), 2);
        matrix.set_threads(threads);
        matrix.clear();
        let mut seed = 7;
        for r in 0..2 * n * n {
            for c in [r.saturating_sub(2), r, (r + 2).min(2 * n * n - 1)] {
                if r / 2 / n == c / 2 / n {
                    matrix.add(r, c, noise(&mut seed) + if r == c { 20.0 } else { 0.0 });
                }
            }
            for c in [r.checked_sub(2 * n), Some(r + 2 * n)]
                .into_iter()
                .flatten()
            {
                if c < 2 * n * n {
                    matrix.add(r, c, noise(&mut seed));
                }
            }
        }
        matrix.factorise(&mut || false).unwrap();
        let mut b: Vec<f64> = (0..2 * n * n).map(|k| (k as f64).sin()).collect();
        matrix.solve(&mut b, 1, &mut || false).unwrap();
        b
    };
    let one = run(1);
    assert!(one.iter().all(|v| v.is_finite()));
    for threads in [0, 2, 3] {
        assert_eq!(run(threads), one, "{threads} threads");
    }
}
