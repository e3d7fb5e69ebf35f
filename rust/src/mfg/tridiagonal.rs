//! Tridiagonal systems with the corner entries that the boundaries of a mesh bring in.

/// A matrix that is tridiagonal but for its corners.
///
/// Row i couples to i - 1, i, i + 1 by `lower[i]`, `diagonal[i]`, `upper[i]`. With `cyclic`,
/// `lower[0]` and `upper[n - 1]` are the corners. `skew` holds the entries (0, 2) and (n - 1, n - 3).
/// Solving a cyclic system changes the diagonal: it has to be assembled anew before the next solve.
#[derive(Debug, Clone, Default)]
pub struct Tridiagonal {
    /// Below the diagonal; the first entry is a corner.
    pub lower: Vec<f64>,
    /// On the diagonal.
    pub diagonal: Vec<f64>,
    /// Above the diagonal; the last entry is a corner.
    pub upper: Vec<f64>,
    /// Entries (0, 2) and (n - 1, n - 3).
    pub skew: [f64; 2],
    /// Whether the corners count.
    pub cyclic: bool,
    ratio: Vec<f64>,
    second: Vec<f64>,
}

impl Tridiagonal {
    /// A zero matrix of order n >= 4.
    #[must_use]
    pub fn zeros(n: usize, cyclic: bool) -> Self {
        Self {
            lower: vec![0.0; n],
            diagonal: vec![0.0; n],
            upper: vec![0.0; n],
            skew: [0.0; 2],
            cyclic,
            ratio: vec![0.0; n],
            second: if cyclic { vec![0.0; n] } else { Vec::new() },
        }
    }

    /// Put the rows of the unit matrix in the place of some rows.
    pub fn hold(&mut self, rows: &[bool]) {
        let n = rows.len();
        for (i, held) in rows.iter().enumerate() {
            if *held {
                (self.lower[i], self.diagonal[i], self.upper[i]) = (0.0, 1.0, 0.0);
                if i == 0 {
                    self.skew[0] = 0.0;
                }
                if i + 1 == n {
                    self.skew[1] = 0.0;
                }
            }
        }
    }

    /// Row i times a vector.
    #[must_use]
    pub fn row_times(&self, i: usize, v: &[f64]) -> f64 {
        let n = v.len();
        let mut sum = self.diagonal[i] * v[i];
        if i > 0 || self.cyclic {
            sum += self.lower[i] * v[(i + n - 1) % n];
        }
        if i + 1 < n || self.cyclic {
            sum += self.upper[i] * v[(i + 1) % n];
        }
        if i == 0 {
            sum += self.skew[0] * v[2];
        }
        if i + 1 == n {
            sum += self.skew[1] * v[n - 3];
        }
        sum
    }

    /// Replace `b` by the solution of A x = b. Without pivoting: a vanishing pivot gives values
    /// that are not finite.
    pub fn solve(&mut self, b: &mut [f64]) {
        if self.cyclic {
            return self.solve_cyclic(b, false);
        }
        let n = b.len();
        let ([top, bottom], ends) = self.eliminate_skew();
        b[0] -= top * b[1];
        b[n - 1] -= bottom * b[n - 2];
        sweep(
            &self.lower[1..],
            &self.diagonal,
            &self.upper[..n - 1],
            b,
            &mut self.ratio,
        );
        self.restore(ends);
    }

    /// Replace `b` by the solution of A^T x = b.
    pub fn solve_transposed(&mut self, b: &mut [f64]) {
        if self.cyclic {
            return self.solve_cyclic(b, true);
        }
        let n = b.len();
        let ([top, bottom], ends) = self.eliminate_skew();
        sweep(
            &self.upper[..n - 1],
            &self.diagonal,
            &self.lower[1..],
            b,
            &mut self.ratio,
        );
        self.restore(ends);
        b[1] -= top * b[0];
        b[n - 2] -= bottom * b[n - 1];
    }

