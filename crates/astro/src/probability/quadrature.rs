//! Gauss-Kronrod quadrature, fixed and adaptive.

/// Positive nodes of the 15-point Kronrod rule on [-1, 1], outermost first; the last is the center.
/// Odd positions are the nodes of the 7-point Gauss rule. Piessens et al., *QUADPACK*, 1983, `dqk15`.
const NODES: [f64; 8] = [
    0.991_455_371_120_812_6,
    0.949_107_912_342_758_5,
    0.864_864_423_359_769_1,
    0.741_531_185_599_394_4,
    0.586_087_235_467_691_1,
    0.405_845_151_377_397_2,
    0.207_784_955_007_898_47,
    0.0,
];

/// Weights of the 15-point Kronrod rule, in the order of [`NODES`].
const KRONROD: [f64; 8] = [
    0.022_935_322_010_529_224,
    0.063_092_092_629_978_56,
    0.104_790_010_322_250_18,
    0.140_653_259_715_525_92,
    0.169_004_726_639_267_9,
    0.190_350_578_064_785_4,
    0.204_432_940_075_298_9,
    0.209_482_141_084_727_82,
];

/// Weights of the 7-point Gauss rule, for the nodes at odd positions of [`NODES`].
const GAUSS: [f64; 4] =
    [0.129_484_966_168_869_7, 0.279_705_391_489_276_64, 0.381_830_050_505_118_9, 0.417_959_183_673_469_4];

/// Integral over one interval by the 15-point Kronrod rule, and its difference from the 7-point Gauss rule.
pub(super) fn kronrod15(integrand: &mut impl FnMut(f64) -> f64, from: f64, to: f64) -> (f64, f64) {
    let center = 0.5 * (from + to);
    let half = 0.5 * (to - from);
    let at_center = integrand(center);
    let mut kronrod = KRONROD[7] * at_center;
    let mut gauss = GAUSS[3] * at_center;
    for (index, (&node, &weight)) in NODES.iter().zip(&KRONROD).take(7).enumerate() {
        let pair = integrand(center - half * node) + integrand(center + half * node);
        kronrod += weight * pair;
        if index % 2 == 1 {
            gauss += GAUSS[index / 2] * pair;
        }
    }
    (half * kronrod, half * (kronrod - gauss).abs())
}

/// Integrals of several functions of one argument over one interval by the 15-point Kronrod rule.
pub(super) fn kronrod15_together<const N: usize>(
    mut integrand: impl FnMut(f64) -> [f64; N],
    from: f64,
    to: f64,
) -> [f64; N] {
    let center = 0.5 * (from + to);
    let half = 0.5 * (to - from);
    let mut sums = integrand(center).map(|value| KRONROD[7] * value);
    for (&node, &weight) in NODES.iter().zip(&KRONROD).take(7) {
        let before = integrand(center - half * node);
        let after = integrand(center + half * node);
        for ((sum, before), after) in sums.iter_mut().zip(before).zip(after) {
            *sum += weight * (before + after);
        }
    }
    sums.map(|sum| half * sum)
}

struct Piece {
    from: f64,
    to: f64,
    value: f64,
    error: f64,
}

/// Integral over consecutive intervals between `breakpoints` (ascending), bisecting the interval with the
/// largest error estimate until their sum is below `relative_tolerance` of the integral or `max_pieces`
/// intervals exist.
///
/// The 7/15-point difference overestimates the error of the 15-point value by orders of magnitude for
/// smooth integrands; the returned error is that pessimistic sum. The order of the summation is fixed, so
/// the result is the same on every machine.
pub(super) fn adaptive(
    mut integrand: impl FnMut(f64) -> f64,
    breakpoints: &[f64],
    relative_tolerance: f64,
    max_pieces: usize,
) -> (f64, f64) {
    let mut piece = |from: f64, to: f64| {
        let (value, error) = kronrod15(&mut integrand, from, to);
        Piece { from, to, value, error }
    };
    let mut pieces: Vec<Piece> = breakpoints.windows(2).map(|pair| piece(pair[0], pair[1])).collect();
    loop {
        let value: f64 = pieces.iter().map(|piece| piece.value).sum();
        let error: f64 = pieces.iter().map(|piece| piece.error).sum();
        if error <= relative_tolerance * value.abs() || pieces.len() >= max_pieces {
            return (value, error);
        }
        let mut worst = 0;
        for (index, candidate) in pieces.iter().enumerate() {
            if candidate.error > pieces[worst].error {
                worst = index;
            }
        }
        let Piece { from, to, .. } = pieces.swap_remove(worst);
        let middle = 0.5 * (from + to);
        pieces.push(piece(from, middle));
        pieces.push(piece(middle, to));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifteen_points_are_exact_to_degree_22() {
        for degree in 0..=22 {
            let (value, _) = kronrod15(&mut |x: f64| x.powi(degree), 0.0, 2.0);
            let exact = 2f64.powi(degree + 1) / f64::from(degree + 1);
            assert!((value / exact - 1.0).abs() < 4e-15, "degree {degree}: {value} against {exact}");
        }
    }

    #[test]
    fn embedded_gauss_rule_is_exact_to_degree_13_and_no_further() {
        for degree in 0..=13 {
            let (value, error) = kronrod15(&mut |x: f64| x.powi(degree), 0.0, 2.0);
            assert!(error < 4e-15 * value, "degree {degree}: {error}");
        }
        let (value, error) = kronrod15(&mut |x: f64| x.powi(14), 0.0, 2.0);
        assert!(error > 1e-12 * value);
    }

    #[test]
    fn adaptive_finds_a_narrow_peak() {
        let width = 1e-4;
        let peak = |x: f64| width / (width * width + (x - 0.3) * (x - 0.3));
        let (value, _) = adaptive(peak, &[0.0, 1.0], 1e-13, 200);
        let exact = libm::atan(0.7 / width) + libm::atan(0.3 / width);
        assert!((value / exact - 1.0).abs() < 1e-13, "{value} against {exact}");
    }
}
