//! Sealing keys on a real disk: made ahead, signed here or elsewhere, and gone when their time is over.

use std::path::{Path, PathBuf};

use kessai_settlement::keys::{EpochTerms, Keys, ceremony};
use kessai_shared::identity::Identity;
use kessai_shared::ids::OrderId;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Purchase, SignedIssuerKeys};
use kessai_shared::seal::{Envelope, ResponseSecret, SealedCard, SealingSession, Suite};
use kessai_shared::time::Timestamp;

/// No overlap, so that a key is destroyed at once when its time is over.
const ABRUPT: EpochTerms = EpochTerms { epoch_seconds: 100, overlap_seconds: 0 };
const GENTLE: EpochTerms = EpochTerms { epoch_seconds: 100, overlap_seconds: 40 };

fn at(seconds: u64) -> Timestamp {
    Timestamp::default().plus_seconds(1_000_000 + seconds)
}

fn load(folder: &Path, terms: EpochTerms, now: Timestamp) -> Keys {
    let plan = (Suite::X25519, terms);
    Keys::load_or_create(folder, &folder.join("no-books"), plan, now).expect("keys")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("epochs")).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.extension().is_some_and(|end| end == "epoch")).collect()
}

fn purchase() -> Purchase {
    Purchase {
        seller: Pin([1; 32]),
        order: OrderId::from_bytes([2; 16]),
        amount: Minor(900),
        currency: Currency::Gbp,
        quote_hash: [3; 32],
        deadline: at(0),
    }
}

fn seal(keys: &SignedIssuerKeys) -> Envelope {
    let card = kessai_shared::card::Particulars {
        number: "9999990000000014".parse().expect("a number"),
        name: "Ada Lovelace".parse().expect("a name"),
        birth_date: "1985-12-10".parse().expect("a day"),
        expiry: "2030-12".parse().expect("a month"),
    };
    let sealed = SealedCard { card, response: ResponseSecret([4; 32]), holder: None };
    SealingSession::begin(&keys.keys).and_then(|s| s.seal(&sealed, &purchase())).expect("a seal")
}

#[test]
fn a_key_opens_until_the_overlap_is_over_and_then_is_gone_from_memory_and_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = load(folder.path(), ABRUPT, at(0));
    let old = keys.shown(at(0)).remove(0);
    let sealed = seal(&old);
    let file = files(folder.path()).remove(0);
    let bytes = std::fs::read(&file).expect("a key file");
    keys.tend(at(99)).expect("tended");
    assert!(keys.open(&sealed, &purchase()).is_ok());
    keys.tend(at(100)).expect("tended");
    assert!(keys.open(&sealed, &purchase()).is_err(), "its time is over");
    assert!(!file.exists());
    for left in files(folder.path()) {
        assert_ne!(std::fs::read(left).expect("a file"), bytes);
    }
    let new = keys.shown(at(100)).remove(0);
    assert_ne!(new.keys.key_id, old.keys.key_id);
    assert!(keys.open(&seal(&new), &purchase()).is_ok());
    drop(keys);
    let again = load(folder.path(), ABRUPT, at(101));
    assert_eq!(again.shown(at(101)), vec![new]);
    assert!(again.open(&sealed, &purchase()).is_err(), "nothing brings it back");
}

#[test]
fn no_trace_of_a_seed_is_left_whoever_signed_and_whatever_crashed() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = ceremony::root_key(&{
        load(folder.path(), ABRUPT, at(0));
        folder.path().join("issuer-root.key")
    })
    .expect("the root")
    .0;
    let by_hand = load(folder.path(), ABRUPT, at(0));
    let asked = by_hand.request(1, at(0)).expect("a key");
    let name = files(folder.path()).into_iter().find(|path| {
        path.file_stem().is_some_and(|id| *id == *kessai_shared::hex::of(&asked[0].key_id).as_str())
    });
    let (seed, witness) = (name.expect("its file"), folder.path().join("witness"));
    let bytes = std::fs::read(&seed).expect("a seed");
    std::fs::hard_link(&seed, &witness).expect("a second name");
    by_hand.install(&ceremony::sign(asked, &root)).expect("installed");
    assert_eq!(std::fs::read(&witness).expect("a seed"), bytes, "it is not written again");
    // A draft that a crash left behind a while ago.
    let draft = seed.with_extension("epoch.1.new");
    std::fs::write(&draft, &bytes).expect("a draft");
    let before = std::time::SystemTime::now() - std::time::Duration::from_secs(120);
    std::fs::File::options().append(true).open(&draft).and_then(|f| f.set_modified(before)).expect("a time");
    by_hand.tend(at(300)).expect("tended");
    assert!(!seed.exists() && !draft.exists());
    assert_eq!(std::fs::read(&witness).expect("what was a seed"), vec![0; bytes.len()]);
}

