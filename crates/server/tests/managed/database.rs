//! The database changes below processes that serve: it is migrated, and its reader goes away.

use std::fs;
use std::thread;
use std::time::Duration;

use astroshield_testkit::postgres::{database_on, unfenced};
use astroshield_testkit::servers::{Server as Outside, can_start};
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _};
use url::Url;

use crate::fleet::{Fleet, key};
use crate::load::{Load, MayBeRefused};
use crate::server::{Server, run_in};
use crate::tiers::Client;

const NOTHING: MayBeRefused = MayBeRefused { rows: false, files: false };

#[test]
fn processes_serve_while_the_database_is_migrated_below_them() {
    let Some(fleet) = Fleet::new("") else { return };
    let processes = [fleet.start("api"), fleet.start("api")];
    let key = key(&processes[0]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut db = runtime.block_on(unfenced(&fleet.database));
    let does = |db: &mut sqlx::PgConnection, statements: &[&'static str]| {
        for statement in statements {
            runtime.block_on(db.execute(*statement)).unwrap();
        }
    };
    // As a release left it that had no second secret of a webhook: nothing that these processes are asked for here.
    does(
        &mut db,
        &[
            "ALTER TABLE webhooks DROP COLUMN retired_secret, DROP COLUMN retired_until, DROP COLUMN rotation",
            "DELETE FROM _sqlx_migrations WHERE version = 20",
        ],
    );
    let loads = processes.each_ref().map(|process| Load::new(&process.address, &key, NOTHING));
    let tasks = loads.each_ref().map(Load::begin_with_lists);
    let (status, to_do, said) = run_in(fleet.path(), "migrate --check", &fleet.environment());
    assert_eq!((status, to_do.matches("to do: ").count()), (1, 1), "{to_do}{said}");

    // A long transaction has a table that the migration wants.
    does(&mut db, &["BEGIN", "SELECT count(*) FROM webhooks"]);
    let migrated = thread::scope(|scope| {
        let migrating = scope.spawn(|| run_in(fleet.path(), "migrate", &fleet.environment()));
        thread::sleep(Duration::from_secs(5));
        assert!(!migrating.is_finished(), "it waits for the table");
        does(&mut db, &["COMMIT"]);
        migrating.join().unwrap()
    });
    let (status, done, said) = migrated;
    assert_eq!((status, done.matches("done: ").count()), (0, 1), "{done}{said}");
    thread::sleep(Duration::from_secs(1));
    for (load, tasks) in loads.iter().zip(tasks) {
        load.end(tasks);
        let accepted = load.check_writes(&fleet.database);
        assert!(accepted > 5, "{accepted} writes say little");
    }
    runtime.block_on(db.close()).unwrap();
    let (status, nothing, _) = run_in(fleet.path(), "migrate --check", &fleet.environment());
    assert_eq!((status, nothing.as_str()), (0, "nothing to do: the store is of this version\n"));
    // One of this release beside them.
    let authorization = format!("Bearer {key}");
    let new = fleet.start("api");
    assert_eq!(new.get_with("/api/v1/webhooks", &[("authorization", &authorization)]).0, 200);
}

#[test]
fn a_service_whose_reader_is_away_says_that_it_is_degraded_and_reads_from_the_writer() {
    if !can_start(&["postgres"]) {
        return;
    }
    let writer = Outside::start("postgres");
    let replica = writer.start_replica();
    let url = tokio::runtime::Runtime::new().unwrap().block_on(database_on(&writer.address));
    let mut reader: Url = url.parse().unwrap();
    reader.set_port(replica.address.parse::<Url>().unwrap().port()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let feeds = ["celestrak-active", "satcat", "space-weather", "earth-orientation"]
        .map(|feed| format!("[feeds.{feed}]\nenabled = false\n"))
        .concat();
    let settings = format!(
        "{feeds}[demo]\nfallback = false\n[log]\nlevel = \"error\"\n[server]\nresponse_cache = false\n\
         [store]\nkind = \"postgres\"\nurl = \"{url}\"\nreader_url = \"{reader}\"\nanswer_timeout = \"2s\"\n\
         connect_timeout = \"2s\"\n"
    );
    fs::write(folder.path().join("astroshield.toml"), settings).unwrap();
    let server = Server::start_in(folder.path(), "", &[]);
    let says = |status: &str, reader: &str| {
        server.until("/health/ready", &[], |code, body| {
            assert_eq!(code, 200, "it can do all its work: {body}");
            let body: Value = serde_json::from_str(body).unwrap();
            body["status"] == status && body["dependencies"]["reader"]["status"] == reader
        });
    };
    says("ready", "ok");
    let client = Client::new(&server);
    let bearer = format!("Bearer {}", client.key);
    for (number, (away, back)) in [("kill", "restart"), ("freeze", "thaw")].into_iter().enumerate() {
        replica.tell(away);
        // From the first moment on, also before it is noticed.
        let name = format!("list-{number}");
        client.post(
            "/api/v1/watch-lists",
            "application/json",
            &json!({ "name": name, "objects": [] }).to_string(),
        );
        let (status, lists) = server.get_with("/api/v1/watch-lists", &[("authorization", &bearer)]);
        assert!(status == 200 && lists.contains(&name), "{status}: {lists}");
        says("degraded", "problem");
        assert_eq!(server.get_with("/api/v1/watch-lists", &[("authorization", &bearer)]).0, 200);
        replica.tell(back);
        says("ready", "ok");
    }
    assert_eq!(server.stop().0, 0);
}

#[test]
fn processes_sign_in_as_a_user_that_migrate_makes_and_that_changes_no_table() {
    if !can_start(&["postgres"]) {
        return;
    }
    let database = Outside::start("postgres");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let owner = runtime.block_on(database_on(&database.address));
    let as_application = |password: &str| {
        let mut url: Url = owner.parse().unwrap();
        url.set_username("application").unwrap();
        url.set_password(Some(password)).unwrap();
        url
    };
    let folder = tempfile::tempdir().unwrap();
    let feeds = ["celestrak-active", "satcat", "space-weather", "earth-orientation"]
        .map(|feed| format!("[feeds.{feed}]\nenabled = false\n"))
        .concat();
    let settings =
        format!("{feeds}[demo]\nfallback = false\n[log]\nlevel = \"error\"\n[store]\nkind = \"postgres\"\n");
    fs::write(folder.path().join("astroshield.toml"), settings).unwrap();
    fs::write(folder.path().join("password"), "first\n").unwrap();
    let migrate = |arguments: &str| {
        let environment = [
            ("ASTROSHIELD__STORE__URL", owner.as_str()),
            ("ASTROSHIELD__STORE__APPLICATION_USER", "application"),
            ("ASTROSHIELD__STORE__APPLICATION_PASSWORD_FILE", "password"),
        ];
        run_in(folder.path(), &format!("migrate{arguments}"), &environment)
    };
    let served = |url: &Url| {
        let environment = [("ASTROSHIELD__STORE__URL", url.as_str())];
        run_in(folder.path(), "migrate", &environment)
    };
    let rights = "rights of the user application\n";

    let (status, to_do, said) = migrate(" --check");
    assert!(status == 1 && to_do.ends_with(&format!("to do: {rights}")), "{to_do}{said}");
    let (status, done, said) = migrate("");
    assert!(status == 0 && done.ends_with(&format!("done: {rights}")), "{done}{said}");
    for arguments in [" --check", ""] {
        let (status, nothing, said) = migrate(arguments);
        assert_eq!(
            (status, nothing.as_str()),
            (0, "nothing to do: the store is of this version\n"),
            "{said}"
        );
    }

    let url = as_application("first");
    let server = Server::start_in(folder.path(), "", &[("ASTROSHIELD__STORE__URL", url.as_str())]);
    let client = Client::new(&server);
    let list = json!({ "name": "ours", "objects": [] }).to_string();
    client.post("/api/v1/watch-lists", "application/json", &list);
    let bearer = format!("Bearer {}", client.key);
    let (status, lists) = server.get_with("/api/v1/watch-lists", &[("authorization", &bearer)]);
    assert!(status == 200 && lists.contains("ours"), "{status}: {lists}");
    assert_eq!(server.stop().0, 0);
    runtime.block_on(async {
        let mut connection = unfenced(url.as_str()).await;
        let refused = connection.execute("ALTER TABLE runs DISABLE ROW LEVEL SECURITY").await.unwrap_err();
        assert!(refused.to_string().contains("must be owner"), "{refused}");
        connection.close().await.unwrap();
    });

    // A release that changes tables is for the owner to bring.
    runtime.block_on(async {
        let mut connection = unfenced(&owner).await;
        connection.execute("DROP TABLE chosen_organizations").await.unwrap();
        connection.execute("ALTER TABLE members DROP COLUMN offered").await.unwrap();
        connection.execute("ALTER TABLE audit DROP COLUMN principal").await.unwrap();
        connection.execute("DELETE FROM _sqlx_migrations WHERE version = 24").await.unwrap();
        connection.close().await.unwrap();
    });
    let (status, _, said) = served(&url);
    assert!(status == 1 && said.contains("their owner does, by astroshield migrate"), "{said}");
    let (status, done, said) = migrate("");
    assert_eq!(
        (status, done.as_str()),
        (0, "done: 0024 consent\ndone: rights of the user application\n"),
        "{said}"
    );

    // A password that was changed where it is kept is brought to the server.
    fs::write(folder.path().join("password"), "second\n").unwrap();
    assert_eq!(migrate(" --check").0, 1);
    assert_eq!(migrate("").0, 0);
    assert_eq!(served(&as_application("second")).0, 0);
    let (status, _, said) = served(&as_application("first"));
    assert!(status == 1 && said.contains("store.url"), "{said}");
}
