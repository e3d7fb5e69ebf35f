//! The grid finds the best response to given aggregates without knowing its form.

use crate::common::{closed_form_error, named, policy_error, uniform, Environment, Set};
use _grid::closure::Closure;
use _grid::{solve_stationary, GridError, Options, Solution, Status};

/// Largest relative error of the policy that counts as agreement.
const ALLOWED: f64 = 1e-9;

fn solve(set: &Set, x: Vec<f64>, y: Vec<f64>, options: &Options) -> (Solution, f64) {
    let environment = set.environment();
    let problem = set.problem(environment, x, y);
    let solution = solve_stationary(&problem, options, &mut || false).unwrap();
    let error = closed_form_error(set, environment, &problem.grid, &solution.policy);
    (solution, error)
}

fn solve_box(set: &Set, half: f64, nodes: usize) -> (Solution, f64) {
    let axis = uniform(1.0, half, nodes);
    solve(set, axis.clone(), axis, &Options::default())
}

#[test]
fn policy_agrees_with_the_closed_form() {
    for name in ["S1", "S2", "S3", "S4", "S5"] {
        for agents in [Some(3), None] {
            for (half, nodes) in [(1.5, 21), (2.0, 21), (1.5, 41)] {
                let (solution, error) = solve_box(&named(name, agents), half, nodes);
                let label = format!("{name} {agents:?} half {half} nodes {nodes}");
                assert_eq!(solution.status, Status::Ok, "{label}: {}", solution.message);
                assert!(error < 5e-12, "{label}: error {error:e}");
                assert!((7..=9).contains(&solution.steps), "{label}");
                assert_eq!(solution.rejections, 0, "{label}");
                let found = solution.diagnostics.unwrap();
                assert!(found.policy_nonaffine < 5e-12, "{label}");
                assert!(found.second_order_min > 0.0, "{label}");
                assert!(found.short_wave.growth < 0.0, "{label}");
            }
        }
    }
}

#[test]
fn moments_agree_with_the_closed_form() {
    let set = named("S1", Some(3));
    let environment = set.environment();
    let (g, h) = set.moments(environment);
    let axis = uniform(1.0, 1.5, 21);
    let problem = set.problem(environment, axis.clone(), axis.clone());
    let solution = solve_stationary(&problem, &Options::default(), &mut || false).unwrap();
    for (i, &x) in axis.iter().enumerate() {
        for (j, &y) in axis.iter().enumerate() {
            let node = problem.grid.at(i, j);
            let mean = g[0] * x + g[1] * y + g[2];
            let square = h[0] * x * x + h[1] * x * y + h[2] * y * y + h[3] * x + h[4] * y + h[5];
            assert!((solution.g[node] - mean).abs() < 1e-11);
            assert!((solution.h[node] - square).abs() < 1e-11);
        }
    }
}

#[test]
fn planted_errors_of_the_closed_form_are_seen() {
    for name in ["S1", "S2", "S3"] {
        let set = named(name, Some(3));
        let environment = set.environment();
        let axis = uniform(1.0, 1.5, 21);
        let problem = set.problem(environment, axis.clone(), axis);
        let solution = solve_stationary(&problem, &Options::default(), &mut || false).unwrap();
        let error = |p: [f64; 3]| policy_error(&problem.grid, &solution.policy, p);
        let form = set.closed();
        let exact = [form.p1, form.p2, form.p3(environment)];
        assert!(error(exact) < 0.01 * ALLOWED);
        for k in 0..3 {
            let mut wrong = exact;
            wrong[k] *= 1.0 + 1e-4;
            assert!(error(wrong) > 10.0 * ALLOWED, "{name}: coefficient {k}");
        }
        let mut q3 = exact;
        q3[2] += 1e-4 * form.q3;
        assert!(error(q3) > 10.0 * ALLOWED, "{name}: q3");
        for k in 0..4 {
            let mut cubic = set.cubic_coefficients();
            cubic[k] *= 1.0 + 1e-4;
            let mut root = form.p1;
            for _ in 0..20 {
                let value = cubic.iter().rev().fold(0.0, |v, c| v * root + c);
                let slope = (1..4)
                    .rev()
                    .fold(0.0, |v, j| v * root + j as f64 * cubic[j]);
                root -= value / slope;
            }
            let wrong = error([root, exact[1], exact[2]]);
            assert!(wrong > 10.0 * ALLOWED, "{name}: cubic {k}: {wrong:e}");
        }
    }
}

