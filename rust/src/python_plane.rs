//! The Python edge of mean-field games in two dimensions.

use numpy::{IntoPyArray, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::mfg::fixed_point::Ending;
use crate::mfg::generator::Scheme;
use crate::mfg::hamiltonian::Kind;
use crate::mfg::mesh::{Boundary, Mesh};
use crate::mfg::plane::{Plane, PlaneCost, PlaneSolution};
use crate::mfg::problem::{Method, Options};
use crate::mfg::sweep::Stop;
use crate::python::{array, callback, count, interruptible, invalid, items, number, text};
use crate::python_parts::{read_hamiltonian, vector};

/// Add the functions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(solve_mfg_plane, module)?)
}

fn read_cost(name: &str, object: &Bound<'_, PyAny>, n: usize, steps: usize) -> PyResult<PlaneCost> {
    let mut result = PlaneCost::default();
    for (key, value) in items(Some(object))? {
        let name = format!("{name} {key}");
        let field = || vector(&name, &value, Some(n)).map(Some);
        match key.as_str() {
            "potential" => result.potential = field()?,
            "mean_x" => result.mean[0] = field()?,
            "mean_y" => result.mean[1] = field()?,
            "mean_x_squared" => result.mean_squared[0] = number(&name, &value)?,
            "mean_y_squared" => result.mean_squared[1] = number(&name, &value)?,
            "density" => result.density = field()?,
            "forcing" => result.forcing = Some(array(&name, &value, &[Some(steps), Some(n)])?),
            _ => return invalid(&name, "a part of a cost", "unknown"),
        }
    }
    Ok(result)
}

/// Solve a mean-field game in two dimensions; see `eqsolve.pde.solve_mfg_plane`. What is given has
/// been checked on the Python side.
#[pyfunction]
#[pyo3(signature = (axes, times, fields, hamiltonians, running, terminal, initial, options=None))]
#[allow(clippy::too_many_arguments)] // the signature of the data contract
fn solve_mfg_plane<'py>(
    py: Python<'py>,
    axes: [(f64, f64, usize, String); 2],
    times: &Bound<'py, PyAny>,
    fields: [Bound<'py, PyAny>; 4],
    hamiltonians: [Bound<'py, PyAny>; 2],
    running: &Bound<'py, PyAny>,
    terminal: &Bound<'py, PyAny>,
    initial: &Bound<'py, PyAny>,
    options: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let progress = callback(options)?;
    let times = vector("times", times, None)?;
    let [first, second] = axes.map(|(low, high, nodes, boundary)| {
        let boundary = match boundary.as_str() {
            "periodic" => Boundary::Periodic,
            "open" => Boundary::Open,
            _ => Boundary::Reflecting,
        };
        Mesh::new(low, high, nodes, boundary)
    });
    let meshes = [first?, second?];
    let (n, steps) = (
        meshes[0].len() * meshes[1].len(),
        times.len().saturating_sub(1),
    );
    let [nu_x, nu_y, b_x, b_y] = ["viscosity", "viscosity", "drift", "drift"];
    let field = |name: &str, object: &Bound<'py, PyAny>| vector(name, object, Some(n));
    let mut own = Options {
        method: Method::Anderson,
        tolerance: 1e-10,
        max_iterations: 200,
        relaxation: 1.0,
        starts: 1,
        damped_steps: 0,
    };
    let (mut scheme, mut discount, mut mass_source) = (Scheme::Central, 0.0, None);
    for (key, value) in items(options)? {
        match key.as_str() {
            "scheme" if text(&value) == "monotone" => scheme = Scheme::Monotone,
            "scheme" => {}
            "discount" => discount = number(&key, &value)?,
            "mass_source" => mass_source = Some(array(&key, &value, &[Some(steps), Some(n)])?),
            "method" => own.method = Method::named(&text(&value)).unwrap_or(own.method),
            "tolerance" => own.tolerance = number(&key, &value)?,
            "relaxation" => own.relaxation = number(&key, &value)?,
            "max_iterations" => own.max_iterations = count(&key, &value)?,
            _ => {
                return invalid(
                    "options",
                    format!("a dictionary with '{key}'"),
                    "unknown key",
                )
            }
        }
    }
    let hamiltonian: [Kind; 2] = [
        read_hamiltonian(&hamiltonians[0])?,
        read_hamiltonian(&hamiltonians[1])?,
    ];
    let plane = Plane {
        viscosity: [field(nu_x, &fields[0])?, field(nu_y, &fields[1])?],
        drift: [field(b_x, &fields[2])?, field(b_y, &fields[3])?],
        running: read_cost("running", running, n, steps)?,
        terminal: read_cost("terminal", terminal, n, steps)?,
        initial: field("initial", initial)?,
        meshes,
        times,
        scheme,
        hamiltonian,
        discount,
        mass_source,
    };
    let shape = plane.shape();
    let found = interruptible(py, progress, |poll| plane.solve(&own, poll))?;
    to_dict(py, found, [steps + 1, shape[0], shape[1]])
}

fn to_dict(py: Python<'_>, s: PlaneSolution, shape: [usize; 3]) -> PyResult<Bound<'_, PyDict>> {
    let result = PyDict::new(py);
    let [x, y] = s.control;
    for (name, values) in [
        ("u", s.value),
        ("m", s.density),
        ("control_x", x),
        ("control_y", y),
    ] {
        result.set_item(name, values.into_pyarray(py).reshape(shape)?)?;
    }
    let (ending, at) = match s.ending {
        Ending::Converged => ("converged", f64::NAN),
        Ending::Exhausted => ("exhausted", f64::NAN),
        Ending::Failed(Stop::Newton(time, _)) => ("newton", time),
        Ending::Failed(Stop::NotFinite(time)) => ("not_finite", time),
        Ending::Failed(Stop::Error(error)) => return Err(error.into()),
    };
    result.set_item("ending", ending)?;
    result.set_item("failed_at", at)?;
    result.set_item("iterations", s.residuals.len())?;
    result.set_item("residual", s.residuals.last().copied())?;
    result.set_item("residual_history", s.residuals)?;
    result.set_item("newton_iterations", s.newton)?;
    result.set_item("cost", s.cost)?;
    result.set_item("best_cost", s.best_cost)?;
    result.set_item("mass_error", s.mass_error)?;
    Ok(result)
}
