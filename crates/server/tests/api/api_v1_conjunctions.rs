use astroshield_api::ApiSettings;
use astroshield_domain::access::Scope;
use astroshield_domain::ids::TenantId;
use serde_json::{Value, json};

use crate::service::{Client, Service};

/// All pages of a list.
async fn pages(client: &Client, path: &str) -> Vec<Vec<Value>> {
    let (mut pages, mut cursor) = (Vec::new(), None);
    loop {
        let next = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = client.get(&format!("{path}{next}")).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let page = page.json();
        pages.push(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return pages,
        }
        assert!(pages.len() < 100);
    }
}

#[tokio::test]
async fn every_order_goes_through_all_of_them_once() {
    let service = Service::start().await;
    service.conclude_run(&TenantId::public(), 25).await;
    let client = service.client(Scope::Read).await;
    for (sort, value, descending) in [
        ("tca", "tca", false),
        ("probability", "maximum_probability", true),
        ("miss_distance", "miss_distance_km", false),
        ("relative_speed", "relative_speed_km_s", true),
        ("maximum_probability", "maximum_probability", true),
        ("first_seen", "first_seen", true),
        // All have data of one time.
        ("data_age", "tca", true),
    ] {
        let pages = pages(&client, &format!("/api/v1/conjunctions?sort={sort}&limit=4")).await;
        assert_eq!(pages.len(), 7, "{sort}");
        let rows: Vec<&Value> = pages.iter().flatten().collect();
        let mut ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 25, "{sort}");
        for pair in rows.windows(2) {
            let ordered = match (&pair[0][value], &pair[1][value]) {
                (Value::String(a), Value::String(b)) if descending => a >= b,
                (Value::String(a), Value::String(b)) => a <= b,
                (a, b) if descending => a.as_f64() >= b.as_f64(),
                (a, b) => a.as_f64() <= b.as_f64(),
            };
            assert!(ordered, "{sort}: {pair:?}");
        }
        let (usual, other) =
            if descending { ("descending", "ascending") } else { ("ascending", "descending") };
        for (direction, is_backward) in [(usual, false), (other, true)] {
            let path = format!("/api/v1/conjunctions?sort={sort}&direction={direction}&limit=4");
            let mut same: Vec<Value> = self::pages(&client, &path).await.into_iter().flatten().collect();
            if is_backward {
                same.reverse();
            }
            assert_eq!(same.iter().collect::<Vec<_>>(), rows, "{sort} {direction}");
        }
    }
}

#[tokio::test]
async fn a_cursor_of_another_order_is_refused() {
    let service = Service::start().await;
    service.conclude_run(&TenantId::public(), 3).await;
    let client = service.client(Scope::Read).await;
    let page = client.get("/api/v1/conjunctions?limit=1").await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    for other in ["sort=probability", "direction=descending"] {
        let other = format!("/api/v1/conjunctions?limit=1&{other}&cursor={cursor}");
        client.get(&other).await.expect_problem(400, Some("cursor"));
    }
    let same = format!("/api/v1/conjunctions?limit=1&direction=ascending&cursor={cursor}");
    assert_eq!(client.get(&same).await.status, 200);
}

#[tokio::test]
async fn filters_leave_what_they_say() {
    let service = Service::start().await;
    service.conclude_run(&TenantId::public(), 10).await;
    let client = service.client(Scope::Write).await;
    let count = async |query: &str| {
        let list = client.get(&format!("/api/v1/conjunctions?{query}")).await.json();
        list["items"].as_array().unwrap().len()
    };
    assert_eq!(count("").await, 10);
    assert_eq!(count("object=5").await, 1);
    assert_eq!(count("max_miss_distance_km=1").await, 2);
    assert_eq!(count("min_probability=2.9e-6").await, 2);
    assert_eq!(count("status=cleared").await, 0);
    assert_eq!(count("relation=true").await, 0);
    assert_eq!(count("tca_to=2020-01-01T00:00:00Z").await, 0);

    let list = json!({ "name": "mine", "objects": [{ "catalog_number": 3 }, { "catalog_number": 8 }] });
    let list = client.post("/api/v1/watch-lists", &list).await.json();
    assert_eq!(count(&format!("watch_list={}", list["id"].as_str().unwrap())).await, 2);

    for (query, field) in [
        ("tca_from=yesterday", "tca_from"),
        ("max_miss_distance_km=NaN", "max_miss_distance_km"),
        ("sort=size", "sort"),
        ("object=1000000000", "object"),
        ("tca_from=2026-01-02T00:00:00Z&tca_to=2026-01-01T00:00:00Z", "tca_to"),
    ] {
        client.get(&format!("/api/v1/conjunctions?{query}")).await.expect_problem(400, Some(field));
    }
}

