//! Whatever the numbers are: no panic, a name for every fault, and no status that flatters.

use crate::common::{closed_form_error, named, uniform, Environment, Set};
use _grid::closure::Closure;
use _grid::newton::Method;
use _grid::{
    solve_parabolic, solve_stationary, Evolution, Grid, GridError, Options, Scheme,
    StationaryProblem, Status,
};
use proptest::prelude::*;

const NODES: usize = 7;

fn small() -> StationaryProblem {
    let set = named("S1", Some(3));
    let axis = uniform(1.0, 1.5, NODES);
    set.problem(set.environment(), axis.clone(), axis)
}

/// Numbers from tame to hostile.
fn hostile() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -3.0..3.0f64,
        1 => Just(0.0),
        1 => Just(-0.0),
        1 => Just(f64::MIN_POSITIVE / 8.0),
        1 => Just(1e300),
        1 => Just(-1e300),
        1 => Just(1e-300),
    ]
}

/// Run both iterations and a few steps of time; every success must be honest.
fn examine(problem: &StationaryProblem) -> Result<(), TestCaseError> {
    for method in [Method::Newton, Method::Policy] {
        let options = Options {
            method,
            max_steps: 8,
            ..Options::default()
        };
        match solve_stationary(problem, &options, &mut || false) {
            Ok(solution) => {
                if matches!(solution.status, Status::Ok | Status::DegeneratePolicy) {
                    let last = solution.residual_history.last().copied();
                    prop_assert!(solution.converged);
                    prop_assert!(last.is_some_and(|r| r <= options.tolerance));
                    prop_assert!(solution.g.iter().chain(&solution.h).all(|v| v.is_finite()));
                }
            }
            Err(GridError::InvalidInput { remedy, .. }) => prop_assert!(!remedy.is_empty()),
            Err(other) => return Err(TestCaseError::fail(format!("{other:?}"))),
        }
    }
    let evolution = Evolution {
        times: vec![0.0, 0.1, 0.3, 0.4],
        hazards: vec![0.1, 0.5, 0.0, 1.0],
        scheme: Scheme::Bdf2,
        ..Evolution::default()
    };
    match solve_parabolic(problem, &evolution, &mut || false) {
        Ok(path) => {
            if path.status == Status::Ok {
                prop_assert!(path.converged && path.residual.is_finite());
                prop_assert!(path.g.iter().chain(&path.h).all(|v| v.is_finite()));
            }
        }
        Err(GridError::InvalidInput { .. }) => {}
        Err(other) => return Err(TestCaseError::fail(format!("{other:?}"))),
    }
    Ok(())
}

