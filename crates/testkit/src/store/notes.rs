use astroshield_domain::access::AuditQuery;
use astroshield_domain::conjunction::{Conjunction, ConjunctionStatus};
use astroshield_domain::event::Payload;
use astroshield_domain::ids::{ConjunctionId, TenantId};
use astroshield_domain::note::{Decision, Handled, HandledPlace, Handling, MOST_NOTES, Note, Noted};
use astroshield_domain::ports::{Prunable, Store};
use astroshield_domain::screening::{Covered, Run, RunConclusion, RunKind};
use futures_util::future::join_all;

use super::{assert_conflict, assert_not_found, new_events};
use crate::entities::{at, audit_entry, conclusion, conjunction, note, run, tenant};

/// A run that found a conjunction of each pair.
async fn find(store: &dyn Store, tenant: &TenantId, pairs: &[[u32; 2]]) -> Vec<Conjunction> {
    let run = run(tenant, at(0));
    let found: Vec<_> = pairs.iter().map(|pair| conjunction(&run, *pair, at(100_000))).collect();
    store.begin_run(&run, &[]).await.unwrap();
    store.conclude_run(tenant, &conclusion(&run), &found).await.unwrap();
    found
}

async fn add(store: &dyn Store, note: &Note) {
    store.add_note(note, &audit_entry(&note.tenant, note.noted.action())).await.unwrap();
}

fn text(text: &str) -> Noted {
    Noted::Note { text: text.to_owned() }
}

fn assigned(assignee: Option<&str>) -> Noted {
    Noted::Assigned { assignee: assignee.map(str::to_owned), text: None }
}

async fn handled(store: &dyn Store, tenant: &TenantId) -> Vec<Handled> {
    store.handled_conjunctions(tenant, None, 1_000).await.unwrap().rows
}

/// What goes in comes out, in its order, with an event and a line of the audit log for each.
pub async fn notes_come_back_in_the_order_in_which_they_were_added(store: &dyn Store) {
    let (own, public) = (tenant("own"), TenantId::public());
    let found = find(store, &public, &[[5, 7], [5, 9]]).await;
    new_events(store).await;
    let more = Some("line\n\tand 'quotes' \u{1F6F0}".to_owned());
    let notes: Vec<Note> = [
        text("first"),
        Noted::Acknowledged { text: None },
        Noted::Acknowledged { text: more.clone() },
        assigned(Some("bob")),
        Noted::Assigned { assignee: None, text: more.clone() },
        Noted::Decided { decision: Decision::NoAction, text: None },
        Noted::Decided { decision: Decision::Monitor, text: more.clone() },
        Noted::Decided { decision: Decision::Maneuver, text: None },
    ]
    .into_iter()
    // Clocks of processes differ: the order is that of the store.
    .map(|noted| note(&own, found[0].id, at(500), noted))
    .collect();
    let elsewhere = note(&own, found[1].id, at(501), text("another one"));
    for note in notes.iter().chain([&elsewhere]) {
        add(store, note).await;
    }
    assert_eq!(store.conjunction_notes(&own, found[0].id).await.unwrap(), notes);
    assert_eq!(store.conjunction_notes(&own, found[1].id).await.unwrap(), std::slice::from_ref(&elsewhere));
    let events = new_events(store).await;
    let due: Vec<_> = notes
        .iter()
        .chain([&elsewhere])
        .map(|note| Payload::ConjunctionNoted { conjunction: note.conjunction, kind: note.noted.kind() })
        .collect();
    assert_eq!(events.iter().map(|event| event.payload.clone()).collect::<Vec<_>>(), due);
    assert!(events.iter().all(|event| event.tenant == own), "though the conjunctions are public");
    let log = store.audit(&own, &AuditQuery { limit: 100, ..AuditQuery::default() }).await.unwrap().rows;
    let actions: Vec<_> = log.iter().rev().map(|line| line.action.as_str()).collect();
    assert_eq!(
        actions[..4],
        ["note", "acknowledge", "acknowledge", "assign"].map(|did| format!("conjunction.{did}"))
    );
    assert_eq!(actions.len(), 9);
}

