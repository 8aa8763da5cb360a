//! Units as messages write them.

use crate::error::{Fault, excerpt};

/// Exponents of: length, time, mass, angle, Earth radii, percent.
type Dimensions = [i8; 6];

/// Name, size in the base units (m, s, kg, deg, ER, %), dimensions.
const UNITS: &[(&str, f64, Dimensions)] = &[
    ("km", 1e3, [1, 0, 0, 0, 0, 0]),
    ("m", 1.0, [1, 0, 0, 0, 0, 0]),
    ("cm", 1e-2, [1, 0, 0, 0, 0, 0]),
    ("mm", 1e-3, [1, 0, 0, 0, 0, 0]),
    ("s", 1.0, [0, 1, 0, 0, 0, 0]),
    ("sec", 1.0, [0, 1, 0, 0, 0, 0]),
    ("ms", 1e-3, [0, 1, 0, 0, 0, 0]),
    ("min", 60.0, [0, 1, 0, 0, 0, 0]),
    ("h", 3600.0, [0, 1, 0, 0, 0, 0]),
    ("d", 86400.0, [0, 1, 0, 0, 0, 0]),
    ("day", 86400.0, [0, 1, 0, 0, 0, 0]),
    ("kg", 1.0, [0, 0, 1, 0, 0, 0]),
    ("g", 1e-3, [0, 0, 1, 0, 0, 0]),
    ("N", 1.0, [1, -2, 1, 0, 0, 0]),
    ("W", 1.0, [2, -3, 1, 0, 0, 0]),
    ("J", 1.0, [2, -2, 1, 0, 0, 0]),
    ("Hz", 1.0, [0, -1, 0, 0, 0, 0]),
    ("deg", 1.0, [0, 0, 0, 1, 0, 0]),
    ("rad", 180.0 / std::f64::consts::PI, [0, 0, 0, 1, 0, 0]),
    ("rev", 360.0, [0, 0, 0, 1, 0, 0]),
    ("ER", 1.0, [0, 0, 0, 0, 1, 0]),
    ("%", 1.0, [0, 0, 0, 0, 0, 1]),
    ("1", 1.0, [0; 6]),
    ("n/a", 1.0, [0; 6]),
];

/// Expresses a value that is in `found` in the unit of the standard.
pub(crate) fn convert(value: f64, expected: &'static str, found: &str) -> Result<f64, Fault> {
    if found == expected || found.is_empty() {
        return Ok(value);
    }
    let fault = || Fault::Unit { expected, found: excerpt(found) };
    let (found_size, found_dimensions) = parse(found).ok_or_else(fault)?;
    let (size, dimensions) = parse(if expected.is_empty() { "1" } else { expected }).ok_or_else(fault)?;
    if dimensions != found_dimensions {
        return Err(fault());
    }
    // Dividing by a power of ten rounds once, multiplying by its inverse twice.
    let converted = if found_size < size { value / (size / found_size) } else { value * (found_size / size) };
    if converted.is_finite() { Ok(converted) } else { Err(Fault::NotANumber(value.to_string())) }
}

/// Size and dimensions of a product of powers of units, as `m**3/(kg*s)`, `km²·s⁻¹` or `1/ER`.
fn parse(text: &str) -> Option<(f64, Dimensions)> {
    if text.len() > 64 {
        return None;
    }
    if let Some((_, size, dimensions)) = UNITS.iter().find(|(name, ..)| *name == text) {
        return Some((*size, *dimensions));
    }
    let mut plain = String::with_capacity(text.len());
    let mut raised = false;
    for character in text.chars() {
        let superscript = "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|known| known == character);
        let digit = superscript.and_then(|digit| char::from_digit(u32::try_from(digit).ok()?, 10));
        let digit = digit.or((character == '⁻').then_some('-'));
        if digit.is_some() && !raised {
            plain.push('^');
        }
        raised = digit.is_some();
        match (digit, character) {
            (Some(digit), _) => plain.push(digit),
            (None, '×' | '·' | '.' | '⋅') => plain.push('*'),
            (None, character) if character.is_whitespace() => {}
            (None, character) => plain.push(character),
        }
    }
    let plain = plain.replace("**", "^");
    let mut rest = plain.as_str();
    let product = product(&mut rest, 0)?;
    rest.is_empty().then_some(product)
}

fn product(text: &mut &str, depth: u8) -> Option<(f64, Dimensions)> {
    let (mut size, mut dimensions) = (1.0, [0_i8; 6]);
    let mut sign = 1_i8;
    loop {
        let (base_size, base_dimensions) = if let Some(inner) = text.strip_prefix('(') {
            *text = inner;
            let inner = if depth < 3 { product(text, depth + 1)? } else { return None };
            *text = text.strip_prefix(')')?;
            inner
        } else {
            let end = text.find(['*', '/', '^', '(', ')']).unwrap_or(text.len());
            let (name, rest) = text.split_at(end);
            *text = rest;
            let exact = UNITS.iter().find(|(known, ..)| *known == name);
            let unit = exact.or_else(|| UNITS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name)))?;
            (unit.1, unit.2)
        };
        let mut power = 1_i8;
        if let Some(rest) = text.strip_prefix('^') {
            let end = rest.find(['*', '/', '(', ')']).unwrap_or(rest.len());
            let (digits, rest) = rest.split_at(end);
            power = digits.parse().ok().filter(|power| (-9..=9).contains(power))?;
            *text = rest;
        }
        size *= base_size.powi(i32::from(sign * power));
        for (sum, exponent) in dimensions.iter_mut().zip(base_dimensions) {
            *sum = sum.checked_add(exponent.checked_mul(sign * power)?)?;
        }
        sign = match text.as_bytes().first() {
            Some(b'*') => 1,
            Some(b'/') => -1,
            _ => return Some((size, dimensions)),
        };
        *text = text.get(1..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_unit_in_another_spelling_leaves_the_value_alone() {
        for (expected, found) in [
            ("km**2/s**2", "km².s⁻²"),
            ("km/s", "km×s⁻¹"),
            ("km/s", "KM/S"),
            ("m**3/(kg*s)", "m^3/kg/s"),
            ("1/ER", "ER**-1"),
            ("%", "%"),
            ("", "n/a"),
            ("rev/day", "rev/d"),
        ] {
            assert_eq!(convert(0.1, expected, found), Ok(0.1), "{found}");
        }
    }

    #[test]
    fn metric_prefixes_are_converted_with_one_rounding() {
        assert_eq!(convert(6_503_514.0, "km", "m"), Ok(6503.514));
        assert_eq!(convert(-873.16, "km/s", "m×s⁻¹"), Ok(-873.16 / 1000.0));
        assert_eq!(convert(2.0, "m**2", "km**2"), Ok(2e6));
    }

    #[test]
    fn other_dimensions_and_nonsense_are_refused() {
        for found in ["s", "m**3", "m**", "m*", "(m", "((((m**2))))", "m**99", "m**2)", "furlong", "m**-2"] {
            assert!(convert(1.0, "m**2", found).is_err(), "{found}");
        }
    }
}
