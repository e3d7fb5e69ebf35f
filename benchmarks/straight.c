/* The strategy of the n-agent game in C without branches, by the kernel's own way to the root.
 *
 * It leaves out every test: the domain, digits that cancel, second moments, whether a root is
 * certain. Nothing is handed on in memory, inputs are read where they lie and results written once.
 * So it tells how long the computation alone takes, with vectors, on the machine that runs it.
 *
 * bench_kernel.py builds and calls it.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define fma __builtin_fma
#define fabs __builtin_fabs
#define BLOCK 512

static inline double of_bits(uint64_t bits)
{
    double a;
    memcpy(&a, &bits, sizeof a);
    return a;
}

static inline uint64_t bits_of(double a)
{
    uint64_t bits;
    memcpy(&bits, &a, sizeof bits);
    return bits;
}

static inline double margin(double E0, double B, double s2, double p)
{
    return fma(-p * p, s2, fma(-2.0, B * p, E0));
}

static inline double at(double c3, double c2, double c1, double c0, double p)
{
    return fma(fma(fma(c3, p, c2), p, c1), p, c0);
}

void strategy(size_t size, const double *restrict r_, const double *restrict b_,
              const double *restrict nu_, const double *restrict sigma_,
              const double *restrict theta_, const double *restrict gamma_,
              const double *restrict alpha_, const double *restrict beta_,
              const double *restrict lam_, const double *restrict n_,
              signed char *restrict status, double *restrict k_x, double *restrict k_y,
              double *restrict k_1)
{
    double mark[BLOCK];
    for (size_t start = 0; start < size; start += BLOCK) {
        size_t stop = start + BLOCK < size ? start + BLOCK : size;
#pragma omp simd
        for (size_t i = start; i < stop; i++) {
            double r = r_[i], nu = nu_[i], sigma = sigma_[i], theta = theta_[i], gamma = gamma_[i];
            double beta = beta_[i], lam = lam_[i];
            double B = b_[i] - r, B2 = B * B, s2 = fma(sigma, sigma, nu * nu), share = 1.0 / n_[i];
            double kappa = fma(-share, theta, 1.0), gk = gamma * kappa, gkr = gk * r;
            double E1 = lam - r, E0 = fma(-2.0, r, lam);
            double c3 = B2 * s2 * (beta - gk);
            double c2 = B * fma(s2, fma(E0, gk, -E1 * beta), B2 * fma(2.0, beta, -gk));
            double c1 = -fma(gk * E1 * E1, s2, B2 * fma(-beta, r, fma(2.0, gkr, 3.0 * E1 * beta)));
            double c0 = B * fma(-gkr, r, E0 * E1 * beta);
            /* The most isolated root, in the variable without a square. */
            double inverse = 1.0 / c3, middle = c2 * inverse * (-1.0 / 3.0);
            double q = -fma(c2, middle, c1) * inverse;
            double v = fma(fma(c2 * (2.0 / 3.0), middle, c1), middle, c0) * inverse, w = fabs(v);
            double falling = q > 0.0 ? q : 0.0, rising = q > 0.0 ? 0.0 : -q;
            uint64_t pattern = bits_of(falling);
            double power = of_bits(pattern + (pattern >> 1) - (1023ull << 51));
            power = falling > 0.0 ? power : 0.0;
            uint64_t third = ((bits_of(w + power) >> 32) * 0x55555556ull) >> 32;
            double s = of_bits((third + 715094163) << 32), square = s * s;
            double top = fma(0.2476 * rising, square, square * square);
            s *= top / fma(rising, fma(0.2476, rising, square * (1.0 / 3.0)), top);
            double factor = 0.0;
            for (int k = 0; k < 2; k++) {
                double value = fma(s, s * s - q, -w), slope = fma(3.0, s * s, -q);
                factor = slope / fma(slope, slope, -3.0 * s * value);
                s -= value * factor;
            }
            double x = middle - __builtin_copysign(s, v);
            x -= at(c3, c2, c1, c0, x) * (inverse * factor);
            /* The other two. */
            double linear = fma(c3, x, c2), product = fma(linear, x, c1);
            double outer = -c0 / x;
            int far = fabs(c3 * x * x) > fabs(product);
            linear = far ? (outer - c1) / x : linear;
            product = far ? outer : product;
            double discriminant = fma(linear, linear, -4.0 * c3 * product);
            double root = sqrt(discriminant > 0.0 ? discriminant : 0.0);
            double half = -0.5 * (linear + __builtin_copysign(root, linear));
            double other = half * inverse, last = product / half;
            /* The admissible root that is outermost. */
            double best = margin(E0, B, s2, x) > 0.0 ? B * x : -INFINITY, p = x;
            int paired = discriminant > 0.0;
            double trial = paired && margin(E0, B, s2, other) > 0.0 ? B * other : -INFINITY;
            p = trial > best ? other : p;
            best = trial > best ? trial : best;
            trial = paired && margin(E0, B, s2, last) > 0.0 ? B * last : -INFINITY;
            p = trial > best ? last : p;
            best = trial > best ? trial : best;
            int found = best > -INFINITY;
            /* To the last digit: a step, and one with a residual in twice the precision. */
            double over = 1.0 / fma(fma(3.0 * c3, p, 2.0 * c2), p, c1);
            p -= at(c3, c2, c1, c0, p) * over;
            double total = c3, rest = 0.0, given[3] = {c2, c1, c0};
            for (int k = 0; k < 3; k++) {
                double exact = total * p, low = fma(total, p, -exact), sum = exact + given[k];
                double back = sum - exact, lost = (exact - (sum - back)) + (given[k] - back);
                rest = fma(rest, p, low + lost);
                total = sum;
            }
            p -= (total + rest) * over;
            /* The strategy at it. */
            double Bp = B * p, D1 = E1 - Bp, D2 = fma(-p * p, s2, fma(-2.0, Bp, E0)), E2 = E0 - Bp;
            double lk = lam * kappa, a = lk / D1, lkk = lk * kappa, h20 = lkk / D2;
            double delta2 = fma(-B2 * D2 * E2, lam, D1 * D1 * E1 * fma(E0, s2, B2));
            double BDD = B * D1 * D2, p2 = BDD * r * theta * (r + Bp) / (delta2 * kappa);
            double c = fma(-lam, theta, B * a * p2) / E1;
            double h11 = 2.0 * fma(h20 * p2, fma(p, s2, B), -lk * theta) / E2;
            double delta = fma(D1 * E1, s2, B2 * (D1 - D2));
            double q3 = BDD * alpha_[i] / (delta * gk), under = 0.5 / (lkk * delta);
            double Qb = BDD * fma(2.0 * c, kappa, -h11) * under;
            double Q = fma(B, Qb, -sigma * sigma * h11 * D1 * D2 * E1 * under);
            double S = fma(Q, share - 1.0, 1.0), W = fma(share, Q, 1.0), SW = 1.0 / (S * W);
            mark[i - start] = found ? 1.0 : 0.0;
            k_x[i] = fma(-share * Q * p2, share - 1.0, -p * fma(-2.0 * share, Q, Q - 1.0)) * SW;
            k_y[i] = fma(Q, p, p2) * SW;
            k_1[i] = q3 / S;
        }
        for (size_t i = start; i < stop; i++)
            status[i] = mark[i - start] > 0.0 ? 0 : 1;
    }
}
