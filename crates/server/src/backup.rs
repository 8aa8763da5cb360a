//! `astroshield backup` and `astroshield restore`.

use std::fs::File;
use std::io::{self, BufReader, Seek as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use astroshield_adapters::ArchiveStore;
use astroshield_domain::access::AuditEntry;
use astroshield_domain::archive::{ArchiveEntry, ArchiveHead, ArchiveItem};
use astroshield_domain::backups;
use astroshield_domain::data_exports;
use astroshield_domain::ids::TenantId;
use astroshield_domain::installation;
use astroshield_domain::kept_files::Contents;
use astroshield_domain::ports::{Archiver, Clock as _, Store, StoreError, SystemClock};
use astroshield_domain::time::to_microsecond;
use async_trait::async_trait;
use clap::Args;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use object_store::buffered::BufWriter;
use object_store::path::Path as BlobPath;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tokio::io::AsyncWriteExt as _;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, block_in_place};

use crate::archive::{self, ArchiveReader, ArchiveWriter, Key};
use crate::exit::Completion;
use crate::migrate;
use crate::output::Output;
use crate::serve::lock::DataFolder;
use crate::serve::parts::{self, DATABASE_FILE, Database};
use crate::settings::{BlobsKind, Settings, SettingsArgs, StoreKind};
use crate::{tenant, tenant_archive};

/// Blobs that a restore writes at once: one waits for the other end of a network while the next is on its way.
const BLOBS_AT_ONCE: usize = 4;

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
        let blobs = parts::blobs(&settings, &folder)?.store;
        let written = write(&settings, &folder, &*blobs, output, encryptor);
        let (output, rows, blobs) = migrate::runtime()?.block_on(written)?;
        output.finish()?;
        eprintln!("{rows} rows, {blobs} blobs");
        Ok(Completion::Whole)
    }
}

/// Writes rows and blobs to an output; how many of each.
async fn write<W: Write + Send>(
    settings: &Settings,
    folder: &Path,
    blobs: &dyn ObjectStore,
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
    for path in paths(blobs).await? {
        let read = async { blobs.get(&path).await?.bytes().await };
        match read.await {
            Ok(bytes) => writer.blob(path.into(), bytes.into())?,
            // A running server takes away only what no row names.
            Err(object_store::Error::NotFound { .. }) => continue,
            Err(error) => return Err(error).with_context(|| path.to_string()),
        }
        written += 1;
    }
    Ok((writer.finish()?, rows, written))
}

/// Whether a blob is a slice of a run, a backup or an export (`TENANT/runs/RUN/SLICE`, `TENANT/backups/BACKUP`), or says whose
/// they are.
fn is_left_out(path: &str) -> bool {
    let left_out = ["runs", backups::FOLDER, data_exports::FOLDER];
    path == installation::MARK || path.split('/').nth(1).is_some_and(|folder| left_out.contains(&folder))
}

/// Makes backups for the service.
pub(crate) struct StoreArchiver {
    /// Where everything is.
    pub(crate) settings: Settings,
    pub(crate) folder: PathBuf,
    pub(crate) blobs: Arc<dyn ObjectStore>,
}

impl StoreArchiver {
    async fn try_archive(&self, recipients: &[String], path: &str) -> anyhow::Result<Contents> {
        let encryptor = archive::encryptor_to(recipients)?;
        let (settings, folder, blobs) = (self.settings.clone(), self.folder.clone(), Arc::clone(&self.blobs));
        let runtime = Handle::current();
        self.keep(path, move |file| runtime.block_on(write(&settings, &folder, &*blobs, file, encryptor)))
            .await
    }

    async fn try_archive_tenant(&self, tenant: &TenantId, path: &str) -> anyhow::Result<Contents> {
        let (settings, folder, blobs) = (self.settings.clone(), self.folder.clone(), Arc::clone(&self.blobs));
        let (runtime, tenant) = (Handle::current(), tenant.clone());
        self.keep(path, move |file| {
            let store = runtime.block_on(open(&settings, &folder))?;
            let (file, written) = tenant_archive::write(&runtime, store, &*blobs, &tenant, file)?;
            Ok((file, written.rows, written.blobs))
        })
        .await
    }