/// Notes are for the tenant of whoever wrote them, whosever the conjunction is.
pub async fn notes_about_a_public_conjunction_are_their_tenants_alone(store: &dyn Store) {
    let (a, b, public) = (tenant("a"), tenant("b"), TenantId::public());
    let found = find(store, &public, &[[5, 7]]).await.remove(0);
    let of_a = note(&a, found.id, at(10), text("of a"));
    let of_b = note(&b, found.id, at(20), assigned(Some("of b")));
    for note in [&of_a, &of_b] {
        add(store, note).await;
    }
    for (tenant, own) in [(&a, &of_a), (&b, &of_b)] {
        assert_eq!(store.conjunction_notes(tenant, found.id).await.unwrap(), std::slice::from_ref(own));
        let rows = handled(store, tenant).await;
        let handling = Handling::default().after(own);
        assert_eq!(rows, [Handled { conjunction: found.id, handling, updated: own.at }]);
        assert_eq!(store.handling_of(tenant, &[found.id]).await.unwrap(), rows);
    }
    for tenant in [&public, &tenant("c")] {
        assert_eq!(store.conjunction_notes(tenant, found.id).await.unwrap(), []);
        assert_eq!(handled(store, tenant).await, []);
        assert_eq!(store.handling_of(tenant, &[found.id]).await.unwrap(), []);
    }
}

/// A note about what a tenant does not see, or that is there already, leaves nothing: no note, no event, no line.
pub async fn a_note_that_is_refused_leaves_nothing(store: &dyn Store) {
    let (own, other) = (tenant("own"), tenant("other"));
    let mine = find(store, &own, &[[5, 7]]).await.remove(0);
    let theirs = find(store, &other, &[[5, 7]]).await.remove(0);
    let first = note(&own, mine.id, at(10), text("first"));
    add(store, &first).await;
    new_events(store).await;
    let audit = audit_entry(&own, "conjunction.note");
    for conjunction in [theirs.id, ConjunctionId::first_seen(&own, [1, 2], None)] {
        let refused = store.add_note(&note(&own, conjunction, at(20), text("x")), &audit).await;
        assert_not_found(&refused);
        assert_eq!(store.conjunction_notes(&own, conjunction).await.unwrap(), []);
    }
    let again = Note { noted: text("second"), ..first.clone() };
    assert_conflict(&store.add_note(&again, &audit).await);
    assert_eq!(store.conjunction_notes(&own, mine.id).await.unwrap(), [first]);
    assert_eq!(new_events(store).await, []);
    let log = store.audit(&own, &AuditQuery { limit: 100, ..AuditQuery::default() }).await.unwrap();
    assert_eq!(log.rows.len(), 1);
    assert_eq!(store.conjunction_notes(&other, theirs.id).await.unwrap(), []);
}

/// However many write at once, each note counts; and there is an end to them.
pub async fn notes_written_at_once_are_all_counted(store: &dyn Store) {
    let own = tenant("own");
    let found = find(store, &TenantId::public(), &[[5, 7]]).await.remove(0);
    let written: Vec<Note> = (0..20)
        .map(|place| note(&own, found.id, at(place), assigned(Some(&format!("person {place}")))))
        .collect();
    join_all(written.iter().map(|note| add(store, note))).await;
    let notes = store.conjunction_notes(&own, found.id).await.unwrap();
    assert_eq!(notes.len(), 20);
    let rows = handled(store, &own).await;
    let (row, last) = (&rows[0], notes.last().unwrap());
    assert_eq!(rows.len(), 1);
    assert_eq!((row.handling.notes, row.handling.assignee.as_deref()), (20, last.noted.assignee()));
    for place in 20..i64::from(MOST_NOTES) {
        add(store, &note(&own, found.id, at(place), text("more"))).await;
    }
    let one_more = note(&own, found.id, at(5_000), text("too much"));
    assert_conflict(&store.add_note(&one_more, &audit_entry(&own, "conjunction.note")).await);
    assert_eq!(store.conjunction_notes(&own, found.id).await.unwrap().len(), MOST_NOTES as usize);
}

