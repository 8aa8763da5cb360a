//! Writes a small archive into the corpus folder of the fuzz target `archive`:
//! `cargo run -p astroshield-domain --example archive_seeds -- fuzz/corpus`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use astroshield_domain::archive::{ArchiveEntry, ArchiveHead, ArchiveItem, ArchiveValue, TableDigest};

fn main() -> Result<(), Box<dyn Error>> {
    let corpus = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: archive_seeds CORPUS_FOLDER")?);
    let columns = ["tenant", "id", "mass", "note", "seen"].map(str::to_owned).to_vec();
    let row = vec![
        ArchiveValue::Text("local".to_owned()),
        ArchiveValue::Bytes(vec![0, 255]),
        ArchiveValue::Real(-0.5),
        ArchiveValue::Null,
        ArchiveValue::Integer(i64::MIN),
    ];
    let mut digest = TableDigest::default();
    digest.add(&row);
    let items = [
        ArchiveItem::Store(ArchiveEntry::Table { name: "things".to_owned(), columns }),
        ArchiveItem::Store(ArchiveEntry::Row(row)),
        ArchiveItem::Store(ArchiveEntry::End(digest)),
        ArchiveItem::blob("public/ingest/1.gz".to_owned(), b"blob".to_vec()),
        ArchiveItem::End,
    ];
    let folder = corpus.join("archive");
    fs::create_dir_all(&folder)?;
    let mut whole = Vec::new();
    ArchiveHead::new("2026-01-02T03:04:05Z".to_owned(), "0.1.0".to_owned()).write(&mut whole)?;
    for (number, item) in items.iter().enumerate() {
        let mut alone = Vec::new();
        item.write(&mut alone)?;
        whole.extend_from_slice(&alone);
        fs::write(folder.join(format!("item-{number}")), alone)?;
    }
    fs::write(folder.join("whole"), whole)?;
    Ok(())
}
