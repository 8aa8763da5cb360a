use astroshield_domain::catalog::{
    ElementSet, ElementSetPlace, Grade, IngestSummary, ObjectKind, ObjectQuery, SatcatEntry,
};
use astroshield_domain::event::Payload;
use astroshield_domain::ids::{EventId, TenantId};
use astroshield_domain::ports::Store;
use jiff::SignedDuration;

use super::{assert_conflict, new_events, new_payloads};
use crate::entities::{at, element_set, epoch, ingest, number, satcat_entry, tenant};

const DAY: i64 = 86_400;

async fn current(store: &dyn Store, tenant: &TenantId, seconds: i64) -> Vec<ElementSet> {
    store.catalog_as_of(tenant, at(seconds)).await.unwrap()
}

/// What goes in comes out, to the last bit.
pub async fn element_sets_come_back_as_they_were_stored(store: &dyn Store) {
    let public = TenantId::public();
    let mut precise = element_set(5, 100);
    precise.elements.epoch += hifitime::Duration::from_total_nanoseconds(123_456_789);
    precise.elements.mean_anomaly_deg = 0.1 + 0.2;
    precise.grade = Grade::SupplementalGp;
    let mut bare = element_set(7, 200);
    (bare.name, bare.international_designator, bare.classification) = (None, None, None);
    (bare.element_set_number, bare.revolution_at_epoch) = (None, None);
    let ingest = ingest(&public, at(300), vec![precise, bare]);
    store.ingest(&ingest, &[]).await.unwrap();
    assert_eq!(current(store, &public, 300).await, ingest.element_sets);
    let history = store.element_history(&public, number(5), None, 10).await.unwrap();
    assert_eq!(history.rows, ingest.element_sets[..1]);
}

/// Storing the same twice changes nothing the second time, whatever the delivery.
pub async fn known_element_sets_are_left_alone(store: &dyn Store) {
    let public = TenantId::public();
    let sets = || vec![element_set(5, 0), element_set(7, 0), element_set(7, 0)];
    let cause = EventId::at(at(0));
    let first = ingest(&public, at(10), sets());
    let summary = store.ingest(&first, &[cause]).await.unwrap();
    let expected = IngestSummary {
        new_element_sets: 2,
        known_element_sets: 1,
        new_objects: 2,
        changed_objects: 2,
        skipped_records: 0,
    };
    assert_eq!(summary, expected);
    let events = new_events(store).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].causes, [cause]);
    assert_eq!(
        events[0].payload,
        Payload::ElementSetsStored { ingest: first.id, source: "test-feed".to_owned(), summary }
    );
    for again in [first, ingest(&public, at(20), sets())] {
        let summary = store.ingest(&again, &[]).await.unwrap();
        assert_eq!((summary.new_element_sets, summary.known_element_sets), (0, 3));
        assert_eq!((summary.new_objects, summary.changed_objects), (0, 0));
    }
    assert_eq!(new_payloads(store).await, []);
    assert!(current(store, &public, 20).await.iter().all(|set| set.arrived == at(10)));
}

/// The newest epoch counts, not the newest arrival.
pub async fn the_newest_epoch_is_current(store: &dyn Store) {
    let public = TenantId::public();
    for (arrived, epoch_seconds, changed) in [(10, 100, 1), (20, 50, 0), (30, 150, 1)] {
        let ingest = ingest(&public, at(arrived), vec![element_set(5, epoch_seconds)]);
        let summary = store.ingest(&ingest, &[]).await.unwrap();
        assert_eq!((summary.new_element_sets, summary.changed_objects), (1, changed), "{arrived}");
    }
    let epochs = async |seconds| -> Vec<hifitime::Epoch> {
        current(store, &public, seconds).await.iter().map(|set| set.elements.epoch).collect()
    };
    assert_eq!(epochs(9).await, []);
    assert_eq!(epochs(10).await, [epoch(100)]);
    assert_eq!(epochs(29).await, [epoch(100)]);
    assert_eq!(epochs(30).await, [epoch(150)]);
}

