//! The inner kernel of the banded factorisation: `C -= A B` on packed tiles.
//!
//! `A` is packed in strips of [`ROWS`] rows, `B` in strips of [`COLS`] columns, both with the
//! summation index outermost, so that the accumulators stay in registers. The order of summation
//! does not depend on the sizes: results are reproducible on one kind of processor.

/// Rows of a tile.
pub const ROWS: usize = 4;
/// Columns of a tile.
pub const COLS: usize = 12;

type Tile = [[f64; COLS]; ROWS];

/// One tile of the product; `FUSED` rounds once per multiply-add.
#[inline(always)]
fn product<const FUSED: bool>(a: &[f64], b: &[f64]) -> Tile {
    let mut tile = [[0.0; COLS]; ROWS];
    for (a, b) in a.chunks_exact(ROWS).zip(b.chunks_exact(COLS)) {
        for i in 0..ROWS {
            for j in 0..COLS {
                tile[i][j] = if FUSED {
                    a[i].mul_add(b[j], tile[i][j])
                } else {
                    tile[i][j] + a[i] * b[j]
                };
            }
        }
    }
    tile
}

/// `C -= A B` for one strip of `B`.
#[inline(always)]
fn update<const FUSED: bool>(
    c: &mut [f64],
    stride: usize,
    shape: (usize, usize),
    depth: usize,
    a: &[f64],
    b: &[f64],
) {
    let (rows, cols) = shape;
    for (strip, a) in a.chunks_exact(ROWS * depth).enumerate() {
        let tile = product::<FUSED>(a, b);
        let first = strip * ROWS;
        for (i, values) in tile.iter().enumerate().take(rows.saturating_sub(first)) {
            let start = (first + i) * stride;
            let target = &mut c[start..start + cols];
            if let Ok(whole) = <&mut [f64; COLS]>::try_from(&mut *target) {
                for j in 0..COLS {
                    whole[j] -= values[j];
                }
            } else {
                for (t, v) in target.iter_mut().zip(values) {
                    *t -= v;
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod wide {
    #![allow(unsafe_code)]

    /// The same loop, compiled for processors with AVX2 and FMA.
    ///
    /// # Safety
    /// The processor must have AVX2 and FMA.
    #[target_feature(enable = "avx2,fma")]
    unsafe fn update(
        c: &mut [f64],
        stride: usize,
        shape: (usize, usize),
        depth: usize,
        a: &[f64],
        b: &[f64],
    ) {
        super::update::<true>(c, stride, shape, depth, a, b);
    }

    /// Run the wide loop when the processor allows it; `false` when it does not.
    pub fn try_update(
        c: &mut [f64],
        stride: usize,
        shape: (usize, usize),
        depth: usize,
        a: &[f64],
        b: &[f64],
    ) -> bool {
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
        {
            // SAFETY: both features were just detected; the body is safe code.
            unsafe { update(c, stride, shape, depth, a, b) };
            true
        } else {
            false
        }
    }
}

/// `C -= A B` for one strip of `B`: `C` has `shape` (rows, at most [`COLS`] columns) and row
/// distance `stride`; `a` holds packed strips of `depth` steps, `b` one packed strip.
pub fn subtract_product(
    c: &mut [f64],
    stride: usize,
    shape: (usize, usize),
    depth: usize,
    a: &[f64],
    b: &[f64],
) {
    #[cfg(target_arch = "x86_64")]
    if wide::try_update(c, stride, shape, depth, a, b) {
        return;
    }
    update::<false>(c, stride, shape, depth, a, b);
}

/// Pack a row-major block of `rows` x `depth` numbers into strips of [`ROWS`] rows, padded with
/// zeros. `row(i)` is row `i` of the block.
pub fn pack_rows<'a>(
    out: &mut Vec<f64>,
    rows: usize,
    depth: usize,
    row: impl Fn(usize) -> &'a [f64],
) {
    out.clear();
    out.resize(rows.div_ceil(ROWS) * ROWS * depth, 0.0);
    for i in 0..rows {
        let strip = (i / ROWS) * ROWS * depth + i % ROWS;
        for (k, value) in row(i).iter().take(depth).enumerate() {
            out[strip + k * ROWS] = *value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kernels_subtract_the_product() {
        let (rows, cols, depth, stride) = (7, 5, 3, 9);
        let value = |k: usize| ((k * 37 % 11) as f64) - 5.0;
        let left: Vec<Vec<f64>> = (0..rows)
            .map(|i| (0..depth).map(|k| value(3 * i + k)).collect())
            .collect();
        let mut a = Vec::new();
        pack_rows(&mut a, rows, depth, |i| &left[i]);
        let mut b = vec![0.0; depth * COLS];
        for k in 0..depth {
            for j in 0..cols {
                b[k * COLS + j] = value(100 + 7 * k + j);
            }
        }
        let mut expected = vec![1.0; rows * stride];
        for i in 0..rows {
            for j in 0..cols {
                let sum: f64 = (0..depth).map(|k| left[i][k] * b[k * COLS + j]).sum();
                expected[i * stride + j] -= sum;
            }
        }
        let mut plain = vec![1.0; rows * stride];
        update::<false>(&mut plain, stride, (rows, cols), depth, &a, &b);
        assert_eq!(plain, expected);
        let mut best = vec![1.0; rows * stride];
        subtract_product(&mut best, stride, (rows, cols), depth, &a, &b);
        assert_eq!(best, expected);
    }
}
