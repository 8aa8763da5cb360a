//! Files that are made in the background and kept among the blobs: backups and exports. Each has a record beside it, which says how
//! far it is.
//!
//! Whoever makes one says in the record, every few seconds, that it still does: one whose record says nothing for some minutes has
//! ended with its process.

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use object_store::ObjectStore;
use object_store::path::Path;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::access::{AuditEntry, Caller};
use crate::blobs::{self, BlobError};
use crate::ids::TenantId;
use crate::ports::{Clock, Store, StoreError};
use crate::time;

/// How often the record of a file that is being made is renewed.
const PULSE: Duration = Duration::from_secs(20);

/// After so long without that, nobody makes it any more. The clocks of processes may differ a little.
const SILENT: SignedDuration = SignedDuration::from_mins(2);

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// It is being made.
    Running,
    /// It is whole.
    Completed,
    /// It was given up.
    Failed,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Contents {
    /// Rows.
    pub rows: u64,
    /// Blobs.
    pub blobs: u64,
    /// Size of the file, in bytes.
    pub bytes: u64,
}

/// A kind of file.
pub trait FileKind: Send + Sync + 'static {
    /// Its identity.
    type Id: Copy + Ord + fmt::Display + FromStr + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What was asked for, kept in its record.
    type Order: Clone + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// What it is called.
    const NAME: &'static str;
    /// Folder of a tenant among the blobs. Neither backups nor exports hold it.
    const FOLDER: &'static str;
    /// The end of its name, after a dot.
    const SUFFIX: &'static str;
    /// What the audit log says of its making, reading and removal.
    const ACTIONS: [&'static str; 3];

    /// The identity of one that is begun at a time.
    fn id_at(started: Timestamp) -> Self::Id;
}

/// The record of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptFile<Id, Order> {
    /// Identity.
    pub id: Id,
    /// How far it is.
    pub state: FileState,
    /// Who asked for it.
    pub by: String,
    /// What was asked for.
    #[serde(flatten)]
    pub order: Order,
    /// When it was begun.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// Rows in it.
    pub rows: u64,
    /// Blobs in it.
    pub blobs: u64,
    /// Its size, in bytes.
    pub bytes: u64,
    /// Why it failed.
    pub problem: Option<String>,
    /// When somebody last said that it is being made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alive: Option<Timestamp>,
}

/// Why a file was not begun, found or removed.
#[derive(Debug, thiserror::Error)]
pub enum KeptFileError {
    /// One at a time.
    #[error("another {kind} is being made")]
    Busy {
        /// What it is.
        kind: &'static str,
    },
    /// There is no such file.
    #[error("no such {kind}: {id}")]
    NotFound {
        /// What it is.
        kind: &'static str,
        /// Which.
        id: String,
    },
    /// It is not whole.
    #[error("{kind} {id} is not whole")]
    NotWhole {
        /// What it is.
        kind: &'static str,
        /// Which.
        id: String,
    },
    /// The audit log.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The place where files are kept.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

type Kept<K> = KeptFile<<K as FileKind>::Id, <K as FileKind>::Order>;

/// Makes, lists and gives out files of a kind.
pub struct KeptFiles<K: FileKind> {
    store: Arc<dyn Store>,
    blobs: Arc<dyn ObjectStore>,
    clock: Arc<dyn Clock>,
    making: Arc<Mutex<HashSet<TenantId>>>,
    kind: std::marker::PhantomData<K>,
}

impl<K: FileKind> Clone for KeptFiles<K> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            blobs: Arc::clone(&self.blobs),
            clock: Arc::clone(&self.clock),
            making: Arc::clone(&self.making),
            kind: std::marker::PhantomData,
        }
    }
}

/// That a tenant's file is being made here, until this is dropped.
struct Making {
    all: Arc<Mutex<HashSet<TenantId>>>,
    tenant: TenantId,
}

impl Making {
    fn begin(all: &Arc<Mutex<HashSet<TenantId>>>, tenant: &TenantId) -> Option<Self> {
        let is_first = all.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant.clone());
        is_first.then(|| Self { all: Arc::clone(all), tenant: tenant.clone() })
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.tenant);
    }
}

fn file<K: FileKind>(tenant: &TenantId, id: K::Id) -> String {
    format!("{tenant}/{}/{id}.{}", K::FOLDER, K::SUFFIX)
}

fn record<K: FileKind>(tenant: &TenantId, id: K::Id) -> String {
    format!("{tenant}/{}/{id}.json", K::FOLDER)
}

