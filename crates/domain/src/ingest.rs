//! Element sets, SATCAT, space weather and Earth orientation on their way into the store.

use std::sync::Arc;

use astroshield_formats::{
    DailyTable, ElementSetRecord, Notation, RecordProblem, Strictness, detect, read_catalog,
    read_earth_orientation, read_space_weather,
};
use jiff::Timestamp;
use object_store::ObjectStore;

use crate::blobs::{self, BlobError};
use crate::catalog::{ElementSet, Grade, Ingest, IngestSummary};
use crate::feed::Upload;
use crate::ids::{IngestId, TenantId};
use crate::ports::{Clock, Store, StoreError};
use crate::satcat;
use crate::time;

/// Largest delivery that is taken, unpacked, in bytes. The whole public catalog is below 20 MB in any notation.
pub const LIMIT_BYTES: u64 = 256 << 20;

/// Most element sets that a delivery may hold: ten times the public catalog.
pub const LIMIT_RECORDS: u64 = 300_000;

/// A delivery with more than one record in so many that cannot be read is refused.
const READABLE_OF_ONE_FAULTY: u64 = 10;

/// Why a delivery was not taken. Nothing of it is in use.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// Nothing in it.
    #[error("{name} is empty")]
    Empty {
        /// What it was called.
        name: String,
    },
    /// A web page, as servers send it with their excuses.
    #[error("{name} is a web page")]
    WebPage {
        /// What it was called.
        name: String,
    },
    /// It cannot be unpacked, or is too large.
    #[error("{name}: {reason}")]
    Unpacking {
        /// What it was called.
        name: String,
        /// The reason.
        reason: String,
    },
    /// It is not a catalog.
    #[error(transparent)]
    Unreadable(Box<RecordProblem>),
    /// It ends in the midst of a record.
    #[error("{name} ends in the midst of a record: {problem}")]
    CutOff {
        /// What it was called.
        name: String,
        /// What is wrong with the last record.
        problem: Box<RecordProblem>,
    },
    /// Too many of its records cannot be read.
    #[error("{faulty} of {records} records cannot be read, the first because: {problem}")]
    Faulty {
        /// Records that cannot be read.
        faulty: u64,
        /// Records in all.
        records: u64,
        /// What is wrong with the first.
        problem: Box<RecordProblem>,
    },
    /// More than a catalog can hold.
    #[error("{records} records; at most {LIMIT_RECORDS} are taken")]
    TooMany {
        /// Records in it.
        records: u64,
    },
    /// Fewer than half of the records of the last time.
    #[error("{records} records, fewer than half of the {last} of the last time")]
    TooFew {
        /// Records in it.
        records: u64,
        /// Records of the last time.
        last: u64,
    },
    /// The bytes could not be kept.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread that read it was stopped.
    #[error("reading {name} was stopped")]
    Stopped {
        /// What it was called.
        name: String,
    },
}

impl IngestError {
    /// Whether the same bytes may be taken later.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::Blob(_) | Self::Store(_) | Self::Stopped { .. })
    }
}

/// Takes deliveries in.
pub struct Ingestor {
    store: Arc<dyn Store>,
    blobs: Arc<dyn ObjectStore>,
    clock: Arc<dyn Clock>,
}

/// What a delivery holds, read but not stored.
struct Delivered {
    records: Vec<ElementSetRecord>,
    skipped: u64,
    packed: Vec<u8>,
}

