//! The Python edge of the one-dimensional solvers: fields, Hamiltonians and couplings.

use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyInt, PyTuple};

use crate::mfg::coupling::{self, Coupling};
use crate::mfg::hamiltonian::{
    self, Absolute, Choice, Compiled, Kind, Power, Quadratic, Table, Uncontrolled, Uses,
};
use crate::python::{array, count, invalid, items, number, refuse_masked, shown, text};

/// An array of n numbers.
pub(crate) fn vector(
    name: &str,
    object: &Bound<'_, PyAny>,
    n: Option<usize>,
) -> PyResult<Vec<f64>> {
    refuse_masked(name, object)?;
    if let Ok(plain) = object.extract::<PyReadonlyArray1<'_, f64>>() {
        if let Ok(values) = plain.as_slice() {
            if n.is_none_or(|n| n == values.len()) {
                return Ok(values.to_vec());
            }
        }
    }
    array(name, object, &[n])
}

/// A number at all nodes, an array of one number for each, or of one row for each step.
pub(crate) fn field_over_time(
    name: &str,
    object: &Bound<'_, PyAny>,
    n: usize,
    steps: usize,
) -> PyResult<Vec<f64>> {
    let rows = object.getattr("ndim").and_then(|ndim| ndim.eq(2));
    if rows.unwrap_or(false) {
        return array(name, object, &[Some(steps), Some(n)]);
    }
    field(name, object, n)
}

/// A number at all nodes, or an array of one number for each.
pub(crate) fn field(name: &str, object: &Bound<'_, PyAny>, n: usize) -> PyResult<Vec<f64>> {
    let scalar = object.is_instance_of::<PyFloat>()
        || object.is_instance_of::<PyInt>()
        || object
            .getattr("ndim")
            .is_ok_and(|ndim| ndim.eq(0).unwrap_or(false));
    if scalar {
        return Ok(vec![number(name, object)?; n]);
    }
    vector(name, object, Some(n))
}

/// The functions in question are compiled, and their signature was checked, on the Python side.
#[allow(unsafe_code)]
fn compiled_hamiltonian(name: &str, object: &Bound<'_, PyAny>) -> PyResult<hamiltonian::Function> {
    let address = address(name, object)?;
    // SAFETY: the address is that of a C function of this signature, kept alive by the caller.
    Ok(unsafe { std::mem::transmute::<usize, hamiltonian::Function>(address) })
}

/// As above, with seven arguments.
#[allow(unsafe_code)]
fn compiled_coupling(name: &str, object: &Bound<'_, PyAny>) -> PyResult<coupling::Function> {
    let address = address(name, object)?;
    // SAFETY: the address is that of a C function of this signature, kept alive by the caller.
    Ok(unsafe { std::mem::transmute::<usize, coupling::Function>(address) })
}

fn address(name: &str, object: &Bound<'_, PyAny>) -> PyResult<usize> {
    match count(name, object)? {
        0 => invalid(name, 0, "the address of a compiled function is needed"),
        address => Ok(address),
    }
}

pub(crate) fn read_hamiltonian(object: &Bound<'_, PyAny>) -> PyResult<Kind> {
    let Ok(tuple) = object.cast::<PyTuple>() else {
        return invalid("hamiltonian", shown(object), "a tuple is needed");
    };
    let part = |i: usize| tuple.get_item(i);
    let kind = text(&part(0)?);
    Ok(match (kind.as_str(), tuple.len()) {
        ("quadratic", 2) => Kind::Quadratic(Quadratic {
            scale: number("scale", &part(1)?)?,
        }),
        ("absolute", 2) => Kind::Absolute(Absolute {
            scale: number("scale", &part(1)?)?,
        }),
        ("power", 3) => Kind::Power(Power {
            exponent: number("exponent", &part(1)?)?,
            scale: number("scale", &part(2)?)?,
        }),
        ("none", 1) => Kind::Uncontrolled(Uncontrolled),
        ("choice", 3) => Kind::Choice(Choice::new(
            vector("controls", &part(1)?, None)?,
            vector("control costs", &part(2)?, None)?,
        )?),
        ("table", 5) => Kind::Table(Table::new(
            vector("hamiltonian gradient", &part(1)?, None)?,
            vector("hamiltonian value", &part(2)?, None)?,
            vector("hamiltonian slope", &part(3)?, None)?,
            part(4)?.is_truthy()?,
        )?),
        ("compiled", 5) => {
            let uses: (bool, bool, bool) = part(4)?.extract()?;
            Kind::Compiled(Compiled {
                value: compiled_hamiltonian("hamiltonian value", &part(1)?)?,
                slope: compiled_hamiltonian("hamiltonian slope", &part(2)?)?,
                minimizer: number("minimizer", &part(3)?)?,
                uses: Uses {
                    density: uses.0,
                    mean: uses.1,
                    variance: uses.2,
                },
            })
        }
        _ => {
            return invalid(
                "hamiltonian",
                shown(object),
                "use none, quadratic, absolute, power, choice, table or compiled",
            )
        }
    })
}

/// A coupling, and its forcing on the coarser grid.
pub(crate) fn read_coupling(
    side: &str,
    object: &Bound<'_, PyAny>,
    n: usize,
    steps: usize,
) -> PyResult<(Coupling, Option<Vec<f64>>)> {
    let mut result = Coupling {
        density_power: 1.0,
        ..Coupling::default()
    };
    let mut coarse = None;
    for (key, value) in items(Some(object))? {
        let name = format!("{side} {key}");
        let values = || field(&name, &value, n).map(Some);
        match key.as_str() {
            "potential" => result.potential = values()?,
            "mean" => result.mean = values()?,
            "mean_squared" => result.mean_squared = values()?,
            "variance" => result.variance = values()?,
            "control_mean" => result.control_mean = values()?,
            "density" => result.density = values()?,
            "density_power" => result.density_power = number(&name, &value)?,
            "control" => result.control = number(&name, &value)?,
            "control_control" => result.control_control = number(&name, &value)?,
            "planned" => result.planned = value.is_truthy()?,
            "kernel" => result.kernel = Some(array(&name, &value, &[Some(n), Some(n)])?),
            "forcing" => result.forcing = Some(array(&name, &value, &[Some(steps), Some(n)])?),
            "coarse_forcing" => {
                let shape = [Some(steps / 2), Some(n.div_ceil(2))];
                coarse = Some(array(&name, &value, &shape)?);
            }
            "function" => result.function = Some(compiled_coupling(&name, &value)?),
            _ => {
                return invalid(
                    side,
                    format!("a dictionary with the key '{key}'"),
                    "unknown",
                )
            }
        }
    }
    Ok((result, coarse))
}
