//! The stream of a backup: what is read is written and read again the same, and a blob is what its hash says.

#![no_main]

use astroshield_domain::archive::{ArchiveHead, ArchiveItem};
use libfuzzer_sys::fuzz_target;

fn read_all(mut input: &[u8]) -> Vec<ArchiveItem> {
    let mut items = Vec::new();
    while let Ok(item) = ArchiveItem::read(&mut input) {
        let is_end = item == ArchiveItem::End;
        items.push(item);
        if is_end {
            break;
        }
    }
    items
}

fn written(items: &[ArchiveItem]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for item in items {
        item.write(&mut bytes).expect("memory takes what is written");
    }
    bytes
}

fuzz_target!(|input: &[u8]| {
    let mut rest = input;
    if let Ok(head) = ArchiveHead::read(&mut rest) {
        let mut bytes = Vec::new();
        head.write(&mut bytes).expect("memory takes what is written");
        assert_eq!(ArchiveHead::read(&bytes[..]).ok(), Some(head));
    } else {
        // Most inputs have no head: what follows one is tried all the same.
        rest = input;
    }
    let items = read_all(rest);
    let bytes = written(&items);
    let again = read_all(&bytes);
    assert_eq!(again.len(), items.len());
    // By their bytes: a value that is not a number is no other, and equal to nothing.
    assert_eq!(written(&again), bytes);
});