impl Ingestor {
    /// An ingestor over its parts.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, blobs: Arc<dyn ObjectStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, blobs, clock }
    }

    /// Takes element sets in any notation of a catalog. `name` names the bytes in problems. The bytes are kept as they
    /// came, before anything of them is in use.
    ///
    /// # Errors
    /// When the bytes are no catalog, or not a whole one, or could not be stored.
    pub async fn element_sets(
        &self,
        tenant: &TenantId,
        source: &str,
        grade: Grade,
        name: &str,
        bytes: Vec<u8>,
    ) -> Result<IngestSummary, IngestError> {
        let (summary, _) = self.element_sets_after(tenant, source, grade, name, bytes, None).await?;
        Ok(summary)
    }

    /// As [`Ingestor::element_sets`], and refuses fewer than half of the records of the last time. Returns the records.
    #[tracing::instrument(skip_all, fields(%tenant, source))]
    pub(crate) async fn element_sets_after(
        &self,
        tenant: &TenantId,
        source: &str,
        grade: Grade,
        name: &str,
        bytes: Vec<u8>,
        last: Option<u64>,
    ) -> Result<(IngestSummary, u64), IngestError> {
        let called = name.to_owned();
        let reading = tokio::task::spawn_blocking(move || read(&called, bytes, last));
        let Delivered { records, skipped, packed } =
            reading.await.map_err(|_| IngestError::Stopped { name: name.to_owned() })??;
        let count = records.len() as u64;
        let now = self.clock.now();
        let id = IngestId::at(now);
        let blob = format!("{tenant}/ingest/{id}.gz");
        blobs::put(&*self.blobs, &blob, packed).await?;
        let arrived = time::to_microsecond(self.clock.now());
        let element_sets = records
            .into_iter()
            .map(|record| element_set(record, tenant, source, grade, id, arrived))
            .collect();
        let ingest = Ingest {
            id,
            tenant: tenant.clone(),
            source: source.to_owned(),
            arrived,
            blob: Some(blob.clone()),
            skipped_records: skipped,
            element_sets,
        };
        match self.store.ingest(&ingest, &[]).await {
            Ok(summary) => {
                // A delivery that brought nothing is not recorded: nothing would ever speak of its bytes.
                if summary.new_element_sets == 0
                    && let Err(error) = blobs::remove(&*self.blobs, &blob).await
                {
                    tracing::warn!(blob, %error, "a blob that nothing speaks of stays");
                }
                tracing::info!(
                    ingest = %id,
                    new = summary.new_element_sets,
                    known = summary.known_element_sets,
                    skipped,
                    "element sets stored"
                );
                Ok((summary, count))
            }
            Err(error) => {
                if let Err(error) = blobs::remove(&*self.blobs, &blob).await {
                    tracing::warn!(blob, %error, "a blob that nothing speaks of stays");
                }
                Err(error.into())
            }
        }
    }

    /// Reads the element sets of an upload, whose blob holds them already.
    pub(crate) async fn of_upload(&self, upload: &Upload, bytes: Vec<u8>) -> Result<Ingest, IngestError> {
        let name = upload.name.clone();
        let reading = tokio::task::spawn_blocking(move || read(&name, bytes, None));
        let stopped = |_| IngestError::Stopped { name: upload.name.clone() };
        let Delivered { records, skipped, .. } = reading.await.map_err(stopped)??;
        let (id, arrived) = (IngestId::at(upload.at), time::to_microsecond(self.clock.now()));
        let source = format!("upload {}", upload.id);
        let element_sets = records
            .into_iter()
            .map(|record| element_set(record, &upload.tenant, &source, Grade::Gp, id, arrived))
            .collect();
        Ok(Ingest {
            id,
            tenant: upload.tenant.clone(),
            source,
            arrived,
            blob: Some(upload.blob.clone()),
            skipped_records: skipped,
            element_sets,
        })
    }

    /// Takes SATCAT (CSV) in; returns of how many objects it speaks, and of how many it says something new.
    ///
    /// # Errors
    /// When the bytes are no SATCAT, or could not be stored.
    pub async fn satcat(&self, name: &str, bytes: &[u8]) -> Result<(u64, u64), IngestError> {
        self.satcat_after(name, bytes.to_vec(), None).await
    }

    /// As [`Ingestor::satcat`], and refuses fewer than half of the records of the last time.
    pub(crate) async fn satcat_after(
        &self,
        name: &str,
        bytes: Vec<u8>,
        last: Option<u64>,
    ) -> Result<(u64, u64), IngestError> {
        let called = name.to_owned();
        let reading = tokio::task::spawn_blocking(move || {
            let bytes = open(&called, bytes)?;
            let satcat = satcat::read(&bytes, &called, Strictness::Tolerant)
                .map_err(|problem| IngestError::Unreadable(Box::new(problem)))?;
            of_table(&called, &bytes, satcat.entries, &satcat.problems, last)
        });
        let entries = reading.await.map_err(|_| IngestError::Stopped { name: name.to_owned() })??;
        let changed = self.store.put_satcat(&entries).await?;
        Ok((entries.len() as u64, changed))
    }
}

impl Ingestor {
    /// Takes space weather in; returns its days, and how many of them are new or changed.
    ///
    /// # Errors
    /// When the bytes are no such table, or could not be stored.
    pub async fn space_weather(&self, source: &str, bytes: Vec<u8>) -> Result<(u64, u64), IngestError> {
        self.space_weather_after(source, bytes, None).await
    }

