use std::collections::BTreeSet;

use astroshield_domain::catalog::Grade;
use astroshield_domain::conjunction::{
    CdmIdentity, Conjunction, ConjunctionCursor, ConjunctionOrder, ConjunctionQuery, ConjunctionStatus,
    Direction, ProbabilityMethod, ReceivedCdm,
};
use astroshield_domain::event::Payload;
use astroshield_domain::ids::{CdmId, ConjunctionId, TenantId};
use astroshield_domain::ports::Store;
use astroshield_domain::screening::{Run, RunKind};
use jiff::{SignedDuration, Timestamp};

use super::{assert_conflict, new_payloads};
use crate::entities::{
    at, audit_entry, cdm, conclusion, conjunction, number, run, tenant, upload, watch_list,
};

/// Begins a run and concludes it with what it found.
async fn conclude(store: &dyn Store, run: &Run, found: &[Conjunction]) {
    store.begin_run(run, &[]).await.unwrap();
    store.conclude_run(&run.tenant, &conclusion(run), found).await.unwrap();
}

async fn list(store: &dyn Store, tenant: &TenantId, query: ConjunctionQuery) -> Vec<Conjunction> {
    store.conjunctions(tenant, &ConjunctionQuery { limit: 1_000, ..query }).await.unwrap().rows
}

/// What goes in comes out.
pub async fn conjunctions_come_back_as_they_were_stored(store: &dyn Store) {
    let own = tenant("own");
    let run = run(&own, at(0));
    let mut rich = conjunction(&run, [7, 5], at(100));
    rich.relation = true;
    rich.objects[0].grade = Grade::Cdm;
    rich.objects[0].epoch = None;
    rich.objects[1].name = None;
    rich.solution.probability = Some(1e-300);
    rich.solution.method = ProbabilityMethod::MonteCarlo;
    rich.solution.dilution_km = None;
    rich.solution.at_edge = true;
    let plain = conjunction(&run, [9, 5], at(200));
    conclude(store, &run, &[rich.clone(), plain.clone()]).await;
    assert_eq!(store.conjunction(&own, rich.id).await.unwrap().as_ref(), Some(&rich));
    assert_eq!(list(store, &own, ConjunctionQuery::default()).await, [rich.clone(), plain.clone()]);
    let history = store.conjunction_history(&own, rich.id).await.unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!(
        (history[0].run, history[0].at, history[0].status),
        (run.id, conclusion(&run).finished, rich.status)
    );
    assert_eq!(
        (history[0].grades, history[0].epochs),
        ([Grade::Cdm, Grade::Gp], [None, rich.objects[1].epoch])
    );
    assert_eq!(history[0].solution, rich.solution);
    let expected = Payload::ConjunctionsChanged {
        run: run.id,
        appeared: 2,
        updated: 0,
        cleared: 0,
        leading: vec![plain.id, rich.id],
    };
    assert_eq!(new_payloads(store).await.last(), Some(&expected));
}

