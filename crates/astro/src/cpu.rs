//! Choice of the instruction set at run time.
//!
//! A [`Kernel`] is written once, in plain arithmetic on arrays that the compiler vectorizes; [`Path::run`] compiles
//! it for each instruction set and runs the copy that is asked for.

/// An instruction set that kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Path {
    /// x86-64 with AVX-512 (F, DQ, BW, VL) and FMA.
    Avx512,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// What the target guarantees: SSE2 on x86-64, NEON on `AArch64`.
    Portable,
}

/// Work that is compiled once for each instruction set.
///
/// `run` must be `#[inline(always)]`, and so must be all that it calls, or the copies will not differ.
pub trait Kernel {
    /// What the work returns.
    type Output;

    /// Does the work. `DOUBLES` is how many f64 are best worked on at once: two registers and more, because one chain of
    /// dependent steps leaves the arithmetic units idle. `FMA` says whether `f64::mul_add` is one instruction.
    fn run<const DOUBLES: usize, const FMA: bool>(self) -> Self::Output;
}

impl Path {
    /// All, the fastest first.
    pub const ALL: [Self; 3] = [Self::Avx512, Self::Avx2, Self::Portable];

    /// The fastest that this processor has.
    #[must_use]
    pub fn detect() -> Self {
        Self::ALL.into_iter().find(|path| path.is_available()).unwrap_or(Self::Portable)
    }

    /// Name for tables and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        }
    }

    /// Whether this processor has the path's instructions.
    #[must_use]
    pub fn is_available(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        match self {
            Self::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("fma")
            }
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            Self::Portable => true,
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            self == Self::Portable
        }
    }

    /// Runs a kernel on this path; on the portable one where the processor lacks its instructions.
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[cfg(target_arch = "x86_64")]
        {
            #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
            fn avx512<K: Kernel>(kernel: K) -> K::Output {
                kernel.run::<16, true>()
            }
            #[target_feature(enable = "avx2,fma")]
            fn avx2<K: Kernel>(kernel: K) -> K::Output {
                kernel.run::<8, true>()
            }
            match self {
                #[expect(unsafe_code, reason = "the one place where an instruction set is entered")]
                // SAFETY: the processor has the instructions; `is_available` just asked it.
                Self::Avx512 if self.is_available() => return unsafe { avx512(kernel) },
                #[expect(unsafe_code, reason = "the one place where an instruction set is entered")]
                // SAFETY: as above.
                Self::Avx2 if self.is_available() => return unsafe { avx2(kernel) },
                _ => {}
            }
        }
        kernel.run::<8, { cfg!(any(target_feature = "fma", target_arch = "aarch64")) }>()
    }
}

/// `a * b + c`, by one instruction where `FMA` says that it is one.
#[inline(always)]
pub fn multiply_add<const FMA: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// `a * b + c` in single precision, by one instruction where `FMA` says that it is one.
#[inline(always)]
pub fn multiply_add_single<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}
