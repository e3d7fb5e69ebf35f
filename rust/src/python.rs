//! The Python edge: the extension module `eqsolve._grid`.
//!
//! Everything is checked and copied before the interpreter lock is released; no panic and no raw
//! error of the core crosses the border.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::{Duration, Instant};

use numpy::{IntoPyArray, PyArrayMethods, PyReadonlyArrayDyn};
use pyo3::exceptions::{PyKeyboardInterrupt, PyMemoryError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::closure::Closure;
use crate::error::GridError;
use crate::grid::Grid;
use crate::newton::{self, Options};
use crate::problem::{StationaryProblem, DIFFUSION_ARRAYS, DRIFT_ARRAYS};
use crate::solution::Solution;

pyo3::create_exception!(
    eqsolve._grid,
    InvalidInputError,
    PyValueError,
    "An argument outside its domain; attributes argument, value and remedy say which and why."
);
pyo3::create_exception!(
    eqsolve._grid,
    GridTooLargeError,
    PyMemoryError,
    "The factorisation would not fit into the memory allowed."
);

/// Time between two looks at pending signals.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);

impl From<GridError> for PyErr {
    fn from(error: GridError) -> Self {
        let message = error.to_string();
        match error {
            GridError::InvalidInput {
                argument,
                value,
                remedy,
            } => Python::attach(|py| {
                let raised = InvalidInputError::new_err(message);
                let object = raised.value(py);
                for (name, text) in [("argument", argument), ("value", value), ("remedy", remedy)] {
                    if let Err(failure) = object.setattr(name, text) {
                        return failure;
                    }
                }
                raised
            }),
            GridError::TooLarge { .. } => GridTooLargeError::new_err(message),
            GridError::Interrupted => PyKeyboardInterrupt::new_err(message),
        }
    }
}

/// An argument as an error shows it: short.
fn shown(object: &Bound<'_, PyAny>) -> String {
    let text = object
        .repr()
        .map_or_else(|_| "an object".to_string(), |r| r.to_string());
    if text.chars().count() > 80 {
        text.chars().take(77).chain("...".chars()).collect()
    } else {
        text
    }
}

/// A real number.
fn number(name: &str, object: &Bound<'_, PyAny>) -> PyResult<f64> {
    object
        .extract()
        .map_err(|_| GridError::invalid(name, shown(object), "a real number is needed").into())
}

/// A nonnegative integer.
fn integer(name: &str, object: &Bound<'_, PyAny>) -> PyResult<u64> {
    object.extract().map_err(|_| {
        GridError::invalid(name, shown(object), "a nonnegative integer is needed").into()
    })
}

/// Copy an array of real numbers of any layout and real type; `shape` has `None` where any length
/// is accepted.
fn array(name: &str, object: &Bound<'_, PyAny>, shape: &[Option<usize>]) -> PyResult<Vec<f64>> {
    let numpy = object.py().import("numpy")?;
    let given = numpy.call_method1("asarray", (object,)).map_err(|_| {
        GridError::invalid(name, shown(object), "an array of real numbers is needed")
    })?;
    let kind: String = given.getattr("dtype")?.getattr("kind")?.extract()?;
    if !["f", "i", "u"].contains(&kind.as_str()) {
        let dtype = given.getattr("dtype")?.str()?.to_string();
        let value = format!("an array of type {dtype}");
        return Err(GridError::invalid(name, value, "real numbers are needed").into());
    }
    let actual: Vec<usize> = given.getattr("shape")?.extract()?;
    let fits = actual.len() == shape.len()
        && actual
            .iter()
            .zip(shape)
            .all(|(a, s)| s.is_none_or(|s| s == *a));
    if !fits {
        let wanted: Vec<String> = shape
            .iter()
            .map(|s| s.map_or_else(|| "any".to_string(), |s| s.to_string()))
            .collect();
        return Err(GridError::invalid(
            name,
            format!("an array of shape {actual:?}"),
            format!("shape [{}] is needed", wanted.join(", ")),
        )
        .into());
    }
    // Aligned, native, contiguous; the same array when it already is.
    let plain = numpy.call_method1("require", (given, "float64", vec!["C", "A", "E"]))?;
    let view: PyReadonlyArrayDyn<'_, f64> = plain.extract().map_err(|_| {
        GridError::invalid(
            name,
            "an array that cannot be read",
            "pass an array nobody else is writing to",
        )
    })?;
    Ok(view.as_slice()?.to_vec())
}

