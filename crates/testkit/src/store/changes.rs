use astroshield_domain::changes::{Changes, ChangesQuery, RAISED_BY, TREND_POINTS, TrendPoint};
use astroshield_domain::conjunction::Conjunction;
use astroshield_domain::ids::{ConjunctionId, TenantId};
use astroshield_domain::ports::Store;
use astroshield_domain::screening::{Covered, Run, RunConclusion, RunKind};
use jiff::Timestamp;

use crate::entities::{at, audit_entry, conclusion, conjunction, run, tenant, watch_list};

const HOUR: i64 = 3_600;

/// TCA of all conjunctions here: inside the window of every run.
const TCA: i64 = 100 * HOUR;

/// A run that begins at an hour and ends an hour later, and what it finds: pairs, with the largest probability of each.
async fn screen(
    store: &dyn Store,
    tenant: &TenantId,
    hour: i64,
    found: &[([u32; 2], f64)],
) -> Vec<Conjunction> {
    let run = run(tenant, at(hour * HOUR));
    let mut conjunctions = Vec::new();
    for (pair, probability) in found {
        let mut one = conjunction(&run, *pair, at(TCA));
        one.solution.maximum_probability = *probability;
        if let Some(known) = store.conjunction(tenant, one.id).await.unwrap() {
            one.first_seen = known.first_seen;
        }
        conjunctions.push(one);
    }
    store.begin_run(&run, &[]).await.unwrap();
    store.conclude_run(tenant, &conclusion(&run), &conjunctions).await.unwrap();
    conjunctions
}

async fn changes(store: &dyn Store, tenant: &TenantId, query: ChangesQuery) -> Changes {
    store.conjunction_changes(tenant, &query).await.unwrap()
}

fn since(hour: i64) -> ChangesQuery {
    ChangesQuery { since: at(hour * HOUR), watch_list: None, min_probability: Some(1e-7), limit: 50 }
}

fn ids(conjunctions: &[Conjunction]) -> Vec<ConjunctionId> {
    conjunctions.iter().map(|one| one.id).collect()
}

fn id(tenant: &TenantId, pair: [u32; 2]) -> ConjunctionId {
    ConjunctionId::first_seen(tenant, pair, Some(at(TCA)))
}

/// The newest points of a history, the oldest of them first, of each conjunction in the order in which they are asked for.
pub async fn trends_are_the_ends_of_histories(store: &dyn Store) {
    let (own, public) = (tenant("own"), TenantId::public());
    let probability = |hour: i64| 1e-6 * (hour + 1) as f64;
    for hour in 0..25 {
        let mut found = vec![([5, 7], probability(hour))];
        if hour < 3 {
            found.push(([5, 9], 1e-5));
        }
        screen(store, &public, hour, &found).await;
    }
    screen(store, &tenant("other"), 0, &[([5, 11], 1e-5)]).await;
    let unknown = id(&tenant("other"), [5, 11]);
    let asked = [unknown, id(&public, [5, 9]), id(&public, [5, 7])];
    let trends = store.conjunction_trends(&own, &asked).await.unwrap();
    assert_eq!(trends[0], [], "another tenant's");
    for (id, trend) in asked.iter().zip(&trends) {
        let history = store.conjunction_history(&own, *id).await.unwrap();
        let newest = history.len().saturating_sub(TREND_POINTS as usize);
        assert_eq!(*trend, history[newest..].iter().map(TrendPoint::from).collect::<Vec<_>>());
    }
    assert_eq!(trends[1].len(), 4, "with the run that cleared it");
    let expected: Vec<f64> = (5..25).map(probability).collect();
    assert_eq!(trends[2].iter().map(|point| point.leading_probability).collect::<Vec<_>>(), expected);
    assert_eq!(store.conjunction_trends(&own, &[]).await.unwrap(), Vec::<Vec<TrendPoint>>::new());
}