#[test]
fn planted_errors_of_the_problem_are_seen() {
    let set = named("S1", Some(3));
    let environment = set.environment();
    let axis = uniform(1.0, 1.5, 21);
    let problem = set.problem(environment, axis.clone(), axis);
    let size = problem.grid.size();
    let error = |change: &dyn Fn(&mut _grid::StationaryProblem)| {
        let mut wrong = problem.clone();
        change(&mut wrong);
        let solution = solve_stationary(&wrong, &Options::default(), &mut || false).unwrap();
        closed_form_error(&set, environment, &wrong.grid, &solution.policy)
    };
    assert!(error(&|_| ()) < 0.01 * ALLOWED);
    assert!(
        error(&|p| p.drift[size..2 * size]
            .iter_mut()
            .for_each(|v| *v *= 1.0 + 1e-6))
            > ALLOWED
    );
    assert!(
        error(&|p| p.diffusion[2 * size..3 * size]
            .iter_mut()
            .for_each(|v| *v *= 1.000_001))
            > ALLOWED
    );
    assert!(
        error(&|p| p.diffusion[4 * size..5 * size]
            .iter_mut()
            .for_each(|v| *v *= 0.999))
            > ALLOWED
    );
    assert!(error(&|p| p.weight.iter_mut().for_each(|v| *v *= 1.000_001)) > ALLOWED);
    assert!(error(&|p| p.gamma *= 1.000_001) > ALLOWED);
    assert!(error(&|p| p.hazard *= 1.000_001) > ALLOWED);
}

#[test]
fn rectangular_and_graded_grids_agree_too() {
    let set = named("S3", None);
    let graded = |n: usize| -> Vec<f64> {
        uniform(0.0, 1.0, n)
            .iter()
            .map(|u| 1.0 + 0.7 * u + 0.8 * u * u * u)
            .collect()
    };
    for (x, y) in [
        (uniform(1.0, 1.5, 15), uniform(1.1, 1.3, 31)),
        (uniform(1.0, 1.5, 31), uniform(1.0, 1.8, 15)),
        (graded(25), graded(25)),
        (uniform(1.0, 1.5, 5), uniform(1.0, 1.5, 7)),
    ] {
        let (solution, error) = solve(&set, x, y, &Options::default());
        assert_eq!(solution.status, Status::Ok, "{}", solution.message);
        assert!(error < 5e-12, "{error:e}");
    }
}

#[test]
fn payoff_values_on_a_wide_graded_box_agree_roughly() {
    // An independent check of growth: far boundary values hardly matter.
    let set = named("S1", Some(3));
    let nodes: Vec<f64> = uniform(0.0, 1.0, 61)
        .iter()
        .map(|u| 1.0 + 1.5 * u + 498.5 * u.powi(9))
        .collect();
    let problem = set.problem(set.environment(), nodes.clone(), nodes.clone());
    let options = Options {
        closure: Closure::Dirichlet(problem.payoff.clone()),
        ..Options::default()
    };
    let (solution, error) = solve(&set, nodes, uniform(1.0, 1.5, 21), &Options::default());
    assert!(solution.converged && error < 1e-9, "{error:e}");
    let wide = solve_stationary(&problem, &options, &mut || false).unwrap();
    let error = closed_form_error(&set, set.environment(), &problem.grid, &wide.policy);
    assert!(wide.converged, "{}", wide.message);
    assert!(error < 1e-4, "{error:e}");
    assert!(error > 1e-13);
}

#[test]
fn ill_posed_and_impossible_cases_are_never_ok() {
    // Three admissible roots: a coarse grid may converge, but short waves grow.
    let t3 = named("T3", Some(3));
    for nodes in [11, 21] {
        let (solution, _) = solve_box(&t3, 1.5, nodes);
        assert_eq!(solution.status, Status::ShortWaveUnstable);
        assert!(solution.diagnostics.unwrap().short_wave.growth > 1.0);
    }
    // With shorter first steps the coarse grid finds the selected root; finer ones find nothing.
    let axis = uniform(1.0, 1.5, 21);
    let options = Options {
        first_step: 0.03,
        ..Options::default()
    };
    let (solution, _) = solve(&t3, axis.clone(), axis, &options);
    assert!(solution.converged && solution.status == Status::ShortWaveUnstable);
    let form = t3.closed();
    let middle = form.p1 + form.p2 + form.p3(t3.environment());
    assert!((solution.policy[10 * 21 + 10] / middle - 1.0).abs() < 1e-2);
    // lambda < 2 r: the second moment of the competitors' wealth is infinite.
    let mut late = named("S1", Some(3));
    late.lambda = 0.055;
    let e = Environment {
        m_b: 0.01,
        m_s: 0.1,
        m_2: 0.01,
    };
    let axis = uniform(1.0, 1.5, 21);
    let problem = late.problem(e, axis.clone(), axis.clone());
    let solution = solve_stationary(&problem, &Options::default(), &mut || false).unwrap();
    assert_eq!(solution.status, Status::MomentExplosion);
    assert!(solution.diagnostics.unwrap().variance_form[0] < -0.1);
    // No admissible root.
    let none = Set {
        r: 0.1,
        b: 0.02,
        nu: 0.3,
        sigma: 0.3,
        theta: 0.5,
        gamma: 2.0,
        alpha: 1.0,
        beta: 0.5,
        lambda: 0.15,
        share: 0.2,
    };
    let problem = none.problem(e, axis.clone(), axis);
    let solution = solve_stationary(&problem, &Options::default(), &mut || false).unwrap();
    assert!(!solution.converged && solution.status != Status::Ok);
}

