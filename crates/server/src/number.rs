//! Numbers as users write them and as SOCRATES prints them.

use std::num::NonZero;

use anyhow::{Context, bail};

/// A number, neither infinite nor NaN.
pub(crate) fn finite(text: &str) -> anyhow::Result<f64> {
    let value: f64 = text.trim().parse().context("not a number")?;
    if !value.is_finite() {
        bail!("not a finite number");
    }
    Ok(value)
}

/// A number above 0.
pub(crate) fn positive(text: &str) -> anyhow::Result<f64> {
    let value = finite(text)?;
    if value <= 0.0 {
        bail!("it must be above 0");
    }
    Ok(value)
}

/// A whole number above 0.
pub(crate) fn count(text: &str) -> anyhow::Result<NonZero<usize>> {
    text.trim().parse().ok().context("it must be a whole number above 0")
}

/// A number with so many decimals and an exponent of at least two digits: `2.529E-03`.
pub(crate) fn scientific(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$E}");
    match text.split_once('E') {
        Some((digits, exponent)) => {
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
            format!("{digits}E{sign}{exponent:0>2}")
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_printed_as_socrates_does() {
        // Published: 2.529E-03, 2.132E-01 and 1.000E+00.
        assert_eq!(scientific(0.002_529_4, 3), "2.529E-03");
        assert_eq!(scientific(0.213_19, 3), "2.132E-01");
        assert_eq!(scientific(1.0, 3), "1.000E+00");
        assert_eq!(scientific(1e-123, 3), "1.000E-123");
        assert_eq!(scientific(0.0, 3), "0.000E+00");
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        assert!(finite("-0.4").is_ok() && positive("0.1").is_ok());
        for text in ["", "five", "nan", "inf", "1,5"] {
            assert!(finite(text).is_err() && positive(text).is_err(), "{text:?}");
        }
        assert!(positive("0").is_err() && positive("-1").is_err());
    }
}