/// New, raised and cleared since a time; nothing else.
pub async fn changes_since_a_time_are_told(store: &dyn Store) {
    let (own, public) = (tenant("own"), TenantId::public());
    let before =
        [([1, 2], 1e-6), ([3, 4], 1e-6), ([5, 6], 1e-6), ([7, 8], 1e-6), ([9, 10], 1e-9), ([11, 12], 1e-9)];
    screen(store, &public, 0, &before).await;
    let after = [
        ([1, 2], 1e-6),
        ([3, 4], 2e-5),
        ([5, 6], 9e-6),
        ([9, 10], 2e-8),
        ([21, 22], 1e-6),
        ([23, 24], 1e-4),
        ([25, 26], 1e-8),
    ];
    screen(store, &public, 10, &after).await;
    let found = changes(store, &own, since(5)).await;
    assert_eq!(ids(&found.new), [id(&public, [23, 24]), id(&public, [21, 22])]);
    assert_eq!(found.raised.len(), 1);
    let (raised, was) = &found.raised[0];
    assert_eq!(raised.id, id(&public, [3, 4]));
    let point = TrendPoint {
        at: at(HOUR),
        leading_probability: 1e-6,
        maximum_probability: 1e-6,
        miss_distance_km: 1.25,
    };
    assert_eq!((raised.leading_probability(), *was), (2e-5, point));
    assert_eq!(ids(&found.cleared), [id(&public, [7, 8])]);
    for one in found.new.iter().chain([raised]).chain(&found.cleared) {
        assert_eq!(store.conjunction(&own, one.id).await.unwrap().as_ref(), Some(one));
    }

    // What is less probable is told where it is asked for.
    let all = changes(store, &own, ChangesQuery { min_probability: None, ..since(5) }).await;
    assert_eq!((all.new.len(), all.raised.len(), all.cleared.len()), (3, 2, 2));
    let one = changes(store, &own, ChangesQuery { min_probability: None, limit: 1, ..since(5) }).await;
    let first = |changes: &Changes| (changes.new[0].id, changes.raised[0].0.id, changes.cleared[0].id);
    assert_eq!((one.new.len(), one.raised.len(), one.cleared.len()), (1, 1, 1));
    assert_eq!(first(&one), first(&all));

    // Of a time before and after everything.
    let all = changes(store, &own, since(-1)).await;
    assert_eq!((all.new.len(), all.raised.len(), all.cleared.len()), (5, 0, 1));
    assert_eq!(changes(store, &own, since(12)).await, Changes::default());
}

/// A run that had begun and not ended by then told nobody anything.
pub async fn what_a_run_found_that_went_on_at_the_time_is_new(store: &dyn Store) {
    let public = TenantId::public();
    screen(store, &public, 0, &[([1, 2], 1e-6), ([3, 4], 1e-6)]).await;
    // It goes on until the eleventh hour.
    screen(store, &public, 10, &[([1, 2], 1e-4), ([21, 22], 1e-5)]).await;
    let half = ChangesQuery { since: at(10 * HOUR + HOUR / 2), ..since(0) };
    let found = changes(store, &public, half).await;
    assert_eq!(ids(&found.new), [id(&public, [21, 22])]);
    assert_eq!(found.raised[0].0.id, id(&public, [1, 2]));
    assert_eq!(ids(&found.cleared), [id(&public, [3, 4])]);
    let none = changes(store, &public, since(11)).await;
    assert_eq!(none, Changes::default());
}

/// What was cleared and is found again is not cleared any more, and can be cleared again.
pub async fn what_is_found_again_was_not_cleared(store: &dyn Store) {
    let public = TenantId::public();
    let cleared = async |hour| ids(&changes(store, &public, since(hour)).await.cleared);
    let pair = id(&public, [1, 2]);
    screen(store, &public, 0, &[([1, 2], 1e-6)]).await;
    screen(store, &public, 10, &[]).await;
    assert_eq!(cleared(5).await, [pair]);
    screen(store, &public, 20, &[([1, 2], 1e-6)]).await;
    assert_eq!(cleared(5).await, []);
    screen(store, &public, 30, &[]).await;
    assert_eq!((cleared(25).await, cleared(5).await), (vec![pair], vec![pair]));
    assert_eq!(cleared(31).await, []);
    // What is over was not cleared.
    screen(store, &public, 40, &[([3, 4], 1e-6)]).await;
    store.pass_conjunctions(&public, at(TCA + 1), 100).await.unwrap();
    assert_eq!(cleared(25).await, [pair]);
}

