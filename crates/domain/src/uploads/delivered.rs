//! Conjunction messages that a feed delivers: told again and again, of which the new ones count.

use std::collections::BTreeSet;

use astroshield_formats::{Message, RecordProblem, Strictness, read_messages};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{PROBLEMS, UploadError, Uploads, hexadecimal};
use crate::access::Caller;
use crate::assess::{self, Told};
use crate::blobs;
use crate::conjunction::CdmIdentity;
use crate::event::{Event, Payload};
use crate::feed::{Upload, UploadState};
use crate::ids::{TenantId, UploadId};
use crate::ingest::{self, IngestError};
use crate::ports::StoreError;
use crate::time;

/// What a feed delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveredMessages {
    /// Messages that could be read.
    pub messages: u64,
    /// Those of them that were not known.
    pub new: u64,
    /// When the newest of them was made.
    pub newest: Option<Timestamp>,
}

/// Why nothing of a delivery was taken.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryRefused {
    /// It is no delivery of messages.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// Nothing in it can be read.
    #[error("none of {messages} messages can be read, the first because: {problem}")]
    Faulty {
        /// Messages in it.
        messages: u64,
        /// What is wrong with the first.
        problem: String,
    },
    /// It could not be kept.
    #[error(transparent)]
    Upload(#[from] UploadError),
}

/// What is in a delivery.
struct Delivered {
    bytes: Vec<u8>,
    sha256: String,
    kind: Option<String>,
    told: Vec<Told>,
    problems: Vec<String>,
}

impl Uploads {
    /// Takes what a feed delivered for a tenant. Messages that are known are left alone, and where there is nothing else,
    /// nothing is kept. One that cannot be read does not stop the others: it is named in the upload, and in the log.
    ///
    /// # Errors
    /// When it is no delivery of messages, none of them can be read, or they cannot be kept.
    pub async fn deliver(
        &self,
        caller: &Caller,
        name: &str,
        bytes: Vec<u8>,
    ) -> Result<DeliveredMessages, DeliveryRefused> {
        let _reading = self.reading.acquire().await.map_err(|_| UploadError::Stopped)?;
        let at = time::to_microsecond(self.clock.now());
        let called = name.to_owned();
        let reading = tokio::task::spawn_blocking(move || read(&called, bytes, at));
        let mut delivered = reading.await.map_err(|_| UploadError::Stopped)??;
        let messages = delivered.told.len() as u64;
        if messages == 0 && !delivered.problems.is_empty() {
            let (messages, problem) = (delivered.problems.len() as u64, delivered.problems.remove(0));
            return Err(DeliveryRefused::Faulty { messages, problem });
        }
        if let Some(first) = delivered.problems.first() {
            tracing::warn!(messages = delivered.problems.len(), first, "messages are left out");
        }
        let newest = delivered.told.iter().map(|told| told.created).max();
        let told = self.unknown(&caller.tenant, delivered.told).await.map_err(UploadError::Store)?;
        let new = told.len() as u64;
        if new > 0 {
            delivered.told = told;
            self.keep(caller, name, delivered, at).await?;
        }
        Ok(DeliveredMessages { messages, new, newest })
    }

    /// The messages that a tenant does not have.
    pub(super) async fn unknown(&self, tenant: &TenantId, told: Vec<Told>) -> Result<Vec<Told>, StoreError> {
        let times = || told.iter().map(|told| told.tca);
        let Some((first, last)) = times().min().zip(times().max()) else { return Ok(told) };
        let known = self.store.known_cdms(tenant, (first, last)).await?;
        let mut known: BTreeSet<CdmIdentity> = known.into_iter().collect();
        Ok(told.into_iter().filter(|told| known.insert(told.identity())).collect())
    }

    async fn keep(
        &self,
        caller: &Caller,
        name: &str,
        delivered: Delivered,
        at: Timestamp,
    ) -> Result<(), UploadError> {
        let Delivered { bytes, sha256, kind, told, mut problems } = delivered;
        let (id, tenant) = (UploadId::at(at), &caller.tenant);
        let blob = format!("{tenant}/uploads/{id}");
        problems.truncate(PROBLEMS);
        let upload = Upload {
            id,
            tenant: tenant.clone(),
            name: name.to_owned(),
            kind,
            by: caller.name.clone(),
            at,
            state: UploadState::Accepted,
            records: told.len() as u64,
            problems,
            sha256,
            blob: blob.clone(),
        };
        let cdms = self.cdms(&upload, &told).await?;
        blobs::put(&*self.blobs, &blob, bytes).await?;
        let event = |payload| Event::new(tenant.clone(), at, Vec::new(), payload);
        let stored = Payload::UploadStored { upload: id, accepted: true };
        let received = cdms.iter().map(|cdm| Payload::CdmReceived { conjunction: cdm.conjunction });
        let events: Vec<Event> = std::iter::once(stored).chain(received).map(event).collect();
        let added = self.store.add_upload(&upload, &[], &cdms, &events, None).await;
        if added.is_err()
            && let Err(error) = blobs::remove(&*self.blobs, &blob).await
        {
            tracing::warn!(%error, "a delivery that nothing speaks of stays");
        }
        Ok(added?)
    }
}

fn read(name: &str, bytes: Vec<u8>, arrived: Timestamp) -> Result<Delivered, DeliveryRefused> {
    let bytes = ingest::open(name, bytes)?;
    let sha256 = hexadecimal(&Sha256::digest(&bytes));
    let mut delivered = Delivered { bytes, sha256, kind: None, told: Vec::new(), problems: Vec::new() };
    // How Space-Track says that there is nothing.
    if delivered.bytes.trim_ascii() == b"[]" {
        return Ok(delivered);
    }
    ingest::not_too_many(&delivered.bytes)?;
    let unreadable = |problem: RecordProblem| IngestError::Unreadable(Box::new(problem));
    let document = read_messages(&delivered.bytes, name, Strictness::Tolerant).map_err(unreadable)?;
    delivered.kind = document.messages.first().map(|message| message.kind().as_str().to_owned());
    delivered.problems = document.problems.iter().map(ToString::to_string).collect();
    for (number, message) in (1..).zip(document.messages) {
        let told = match message {
            Message::Cdm(cdm) => assess::of_cdm(&cdm),
            Message::CdmSummary(summary) => assess::of_summary(&summary, arrived),
            other => Err(format!("a {} is no conjunction message", other.kind().as_str())),
        };
        match told {
            Ok(told) => delivered.told.push(told),
            Err(reason) => delivered.problems.push(format!("message {number}: {reason}")),
        }
    }
    Ok(delivered)
}