/// From run to run: found again, found no longer, found once more.
pub async fn a_conjunction_keeps_its_identity_and_history(store: &dyn Store) {
    let own = tenant("own");
    let runs: Vec<Run> = (0..4).map(|place| run(&own, at(place * 3_600))).collect();
    let stays = conjunction(&runs[0], [5, 7], at(100_000));
    let comes_back = conjunction(&runs[0], [5, 9], at(100_000));
    let find = |known: &Conjunction, run: &Run, miss_distance_km: f64| {
        let mut found = known.clone();
        (found.run, found.last_seen) = (run.id, run.started);
        found.solution.tca += SignedDuration::from_secs(60);
        found.solution.miss_distance_km = miss_distance_km;
        found
    };
    conclude(store, &runs[0], &[stays.clone(), comes_back.clone()]).await;
    new_payloads(store).await;
    let again = find(&stays, &runs[1], 0.5);
    conclude(store, &runs[1], std::slice::from_ref(&again)).await;
    let changed = |run: &Run, appeared, updated, cleared, leading: Vec<ConjunctionId>| {
        Payload::ConjunctionsChanged { run: run.id, appeared, updated, cleared, leading }
    };
    assert_eq!(new_payloads(store).await.last(), Some(&changed(&runs[1], 0, 1, 1, vec![stays.id])));
    assert_eq!(store.conjunction(&own, stays.id).await.unwrap(), Some(again.clone()));
    let cleared = Conjunction { status: ConjunctionStatus::Cleared, ..comes_back.clone() };
    assert_eq!(store.conjunction(&own, comes_back.id).await.unwrap(), Some(cleared.clone()));
    assert_eq!(list(store, &own, ConjunctionQuery::default()).await, std::slice::from_ref(&again));
    let only_cleared =
        ConjunctionQuery { status: Some(ConjunctionStatus::Cleared), ..ConjunctionQuery::default() };
    assert_eq!(list(store, &own, only_cleared).await, [cleared]);

    // Nothing is cleared twice.
    let once_more = find(&stays, &runs[2], 0.4);
    conclude(store, &runs[2], std::slice::from_ref(&once_more)).await;
    assert_eq!(new_payloads(store).await.last(), Some(&changed(&runs[2], 0, 1, 0, vec![stays.id])));

    let back = find(&comes_back, &runs[3], 0.3);
    let new = conjunction(&runs[3], [1, 2], at(100_001));
    conclude(store, &runs[3], &[new.clone(), back.clone()]).await;
    let mut leading = vec![new.id, back.id];
    leading.sort_unstable();
    assert_eq!(new_payloads(store).await.last(), Some(&changed(&runs[3], 1, 1, 1, leading)));
    let history = async |id| -> Vec<_> {
        let entries = store.conjunction_history(&own, id).await.unwrap();
        entries.iter().map(|entry| (entry.run, entry.status)).collect()
    };
    let (active, cleared) = (ConjunctionStatus::Active, ConjunctionStatus::Cleared);
    let expected = [(runs[0].id, active), (runs[1].id, cleared), (runs[3].id, active)];
    assert_eq!(history(comes_back.id).await, expected);
    let expected = [(runs[0].id, active), (runs[1].id, active), (runs[2].id, active), (runs[3].id, cleared)];
    assert_eq!(history(stays.id).await, expected);
    let known = store.known_conjunctions(&own, (at(0), at(200_000))).await.unwrap();
    assert_eq!(known.len(), 3);
    let stays_now = known.iter().find(|known| known.0 == stays.id).unwrap();
    assert_eq!(*stays_now, (stays.id, [5, 7], false, once_more.solution.tca, stays.first_seen));
}

/// A run clears only what it looked at: inside its window, of its tenant, of its kind.
pub async fn a_run_clears_only_what_it_looked_at(store: &dyn Store) {
    let (own, other) = (tenant("own"), tenant("other"));
    let first = run(&own, at(0));
    let stop = first.window_stop;
    let start = at(1_000);
    let microsecond = SignedDuration::from_micros(1);
    let tcas = [start - microsecond, start, stop, stop + microsecond];
    let found: Vec<_> =
        (1_u32..).zip(tcas).map(|(object, tca)| conjunction(&first, [object, 100], tca)).collect();
    conclude(store, &first, &found).await;
    let of_other = run(&other, at(0));
    let others = conjunction(&of_other, [1, 100], at(5_000));
    conclude(store, &of_other, std::slice::from_ref(&others)).await;
    let of_ephemerides = Run { kind: RunKind::Ephemerides, ..run(&own, at(500)) };
    let of_ephemeris = conjunction(&of_ephemerides, [50, 100], at(5_000));
    conclude(store, &of_ephemerides, std::slice::from_ref(&of_ephemeris)).await;
    assert_eq!(list(store, &own, ConjunctionQuery::default()).await.len(), 5);

    let second = Run { window_stop: stop, ..run(&own, start) };
    conclude(store, &second, &[]).await;
    let left: BTreeSet<_> =
        list(store, &own, ConjunctionQuery::default()).await.iter().map(|one| one.id).collect();
    assert_eq!(left, BTreeSet::from([found[0].id, found[3].id, of_ephemeris.id]));
    assert_eq!(list(store, &other, ConjunctionQuery::default()).await, [others]);
    let known = store.known_conjunctions(&own, (start, start)).await.unwrap();
    assert_eq!(known.iter().map(|known| known.0).collect::<Vec<_>>(), [found[1].id]);
}

