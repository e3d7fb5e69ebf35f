//! Mean-field games in two dimensions whose Hamiltonian is a sum over the directions:
//! `-u_t + r u + sum_i (-nu_i u_ii - b_i u_i + H_i(u_i)) = f(t, x, y, law)`.
//!
//! Each step is split into half a step along x, a whole one along y with the costs, and half a step
//! along x (Strang), each on all lines of its direction as in one dimension. The density takes the
//! transposed steps in the opposite order: its mass is kept to rounding, and the costs of the agents
//! and of their best response telescope.

use super::fixed_point::{iterate, Ending, Response};
use super::generator::{Conditions, Generator, Linearised, Scheme};
use super::hamiltonian::Kind;
use super::mesh::Mesh;
use super::problem::Options;
use super::sweep::{Equations, LineStep, Stop};
use crate::control::Poll;
use crate::error::{GridError, Result};

/// Most Newton iterations on a line.
const NEWTON_STEPS: usize = 60;

/// A cost as a sum of parts.
#[derive(Debug, Clone, Default)]
pub struct PlaneCost {
    /// Part that does not depend on the law, (nodes).
    pub potential: Option<Vec<f64>>,
    /// The same at the middle of each step, (steps, nodes).
    pub forcing: Option<Vec<f64>>,
    /// Coefficients of the means of x and y, (nodes) each.
    pub mean: [Option<Vec<f64>>; 2],
    /// Coefficients of the squares of both means.
    pub mean_squared: [f64; 2],
    /// Coefficient of the local density, (nodes).
    pub density: Option<Vec<f64>>,
}

impl PlaneCost {
    fn uses_means(&self) -> bool {
        self.mean.iter().any(Option::is_some) || self.mean_squared != [0.0; 2]
    }

    fn evaluate(&self, step: usize, means: &[f64; 2], density: &[f64], to: &mut [f64]) {
        let squares = self.mean_squared.iter().zip(means);
        to.fill(squares.map(|(c, m)| c * m * m).sum());
        let n = to.len();
        let forcing = self.forcing.as_ref().map(|f| &f[step * n..(step + 1) * n]);
        let parts = [
            (self.potential.as_deref(), 1.0),
            (forcing, 1.0),
            (self.mean[0].as_deref(), means[0]),
            (self.mean[1].as_deref(), means[1]),
        ];
        for (field, factor) in parts {
            if let Some(field) = field {
                to.iter_mut().zip(field).for_each(|(t, f)| *t += factor * f);
            }
        }
        if let Some(field) = &self.density {
            for ((t, f), m) in to.iter_mut().zip(field).zip(density) {
                *t += f * m;
            }
        }
    }
}

/// The game; fields are given at the nodes in C order, y running fastest.
#[derive(Debug, Clone)]
pub struct Plane {
    /// Axes.
    pub meshes: [Mesh; 2],
    /// Increasing times.
    pub times: Vec<f64>,
    /// Central or monotone.
    pub scheme: Scheme,
    /// nu along x and along y.
    pub viscosity: [Vec<f64>; 2],
    /// b along x and along y.
    pub drift: [Vec<f64>; 2],
    /// H along x and along y.
    pub hamiltonian: [Kind; 2],
    /// r.
    pub discount: f64,
    /// f.
    pub running: PlaneCost,
    /// g.
    pub terminal: PlaneCost,
    /// m0.
    pub initial: Vec<f64>,
    /// Right-hand side of the Fokker-Planck equation, (steps, nodes).
    pub mass_source: Option<Vec<f64>>,
}

/// A solution with its evidence.
#[derive(Debug)]
pub struct PlaneSolution {
    /// u at the times, (times, nodes).
    pub value: Vec<f64>,
    /// m.
    pub density: Vec<f64>,
    /// Controls along x and along y.
    pub control: [Vec<f64>; 2],
    /// How the iteration ended.
    pub ending: Ending,
    /// Relative changes of the law.
    pub residuals: Vec<f64>,
    /// Newton iterations on lines.
    pub newton: usize,
    /// Cost of the agents under their control.
    pub cost: f64,
    /// Cost of the best response to them.
    pub best_cost: f64,
    /// Largest change of the total mass.
    pub mass_error: f64,
}

