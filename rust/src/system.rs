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
    /// Largest residual relative to the scale of the system times 1 + |payoff|.
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

/// A problem with its boundary closure at one time, ready to be linearised.
#[derive(Debug)]
pub struct System<'a> {
    /// The problem.
    pub problem: &'a StationaryProblem,
    /// The inner window.
    pub window: Window,
    /// The boundary closure.
    pub closure: Closure,
    /// Hazard rate; that of the problem unless a time step sets another.
    pub hazard: f64,
    /// Residuals are measured relative to `scale (1 + |payoff|)`; the hazard rate by default.
    pub scale: f64,
    /// Sources, see [`StationaryProblem::source`].
    pub source: Option<Vec<f64>>,
    interior: Vec<(usize, usize)>,
    generators: Vec<Generator>,
    inner_is_y: bool,
}

impl<'a> System<'a> {
    /// Set up a validated problem.
    ///
    /// # Errors
    /// See [`Window::new`].
    pub fn new(problem: &'a StationaryProblem, closure: Closure) -> Result<Self> {
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
            hazard: problem.hazard,
            scale: problem.hazard,
            source: problem.source.clone(),
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
    #[must_use]
    pub fn inner(&self) -> usize {
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
            let (payoff, source) = (problem.payoff(node), self.source(node));
            for (k, value) in [jet_g[0], jet_h[0]].into_iter().enumerate() {
                let r = response.generator[k] - self.hazard * (value - payoff[k]) + source[k];
                residual.push(r);
            }
            responses.push(response);
        }
        let norm = self.relative(&residual);
        if !norm.is_finite() {
            return Err(Infeasible::NotFinite);
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
        evaluation.responses[k].linearise(&self.generators[k], self.problem.gamma, self.hazard)
    }

    /// The generator at interior node number `k`.
    #[must_use]
    pub fn generator(&self, k: usize) -> &Generator {
        &self.generators[k]
    }

    /// Sources at a node.
    #[must_use]
    pub fn source(&self, node: usize) -> [f64; 2] {
        let size = self.problem.grid.size();
        self.source
            .as_ref()
            .map_or([0.0; 2], |s| [s[node], s[size + node]])
    }

    /// Policies at the nodes of the inner window.
    #[must_use]
    pub fn window_responses(&self, evaluation: &Evaluation) -> Vec<f64> {
        let policy = |&(i, j): &(usize, usize)| evaluation.responses[self.position(i, j)].policy;
        self.window.nodes.iter().map(policy).collect()
    }

    /// Values at the interior nodes, in the order of the unknowns.
    #[must_use]
    pub fn interior_values(&self, state: &State) -> Vec<f64> {
        let at = |&(i, j): &(usize, usize)| self.problem.grid.at(i, j);
        let pair = |node: usize| [state.values[0][node], state.values[1][node]];
        self.interior.iter().map(at).flat_map(pair).collect()
    }

    /// Size of a residual relative to the scale of the system times 1 + |payoff|.
    #[must_use]
    pub fn relative(&self, residual: &[f64]) -> f64 {
        let mut norm: f64 = 0.0;
        for (&(i, j), pair) in self.interior.iter().zip(residual.chunks_exact(2)) {
            let payoff = self.problem.payoff(self.problem.grid.at(i, j));
            for (r, z) in pair.iter().zip(payoff) {
                let size = r.abs() / (self.scale * (1.0 + z.abs()));
                if size.is_nan() {
                    return f64::NAN;
                }
                norm = norm.max(size);
            }
        }
        norm
    }

    /// The state one step after `state`, if the change since `before` goes on.
    #[must_use]
    pub fn extrapolate(&self, state: &State, before: &State) -> State {
        let mut next = state.clone();
        for (values, old) in next.values.iter_mut().zip(&before.values) {
            values.iter_mut().zip(old).for_each(|(v, o)| *v += *v - o);
        }
        next
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
