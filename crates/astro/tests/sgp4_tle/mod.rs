//! TLE for the SGP4 tests, by a minimal reader (the crate that reads formats depends on this one).

use astroshield_astro::elements::MeanElements;
use hifitime::{Epoch, TimeScale, Unit};

fn number(text: &str) -> f64 {
    text.trim().parse().expect("a number")
}

/// A TLE number with implied decimal point and exponent: " 28098-4" is 0.28098e-4.
fn implied_decimal(text: &str) -> f64 {
    let (mantissa, exponent) = text.split_at(text.len() - 2);
    let sign = if mantissa.starts_with('-') { "-" } else { "" };
    number(&format!("{sign}0.{}e{exponent}", mantissa[1..].trim()))
}

/// Mean elements of a TLE. The epoch's eight decimals of a day are whole multiples of 864 microseconds.
pub(crate) fn read(line1: &str, line2: &str) -> MeanElements {
    let two_digit_year = number(&line1[18..20]) as i32;
    let year = if two_digit_year < 57 { 2000 + two_digit_year } else { 1900 + two_digit_year };
    let (day, fraction) = line1[20..32].split_once('.').unwrap();
    let nanoseconds = number(fraction) as i64 * 864_000;
    let midnight = Epoch::from_gregorian_utc_at_midnight(year, 1, 1).to_utc_duration();
    let of_year = (number(day) as i64 - 1) * Unit::Day + nanoseconds * Unit::Nanosecond;
    MeanElements {
        epoch: Epoch::from_duration(midnight + of_year, TimeScale::UTC),
        mean_motion_rev_day: number(&line2[52..63]),
        eccentricity: number(&format!("0.{}", line2[26..33].trim())),
        inclination_deg: number(&line2[8..16]),
        raan_deg: number(&line2[17..25]),
        argument_of_perigee_deg: number(&line2[34..42]),
        mean_anomaly_deg: number(&line2[43..51]),
        bstar_inv_earth_radii: implied_decimal(&line1[53..61]),
    }
}
