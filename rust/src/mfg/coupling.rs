//! Costs that depend on the law of all agents.

use super::mesh::{Boundary, Mesh};

/// Relative deviation of values that are those of a polynomial.
const ALIKE: f64 = 1e-13;

/// A compiled f(t, x, mean, variance, density, convolution, mean control).
pub type Function = extern "C" fn(f64, f64, f64, f64, f64, f64, f64) -> f64;

/// Functionals of the law, in the order of [`Law::moments`].
pub const MEAN: usize = 0;
/// Variance.
pub const VARIANCE: usize = 1;
/// Mean of the control.
pub const CONTROL_MEAN: usize = 2;
/// How many.
pub const MOMENTS: usize = 3;

/// How many parts multiply a moment.
pub const FACTORS: usize = 4;

/// Mean, variance and mean control.
pub type Moments = [f64; MOMENTS];

/// A cost as a sum of parts; a missing part is zero.
#[derive(Debug, Clone, Default)]
pub struct Coupling {
    /// Part that does not depend on the law, (nodes).
    pub potential: Option<Vec<f64>>,
    /// The same at the middle of each step, (steps, nodes).
    pub forcing: Option<Vec<f64>>,
    /// Coefficient of the mean.
    pub mean: Option<Vec<f64>>,
    /// Coefficient of the squared mean.
    pub mean_squared: Option<Vec<f64>>,
    /// Coefficient of the variance.
    pub variance: Option<Vec<f64>>,
    /// Coefficient of the mean control.
    pub control_mean: Option<Vec<f64>>,
    /// Coefficient of the local density to the power below.
    pub density: Option<Vec<f64>>,
    /// Exponent of the local density.
    pub density_power: f64,
    /// Kernel k(x, y), (nodes, nodes).
    pub kernel: Option<Vec<f64>>,
    /// Further part.
    pub function: Option<Function>,
    /// Coefficient of (own control) (mean of all).
    pub control: f64,
    /// Coefficient of (own control) (mean control of all).
    pub control_control: f64,
    /// Whether the agent also pays what he adds to the costs of all: the planner's representative.
    pub planned: bool,
    /// The coefficients of moments as polynomials of second degree, whose means the moments give.
    pub polynomials: [Option<[f64; 3]>; FACTORS],
}

impl Coupling {
    /// Arrays over the nodes, with their names.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, Option<&Vec<f64>>); 6] {
        [
            ("potential", self.potential.as_ref()),
            ("mean", self.mean.as_ref()),
            ("mean_squared", self.mean_squared.as_ref()),
            ("variance", self.variance.as_ref()),
            ("control_mean", self.control_mean.as_ref()),
            ("density", self.density.as_ref()),
        ]
    }

    /// Whether every part is missing, or a potential of zeros.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        let zeros = |field: &Vec<f64>| field.iter().all(|v| *v == 0.0);
        self.fields()
            .iter()
            .all(|(_, field)| field.is_none_or(zeros))
            && self.kernel.is_none()
            && self.function.is_none()
            && self.forcing.is_none()
    }

    /// Which moments of the law enter.
    #[must_use]
    pub fn uses(&self) -> [bool; MOMENTS] {
        let any = self.function.is_some();
        let mean = self.mean.is_some() || self.mean_squared.is_some() || self.control != 0.0;
        let control = self.control_mean.is_some() || self.control_control != 0.0;
        let bent = |p: &Option<[f64; 3]>| p.is_some_and(|p| p[2] != 0.0);
        let spread =
            any || self.variance.is_some() || (self.planned && self.polynomials.iter().any(bent));
        [
            // the effects on all are those of distances from the mean
            any || mean || (self.planned && (control || spread)),
            spread,
            any || control || (self.planned && self.control != 0.0),
        ]
    }

    /// The coefficients of moments.
    pub(super) fn factors(&self) -> [Option<&Vec<f64>>; FACTORS] {
        [
            self.mean.as_ref(),
            self.mean_squared.as_ref(),
            self.variance.as_ref(),
            self.control_mean.as_ref(),
        ]
    }

    /// Find the polynomials; a mean on a circle is not that of the places.
    pub fn recognise(&mut self, mesh: &Mesh) {
        let factors = self.factors();
        let found = factors.map(|part| match part {
            Some(part) if mesh.boundary != Boundary::Periodic => polynomial(part, mesh),
            _ => None,
        });
        self.polynomials = found;
    }

    /// Whether the mean of a coefficient of a moment needs the density.
    fn needs_density(&self) -> bool {
        let pairs = self.factors().into_iter().zip(&self.polynomials);
        pairs
            .into_iter()
            .any(|(part, found)| part.is_some() && found.is_none())
    }

    /// Whether the density enters.
    #[must_use]
    pub fn uses_density(&self) -> bool {
        self.density.is_some()
            || self.kernel.is_some()
            || self.function.is_some()
            || (self.planned && self.needs_density())
    }

    /// The cost at the nodes; `density` may be empty if it does not enter.
    pub fn evaluate(
        &self,
        step: usize,
        time: f64,
        mesh: &Mesh,
        moments: &Moments,
        density: &[f64],
        to: &mut [f64],
    ) {
        match &self.potential {
            Some(potential) => to.copy_from_slice(potential),
            None => to.fill(0.0),
        }
        let n = to.len();
        if let Some(forcing) = &self.forcing {
            add(to, &forcing[step * n..(step + 1) * n], 1.0);
        }
        let mean = moments[MEAN];
        for (part, factor) in [
            (&self.mean, mean),
            (&self.mean_squared, mean * mean),
            (&self.variance, moments[VARIANCE]),
            (&self.control_mean, moments[CONTROL_MEAN]),
        ] {
            if let Some(coefficients) = part {
                add(to, coefficients, factor);
            }
        }
        if let Some(coefficients) = &self.density {
            for ((t, c), m) in to.iter_mut().zip(coefficients).zip(density) {
                *t += if self.density_power == 1.0 {
                    c * m
                } else {
                    c * m.powf(self.density_power)
                };
            }
        }
        if self.kernel.is_some() || self.function.is_some() {
            self.add_nonlocal(time, mesh, moments, density, to);
        }
        if self.planned {
            let place = Here {
                time,
                mesh,
                moments,
                density,
            };
            self.add_effect(&place, to);
        }
    }

    fn add_nonlocal(
        &self,
        time: f64,
        mesh: &Mesh,
        moments: &Moments,
        density: &[f64],
        to: &mut [f64],
    ) {
        let n = to.len();
        for (i, t) in to.iter_mut().enumerate() {
            let convolution = self.kernel.as_ref().map_or(0.0, |kernel| {
                kernel[i * n..(i + 1) * n]
                    .iter()
                    .zip(density)
                    .zip(&mesh.weights)
                    .map(|((k, m), w)| k * m * w)
                    .sum()
            });
            *t += match self.function {
                None => convolution,
                Some(function) => function(
                    time,
                    mesh.nodes[i],
                    moments[MEAN],
                    moments[VARIANCE],
                    density[i],
                    convolution,
                    moments[CONTROL_MEAN],
                ),
            };
        }
    }
}

