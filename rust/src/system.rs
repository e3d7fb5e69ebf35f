//! The discrete system: unknowns and their order, residuals, policy.

use crate::closure::{Closure, Window};
use crate::error::Result;
use crate::policy::{Generator, Linearisation, Response};
use crate::problem::StationaryProblem;

/// G and H on the grid.
#[derive(Debug, Clone)]
pub struct State {
    /// G and H.
    pub values: [Vec<f64>; 2],
}

/// Residuals and responses at the interior nodes of a state.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// Responses, in the order of the unknowns.
    pub responses: Vec<Response>,
    /// Residuals of the G- and H-equation, interleaved.
    pub residual: Vec<f64>,
    /// Largest residual relative to hazard (1 + |payoff|).
    pub norm: f64,
}

/// Why a state has no residual.
#[derive(Debug, Clone, Copy)]
pub enum Infeasible {
    /// The second-order condition fails at a node `(i, j)`: the value of -2 s_2 there.
    SecondOrder {
        /// Node.
        node: (usize, usize),
        /// -2 s_2.
        curvature: f64,
    },
    /// A residual is not finite.
    NotFinite,
}

/// A problem with its boundary closure, ready to be linearised.
#[derive(Debug)]
pub struct System<'a> {
    /// The problem.
    pub problem: &'a StationaryProblem,
    /// The inner window.
    pub window: Window,
    /// The boundary closure.
    pub closure: &'a Closure,
    interior: Vec<(usize, usize)>,
    generators: Vec<Generator>,
    inner_is_y: bool,
}

impl<'a> System<'a> {
    /// Set up a validated problem.
    ///
    /// # Errors
    /// See [`Window::new`].
    pub fn new(problem: &'a StationaryProblem, closure: &'a Closure) -> Result<Self> {
        let grid = &problem.grid;
        let (nx, ny) = grid.shape();
        // The shorter axis runs fastest: that keeps the band narrow.
        let inner_is_y = ny <= nx;
        let interior: Vec<(usize, usize)> = if inner_is_y {
            (1..nx - 1)
                .flat_map(|i| (1..ny - 1).map(move |j| (i, j)))
                .collect()
        } else {
            (1..ny - 1)
                .flat_map(|j| (1..nx - 1).map(move |i| (i, j)))
                .collect()
        };
        let generators = interior
            .iter()
            .map(|&(i, j)| problem.generator(grid.at(i, j)))
            .collect();
        Ok(Self {
            problem,
            window: Window::new(grid)?,
            closure,
            interior,
            generators,
            inner_is_y,
        })
    }

    /// Interior nodes in the order of the unknowns.
    #[must_use]
    pub fn interior(&self) -> &[(usize, usize)] {
        &self.interior
    }

    /// Number of unknowns: G and H at the interior nodes.
    #[must_use]
    pub fn unknowns(&self) -> usize {
        2 * self.interior.len()
    }

    /// Interior nodes along the axis that runs fastest.
    fn inner(&self) -> usize {
        let (nx, ny) = self.problem.grid.shape();
        nx.min(ny) - 2
    }

    /// Half-bandwidth of the interleaved unknowns.
    #[must_use]
    pub fn half_bandwidth(&self) -> usize {
        2 * self.inner() + 3
    }

    /// Position of interior node `(i, j)` among the interior nodes.
    #[must_use]
    pub fn position(&self, i: usize, j: usize) -> usize {
        let (outer, inner) = if self.inner_is_y { (i, j) } else { (j, i) };
        (outer - 1) * self.inner() + inner - 1
    }

    /// Give a state its boundary values.
    pub fn close(&self, state: &mut State) {
        for (function, values) in state.values.iter_mut().enumerate() {
            self.closure
                .apply(&self.problem.grid, &self.window, function, values);
        }
    }

    /// Residuals of a state.
    ///
    /// # Errors
    /// The second-order condition fails somewhere, or a residual is not finite.
    pub fn evaluate(&self, state: &State) -> std::result::Result<Evaluation, Infeasible> {
        let problem = self.problem;
        let [g, h] = &state.values;
        let mut responses = Vec::with_capacity(self.interior.len());
        let mut residual = Vec::with_capacity(self.unknowns());
        let mut norm: f64 = 0.0;
        for (&(i, j), generator) in self.interior.iter().zip(&self.generators) {
            let node = problem.grid.at(i, j);
            let (jet_g, jet_h) = (problem.grid.jet(g, i, j), problem.grid.jet(h, i, j));
            if jet_g.iter().chain(&jet_h).any(|v| !v.is_finite()) {
                return Err(Infeasible::NotFinite);
            }
            let response = Response::new(
                generator,
                problem.weight[node],
                problem.gamma,
                &jet_g,
                &jet_h,
            )
            .map_err(|curvature| {
                if curvature <= 0.0 {
                    Infeasible::SecondOrder {
                        node: (i, j),
                        curvature,
                    }
                } else {
                    Infeasible::NotFinite
                }
            })?;
            let (payoff, source) = (problem.payoff(node), problem.source(node));
            for (k, value) in [jet_g[0], jet_h[0]].into_iter().enumerate() {
                let r = response.generator[k] - problem.hazard * (value - payoff[k]) + source[k];
                let relative = r.abs() / (problem.hazard * (1.0 + payoff[k].abs()));
                if !relative.is_finite() {
                    return Err(Infeasible::NotFinite);
                }
                norm = norm.max(relative);
                residual.push(r);
            }
            responses.push(response);
        }
        Ok(Evaluation {
            responses,
            residual,
            norm,
        })
    }

    /// Linearisation at interior node number `k`.
    #[must_use]
    pub fn linearise(&self, evaluation: &Evaluation, k: usize) -> Linearisation {
        evaluation.responses[k].linearise(
            &self.generators[k],
            self.problem.gamma,
            self.problem.hazard,
        )
    }

    /// Policies at the nodes of the inner window.
    #[must_use]
    pub fn window_responses(&self, evaluation: &Evaluation) -> Vec<f64> {
        let policy = |&(i, j): &(usize, usize)| evaluation.responses[self.position(i, j)].policy;
        self.window.nodes.iter().map(policy).collect()
    }

    /// The state after a step.
    #[must_use]
    pub fn advance(&self, state: &State, step: &[f64]) -> State {
        let mut next = state.clone();
        for (&(i, j), change) in self.interior.iter().zip(step.chunks_exact(2)) {
            let node = self.problem.grid.at(i, j);
            next.values[0][node] += change[0];
            next.values[1][node] += change[1];
        }
        self.close(&mut next);
        next
    }

    /// Policy at every node, one-sided on the boundary; not a number where the second-order
    /// condition fails there.
    #[must_use]
    pub fn policy(&self, state: &State) -> Vec<f64> {
        let (grid, problem) = (&self.problem.grid, self.problem);
        let (nx, ny) = grid.shape();
        let mut policy = Vec::with_capacity(grid.size());
        for i in 0..nx {
            for j in 0..ny {
                let node = grid.at(i, j);
                let response = Response::new(
                    &problem.generator(node),
                    problem.weight[node],
                    problem.gamma,
                    &grid.jet(&state.values[0], i, j),
                    &grid.jet(&state.values[1], i, j),
                );
                policy.push(response.map_or(f64::NAN, |r| r.policy));
            }
        }
        policy
    }
}