/// A conclusion that cannot be stored leaves everything as it was.
pub async fn a_conclusion_that_fails_leaves_nothing(store: &dyn Store) {
    let own = tenant("own");
    let (first, second) = (run(&own, at(0)), run(&own, at(10)));
    let known = conjunction(&first, [5, 7], at(100));
    conclude(store, &first, std::slice::from_ref(&known)).await;
    new_payloads(store).await;
    store.begin_run(&second, &[]).await.unwrap();
    new_payloads(store).await;
    let fine = conjunction(&second, [1, 2], at(100));
    let of_other = conjunction(&run(&tenant("other"), at(10)), [1, 2], at(100));
    let twice = [fine.clone(), fine.clone()];
    for found in [[fine.clone(), of_other].as_slice(), twice.as_slice()] {
        assert_conflict(&store.conclude_run(&own, &conclusion(&second), found).await);
    }
    assert_eq!(list(store, &own, ConjunctionQuery::default()).await, std::slice::from_ref(&known));
    assert_eq!(store.conjunction_history(&own, known.id).await.unwrap().len(), 1);
    assert_eq!(store.unfinished_runs().await.unwrap(), std::slice::from_ref(&second));
    assert_eq!(new_payloads(store).await, []);
    store.conclude_run(&own, &conclusion(&second), &[fine]).await.unwrap();
}

/// Conjunctions of every kind of order and filter: 200 of the tenant's and 100 public ones, many with equal values.
async fn population(store: &dyn Store, own: &TenantId) -> Vec<Conjunction> {
    let mut all = Vec::new();
    for (tenant, count) in [(own.clone(), 200), (TenantId::public(), 100)] {
        let run = run(&tenant, at(0));
        let found: Vec<_> = (0..count)
            .map(|place: u32| {
                let tca =
                    at(i64::from(place % 17) * 1_000) + SignedDuration::from_micros(i64::from(place % 3));
                let mut one = conjunction(&run, [1 + place % 13, 20 + place], tca);
                one.solution.miss_distance_km = f64::from(place % 11) / 3.0;
                one.solution.maximum_probability = 10.0_f64.powi(-i32::try_from(place % 7).unwrap());
                if place.is_multiple_of(5) {
                    one.solution.probability = Some(1e-9 * f64::from(place));
                }
                one.relation = place.is_multiple_of(19);
                one.solution.relative_speed_km_s = f64::from(place % 23) / 1.7;
                one.first_seen = run.started - SignedDuration::from_hours(8 * i64::from(place % 5));
                for (side, object) in (0..).zip(&mut one.objects) {
                    let days = (place + 3 * side) % 6;
                    // Of some nobody knows.
                    object.epoch =
                        (days > 0).then(|| run.as_of - SignedDuration::from_hours(24 * i64::from(days)));
                }
                one
            })
            .collect();
        conclude(store, &run, &found).await;
        all.extend(found);
    }
    all
}

