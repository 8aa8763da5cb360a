//! Two-line element sets, with or without a name line.

use std::fmt::Write as _;
use std::sync::Arc;

use astroshield_astro::elements::MeanElements;
use hifitime::Epoch;

use crate::catalog_number::CatalogNumber;
use crate::error::{ConversionError, Fault, Located, Location, Strictness, WriteError, excerpt};
use crate::field::read_number;
use crate::reading::{Read, report};
use crate::text;
use crate::timestamp::{TimeSystem, Timestamp};

/// A two-line element set.
///
/// The numbers are those of the lines, in the lines' units; every one of them is exact, so that the lines come
/// back from [`Tle::write_lines`] with the digits that they had. Only what the columns do not say is normalized:
/// blanks that pad numbers, plus signs, the sign of a zero's exponent, and text after column 69 is not read.
#[derive(Debug, Clone, PartialEq)]
pub struct Tle {
    /// Name of the object, from the line before line 1.
    pub name: Option<String>,
    /// Catalog number, from digits or Alpha-5.
    pub catalog_number: CatalogNumber,
    /// Classification: `U`, `C` or `S`.
    pub classification: char,
    /// International designator in the short form of the lines (`98067A`), or empty.
    pub international_designator: String,
    /// Epoch of the elements (UTC).
    pub epoch: Timestamp,
    /// Half the first derivative of the mean motion, in rev/day², as published; SGP4 does not use it.
    pub mean_motion_dot_rev_day2: f64,
    /// A sixth of the second derivative of the mean motion, in rev/day³, as published; SGP4 does not use it.
    pub mean_motion_ddot_rev_day3: f64,
    /// SGP4 drag term B*, in inverse Earth radii.
    pub bstar_inv_earth_radii: f64,
    /// Ephemeris type: 0 (or 2) for SGP4, 4 for SGP4-XP.
    pub ephemeris_type: u32,
    /// Number of the element set.
    pub element_set_number: u32,
    /// Inclination, in degrees.
    pub inclination_deg: f64,
    /// Right ascension of the ascending node, in degrees.
    pub raan_deg: f64,
    /// Eccentricity.
    pub eccentricity: f64,
    /// Argument of perigee, in degrees.
    pub argument_of_perigee_deg: f64,
    /// Mean anomaly, in degrees.
    pub mean_anomaly_deg: f64,
    /// Mean motion after Kozai, in revolutions per day.
    pub mean_motion_rev_day: f64,
    /// Revolution number at epoch.
    pub revolution_at_epoch: u32,
}

/// Nanoseconds in the last digit of a TLE epoch (1e-8 day).
const EPOCH_QUANTUM_NS: u64 = 864_000;
const DAY_NS: u64 = 86_400_000_000_000;

/// Sum of the digits of all columns but the last, a minus counting one, modulo 10.
fn checksum(columns: &str) -> u8 {
    let sum = columns.bytes().fold(0_u32, |sum, byte| match byte {
        b'0'..=b'9' => sum + u32::from(byte - b'0'),
        b'-' => sum + 1,
        _ => sum,
    });
    u8::try_from(sum % 10).unwrap_or(0)
}

/// Whether a line looks like line 1 or 2 of a TLE rather than a name.
fn is_element_line(line: &str, number: u8) -> bool {
    matches!(line.as_bytes(), [first, b' ', ..] if *first == number) && line.len() >= 40
}

/// One line with checked length, characters and checksum.
struct Line<'a> {
    text: &'a str,
    location: Location,
    /// Columns that the line has more than it should: see [`Line::check`].
    shift: usize,
}

impl<'a> Line<'a> {
    /// CelesTrak writes line 2 with an eccentricity of eight digits where its source has them: a line of 70
    /// characters, with a digit in column 34 where a blank is due.
    fn check(text: &'a str, location: Location) -> Result<Self, Located> {
        if let Some(character) = text.chars().find(|character| !matches!(character, ' '..='~')) {
            return Err(Fault::Unexpected(format!("character {character:?}")).on(location));
        }
        let shifted = text.len() == 70
            && matches!(text.as_bytes(), [b'2', ..])
            && text.as_bytes().get(33).is_some_and(u8::is_ascii_digit);
        let shift = usize::from(shifted);
        let (columns, rest) =
            text.split_at_checked(69 + shift).ok_or_else(|| Fault::LineLength(text.len()).on(location))?;
        if !(rest.is_empty() || rest.starts_with(' ')) {
            return Err(Fault::LineLength(text.len()).on(location));
        }
        let (sum, last) = columns.split_at(68 + shift);
        let found = last.chars().next_back().unwrap_or(' ');
        let computed = checksum(sum);
        if found.to_digit(10) != Some(u32::from(computed)) {
            return Err(Fault::Checksum { computed, found }.on(location));
        }
        Ok(Self { text: columns, location, shift })
    }

