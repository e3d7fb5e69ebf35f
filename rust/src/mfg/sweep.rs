//! One pass backward through the Hamilton-Jacobi-Bellman equation, given the law of all, and one
//! pass forward through its adjoint.

use super::coupling::{moments, Here, Moments, CONTROL_MEAN};
use super::generator::{Conditions, Generator, Linearised};
use super::hamiltonian::Hamiltonian;
use super::mesh::Boundary;
use super::problem::{row, Problem, Step};
use super::tridiagonal::Tridiagonal;
use crate::control::Poll;
use crate::error::GridError;

/// Largest change of u, relative to its range, at which a stalled Newton iteration counts as
/// converged.
pub(super) const STALLED: f64 = 1e-8;
/// Change of u, relative to its size, that is rounding.
const ROUNDING: f64 = 1e-14;

/// Why a pass ended early.
#[derive(Debug, Clone)]
pub enum Stop {
    /// Not a failure of the method.
    Error(GridError),
    /// Newton's iteration did not converge at this time; last change of u, relative to its range.
    Newton(f64, f64),
    /// A value is NaN or infinite at this time.
    NotFinite(f64),
}

/// How a pass backward takes the equations of its steps.
#[derive(Debug, Clone, Copy)]
pub struct Equations {
    /// Whether each is linear: the value of the policy of the last pass.
    of_policies: bool,
    /// Largest change of a value from one pass to the next, relative to its range.
    change: f64,
}

impl Equations {
    /// Each is solved: values are those of best responses.
    #[must_use]
    pub fn solved() -> Self {
        Self {
            of_policies: false,
            change: 0.0,
        }
    }

    /// One linear equation for each step.
    #[must_use]
    pub fn of_policies() -> Self {
        Self {
            of_policies: true,
            change: 0.0,
        }
    }

    /// Before a pass.
    pub fn begin(&mut self) {
        self.change = 0.0;
    }

    /// Whether a change, a range and a part that is rounding end the iteration in a step.
    pub(super) fn enough(&mut self, (change, range, rounding): (f64, f64, f64)) -> bool {
        if self.of_policies && change > rounding {
            self.change = self.change.max((change - rounding) / range);
        }
        self.of_policies
    }

    /// How far the policies are from being the best responses.
    #[must_use]
    pub fn unsettled(&self) -> f64 {
        self.change
    }
}

/// The law of all at the middle of each step, and at the end.
#[derive(Debug, Clone)]
pub struct Law {
    /// (steps + 1).
    pub moments: Vec<Moments>,
    /// (steps + 1, nodes), or empty if the density enters no cost.
    pub density: Vec<f64>,
}

impl Law {
    pub(super) fn density_at(&self, step: usize, n: usize) -> &[f64] {
        if self.density.is_empty() {
            &[]
        } else {
            &self.density[step * n..(step + 1) * n]
        }
    }
}

/// What both passes need and leave behind.
#[derive(Debug)]
pub struct Sweeps<'a, H> {
    /// The problem.
    pub problem: &'a Problem,
    /// Steps in time.
    pub steps: Vec<Step>,
    pub(super) generator: Generator<'a, H>,
    pub(super) linearised: Linearised,
    pub(super) cost: Vec<f64>,
    pub(super) unknown: Vec<f64>,
    /// Value within each step, (steps, nodes): at the middle, or at the begin for implicit Euler.
    pub inner: Vec<f64>,
    /// Value at time 0.
    pub start: Vec<f64>,
    /// Masses at the nodes within each step, (steps, nodes).
    pub flow: Vec<f64>,
    /// Masses at the nodes at the ends of the steps, (steps + 1, nodes).
    pub masses: Vec<f64>,
    /// Newton iterations so far.
    pub newton: usize,
    /// Whether `inner` can start Newton's iteration.
    pub(super) warm: bool,
    /// Cost per unit of time of the best response, where there is no time and no discount.
    pub constant: Option<f64>,
    /// Value at the end, in the place of the terminal cost.
    pub(super) end: Option<Vec<f64>>,
    /// What the laws of others cost within each step, (steps, nodes); empty where there are none.
    pub(super) others: Vec<f64>,
    /// Where agents stop within each step, (steps, nodes); empty where they may not.
    pub stops: Vec<bool>,
    /// Mass that stops within each step, and what stopping costs it.
    pub stopped: Vec<(f64, f64)>,
    /// What flows into and out of the nodes where there is no time, summed: zero but for rounding.
    pub imbalance: f64,
}

