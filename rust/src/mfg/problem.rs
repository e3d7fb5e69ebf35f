//! A mean-field game and how to solve it, with their validation.

use super::coupling::{moments, Coupling, MEAN, MOMENTS, VARIANCE};
use super::generator::Scheme;
use super::hamiltonian::{Kind, Place};
use super::mesh::{Boundary, Mesh};
use crate::error::{GridError, Result};
use crate::problem::check_tolerance;

/// Largest deviation of the initial mass from one.
const MASS_TOLERANCE: f64 = 1e-6;
/// Most Newton iterations in one step.
const NEWTON_STEPS: usize = 60;
/// Most points of space and time together: about 1 GB for all arrays.
const MOST_POINTS: usize = 1 << 23;

/// The system of the module's description.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Nodes and ends.
    pub mesh: Mesh,
    /// Increasing times.
    pub times: Vec<f64>,
    /// nu at the nodes.
    pub viscosity: Vec<f64>,
    /// Drift beside the control, (nodes) or (steps, nodes).
    pub drift: Vec<f64>,
    /// Rate at which later costs are discounted.
    pub discount: f64,
    /// Whether there is no time: the law rests, and the times are 0 and 1.
    pub stationary: bool,
    /// Cost of stopping at the nodes, if agents may stop.
    pub stopping: Option<Vec<f64>>,
    /// H.
    pub hamiltonian: Kind,
    /// f.
    pub running: Coupling,
    /// g.
    pub terminal: Coupling,
    /// m0.
    pub initial: Vec<f64>,
    /// Right-hand side of the Fokker-Planck equation, (steps, nodes).
    pub mass_source: Option<Vec<f64>>,
    /// Central or monotone.
    pub scheme: Scheme,
    /// Which moments of this law others see, and whether they see its density.
    pub seen: ([bool; MOMENTS], bool),
}

/// Iteration on the fixed point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Anderson acceleration.
    Anderson,
    /// Newton with GMRES and differences.
    Newton,
    /// The plain iteration, relaxed.
    Picard,
    /// Best responses to the mean of those so far, the k-th one with the weight 2/(k + 1).
    FictitiousPlay,
    /// The plain iteration with one linear equation for each step, the value of the policy at hand,
    /// which the next policy improves.
    PolicyIteration,
}

impl Method {
    /// By its name, if it is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "anderson" => Self::Anderson,
            "newton" => Self::Newton,
            "picard" => Self::Picard,
            "fictitious_play" => Self::FictitiousPlay,
            "policy_iteration" => Self::PolicyIteration,
            _ => return None,
        })
    }
}

/// How to solve.
#[derive(Debug, Clone)]
pub struct Options {
    /// Iteration on the fixed point.
    pub method: Method,
    /// Relative change at which it ends.
    pub tolerance: f64,
    /// Most evaluations.
    pub max_iterations: usize,
    /// Weight of the new law.
    pub relaxation: f64,
    /// Number of starts.
    pub starts: usize,
    /// Steps at both ends in time which are halved and taken by implicit Euler.
    pub damped_steps: usize,
}

/// One step in time, backward for u and forward for m.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Size.
    pub size: f64,
    /// 1/2 for the midpoint rule, 1 for implicit Euler.
    pub theta: f64,
    /// Time at the middle of the requested step.
    pub middle: f64,
    /// Number of the requested step.
    pub number: usize,
    /// Whether it ends at a requested time.
    pub last: bool,
    /// Discount factors from the end of the step to the time at which its equation is taken, from
    /// there to its begin, and from there to the initial time.
    pub discount: [f64; 3],
}

/// Row of a field that is constant in time or given for each step.
#[must_use]
pub fn row(field: &[f64], n: usize, step: usize) -> &[f64] {
    if field.len() == n {
        field
    } else {
        &field[step * n..(step + 1) * n]
    }
}

impl Problem {
    /// The steps, with those at both ends replaced if asked.
    #[must_use]
    pub fn steps(&self, damped: usize) -> Vec<Step> {
        let count = self.times.len() - 1;
        let theta = match self.scheme {
            Scheme::Central if !self.stationary && self.stopping.is_none() => 0.5,
            _ => 1.0,
        };
        let mut steps = Vec::with_capacity(count + 4 * damped);
        for (number, pair) in self.times.windows(2).enumerate() {
            let (begin, whole) = (pair[0], pair[1] - pair[0]);
            let step = |begin: f64, size: f64, theta: f64, last: bool| Step {
                size,
                theta,
                middle: 0.5 * (pair[0] + pair[1]),
                number,
                last,
                discount: self.factors(begin, size, theta),
            };
            if number < damped || number + damped >= count {
                let half = 0.5 * whole;
                steps.push(step(begin, half, 1.0, false));
                steps.push(step(begin + half, half, 1.0, true));
            } else {
                steps.push(step(begin, whole, theta, true));
            }
        }
        steps
    }