    /// Columns `from` to `to`, counted from 1, without blanks around.
    fn columns(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from - 1..to).unwrap_or("").trim()
    }

    fn decimal(&self, from: usize, to: usize, field: &str) -> Result<f64, Located> {
        let text = self.columns(from, to);
        let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-'));
        let number = if plain { read_number(text) } else { Err(Fault::NotANumber(excerpt(text))) };
        number.map_err(|fault| fault.at(self.location, field))
    }

    /// An integer; blank is zero, as old element sets leave columns empty.
    fn integer(&self, from: usize, to: usize, field: &str) -> Result<u32, Located> {
        let text = self.columns(from, to);
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let value = if text.is_empty() { Some(0) } else { text.parse().ok().filter(|_| digits) };
        value.ok_or_else(|| Fault::NotAnInteger(excerpt(text)).at(self.location, field))
    }

    /// Eight columns `±ddddd±d`: a decimal fraction of five digits and a power of ten.
    fn exponential(&self, from: usize, field: &str) -> Result<f64, Located> {
        let text = self.columns(from, from + 7);
        let fault = || Fault::NotANumber(excerpt(text)).at(self.location, field);
        if text.is_empty() {
            return Ok(0.0);
        }
        let (sign, digits) = match text.as_bytes().first() {
            Some(b'-') => ("-", &text[1..]),
            Some(b'+') => ("", &text[1..]),
            _ => ("", text),
        };
        let (digits, exponent) = digits.split_at_checked(digits.len().saturating_sub(2)).ok_or_else(fault)?;
        let digits = digits.trim_start();
        // Some producers write the decimal point.
        let digits = digits.strip_prefix('.').unwrap_or(digits);
        let exponent = exponent.replace(' ', "+");
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(fault());
        }
        read_number(&format!("{sign}0.{digits:0>5}e{exponent}")).map_err(|_| fault())
    }
}

impl Tle {
    /// Reads lines 1 and 2.
    fn from_lines(name: Option<String>, first: &Line<'_>, second: &Line<'_>) -> Result<Self, Located> {
        let number = first.columns(3, 7);
        let catalog_number: CatalogNumber =
            number.parse().map_err(|fault: Fault| fault.at(first.location, "NORAD_CAT_ID"))?;
        let other = second.columns(3, 7);
        if other.parse() != Ok(catalog_number) {
            let fault = Fault::LinePair { line_1: number.to_owned(), line_2: other.to_owned() };
            return Err(fault.on(second.location));
        }
        let shift = second.shift;
        let eccentricity = second.columns(27, 33 + shift);
        let eccentricity = read_number(&format!("0.{eccentricity:0>7}"))
            .map_err(|_| Fault::NotANumber(excerpt(eccentricity)).at(second.location, "ECCENTRICITY"))?;
        let tle = Self {
            name,
            catalog_number,
            classification: first.text.chars().nth(7).filter(|letter| *letter != ' ').unwrap_or('U'),
            international_designator: first.columns(10, 17).to_owned(),
            epoch: read_epoch(first.columns(19, 32)).map_err(|fault| fault.at(first.location, "EPOCH"))?,
            mean_motion_dot_rev_day2: first.decimal(34, 43, "MEAN_MOTION_DOT")?,
            mean_motion_ddot_rev_day3: first.exponential(45, "MEAN_MOTION_DDOT")?,
            bstar_inv_earth_radii: first.exponential(54, "BSTAR")?,
            ephemeris_type: first.integer(63, 63, "EPHEMERIS_TYPE")?,
            element_set_number: first.integer(65, 68, "ELEMENT_SET_NO")?,
            inclination_deg: second.decimal(9, 16, "INCLINATION")?,
            raan_deg: second.decimal(18, 25, "RA_OF_ASC_NODE")?,
            eccentricity,
            argument_of_perigee_deg: second.decimal(35 + shift, 42 + shift, "ARG_OF_PERICENTER")?,
            mean_anomaly_deg: second.decimal(44 + shift, 51 + shift, "MEAN_ANOMALY")?,
            mean_motion_rev_day: second.decimal(53 + shift, 63 + shift, "MEAN_MOTION")?,
            revolution_at_epoch: second.integer(64 + shift, 68 + shift, "REV_AT_EPOCH")?,
        };
        Ok(tle)
    }

