//! What every [`ObjectStore`] does that blobs are kept in.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;

/// More than what a store may send at once, and no multiple of a size that it sends in.
const LARGE_BYTES: usize = (20 << 20) + 1;

/// More than a list of S3 has on a page.
const MANY: usize = 1_050;

/// Holds a store of blobs to its port. It has to be empty, and is so again afterwards. `at_once` writers want the same new
/// blob: a server that looks and then writes, in two steps, is held to one at a time.
///
/// # Panics
/// When it does not do what the port says.
pub async fn blobs_suite<S: ObjectStore + Clone>(blobs: &S, at_once: usize) {
    a_blob_is_kept_replaced_and_removed(blobs).await;
    what_is_not_there_is_not_found(blobs).await;
    names_are_kept_apart(blobs).await;
    a_blob_that_must_be_new_replaces_none(blobs, at_once).await;
    a_large_blob_is_whole_and_its_parts_are_read_alone(blobs).await;
    what_is_given_up_half_way_leaves_the_blob_before(blobs).await;
    folders_are_listed_by_level(blobs).await;
    a_long_list_is_whole(blobs).await;
}

fn bytes(length: usize) -> Vec<u8> {
    // Of a period that no part and no block has.
    (0..length).map(|n| (n % 251) as u8).collect()
}

async fn read(blobs: &impl ObjectStore, path: &Path) -> Vec<u8> {
    blobs.get(path).await.unwrap().bytes().await.unwrap().to_vec()
}

async fn names(blobs: &impl ObjectStore, folder: Option<&Path>) -> BTreeSet<String> {
    let listed = blobs.list(folder).map_ok(|blob| blob.location.to_string());
    listed.try_collect().await.unwrap()
}

async fn a_blob_is_kept_replaced_and_removed(blobs: &impl ObjectStore) {
    let path = Path::from("local/uploads/kept");
    for content in [bytes(10), Vec::new(), bytes(3)] {
        blobs.put(&path, content.clone().into()).await.unwrap();
        assert_eq!(read(blobs, &path).await, content);
        assert_eq!(blobs.head(&path).await.unwrap().size, content.len() as u64);
    }
    blobs.delete(&path).await.unwrap();
    assert!(matches!(blobs.get(&path).await, Err(Error::NotFound { .. })));
    assert_eq!(names(blobs, None).await.len(), 0);
}

async fn what_is_not_there_is_not_found(blobs: &impl ObjectStore) {
    let path = Path::from("local/uploads/never");
    assert!(matches!(blobs.get(&path).await, Err(Error::NotFound { .. })));
    assert!(matches!(blobs.head(&path).await, Err(Error::NotFound { .. })));
    // It is gone already: some say so, some do not.
    assert!(matches!(blobs.delete(&path).await, Ok(()) | Err(Error::NotFound { .. })));
    assert_eq!(names(blobs, Some(&Path::from("nobody"))).await.len(), 0);
    let level = blobs.list_with_delimiter(Some(&Path::from("nobody"))).await.unwrap();
    assert_eq!((level.objects.len(), level.common_prefixes.len()), (0, 0));
}

async fn names_are_kept_apart(blobs: &impl ObjectStore) {
    let paths = ["a/b", "a/B", "a/b c", "a/b+c", "a/b%20c", "a/b&c=d?e", "a/bé", "a/b.c", "ab", "A/b"]
        .map(Path::from);
    for (number, path) in paths.iter().enumerate() {
        blobs.put(path, bytes(number + 1).into()).await.unwrap();
    }
    let all: BTreeSet<String> = paths.iter().map(ToString::to_string).collect();
    assert_eq!(names(blobs, None).await, all);
    for (number, path) in paths.iter().enumerate() {
        assert_eq!(read(blobs, path).await, bytes(number + 1), "{path}");
        blobs.delete(path).await.unwrap();
    }
    assert_eq!(names(blobs, None).await.len(), 0);
}

async fn a_blob_that_must_be_new_replaces_none<S: ObjectStore + Clone>(blobs: &S, at_once: usize) {
    let path = Path::from("local/new");
    for length in [LARGE_BYTES, 5] {
        let trials = (0..4).map(|_| {
            let (blobs, path, content) = (blobs.clone(), path.clone(), bytes(length));
            async move { blobs.put_opts(&path, content.into(), PutMode::Create.into()).await }
        });
        let put: Vec<_> = stream::iter(trials).buffer_unordered(at_once).collect().await;
        assert_eq!(put.iter().filter(|one| one.is_ok()).count(), 1, "one of those that try: {put:?}");
        let others = put.iter().filter_map(|one| one.as_ref().err());
        for error in others {
            assert!(matches!(error, Error::AlreadyExists { .. }), "{error}");
        }
        assert_eq!(read(blobs, &path).await, bytes(length));
        blobs.delete(&path).await.unwrap();
    }
}