fn sort(all: &mut [Conjunction], order: ConjunctionOrder, direction: Option<Direction>) {
    let age = |one: &Conjunction| {
        let epochs = one.objects.iter().map(|object| object.epoch.unwrap_or(Timestamp::UNIX_EPOCH));
        one.solution.tca.duration_since(epochs.min().unwrap())
    };
    all.sort_by(|a, b| {
        match order {
            ConjunctionOrder::Tca => a.solution.tca.cmp(&b.solution.tca),
            ConjunctionOrder::Probability => b.leading_probability().total_cmp(&a.leading_probability()),
            ConjunctionOrder::MissDistance => {
                a.solution.miss_distance_km.total_cmp(&b.solution.miss_distance_km)
            }
            ConjunctionOrder::RelativeSpeed => {
                b.solution.relative_speed_km_s.total_cmp(&a.solution.relative_speed_km_s)
            }
            ConjunctionOrder::MaximumProbability => {
                b.solution.maximum_probability.total_cmp(&a.solution.maximum_probability)
            }
            ConjunctionOrder::FirstSeen => b.first_seen.cmp(&a.first_seen),
            ConjunctionOrder::DataAge => age(b).cmp(&age(a)),
        }
        .then(a.id.cmp(&b.id))
    });
    if direction.is_some_and(|direction| direction != order.usual()) {
        all.reverse();
    }
}

/// Every order, in its own direction and in both that there are.
fn orders() -> impl Iterator<Item = (ConjunctionOrder, Option<Direction>)> {
    let directions = [None, Some(Direction::Ascending), Some(Direction::Descending)];
    ConjunctionOrder::ALL.into_iter().flat_map(move |order| directions.map(|direction| (order, direction)))
}

/// Page by page, in every order, each is seen once, and new rows do not disturb.
pub async fn pages_of_conjunctions_have_no_gaps_and_no_doubles(store: &dyn Store) {
    let own = tenant("own");
    let mut all = population(store, &own).await;
    for (place, (order, direction)) in (0_u32..).zip(orders()) {
        sort(&mut all, order, direction);
        let is_backward = direction.is_some_and(|direction| direction != order.usual());
        let (mut seen, mut added) = (Vec::new(), Vec::new());
        let mut query = ConjunctionQuery { order, direction, limit: 7, ..ConjunctionQuery::default() };
        loop {
            let page = store.conjunctions(&own, &query).await.unwrap();
            assert!(page.rows.len() == 7 || !page.more);
            let Some(last) = page.rows.last() else { break };
            query.after = Some(ConjunctionCursor { value: order.value_of(last), id: last.id });
            seen.extend(page.rows.iter().map(|one| one.id));
            if !page.more {
                break;
            }
            if seen.len() == 70 && !is_backward {
                // At the front of every order.
                let run = Run { kind: RunKind::Ephemerides, ..run(&own, at(1_000_000 + i64::from(place))) };
                let mut early = conjunction(&run, [500 + place, 600], at(-10));
                early.solution.maximum_probability = 1.0;
                early.solution.miss_distance_km = 0.0;
                early.solution.relative_speed_km_s = 100.0;
                early.objects[1].epoch = Some("1960-01-01T00:00:00.000001Z".parse().unwrap());
                early.id = ConjunctionId(uuid::Uuid::from_u128(u128::from(place)));
                conclude(store, &run, std::slice::from_ref(&early)).await;
                added.push(early);
            }
        }
        let expected: Vec<_> = all.iter().map(|one| one.id).collect();
        assert!(seen == expected, "{order:?} {direction:?}: {} of {}", seen.len(), expected.len());
        assert_eq!(added.len(), usize::from(!is_backward));
        all.extend(added);
    }
}

