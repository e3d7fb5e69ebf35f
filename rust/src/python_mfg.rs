//! The Python edge of mean-field games: options in, dictionaries out.

use numpy::{IntoPyArray, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::mfg::coupling::{CONTROL_MEAN, MEAN, MOMENTS, VARIANCE};
use crate::mfg::generator::Scheme;
use crate::mfg::hamiltonian::Kind;
use crate::mfg::mesh::{Boundary, Mesh};
use crate::mfg::populations;
use crate::mfg::problem::{Method, Options, Problem};
use crate::mfg::scenarios;
use crate::mfg::solution::{self, Solution};
use crate::python::{array, callback, count, interruptible, invalid, items, number, shown, text};
use crate::python_parts::{field, field_over_time, read_coupling, read_hamiltonian, vector};

/// Add the functions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(solve_mfg, module)?)?;
    module.add_function(wrap_pyfunction!(solve_mfg_populations, module)?)?;
    module.add_function(wrap_pyfunction!(solve_mfg_scenarios, module)?)
}

/// Options that belong to the problem.
struct Setting {
    boundary: String,
    exit_costs: [f64; 2],
    scheme: String,
    richardson: bool,
    normalize: bool,
    mass_source: Option<Vec<f64>>,
    coarse_mass_source: Option<Vec<f64>>,
    drift: Vec<f64>,
    coarse_drift: Option<Vec<f64>>,
    discount: f64,
    stationary: bool,
    stopping: Option<Vec<f64>>,
}

fn read_options(
    options: Option<&Bound<'_, PyAny>>,
    n: usize,
    steps: usize,
) -> PyResult<(Options, Setting)> {
    let mut result = Options {
        method: Method::Anderson,
        tolerance: 1e-10,
        max_iterations: 100,
        relaxation: 1.0,
        starts: 1,
        damped_steps: 0,
    };
    let mut setting = Setting {
        boundary: "reflecting".to_string(),
        exit_costs: [0.0; 2],
        scheme: "auto".to_string(),
        richardson: false,
        normalize: false,
        mass_source: None,
        coarse_mass_source: None,
        drift: vec![0.0; n],
        coarse_drift: None,
        discount: 0.0,
        stationary: false,
        stopping: None,
    };
    for (key, value) in items(options)? {
        match key.as_str() {
            "boundary" => setting.boundary = text(&value),
            "scheme" => setting.scheme = text(&value),
            "exit_costs" => {
                let costs: (f64, f64) = value.extract().or_else(|_| {
                    invalid("exit_costs", shown(&value), "two real numbers are needed")
                })?;
                setting.exit_costs = [costs.0, costs.1];
            }
            "richardson" => setting.richardson = value.is_truthy()?,
            "normalize" => setting.normalize = value.is_truthy()?,
            "mass_source" => {
                setting.mass_source = Some(array(&key, &value, &[Some(steps), Some(n)])?);
            }
            "coarse_mass_source" => {
                let shape = [Some(steps / 2), Some(n.div_ceil(2))];
                setting.coarse_mass_source = Some(array(&key, &value, &shape)?);
            }
            "drift" => setting.drift = field_over_time(&key, &value, n, steps)?,
            "coarse_drift" => {
                let shape = [Some(steps / 2), Some(n.div_ceil(2))];
                setting.coarse_drift = Some(array(&key, &value, &shape)?);
            }
            "discount" => setting.discount = number(&key, &value)?,
            "stopping" => setting.stopping = Some(field(&key, &value, n)?),
            "stationary" => setting.stationary = value.is_truthy()?,
            "method" => {
                let given = text(&value);
                result.method = match Method::named(&given) {
                    Some(method) => method,
                    None => {
                        let remedy = "use 'anderson', 'newton', 'picard', 'fictitious_play' or \
                                      'policy_iteration'";
                        return invalid("method", format!("'{given}'"), remedy);
                    }
                }
            }
            "tolerance" => result.tolerance = number(&key, &value)?,
            "relaxation" => result.relaxation = number(&key, &value)?,
            "max_iterations" => result.max_iterations = count(&key, &value)?,
            "starts" => result.starts = count(&key, &value)?,
            "damped_steps" => result.damped_steps = count(&key, &value)?,
            _ => {
                return invalid(
                    "options",
                    format!("a dictionary with '{key}'"),
                    "unknown key",
                )
            }
        }
    }
    Ok((result, setting))
}

