//! Random numbers that are the same on every machine.

/// Generator xoshiro256++ 1.0 of D. Blackman and S. Vigna (public domain; *Scrambled Linear Pseudorandom
/// Number Generators*, ACM TOMS 47(4), 2021), its state filled from a seed by `SplitMix64` as they recommend.
#[derive(Debug, Clone)]
pub(super) struct Random {
    state: [u64; 4],
    spare: Option<f64>,
}

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        let mut counter = seed;
        let mut split_mix = || {
            counter = counter.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = counter;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        };
        Self { state: core::array::from_fn(|_| split_mix()), spare: None }
    }

    fn next(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform in (0, 1): odd multiples of 2^-54.
    fn uniform(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit the mantissa exactly")]
        let top = (self.next() >> 11) as f64;
        (top + 0.5) * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Standard normal, by the method of Box and Muller with the `libm` crate's functions.
    pub(super) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = libm::sqrt(-2.0 * libm::log(self.uniform()));
        let (sine, cosine) = libm::sincos(2.0 * core::f64::consts::PI * self.uniform());
        self.spare = Some(radius * sine);
        radius * cosine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First outputs for the state {1, 2, 3, 4}, as the authors' C code and the crate `rand_xoshiro` give
    /// them.
    #[test]
    fn generator_has_its_published_sequence() {
        let mut random = Random { state: [1, 2, 3, 4], spare: None };
        let expected = [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386];
        assert_eq!(expected.map(|_| random.next()), expected);
    }

    #[test]
    fn normal_has_the_moments_of_a_normal() {
        let mut random = Random::new(7);
        let count = 400_000;
        let mut sums = [0.0; 4];
        for _ in 0..count {
            let value = random.normal();
            for (power, sum) in sums.iter_mut().enumerate() {
                *sum += value.powi(i32::try_from(power).unwrap() + 1);
            }
        }
        // Five standard errors of each mean: sqrt(1), sqrt(2), sqrt(15), sqrt(96) over sqrt(count).
        let bound = 5.0 / f64::from(count).sqrt();
        for (sum, (mean, error)) in sums.iter().zip([(0.0, 1.0), (1.0, 1.414), (0.0, 3.873), (3.0, 9.798)]) {
            assert!((sum / f64::from(count) - mean).abs() < bound * error);
        }
    }
}