    /// Subtract multiples of the rows next to the ends so that the skew entries vanish; returns the
    /// multiples and what the first and the last row were.
    fn eliminate_skew(&mut self) -> ([f64; 2], [(f64, f64); 2]) {
        let n = self.diagonal.len();
        let ends = [
            (self.diagonal[0], self.upper[0]),
            (self.diagonal[n - 1], self.lower[n - 1]),
        ];
        let mut multiples = [0.0; 2];
        if self.skew[0] != 0.0 {
            multiples[0] = self.skew[0] / self.upper[1];
            self.diagonal[0] -= multiples[0] * self.lower[1];
            self.upper[0] -= multiples[0] * self.diagonal[1];
        }
        if self.skew[1] != 0.0 {
            multiples[1] = self.skew[1] / self.lower[n - 2];
            self.diagonal[n - 1] -= multiples[1] * self.upper[n - 2];
            self.lower[n - 1] -= multiples[1] * self.diagonal[n - 2];
        }
        (multiples, ends)
    }

    fn restore(&mut self, [first, last]: [(f64, f64); 2]) {
        let n = self.diagonal.len();
        (self.diagonal[0], self.upper[0]) = first;
        (self.diagonal[n - 1], self.lower[n - 1]) = last;
    }

    /// For a matrix I - tau L whose rows sum to one, add gain tau L^T f to `to` as flows between
    /// neighbours: what leaves one arrives at the other, and the sum is kept to rounding. A skew
    /// entry is a flow by way of the node between.
    pub fn transport(&self, f: &[f64], gain: f64, to: &mut [f64]) {
        let n = f.len();
        let (lower, upper) = (&self.lower[1..n], &self.upper[..n - 1]);
        let first = -gain * self.skew[0] * f[0];
        let last = -gain * self.skew[1] * f[n - 1];
        let around = if self.cyclic {
            gain * (self.lower[0] * f[0] - self.upper[n - 1] * f[n - 1])
        } else {
            0.0
        };
        let mut arriving = around;
        for i in 0..n - 1 {
            let mut leaving = gain * (lower[i] * f[i + 1] - upper[i] * f[i]);
            if i < 2 {
                leaving += first;
            }
            if i + 3 >= n {
                leaving -= last;
            }
            to[i] += arriving - leaving;
            arriving = leaving;
        }
        to[n - 1] += arriving - around;
    }

    /// Sherman-Morrison: the corners are a matrix of rank one plus changes on the diagonal.
    fn solve_cyclic(&mut self, b: &mut [f64], transposed: bool) {
        let n = b.len();
        let (right, left) = if transposed {
            (self.upper[n - 1], self.lower[0])
        } else {
            (self.lower[0], self.upper[n - 1])
        };
        let gamma = -self.diagonal[0];
        self.diagonal[0] -= gamma;
        self.diagonal[n - 1] -= left * right / gamma;
        let (below, above) = if transposed {
            (&self.upper[..n - 1], &self.lower[1..])
        } else {
            (&self.lower[1..], &self.upper[..n - 1])
        };
        self.second.fill(0.0);
        self.second[0] = gamma;
        self.second[n - 1] = left;
        sweep(below, &self.diagonal, above, b, &mut self.ratio);
        sweep(
            below,
            &self.diagonal,
            above,
            &mut self.second,
            &mut self.ratio,
        );
        let q = &self.second;
        let share = (b[0] + right / gamma * b[n - 1]) / (1.0 + q[0] + right / gamma * q[n - 1]);
        for (x, q) in b.iter_mut().zip(q) {
            *x -= share * q;
        }
    }
}

