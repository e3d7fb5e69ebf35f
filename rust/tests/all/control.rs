//! What a solve tells its caller, and that it stops when told to.

use crate::common::{named, uniform};
use _grid::control::{Control, Progress};
use _grid::newton::Method;
use _grid::{solve_parabolic, solve_stationary, Evolution, GridError, Options};

/// Writes down every report; wants to stop once it was asked often enough.
struct Witness {
    told: Vec<Progress>,
    asked: usize,
    patience: usize,
}

impl Witness {
    fn new(patience: usize) -> Self {
        Self {
            told: Vec::new(),
            asked: 0,
            patience,
        }
    }
}

impl Control for Witness {
    fn stop(&mut self) -> bool {
        self.asked += 1;
        self.asked > self.patience
    }

    fn report(&mut self, progress: Progress) {
        self.told.push(progress);
    }
}

#[test]
fn every_step_is_reported_and_nothing_changes() {
    let set = named("S1", Some(3));
    let axis = || uniform(1.0, 1.0, 13);
    let problem = set.problem(set.environment(), axis(), axis());
    for (method, stage) in [
        (Method::Newton, "Newton steps"),
        (Method::Policy, "policy iterations"),
    ] {
        let options = Options {
            method,
            ..Options::default()
        };
        let mut witness = Witness::new(usize::MAX);
        let watched = solve_stationary(&problem, &options, &mut witness).unwrap();
        let alone = solve_stationary(&problem, &options, &mut || false).unwrap();
        assert_eq!(watched.policy, alone.policy);
        let counts: Vec<usize> = witness.told.iter().map(|p| p.done).collect();
        assert_eq!(counts, (1..=watched.steps).collect::<Vec<_>>());
        for (report, residual) in witness.told.iter().zip(&watched.residual_history[1..]) {
            assert_eq!((report.stage, report.total), (stage, None));
            assert_eq!(report.residual, *residual);
        }
    }
}

#[test]
fn a_march_reports_its_steps_and_stops_anywhere() {
    let set = named("S1", Some(3));
    let axis = || uniform(1.0, 1.0, 9);
    let problem = set.problem(set.environment(), axis(), axis());
    let evolution = Evolution {
        times: (0..=5).map(|k| 0.2 * f64::from(k)).collect(),
        hazards: vec![0.6; 6],
        ..Evolution::default()
    };
    let mut witness = Witness::new(usize::MAX);
    solve_parabolic(&problem, &evolution, &mut witness).unwrap();
    let counts: Vec<_> = witness.told.iter().map(|p| (p.done, p.total)).collect();
    assert_eq!(counts, (1..=5).map(|k| (k, Some(5))).collect::<Vec<_>>());
    for patience in (0..witness.asked).step_by(7) {
        let stopped = solve_parabolic(&problem, &evolution, &mut Witness::new(patience));
        assert!(matches!(stopped, Err(GridError::Interrupted)), "{patience}");
    }
}