/// One part of a step, in the order of time.
#[derive(Debug, Clone, Copy)]
struct Stage {
    axis: usize,
    size: f64,
    number: usize,
    middle: f64,
    /// As in one dimension.
    discount: [f64; 3],
}

impl Stage {
    /// Whether costs are paid, and mass is brought, in this part of the step.
    fn pays(&self) -> bool {
        self.axis == 1
    }
}

/// Means and densities at the middle of the steps, and at the end.
#[derive(Debug, Clone)]
struct Law {
    means: Vec<[f64; 2]>,
    density: Vec<f64>,
}

struct Passes<'a> {
    plane: &'a Plane,
    stages: Vec<Stage>,
    theta: f64,
    weights: Vec<f64>,
    /// Fields along the lines of each direction.
    lines: [[Vec<f64>; 2]; 2],
    linearised: [Linearised; 2],
    inner: Vec<f64>,
    flow: Vec<f64>,
    value: Vec<f64>,
    masses: Vec<f64>,
    believed: Law,
    image: Law,
    warm: bool,
    newton: usize,
    mass_error: f64,
}

impl<'a> Passes<'a> {
    fn new(plane: &'a Plane) -> Self {
        let [nx, ny] = plane.shape();
        let n = nx * ny;
        let steps = plane.times.len() - 1;
        let theta = match plane.scheme {
            Scheme::Central => 0.5,
            Scheme::Monotone => 1.0,
        };
        let mut stages = Vec::with_capacity(3 * steps);
        for (number, pair) in plane.times.windows(2).enumerate() {
            let size = pair[1] - pair[0];
            let middle = 0.5 * (pair[0] + pair[1]);
            let fade = |length: f64| (-plane.discount * length).exp();
            let since = |t: f64| fade(t - plane.times[0]);
            let back = (1.0 - theta) * size;
            let stage = |axis, size, discount| Stage {
                axis,
                size,
                number,
                middle,
                discount,
            };
            stages.push(stage(0, 0.5 * size, [1.0, 1.0, since(pair[0])]));
            let whole = [fade(theta * size), fade(back), since(pair[0] + back)];
            stages.push(stage(1, size, whole));
            stages.push(stage(0, 0.5 * size, [1.0, 1.0, since(pair[1])]));
        }
        let weights: Vec<f64> = plane.meshes[0]
            .weights
            .iter()
            .flat_map(|a| plane.meshes[1].weights.iter().map(move |b| a * b))
            .collect();
        let mut masses: Vec<f64> = plane
            .initial
            .iter()
            .zip(&weights)
            .map(|(m, w)| m * w)
            .collect();
        masses.resize(n * (steps + 1), 0.0);
        let dense = plane.running.density.is_some() || plane.terminal.density.is_some();
        let law = Law {
            means: vec![[0.0; 2]; steps + 1],
            density: vec![0.0; if dense { n * (steps + 1) } else { 0 }],
        };
        let flipped = |field: &Vec<f64>| transposed(field, nx, ny);
        let mut result = Self {
            lines: [
                [flipped(&plane.viscosity[0]), flipped(&plane.drift[0])],
                [plane.viscosity[1].clone(), plane.drift[1].clone()],
            ],
            linearised: [0, 1].map(|i| {
                let mesh = &plane.meshes[i];
                Linearised::new(mesh.len(), mesh.boundary)
            }),
            inner: vec![0.0; n * stages.len()],
            flow: vec![0.0; n * stages.len()],
            value: vec![0.0; n * (steps + 1)],
            masses,
            believed: law.clone(),
            image: law,
            warm: false,
            newton: 0,
            mass_error: 0.0,
            plane,
            stages,
            theta,
            weights,
        };
        let initial = result.masses[..n].to_vec();
        for k in 0..=steps {
            result.seen(&initial, k);
        }
        result
    }