#[tokio::test]
async fn one_conjunction_has_its_objects_and_history() {
    let service = Service::start().await;
    let run = service.conclude_run(&TenantId::public(), 1).await;
    let client = service.client(Scope::Read).await;
    let list = client.get("/api/v1/conjunctions").await.json();
    let id = list["items"][0]["id"].as_str().unwrap();
    let one = client.get(&format!("/api/v1/conjunctions/{id}")).await.json();
    assert_eq!(one, list["items"][0]);
    assert_eq!(one["public"], true);
    assert_eq!(one["miss_in_track_km"], -0.2);
    assert_eq!(one["objects"][1]["catalog_number"], 2);
    assert_eq!(one["run"], run.to_string());
    let history = client.get(&format!("/api/v1/conjunctions/{id}/history")).await.json();
    assert_eq!(history["items"][0]["miss_distance_km"], one["miss_distance_km"]);
    assert_eq!(client.get(&format!("/api/v1/conjunctions/{id}/cdms")).await.json()["items"], json!([]));

    let none = "018f3c2e-8a54-7c1b-9d37-2b605e8fa911";
    for path in ["", "/history", "/cdms"] {
        client.get(&format!("/api/v1/conjunctions/{none}{path}")).await.expect_problem(404, None);
    }
}

#[tokio::test]
async fn a_tenants_own_conjunctions_are_nobody_elses() {
    let service = Service::start().await;
    service.conclude_run(&TenantId::new("other").unwrap(), 2).await;
    let local = service.client(Scope::Read).await;
    assert_eq!(local.get("/api/v1/conjunctions").await.json()["items"], json!([]));
    let other = service.key_of("other", Scope::Read).await;
    let other = service.stranger().with("authorization", &format!("Bearer {other}"));
    let theirs = other.get("/api/v1/conjunctions").await.json();
    assert_eq!(theirs["items"].as_array().unwrap().len(), 2);
    assert_eq!(theirs["items"][0]["public"], false);
    let id = theirs["items"][0]["id"].as_str().unwrap();
    local.get(&format!("/api/v1/conjunctions/{id}")).await.expect_problem(404, None);
}

#[tokio::test]
async fn the_list_is_csv_for_those_who_want_it() {
    let service = Service::start().await;
    service.conclude_run(&TenantId::public(), 3).await;
    let client = service.client(Scope::Read).await;
    for answer in [
        client.get("/api/v1/conjunctions?format=csv&limit=2").await,
        client.with("accept", "text/csv").get("/api/v1/conjunctions?limit=2").await,
    ] {
        assert!(answer.header("content-type").starts_with("text/csv"));
        assert!(answer.header("link").contains("rel=\"next\""));
        let text = answer.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        let columns = lines[0].split(',').count();
        assert!(lines.iter().all(|line| line.split(',').count() == columns), "{text}");
        assert!(lines[1].contains("OBJECT 1"));
    }
}

#[tokio::test]
async fn the_link_of_a_csv_leads_through_the_same_list_as_the_json() {
    let service = Service::start().await;
    service.conclude_run(&TenantId::public(), 7).await;
    let client = service.client(Scope::Read).await;
    let query = "sort=probability&min_probability=9e-7&limit=2";
    let json: Vec<String> = pages(&client, &format!("/api/v1/conjunctions?{query}"))
        .await
        .concat()
        .iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(json.len(), 5);
    let mut path = format!("/api/v1/conjunctions?format=csv&{query}");
    let mut csv = Vec::new();
    loop {
        let answer = client.get(&path).await;
        assert!(answer.header("content-type").starts_with("text/csv"), "{}", answer.text());
        csv.extend(answer.text().lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()));
        let Some(link) = answer.header("link").strip_suffix(">; rel=\"next\"") else { break };
        path = format!("/api/v1/conjunctions{}", link.strip_prefix('<').unwrap());
        assert!(csv.len() < 100);
    }
    assert_eq!(csv, json);
}

#[cfg(not(feature = "parquet"))]
#[tokio::test]
async fn a_table_that_was_not_built_in_is_not_acceptable() {
    let service = Service::start().await;
    let client = service.client(Scope::Read).await;
    let problem = client.get("/api/v1/conjunctions?format=parquet").await.expect_problem(406, Some("format"));
    assert!(problem["detail"].as_str().unwrap().contains("feature `parquet`"), "{problem}");
}

