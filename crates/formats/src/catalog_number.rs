//! Catalog numbers and their Alpha-5 form.

use std::fmt;
use std::str::FromStr;

use crate::error::{Fault, excerpt};

/// Number of an object in the satellite catalog: an integer of up to nine digits.
///
/// A TLE has five columns for it. From 100,000 to 339,999 the first column is a letter (Alpha-5:
/// `A` = 10 to `Z` = 33, without `I` and `O`); larger numbers have no TLE.
///
/// ```
/// use astroshield_formats::CatalogNumber;
/// let number: CatalogNumber = "T0001".parse()?;
/// assert_eq!(number.get(), 270_001);
/// assert_eq!(number.to_alpha5().as_deref(), Some("T0001"));
/// # Ok::<(), astroshield_formats::Fault>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CatalogNumber(u32);

const ALPHA5_LETTERS: &[u8; 24] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";

impl CatalogNumber {
    /// Largest number: nine digits.
    pub const MAX: Self = Self(999_999_999);
    /// Largest number with a TLE, `Z9999`.
    pub const MAX_ALPHA5: Self = Self(339_999);

    /// A catalog number, if it has at most nine digits.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        if number <= Self::MAX.0 { Some(Self(number)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The five columns of a TLE: digits with leading zeros, or Alpha-5; `None` above [`Self::MAX_ALPHA5`].
    #[must_use]
    pub fn to_alpha5(self) -> Option<String> {
        let (thousands, rest) = (self.0 / 10_000, self.0 % 10_000);
        match thousands {
            0..10 => Some(format!("{:05}", self.0)),
            _ => {
                let letter = ALPHA5_LETTERS.get(usize::try_from(thousands - 10).ok()?)?;
                Some(format!("{}{rest:04}", char::from(*letter)))
            }
        }
    }
}

impl fmt::Display for CatalogNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<CatalogNumber> for u32 {
    fn from(number: CatalogNumber) -> Self {
        number.0
    }
}

impl FromStr for CatalogNumber {
    type Err = Fault;

    /// Reads one to nine digits, or Alpha-5; blanks around it are ignored.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let fault = || Fault::NotACatalogNumber(excerpt(text));
        let digits = |bytes: &[u8]| {
            bytes
                .iter()
                .try_fold(0_u32, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
        };
        match text.trim().as_bytes() {
            [letter, rest @ ..] if letter.is_ascii_alphabetic() && rest.len() == 4 => {
                let index = ALPHA5_LETTERS.iter().position(|known| known == letter).ok_or_else(fault)?;
                let index = u32::try_from(index).map_err(|_| fault())?;
                Ok(Self((index + 10) * 10_000 + digits(rest).ok_or_else(fault)?))
            }
            bytes @ ([_] | [_, .., _]) if bytes.len() <= 9 => digits(bytes).map(Self).ok_or_else(fault),
            _ => Err(fault()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<u32> {
        text.parse::<CatalogNumber>().ok().map(CatalogNumber::get)
    }

    #[test]
    fn alpha5_letters_skip_i_and_o() {
        // Published corners of the scheme (space-track.org, "Alpha-5").
        let corners = [
            ("A0000", 100_000),
            ("E8493", 148_493),
            ("H9999", 179_999),
            ("J0000", 180_000),
            ("J2931", 182_931),
            ("N9999", 229_999),
            ("P0000", 230_000),
            ("P4018", 234_018),
            ("T0001", 270_001),
            ("W1928", 301_928),
            ("Z9999", 339_999),
        ];
        for (text, number) in corners {
            assert_eq!(read(text), Some(number), "{text}");
            assert_eq!(CatalogNumber(number).to_alpha5().as_deref(), Some(text));
        }
        for text in ["I0000", "O0000", "a0000", "A000", "AA000", "A00000", "", " ", "-1", "+1", "1234567890"]
        {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn every_number_with_a_tle_survives_its_five_columns() {
        for number in 0..=339_999 {
            let text = CatalogNumber(number).to_alpha5().unwrap();
            assert_eq!((text.len(), read(&text)), (5, Some(number)));
        }
        assert_eq!(CatalogNumber(340_000).to_alpha5(), None);
    }

    #[test]
    fn nine_digits_are_read_and_blanks_ignored() {
        assert_eq!(read("999999999"), Some(999_999_999));
        assert_eq!(read("    5"), Some(5));
        assert_eq!(CatalogNumber::new(1_000_000_000), None);
    }
}