/// Options from a dictionary; the sources belong to the problem and are returned beside them.
fn read_options(
    py: Python<'_>,
    options: Option<&Bound<'_, PyAny>>,
    shape: (usize, usize),
    payoff: &[f64],
) -> PyResult<(Options, Option<Vec<f64>>)> {
    let mut result = Options::default();
    let (mut closure, mut boundary, mut source) = (None, None, None);
    let pair = [Some(2), Some(shape.0), Some(shape.1)];
    let given = match options {
        None => PyDict::new(py),
        Some(object) => object
            .cast::<PyDict>()
            .map_err(|_| GridError::invalid("options", shown(object), "a dictionary is needed"))?
            .clone(),
    };
    for (key, value) in given.iter() {
        let name: String = key.extract().map_err(|_| {
            GridError::invalid("options", shown(&key), "names of options are strings")
        })?;
        if value.is_none() {
            continue;
        }
        match name.as_str() {
            "tolerance" => result.tolerance = number(&name, &value)?,
            "first_step" => result.first_step = number(&name, &value)?,
            "max_steps" => {
                result.max_steps = usize::try_from(integer(&name, &value)?).unwrap_or(usize::MAX);
            }
            "memory_limit" => result.memory_limit = integer(&name, &value)?,
            "closure" => closure = Some(value.extract::<String>().unwrap_or(shown(&value))),
            "boundary" => boundary = Some(array(&name, &value, &pair)?),
            "source" => source = Some(array(&name, &value, &pair)?),
            "start" => result.start = Some(array(&name, &value, &pair)?),
            _ => {
                return Err(GridError::invalid(
                    "options",
                    format!("a dictionary with the key '{name}'"),
                    "known keys are boundary, closure, first_step, max_steps, memory_limit, \
                     source, start, tolerance",
                )
                .into())
            }
        }
    }
    result.closure = match (closure.as_deref(), boundary) {
        (None | Some("quadratic"), None) => Closure::QuadraticGrowth,
        (None | Some("dirichlet"), Some(values)) => Closure::Dirichlet(values),
        (Some("dirichlet"), None) => Closure::Dirichlet(payoff.to_vec()),
        (Some("quadratic"), Some(_)) => {
            return Err(GridError::invalid(
                "boundary",
                "given",
                "boundary values need closure 'dirichlet'",
            )
            .into())
        }
        (Some(other), _) => {
            return Err(GridError::invalid(
                "closure",
                format!("'{other}'"),
                "use 'quadratic' or 'dirichlet'",
            )
            .into())
        }
    };
    Ok((result, source))
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
/// options : dict or None; keys tolerance, max_steps, first_step (in units of 1/hazard), closure
///     ('quadratic' or 'dirichlet'), boundary, source and start (arrays (2, nx, ny)),
///     memory_limit (bytes).
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
    let grid = Grid::new(array("x", x, &[None])?, array("y", y, &[None])?)?;
    let (nx, ny) = grid.shape();
    let stack = |count: usize| [Some(count), Some(nx), Some(ny)];
    let payoff = array("payoff", payoff, &stack(2))?;
    let (options, source) = read_options(py, options, (nx, ny), &payoff)?;
    let problem = StationaryProblem {
        grid,
        drift: array("drift", drift, &stack(DRIFT_ARRAYS))?,
        diffusion: array("diffusion", diffusion, &stack(DIFFUSION_ARRAYS))?,
        payoff,
        weight: array("weight", weight, &[Some(nx), Some(ny)])?,
        gamma: number("gamma", gamma)?,
        hazard: number("hazard", hazard)?,
        source,
    };
    let solution = run(py, &problem, &options)?;
    to_dict(py, solution, (nx, ny))
}

/// Solve without the interpreter lock, looking for signals now and then.
fn run(py: Python<'_>, problem: &StationaryProblem, options: &Options) -> PyResult<Solution> {
    let mut signal: Option<PyErr> = None;
    let outcome = py.detach(|| {
        let mut last = Instant::now();
        let mut poll = || {
            if last.elapsed() < SIGNAL_INTERVAL {
                return false;
            }
            last = Instant::now();
            signal = Python::attach(|py| py.check_signals()).err();
            signal.is_some()
        };
        catch_unwind(AssertUnwindSafe(|| {
            newton::solve_stationary(problem, options, &mut poll)
        }))
    });
    match (outcome, signal) {
        (_, Some(raised)) => Err(raised),
        (Ok(result), None) => Ok(result?),
        (Err(_), None) => Err(PyRuntimeError::new_err(
            "internal error of the grid solver; please report it with the input",
        )),
    }
}

fn to_dict(py: Python<'_>, s: Solution, shape: (usize, usize)) -> PyResult<Bound<'_, PyDict>> {
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

/// Grid solver for extended Hamilton-Jacobi-Bellman systems.
#[pymodule]
fn _grid(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("InvalidInputError", py.get_type::<InvalidInputError>())?;
    module.add("GridTooLargeError", py.get_type::<GridTooLargeError>())?;
    module.add_function(wrap_pyfunction!(solve_stationary, module)?)?;
    Ok(())
}
