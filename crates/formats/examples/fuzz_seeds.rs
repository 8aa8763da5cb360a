//! Writes the hand-made samples, in each notation that they have, into a corpus folder per fuzz target:
//! `cargo run -p astroshield-formats --example fuzz_seeds -- fuzz/corpus`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use astroshield_formats::{HeaderDefaults, Notation, Strictness, read_messages};

fn main() -> Result<(), Box<dyn Error>> {
    let corpus = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: fuzz_seeds CORPUS_FOLDER")?);
    let samples = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/samples"));
    let defaults =
        HeaderDefaults { creation_date: "2026-01-01".parse()?, originator: "ASTROSHIELD".to_owned() };
    for entry in fs::read_dir(samples)? {
        let path = entry?.path();
        let name = path.file_name().ok_or("a sample without a name")?.to_string_lossy().into_owned();
        let bytes = fs::read(&path)?;
        let document = read_messages(&bytes, &name, Strictness::Strict)?;
        save(&corpus, document.notation, &name, &bytes)?;
        for notation in [Notation::Tle, Notation::Kvn, Notation::Xml, Notation::Json, Notation::Csv] {
            if let Ok(text) = document.write(notation, &defaults) {
                save(&corpus, notation, &format!("{name}.{notation}"), text.as_bytes())?;
            }
        }
    }
    // Tables are seeds of the targets that they are named after.
    for table in ["space_weather", "earth_orientation", "satcat"] {
        let sample = format!("{}/tests/table_samples/{table}.csv", env!("CARGO_MANIFEST_DIR"));
        fs::create_dir_all(corpus.join(table))?;
        fs::copy(sample, corpus.join(table).join("sample.csv"))?;
    }
    Ok(())
}

/// Puts a seed into the corpus of its notation, and into that of any notation.
fn save(corpus: &Path, notation: Notation, name: &str, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let target = match notation {
        Notation::ThreeLine => "tle".to_owned(),
        other => other.as_str().to_lowercase(),
    };
    for folder in [target.as_str(), "any"] {
        let folder = corpus.join(folder);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}
