use std::collections::BTreeSet;

use astroshield_domain::alert::{AlertChange, AlertChanges};
use astroshield_domain::event::{Event, Payload, Published, Topic};
use astroshield_domain::feed::FeedStatus;
use astroshield_domain::ids::{EventId, TenantId};
use astroshield_domain::ports::{RunUpdate, Store};
use astroshield_domain::trace::Trace;

use super::put_event;
use crate::entities::{LATER, alert, at, conclusion, element_set, ingest, later_event, run, tenant, upload};

fn feeds(published: &[Published]) -> Vec<String> {
    let feed = |published: &Published| match &published.event.payload {
        Payload::FeedAsked { feed, .. } => feed.clone(),
        other => format!("{other:?}"),
    };
    published.iter().map(feed).collect()
}

/// Events get growing positions in the order of their commits, once.
pub async fn events_are_sequenced_once_in_order(store: &dyn Store) {
    let own = tenant("own");
    assert_eq!(store.last_position().await.unwrap(), 0);
    assert_eq!(store.sequence_events(10).await.unwrap(), []);
    for place in 0..5 {
        put_event(store, &own, &format!("feed-{place}")).await;
    }
    assert_eq!(store.events_after(0, &Topic::ALL, 10).await.unwrap(), []);
    let first = store.sequence_events(2).await.unwrap();
    put_event(store, &own, "feed-5").await;
    let second = store.sequence_events(10).await.unwrap();
    assert_eq!(feeds(&first), ["feed-0", "feed-1"]);
    assert_eq!(feeds(&second), ["feed-2", "feed-3", "feed-4", "feed-5"]);
    let all = [first, second].concat();
    assert!(all[0].position > 0 && all.windows(2).all(|pair| pair[0].position < pair[1].position));
    assert_eq!(store.last_position().await.unwrap(), all[5].position);
    assert_eq!(store.sequence_events(10).await.unwrap(), []);
    assert_eq!(store.events_after(0, &Topic::ALL, 10).await.unwrap(), all);
    assert_eq!(store.events_after(all[1].position, &Topic::ALL, 2).await.unwrap(), all[2..4]);
    assert_eq!(store.events_after(all[5].position, &Topic::ALL, 2).await.unwrap(), []);
}

/// An event comes back as it was, whatever it holds.
pub async fn events_come_back_as_they_were(store: &dyn Store) {
    let own = tenant("own");
    let upload = upload(&own, at(0));
    let payload = Payload::RunFailed {
        run: astroshield_domain::ids::RunId::at(at(1)),
        problem: "\"\n\u{1F6F0}".to_owned(),
    };
    let mut event = Event::new(
        own.clone(),
        "2026-10-01T00:00:00.123456789Z".parse().unwrap(),
        vec![EventId::at(at(1))],
        payload,
    );
    event.trace = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
    store.add_upload(&upload, &[], &[], std::slice::from_ref(&event), None).await.unwrap();
    assert_eq!(store.sequence_events(1).await.unwrap()[0].event, event);
    assert_eq!(store.events_after(0, &[Topic::Runs], 1).await.unwrap()[0].event, event);
}

/// What a later release wrote comes back to the letter, under the topic that it names.
pub async fn events_of_a_later_release_come_back_as_they_were(store: &dyn Store) {
    let own = tenant("own");
    let status = FeedStatus { feed: "a".to_owned(), ..FeedStatus::default() };
    for (place, topic) in ["conjunctions", "maneuvers"].into_iter().enumerate() {
        let event = later_event(&own, at(0), topic);
        store.put_feed(&status, &event).await.unwrap();
        let published = store.sequence_events(10).await.unwrap();
        assert_eq!(published[0].event, event);
        assert_eq!(published, store.events_after(0, &Topic::ALL, 10).await.unwrap()[place..]);
        let written = serde_json::to_string(&published[0].event.payload).unwrap();
        assert_eq!(written, LATER);
    }
    put_event(store, &own, "b").await;
    assert_eq!(feeds(&store.sequence_events(10).await.unwrap()), ["b"]);
    let known = store.events_after(0, &[Topic::Conjunctions], 10).await.unwrap();
    assert_eq!(known.len(), 1);
    assert!(!known[0].event.is_understood_by("test"));
}

/// Events are read by topic.
pub async fn events_are_read_by_topic(store: &dyn Store) {
    let own = tenant("own");
    put_event(store, &own, "a").await;
    store.ingest(&ingest(&own, at(0), vec![element_set(5, 0)]), &[]).await.unwrap();
    put_event(store, &own, "b").await;
    let all = store.sequence_events(10).await.unwrap();
    assert_eq!(store.events_after(0, &[Topic::Catalog], 10).await.unwrap(), all[1..2]);
    assert_eq!(feeds(&store.events_after(0, &[Topic::Feeds, Topic::Alerts], 10).await.unwrap()), ["a", "b"]);
    assert_eq!(store.events_after(0, &[Topic::Catalog, Topic::Feeds], 10).await.unwrap(), all);
    assert_eq!(store.events_after(0, &[Topic::Alerts], 10).await.unwrap(), []);
    assert_eq!(store.events_after(0, &[], 10).await.unwrap(), []);
}