/// The law at one time, and where it lives.
#[derive(Debug, Clone, Copy)]
pub struct Here<'h> {
    /// Time.
    pub time: f64,
    /// Nodes.
    pub mesh: &'h Mesh,
    /// Mean, variance and mean control.
    pub moments: &'h Moments,
    /// At the nodes; empty where it enters nothing.
    pub density: &'h [f64],
}

/// The coefficients of 1, y and y^2, where y is the distance from the middle node, if the values are
/// those of a polynomial.
fn polynomial(values: &[f64], mesh: &Mesh) -> Option<[f64; 3]> {
    let n = values.len();
    let center = mesh.nodes[n / 2];
    let reach = mesh.nodes[n - 1] - center;
    let (low, middle, high) = (values[0], values[n / 2], values[n - 1]);
    let back = mesh.nodes[0] - center;
    // divided differences
    let (left, right) = ((low - middle) / back, (high - middle) / reach);
    let size = values.iter().fold(0.0, |all: f64, v| all.max(v.abs()));
    let mut second = (right - left) / (reach - back);
    if (second * reach * reach).abs() <= ALIKE * size {
        second = 0.0;
    }
    let first = right - second * reach;
    let fits = |(v, x): (&f64, &f64)| {
        let y = x - center;
        (middle + y * (first + y * second) - v).abs() <= ALIKE * size
    };
    let all = values.iter().zip(&mesh.nodes).all(fits);
    all.then_some([middle, first, second])
}

fn add(to: &mut [f64], what: &[f64], factor: f64) {
    for (t, w) in to.iter_mut().zip(what) {
        *t += factor * w;
    }
}

/// Moments of the masses at the nodes (of those who have not left), with their controls.
#[must_use]
pub fn moments(mesh: &Mesh, masses: &[f64], control: &[f64]) -> Moments {
    let active = mesh.active();
    let (mut mass, mut first, mut second, mut speed) = (0.0, 0.0, 0.0, 0.0);
    let center = mesh.nodes[mesh.len() / 2];
    let nodes = &mesh.nodes[active.clone()];
    let (masses, control) = (&masses[active.clone()], &control[active]);
    if mesh.boundary == Boundary::Periodic {
        // the two ends are one node, and half of its mass is at either
        let (low, high) = (nodes[0] - center, nodes[0] + mesh.length - center);
        first += 0.5 * masses[0] * (high - low);
        second += 0.5 * masses[0] * (high * high - low * low);
    }
    for ((x, m), a) in nodes.iter().zip(masses).zip(control) {
        let distance = x - center;
        mass += m;
        first += m * distance;
        second += m * distance * distance;
        speed += m * a;
    }
    let shift = first / mass;
    [center + shift, second / mass - shift * shift, speed / mass]
}
