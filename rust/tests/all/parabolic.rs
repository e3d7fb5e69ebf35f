//! The horizon min(tau, T) against ordinary differential equations and manufactured solutions.

use crate::common::{named, uniform, Environment, Set};
use _grid::{solve_parabolic, Evolution, GridError, Path, Scheme, StationaryProblem, Status};

fn gompertz(t: f64) -> f64 {
    0.05 * (0.09 * t).exp()
}

fn evolution(horizon: f64, steps: usize, hazard: fn(f64) -> f64, scheme: Scheme) -> Evolution {
    let times: Vec<f64> = (0..=steps)
        .map(|k| horizon * k as f64 / steps as f64)
        .collect();
    Evolution {
        hazards: times.iter().map(|&t| hazard(t)).collect(),
        times,
        sources: None,
        boundary: None,
        scheme,
        tolerance: 1e-11,
        memory_limit: 1 << 30,
        threads: 0,
    }
}

/// Policy coefficients from a, c, h20, h11, d, h10.
fn feedback(set: &Set, e: Environment, u: &[f64; 6]) -> [f64; 3] {
    let [a, c, h20, h11, d, h10] = *u;
    let (b, g, s2) = (set.b, set.gamma, set.s2());
    [
        b * (set.beta * a + g * (a * a - h20)) / (g * s2 * h20),
        b * (a * c - 0.5 * h11) / (s2 * h20),
        (b * (set.alpha * a + g * (a * d - 0.5 * h10)) - 0.5 * g * set.sigma * e.m_s * h11)
            / (g * s2 * h20),
    ]
}

/// Policy coefficients at time 0 from the backward equations of the moments' coefficients, by the
/// classical Runge-Kutta method.
fn backward(set: &Set, e: Environment, horizon: f64, hazard: fn(f64) -> f64) -> [f64; 3] {
    let (b, r, s2, k, theta) = (set.b, set.r, set.s2(), set.kappa(), set.theta);
    let slope = |t: f64, u: &[f64; 6]| -> [f64; 6] {
        let [a, c, h20, h11, d, h10] = *u;
        let (l, [p1, p2, p3]) = (hazard(t), feedback(set, e, u));
        [
            (l - r - b * p1) * a - l * k,
            (l - r) * c - b * p2 * a + l * theta,
            (l - 2.0 * r - 2.0 * b * p1 - s2 * p1 * p1) * h20 - l * k * k,
            (l - 2.0 * r - b * p1) * h11 - 2.0 * h20 * p2 * (b + s2 * p1) + 2.0 * l * k * theta,
            l * d - b * p3 * a - e.m_b * c,
            (l - r - b * p1) * h10
                - 2.0 * h20 * p3 * (b + s2 * p1)
                - e.m_b * h11
                - set.sigma * e.m_s * p1 * h11,
        ]
    };
    let steps = 4000;
    let dt = -horizon / f64::from(steps);
    let mut u = [k, -theta, k * k, -2.0 * k * theta, 0.0, 0.0];
    for n in 0..steps {
        let t = horizon + dt * f64::from(n);
        let add = |u: &[f64; 6], s: &[f64; 6], w: f64| std::array::from_fn(|i| u[i] + w * s[i]);
        let k1 = slope(t, &u);
        let k2 = slope(t + 0.5 * dt, &add(&u, &k1, 0.5 * dt));
        let k3 = slope(t + 0.5 * dt, &add(&u, &k2, 0.5 * dt));
        let k4 = slope(t + dt, &add(&u, &k3, dt));
        for i in 0..6 {
            u[i] += dt / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]);
        }
    }
    feedback(set, e, &u)
}

fn setting() -> (Set, Environment, StationaryProblem) {
    let set = named("S1", Some(10));
    let e = set.environment();
    let axis = uniform(1.0, 1.5, 21);
    let problem = set.problem(e, axis.clone(), axis);
    (set, e, problem)
}

/// Largest error of the coefficients of the policy at time 0, an affine function on the grid.
fn error(problem: &StationaryProblem, path: &Path, p: [f64; 3]) -> f64 {
    let at = |i: usize, j: usize| path.policy[problem.grid.at(i, j)];
    let x = problem.grid.x.nodes();
    let slope_x = (at(15, 10) - at(5, 10)) / (x[15] - x[5]);
    let slope_y = (at(10, 15) - at(10, 5)) / (x[15] - x[5]);
    let found = [slope_x, slope_y, at(10, 10) - slope_x - slope_y];
    let pairs = found.iter().zip(p);
    pairs.map(|(f, e)| (f - e).abs()).fold(0.0, f64::max)
}

