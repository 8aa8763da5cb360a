//! Archives from either store into either.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use astroshield_adapters::{ArchiveError, ArchiveStore, PostgresSettings, PostgresStore, SqliteStore};
use astroshield_domain::access::StoredAnswer;
use astroshield_domain::alert::{AlertChange, AlertChanges};
use astroshield_domain::archive::{ArchiveEntry, ArchiveValue, TableDigest};
use astroshield_domain::event::{Consumed, Event, Payload};
use astroshield_domain::feed::{FeedStatus, OperatorEphemeris};
use astroshield_domain::ids::TenantId;
use astroshield_domain::note::{Decision, Noted};
use astroshield_domain::organization::Role;
use astroshield_domain::ports::{AlertStore, EventStore, InboundStore, RequestLimit, RunUpdate, Store};
use astroshield_domain::screening::{Covered, NotScreened, Run, RunConclusion, RunKind};
use astroshield_domain::silence::Watched;
use astroshield_formats::{EarthOrientationKind, SpaceWeatherKind};
use astroshield_testkit::entities::{
    alert, api_key, at, audit_entry, cdm, conclusion, conjunction, delivery, element_set, ephemeris,
    feed_event, ingest, member, note, organization, orientation, orientation_of_day, rule, run, satcat_entry,
    tenant, upload, watch_list, weather, webhook,
};
use astroshield_testkit::postgres::database;
use jiff::civil::date;

/// Puts rows into every table.
async fn furnish(store: &dyn Store) {
    let (public, own) = (TenantId::public(), tenant("own"));
    let audit = audit_entry(&own, "something");
    let sets = vec![element_set(5, 0), element_set(7, -3_600)];
    store.ingest(&ingest(&public, at(0), sets), &[]).await.unwrap();
    store.put_satcat(&[satcat_entry(5, "SATELLITE \u{e9}"), satcat_entry(9, "NONE")]).await.unwrap();
    let status = FeedStatus { feed: "a".to_owned(), asked: Some(at(1)), ..FeedStatus::default() };
    store.put_feed(&status, &feed_event(&public, at(1), "a")).await.unwrap();

    let first = run(&own, at(2));
    store.begin_run(&first, &[]).await.unwrap();
    let done = RunUpdate::SliceDone { slice: 0, blob: "own/runs/0".to_owned() };
    store.update_run(&own, first.id, &done).await.unwrap();
    let found = conjunction(&first, [5, 7], at(3_600));
    let not_screened = vec![NotScreened { object: 9, from: None, reason: "decayed".to_owned() }];
    let concluded = RunConclusion { not_screened, ..conclusion(&first) };
    store.conclude_run(&own, &concluded, std::slice::from_ref(&found)).await.unwrap();
    let decided = Noted::Decided { decision: Decision::Monitor, text: Some("wait \u{e9}".to_owned()) };
    store.add_note(&note(&own, found.id, at(3), decided), &audit).await.unwrap();
    let given = upload(&own, at(3));
    let payload = Payload::UploadStored { upload: given.id, accepted: true };
    let event = Event::new(own.clone(), at(3), vec![], payload);
    let turned =
        OperatorEphemeris { orientation: Some(orientation_of_day(given.at)), ..ephemeris(&given, 5) };
    store
        .add_upload(&given, &[turned, ephemeris(&given, 7)], &[cdm(&given, &found)], &[event], None)
        .await
        .unwrap();

    let list = watch_list(&own, &[5, 7]);
    store.put_watch_list(&list, &audit).await.unwrap();
    store.put_rule(&rule(&own, Some(&list)), &audit).await.unwrap();
    store.put_webhook(&webhook(&own), &audit).await.unwrap();
    store.add_api_key(&api_key(&own, 1), &audit).await.unwrap();
    store.add_organization(&organization(&own), &audit).await.unwrap();
    let ann = member(&own, "ann", Role::Operator);
    store.add_member(&ann, &audit).await.unwrap();
    store.choose_organization(ann.account.as_ref().unwrap(), &own, at(4)).await.unwrap();
    let own_orbits = Run { kind: RunKind::Ephemerides, ..run(&own, at(6)) };
    store.begin_run(&own_orbits, &[]).await.unwrap();
    let covered = vec![Covered { object: 5, start: at(6), stop: at(7) }];
    let concluded = RunConclusion { covered, ..conclusion(&own_orbits) };
    store.conclude_run(&own, &concluded, &[]).await.unwrap();
    let day = date(2026, 10, 1);
    store.put_space_weather("a", at(1), &[weather(day, SpaceWeatherKind::Observed)]).await.unwrap();
    let turns = [orientation(day, EarthOrientationKind::Predicted)];
    store.put_earth_orientation("a", at(1), &turns).await.unwrap();
    let limit = RequestLimit { requests: 3, within: Duration::from_secs(60) };
    store.count_request("example.org", at(1), &[limit]).await.unwrap();
    store.put_watched(&Watched { first: at(0), since: at(1), seen: at(2) }).await.unwrap();
    store.attempt(&own, "other key", &[8; 32], at(4)).await.unwrap();
    let answer = StoredAnswer { request: [7; 32], status: 201, body: vec![0, 255, 1] };
    store.put_answer(&own, "key", &answer, at(4)).await.unwrap();
    let opened = alert(&own, "a", at(5));
    let deliveries = vec![delivery(&opened)];
    let changes =
        AlertChanges { alerts: vec![(opened, AlertChange::Opened)], deliveries, ..AlertChanges::default() };
    let events = store.sequence_events(100).await.unwrap();
    let consumed = Consumed { consumer: "test", event: events[0].event.id };
    store.change_alerts(&own, &changes, Some(consumed), at(5)).await.unwrap();
    store.advance_consumer("test", events[0].position).await.unwrap();
}