    /// Note the law of masses as the image at the middle of step k.
    fn seen(&mut self, masses: &[f64], k: usize) {
        let [x, y] = &self.plane.meshes;
        let ny = y.len();
        let (mut total, mut means) = (0.0, [0.0; 2]);
        for (i, row) in masses.chunks(ny).enumerate() {
            let mass: f64 = row.iter().sum();
            total += mass;
            means[0] += mass * x.nodes[i];
            means[1] += row.iter().zip(&y.nodes).map(|(m, y)| m * y).sum::<f64>();
        }
        self.image.means[k] = means.map(|m| m / total);
        if !self.image.density.is_empty() {
            let n = masses.len();
            let row = &mut self.image.density[k * n..(k + 1) * n];
            for ((d, m), w) in row.iter_mut().zip(masses).zip(&self.weights) {
                *d = m / w;
            }
        }
    }

    fn cost(&self, running: bool, law: &Law, k: usize, to: &mut [f64]) {
        let n = to.len();
        let density = if law.density.is_empty() {
            &[][..]
        } else {
            &law.density[k * n..(k + 1) * n]
        };
        let (cost, step) = if running {
            (&self.plane.running, k)
        } else {
            (&self.plane.terminal, 0)
        };
        cost.evaluate(step, &law.means[k], density, to);
    }

    /// The best response to the law believed in: fills `inner` and `value`.
    fn backward(
        &mut self,
        equations: &mut Equations,
        poll: &mut Poll<'_>,
    ) -> std::result::Result<(), Stop> {
        let plane = self.plane;
        let [nx, ny] = plane.shape();
        let n = nx * ny;
        let last = plane.times.len() - 1;
        let mut u = vec![0.0; n];
        let mut f = vec![0.0; n];
        self.cost(false, &self.believed, last, &mut u);
        self.value[last * n..].copy_from_slice(&u);
        let warm = std::mem::replace(&mut self.warm, false);
        for s in (0..self.stages.len()).rev() {
            if poll.stop() {
                return Err(Stop::Error(GridError::Interrupted));
            }
            let stage = self.stages[s];
            let [ahead, back, _] = stage.discount;
            let tau = self.theta * stage.size;
            u.iter_mut().for_each(|u| *u *= ahead);
            if stage.pays() {
                self.cost(true, &self.believed, stage.number, &mut f);
            } else {
                u = transposed(&u, nx, ny);
                f.fill(0.0);
            }
            let mesh = &plane.meshes[stage.axis];
            let generator = Generator {
                mesh,
                hamiltonian: &plane.hamiltonian[stage.axis],
                scheme: plane.scheme,
            };
            let m = mesh.len();
            let inner = &mut self.inner[s * n..(s + 1) * n];
            if !warm {
                inner.copy_from_slice(&u);
            }
            for (f, u) in f.iter_mut().zip(&u) {
                *f = u + tau * *f;
            }
            let [viscosity, drift] = &self.lines[stage.axis];
            for (l, inner) in inner.chunks_mut(m).enumerate() {
                let line = LineStep {
                    on: along(&stage, &viscosity[l * m..][..m], &drift[l * m..][..m]),
                    tau,
                    most: NEWTON_STEPS,
                };
                let (right, work) = (&f[l * m..][..m], &mut self.linearised[stage.axis]);
                let count = &mut self.newton;
                line.solve(&generator, right, inner, work, None, equations, count)?;
            }
            let gain = 1.0 / self.theta;
            for (u, v) in u.iter_mut().zip(&self.inner[s * n..]) {
                *u = (*u + gain * (v - *u)) * back;
            }
            if !stage.pays() {
                u = transposed(&u, ny, nx);
            }
            if s % 3 == 0 {
                self.value[stage.number * n..][..n].copy_from_slice(&u);
            }
        }
        self.warm = true;
        Ok(())
    }

