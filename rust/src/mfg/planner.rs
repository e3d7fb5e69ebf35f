//! What one agent adds to the costs of all through the law: the derivative of their total cost.
//!
//! The total cost `F = int f(x, law) m dx` has the derivative `f + effect`. Moments of the law change
//! by `(x - M)/mass` and its like, the density at its own place, the convolution by the transposed
//! kernel. The planner's representative pays the effect besides f.

use super::coupling::{Coupling, Here, CONTROL_MEAN, MEAN, MOMENTS, VARIANCE};

/// Step of the differences of a compiled cost, of fourth order, in units of the argument.
const STEP: f64 = 3e-3;
/// Arguments of a compiled cost: the density, the convolution, and mean, variance, mean control.
const DENSITY: usize = 4;
const CONVOLUTION: usize = 5;
const PLACES: [usize; MOMENTS] = [2, 3, 6];

impl Coupling {
    /// Factor of the agent's own control in the cost.
    #[must_use]
    pub fn slope(&self, here: &Here<'_>) -> f64 {
        let [mean, _, control] = *here.moments;
        let mut slope = self.control * mean + self.control_control * control;
        if self.planned {
            slope += self.sensitivities(here)[CONTROL_MEAN];
        }
        slope
    }

    /// Add what an agent at each node adds to the costs of all, but for his control's part.
    pub fn add_effect(&self, here: &Here<'_>, to: &mut [f64]) {
        let Here {
            mesh,
            moments,
            density,
            ..
        } = *here;
        let [mean, variance, control] = *moments;
        let [by_mean, by_variance, by_control] = self.sensitivities(here);
        let level = if by_control == 0.0 {
            0.0
        } else {
            by_control * control
        };
        for (t, x) in to.iter_mut().zip(&mesh.nodes) {
            let distance = x - mean;
            *t += by_mean * distance - level;
            if by_variance != 0.0 {
                *t += by_variance * (distance * distance - variance);
            }
        }
        self.add_nearby(here, to);
        if let Some(kernel) = &self.kernel {
            let n = to.len();
            for (j, row) in kernel.chunks(n).enumerate() {
                let mass = density[j] * mesh.weights[j];
                if mass != 0.0 {
                    let share = mass * self.by_convolution(here, j);
                    to.iter_mut().zip(row).for_each(|(t, k)| *t += share * k);
                }
            }
        }
    }

    /// What the local density and the convolution make agents pay for one more of them, summed over
    /// the masses: the total effect, because that of moments is zero on average.
    #[must_use]
    pub fn total_effect(&self, here: &Here<'_>, masses: &[f64]) -> f64 {
        let mut effect = vec![0.0; masses.len()];
        self.add_nearby(here, &mut effect);
        let mut total: f64 = effect.iter().zip(masses).map(|(e, m)| e * m).sum();
        if self.kernel.is_some() {
            // those who have left are counted at the ends, and pay nothing
            for j in here.mesh.active() {
                let mass = masses[j];
                if mass != 0.0 {
                    total += mass * self.by_convolution(here, j) * self.convolution(here, j);
                }
            }
        }
        total
    }

    /// Add the density times the derivative in it.
    fn add_nearby(&self, here: &Here<'_>, to: &mut [f64]) {
        if let Some(coefficients) = &self.density {
            let power = self.density_power;
            for ((t, c), m) in to.iter_mut().zip(coefficients).zip(here.density) {
                *t += power * c * if power == 1.0 { *m } else { m.powf(power) };
            }
        }
        if self.function.is_some() {
            for (i, t) in to.iter_mut().enumerate() {
                let m = here.density[i];
                if m != 0.0 {
                    *t += m * self.derivative(here, i, DENSITY, m.abs());
                }
            }
        }
    }