/// Of equal epochs the better grade is current, then the later arrival.
pub async fn of_equal_epochs_the_better_grade_is_current(store: &dyn Store) {
    let public = TenantId::public();
    let graded = |grade, mean_anomaly_deg| {
        let mut set = element_set(5, 0);
        set.grade = grade;
        set.elements.mean_anomaly_deg = mean_anomaly_deg;
        set
    };
    let steps = [
        (10, graded(Grade::SupplementalGp, 1.0), 1.0),
        (20, graded(Grade::Gp, 2.0), 1.0),
        (30, graded(Grade::SupplementalGp, 3.0), 3.0),
    ];
    for (arrived, set, _) in steps.clone() {
        store.ingest(&ingest(&public, at(arrived), vec![set]), &[]).await.unwrap();
    }
    for (arrived, _, expected) in steps {
        let current = current(store, &public, arrived).await;
        assert_eq!(current[0].elements.mean_anomaly_deg.to_bits(), f64::to_bits(expected), "{arrived}");
    }
}

/// An epoch more than seven days after arrival is kept, but never current.
pub async fn epochs_of_the_far_future_are_not_current(store: &dyn Store) {
    let public = TenantId::public();
    let sets = vec![
        element_set(5, 0),
        element_set(5, 7 * DAY),
        element_set(5, 7 * DAY + 1),
        element_set(7, 8 * DAY),
    ];
    let summary = store.ingest(&ingest(&public, at(0), sets), &[]).await.unwrap();
    assert_eq!((summary.new_element_sets, summary.new_objects, summary.changed_objects), (4, 2, 1));
    let late = vec![element_set(5, 3 * DAY)];
    store.ingest(&ingest(&public, at(100), late), &[]).await.unwrap();
    for time in [50, 9 * DAY] {
        let current = current(store, &public, time).await;
        assert_eq!(current.len(), 1);
        assert_eq!(current[0].elements.epoch, epoch(7 * DAY));
    }
    assert_eq!(store.element_history(&public, number(7), None, 10).await.unwrap().rows.len(), 1);
    let summary = store.ingest(&ingest(&public, at(200), vec![element_set(7, 0)]), &[]).await.unwrap();
    assert_eq!((summary.new_objects, summary.changed_objects), (0, 1));
    let (arrived, newest) = store.catalog_age(&public).await.unwrap().unwrap();
    assert_eq!((arrived, newest), (at(200), at(7 * DAY)));
}

/// An ingest that cannot be stored leaves nothing behind.
pub async fn an_ingest_that_fails_leaves_nothing(store: &dyn Store) {
    let public = TenantId::public();
    assert_eq!(store.catalog_age(&public).await.unwrap(), None);
    let mut mixed = ingest(&public, at(0), vec![element_set(5, 0), element_set(7, 0)]);
    mixed.element_sets[1].tenant = tenant("other");
    assert_conflict(&store.ingest(&mixed, &[]).await);
    let mut far_away = ingest(&public, at(0), vec![element_set(5, 0), element_set(7, 0)]);
    far_away.element_sets[1].elements.epoch += hifitime::Duration::from_days(1e6);
    assert_conflict(&store.ingest(&far_away, &[]).await);
    assert_eq!(current(store, &public, 100).await, []);
    assert_eq!(new_payloads(store).await, []);
    assert_eq!(store.catalog_age(&public).await.unwrap(), None);
}

/// What a tenant gives says nothing of the age of the public catalog, and the other way round.
pub async fn a_catalog_is_as_old_as_its_tenants_own_data(store: &dyn Store) {
    let (public, own) = (TenantId::public(), tenant("own"));
    store.ingest(&ingest(&public, at(0), vec![element_set(5, 100)]), &[]).await.unwrap();
    store.ingest(&ingest(&own, at(1_000), vec![element_set(5, 900)]), &[]).await.unwrap();
    assert_eq!(store.catalog_age(&public).await.unwrap(), Some((at(0), at(100))));
    assert_eq!(store.catalog_age(&own).await.unwrap(), Some((at(1_000), at(900))));
    assert_eq!(store.catalog_age(&tenant("other")).await.unwrap(), None);
}