    /// Keeps what is written into a file as a blob; how many rows and blobs are in it, and how large it is.
    async fn keep(
        &self,
        path: &str,
        write: impl FnOnce(File) -> anyhow::Result<(File, u64, u64)> + Send + 'static,
    ) -> anyhow::Result<Contents> {
        // Without a name, it is gone whatever happens to us.
        let file = tempfile::tempfile_in(&self.folder).with_context(|| self.folder.display().to_string())?;
        // Compression and encryption would hold up what else this thread does.
        let writing = tokio::task::spawn_blocking(move || write(file));
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
        Ok(Contents { rows, blobs, bytes })
    }
}

#[async_trait]
impl Archiver for StoreArchiver {
    fn check(&self, recipients: &[String]) -> Result<(), String> {
        archive::encryptor_to(recipients).map(drop).map_err(|error| error.to_string())
    }

    async fn archive(&self, recipients: &[String], path: &str) -> Result<Contents, String> {
        self.try_archive(recipients, path).await.map_err(|error| format!("{error:#}"))
    }

    async fn archive_tenant(&self, tenant: &TenantId, path: &str) -> Result<Contents, String> {
        self.try_archive_tenant(tenant, path).await.map_err(|error| format!("{error:#}"))
    }
}

/// Refuses a bucket in which there are blobs already: a server that runs on what is restored would remove those that it does
/// not know, and they may be a living installation's.
async fn refuse_others(blobs: &dyn ObjectStore) -> anyhow::Result<()> {
    match blobs.list(None).try_next().await? {
        Some(blob) => {
            bail!("blobs.prefix: there are blobs already, such as {}; give another prefix", blob.location)
        }
        None => Ok(()),
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
        let input = BufReader::new(File::open(&self.file).with_context(|| name.clone())?);
        let mut reader = ArchiveReader::new(input, &self.key).with_context(|| name.clone())?;
        let owned = DataFolder::take(&folder)?;
        let (made, build) = (reader.head.made.clone(), reader.head.build.clone());

        // Blobs come after the rows, but rows count only once their blobs are there: so blobs are written while the
        // transaction with the rows is open, and are in nobody's way if it fails.
        let (tables, blobs) = runtime()?.block_on(async {
            let database = Database::open(&settings, owned.path(), None).await?;
            database.close().await;
            let mut store = open(&settings, owned.path()).await?;
            let target = parts::blobs(&settings, owned.path())?.store;
            if settings.blobs.kind == BlobsKind::S3 {
                refuse_others(&*target).await?;
            }
            let mut blobs = BlobWriter::start(target);
            let tables = store
                .import(&mut || loop {
                    match reader.next()? {
                        ArchiveItem::Store(entry) => return Ok(Some(entry)),
                        ArchiveItem::Blob { path, bytes, .. } => blobs.write(&path, bytes)?,
                        ArchiveItem::End => {
                            blobs.finish()?;
                            return Ok(None);
                        }
                    }
                })
                .await
                .with_context(|| name.clone())?;
            store.close().await?;
            let database = Database::open(&settings, owned.path(), None).await?;
            let noted = note_restore(&*database.port(), &name).await;
            database.close().await;
            noted.context("the audit log")?;
            anyhow::Ok((tables, blobs.written))
        })?;
        eprintln!(
            "restored and verified: {} rows of {} tables, {} blobs, of {made} (version {build})",
            archive::rows(&tables),
            tables.len(),
            blobs
        );
        Ok(Completion::Whole)
    }
}

/// Puts into the audit log that what is there is a backup's.
async fn note_restore(store: &dyn Store, file: &str) -> Result<(), StoreError> {
    let now = to_microsecond(SystemClock.now());
    let author = tenant::author();
    let entry = AuditEntry::of(&TenantId::local(), tenant::by(&author), now, "store.restore", &file);
    store.add_audit(&entry).await
}

/// The store, to be read as a whole.
pub(crate) async fn open(settings: &Settings, folder: &Path) -> anyhow::Result<ArchiveStore> {
    Ok(match settings.store.kind {
        StoreKind::Sqlite => ArchiveStore::sqlite(&folder.join(DATABASE_FILE)).await?,
        StoreKind::Postgres => {
            ArchiveStore::postgres(&settings.store.postgres()).await.context("store.url")?
        }
    })
}

/// Paths of all blobs but slices and backups, in order.
async fn paths(blobs: &dyn ObjectStore) -> anyhow::Result<Vec<BlobPath>> {
    let listed = blobs.list(None).map_ok(|blob| blob.location);
    // Slices are made again by a run that is taken up.
    let kept = listed.try_filter(|path| std::future::ready(!is_left_out(path.as_ref())));
    let mut paths: Vec<BlobPath> = kept.try_collect().await.context("blobs cannot be listed")?;
    paths.sort_unstable();
    Ok(paths)
}