    /// Epoch as an instant (UTC), exact.
    ///
    /// # Errors
    /// [`Fault::NotATime`] if the epoch is not a UTC time.
    pub fn epoch_utc(&self) -> Result<Epoch, Fault> {
        self.epoch.to_epoch(&TimeSystem::utc())
    }

    /// Writes the two lines, with their checksums, each ended by a line feed.
    ///
    /// # Errors
    /// [`WriteError::NotRepresentable`] if a value does not fit its columns, as a catalog number above 339,999.
    pub fn write_lines(&self, out: &mut String) -> Result<(), WriteError> {
        let refuse = |field: &str, value: String| WriteError::NotRepresentable {
            notation: "TLE",
            field: field.to_owned(),
            value,
        };
        let number = self
            .catalog_number
            .to_alpha5()
            .ok_or_else(|| refuse("NORAD_CAT_ID", self.catalog_number.to_string()))?;
        let designator = &self.international_designator;
        if designator.len() > 8 || !designator.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(refuse("OBJECT_ID", designator.clone()));
        }
        if !self.classification.is_ascii_graphic() {
            return Err(refuse("CLASSIFICATION_TYPE", self.classification.to_string()));
        }
        let epoch = write_epoch(&self.epoch).ok_or_else(|| refuse("EPOCH", self.epoch.to_string()))?;
        let exponential = |value: f64, field: &str| {
            write_exponential(value).ok_or_else(|| refuse(field, value.to_string()))
        };
        let decimal = |value: f64, width: usize, decimals: usize, field: &str| {
            let text = format!("{value:width$.decimals$}");
            if text.len() == width && value.is_finite() {
                Ok(text)
            } else {
                Err(refuse(field, value.to_string()))
            }
        };
        let integer = |value: u32, width: usize, field: &str| {
            let text = format!("{value:width$}");
            if text.len() == width { Ok(text) } else { Err(refuse(field, value.to_string())) }
        };
        let drag = decimal(self.mean_motion_dot_rev_day2, 11, 8, "MEAN_MOTION_DOT")?;
        let drag = match drag.trim_start().strip_prefix('-') {
            Some(digits) => digits.strip_prefix('0').map(|digits| format!("-{digits}")),
            None => drag.trim_start().strip_prefix('0').map(|digits| format!(" {digits}")),
        }
        .ok_or_else(|| refuse("MEAN_MOTION_DOT", self.mean_motion_dot_rev_day2.to_string()))?;
        let eccentricity = format!("{:.7}", self.eccentricity);
        let eccentricity = eccentricity
            .strip_prefix("0.")
            .ok_or_else(|| refuse("ECCENTRICITY", self.eccentricity.to_string()))?;

        let mut line = String::with_capacity(70);
        let _ = write!(
            line,
            "1 {number}{} {designator:<8} {epoch} {drag} {} {} {} {}",
            self.classification,
            exponential(self.mean_motion_ddot_rev_day3, "MEAN_MOTION_DDOT")?,
            exponential(self.bstar_inv_earth_radii, "BSTAR")?,
            integer(self.ephemeris_type, 1, "EPHEMERIS_TYPE")?,
            integer(self.element_set_number, 4, "ELEMENT_SET_NO")?,
        );
        let _ = writeln!(out, "{line}{}", checksum(&line));
        line.clear();
        let _ = write!(
            line,
            "2 {number} {} {} {eccentricity} {} {} {}{}",
            decimal(self.inclination_deg, 8, 4, "INCLINATION")?,
            decimal(self.raan_deg, 8, 4, "RA_OF_ASC_NODE")?,
            decimal(self.argument_of_perigee_deg, 8, 4, "ARG_OF_PERICENTER")?,
            decimal(self.mean_anomaly_deg, 8, 4, "MEAN_ANOMALY")?,
            decimal(self.mean_motion_rev_day, 11, 8, "MEAN_MOTION")?,
            integer(self.revolution_at_epoch, 5, "REV_AT_EPOCH")?,
        );
        let _ = writeln!(out, "{line}{}", checksum(&line));
        Ok(())
    }
}

