//! The Python edge of controlled diffusions in one dimension.

use numpy::{IntoPyArray, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::controlled_diffusion as diffusion;
use crate::python::{callback, count, interruptible, invalid, items, number, text};
use crate::python_parts::{field, vector};

/// Add the function to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(solve_controlled_diffusion, module)?)
}

/// Solve a controlled diffusion in logarithmic wealth; see
/// `eqsolve.pde.solve_controlled_diffusion`.
#[pyfunction]
#[pyo3(signature = (nodes, horizon, steps, rate, excess, volatility, risk_aversion, terminal=None,
                    options=None))]
#[allow(clippy::too_many_arguments)] // the signature of the data contract
fn solve_controlled_diffusion<'py>(
    py: Python<'py>,
    nodes: &Bound<'py, PyAny>,
    horizon: &Bound<'py, PyAny>,
    steps: &Bound<'py, PyAny>,
    rate: &Bound<'py, PyAny>,
    excess: &Bound<'py, PyAny>,
    volatility: &Bound<'py, PyAny>,
    risk_aversion: &Bound<'py, PyAny>,
    terminal: Option<&Bound<'py, PyAny>>,
    options: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let nodes = vector("nodes", nodes, None)?;
    let n = nodes.len();
    let mut formulation = diffusion::Formulation::Value;
    let (mut tolerance, mut max_iterations, mut bounds) = (1e-12, 50, [None; 2]);
    for (key, value) in items(options)? {
        match key.as_str() {
            "formulation" => {
                formulation = match text(&value).as_str() {
                    "value" => diffusion::Formulation::Value,
                    "certainty_equivalent" => diffusion::Formulation::CertaintyEquivalent,
                    other => {
                        let remedy = "use 'value' or 'certainty_equivalent'";
                        return invalid("formulation", format!("'{other}'"), remedy);
                    }
                }
            }
            "tolerance" => tolerance = number(&key, &value)?,
            "max_iterations" => max_iterations = count(&key, &value)?,
            "lower" => bounds[0] = Some(number("bounds", &value)?),
            "upper" => bounds[1] = Some(number("bounds", &value)?),
            _ => {
                return invalid(
                    "options",
                    format!("a dictionary with '{key}'"),
                    "unknown key",
                )
            }
        }
    }
    let risk_aversion = number("risk_aversion", risk_aversion)?;
    let problem = diffusion::Problem {
        horizon: number("horizon", horizon)?,
        steps: count("steps", steps)?,
        rate: field("rate", rate, n)?,
        excess: field("excess", excess, n)?,
        volatility: field("volatility", volatility, n)?,
        risk_aversion,
        terminal: match terminal {
            Some(given) => field("terminal", given, n)?,
            None => diffusion::Problem::power_utility(&nodes, risk_aversion, formulation),
        },
        bounds,
        formulation,
        tolerance,
        max_iterations,
        nodes,
    };
    let s = interruptible(py, callback(options)?, |poll| {
        diffusion::solve(&problem, poll)
    })?;
    let result = PyDict::new(py);
    let shape = [problem.steps + 1, n];
    for (name, values) in [("solution", s.value), ("policy", s.fraction)] {
        result.set_item(name, values.into_pyarray(py).reshape(shape)?)?;
    }
    result.set_item("status", s.status.name())?;
    result.set_item("message", s.message)?;
    result.set_item("iterations", s.iterations)?;
    result.set_item("residual", s.residual)?;
    result.set_item("second_order_min", s.second_order_min)?;
    result.set_item("bound_nodes", s.bound_nodes)?;
    result.set_item("fraction_error", s.fraction_error)?;
    result.set_item("certainty_error", s.certainty_error)?;
    Ok(result)
}
