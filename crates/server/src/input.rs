//! Reading of input files: standard input as `-`, gzip recognized by its first bytes.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use flate2::read::MultiGzDecoder;

/// Largest input that is taken, unpacked. The whole public catalog is below 20 MB.
const LIMIT_BYTES: u64 = 2 << 30;

/// The path that stands for standard input.
const STDIN: &str = "-";

/// The content of a file, unpacked.
#[derive(Debug)]
pub(crate) struct Input {
    /// Name of the file in messages.
    pub(crate) name: String,
    /// Its content.
    pub(crate) bytes: Vec<u8>,
}

/// Reads a file, or standard input if the path is `-`.
pub(crate) fn read(path: &Path) -> anyhow::Result<Input> {
    let (name, packed) = if path == Path::new(STDIN) {
        ("standard input".to_owned(), read_limited(io::stdin().lock()))
    } else {
        let name = path.display().to_string();
        let packed = fs::File::open(path).and_then(read_limited);
        (name, packed)
    };
    let packed = packed.with_context(|| name.clone())?;
    let bytes = unpack(packed).with_context(|| name.clone())?;
    Ok(Input { name, bytes })
}

/// Reads several files; standard input may be one of them, once.
pub(crate) fn read_all(paths: &[PathBuf]) -> anyhow::Result<Vec<Input>> {
    if paths.iter().filter(|path| *path == Path::new(STDIN)).count() > 1 {
        bail!("standard input (-) can be read only once");
    }
    paths.iter().map(|path| read(path)).collect()
}

/// Unpacks gzip, of one member or several, and leaves anything else as it is.
pub(crate) fn unpack(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
    if bytes.starts_with(&GZIP_MAGIC) {
        read_limited(MultiGzDecoder::new(bytes.as_slice()))
    } else {
        Ok(bytes)
    }
}

fn read_limited(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(LIMIT_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {LIMIT_BYTES} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn all_members_of_a_gzip_file_are_read() {
        let bytes = [gzip("one "), gzip("two")].concat();
        assert_eq!(unpack(bytes).unwrap(), b"one two");
    }

    #[test]
    fn what_is_not_gzip_stays_as_it_is() {
        assert_eq!(unpack(b"1 00005U".to_vec()).unwrap(), b"1 00005U");
    }

    #[test]
    fn truncated_gzip_is_an_error() {
        let mut bytes = gzip("text");
        bytes.truncate(bytes.len() - 4);
        assert_eq!(unpack(bytes).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
