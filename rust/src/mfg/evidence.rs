//! What the last passes say: the cost of the population, and the solution at the requested times.

use super::coupling::{moments, Here, Moments, MEAN, MOMENTS};
use super::generator::Conditions;
use super::hamiltonian::Hamiltonian;
use super::problem::{row, Step};
use super::sweep::{divide, Law, Sweeps};
use crate::control::Poll;
use crate::error::GridError;

/// The solution at the requested times.
#[derive(Debug, Clone)]
pub struct History {
    /// u, (times, nodes).
    pub value: Vec<f64>,
    /// m.
    pub density: Vec<f64>,
    /// -H'(u_x).
    pub control: Vec<f64>,
    /// Of the law at each time.
    pub moments: Vec<Moments>,
    /// Largest change of the total mass.
    pub mass_error: f64,
    /// Largest change of the total mass in the solution of a linear system, before it is made a
    /// flow between nodes: the error of the linear algebra.
    pub solver_error: f64,
}

impl<H: Hamiltonian> Sweeps<'_, H> {
    /// Cost of the population that follows the best response to `believed`, when the law is `law`;
    /// also what of it is paid for the effect on others, the largest cell Peclet number, and whether
    /// H is known at every gradient.
    pub fn cost_of_policy(
        &mut self,
        believed: &Law,
        law: &Law,
        poll: &mut Poll<'_>,
    ) -> Result<(f64, f64, f64, bool), GridError> {
        let problem = self.problem;
        let n = problem.mesh.len();
        let (mut total, mut effect, mut peclet, mut known) = (0.0, 0.0, 0.0f64, true);
        let planned = problem.running.planned;
        let half = 0.5 * problem.mesh.width;
        for k in 0..self.steps.len() {
            if poll.stop() {
                return Err(GridError::Interrupted);
            }
            let conditions = self.conditions(k, believed);
            let change = self.conditions(k, law).shift - conditions.shift;
            let inner = &self.inner[k * n..(k + 1) * n];
            known &= self.generator.knows(inner, &conditions);
            self.generator
                .linearise(inner, &conditions, 0.0, &mut self.linearised);
            self.running(k, law);
            let [_, _, since] = self.steps[k].discount;
            let size = self.steps[k].size * since;
            let mut sum = 0.0;
            for (i, mass) in self.flow[k * n..(k + 1) * n].iter().enumerate() {
                let control = self.linearised.control[i];
                sum += mass * (self.cost[i] + self.linearised.cost[i] + change * control);
                let speed = control + conditions.drift[i];
                let ratio = speed.abs() * half / conditions.viscosity[i];
                if ratio > peclet {
                    peclet = ratio;
                }
            }
            // within a step those who stop do so once
            total += size * sum + since * self.stopped[k].1;
            if planned {
                let flow = &self.flow[k * n..(k + 1) * n];
                effect += size * problem.running.total_effect(&self.here(k, law), flow);
            }
        }
        let mut terminal = std::mem::take(&mut self.cost);
        self.terminal(law, &mut terminal);
        let end = &self.masses[self.steps.len() * n..];
        total += self.end_factor() * terminal.iter().zip(end).map(|(g, m)| g * m).sum::<f64>();
        self.cost = terminal;
        if planned {
            let last = self.steps.len();
            let here = Here {
                time: problem.times[problem.times.len() - 1],
                mesh: &problem.mesh,
                moments: &law.moments[last],
                density: law.density_at(last, n),
            };
            effect += self.end_factor() * problem.terminal.total_effect(&here, end);
        }
        Ok((total, effect, peclet, known))
    }

    /// Discount factor from the end to the initial time; none where there is no time.
    fn end_factor(&self) -> f64 {
        let problem = self.problem;
        if problem.stationary {
            return 0.0;
        }
        let times = &problem.times;
        (-problem.discount * (times[times.len() - 1] - times[0])).exp()
    }

    /// Refuse a Hamiltonian whose slope is not that of a convex function at the gradients met: the
    /// evidence of costs does not depend on the slope.
    pub fn check_slope(&self, believed: &Law, poll: &mut Poll<'_>) -> Result<(), GridError> {
        let n = self.problem.mesh.len();
        for (k, inner) in self.inner.chunks(n).enumerate() {
            if poll.stop() {
                return Err(GridError::Interrupted);
            }
            let conditions = self.conditions(k, believed);
            if let Some(found) = self.generator.contradiction(inner, &conditions) {
                let [left, right] = found.quotients;
                return Err(GridError::invalid(
                    "hamiltonian slope",
                    format!(
                        "{:.6e} at x = {:.4e}, p = {:.4e}, where the difference quotients of the \
                         value are {left:.6e} and {right:.6e}",
                        found.slope, found.x, found.p
                    ),
                    "give a convex value, and its derivative in p as the slope",
                ));
            }
        }
        Ok(())
    }

    /// Value of the best response last found to those whom the source of mass brings.
    pub fn cost_of_source(&self) -> f64 {
        let weights = &self.problem.mesh.weights;
        let n = weights.len();
        let Some(source) = &self.problem.mass_source else {
            return 0.0;
        };
        let cost = |(k, step): (usize, &Step)| {
            let values = &self.inner[k * n..(k + 1) * n];
            let row = &source[step.number * n..(step.number + 1) * n];
            let parts = values.iter().zip(row).zip(weights);
            step.size * step.discount[2] * parts.map(|((u, s), w)| u * s * w).sum::<f64>()
        };
        self.steps.iter().enumerate().map(cost).sum()
    }

    /// Factor of the control in the cost at a requested time. Where it depends on more than the mean
    /// it is known within the steps: halfway between two, and at the ends by the nearest ones.
    fn slope_at(&self, j: usize, law: &Law, own: &Moments) -> f64 {
        let running = &self.problem.running;
        if !running.planned && running.control_control == 0.0 {
            return running.control * own[MEAN];
        }
        let within = |k: usize| running.slope(&self.here(k, law));
        let last = self.steps.len() - 1;
        let ends = |step: &Step| step.last && step.number + 1 == j;
        let Some(before) = self.steps.iter().position(ends) else {
            return 1.5 * within(0) - 0.5 * within(last.min(1));
        };
        if before == last {
            return 1.5 * within(last) - 0.5 * within(last.saturating_sub(1));
        }
        0.5 * (within(before) + within(before + 1))
    }

    /// Value, density and control at the requested times, and the moments there.
    pub fn history(&mut self, law: &Law, poll: &mut Poll<'_>) -> Result<History, GridError> {
        let problem = self.problem;
        let n = problem.mesh.len();
        let count = problem.times.len();
        let mut result = History {
            value: vec![0.0; n * count],
            density: vec![0.0; n * count],
            control: vec![0.0; n * count],
            moments: vec![[0.0; MOMENTS]; count],
            mass_error: 0.0,
            solver_error: 0.0,
        };
        let mut u = vec![0.0; n];
        self.terminal(law, &mut u);
        result.value[(count - 1) * n..].copy_from_slice(&u);
        for k in (0..self.steps.len()).rev() {
            if poll.stop() {
                return Err(GridError::Interrupted);
            }
            let step = self.steps[k];
            let gain = 1.0 / step.theta;
            let [ahead, back, _] = step.discount;
            for (u, v) in u.iter_mut().zip(&self.inner[k * n..]) {
                *u *= ahead;
                *u += gain * (v - *u);
                *u *= back;
            }
            if k == 0 || self.steps[k - 1].last {
                result.value[step.number * n..(step.number + 1) * n].copy_from_slice(&u);
            }
        }
        let mut expected: f64 = self.masses[..n].iter().sum();
        divide(
            &self.masses[..n],
            &problem.mesh.weights,
            &mut result.density,
        );
        for k in 0..self.steps.len() {
            if poll.stop() {
                return Err(GridError::Interrupted);
            }
            let step = self.steps[k];
            let (before, masses) = self.masses[k * n..(k + 2) * n].split_at(n);
            let mut inside: f64 = before.iter().sum();
            if let Some(source) = &problem.mass_source {
                let row = &source[step.number * n..(step.number + 1) * n];
                let gained: f64 = row
                    .iter()
                    .zip(&problem.mesh.weights)
                    .map(|(s, w)| s * w)
                    .sum();
                expected += step.size * gained;
                inside += step.theta * step.size * gained;
            }
            expected -= self.stopped[k].0;
            let solved = self.flow[k * n..(k + 1) * n].iter().sum::<f64>() + self.stopped[k].0;
            result.solver_error = result.solver_error.max((solved - inside).abs());
            result.mass_error = result
                .mass_error
                .max((masses.iter().sum::<f64>() - expected).abs());
            if step.last {
                let at = (step.number + 1) * n;
                divide(masses, &problem.mesh.weights, &mut result.density[at..]);
            }
        }
        if problem.stationary {
            result.value[n..].copy_from_slice(&self.inner);
            result.solver_error = self.imbalance;
            result.mass_error = if problem.leaving() {
                self.imbalance
            } else {
                (self.flow.iter().sum::<f64>() - 1.0).abs()
            };
        }
        let mut masses = vec![0.0; n];
        for j in 0..count {
            if poll.stop() {
                return Err(GridError::Interrupted);
            }
            let u = &result.value[j * n..(j + 1) * n];
            for (m, d) in masses.iter_mut().zip(&result.density[j * n..]) {
                *m = *d;
            }
            for (m, w) in masses.iter_mut().zip(&problem.mesh.weights) {
                *m *= w;
            }
            let own = moments(&problem.mesh, &masses, &masses);
            let number = j.min(count - 2);
            let conditions = Conditions {
                time: problem.times[j],
                moments: own,
                shift: self.slope_at(j, law, &own),
                density: &result.density[j * n..(j + 1) * n],
                viscosity: &problem.viscosity,
                drift: row(&problem.drift, n, number),
            };
            self.generator
                .linearise(u, &conditions, 0.0, &mut self.linearised);
            let control = &self.linearised.control;
            result.moments[j] = moments(&problem.mesh, &masses, control);
            result.control[j * n..(j + 1) * n].copy_from_slice(control);
        }
        Ok(result)
    }
}