    /// The law under the best response last found: fills `flow`, `masses` and the image.
    fn forward(&mut self, poll: &mut Poll<'_>) -> std::result::Result<(), Stop> {
        let plane = self.plane;
        let [nx, ny] = plane.shape();
        let n = nx * ny;
        let mut masses = self.masses[..n].to_vec();
        let mut expected: f64 = masses.iter().sum();
        self.mass_error = 0.0;
        for s in 0..self.stages.len() {
            if poll.stop() {
                return Err(Stop::Error(GridError::Interrupted));
            }
            let stage = self.stages[s];
            let tau = self.theta * stage.size;
            if !stage.pays() {
                masses = transposed(&masses, nx, ny);
            }
            let source: Option<Vec<f64>> = match &plane.mass_source {
                Some(source) if stage.pays() => {
                    let row = &source[stage.number * n..][..n];
                    Some(row.iter().zip(&self.weights).map(|(s, w)| s * w).collect())
                }
                _ => None,
            };
            let mut flow = masses.clone();
            if let Some(source) = &source {
                expected += stage.size * source.iter().sum::<f64>();
                flow.iter_mut().zip(source).for_each(|(f, s)| *f += tau * s);
                masses
                    .iter_mut()
                    .zip(source)
                    .for_each(|(m, s)| *m += stage.size * s);
            }
            let mesh = &plane.meshes[stage.axis];
            let m = mesh.len();
            for l in 0..n / m {
                self.linearise(s, l, tau);
                let (flow, masses) = (&mut flow[l * m..][..m], &mut masses[l * m..][..m]);
                let matrix = &mut self.linearised[stage.axis].matrix;
                matrix.solve_transposed(flow);
                matrix.transport(flow, 1.0 / self.theta, masses);
            }
            if stage.pays() {
                self.seen(&flow, stage.number);
            } else {
                masses = transposed(&masses, ny, nx);
            }
            self.flow[s * n..(s + 1) * n].copy_from_slice(&flow);
            if s % 3 == 2 {
                let total: f64 = masses.iter().sum();
                self.mass_error = self.mass_error.max((total - expected).abs());
                self.masses[(stage.number + 1) * n..][..n].copy_from_slice(&masses);
            }
        }
        self.seen(&masses, plane.times.len() - 1);
        if masses.iter().all(|m| m.is_finite()) {
            Ok(())
        } else {
            Err(Stop::NotFinite(plane.times[plane.times.len() - 1]))
        }
    }

    /// Linearise stage s on line l at its inner value.
    fn linearise(&mut self, s: usize, l: usize, tau: f64) {
        let stage = self.stages[s];
        let plane = self.plane;
        let mesh = &plane.meshes[stage.axis];
        let m = mesh.len();
        let generator = Generator {
            mesh,
            hamiltonian: &plane.hamiltonian[stage.axis],
            scheme: plane.scheme,
        };
        let [viscosity, drift] = &self.lines[stage.axis];
        let on = along(&stage, &viscosity[l * m..][..m], &drift[l * m..][..m]);
        let inner = &self.inner[s * self.weights.len() + l * m..][..m];
        generator.linearise(inner, &on, tau, &mut self.linearised[stage.axis]);
    }

