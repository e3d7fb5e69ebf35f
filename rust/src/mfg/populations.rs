//! Several populations on one mesh: each plays a mean-field game, and pays for the laws of the others.

use super::coordinates::Coordinates;
use super::coupling::Coupling;
use super::fixed_point::{iterate, FixedPoint, Response};
use super::hamiltonian::Kind;
use super::problem::{Options, Problem};
use super::solution::{gathered, Solution};
use super::sweep::{Equations, Law, Stop, Sweeps};
use crate::control::Poll;
use crate::error::Result;

/// What population i pays for the law of population j within each step: entry `[i][j]`.
pub type Others = Vec<Vec<Option<Coupling>>>;

struct Together<'a> {
    others: &'a Others,
    sweeps: Vec<Sweeps<'a, Kind>>,
    coordinates: Vec<Coordinates>,
    believed: Vec<Law>,
    image: Vec<Law>,
}

/// What the laws of the others cost population i.
fn charge(others: &Others, i: usize, laws: &[Law], sweeps: &mut Sweeps<'_, Kind>) {
    let mesh = &sweeps.problem.mesh;
    let n = mesh.len();
    let steps = sweeps.steps.clone();
    let mut row = vec![0.0; n];
    sweeps.others.clear();
    sweeps.others.resize(n * steps.len(), 0.0);
    for (coupling, law) in others[i].iter().zip(laws) {
        let Some(coupling) = coupling else { continue };
        for (k, (step, to)) in steps.iter().zip(sweeps.others.chunks_mut(n)).enumerate() {
            let (moments, density) = (&law.moments[k], law.density_at(k, n));
            coupling.evaluate(step.number, step.middle, mesh, moments, density, &mut row);
            to.iter_mut().zip(&row).for_each(|(t, r)| *t += r);
        }
    }
}

impl Together<'_> {
    fn pack(&self, laws: &[Law]) -> Vec<f64> {
        let parts = self.coordinates.iter().zip(laws);
        parts.flat_map(|(c, law)| c.pack(law)).collect()
    }
}

impl Response for Together<'_> {
    fn image(
        &mut self,
        x: &[f64],
        equations: &mut Equations,
        poll: &mut Poll<'_>,
    ) -> std::result::Result<Vec<f64>, Stop> {
        let mut rest = x;
        for (c, law) in self.coordinates.iter().zip(&mut self.believed) {
            let (own, others) = rest.split_at(c.len());
            c.unpack(own, law);
            rest = others;
        }
        for (i, sweeps) in self.sweeps.iter_mut().enumerate() {
            charge(self.others, i, &self.believed, sweeps);
            sweeps.backward(&self.believed[i], equations, poll)?;
            sweeps.forward(&self.believed[i], &mut self.image[i], poll)?;
        }
        Ok(self.pack(&self.image))
    }

    fn forget(&mut self) {
        self.sweeps.iter_mut().for_each(Sweeps::forget);
    }
}

/// Solve for all populations at once. Their meshes, times and schemes must be alike.
///
/// # Errors
/// Options outside their domain, or an interruption.
pub fn solve(
    problems: &mut [Problem],
    others: &Others,
    options: &Options,
    poll: &mut Poll<'_>,
) -> Result<Vec<Solution>> {
    options.validate()?;
    for (j, problem) in problems.iter_mut().enumerate() {
        for coupling in others.iter().filter_map(|row| row[j].as_ref()) {
            let (moments, dense) = &mut problem.seen;
            moments
                .iter_mut()
                .zip(coupling.uses())
                .for_each(|(m, u)| *m |= u);
            *dense |= coupling.uses_density();
        }
    }
    let problems = &*problems;
    let sweeps: Vec<Sweeps<'_, Kind>> = problems
        .iter()
        .map(|p| Sweeps::new(p, &p.hamiltonian, options.damped_steps))
        .collect();
    let starts: Vec<Law> = sweeps
        .iter()
        .map(|s| s.constant_law(&s.problem.initial))
        .collect();
    let mut together = Together {
        others,
        coordinates: sweeps.iter().map(Coordinates::new).collect(),
        sweeps,
        image: starts.clone(),
        believed: starts,
    };
    let start = together.pack(&together.believed);
    let (residuals, ending) = iterate(&mut together, start, 0, options, poll);
    let mut found = Vec::with_capacity(problems.len());
    for (i, sweeps) in together.sweeps.iter_mut().enumerate() {
        charge(others, i, &together.image, sweeps);
        let point = FixedPoint {
            coordinates: together.coordinates[i].pack(&together.image[i]),
            believed: together.believed[i].clone(),
            law: together.image[i].clone(),
            residuals: residuals.clone(),
            ending: ending.clone(),
        };
        found.push(gathered(sweeps, point, 0, options, poll)?);
    }
    Ok(found)
}