impl<'a, H: Hamiltonian> Sweeps<'a, H> {
    /// Space for the passes.
    pub fn new(problem: &'a Problem, hamiltonian: &'a H, damped: usize) -> Self {
        let n = problem.mesh.len();
        let steps = problem.steps(damped);
        let mut masses = problem.masses();
        masses.resize(n * (steps.len() + 1), 0.0);
        Self {
            generator: Generator {
                mesh: &problem.mesh,
                hamiltonian,
                scheme: problem.scheme,
            },
            linearised: Linearised::new(n, problem.mesh.boundary),
            cost: vec![0.0; n],
            unknown: vec![0.0; n],
            inner: vec![0.0; n * steps.len()],
            start: vec![0.0; n],
            flow: vec![0.0; n * steps.len()],
            masses,
            newton: 0,
            warm: false,
            constant: None,
            end: None,
            others: Vec::new(),
            stops: match problem.stopping {
                Some(_) => vec![false; n * steps.len()],
                None => Vec::new(),
            },
            stopped: vec![(0.0, 0.0); steps.len()],
            imbalance: 0.0,
            problem,
            steps,
        }
    }

    /// The law that is the same at all times, from densities.
    pub fn constant_law(&self, density: &[f64]) -> Law {
        let count = self.steps.len() + 1;
        let mesh = &self.problem.mesh;
        let masses: Vec<f64> = density
            .iter()
            .zip(&mesh.weights)
            .map(|(m, w)| m * w)
            .collect();
        Law {
            moments: vec![moments(mesh, &masses, &vec![0.0; masses.len()]); count],
            density: if self.uses_density() {
                density.repeat(count)
            } else {
                Vec::new()
            },
        }
    }

    /// Whether the density enters a cost.
    pub fn uses_density(&self) -> bool {
        self.problem.uses().1 || self.problem.terminal.uses_density()
    }

    /// Forget the values of the last pass as a start for Newton's iteration.
    pub fn forget(&mut self) {
        self.warm = false;
    }

    /// Terminal value given the law.
    pub(super) fn terminal(&self, law: &Law, to: &mut [f64]) {
        if let Some(end) = &self.end {
            to.copy_from_slice(end);
            return;
        }
        let k = self.steps.len();
        let mesh = &self.problem.mesh;
        let time = self.problem.times[self.problem.times.len() - 1];
        let density = law.density_at(k, to.len());
        let mut moments = law.moments[k];
        // controls end with the last step
        moments[CONTROL_MEAN] = f64::NAN;
        self.problem
            .terminal
            .evaluate(0, time, mesh, &moments, density, to);
        if let Boundary::Absorbing(costs) = mesh.boundary {
            let last = to.len() - 1;
            (to[0], to[last]) = (costs[0], costs[1]);
        }
        if let Some(stopping) = &self.problem.stopping {
            for i in mesh.active() {
                to[i] = to[i].min(stopping[i]);
            }
        }
    }

