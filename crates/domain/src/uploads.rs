//! Uploads: files that users give, kept as they were received, and judged.
//!
//! A file with anything wrong in it changes nothing but the list of uploads, where its problems stand.

mod delivered;

use std::sync::Arc;

use astroshield_formats::{
    CatalogNumber, Document, ElementSetRecord, Message, Oem, Strictness, read_messages,
};
use jiff::Timestamp;
use object_store::ObjectStore;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::access::{Attempt, AuditEntry, By, Caller};
use crate::assess::{self, Told};
use crate::blobs::{self, BlobError};
use crate::catalog::ObjectQuery;
use crate::conjunction::ReceivedCdm;
use crate::daily::{self, OrientationOfWindow};
use crate::event::{Event, Payload};
use crate::feed::{OperatorEphemeris, Upload, UploadState};
use crate::ids::{CdmId, EphemerisId, TenantId, UploadId};
use crate::ingest::{self, IngestError, Ingestor};
use crate::ports::{Clock, Store, StoreError};
use crate::uncertainty::Uncertainty;
use crate::{time, trajectory};

pub use self::delivered::{DeliveredMessages, DeliveryRefused};

/// Largest file that is taken, in bytes, as it is received and unpacked.
pub const LIMIT_BYTES: u64 = 64 << 20;

/// Files that are read at the same time; others wait.
const READ_AT_ONCE: usize = 2;

/// Problems that are kept of an upload.
const PROBLEMS: usize = 50;

/// Why an upload was not taken. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// Too large.
    #[error("{bytes} bytes; at most {LIMIT_BYTES} are taken")]
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// There is nothing where it was to be.
    #[error("nothing was sent to that place, or it was used already")]
    NothingThere,
    /// It could not be kept.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread that read it was stopped.
    #[error("reading the upload was stopped")]
    Stopped,
}

/// Takes uploads.
pub struct Uploads {
    store: Arc<dyn Store>,
    blobs: Arc<dyn ObjectStore>,
    clock: Arc<dyn Clock>,
    ingestor: Arc<Ingestor>,
    /// Files that are read at the same time: each may take many times its size.
    reading: Semaphore,
}

/// What is in a file, as far as the file alone can tell.
#[derive(Default)]
struct Contents {
    kind: Option<String>,
    records: u64,
    has_element_sets: bool,
    /// Number of the message, and what is said of its object.
    ephemerides: Vec<(u32, Oem, (Timestamp, Timestamp))>,
    told: Vec<Told>,
    problems: Vec<String>,
    /// What is worth saying of a file that is taken.
    notes: Vec<String>,
}

