//! Who may ask: the folder's own key, and the keys on the list, for as long as they are on it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use kessai_shared::identity::Identity;
use kessai_shared::operator::client::{Operator, Place};
use kessai_shared::operator::seller::{Reply, Request};

use super::support::shop::Shop;
use super::support::until;
use super::{SELLER, SETTLEMENT, ask_there, hand_over_knock_key, make_key};

#[test]
fn a_stranger_gets_nothing_and_a_listed_key_is_answered_from_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    for side in [SELLER, SETTLEMENT] {
        let (there, key) = (side.listens(folder.path()), folder.path().join(format!("{}.key", side.word)));
        assert!(there.0.ip().is_loopback(), "{} listens for everybody", side.word);
        let own = make_key(side, &key);
        assert_eq!(fs::metadata(&key).expect("a key").permissions().mode() & 0o777, 0o600);
        let cure = format!("run: {} operators allow {own}", side.program);
        let why = if side.word == SETTLEMENT.word {
            let ended = ask_there(side, there, &key, &["peers"]);
            assert!(ended.one_line(2).contains("--knock-key"), "{ended:?}");
            hand_over_knock_key(folder.path(), &own, &key);
            "it is silent to this key"
        } else {
            "does not take this operator's key"
        };
        let ended = ask_there(side, there, &key, &["peers"]);
        let line = ended.one_line(1);
        assert!(line.contains(why) && line.contains(&cure), "{line}");
        assert_eq!(side.ask(folder.path(), &["operators", "allow", &own.to_string()]).code, Some(0));
        until("a key that is let in", || ask_there(side, there, &key, &["status"]).code == Some(0));
        // The one who asks; who asked before is gone a moment later.
        until("one operator", || side.json(folder.path(), &["peers"])["totals"]["operator"] == 1);
        let listed = side.json(folder.path(), &["operators", "list"]);
        assert_eq!(listed["listed"], serde_json::json!([own.to_string()]));
        assert_ne!(listed["own"], listed["listed"][0]);
    }
    shop.until_said("refused a key that is not on the list");
}

#[test]
fn a_wrong_pin_a_missing_key_and_the_other_daemon_are_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let _shop = Shop::open(folder.path());
    let (address, pin) = SELLER.listens(folder.path());
    let key = folder.path().join("operator.key");
    let told = |ended: super::Ended, what: &str| {
        let line = ended.one_line(1);
        assert!(line.contains(what), "{line}");
    };
    told(ask_there(SELLER, (address, pin), &key, &["status"]), "there is no key; make one with");
    let own = make_key(SELLER, &key);
    told(ask_there(SELLER, (address, own), &key, &["status"]), "is not the seller with the pin");
    for side in [SELLER, SETTLEMENT] {
        assert_eq!(side.ask(folder.path(), &["operators", "allow", &own.to_string()]).code, Some(0));
    }
    hand_over_knock_key(folder.path(), &own, &key);
    until("a key that is let in", || {
        ask_there(SELLER, (address, pin), &key, &["status"]).code == Some(0)
            && ask_there(SETTLEMENT, SETTLEMENT.listens(folder.path()), &key, &["status"]).code == Some(0)
    });
    // Whoever is let in by both still does not say to one what was meant for the other.
    let silence = ask_there(SELLER, SETTLEMENT.listens(folder.path()), &key, &["status"]);
    told(silence, "no seller answers operators at");
    told(
        ask_there(SETTLEMENT, (address, pin), &key, &["status"]),
        "speaks another language: is it a settlement, and of this version",
    );
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let nowhere = silent.local_addr().expect("an address");
    told(ask_there(SELLER, (nowhere, pin), &key, &["status"]), "no seller answers operators at");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("open to all");
    told(ask_there(SELLER, (address, pin), &key, &["status"]), "chmod 600");
    assert_eq!(
        super::run(["kessai-server", "status", "--at", "127.0.0.1:1"]).code,
        Some(2),
        "no pin, no key"
    );
}

#[test]
fn a_key_that_is_removed_loses_its_live_connection_and_nobody_else_theirs() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let (address, pin) = SELLER.listens(folder.path());
    let files = ["one", "two"].map(|name| folder.path().join(name));
    let pins = files.each_ref().map(|file| make_key(SELLER, file).to_string());
    for pin in &pins {
        assert_eq!(SELLER.ask(folder.path(), &["operators", "allow", pin]).code, Some(0));
    }
    until("both let in", || {
        files.iter().all(|key| ask_there(SELLER, (address, pin), key, &["status"]).code == Some(0))
    });
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let connect = |key: &std::path::PathBuf| {
        let place = Place::There { address, pin, key: key.clone(), knock_key: None };
        runtime.block_on(Operator::reach(kessai_server::operator::SELLER, &place)).expect("connected")
    };
    let (one, two) = (connect(&files[0]), connect(&files[1]));
    let ask = |operator: &Operator| runtime.block_on(operator.ask::<_, Reply>(&Request::Status));
    assert!(matches!(ask(&one), Ok(Reply::Status(_))) && matches!(ask(&two), Ok(Reply::Status(_))));
    assert_eq!(SELLER.ask(folder.path(), &["operators", "remove", &pins[0]]).code, Some(0));
    until("a connection that is closed", || ask(&one).is_err());
    let why = ask(&one).expect_err("a failure").line;
    assert!(why.contains("does not take this operator's key"), "{why}");
    assert!(matches!(ask(&two), Ok(Reply::Status(_))), "the other one is not disturbed");
    let again = SELLER.ask(folder.path(), &["operators", "remove", &pins[0]]);
    assert!(again.one_line(1).contains("is not on the list of operators"), "{again:?}");
    // A slip of the pen changes nothing: who was let in stays so.
    fs::write(SELLER.data(folder.path()).join("operators.txt"), "nonsense\n").expect("a list");
    until("the slip to be told", || shop.complaints().contains("the list of operators stays as it was"));
    assert!(matches!(ask(&two), Ok(Reply::Status(_))));
}

#[test]
fn one_key_has_a_few_connections_and_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let _shop = Shop::open(folder.path());
    let (address, pin) = SELLER.listens(folder.path());
    let key = folder.path().join("seller/keys/operator.key");
    assert_eq!(fs::metadata(&key).expect("a key").permissions().mode() & 0o777, 0o600);
    Identity::load_or_create(&key).expect("the folder's own key");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let place = Place::There { address, pin, key, knock_key: None };
    let mut live = Vec::new();
    let refused = runtime.block_on(async {
        loop {
            let operator = match Operator::reach(kessai_server::operator::SELLER, &place).await {
                Ok(operator) => operator,
                Err(failure) => return failure.line,
            };
            // A server may refuse a connection only after it seemed made.
            match operator.ask::<_, Reply>(&Request::Status).await {
                Ok(_) => live.push(operator),
                Err(failure) => return failure.line,
            }
        }
    });
    assert!(live.len() == 16 && refused.contains("as many connections"), "{} {refused}", live.len());
    assert_eq!(SELLER.ask(folder.path(), &["status"]).code, Some(1));
    runtime.block_on(async {
        for operator in live {
            operator.leave().await;
        }
    });
    until("places that are free again", || SELLER.ask(folder.path(), &["status"]).code == Some(0));
}