    /// See [`Step::discount`].
    fn factors(&self, begin: f64, size: f64, theta: f64) -> [f64; 3] {
        if self.stationary || self.discount == 0.0 {
            return [1.0; 3];
        }
        let back = (1.0 - theta) * size;
        let since = begin + back - self.times[0];
        [theta * size, back, since].map(|length| (-self.discount * length).exp())
    }

    /// Most Newton iterations in one step; where agents stop, each may move the boundary by one node.
    #[must_use]
    pub fn newton_steps(&self) -> usize {
        match self.stopping {
            None => NEWTON_STEPS,
            Some(_) => NEWTON_STEPS + self.mesh.len(),
        }
    }

    /// Which moments of the law enter, and whether the density does.
    #[must_use]
    pub fn uses(&self) -> ([bool; MOMENTS], bool) {
        let own = self.hamiltonian.uses();
        let mut moments = self.running.uses();
        moments[MEAN] |= own.mean;
        moments[VARIANCE] |= own.variance;
        let (others, dense) = self.seen;
        moments.iter_mut().zip(others).for_each(|(m, o)| *m |= o);
        (moments, self.running.uses_density() || own.density || dense)
    }

    /// Check every array; divide the density by its mass if asked.
    pub fn validate(&mut self, normalise: bool) -> Result<()> {
        let n = self.mesh.len();
        self.validate_times()?;
        let steps = self.times.len() - 1;
        if n.saturating_mul(steps) > MOST_POINTS {
            return Err(GridError::invalid(
                "nodes times steps",
                n.saturating_mul(steps).to_string(),
                format!("at most {MOST_POINTS} fit into the memory"),
            ));
        }
        finite("viscosity", &self.viscosity, n)?;
        over_time("drift", &self.drift, n, steps)?;
        if !(self.discount.is_finite() && self.discount >= 0.0) {
            return Err(GridError::invalid(
                "discount",
                self.discount.to_string(),
                "a rate that is finite and not negative is needed",
            ));
        }
        if let Some(stopping) = &self.stopping {
            finite("stopping", stopping, n)?;
        }
        self.validate_stationary()?;
        if let Some((i, nu)) = first(&self.viscosity, |nu| nu < 0.0) {
            return Err(GridError::invalid(
                "viscosity",
                format!("{nu} at index {i}"),
                "it must not be negative",
            ));
        }
        if self.scheme == Scheme::Central {
            if let Some((i, nu)) = first(&self.viscosity, |nu| nu == 0.0) {
                return Err(GridError::invalid(
                    "viscosity",
                    format!("{nu} at index {i}"),
                    "the central scheme needs positive numbers; use scheme 'monotone'",
                ));
            }
        }
        for (side, coupling) in [("running", &self.running), ("terminal", &self.terminal)] {
            for (name, field) in coupling.fields() {
                if let Some(values) = field {
                    finite(&format!("{side} {name}"), values, n)?;
                }
            }
            if let Some(kernel) = &coupling.kernel {
                finite(&format!("{side} kernel"), kernel, n * n)?;
            }
            if let Some(forcing) = &coupling.forcing {
                finite(&format!("{side} forcing"), forcing, n * steps)?;
            }
        }
        for (name, given) in [
            ("terminal forcing", self.terminal.forcing.is_some()),
            (
                "terminal control",
                self.terminal.control != 0.0 || self.terminal.control_control != 0.0,
            ),
            (
                "terminal control_mean",
                self.terminal.control_mean.is_some(),
            ),
        ] {
            if given {
                return Err(GridError::invalid(
                    name,
                    "given",
                    "it belongs to the running cost",
                ));
            }
        }
        if let Some(source) = &self.mass_source {
            finite("mass_source", source, n * steps)?;
        }
        self.running.recognise(&self.mesh);
        self.terminal.recognise(&self.mesh);
        self.validate_density(normalise)?;
        self.validate_minimizer()
    }

    /// Initial masses at the nodes.
    #[must_use]
    pub fn masses(&self) -> Vec<f64> {
        let weighted = self.initial.iter().zip(&self.mesh.weights);
        weighted.map(|(m, w)| m * w).collect()
    }

