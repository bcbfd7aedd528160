//! The key files of a node in charge, as its standby keeps them.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use kessai_shared::replica::Feed;
use kessai_shared::replica::keys::{Files, mirror};
use kessai_shared::store::Store;
use kessai_shared::writer::Gate;
use tempfile::tempdir;

use crate::nodes::*;

fn files(folder: &Path) -> Files {
    Files { folder: folder.join("keys"), others: Vec::new() }
}

fn put(folder: &Path, name: &str, bytes: &str) {
    let path = folder.join("keys").join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, bytes).expect("a file");
}

fn get(folder: &Path, name: &str) -> Option<String> {
    fs::read_to_string(folder.join("keys").join(name)).ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_sealing_keys_are_destroyed_with_those_of_the_node_in_charge() {
    let (one, two, store) = (tempdir().unwrap(), tempdir().unwrap(), tempdir().unwrap());
    let (one, two) = (one.path(), two.path());
    for name in ["vault.key", "issuer.pin", "settlement.key", "epochs/2.epoch", "epochs/2.cert"] {
        put(one, name, &format!("{name} of one"));
    }
    for name in ["vault.key", "decision.key", "settlement.key", "epochs/1.epoch", "epochs/1.cert"] {
        put(two, name, &format!("{name} of two"));
    }
    let (mut store, _) = Store::<Balances>::open_with(store.path(), KIND, LONG).expect("a store");
    let feed = Arc::new(Feed::new(id(1), store.source(), Gate::default()).with_keys(files(one)));
    let (_endpoint, _feeding, address) = open(&feed, &key(1), None);
    let dial = dial(address, &key(1), &key(1));
    assert_eq!(mirror(&dial, &files(two)).await, Ok(true));
    for name in ["vault.key", "issuer.pin", "epochs/2.epoch", "epochs/2.cert"] {
        assert_eq!(get(two, name), get(one, name), "{name}");
    }
    // The time of these is over: whoever finds them opens what was recorded on their day.
    assert_eq!((get(two, "epochs/1.epoch"), get(two, "epochs/1.cert")), (None, None));
    // One that is missing there may be lost there, and this copy the only one.
    assert_eq!(get(two, "decision.key").as_deref(), Some("decision.key of two"));
    // The key by which the nodes know each other is at both, and never travels.
    assert_eq!(get(two, "settlement.key").as_deref(), Some("settlement.key of two"));
    assert_eq!(mirror(&dial, &files(two)).await, Ok(false), "nothing has changed");
    fs::remove_file(one.join("keys/vault.key")).expect("a file");
    fs::remove_file(one.join("keys/epochs/2.epoch")).expect("a file");
    assert_eq!(mirror(&dial, &files(two)).await, Ok(true));
    assert_eq!(get(two, "vault.key").as_deref(), Some("vault.key of one"));
    assert_eq!((get(two, "epochs/2.epoch"), get(two, "epochs/2.cert").is_some()), (None, true));
    // A node in charge that has no keys at all has lost its disk, and costs nobody theirs.
    fs::remove_dir_all(one.join("keys")).expect("a folder");
    assert!(mirror(&dial, &files(two)).await.is_err(), "keys that cannot be read are no keys that are gone");
    assert!(get(two, "vault.key").is_some() && get(two, "epochs/2.cert").is_some());
}
