//! The fixed point: a law that is the law of the best responses to itself.

use super::coordinates::Coordinates;
use super::hamiltonian::Hamiltonian;
use super::krylov;
use super::problem::{Method, Options};
use super::sweep::{Equations, Law, Stop, Sweeps};
use crate::anderson::Anderson;
use crate::control::{go_on, Poll, Progress};

/// Iterates which the acceleration remembers.
const DEPTH: usize = 5;
/// The same for long vectors, whose scalar products take as long as the passes.
const SHALLOW: usize = 2;
/// Length of a long vector.
const LONG: usize = 1 << 20;
/// Growth of the residual over the best one after which the iteration starts again, more cautiously.
const GROWTH: f64 = 10.0;
/// Smallest relaxation to which it falls back.
const LEAST_RELAXATION: f64 = 1.0 / 64.0;
/// Evaluations without progress after which the acceleration pauses.
const PATIENCE: usize = 12;
/// Plain relaxed iterations during such a pause, and their largest relaxation.
const PAUSE: usize = 25;
/// See [`PAUSE`].
const PAUSE_RELAXATION: f64 = 0.25;

/// Relaxation of best responses before the iteration.
const PLAY_RELAXATION: f64 = 0.5;
/// Relative change after which they have settled.
const SETTLED: f64 = 1e-3;

/// How an iteration ended.
#[derive(Debug, Clone)]
pub enum Ending {
    /// The residual is small enough.
    Converged,
    /// It is not, after the most evaluations.
    Exhausted,
    /// A pass failed.
    Failed(Stop),
}

/// A map from laws to the laws of the best responses to them, in coordinates in which the Euclidean
/// norm is a relative change.
pub trait Response {
    /// The law of the best responses to the law with coordinates `x`.
    fn image(
        &mut self,
        x: &[f64],
        equations: &mut Equations,
        poll: &mut Poll<'_>,
    ) -> Result<Vec<f64>, Stop>;
    /// Forget what the last image was found from, after a failure.
    fn forget(&mut self);
}

/// A fixed point, or the last attempt at one.
#[derive(Debug, Clone)]
pub struct FixedPoint {
    /// The law to which agents respond.
    pub believed: Law,
    /// The law of their responses.
    pub law: Law,
    /// Relative changes, one for each evaluation.
    pub residuals: Vec<f64>,
    /// How the iteration ended.
    pub ending: Ending,
    /// The scaled coordinates of `law`.
    pub coordinates: Vec<f64>,
}

/// The passes on one interval as a response.
struct OnInterval<'b, 'a, H> {
    coordinates: Coordinates,
    sweeps: &'b mut Sweeps<'a, H>,
    believed: Law,
    image: Law,
}

impl<H: Hamiltonian> Response for OnInterval<'_, '_, H> {
    fn image(
        &mut self,
        x: &[f64],
        equations: &mut Equations,
        poll: &mut Poll<'_>,
    ) -> Result<Vec<f64>, Stop> {
        self.coordinates.unpack(x, &mut self.believed);
        self.sweeps.backward(&self.believed, equations, poll)?;
        self.sweeps.forward(&self.believed, &mut self.image, poll)?;
        Ok(self.coordinates.pack(&self.image))
    }

    fn forget(&mut self) {
        self.sweeps.forget();
    }
}

/// Iterate from a law, after `play` relaxed best responses.
pub fn solve<H: Hamiltonian>(
    sweeps: &mut Sweeps<'_, H>,
    from: Law,
    play: usize,
    options: &Options,
    poll: &mut Poll<'_>,
) -> FixedPoint {
    let coordinates = Coordinates::new(sweeps);
    let start = coordinates.pack(&from);
    let mut response = OnInterval {
        coordinates,
        sweeps,
        image: from.clone(),
        believed: from,
    };
    let (residuals, ending) = iterate(&mut response, start, play, options, poll);
    FixedPoint {
        coordinates: response.coordinates.pack(&response.image),
        believed: response.believed,
        law: response.image,
        residuals,
        ending,
    }
}