    /// Mean derivatives of the cost in mean, variance and mean control of the law.
    fn sensitivities(&self, here: &Here<'_>) -> [f64; MOMENTS] {
        let Here {
            mesh,
            moments,
            density,
            ..
        } = *here;
        let [mean, variance, control] = *moments;
        let mut result = [0.0; MOMENTS];
        if control.is_finite() {
            result[MEAN] += self.control * control;
            result[CONTROL_MEAN] += self.control_control * control;
        }
        let masses = || density.iter().zip(&mesh.weights).map(|(m, w)| m * w);
        let total: f64 = masses().sum();
        let center = mean - mesh.nodes[mesh.len() / 2];
        let places = [
            (MEAN, 1.0),
            (MEAN, 2.0 * mean),
            (VARIANCE, 1.0),
            (CONTROL_MEAN, 1.0),
        ];
        let parts = self.factors().into_iter().zip(&self.polynomials);
        for ((q, factor), (part, polynomial)) in places.into_iter().zip(parts) {
            let Some(part) = part else { continue };
            let average = match polynomial {
                Some([c, b, a]) if *a == 0.0 => c + b * center,
                Some([c, b, a]) => c + b * center + a * (center * center + variance),
                None => part.iter().zip(masses()).map(|(c, m)| c * m).sum::<f64>() / total,
            };
            result[q] += factor * average;
        }
        if self.function.is_some() {
            let units = [mesh.length, variance, control.abs().max(1e-2 * mesh.length)];
            for q in 0..MOMENTS {
                // there is no control at the end
                if q == CONTROL_MEAN && !control.is_finite() {
                    continue;
                }
                let sum: f64 = masses()
                    .enumerate()
                    .filter(|(_, m)| *m != 0.0)
                    .map(|(i, m)| m * self.derivative(here, i, PLACES[q], units[q]))
                    .sum();
                result[q] += sum / total;
            }
        }
        result
    }

    /// Derivative of the cost at a node in the convolution there.
    fn by_convolution(&self, here: &Here<'_>, i: usize) -> f64 {
        if self.function.is_none() {
            return 1.0;
        }
        let size = self.convolution(here, i).abs();
        self.derivative(here, i, CONVOLUTION, size.max(f64::MIN_POSITIVE))
    }

    /// The convolution of kernel and density at a node.
    fn convolution(&self, here: &Here<'_>, i: usize) -> f64 {
        let n = here.density.len();
        self.kernel.as_ref().map_or(0.0, |kernel| {
            let row = kernel[i * n..(i + 1) * n].iter();
            let masses = here.density.iter().zip(&here.mesh.weights);
            row.zip(masses).map(|(k, (m, w))| k * m * w).sum()
        })
    }

    /// Derivative of the compiled cost at a node in one of its arguments, given the argument's unit.
    fn derivative(&self, here: &Here<'_>, i: usize, place: usize, unit: f64) -> f64 {
        let Some(function) = self.function else {
            return 0.0;
        };
        let [mean, variance, control] = *here.moments;
        let convolution = self.convolution(here, i);
        let x = here.mesh.nodes[i];
        let at = [
            here.time,
            x,
            mean,
            variance,
            here.density[i],
            convolution,
            control,
        ];
        let step = STEP * unit;
        let value = |shift: f64| {
            let mut a = at;
            a[place] += shift * step;
            function(a[0], a[1], a[2], a[3], a[4], a[5], a[6])
        };
        (8.0 * (value(1.0) - value(-1.0)) - (value(2.0) - value(-2.0))) / (12.0 * step)
    }
}

#[cfg(test)]
mod tests {
    use super::super::coupling::moments;
    use super::super::mesh::{Boundary, Mesh};
    use super::*;

    extern "C" fn mixed(_t: f64, x: f64, m: f64, v: f64, d: f64, near: f64, a: f64) -> f64 {
        (1.0 + x) * m * near + 0.3 * d * d * v + 0.2 * a * a * x
    }

    /// Everything at once; without the function all is polynomial.
    fn coupling(mesh: &Mesh, function: bool) -> Coupling {
        let field = |f: fn(f64) -> f64| Some(mesh.nodes.iter().map(|x| f(*x)).collect());
        let pairs = mesh
            .nodes
            .iter()
            .flat_map(|x| mesh.nodes.iter().map(move |y| (x - 2.0 * y).sin()));
        let mut result = Coupling {
            mean: field(|x| x * x - 0.3 * x),
            mean_squared: field(|x| x.cos()),
            variance: field(|x| 0.5 * x),
            control_mean: field(|x| 1.0 - x),
            density: field(|x| 0.4 + x * x),
            density_power: 1.5,
            kernel: Some(pairs.collect()),
            control: 0.7,
            control_control: -0.2,
            planned: true,
            ..Coupling::default()
        };
        if function {
            result.function = Some(mixed);
        }
        result.recognise(mesh);
        result
    }

