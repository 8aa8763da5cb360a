//! Feeds that are files of this machine, or folders that files are put into.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use astroshield_domain::ports::{FeedAnswer, FeedError, FeedFault, FeedRequest};

use super::unpack::{UnpackError, Unpacker};

/// Endings of files that somebody is still writing.
const UNFINISHED: [&str; 3] = ["part", "tmp", "partial"];

/// Why a file gave nothing.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("{}: {error}", .path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{}: no file in this folder", .path.display())]
    EmptyFolder { path: PathBuf },
    #[error("{}: a file or a folder is due", .path.display())]
    NeitherFileNorFolder { path: PathBuf },
    #[error("{}: it changed while it was read", .path.display())]
    Changing { path: PathBuf },
    #[error("{}: {error}", .path.display())]
    Unpack { path: PathBuf, error: UnpackError },
}

impl From<FileError> for FeedError {
    fn from(error: FileError) -> Self {
        // A file that is not there may come, and one that is half written will be whole.
        let permanent = matches!(
            error,
            FileError::NeitherFileNorFolder { .. }
                | FileError::Unpack { error: UnpackError::TooLarge { .. }, .. }
        );
        Self { reason: error.to_string(), retry_after: None, permanent, fault: FeedFault::Other }
    }
}

/// Reads a file, or the newest one of a folder; unchanged since the validator, it is not read.
pub(super) fn read(path: &Path, request: &FeedRequest) -> Result<FeedAnswer, FeedError> {
    Ok(read_newest(path, request)?)
}

fn read_newest(path: &Path, request: &FeedRequest) -> Result<FeedAnswer, FileError> {
    let metadata = fs::metadata(path).map_err(|error| io_error(path, error))?;
    let path = if metadata.is_dir() { newest_in(path)? } else { path.to_owned() };
    let metadata = fs::metadata(&path).map_err(|error| io_error(&path, error))?;
    if !metadata.is_file() {
        return Err(FileError::NeitherFileNorFolder { path });
    }
    let validator = validator(&path, &metadata)?;
    if request.etag.as_ref() == Some(&validator) {
        return Ok(FeedAnswer::Unchanged);
    }
    let bytes = read_file(&path, request.limit_bytes)?;
    let after = fs::metadata(&path).map_err(|error| io_error(&path, error))?;
    if self::validator(&path, &after)? != validator {
        return Err(FileError::Changing { path });
    }
    let last_modified = metadata.modified().ok().map(httpdate::fmt_http_date);
    Ok(FeedAnswer::Data { bytes, etag: Some(validator), last_modified })
}

fn read_file(path: &Path, limit_bytes: u64) -> Result<Vec<u8>, FileError> {
    let unpack_error = |error| FileError::Unpack { path: path.to_owned(), error };
    let mut file = File::open(path).map_err(|error| io_error(path, error))?;
    let mut unpacker = Unpacker::new(false, limit_bytes);
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(io_error(path, error)),
        };
        unpacker.push(&buffer[..count]).map_err(unpack_error)?;
    }
    unpacker.finish().map_err(unpack_error)
}

/// The file that changed last; of several, the last by name. Hidden and unfinished files do not count.
fn newest_in(folder: &Path) -> Result<PathBuf, FileError> {
    let mut newest: Option<(SystemTime, PathBuf)> = None;
    for entry in fs::read_dir(folder).map_err(|error| io_error(folder, error))? {
        let path = entry.map_err(|error| io_error(folder, error))?.path();
        let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        let unfinished =
            path.extension().is_some_and(|ending| UNFINISHED.iter().any(|known| ending == *known));
        if hidden || unfinished {
            continue;
        }
        // What was removed since is not an error of the others.
        let Ok(metadata) = fs::metadata(&path) else { continue };
        if metadata.is_file() {
            let candidate = (metadata.modified().map_err(|error| io_error(&path, error))?, path);
            newest = newest.max(Some(candidate));
        }
    }
    newest.map(|(_, path)| path).ok_or_else(|| FileError::EmptyFolder { path: folder.to_owned() })
}

/// Another file, another length or another time make another validator.
fn validator(path: &Path, metadata: &Metadata) -> Result<String, FileError> {
    let modified = metadata.modified().map_err(|error| io_error(path, error))?;
    let since_1970 = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(format!("{}-{}-{name}", since_1970.as_nanos(), metadata.len()))
}

fn io_error(path: &Path, error: io::Error) -> FileError {
    FileError::Io { path: path.to_owned(), error }
}