#[cfg(feature = "parquet")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_has_every_row_of_the_list_with_types_and_units() {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::RowAccessor as _;

    let service = Service::start().await;
    // More than are read at once.
    service.conclude_run(&TenantId::public(), 12_000).await;
    let client = service.client(Scope::Read).await;
    let answer = client.get("/api/v1/conjunctions?format=parquet&sort=miss_distance&object=5").await;
    assert_eq!(answer.header("content-type"), "application/vnd.apache.parquet");
    let one = SerializedFileReader::new(axum::body::Bytes::from(answer.body)).unwrap();
    assert_eq!(one.metadata().file_metadata().num_rows(), 1);

    let answer = client.get("/api/v1/conjunctions?format=parquet&sort=miss_distance").await;
    let table = SerializedFileReader::new(axum::body::Bytes::from(answer.body)).unwrap();
    assert_eq!(table.metadata().num_row_groups(), 3);
    let columns: Vec<String> = table
        .metadata()
        .file_metadata()
        .schema_descr()
        .columns()
        .iter()
        .map(|column| format!("{} {}", column.physical_type(), column.name()))
        .collect();
    for column in ["INT64 tca_utc", "DOUBLE miss_distance_km", "INT32 norad_cat_id_1", "INT64 epoch_2_utc"] {
        assert!(columns.iter().any(|known| known == column), "{column}: {columns:?}");
    }
    let list = client.get("/api/v1/conjunctions?sort=miss_distance&limit=1000").await.json();
    let mut rows = 0;
    for (row, listed) in table.get_row_iter(None).unwrap().zip(list["items"].as_array().unwrap()) {
        let row = row.unwrap();
        assert_eq!(row.get_string(0).unwrap(), listed["id"].as_str().unwrap());
        assert_eq!(
            row.get_double(5).unwrap().to_bits(),
            listed["miss_distance_km"].as_f64().unwrap().to_bits()
        );
        let tca: jiff::Timestamp = listed["tca"].as_str().unwrap().parse().unwrap();
        assert_eq!(row.get_timestamp_micros(4).unwrap(), tca.as_microsecond());
        rows += 1;
    }
    assert_eq!(rows, 1_000);
    let miss: Vec<f64> =
        table.get_row_iter(None).unwrap().map(|row| row.unwrap().get_double(5).unwrap()).collect();
    assert_eq!(miss.len(), 12_000);
    assert!(miss.is_sorted());

    for cut in ["limit=5", "cursor=e30"] {
        let path = format!("/api/v1/conjunctions?format=parquet&{cut}");
        let field = cut.split('=').next();
        client.get(&path).await.expect_problem(400, field);
    }
}

#[tokio::test]
async fn the_cache_gives_the_same_bytes_and_shows_new_runs_within_a_second() {
    let cached = Service::start().await;
    cached.conclude_run(&TenantId::public(), 5).await;
    cached.relay().await;
    let client = cached.client(Scope::Read).await;
    let [first, second] =
        [client.get("/api/v1/conjunctions").await, client.get("/api/v1/conjunctions").await];
    assert_eq!((first.header("etag"), &first.body), (second.header("etag"), &second.body));

    cached.conclude_run(&TenantId::public(), 9).await;
    cached.relay().await;
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let fresh = client.get("/api/v1/conjunctions?status=active").await.json();
    let listed = client.get("/api/v1/conjunctions").await.json();
    assert_eq!(listed["items"], fresh["items"]);
    assert_ne!(listed["items"], first.json()["items"]);
}

#[tokio::test]
async fn without_the_cache_the_answers_are_the_same() {
    let service = Service::with(ApiSettings { response_cache: false, ..ApiSettings::default() }, 64).await;
    service.conclude_run(&TenantId::public(), 5).await;
    let client = service.client(Scope::Read).await;
    let [first, second] =
        [client.get("/api/v1/conjunctions").await, client.get("/api/v1/conjunctions").await];
    assert_eq!((first.header("etag"), &first.body), (second.header("etag"), &second.body));
    assert_eq!(first.json()["items"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn a_message_that_was_uploaded_is_listed_beside_our_own_solution_and_comes_out_as_it_went_in() {
    let service = Service::start().await;
    service.conclude_run(&TenantId::public(), 1).await;
    let client = service.client(Scope::Write).await;
    let found = client.get("/api/v1/conjunctions").await.json()["items"][0].clone();
    let path = format!("/api/v1/conjunctions/{}", found["id"].as_str().unwrap());
    let cdm = include_str!("../../../formats/tests/samples/cdm.kvn")
        .replace("2026-07-21T22:37:52.618", found["tca"].as_str().unwrap().trim_end_matches('Z'))
        .replace("= 70001", "= 1")
        .replace("= 799999999", "= 2");
    let uploaded = client.send("POST", "/api/v1/uploads?name=theirs.cdm", cdm.clone()).await;
    assert_eq!(uploaded.status, 201, "{}", uploaded.text());

    let listed = client.get(&format!("{path}/cdms")).await.json();
    let [told] = &listed["items"].as_array().unwrap()[..] else { panic!("{listed}") };
    assert_eq!((&told["originator"], &told["catalog_numbers"]), (&json!("DEMO"), &json!([1, 2])));
    assert_eq!(
        (&told["miss_distance_km"], &told["stated_probability"]),
        (&json!(0.715), &json!(4.835e-5)),
        "{told}"
    );
    assert_eq!(client.get(&path).await.json(), found, "our own solution stays as it is");
    let file = format!("{path}/cdms/{}/file", told["id"].as_str().unwrap());
    let answer = client.get(&file).await;
    assert_eq!((answer.status.as_u16(), answer.body), (200, cdm.into_bytes()));
    // Neither is there for another tenant, who sees the conjunction.
    let other = service.key_of("other", Scope::Read).await;
    let other = service.stranger().with("authorization", &format!("Bearer {other}"));
    assert_eq!(other.get(&format!("{path}/cdms")).await.json()["items"], json!([]));
    other.get(&file).await.expect_problem(404, None);
}