    /// As [`Ingestor::space_weather`], and refuses fewer than half of the days of the last time.
    pub(crate) async fn space_weather_after(
        &self,
        source: &str,
        bytes: Vec<u8>,
        last: Option<u64>,
    ) -> Result<(u64, u64), IngestError> {
        let days = read_daily(source, bytes, last, read_space_weather).await?;
        let arrived = time::to_microsecond(self.clock.now());
        let changed = self.store.put_space_weather(source, arrived, &days).await?;
        Ok((days.len() as u64, changed))
    }

    /// Takes the orientation of the Earth in; returns its days, and how many of them are new or changed.
    ///
    /// # Errors
    /// When the bytes are no such table, or could not be stored.
    pub async fn earth_orientation(&self, source: &str, bytes: Vec<u8>) -> Result<(u64, u64), IngestError> {
        self.earth_orientation_after(source, bytes, None).await
    }

    /// As [`Ingestor::earth_orientation`], and refuses fewer than half of the days of the last time.
    pub(crate) async fn earth_orientation_after(
        &self,
        source: &str,
        bytes: Vec<u8>,
        last: Option<u64>,
    ) -> Result<(u64, u64), IngestError> {
        let days = read_daily(source, bytes, last, read_earth_orientation).await?;
        let arrived = time::to_microsecond(self.clock.now());
        let changed = self.store.put_earth_orientation(source, arrived, &days).await?;
        Ok((days.len() as u64, changed))
    }
}

/// Reads a table with a line a day, and judges it as a catalog is judged.
async fn read_daily<T: Send + 'static>(
    name: &str,
    bytes: Vec<u8>,
    last: Option<u64>,
    read: impl Fn(&[u8], &str, Strictness) -> Result<DailyTable<T>, RecordProblem> + Send + 'static,
) -> Result<Vec<T>, IngestError> {
    let called = name.to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        let bytes = open(&called, bytes)?;
        let table = read(&bytes, &called, Strictness::Tolerant)
            .map_err(|problem| IngestError::Unreadable(Box::new(problem)))?;
        of_table(&called, &bytes, table.days, &table.problems, last)
    });
    reading.await.map_err(|_| IngestError::Stopped { name: name.to_owned() })?
}

/// The lines of a table, unless it is judged to be none. Says what is left out.
fn of_table<T>(
    name: &str,
    bytes: &[u8],
    lines: Vec<T>,
    problems: &[RecordProblem],
    last: Option<u64>,
) -> Result<Vec<T>, IngestError> {
    judge(name, bytes, lines.len() as u64, problems)?;
    if let Some(problem) = problems.first() {
        tracing::warn!(lines = problems.len(), first = %problem, "lines are left out");
    }
    enough(name, lines.len() as u64, last)?;
    Ok(lines)
}

/// Unpacks a delivery and refuses what is plainly none.
pub(crate) fn open(name: &str, bytes: Vec<u8>) -> Result<Vec<u8>, IngestError> {
    let bytes = blobs::unpack(bytes, LIMIT_BYTES)
        .map_err(|error| IngestError::Unpacking { name: name.to_owned(), reason: error.to_string() })?;
    let text = bytes.trim_ascii_start();
    if text.is_empty() {
        return Err(IngestError::Empty { name: name.to_owned() });
    }
    let starts = |mark: &[u8]| text.get(..mark.len()).is_some_and(|head| head.eq_ignore_ascii_case(mark));
    if starts(b"<!doctype html") || starts(b"<html") {
        return Err(IngestError::WebPage { name: name.to_owned() });
    }
    Ok(bytes)
}

/// Refuses too many records, none, and fewer than half of the last time's.
fn enough(name: &str, records: u64, last: Option<u64>) -> Result<(), IngestError> {
    if records == 0 {
        return Err(IngestError::Empty { name: name.to_owned() });
    }
    if records > LIMIT_RECORDS {
        return Err(IngestError::TooMany { records });
    }
    match last {
        Some(last) if records < last.div_ceil(2) => Err(IngestError::TooFew { records, last }),
        _ => Ok(()),
    }
}

fn read(name: &str, bytes: Vec<u8>, last: Option<u64>) -> Result<Delivered, IngestError> {
    let bytes = open(name, bytes)?;
    not_too_many(&bytes)?;
    let catalog = read_catalog(&bytes, name, Strictness::Tolerant)
        .map_err(|problem| IngestError::Unreadable(Box::new(problem)))?;
    let (readable, faulty) = (catalog.objects.len() as u64, catalog.problems.len() as u64);
    judge(name, &bytes, readable, &catalog.problems)?;
    enough(name, readable, last)?;
    let packed = blobs::pack(&bytes)
        .map_err(|error| IngestError::Unpacking { name: name.to_owned(), reason: error.to_string() })?;
    Ok(Delivered { records: catalog.objects, skipped: faulty, packed })
}

