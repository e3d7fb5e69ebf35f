//! The Fokker-Planck step is the adjoint of the linearised Hamilton-Jacobi-Bellman step, mass is
//! kept, and no input makes the solver panic.

use _grid::mfg::coupling::Coupling;
use _grid::mfg::fixed_point;
use _grid::mfg::generator::{Conditions, Generator, Linearised, Scheme};
use _grid::mfg::hamiltonian::{Absolute, Hamiltonian, Kind, Place, Power, Quadratic};
use _grid::mfg::mesh::{Boundary, Mesh};
use _grid::mfg::problem::{Method, Options, Problem};
use _grid::mfg::solution::{solve, Status};
use _grid::mfg::sweep::{Equations, Sweeps};
use proptest::prelude::*;

const ENDS: [Boundary; 4] = [
    Boundary::Reflecting,
    Boundary::Absorbing([0.1, -0.2]),
    Boundary::Periodic,
    Boundary::Open,
];

/// Discount rate of the problems below.
const DISCOUNT: f64 = 0.4;

fn options() -> Options {
    Options {
        method: Method::Anderson,
        tolerance: 1e-10,
        max_iterations: 60,
        relaxation: 1.0,
        starts: 1,
        damped_steps: 0,
    }
}

fn problem(boundary: Boundary, scheme: Scheme, n: usize, steps: usize) -> Problem {
    let mesh = Mesh::new(-1.0, 1.0, n, boundary).unwrap();
    let field = |f: fn(f64) -> f64| mesh.nodes.iter().map(|x| f(*x)).collect::<Vec<f64>>();
    let mut problem = Problem {
        times: (0..=steps).map(|k| k as f64 / steps as f64).collect(),
        viscosity: field(|x| 0.2 + 0.05 * x),
        hamiltonian: Kind::Quadratic(Quadratic { scale: 1.0 }),
        running: Coupling {
            potential: Some(field(|x| (2.0 * x).sin())),
            mean: Some(field(|x| -x)),
            density_power: 1.0,
            ..Coupling::default()
        },
        terminal: Coupling {
            potential: Some(field(|x| 0.5 * x * x)),
            density_power: 1.0,
            ..Coupling::default()
        },
        initial: field(|x| (-4.0 * (x - 0.1) * (x - 0.1)).exp()),
        mass_source: None,
        drift: field(|x| 0.3 * (4.0 * x).cos() - 0.2 * x),
        discount: DISCOUNT,
        stationary: false,
        stopping: None,
        seen: Default::default(),
        scheme,
        mesh,
    };
    problem.validate(true).unwrap();
    problem
}

/// The Hamiltonian whose slope has the wrong sign.
struct Flipped(Quadratic);

impl Hamiltonian for Flipped {
    fn at(&self, place: &Place, p: f64) -> (f64, f64) {
        let (value, slope) = self.0.at(place, p);
        (value, -slope)
    }
}

/// Value at time 0, averaged over the initial law, when `bump` times a function is added to g.
fn average_value(problem: &Problem, bump: f64) -> (f64, Vec<f64>) {
    let mut changed = problem.clone();
    let direction = direction(problem);
    if let Some(potential) = &mut changed.terminal.potential {
        for (g, d) in potential.iter_mut().zip(&direction) {
            *g += bump * d;
        }
    }
    let h = Quadratic { scale: 1.0 };
    let mut sweeps = Sweeps::new(&changed, &h, 0);
    let law = sweeps.constant_law(&problem.initial);
    let mut image = law.clone();
    sweeps
        .backward(&law, &mut Equations::solved(), &mut || false)
        .unwrap();
    sweeps.forward(&law, &mut image, &mut || false).unwrap();
    let n = problem.mesh.len();
    let value = sweeps
        .start
        .iter()
        .zip(&sweeps.masses)
        .map(|(u, m)| u * m)
        .sum();
    (value, sweeps.masses[sweeps.masses.len() - n..].to_vec())
}