impl Uploads {
    /// Uploads over their parts.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        blobs: Arc<dyn ObjectStore>,
        clock: Arc<dyn Clock>,
        ingestor: Arc<Ingestor>,
    ) -> Self {
        Self { store, blobs, clock, ingestor, reading: Semaphore::new(READ_AT_ONCE) }
    }

    /// Takes a file: element sets, ephemerides (OEM), states (OPM), conjunction messages. `object` says whose ephemeris it
    /// is, where the file does not. One with problems is kept as rejected, and nothing of it is used.
    ///
    /// # Errors
    /// When it is too large or cannot be kept. Nothing of it is stored then.
    pub async fn receive(
        &self,
        caller: &Caller,
        name: &str,
        object: Option<CatalogNumber>,
        bytes: Vec<u8>,
    ) -> Result<Upload, UploadError> {
        self.receive_once(caller, name, object, bytes, None).await
    }

    /// As [`Uploads::receive_once`], of a file that was sent to a place of its tenant before.
    ///
    /// # Errors
    /// As [`Uploads::receive`], and when nothing is there.
    pub async fn receive_placed(
        &self,
        caller: &Caller,
        name: &str,
        object: Option<CatalogNumber>,
        place: UploadId,
        attempt: Option<&Attempt>,
    ) -> Result<Upload, UploadError> {
        if let Some(attempt) = attempt.filter(|attempt| attempt.repeated)
            && let Some(upload) = self.store.upload(&caller.tenant, UploadId::of_attempt(attempt)).await?
        {
            return Ok(upload);
        }
        let path = place_of(&caller.tenant, place);
        match blobs::size(&*self.blobs, &path).await? {
            None => return Err(UploadError::NothingThere),
            Some(bytes) if bytes > LIMIT_BYTES => return Err(UploadError::TooLarge { bytes }),
            Some(_) => {}
        }
        let bytes = blobs::get(&*self.blobs, &path).await?.ok_or(UploadError::NothingThere)?;
        let upload = self.receive_once(caller, name, object, bytes, attempt).await?;
        // It is kept under its own name by now. What stays is swept.
        if let Err(error) = blobs::remove(&*self.blobs, &path).await {
            tracing::warn!(%error, "a file that was sent stays twice");
        }
        Ok(upload)
    }

    /// As [`Uploads::receive`], of a request under an idempotency key: what an earlier attempt stored is what is given.
    ///
    /// # Errors
    /// As [`Uploads::receive`].
    pub async fn receive_once(
        &self,
        caller: &Caller,
        name: &str,
        object: Option<CatalogNumber>,
        bytes: Vec<u8>,
        attempt: Option<&Attempt>,
    ) -> Result<Upload, UploadError> {
        let size = bytes.len() as u64;
        if size > LIMIT_BYTES {
            return Err(UploadError::TooLarge { bytes: size });
        }
        let _reading = self.reading.acquire().await.map_err(|_| UploadError::Stopped)?;
        let at = time::to_microsecond(self.clock.now());
        let (id, tenant) = (attempt.map_or_else(|| UploadId::at(at), UploadId::of_attempt), &caller.tenant);
        if attempt.is_some_and(|attempt| attempt.repeated)
            && let Some(upload) = self.store.upload(tenant, id).await?
        {
            return Ok(upload);
        }
        let (bytes, sha256, mut contents) = {
            let name = name.to_owned();
            let reading = tokio::task::spawn_blocking(move || {
                let sha256 = hexadecimal(&Sha256::digest(&bytes));
                let contents = read(&name, &bytes, at);
                (bytes, sha256, contents)
            });
            reading.await.map_err(|_| UploadError::Stopped)?
        };
        let blob = format!("{tenant}/uploads/{id}");
        blobs::put(&*self.blobs, &blob, bytes.clone()).await?;
        let mut upload = Upload {
            id,
            tenant: tenant.clone(),
            name: name.chars().filter(|c| !c.is_control()).take(200).collect(),
            kind: contents.kind.take(),
            by: caller.name.clone(),
            at,
            state: UploadState::Rejected,
            records: 0,
            problems: Vec::new(),
            sha256,
            blob,
        };
        let stored = self.judge(caller.by(), &mut upload, contents, object, bytes).await;
        // Another process may have been at the same attempt: the blob is its, too.
        if stored.is_err()
            && attempt.is_some()
            && let Some(upload) = self.store.upload(tenant, id).await?
        {
            return Ok(upload);
        }
        if stored.is_err()
            && let Err(error) = blobs::remove(&*self.blobs, &upload.blob).await
        {
            tracing::warn!(%error, "an upload that nothing speaks of stays");
        }
        stored?;
        tracing::info!(
            upload = %id, %tenant, by = upload.by, kind = upload.kind, records = upload.records,
            problems = upload.problems.len(), accepted = upload.state == UploadState::Accepted, "upload"
        );
        Ok(upload)
    }

    /// Decides on an upload and stores it with what it holds.
    async fn judge(
        &self,
        by: By<'_>,
        upload: &mut Upload,
        mut contents: Contents,
        object: Option<CatalogNumber>,
        bytes: Vec<u8>,
    ) -> Result<(), UploadError> {
        let ephemerides = self.ephemerides(upload, &mut contents, object).await?;
        let told = std::mem::take(&mut contents.told);
        let received = told.len();
        let told = self.unknown(&upload.tenant, told).await?;
        if told.len() < received {
            contents
                .notes
                .push(format!("{} messages of {received} were known already", received - told.len()));
        }
        let cdms = self.cdms(upload, &told).await?;
        let mut element_sets = None;
        if contents.problems.is_empty() && contents.has_element_sets {
            match self.ingestor.of_upload(upload, bytes).await {
                Ok(ingest) => element_sets = Some(ingest),
                Err(IngestError::Stopped { .. }) => return Err(UploadError::Stopped),
                Err(error) => contents.problems.push(crate::describe(&error)),
            }
        }
        let accepted = contents.problems.is_empty();
        if accepted {
            upload.state = UploadState::Accepted;
            upload.records = contents.records;
            upload.problems = contents.notes;
        } else {
            upload.problems = contents.problems;
        }
        if upload.problems.len() > PROBLEMS {
            let more = upload.problems.len() - PROBLEMS;
            upload.problems.truncate(PROBLEMS);
            upload.problems.push(format!("{more} more"));
        }
        let event = |payload| Event::new(upload.tenant.clone(), upload.at, Vec::new(), payload);
        let mut events = vec![event(Payload::UploadStored { upload: upload.id, accepted })];
        let audit = AuditEntry::of(&upload.tenant, by, upload.at, "upload.create", &upload.id);
        let (mut stored, mut received) = (Vec::new(), Vec::new());
        if accepted {
            events.extend(
                ephemerides.iter().map(|stored| event(Payload::EphemerisStored { object: stored.object })),
            );
            events
                .extend(cdms.iter().map(|cdm| event(Payload::CdmReceived { conjunction: cdm.conjunction })));
            (stored, received) = (ephemerides, cdms);
        }
        let store = &self.store;
        match element_sets {
            // With the upload or not at all: element sets of an upload that is not there could not be accounted for.
            Some(ingest) => store
                .add_upload_of_element_sets(upload, &ingest, &stored, &received, &events, Some(&audit))
                .await
                .map(drop)?,
            None => store.add_upload(upload, &stored, &received, &events, Some(&audit)).await?,
        }
        Ok(())
    }

    async fn ephemerides(
        &self,
        upload: &Upload,
        contents: &mut Contents,
        object: Option<CatalogNumber>,
    ) -> Result<Vec<OperatorEphemeris>, UploadError> {
        let mut ephemerides = Vec::new();
        for (message, oem, (start, stop)) in &contents.ephemerides {
            let orientation = if trajectory::turns_with_earth(oem) {
                let known = OrientationOfWindow::known(&*self.store, *start, *stop).await?;
                contents.notes.push(turned(*message, known.as_ref()));
                known
            } else {
                None
            };
            let number = match object {
                Some(number) => Some(number),
                None => object_of(&*self.store, &upload.tenant, oem).await?,
            };
            match number {
                Some(number) => ephemerides.push(OperatorEphemeris {
                    id: EphemerisId::at(upload.at),
                    tenant: upload.tenant.clone(),
                    object: number.get(),
                    upload: upload.id,
                    message: *message,
                    start: *start,
                    stop: *stop,
                    arrived: upload.at,
                    blob: upload.blob.clone(),
                    orientation,
                }),
                None => contents.problems.push(format!(
                    "message {}: OBJECT_ID {:?} is no object of the catalog; say which it is",
                    message + 1,
                    oem.segments.first().map_or("", |segment| segment.metadata.object_id.as_str())
                )),
            }
        }
        let mut objects: Vec<u32> = ephemerides.iter().map(|ephemeris| ephemeris.object).collect();
        objects.sort_unstable();
        if let Some(pair) = objects.windows(2).find(|pair| pair[0] == pair[1]) {
            contents.problems.push(format!("more than one ephemeris of object {}", pair[0]));
        }
        Ok(ephemerides)
    }

    async fn cdms(&self, upload: &Upload, told: &[Told]) -> Result<Vec<ReceivedCdm>, UploadError> {
        let pairs: Vec<_> = told.iter().map(|told| (told.objects, told.tca)).collect();
        let conjunctions = self.store.conjunctions_at(&upload.tenant, &pairs).await?;
        let mut cdms = Vec::with_capacity(told.len());
        for (told, conjunction) in told.iter().zip(conjunctions) {
            cdms.push(ReceivedCdm {
                id: CdmId::at(upload.at),
                tenant: upload.tenant.clone(),
                conjunction,
                objects: told.objects,
                originator: told.originator.clone(),
                created: told.created,
                arrived: upload.at,
                tca: told.tca,
                miss_distance_km: told.miss_distance_km,
                stated_probability: told.stated_probability,
                probability: told.probability,
                blob: upload.blob.clone(),
            });
        }
        Ok(cdms)
    }
}

