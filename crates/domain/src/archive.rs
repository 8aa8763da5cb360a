//! What an archive of the service holds, and the stream of it: items in CBOR, one after the other. Compression and
//! encryption are around the stream.

use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Version of the stream.
const FORMAT: u32 = 1;

/// A value of a row. Identities are bytes, truth values are 0 and 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ArchiveValue {
    /// None.
    #[serde(rename = "n")]
    Null,
    /// A whole number.
    #[serde(rename = "i")]
    Integer(i64),
    /// A real number.
    #[serde(rename = "r")]
    Real(f64),
    /// A text.
    #[serde(rename = "t")]
    Text(String),
    /// Bytes.
    #[serde(rename = "b")]
    Bytes(#[serde(with = "serde_bytes")] Vec<u8>),
}

/// What a table holds: how many rows, and a sum over the hashes of them that does not depend on their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TableDigest {
    /// Rows.
    pub rows: u64,
    /// Sum of the SHA-256 of each row, in four parts.
    pub sum: [u64; 4],
}

/// A part of the store, in this order: a table, its rows, its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ArchiveEntry {
    /// A table begins.
    Table {
        /// Its name.
        name: String,
        /// Its columns, in the order of the values of each row.
        columns: Vec<String>,
    },
    /// A row.
    Row(Vec<ArchiveValue>),
    /// The table ends, and held this.
    End(TableDigest),
}

/// What stands before the items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveHead {
    format: u32,
    /// When it was made, UTC.
    pub made: String,
    /// Version of the program that made it.
    pub build: String,
}

/// A part of an archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ArchiveItem {
    /// A part of the store.
    Store(ArchiveEntry),
    /// A blob.
    Blob {
        /// Its path.
        path: String,
        /// What is in it.
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
        /// SHA-256 of that.
        #[serde(with = "serde_bytes")]
        sha256: Vec<u8>,
    },
    /// The end.
    End,
}

/// Why an archive cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveStreamError {
    /// The bytes cannot be had, or end too early.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// They are no item.
    #[error("damaged: {reason}")]
    Damaged {
        /// What is wrong.
        reason: String,
    },
    /// Of another version.
    #[error("format {found} is not known; {FORMAT} is")]
    Format {
        /// Version.
        found: u32,
    },
    /// A blob is not what was archived.
    #[error("{path} is damaged")]
    Blob {
        /// Its path.
        path: String,
    },
}

impl From<ArchiveStreamError> for io::Error {
    fn from(error: ArchiveStreamError) -> Self {
        match error {
            ArchiveStreamError::Io(error) => error,
            other => Self::other(other),
        }
    }
}

impl TableDigest {
    /// Counts a row.
    pub fn add(&mut self, row: &[ArchiveValue]) {
        let mut hash = Sha256::new();
        for value in row {
            let (tag, bytes) = match value {
                ArchiveValue::Null => (0_u8, Vec::new()),
                ArchiveValue::Integer(number) => (1, number.to_le_bytes().to_vec()),
                // SQLite keeps no sign of zero.
                ArchiveValue::Real(number) => (2, (number + 0.0).to_le_bytes().to_vec()),
                ArchiveValue::Text(text) => (3, text.clone().into_bytes()),
                ArchiveValue::Bytes(bytes) => (4, bytes.clone()),
            };
            hash.update([tag]);
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        }
        let hash = hash.finalize();
        for (sum, part) in self.sum.iter_mut().zip(hash.chunks_exact(8)) {
            let part = part.try_into().map_or(0, u64::from_le_bytes);
            *sum = sum.wrapping_add(part);
        }
        self.rows += 1;
    }
}

impl ArchiveHead {
    /// The head of an archive that is made now.
    #[must_use]
    pub fn new(made: String, build: String) -> Self {
        Self { format: FORMAT, made, build }
    }

    /// Reads the head of an archive.
    ///
    /// # Errors
    /// When there is none, or it is of another version.
    pub fn read(input: impl Read) -> Result<Self, ArchiveStreamError> {
        let head: Self = read(input)?;
        if head.format == FORMAT { Ok(head) } else { Err(ArchiveStreamError::Format { found: head.format }) }
    }

    /// Writes the head of an archive.
    ///
    /// # Errors
    /// When the output takes nothing more.
    pub fn write(&self, output: impl Write) -> io::Result<()> {
        write(self, output)
    }
}

impl ArchiveItem {
    /// A blob, with the hash that tells when it is damaged.
    #[must_use]
    pub fn blob(path: String, bytes: Vec<u8>) -> Self {
        let sha256 = Sha256::digest(&bytes).to_vec();
        Self::Blob { path, bytes, sha256 }
    }

    /// Reads the next item.
    ///
    /// # Errors
    /// When there is none, or it is a blob that is damaged.
    pub fn read(input: impl Read) -> Result<Self, ArchiveStreamError> {
        let item = read(input)?;
        match item {
            Self::Blob { path, bytes, sha256 } if Sha256::digest(&bytes).as_slice() != sha256.as_slice() => {
                Err(ArchiveStreamError::Blob { path })
            }
            item => Ok(item),
        }
    }

    /// Writes an item.
    ///
    /// # Errors
    /// When the output takes nothing more.
    pub fn write(&self, output: impl Write) -> io::Result<()> {
        write(self, output)
    }
}

fn read<T: DeserializeOwned>(input: impl Read) -> Result<T, ArchiveStreamError> {
    ciborium::from_reader(input).map_err(|error| match error {
        ciborium::de::Error::Io(error) => ArchiveStreamError::Io(error),
        other => ArchiveStreamError::Damaged { reason: other.to_string() },
    })
}