async fn a_large_blob_is_whole_and_its_parts_are_read_alone<S: ObjectStore + Clone>(blobs: &S) {
    let (at_once, by_and_by) = (Path::from("local/at-once"), Path::from("local/by-and-by"));
    let content = bytes(LARGE_BYTES);
    // In pieces, as what was received over the network.
    let pieces: PutPayload =
        content.chunks(1 << 20).flat_map(|piece| PutPayload::from(piece.to_vec())).collect();
    blobs.put(&at_once, pieces).await.unwrap();
    let mut writer = BufWriter::new(Arc::new(blobs.clone()), by_and_by.clone());
    for piece in content.chunks(100_000) {
        writer.write_all(piece).await.unwrap();
    }
    assert!(matches!(blobs.get(&by_and_by).await, Err(Error::NotFound { .. })), "it is not whole yet");
    writer.shutdown().await.unwrap();
    for path in [&at_once, &by_and_by] {
        assert!(read(blobs, path).await == content, "{path}");
        assert_eq!(blobs.head(path).await.unwrap().size, LARGE_BYTES as u64);
        let end = LARGE_BYTES as u64 - 3..LARGE_BYTES as u64;
        assert_eq!(blobs.get_range(path, end).await.unwrap(), content[LARGE_BYTES - 3..]);
        blobs.delete(path).await.unwrap();
    }
}

async fn what_is_given_up_half_way_leaves_the_blob_before(blobs: &impl ObjectStore) {
    let path = Path::from("local/replaced");
    blobs.put(&path, bytes(7).into()).await.unwrap();
    let mut upload = blobs.put_multipart(&path).await.unwrap();
    upload.put_part(bytes(6 << 20).into()).await.unwrap();
    assert_eq!(read(blobs, &path).await, bytes(7));
    upload.abort().await.unwrap();
    assert_eq!(read(blobs, &path).await, bytes(7));
    assert_eq!(names(blobs, None).await, BTreeSet::from([path.to_string()]));
    blobs.delete(&path).await.unwrap();
}

async fn folders_are_listed_by_level(blobs: &impl ObjectStore) {
    let paths = ["one/runs/a/1", "one/runs/a/2", "one/runs/b/1", "one/runs-of-old", "two/runs/a/1", "top"]
        .map(Path::from);
    for path in &paths {
        blobs.put(path, bytes(1).into()).await.unwrap();
    }
    let level = async |folder: Option<&str>| {
        let listed = blobs.list_with_delimiter(folder.map(Path::from).as_ref()).await.unwrap();
        let mut found: Vec<String> = listed.objects.iter().map(|blob| blob.location.to_string()).collect();
        found.extend(listed.common_prefixes.iter().map(|folder| format!("{folder}/")));
        found.sort();
        found
    };
    assert_eq!(level(None).await, ["one/", "top", "two/"]);
    assert_eq!(level(Some("one")).await, ["one/runs-of-old", "one/runs/"]);
    assert_eq!(level(Some("one/runs")).await, ["one/runs/a/", "one/runs/b/"]);
    assert_eq!(level(Some("one/runs/a")).await, ["one/runs/a/1", "one/runs/a/2"]);
    let below: Vec<String> = names(blobs, Some(&Path::from("one/runs"))).await.into_iter().collect();
    assert_eq!(below, ["one/runs/a/1", "one/runs/a/2", "one/runs/b/1"]);
    for path in &paths {
        blobs.delete(path).await.unwrap();
    }
}

async fn a_long_list_is_whole<S: ObjectStore + Clone>(blobs: &S) {
    let paths: Vec<Path> = (0..MANY).map(|number| Path::from(format!("local/many/{number}"))).collect();
    let puts = paths.iter().cloned().map(|path| {
        let blobs = blobs.clone();
        async move { blobs.put(&path, bytes(1).into()).await }
    });
    stream::iter(puts).buffer_unordered(16).try_collect::<Vec<_>>().await.unwrap();
    let all: BTreeSet<String> = paths.iter().map(ToString::to_string).collect();
    assert_eq!(names(blobs, None).await, all);
    let removed = blobs.delete_stream(stream::iter(paths.into_iter().map(Ok)).boxed());
    assert_eq!(removed.try_collect::<Vec<_>>().await.unwrap().len(), MANY);
    assert_eq!(names(blobs, None).await.len(), 0);
}
