//! The Python edge of the solver in time.

use numpy::{IntoPyArray, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::error::GridError;
use crate::evolution::{Evolution, Scheme};
use crate::parabolic;
use crate::path::Path;
use crate::python::{array, callback, count, integer, interruptible, items, number, text};
use crate::python_hjb::{set_preference, unknown_option, Arguments};

/// Add the function to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(solve_parabolic, module)?)
}

/// BDF2 by its name, or a theta scheme by its weight.
fn scheme(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Scheme> {
    if !value.is_instance_of::<PyString>() {
        return Ok(Scheme::Theta(number(name, value)?));
    }
    match text(value).as_str() {
        "bdf2" => Ok(Scheme::Bdf2),
        other => {
            let value = format!("'{other}'");
            Err(GridError::invalid(name, value, "use 'bdf2' or a number").into())
        }
    }
}

/// Solve the extended HJB system with the horizon min(tau, T) and a hazard rate that depends on
/// time, backward from the payoff.
///
/// Parameters
/// ----------
/// x, y, drift, diffusion, payoff, weight, gamma : see `solve_stationary`.
/// times : array (levels,), strictly increasing from 0 to T.
/// hazard : array (levels,), nonnegative; step times rate must not exceed 1.
/// options : dict or None; keys scheme ('bdf2', or the weight of the end of a step: 1/2 for
///     Crank-Nicolson, 1 for implicit Euler), tolerance, source and boundary (arrays (levels, 2, nx, ny)), memory_limit, threads.
///
/// Returns
/// -------
/// dict with g, h, policy (arrays (levels, nx, ny)), status, converged, message and diagnostics.
///
/// Raises
/// ------
/// InvalidInputError, GridTooLargeError, KeyboardInterrupt.
#[pyfunction]
#[pyo3(signature = (x, y, drift, diffusion, payoff, weight, gamma, times, hazard, options=None))]
#[allow(clippy::too_many_arguments)] // the signature of the data contract
fn solve_parabolic<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    y: &Bound<'py, PyAny>,
    drift: &Bound<'py, PyAny>,
    diffusion: &Bound<'py, PyAny>,
    payoff: &Bound<'py, PyAny>,
    weight: &Bound<'py, PyAny>,
    gamma: &Bound<'py, PyAny>,
    times: &Bound<'py, PyAny>,
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
    let times = array("times", times, &[None])?;
    let levels = times.len();
    let mut evolution = Evolution {
        hazards: array("hazard", hazard, &[Some(levels)])?,
        times,
        ..Evolution::default()
    };
    let (nx, ny) = problem.grid.shape();
    let stack = [Some(levels), Some(2), Some(nx), Some(ny)];
    for (name, value) in items(options)? {
        match name.as_str() {
            "scheme" => evolution.scheme = scheme(&name, &value)?,
            "tolerance" => evolution.tolerance = number(&name, &value)?,
            "source" => evolution.sources = Some(array(&name, &value, &stack)?),
            "boundary" => evolution.boundary = Some(array(&name, &value, &stack)?),
            "memory_limit" => evolution.memory_limit = integer(&name, &value)?,
            "threads" => evolution.threads = count(&name, &value)?,
            _ => {
                return Err(unknown_option(
                    &name,
                    "boundary, memory_limit, scheme, source, threads, tolerance",
                ))
            }
        }
    }
    let path = interruptible(py, callback(options)?, |poll| {
        parabolic::solve_parabolic(&problem, &evolution, poll)
    })?;
    parabolic_result(py, path, [levels, nx, ny])
}

fn parabolic_result(py: Python<'_>, p: Path, shape: [usize; 3]) -> PyResult<Bound<'_, PyDict>> {
    let result = PyDict::new(py);
    for (name, values) in [("g", p.g), ("h", p.h), ("policy", p.policy)] {
        result.set_item(name, values.into_pyarray(py).reshape(shape)?)?;
    }
    result.set_item("status", p.status.name())?;
    result.set_item("converged", p.converged)?;
    result.set_item("message", p.message)?;
    result.set_item("newton_steps", p.newton_steps)?;
    result.set_item("residual", p.residual)?;
    result.set_item("second_order_min", p.second_order_min)?;
    result.set_item(
        "variance_eigenvalues",
        (p.variance_form[0], p.variance_form[1]),
    )?;
    result.set_item("policy_range", (p.policy_range[0], p.policy_range[1]))?;
    result.set_item("short_wave_growth", p.short_wave.growth)?;
    result.set_item("short_wave_number", p.short_wave.wavenumber)?;
    result.set_item("short_wave_exponent", p.short_wave_exponent)?;
    result.set_item("woodbury_condition", p.woodbury_condition)?;
    result.set_item("unknowns", p.unknowns)?;
    result.set_item("half_bandwidth", p.half_bandwidth)?;
    Ok(result)
}
