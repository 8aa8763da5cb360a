//! Writing of results: to standard output, or to a file that appears whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use tempfile::{NamedTempFile, TempPath};

/// Exit status after an interrupt: 128 and the number of SIGINT.
const INTERRUPTED: i32 = 130;

/// Temporary files that an interrupt has to remove.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Where results go.
#[derive(Debug)]
pub(crate) struct Output {
    target: Target,
}

#[derive(Debug)]
enum Target {
    Stdout(BufWriter<io::Stdout>),
    /// Written beside its destination and renamed at the end.
    Replace(BufWriter<File>, Unfinished),
    /// A device or pipe, which cannot be replaced.
    Direct(BufWriter<File>),
}

/// A temporary file and where it will be.
#[derive(Debug)]
struct Unfinished {
    temporary: TempPath,
    destination: PathBuf,
}

impl Output {
    /// Opens the file, or standard output if there is none or it is `-`.
    pub(crate) fn create(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path.filter(|path| *path != Path::new("-")) else {
            return Ok(Self { target: Target::Stdout(BufWriter::new(io::stdout())) });
        };
        let target = Self::open(path).with_context(|| path.display().to_string())?;
        Ok(Self { target })
    }

    fn open(path: &Path) -> io::Result<Target> {
        // A symbolic link stays, and the file that it points to is replaced.
        let destination = match fs::canonicalize(path) {
            Ok(existing) if !fs::metadata(&existing)?.is_file() => {
                return Ok(Target::Direct(BufWriter::new(File::create(existing)?)));
            }
            Ok(existing) => existing,
            Err(_) => path.to_owned(),
        };
        // Held through the creation, so that an interrupt cannot miss the file.
        let mut unfinished = unfinished();
        let (file, temporary) = temporary_beside(&destination)?.into_parts();
        unfinished.push(temporary.to_path_buf());
        Ok(Target::Replace(BufWriter::new(file), Unfinished { temporary, destination }))
    }

    /// Completes the output. Without this call a file keeps its old content.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        match self.target {
            Target::Stdout(mut writer) => Ok(writer.flush()?),
            Target::Direct(mut writer) => Ok(writer.flush()?),
            Target::Replace(writer, unfinished_file) => {
                let destination = unfinished_file.destination.clone();
                let context = || destination.display().to_string();
                let file =
                    writer.into_inner().map_err(io::IntoInnerError::into_error).with_context(context)?;
                file.sync_all().with_context(context)?;
                unfinished_file.rename().with_context(context)
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.target {
            Target::Stdout(writer) => writer.write(bytes),
            Target::Replace(writer, _) | Target::Direct(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Stdout(writer) => writer.flush(),
            Target::Replace(writer, _) | Target::Direct(writer) => writer.flush(),
        }
    }
}

impl Unfinished {
    fn rename(self) -> io::Result<()> {
        // Held through the renaming, so that an interrupt finds the file either temporary or complete.
        let mut unfinished = unfinished();
        let name = self.temporary.to_path_buf();
        self.temporary.persist(&self.destination)?;
        unfinished.retain(|path| *path != name);
        Ok(())
    }
}

/// Replaces a small file in one step.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = temporary_beside(path)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn temporary_beside(destination: &Path) -> io::Result<NamedTempFile> {
    let folder =
        destination.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".astroshield-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file: what the user's mask leaves of it, or what the old file had.
        let mode = fs::metadata(destination).map_or(0o666, |metadata| metadata.permissions().mode() & 0o777);
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    builder.tempfile_in(folder)
}

/// Removes unfinished files when the process is interrupted or terminated, and ends it.
pub(crate) fn remove_unfinished_on_interrupt() -> anyhow::Result<()> {
    ctrlc::set_handler(|| {
        let unfinished = unfinished();
        for path in unfinished.iter() {
            // There is nobody left to tell.
            let _ = fs::remove_file(path);
        }
        std::process::exit(INTERRUPTED);
    })
    .context("cannot handle interrupts")
}

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether an error is a reader of standard output that went away, as `head` does.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let csv_io = cause.downcast_ref::<csv::Error>().and_then(|error| match error.kind() {
            csv::ErrorKind::Io(error) => Some(error),
            _ => None,
        });
        cause
            .downcast_ref::<io::Error>()
            .or(csv_io)
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