/// One wrong date in a hundred does not hide that a catalog is old.
pub async fn a_few_epochs_ahead_do_not_make_a_catalog_fresh(store: &dyn Store) {
    let public = TenantId::public();
    let mut sets: Vec<_> = (1..=199).map(|object| element_set(object, i64::from(object))).collect();
    sets.push(element_set(200, 6 * DAY));
    store.ingest(&ingest(&public, at(1_000), sets), &[]).await.unwrap();
    assert_eq!(store.catalog_age(&public).await.unwrap(), Some((at(1_000), at(198))));
    assert_eq!(store.figures(at(1_000)).await.unwrap().catalog_epoch, Some(at(198)));
}

/// Objects that have decayed are told where they have element sets.
pub async fn decayed_objects_are_told(store: &dyn Store) {
    let (public, own) = (TenantId::public(), tenant("own"));
    store.ingest(&ingest(&public, at(0), vec![element_set(5, 0), element_set(7, 0)]), &[]).await.unwrap();
    store.ingest(&ingest(&own, at(0), vec![element_set(9, 0), element_set(7, 0)]), &[]).await.unwrap();
    let entry = |object, day: Option<&str>| SatcatEntry {
        decay_date: day.map(str::to_owned),
        ..satcat_entry(object, "NAME")
    };
    let days = [(5, None), (7, Some("2026-01-02")), (9, Some("2026-03-04")), (11, Some("2026-05-06"))];
    let entries: Vec<_> = days.iter().map(|(object, day)| entry(*object, *day)).collect();
    store.put_satcat(&entries).await.unwrap();
    let seven = (number(7), "2026-01-02".to_owned());
    assert_eq!(store.decayed(&public).await.unwrap(), std::slice::from_ref(&seven));
    assert_eq!(store.decayed(&own).await.unwrap(), [seven, (number(9), "2026-03-04".to_owned())]);
}

/// A tenant's own element sets and the public ones make one catalog.
pub async fn a_tenant_sees_its_own_sets_beside_the_public_ones(store: &dyn Store) {
    let (public, own) = (TenantId::public(), tenant("own"));
    store.ingest(&ingest(&public, at(0), vec![element_set(5, 100), element_set(7, 100)]), &[]).await.unwrap();
    store
        .ingest(&ingest(&own, at(10), vec![element_set(5, 200), element_set(7, 50), element_set(9, 0)]), &[])
        .await
        .unwrap();
    let tenants = async |tenant: &TenantId| -> Vec<(u32, String)> {
        let sets = current(store, tenant, 100).await;
        sets.iter().map(|set| (set.object.get(), set.tenant.to_string())).collect()
    };
    let expected =
        [(5, "own"), (7, "public"), (9, "own")].map(|(object, tenant)| (object, tenant.to_owned()));
    assert_eq!(tenants(&own).await, expected);
    let expected = [(5, "public"), (7, "public")].map(|(object, tenant)| (object, tenant.to_owned()));
    assert_eq!(tenants(&public).await, expected);
    let epochs = async |tenant: &TenantId| -> Vec<(u32, i64)> {
        let query = ObjectQuery { limit: 10, ..ObjectQuery::default() };
        let page = store.objects(tenant, &query).await.unwrap();
        page.rows
            .iter()
            .map(|object| (object.number.get(), object.epoch.unwrap().as_second() - at(0).as_second()))
            .collect()
    };
    assert_eq!(epochs(&own).await, [(5, 200), (7, 100), (9, 0)]);
    assert_eq!(epochs(&public).await, [(5, 100), (7, 100)]);
    let object = store.object(&own, number(5)).await.unwrap().unwrap();
    assert_eq!(object.epoch, Some(at(200)));
    assert_eq!(store.object(&public, number(9)).await.unwrap(), None);
}