/// Zero at the ends, where absorbing boundaries prescribe the value.
fn direction(problem: &Problem) -> Vec<f64> {
    let mesh = &problem.mesh;
    let mut values: Vec<f64> = mesh.nodes.iter().map(|x| (3.0 * x).cos()).collect();
    let last = values.len() - 1;
    (values[0], values[last]) = (0.0, 0.0);
    values
}

#[test]
fn the_law_is_the_derivative_of_the_value() {
    for boundary in ENDS {
        for scheme in [Scheme::Central, Scheme::Monotone] {
            let problem = problem(boundary, scheme, 24, 12);
            let (_, end) = average_value(&problem, 0.0);
            let step = 1e-5;
            let slope =
                (average_value(&problem, step).0 - average_value(&problem, -step).0) / (2.0 * step);
            let pairing = |end: &[f64]| -> f64 {
                end.iter()
                    .zip(direction(&problem))
                    .map(|(m, d)| m * d)
                    .sum::<f64>()
                    * (-DISCOUNT).exp()
            };
            let gap = (slope - pairing(&end)).abs();
            assert!(gap < 1e-8, "{boundary:?} {scheme:?}: {gap:e}");

            // planted: the density drifts uphill
            let h = Quadratic { scale: 1.0 };
            let mut right = Sweeps::new(&problem, &h, 0);
            let law = right.constant_law(&problem.initial);
            right
                .backward(&law, &mut Equations::solved(), &mut || false)
                .unwrap();
            let flipped = Flipped(h);
            let mut wrong = Sweeps::new(&problem, &flipped, 0);
            wrong.inner.clone_from(&right.inner);
            let mut image = law.clone();
            if wrong.forward(&law, &mut image, &mut || false).is_ok() {
                let n = problem.mesh.len();
                let gap = (slope - pairing(&wrong.masses[wrong.masses.len() - n..])).abs();
                assert!(gap > 1e-3, "{boundary:?} {scheme:?}: {gap:e}");
            }
        }
    }
}

#[test]
fn rows_of_the_generator_sum_to_zero_and_the_monotone_one_is_an_m_matrix() {
    for boundary in ENDS {
        for scheme in [Scheme::Central, Scheme::Monotone] {
            let problem = problem(boundary, scheme, 17, 4);
            let generator = Generator {
                mesh: &problem.mesh,
                hamiltonian: &Power {
                    exponent: 3.0,
                    scale: 2.0,
                },
                scheme,
            };
            let n = problem.mesh.len();
            let u: Vec<f64> = problem.mesh.nodes.iter().map(|x| (5.0 * x).sin()).collect();
            let mut found = Linearised::new(n, boundary);
            let conditions = Conditions {
                time: 0.0,
                moments: [0.0; 3],
                shift: 0.3,
                density: &[],
                viscosity: &problem.viscosity,
                drift: &problem.drift,
            };
            generator.linearise(&u, &conditions, 0.1, &mut found);
            let matrix = &found.matrix;
            for i in 0..n {
                let inside = |there: bool, entry: f64| if there { entry } else { 0.0 };
                let lower = inside(i > 0 || matrix.cyclic, matrix.lower[i]);
                let upper = inside(i < n - 1 || matrix.cyclic, matrix.upper[i]);
                let skew = inside(i == 0, matrix.skew[0]) + inside(i == n - 1, matrix.skew[1]);
                let sum = lower + upper + skew + matrix.diagonal[i];
                assert!(
                    (sum - 1.0).abs() < 1e-13,
                    "{boundary:?} {scheme:?} row {i}: {sum}"
                );
                if scheme == Scheme::Monotone {
                    assert!(lower <= 0.0 && upper <= 0.0 && skew == 0.0);
                }
            }
        }
    }
}

