//! How data comes in: feeds, uploads, ephemerides of operators, conjunction messages.

use astroshield_domain::access::AuditEntry;
use astroshield_domain::conjunction::{
    CdmIdentity, ConjunctionStatus, IDENTITY_MINUTES, ProbabilityMethod, ReceivedCdm,
};
use astroshield_domain::event::Event;
use astroshield_domain::feed::{FeedStatus, OperatorEphemeris, Upload, UploadState};
use astroshield_domain::ids::{CdmId, ConjunctionId, EphemerisId, TenantId, UploadId};
use astroshield_domain::ports::Page;
use astroshield_formats::CatalogNumber;
use jiff::Timestamp;
use sqlx::{QueryBuilder, Row as _};

use super::access::add_audit;
use super::{
    Connection, Database, Outcome, Row, add_events, all, page, push_visible, require_own, rows_at_once,
};
use crate::sql::values::{
    Code, Word, catalog_number, count, json, microseconds, of_json, small_count, stored_count, tenant, time,
};

pub(super) async fn feeds(connection: &mut Connection) -> Outcome<Vec<FeedStatus>> {
    let rows = sqlx::query("SELECT * FROM feeds ORDER BY feed").fetch_all(connection).await?;
    all(&rows, feed_status)
}

fn feed_status(row: &Row) -> Outcome<FeedStatus> {
    let at = |column| row.try_get::<Option<i64>, _>(column)?.map(time).transpose();
    Ok(FeedStatus {
        feed: row.try_get("feed")?,
        asked: at("asked")?,
        confirmed: at("confirmed")?,
        changed: at("changed")?,
        not_before: at("not_before")?,
        failures: small_count(row.try_get("failures")?)?,
        problem: row.try_get("problem")?,
        etag: row.try_get("etag")?,
        last_modified: row.try_get("last_modified")?,
        records: row.try_get::<Option<i64>, _>("records")?.map(count).transpose()?,
        newest: at("newest")?,
        stopped: row.try_get("stopped")?,
        settings: row.try_get("settings")?,
    })
}

pub(super) async fn put_feed(connection: &mut Connection, status: &FeedStatus, event: &Event) -> Outcome<()> {
    sqlx::query(
        "INSERT INTO feeds (feed, asked, confirmed, changed, not_before, failures, problem, etag, last_modified, \
         records, newest, stopped, settings) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
         ON CONFLICT (feed) DO UPDATE SET asked = excluded.asked, confirmed = excluded.confirmed, \
         changed = excluded.changed, not_before = excluded.not_before, failures = excluded.failures, \
         problem = excluded.problem, etag = excluded.etag, last_modified = excluded.last_modified, \
         records = excluded.records, newest = excluded.newest, stopped = excluded.stopped, \
         settings = excluded.settings",
    )
    .bind(status.feed.as_str())
    .bind(status.asked.map(microseconds))
    .bind(status.confirmed.map(microseconds))
    .bind(status.changed.map(microseconds))
    .bind(status.not_before.map(microseconds))
    .bind(i64::from(status.failures))
    .bind(status.problem.as_deref())
    .bind(status.etag.as_deref())
    .bind(status.last_modified.as_deref())
    .bind(status.records.map(stored_count).transpose()?)
    .bind(status.newest.map(microseconds))
    .bind(status.stopped)
    .bind(status.settings.as_deref())
    .execute(&mut *connection)
    .await?;
    add_events(connection, [event]).await
}