    /// Whether agents stop or leave.
    #[must_use]
    pub fn leaving(&self) -> bool {
        self.stopping.is_some() || matches!(self.mesh.boundary, Boundary::Absorbing(_))
    }

    fn validate_stationary(&self) -> Result<()> {
        if !self.stationary {
            return Ok(());
        }
        let leaving = self.leaving();
        for (name, given, remedy) in [
            (
                "times",
                self.times != [0.0, 1.0],
                "a stationary problem has no times",
            ),
            (
                "discount",
                leaving && self.discount == 0.0,
                "where agents stop or leave a stationary problem needs a positive rate",
            ),
            (
                "mass_source",
                leaving && self.mass_source.is_some(),
                "those who start are the initial law",
            ),
            (
                "terminal",
                !self.terminal.is_zero(),
                "a stationary problem has no end; leave it out",
            ),
        ] {
            if given {
                return Err(GridError::invalid(name, "given", remedy));
            }
        }
        Ok(())
    }

    /// Upwinding, and a control that is not available at an open end, rely on the minimizer of H.
    fn validate_minimizer(&self) -> Result<()> {
        let Kind::Compiled(hamiltonian) = &self.hamiltonian else {
            return Ok(());
        };
        if self.scheme == Scheme::Central && self.mesh.boundary != Boundary::Open {
            return Ok(());
        }
        let masses: Vec<f64> = self.masses();
        let law = moments(&self.mesh, &masses, &masses);
        for (x, density) in self.mesh.nodes.iter().zip(&self.initial) {
            let place = Place {
                x: *x,
                time: self.times[0],
                density: *density,
                mean: law[MEAN],
                variance: law[VARIANCE],
            };
            if let Some([left, right]) = hamiltonian.wrong_minimizer(&place) {
                return Err(GridError::invalid(
                    "minimizer",
                    format!(
                        "{}, where at x = {x} the slopes are {left} and {right} on both sides",
                        hamiltonian.minimizer
                    ),
                    "give the gradient at which H(x, .) is smallest at every x",
                ));
            }
        }
        Ok(())
    }

    fn validate_times(&self) -> Result<()> {
        if self.times.len() < 2 {
            return Err(GridError::invalid(
                "times",
                format!("{} numbers", self.times.len()),
                "at least 2 are needed",
            ));
        }
        if let Some((i, t)) = first(&self.times, |t| !t.is_finite()) {
            return Err(GridError::invalid(
                "times",
                format!("{t} at index {i}"),
                "finite numbers are needed",
            ));
        }
        for (i, pair) in self.times.windows(2).enumerate() {
            if pair[1] <= pair[0] {
                return Err(GridError::invalid(
                    "times",
                    format!("{} after {} at index {}", pair[1], pair[0], i + 1),
                    "every time step must be positive",
                ));
            }
        }
        Ok(())
    }

    fn validate_density(&mut self, normalise: bool) -> Result<()> {
        let n = self.mesh.len();
        finite("initial", &self.initial, n)?;
        if let Some((i, m)) = first(&self.initial, |m| m < 0.0) {
            return Err(GridError::invalid(
                "initial",
                format!("{m} at index {i}"),
                "a density must not be negative",
            ));
        }
        if let Boundary::Absorbing(_) = self.mesh.boundary {
            if normalise {
                self.initial[0] = 0.0;
                self.initial[n - 1] = 0.0;
            }
            if self.initial[0] != 0.0 || self.initial[n - 1] != 0.0 {
                return Err(GridError::invalid(
                    "initial",
                    format!(
                        "{} and {} at the ends",
                        self.initial[0],
                        self.initial[n - 1]
                    ),
                    "at absorbing boundaries it must vanish there",
                ));
            }
        }
        let mass = mass(&self.initial, &self.mesh.weights);
        let usable = mass > 0.0 && mass.is_finite();
        if normalise && usable {
            self.initial.iter_mut().for_each(|m| *m /= mass);
        } else if mass.is_nan() || (mass - 1.0).abs() > MASS_TOLERANCE {
            return Err(GridError::invalid(
                "initial",
                format!("an array of mass {mass}"),
                "the mass must be 1: divide by the sum of weights times values, or pass a function",
            ));
        }
        Ok(())
    }