/// While several write and several sequence, each event gets one position, those of a writer in its order, and a reader
/// that follows the positions misses none.
pub async fn events_of_many_writers_are_sequenced_without_loss(store: &dyn Store) {
    const WRITERS: usize = 4;
    const EVENTS: usize = 25;
    let own = tenant("own");
    let write = async |writer: usize| {
        for place in 0..EVENTS {
            put_event(store, &own, &format!("{writer}-{place:02}")).await;
        }
    };
    let sequence = async || {
        let mut published = Vec::new();
        let mut idle = 0;
        while idle < 200 && published.len() < WRITERS * EVENTS {
            let some = store.sequence_events(7).await.unwrap();
            idle = if some.is_empty() { idle + 1 } else { 0 };
            published.extend(some);
            tokio::task::yield_now().await;
        }
        published
    };
    let follow = async || {
        let mut seen: Vec<Published> = Vec::new();
        let mut idle = 0;
        while idle < 2_000 && seen.len() < WRITERS * EVENTS {
            let after = seen.last().map_or(0, |last| last.position);
            let some = store.events_after(after, &Topic::ALL, 5).await.unwrap();
            idle = if some.is_empty() { idle + 1 } else { 0 };
            seen.extend(some);
            tokio::task::yield_now().await;
        }
        seen
    };
    let (.., first, second, seen) =
        tokio::join!(write(0), write(1), write(2), write(3), sequence(), sequence(), follow());
    let mut published = [first, second].concat();
    published.extend(store.sequence_events(1_000).await.unwrap());
    published.sort_by_key(|published| published.position);
    assert_eq!(published.len(), WRITERS * EVENTS);
    let positions: BTreeSet<_> = published.iter().map(|published| published.position).collect();
    assert_eq!(positions.len(), WRITERS * EVENTS);
    for writer in 0..WRITERS {
        let mine: Vec<_> =
            feeds(&published).into_iter().filter(|feed| feed.starts_with(&format!("{writer}-"))).collect();
        let expected: Vec<_> = (0..EVENTS).map(|place| format!("{writer}-{place:02}")).collect();
        assert_eq!(mine, expected);
    }
    assert_eq!(store.events_after(0, &Topic::ALL, 1_000).await.unwrap(), published);
    assert_eq!(seen, published[..seen.len()]);
}

/// A consumer's place goes on, and never back.
pub async fn consumers_never_go_back(store: &dyn Store) {
    assert_eq!(store.consumer_position("notify").await.unwrap(), 0);
    store.advance_consumer("notify", 7).await.unwrap();
    store.advance_consumer("notify", 3).await.unwrap();
    assert_eq!(store.consumer_position("notify").await.unwrap(), 7);
    assert_eq!(store.consumer_position("other").await.unwrap(), 0);
    store.advance_consumer("notify", 8).await.unwrap();
    assert_eq!(store.consumer_position("notify").await.unwrap(), 8);
}

/// Whoever waits for events is told of each commit that may have brought some, and what is made in a trace belongs to it.
pub async fn commits_with_events_are_told_and_belong_to_their_trace(store: &dyn Store) {
    let own = tenant("own");
    let outbox = store.outbox();
    let told = || std::pin::pin!(outbox.notified()).as_mut().enable();
    assert!(!told());
    let trace = Trace::begin().with_request("request-7");
    let mut waiting = Vec::new();
    trace
        .follow("test", async {
            let alert = alert(&own, "a", at(0));
            let run = run(&own, at(0));
            let changes =
                AlertChanges { alerts: vec![(alert, AlertChange::Opened)], ..AlertChanges::default() };
            put_event(store, &own, "a").await;
            waiting.push(told());
            store.ingest(&ingest(&own, at(0), vec![element_set(5, 0)]), &[]).await.unwrap();
            waiting.push(told());
            store.begin_run(&run, &[]).await.unwrap();
            waiting.push(told());
            let done = RunUpdate::SliceDone { slice: 0, blob: "blob".to_owned() };
            store.update_run(&own, run.id, &done).await.unwrap();
            waiting.push(told());
            store.conclude_run(&own, &conclusion(&run), &[]).await.unwrap();
            waiting.push(told());
            store.change_alerts(&own, &changes, None, at(0)).await.unwrap();
            waiting.push(told());
            store.add_upload(&upload(&own, at(0)), &[], &[], &[], None).await.unwrap();
            waiting.push(told());
        })
        .await;
    assert_eq!(waiting, [true; 7]);
    store.advance_consumer("relay", 1).await.unwrap();
    assert!(!told());
    let events = store.sequence_events(100).await.unwrap();
    assert_eq!(events.len(), 7);
    for Published { event, .. } in &events {
        let of_event = Trace::of_event(event);
        assert_eq!((of_event.id(), of_event.request()), (trace.id(), Some("request-7")), "{event:?}");
    }
}

/// The store answers.
pub async fn the_store_answers(store: &dyn Store) {
    store.ping().await.unwrap();
    assert_eq!(store.catalog_age(&TenantId::public()).await.unwrap(), None);
    assert_eq!(store.runs(&TenantId::public(), None, 1).await.unwrap().rows, []);
}
