//! Files that are made in the background, and processes that end meanwhile.

use std::sync::Arc;
use std::time::Duration;

use astroshield_adapters::SqliteStore;
use astroshield_domain::access::{Caller, Principal, Scope};
use astroshield_domain::data_exports::DataExports;
use astroshield_domain::ids::TenantId;
use astroshield_domain::kept_files::{Contents, FileState, KeptFileError};
use astroshield_domain::ports::Archiver;
use astroshield_testkit::entities::{at, tenant};
use async_trait::async_trait;
use jiff::SignedDuration;
use object_store::memory::InMemory;
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::parts::Hands;

/// Makes a file when it is told to.
#[derive(Default)]
struct Patient {
    go: Notify,
}

#[async_trait]
impl Archiver for Patient {
    fn check(&self, _: &[String]) -> Result<(), String> {
        Ok(())
    }

    async fn archive(&self, _: &[String], _: &str) -> Result<Contents, String> {
        Err("not asked for here".to_owned())
    }

    async fn archive_tenant(&self, _: &TenantId, _: &str) -> Result<Contents, String> {
        self.go.notified().await;
        Ok(Contents { rows: 3, blobs: 2, bytes: 1 })
    }
}

/// What two processes have in common.
struct Installation {
    store: Arc<SqliteStore>,
    blobs: Arc<InMemory>,
    clock: Arc<Hands>,
    _folder: TempDir,
}

impl Installation {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Arc::new(SqliteStore::open(&folder.path().join("store.db")).await.unwrap());
        Self { store, blobs: Arc::new(InMemory::new()), clock: Hands::at(at(0)), _folder: folder }
    }

    fn process(&self) -> (DataExports, Arc<Patient>) {
        let archiver = Arc::new(Patient::default());
        let (store, blobs, clock) = (self.store.clone(), self.blobs.clone(), self.clock.clone());
        (DataExports::new(archiver.clone(), store, blobs, clock), archiver)
    }
}

fn caller() -> Caller {
    Caller {
        tenant: tenant("own"),
        name: "me".to_owned(),
        principal: Principal::Operator,
        scope: Scope::Admin,
    }
}

#[tokio::test]
async fn a_file_that_nobody_makes_any_more_has_failed_after_two_minutes() {
    let installation = Installation::new().await;
    let ((one, _), (other, _)) = (installation.process(), installation.process());
    let begun = one.start(&caller()).await.unwrap();
    let state = async |exports: &DataExports| exports.find(&caller(), begun.id).await.unwrap().state;
    for exports in [&one, &other] {
        assert_eq!(state(exports).await, FileState::Running);
        // One at a time, whichever process makes it.
        assert!(matches!(exports.start(&caller()).await, Err(KeptFileError::Busy { .. })));
        assert!(matches!(exports.remove(&caller(), begun.id).await, Err(KeptFileError::Busy { .. })));
    }
    installation.clock.forward(SignedDuration::from_secs(119));
    assert_eq!(state(&other).await, FileState::Running);
    // It says nothing: the time of this test stands still for its process.
    installation.clock.forward(SignedDuration::from_secs(2));
    let failed = other.find(&caller(), begun.id).await.unwrap();
    assert_eq!(failed.state, FileState::Failed);
    assert_eq!(failed.problem.as_deref(), Some("the process ended before it was whole"));
    other.start(&caller()).await.unwrap();
    other.remove(&caller(), begun.id).await.unwrap();
    assert!(matches!(one.find(&caller(), begun.id).await, Err(KeptFileError::NotFound { .. })));
}

#[tokio::test]
async fn a_file_that_takes_long_is_known_to_be_made() {
    let installation = Installation::new().await;
    let ((one, archiver), (other, _)) = (installation.process(), installation.process());
    let begun = one.start(&caller()).await.unwrap();
    tokio::task::yield_now().await;
    tokio::time::pause();
    for _ in 0..10 {
        installation.clock.forward(SignedDuration::from_secs(100));
        tokio::time::advance(Duration::from_secs(21)).await;
        // It writes its record.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        assert_eq!(other.find(&caller(), begun.id).await.unwrap().state, FileState::Running);
    }
    tokio::time::resume();
    archiver.go.notify_one();
    while other.find(&caller(), begun.id).await.unwrap().state == FileState::Running {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let made = other.find(&caller(), begun.id).await.unwrap();
    assert_eq!((made.state, made.rows, made.blobs, made.bytes), (FileState::Completed, 3, 2, 1));
    assert_eq!(made.finished, Some(at(1_000)));
}
