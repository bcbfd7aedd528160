//! Who may have something changed: a key with the right to watch, and one that was taken off the list, can
//! change nothing at either daemon, whatever they ask for; and what is done stands in the audit trail, with the
//! key of whoever has done it.

use std::path::Path;

use kessai_shared::operator::client::{Daemon, Operator, Place};
use kessai_shared::operator::rights::Right;
use kessai_shared::operator::trail::{self, ActRow};
use kessai_shared::operator::{seller, settlement};
use kessai_shared::pin::Pin;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;

use super::support::shop::Shop;
use super::support::until;
use super::{SELLER, SETTLEMENT, Side, hand_over_knock_key, make_key, samples, trail_samples};

/// How one of the daemons is spoken to in these tests.
pub trait Wire {
    const SIDE: Side;
    const DAEMON: Daemon;
    type Request: Serialize + std::fmt::Debug;
    type Reply: DeserializeOwned + PartialEq + std::fmt::Debug;

    /// One request of each kind.
    fn requests() -> Vec<Self::Request>;
    fn changes(request: &Self::Request) -> bool;
    fn is_no_right(reply: &Self::Reply) -> bool;
    fn wrap(request: trail::Request) -> Self::Request;
    fn unwrap(reply: Self::Reply) -> Result<trail::Reply, String>;
    fn point() -> Self::Request;
    fn position(reply: &Self::Reply) -> Option<u64>;
}

pub struct AtSeller;
pub struct AtSettlement;

impl Wire for AtSeller {
    const SIDE: Side = SELLER;
    const DAEMON: Daemon = seller::DAEMON;
    type Request = seller::Request;
    type Reply = seller::Reply;

    fn requests() -> Vec<seller::Request> {
        let trail = trail_samples::requests().into_iter().map(seller::Request::Trail);
        samples::seller_requests().into_iter().chain(trail_samples::seller_requests()).chain(trail).collect()
    }

    fn changes(request: &seller::Request) -> bool {
        request.changes()
    }

    fn is_no_right(reply: &seller::Reply) -> bool {
        *reply == seller::Reply::Refused(seller::Refusal::NoRight)
    }

    fn wrap(request: trail::Request) -> seller::Request {
        seller::Request::Trail(request)
    }

    fn unwrap(reply: seller::Reply) -> Result<trail::Reply, String> {
        match reply {
            seller::Reply::Trail(reply) => Ok(reply),
            reply => Err(format!("{reply:?}")),
        }
    }

    fn point() -> seller::Request {
        seller::Request::BackupPoint
    }

    fn position(reply: &seller::Reply) -> Option<u64> {
        match reply {
            seller::Reply::BackupPoint { position, .. } => Some(*position),
            _ => None,
        }
    }
}

impl Wire for AtSettlement {
    const SIDE: Side = SETTLEMENT;
    const DAEMON: Daemon = settlement::DAEMON;
    type Request = settlement::Request;
    type Reply = settlement::Reply;

    fn requests() -> Vec<settlement::Request> {
        let trail = trail_samples::requests().into_iter().map(settlement::Request::Trail);
        let own = samples::settlement_requests().into_iter().chain(trail_samples::settlement_requests());
        let disputes = samples::dispute_requests().into_iter().map(settlement::Request::Disputes);
        own.chain(trail).chain(disputes).collect()
    }

    fn changes(request: &settlement::Request) -> bool {
        request.changes()
    }

    fn is_no_right(reply: &settlement::Reply) -> bool {
        *reply == settlement::Reply::Refused(settlement::Refusal::NoRight)
    }

    fn wrap(request: trail::Request) -> settlement::Request {
        settlement::Request::Trail(request)
    }

    fn unwrap(reply: settlement::Reply) -> Result<trail::Reply, String> {
        match reply {
            settlement::Reply::Trail(reply) => Ok(reply),
            reply => Err(format!("{reply:?}")),
        }
    }

    fn point() -> settlement::Request {
        settlement::Request::BackupPoint
    }

    fn position(reply: &settlement::Reply) -> Option<u64> {
        match reply {
            settlement::Reply::BackupPoint { position, .. } => Some(*position),
            _ => None,
        }
    }
}

/// A daemon, spoken to with a key of one's own.
pub struct Talk<'a, W: Wire> {
    runtime: &'a Runtime,
    operator: Operator,
    wire: std::marker::PhantomData<W>,
}