    /// Running cost of one step given the law; those who have left pay for the discount of what
    /// leaving cost them, so that it keeps its value.
    pub(super) fn running(&mut self, k: usize, law: &Law) {
        let mesh = &self.problem.mesh;
        let n = mesh.len();
        let step = &self.steps[k];
        self.problem.running.evaluate(
            step.number,
            step.middle,
            mesh,
            &law.moments[k],
            law.density_at(k, n),
            &mut self.cost,
        );
        if !self.others.is_empty() {
            let row = &self.others[k * n..(k + 1) * n];
            self.cost.iter_mut().zip(row).for_each(|(f, o)| *f += o);
        }
        if let Boundary::Absorbing(costs) = mesh.boundary {
            let [ahead, back, _] = step.discount;
            let rate = (1.0 / back - ahead) / step.size;
            (self.cost[0], self.cost[n - 1]) = (rate * costs[0], rate * costs[1]);
        }
    }

    /// The law within one step.
    pub(super) fn here<'l>(&self, k: usize, law: &'l Law) -> Here<'l>
    where
        'a: 'l,
    {
        let mesh = &self.problem.mesh;
        Here {
            time: self.steps[k].middle,
            mesh,
            moments: &law.moments[k],
            density: law.density_at(k, mesh.len()),
        }
    }

    /// What holds within one step given the law.
    pub(super) fn conditions<'l>(&self, k: usize, law: &'l Law) -> Conditions<'l>
    where
        'a: 'l,
    {
        let problem = self.problem;
        let n = problem.mesh.len();
        let step = &self.steps[k];
        let moments = law.moments[k];
        Conditions {
            time: step.middle,
            moments,
            shift: problem.running.slope(&self.here(k, law)),
            density: law.density_at(k, n),
            viscosity: &problem.viscosity,
            drift: row(&problem.drift, n, step.number),
        }
    }

    /// The best response to a law: fills `inner` and `start`.
    pub fn backward(
        &mut self,
        law: &Law,
        equations: &mut Equations,
        poll: &mut Poll<'_>,
    ) -> Result<(), Stop> {
        if self.problem.stationary {
            return self.backward_at_rest(law, equations, poll);
        }
        let n = self.problem.mesh.len();
        let mut u = std::mem::take(&mut self.start);
        self.terminal(law, &mut u);
        if !u.iter().all(|v| v.is_finite()) {
            self.start = u;
            return Err(Stop::NotFinite(self.steps[self.steps.len() - 1].middle));
        }
        let mut outcome = Ok(());
        for k in (0..self.steps.len()).rev() {
            if poll.stop() {
                outcome = Err(Stop::Error(GridError::Interrupted));
                break;
            }
            let [ahead, back, _] = self.steps[k].discount;
            if ahead != 1.0 {
                u.iter_mut().for_each(|u| *u *= ahead);
            }
            if !self.warm {
                let (now, later) = self.inner[k * n..].split_at_mut(n);
                if later.is_empty() {
                    now.copy_from_slice(&u);
                } else {
                    for ((v, u), w) in now.iter_mut().zip(&u).zip(later.iter()) {
                        *v = 2.0 * u - w;
                    }
                }
            }
            self.running(k, law);
            outcome = self.newton(k, law, &u, equations);
            if outcome.is_err() {
                break;
            }
            let gain = 1.0 / self.steps[k].theta;
            for (u, v) in u.iter_mut().zip(&self.inner[k * n..(k + 1) * n]) {
                *u += gain * (v - *u);
            }
            if back != 1.0 {
                u.iter_mut().for_each(|u| *u *= back);
            }
        }
        self.start = u;
        self.warm = outcome.is_ok();
        outcome
    }

    /// Solve one step for its inner value, given the value at its end.
    fn newton(
        &mut self,
        k: usize,
        law: &Law,
        u: &[f64],
        equations: &mut Equations,
    ) -> Result<(), Stop> {
        let problem = self.problem;
        let n = u.len();
        let step = self.steps[k];
        let line = LineStep {
            on: self.conditions(k, law),
            tau: step.theta * step.size,
            most: problem.newton_steps(),
        };
        for (f, u) in self.cost.iter_mut().zip(u) {
            *f = u + line.tau * *f;
        }
        let stops = if self.stops.is_empty() {
            &mut []
        } else {
            &mut self.stops[k * n..(k + 1) * n]
        };
        line.solve(
            &self.generator,
            &self.cost,
            &mut self.inner[k * n..(k + 1) * n],
            &mut self.linearised,
            problem.stopping.as_deref().map(|cost| (cost, stops)),
            equations,
            &mut self.newton,
        )
    }

    /// The law of all under the best response last found: fills `flow` and `masses`, and `to`.
    ///
    /// Each step applies the transpose of the linearised step of [`Self::backward`].
    pub fn forward(&mut self, law: &Law, to: &mut Law, poll: &mut Poll<'_>) -> Result<(), Stop> {
        let problem = self.problem;
        if problem.stationary {
            return self.forward_at_rest(law, to);
        }
        let n = problem.mesh.len();
        let dense = self.uses_density();
        for k in 0..self.steps.len() {
            if poll.stop() {
                return Err(Stop::Error(GridError::Interrupted));
            }
            let step = self.steps[k];
            let tau = step.theta * step.size;
            let conditions = self.conditions(k, law);
            self.generator.linearise(
                &self.inner[k * n..(k + 1) * n],
                &conditions,
                tau,
                &mut self.linearised,
            );
            let (now, later) = self.masses[k * n..(k + 2) * n].split_at_mut(n);
            let flow = &mut self.flow[k * n..(k + 1) * n];
            flow.copy_from_slice(now);
            later.copy_from_slice(now);
            add_source(problem, &step, tau, flow);
            let stops = self.stops.chunks(n).nth(k).unwrap_or(&[]);
            self.linearised.matrix.hold(stops);
            self.linearised.matrix.solve_transposed(flow);
            add_source(problem, &step, step.size, later);
            let gain = 1.0 / step.theta;
            self.linearised.matrix.transport(flow, gain, later);
            self.stopped[k] = collected(stops, problem, flow);
            collected(stops, problem, later);
            to.moments[k] = moments(&problem.mesh, flow, &self.linearised.control);
            if dense {
                present(flow, problem, &mut to.density[k * n..]);
            }
        }
        let k = self.steps.len();
        let end = &self.masses[k * n..];
        to.moments[k] = moments(&problem.mesh, end, &self.linearised.control);
        if dense {
            present(end, problem, &mut to.density[k * n..]);
        }
        if end.iter().all(|m| m.is_finite()) {
            Ok(())
        } else {
            Err(Stop::NotFinite(problem.times[problem.times.len() - 1]))
        }
    }
}

