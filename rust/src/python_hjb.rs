//! The Python edge of the extended HJB solver: arguments in, dictionaries out.

use numpy::{IntoPyArray, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::closure::Closure;
use crate::error::GridError;
use crate::frozen;
use crate::grid::Grid;
use crate::newton::{self, Method, Options};
use crate::problem::{StationaryProblem, DIFFUSION_ARRAYS, DRIFT_ARRAYS};
use crate::python::{array, callback, count, integer, interruptible, items, number, text};
use crate::solution::Solution;

/// Add the functions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(solve_stationary, module)?)?;
    module.add_function(wrap_pyfunction!(evaluate_policy, module)?)
}

pub(crate) fn unknown_option(name: &str, known: &str) -> PyErr {
    GridError::invalid(
        "options",
        format!("a dictionary with the key '{name}'"),
        format!("known keys are {known}"),
    )
    .into()
}

/// The closure that options ask for; boundary values belong to `dirichlet`, the payoff when they
/// are absent.
fn closure(name: Option<&str>, boundary: Option<Vec<f64>>, payoff: &[f64]) -> PyResult<Closure> {
    match (name, boundary) {
        (None | Some("quadratic"), None) => Ok(Closure::QuadraticGrowth),
        (None | Some("dirichlet"), Some(values)) => Ok(Closure::Dirichlet(values)),
        (Some("dirichlet"), None) => Ok(Closure::Dirichlet(payoff.to_vec())),
        (Some("quadratic"), Some(_)) => Err(GridError::invalid(
            "boundary",
            "given",
            "boundary values need closure 'dirichlet'",
        )
        .into()),
        (Some(other), _) => Err(GridError::invalid(
            "closure",
            format!("'{other}'"),
            "use 'quadratic' or 'dirichlet'",
        )
        .into()),
    }
}

/// The arrays of a problem as they are passed.
pub(crate) struct Arguments<'a, 'py> {
    pub(crate) x: &'a Bound<'py, PyAny>,
    pub(crate) y: &'a Bound<'py, PyAny>,
    pub(crate) drift: &'a Bound<'py, PyAny>,
    pub(crate) diffusion: &'a Bound<'py, PyAny>,
    pub(crate) payoff: &'a Bound<'py, PyAny>,
}

impl Arguments<'_, '_> {
    /// A problem without preference: its weight is zero and its hazard rate one.
    pub(crate) fn problem(&self) -> PyResult<StationaryProblem> {
        let grid = Grid::new(array("x", self.x, &[None])?, array("y", self.y, &[None])?)?;
        let (nx, ny) = grid.shape();
        let stack = |count: usize| [Some(count), Some(nx), Some(ny)];
        Ok(StationaryProblem {
            drift: array("drift", self.drift, &stack(DRIFT_ARRAYS))?,
            diffusion: array("diffusion", self.diffusion, &stack(DIFFUSION_ARRAYS))?,
            payoff: array("payoff", self.payoff, &stack(2))?,
            weight: vec![0.0; grid.size()],
            gamma: 1.0,
            hazard: 1.0,
            source: None,
            grid,
        })
    }
}

pub(crate) fn set_preference(
    problem: &mut StationaryProblem,
    weight: &Bound<'_, PyAny>,
    gamma: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let (nx, ny) = problem.grid.shape();
    problem.weight = array("weight", weight, &[Some(nx), Some(ny)])?;
    problem.gamma = number("gamma", gamma)?;
    Ok(())
}

