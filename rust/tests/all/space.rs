//! Order and size of the error in space, and what errors of the closed form the grid sees.

use crate::common::manufactured::Manufactured;
use crate::common::{named, policy_error, uniform};
use _grid::closure::Closure;
use _grid::{solve_stationary, Options, Status};

/// Largest policy error at the nodes of the window |x - 1|, |y - 1| <= 1/2 that all grids of
/// 20 k + 1 nodes a side share.
fn error(nodes: usize, bump: bool) -> f64 {
    let set = named("S1", Some(10));
    let e = set.environment();
    let axis = uniform(1.0, 1.5, nodes);
    let mut problem = set.problem(e, axis.clone(), axis.clone());
    let (exact, policy) = Manufactured::new(set, e, bump).impose(&mut problem);
    let closure = if bump {
        Closure::QuadraticGrowth
    } else {
        Closure::Dirichlet(exact.clone())
    };
    let options = Options {
        closure,
        start: Some(exact),
        ..Options::default()
    };
    let solution = solve_stationary(&problem, &options, &mut || false).unwrap();
    assert!(solution.converged, "{}", solution.message);
    let every = (nodes - 1) / 20;
    let mut worst: f64 = 0.0;
    for i in (0..nodes).step_by(every) {
        for j in (0..nodes).step_by(every) {
            if (axis[i] - 1.0).abs() <= 0.5 && (axis[j] - 1.0).abs() <= 0.5 {
                let node = problem.grid.at(i, j);
                worst = worst.max((solution.policy[node] - policy[node]).abs());
            }
        }
    }
    worst
}

#[test]
fn given_boundary_values_show_second_order() {
    let errors = [21, 41, 81].map(|nodes| error(nodes, false));
    println!("{errors:?}");
    for (error, largest) in errors.iter().zip([4.7e-4, 1.2e-4, 3.1e-5]) {
        assert!(*error < largest, "{errors:?}");
    }
    for pair in errors.windows(2) {
        let order = (pair[0] / pair[1]).log2();
        assert!((order - 2.0).abs() < 0.1, "order {order} from {errors:?}");
    }
}

#[test]
fn the_closure_keeps_second_order() {
    let errors = [41, 81].map(|nodes| error(nodes, true));
    println!("{errors:?}");
    let order = (errors[0] / errors[1]).log2();
    assert!((order - 2.0).abs() < 0.1, "order {order} from {errors:?}");
}

#[test]
fn sensitivity_to_relative_errors_of_one_millionth() {
    let set = named("S1", Some(3));
    let environment = set.environment();
    let axis = uniform(1.0, 1.5, 41);
    let problem = set.problem(environment, axis.clone(), axis);
    let solution = solve_stationary(&problem, &Options::default(), &mut || false).unwrap();
    assert_eq!(solution.status, Status::Ok);
    let form = set.closed();
    let error = |p: [f64; 3]| policy_error(&problem.grid, &solution.policy, p);
    let exact = [form.p1, form.p2, form.p3(environment)];
    assert!(error(exact) < 1e-12, "{:e}", error(exact));
    let by = 1.0 + 1e-6;
    let slope = |cubic: &[f64; 4], p: f64| cubic[1] + p * (2.0 * cubic[2] + p * 3.0 * cubic[3]);
    let mut seen = Vec::new();
    for k in 0..3 {
        let mut wrong = exact;
        wrong[k] *= by;
        seen.push(error(wrong));
    }
    // An error of h20 goes straight into p1, whose denominator it is.
    seen.push(error([exact[0] / by, exact[1], exact[2]]));
    for k in 0..4 {
        let cubic = set.cubic_coefficients();
        let change = -1e-6 * cubic[k] * form.p1.powi(i32::try_from(k).unwrap());
        let p1 = form.p1 + change / slope(&cubic, form.p1);
        seen.push(error([p1, exact[1], exact[2]]));
    }
    println!("p1 p2 p3 h20 c0 c1 c2 c3: {seen:?}");
    let least = [3e-7, 3e-9, 5e-7, 3e-7, 3e-7, 3e-7, 5e-9, 2e-10];
    for (error, least) in seen.iter().zip(least) {
        assert!(*error > least && *error < 1.1e-6, "{seen:?}");
    }
}

#[test]
fn accuracy_on_the_sets_of_reference() {
    for name in ["S1", "S2", "S3", "S4", "S5"] {
        for agents in [Some(3), None] {
            let set = named(name, agents);
            let e = set.environment();
            let axis = uniform(1.0, 1.5, 41);
            let problem = set.problem(e, axis.clone(), axis);
            let solution = solve_stationary(&problem, &Options::default(), &mut || false).unwrap();
            let form = set.closed();
            let error = policy_error(
                &problem.grid,
                &solution.policy,
                [form.p1, form.p2, form.p3(e)],
            );
            println!("{name} {agents:?} {error:.1e} steps {}", solution.steps);
            assert!(error < 1e-12, "{name} {agents:?}: {error:e}");
            assert!((7..=9).contains(&solution.steps));
        }
    }
}