/// One step of the Hamilton-Jacobi-Bellman equation on a line of nodes.
#[derive(Debug)]
pub(super) struct LineStep<'s> {
    /// What holds there.
    pub on: Conditions<'s>,
    /// Size of the step times its weight.
    pub tau: f64,
    /// Most Newton iterations.
    pub most: usize,
}

impl LineStep<'_> {
    /// Newton's iteration for the inner value, from the one at hand; `right` is the value at the end
    /// of the step with `tau` times the costs. With the costs of stopping comes where agents stop.
    #[allow(clippy::too_many_arguments)] // what is read, and what is written
    pub(super) fn solve<H: Hamiltonian>(
        &self,
        generator: &Generator<'_, H>,
        right: &[f64],
        inner: &mut [f64],
        linearised: &mut Linearised,
        mut stopping: Option<(&[f64], &mut [bool])>,
        equations: &mut Equations,
        count: &mut usize,
    ) -> Result<(), Stop> {
        let n = right.len();
        let active = generator.mesh.active();
        let tolerance = generator.hamiltonian.newton_tolerance();
        let (mut before, mut relative) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..self.most {
            *count += 1;
            generator.linearise(inner, &self.on, self.tau, linearised);
            let Linearised {
                matrix,
                cost: unknown,
                ..
            } = linearised;
            for (x, u) in unknown.iter_mut().zip(right) {
                *x = u + self.tau * *x;
            }
            if let Some((cost, stops)) = &mut stopping {
                choose(matrix, inner, unknown, cost, active.clone(), stops);
                matrix.hold(stops);
                pay(stops, cost, unknown);
            }
            matrix.solve(unknown);
            // elimination spreads what is not finite to every entry
            if !(unknown[0].is_finite() && unknown[n - 1].is_finite()) {
                return Err(Stop::NotFinite(self.on.time));
            }
            let (change, range, rounding) = replaced(inner, unknown);
            if equations.enough((change, range, rounding))
                || change <= tolerance * range + rounding
                || (change < STALLED * range + 10.0 * rounding && change > 0.5 * before)
            {
                return Ok(());
            }
            before = change;
            relative = change / range;
        }
        Err(Stop::Newton(self.on.time, relative))
    }
}

