//! `astroshield backup` and `restore`.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use age::secrecy::ExposeSecret as _;
use astroshield_testkit::postgres;

use crate::lifecycle::{conjunctions, folder};
use crate::server::{Server, run, run_in};

/// Which conjunctions there are, and when they were first seen. A restored server may screen again what the one that was
/// backed up had not yet ticked off; that changes neither.
fn identities(conjunctions: &[serde_json::Value]) -> Vec<String> {
    conjunctions.iter().map(|one| format!("{} {}", one["id"], one["first_seen"])).collect()
}

/// A folder with a server's data of two objects, and a backup of it that was made while the server ran.
fn backed_up() -> (tempfile::TempDir, Vec<String>) {
    let folder = folder();
    let settings = fs::read_to_string(folder.path().join("astroshield.toml")).unwrap();
    let url = format!("file:{}", folder.path().join("two.csv").display());
    let feed = format!("start_from_catalog = true\n[feeds.mine]\nkind = \"element_sets\"\nurl = \"{url}\"\n");
    fs::write(folder.path().join("astroshield.toml"), settings + &feed).unwrap();
    fs::write(folder.path().join("passphrase"), "correct horse\n").unwrap();
    fs::write(folder.path().join("other"), "incorrect horse\n").unwrap();
    let server = Server::start(folder.path(), "");
    let found = identities(&conjunctions(&server, &server.sign_in()));
    let (status, _, problem) = run(folder.path(), "backup --passphrase-file passphrase backup.age");
    assert_eq!(status, 0, "{problem}");
    assert!(problem.contains(" rows, ") && !problem.starts_with("0 rows"), "{problem}");
    assert_eq!(server.stop().0, 0);
    (folder, found)
}

fn restore(folder: &Path, file: &str, passphrase: &str, into: &str) -> (i32, String) {
    let arguments = format!("restore --passphrase-file {passphrase} {file} --into {into}");
    let (status, _, problem) = run(folder, &arguments);
    (status, problem)
}

#[test]
fn a_restored_server_has_what_the_one_that_was_backed_up_had() {
    let (folder, found) = backed_up();
    let (status, said) = restore(folder.path(), "backup.age", "passphrase", "restored");
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("restored and verified: "), "{said}");
    let server = Server::start(folder.path(), "--data restored");
    assert_eq!(identities(&conjunctions(&server, &server.sign_in())), found);
    assert_eq!(server.stop().0, 0);

    let (status, said) = restore(folder.path(), "backup.age", "passphrase", "restored");
    assert_eq!(status, 1);
    assert!(said.contains("the store is not empty: there are rows in ingests"), "{said}");
}