impl Setting {
    fn boundary(&self) -> PyResult<Boundary> {
        Ok(match self.boundary.as_str() {
            "reflecting" => Boundary::Reflecting,
            "absorbing" => Boundary::Absorbing(self.exit_costs),
            "periodic" => Boundary::Periodic,
            "open" => Boundary::Open,
            other => {
                return invalid(
                    "boundary",
                    format!("'{other}'"),
                    "use 'reflecting', 'absorbing', 'periodic' or 'open'",
                )
            }
        })
    }

    fn scheme(&self, hamiltonian: &Kind, viscosity: &[f64]) -> PyResult<Scheme> {
        let kinked = hamiltonian.kinked();
        Ok(match self.scheme.as_str() {
            "central" if kinked => {
                return invalid(
                    "scheme",
                    "'central'",
                    "for a Hamiltonian with a kink use 'monotone' or 'auto'",
                )
            }
            "central" => Scheme::Central,
            "monotone" => Scheme::Monotone,
            "auto" if kinked || viscosity.contains(&0.0) => Scheme::Monotone,
            "auto" => Scheme::Central,
            other => {
                return invalid(
                    "scheme",
                    format!("'{other}'"),
                    "use 'auto', 'central' or 'monotone'",
                )
            }
        })
    }
}

/// What `solve_mfg` is called with, but for the options.
type Game<'py> = (
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
);

/// The problem, the same on a coarser grid if asked, and how to solve it.
fn read_problem(
    game: &Game<'_>,
    options: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Problem, Option<Problem>, Options)> {
    let (low, high, nodes, times, viscosity, hamiltonian, running, terminal, initial) = game;
    let n = count("nodes", nodes)?;
    if n > 1 << 24 {
        return invalid("nodes", n, "choose fewer");
    }
    let times = vector("times", times, None)?;
    let steps = times.len().saturating_sub(1);
    let (options, setting) = read_options(options, n, steps)?;
    let mesh = Mesh::new(
        number("low", low)?,
        number("high", high)?,
        n,
        setting.boundary()?,
    )?;
    let hamiltonian = read_hamiltonian(hamiltonian)?;
    let viscosity = field("viscosity", viscosity, n)?;
    let (running, forcing) = read_coupling("running", running, n, steps)?;
    let (terminal, _) = read_coupling("terminal", terminal, n, steps)?;
    let mut problem = Problem {
        mesh,
        times,
        scheme: setting.scheme(&hamiltonian, &viscosity)?,
        viscosity,
        hamiltonian,
        running,
        terminal,
        initial: field("initial", initial, n)?,
        mass_source: setting.mass_source,
        drift: setting.drift,
        discount: setting.discount,
        stationary: setting.stationary,
        stopping: setting.stopping,
        seen: ([false; MOMENTS], false),
    };
    problem.validate(setting.normalize)?;
    let coarse = if setting.richardson {
        Some(problem.coarsened(forcing, setting.coarse_mass_source, setting.coarse_drift)?)
    } else {
        None
    };
    Ok((problem, coarse, options))
}

/// Solve a mean-field game on a uniform grid; see `eqsolve.pde.solve_mfg`.
#[pyfunction]
#[pyo3(signature = (low, high, nodes, times, viscosity, hamiltonian, running, terminal, initial,
                    options=None))]
#[allow(clippy::too_many_arguments)] // the signature of the data contract
fn solve_mfg<'py>(
    py: Python<'py>,
    low: Bound<'py, PyAny>,
    high: Bound<'py, PyAny>,
    nodes: Bound<'py, PyAny>,
    times: Bound<'py, PyAny>,
    viscosity: Bound<'py, PyAny>,
    hamiltonian: Bound<'py, PyAny>,
    running: Bound<'py, PyAny>,
    terminal: Bound<'py, PyAny>,
    initial: Bound<'py, PyAny>,
    options: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let progress = callback(options)?;
    let game = (
        low,
        high,
        nodes,
        times,
        viscosity,
        hamiltonian,
        running,
        terminal,
        initial,
    );
    let (problem, coarse, options) = read_problem(&game, options)?;
    let found = interruptible(py, progress, |poll| {
        solution::solve(&problem, coarse.as_ref(), &options, poll)
    })?;
    to_dict(py, found)
}