/// Choose to stop where that is better than to go on: the larger of `A v - b` and `v - stopping` is
/// zero at the solution, and where it is the second one, agents stop.
pub(super) fn choose(
    matrix: &Tridiagonal,
    v: &[f64],
    b: &[f64],
    stopping: &[f64],
    active: std::ops::Range<usize>,
    stops: &mut [bool],
) {
    let n = v.len();
    let (first, last) = (active.start, active.end - 1);
    for i in active {
        let goes_on = matrix.row_times(i, v) - b[i];
        stops[i] = v[i] - stopping[i] > goes_on;
    }
    // an open end is continued from its neighbours: it stops with them
    if n > 3 && matrix.skew != [0.0; 2] {
        stops[first] |= stops[first + 1];
        stops[last] |= stops[last - 1];
    }
}

/// Put the costs of stopping into the right-hand side.
pub(super) fn pay(stops: &[bool], stopping: &[f64], b: &mut [f64]) {
    for ((b, stop), cost) in b.iter_mut().zip(stops).zip(stopping) {
        if *stop {
            *b = *cost;
        }
    }
}

/// Take those who stop out of the masses; returns their mass and what stopping costs them.
pub(super) fn collected(stops: &[bool], problem: &Problem, masses: &mut [f64]) -> (f64, f64) {
    let (mut mass, mut cost) = (0.0, 0.0);
    if let Some(stopping) = &problem.stopping {
        for ((m, stop), each) in masses.iter_mut().zip(stops).zip(stopping) {
            if *stop {
                mass += *m;
                cost += *m * each;
                *m = 0.0;
            }
        }
    }
    (mass, cost)
}

/// Put new values in the place of old ones; returns the largest change, the range of the new
/// values, and what of it is rounding.
///
/// The unit of changes is the range: controls depend on neither the level of u nor its unit.
pub(super) fn replaced(old: &mut [f64], new: &[f64]) -> (f64, f64, f64) {
    let mut change = 0.0;
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for (new, old) in new.iter().zip(old) {
        let d = (new - *old).abs();
        if d > change {
            change = d;
        }
        if *new < low {
            low = *new;
        }
        if *new > high {
            high = *new;
        }
        *old = *new;
    }
    (change, high - low, ROUNDING * high.max(-low))
}

fn add_source(problem: &Problem, step: &Step, tau: f64, flow: &mut [f64]) {
    if let Some(source) = &problem.mass_source {
        let n = flow.len();
        let row = &source[step.number * n..(step.number + 1) * n];
        for ((f, s), w) in flow.iter_mut().zip(row).zip(&problem.mesh.weights) {
            *f += tau * s * w;
        }
    }
}

/// The density of those who have not left.
pub(super) fn present(masses: &[f64], problem: &Problem, to: &mut [f64]) {
    divide(masses, &problem.mesh.weights, to);
    if let Boundary::Absorbing(_) = problem.mesh.boundary {
        (to[0], to[masses.len() - 1]) = (0.0, 0.0);
    }
}

pub(super) fn divide(masses: &[f64], weights: &[f64], to: &mut [f64]) {
    for ((t, m), w) in to.iter_mut().zip(masses).zip(weights) {
        *t = m / w;
    }
}
