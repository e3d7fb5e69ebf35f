//! Policy iteration finds what Newton's method finds, or says that it failed.

use crate::common::{closed_form_error, named, uniform, Set};
use _grid::newton::Method;
use _grid::{solve_stationary, Options, Solution, Status};

fn solve(set: &Set, options: &Options) -> (Solution, f64) {
    let axis = uniform(1.0, 1.5, 21);
    let e = set.environment();
    let problem = set.problem(e, axis.clone(), axis);
    let solution = solve_stationary(&problem, options, &mut || false).unwrap();
    let error = closed_form_error(set, e, &problem.grid, &solution.policy);
    (solution, error)
}

fn policy(anderson: usize) -> Options {
    Options {
        method: Method::Policy,
        anderson,
        ..Options::default()
    }
}

/// Derivative of the best response as a function of the slope, phi'(p1): what the plain iteration
/// multiplies its error by.
fn multiplier(set: &Set) -> f64 {
    let phi = |p: f64| {
        let d1 = set.lambda - set.r - set.b * p;
        let d2 = set.lambda - 2.0 * set.r - 2.0 * set.b * p - set.s2() * p * p;
        let inner = set.beta * d2 / (set.kappa() * d1) + set.gamma * set.lambda * d2 / (d1 * d1)
            - set.gamma;
        set.b * inner / (set.gamma * set.s2())
    };
    let (p, h) = (set.root(), 1e-6);
    (phi(p + h) - phi(p - h)) / (2.0 * h)
}

#[test]
fn both_iterations_agree() {
    for name in ["S1", "S2", "S3", "S4"] {
        for agents in [Some(3), None] {
            let set = named(name, agents);
            let (newton, _) = solve(&set, &Options::default());
            let (found, error) = solve(&set, &policy(5));
            let pairs = newton.policy.iter().zip(&found.policy);
            let gap = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert_eq!(found.status, Status::Ok, "{name}: {}", found.message);
            assert!(gap < 1e-10, "{name}: {gap:e}");
            assert!(error < 1e-11, "{name}: {error:e}");
            assert!(found.steps <= 15, "{name}: {}", found.message);
            assert_eq!(found.policy_changes.len(), found.steps);
        }
    }
}

#[test]
fn the_plain_iteration_contracts_like_the_best_response() {
    for (name, expected) in [("S1", -0.2), ("S2", -0.12), ("S3", -0.18)] {
        let set = named(name, None);
        let (found, _) = solve(&set, &policy(0));
        assert_eq!(found.status, Status::Ok, "{name}: {}", found.message);
        let ratio = found.policy_changes[6] / found.policy_changes[5];
        let theory = multiplier(&set);
        assert!((theory - expected).abs() < 0.01, "{name}: {theory}");
        assert!((ratio + theory).abs() < 0.001, "{name}: {ratio} {theory}");
    }
    // Acceleration is what S4 needs, and S5 is beyond both.
    assert!((multiplier(&named("S5", Some(10))) + 2.05).abs() < 0.01);
    assert!((multiplier(&named("T3", Some(3))) + 41.4).abs() < 0.1);
    for (name, anderson) in [("S4", 0), ("S5", 0), ("S5", 5)] {
        let (found, _) = solve(&named(name, None), &policy(anderson));
        assert!(!found.converged && found.status != Status::Ok, "{name}");
    }
}

#[test]
fn a_repelling_solution_is_left() {
    let set = named("S5", None);
    let (newton, error) = solve(&set, &Options::default());
    assert!(error < 1e-11);
    let mut start = [newton.g, newton.h].concat();
    start[220] += 1e-6;
    let options = Options {
        start: Some(start),
        max_steps: 12,
        ..policy(0)
    };
    let (found, _) = solve(&set, &options);
    let growth = found.policy_changes[2..9].windows(2).map(|c| c[1] / c[0]);
    assert!(growth.fold(f64::INFINITY, f64::min) > 1.8);
    assert!(!found.converged);
}

#[test]
fn three_roots_are_never_ok() {
    for agents in [Some(3), None] {
        for anderson in [0, 5] {
            let (found, _) = solve(&named("T3", agents), &policy(anderson));
            assert_eq!(found.status, Status::ShortWaveUnstable);
            assert!(!found.converged);
        }
    }
}

#[test]
fn too_few_steps_are_reported() {
    let options = Options {
        max_steps: 3,
        ..policy(5)
    };
    let (found, _) = solve(&named("S1", None), &options);
    assert_eq!(found.status, Status::MaxIterations);
}
