//! The law of all as a point of a Euclidean space.

use super::coupling::MOMENTS;
use super::hamiltonian::Hamiltonian;
use super::sweep::{Law, Sweeps};

/// Scaled coordinates of a law: those functionals which enter a cost, each times a weight, so that
/// the Euclidean norm is a relative change.
#[derive(Debug)]
pub(super) struct Coordinates {
    moments: [Vec<f64>; MOMENTS],
    density: Vec<f64>,
}

impl Coordinates {
    /// Those of the laws of a problem.
    pub(super) fn new<H: Hamiltonian>(sweeps: &Sweeps<'_, H>) -> Self {
        let problem = sweeps.problem;
        let mesh = &problem.mesh;
        let count = sweeps.steps.len();
        let total: f64 = sweeps.steps.iter().map(|s| s.size).sum();
        let times = |running: bool, terminal: bool| -> Vec<f64> {
            let inside = sweeps.steps.iter().map(|s| {
                if running {
                    (s.size / total).sqrt()
                } else {
                    0.0
                }
            });
            inside.chain([f64::from(u8::from(terminal))]).collect()
        };
        let (running, dense) = problem.uses();
        let terminal = problem.terminal.uses();
        let units = [mesh.length, mesh.length * mesh.length, mesh.length / total];
        let moments = std::array::from_fn(|q| {
            if !(running[q] || terminal[q]) {
                return Vec::new();
            }
            let mut weights = times(running[q], terminal[q]);
            weights.iter_mut().for_each(|w| *w /= units[q]);
            weights
        });
        let mut density = Vec::new();
        if sweeps.uses_density() {
            let square = |(m, w): (&f64, &f64)| m * m * w;
            let size: f64 = problem.initial.iter().zip(&mesh.weights).map(square).sum();
            let times = times(dense, problem.terminal.uses_density());
            density.reserve((count + 1) * mesh.len());
            for t in times {
                density.extend(mesh.weights.iter().map(|w| t * (w / size).sqrt()));
            }
        }
        Self { moments, density }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.moments.iter().map(Vec::len).sum::<usize>() + self.density.len()
    }

    /// Coordinates of a law.
    pub(super) fn pack(&self, law: &Law) -> Vec<f64> {
        let mut result = Vec::with_capacity(self.density.len() + 3 * law.moments.len());
        for (q, weights) in self.moments.iter().enumerate() {
            result.extend(weights.iter().zip(&law.moments).map(|(w, m)| w * m[q]));
        }
        result.extend(self.density.iter().zip(&law.density).map(|(w, m)| w * m));
        result
    }

    /// Put coordinates back into a law.
    pub(super) fn unpack(&self, from: &[f64], law: &mut Law) {
        let mut values = from.iter();
        let mut take = |weight: f64, to: &mut f64| {
            if let Some(value) = values.next() {
                if weight != 0.0 {
                    *to = value / weight;
                }
            }
        };
        for (q, weights) in self.moments.iter().enumerate() {
            for (w, m) in weights.iter().zip(&mut law.moments) {
                take(*w, &mut m[q]);
            }
        }
        for (w, m) in self.density.iter().zip(&mut law.density) {
            take(*w, m);
        }
    }
}
