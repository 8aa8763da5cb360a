use astroshield_domain::access::AuditQuery;
use astroshield_domain::event::Payload;
use astroshield_domain::feed::{FeedStatus, OperatorEphemeris, Upload, UploadState};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::Store;

use super::{assert_conflict, new_payloads};
use crate::entities::{
    at, audit_entry, cdm, conjunction, element_set, ephemeris, feed_event, ingest, orientation_of_day, run,
    satcat_entry, tenant, upload,
};

/// A feed has one status, the last, and each brings an event.
pub async fn a_feed_keeps_its_last_status(store: &dyn Store) {
    let public = TenantId::public();
    let mut status = FeedStatus { feed: "b".to_owned(), failures: 3, ..FeedStatus::default() };
    status.problem = Some("HTTP 500".to_owned());
    store.put_feed(&status, &feed_event(&public, at(0), "b")).await.unwrap();
    let status = FeedStatus {
        feed: "b".to_owned(),
        asked: Some(at(1)),
        confirmed: Some(at(2)),
        changed: Some(at(3)),
        not_before: Some(at(4)),
        failures: 0,
        problem: None,
        etag: Some("\"x\"".to_owned()),
        last_modified: Some("yesterday".to_owned()),
        records: Some(30_000),
        newest: Some(at(5)),
        stopped: true,
        settings: Some("x".to_owned()),
    };
    store.put_feed(&status, &feed_event(&public, at(1), "b")).await.unwrap();
    let other = FeedStatus { feed: "a".to_owned(), ..FeedStatus::default() };
    store.put_feed(&other, &feed_event(&public, at(2), "a")).await.unwrap();
    assert_eq!(store.feeds().await.unwrap(), [other, status]);
    assert_eq!(new_payloads(store).await.len(), 3);
}

/// A feed's status is not stored without its event.
pub async fn a_feed_whose_event_fails_keeps_its_old_status(store: &dyn Store) {
    let event = feed_event(&TenantId::public(), at(0), "a");
    let status = FeedStatus { feed: "a".to_owned(), ..FeedStatus::default() };
    store.put_feed(&status, &event).await.unwrap();
    let changed = FeedStatus { failures: 1, ..status.clone() };
    assert_conflict(&store.put_feed(&changed, &event).await);
    assert_eq!(store.feeds().await.unwrap(), [status]);
    assert_eq!(new_payloads(store).await.len(), 1);
}

/// An upload is stored with all that it brings, or not at all.
pub async fn an_upload_is_stored_whole_or_not_at_all(store: &dyn Store) {
    let own = tenant("own");
    let run = run(&own, at(0));
    let found = conjunction(&run, [5, 7], at(3_600));
    let accepted = upload(&own, at(10));
    let turned =
        OperatorEphemeris { orientation: Some(orientation_of_day(accepted.at)), ..ephemeris(&accepted, 5) };
    let (ephemerides, cdms) = ([turned, ephemeris(&accepted, 7)], [cdm(&accepted, &found)]);
    let events = [astroshield_domain::event::Event::new(
        own.clone(),
        at(10),
        vec![],
        Payload::UploadStored { upload: accepted.id, accepted: true },
    )];
    let act = audit_entry(&own, "upload.create");
    store.add_upload(&accepted, &ephemerides, &cdms, &events, Some(&act)).await.unwrap();
    assert_eq!(
        store.audit(&own, &AuditQuery { limit: 10, ..AuditQuery::default() }).await.unwrap().rows,
        std::slice::from_ref(&act)
    );
    assert_eq!(store.upload(&own, accepted.id).await.unwrap().as_ref(), Some(&accepted));
    assert_eq!(store.cdms_of(&own, found.id).await.unwrap(), cdms);
    let window = (at(0), at(100));
    assert_eq!(store.ephemerides_as_of(&own, at(10), window).await.unwrap(), ephemerides);
    assert_eq!(new_payloads(store).await.len(), 1);

    // Each of these is stored before what fails.
    let rejected = Upload { state: UploadState::Rejected, ..upload(&own, at(20)) };
    let of_other = ephemeris(&upload(&tenant("other"), at(20)), 5);
    assert_conflict(&store.add_upload(&rejected, &[ephemeris(&rejected, 5), of_other], &[], &[], None).await);
    assert_conflict(&store.add_upload(&rejected, &[ephemeris(&rejected, 5)], &cdms, &[], None).await);
    assert_conflict(&store.add_upload(&rejected, &[], &[], &events, Some(&act)).await);
    assert_conflict(&store.add_upload(&accepted, &[], &[], &[], None).await);
    assert_conflict(
        &store.add_upload(&rejected, &[], &[], &[], Some(&audit_entry(&tenant("other"), "x"))).await,
    );
    assert_eq!(store.upload(&own, rejected.id).await.unwrap(), None);
    assert_eq!(
        store.audit(&own, &AuditQuery { limit: 10, ..AuditQuery::default() }).await.unwrap().rows,
        [act]
    );
    assert_eq!(store.ephemerides_as_of(&own, at(100), window).await.unwrap(), ephemerides);
    assert_eq!(new_payloads(store).await, []);
    store.add_upload(&rejected, &[], &[], &[], None).await.unwrap();
    assert_eq!(store.uploads(&own, None, 10).await.unwrap().rows, [rejected, accepted]);
}