pub(super) async fn add_upload(
    connection: &mut Connection,
    upload: &Upload,
    (ephemerides, cdms): (&[OperatorEphemeris], &[ReceivedCdm]),
    events: &[Event],
    audit: Option<&AuditEntry>,
) -> Outcome<()> {
    sqlx::query(
        "INSERT INTO uploads (tenant, id, name, kind, author, at, state, records, problems, sha256, blob) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(upload.tenant.as_str())
    .bind(upload.id.0)
    .bind(upload.name.as_str())
    .bind(upload.kind.as_deref())
    .bind(upload.by.as_str())
    .bind(microseconds(upload.at))
    .bind(upload.state.word())
    .bind(stored_count(upload.records)?)
    .bind(json(&upload.problems)?)
    .bind(upload.sha256.as_str())
    .bind(upload.blob.as_str())
    .execute(&mut *connection)
    .await?;
    for ephemeris in ephemerides {
        require_own("ephemeris", &ephemeris.tenant, &upload.tenant)?;
        add_ephemeris(connection, ephemeris).await?;
    }
    for cdm in cdms {
        require_own("conjunction message", &cdm.tenant, &upload.tenant)?;
        add_cdm(connection, cdm).await?;
    }
    for event in events {
        require_own("event", &event.tenant, &upload.tenant)?;
    }
    if let Some(audit) = audit {
        require_own("line of the audit log", &audit.tenant, &upload.tenant)?;
        add_audit(connection, audit).await?;
    }
    add_events(connection, events).await
}

async fn add_ephemeris(connection: &mut Connection, ephemeris: &OperatorEphemeris) -> Outcome<()> {
    sqlx::query(
        "INSERT INTO ephemerides (tenant, id, object, upload, message, start, stop, arrived, blob, orientation) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(ephemeris.tenant.as_str())
    .bind(ephemeris.id.0)
    .bind(i64::from(ephemeris.object))
    .bind(ephemeris.upload.0)
    .bind(i64::from(ephemeris.message))
    .bind(microseconds(ephemeris.start))
    .bind(microseconds(ephemeris.stop))
    .bind(microseconds(ephemeris.arrived))
    .bind(ephemeris.blob.as_str())
    .bind(ephemeris.orientation.as_ref().map(json).transpose()?)
    .execute(connection)
    .await?;
    Ok(())
}

async fn add_cdm(connection: &mut Connection, cdm: &ReceivedCdm) -> Outcome<()> {
    sqlx::query(
        "INSERT INTO cdms (tenant, id, conjunction, first_object, second_object, originator, created, arrived, tca, \
         miss_distance_km, stated_probability, probability, method, blob) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(cdm.tenant.as_str())
    .bind(cdm.id.0)
    .bind(cdm.conjunction.map(|id| id.0))
    .bind(i64::from(cdm.objects[0].get()))
    .bind(i64::from(cdm.objects[1].get()))
    .bind(cdm.originator.as_str())
    .bind(microseconds(cdm.created))
    .bind(microseconds(cdm.arrived))
    .bind(microseconds(cdm.tca))
    .bind(cdm.miss_distance_km)
    .bind(cdm.stated_probability)
    .bind(cdm.probability.map(|(probability, _)| probability))
    .bind(cdm.probability.map(|(_, method)| method.code()))
    .bind(cdm.blob.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn uploads(
    connection: &mut Connection,
    tenant: &TenantId,
    before: Option<UploadId>,
    limit: u32,
) -> Outcome<Page<Upload>> {
    let mut query: QueryBuilder<Database> = QueryBuilder::new("");
    push_visible(&mut query, tenant, "id DESC", limit, |query, owner| {
        query.push("SELECT * FROM uploads WHERE tenant = ").push_bind(owner.to_owned());
        if let Some(before) = before {
            query.push(" AND id < ").push_bind(before.0);
        }
    });
    let rows = query.build().fetch_all(connection).await?;
    Ok(page(all(&rows, upload_of_row)?, limit))
}

pub(super) async fn upload(
    connection: &mut Connection,
    tenant: &TenantId,
    id: UploadId,
) -> Outcome<Option<Upload>> {
    let row = sqlx::query("SELECT * FROM uploads WHERE tenant IN ($1, 'public') AND id = $2")
        .bind(tenant.as_str())
        .bind(id.0)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(upload_of_row).transpose()
}

fn upload_of_row(row: &Row) -> Outcome<Upload> {
    Ok(Upload {
        id: UploadId(row.try_get("id")?),
        tenant: tenant(row.try_get("tenant")?)?,
        name: row.try_get("name")?,
        kind: row.try_get("kind")?,
        by: row.try_get("author")?,
        at: time(row.try_get("at")?)?,
        state: UploadState::of_word(row.try_get("state")?)?,
        records: count(row.try_get("records")?)?,
        problems: of_json(row.try_get("problems")?)?,
        sha256: row.try_get("sha256")?,
        blob: row.try_get("blob")?,
    })
}

pub(super) async fn ephemerides_as_of(
    connection: &mut Connection,
    tenant: &TenantId,
    as_of: Timestamp,
    (start, stop): (Timestamp, Timestamp),
) -> Outcome<Vec<OperatorEphemeris>> {
    let rows = sqlx::query(
        "SELECT * FROM ephemerides \
         WHERE tenant = $1 AND arrived <= $2 AND start <= $4 AND stop >= $3 \
         ORDER BY object, arrived DESC, id DESC",
    )
    .bind(tenant.as_str())
    .bind(microseconds(as_of))
    .bind(microseconds(start))
    .bind(microseconds(stop))
    .fetch_all(connection)
    .await?;
    let mut newest = all(&rows, ephemeris)?;
    newest.dedup_by_key(|ephemeris| ephemeris.object);
    Ok(newest)
}

/// The tenants below and above `public`, each part of the index by itself.
pub(super) async fn tenants_with_subjects(
    connection: &mut Connection,
    at: Timestamp,
) -> Outcome<Vec<TenantId>> {
    let rows = sqlx::query(
        "SELECT tenant FROM ephemerides WHERE stop >= $1 AND tenant <> 'public' \
         UNION SELECT tenant FROM objects WHERE tenant < 'public' AND epoch_ns IS NOT NULL \
         UNION SELECT tenant FROM objects WHERE tenant > 'public' AND epoch_ns IS NOT NULL ORDER BY tenant",
    )
    .bind(microseconds(at))
    .fetch_all(connection)
    .await?;
    all(&rows, |row| tenant(row.try_get(0)?))
}

fn ephemeris(row: &Row) -> Outcome<OperatorEphemeris> {
    Ok(OperatorEphemeris {
        id: EphemerisId(row.try_get("id")?),
        tenant: tenant(row.try_get("tenant")?)?,
        object: catalog_number(row.try_get("object")?)?.get(),
        upload: UploadId(row.try_get("upload")?),
        message: small_count(row.try_get("message")?)?,
        start: time(row.try_get("start")?)?,
        stop: time(row.try_get("stop")?)?,
        arrived: time(row.try_get("arrived")?)?,
        blob: row.try_get("blob")?,
        orientation: row.try_get::<Option<&str>, _>("orientation")?.map(of_json).transpose()?,
    })
}

pub(super) async fn known_cdms(
    connection: &mut Connection,
    tenant: &TenantId,
    (first, last): (Timestamp, Timestamp),
) -> Outcome<Vec<CdmIdentity>> {
    let rows = sqlx::query(
        "SELECT originator, first_object, second_object, created, tca FROM cdms \
         WHERE tenant = $1 AND tca BETWEEN $2 AND $3",
    )
    .bind(tenant.as_str())
    .bind(microseconds(first))
    .bind(microseconds(last))
    .fetch_all(connection)
    .await?;
    all(&rows, |row| {
        Ok(CdmIdentity {
            originator: row.try_get("originator")?,
            objects: [
                catalog_number(row.try_get("first_object")?)?,
                catalog_number(row.try_get("second_object")?)?,
            ],
            created: time(row.try_get("created")?)?,
            tca: time(row.try_get("tca")?)?,
        })
    })
}

pub(super) async fn cdms_of(
    connection: &mut Connection,
    tenant: &TenantId,
    id: ConjunctionId,
) -> Outcome<Vec<ReceivedCdm>> {
    let rows = sqlx::query(
        "SELECT * FROM (SELECT * FROM cdms WHERE tenant IN ($1, 'public') AND conjunction = $2 \
         UNION ALL SELECT m.* FROM conjunctions c JOIN cdms m ON m.tenant IN ($1, 'public') \
         AND m.tca BETWEEN c.tca - $3 AND c.tca + $3 AND m.conjunction IS NULL \
         AND (m.first_object = c.first_object AND m.second_object = c.second_object \
         OR m.first_object = c.second_object AND m.second_object = c.first_object) \
         WHERE c.tenant IN ($1, 'public') AND c.id = $2) AS found ORDER BY created DESC, id DESC",
    )
    .bind(tenant.as_str())
    .bind(id.0)
    .bind(IDENTITY_MINUTES * 60_000_000)
    .fetch_all(connection)
    .await?;
    // Those that came before it was found speak of it as well.
    all(&rows, |row| Ok(ReceivedCdm { conjunction: Some(id), ..cdm(row)? }))
}

pub(super) async fn cdms_from(
    connection: &mut Connection,
    tenant: &TenantId,
    from: Timestamp,
) -> Outcome<Vec<ReceivedCdm>> {
    let rows = sqlx::query("SELECT * FROM cdms WHERE tenant IN ($1, 'public') AND tca >= $2 ORDER BY id")
        .bind(tenant.as_str())
        .bind(microseconds(from))
        .fetch_all(connection)
        .await?;
    all(&rows, cdm)
}

/// Either order of the two objects for itself, so that it follows the index of the first.
pub(super) async fn conjunctions_at(
    connection: &mut Connection,
    tenant: &TenantId,
    pairs: &[([CatalogNumber; 2], Timestamp)],
) -> Outcome<Vec<Option<ConjunctionId>>> {
    let mut found = Vec::with_capacity(pairs.len());
    let placed: Vec<(i64, &([CatalogNumber; 2], Timestamp))> = (0..).zip(pairs).collect();
    // One pair fewer makes room for the four values beside them.
    for chunk in placed.chunks(rows_at_once(4) - 1) {
        let mut query: QueryBuilder<Database> = QueryBuilder::new("WITH asked (place, one, other, at) AS (");
        query.push_values(chunk, |mut row, (place, ([one, other], tca))| {
            row.push_bind(*place)
                .push_bind(i64::from(one.get()))
                .push_bind(i64::from(other.get()))
                .push_bind(microseconds(*tca));
        });
        query.push(") SELECT (SELECT id FROM (");
        for (place, (first, second)) in [("one", "other"), ("other", "one")].into_iter().enumerate() {
            query.push(if place == 0 { "" } else { " UNION ALL " });
            query.push("SELECT tenant, id, status, abs(tca - asked.at) AS away FROM conjunctions WHERE tenant IN ('public', ");
            query
                .push_bind(tenant.as_str())
                .push(format_args!(") AND first_object = asked.{first} AND second_object = asked.{second}"));
        }
        let margin = IDENTITY_MINUTES * 60_000_000;
        query
            .push(format_args!(") AS of_pair WHERE away <= {margin} ORDER BY tenant <> "))
            .push_bind(tenant.as_str())
            .push(", status <> ")
            .push_bind(ConjunctionStatus::Active.code())
            .push(", away, id LIMIT 1) FROM asked ORDER BY place");
        for row in query.build().fetch_all(&mut *connection).await? {
            found.push(row.try_get::<Option<_>, _>(0)?.map(ConjunctionId));
        }
    }
    Ok(found)
}

fn cdm(row: &Row) -> Outcome<ReceivedCdm> {
    let method = row.try_get::<Option<i16>, _>("method")?.map(ProbabilityMethod::of_code).transpose()?;
    Ok(ReceivedCdm {
        id: CdmId(row.try_get("id")?),
        tenant: tenant(row.try_get("tenant")?)?,
        conjunction: row.try_get::<Option<_>, _>("conjunction")?.map(ConjunctionId),
        objects: [
            catalog_number(row.try_get("first_object")?)?,
            catalog_number(row.try_get("second_object")?)?,
        ],
        originator: row.try_get("originator")?,
        created: time(row.try_get("created")?)?,
        arrived: time(row.try_get("arrived")?)?,
        tca: time(row.try_get("tca")?)?,
        miss_distance_km: row.try_get("miss_distance_km")?,
        stated_probability: row.try_get("stated_probability")?,
        probability: row.try_get::<Option<f64>, _>("probability")?.zip(method),
        blob: row.try_get("blob")?,
    })
}
