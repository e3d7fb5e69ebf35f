//! What convergence alone does not say: moments, growth of short waves, shape of the policy.

use std::f64::consts::PI;

use crate::complex::Complex;
use crate::policy::Linearisation;
use crate::stencil::Jet;
use crate::system::{Evaluation, State, System};

/// Directions in which waves are tried.
const DIRECTIONS: u32 = 8;
/// Wave numbers tried, evenly spaced in the logarithm over [`DECADES`].
const WAVE_NUMBERS: u32 = 60;
const DECADES: f64 = 5.0;
/// At most about this many nodes of the window along an axis are tried.
const SAMPLED: usize = 9;

/// Fastest growing short wave of the linearised problem.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShortWave {
    /// Growth rate in horizon time; positive means an ill-posed problem.
    pub growth: f64,
    /// Wave number at which it is attained.
    pub wavenumber: f64,
}

/// Evidence about a state.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostics {
    /// Smallest -2 s_2 over the interior nodes; positive means a maximum everywhere.
    pub second_order_min: f64,
    /// Eigenvalues, smaller first, of the quadratic form of H - G^2 fitted to the inner window.
    /// A variance is never negative, so they must not be.
    pub variance_form: [f64; 2],
    /// What of [`Self::variance_form`] may be rounding, or curvature of the waves of a variance
    /// that is not quadratic.
    pub variance_doubt: f64,
    /// Smallest and largest policy over the interior nodes.
    pub policy_range: [f64; 2],
    /// Largest deviation of the policy from an affine function on the inner window, relative to
    /// the largest policy there.
    pub policy_nonaffine: f64,
    /// Fastest short wave.
    pub short_wave: ShortWave,
}

impl Diagnostics {
    /// Diagnose a state and its evaluation.
    #[must_use]
    pub fn new(system: &System, state: &State, evaluation: &Evaluation) -> Self {
        let (variance_form, variance_doubt) = variance_form(system, state);
        let fold = |start: f64, f: fn(f64, f64) -> f64| {
            evaluation.responses.iter().map(|r| r.policy).fold(start, f)
        };
        Self {
            second_order_min: evaluation
                .responses
                .iter()
                .map(|r| r.curvature)
                .fold(f64::INFINITY, f64::min),
            variance_form,
            variance_doubt,
            policy_range: [
                fold(f64::INFINITY, f64::min),
                fold(f64::NEG_INFINITY, f64::max),
            ],
            policy_nonaffine: nonaffine(system, evaluation),
            short_wave: short_wave(system, state, evaluation),
        }
    }

    /// Whether H - G^2 has a negative direction, beyond doubt.
    #[must_use]
    pub fn negative_variance(&self) -> bool {
        let low = self.variance_form[0];
        low.is_nan() || low < -self.variance_doubt
    }

    /// Whether the policy changes sign, where controlled diffusion degenerates.
    #[must_use]
    pub fn policy_changes_sign(&self) -> bool {
        self.policy_range[0] < 0.0 && self.policy_range[1] > 0.0
    }
}

/// Eigenvalues of the quadratic form of H - G^2 on the inner window, and the doubt about them: a
/// billionth of the form of H, and the curvature that would be needed for the deviation of
/// H - G^2 from the quadratic. Where that is large the form says nothing about growth.
pub(crate) fn variance_form(system: &System, state: &State) -> ([f64; 2], f64) {
    let grid = &system.problem.grid;
    let (lx, ly) = (grid.x.half_width(), grid.y.half_width());
    // Entries xx, xy, yy of the quadratic form fitted to values, in physical units.
    let form = |values: &[f64]| {
        let c = system.window.quadratic(0, values);
        (c[3] / (lx * lx), 0.5 * c[4] / (lx * ly), c[5] / (ly * ly))
    };
    let g = system.window.values(grid, &state.values[0]);
    let h = system.window.values(grid, &state.values[1]);
    let variance: Vec<f64> = g.iter().zip(&h).map(|(g, h)| h - g * g).collect();
    let (xx, xy, yy) = form(&variance);
    let mean = 0.5 * (xx + yy);
    let radius = (0.5 * (xx - yy)).hypot(xy);
    let (hxx, hxy, hyy) = form(&h);
    let scale = hxx.hypot(hyy).hypot(hxy);
    let reach = 0.5 * lx.min(ly);
    let waves = system.window.nonquadratic(grid, &variance) / (reach * reach);
    ([mean - radius, mean + radius], 1e-9 * scale + waves)
}