/// `yyddd.dddddddd`, years 1957 to 2056; the day of the year may be padded with blanks.
fn read_epoch(text: &str) -> Result<Timestamp, Fault> {
    let parse = || {
        let (year, day) = text.split_at_checked(2)?;
        let (day, fraction) = day.split_once('.')?;
        let number =
            |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok())?;
        let year = u16::try_from(number(year.trim())?).ok()?;
        let day = u16::try_from(number(day.trim())?).ok()?;
        if fraction.is_empty() || fraction.len() > 8 {
            return None;
        }
        let quanta = number(fraction)? * 10_u64.pow(8 - u32::try_from(fraction.len()).ok()?);
        Timestamp::from_day_of_year(if year < 57 { 2000 + year } else { 1900 + year }, day)?
            .at_nanosecond(quanta * EPOCH_QUANTUM_NS)
    };
    parse().ok_or_else(|| Fault::NotATime(excerpt(text)))
}

fn write_epoch(epoch: &Timestamp) -> Option<String> {
    let (mut year, mut day) = (epoch.year(), epoch.day_of_year());
    let mut quanta = (epoch.nanoseconds_of_day() + EPOCH_QUANTUM_NS / 2) / EPOCH_QUANTUM_NS;
    let quanta_in_day = DAY_NS / EPOCH_QUANTUM_NS;
    if quanta >= quanta_in_day {
        quanta -= quanta_in_day;
        day += 1;
        if Timestamp::from_day_of_year(year, day).is_none() {
            (year, day) = (year + 1, 1);
        }
    }
    (1957..=2056).contains(&year).then(|| format!("{:02}{day:03}.{quanta:08}", year % 100))
}

/// Zero in eight columns, as CelesTrak writes it.
const ZERO: &str = " 00000+0";

/// `±ddddd±d`; what is below half a unit of the last digit is zero, from 1e9 there is no form.
fn write_exponential(value: f64) -> Option<String> {
    let sign = if value < 0.0 { '-' } else { ' ' };
    let scientific = format!("{:.4e}", value.abs());
    let (digits, exponent) = scientific.split_once('e')?;
    let exponent = exponent.parse::<i32>().ok()? + 1;
    if value == 0.0 {
        Some(ZERO.to_owned())
    } else if exponent < -9 {
        let text = format!("{:.14}", value.abs());
        match text.get(text.len() - 5..)? {
            "00000" => Some(ZERO.to_owned()),
            digits => Some(format!("{sign}{digits}-9")),
        }
    } else {
        let digits = digits.replace('.', "");
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        (exponent <= 9).then(|| format!("{sign}{digits}{exponent_sign}{}", exponent.abs()))
    }
}

impl TryFrom<&Tle> for MeanElements {
    type Error = ConversionError;

    /// The elements that SGP4 needs; the error names the field.
    fn try_from(tle: &Tle) -> Result<Self, Self::Error> {
        if !matches!(tle.ephemeris_type, 0 | 2) {
            return Err(ConversionError::new("EPHEMERIS_TYPE", not_sgp4(tle.ephemeris_type)));
        }
        check_domain(Self {
            epoch: tle.epoch_utc().map_err(|fault| ConversionError::new("EPOCH", fault))?,
            mean_motion_rev_day: tle.mean_motion_rev_day,
            eccentricity: tle.eccentricity,
            inclination_deg: tle.inclination_deg,
            raan_deg: tle.raan_deg,
            argument_of_perigee_deg: tle.argument_of_perigee_deg,
            mean_anomaly_deg: tle.mean_anomaly_deg,
            bstar_inv_earth_radii: tle.bstar_inv_earth_radii,
        })
    }
}

/// Fault for an ephemeris type that SGP4 cannot use: 4 is SGP4-XP, whose elements look alike but are another theory's.
pub(crate) fn not_sgp4(ephemeris_type: u32) -> Fault {
    Fault::NotSgp4(match ephemeris_type {
        4 => "SGP4-XP (ephemeris type 4)".to_owned(),
        other => format!("ephemeris type {other}"),
    })
}

