/* The strategy of the n-agent game in C, one point at a time, as in scalar.py.
 *
 * gcc -O3 -march=native -shared -fPIC; bench_kernel.py builds and calls it.
 */
#include <math.h>
#include <stddef.h>

void strategy(size_t size, const double *r, const double *b, const double *nu, const double *sigma,
              const double *theta, const double *gamma, const double *alpha, const double *beta,
              const double *lam, const double *n, signed char *status, double *k_x, double *k_y,
              double *k_1)
{
    for (size_t i = 0; i < size; i++) {
        double B = b[i] - r[i], s2 = nu[i] * nu[i] + sigma[i] * sigma[i], share = 1.0 / n[i];
        double kappa = 1.0 - theta[i] * share, gk = gamma[i] * kappa;
        double E1 = lam[i] - r[i], E0 = lam[i] - 2.0 * r[i];
        double c3 = B * B * s2 * (beta[i] - gk);
        double c2 = B * (beta[i] * (2.0 * B * B - s2 * E1) + gk * (s2 * E0 - B * B));
        double c1 = beta[i] * B * B * (4.0 * r[i] - 3.0 * lam[i])
                    - gk * (2.0 * B * B * r[i] + s2 * E1 * E1);
        double c0 = B * (beta[i] * E1 * E0 - gk * r[i] * r[i]);
        double u = c2 / c3, v = c1 / c3, w = c0 / c3;
        double q = (u * u - 3.0 * v) / 9.0, t = (2.0 * u * u * u - 9.0 * u * v + 27.0 * w) / 54.0;
        double best = -INFINITY, p1 = 0.0;
        int found = 0;
        if (t * t < q * q * q) {
            double angle = acos(t / sqrt(q * q * q)), size3 = -2.0 * sqrt(q);
            for (int k = -1; k < 2; k++) {
                double p = size3 * cos((angle + 2.0 * M_PI * k) / 3.0) - u / 3.0;
                if (E0 - 2.0 * B * p - s2 * p * p > 0.0 && B * p > best) {
                    best = B * p;
                    p1 = p;
                    found = 1;
                }
            }
        } else {
            double m = -copysign(cbrt(fabs(t) + sqrt(t * t - q * q * q)), t);
            double p = (m != 0.0 ? m + q / m : 0.0) - u / 3.0;
            if (E0 - 2.0 * B * p - s2 * p * p > 0.0) {
                p1 = p;
                found = 1;
            }
        }
        if (!found) {
            status[i] = 1;
            k_x[i] = k_y[i] = k_1[i] = NAN;
            continue;
        }
        double D1 = E1 - B * p1, D2 = E0 - 2.0 * B * p1 - s2 * p1 * p1, E2 = E0 - B * p1;
        double a = lam[i] * kappa / D1, h20 = lam[i] * kappa * kappa / D2;
        double delta = s2 * E1 * E1 + B * B * r[i] + B * (B * B - s2 * E1) * p1
                       + B * B * s2 * p1 * p1;
        double delta2 = s2 * D1 * D1 * E1 * E2 - lam[i] * B * B * D2 * E2
                        + B * (B + s2 * p1) * D1 * D1 * E1;
        double p2 = theta[i] * B * r[i] * (r[i] + B * p1) * D1 * D2 / (kappa * delta2);
        double c = (B * p2 * a - lam[i] * theta[i]) / E1;
        double h11 = 2.0 * (h20 * p2 * (B + s2 * p1) - lam[i] * kappa * theta[i]) / E2;
        double q3 = alpha[i] * B * D1 * D2 / (gk * delta);
        double Q = D1 * D2 / (lam[i] * kappa * kappa * delta)
                   * (B * B * (kappa * c - 0.5 * h11) - 0.5 * sigma[i] * sigma[i] * h11 * E1);
        double S = 1.0 - (1.0 - share) * Q, W = 1.0 + share * Q;
        status[i] = 0;
        k_x[i] = (p1 * (1.0 - (1.0 - 2.0 * share) * Q) + share * (1.0 - share) * p2 * Q) / (S * W);
        k_y[i] = (p2 + Q * p1) / (S * W);
        k_1[i] = q3 / S;
    }
}
