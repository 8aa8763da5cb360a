//! Confidence interval of a counted proportion.

/// Exact (Clopper-Pearson) interval of a probability from `hits` in `samples` trials.
///
/// Equation: lower p solves I(p; k, n - k + 1) = (1 - c)/2, upper p solves I(p; k + 1, n - k) = (1 + c)/2,
/// with I the regularized incomplete beta function, k hits, n samples, c the confidence. For k = 0 the lower
/// is 0, for k = n the upper is 1.
///
/// Valid for 0 <= hits <= samples, samples > 0 and 0 < confidence < 1. Source: Clopper and Pearson,
/// Biometrika 26, 1934; NIST DLMF 8.17.
#[must_use]
pub fn clopper_pearson(hits: u64, samples: u64, confidence: f64) -> [f64; 2] {
    #[expect(clippy::cast_precision_loss, reason = "counts beyond 2^53 are not reached")]
    let (k, n) = (hits as f64, samples as f64);
    let tail = 0.5 * (1.0 - confidence);
    let lower = if hits == 0 { 0.0 } else { beta_quantile(k, n - k + 1.0, tail) };
    let upper = if hits >= samples { 1.0 } else { beta_quantile(k + 1.0, n - k, 1.0 - tail) };
    [lower, upper]
}

/// The p at which the regularized incomplete beta function of `a`, `b` is `level`, by bisection.
fn beta_quantile(a: f64, b: f64, level: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if incomplete_beta(a, b, middle) < level {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// Regularized incomplete beta function, by its continued fraction (DLMF 8.17.22) on the side where it
/// converges fast.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let front = libm::exp(a * libm::log(x) + b * libm::log1p(-x) - log_beta(a, b)) / a;
    // Lentz's method.
    let tiny = 1e-300;
    let guard = |value: f64| if value.abs() < tiny { tiny } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    let mut m = 1.0;
    while m < 10_000.0 {
        let mut change = 1.0;
        for coefficient in [
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        ] {
            d = 1.0 / guard(1.0 + coefficient * d);
            c = guard(1.0 + coefficient / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
        m += 1.0;
    }
    front * fraction
}

/// Logarithm of the beta function. With billions of trials the three log gammas would cancel to five digits,
/// so their large pair is taken as one difference by Stirling's series (DLMF 5.11.1).
fn log_beta(a: f64, b: f64) -> f64 {
    let (small, large) = (a.min(b), a.max(b));
    if large < 20.0 {
        return libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
    }
    let correction = |z: f64| (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / (1260.0 * z * z)) / (z * z)) / z;
    let sum = small + large;
    let difference = (sum - 0.5) * libm::log1p(small / large) + small * libm::log(large) - small
        + correction(sum)
        - correction(large);
    libm::lgamma(small) - difference
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NASA CARA's counted intervals for real messages (95 %). Of its own quantile function 2e-6 is missing
    /// at billions of trials, as the sum of the Poisson probabilities in 50 digits shows.
    #[test]
    fn published_intervals_are_reproduced() {
        for (hits, samples, lower, upper) in [
            (9778, 16_000_000, 0.000_599_074_848_543_757_4, 0.000_623_356_441_938_828_5),
            (10_066, 3_100_000_000, 3.183_969_964_936_329e-6, 3.311_160_368_483_441e-6),
            (431, 4_000_000_000, 9.781_613_644_881_577e-8, 1.184_191_142_770_724_2e-7),
        ] {
            let [low, high] = clopper_pearson(hits, samples, 0.95);
            assert!((low / lower - 1.0).abs() < 3e-6, "{low:e} against {lower:e}");
            assert!((high / upper - 1.0).abs() < 3e-6, "{high:e} against {upper:e}");
        }
    }

    /// For rare events the lower bound is that of a Poisson mean: the mean at which 431 or more have
    /// probability 0.025 is 391.265364, by summation in 50 digits.
    #[test]
    fn rare_events_have_the_bound_of_a_poisson_mean() {
        let [low, _] = clopper_pearson(431, 4_000_000_000, 0.95);
        assert!((low * 4e9 - 391.265_364).abs() < 4e-6, "{}", low * 4e9);
    }

    #[test]
    fn no_hits_and_all_hits_have_the_closed_form() {
        // (1 - p)^n = 0.025.
        let [low, high] = clopper_pearson(0, 100, 0.95);
        assert!(low <= 0.0);
        assert!((high - (1.0 - 0.025f64.powf(0.01))).abs() < 1e-12);
        let [low, high] = clopper_pearson(100, 100, 0.95);
        assert!((low - 0.025f64.powf(0.01)).abs() < 1e-12);
        assert!(high >= 1.0);
    }
}
