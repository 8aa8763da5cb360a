//! Files whose extension says how to write them.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::bail;
use astroshield_formats::{ElementSetRecord, HeaderDefaults, Notation, write_catalog};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::output::Output;

/// A place to write to, and how.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Destination {
    /// The file; standard output otherwise.
    path: Option<PathBuf>,
    notation: Notation,
    packed: bool,
}

impl Destination {
    /// By the notation where one is given, else by the extension of the file; `-` is standard output, and CSV.
    pub(crate) fn new(path: &Path, notation: Option<Notation>) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self { path: None, notation: notation.unwrap_or(Notation::Csv), packed: false });
        }
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_lowercase();
        let (name, packed) = name.strip_suffix(".gz").map_or((name.as_str(), false), |name| (name, true));
        let by_extension = match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("csv") => Some(Notation::Csv),
            Some("json") => Some(Notation::Json),
            Some("xml") => Some(Notation::Xml),
            Some("kvn" | "omm" | "oem" | "opm" | "cdm") => Some(Notation::Kvn),
            Some("tle" | "txt") => Some(Notation::Tle),
            Some("3le") => Some(Notation::ThreeLine),
            _ => None,
        };
        match notation.or(by_extension) {
            Some(notation) => Ok(Self { path: Some(path.to_owned()), notation, packed }),
            None => bail!(
                "{}: the extension does not say how to write it; known: csv, json, xml, kvn, tle, 3le (and .gz)",
                path.display()
            ),
        }
    }

    /// The notation to write.
    pub(crate) fn notation(&self) -> Notation {
        self.notation
    }

    /// Whether a comment can be told from the data: a column of the table otherwise.
    pub(crate) fn carries_comments(&self) -> bool {
        self.notation != Notation::Csv
    }

    /// Writes a catalog.
    pub(crate) fn write_catalog(
        &self,
        objects: &[ElementSetRecord],
        defaults: &HeaderDefaults,
    ) -> anyhow::Result<()> {
        self.write(write_catalog(objects, self.notation, defaults)?.as_bytes())
    }

    /// Writes what has been made in this notation.
    pub(crate) fn write(&self, bytes: &[u8]) -> anyhow::Result<()> {
        let mut output = Output::create(self.path.as_deref())?;
        if self.packed {
            let mut encoder = GzEncoder::new(output, Compression::default());
            encoder.write_all(bytes)?;
            output = encoder.finish()?;
        } else {
            output.write_all(bytes)?;
        }
        output.finish()
    }
}
