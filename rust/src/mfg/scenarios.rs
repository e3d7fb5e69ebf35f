//! Common noise as a tree of scenarios.
//!
//! In coordinates that move with the common noise the state has none, and between two shocks the game
//! is one of the interval. At a shock the value is the mean of those after it, and the law goes on
//! into every branch: the passes on the tree are those on its parts, joined at the shocks.

use super::coordinates::Coordinates;
use super::fixed_point::{iterate, FixedPoint, Response};
use super::hamiltonian::Kind;
use super::problem::{Options, Problem};
use super::solution::{gathered, Solution};
use super::sweep::{Equations, Law, Stop, Sweeps};
use crate::control::Poll;
use crate::error::{GridError, Result};

/// The part before, and the probability of this one after it.
pub type Branch = (Option<usize>, f64);

struct Scenarios<'a> {
    branches: &'a [Branch],
    sweeps: Vec<Sweeps<'a, Kind>>,
    coordinates: Vec<Coordinates>,
    believed: Vec<Law>,
    image: Vec<Law>,
}

impl Scenarios<'_> {
    fn pack(&self, laws: &[Law]) -> Vec<f64> {
        let parts = self.coordinates.iter().zip(laws);
        parts.flat_map(|(c, law)| c.pack(law)).collect()
    }
}

impl Response for Scenarios<'_> {
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
        for sweeps in &mut self.sweeps {
            if let Some(end) = &mut sweeps.end {
                end.fill(0.0);
            }
        }
        for i in (0..self.sweeps.len()).rev() {
            let (before, rest) = self.sweeps.split_at_mut(i);
            rest[0].backward(&self.believed[i], equations, poll)?;
            if let (Some(parent), weight) = self.branches[i] {
                if let Some(end) = &mut before[parent].end {
                    let start = rest[0].start.iter();
                    end.iter_mut()
                        .zip(start)
                        .for_each(|(e, u)| *e += weight * u);
                }
            }
        }
        for i in 0..self.sweeps.len() {
            let (before, rest) = self.sweeps.split_at_mut(i);
            if let (Some(parent), _) = self.branches[i] {
                let n = rest[0].start.len();
                let masses = &before[parent].masses;
                rest[0].masses[..n].copy_from_slice(&masses[masses.len() - n..]);
            }
            rest[0].forward(&self.believed[i], &mut self.image[i], poll)?;
        }
        Ok(self.pack(&self.image))
    }

    fn forget(&mut self) {
        self.sweeps.iter_mut().for_each(Sweeps::forget);
    }
}

/// Solve on all parts of a tree, each after the one before it.
///
/// # Errors
/// A part before the one that it follows, options outside their domain, or an interruption.
pub fn solve(
    problems: &[Problem],
    branches: &[Branch],
    options: &Options,
    poll: &mut Poll<'_>,
) -> Result<Vec<Solution>> {
    options.validate()?;
    let mut sweeps: Vec<Sweeps<'_, Kind>> = problems
        .iter()
        .map(|p| Sweeps::new(p, &p.hamiltonian, options.damped_steps))
        .collect();
    for (i, (parent, _)) in branches.iter().enumerate() {
        match parent {
            Some(parent) if *parent < i => {
                sweeps[*parent].end = Some(vec![0.0; problems[i].mesh.len()]);
            }
            None if i == 0 => {}
            _ => {
                return Err(GridError::invalid(
                    "branches",
                    i.to_string(),
                    "a part follows one before it",
                ))
            }
        }
    }
    let starts: Vec<Law> = sweeps
        .iter()
        .map(|s| s.constant_law(&s.problem.initial))
        .collect();
    let mut scenarios = Scenarios {
        branches,
        coordinates: sweeps.iter().map(Coordinates::new).collect(),
        sweeps,
        image: starts.clone(),
        believed: starts,
    };
    let start = scenarios.pack(&scenarios.believed);
    let (residuals, ending) = iterate(&mut scenarios, start, 0, options, poll);
    let mut found = Vec::with_capacity(problems.len());
    for (i, sweeps) in scenarios.sweeps.iter_mut().enumerate() {
        let point = FixedPoint {
            coordinates: scenarios.coordinates[i].pack(&scenarios.image[i]),
            believed: scenarios.believed[i].clone(),
            law: scenarios.image[i].clone(),
            residuals: residuals.clone(),
            ending: ending.clone(),
        };
        found.push(gathered(sweeps, point, 0, options, poll)?);
    }
    Ok(found)
}