/// Solve the stationary extended HJB system of the preference
/// ``weight * g - gamma/2 (h - g^2)`` on a tensor grid.
///
/// The unknowns G and H satisfy ``A^p G = hazard (G - phi_1)`` and ``A^p H = hazard (H - phi_2)``
/// with p maximal for ``F_g A^p G + F_h A^p H``. Array index [i, j] is the node (x[i], y[j]).
///
/// Parameters
/// ----------
/// x, y : arrays (nx,), (ny,), strictly increasing nodes.
/// drift : array (4, nx, ny) of bx0, bx1, by0, by1; the drift of a state is b0 + b1 p.
/// diffusion : array (9, nx, ny) of axx0, axx1, axx2, axy0, ..., ayy2; a = a0 + a1 p + a2 p^2.
/// payoff : array (2, nx, ny) of phi_1, phi_2, also the start of the iteration.
/// weight : array (nx, ny), the weight on the mean.
/// gamma, hazard : positive numbers.
/// options : dict or None; keys method ('newton' or 'policy'), anderson (earlier policies used by
///     the acceleration of policy iteration), tolerance, max_steps, first_step (in units of
///     1/hazard), closure ('quadratic' or 'dirichlet'), boundary, source and start (arrays
///     (2, nx, ny)), memory_limit (bytes), threads (0: one for each processor).
///
/// Returns
/// -------
/// dict with g, h, policy (arrays (nx, ny)), status, converged, message and the diagnostics.
///
/// Raises
/// ------
/// InvalidInputError, GridTooLargeError, KeyboardInterrupt.
#[pyfunction]
#[pyo3(signature = (x, y, drift, diffusion, payoff, weight, gamma, hazard, options=None))]
#[allow(clippy::too_many_arguments)] // the signature of the data contract
fn solve_stationary<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    y: &Bound<'py, PyAny>,
    drift: &Bound<'py, PyAny>,
    diffusion: &Bound<'py, PyAny>,
    payoff: &Bound<'py, PyAny>,
    weight: &Bound<'py, PyAny>,
    gamma: &Bound<'py, PyAny>,
    hazard: &Bound<'py, PyAny>,
    options: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let arguments = Arguments {
        x,
        y,
        drift,
        diffusion,
        payoff,
    };
    let mut problem = arguments.problem()?;
    set_preference(&mut problem, weight, gamma)?;
    problem.hazard = number("hazard", hazard)?;
    let (nx, ny) = problem.grid.shape();
    let pair = [Some(2), Some(nx), Some(ny)];
    let mut found = Options::default();
    let (mut closure_name, mut boundary) = (None, None);
    for (name, value) in items(options)? {
        match name.as_str() {
            "method" => found.method = method(&text(&value))?,
            "anderson" => found.anderson = count(&name, &value)?,
            "tolerance" => found.tolerance = number(&name, &value)?,
            "first_step" => found.first_step = number(&name, &value)?,
            "max_steps" => found.max_steps = count(&name, &value)?,
            "memory_limit" => found.memory_limit = integer(&name, &value)?,
            "threads" => found.threads = count(&name, &value)?,
            "closure" => closure_name = Some(text(&value)),
            "boundary" => boundary = Some(array(&name, &value, &pair)?),
            "source" => problem.source = Some(array(&name, &value, &pair)?),
            "start" => found.start = Some(array(&name, &value, &pair)?),
            _ => {
                return Err(unknown_option(
                    &name,
                    "anderson, boundary, closure, first_step, max_steps, memory_limit, method, \
                     source, start, threads, tolerance",
                ))
            }
        }
    }
    found.closure = closure(closure_name.as_deref(), boundary, &problem.payoff)?;
    let solution = interruptible(py, callback(options)?, |poll| {
        newton::solve_stationary(&problem, &found, poll)
    })?;
    stationary_result(py, solution, (nx, ny))
}

fn method(name: &str) -> PyResult<Method> {
    match name {
        "newton" => Ok(Method::Newton),
        "policy" => Ok(Method::Policy),
        other => {
            let value = format!("'{other}'");
            Err(GridError::invalid("method", value, "use 'newton' or 'policy'").into())
        }
    }
}

