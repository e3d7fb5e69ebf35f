//! Results do not depend on the number of threads, bit by bit.

use crate::common::{named, uniform};
use _grid::banded::BandMatrix;
use _grid::newton::Method;
use _grid::{solve_stationary, Options};

/// A zero matrix.
fn cleared(n: usize, half: usize) -> BandMatrix {
    let mut matrix = BandMatrix::reserve(n, half).unwrap();
    matrix.clear(&mut || false).unwrap();
    matrix
}

#[test]
fn factors_are_the_same_for_any_number_of_threads() {
    let (n, half) = (1500, 140);
    let solve = |threads: usize| {
        let mut matrix = cleared(n, half);
        matrix.set_threads(threads);
        let mut state = 7u64;
        for r in 0..n {
            for c in r.saturating_sub(half)..(r + half + 1).min(n) {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                matrix.add(r, c, (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0);
            }
        }
        let mut b: Vec<f64> = (0..n).map(|k| (k as f64).sin()).collect();
        matrix.factorise(&mut || false).unwrap();
        matrix.solve(&mut b, 1, &mut || false).unwrap();
        b
    };
    let one = solve(1);
    assert!(one.iter().all(|v| v.is_finite()));
    for threads in [0, 2, 3, 7] {
        assert_eq!(solve(threads), one, "{threads} threads");
    }
}

#[test]
fn solutions_are_the_same_for_any_number_of_threads() {
    let set = named("S1", Some(3));
    let axis = uniform(1.0, 1.5, 67);
    let problem = set.problem(set.environment(), axis.clone(), axis);
    let solve = |threads: usize| {
        let options = Options {
            threads,
            max_steps: 2,
            method: Method::Newton,
            ..Options::default()
        };
        let s = solve_stationary(&problem, &options, &mut || false).unwrap();
        (s.g, s.h, s.policy)
    };
    let one = solve(1);
    for threads in [2, 3] {
        assert_eq!(solve(threads), one);
    }
}