/// Gaussian elimination from both ends towards the middle: two independent chains of divisions in
/// place of one. Row i has `below[i - 1]`, `diagonal[i]`, `above[i]`.
fn sweep(below: &[f64], diagonal: &[f64], above: &[f64], b: &mut [f64], ratio: &mut [f64]) {
    let n = b.len();
    assert!(n >= 4 && diagonal.len() == n && ratio.len() == n);
    assert!(below.len() == n - 1 && above.len() == n - 1);
    let half = n / 2;
    let last = n - 1;
    let inverse = 1.0 / diagonal[0];
    let (mut top_ratio, mut top) = (above[0] * inverse, b[0] * inverse);
    (ratio[0], b[0]) = (top_ratio, top);
    let inverse = 1.0 / diagonal[last];
    let (mut end_ratio, mut end) = (below[last - 1] * inverse, b[last] * inverse);
    (ratio[last], b[last]) = (end_ratio, end);
    for i in 1..half {
        let inverse = 1.0 / (diagonal[i] - below[i - 1] * top_ratio);
        top = (b[i] - below[i - 1] * top) * inverse;
        top_ratio = above[i] * inverse;
        (ratio[i], b[i]) = (top_ratio, top);
        let j = last - i;
        let inverse = 1.0 / (diagonal[j] - above[j] * end_ratio);
        end = (b[j] - above[j] * end) * inverse;
        end_ratio = below[j - 1] * inverse;
        (ratio[j], b[j]) = (end_ratio, end);
    }
    if n % 2 == 1 {
        let inverse = 1.0 / (diagonal[half] - above[half] * end_ratio);
        end = (b[half] - above[half] * end) * inverse;
        end_ratio = below[half - 1] * inverse;
        (ratio[half], b[half]) = (end_ratio, end);
    }
    // x[half - 1] + top_ratio x[half] = top, x[half] + end_ratio x[half - 1] = end
    let mut down = (end - end_ratio * top) / (1.0 - end_ratio * top_ratio);
    let mut up = top - top_ratio * down;
    b[half] = down;
    b[half - 1] = up;
    for i in 1..half {
        let j = half - 1 - i;
        up = b[j] - ratio[j] * up;
        b[j] = up;
        let j = half + i;
        down = b[j] - ratio[j] * down;
        b[j] = down;
    }
    if n % 2 == 1 {
        b[last] -= ratio[last] * down;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seed: &mut u64) -> f64 {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        (*seed >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    #[test]
    fn solves_every_kind_and_its_transpose() {
        for n in [5, 6, 7, 12, 33] {
            for kind in 0..3 {
                for transposed in [false, true] {
                    let mut seed = 17 + n as u64;
                    let mut a = Tridiagonal::zeros(n, kind == 2);
                    for i in 0..n {
                        a.lower[i] = noise(&mut seed);
                        a.upper[i] = noise(&mut seed);
                        a.diagonal[i] = 3.0 + noise(&mut seed);
                    }
                    if kind == 1 {
                        (a.upper[1], a.lower[n - 2]) = (-1.0, -1.0);
                        a.skew = [0.5, -0.4];
                    }
                    let mut dense = vec![vec![0.0; n]; n];
                    for i in 0..n {
                        dense[i][i] += a.diagonal[i];
                        if i > 0 || kind == 2 {
                            dense[i][(i + n - 1) % n] += a.lower[i];
                        }
                        if i < n - 1 || kind == 2 {
                            dense[i][(i + 1) % n] += a.upper[i];
                        }
                    }
                    dense[0][2] += a.skew[0];
                    dense[n - 1][n - 3] += a.skew[1];
                    let exact: Vec<f64> = (0..n).map(|_| noise(&mut seed)).collect();
                    let mut b = vec![0.0; n];
                    for i in 0..n {
                        for j in 0..n {
                            let entry = if transposed { dense[j][i] } else { dense[i][j] };
                            b[i] += entry * exact[j];
                        }
                    }
                    if transposed {
                        a.solve_transposed(&mut b);
                    } else {
                        a.solve(&mut b);
                    }
                    for (x, e) in b.iter().zip(&exact) {
                        assert!((x - e).abs() < 1e-13, "n {n} kind {kind} {transposed}");
                    }
                }
            }
        }
    }
}
