//! What a solve returns: the iteration's end, judged.

use crate::closure::Closure;
use crate::diagnostics::Diagnostics;
use crate::system::{Evaluation, Infeasible, State, System};

/// Condition of the block that couples boundary and interior from which rounding shows.
const RESONANT: f64 = 1e6;

/// Verdict on a solution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Converged, and no diagnostic objects.
    Ok,
    /// Converged, but the policy changes sign in the box: a warning.
    DegeneratePolicy,
    /// Short waves grow: the problem is ill-posed, whatever the grid says.
    ShortWaveUnstable,
    /// Converged to moments that cannot be: H - G^2 has a negative direction.
    MomentExplosion,
    /// The residual stopped falling.
    Stagnated,
    /// The largest number of steps was reached.
    MaxIterations,
    /// No step, however small, keeps the second-order condition.
    StepRejected,
}

impl Status {
    /// Name of the status.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::DegeneratePolicy => "degenerate_policy",
            Self::ShortWaveUnstable => "short_wave_unstable",
            Self::MomentExplosion => "moment_explosion",
            Self::Stagnated => "stagnated",
            Self::MaxIterations => "max_iterations",
            Self::StepRejected => "step_rejected",
        }
    }
}

/// Result of the iteration, converged or not.
#[derive(Debug, Clone)]
pub struct Solution {
    /// G at the nodes.
    pub g: Vec<f64>,
    /// H at the nodes.
    pub h: Vec<f64>,
    /// Policy at the nodes; not a number where it is undefined on the boundary.
    pub policy: Vec<f64>,
    /// Verdict.
    pub status: Status,
    /// Whether the residual met the tolerance.
    pub converged: bool,
    /// The verdict as a sentence with its numbers.
    pub message: String,
    /// Accepted steps, the last Newton step included.
    pub steps: usize,
    /// Rejected steps.
    pub rejections: usize,
    /// Relative residual at the start and after every accepted step.
    pub residual_history: Vec<f64>,
    /// Pseudo-time steps, infinite for the last Newton step; empty for policy iteration.
    pub step_sizes: Vec<f64>,
    /// Of policy iteration: largest difference between each policy and the response to it,
    /// relative to the largest response.
    pub policy_changes: Vec<f64>,
    /// Condition number of the block that couples boundary and interior, 1 without it.
    pub woodbury_condition: f64,
    /// Evidence; absent when already the start violates the second-order condition.
    pub diagnostics: Option<Diagnostics>,
    /// Unknowns of the linear systems.
    pub unknowns: usize,
    /// Half-bandwidth of the linear systems.
    pub half_bandwidth: usize,
}

/// How the iteration ended.
pub(crate) enum End {
    Converged,
    Failed(Status, String),
}

/// State of the iteration.
pub(crate) struct Iteration {
    pub(crate) state: State,
    pub(crate) evaluation: Evaluation,
    pub(crate) rejections: usize,
    pub(crate) residual_history: Vec<f64>,
    pub(crate) step_sizes: Vec<f64>,
    pub(crate) policy_changes: Vec<f64>,
    pub(crate) condition: f64,
}

impl Iteration {
    /// Diagnose the last state and give the verdict.
    pub(crate) fn conclude(self, system: &System, end: End) -> Solution {
        let diagnostics = Diagnostics::new(system, &self.state, &self.evaluation);
        let wave = diagnostics.short_wave;
        let unstable = wave.growth > 0.0 || wave.growth.is_nan();
        let waves = format!(
            "waves of number {:.3e} grow at rate {:.3e}: the linearised problem is ill-posed",
            wave.wavenumber, wave.growth
        );
        let converged = matches!(end, End::Converged);
        let (status, message) = match end {
            End::Failed(status, why) if unstable => (
                Status::ShortWaveUnstable,
                format!("not converged ({}: {why}), and {waves}", status.name()),
            ),
            End::Failed(status, why) => (status, format!("not converged: {why}")),
            End::Converged => self.verdict(system, &diagnostics, unstable.then_some(waves)),
        };
        let policy = system.policy(&self.state);
        let [g, h] = self.state.values;
        Solution {
            g,
            h,
            policy,
            status,
            converged,
            message,
            steps: self.residual_history.len().saturating_sub(1),
            rejections: self.rejections,
            residual_history: self.residual_history,
            step_sizes: self.step_sizes,
            policy_changes: self.policy_changes,
            woodbury_condition: self.condition,
            diagnostics: Some(diagnostics),
            unknowns: system.unknowns(),
            half_bandwidth: system.half_bandwidth(),
        }
    }

    /// Status and sentence of a converged iteration.
    fn verdict(
        &self,
        system: &System,
        diagnostics: &Diagnostics,
        waves: Option<String>,
    ) -> (Status, String) {
        let converged = format!(
            "converged in {} steps to a residual of {:.3e}",
            self.residual_history.len().saturating_sub(1),
            self.evaluation.norm
        );
        let converged = if self.condition > RESONANT {
            format!(
                "{converged}; boundary and interior nearly resonate in this box (condition \
                 {:.1e}), which magnifies rounding: another box is more accurate",
                self.condition
            )
        } else {
            converged
        };
        // With sources or prescribed boundary values G and H need not be moments.
        let moments = system.source.is_none() && matches!(system.closure, Closure::QuadraticGrowth);
        if moments && diagnostics.negative_variance() {
            return (
                Status::MomentExplosion,
                format!(
                    "{converged}, but the quadratic form of H - G^2 has eigenvalue {:.3e}: \
                     no finite moments belong to this solution",
                    diagnostics.variance_form[0]
                ),
            );
        }
        if let Some(waves) = waves {
            return (
                Status::ShortWaveUnstable,
                format!("{converged}, but {waves}"),
            );
        }
        if diagnostics.policy_changes_sign() {
            let [low, high] = diagnostics.policy_range;
            return (
                Status::DegeneratePolicy,
                format!(
                    "{converged}; the policy changes sign in the box (from {low:.3e} to \
                     {high:.3e}), where the controlled diffusion vanishes: a smaller box is safer"
                ),
            );
        }
        (Status::Ok, converged)
    }
}

/// A sentence about an infeasible state.
pub(crate) fn describe(system: &System, infeasible: Infeasible) -> String {
    match infeasible {
        Infeasible::NotFinite => "the residual was not finite".to_string(),
        Infeasible::SecondOrder { node, curvature } => {
            let grid = &system.problem.grid;
            format!(
                "the second-order condition fails at x = {:.6}, y = {:.6}, where -2 s_2 = {:.3e}",
                grid.x.nodes()[node.0],
                grid.y.nodes()[node.1],
                curvature
            )
        }
    }
}

/// The solution when the start has no policy.
pub(crate) fn no_start(system: &System, state: &State, infeasible: Infeasible) -> Solution {
    let policy = system.policy(state);
    let [g, h] = state.values.clone();
    Solution {
        g,
        h,
        policy,
        status: Status::StepRejected,
        converged: false,
        message: format!("no start: {}", describe(system, infeasible)),
        steps: 0,
        rejections: 0,
        residual_history: Vec::new(),
        step_sizes: Vec::new(),
        policy_changes: Vec::new(),
        woodbury_condition: f64::NAN,
        diagnostics: None,
        unknowns: system.unknowns(),
        half_bandwidth: system.half_bandwidth(),
    }
}