async fn exported(mut store: ArchiveStore) -> Vec<ArchiveEntry> {
    let mut entries = Vec::new();
    let mut take = |entry| {
        entries.push(entry);
        Ok(())
    };
    store.export(&mut take).await.unwrap();
    store.close().await.unwrap();
    entries
}

async fn import(
    mut store: ArchiveStore,
    entries: Vec<ArchiveEntry>,
) -> Result<BTreeMap<String, TableDigest>, ArchiveError> {
    let mut entries = entries.into_iter();
    let imported = store.import(&mut || Ok(entries.next())).await;
    store.close().await.unwrap();
    imported
}

/// What each table holds.
fn digests(entries: &[ArchiveEntry]) -> BTreeMap<String, TableDigest> {
    let mut digests = BTreeMap::new();
    let mut table = "";
    for entry in entries {
        match entry {
            ArchiveEntry::Table { name, .. } => table = name,
            ArchiveEntry::End(digest) => {
                digests.insert(table.to_owned(), *digest);
            }
            ArchiveEntry::Row(_) => {}
        }
    }
    digests
}

/// Tables in which there are rows of a tenant, and those that hang on a run whoever has it.
fn held_by(entries: &[ArchiveEntry], owner: &str) -> Vec<String> {
    let (mut held, mut table, mut place) = (Vec::new(), "", None);
    for entry in entries {
        match entry {
            ArchiveEntry::Table { name, columns } => {
                place = columns.iter().position(|column| column == "tenant");
                table = name;
            }
            ArchiveEntry::Row(row) => {
                let owned = match place {
                    Some(place) => row[place] == ArchiveValue::Text(owner.to_owned()),
                    None => table.starts_with("run_"),
                };
                if owned && !held.iter().any(|known| known == table) {
                    held.push(table.to_owned());
                }
            }
            ArchiveEntry::End(_) => {}
        }
    }
    held
}

async fn erase(store: &dyn Store) {
    let own = tenant("own");
    store.close_organization(&own, at(9), &audit_entry(&TenantId::local(), "removed")).await.unwrap();
    while store.erase(&own, 5).await.unwrap() > 0 {}
    store.put_erased(&own, at(10)).await.unwrap();
}