#[test]
fn the_next_key_is_shown_before_it_is_needed_and_both_open_meanwhile() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = load(folder.path(), GENTLE, at(0));
    let first = keys.shown(at(0)).remove(0);
    keys.tend(at(79)).expect("tended");
    assert_eq!(keys.shown(at(79)).len(), 1);
    keys.tend(at(80)).expect("tended");
    let [shown, next] = keys.shown(at(80)).try_into().expect("two keys");
    assert_eq!(shown, first);
    assert_eq!(next.verify_now(keys.root, at(80)).map(|keys| keys.key_id), Ok(next.keys.key_id));
    for now in [80, 99, 100, 119] {
        keys.tend(at(now)).expect("tended");
        assert!(keys.open(&seal(&first), &purchase()).is_ok());
        assert!(keys.open(&seal(&next), &purchase()).is_ok());
    }
    assert_eq!(keys.shown(at(100))[0], next);
    assert!(first.verify_now(keys.root, at(120)).is_err(), "no terminal seals with it any more");
}

#[test]
fn a_clock_that_is_wrong_for_a_moment_destroys_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = load(folder.path(), GENTLE, at(0));
    let first = keys.shown(at(0)).remove(0);
    keys.tend(at(400_000_000)).expect("tended");
    assert_eq!(files(folder.path()).len(), 2, "the old one and one for that time");
    keys.tend(at(1)).expect("tended");
    assert_eq!(keys.shown(at(1))[0], first);
    assert!(keys.open(&seal(&first), &purchase()).is_ok());
}

#[test]
fn a_key_made_by_hand_is_taken_up_by_the_settlement_that_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = load(folder.path(), GENTLE, at(0));
    let first = running.shown(at(0)).remove(0);
    load(folder.path(), GENTLE, at(10)).rotate(at(10)).expect("a new key");
    running.tend(at(11)).expect("tended");
    let now = running.shown(at(11)).remove(0);
    assert_ne!(now.keys.key_id, first.keys.key_id);
    assert!(running.open(&seal(&now), &purchase()).is_ok());
    assert!(running.open(&seal(&first), &purchase()).is_ok(), "what is under way still opens");
}

#[test]
fn a_root_that_is_kept_elsewhere_signs_ahead() {
    let (folder, safe) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a safe"));
    let root = load(folder.path(), ABRUPT, at(0)).root;
    let key = safe.path().join("root.key");
    std::fs::rename(folder.path().join("issuer-root.key"), &key).expect("taken away");
    let running = load(folder.path(), ABRUPT, at(1));
    assert_eq!((running.root, running.root_is_here()), (root, false));
    assert!(running.rotate(at(1)).is_err());
    assert_eq!(running.runs_out(), Some(at(100)));

    let by_hand = load(folder.path(), ABRUPT, at(2));
    let (request, grant) = (safe.path().join("request"), safe.path().join("grant"));
    ceremony::write_request(&request, &by_hand.request(3, at(2)).expect("three keys")).expect("written");
    running.tend(at(2)).expect("tended");
    assert_eq!(running.shown(at(2)).len(), 1, "what is not signed is not shown");
    let asked = ceremony::read_request(&request).expect("a request");
    let impatient = ceremony::sign(asked.clone(), &Identity::generate().expect("a key")).remove(0);
    assert!(
        running.open(&seal(&impatient), &purchase()).is_err(),
        "what the root has not signed opens nothing"
    );
    assert!(ceremony::read_grant(&request).is_err(), "a request is no grant");
    let (root_key, pin) = ceremony::root_key(&key).expect("the root");
    assert_eq!(pin, root);
    ceremony::write_grant(&grant, &ceremony::sign(asked.clone(), &root_key)).expect("written");
    by_hand.install(&ceremony::read_grant(&grant).expect("a grant")).expect("installed");

    assert_ne!(ceremony::digest(&asked), ceremony::digest(&asked[1..].to_vec()), "a digest tells them apart");
    for now in [99, 100, 199, 200, 399] {
        running.tend(at(now)).expect("tended");
        let shown = running.shown(at(now)).remove(0);
        assert!(shown.verify_now(root, at(now)).is_ok(), "a key for {now}");
        assert!(running.open(&seal(&shown), &purchase()).is_ok());
    }
    let last = running.shown(at(399)).remove(0);
    running.tend(at(400)).expect("tended");
    assert!(running.list().is_empty() && files(folder.path()).is_empty(), "all of them are over");
    // Nobody can seal any more, and every old decision and receipt can still be checked.
    assert_eq!((running.current(at(400)), running.shown(at(400))), (None, vec![last.clone()]));
    let again = load(folder.path(), ABRUPT, at(401));
    assert_eq!((again.current(at(401)), again.shown(at(401))), (None, vec![last]));
    // A ceremony that took too long still helps with what is left of its keys.
    let late = by_hand.request(2, at(400)).expect("two keys");
    by_hand.tend(at(501)).expect("tended");
    assert_eq!(by_hand.install(&ceremony::sign(late, &root_key)), Ok(1), "the first is over");
    assert!(by_hand.current(at(501)).is_none(), "it is taken up with the next look");
    by_hand.tend(at(501)).expect("tended");
    assert!(by_hand.current(at(501)).is_some());
    let impostor = Identity::generate().expect("a key");
    let forged = ceremony::sign(by_hand.request(1, at(400)).expect("a key"), &impostor);
    assert!(by_hand.install(&forged).is_err(), "another root signs in vain");
    let strange = ceremony::sign(asked, &root_key);
    assert_eq!(by_hand.install(&strange), Ok(0), "the private half of a destroyed key is nowhere");
}
