//! A few lanes of f64 that the compiler keeps in vector registers, and the elementary functions on them.
//!
//! Everything is `#[inline(always)]`, so that it takes on the target features of the function that it ends up
//! in. `FUSED` selects the fused multiply-add; without it there is never one, because in software it is slow.

#![expect(clippy::inline_always, reason = "a call would leave the caller's target features")]

use core::f64::consts::{FRAC_2_PI, FRAC_PI_2, FRAC_PI_4, PI};
use core::ops::{Add, Div, Mul, Neg, Sub};

/// Lanes of a block of objects.
pub(super) const LANES: usize = 16;

/// One value for each object of a block.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub(super) struct Lanes(pub(super) [f64; LANES]);

/// `N` lanes at work.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Vector<const N: usize, const FUSED: bool>(pub(super) [f64; N]);

/// Adding it to a number below 2^51 rounds that to an integer, in the low bits of the sum.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// pi/2 as the sum of parts; with a fused multiply-add two are exact to 1e-32.
const FRAC_PI_2_PARTS: [f64; 2] = [FRAC_PI_2, 6.123_233_995_736_766e-17];

/// pi/2 in parts of 33 bits (fdlibm), whose products with small integers are exact.
const FRAC_PI_2_SHORT_PARTS: [f64; 3] =
    [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_795_950_7e-21];

/// Minimax polynomials of sine and cosine on +/- pi/4 (fdlibm, `k_sin.c` and `k_cos.c`).
const SINE: [f64; 6] = [
    -1.666_666_666_666_663_2e-1,
    8.333_333_333_322_49e-3,
    -1.984_126_982_985_795e-4,
    2.755_731_370_707_006_8e-6,
    -2.505_076_025_340_686_3e-8,
    1.589_690_995_211_55e-10,
];
const COSINE: [f64; 6] = [
    4.166_666_666_666_66e-2,
    -1.388_888_888_887_411e-3,
    2.480_158_728_947_673e-5,
    -2.755_731_435_139_066_3e-7,
    2.087_572_321_298_175e-9,
    -1.135_964_755_778_819_5e-11,
];

/// Minimax polynomial of the arc tangent on +/- 7/16 (fdlibm, `s_atan.c`).
const ARC_TANGENT: [f64; 11] = [
    3.333_333_333_333_293e-1,
    -1.999_999_999_987_648_3e-1,
    1.428_571_427_250_346_6e-1,
    -1.111_111_040_546_235_6e-1,
    9.090_887_133_436_507e-2,
    -7.691_876_205_044_83e-2,
    6.661_073_137_387_531e-2,
    -5.833_570_133_790_573_5e-2,
    4.976_877_994_615_932_4e-2,
    -3.653_157_274_421_691_6e-2,
    1.628_582_011_536_578_2e-2,
];

macro_rules! lane_wise {
    ($($trait:ident $method:ident $operator:tt $assign:tt),*) => {$(
        impl<const N: usize, const FUSED: bool> $trait for Vector<N, FUSED> {
            type Output = Self;
            #[inline(always)]
            fn $method(mut self, other: Self) -> Self {
                for i in 0..N {
                    self.0[i] $assign other.0[i];
                }
                self
            }
        }
        impl<const N: usize, const FUSED: bool> $trait<f64> for Vector<N, FUSED> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: f64) -> Self {
                self $operator Self::splat(other)
            }
        }
    )*};
}

lane_wise!(Add add + +=, Sub sub - -=, Mul mul * *=, Div div / /=);

impl<const N: usize, const FUSED: bool> Neg for Vector<N, FUSED> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|x| -x)
    }
}

impl<const N: usize, const FUSED: bool> Vector<N, FUSED> {
    #[inline(always)]
    pub(super) fn splat(value: f64) -> Self {
        Self([value; N])
    }

    /// Part number `part` of the lanes of a block.
    #[inline(always)]
    pub(super) fn load(lanes: &Lanes, part: usize) -> Self {
        let mut vector = [0.0; N];
        vector.copy_from_slice(&lanes.0[part * N..(part + 1) * N]);
        Self(vector)
    }

    #[inline(always)]
    fn map(mut self, f: impl Fn(f64) -> f64) -> Self {
        for i in 0..N {
            self.0[i] = f(self.0[i]);
        }
        self
    }

    /// `self * factor + addend`, fused or not.
    #[inline(always)]
    pub(super) fn mul_add(mut self, factor: Self, addend: Self) -> Self {
        for i in 0..N {
            self.0[i] = if FUSED {
                self.0[i].mul_add(factor.0[i], addend.0[i])
            } else {
                self.0[i] * factor.0[i] + addend.0[i]
            };
        }
        self
    }

    /// `addend - self * factor`, fused or not.
    #[inline(always)]
    pub(super) fn neg_mul_add(self, factor: Self, addend: Self) -> Self {
        (-self).mul_add(factor, addend)
    }

    #[inline(always)]
    pub(super) fn sqrt(self) -> Self {
        self.map(f64::sqrt)
    }

    #[inline(always)]
    pub(super) fn abs(self) -> Self {
        self.map(f64::abs)
    }

    #[inline(always)]
    pub(super) fn max(self, limit: f64) -> Self {
        self.map(|x| if x > limit { x } else { limit })
    }

    /// Each lane within +/- `limit`.
    #[inline(always)]
    pub(super) fn clamp(self, limit: f64) -> Self {
        self.map(|x| {
            let x = if x > limit { limit } else { x };
            if x < -limit { -limit } else { x }
        })
    }

