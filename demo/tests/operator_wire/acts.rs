//! One act of each kind at both daemons, in an operator's name: each stands in the audit trail, in the journal
//! at the position that was told, and there still after the daemon was killed.

use std::fs;
use std::path::Path;

use kessai_shared::ids::{ChargebackId, OrderId, RepaymentId, ReturnId, Sku};
use kessai_shared::money::Minor;
use kessai_shared::operator::Endpoint;
use kessai_shared::operator::account::{AccountAct, BlockedAs};
use kessai_shared::operator::disputes;
use kessai_shared::operator::rights::Right;
use kessai_shared::operator::seller::{Reason, Reply as SellerReply, Request as AskSeller};
use kessai_shared::operator::settlement::{
    AccountRef, Charged, Refusal, Reply as SettlementReply, Request as AskSettlement,
};
use kessai_shared::operator::trail::{self, ActRow, Request, Subject};
use kessai_shared::outcome::ChargebackReason;
use kessai_shared::pin::Pin;
use kessai_shared::storefront::Line;
use tokio::runtime::Runtime;

use super::rights::{AtSeller, AtSettlement, Talk, Wire};
use super::support::books::verify;
use super::support::shop::Shop;
use super::support::until;
use super::{SELLER, SETTLEMENT, Side, hand_over_knock_key, make_key, run};

const SOMEBODY: Pin = Pin([9; 32]);

/// Has a daemon make backups, which it begins to do when it is started again.
fn with_backups(shop: &Shop, folder: &Path, side: Side, settings: &str) {
    let at = |name: &str| folder.join(format!("{}-{name}", side.word)).display().to_string();
    let (key, to) = (at("backup.key"), at("backups"));
    run([side.program, "backup", "key", "--out", &key]).with(0);
    let file = side.data(folder).join(settings);
    let text = fs::read_to_string(&file).unwrap_or_default();
    let plan = format!("backup_to = '{to}'\nbackup_key = '{key}'\nbackup_every = 86400\n");
    fs::write(&file, format!("{text}{plan}")).expect("settings");
    shop.kill_daemon(side.program);
    until("a daemon that makes backups", || {
        side.ask(folder, &["status", "--json"]).out.contains("every_seconds")
    });
}

/// An operator with a key of one's own, who may act.
fn operator<'a, W: Wire>(folder: &Path, runtime: &'a Runtime) -> (Talk<'a, W>, Pin) {
    let key = folder.join(format!("{}.act", W::SIDE.word));
    let pin = make_key(W::SIDE, &key);
    hand_over_knock_key(folder, &pin, &key);
    W::SIDE.ask(folder, &["operators", "allow", &pin.to_string()]).with(0);
    let mut talk = None;
    until("a key that is let in", || {
        talk = Talk::with(folder, runtime, Some(&key))
            .ok()
            .filter(|talk: &Talk<'_, W>| talk.ask(&W::point()).is_ok());
        talk.is_some()
    });
    (talk.expect("it is let in"), pin)
}

/// A daemon that was started again, with the folder's own key.
fn reached<'a, W: Wire>(folder: &Path, runtime: &'a Runtime) -> Talk<'a, W> {
    let mut talk = None;
    until("a daemon again", || {
        talk =
            Talk::with(folder, runtime, None).ok().filter(|talk: &Talk<'_, W>| talk.ask(&W::point()).is_ok());
        talk.is_some()
    });
    talk.expect("it is reached")
}

/// What somebody has done, the oldest first, each held against the record at its position.
fn done_by<W: Wire>(talk: &Talk<'_, W>, by: Pin) -> Vec<ActRow> {
    let mut acts = talk.acts();
    acts.reverse();
    let theirs: Vec<ActRow> = acts.into_iter().filter(|act| act.by == by).collect();
    for act in &theirs {
        let Ok(trail::Reply::Record(record)) = talk.trail(Request::Record { position: act.position }) else {
            panic!("no record {}", act.position)
        };
        assert_eq!((record.position, record.at, record.by), (act.position, act.at, Some(by)), "{record:?}");
        assert!(act.on.is_none() || record.on == act.on, "{act:?} {record:?}");
    }
    theirs
}