/// Every filter, alone and with others, in every order, against the same done by hand.
pub async fn conjunctions_are_filtered(store: &dyn Store) {
    let own = tenant("own");
    let mut all = population(store, &own).await;
    let watched = watch_list(&own, &[3, 25, 219, 777]);
    store.put_watch_list(&watched, &audit_entry(&own, "watch-list.create")).await.unwrap();
    let empty = watch_list(&own, &[]);
    store.put_watch_list(&empty, &audit_entry(&own, "watch-list.create")).await.unwrap();
    let none = ConjunctionQuery::default;
    let queries = [
        none(),
        ConjunctionQuery { object: Some(number(3)), ..none() },
        ConjunctionQuery { object: Some(number(25)), ..none() },
        ConjunctionQuery { object: Some(number(4_711)), ..none() },
        ConjunctionQuery { watch_list: Some(watched.id), ..none() },
        ConjunctionQuery { watch_list: Some(watched.id), object: Some(number(3)), ..none() },
        ConjunctionQuery { watch_list: Some(empty.id), ..none() },
        ConjunctionQuery { status: Some(ConjunctionStatus::Cleared), ..none() },
        ConjunctionQuery { tca_from: Some(at(3_000)), ..none() },
        ConjunctionQuery { tca_to: Some(at(3_000)), ..none() },
        ConjunctionQuery { tca_from: Some(at(3_000)), tca_to: Some(at(9_000)), ..none() },
        ConjunctionQuery { max_miss_distance_km: Some(1.0), ..none() },
        ConjunctionQuery { min_probability: Some(1e-3), ..none() },
        ConjunctionQuery { relation: Some(true), ..none() },
        ConjunctionQuery {
            relation: Some(false),
            max_miss_distance_km: Some(2.0),
            object: Some(number(1)),
            ..none()
        },
    ];
    let objects: Vec<u32> = watched.objects.iter().map(|watched| watched.object).collect();
    for query in &queries {
        for (order, direction) in orders() {
            let query = ConjunctionQuery { order, direction, limit: 1_000, ..query.clone() };
            sort(&mut all, order, direction);
            let expected: Vec<_> = all
                .iter()
                .filter(|one| {
                    let (solution, pair) =
                        (&one.solution, one.objects.each_ref().map(|object| object.number));
                    query.object.is_none_or(|object| pair.contains(&object))
                        && query.watch_list.is_none_or(|list| {
                            list == watched.id && pair.iter().any(|number| objects.contains(&number.get()))
                        })
                        && query.status.is_none_or(|status| status == one.status)
                        && query.tca_from.is_none_or(|from| solution.tca >= from)
                        && query.tca_to.is_none_or(|to| solution.tca <= to)
                        && query.max_miss_distance_km.is_none_or(|most| solution.miss_distance_km <= most)
                        && query.min_probability.is_none_or(|least| one.leading_probability() >= least)
                        && query.relation.is_none_or(|relation| relation == one.relation)
                })
                .map(|one| one.id)
                .collect();
            let found: Vec<_> = list(store, &own, query.clone()).await.iter().map(|one| one.id).collect();
            assert_eq!(found, expected, "{query:?}");
            let count = store.count_conjunctions(&own, &query).await.unwrap();
            assert_eq!(count, expected.len() as u64, "{query:?}");
        }
    }
    // The list is the tenant's own, whoever asks.
    let of_other = ConjunctionQuery { watch_list: Some(watched.id), ..none() };
    assert_eq!(list(store, &tenant("other"), of_other).await, []);
}

/// Relations have one identity whatever their time, and are known in every window.
pub async fn relations_are_known_in_every_window(store: &dyn Store) {
    let own = tenant("own");
    let run = run(&own, at(0));
    let mut relation = conjunction(&run, [5, 7], at(100));
    relation.relation = true;
    let approach = conjunction(&run, [5, 9], at(100));
    conclude(store, &run, &[relation.clone(), approach]).await;
    let known = store.known_conjunctions(&own, (at(1_000), at(2_000))).await.unwrap();
    assert_eq!(known, [(relation.id, [5, 7], true, at(100), at(0))]);
}

/// Messages of a conjunction, the newest first.
pub async fn messages_stand_beside_their_conjunction(store: &dyn Store) {
    let (own, public) = (tenant("own"), TenantId::public());
    let run = run(&public, at(0));
    let found = conjunction(&run, [5, 7], at(5_000));
    conclude(store, &run, std::slice::from_ref(&found)).await;
    let mut expected = Vec::new();
    for place in 0..3 {
        let upload = upload(&own, at(place));
        let message = cdm(&upload, &found);
        store.add_upload(&upload, &[], std::slice::from_ref(&message), &[], None).await.unwrap();
        expected.insert(0, message);
    }
    assert_eq!(store.cdms_of(&own, found.id).await.unwrap(), expected);
    assert_eq!(store.cdms_of(&public, found.id).await.unwrap(), []);
}

