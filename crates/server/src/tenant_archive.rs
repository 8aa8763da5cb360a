//! The file that an organization takes along: its tables as CSV, and its files as they were received, in a packed tar.

use std::collections::HashMap;
use std::io::{self, Read, Seek as _, Write};

use anyhow::Context;
use astroshield_adapters::ArchiveStore;
use astroshield_domain::archive::{ArchiveEntry, ArchiveValue};
use astroshield_domain::ids::TenantId;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::TryStreamExt as _;
use object_store::path::Path as BlobPath;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tokio::runtime::Handle;

/// Folders of a tenant's blobs that it takes along.
const FOLDERS: [&str; 2] = ["uploads", "ingest"];

/// What stands in the file about itself.
const ABOUT: &str = "\
Everything that this organization has in AstroShield.

tables/NAME.csv   A table (RFC 4180, UTF-8), with the names of its columns in the first line. An empty field is no value.
                  Times are whole microseconds of UTC since 1970-01-01, columns that end in _ns nanoseconds. Other units are
                  in the names: _km, _m, _m2, _km_s, _deg, _min, _rev_day. Lists are JSON. Bytes are hexadecimal.
uploads/ID/NAME   Files as they were uploaded: OEM, OPM, OMM, TLE, CDM. tables/uploads.csv says who gave them and when;
                  tables/ephemerides.csv and tables/cdms.csv say in which file (blob) their message is.
ingest/ID.gz      Element sets as they were delivered.

Grades: 0 general perturbations, 1 supplemental, 2 ephemeris, 3 conjunction message. Severities: 0 info, 1 warning,
2 critical. Status of conjunctions: 0 active, 1 cleared or past. Keys, secrets of webhooks, and what has no meaning outside
of the service are not in it.
";

/// How much is in it.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Written {
    pub(crate) rows: u64,
    pub(crate) blobs: u64,
}

struct Archive<W: Write> {
    tar: tar::Builder<GzEncoder<W>>,
    modified_s: u64,
}

impl<W: Write> Archive<W> {
    fn add(&mut self, name: &str, size: u64, bytes: impl Read) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o600);
        header.set_mtime(self.modified_s);
        self.tar.append_data(&mut header, name, bytes)
    }
}

/// The table that is being read.
struct Table {
    name: String,
    columns: Vec<String>,
    file: io::BufWriter<std::fs::File>,
}

/// Writes all that a tenant has. Blocks where it reads the store, so it has to run on a thread that may.
pub(crate) fn write<W: Write + Send>(
    runtime: &Handle,
    mut store: ArchiveStore,
    blobs: &dyn ObjectStore,
    tenant: &TenantId,
    output: W,
) -> anyhow::Result<(W, Written)> {
    let modified_s = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default();
    let tar = tar::Builder::new(GzEncoder::new(output, Compression::default()));
    let mut archive = Archive { tar, modified_s };
    archive.add("README.txt", ABOUT.len() as u64, ABOUT.as_bytes())?;
    let mut written = Written::default();
    let (mut table, mut names): (Option<Table>, HashMap<String, String>) = (None, HashMap::new());
    let mut take = |entry: ArchiveEntry| -> io::Result<()> {
        match (entry, &mut table) {
            (ArchiveEntry::Table { name, columns }, _) => {
                let mut file = io::BufWriter::new(tempfile::tempfile()?);
                writeln!(file, "{}\r", columns.join(","))?;
                table = Some(Table { name, columns, file });
            }
            (ArchiveEntry::Row(row), Some(table)) => {
                if table.name == "uploads" {
                    note_name(table, &row, &mut names);
                }
                let fields: Vec<String> = row.iter().map(field).collect();
                writeln!(table.file, "{}\r", fields.join(","))?;
                written.rows += 1;
            }
            (ArchiveEntry::End(_), ended) => {
                if let Some(Table { name, file, .. }) = ended.take() {
                    let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                    let size = file.stream_position()?;
                    file.rewind()?;
                    archive.add(&format!("tables/{name}.csv"), size, file)?;
                }
            }
            (ArchiveEntry::Row(_), None) => return Err(io::Error::other("a row without a table")),
        }
        Ok(())
    };
    runtime.block_on(async {
        store.export_tenant(tenant, &mut take).await?;
        store.close().await
    })?;
    for folder in FOLDERS {
        let prefix = BlobPath::from(format!("{tenant}/{folder}"));
        let paths: Vec<BlobPath> =
            runtime.block_on(blobs.list(Some(&prefix)).map_ok(|blob| blob.location).try_collect())?;
        for path in paths {
            let read = runtime.block_on(async { blobs.get(&path).await?.bytes().await });
            let bytes = match read {
                Ok(bytes) => bytes,
                // A running server takes away what no row names.
                Err(object_store::Error::NotFound { .. }) => continue,
                Err(error) => return Err(error).with_context(|| path.to_string()),
            };
            let inside = path.as_ref().split_once('/').map_or(path.as_ref(), |(_, inside)| inside);
            let name = match names.get(path.as_ref()) {
                Some(name) => format!("{inside}/{name}"),
                None => inside.to_owned(),
            };
            archive.add(&name, bytes.len() as u64, &bytes[..])?;
            written.blobs += 1;
        }
    }
    Ok((archive.tar.into_inner()?.finish()?, written))
}