/// The pages of the current element sets are the catalog of now, whosever the sets are: of the same set that of the tenant.
pub async fn the_current_element_sets_come_in_pages(store: &dyn Store) {
    let (public, own) = (TenantId::public(), tenant("own"));
    let sets = [5, 7, 9, 11, 13].map(|object| element_set(object, 100));
    store.ingest(&ingest(&public, at(0), sets.to_vec()), &[]).await.unwrap();
    store.ingest(&ingest(&public, at(0), vec![element_set(5, 50)]), &[]).await.unwrap();
    let sets = [(5, 200), (7, 50), (9, 100), (10, 0), (15, 9 * DAY)];
    let sets = sets.map(|(object, epoch)| element_set(object, epoch));
    store.ingest(&ingest(&own, at(0), sets.to_vec()), &[]).await.unwrap();
    store.put_satcat(&[satcat_entry(12, "NOTHING KNOWN")]).await.unwrap();
    for (tenant, count) in [(&own, 6), (&public, 5), (&TenantId::local(), 5)] {
        let catalog = current(store, tenant, 100).await;
        assert_eq!(catalog.len(), count);
        let mut sets: Vec<ElementSet> = Vec::new();
        loop {
            let after = sets.last().map(|set| set.object);
            let page = store.current_element_sets(tenant, after, 2).await.unwrap();
            assert!(page.rows.len() == 2 || !page.more);
            sets.extend(page.rows);
            if !page.more {
                break;
            }
        }
        assert_eq!(sets, catalog, "{tenant}");
    }
}

/// History is read from the newest epoch back, page by page, and none is left out or given twice where epochs are equal,
/// whosever they are.
pub async fn element_history_goes_back_in_pages(store: &dyn Store) {
    let (public, own) = (TenantId::public(), tenant("own"));
    let twins = |count: u32| {
        (1..=count).map(|twin| {
            let mut set = element_set(5, 500);
            set.elements.raan_deg = f64::from(twin);
            set
        })
    };
    let sets: Vec<ElementSet> = (0..10).map(|place| element_set(5, place * 100)).chain(twins(6)).collect();
    store.ingest(&ingest(&public, at(1_000), sets), &[]).await.unwrap();
    // The same elements at the same time of arrival: only the tenant tells them apart.
    store.ingest(&ingest(&own, at(1_000), twins(4).collect()), &[]).await.unwrap();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.element_history(&own, number(5), after.as_ref(), 3).await.unwrap();
        seen.extend(
            page.rows
                .iter()
                .map(|set| (set.elements.epoch, set.elements.raan_deg.to_bits(), set.tenant.clone())),
        );
        after = page.next;
        if after.is_none() {
            break;
        }
        assert_eq!(page.rows.len(), 3);
    }
    assert_eq!(seen.len(), 20);
    assert!(seen.windows(2).all(|pair| pair[0].0 >= pair[1].0));
    assert_eq!(seen.iter().map(|(_, node, tenant)| (node, tenant)).filter(|(_, of)| **of == own).count(), 4);
    seen.sort_by(|a, b| a.partial_cmp(b).unwrap());
    seen.dedup();
    assert_eq!(seen.len(), 20);
    let before = ElementSetPlace::before(at(500));
    let page = store.element_history(&own, number(5), Some(&before), 10).await.unwrap();
    assert_eq!(page.rows.iter().map(|set| set.elements.epoch).max(), Some(epoch(400)));
    assert_eq!((page.rows.len(), page.next), (5, None));
}