fn stationary_result(
    py: Python<'_>,
    s: Solution,
    shape: (usize, usize),
) -> PyResult<Bound<'_, PyDict>> {
    let result = PyDict::new(py);
    let undefined = s.policy.iter().filter(|p| p.is_nan()).count();
    for (name, values) in [("g", s.g), ("h", s.h), ("policy", s.policy)] {
        let flat = values.into_pyarray(py);
        result.set_item(name, flat.reshape([shape.0, shape.1])?)?;
    }
    result.set_item("status", s.status.name())?;
    result.set_item("converged", s.converged)?;
    result.set_item("message", s.message)?;
    result.set_item("steps", s.steps)?;
    result.set_item("rejections", s.rejections)?;
    result.set_item("residual", s.residual_history.last().copied())?;
    result.set_item("residual_history", s.residual_history)?;
    result.set_item("step_sizes", s.step_sizes)?;
    result.set_item("policy_changes", s.policy_changes)?;
    result.set_item("woodbury_condition", s.woodbury_condition)?;
    result.set_item("undefined_policy_nodes", undefined)?;
    result.set_item("unknowns", s.unknowns)?;
    result.set_item("half_bandwidth", s.half_bandwidth)?;
    let d = s.diagnostics;
    let d = d.as_ref();
    result.set_item("second_order_min", d.map(|d| d.second_order_min))?;
    result.set_item(
        "variance_eigenvalues",
        d.map(|d| (d.variance_form[0], d.variance_form[1])),
    )?;
    result.set_item(
        "policy_range",
        d.map(|d| (d.policy_range[0], d.policy_range[1])),
    )?;
    result.set_item("policy_nonaffine", d.map(|d| d.policy_nonaffine))?;
    result.set_item("short_wave_growth", d.map(|d| d.short_wave.growth))?;
    result.set_item("short_wave_number", d.map(|d| d.short_wave.wavenumber))?;
    Ok(result)
}

/// G and H of a given policy under a constant hazard rate: a linear problem.
///
/// Parameters
/// ----------
/// x, y, drift, diffusion, payoff, hazard : see `solve_stationary`.
/// policy : array (nx, ny); only interior nodes are read.
/// options : dict or None; keys closure, boundary, source, memory_limit and threads.
///
/// Returns
/// -------
/// tuple of two arrays (nx, ny), G and H.
///
/// Raises
/// ------
/// InvalidInputError, GridTooLargeError, KeyboardInterrupt.
#[pyfunction]
#[pyo3(signature = (x, y, drift, diffusion, payoff, hazard, policy, options=None))]
#[allow(clippy::too_many_arguments)] // the signature of the data contract
fn evaluate_policy<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    y: &Bound<'py, PyAny>,
    drift: &Bound<'py, PyAny>,
    diffusion: &Bound<'py, PyAny>,
    payoff: &Bound<'py, PyAny>,
    hazard: &Bound<'py, PyAny>,
    policy: &Bound<'py, PyAny>,
    options: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let arguments = Arguments {
        x,
        y,
        drift,
        diffusion,
        payoff,
    };
    let mut problem = arguments.problem()?;
    problem.hazard = number("hazard", hazard)?;
    let (nx, ny) = problem.grid.shape();
    let policy = array("policy", policy, &[Some(nx), Some(ny)])?;
    let pair = [Some(2), Some(nx), Some(ny)];
    let defaults = Options::default();
    let (mut limit, mut threads) = (defaults.memory_limit, defaults.threads);
    let (mut closure_name, mut boundary) = (None, None);
    for (name, value) in items(options)? {
        match name.as_str() {
            "closure" => closure_name = Some(text(&value)),
            "boundary" => boundary = Some(array(&name, &value, &pair)?),
            "source" => problem.source = Some(array(&name, &value, &pair)?),
            "memory_limit" => limit = integer(&name, &value)?,
            "threads" => threads = count(&name, &value)?,
            _ => {
                return Err(unknown_option(
                    &name,
                    "boundary, closure, memory_limit, source, threads",
                ))
            }
        }
    }
    let closure = closure(closure_name.as_deref(), boundary, &problem.payoff)?;
    let state = interruptible(py, callback(options)?, |poll| {
        frozen::solve(&problem, closure, &policy, limit, threads, poll)
    })?;
    let [g, h] = state.values;
    let shaped = |values: Vec<f64>| -> PyResult<Bound<'py, PyAny>> {
        Ok(values.into_pyarray(py).reshape([nx, ny])?.into_any())
    };
    Ok((shaped(g)?, shaped(h)?))
}