/// Remembers under which name a file was uploaded: a plain one, that leads nowhere.
fn note_name(table: &Table, row: &[ArchiveValue], names: &mut HashMap<String, String>) {
    let text = |column: &str| {
        let place = table.columns.iter().position(|name| name == column)?;
        match row.get(place)? {
            ArchiveValue::Text(text) => Some(text.clone()),
            _ => None,
        }
    };
    if let (Some(blob), Some(name)) = (text("blob"), text("name")) {
        let plain = |c: char| if c.is_control() || "/\\:".contains(c) { '_' } else { c };
        names.insert(blob, name.trim_start_matches('.').chars().map(plain).collect());
    }
}

/// A value as a field of CSV. A text that a spreadsheet would take for a formula gets an apostrophe.
fn field(value: &ArchiveValue) -> String {
    match value {
        ArchiveValue::Null => String::new(),
        ArchiveValue::Integer(number) => number.to_string(),
        ArchiveValue::Real(number) => number.to_string(),
        ArchiveValue::Bytes(bytes) => {
            bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
        }
        ArchiveValue::Text(text) => {
            let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
            let text = if formula { format!("'{text}") } else { text.clone() };
            // Empty is not the same as none.
            if text.is_empty() || text.contains([',', '"', '\r', '\n']) {
                format!("\"{}\"", text.replace('"', "\"\""))
            } else {
                text
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_csv_has_them() {
        let text = |text: &str| field(&ArchiveValue::Text(text.to_owned()));
        assert_eq!(text("plain"), "plain");
        assert_eq!(text("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!((text(""), field(&ArchiveValue::Null)), ("\"\"".to_owned(), String::new()));
        assert_eq!(text("=1"), "'=1");
        assert_eq!(field(&ArchiveValue::Bytes(vec![0, 255])), "00ff");
        assert_eq!(field(&ArchiveValue::Real(-0.25)), "-0.25");
    }

    #[test]
    fn a_name_that_leads_elsewhere_does_not() {
        let columns = ["name", "blob"].map(str::to_owned).to_vec();
        let file = io::BufWriter::new(tempfile::tempfile().unwrap());
        let table = Table { name: "uploads".to_owned(), columns, file };
        let mut names = HashMap::new();
        let row = ["../../a", "t/uploads/1"].map(|text| ArchiveValue::Text(text.to_owned()));
        note_name(&table, &row, &mut names);
        assert_eq!(names["t/uploads/1"], "_.._a");
    }
}