/// A message that arrived before its conjunction was found speaks of it none the less; of another time or pair it does not.
pub async fn a_message_that_came_first_stands_beside_its_conjunction(store: &dyn Store) {
    let (own, public) = (tenant("own"), TenantId::public());
    let run = run(&public, at(0));
    let found = conjunction(&run, [5, 7], at(5_000));
    let upload = upload(&own, at(1));
    let early = ReceivedCdm { conjunction: None, ..cdm(&upload, &found) };
    let [first, second] = early.objects;
    let other = |place: i64, objects, tca| ReceivedCdm {
        id: CdmId::at(at(place)),
        created: at(place),
        objects,
        tca,
        ..early.clone()
    };
    let turned = other(2, [second, first], at(5_000 + 20 * 60));
    let late = other(3, [first, second], at(5_001 + 20 * 60));
    let foreign = other(4, [first, first], at(5_000));
    let messages = [early.clone(), turned.clone(), late, foreign];
    store.add_upload(&upload, &[], &messages, &[], None).await.unwrap();
    assert_eq!(store.cdms_of(&own, found.id).await.unwrap(), []);
    conclude(store, &run, std::slice::from_ref(&found)).await;
    let expected = [turned, early].map(|cdm| ReceivedCdm { conjunction: Some(found.id), ..cdm });
    assert_eq!(store.cdms_of(&own, found.id).await.unwrap(), expected);
    assert_eq!(store.cdms_of(&public, found.id).await.unwrap(), []);
    assert_eq!(store.cdms_of(&tenant("other"), found.id).await.unwrap(), []);
}

/// A tenant's messages by who made them, when, of which pair and time.
pub async fn messages_are_known_by_what_they_say(store: &dyn Store) {
    let own = tenant("own");
    let found = conjunction(&run(&own, at(0)), [5, 7], at(5_000));
    let upload = upload(&own, at(1));
    let message = cdm(&upload, &found);
    store.add_upload(&upload, &[], std::slice::from_ref(&message), &[], None).await.unwrap();
    let identity = CdmIdentity {
        originator: message.originator.clone(),
        objects: message.objects,
        created: message.created,
        tca: message.tca,
    };
    let known = async |tenant: &TenantId, from: i64, to: i64| {
        store.known_cdms(tenant, (at(from), at(to))).await.unwrap()
    };
    assert_eq!(known(&own, 5_000, 5_000).await, [identity]);
    assert_eq!(known(&own, 0, 4_999).await, []);
    assert_eq!(known(&own, 5_001, 9_999).await, []);
    assert_eq!(known(&tenant("other"), 0, 9_999).await, []);
}

/// Messages with a TCA from a time on: a tenant's own, and public ones.
pub async fn messages_from_a_time_on_are_given(store: &dyn Store) {
    let (own, public) = (tenant("own"), TenantId::public());
    let mut stored = Vec::new();
    for (owner, place) in [(&own, 1), (&own, 2), (&public, 3), (&tenant("other"), 4)] {
        let found = conjunction(&run(owner, at(0)), [5, 7], at(place * 1_000));
        let upload = upload(owner, at(place));
        let message = ReceivedCdm { conjunction: None, ..cdm(&upload, &found) };
        store.add_upload(&upload, &[], std::slice::from_ref(&message), &[], None).await.unwrap();
        stored.push(message);
    }
    assert_eq!(store.cdms_from(&own, at(2_000)).await.unwrap(), stored[1..3]);
    assert_eq!(store.cdms_from(&own, at(2_001)).await.unwrap(), stored[2..3]);
    assert_eq!(store.cdms_from(&public, at(0)).await.unwrap(), stored[2..3]);
}