/// A probability that rises by less than the factor, and one that goes from nothing to something.
pub async fn what_rises_by_the_factor_is_raised(store: &dyn Store) {
    let public = TenantId::public();
    let (less, enough) = (4e-6_f64, 5e-6);
    let before = [([1, 2], less.next_up()), ([3, 4], enough), ([5, 6], 0.0), ([7, 8], 0.0)];
    screen(store, &public, 0, &before).await;
    let after = [([1, 2], less * RAISED_BY), ([3, 4], enough * RAISED_BY), ([5, 6], 3e-5), ([7, 8], 0.0)];
    screen(store, &public, 10, &after).await;
    let query = ChangesQuery { min_probability: None, ..since(5) };
    let raised: Vec<_> =
        changes(store, &public, query).await.raised.into_iter().map(|one| one.0.id).collect();
    assert_eq!(raised, [id(&public, [3, 4]), id(&public, [5, 6])]);
}

/// A tenant's own and public ones; of objects on its watch list only, where it names one; nothing that is superseded for it, no
/// relation.
pub async fn changes_are_those_that_a_tenant_sees(store: &dyn Store) {
    let (own, other, public) = (tenant("own"), tenant("other"), TenantId::public());
    screen(store, &public, 0, &[([1, 2], 1e-6), ([3, 4], 1e-6), ([5, 6], 1e-6)]).await;
    screen(store, &own, 0, &[([1, 4], 1e-6)]).await;
    screen(store, &other, 0, &[([1, 6], 1e-6)]).await;
    let ours = Run { kind: RunKind::Ephemerides, ..run(&own, at(2 * HOUR)) };
    let covered = vec![Covered { object: 5, start: at(2 * HOUR), stop: at(2 * TCA) }];
    store.begin_run(&ours, &[]).await.unwrap();
    store.conclude_run(&own, &RunConclusion { covered, ..conclusion(&ours) }, &[]).await.unwrap();
    screen(store, &public, 10, &[([1, 2], 1e-4), ([5, 6], 1e-4), ([5, 8], 1e-4), ([7, 8], 1e-5)]).await;
    screen(store, &own, 10, &[([1, 4], 1e-3), ([1, 8], 1e-6)]).await;
    screen(store, &other, 10, &[([1, 6], 1e-4), ([1, 10], 1e-4)]).await;
    let mut always = run(&public, at(20 * HOUR));
    always.kind = RunKind::Ephemerides;
    let relation = Conjunction { relation: true, ..conjunction(&always, [31, 32], at(TCA)) };
    store.begin_run(&always, &[]).await.unwrap();
    store.conclude_run(&public, &conclusion(&always), &[relation]).await.unwrap();

    let told = async |query: ChangesQuery| {
        let found = changes(store, &own, query).await;
        let raised: Vec<_> = found.raised.iter().map(|one| one.0.id).collect();
        (ids(&found.new), raised, ids(&found.cleared))
    };
    let expected = (
        vec![id(&public, [7, 8]), id(&own, [1, 8])],
        vec![id(&own, [1, 4]), id(&public, [1, 2])],
        vec![id(&public, [3, 4])],
    );
    assert_eq!(told(since(5)).await, expected);
    let list = watch_list(&own, &[4, 7]);
    store.put_watch_list(&list, &audit_entry(&own, "made")).await.unwrap();
    let query = ChangesQuery { watch_list: Some(list.id), min_probability: None, ..since(5) };
    let expected = (vec![id(&public, [7, 8])], vec![id(&own, [1, 4])], vec![id(&public, [3, 4])]);
    assert_eq!(told(query.clone()).await, expected);
    assert_eq!(changes(store, &other, query).await, Changes::default(), "another tenant's list");
    let others = changes(store, &other, since(5)).await;
    assert_eq!(others.new.len(), 3);
    let times: Vec<Timestamp> = others.raised.iter().map(|(_, was)| was.at).collect();
    assert_eq!(times, [at(HOUR); 3]);
}
