//! Closed forms of the best response to given aggregates, as expectations of the tests only.

pub mod manufactured;

use _grid::{Grid, StationaryProblem};

/// A parameter set with the environment of competitors.
#[derive(Debug, Clone, Copy)]
pub struct Set {
    pub r: f64,
    pub b: f64,
    pub nu: f64,
    pub sigma: f64,
    pub theta: f64,
    pub gamma: f64,
    pub alpha: f64,
    pub beta: f64,
    pub lambda: f64,
    /// Own share 1/n of the average; zero in the mean-field game.
    pub share: f64,
}

/// Averages of the competitors' strategies, held constant.
#[derive(Debug, Clone, Copy)]
pub struct Environment {
    pub m_b: f64,
    pub m_s: f64,
    pub m_2: f64,
}

/// (b, nu, sigma, theta, gamma, alpha, beta, lambda; r) of a named set with n agents.
pub fn named(name: &str, n: Option<u32>) -> Set {
    let v = match name {
        "S1" => [0.12, 0.2, 0.2, 0.5, 2.0, 1.0, 0.5, 0.6, 0.03],
        "S2" => [0.10, 0.25, 0.15, 0.3, 1.5, 1.0, 0.2, 0.4, 0.02],
        "S3" => [0.15, 0.3, 0.2, 0.8, 3.0, 0.5, 1.0, 0.8, 0.04],
        "S4" => [0.14, 0.2, 0.25, 0.9, 1.0, 1.0, 0.3, 0.5, 0.0],
        "S5" => [0.2, 0.25, 0.3, 0.95, 1.2, 0.7, 0.9, 0.35, 0.05],
        "T3" => [0.35, 0.15, 0.1, 0.5, 2.0, 1.0, 0.1, 0.06, 0.02],
        other => panic!("no set {other}"),
    };
    Set {
        r: v[8],
        b: v[0] - v[8],
        nu: v[1],
        sigma: v[2],
        theta: v[3],
        gamma: v[4],
        alpha: v[5],
        beta: v[6],
        lambda: v[7],
        share: n.map_or(0.0, |n| 1.0 / f64::from(n)),
    }
}

/// The closed form, written out from the theory.
#[derive(Debug, Clone, Copy)]
pub struct Closed {
    pub p1: f64,
    pub p2: f64,
    pub q3: f64,
    pub qb: f64,
    pub qs: f64,
    pub a: f64,
    pub c: f64,
    pub h20: f64,
    pub h11: f64,
}

impl Closed {
    pub fn p3(&self, e: Environment) -> f64 {
        self.q3 + self.qb * e.m_b + self.qs * e.m_s
    }
}

impl Set {
    pub fn kappa(&self) -> f64 {
        1.0 - self.theta * self.share
    }

    pub fn s2(&self) -> f64 {
        self.nu * self.nu + self.sigma * self.sigma
    }

    fn d1(&self, p: f64) -> f64 {
        self.lambda - self.r - self.b * p
    }

    fn d2(&self, p: f64) -> f64 {
        self.lambda - 2.0 * self.r - 2.0 * self.b * p - self.s2() * p * p
    }

    fn cubic(&self, p: f64) -> f64 {
        let (d1, d2) = (self.d1(p), self.d2(p));
        self.beta * self.b * d1 * d2
            + self.gamma
                * self.kappa()
                * (self.lambda * self.b * d2 - d1 * d1 * (self.b + self.s2() * p))
    }

    /// Admissible root with the largest B p: the first sign change from the end of the interval.
    pub fn root(&self) -> f64 {
        let (b, s2) = (self.b, self.s2());
        let spread = (b * b + s2 * (self.lambda - 2.0 * self.r)).sqrt();
        let (low, high) = ((-b - spread) / s2, (-b + spread) / s2);
        let (from, to) = if b > 0.0 { (high, low) } else { (low, high) };
        let steps = 20_000;
        let at = |k: u32| from + (to - from) * f64::from(k) / f64::from(steps);
        let start = self.cubic(from).signum();
        let k = (1..=steps)
            .find(|&k| self.cubic(at(k)).signum() != start)
            .unwrap();
        let (mut inside, mut outside) = (at(k), at(k - 1));
        for _ in 0..100 {
            let middle = 0.5 * (inside + outside);
            if self.cubic(middle).signum() == start {
                outside = middle;
            } else {
                inside = middle;
            }
        }
        inside
    }

    pub fn closed(&self) -> Closed {
        let (r, b, s2, l, k) = (self.r, self.b, self.s2(), self.lambda, self.kappa());
        let p1 = self.root();
        let (d1, d2, e1, e2) = (self.d1(p1), self.d2(p1), l - r, l - 2.0 * r - b * p1);
        let (a, h20) = (l * k / d1, l * k * k / d2);
        let delta = s2 * e1 * e1 + b * b * r + b * (b * b - s2 * e1) * p1 + b * b * s2 * p1 * p1;
        let delta2 =
            s2 * d1 * d1 * e1 * e2 - l * b * b * d2 * e2 + b * (b + s2 * p1) * d1 * d1 * e1;
        let p2 = self.theta * b * r * (r + b * p1) * d1 * d2 / (k * delta2);
        let c = (b * p2 * a - l * self.theta) / e1;
        let h11 = 2.0 * (h20 * p2 * (b + s2 * p1) - l * k * self.theta) / e2;
        Closed {
            p1,
            p2,
            q3: self.alpha * b * d1 * d2 / (self.gamma * k * delta),
            qb: b * d1 * d2 * (k * c - 0.5 * h11) / (l * k * k * delta),
            qs: -self.sigma * h11 * e1 * d1 * d2 / (2.0 * l * k * k * delta),
            a,
            c,
            h20,
            h11,
        }
    }