/// Refuses elements that are no orbit.
pub(crate) fn check_domain(elements: MeanElements) -> Result<MeanElements, ConversionError> {
    let MeanElements { mean_motion_rev_day, eccentricity, inclination_deg, .. } = elements;
    let checks = [
        ("MEAN_MOTION", mean_motion_rev_day, mean_motion_rev_day > 0.0, "mean motion > 0"),
        ("ECCENTRICITY", eccentricity, (0.0..1.0).contains(&eccentricity), "0 <= eccentricity < 1"),
        ("INCLINATION", inclination_deg, (0.0..=180.0).contains(&inclination_deg), "0 to 180 degrees"),
    ];
    match checks.into_iter().find(|(.., holds, _)| !holds) {
        Some((field, value, _, domain)) => {
            Err(ConversionError::new(field, Fault::OutOfDomain { value, domain }))
        }
        None => Ok(elements),
    }
}

/// Reads every element set of a text, with the line that each begins at.
pub(crate) fn read(text: &str, source_name: &Arc<str>, strictness: Strictness) -> Read<Tle> {
    let (mut sets, mut problems) = (Vec::new(), Vec::new());
    let mut name: Option<(&str, Location)> = None;
    let mut lines = text.lines().zip(1..).map(|(line, number)| (line.trim_end(), Location::line(number)));
    let mut waiting = None;
    while let Some((line, location)) = waiting.take().or_else(|| lines.next()) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let found = if is_element_line(line, b'1') {
            let second = lines.by_ref().find(|(line, _)| !line.is_empty());
            let (start, name) = match name.take() {
                Some((name, start)) => (start, read_name(name)),
                None => (location, Ok(None)),
            };
            match second {
                Some((text, place)) if is_element_line(text, b'2') => name
                    .map_err(|fault| fault.at(start, "OBJECT_NAME"))
                    .and_then(|name| {
                        Tle::from_lines(name, &Line::check(line, location)?, &Line::check(text, place)?)
                    })
                    .map(|tle| sets.push((start, tle))),
                other => {
                    let line_2 =
                        other.map_or("nothing".to_owned(), |(text, _)| format!("{:?}", excerpt(text)));
                    waiting = other;
                    let line_1 = line.get(2..7).unwrap_or("").trim().to_owned();
                    Err(Fault::LinePair { line_1, line_2 }.on(location))
                }
            }
        } else if is_element_line(line, b'2') {
            Err(Fault::Unexpected("line 2 without a line 1".to_owned()).on(location))
        } else {
            match name.replace((line, location)) {
                Some((_, place)) => {
                    Err(Fault::Unexpected("line that no line 1 follows".to_owned()).on(place))
                }
                None => Ok(()),
            }
        };
        report(found, source_name, strictness, &mut problems)?;
    }
    if let Some((_, place)) = name {
        let found = Err(Fault::Unexpected("line that no line 1 follows".to_owned()).on(place));
        report(found, source_name, strictness, &mut problems)?;
    }
    Ok((sets, problems))
}

/// Name from its line: `0 NAME` or `NAME`.
fn read_name(line: &str) -> Result<Option<String>, Fault> {
    let name = line.strip_prefix("0 ").unwrap_or(line).trim();
    text::check(name)?;
    Ok((!name.is_empty() && name != "0").then(|| name.to_owned()))
}

/// Whether the text has an element set somewhere: the mark of the notation.
pub(crate) fn looks_like(text: &str) -> bool {
    text.lines().any(|line| is_element_line(line, b'1') && line.trim_end().len() >= 60)
}

/// How a name is written before the two lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameLine {
    /// No name line for an object without a name, else the bare name.
    Bare,
    /// `0 NAME`, for every object.
    Zero,
}

/// Writes an element set with its name line.
pub(crate) fn write(tle: &Tle, style: NameLine, out: &mut String) -> Result<(), WriteError> {
    let name = tle.name.as_deref().unwrap_or("");
    let unreadable = name.contains(text::is_control) || name.trim() != name || name == "0";
    if unreadable || (tle.name.is_some() && name.is_empty()) {
        return Err(WriteError::NotRepresentable {
            notation: "TLE",
            field: "OBJECT_NAME".to_owned(),
            value: excerpt(name),
        });
    }
    // A bare name that would be read as something else has its zero in either style.
    let ambiguous = name.starts_with("0 ")
        || name.starts_with(['#', '[', '{', '<', '\u{FEFF}'])
        || name.contains(['=', ','])
        || is_element_line(name, b'1')
        || is_element_line(name, b'2');
    if style == NameLine::Zero || ambiguous {
        let _ = writeln!(out, "0 {name}");
    } else if !name.is_empty() {
        let _ = writeln!(out, "{name}");
    }
    tle.write_lines(out)
}
