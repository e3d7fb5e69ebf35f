//! Solutions made up in advance: sources are what is left over when they are put in.

use _grid::StationaryProblem;

use super::{Environment, Set};

/// Value and derivatives `[f, f_x, f_y, f_xx, f_xy, f_yy]`.
pub type Jet = [f64; 6];

/// `f(x) g(y)` from values and first two derivatives.
fn product(f: [f64; 3], g: [f64; 3]) -> Jet {
    [
        f[0] * g[0],
        f[1] * g[0],
        f[0] * g[1],
        f[2] * g[0],
        f[1] * g[1],
        f[0] * g[2],
    ]
}

fn scaled(by: f64, jet: Jet) -> Jet {
    jet.map(|v| by * v)
}

fn sum(a: Jet, b: Jet) -> Jet {
    std::array::from_fn(|k| a[k] + b[k])
}

/// `sin(a t + b)` with two derivatives.
fn sine(a: f64, b: f64, t: f64) -> [f64; 3] {
    let (s, c) = (a * t + b).sin_cos();
    [s, a * c, -a * a * s]
}

fn cosine(a: f64, b: f64, t: f64) -> [f64; 3] {
    sine(a, b + std::f64::consts::FRAC_PI_2, t)
}

/// `u^k exp(-q u^2)`, u = t - 1, k odd, with two derivatives.
fn bell(k: i32, t: f64) -> [f64; 3] {
    let (q, n, u) = (6.0, f64::from(k), t - 1.0);
    let e = (-q * u * u).exp();
    let falling = if k > 1 {
        n * (n - 1.0) * u.powi(k - 2)
    } else {
        0.0
    };
    [
        u.powi(k) * e,
        (n * u.powi(k - 1) - 2.0 * q * u.powi(k + 1)) * e,
        (falling - 2.0 * q * (2.0 * n + 1.0) * u.powi(k) + 4.0 * q * q * u.powi(k + 2)) * e,
    ]
}

/// `(u^3 v - u v^3) exp(-q (u^2 + v^2))`: on a symmetric window its least-squares quadratic is
/// zero for every symmetric weight, and so is, nearly, its value on the boundary.
fn bump(x: f64, y: f64) -> Jet {
    let minus = scaled(-1.0, product(bell(1, x), bell(3, y)));
    sum(product(bell(3, x), bell(1, y)), minus)
}

/// The closed form and its disturbance.
pub struct Manufactured {
    set: Set,
    environment: Environment,
    g: [f64; 3],
    h: [f64; 6],
    bump: bool,
}

impl Manufactured {
    /// Waves over the whole box, or a bump that the boundary closure does not see.
    pub fn new(set: Set, environment: Environment, bump: bool) -> Self {
        let (g, h) = set.moments(environment);
        Self {
            set,
            environment,
            g,
            h,
            bump,
        }
    }

    /// Jets of G and H.
    pub fn jets(&self, x: f64, y: f64) -> [Jet; 2] {
        let (g, h) = (self.g, self.h);
        let wave_g = (sine(1.3, 0.4, x), cosine(0.9, -0.2, y));
        let wave_h = (cosine(1.1, -0.3, x), sine(1.2, 0.5, y));
        let waves = if self.bump {
            [scaled(2.0, bump(x, y)), scaled(3.0, bump(x, y))]
        } else {
            [
                scaled(0.05, product(wave_g.0, wave_g.1)),
                scaled(1.0 / 12.0, product(wave_h.0, wave_h.1)),
            ]
        };
        let mean = [g[0] * x + g[1] * y + g[2], g[0], g[1], 0.0, 0.0, 0.0];
        let square = [
            h[0] * x * x + h[1] * x * y + h[2] * y * y + h[3] * x + h[4] * y + h[5],
            2.0 * h[0] * x + h[1] * y + h[3],
            h[1] * x + 2.0 * h[2] * y + h[4],
            2.0 * h[0],
            h[1],
            2.0 * h[2],
        ];
        [sum(mean, waves[0]), sum(square, waves[1])]
    }

    /// Policy, G, H and A^p G, A^p H at a node.
    pub fn at(&self, x: f64, y: f64) -> (f64, [f64; 2], [f64; 2]) {
        let (set, e) = (&self.set, self.environment);
        let [jg, jh] = self.jets(x, y);
        let weight = set.alpha + set.beta * x + set.gamma * jg[0];
        let mix = |k: usize| weight * jg[k] - 0.5 * set.gamma * jh[k];
        let p = -(set.b * mix(1) + set.sigma * e.m_s * mix(4)) / (set.s2() * mix(3));
        let apply = |f: &Jet| {
            (set.r * x + set.b * p) * f[1]
                + (set.r * y + e.m_b) * f[2]
                + 0.5 * set.s2() * p * p * f[3]
                + set.sigma * e.m_s * p * f[4]
                + 0.5 * (e.m_2 + e.m_s * e.m_s) * f[5]
        };
        (p, [jg[0], jh[0]], [apply(&jg), apply(&jh)])
    }

    /// Put the sources into a problem; returns `[G, H]` and the policy at the nodes.
    pub fn impose(&self, problem: &mut StationaryProblem) -> (Vec<f64>, Vec<f64>) {
        let size = problem.grid.size();
        let mut exact = vec![0.0; 2 * size];
        let mut source = vec![0.0; 2 * size];
        let mut policy = vec![0.0; size];
        let (nx, ny) = problem.grid.shape();
        for i in 0..nx {
            for j in 0..ny {
                let node = problem.grid.at(i, j);
                let (x, y) = (problem.grid.x.nodes()[i], problem.grid.y.nodes()[j]);
                let (p, values, applied) = self.at(x, y);
                policy[node] = p;
                for k in 0..2 {
                    let payoff = problem.payoff[k * size + node];
                    exact[k * size + node] = values[k];
                    source[k * size + node] = problem.hazard * (values[k] - payoff) - applied[k];
                }
            }
        }
        problem.source = Some(source);
        (exact, policy)
    }
}