    /// Coefficients of p^0..p^3 of the cubic for p1.
    pub fn cubic_coefficients(&self) -> [f64; 4] {
        let (r, b, s2, l) = (self.r, self.b, self.s2(), self.lambda);
        let (gk, beta, e1) = (self.gamma * self.kappa(), self.beta, self.lambda - self.r);
        [
            b * (beta * e1 * (l - 2.0 * r) - gk * r * r),
            beta * b * b * (4.0 * r - 3.0 * l) - gk * (2.0 * b * b * r + s2 * e1 * e1),
            b * (beta * (2.0 * b * b - s2 * e1) + gk * (s2 * (l - 2.0 * r) - b * b)),
            b * b * s2 * (beta - gk),
        ]
    }

    /// Closed-form G and H: coefficients of x, y, 1 and of x^2, xy, y^2, x, y, 1.
    pub fn moments(&self, e: Environment) -> ([f64; 3], [f64; 6]) {
        let f = self.closed();
        let (r, b, s2, l, t) = (self.r, self.b, self.s2(), self.lambda, self.theta);
        let (p1, p2, p3) = (f.p1, f.p2, f.p3(e));
        let ms = self.sigma * e.m_s;
        let d = (b * f.a * p3 + f.c * e.m_b) / l;
        let h10 = (2.0 * f.h20 * p3 * (b + s2 * p1) + f.h11 * (e.m_b + ms * p1)) / (l - r - b * p1);
        let h02 = (b * p2 * f.h11 + s2 * p2 * p2 * f.h20 + l * t * t) / (l - 2.0 * r);
        let h01 = (b * (p3 * f.h11 + p2 * h10)
            + 2.0 * e.m_b * h02
            + 2.0 * s2 * f.h20 * p2 * p3
            + ms * f.h11 * p2)
            / (l - r);
        let h00 = (b * p3 * h10
            + e.m_b * h01
            + s2 * f.h20 * p3 * p3
            + ms * f.h11 * p3
            + (e.m_2 + e.m_s * e.m_s) * h02)
            / l;
        ([f.a, f.c, d], [f.h20, f.h11, h02, h10, h01, h00])
    }

    /// Environment of the given-aggregate equilibrium with everybody's wealth 1.
    pub fn environment(&self) -> Environment {
        let form = self.closed();
        let others = 1.0 - self.share;
        let q = self.b * form.qb + self.sigma * form.qs;
        let pi = (form.p1 + form.p2 * others + form.q3) / (1.0 - others * q);
        Environment {
            m_b: others * self.b * pi,
            m_s: others * self.sigma * pi,
            m_2: others * self.share * self.nu * self.nu * pi * pi,
        }
    }

    /// The problem on given nodes: dynamics and preference only.
    pub fn problem(&self, environment: Environment, x: Vec<f64>, y: Vec<f64>) -> StationaryProblem {
        let grid = Grid::new(x, y).unwrap();
        let size = grid.size();
        let (nx, ny) = grid.shape();
        let mut drift = vec![0.0; 4 * size];
        let mut diffusion = vec![0.0; 9 * size];
        let mut payoff = vec![0.0; 2 * size];
        let mut weight = vec![0.0; size];
        for i in 0..nx {
            for j in 0..ny {
                let (x, y, node) = (grid.x.nodes()[i], grid.y.nodes()[j], grid.at(i, j));
                drift[node] = self.r * x;
                drift[size + node] = self.b;
                drift[2 * size + node] = self.r * y + environment.m_b;
                diffusion[2 * size + node] = self.s2();
                diffusion[4 * size + node] = self.sigma * environment.m_s;
                diffusion[6 * size + node] = environment.m_2 + environment.m_s.powi(2);
                let z = self.kappa() * x - self.theta * y;
                payoff[node] = z;
                payoff[size + node] = z * z;
                weight[node] = self.alpha + self.beta * x;
            }
        }
        StationaryProblem {
            grid,
            drift,
            diffusion,
            payoff,
            weight,
            gamma: self.gamma,
            hazard: self.lambda,
            source: None,
        }
    }
}

/// Equally spaced nodes of [center - half, center + half].
pub fn uniform(center: f64, half: f64, n: usize) -> Vec<f64> {
    (0..n)
        .map(|i| center - half + 2.0 * half * i as f64 / (n - 1) as f64)
        .collect()
}

/// Largest error of a policy against the closed form, see [`policy_error`].
pub fn closed_form_error(set: &Set, e: Environment, grid: &Grid, policy: &[f64]) -> f64 {
    let form = set.closed();
    policy_error(grid, policy, [form.p1, form.p2, form.p3(e)])
}

/// Largest deviation of a policy from `p1 x + p2 y + p3` on |x - 1|, |y - 1| <= 1/2, relative to
/// the largest policy there.
pub fn policy_error(grid: &Grid, policy: &[f64], p: [f64; 3]) -> f64 {
    let (mut worst, mut scale) = (0.0f64, 0.0f64);
    for (i, &x) in grid.x.nodes().iter().enumerate() {
        for (j, &y) in grid.y.nodes().iter().enumerate() {
            if (x - 1.0).abs() <= 0.5 && (y - 1.0).abs() <= 0.5 {
                let expected = p[0] * x + p[1] * y + p[2];
                worst = worst.max((policy[grid.at(i, j)] - expected).abs());
                scale = scale.max(expected.abs());
            }
        }
    }
    worst / scale
}
