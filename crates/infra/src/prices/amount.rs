//! Amounts of money and quantities as AWS writes them: decimals, multiplied without loss.

use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

/// A decimal that is not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Amount {
    digits: u128,
    /// How many of the digits stand behind the point; the last of them is not zero.
    places: u32,
}

/// A text is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no amount")]
pub struct NoAmount(pub String);

/// Digits of which the product with any multiplier is still counted exactly.
const DIGITS: usize = 19;

impl Amount {
    fn new(mut digits: u128, mut places: u32) -> Self {
        while places > 0 && digits.is_multiple_of(10) {
            digits /= 10;
            places -= 1;
        }
        Self { digits, places }
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.digits == 0
    }

    /// So many times as much.
    #[must_use]
    pub fn times(self, count: NonZeroU64) -> Self {
        // 19 digits and 20 more are less than the 39 that fit.
        Self::new(self.digits * u128::from(count.get()), self.places)
    }

    /// The nearest number that a price is kept as.
    #[must_use]
    pub fn nearest(self) -> f64 {
        // A decimal is read as a number without fail.
        self.to_string().parse().unwrap_or(f64::INFINITY)
    }
}

impl FromStr for Amount {
    type Err = NoAmount;

    fn from_str(text: &str) -> Result<Self, NoAmount> {
        let no = || NoAmount(text.to_owned());
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("{whole}{fraction}");
        if whole.is_empty() || text.ends_with('.') || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(no());
        }
        let places = u32::try_from(fraction.len()).map_err(|_| no())?;
        if digits.trim_start_matches('0').len() > DIGITS {
            return Err(no());
        }
        Ok(Self::new(digits.parse().map_err(|_| no())?, places))
    }
}

impl From<u64> for Amount {
    fn from(count: u64) -> Self {
        Self::new(count.into(), 0)
    }
}

impl Ord for Amount {
    fn cmp(&self, other: &Self) -> Ordering {
        // Written with as many places, the longer number of digits is the larger one.
        let places = self.places.max(other.places) as usize;
        let digits = |amount: &Self| {
            let zeros = places - amount.places as usize;
            let text = format!("{}{}", amount.digits, "0".repeat(zeros));
            let text = text.trim_start_matches('0').to_owned();
            (text.len(), text)
        };
        digits(self).cmp(&digits(other))
    }
}

impl PartialOrd for Amount {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = self.places as usize;
        let text = format!("{:0width$}", self.digits, width = places + 1);
        let (whole, fraction) = text.split_at(text.len() - places);
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{whole}{point}{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    #[test]
    fn amounts_of_the_list_are_read_and_multiplied_exactly() {
        let million = NonZeroU64::new(1_000_000).unwrap();
        for (written, per, expected) in [
            ("0.0000002000", million, "0.2"),
            ("0.0000133334", million, "13.3334"),
            ("0.0100000000", NonZeroU64::new(2).unwrap(), "0.02"),
            ("5", NonZeroU64::MIN, "5"),
            ("0.0323800000", NonZeroU64::MIN, "0.03238"),
            ("0.0000000000", million, "0"),
            ("9999999999999999999", NonZeroU64::MAX, "184467440737095516131553255926290448385"),
        ] {
            let product = amount(written).times(per);
            assert_eq!(product.to_string(), expected, "{written} x {per}");
            let number: f64 = expected.parse().unwrap();
            assert_eq!(product.nearest().to_bits(), number.to_bits(), "{written} x {per}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        let long = "1".repeat(20);
        for text in
            ["", ".", "1.", ".5", "-1", "+1", "1e3", "0x1", "1,0", " 1", "1.2.3", "NaN", "Inf", "١", &long]
        {
            assert_eq!(text.parse::<Amount>(), Err(NoAmount(text.to_owned())), "{text}");
        }
        // Leading zeros are not digits.
        assert_eq!(amount(&format!("{}1", "0".repeat(60))).to_string(), "1");
    }

    #[test]
    fn amounts_are_ordered_by_what_they_are_worth() {
        let ordered = ["0", "0.0000002", "0.5", "1", "1.5", "10", "10240"].map(amount);
        assert!(ordered.is_sorted_by(|a, b| a < b));
        assert_eq!(amount("1.50"), amount("1.5"));
        assert_eq!(amount("51200.0000000000"), Amount::from(51_200));
    }
}