    /// Cost of the agents under the best response last found, when the law is the image; and what the
    /// source of mass adds to the value of the best response.
    fn costs(&mut self) -> (f64, f64) {
        let n = self.weights.len();
        let mut f = vec![0.0; n];
        let (mut total, mut brought) = (0.0, 0.0);
        for s in 0..self.stages.len() {
            let stage = self.stages[s];
            let m = self.plane.meshes[stage.axis].len();
            if stage.pays() {
                self.cost(true, &self.image, stage.number, &mut f);
            } else {
                f.fill(0.0);
            }
            let mut sum = 0.0;
            for l in 0..n / m {
                self.linearise(s, l, 0.0);
                let own = &self.linearised[stage.axis].cost;
                let flow = &self.flow[s * n + l * m..][..m];
                for ((c, f), m) in own.iter().zip(&f[l * m..]).zip(flow) {
                    sum += m * (c + f);
                }
            }
            let factor = stage.size * stage.discount[2];
            total += factor * sum;
            if let (Some(source), true) = (&self.plane.mass_source, stage.pays()) {
                let row = source[stage.number * n..][..n].iter().zip(&self.weights);
                let inner = &self.inner[s * n..];
                brought += factor * row.zip(inner).map(|((s, w), u)| s * w * u).sum::<f64>();
            }
        }
        let times = &self.plane.times;
        let last = times.len() - 1;
        self.cost(false, &self.image, last, &mut f);
        let end: f64 = f
            .iter()
            .zip(&self.masses[last * n..])
            .map(|(g, m)| g * m)
            .sum();
        (
            total + end * (-self.plane.discount * (times[last] - times[0])).exp(),
            brought,
        )
    }

    /// Controls along one direction at all times.
    fn controls(&mut self, axis: usize) -> Vec<f64> {
        let [nx, ny] = self.plane.shape();
        let n = nx * ny;
        let mesh = &self.plane.meshes[axis];
        let m = mesh.len();
        let generator = Generator {
            mesh,
            hamiltonian: &self.plane.hamiltonian[axis],
            scheme: self.plane.scheme,
        };
        let mut result = Vec::with_capacity(self.value.len());
        for (k, u) in self.value.chunks(n).enumerate() {
            let mut stage = self.stages[3 * k.min(self.plane.times.len() - 2) + axis];
            stage.middle = self.plane.times[k];
            let u = if axis == 0 {
                transposed(u, nx, ny)
            } else {
                u.to_vec()
            };
            let [viscosity, drift] = &self.lines[axis];
            let mut row = Vec::with_capacity(n);
            for (l, line) in u.chunks(m).enumerate() {
                let on = along(&stage, &viscosity[l * m..][..m], &drift[l * m..][..m]);
                generator.linearise(line, &on, 0.0, &mut self.linearised[axis]);
                row.extend_from_slice(&self.linearised[axis].control);
            }
            result.extend(if axis == 0 {
                transposed(&row, ny, nx)
            } else {
                row
            });
        }
        result
    }

    /// Weights of the coordinates of a law: means for each step and the end, and densities.
    fn units(&self) -> (Vec<f64>, Vec<f64>) {
        let plane = self.plane;
        let times = &plane.times;
        let total = times[times.len() - 1] - times[0];
        let along = |running: bool, terminal: bool| -> Vec<f64> {
            let share = |pair: &[f64]| ((pair[1] - pair[0]) / total).sqrt();
            let inside = times
                .windows(2)
                .map(|p| if running { share(p) } else { 0.0 });
            inside.chain([f64::from(u8::from(terminal))]).collect()
        };
        (
            along(plane.running.uses_means(), plane.terminal.uses_means()),
            along(
                plane.running.density.is_some(),
                plane.terminal.density.is_some(),
            ),
        )
    }

    fn pack(&self) -> Vec<f64> {
        let (means, dense) = self.units();
        let n = self.weights.len();
        let [x, y] = &self.plane.meshes;
        let mut result = Vec::new();
        for (w, m) in means.iter().zip(&self.image.means) {
            if *w > 0.0 {
                result.extend([w * m[0] / x.length, w * m[1] / y.length]);
            }
        }
        let size = self.size();
        for (w, row) in dense.iter().zip(self.image.density.chunks(n)) {
            if *w > 0.0 {
                let scaled = row.iter().zip(&self.weights);
                result.extend(scaled.map(|(m, a)| w * (a / size).sqrt() * m));
            }
        }
        result
    }

