//! Rules and conjunctions for tests.

use astroshield_formats::CatalogNumber;
use jiff::{SignedDuration, Timestamp};

use crate::alert::{Rule, Severity, WatchList, WatchedObject};
use crate::catalog::Grade;
use crate::conjunction::{
    Conjunction, ConjunctionStatus, Participant, ProbabilityMethod, ReceivedCdm, Solution,
};
use crate::ids::{CdmId, ConjunctionId, RuleId, RunId, TenantId, WatchListId};

pub(super) fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_mins(minute)
}

pub(super) fn rule() -> Rule {
    Rule {
        id: RuleId::at(at(0)),
        tenant: TenantId::local(),
        name: "rule".to_owned(),
        enabled: true,
        watch_list: None,
        min_probability: None,
        max_miss_distance_km: None,
        within_hours: None,
        relations: false,
        severity: Severity::Warning,
        channels: Vec::new(),
        escalate_after_minutes: None,
        escalation_channels: Vec::new(),
        updated: at(0),
    }
}

pub(super) fn watched(object: u32) -> WatchedObject {
    WatchedObject {
        object,
        hard_body_radius_m: None,
        maneuverable: Some(true),
        min_probability: None,
        max_miss_distance_km: None,
    }
}

pub(super) fn watch_list(objects: Vec<WatchedObject>) -> WatchList {
    WatchList {
        id: WatchListId::at(at(0)),
        tenant: TenantId::local(),
        name: "mine".to_owned(),
        objects,
        updated: at(0),
    }
}

pub(super) fn conjunction(objects: [u32; 2], tca: Timestamp) -> Conjunction {
    let participant = |number| Participant {
        number: CatalogNumber::new(number).unwrap(),
        name: Some(format!("OBJECT {number}")),
        grade: Grade::Gp,
        epoch: Some(at(-600)),
        hard_body_radius_m: 1.0,
    };
    Conjunction {
        id: ConjunctionId::first_seen(&TenantId::public(), objects, Some(tca)),
        tenant: TenantId::public(),
        objects: objects.map(participant),
        relation: false,
        status: ConjunctionStatus::Active,
        solution: Solution {
            tca,
            miss_distance_km: 0.5,
            miss_ric_km: [0.3, 0.4, 0.0],
            relative_speed_km_s: 10.0,
            maximum_probability: 1e-5,
            dilution_km: Some(0.3),
            probability: None,
            method: ProbabilityMethod::Maximum,
            at_edge: false,
        },
        run: RunId::at(at(0)),
        first_seen: at(0),
        last_seen: at(0),
    }
}

pub(super) fn message(
    objects: [u32; 2],
    tca: Timestamp,
    originator: &str,
    created: Timestamp,
    stated_probability: Option<f64>,
) -> ReceivedCdm {
    ReceivedCdm {
        id: CdmId::at(created),
        tenant: TenantId::local(),
        conjunction: None,
        objects: objects.map(|number| CatalogNumber::new(number).unwrap()),
        originator: originator.to_owned(),
        created,
        arrived: created,
        tca,
        miss_distance_km: 0.12,
        stated_probability,
        probability: None,
        blob: "local/uploads/x".to_owned(),
    }
}