#[test]
fn orders_in_time_against_the_backward_equations() {
    let (set, e, problem) = setting();
    let exact = backward(&set, e, 20.0, gompertz);
    for (p, q) in exact.iter().zip([0.070_690_6, 0.019_301_43, 0.450_574_29]) {
        assert!((p - q).abs() < 1e-7, "{exact:?}");
    }
    for (scheme, order, largest) in [
        (Scheme::Theta(0.5), 2.0, [1.7e-4, 4.2e-5, 1.1e-5, 2.6e-6]),
        (Scheme::Bdf2, 2.0, [7e-4, 1.7e-4, 4.3e-5, 1.1e-5]),
        (Scheme::Theta(1.0), 1.0, [5.3e-3, 2.7e-3, 1.3e-3, 6.7e-4]),
    ] {
        let errors = [20, 40, 80, 160].map(|steps| {
            let evolution = evolution(20.0, steps, gompertz, scheme);
            let path = solve_parabolic(&problem, &evolution, &mut || false).unwrap();
            assert_eq!(path.status, Status::Ok, "{}", path.message);
            assert!(path.newton_steps.iter().sum::<usize>() <= 5 * steps / 2);
            assert!(path.short_wave_exponent < 1.0 && path.second_order_min > 0.0);
            error(&problem, &path, exact)
        });
        println!("{scheme:?} {errors:?}");
        for (error, largest) in errors.iter().zip(largest) {
            assert!(*error < largest, "{scheme:?}: {errors:?}");
        }
        for pair in errors.windows(2) {
            let found = (pair[0] / pair[1]).log2();
            assert!((found - order).abs() < 0.1, "{scheme:?}: {errors:?}");
        }
    }
}

#[test]
fn what_cannot_be_marched_is_refused_by_name() {
    let (_, _, problem) = setting();
    let refused = |change: &dyn Fn(&mut Evolution)| {
        let mut bad = evolution(10.0, 40, gompertz, Scheme::Bdf2);
        change(&mut bad);
        match solve_parabolic(&problem, &bad, &mut || false) {
            Err(GridError::InvalidInput {
                argument, remedy, ..
            }) => {
                assert!(!remedy.is_empty());
                argument
            }
            other => panic!("{:?}", other.map(|path| path.status)),
        }
    };
    assert_eq!(refused(&|e| e.times.truncate(1)), "times");
    assert_eq!(refused(&|e| e.times[3] = e.times[2]), "times");
    assert_eq!(refused(&|e| e.times[3] = f64::NAN), "times");
    assert_eq!(refused(&|e| e.times[39] = e.times[40] - 1e-3), "times");
    assert_eq!(refused(&|e| e.hazards[7] = 5.0), "times");
    assert_eq!(refused(&|e| e.hazards[40] = 5.0), "times");
    assert_eq!(refused(&|e| e.hazards[0] = 5.0), "times");
    assert_eq!(refused(&|e| e.hazards[7] = -5.0), "hazard");
    assert_eq!(refused(&|e| e.hazards[7] = f64::INFINITY), "hazard");
    assert_eq!(refused(&|e| e.hazards.truncate(7)), "hazard");
    assert_eq!(refused(&|e| e.scheme = Scheme::Theta(0.4)), "scheme");
    assert_eq!(refused(&|e| e.tolerance = f64::NAN), "tolerance");
    assert_eq!(refused(&|e| e.sources = Some(vec![0.0; 3])), "source");
    assert_eq!(refused(&|e| e.boundary = Some(vec![0.0; 3])), "boundary");
}

#[test]
fn an_interruption_ends_the_march() {
    let (_, _, problem) = setting();
    let mut left = 100;
    let outcome = solve_parabolic(
        &problem,
        &evolution(20.0, 80, gompertz, Scheme::Bdf2),
        &mut || {
            left -= 1;
            left == 0
        },
    );
    assert_eq!(outcome.unwrap_err(), GridError::Interrupted);
}

#[test]
fn infinite_moments_are_found_on_the_way() {
    // Drift and aggregate explode faster than the hazard rate strikes, for a long time.
    let mut set = named("T3", None);
    set.r = 0.1;
    let e = Environment {
        m_b: 0.05,
        m_s: 0.1,
        m_2: 0.01,
    };
    let axis = uniform(1.0, 1.5, 11);
    let problem = set.problem(e, axis.clone(), axis);
    let evolution = evolution(60.0, 240, |_| 0.06, Scheme::Theta(0.5));
    let path = solve_parabolic(&problem, &evolution, &mut || false).unwrap();
    assert_ne!(path.status, Status::Ok, "{}", path.message);
    assert!(!path.message.is_empty());
}