/// Where a file is sent to before it is taken: among the uploads, where what nothing speaks of is swept.
#[must_use]
pub fn place_of(tenant: &TenantId, place: UploadId) -> String {
    format!("{tenant}/uploads/sent-{place}")
}

/// What is said of an ephemeris that is fixed to the Earth.
fn turned(message: u32, orientation: Option<&OrientationOfWindow>) -> String {
    let message = message + 1;
    match orientation.and_then(OrientationOfWindow::used) {
        Some(used) => {
            format!("message {message}: turned with {used}, the oldest of which arrived {}", used.arrived)
        }
        None => format!(
            "message {message}: {}, for all of the time that it covers: off by up to 50 m in low orbit while UT1-UTC is \
             below 0.1 s",
            daily::NOT_KNOWN
        ),
    }
}

/// The object of an ephemeris: `OBJECT_ID` as a catalog number, or as the designator of one object of the catalog.
pub(crate) async fn object_of(
    store: &dyn Store,
    tenant: &TenantId,
    oem: &Oem,
) -> Result<Option<CatalogNumber>, StoreError> {
    let Some(segment) = oem.segments.first() else { return Ok(None) };
    let designator = segment.metadata.object_id.trim();
    if let Ok(number) = designator.parse() {
        return Ok(Some(number));
    }
    let query = ObjectQuery { search: Some(designator.to_owned()), limit: 100, ..ObjectQuery::default() };
    let found = store.objects(tenant, &query).await?.rows;
    let mut named = found.into_iter().filter(|object| {
        object.international_designator.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(designator))
    });
    Ok(named.next().map(|object| object.number).filter(|_| named.next().is_none()))
}

