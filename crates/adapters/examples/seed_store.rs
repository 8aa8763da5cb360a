//! Fills a store for `make bench-service`: a catalog's element sets over many days, and conjunctions of one run.
//!
//! Usage: `seed_store DATABASE CATALOG DAYS CONJUNCTIONS`. The newest epoch of the catalog becomes now; each day before has
//! every element set again, its epoch a day earlier. Random numbers come from a fixed seed.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use astroshield_adapters::SqliteStore;
use astroshield_domain::catalog::{ElementSet, Grade, Ingest};
use astroshield_domain::conjunction::{
    Conjunction, ConjunctionStatus, Participant, ProbabilityMethod, Solution,
};
use astroshield_domain::ids::{ConjunctionId, IngestId, RunId, TenantId};
use astroshield_domain::ports::{CatalogStore, EventStore, RunStore, RunUpdate};
use astroshield_domain::screening::{Run, RunConclusion, RunKind, RunState};
use astroshield_domain::time;
use astroshield_formats::{CatalogNumber, ElementSetRecord, Strictness, read_catalog};
use flate2::read::MultiGzDecoder;
use hifitime::Unit;
use jiff::{SignedDuration, Timestamp};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;

const SEED: u64 = 1;
const WINDOW_DAYS: i64 = 7;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [database, catalog, days, conjunctions] = &arguments[..] else {
        bail!("usage: seed_store DATABASE CATALOG DAYS CONJUNCTIONS");
    };
    let (days, conjunctions): (i64, usize) = (days.parse()?, conjunctions.parse()?);
    let file = File::open(catalog).with_context(|| catalog.clone())?;
    let mut bytes = Vec::new();
    MultiGzDecoder::new(file).read_to_end(&mut bytes).with_context(|| catalog.clone())?;
    let mut records = read_catalog(&bytes, catalog, Strictness::Tolerant)?.objects;
    let store = SqliteStore::open(Path::new(database)).await?;
    let now = Timestamp::now();
    let newest = records.iter().map(|record| record.elements.epoch).max().context("an empty catalog")?;
    let shift = time::to_epoch(now) - newest;
    for record in &mut records {
        record.elements.epoch += shift;
    }

    let begin = Instant::now();
    for day in (0..days).rev() {
        store.ingest(&ingest(&records, day, now - SignedDuration::from_hours(24 * day)), &[]).await?;
    }
    eprintln!("{} element sets in {:.1} s", records.len() as i64 * days, begin.elapsed().as_secs_f64());

    let begin = Instant::now();
    let tenant = TenantId::public();
    let run = run(&tenant, now, records.len());
    store.begin_run(&run, &[]).await?;
    let update = RunUpdate::SliceDone { slice: 0, blob: "seed".to_owned() };
    store.update_run(&tenant, run.id, &update).await?;
    let mut random = Pcg64::seed_from_u64(SEED);
    let found: Vec<Conjunction> =
        (0..conjunctions).map(|_| conjunction(&mut random, &records, &run)).collect();
    let conclusion =
        RunConclusion { run: run.id, finished: now, not_screened: Vec::new(), covered: Vec::new() };
    store.conclude_run(&tenant, &conclusion, &found).await?;
    // All of it was heard of: a service on this store begins with nothing to do.
    while let Some(last) = store.sequence_events(1000).await?.last() {
        for consumer in ["relay", "runs", "notify"] {
            store.advance_consumer(consumer, last.position).await?;
        }
    }
    eprintln!("{conjunctions} conjunctions in {:.1} s", begin.elapsed().as_secs_f64());
    Ok(())
}

fn ingest(records: &[ElementSetRecord], day: i64, arrived: Timestamp) -> Ingest {
    let (id, tenant) = (IngestId::at(arrived), TenantId::public());
    let element_set = |record: &ElementSetRecord| {
        let mut elements = record.elements;
        elements.epoch -= Unit::Day * day;
        ElementSet {
            tenant: tenant.clone(),
            object: record.catalog_number,
            name: record.name.clone(),
            international_designator: record.international_designator.clone(),
            elements,
            mean_motion_dot: 0.0,
            mean_motion_ddot: 0.0,
            element_set_number: Some(999),
            revolution_at_epoch: None,
            classification: Some('U'),
            source: "seed".to_owned(),
            grade: Grade::Gp,
            ingest: id,
            arrived,
        }
    };
    let element_sets = records.iter().map(element_set).collect();
    Ingest {
        id,
        tenant: tenant.clone(),
        source: "seed".to_owned(),
        arrived,
        blob: None,
        skipped_records: 0,
        element_sets,
    }
}

fn run(tenant: &TenantId, now: Timestamp, objects: usize) -> Run {
    Run {
        id: RunId::at(now),
        tenant: tenant.clone(),
        kind: RunKind::Catalog,
        state: RunState::Running,
        as_of: now,
        window_start: now,
        window_stop: now + SignedDuration::from_hours(24 * WINDOW_DAYS),
        threshold_km: 5.0,
        slices: 1,
        slices_done: 0,
        objects: objects as u64,
        not_screened: 0,
        conjunctions: 0,
        started: now,
        finished: None,
        problem: None,
        build: "seed".to_owned(),
        trace: None,
    }
}

/// Misses grow like the square root of a uniform number, as in the plane of encounters.
fn conjunction(random: &mut Pcg64, records: &[ElementSetRecord], run: &Run) -> Conjunction {
    let mut uniform = || f64::from(random.next_u32()) / 2.0_f64.powi(32);
    let window_s = WINDOW_DAYS as f64 * 86_400.0;
    let tca = run.window_start + SignedDuration::from_millis((uniform() * window_s * 1e3) as i64);
    let first = (uniform() * records.len() as f64) as usize;
    let second = (first + 1 + (uniform() * (records.len() - 1) as f64) as usize) % records.len();
    let miss_distance_km = 5.0 * uniform().sqrt();
    let angle = uniform() * core::f64::consts::TAU;
    let participant = |index: usize| Participant {
        number: records[index].catalog_number,
        name: records[index].name.clone(),
        grade: Grade::Gp,
        epoch: Some(run.window_start),
        hard_body_radius_m: 1.0,
    };
    let objects = [participant(first), participant(second)];
    let numbers = objects.each_ref().map(|object| CatalogNumber::get(object.number));
    Conjunction {
        id: ConjunctionId::first_seen(&run.tenant, numbers, Some(tca)),
        tenant: run.tenant.clone(),
        objects,
        relation: false,
        status: ConjunctionStatus::Active,
        solution: Solution {
            tca,
            miss_distance_km,
            miss_ric_km: [0.0, miss_distance_km * angle.cos(), miss_distance_km * angle.sin()],
            relative_speed_km_s: 15.0 * uniform(),
            maximum_probability: 1e-6 / (miss_distance_km * miss_distance_km),
            dilution_km: Some(miss_distance_km / 1.4),
            probability: None,
            method: ProbabilityMethod::Maximum,
            at_edge: false,
        },
        run: run.id,
        first_seen: run.started,
        last_seen: run.started,
    }
}