#[tokio::test]
async fn a_tenant_that_is_erased_has_no_row_in_any_table_but_what_says_that_there_was_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    let store = SqliteStore::open(&file).await.unwrap();
    furnish(&store).await;
    let before = held_by(&exported(ArchiveStore::sqlite(&file).await.unwrap()).await, "own");
    assert!(before.len() > 20, "{before:?}");
    erase(&store).await;
    store.close().await;
    let left = exported(ArchiveStore::sqlite(&file).await.unwrap()).await;
    assert_eq!(held_by(&left, "own"), ["organizations"]);
    assert_ne!(held_by(&left, "public"), Vec::<String>::new());

    let Some(url) = database().await else { return };
    let store = PostgresStore::connect(&url).await.unwrap();
    furnish(&store).await;
    assert_eq!(
        held_by(&exported(ArchiveStore::postgres(&PostgresSettings::new(&url)).await.unwrap()).await, "own"),
        before
    );
    erase(&store).await;
    store.close().await;
    let left = exported(ArchiveStore::postgres(&PostgresSettings::new(&url)).await.unwrap()).await;
    assert_eq!(held_by(&left, "own"), ["organizations"]);
}

async fn empty_sqlite(file: &Path) -> ArchiveStore {
    SqliteStore::open(file).await.unwrap().close().await;
    ArchiveStore::sqlite(file).await.unwrap()
}

#[tokio::test]
async fn what_goes_from_sqlite_to_postgresql_and_back_is_the_same_in_every_table() {
    let Some(url) = database().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("first.db");
    let store = SqliteStore::open(&file).await.unwrap();
    furnish(&store).await;
    store.close().await;
    let first = exported(ArchiveStore::sqlite(&file).await.unwrap()).await;
    let held = digests(&first);
    let empty: Vec<&String> =
        held.iter().filter(|(_, table)| table.rows == 0).map(|(name, _)| name).collect();
    assert_eq!(empty, Vec::<&String>::new(), "a table without a row is not tested");

    PostgresStore::connect(&url).await.unwrap().close().await;
    assert_eq!(
        import(ArchiveStore::postgres(&PostgresSettings::new(&url)).await.unwrap(), first).await.unwrap(),
        held
    );
    let second = exported(ArchiveStore::postgres(&PostgresSettings::new(&url)).await.unwrap()).await;
    assert_eq!(digests(&second), held);

    let back = folder.path().join("back.db");
    assert_eq!(import(empty_sqlite(&back).await, second).await.unwrap(), held);
    let third = exported(ArchiveStore::sqlite(&back).await.unwrap()).await;
    assert_eq!(digests(&third), held);
}

#[tokio::test]
async fn a_restored_store_goes_on_where_the_other_was() {
    let Some(url) = database().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("first.db");
    let store = SqliteStore::open(&file).await.unwrap();
    furnish(&store).await;
    let position = store.last_position().await.unwrap();
    store.close().await;
    let entries = exported(ArchiveStore::sqlite(&file).await.unwrap()).await;
    let store = PostgresStore::connect(&url).await.unwrap();
    import(ArchiveStore::postgres(&PostgresSettings::new(&url)).await.unwrap(), entries).await.unwrap();
    // What the database counts itself, it counts on.
    let own = tenant("own");
    store.put_feed(&FeedStatus::default(), &feed_event(&own, at(9), "b")).await.unwrap();
    let rest = store.sequence_events(100).await.unwrap();
    assert_eq!(rest.first().map(|event| event.position), Some(position + 1));
    assert_eq!(store.unresolved_alerts(&own).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_archive_goes_into_an_empty_store_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("first.db");
    let store = SqliteStore::open(&file).await.unwrap();
    furnish(&store).await;
    store.close().await;
    let entries = exported(ArchiveStore::sqlite(&file).await.unwrap()).await;
    let held = digests(&entries);
    let again = import(ArchiveStore::sqlite(&file).await.unwrap(), entries.clone()).await;
    assert!(matches!(again, Err(ArchiveError::NotEmpty { .. })), "{again:?}");

    // One row less than the archive says.
    let mut cut = entries.clone();
    let row = cut.iter().position(|entry| matches!(entry, ArchiveEntry::Row(_))).unwrap();
    cut.remove(row);
    let target = folder.path().join("second.db");
    assert!(import(empty_sqlite(&target).await, cut).await.is_err());
    assert_eq!(import(ArchiveStore::sqlite(&target).await.unwrap(), entries).await.unwrap(), held);
}