fn read(name: &str, bytes: &[u8], arrived: Timestamp) -> Contents {
    let mut contents = Contents::default();
    let unpacked = match blobs::unpack(bytes.to_vec(), LIMIT_BYTES) {
        Ok(unpacked) => unpacked,
        Err(error) => {
            contents.problems.push(format!("{name}: {error}"));
            return contents;
        }
    };
    if let Err(error) = ingest::not_too_many(&unpacked) {
        contents.problems.push(format!("{name}: {error}"));
        return contents;
    }
    match read_messages(&unpacked, name, Strictness::Tolerant) {
        Ok(document) => contents.fill(document, arrived),
        Err(problem) => contents.problems.push(problem.to_string()),
    }
    contents
}

impl Contents {
    fn fill(&mut self, document: Document, arrived: Timestamp) {
        self.problems.extend(document.problems.iter().map(ToString::to_string));
        if document.messages.is_empty() && self.problems.is_empty() {
            self.problems.push("no messages in it".to_owned());
        }
        self.kind = document.messages.first().map(|message| message.kind().as_str().to_owned());
        for (number, message) in (0..).zip(document.messages) {
            self.records += 1;
            if let Err(reason) = self.take(number, message, arrived) {
                self.problems.push(format!("message {}: {reason}", number + 1));
            }
        }
    }

    fn take(&mut self, number: u32, message: Message, arrived: Timestamp) -> Result<(), String> {
        match message {
            Message::Tle(tle) => {
                self.has_element_sets = true;
                ElementSetRecord::try_from(*tle).map(drop).map_err(|error| error.to_string())
            }
            Message::Omm(omm) => {
                self.has_element_sets = true;
                ElementSetRecord::try_from(*omm).map(drop).map_err(|error| error.to_string())
            }
            Message::Oem(oem) => {
                let motion = trajectory::of_oem(&oem, None).map_err(|error| error.to_string())?;
                if let Err(reason) = Uncertainty::of_oem(&oem, &motion, None) {
                    self.notes.push(format!(
                        "message {}: its covariances are kept, but not used: {reason}",
                        number + 1
                    ));
                }
                let span = trajectory::span(&oem).map_err(|error| error.to_string())?;
                let (from, to) = span.ok_or("no useable states")?;
                let (from, to) =
                    time::from_epoch(from).zip(time::from_epoch(to)).ok_or("times out of range")?;
                self.ephemerides.push((number, *oem, (time::to_microsecond(from), time::to_microsecond(to))));
                Ok(())
            }
            Message::Opm(_) => {
                self.notes.push(format!(
                    "message {}: an OPM is kept, but not screened: give an ephemeris (OEM) instead",
                    number + 1
                ));
                Ok(())
            }
            Message::Cdm(cdm) => {
                self.told.push(assess::of_cdm(&cdm)?);
                Ok(())
            }
            Message::CdmSummary(summary) => {
                self.told.push(assess::of_summary(&summary, arrived)?);
                Ok(())
            }
            other => Err(format!("a {} is not taken", other.kind().as_str())),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