    /// The problem on every second node and time. Functions of time have to be given anew.
    pub fn coarsened(
        &self,
        forcing: Option<Vec<f64>>,
        mass_source: Option<Vec<f64>>,
        drift: Option<Vec<f64>>,
    ) -> Result<Self> {
        let steps = self.times.len() - 1;
        if steps % 2 == 1 {
            return Err(GridError::invalid(
                "steps",
                steps.to_string(),
                "with richardson an even number is needed",
            ));
        }
        let mesh = self.mesh.coarsened()?;
        for (name, fine, coarse) in [
            ("coarse_forcing", &self.running.forcing, &forcing),
            ("coarse_mass_source", &self.mass_source, &mass_source),
        ] {
            if fine.is_some() != coarse.is_some() {
                return Err(GridError::invalid(
                    name,
                    "missing",
                    "with richardson functions of time are needed on both grids",
                ));
            }
        }
        let n = self.mesh.len();
        let mut running = thinned(&self.running, n);
        running.forcing = forcing;
        let drift = match drift {
            Some(drift) => drift,
            None if self.drift.len() == n => every_second(&self.drift),
            None => {
                let remedy = "with richardson functions of time are needed on both grids";
                return Err(GridError::invalid("coarse_drift", "missing", remedy));
            }
        };
        let mut coarse = Self {
            times: self.times.iter().step_by(2).copied().collect(),
            viscosity: every_second(&self.viscosity),
            drift,
            discount: self.discount,
            stationary: self.stationary,
            stopping: self.stopping.as_deref().map(every_second),
            hamiltonian: self.hamiltonian.clone(),
            running,
            terminal: thinned(&self.terminal, n),
            initial: every_second(&self.initial),
            mass_source,
            scheme: self.scheme,
            seen: self.seen,
            mesh,
        };
        let mass = mass(&coarse.initial, &coarse.mesh.weights);
        if mass.is_nan() || (mass - 1.0).abs() > MASS_TOLERANCE {
            return Err(GridError::invalid(
                "initial",
                format!("an array of mass {mass} on every second node"),
                "richardson needs a density which that grid resolves: use more nodes",
            ));
        }
        coarse.validate(false)?;
        Ok(coarse)
    }
}

impl Options {
    /// Check every number.
    pub fn validate(&self) -> Result<()> {
        let bad =
            |name: &str, value: String, remedy: &str| Err(GridError::invalid(name, value, remedy));
        check_tolerance(self.tolerance)?;
        if !(self.relaxation > 0.0 && self.relaxation <= 1.0) {
            return bad(
                "relaxation",
                self.relaxation.to_string(),
                "choose a number above 0, at most 1",
            );
        }
        if self.max_iterations == 0 {
            return bad("max_iterations", "0".into(), "choose a positive number");
        }
        if !(1..=3).contains(&self.starts) {
            return bad("starts", self.starts.to_string(), "choose 1, 2 or 3");
        }
        Ok(())
    }
}

fn mass(density: &[f64], weights: &[f64]) -> f64 {
    density.iter().zip(weights).map(|(m, w)| m * w).sum()
}

fn every_second(values: &[f64]) -> Vec<f64> {
    values.iter().step_by(2).copied().collect()
}

fn thinned(coupling: &Coupling, n: usize) -> Coupling {
    let thin = |field: &Option<Vec<f64>>| field.as_deref().map(every_second);
    Coupling {
        potential: thin(&coupling.potential),
        forcing: None,
        mean: thin(&coupling.mean),
        mean_squared: thin(&coupling.mean_squared),
        variance: thin(&coupling.variance),
        control_mean: thin(&coupling.control_mean),
        density: thin(&coupling.density),
        density_power: coupling.density_power,
        kernel: coupling
            .kernel
            .as_ref()
            .map(|kernel| kernel.chunks(n).step_by(2).flat_map(every_second).collect()),
        function: coupling.function,
        control: coupling.control,
        control_control: coupling.control_control,
        planned: coupling.planned,
        polynomials: coupling.polynomials,
    }
}

fn first(values: &[f64], is_bad: impl Fn(f64) -> bool) -> Option<(usize, f64)> {
    values
        .iter()
        .copied()
        .enumerate()
        .find(|(_, value)| is_bad(*value))
}

fn over_time(name: &str, values: &[f64], n: usize, steps: usize) -> Result<()> {
    finite(name, values, if values.len() == n { n } else { n * steps })
}

fn finite(name: &str, values: &[f64], length: usize) -> Result<()> {
    if values.len() != length {
        return Err(GridError::invalid(
            name,
            format!("an array of {} numbers", values.len()),
            format!("{length} are needed"),
        ));
    }
    match first(values, |v| !v.is_finite()) {
        None => Ok(()),
        Some((i, v)) => Err(GridError::invalid(
            name,
            format!("{v} at index {i}"),
            "finite numbers are needed",
        )),
    }
}