/// A runtime in which the reading of an archive can wait for the writing of blobs.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().context("runtime")
}

/// Writes blobs beside the reading of an archive, which does not know how to wait for them.
struct BlobWriter {
    sender: Option<mpsc::Sender<(BlobPath, Vec<u8>)>>,
    task: Option<JoinHandle<object_store::Result<()>>>,
    /// How many it was given.
    written: usize,
}

impl BlobWriter {
    fn start(blobs: Arc<dyn ObjectStore>) -> Self {
        let (sender, receiver) = mpsc::channel(1);
        let received = stream::unfold(receiver, |mut receiver: mpsc::Receiver<(BlobPath, Vec<u8>)>| async {
            Some((receiver.recv().await?, receiver))
        });
        let task = tokio::spawn(async move {
            let written = received.map(|(path, bytes)| {
                let blobs = Arc::clone(&blobs);
                async move { blobs.put(&path, bytes.into()).await.map(drop) }
            });
            written.buffer_unordered(BLOBS_AT_ONCE).try_collect().await
        });
        Self { sender: Some(sender), task: Some(task), written: 0 }
    }

    /// Gives it a blob, as soon as it has room for one.
    fn write(&mut self, path: &str, bytes: Vec<u8>) -> io::Result<()> {
        let path = BlobPath::parse(path).map_err(io::Error::other)?;
        let sent = self.sender.as_ref().map(|sender| block_in_place(|| sender.blocking_send((path, bytes))));
        self.written += 1;
        match sent {
            Some(Ok(())) => Ok(()),
            // It has ended before its time.
            _ => self.finish(),
        }
    }

    /// Waits until everything is written.
    fn finish(&mut self) -> io::Result<()> {
        self.sender = None;
        let Some(task) = self.task.take() else {
            return Err(io::Error::other("the writing of blobs has ended"));
        };
        let ended = block_in_place(|| Handle::current().block_on(task)).map_err(io::Error::other)?;
        ended.map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    #[test]
    fn all_blobs_are_written_when_the_writer_has_finished() {
        let blobs: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        runtime().unwrap().block_on(async {
            let mut writer = BlobWriter::start(Arc::clone(&blobs));
            for number in 0..50_u8 {
                writer.write(&format!("local/uploads/{number}"), vec![number]).unwrap();
            }
            writer.finish().unwrap();
            assert_eq!(writer.written, 50);
            assert_eq!(paths(&*blobs).await.unwrap().len(), 50);
            let last = blobs.get(&"local/uploads/49".into()).await.unwrap().bytes().await.unwrap();
            assert_eq!(last[..], [49]);
        });
    }

    #[test]
    fn a_path_that_leads_elsewhere_is_refused() {
        runtime().unwrap().block_on(async {
            let mut writer = BlobWriter::start(Arc::new(InMemory::new()));
            for path in ["../local/a", "local/../../a", "local//a"] {
                assert!(writer.write(path, Vec::new()).is_err(), "{path}");
            }
        });
    }

    #[test]
    fn a_blob_that_cannot_be_written_is_an_error_at_the_latest_at_the_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        // A folder of blobs in which the tenant's folder is a file.
        std::fs::copy(file.path(), folder.path().join("local")).unwrap();
        let blobs: Arc<dyn ObjectStore> =
            Arc::new(astroshield_adapters::folder::blobs(folder.path()).unwrap());
        runtime().unwrap().block_on(async {
            let mut writer = BlobWriter::start(blobs);
            let written =
                (0..20).try_for_each(|number| writer.write(&format!("local/uploads/{number}"), Vec::new()));
            assert!(written.and_then(|()| writer.finish()).is_err());
        });
    }

    #[test]
    fn slices_and_backups_are_left_out() {
        let blobs = InMemory::new();
        runtime().unwrap().block_on(async {
            for path in
                ["local/uploads/b", "local/uploads/a", "local/runs/r/0", "local/backups/x.age", "runs"]
            {
                blobs.put(&path.into(), "x".into()).await.unwrap();
            }
            let kept = paths(&blobs).await.unwrap();
            assert_eq!(kept, ["local/uploads/a", "local/uploads/b", "runs"].map(BlobPath::from));
        });
    }
}