fn write(value: &impl Serialize, output: impl Write) -> io::Result<()> {
    ciborium::into_writer(value, output).map_err(|error| match error {
        ciborium::ser::Error::Io(error) => error,
        ciborium::ser::Error::Value(reason) => io::Error::other(reason),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items() -> Vec<ArchiveItem> {
        let columns = ["tenant", "id", "mass", "note", "seen"].map(str::to_owned).to_vec();
        let row = vec![
            ArchiveValue::Text("local".to_owned()),
            ArchiveValue::Bytes(vec![0, 255]),
            ArchiveValue::Real(-0.5),
            ArchiveValue::Null,
            ArchiveValue::Integer(i64::MIN),
        ];
        let mut digest = TableDigest::default();
        digest.add(&row);
        vec![
            ArchiveItem::Store(ArchiveEntry::Table { name: "things".to_owned(), columns }),
            ArchiveItem::Store(ArchiveEntry::Row(row)),
            ArchiveItem::Store(ArchiveEntry::End(digest)),
            ArchiveItem::blob("public/ingest/1.gz".to_owned(), b"blob".to_vec()),
            ArchiveItem::End,
        ]
    }

    fn written() -> Vec<u8> {
        let mut bytes = Vec::new();
        let head = ArchiveHead::new("2026-01-02T03:04:05Z".to_owned(), "0.1.0".to_owned());
        head.write(&mut bytes).unwrap();
        items().iter().for_each(|item| item.write(&mut bytes).unwrap());
        bytes
    }

    #[test]
    fn what_is_written_is_read_again() {
        let bytes = written();
        let mut rest = &bytes[..];
        assert_eq!(ArchiveHead::read(&mut rest).unwrap().made, "2026-01-02T03:04:05Z");
        for item in items() {
            assert_eq!(ArchiveItem::read(&mut rest).unwrap(), item);
        }
        assert!(matches!(ArchiveItem::read(&mut rest), Err(ArchiveStreamError::Io(_))), "there is no more");
    }

    #[test]
    fn archives_of_the_first_format_stay_readable() {
        // A row as the first version wrote it.
        let bytes = b"\xa1eStore\xa1cRow\x83\xa1ai\x07\xa1at\x61a\x61n";
        let row = vec![ArchiveValue::Integer(7), ArchiveValue::Text("a".to_owned()), ArchiveValue::Null];
        let item = ArchiveItem::Store(ArchiveEntry::Row(row));
        assert_eq!(ArchiveItem::read(&bytes[..]).unwrap(), item);
        let mut again = Vec::new();
        item.write(&mut again).unwrap();
        assert_eq!(again, bytes);
    }

    #[test]
    fn an_archive_of_another_format_is_refused_by_its_number() {
        let mut bytes = Vec::new();
        ArchiveHead { format: 2, ..ArchiveHead::new(String::new(), String::new()) }
            .write(&mut bytes)
            .unwrap();
        let error = ArchiveHead::read(&bytes[..]).unwrap_err();
        assert_eq!(error.to_string(), "format 2 is not known; 1 is");
    }

    #[test]
    fn a_blob_that_is_not_what_it_was_is_refused() {
        let mut bytes = Vec::new();
        ArchiveItem::blob("a/b".to_owned(), b"blob".to_vec()).write(&mut bytes).unwrap();
        let place = bytes.windows(4).position(|window| window == b"blob").unwrap();
        bytes[place] ^= 1;
        let error = ArchiveItem::read(&bytes[..]).unwrap_err();
        assert_eq!(error.to_string(), "a/b is damaged");
    }

    #[test]
    fn no_part_of_an_archive_is_taken_for_the_whole() {
        let bytes = written();
        for end in 0..bytes.len() {
            let mut rest = &bytes[..end];
            let mut read = || {
                ArchiveHead::read(&mut rest)?;
                while ArchiveItem::read(&mut rest)? != ArchiveItem::End {}
                Ok::<_, ArchiveStreamError>(())
            };
            assert!(read().is_err(), "{end} bytes of {}", bytes.len());
        }
    }

    #[test]
    fn the_sum_of_a_table_does_not_depend_on_the_order_of_rows_and_tells_every_difference() {
        let row =
            |number, text: &str| vec![ArchiveValue::Integer(number), ArchiveValue::Text(text.to_owned())];
        let sum = |rows: &[Vec<ArchiveValue>]| {
            let mut digest = TableDigest::default();
            rows.iter().for_each(|row| digest.add(row));
            digest
        };
        let both = sum(&[row(1, "a"), row(2, "b")]);
        assert_eq!(both, sum(&[row(2, "b"), row(1, "a")]));
        for other in [
            vec![row(1, "b"), row(2, "a")],
            vec![row(1, "a")],
            vec![row(1, "a"), row(2, "b"), row(2, "b")],
            vec![row(1, "a"), vec![ArchiveValue::Integer(2), ArchiveValue::Bytes(b"b".to_vec())]],
            vec![row(1, "a"), vec![ArchiveValue::Integer(2), ArchiveValue::Null]],
        ] {
            assert_ne!(both, sum(&other), "{other:?}");
        }
    }

    #[test]
    fn zero_has_no_sign() {
        let digest = |number| {
            let mut digest = TableDigest::default();
            digest.add(&[ArchiveValue::Real(number)]);
            digest
        };
        assert_eq!(digest(0.0), digest(-0.0));
        assert_ne!(digest(0.0), digest(f64::MIN_POSITIVE));
    }
}