/// Element sets are there with the upload that brought them, and not without it.
pub async fn an_upload_of_element_sets_is_stored_with_them_or_not_at_all(store: &dyn Store) {
    let own = tenant("own");
    let delivered = |seconds| ingest(&own, at(seconds), vec![element_set(5, 0)]);
    let first = upload(&own, at(10));
    store.add_upload(&first, &[], &[], &[], None).await.unwrap();
    // The upload is there already: what would come with it is not stored.
    let failed = store.add_upload_of_element_sets(&first, &delivered(10), &[], &[], &[], None).await;
    assert_conflict(&failed);
    assert_eq!(store.catalog_as_of(&own, at(100)).await.unwrap(), []);
    assert_eq!(new_payloads(store).await, []);

    let second = upload(&own, at(20));
    let summary =
        store.add_upload_of_element_sets(&second, &delivered(20), &[], &[], &[], None).await.unwrap();
    assert_eq!(summary.new_element_sets, 1);
    assert_eq!(store.catalog_as_of(&own, at(100)).await.unwrap().len(), 1);
    assert_eq!(store.uploads(&own, None, 10).await.unwrap().rows, [second, first]);
    let payloads = new_payloads(store).await;
    assert!(matches!(payloads.as_slice(), [Payload::ElementSetsStored { .. }]), "{payloads:?}");
}

/// Uploads come newest first, in pages.
pub async fn uploads_go_back_in_pages(store: &dyn Store) {
    let own = tenant("own");
    let mut expected = Vec::new();
    for place in 0..7 {
        let one = upload(&if place % 2 == 0 { own.clone() } else { TenantId::public() }, at(place));
        store.add_upload(&one, &[], &[], &[], None).await.unwrap();
        expected.insert(0, one);
    }
    let first = store.uploads(&own, None, 4).await.unwrap();
    assert_eq!((first.rows.as_slice(), first.more), (&expected[..4], true));
    let second = store.uploads(&own, Some(expected[3].id), 4).await.unwrap();
    assert_eq!((second.rows.as_slice(), second.more), (&expected[4..], false));
    let exact = store.uploads(&own, Some(expected[3].id), 3).await.unwrap();
    assert_eq!((exact.rows.len(), exact.more), (3, false));
}

/// Of each object the newest ephemeris that had arrived and covers some of the window.
pub async fn the_newest_ephemeris_that_covers_counts(store: &dyn Store) {
    let own = tenant("own");
    let mut stored = Vec::new();
    for (arrived, object, start, stop) in
        [(10, 5, 0, 100), (20, 5, 50, 150), (30, 5, 500, 600), (40, 7, 0, 100), (50, 5, 0, 10)]
    {
        let upload = upload(&own, at(arrived));
        let mut one = ephemeris(&upload, object);
        (one.start, one.stop) = (at(start), at(stop));
        store.add_upload(&upload, std::slice::from_ref(&one), &[], &[], None).await.unwrap();
        stored.push(one);
    }
    let ids = async |as_of: i64, start: i64, stop: i64| -> Vec<usize> {
        let found = store.ephemerides_as_of(&own, at(as_of), (at(start), at(stop))).await.unwrap();
        found.iter().map(|one| stored.iter().position(|other| other == one).unwrap()).collect()
    };
    assert_eq!(ids(9, 0, 1_000).await, [0_usize; 0]);
    assert_eq!(ids(10, 0, 1_000).await, [0]);
    assert_eq!(ids(25, 0, 1_000).await, [1]);
    assert_eq!(ids(25, 0, 49).await, [0]);
    assert_eq!(ids(60, 60, 200).await, [1, 3]);
    assert_eq!(ids(60, 101, 200).await, [1]);
    assert_eq!(ids(60, 0, 5).await, [4, 3]);
}

/// Tenants with element sets of their own, or an ephemeris that goes on, are known, in whatever process they came.
pub async fn tenants_with_subjects_are_known(store: &dyn Store) {
    let (public, flies, a, z) = (TenantId::public(), tenant("flies"), tenant("a"), tenant("z"));
    assert_eq!(store.tenants_with_subjects(at(0)).await.unwrap(), []);
    store.ingest(&ingest(&public, at(0), vec![element_set(5, 0)]), &[]).await.unwrap();
    store.put_satcat(&[satcat_entry(5, "Vanguard")]).await.unwrap();
    let of_public = upload(&public, at(0));
    store.add_upload(&of_public, &[ephemeris(&of_public, 5)], &[], &[], None).await.unwrap();
    let given = upload(&flies, at(10));
    store.add_upload(&given, &[ephemeris(&given, 5)], &[], &[], None).await.unwrap();
    store.add_upload(&upload(&tenant("looks"), at(10)), &[], &[], &[], None).await.unwrap();
    assert_eq!(store.tenants_with_subjects(at(0)).await.unwrap(), std::slice::from_ref(&flies));
    for own in [&z, &a] {
        store.ingest(&ingest(own, at(0), vec![element_set(7, 0)]), &[]).await.unwrap();
    }
    assert_eq!(store.tenants_with_subjects(at(0)).await.unwrap(), [a.clone(), flies.clone(), z.clone()]);
    let over = ephemeris(&given, 5).stop + jiff::SignedDuration::from_secs(1);
    assert_eq!(store.tenants_with_subjects(over).await.unwrap(), [a, z]);
}