    fn unpack(&mut self, from: &[f64]) {
        let (means, dense) = self.units();
        let n = self.weights.len();
        let lengths = [0, 1].map(|i| self.plane.meshes[i].length);
        let mut values = from.iter();
        for (w, m) in means.iter().zip(&mut self.believed.means) {
            if *w > 0.0 {
                for (m, length) in m.iter_mut().zip(lengths) {
                    *m = values.next().copied().unwrap_or(f64::NAN) * length / w;
                }
            }
        }
        let size = self.size();
        for (w, row) in dense.iter().zip(self.believed.density.chunks_mut(n)) {
            if *w > 0.0 {
                for (m, a) in row.iter_mut().zip(&self.weights) {
                    *m = values.next().copied().unwrap_or(f64::NAN) / (w * (a / size).sqrt());
                }
            }
        }
    }

    /// Square of the initial density, integrated.
    fn size(&self) -> f64 {
        let pairs = self.plane.initial.iter().zip(&self.weights);
        pairs.map(|(m, w)| m * m * w).sum()
    }
}

impl Response for Passes<'_> {
    fn image(
        &mut self,
        x: &[f64],
        equations: &mut Equations,
        poll: &mut Poll<'_>,
    ) -> std::result::Result<Vec<f64>, Stop> {
        self.unpack(x);
        self.backward(equations, poll)?;
        self.forward(poll)?;
        Ok(self.pack())
    }

    fn forget(&mut self) {
        self.warm = false;
    }
}

/// What holds on a line within a stage.
fn along<'s>(stage: &Stage, viscosity: &'s [f64], drift: &'s [f64]) -> Conditions<'s> {
    Conditions {
        time: stage.middle,
        moments: [f64::NAN; 3],
        shift: 0.0,
        density: &[],
        viscosity,
        drift,
    }
}

/// A field of `rows` x `columns` as one of `columns` x `rows`.
fn transposed(field: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    const TILE: usize = 16;
    let mut result = vec![0.0; field.len()];
    for i0 in (0..rows).step_by(TILE) {
        for j0 in (0..columns).step_by(TILE) {
            for i in i0..rows.min(i0 + TILE) {
                for j in j0..columns.min(j0 + TILE) {
                    result[j * rows + i] = field[i * columns + j];
                }
            }
        }
    }
    result
}

impl Plane {
    /// Nodes along x and along y.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        [self.meshes[0].len(), self.meshes[1].len()]
    }

    /// Solve.
    ///
    /// # Errors
    /// Options outside their domain, or an interruption.
    pub fn solve(&self, options: &Options, poll: &mut Poll<'_>) -> Result<PlaneSolution> {
        options.validate()?;
        let mut passes = Passes::new(self);
        let start = passes.pack();
        let (residuals, ending) = iterate(&mut passes, start, 0, options, poll);
        if let Ending::Failed(Stop::Error(error)) = ending {
            return Err(error);
        }
        let (cost, _) = passes.costs();
        let control = [passes.controls(0), passes.controls(1)];
        let (value, newton) = (passes.value.clone(), passes.newton);
        passes.believed = passes.image.clone();
        let best_cost = match (&ending, passes.backward(&mut Equations::solved(), poll)) {
            (_, Err(Stop::Error(error))) => return Err(error),
            (Ending::Failed(_), _) | (_, Err(_)) => f64::NAN,
            _ => {
                let pairs = passes
                    .value
                    .iter()
                    .zip(&passes.masses[..passes.weights.len()]);
                pairs.map(|(u, m)| u * m).sum::<f64>() + passes.costs().1
            }
        };
        let n = passes.weights.len();
        let density = passes.masses.iter().zip((0..n).cycle());
        Ok(PlaneSolution {
            density: density.map(|(m, i)| m / passes.weights[i]).collect(),
            value,
            control,
            ending,
            residuals,
            newton,
            cost,
            best_cost,
            mass_error: passes.mass_error,
        })
    }
}