impl<'a, W: Wire> Talk<'a, W> {
    /// With a key in a file, or with the data folder's own.
    pub fn with(shop: &Path, runtime: &'a Runtime, key: Option<&Path>) -> Result<Self, String> {
        let place = match key {
            None => Place::Here(W::SIDE.data(shop)),
            Some(key) => {
                let (address, pin) = W::SIDE.listens(shop);
                let knock_key = Some(key.with_extension("knock"));
                Place::There { address, pin, key: key.to_owned(), knock_key }
            }
        };
        let operator =
            runtime.block_on(Operator::reach(W::DAEMON, &place)).map_err(|failure| failure.line)?;
        Ok(Self { runtime, operator, wire: std::marker::PhantomData })
    }

    pub fn ask(&self, request: &W::Request) -> Result<W::Reply, String> {
        self.runtime.block_on(self.operator.ask(request)).map_err(|failure| failure.line)
    }

    pub fn trail(&self, request: trail::Request) -> Result<trail::Reply, String> {
        W::unwrap(self.ask(&W::wrap(request))?)
    }

    pub fn position(&self) -> u64 {
        let reply = self.ask(&W::point()).expect("an answer");
        W::position(&reply).unwrap_or_else(|| panic!("{reply:?}"))
    }

    /// All acts, the newest first.
    pub fn acts(&self) -> Vec<ActRow> {
        match self.trail(trail::Request::Acts { before: None, limit: u16::MAX }) {
            Ok(trail::Reply::Acts(page)) => page.rows,
            other => panic!("{other:?}"),
        }
    }
}

/// Waits until what somebody has changed on a list by hand is in the journal.
fn taken_over<W: Wire>(own: &Talk<'_, W>, what: &str, pin: Pin) {
    until(what, || own.acts().iter().any(|act| act.what == what && act.on == Some(trail::Subject::Key(pin))));
}

fn nobody_without_the_right_changes_anything<W: Wire>(folder: &Path, runtime: &Runtime) {
    let key = folder.join(format!("{}.watch", W::SIDE.word));
    let pin = make_key(W::SIDE, &key);
    hand_over_knock_key(folder, &pin, &key);
    let text = pin.to_string();
    W::SIDE.ask(folder, &["operators", "allow", &text, "--watch"]).with(0);
    let own = Talk::<W>::with(folder, runtime, None).expect("the folder's own key");
    taken_over(&own, "operator allowed to watch", pin);
    let mut watcher = None;
    until("a key that is let in", || {
        watcher =
            Talk::<W>::with(folder, runtime, Some(&key)).ok().filter(|talk| talk.ask(&W::point()).is_ok());
        watcher.is_some()
    });
    let watcher = watcher.expect("it is let in");
    let before = own.position();
    let (mut refused, mut answered) = (0, 0);
    for request in W::requests() {
        let reply = watcher.ask(&request).unwrap_or_else(|why| panic!("{request:?}: {why}"));
        assert_eq!(W::is_no_right(&reply), W::changes(&request), "{request:?}: {reply:?}");
        if W::changes(&request) { refused += 1 } else { answered += 1 }
    }
    assert!(refused >= 11 && answered >= 11, "{refused} refused, {answered} answered");
    assert_eq!(own.position(), before, "a record was written for somebody who may only watch");
    // Another right is in force at once, on the connection that is there.
    let allow = trail::Request::AllowOperator { pin, right: Right::Act, reason: "day shift".to_owned() };
    assert!(matches!(own.trail(allow), Ok(trail::Reply::Done { position: Some(_) })));
    let away = trail::Request::Disconnect {
        endpoint: kessai_shared::operator::Endpoint::Operator,
        pin: Pin([9; 32]),
        reason: String::new(),
    };
    assert!(matches!(watcher.trail(away.clone()), Ok(trail::Reply::Done { position: Some(_) })));
    let acts = own.acts();
    assert_eq!((acts[0].by, acts[0].what.as_str()), (pin, "connections closed"));
    assert_eq!((acts[1].what.as_str(), acts[1].reason.as_str()), ("operator allowed", "day shift"));
    // Whoever is taken off the list by hand changes nothing either, and is not let in again.
    W::SIDE.ask(folder, &["operators", "remove", &text]).with(0);
    until("a connection that is closed", || watcher.ask(&W::point()).is_err());
    taken_over(&own, "operator removed", pin);
    let before = own.position();
    for request in W::requests().iter().filter(|request| W::changes(request)).take(3) {
        assert!(watcher.ask(request).is_err());
        let again = Talk::<W>::with(folder, runtime, Some(&key)).and_then(|talk| talk.ask(request));
        assert!(again.is_err(), "{request:?}: {again:?}");
    }
    assert_eq!(own.position(), before);
}