/// It is found by what is typed of it, with the searches of the dashboard.
fn is_found(folder: &Path, dropped: OrderId) {
    let short = &dropped.to_string()[..35];
    let found = SELLER.json(folder, &["orders", "find", short, "cancelled", "tea-mu"]);
    assert_eq!(found["orders"].as_array().map(Vec::len), Some(1), "{found:#}");
    assert_eq!(found["orders"][0]["order"], dropped.to_string());
    let none = SELLER.json(folder, &["orders", "find", short, "completed"]);
    assert_eq!(none["orders"].as_array().map(Vec::len), Some(0));
    assert_eq!(SELLER.json(folder, &["stock", "find", "mugi"])["products"][0]["sku"], "TEA-MUGI");
}

/// One act of each kind at the settlement, about this order and its account.
fn settlement_acts(of: Charged, account: AccountRef, reason: &str) -> [AskSettlement; 11] {
    let on = |act| AskSettlement::ActOn { account, act };
    let block = AccountAct::Block { status: BlockedAs::Restricted, why: "a call".to_owned() };
    let charge_back = disputes::Request::ChargeBack {
        id: ChargebackId::from_bytes([5; 16]),
        of,
        amount: Minor(100),
        reason: ChargebackReason::NotReceived,
    };
    let reason = || reason.to_owned();
    [
        AskSettlement::ReloadPolicy,
        on(block),
        on(AccountAct::Unblock { same_card: true }),
        on(AccountAct::Limit { limit: Minor(90_000) }),
        on(AccountAct::Repay { repayment: RepaymentId::from_bytes([6; 16]), amount: Minor(50) }),
        AskSettlement::ShowCard { account, reason: reason() },
        AskSettlement::Disputes(charge_back),
        AskSettlement::CloseBatch { seller: of.seller },
        AskSettlement::AllowSeller { seller: SOMEBODY, reason: reason() },
        AskSettlement::RevokeSeller { seller: SOMEBODY, reason: reason() },
        AskSettlement::Rekey { reason: reason() },
    ]
}

fn whats(acts: &[ActRow]) -> Vec<&str> {
    acts.iter().map(|act| act.what.as_str()).collect()
}

fn bought(shop: &Shop) -> OrderId {
    let order = shop.terminal().buy_json("Approved", &["TEA-MUGI=2"], 0);
    order["order"].as_str().expect("an order").parse().expect("an id")
}

#[test]
fn every_act_at_the_seller_is_in_its_audit_trail_with_the_operators_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let runtime = Runtime::new().expect("a runtime");
    with_backups(&shop, folder.path(), SELLER, "server.toml");
    let (kept, dropped) = (bought(&shop), bought(&shop));
    let (talk, by) = operator::<AtSeller>(folder.path(), &runtime);
    let sku = Sku::new("TEA-MUGI").expect("a SKU");
    let line = Line { sku, quantity: 1 };
    let id = ReturnId::from_bytes([7; 16]);
    let acts = [
        AskSeller::Ship { order: kept, lines: Vec::new(), tracking: None },
        AskSeller::Deliver { order: kept },
        AskSeller::Return { id, order: kept, lines: vec![line], restock: true },
        AskSeller::Cancel { order: dropped },
        AskSeller::Receive { sku, pieces: 12, note: "a van".to_owned() },
        AskSeller::Adjust { sku, pieces: -1, reason: Reason::Damaged },
    ];
    for act in acts {
        if let AskSeller::Deliver { order } = act {
            until("goods that have left", || {
                SELLER.json(folder.path(), &["orders", "show", &order.to_string()])["fulfilment"] == "shipped"
            });
        }
        let reply = talk.ask(&act).expect("an answer");
        assert!(!matches!(reply, SellerReply::Refused(_)), "{act:?}: {reply:?}");
    }
    let (pin, reason) = (SOMEBODY, "an audit".to_owned());
    let alike = [
        Request::AllowOperator { pin, right: Right::Watch, reason: reason.clone() },
        Request::RemoveOperator { pin, reason: reason.clone() },
        Request::Disconnect { endpoint: Endpoint::Open, pin, reason: reason.clone() },
        Request::BackUp { reason: reason.clone() },
    ];
    for act in alike {
        talk.trail(act.clone()).unwrap_or_else(|why| panic!("{act:?}: {why}"));
    }
    let again = Request::RemoveOperator { pin, reason: reason.clone() };
    assert_eq!(talk.trail(again), Ok(trail::Reply::Done { position: None }), "it is so already");
    let long = Request::BackUp { reason: "x".repeat(121) };
    assert!(talk.trail(long).is_err_and(|why| why.contains("one line of at most 120 bytes")));
    let acts = done_by(&talk, by);
    let all = [
        "ship",
        "deliver",
        "return",
        "cancel",
        "receive",
        "adjust",
        "operator allowed to watch",
        "operator removed",
        "connections closed",
        "backup",
    ];
    assert_eq!(whats(&acts), all);
    assert_eq!((acts[0].on, acts[4].reason.as_str()), (Some(Subject::Order(kept)), "12 pieces: a van"));
    assert!(acts[6..].iter().all(|act| act.reason == reason));
    is_found(folder.path(), dropped);
    shop.kill_daemon(SELLER.program);
    let again = reached::<AtSeller>(folder.path(), &runtime);
    assert_eq!(done_by(&again, by), acts);
    let first: Vec<_> = again.acts().into_iter().filter(|act| act.reason == "found on the list").collect();
    assert_eq!(whats(&first), ["operator allowed"], "by hand, and recorded once");
    verify(folder.path());
}