/// Asks in HTTP/1.0, whose answer ends where the connection does.
fn ask(server: &Server, cookie: &str, method: &str, path: &str, body: &str) -> (u16, Vec<u8>) {
    let host = server.address.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let request = format!(
        "{method} /api/v1{path} HTTP/1.0\r\nhost: {host}\r\ncookie: {cookie}\r\nsec-fetch-site: same-origin\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let status = String::from_utf8_lossy(&answer[9..12]).parse().unwrap();
    (status, answer.split_off(head + 4))
}

#[test]
fn a_backup_that_the_server_made_is_restored_with_the_identity_that_never_was_on_it() {
    let (folder, found) = backed_up();
    let server = Server::start(folder.path(), "");
    let cookie = server.sign_in();
    let identity = age::x25519::Identity::generate();
    let asked = serde_json::json!({ "recipients": [identity.to_public().to_string()] }).to_string();
    // The second one shows that the first is not in it.
    let mut sizes = Vec::new();
    for _ in 0..2 {
        let (status, body) = ask(&server, &cookie, "POST", "/backups", &asked);
        assert_eq!(status, 202, "{}", String::from_utf8_lossy(&body));
        let begun: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let path = format!("/backups/{}", begun["id"].as_str().unwrap());
        let is_whole = |_, body: &str| !body.contains("\"running\"");
        let made = server.until(&format!("/api/v1{path}"), &[("cookie", &cookie)], is_whole);
        assert!(made.contains("\"completed\""), "{made}");
        let (status, file) = ask(&server, &cookie, "GET", &format!("{path}/file"), "");
        assert_eq!(status, 200);
        let made: serde_json::Value = serde_json::from_str(&made).unwrap();
        assert_eq!(made["size_bytes"], file.len());
        sizes.push(made["blobs"].as_u64().unwrap());
        fs::write(folder.path().join("api.age"), &file).unwrap();
    }
    assert_eq!(sizes[0], sizes[1]);
    assert_eq!(server.stop().0, 0);

    fs::write(folder.path().join("key.txt"), identity.to_string().expose_secret()).unwrap();
    let (status, _, said) = run(folder.path(), "restore --identity key.txt api.age --into restored");
    assert_eq!(status, 0, "{said}");
    let server = Server::start(folder.path(), "--data restored");
    assert_eq!(identities(&conjunctions(&server, &server.sign_in())), found);
    assert_eq!(server.stop().0, 0);
}

#[test]
fn a_backup_that_is_damaged_cut_off_or_of_another_key_restores_nothing() {
    let (folder, _) = backed_up();
    let whole = fs::read(folder.path().join("backup.age")).unwrap();
    assert!(!whole.windows(8).any(|bytes| bytes == b"TEST ONE"), "it is encrypted");
    let (status, said) = restore(folder.path(), "backup.age", "other", "restored");
    assert_eq!((status, said.contains("cannot be decrypted with this key")), (1, true), "{said}");

    let mut damaged = whole.clone();
    let middle = whole.len() / 2;
    damaged[middle] ^= 1;
    fs::write(folder.path().join("damaged.age"), &damaged).unwrap();
    fs::write(folder.path().join("cut.age"), &whole[..whole.len() - 1]).unwrap();
    for file in ["damaged.age", "cut.age"] {
        let (status, said) = restore(folder.path(), file, "passphrase", "restored");
        assert_eq!((status, said.contains(file)), (1, true), "{file}: {said}");
    }
    // Nothing of the failures is in the way.
    let (status, said) = restore(folder.path(), "backup.age", "passphrase", "restored");
    assert_eq!(status, 0, "{said}");
}

#[test]
fn a_watch_list_goes_in_backups_from_sqlite_to_postgresql_and_back() {
    let Some(url) = tokio::runtime::Runtime::new().unwrap().block_on(postgres::database()) else { return };
    let on_postgres = [("ASTROSHIELD__STORE__KIND", "postgres"), ("ASTROSHIELD__STORE__URL", url.as_str())];
    let folder = folder();
    let folder = folder.path();
    fs::write(folder.join("passphrase"), "correct horse\n").unwrap();
    let watch_lists = |server: &Server, cookie: &str| {
        let (status, body) = server.get_with("/api/v1/watch-lists", &[("cookie", cookie)]);
        assert_eq!(status, 200, "{body}");
        body
    };

    let server = Server::start(folder, "");
    let cookie = server.sign_in();
    let own =
        [("cookie", cookie.as_str()), ("origin", &server.address), ("content-type", "application/json")];
    let list = r#"{"name":"mine","objects":[{"catalog_number":25544,"hard_body_radius_m":50.5}]}"#;
    let (status, made) = server.post_with("/api/v1/watch-lists", &own, list);
    assert_eq!(status, 201, "{made}");
    let watched = watch_lists(&server, &cookie);
    assert!(watched.contains("50.5"), "{watched}");
    assert_eq!(server.stop().0, 0);
    let (status, _, said) = run(folder, "backup --passphrase-file passphrase sqlite.age");
    assert_eq!(status, 0, "{said}");

    let restore = "restore --passphrase-file passphrase";
    let (status, _, said) = run_in(folder, &format!("{restore} sqlite.age --into postgres"), &on_postgres);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("restored and verified: "), "{said}");
    let server = Server::start_in(folder, "--data postgres", &on_postgres);
    assert_eq!(watch_lists(&server, &server.sign_in()), watched);
    assert!(!folder.join("postgres/astroshield.db").exists(), "the rows are in PostgreSQL");
    assert_eq!(server.stop().0, 0);
    let data = [on_postgres[0], on_postgres[1], ("ASTROSHIELD__DATA__FOLDER", "postgres")];
    let (status, _, said) = run_in(folder, "backup --passphrase-file passphrase postgres.age", &data);
    assert_eq!(status, 0, "{said}");

    let (status, _, said) = run(folder, &format!("{restore} postgres.age --into back"));
    assert_eq!(status, 0, "{said}");
    let server = Server::start(folder, "--data back");
    assert_eq!(watch_lists(&server, &server.sign_in()), watched);
    assert_eq!(server.stop().0, 0);
}

#[test]
fn a_restore_stands_in_the_audit_log_behind_what_the_backup_holds() {
    let (folder, _) = backed_up();
    assert_eq!(restore(folder.path(), "backup.age", "passphrase", "restored").0, 0);
    let server = Server::start(folder.path(), "--data restored");
    let cookie = server.sign_in();
    let (_, log) = server.get_with("/api/v1/audit", &[("cookie", &cookie)]);
    let log: serde_json::Value = serde_json::from_str(&log).unwrap();
    let actions: Vec<_> = log["items"].as_array().unwrap().iter().map(|line| &line["action"]).collect();
    assert_eq!(actions, ["session.begin", "store.restore", "session.begin"]);
    assert_eq!(log["items"][1]["target"], "backup.age");
    assert_eq!(server.stop().0, 0);
}
