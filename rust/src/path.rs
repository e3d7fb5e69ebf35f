//! What a solve in time returns: every level, the evidence along the way, the verdict.

use crate::diagnostics::{short_wave, variance_form, ShortWave};
use crate::evolution::Evolution;
use crate::solution::Status;
use crate::system::{Evaluation, State, System};

/// Levels at which the growth of short waves is looked at.
const WATCHED: usize = 8;
/// Growth of short waves over the whole horizon that rounding errors may not exceed.
const AMPLIFICATION: f64 = 1e4;

/// G, H and policy at every time, in the order of the times.
#[derive(Debug, Clone)]
pub struct Path {
    /// G, one level after another; not a number at times that were not reached.
    pub g: Vec<f64>,
    /// H likewise.
    pub h: Vec<f64>,
    /// Policy likewise.
    pub policy: Vec<f64>,
    /// Verdict.
    pub status: Status,
    /// Whether time 0 was reached.
    pub converged: bool,
    /// The verdict as a sentence with its numbers.
    pub message: String,
    /// Newton steps of each step of time, in the order they were made: from T backward.
    pub newton_steps: Vec<usize>,
    /// Largest remaining change over all steps, relative to 1 + |payoff|.
    pub residual: f64,
    /// Smallest -2 s_2 over all times.
    pub second_order_min: f64,
    /// Smallest eigenvalue of the quadratic form of H - G^2 over all times, and the larger one of
    /// the same time.
    pub variance_form: [f64; 2],
    /// Smallest and largest policy over all times.
    pub policy_range: [f64; 2],
    /// The fastest short wave at the times looked at.
    pub short_wave: ShortWave,
    /// Integral over time of the growth rate of short waves, where it is positive.
    pub short_wave_exponent: f64,
    /// Condition number of the block that couples boundary and interior.
    pub woodbury_condition: f64,
    /// Unknowns of the linear systems.
    pub unknowns: usize,
    /// Half-bandwidth of the linear systems.
    pub half_bandwidth: usize,
}

/// Growth of short waves along the way.
pub(crate) struct Watch {
    every: usize,
    /// Time and growth where last looked at.
    last: Option<(f64, f64)>,
    worst: ShortWave,
    exponent: f64,
}

impl Watch {
    pub(crate) fn new(steps: usize) -> Self {
        Self {
            every: steps.div_ceil(WATCHED).max(1),
            last: None,
            worst: ShortWave {
                growth: f64::NEG_INFINITY,
                wavenumber: f64::NAN,
            },
            exponent: 0.0,
        }
    }

    pub(crate) fn look(
        &mut self,
        system: &System,
        state: &State,
        at: &Evaluation,
        time: f64,
        k: usize,
    ) {
        if self.last.is_some() && k % self.every != 0 {
            return;
        }
        let wave = short_wave(system, state, at);
        if wave.growth.is_nan() || wave.growth > self.worst.growth {
            self.worst = wave;
        }
        let growth = wave.growth.max(0.0);
        if let Some((then, before)) = self.last {
            self.exponent += 0.5 * (before + growth) * (then - time);
        }
        self.last = Some((time, growth));
    }

    pub(crate) fn finish(&self, path: &mut Path) {
        path.short_wave = self.worst;
        path.short_wave_exponent = self.exponent;
    }
}

impl Path {
    /// Nothing reached yet.
    pub(crate) fn empty(system: &System, levels: usize) -> Self {
        // fresh zeros are not touched before they are written
        let nothing = || vec![0.0; levels * system.problem.grid.size()];
        Self {
            g: nothing(),
            h: nothing(),
            policy: nothing(),
            status: Status::StepRejected,
            converged: false,
            message: String::new(),
            newton_steps: Vec::new(),
            residual: 0.0,
            second_order_min: f64::INFINITY,
            variance_form: [f64::INFINITY; 2],
            policy_range: [f64::INFINITY, f64::NEG_INFINITY],
            short_wave: ShortWave {
                growth: f64::NAN,
                wavenumber: f64::NAN,
            },
            short_wave_exponent: f64::NAN,
            woodbury_condition: 1.0,
            unknowns: system.unknowns(),
            half_bandwidth: system.half_bandwidth(),
        }
    }

    /// Keep a level and its evidence.
    pub(crate) fn record(
        &mut self,
        system: &System,
        state: &State,
        evaluation: &Evaluation,
        k: usize,
    ) {
        let size = system.problem.grid.size();
        let at = k * size..(k + 1) * size;
        self.g[at.clone()].copy_from_slice(&state.values[0]);
        self.h[at.clone()].copy_from_slice(&state.values[1]);
        self.policy[at].copy_from_slice(&system.policy(state));
        for response in &evaluation.responses {
            self.second_order_min = self.second_order_min.min(response.curvature);
            self.policy_range[0] = self.policy_range[0].min(response.policy);
            self.policy_range[1] = self.policy_range[1].max(response.policy);
        }
        let (form, doubt) = variance_form(system, state);
        if form[0].is_nan() || form[0] < self.variance_form[0] {
            self.variance_form = form;
            // At the terminal time the variance is zero: rounding is not a negative variance.
            if form[0] >= -doubt {
                self.variance_form[0] = form[0].max(0.0);
            }
        }
    }

    /// The levels in the first `nodes` places were not reached.
    pub(crate) fn unreached(&mut self, nodes: usize) {
        for values in [&mut self.g, &mut self.h, &mut self.policy] {
            values[..nodes].fill(f64::NAN);
        }
    }

    fn negative_variance(&self) -> bool {
        self.variance_form[0].is_nan() || self.variance_form[0] < 0.0
    }

    /// Status and sentence of a path that reached time 0.
    pub(crate) fn judge(&mut self, evolution: &Evolution) {
        let steps: usize = self.newton_steps.iter().sum();
        let done = format!(
            "converged in {} time steps with {steps} Newton steps, residual {:.3e}",
            self.newton_steps.len(),
            self.residual
        );
        let moments = evolution.sources.is_none() && evolution.boundary.is_none();
        let [low, high] = self.policy_range;
        let waves = self.short_wave_exponent;
        (self.status, self.message) = if moments && self.negative_variance() {
            let eigenvalue = self.variance_form[0];
            let message = format!(
                "{done}, but the quadratic form of H - G^2 has eigenvalue {eigenvalue:.3e}: no \
                 finite moments belong to this solution"
            );
            (Status::MomentExplosion, message)
        } else if waves.is_nan() || waves > AMPLIFICATION.ln() {
            let message = format!(
                "{done}, but waves of number {:.3e} grow by a factor exp({waves:.3e}) over the \
                 horizon: the linearised problem is ill-posed",
                self.short_wave.wavenumber
            );
            (Status::ShortWaveUnstable, message)
        } else if low < 0.0 && high > 0.0 {
            let message = format!(
                "{done}; the policy changes sign in the box (from {low:.3e} to {high:.3e}), \
                 where the controlled diffusion vanishes: a smaller box is safer"
            );
            (Status::DegeneratePolicy, message)
        } else {
            (Status::Ok, done)
        };
    }
}
