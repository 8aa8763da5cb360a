//! `astroshield backup` and `astroshield restore`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufReader, Seek as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use astroshield_adapters::ArchiveStore;
use astroshield_domain::archive::{ArchiveEntry, ArchiveHead, ArchiveItem};
use astroshield_domain::backups::{self, BackupContents};
use astroshield_domain::ports::Archiver;
use async_trait::async_trait;
use clap::Args;
use object_store::ObjectStore;
use object_store::buffered::BufWriter;
use tokio::io::AsyncWriteExt as _;

use crate::archive::{self, ArchiveReader, ArchiveWriter, Key};
use crate::exit::Completion;
use crate::migrate;
use crate::output::Output;
use crate::serve::lock::DataFolder;
use crate::serve::parts::{BLOBS_FOLDER, DATABASE_FILE, Database};
use crate::settings::{Settings, SettingsArgs, StoreKind};

/// Write everything that must not be lost to one encrypted file
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  astroshield backup --passphrase-file passphrase backup.age
  astroshield backup --identity key.txt - | ssh elsewhere 'cat > backup.age'

The server may be running: the backup holds what was stored at one moment, and the bytes of uploads and deliveries. It is
packed with zstd, encrypted with age, and does not depend on the database that it is made of.")]
pub(crate) struct Backup {
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    key: Key,
    /// File to write, - for standard output
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Read a backup into an empty store, and verify every row of it
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  astroshield restore --passphrase-file passphrase backup.age --into /srv/astroshield
  ASTROSHIELD__STORE__KIND=postgres ASTROSHIELD__STORE__URL_FILE=url astroshield restore --identity key.txt backup.age

The store is the one of the configuration, and has to be empty; either kind of it reads a backup of either kind. All of
the rows are stored or none. They are read again and compared with the backup before that is final.")]
pub(crate) struct Restore {
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    key: Key,
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Data folder, in place of data.folder
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
}

impl Backup {
    pub(crate) fn run(&self) -> anyhow::Result<Completion> {
        let settings = Settings::from_layers(&self.settings.layers()?)?;
        let folder = settings.data_folder().context("data.folder: there is no home folder")?;
        let examination = migrate::examine(&settings)??;
        if !examination.exists || !examination.pending.is_empty() {
            bail!("there is no store of this version yet: astroshield migrate makes one");
        }
        let (output, encryptor) = (Output::create(Some(&self.file))?, self.key.encryptor()?);
        let (output, rows, blobs) =
            migrate::runtime()?.block_on(write(&settings, &folder, output, encryptor))?;
        output.finish()?;
        eprintln!("{rows} rows, {blobs} blobs");
        Ok(Completion::Whole)
    }
}

/// Writes rows and blobs to an output; how many of each.
async fn write<W: Write + Send>(
    settings: &Settings,
    folder: &Path,
    output: W,
    encryptor: age::Encryptor,
) -> anyhow::Result<(W, u64, u64)> {
    let made = format!("{:.0}", jiff::Timestamp::now());
    let head = ArchiveHead::new(made, env!("CARGO_PKG_VERSION").to_owned());
    let mut writer = ArchiveWriter::new(output, encryptor, &head)?;
    let mut rows = 0_u64;
    let mut store = open(settings, folder).await?;
    store
        .export(&mut |entry| {
            rows += u64::from(matches!(entry, ArchiveEntry::Row(_)));
            writer.store(entry)
        })
        .await?;
    store.close().await?;
    // After the rows: a row is stored after the blob that it names.
    let mut written = 0;
    for path in blobs(&folder.join(BLOBS_FOLDER))? {
        match fs::read(folder.join(BLOBS_FOLDER).join(&path)) {
            Ok(bytes) => writer.blob(path, bytes)?,
            // A running server takes away only what no row names.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error).context(path),
        }
        written += 1;
    }
    Ok((writer.finish()?, rows, written))
}

/// Whether a blob is a slice of a run or a backup: `TENANT/runs/RUN/SLICE`, `TENANT/backups/BACKUP`.
fn is_left_out(path: &str) -> bool {
    path.split('/').nth(1).is_some_and(|folder| folder == "runs" || folder == backups::FOLDER)
}

/// Makes backups for the service.
pub(crate) struct StoreArchiver {
    /// Where everything is.
    pub(crate) settings: Settings,
    pub(crate) folder: PathBuf,
    pub(crate) blobs: Arc<dyn ObjectStore>,
}

impl StoreArchiver {
    async fn try_archive(&self, recipients: &[String], path: &str) -> anyhow::Result<BackupContents> {
        // Without a name, it is gone whatever happens to us.
        let file = tempfile::tempfile_in(&self.folder).with_context(|| self.folder.display().to_string())?;
        let encryptor = archive::encryptor_to(recipients)?;
        let (settings, folder) = (self.settings.clone(), self.folder.clone());
        let runtime = tokio::runtime::Handle::current();
        // Compression and encryption would hold up what else this thread does.
        let writing =
            tokio::task::spawn_blocking(move || runtime.block_on(write(&settings, &folder, file, encryptor)));
        let (mut file, rows, blobs) = writing.await.context("it was stopped")??;
        file.rewind()?;
        let mut file = tokio::fs::File::from_std(file);
        let mut blob = BufWriter::new(Arc::clone(&self.blobs), path.into());
        let copied = tokio::io::copy(&mut file, &mut blob).await;
        if copied.is_err() {
            blob.abort().await?;
        }
        let bytes = copied?;
        blob.shutdown().await?;
        Ok(BackupContents { rows, blobs, bytes })
    }
}

#[async_trait]
impl Archiver for StoreArchiver {
    fn check(&self, recipients: &[String]) -> Result<(), String> {
        archive::encryptor_to(recipients).map(drop).map_err(|error| error.to_string())
    }