/// Solve for several populations on one grid; see `eqsolve.pde.solve_mfg_populations`.
#[pyfunction]
fn solve_mfg_populations<'py>(
    py: Python<'py>,
    games: Vec<(Game<'py>, Bound<'py, PyAny>)>,
    others: Vec<Vec<Option<Bound<'py, PyAny>>>>,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let first = games.first().map(|(_, options)| options);
    let progress = callback(first)?;
    let mut read = Vec::with_capacity(games.len());
    for (game, options) in &games {
        read.push(read_problem(game, Some(options))?);
    }
    let Some((one, _, options)) = read.first() else {
        return invalid("populations", "empty", "one at least is needed");
    };
    let (n, steps, options) = (one.mesh.len(), one.times.len() - 1, options.clone());
    let mut problems: Vec<Problem> = read.into_iter().map(|(problem, ..)| problem).collect();
    let mut couplings = Vec::with_capacity(others.len());
    for row in &others {
        let read = |part: &Option<Bound<'py, PyAny>>| match part {
            None => Ok(None),
            Some(part) => read_coupling("others", part, n, steps).map(|(c, _)| Some(c)),
        };
        couplings.push(row.iter().map(read).collect::<PyResult<Vec<_>>>()?);
    }
    let found = interruptible(py, progress, |poll| {
        populations::solve(&mut problems, &couplings, &options, poll)
    })?;
    found
        .into_iter()
        .map(|solution| to_dict(py, solution))
        .collect()
}

/// Solve on the parts of a tree of scenarios; see `eqsolve.pde.solve_mfg_common_noise`.
#[pyfunction]
fn solve_mfg_scenarios<'py>(
    py: Python<'py>,
    games: Vec<(Game<'py>, Bound<'py, PyAny>)>,
    branches: Vec<(Option<usize>, f64)>,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let progress = callback(games.first().map(|(_, options)| options))?;
    let mut read = Vec::with_capacity(games.len());
    for (game, options) in &games {
        read.push(read_problem(game, Some(options))?);
    }
    let Some((_, _, options)) = read.first() else {
        return invalid("scenarios", "empty", "one at least is needed");
    };
    let options = options.clone();
    let problems: Vec<Problem> = read.into_iter().map(|(problem, ..)| problem).collect();
    let found = interruptible(py, progress, |poll| {
        scenarios::solve(&problems, &branches, &options, poll)
    })?;
    found
        .into_iter()
        .map(|solution| to_dict(py, solution))
        .collect()
}

fn to_dict(py: Python<'_>, s: Solution) -> PyResult<Bound<'_, PyDict>> {
    let result = PyDict::new(py);
    let shape = [s.times.len(), s.nodes.len()];
    let h = s.history;
    for (name, values) in [("u", h.value), ("m", h.density), ("control", h.control)] {
        result.set_item(name, values.into_pyarray(py).reshape(shape)?)?;
    }
    for (name, q) in [
        ("mean", MEAN),
        ("variance", VARIANCE),
        ("control_mean", CONTROL_MEAN),
    ] {
        let values: Vec<f64> = h.moments.iter().map(|m| m[q]).collect();
        result.set_item(name, values.into_pyarray(py))?;
    }
    result.set_item("x", s.nodes.into_pyarray(py))?;
    result.set_item("t", s.times.into_pyarray(py))?;
    result.set_item("status", s.status.name())?;
    result.set_item("message", s.message)?;
    result.set_item("warnings", s.warnings)?;
    let scheme = match s.scheme {
        Scheme::Central => "central",
        Scheme::Monotone => "monotone",
    };
    result.set_item("scheme", scheme)?;
    result.set_item("iterations", s.residuals.len())?;
    result.set_item("residual", s.residuals.last().copied())?;
    result.set_item("residual_history", s.residuals)?;
    result.set_item("newton_iterations", s.newton_iterations)?;
    if let Some(constant) = s.constant {
        result.set_item("ergodic_constant", constant)?;
    }
    result.set_item("cost", s.cost)?;
    if let Some(social) = s.social_cost {
        result.set_item("social_cost", social)?;
    }
    result.set_item("best_cost", s.best_cost)?;
    result.set_item("exploitability", s.cost - s.best_cost)?;
    result.set_item("mass_error", h.mass_error)?;
    result.set_item("solver_error", h.solver_error)?;
    result.set_item("exit_mass", s.exit_mass.map(|[left, right]| (left, right)))?;
    if let Some(stopped) = s.stopped_mass {
        result.set_item("stopped_mass", stopped)?;
    }
    result.set_item("minimum_density", s.minimum_density)?;
    result.set_item("negative_mass", s.negative_mass)?;
    result.set_item("boundary_mass", s.boundary_mass)?;
    result.set_item("cell_peclet", s.cell_peclet)?;
    let others: Vec<(&str, f64)> = s.other_starts.iter().map(|o| (o.0.name(), o.1)).collect();
    result.set_item("other_starts", others)?;
    result.set_item("error_estimate", s.error_estimate.map(|[u, m]| (u, m)))?;
    if let Some(other) = s.alternative {
        result.set_item("alternative", to_dict(py, *other)?)?;
    }
    Ok(result)
}