/// Refuses too many records before they are read: a million of them in memory would be ten times their bytes.
pub(crate) fn not_too_many(bytes: &[u8]) -> Result<(), IngestError> {
    match records_at_most(bytes) {
        records if records > LIMIT_RECORDS => Err(IngestError::TooMany { records }),
        _ => Ok(()),
    }
}

/// How many records there can be at most, by what each of them has once.
fn records_at_most(bytes: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(bytes);
    let count = |mark: &str| text.matches(mark).count() as u64;
    match detect(bytes).0 {
        // The header, and a last line that does not end.
        Some(Notation::Csv) => count("\n"),
        Some(Notation::Tle | Notation::ThreeLine) => count("\n") / 2 + 1,
        Some(Notation::Json) => count("{"),
        Some(Notation::Xml) => count("<omm"),
        Some(Notation::Kvn) => count("CCSDS_OMM_VERS"),
        None => 0,
    }
}

/// Refuses what ends in the midst of a record, and what cannot be read for the most part.
fn judge(name: &str, bytes: &[u8], readable: u64, problems: &[RecordProblem]) -> Result<(), IngestError> {
    let faulty = problems.len() as u64;
    if let Some(problem) = problems.last()
        && !bytes.ends_with(b"\n")
        && is_last(problem, bytes, readable + faulty)
    {
        return Err(IngestError::CutOff { name: name.to_owned(), problem: Box::new(problem.clone()) });
    }
    if let Some(problem) = problems.first()
        && faulty * READABLE_OF_ONE_FAULTY > readable
    {
        return Err(IngestError::Faulty {
            faulty,
            records: readable + faulty,
            problem: Box::new(problem.clone()),
        });
    }
    Ok(())
}

/// Whether a problem is of the last record.
fn is_last(problem: &RecordProblem, bytes: &[u8], records: u64) -> bool {
    let lines = || bytes.split(|byte| *byte == b'\n').count() as u64;
    match (problem.location.record, problem.location.line) {
        (Some(record), _) => record >= records,
        // An element set has two lines, of which the first may be the one at fault.
        (None, Some(line)) => line + 1 >= lines(),
        (None, None) => false,
    }
}

