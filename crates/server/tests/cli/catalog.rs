//! `astroshield catalog`.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::command::{files, run, two_objects};

/// A server on the loopback interface that answers every request with a catalog, and counts them.
fn source(body: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/catalog.csv", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let head =
                BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
            assert!(head.count() > 0);
            counted.fetch_add(1, Ordering::SeqCst);
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            (&stream).write_all((head + &body).as_bytes()).unwrap();
        }
    });
    (url, requests)
}

#[test]
fn fetched_catalog_is_asked_for_once_and_served_offline_with_its_age() {
    let folder = tempfile::tempdir().unwrap();
    let (url, requests) = source(two_objects());
    let first = run(folder.path(), &format!("catalog fetch --source {url} --output got.csv"));
    assert_eq!(first.status, 0, "{}", first.stderr);
    assert!(first.stderr.contains("2 element sets, received just now"), "{}", first.stderr);
    assert_eq!(fs::read_to_string(folder.path().join("got.csv")).unwrap(), two_objects());

    let second = run(folder.path(), &format!("catalog fetch --source {url}"));
    assert_eq!((second.status, second.stdout), (0, two_objects()));
    assert!(second.stderr.contains("not asked again for 120 min"), "{}", second.stderr);
    let offline = run(folder.path(), &format!("catalog fetch --offline --source {url}"));
    assert_eq!((offline.status, offline.stdout), (0, two_objects()));
    assert!(offline.stderr.contains("offline"), "{}", offline.stderr);
    assert_eq!(requests.load(Ordering::SeqCst), 1);
    assert_eq!(files(folder.path()), ["got.csv"]);
}

#[test]
fn answer_that_is_no_catalog_is_an_error_and_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (url, _) = source("Invalid query: \"GROUP=nothing\"\n".to_owned());
    let refused = run(folder.path(), &format!("catalog fetch --source {url}"));
    assert_eq!((refused.status, refused.stdout.as_str()), (1, ""));
    assert!(refused.stderr.contains("not the data asked for"), "{}", refused.stderr);
    assert_eq!(run(folder.path(), &format!("catalog fetch --offline --source {url}")).status, 1);
}

#[test]
fn catalog_that_was_never_fetched_is_an_error_offline() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), "catalog fetch --offline");
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("not in the cache"), "{}", run.stderr);
}

#[test]
fn file_as_a_source_is_checked_and_passed_on() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("two.csv"), two_objects()).unwrap();
    let passed = run(folder.path(), "catalog fetch --source two.csv");
    assert_eq!((passed.status, passed.stdout), (0, two_objects()));
}

#[test]
fn demonstration_population_is_labeled_and_the_same_for_the_same_seed() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.csv", "b.csv"] {
        assert_eq!(run(folder.path(), &format!("catalog demo --objects 2000 --seed 1 {name}")).status, 0);
    }
    assert_eq!(run(folder.path(), "catalog demo --objects 2000 --seed 2 c.csv").status, 0);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("a.csv"), read("b.csv"));
    assert_ne!(read("a.csv"), read("c.csv"));

    let csv = read("a.csv");
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let column = |rows: &mut csv::Reader<&[u8]>, name: &str| {
        rows.headers().unwrap().iter().position(|header| header == name).unwrap()
    };
    let (name, number, designator) =
        (column(&mut rows, "OBJECT_NAME"), column(&mut rows, "NORAD_CAT_ID"), column(&mut rows, "OBJECT_ID"));
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2000);
    for row in &rows {
        assert!(row[name].starts_with("DEMO-"), "{row:?}");
        assert!(row[designator].starts_with("9999-000"), "{row:?}");
        assert!((799_500_001..=799_502_000).contains(&row[number].parse::<u32>().unwrap()), "{row:?}");
    }
    let numbers: HashSet<&str> = rows.iter().map(|row| &row[number]).collect();
    assert_eq!(numbers.len(), 2000);
}

#[test]
fn demonstration_population_is_the_same_on_every_machine() {
    let folder = tempfile::tempdir().unwrap();
    let csv = run(folder.path(), "catalog demo --objects 3000 --seed 1 -").stdout;
    // Our own value, of the machine that the population was first made on; FNV-1a, 64 bits.
    let hash = csv.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    assert_eq!(hash, 0x3230_04e9_276d_0e7e, "{hash:#018x}");
}

#[test]
fn demonstration_population_says_what_it_is_where_the_notation_has_comments() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["demo.kvn", "demo.xml", "demo.json"] {
        assert_eq!(run(folder.path(), &format!("catalog demo --objects 3 {name}")).status, 0, "{name}");
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(text.contains("no object is real"), "{name}: {text}");
    }
    let tle = run(folder.path(), "catalog demo --objects 3 demo.tle");
    assert_eq!(tle.status, 1, "nine digits do not fit a TLE");
    assert_eq!(files(folder.path()), ["demo.json", "demo.kvn", "demo.xml"]);
}