#[test]
fn every_act_at_the_settlement_is_in_its_audit_trail_with_the_operators_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let runtime = Runtime::new().expect("a runtime");
    with_backups(&shop, folder.path(), SETTLEMENT, "settlement.toml");
    let order = bought(&shop);
    let (_, seller) = SELLER.listens(folder.path());
    SELLER.ask(folder.path(), &["orders", "ship", &order.to_string()]).with(0);
    let of = Charged { seller, order };
    let charge =
        || SETTLEMENT.json(folder.path(), &["orders", "show", &seller.to_string(), &order.to_string()]);
    until("a capture", || charge()["state"] == "captured");
    let account: AccountRef = charge()["account"].as_str().expect("an account").parse().expect("an account");
    let (talk, by) = operator::<AtSettlement>(folder.path(), &runtime);
    let reason = "an audit".to_owned();
    let policy = SETTLEMENT.data(folder.path()).join("policy.toml");
    fs::write(&policy, "version = 7\nmax_months_late = 1\n").expect("a policy");
    let acts = settlement_acts(of, account, &reason);
    for act in &acts {
        let reply = talk.ask(act).expect("an answer");
        assert!(!matches!(reply, SettlementReply::Refused(_)), "{act:?}: {reply:?}");
        if let SettlementReply::CardShown { last_four, .. } = reply {
            assert!(last_four.len() == 4 && last_four.bytes().all(|byte| byte.is_ascii_digit()));
        }
    }
    talk.trail(Request::BackUp { reason: reason.clone() }).expect("a backup");
    // Nobody is shown a card without saying why, and nothing is recorded then.
    let before = talk.position();
    let nosy = talk.ask(&AskSettlement::ShowCard { account, reason: String::new() });
    assert!(
        matches!(nosy, Ok(SettlementReply::Refused(Refusal::NotDone(why))) if why.contains("a reason is needed"))
    );
    assert_eq!(talk.position(), before);
    let acts = done_by(&talk, by);
    let all = [
        "policy adopted",
        "blocked",
        "unblocked",
        "limited",
        "repaid",
        "card shown",
        "charged back",
        "batch closed",
        "seller allowed",
        "seller revoked",
        "rekey",
        "backup",
    ];
    assert_eq!(whats(&acts), all);
    assert_eq!(
        (acts[1].on, acts[1].reason.as_str()),
        (Some(Subject::Account(account)), "restricted: a call")
    );
    let sellers = SETTLEMENT.json(folder.path(), &["sellers", "list"]);
    assert_eq!(sellers["sellers"].as_array().map(Vec::len), Some(1), "{sellers:#}");
    let short = &account.to_string()[..31];
    let found = SETTLEMENT.json(folder.path(), &["accounts", "find", short]);
    assert_eq!(found["accounts"][0]["account"], account.to_string());
    shop.kill_daemon(SETTLEMENT.program);
    let again = reached::<AtSettlement>(folder.path(), &runtime);
    assert_eq!(done_by(&again, by), acts);
    verify(folder.path());
}