    /// The cost of all, without what is paid for the effect on others.
    fn total(coupling: &Coupling, mesh: &Mesh, masses: &[f64], control: &[f64]) -> f64 {
        let moments = moments(mesh, masses, control);
        let density: Vec<f64> = masses
            .iter()
            .zip(&mesh.weights)
            .map(|(m, w)| m / w)
            .collect();
        let own = Coupling {
            planned: false,
            ..coupling.clone()
        };
        let mut cost = vec![0.0; masses.len()];
        own.evaluate(0, 0.3, mesh, &moments, &density, &mut cost);
        let here = Here {
            time: 0.3,
            mesh,
            moments: &moments,
            density: &density,
        };
        let slope = own.slope(&here);
        let each = cost.iter().zip(masses).zip(control);
        each.map(|((f, m), a)| m * (f + slope * a)).sum()
    }

    #[test]
    fn the_effect_is_the_derivative_of_the_cost_of_all() {
        for boundary in [Boundary::Reflecting, Boundary::Absorbing([0.0, 0.0])] {
            let mesh = Mesh::new(-1.0, 1.2, 9, boundary).unwrap();
            let inner = mesh.active();
            let at = |f: fn(f64) -> f64| -> Vec<f64> {
                let value = |(i, x): (usize, &f64)| if inner.contains(&i) { f(*x) } else { 0.0 };
                mesh.nodes.iter().enumerate().map(value).collect()
            };
            let (masses, control) = (at(|x| 0.1 + 0.02 * x), at(|x| 0.4 - 0.5 * x));
            let mut density = masses.clone();
            density
                .iter_mut()
                .zip(&mesh.weights)
                .for_each(|(m, w)| *m /= w);
            for function in [false, true] {
                let coupling = coupling(&mesh, function);
                let moments = moments(&mesh, &masses, &control);
                let here = Here {
                    time: 0.3,
                    mesh: &mesh,
                    moments: &moments,
                    density: &density,
                };
                let mut paid = vec![0.0; masses.len()];
                coupling.evaluate(0, 0.3, &mesh, &moments, &density, &mut paid);
                let slope = coupling.slope(&here);
                for i in inner.clone() {
                    let step = 1e-5;
                    let moved = |sign: f64| {
                        let mut m = masses.clone();
                        m[i] += sign * step;
                        total(&coupling, &mesh, &m, &control)
                    };
                    let expected = (moved(1.0) - moved(-1.0)) / (2.0 * step);
                    let found = paid[i] + slope * control[i];
                    assert!((found - expected).abs() < 1e-7 * (1.0 + expected.abs()));
                    let turned = |sign: f64| {
                        let mut a = control.clone();
                        a[i] += sign * step;
                        total(&coupling, &mesh, &masses, &a)
                    };
                    let expected = (turned(1.0) - turned(-1.0)) / (2.0 * step);
                    assert!((masses[i] * slope - expected).abs() < 1e-8);
                }
                // what all pay for the effects of all
                let effect = coupling.total_effect(&here, &masses);
                let own = total(&coupling, &mesh, &masses, &control);
                let pay = paid.iter().zip(&masses).zip(&control);
                let all: f64 = pay.map(|((f, m), a)| m * (f + slope * a)).sum();
                assert!((all - own - effect).abs() < 1e-9, "{all} {own} {effect}");
            }
        }
    }

    #[test]
    fn polynomials_are_recognised_and_others_are_not() {
        let mesh = Mesh::new(0.0, 2.0, 11, Boundary::Open).unwrap();
        let found = coupling(&mesh, false).polynomials;
        assert!(found[0].is_some() && found[1].is_none() && found[3].is_some());
    }
}