    async fn archive(&self, recipients: &[String], path: &str) -> Result<BackupContents, String> {
        self.try_archive(recipients, path).await.map_err(|error| format!("{error:#}"))
    }
}

impl Restore {
    pub(crate) fn run(&self) -> anyhow::Result<Completion> {
        let mut layers = self.settings.layers()?;
        if let Some(folder) = &self.into {
            let folder = folder.to_str().context("--into: the name of the folder is not UTF-8")?;
            layers.add_option("--into", &["data", "folder"], folder);
        }
        let settings = Settings::from_layers(&layers)?;
        let folder = settings.data_folder().context("data.folder: there is no home folder")?;
        let name = self.file.display().to_string();
        let input = BufReader::new(fs::File::open(&self.file).with_context(|| name.clone())?);
        let mut reader = ArchiveReader::new(input, &self.key).with_context(|| name.clone())?;
        let owned = DataFolder::take(&folder)?;
        let (made, build) = (reader.head.made.clone(), reader.head.build.clone());

        // Blobs come after the rows, but rows count only once their blobs are there: so blobs are written while the
        // transaction with the rows is open, and are in nobody's way if it fails.
        let mut written = BTreeMap::new();
        let tables = migrate::runtime()?.block_on(async {
            let database = Database::open(&settings, owned.path()).await?;
            database.close().await;
            let mut store = open(&settings, owned.path()).await?;
            let blobs = owned.path().join(BLOBS_FOLDER);
            let tables = store
                .import(&mut || loop {
                    match reader.next()? {
                        ArchiveItem::Store(entry) => return Ok(Some(entry)),
                        ArchiveItem::Blob { path, bytes, .. } => {
                            write_blob(&blobs, &path, &bytes)?;
                            written.insert(path, bytes.len());
                        }
                        ArchiveItem::End => return Ok(None),
                    }
                })
                .await
                .with_context(|| name.clone())?;
            store.close().await?;
            anyhow::Ok(tables)
        })?;
        eprintln!(
            "restored and verified: {} rows of {} tables, {} blobs, of {made} (version {build})",
            archive::rows(&tables),
            tables.len(),
            written.len()
        );
        Ok(Completion::Whole)
    }
}

async fn open(settings: &Settings, folder: &Path) -> anyhow::Result<ArchiveStore> {
    Ok(match settings.store.kind {
        StoreKind::Sqlite => ArchiveStore::sqlite(&folder.join(DATABASE_FILE)).await?,
        StoreKind::Postgres => {
            ArchiveStore::postgres(settings.store.url.reveal()).await.context("store.url")?
        }
    })
}

/// Paths of all blobs but backups, relative to their folder, in order.
fn blobs(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = vec![folder.to_owned()];
    while let Some(inner) = rest.pop() {
        let entries = match fs::read_dir(&inner) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error).with_context(|| inner.display().to_string()),
        };
        for entry in entries {
            let entry = entry?;
            let kind = entry.file_type()?;
            let relative = entry.path().strip_prefix(folder)?.to_str().map(str::to_owned);
            match relative {
                _ if kind.is_dir() => rest.push(entry.path()),
                // A name with # is an upload that is not whole yet. Slices are made again by a run that is taken up.
                Some(path) if kind.is_file() && !path.contains('#') && !is_left_out(&path) => {
                    found.push(path);
                }
                _ => {}
            }
        }
    }
    found.sort();
    Ok(found)
}

fn write_blob(folder: &Path, path: &str, bytes: &[u8]) -> io::Result<()> {
    let plain = Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if !plain {
        return Err(io::Error::other(format!("{path} is no path of a blob")));
    }
    let target = folder.join(path);
    let parent = target.parent().unwrap_or(folder);
    fs::create_dir_all(parent)?;
    let mut file = tempfile::NamedTempFile::new_in(parent)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(&target)?;
    Ok(())
}