/// Page by page, the one with the newest note first; one that is noted again goes to the front.
pub async fn handled_conjunctions_come_by_their_newest_note(store: &dyn Store) {
    let own = tenant("own");
    let pairs: Vec<[u32; 2]> = (0..10).map(|place| [5, 10 + place]).collect();
    let found = find(store, &TenantId::public(), &pairs).await;
    // Some of them at the same time.
    for (place, one) in (0_i64..).zip(&found[..8]) {
        add(store, &note(&own, one.id, at(place / 3), Noted::Acknowledged { text: None })).await;
    }
    let decided = Noted::Decided { decision: Decision::Maneuver, text: None };
    add(store, &note(&own, found[1].id, at(50), decided)).await;
    let mut due: Vec<_> = (0_i64..).zip(&found[..8]).map(|(place, one)| (-(place / 3), one.id)).collect();
    due[1].0 = -50;
    due.sort_unstable();
    let (mut seen, mut after): (Vec<Handled>, Option<HandledPlace>) = (Vec::new(), None);
    loop {
        let page = store.handled_conjunctions(&own, after.as_ref(), 3).await.unwrap();
        assert!(page.rows.len() == 3 || page.next.is_none());
        seen.extend(page.rows);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    // The same of those that are named, were there more of them than one statement names.
    let unknown = (0..2_500).map(|place| ConjunctionId::first_seen(&own, [place, 1], None));
    let all: Vec<_> = found.iter().map(|one| one.id).chain(unknown).collect();
    let mut named = store.handling_of(&own, &all).await.unwrap();
    let mut listed = seen.clone();
    for rows in [&mut named, &mut listed] {
        rows.sort_by_key(|row| row.conjunction);
    }
    assert_eq!(named, listed);
    assert_eq!(store.handling_of(&own, &[]).await.unwrap(), []);
    let ids: Vec<_> = seen.iter().map(|row| row.conjunction).collect();
    assert_eq!(ids, due.iter().map(|(_, id)| *id).collect::<Vec<_>>());
    let first = &seen[0];
    assert_eq!((first.conjunction, first.updated, first.handling.notes), (found[1].id, at(50), 2));
    assert_eq!(first.handling.decision, Some(Decision::Maneuver));
    assert_eq!(first.handling.acknowledged, Some((at(0), "somebody".to_owned())));
}

/// Only what is active for the tenant is there to be handled; its notes stay all the same.
pub async fn what_is_cleared_or_superseded_is_handled_no_more(store: &dyn Store) {
    let (own, public) = (tenant("own"), TenantId::public());
    let found = find(store, &public, &[[5, 7], [9, 11], [13, 15]]).await;
    for one in &found {
        add(store, &note(&own, one.id, at(10), text("seen"))).await;
    }
    let second = run(&public, at(10_000));
    let still: Vec<_> = found[..2].iter().map(|one| Conjunction { run: second.id, ..one.clone() }).collect();
    store.begin_run(&second, &[]).await.unwrap();
    store.conclude_run(&public, &conclusion(&second), &still).await.unwrap();
    assert_eq!(handled(store, &own).await.len(), 2);
    let ours = Run { kind: RunKind::Ephemerides, ..run(&own, at(20_000)) };
    let covered = vec![Covered { object: 5, start: at(20_000), stop: at(200_000) }];
    store.begin_run(&ours, &[]).await.unwrap();
    store.conclude_run(&own, &RunConclusion { covered, ..conclusion(&ours) }, &[]).await.unwrap();
    let ids: Vec<_> = handled(store, &own).await.iter().map(|row| row.conjunction).collect();
    assert_eq!(ids, [found[1].id]);
    let status = async |id| store.conjunction(&own, id).await.unwrap().unwrap().status;
    assert_eq!(status(found[0].id).await, ConjunctionStatus::Superseded);
    assert_eq!(status(found[2].id).await, ConjunctionStatus::Cleared);
    for one in &found {
        assert_eq!(store.conjunction_notes(&own, one.id).await.unwrap().len(), 1);
        assert_eq!(store.handling_of(&own, &[one.id]).await.unwrap().len(), 1);
    }
}

/// Notes go when their conjunction is forgotten, whosever they are; others stay.
pub async fn notes_are_forgotten_with_their_conjunction(store: &dyn Store) {
    let (a, b, public) = (tenant("a"), tenant("b"), TenantId::public());
    let found = find(store, &public, &[[5, 7]]).await.remove(0);
    let of_b = find(store, &b, &[[5, 7]]).await.remove(0);
    for (tenant, one) in [(&a, &found), (&b, &found), (&b, &of_b)] {
        add(store, &note(tenant, one.id, at(10), text("seen"))).await;
    }
    store.pass_conjunctions(&public, at(200_000), 100).await.unwrap();
    assert_eq!(store.conjunction_notes(&a, found.id).await.unwrap().len(), 1);
    let mut gone = 0;
    loop {
        match store.prune(Prunable::Conjunctions, at(200_000), 100).await.unwrap() {
            0 => break,
            some => gone += some,
        }
    }
    assert_eq!(gone, 4, "the conjunction, its history and two notes");
    for tenant in [&a, &b] {
        assert_eq!(store.conjunction_notes(tenant, found.id).await.unwrap(), []);
    }
    assert_eq!(store.conjunction_notes(&b, of_b.id).await.unwrap().len(), 1);
}