#[test]
fn the_policy_changing_sign_is_a_warning() {
    let (solution, error) = solve_box(&named("S3", None), 3.0, 21);
    assert_eq!(solution.status, Status::DegeneratePolicy);
    assert!(solution.converged && error < ALLOWED);
}

#[test]
fn a_box_without_control_of_the_diffusion_has_no_start() {
    let set = named("S1", Some(3));
    let axis = uniform(1.0, 1.5, 11);
    let mut problem = set.problem(set.environment(), axis.clone(), axis);
    problem.diffusion.fill(0.0);
    let solution = solve_stationary(&problem, &Options::default(), &mut || false).unwrap();
    assert_eq!(solution.status, Status::StepRejected);
    assert!(!solution.converged && solution.steps == 0);
}

#[test]
fn too_few_steps_are_reported() {
    let set = named("S1", Some(3));
    let axis = uniform(1.0, 1.5, 11);
    let options = Options {
        max_steps: 3,
        ..Options::default()
    };
    let (solution, error) = solve(&set, axis.clone(), axis, &options);
    assert_eq!(solution.status, Status::MaxIterations);
    assert!(!solution.converged && error > 1e-3);
}

#[test]
fn a_residual_below_rounding_stagnates() {
    let set = named("S1", Some(3));
    let axis = uniform(1.0, 1.5, 11);
    let options = Options {
        tolerance: 1e-30,
        ..Options::default()
    };
    let (solution, _) = solve(&set, axis.clone(), axis, &options);
    assert_eq!(solution.status, Status::Stagnated);
}

#[test]
fn faults_of_the_input_name_the_argument() {
    let set = named("S1", Some(3));
    let axis = uniform(1.0, 1.5, 11);
    let good = set.problem(set.environment(), axis.clone(), axis);
    let size = good.grid.size();
    let argument = |change: &dyn Fn(&mut _grid::StationaryProblem)| {
        let mut bad = good.clone();
        change(&mut bad);
        match solve_stationary(&bad, &Options::default(), &mut || false) {
            Err(GridError::InvalidInput { argument, .. }) => argument,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(argument(&|p| p.drift[5] = f64::NAN), "drift");
    assert_eq!(argument(&|p| p.diffusion.truncate(5)), "diffusion");
    assert_eq!(argument(&|p| p.diffusion[2 * size] = -1.0), "diffusion");
    assert_eq!(argument(&|p| p.diffusion[3 * size] = 1.0), "diffusion");
    assert_eq!(argument(&|p| p.payoff[0] = f64::INFINITY), "payoff");
    assert_eq!(argument(&|p| p.weight.clear()), "weight");
    assert_eq!(argument(&|p| p.gamma = 0.0), "gamma");
    assert_eq!(argument(&|p| p.hazard = -1.0), "hazard");
    assert_eq!(argument(&|p| p.source = Some(vec![0.0])), "source");
    for nodes in [
        vec![0.0, 1.0, 2.0],
        vec![0.0, 1.0, 1.0, 2.0, 3.0],
        vec![0.0, 1.0, f64::NAN, 2.0, 3.0],
    ] {
        assert!(_grid::Grid::new(nodes, uniform(1.0, 1.5, 11)).is_err());
    }
    let sparse = set.problem(
        set.environment(),
        uniform(1.0, 1.0, 6),
        uniform(1.0, 1.0, 11),
    );
    assert!(matches!(
        solve_stationary(&sparse, &Options::default(), &mut || false),
        Err(GridError::InvalidInput { argument, .. }) if argument == "x"
    ));
}

#[test]
fn interruption_and_memory_limit_stop_the_solve() {
    let set = named("S1", Some(3));
    let axis = uniform(1.0, 1.5, 21);
    let problem = set.problem(set.environment(), axis.clone(), axis);
    let mut left = 20;
    let outcome = solve_stationary(&problem, &Options::default(), &mut || {
        left -= 1;
        left == 0
    });
    assert_eq!(outcome.unwrap_err(), GridError::Interrupted);
    let options = Options {
        memory_limit: 1000,
        ..Options::default()
    };
    assert!(matches!(
        solve_stationary(&problem, &options, &mut || false),
        Err(GridError::TooLarge { nx: 21, .. })
    ));
}

#[test]
fn results_are_reproducible_and_warm_starts_short() {
    let set = named("S2", None);
    let (first, _) = solve_box(&set, 1.5, 21);
    let (second, _) = solve_box(&set, 1.5, 21);
    assert_eq!(first.policy, second.policy);
    let axis = uniform(1.0, 1.5, 21);
    let options = Options {
        start: Some([first.g, first.h].concat()),
        ..Options::default()
    };
    let (warm, error) = solve(&set, axis.clone(), axis, &options);
    assert!(warm.steps <= 1 && error < 1e-11);
}