    /// In each lane `yes` where `self` is below `limit`, else `no`.
    #[inline(always)]
    pub(super) fn select_below(self, limit: Self, yes: Self, mut no: Self) -> Self {
        for i in 0..N {
            no.0[i] = if self.0[i] < limit.0[i] { yes.0[i] } else { no.0[i] };
        }
        no
    }

    /// The smaller of both in each lane; `other` where one is NaN.
    #[inline(always)]
    pub(super) fn min(self, other: Self) -> Self {
        self.select_below(other, self, other)
    }

    /// Whether every lane is positive; false if one is NaN.
    #[inline(always)]
    pub(super) fn all_positive(self) -> bool {
        let mut all = true;
        for i in 0..N {
            all &= self.0[i] > 0.0;
        }
        all
    }

    /// The polynomial with these coefficients, constant term first.
    #[inline(always)]
    pub(super) fn polynomial<const D: usize>(self, coefficients: [f64; D]) -> Self {
        let mut sum = Self::splat(coefficients[D - 1]);
        for i in (0..D - 1).rev() {
            sum = sum.mul_add(self, Self::splat(coefficients[i]));
        }
        sum
    }

    /// The nearest integer (below 2^51 in size).
    #[inline(always)]
    fn round(self) -> Self {
        (self + ROUNDER) - ROUNDER
    }

    /// `self` reduced by whole multiples of `period`, as a floating-point number, to +/- period / 2.
    #[inline(always)]
    pub(super) fn reduced_by(self, period: f64) -> Self {
        let turns = (self * (1.0 / period)).round();
        if FUSED {
            turns.neg_mul_add(Self::splat(period), self)
        } else {
            // The product in two parts: the first has so few bits that it is exact.
            let head = f64::from_bits(period.to_bits() & !((1 << 27) - 1));
            (self - turns * head) - turns * (period - head)
        }
    }

    /// Sine and cosine of an angle up to some 1e6 radians, to about 2e-16.
    #[inline(always)]
    pub(super) fn sin_cos(self) -> (Self, Self) {
        let shifted = self.mul_add(Self::splat(FRAC_2_PI), Self::splat(ROUNDER));
        let turns = shifted - ROUNDER;
        let angle = if FUSED {
            let [head, tail] = FRAC_PI_2_PARTS.map(Self::splat);
            turns.neg_mul_add(tail, turns.neg_mul_add(head, self))
        } else {
            let [head, middle, tail] = FRAC_PI_2_SHORT_PARTS.map(Self::splat);
            self - turns * head - turns * middle - turns * tail
        };
        let (sin, cos) = angle.sin_cos_reduced();
        let (mut out_sin, mut out_cos) = ([0.0; N], [0.0; N]);
        for i in 0..N {
            let quadrant = shifted.0[i].to_bits();
            let swap = (quadrant & 1).wrapping_neg();
            let (s, c) = (sin.0[i].to_bits(), cos.0[i].to_bits());
            let exchanged = (s ^ c) & swap;
            let sin_sign = (quadrant & 2) << 62;
            let cos_sign = (quadrant.wrapping_add(1) & 2) << 62;
            out_sin[i] = f64::from_bits((s ^ exchanged) ^ sin_sign);
            out_cos[i] = f64::from_bits((c ^ exchanged) ^ cos_sign);
        }
        (Self(out_sin), Self(out_cos))
    }

    /// Sine and cosine of an angle within +/- pi/4.
    #[inline(always)]
    pub(super) fn sin_cos_reduced(self) -> (Self, Self) {
        let z = self * self;
        let sin = (z * self).mul_add(z.polynomial(SINE), self);
        let cos = (z * z).mul_add(z.polynomial(COSINE), z.neg_mul_add(Self::splat(0.5), Self::splat(1.0)));
        (sin, cos)
    }

    /// Sine and cosine of an angle below 0.01.
    #[inline(always)]
    pub(super) fn sin_cos_small(self) -> (Self, Self) {
        let z = self * self;
        let sin = self * z.polynomial([1.0, -1.0 / 6.0, 1.0 / 120.0]);
        let cos = z.polynomial([1.0, -0.5, 1.0 / 24.0, -1.0 / 720.0]);
        (sin, cos)
    }

    /// Angle of the point (`x`, `self`), within +/- pi.
    #[inline(always)]
    pub(super) fn atan2(self, x: Self) -> Self {
        let (ax, ay) = (x.abs(), self.abs());
        let smaller = ay.select_below(ax, ay, ax);
        let larger = ay.select_below(ax, ax, ay);
        // The angle from the nearer axis, less pi/4 where it exceeds pi/8.
        let tan_pi_8 = 0.414_213_562_373_095_03;
        let low = smaller.select_below(larger * tan_pi_8, Self::splat(1.0), Self::splat(0.0));
        let high = Self::splat(1.0) - low;
        let ratio = (smaller - high * larger) / (larger + high * smaller);
        let z = ratio * ratio;
        let angle = (ratio * z).neg_mul_add(z.polynomial(ARC_TANGENT), ratio) + high * FRAC_PI_4;
        let angle = ay.select_below(ax, angle, Self::splat(FRAC_PI_2) - angle);
        let angle = x.select_below(Self::splat(0.0), Self::splat(PI) - angle, angle);
        self.select_below(Self::splat(0.0), -angle, angle)
    }
}