/// SATCAT names what the element sets do not, whichever comes first.
pub async fn satcat_completes_objects(store: &dyn Store) {
    let (public, own) = (TenantId::public(), tenant("own"));
    store.ingest(&ingest(&public, at(0), vec![element_set(5, 0)]), &[]).await.unwrap();
    store.ingest(&ingest(&own, at(0), vec![element_set(9, 0)]), &[]).await.unwrap();
    let entries = [satcat_entry(5, "Vanguard"), satcat_entry(7, "Later"), satcat_entry(9, "Mine")];
    assert_eq!(store.put_satcat(&entries).await.unwrap(), 3);
    assert_eq!(store.put_satcat(&entries).await.unwrap(), 0, "the same says nothing new");
    store.ingest(&ingest(&own, at(10), vec![element_set(7, 0)]), &[]).await.unwrap();
    for (object, name, has_epoch) in [(5, "Vanguard", true), (7, "Later", true), (9, "Mine", true)] {
        let found = store.object(&own, number(object)).await.unwrap().unwrap();
        assert_eq!(found.name.as_deref(), Some(name));
        assert_eq!(
            (found.kind, found.status, found.epoch.is_some()),
            (ObjectKind::Payload, Some('+'), has_epoch)
        );
        assert_eq!(found.international_designator, Some(format!("2001-{object:03}B")));
        assert_eq!((found.owner.as_deref(), found.radar_cross_section_m2), (Some("ISS"), Some(399.05)));
    }
    let later = store.object(&public, number(7)).await.unwrap().unwrap();
    assert_eq!((later.name.as_deref(), later.epoch, later.grade), (Some("Later"), None, None));
    let mut renamed = satcat_entry(9, "Renamed");
    renamed.decay_date = Some("2026-11-01".to_owned());
    let again = [satcat_entry(5, "Vanguard"), satcat_entry(9, "Forgotten"), renamed];
    assert_eq!(store.put_satcat(&again).await.unwrap(), 1);
    let found = store.object(&own, number(9)).await.unwrap().unwrap();
    assert_eq!((found.name.as_deref(), found.decay_date.as_deref()), (Some("Renamed"), Some("2026-11-01")));
    let query = ObjectQuery { search: Some("renamed".to_owned()), limit: 10, ..ObjectQuery::default() };
    assert_eq!(store.objects(&own, &query).await.unwrap().rows, [found]);
}

/// Height, period and inclination follow from the mean elements.
pub async fn objects_tell_the_size_of_their_orbit(store: &dyn Store) {
    let public = TenantId::public();
    // A circular orbit of 7,000 km: 2 pi sqrt(7000^3 / 398600.8) s, which is 5,828.5 s.
    let mut set = element_set(5, 0);
    set.elements.mean_motion_rev_day =
        86_400.0 / (std::f64::consts::TAU * (7_000.0_f64.powi(3) / 398_600.8).sqrt());
    set.elements.eccentricity = 0.01;
    store.ingest(&ingest(&public, at(0), vec![set]), &[]).await.unwrap();
    let object = store.object(&public, number(5)).await.unwrap().unwrap();
    let close = |value: Option<f64>, expected: f64| (value.unwrap() - expected).abs() < 1e-6;
    assert!(close(object.perigee_km, 7_000.0 * 0.99 - 6_378.135), "{object:?}");
    assert!(close(object.apogee_km, 7_000.0 * 1.01 - 6_378.135), "{object:?}");
    assert!((object.period_min.unwrap() - 5_828.5 / 60.0).abs() < 1e-3, "{object:?}");
    assert!(close(object.inclination_deg, 51.6));
    assert_eq!((object.grade, object.source.as_deref()), (Some(Grade::Gp), Some("test-feed")));
}