impl<K: FileKind> KeptFiles<K> {
    /// Files over their parts.
    pub(crate) fn new(store: Arc<dyn Store>, blobs: Arc<dyn ObjectStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, blobs, clock, making: Arc::default(), kind: std::marker::PhantomData }
    }

    fn now(&self) -> Timestamp {
        time::to_microsecond(self.clock.now())
    }

    /// Begins a file, and returns at once. What makes it is given the path of its blob, of which there is none if it fails.
    pub(crate) async fn begin<F>(
        &self,
        caller: &Caller,
        order: K::Order,
        make: impl FnOnce(String) -> F,
    ) -> Result<Kept<K>, KeptFileError>
    where
        F: Future<Output = Result<Contents, String>> + Send + 'static,
    {
        let busy = || KeptFileError::Busy { kind: K::NAME };
        let making = Making::begin(&self.making, &caller.tenant).ok_or_else(busy)?;
        // Another process may be at one.
        if self.list(caller).await?.iter().any(|kept| kept.state == FileState::Running) {
            return Err(busy());
        }
        let started = self.now();
        let begun = KeptFile {
            id: K::id_at(started),
            state: FileState::Running,
            by: caller.name.clone(),
            order,
            started,
            finished: None,
            rows: 0,
            blobs: 0,
            bytes: 0,
            problem: None,
            alive: Some(started),
        };
        self.note(caller, K::ACTIONS[0], begun.id).await?;
        self.keep(&caller.tenant, &begun).await?;
        let work = make(file::<K>(&caller.tenant, begun.id));
        let (this, tenant, kept) = (self.clone(), caller.tenant.clone(), begun.clone());
        tokio::spawn(async move {
            this.make(&tenant, kept, work).await;
            drop(making);
        });
        Ok(begun)
    }

    async fn make(
        &self,
        tenant: &TenantId,
        mut kept: Kept<K>,
        work: impl Future<Output = Result<Contents, String>>,
    ) {
        let mut work = std::pin::pin!(work);
        let made = loop {
            tokio::select! {
                made = &mut work => break made,
                () = tokio::time::sleep(PULSE) => {}
            }
            kept.alive = Some(self.now());
            if let Err(error) = self.keep(tenant, &kept).await {
                tracing::warn!(kind = K::NAME, id = %kept.id, %error, "nobody is told that it is still being made");
            }
        };
        let (finished, alive) = (Some(self.now()), None);
        let ended = match made {
            Ok(Contents { rows, blobs, bytes }) => {
                tracing::info!(%tenant, kind = K::NAME, id = %kept.id, rows, blobs, bytes, "it was made");
                KeptFile { state: FileState::Completed, finished, rows, blobs, bytes, alive, ..kept }
            }
            Err(problem) => {
                KeptFile { state: FileState::Failed, finished, problem: Some(problem), alive, ..kept }
            }
        };
        if let Err(error) = self.keep(tenant, &ended).await {
            tracing::error!(kind = K::NAME, id = %ended.id, %error, "what became of it was not kept");
        }
    }

    async fn keep(&self, tenant: &TenantId, kept: &Kept<K>) -> Result<(), BlobError> {
        let path = record::<K>(tenant, kept.id);
        let bytes = serde_json::to_vec(kept)
            .map_err(|source| BlobError::Damaged { path: path.clone(), source: source.into() })?;
        blobs::put(self.blobs.as_ref(), &path, bytes).await
    }

    async fn note(&self, caller: &Caller, action: &str, id: K::Id) -> Result<(), StoreError> {
        self.store.add_audit(&AuditEntry::of(&caller.tenant, caller.by(), self.now(), action, &id)).await
    }

    /// The files of the caller's tenant, the newest first.
    pub(crate) async fn list(&self, caller: &Caller) -> Result<Vec<Kept<K>>, KeptFileError> {
        let folder = format!("{}/{}", caller.tenant, K::FOLDER);
        let listed = self.blobs.list_with_delimiter(Some(&Path::from(folder.as_str()))).await;
        let listed = listed.map_err(|source| BlobError::Store { path: folder, source })?;
        let names = listed.objects.iter().filter_map(|object| object.location.filename());
        let mut ids: Vec<K::Id> = names.filter_map(|name| name.strip_suffix(".json")?.parse().ok()).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        let mut files = Vec::with_capacity(ids.len());
        for id in ids {
            match self.find(caller, id).await {
                Ok(kept) => files.push(kept),
                // It was removed in between.
                Err(KeptFileError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(files)
    }

    /// One file.
    pub(crate) async fn find(&self, caller: &Caller, id: K::Id) -> Result<Kept<K>, KeptFileError> {
        let path = record::<K>(&caller.tenant, id);
        let not_found = || KeptFileError::NotFound { kind: K::NAME, id: id.to_string() };
        let bytes = blobs::get(self.blobs.as_ref(), &path).await?.ok_or_else(not_found)?;
        let kept: Kept<K> = serde_json::from_slice(&bytes)
            .map_err(|source| BlobError::Damaged { path, source: source.into() })?;
        let said = kept.alive.unwrap_or(kept.started);
        if kept.state != FileState::Running || self.clock.now().duration_since(said) <= SILENT {
            return Ok(kept);
        }
        let problem = Some("the process ended before it was whole".to_owned());
        Ok(KeptFile { state: FileState::Failed, problem, ..kept })
    }

    /// Which blob a file is, for whoever is given it.
    pub(crate) async fn read(&self, caller: &Caller, id: K::Id) -> Result<String, KeptFileError> {
        if self.find(caller, id).await?.state != FileState::Completed {
            return Err(KeptFileError::NotWhole { kind: K::NAME, id: id.to_string() });
        }
        self.note(caller, K::ACTIONS[1], id).await?;
        Ok(file::<K>(&caller.tenant, id))
    }

    /// Removes a file, unless it is still being made.
    pub(crate) async fn remove(&self, caller: &Caller, id: K::Id) -> Result<(), KeptFileError> {
        if self.find(caller, id).await?.state == FileState::Running {
            return Err(KeptFileError::Busy { kind: K::NAME });
        }
        self.note(caller, K::ACTIONS[2], id).await?;
        // What says that there is one goes last.
        blobs::remove(self.blobs.as_ref(), &file::<K>(&caller.tenant, id)).await?;
        Ok(blobs::remove(self.blobs.as_ref(), &record::<K>(&caller.tenant, id)).await?)
    }
}