/// The conjunction of a pair around a time: the tenant's own first, then an active one, then the nearest.
pub async fn the_conjunction_of_a_pair_at_a_time_is_found(store: &dyn Store) {
    let (own, public) = (tenant("own"), TenantId::public());
    let margin = 20 * 60;
    let of_public = run(&public, at(0));
    let near = conjunction(&of_public, [5, 7], at(100_000));
    let cleared = conjunction(&of_public, [5, 9], at(100_000));
    conclude(store, &of_public, &[near.clone(), cleared.clone()]).await;
    let again = run(&public, at(10));
    let other = conjunction(&again, [5, 9], at(100_600));
    conclude(store, &again, &[Conjunction { run: again.id, ..near.clone() }, other.clone()]).await;
    let found = async |tenant: &TenantId, objects: [u32; 2], seconds: i64| {
        let found = store.conjunctions_at(tenant, &[(objects.map(number), at(seconds))]).await.unwrap();
        assert_eq!(found.len(), 1);
        found[0]
    };
    for seconds in [100_000 - margin, 100_000, 100_000 + margin] {
        assert_eq!(found(&own, [5, 7], seconds).await, Some(near.id), "{seconds}");
        assert_eq!(found(&public, [7, 5], seconds).await, Some(near.id), "{seconds}");
    }
    assert_eq!(found(&own, [5, 7], 100_001 + margin).await, None);
    assert_eq!(found(&own, [5, 6], 100_000).await, None);
    assert_eq!(found(&own, [5, 9], 100_000).await, Some(other.id), "the active one, though it is further");
    assert_eq!(found(&own, [5, 9], 100_000 - margin).await, Some(cleared.id));
    let of_own = run(&own, at(20));
    let ours = conjunction(&of_own, [7, 5], at(101_000));
    conclude(store, &of_own, std::slice::from_ref(&ours)).await;
    assert_eq!(found(&own, [5, 7], 100_000).await, Some(ours.id));
    assert_eq!(found(&public, [5, 7], 100_000).await, Some(near.id));
    // More than are asked for in one statement, in the order in which they are asked for.
    let asked = [([5, 9], 100_000), ([5, 6], 100_000), ([5, 7], 100_000), ([9, 5], 100_000 - margin)];
    let expected = [Some(other.id), None, Some(ours.id), Some(cleared.id)];
    let pairs = asked.map(|(objects, seconds)| (objects.map(number), at(seconds))).repeat(5_000);
    assert_eq!(store.conjunctions_at(&own, &pairs).await.unwrap(), expected.repeat(5_000));
    assert_eq!(store.conjunctions_at(&own, &[]).await.unwrap(), []);
}

/// A large run is concluded in one go, and read page by page at once.
pub async fn a_large_run_is_concluded_at_once(store: &dyn Store) {
    const COUNT: u32 = 30_000;
    let public = TenantId::public();
    let found = |run: &Run, known: &[Conjunction]| -> Vec<Conjunction> {
        if known.is_empty() {
            (0..COUNT)
                .map(|place| conjunction(run, [place, 100_000 + place % 977], tca(run, place)))
                .collect()
        } else {
            known.iter().map(|one| Conjunction { run: run.id, ..one.clone() }).collect()
        }
    };
    let first = run(&public, at(0));
    let known = found(&first, &[]);
    for run in [first, run(&public, at(10))] {
        let started = std::time::Instant::now();
        conclude(store, &run, &found(&run, &known)).await;
        eprintln!("{COUNT} conjunctions concluded in {:?}", started.elapsed());
    }
    let page = store
        .conjunctions(&public, &ConjunctionQuery { limit: 50, ..ConjunctionQuery::default() })
        .await
        .unwrap();
    assert_eq!((page.rows.len(), page.more), (50, true));
    assert_eq!(store.conjunction_history(&public, page.rows[0].id).await.unwrap().len(), 2);
}

fn tca(run: &Run, place: u32) -> Timestamp {
    run.started + SignedDuration::from_secs(i64::from(place) * 20)
}