/// Search, filters and pages of the list of objects.
pub async fn objects_are_found_by_name_number_and_orbit(store: &dyn Store) {
    let public = TenantId::public();
    let sets = (1..=40).map(|object| {
        let mut set = element_set(object, 0);
        set.elements.mean_motion_rev_day = 1.0 + f64::from(object) / 4.0;
        set.name =
            Some(format!("{} {object}", if object % 2 == 0 { "STARLINK" } else { "Cosmos 100%_\\\"" }));
        set
    });
    store.ingest(&ingest(&public, at(0), sets.collect()), &[]).await.unwrap();
    store
        .put_satcat(&[ObjectKind::Debris, ObjectKind::Payload].map(|kind| {
            let object = if kind == ObjectKind::Debris { 3 } else { 6 };
            SatcatEntry { kind, owner: Some("US".to_owned()), ..satcat_entry(object, "Iridium 33") }
        }))
        .await
        .unwrap();
    let numbers = async |query: ObjectQuery| -> Vec<u32> {
        let page = store.objects(&tenant("own"), &query).await.unwrap();
        page.rows.iter().map(|object| object.number.get()).collect()
    };
    let search =
        |text: &str| ObjectQuery { search: Some(text.to_owned()), limit: 50, ..ObjectQuery::default() };
    assert_eq!(numbers(search("starlink")).await.len(), 19);
    assert_eq!(numbers(search("link 3")).await, [30, 32, 34, 36, 38]);
    assert_eq!(numbers(search("rIDIUM")).await, [3, 6]);
    assert_eq!(numbers(search("2001-006")).await, [6]);
    assert_eq!(numbers(search("100%_\\\"")).await.len(), 19);
    assert_eq!(numbers(search("100%s")).await, [0; 0]);
    assert_eq!(numbers(search("_ _")).await, [0; 0]);
    assert_eq!(numbers(search("\" OR \"")).await, [0; 0]);
    assert_eq!(numbers(search("7")).await, [7, 17, 27, 37]);
    assert_eq!(numbers(search("00007")).await, [7]);
    assert_eq!(numbers(search("  ")).await.len(), 40);
    let all = || ObjectQuery { limit: 50, ..ObjectQuery::default() };
    assert_eq!(numbers(ObjectQuery { kind: Some(ObjectKind::Debris), ..all() }).await, [3]);
    assert_eq!(numbers(ObjectQuery { owner: Some("US".to_owned()), ..all() }).await, [3, 6]);
    let low = numbers(ObjectQuery { max_apogee_km: Some(10_000.0), ..all() }).await;
    let high = numbers(ObjectQuery { min_perigee_km: Some(10_000.0), ..all() }).await;
    assert!(!low.is_empty() && !high.is_empty() && low.iter().min() > high.iter().max(), "{low:?} {high:?}");

    let mut seen = Vec::new();
    let mut query = ObjectQuery { limit: 7, ..ObjectQuery::default() };
    loop {
        let page = store.objects(&public, &query).await.unwrap();
        seen.extend(page.rows.iter().map(|object| object.number.get()));
        query.after = page.rows.last().map(|object| object.number);
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, (1..=40).collect::<Vec<u32>>());
}

/// A whole catalog is stored at once.
pub async fn a_whole_catalog_is_one_ingest(store: &dyn Store) {
    let public = TenantId::public();
    let sets = (1..=30_000).map(|object| element_set(object, 0)).collect();
    let whole = ingest(&public, at(0), sets);
    let started = std::time::Instant::now();
    let summary = store.ingest(&whole, &[]).await.unwrap();
    eprintln!("30,000 element sets stored in {:?}", started.elapsed());
    assert_eq!((summary.new_element_sets, summary.new_objects), (30_000, 30_000));
    let started = std::time::Instant::now();
    assert_eq!(current(store, &public, 0).await, whole.element_sets);
    eprintln!("and read in {:?}", started.elapsed());
    assert_eq!(current(store, &public, -1).await, []);
    let later = ingest(
        &public,
        at(0) + SignedDuration::from_hours(1),
        (1..=30_000).map(|object| element_set(object, 60)).collect(),
    );
    assert_eq!(store.ingest(&later, &[]).await.unwrap().changed_objects, 30_000);
    assert_eq!(current(store, &public, 0).await, whole.element_sets);
    assert_eq!(current(store, &public, 3_600).await, later.element_sets);
}