fn set() -> impl Strategy<Value = Set> {
    let first = (0.0..0.05f64, 0.02..0.15f64, 0.1..0.35f64, -0.35..0.35f64);
    let second = (
        0.0..1.0f64,
        0.5..4.0f64,
        0.2..2.0f64,
        0.0..1.0f64,
        0.3..1.2f64,
    );
    let rest = prop_oneof![Just(0.0), Just(0.1), Just(0.5)];
    (first, second, rest).prop_map(
        |((r, b, nu, sigma), (theta, gamma, alpha, beta, lambda), share)| Set {
            r,
            b,
            nu,
            sigma,
            theta,
            gamma,
            alpha,
            beta,
            lambda,
            share,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(5),
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_numbers_in_one_array(
        which in 0..4usize,
        values in prop::collection::vec(hostile(), 9 * NODES * NODES),
    ) {
        let mut problem = small();
        let target = match which {
            0 => &mut problem.drift,
            1 => &mut problem.diffusion,
            2 => &mut problem.payoff,
            _ => &mut problem.weight,
        };
        for (t, v) in target.iter_mut().zip(&values) {
            *t = *v;
        }
        examine(&problem)?;
    }

    #[test]
    fn one_number_is_wrong(which in 0..4usize, at in 0..2000usize, value in hostile()) {
        let mut problem = small();
        let target = match which {
            0 => &mut problem.drift,
            1 => &mut problem.diffusion,
            2 => &mut problem.payoff,
            _ => &mut problem.weight,
        };
        let length = target.len();
        target[at % length] = value;
        examine(&problem)?;
    }

    #[test]
    fn numbers_that_are_none_are_named(
        which in 0..6usize,
        at in 0..2000usize,
        value in prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)],
    ) {
        let mut problem = small();
        problem.source = Some(problem.payoff.clone());
        let mut options = Options::default();
        let (name, target) = match which {
            0 => ("drift", &mut problem.drift),
            1 => ("diffusion", &mut problem.diffusion),
            2 => ("payoff", &mut problem.payoff),
            3 => ("weight", &mut problem.weight),
            4 => ("source", problem.source.get_or_insert_with(Vec::new)),
            _ => ("start", options.start.insert(problem.payoff.clone())),
        };
        let length = target.len();
        target[at % length] = value;
        match solve_stationary(&problem, &options, &mut || false) {
            Err(GridError::InvalidInput { argument, .. }) => prop_assert_eq!(argument, name),
            other => return Err(TestCaseError::fail(format!("{other:?}"))),
        }
    }

    #[test]
    fn any_nodes(nodes in prop::collection::vec(hostile(), 0..9), sorted in any::<bool>()) {
        let mut nodes = nodes;
        if sorted {
            nodes.sort_by(f64::total_cmp);
        }
        if let Ok(grid) = Grid::new(nodes.clone(), uniform(1.0, 1.5, NODES)) {
            let size = grid.size();
            let problem = StationaryProblem {
                drift: vec![0.1; 4 * size],
                diffusion: [0.0, 0.0, 0.1, 0.0, 0.0, 0.0, 0.1, 0.0, 0.0]
                    .iter()
                    .flat_map(|v| vec![*v; size])
                    .collect(),
                payoff: vec![1.0; 2 * size],
                weight: vec![1.0; size],
                gamma: 1.0,
                hazard: 1.0,
                source: None,
                grid,
            };
            examine(&problem)?;
        }
    }

    #[test]
    fn ok_means_the_closed_form(set in set(), m_b in -0.1..0.1f64, m_s in -0.2..0.2f64) {
        let e = Environment { m_b, m_s, m_2: 0.01 };
        let axis = uniform(1.0, 1.0, 11);
        let problem = set.problem(e, axis.clone(), axis);
        for method in [Method::Newton, Method::Policy] {
            let options = Options { method, ..Options::default() };
            let solution = solve_stationary(&problem, &options, &mut || false).unwrap();
            if solution.status == Status::Ok {
                let error = closed_form_error(&set, e, &problem.grid, &solution.policy);
                prop_assert!(error < 1e-9, "{:?}: {:e}", method, error);
            }
        }
    }

    #[test]
    fn options_and_times(
        tolerance in hostile(),
        first_step in hostile(),
        times in prop::collection::vec(hostile(), 0..5),
        hazards in prop::collection::vec(hostile(), 0..5),
        theta in hostile(),
        boundary in prop::collection::vec(hostile(), 0..3),
    ) {
        let problem = small();
        let options = Options {
            tolerance,
            first_step,
            max_steps: 4,
            closure: Closure::Dirichlet(boundary),
            ..Options::default()
        };
        let refused = solve_stationary(&problem, &options, &mut || false);
        let named = matches!(refused, Err(GridError::InvalidInput { .. }));
        prop_assert!(named);
        let evolution = Evolution {
            times,
            hazards,
            scheme: Scheme::Theta(theta),
            ..Evolution::default()
        };
        match solve_parabolic(&problem, &evolution, &mut || false) {
            Ok(_) | Err(GridError::InvalidInput { .. }) => {}
            Err(other) => return Err(TestCaseError::fail(format!("{other:?}"))),
        }
    }
}
