//! The layer between the service and the C library, and its control.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The words of the control file, in the order of `enum word` in `layer.c`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Word {
    KillIn,
    Fine,
    Points,
    Space,
    Refuse,
    ClockS,
    Refused,
    KilledAt,
}

const WORDS: usize = 8;

/// `EROFS`.
pub(crate) const READ_ONLY: i64 = 30;

/// The control file, which the layer reads as it goes.
pub(crate) struct Control {
    pub(crate) path: PathBuf,
    file: File,
}

impl Control {
    /// A control of no faults.
    pub(crate) fn new(path: &Path) -> Self {
        fs::write(path, [0; WORDS * 8]).unwrap();
        let control = Self::over(path);
        control.set(Word::Space, -1);
        control
    }

    /// A control that is there already.
    pub(crate) fn over(path: &Path) -> Self {
        let file = File::options().read(true).write(true).open(path).unwrap();
        Self { path: path.to_owned(), file }
    }

    pub(crate) fn set(&self, word: Word, value: i64) {
        self.file.write_all_at(&value.to_le_bytes(), word as u64 * 8).unwrap();
    }

    pub(crate) fn get(&self, word: Word) -> i64 {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, word as u64 * 8).unwrap();
        i64::from_le_bytes(bytes)
    }

    /// Kills the process at its point of this number from now on; 0 never.
    pub(crate) fn kill_in(&self, points: u64, fine: bool) {
        self.set(Word::Fine, fine.into());
        self.set(Word::KilledAt, 0);
        self.set(Word::Points, 0);
        self.set(Word::KillIn, points.try_into().unwrap());
    }

    /// Where the process was killed, in words.
    pub(crate) fn killed_at(&self) -> String {
        let at = self.get(Word::KilledAt);
        let call = match at % 100 {
            0 => return "nowhere".to_owned(),
            1 => "write",
            2 => "fsync of a file",
            3 => "fsync of a folder",
            4 => "rename",
            5 => "unlink",
            6 => "truncate",
            7 => "send",
            8 => "create",
            other => panic!("{other}"),
        };
        format!("{} {call}", if at > 100 { "after" } else { "before" })
    }
}

/// The layer, built once.
pub(crate) fn library() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/layer.c");
        let library =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("faults-{}.so", std::process::id()));
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .args([&library, &source])
            .args(["-ldl", "-lpthread"])
            .status()
            .unwrap();
        assert!(compiled.success());
        library
    })
}