#[test]
fn a_key_that_may_only_watch_reads_no_expiry_of_a_card() {
    let folder = tempfile::tempdir().expect("a folder");
    let _shop = Shop::open(folder.path());
    let runtime = Runtime::new().expect("a runtime");
    let key = folder.path().join("watch");
    let pin = make_key(SETTLEMENT, &key);
    hand_over_knock_key(folder.path(), &pin, &key);
    SETTLEMENT.ask(folder.path(), &["operators", "allow", &pin.to_string(), "--watch"]).with(0);
    let mut watcher = None;
    until("a key that is let in", || {
        watcher = Talk::<AtSettlement>::with(folder.path(), &runtime, Some(&key)).ok();
        watcher.as_ref().is_some_and(|talk| talk.ask(&AtSettlement::point()).is_ok())
    });
    let watcher = watcher.expect("it is let in");
    let own = Talk::<AtSettlement>::with(folder.path(), &runtime, None).expect("the folder's own key");
    let expiries = |talk: &Talk<'_, AtSettlement>, request: settlement::Request| match talk.ask(&request) {
        Ok(settlement::Reply::Accounts(page)) => page.rows.iter().map(|row| row.expiry).collect(),
        Ok(settlement::Reply::Account(detail)) => vec![detail.row.expiry],
        other => panic!("{other:?}"),
    };
    let all = settlement::Request::Accounts { after: None, limit: 10 };
    let Ok(settlement::Reply::Accounts(page)) = own.ask(&all) else { panic!("no accounts") };
    let account = page.rows.first().expect("an account").account;
    let prefix = account.to_string()[..8].to_owned();
    for request in [
        all,
        settlement::Request::FindAccounts { prefix, after: None, limit: 10 },
        settlement::Request::Account { account },
    ] {
        let (seen, left_out) = (expiries(&own, request.clone()), expiries(&watcher, request));
        assert!(!seen.is_empty() && seen.iter().all(Option::is_some), "{seen:?}");
        assert_eq!(left_out, vec![None; seen.len()]);
    }
}

#[test]
fn lists_of_keys_are_told_page_by_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let _shop = Shop::open(folder.path());
    let runtime = Runtime::new().expect("a runtime");
    let pins: Vec<Pin> =
        (1..=450_u16).map(|nth| Pin(std::array::from_fn(|at| nth.to_be_bytes()[at % 2]))).collect();
    let lines: String = pins.iter().map(|pin| format!("{pin}\n")).collect();
    let data = SETTLEMENT.data(folder.path());
    // A silent daemon knows the knocks of a few hundred keys only, so it is the seller that has many operators.
    std::fs::write(SELLER.data(folder.path()).join("operators.txt"), &lines).expect("a list");
    let sellers = std::fs::read_to_string(data.join("sellers.txt")).expect("a list");
    std::fs::write(data.join("sellers.txt"), format!("{sellers}\n{lines}")).expect("a list");
    let listed = |name: &str| {
        let list = SETTLEMENT.json(folder.path(), &["sellers", "list", "--limit", name]);
        (list["sellers"].as_array().map(Vec::len), list["next"].is_null())
    };
    until("a list that is taken over", || listed("1000") == (Some(451), true));
    assert_eq!(listed("300"), (Some(300), false));
    let own = Talk::<AtSeller>::with(folder.path(), &runtime, None).expect("the folder's own key");
    until("a list that is taken over", || own.acts().iter().any(|act| act.on.is_some()));
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let asked = own.trail(trail::Request::Operators { after, limit: u16::MAX });
        let Ok(trail::Reply::Operators { listed, .. }) = asked else { panic!("{asked:?}") };
        assert!(listed.rows.len() <= 200);
        found.extend(listed.rows.into_iter().map(|(pin, _)| pin));
        after = listed.next;
        if after.is_none() {
            break;
        }
    }
    let mut pins = pins;
    pins.sort();
    assert_eq!(found, pins);
}

#[test]
fn who_may_watch_or_was_revoked_changes_nothing_at_either_daemon() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    shop.until_in_charge();
    let runtime = Runtime::new().expect("a runtime");
    nobody_without_the_right_changes_anything::<AtSeller>(folder.path(), &runtime);
    nobody_without_the_right_changes_anything::<AtSettlement>(folder.path(), &runtime);
}