/// Iterate from coordinates, after `play` relaxed best responses. These lead to stable equilibria;
/// acceleration and Newton's method also find, and often prefer, unstable ones. The response is left
/// as its last image left it.
pub fn iterate(
    response: &mut dyn Response,
    start: Vec<f64>,
    play: usize,
    options: &Options,
    poll: &mut Poll<'_>,
) -> (Vec<f64>, Ending) {
    let mut iteration = Iteration {
        response,
        residuals: Vec::new(),
        equations: match options.method {
            Method::PolicyIteration => Equations::of_policies(),
            _ => Equations::solved(),
        },
        options,
    };
    let ending = iteration
        .play(start, play, poll)
        .and_then(|x| match options.method {
            Method::Newton => iteration.newton(x, poll),
            _ => iteration.accelerated(x, poll),
        });
    let ending = ending.unwrap_or_else(Ending::Failed);
    (iteration.residuals, ending)
}

struct Iteration<'b> {
    response: &'b mut dyn Response,
    residuals: Vec<f64>,
    equations: Equations,
    options: &'b Options,
}

impl Iteration<'_> {
    /// The image of `x`, with its distance among the residuals.
    fn evaluate(&mut self, x: &[f64], poll: &mut Poll<'_>) -> Result<Vec<f64>, Stop> {
        self.equations.begin();
        let result = self.response.image(x, &mut self.equations, poll)?;
        go_on(poll).map_err(Stop::Error)?;
        let (change, unsettled) = (distance(&result, x), self.equations.unsettled());
        // a distance may be NaN
        self.residuals.push(if unsettled > change {
            unsettled
        } else {
            change
        });
        poll.report(Progress {
            stage: "fixed-point iterations",
            done: self.residuals.len(),
            total: None,
            residual: self.residuals.last().copied().unwrap_or(f64::NAN),
        });
        Ok(result)
    }

    /// Relaxed best responses; after a failure, from the last law that had one.
    fn play(
        &mut self,
        mut x: Vec<f64>,
        most: usize,
        poll: &mut Poll<'_>,
    ) -> Result<Vec<f64>, Stop> {
        let mut before = x.clone();
        for _ in 0..most {
            match self.evaluate(&x, poll) {
                Ok(gx) if gx.iter().all(|g| g.is_finite()) => {
                    before.clone_from(&x);
                    for (x, g) in x.iter_mut().zip(&gx) {
                        *x += PLAY_RELAXATION * (g - *x);
                    }
                    if self.residuals.last().is_some_and(|r| *r <= SETTLED) || self.spent() {
                        break;
                    }
                }
                Err(Stop::Error(error)) => return Err(Stop::Error(error)),
                _ => {
                    x = before;
                    self.response.forget();
                    break;
                }
            }
        }
        self.residuals.clear();
        Ok(x)
    }

    fn spent(&self) -> bool {
        self.residuals.len() >= self.options.max_iterations
    }

    fn accelerated(&mut self, mut x: Vec<f64>, poll: &mut Poll<'_>) -> Result<Ending, Stop> {
        let depth = match self.options.method {
            Method::Picard | Method::FictitiousPlay | Method::PolicyIteration => 0,
            _ if x.len() > LONG => SHALLOW,
            _ => DEPTH,
        };
        let mut anderson = Anderson::new(depth);
        let mut relaxation = self.options.relaxation;
        let mut best = (f64::INFINITY, x.clone());
        let (mut stale, mut pause) = (0, 0);
        loop {
            let residual;
            let mut gx = match self.evaluate(&x, poll) {
                Ok(gx) => {
                    residual = self.residuals.last().copied().unwrap_or(f64::NAN);
                    gx
                }
                Err(Stop::Error(error)) => return Err(Stop::Error(error)),
                Err(stop) if self.residuals.is_empty() || relaxation <= LEAST_RELAXATION => {
                    return Err(stop)
                }
                Err(_) => {
                    self.residuals.push(f64::NAN);
                    self.response.forget();
                    residual = f64::NAN;
                    Vec::new()
                }
            };
            go_on(poll).map_err(Stop::Error)?;
            if residual <= self.options.tolerance {
                return Ok(Ending::Converged);
            }
            if self.spent() {
                return Ok(Ending::Exhausted);
            }
            stale = if residual < 0.9 * best.0 {
                0
            } else {
                stale + 1
            };
            if residual < best.0 {
                best.0 = residual;
                best.1.clone_from(&x);
            } else if residual.is_nan()
                || (pause == 0 && residual > GROWTH * best.0 && relaxation > LEAST_RELAXATION)
            {
                // back to the best law so far, with smaller steps
                relaxation = LEAST_RELAXATION.max(0.5 * relaxation);
                anderson.restart();
                x.clone_from(&best.1);
                gx = self.evaluate(&x, poll)?;
            } else if stale >= PATIENCE && pause == 0 && depth > 0 {
                // extrapolation leads nowhere: follow the relaxed iteration for a while
                pause = PAUSE;
                stale = 0;
                best.0 = f64::INFINITY;
                anderson.restart();
            }
            let weight = if self.options.method == Method::FictitiousPlay {
                2.0 / (self.residuals.len() as f64 + 1.0)
            } else if pause > 0 {
                relaxation.min(PAUSE_RELAXATION)
            } else {
                relaxation
            };
            go_on(poll).map_err(Stop::Error)?;
            for (g, x) in gx.iter_mut().zip(&x) {
                *g = x + weight * (*g - x);
            }
            if pause > 0 {
                pause -= 1;
                x = gx;
            } else {
                x = anderson.next(&x, &gx, poll).map_err(Stop::Error)?;
            }
        }
    }

    fn newton(&mut self, mut x: Vec<f64>, poll: &mut Poll<'_>) -> Result<Ending, Stop> {
        let mut gx = self.evaluate(&x, poll)?;
        loop {
            let residual = distance(&gx, &x);
            if residual <= self.options.tolerance {
                return Ok(Ending::Converged);
            }
            if self.spent() {
                return Ok(Ending::Exhausted);
            }
            let right: Vec<f64> = gx.iter().zip(&x).map(|(g, x)| g - x).collect();
            let size = krylov::norm(&x).max(1.0);
            let (base, image) = (x.clone(), gx.clone());
            let step = krylov::gmres(&right, |v| {
                let epsilon = 1e-6 * size / krylov::norm(v).max(f64::MIN_POSITIVE);
                let moved: Vec<f64> = base.iter().zip(v).map(|(x, v)| x + epsilon * v).collect();
                let at = self.evaluate(&moved, poll)?;
                self.residuals.pop();
                Ok(v.iter()
                    .zip(at.iter().zip(&image))
                    .map(|(v, (a, g))| v - (a - g) / epsilon)
                    .collect())
            })?;
            // the whole step, or the largest of its halves that decreases the residual
            let mut length = 1.0;
            loop {
                x.clear();
                x.extend(base.iter().zip(&step).map(|(x, s)| x + length * s));
                let outcome = self.evaluate(&x, poll);
                match outcome {
                    Ok(image) if distance(&image, &x) < residual || length < 0.02 => {
                        gx = image;
                        break;
                    }
                    Err(Stop::Error(error)) => return Err(Stop::Error(error)),
                    Err(stop) if length < 0.02 => return Err(stop),
                    Err(_) => self.response.forget(),
                    Ok(_) => {}
                }
                if self.spent() {
                    return Ok(Ending::Exhausted);
                }
                length *= 0.5;
            }
        }
    }
}

/// Euclidean distance; NaN if an entry is NaN.
#[must_use]
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b) * (a - b))
        .fold(0.0, |sum, square| sum + square)
        .sqrt()
}