#[test]
fn newton_and_anderson_find_the_same_law() {
    let problem = problem(Boundary::Reflecting, Scheme::Central, 41, 20);
    let h = Quadratic { scale: 1.0 };
    let mut ends = Vec::new();
    for method in [Method::Anderson, Method::Newton, Method::Picard] {
        let mut sweeps = Sweeps::new(&problem, &h, 0);
        let start = sweeps.constant_law(&problem.initial);
        let options = Options {
            method,
            ..options()
        };
        let point = fixed_point::solve(&mut sweeps, start, 0, &options, &mut || false);
        assert!(matches!(point.ending, fixed_point::Ending::Converged));
        ends.push(point.coordinates);
    }
    assert!(fixed_point::distance(&ends[0], &ends[1]) < 1e-9);
    assert!(fixed_point::distance(&ends[0], &ends[2]) < 1e-9);
}

#[test]
fn an_interruption_ends_the_work() {
    let problem = problem(Boundary::Periodic, Scheme::Central, 40, 20);
    let mut calls = 0;
    let outcome = solve(&problem, None, &options(), &mut || {
        calls += 1;
        calls > 30
    });
    assert!(outcome.is_err());
    assert_eq!(calls, 31);
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(64)
    })]

    #[test]
    fn every_outcome_has_a_status_and_keeps_mass(
        n in 5usize..30,
        steps in 1usize..9,
        end in 0usize..4,
        nu in prop::sample::select(vec![0.0, 1e-6, 0.01, 1.0, 100.0]),
        kind in 0usize..3,
        values in prop::collection::vec(-5.0f64..5.0, 30),
        density in prop::collection::vec(0.0f64..1.0, 30),
    ) {
        let mesh = Mesh::new(0.0, 1.0, n, ENDS[end]).unwrap();
        let kinked = kind == 1;
        let mut problem = Problem {
            mesh,
            times: (0..=steps).map(|k| k as f64).collect(),
            viscosity: vec![nu; n],
            hamiltonian: match kind {
                0 => Kind::Quadratic(Quadratic { scale: 1.0 }),
                1 => Kind::Absolute(Absolute { scale: 1.0 }),
                _ => Kind::Power(Power { exponent: 1.5, scale: 1.0 }),
            },
            running: Coupling {
                potential: Some(values[..n].to_vec()),
                density: Some(values[..n].to_vec()),
                density_power: 1.0,
                ..Coupling::default()
            },
            terminal: Coupling::default(),
            initial: density[..n].to_vec(),
            mass_source: None,
            drift: values[..n].to_vec(),
            discount: 0.1,
            stationary: false,
            stopping: None,
            seen: Default::default(),
            scheme: if kinked || nu == 0.0 { Scheme::Monotone } else { Scheme::Central },
        };
        if problem.validate(true).is_ok() {
            let found = solve(&problem, None, &options(), &mut || false).unwrap();
            prop_assert!(!found.message.is_empty());
            if found.status == Status::Ok {
                prop_assert!(found.history.mass_error < 1e-13);
                prop_assert!(found.history.value.iter().all(|u| u.is_finite()));
            }
            if problem.scheme == Scheme::Monotone {
                prop_assert!(found.minimum_density >= 0.0);
            }
        }
    }

    #[test]
    fn hostile_numbers_are_refused_or_survived(
        low in any::<f64>(),
        high in any::<f64>(),
        n in 0usize..12,
        times in prop::collection::vec(any::<f64>(), 0..4),
        initial in prop::collection::vec(any::<f64>(), 0..12),
        nu in any::<f64>(),
    ) {
        if let Ok(mesh) = Mesh::new(low, high, n, Boundary::Reflecting) {
            let mut problem = Problem {
                mesh,
                times,
                viscosity: vec![nu; n],
                hamiltonian: Kind::Quadratic(Quadratic { scale: 1.0 }),
                running: Coupling::default(),
                terminal: Coupling::default(),
                initial,
                mass_source: None,
                drift: vec![nu; n],
                discount: nu,
                stationary: n % 2 == 0,
                stopping: (n % 3 == 0).then(|| vec![nu; n]),
                seen: Default::default(),
                scheme: Scheme::Central,
            };
            if problem.validate(true).is_ok() {
                prop_assert!(solve(&problem, None, &options(), &mut || false).is_ok());
            }
        }
    }
}