/// An element set of the history from a record of a message.
pub(crate) fn element_set(
    record: ElementSetRecord,
    tenant: &TenantId,
    source: &str,
    grade: Grade,
    ingest: IngestId,
    arrived: Timestamp,
) -> ElementSet {
    use astroshield_formats::ElementSet as Message;

    let (dot, ddot, number, revolution, classification) = match &record.source {
        Message::Tle(tle) => (
            tle.mean_motion_dot_rev_day2,
            tle.mean_motion_ddot_rev_day3,
            Some(tle.element_set_number),
            Some(tle.revolution_at_epoch),
            Some(tle.classification),
        ),
        Message::Omm(omm) => match &omm.tle_parameters {
            Some(parameters) => (
                parameters.mean_motion_dot_rev_day2.unwrap_or_default(),
                parameters.mean_motion_ddot_rev_day3.unwrap_or_default(),
                parameters.element_set_no,
                parameters.rev_at_epoch,
                parameters.classification_type.as_ref().and_then(|text| text.chars().next()),
            ),
            None => (0.0, 0.0, None, None, None),
        },
    };
    ElementSet {
        tenant: tenant.clone(),
        object: record.catalog_number,
        name: record.name,
        international_designator: record.international_designator,
        elements: record.elements,
        mean_motion_dot: dot,
        mean_motion_ddot: ddot,
        element_set_number: number,
        revolution_at_epoch: revolution,
        classification,
        source: source.to_owned(),
        grade,
        ingest,
        arrived,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "OBJECT_NAME,OBJECT_ID,EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,\
                          ARG_OF_PERICENTER,MEAN_ANOMALY,EPHEMERIS_TYPE,CLASSIFICATION_TYPE,NORAD_CAT_ID,\
                          ELEMENT_SET_NO,REV_AT_EPOCH,BSTAR,MEAN_MOTION_DOT,MEAN_MOTION_DDOT\n";

    fn csv(objects: u32) -> String {
        let row =
            |n| format!("N{n},2020-001A,2026-01-01T00:00:00,15,0.001,50,0,0,0,0,U,{n},999,7,0,1e-5,0\n");
        (1..=objects).map(row).fold(HEADER.to_owned(), |text, row| text + &row)
    }

    fn refused(bytes: &[u8], last: Option<u64>) -> IngestError {
        match read("feed", bytes.to_vec(), last) {
            Ok(_) => panic!("taken"),
            Err(error) => error,
        }
    }

    #[test]
    fn what_is_no_catalog_is_refused_for_what_it_is() {
        assert!(matches!(refused(b"", None), IngestError::Empty { .. }));
        assert!(matches!(refused(b" \r\n", None), IngestError::Empty { .. }));
        assert!(matches!(refused(HEADER.as_bytes(), None), IngestError::Empty { .. }));
        assert!(matches!(refused(b"\n<!DOCTYPE HTML><p>busy", None), IngestError::WebPage { .. }));
        assert!(matches!(refused(b"No GP data found", None), IngestError::Unreadable(_)));
        let mut packed = blobs::pack(csv(3).as_bytes()).unwrap();
        packed.truncate(packed.len() / 2);
        assert!(matches!(refused(&packed, None), IngestError::Unpacking { .. }));
    }

    #[test]
    fn half_a_file_is_refused() {
        let whole = csv(40);
        let cut = whole.len() - 30;
        assert!(matches!(refused(&whole.as_bytes()[..cut], None), IngestError::CutOff { .. }));
        let shorter = csv(19);
        assert!(matches!(
            refused(shorter.as_bytes(), Some(40)),
            IngestError::TooFew { records: 19, last: 40 }
        ));
        assert!(read("feed", csv(20).into_bytes(), Some(40)).is_ok());
    }

    #[test]
    fn half_a_two_line_catalog_is_refused() {
        let tle = "1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927\n\
                   2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537\n";
        assert_eq!(read("feed", tle.repeat(20).into_bytes(), None).unwrap().records.len(), 20);
        let text = tle.repeat(20);
        for cut in [10, 75, 100] {
            let error = refused(&text.as_bytes()[..text.len() - cut], None);
            assert!(matches!(error, IngestError::CutOff { .. }), "{cut}: {error}");
        }
    }

    #[test]
    fn one_faulty_record_of_many_is_skipped_and_many_are_refused() {
        let text = csv(30).replace(
            "2026-01-01T00:00:00,15,0.001,50,0,0,0,0,U,7,",
            "2026-01-01T00:00:00,15,9,50,0,0,0,0,U,7,",
        );
        let delivered = read("feed", text.into_bytes(), None).unwrap();
        assert_eq!((delivered.records.len(), delivered.skipped), (29, 1));
        let text = csv(30).replace("0.001,50,0,0,0,0,U,1", "9,50,0,0,0,0,U,1");
        assert!(matches!(
            refused(text.as_bytes(), None),
            IngestError::Faulty { faulty: 11, records: 30, .. }
        ));
    }

    #[test]
    fn an_absurd_number_of_records_is_refused() {
        assert!(matches!(enough("feed", LIMIT_RECORDS + 1, None), Err(IngestError::TooMany { .. })));
    }

    #[test]
    fn a_million_records_are_counted_in_every_notation_before_they_are_read() {
        let text = |record: &str| record.repeat(1_000_000);
        let tle = "1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927\n\
                   2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537\n";
        let row = csv(1).lines().nth(1).unwrap().to_owned() + "\n";
        for many in [
            HEADER.to_owned() + &text(&row),
            text(tle),
            format!("[{}]", text("{\"OBJECT_NAME\":1},")),
            format!("<ndm>{}</ndm>", text("<omm></omm>")),
            text("CCSDS_OMM_VERS = 2.0\n"),
        ] {
            let start = &many[..40];
            assert!(matches!(not_too_many(many.as_bytes()), Err(IngestError::TooMany { .. })), "{start}");
        }
        assert!(not_too_many(csv(300).as_bytes()).is_ok());
    }

    #[test]
    fn what_came_beside_the_elements_is_carried() {
        let mut records = read("feed", csv(1).into_bytes(), None).unwrap().records;
        let (id, arrived) = (IngestId::at(Timestamp::UNIX_EPOCH), Timestamp::UNIX_EPOCH);
        let set = element_set(records.remove(0), &TenantId::public(), "s", Grade::Gp, id, arrived);
        assert_eq!((set.element_set_number, set.revolution_at_epoch), (Some(999), Some(7)));
        assert_eq!((set.classification, set.mean_motion_dot), (Some('U'), 1e-5));
    }
}
