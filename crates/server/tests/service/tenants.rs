//! `astroshield tenant`, beside a server that runs.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;

use crate::lifecycle::folder;
use crate::server::{PATIENCE, Server, astroshield, run};

const TLE: &str = "ALPHA ONLY\n\
1 00005U 58002B   00179.78495062  .00000023  00000-0  28098-4 0  4753\n\
2 00005  34.2682 348.7242 1859667 331.7664  19.3264 10.82419157413667\n";

/// The data of a demo would be in a folder of its own.
const NO_DEMO: [(&str, &str); 1] = [("ASTROSHIELD__DEMO__FALLBACK", "false")];

/// Runs `astroshield tenant` to its end: standard output, or what it complains of.
fn tenant(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = astroshield(folder).env("USER", "root").arg("tenant").args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// What is in a packed tar, by name.
fn unpacked(file: &Path) -> BTreeMap<String, String> {
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(file).unwrap()));
    let entries = archive.entries().unwrap();
    entries
        .map(|entry| {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().display().to_string();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            (name, text)
        })
        .collect()
}

#[test]
fn an_organization_is_made_used_exported_and_removed_while_the_server_runs() {
    let folder = folder();
    let folder = folder.path();
    let refused = tenant(folder, &["list"]).unwrap_err();
    assert!(refused.contains("astroshield migrate"), "{refused}");
    let server = Server::start_in(folder, "", &NO_DEMO);
    assert_eq!(tenant(folder, &["list"]).unwrap().split_whitespace().next(), Some("local"));
    tenant(folder, &["create", "alpha", "Alpha, Inc."]).unwrap();
    for (bad, reason) in [
        (["create", "alpha", "Again"], "there is or was an organization alpha"),
        (["create", "local", "Ours"], "is the platform's own"),
        (["create", "public", "All"], "is the platform's own"),
        (["key", "beta", "x"], "no such organization: beta"),
    ] {
        let refused = tenant(folder, &bad).unwrap_err();
        assert!(refused.contains(reason), "{bad:?}: {refused}");
    }
    let upper = tenant(folder, &["create", "Alpha", "x"]).unwrap_err();
    assert!(upper.contains("lower-case letters"), "{upper}");

    let key = tenant(folder, &["key", "alpha", "first"]).unwrap();
    let bearer = format!("Bearer {}", key.trim());
    let headers = [("authorization", bearer.as_str())];
    let (status, organization) = server.get_with("/api/v1/organization", &headers);
    assert!(status == 200 && organization.contains("Alpha, Inc."), "{organization}");
    let upload = [headers[0], ("content-type", "application/octet-stream")];
    let (status, body) = server.post_with("/api/v1/uploads?name=alpha.tle", &upload, TLE);
    assert_eq!(status, 201, "{body}");

    tenant(folder, &["member", "add", "alpha", "--email", "Ann@Example.org", "--role", "administrator"])
        .unwrap();
    let bob = ["member", "add", "alpha", "--issuer", "https://i", "--subject", "bob", "--role", "viewer"];
    tenant(folder, &bob).unwrap();
    let twice = tenant(folder, &bob).unwrap_err();
    assert!(twice.contains("member or invited already"), "{twice}");
    let members = tenant(folder, &["member", "list", "alpha"]).unwrap();
    assert!(
        members.contains("ann@example.org  invited") && members.contains("bob at https://i"),
        "{members}"
    );
    let id = members.lines().find(|line| line.contains("bob")).unwrap().split_whitespace().next().unwrap();
    tenant(folder, &["member", "role", "alpha", id, "--role", "operator"]).unwrap();
    tenant(folder, &["member", "remove", "alpha", id]).unwrap();
    let (_, log) = server.get_with("/api/v1/audit", &headers);
    for act in ["api_key.create", "member.invite", "member.add", "member.operator", "member.remove"] {
        assert!(log.contains(act), "{act}: {log}");
    }
    assert!(log.contains("root (command line)"), "{log}");

    tenant(folder, &["export", "alpha", "alpha.tar.gz"]).unwrap();
    let files = unpacked(&folder.join("alpha.tar.gz"));
    let names: Vec<&String> = files.keys().collect();
    assert!(files["README.txt"].contains("microseconds"), "{names:?}");
    let upload = names.iter().find(|name| name.ends_with("/alpha.tle")).expect("the file as it was given");
    assert_eq!(files[*upload], TLE);
    assert!(files["tables/uploads.csv"].contains("alpha.tle"));
    assert!(files["tables/element_sets.csv"].contains("ALPHA ONLY"));
    assert!(files["tables/members.csv"].contains("ann@example.org"));
    assert!(files["tables/audit.csv"].contains("member.invite"));
    assert!(files["tables/api_keys.csv"].contains("first"));
    assert!(!files["tables/api_keys.csv"].contains("hash"), "no secrets");
    assert!(files.iter().all(|(name, text)| !text.contains("local,") || name == "README.txt"), "{names:?}");

    let unmeant = tenant(folder, &["remove", "alpha", "--confirm", "Alpha"]).unwrap_err();
    assert!(unmeant.contains("confirmation"), "{unmeant}");
    assert_eq!(server.get_with("/api/v1/organization", &headers).0, 200);
    tenant(folder, &["remove", "alpha", "--confirm", "alpha"]).unwrap();
    let began = Instant::now();
    while server.get_with("/api/v1/organization", &headers).0 != 401 {
        assert!(began.elapsed() < Duration::from_secs(20), "the key works still");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(!tenant(folder, &["list"]).unwrap().contains("alpha"));
    assert!(tenant(folder, &["create", "alpha", "Again"]).unwrap_err().contains("there is or was"));
    assert!(
        tenant(folder, &["export", "alpha", "again.tar.gz"]).unwrap_err().contains("no such organization")
    );
    assert!(!folder.join("again.tar.gz").exists());
    let cookie = server.sign_in();
    let (_, log) = server.get_with("/api/v1/audit?action=organization.", &[("cookie", &cookie)]);
    assert!(log.contains("organization.create") && log.contains("organization.remove"), "{log}");
    assert_eq!(server.stop().0, 0);
}

#[test]
fn an_export_over_the_interface_is_the_same_file() {
    let folder = folder();
    let folder = folder.path();
    let server = Server::start_in(folder, "", &NO_DEMO);
    let cookie = server.sign_in();
    let origin = server.address.clone();
    let headers = [("cookie", cookie.as_str()), ("origin", &origin), ("content-type", "application/json")];
    let (status, body) = server.post_with("/api/v1/uploads?name=mine.tle", &headers, TLE);
    assert_eq!(status, 201, "{body}");
    let (status, begun) = server.post_with("/api/v1/organization/exports", &headers, "");
    assert_eq!(status, 202, "{begun}");
    let id = serde_json::from_str::<serde_json::Value>(&begun).unwrap()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/organization/exports/{id}");
    let began = Instant::now();
    loop {
        let (_, export) = server.get_with(&path, &headers);
        if export.contains("\"completed\"") {
            break;
        }
        assert!(began.elapsed() < PATIENCE && !export.contains("\"failed\""), "{export}");
        std::thread::sleep(Duration::from_millis(100));
    }
    let blobs = folder.join("data/astroshield/blobs/local/exports");
    let files = unpacked(&blobs.join(format!("{id}.tar.gz")));
    assert!(
        files.iter().any(|(name, text)| name.ends_with("/mine.tle") && text == TLE),
        "{:?}",
        files.keys()
    );
    // Neither a backup nor the next export holds it.
    std::fs::write(folder.join("passphrase"), "correct horse\n").unwrap();
    let (status, _, said) = run(folder, "backup --passphrase-file passphrase backup.age");
    assert!(status == 0 && said.contains(" 1 blobs"), "{said}");
    assert_eq!(server.send("DELETE", &path, &headers, "").status, 204);
    assert_eq!(server.get_with(&path, &headers).0, 404);
    assert_eq!(server.stop().0, 0);
}

#[test]
fn nothing_is_removed_from_blobs_of_another_installation() {
    let folder = folder();
    let folder = folder.path();
    let server = Server::start_in(folder, "", &NO_DEMO);
    tenant(folder, &["create", "alpha", "Alpha, Inc."]).unwrap();
    drop(server);
    let blobs = folder.join("data/astroshield/blobs");
    let theirs = blobs.join("alpha/uploads/theirs");
    std::fs::create_dir_all(theirs.parent().unwrap()).unwrap();
    std::fs::write(&theirs, "of another installation").unwrap();
    std::fs::write(blobs.join("installation"), "018f3c2e-8a54-7c1b-9d37-2b605e8fa911").unwrap();
    let refused = tenant(folder, &["remove", "alpha", "--confirm", "alpha"]).unwrap_err();
    assert!(refused.contains("the blobs belong to another installation"), "{refused}");
    assert!(theirs.exists());
    assert!(!tenant(folder, &["list"]).unwrap().contains("being removed"), "and it is not begun");
}
