//! The Python edge: the extension module `eqsolve._grid`.
//!
//! Everything is checked and copied before the interpreter lock is released; no panic and no raw
//! error of the core crosses the border.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::{Duration, Instant};

use numpy::PyReadonlyArrayDyn;
use pyo3::exceptions::{PyKeyboardInterrupt, PyMemoryError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};

use crate::control::{Control, Poll, Progress};
use crate::error::GridError;
use crate::{python_diffusion, python_hjb, python_mfg, python_parabolic, python_plane};

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

/// Time between two visits to the interpreter.
const INTERVAL: Duration = Duration::from_millis(50);

/// The option that every solver knows.
const PROGRESS: &str = "progress";

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
pub(crate) fn shown(object: &Bound<'_, PyAny>) -> String {
    let text = object
        .repr()
        .map_or_else(|_| "an object".to_string(), |r| r.to_string());
    if text.chars().count() > 80 {
        text.chars().take(77).chain("...".chars()).collect()
    } else {
        text
    }
}

/// Refuse an argument.
pub(crate) fn invalid<T>(argument: &str, value: impl ToString, remedy: &str) -> PyResult<T> {
    Err(GridError::invalid(argument, value.to_string(), remedy).into())
}

/// A real number.
pub(crate) fn number(name: &str, object: &Bound<'_, PyAny>) -> PyResult<f64> {
    match object.extract() {
        Ok(value) if !object.is_instance_of::<PyBool>() => Ok(value),
        _ => invalid(name, shown(object), "a real number is needed"),
    }
}

/// A nonnegative integer.
pub(crate) fn integer(name: &str, object: &Bound<'_, PyAny>) -> PyResult<u64> {
    match object.extract() {
        Ok(value) if !object.is_instance_of::<PyBool>() => Ok(value),
        _ => invalid(name, shown(object), "a nonnegative integer is needed"),
    }
}

/// A nonnegative integer that counts something in memory.
pub(crate) fn count(name: &str, object: &Bound<'_, PyAny>) -> PyResult<usize> {
    Ok(usize::try_from(integer(name, object)?).unwrap_or(usize::MAX))
}

/// A word, or whatever was given in its place as an error shows it.
pub(crate) fn text(object: &Bound<'_, PyAny>) -> String {
    object.extract().unwrap_or_else(|_| shown(object))
}

/// Refuse an array with masked entries: what is under the mask is no data.
pub(crate) fn refuse_masked(name: &str, object: &Bound<'_, PyAny>) -> PyResult<()> {
    if object.hasattr("_mask")? {
        let masked = object.py().import("numpy.ma")?;
        if masked.call_method1("is_masked", (object,))?.is_truthy()? {
            return invalid(
                name,
                "an array with masked entries",
                "fill them with numbers",
            );
        }
    }
    Ok(())
}

/// Copy an array of real numbers of any layout and real type; `shape` has `None` where any length
/// is accepted.
pub(crate) fn array(
    name: &str,
    object: &Bound<'_, PyAny>,
    shape: &[Option<usize>],
) -> PyResult<Vec<f64>> {
    refuse_masked(name, object)?;
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

/// Options from a dictionary; `None` values are left out, and so is what [`callback`] reads.
pub(crate) fn items<'py>(
    options: Option<&Bound<'py, PyAny>>,
) -> PyResult<Vec<(String, Bound<'py, PyAny>)>> {
    let Some(object) = options else {
        return Ok(Vec::new());
    };
    let dictionary = object
        .cast::<PyDict>()
        .map_err(|_| GridError::invalid("options", shown(object), "a dictionary is needed"))?;
    let mut found = Vec::new();
    for (key, value) in dictionary.iter() {
        let name: String = key.extract().map_err(|_| {
            GridError::invalid("options", shown(&key), "names of options are strings")
        })?;
        if !value.is_none() && name != PROGRESS {
            found.push((name, value));
        }
    }
    Ok(found)
}

/// The function among the options that is told the progress.
pub(crate) fn callback(options: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Py<PyAny>>> {
    let Some(dictionary) = options.and_then(|o| o.cast::<PyDict>().ok()) else {
        return Ok(None);
    };
    match dictionary.get_item(PROGRESS)? {
        Some(value) if value.is_callable() => Ok(Some(value.unbind())),
        Some(value) if !value.is_none() => invalid(PROGRESS, shown(&value), "a function is needed"),
        _ => Ok(None),
    }
}

/// The interpreter as the caller of a solve: its signals, and a function that is told the progress.
struct Interpreter {
    seen: Instant,
    latest: Option<Progress>,
    callback: Option<Py<PyAny>>,
    raised: Option<PyErr>,
}

impl Interpreter {
    /// Tell the latest progress.
    fn tell(&self, py: Python<'_>) -> PyResult<()> {
        if let (Some(callback), Some(p)) = (&self.callback, self.latest) {
            let residual = (!p.residual.is_nan()).then_some(p.residual);
            callback.call1(py, (p.stage, p.done, p.total, residual))?;
        }
        Ok(())
    }
}

impl Control for Interpreter {
    /// Takes the interpreter lock, but only once in a while.
    fn stop(&mut self) -> bool {
        if self.raised.is_none() && self.seen.elapsed() >= INTERVAL {
            self.raised =
                Python::attach(|py| py.check_signals().and_then(|()| self.tell(py))).err();
            self.seen = Instant::now();
        }
        self.raised.is_some()
    }

    fn report(&mut self, progress: Progress) {
        self.latest = Some(progress);
    }
}

/// Work without the interpreter lock, looking for signals and telling the progress now and then.
pub(crate) fn interruptible<T: Send>(
    py: Python<'_>,
    callback: Option<Py<PyAny>>,
    work: impl FnOnce(&mut Poll) -> Result<T, GridError> + Send,
) -> PyResult<T> {
    let mut interpreter = Interpreter {
        seen: Instant::now(),
        latest: None,
        callback,
        raised: None,
    };
    let outcome = py.detach(|| catch_unwind(AssertUnwindSafe(|| work(&mut interpreter))));
    match (outcome, interpreter.raised.take()) {
        (_, Some(raised)) => Err(raised),
        (Ok(result), None) => {
            let result = result?;
            interpreter.tell(py)?;
            Ok(result)
        }
        (Err(_), None) => Err(PyRuntimeError::new_err(
            "internal error of the grid solver; please report it with the input",
        )),
    }
}

/// Grid solver for extended Hamilton-Jacobi-Bellman systems.
#[pymodule]
fn _grid(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("InvalidInputError", py.get_type::<InvalidInputError>())?;
    module.add("GridTooLargeError", py.get_type::<GridTooLargeError>())?;
    python_hjb::register(module)?;
    python_parabolic::register(module)?;
    python_mfg::register(module)?;
    python_plane::register(module)?;
    python_diffusion::register(module)?;
    Ok(())
}