/// Relative deviation of the policy from an affine function on the inner window.
fn nonaffine(system: &System, evaluation: &Evaluation) -> f64 {
    let policy = system.window_responses(evaluation);
    let largest = policy.iter().fold(0.0, |m: f64, p| m.max(p.abs()));
    if largest > 0.0 {
        system.window.nonaffine(&system.problem.grid, &policy) / largest
    } else {
        0.0
    }
}

/// Largest growth rate of waves exp(i k.x) under the linearisation with frozen coefficients.
///
/// In (G, H) the coupling is nilpotent at second order, because the F-weighted sum of the two
/// equations does not see the policy; what grows comes from the gradient of F_g at first order.
/// Coefficients are therefore frozen after the change of variable from H to v = F_g G + F_h H:
///
/// ```text
/// v' = m v - (frozen . [D, F_g]) g,
/// g' = m g + slope_g (marginal . D v + (policy_g - marginal . [D, F_g]) g)
/// ```
///
/// with m the symbol of A^p - hazard. Continuous symbols are used: the growth is a property of the
/// problem, not of the grid.
pub(crate) fn short_wave(system: &System, state: &State, evaluation: &Evaluation) -> ShortWave {
    let (problem, grid) = (system.problem, &system.problem.grid);
    let smallest = PI / grid.x.half_width().min(grid.y.half_width());
    let mut worst = ShortWave {
        growth: f64::NEG_INFINITY,
        wavenumber: smallest,
    };
    let nodes = &system.window.nodes;
    let every = (nodes.len() / (SAMPLED * SAMPLED)).max(1);
    for &(i, j) in nodes.iter().step_by(every) {
        let local = system.linearise(evaluation, system.position(i, j));
        let (w, g) = (
            grid.jet(&problem.weight, i, j),
            grid.jet(&state.values[0], i, j),
        );
        let weight: Jet = std::array::from_fn(|d| w[d] + problem.gamma * g[d]);
        for direction in 0..DIRECTIONS {
            let (sin, cos) = (PI * f64::from(direction) / f64::from(DIRECTIONS)).sin_cos();
            for n in 0..WAVE_NUMBERS {
                let exponent = DECADES * f64::from(n) / f64::from(WAVE_NUMBERS - 1);
                let k = smallest * 10f64.powf(exponent);
                let growth = growth(&local, &weight, k * cos, k * sin);
                if growth > worst.growth || growth.is_nan() {
                    worst = ShortWave {
                        growth,
                        wavenumber: k,
                    };
                }
            }
        }
    }
    worst
}

/// Largest real part of the eigenvalues of the symbol at wave vector (kx, ky).
fn growth(local: &Linearisation, weight: &Jet, kx: f64, ky: f64) -> f64 {
    let symbol = |c: &Jet| {
        Complex::new(
            c[0] - c[3] * kx * kx - c[4] * kx * ky - c[5] * ky * ky,
            c[1] * kx + c[2] * ky,
        )
    };
    // Symbol of c . (D F_g - F_g D).
    let commutator = |c: &Jet| {
        let constant: f64 = c.iter().zip(weight).skip(1).map(|(c, w)| c * w).sum();
        Complex::new(
            constant,
            2.0 * (c[3] * weight[1] * kx + c[5] * weight[2] * ky)
                + c[4] * (weight[1] * ky + weight[2] * kx),
        )
    };
    let slope = Complex::new(local.slope[0], 0.0);
    let own = Complex::new(local.policy[0][0], 0.0) - commutator(&local.marginal);
    let half = Complex::new(0.5, 0.0) * slope * own;
    let product =
        Complex::new(-1.0, 0.0) * commutator(&local.frozen) * slope * symbol(&local.marginal);
    // Eigenvalues m + half +- root.
    let root = (half * half + product).sqrt();
    (symbol(&local.frozen) + half).re + root.re.abs()
}
