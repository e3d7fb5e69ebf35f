//! The control at one node, from the first-order condition, and its derivatives.
//!
//! With q_k(f) the coefficient of p^k in A^p f, the objective is the quadratic
//! s_0 + s_1 p + s_2 p^2, s_k = F_g q_k(G) + F_h q_k(H). Its maximiser -s_1 / (2 s_2) exists where
//! s_2 < 0. The G- and H-equations are not optimised one by one, so the derivative of the policy
//! stays in their linearisation (only its F-weighted sum vanishes).

use crate::stencil::{Jet, JET};

/// A^p at one node: coefficients of 1, p, p^2 in front of f_x, f_y, f_xx, f_xy, f_yy.
#[derive(Debug, Clone, Copy)]
pub struct Generator {
    /// `terms[d][k]` multiplies `p^k` and derivative `d + 1` of a jet.
    pub terms: [[f64; 3]; JET - 1],
}

impl Generator {
    /// Coefficients of 1, p, p^2 in A^p f.
    #[must_use]
    pub fn powers(&self, f: &Jet) -> [f64; 3] {
        let mut q = [0.0; 3];
        for (terms, derivative) in self.terms.iter().zip(&f[1..]) {
            for (value, term) in q.iter_mut().zip(terms) {
                *value += term * derivative;
            }
        }
        q
    }

    /// The operator A^p - hazard as weights of a jet.
    #[must_use]
    pub fn frozen(&self, p: f64, hazard: f64) -> Jet {
        let mut frozen = [0.0; JET];
        frozen[0] = -hazard;
        for (value, terms) in frozen[1..].iter_mut().zip(&self.terms) {
            *value = terms[0] + p * (terms[1] + p * terms[2]);
        }
        frozen
    }
}

/// Policy and residuals at a node.
#[derive(Debug, Clone, Copy)]
pub struct Response {
    /// The maximising control.
    pub policy: f64,
    /// -2 s_2, positive where the second-order condition holds.
    pub curvature: f64,
    /// A^p G and A^p H.
    pub generator: [f64; 2],
    /// Derivatives of A^p G and A^p H with respect to p.
    pub slope: [f64; 2],
    weights: [f64; 2],
}

/// Linearisation of the residuals at a node with respect to the jets of G and H:
/// `d R_e / d f_d = [e = f] frozen[d] + slope[e] * policy[f][d]`.
#[derive(Debug, Clone, Copy)]
pub struct Linearisation {
    /// The operator A^p - hazard with the policy held fixed.
    pub frozen: Jet,
    /// Derivatives of A^p G and A^p H with respect to p.
    pub slope: [f64; 2],
    /// Derivatives of the policy with respect to the jets of G and H.
    pub policy: [Jet; 2],
    /// Derivatives of the policy with respect to the jet of F_g G + F_h H, weights held fixed.
    pub marginal: Jet,
}

impl Response {
    /// The control at a node, or the curvature -2 s_2 when that is not positive.
    ///
    /// # Errors
    /// The curvature, when the second-order condition fails or a number is not finite.
    pub fn new(
        generator: &Generator,
        weight: f64,
        gamma: f64,
        g: &Jet,
        h: &Jet,
    ) -> Result<Self, f64> {
        let weights = [weight + gamma * g[0], -0.5 * gamma];
        let (qg, qh) = (generator.powers(g), generator.powers(h));
        let s1 = weights[0] * qg[1] + weights[1] * qh[1];
        let s2 = weights[0] * qg[2] + weights[1] * qh[2];
        let curvature = 0.0 - 2.0 * s2;
        let policy = s1 / curvature;
        if curvature.is_nan() || curvature <= 0.0 || !policy.is_finite() {
            return Err(curvature);
        }
        let value = |q: &[f64; 3]| q[0] + policy * (q[1] + policy * q[2]);
        let slope = |q: &[f64; 3]| q[1] + 2.0 * policy * q[2];
        Ok(Self {
            policy,
            curvature,
            generator: [value(&qg), value(&qh)],
            slope: [slope(&qg), slope(&qh)],
            weights,
        })
    }

    /// The linearisation at this response.
    #[must_use]
    pub fn linearise(&self, generator: &Generator, gamma: f64, hazard: f64) -> Linearisation {
        let p = self.policy;
        let mut marginal = [0.0; JET];
        for (d, terms) in generator.terms.iter().enumerate() {
            // d p = (d s_1 + 2 p d s_2) / (-2 s_2)
            marginal[d + 1] = (terms[1] + 2.0 * p * terms[2]) / self.curvature;
        }
        let mut policy = self.weights.map(|w| marginal.map(|m| w * m));
        // G itself enters through F_g = weight + gamma G.
        policy[0][0] = gamma * self.slope[0] / self.curvature;
        Linearisation {
            frozen: generator.frozen(p, hazard),
            slope: self.slope,
            policy,
            marginal,
        }
    }
}
