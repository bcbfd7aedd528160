//! What an operator can have done from the dashboard, and to what. Each act is one request to one daemon; what
//! it asks for besides is typed, and nothing is sent before the question about it was answered with yes.

mod doing;
mod menu;

use kessai_shared::digest::sha256;
use kessai_shared::ids::{OrderId, ReturnId, Sku};
use kessai_shared::money::Minor;
use kessai_shared::operator::Endpoint;
use kessai_shared::operator::account::{AccountAct, BlockedAs};
use kessai_shared::operator::rights::Right;
use kessai_shared::operator::seller::{Reason, Request as AskSeller};
use kessai_shared::operator::settlement::{AccountRef, Request as AskSettlement};
use kessai_shared::operator::trail::{MAX_REASON_BYTES, Request as AskTrail};
use kessai_shared::pin::Pin;
use kessai_shared::storefront::Line;
use kessai_shared::time::Timestamp;

use super::event::{Daemon, Question};
use super::table::trail;
use crate::words::Message;

pub use doing::Doing;
pub use menu::{Drill, Menu};

/// What is acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// An order, with what of it has left and did not come back yet.
    Order(OrderId, Vec<Line>),
    Product(Sku),
    Account(AccountRef),
    Key(Daemon, Option<Endpoint>, Pin),
    /// The daemons themselves.
    Daemons,
}

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Ship,
    Deliver,
    Cancel,
    ReturnRestock,
    ReturnWriteOff,
    Receive,
    Found,
    Damaged,
    Lost,
    BlockLost,
    BlockStolen,
    BlockRestricted,
    Unblock,
    Limit,
    ShowCard,
    Disconnect,
    AllowSeller,
    RevokeSeller,
    AllowOperator,
    WatchOperator,
    RemoveOperator,
    BackUp(Daemon),
    Promote(Daemon),
    Rekey,
    ReloadPolicy,
}

/// What is typed for an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Nothing,
    /// A line for the audit trail.
    Reason,
    /// The same, which may not be empty.
    Why,
    /// So many pieces.
    Pieces,
    /// An amount in minor units.
    Amount,
    /// A key's pin.
    Key,
}

impl Need {
    /// The id of what is asked for.
    pub const fn hint(self) -> &'static str {
        match self {
            Need::Nothing => "dash-need-nothing",
            Need::Reason => "dash-need-reason",
            Need::Why => "dash-need-why",
            Need::Pieces => "dash-need-pieces",
            Need::Amount => "dash-need-amount",
            Need::Key => "dash-need-key",
        }
    }

    pub const fn max_bytes(self) -> usize {
        match self {
            Need::Nothing | Need::Reason | Need::Why => MAX_REASON_BYTES,
            Need::Pieces | Need::Amount => 19,
            Need::Key => 64,
        }
    }
}

impl About {
    /// What can be done about it, by daemons that are watched.
    pub fn acts(&self, seller: bool, settlement: bool) -> Vec<Act> {
        let both = |daemon| match daemon {
            Daemon::Seller => seller,
            Daemon::Settlement => settlement,
        };
        let acts: &[Act] = match self {
            About::Order(_, gone) if gone.is_empty() => &[Act::Ship, Act::Deliver, Act::Cancel],
            About::Order(..) => {
                &[Act::Ship, Act::Deliver, Act::Cancel, Act::ReturnRestock, Act::ReturnWriteOff]
            }
            About::Product(_) => &[Act::Receive, Act::Found, Act::Damaged, Act::Lost],
            About::Account(_) => &[
                Act::BlockRestricted,
                Act::BlockLost,
                Act::BlockStolen,
                Act::Unblock,
                Act::Limit,
                Act::ShowCard,
            ],
            About::Key(_, Some(Endpoint::Closed), _) => {
                &[Act::Disconnect, Act::AllowSeller, Act::RevokeSeller]
            }
            About::Key(_, Some(Endpoint::Operator), _) => {
                &[Act::Disconnect, Act::AllowOperator, Act::WatchOperator, Act::RemoveOperator]
            }
            About::Key(_, Some(Endpoint::Open), _) => &[Act::Disconnect],
            About::Key(Daemon::Settlement, None, _) => &[
                Act::AllowSeller,
                Act::RevokeSeller,
                Act::AllowOperator,
                Act::WatchOperator,
                Act::RemoveOperator,
            ],
            About::Key(Daemon::Seller, None, _) => {
                &[Act::AllowOperator, Act::WatchOperator, Act::RemoveOperator]
            }
            About::Daemons => &[
                Act::BackUp(Daemon::Seller),
                Act::BackUp(Daemon::Settlement),
                Act::Promote(Daemon::Seller),
                Act::Promote(Daemon::Settlement),
                Act::Rekey,
                Act::ReloadPolicy,
                Act::AllowSeller,
            ],
        };
        acts.iter().copied().filter(|act| both(self.daemon(*act))).collect()
    }

    /// Which daemon does it.
    pub const fn daemon(&self, act: Act) -> Daemon {
        match act {
            Act::Ship
            | Act::Deliver
            | Act::Cancel
            | Act::ReturnRestock
            | Act::ReturnWriteOff
            | Act::Receive
            | Act::Found
            | Act::Damaged
            | Act::Lost => Daemon::Seller,
            Act::BlockLost
            | Act::BlockStolen
            | Act::BlockRestricted
            | Act::Unblock
            | Act::Limit
            | Act::ShowCard
            | Act::AllowSeller
            | Act::RevokeSeller
            | Act::Rekey
            | Act::ReloadPolicy => Daemon::Settlement,
            Act::BackUp(daemon) | Act::Promote(daemon) => daemon,
            Act::Disconnect | Act::AllowOperator | Act::WatchOperator | Act::RemoveOperator => match self {
                About::Key(daemon, _, _) => *daemon,
                About::Order(..) | About::Product(_) | About::Account(_) | About::Daemons => Daemon::Seller,
            },
        }
    }

    /// What it is called in the question before the act.
    pub fn name(&self) -> String {
        match self {
            About::Order(order, _) => order.to_string(),
            About::Product(sku) => sku.to_string(),
            About::Account(account) => account.to_string(),
            About::Key(_, _, pin) => pin.to_string(),
            About::Daemons => String::new(),
        }
    }

    /// What is typed for an act.
    pub const fn need(&self, act: Act) -> Need {
        match act {
            Act::Ship
            | Act::Deliver
            | Act::Cancel
            | Act::ReturnRestock
            | Act::ReturnWriteOff
            | Act::Unblock
            | Act::Promote(_)
            | Act::ReloadPolicy => Need::Nothing,
            Act::Receive | Act::Found | Act::Damaged | Act::Lost => Need::Pieces,
            Act::Limit => Need::Amount,
            Act::BlockLost | Act::BlockStolen | Act::BlockRestricted | Act::ShowCard => Need::Why,
            Act::AllowSeller if matches!(self, About::Daemons) => Need::Key,
            Act::Disconnect
            | Act::AllowSeller
            | Act::RevokeSeller
            | Act::AllowOperator
            | Act::WatchOperator
            | Act::RemoveOperator
            | Act::BackUp(_)
            | Act::Rekey => Need::Reason,
        }
    }

    /// The request that goes with it and what was typed. `opened` is when the form was opened: what needs an id
    /// of its own has it from there, so that the same form does nothing twice.
    ///
    /// # Errors
    /// What has to be typed instead.
    pub fn request(&self, act: Act, typed: &str, opened: Timestamp) -> Result<Question, Message> {
        let typed = typed.trim();
        let reason = || typed.to_owned();
        let why = || if typed.is_empty() { Err(Message::new("dash-why-missing")) } else { Ok(reason()) };
        let pieces = || typed.parse::<u32>().ok().filter(|pieces| *pieces > 0);
        let pieces = || pieces().ok_or_else(|| Message::new("dash-pieces-wrong"));
        let amount = || typed.parse::<i64>().ok().filter(|amount| *amount >= 0).map(Minor);
        let nothing = || Message::new("dash-nothing-done");
        Ok(match (self, act) {
            (About::Order(order, gone), act) => Question::Seller(of_order(*order, gone, act, opened)?),
            (About::Product(sku), act) => Question::Seller(of_product(*sku, act, pieces()?)?),
            (About::Account(account), Act::ShowCard) => {
                Question::Settlement(AskSettlement::ShowCard { account: *account, reason: why()? })
            }
            (About::Account(account), act) => {
                let block = |status| Ok(AccountAct::Block { status, why: why()? });
                let act = match act {
                    Act::BlockLost => block(BlockedAs::Lost)?,
                    Act::BlockStolen => block(BlockedAs::Stolen)?,
                    Act::BlockRestricted => block(BlockedAs::Restricted)?,
                    Act::Unblock => AccountAct::Unblock { same_card: true },
                    Act::Limit => {
                        let limit = amount().ok_or_else(|| Message::new("dash-amount-wrong"))?;
                        AccountAct::Limit { limit }
                    }
                    _of_something_else => return Err(nothing()),
                };
                Question::Settlement(AskSettlement::ActOn { account: *account, act })
            }
            (About::Key(daemon, endpoint, pin), act) => of_key((*daemon, *endpoint, *pin), act, reason())?,
            (About::Daemons, Act::BackUp(daemon)) => trail(daemon, AskTrail::BackUp { reason: reason() }),
            (About::Daemons, Act::Promote(Daemon::Seller)) => {
                Question::Seller(AskSeller::Promote { force: false })
            }
            (About::Daemons, Act::Promote(Daemon::Settlement)) => {
                Question::Settlement(AskSettlement::Promote { force: false })
            }
            (About::Daemons, Act::Rekey) => Question::Settlement(AskSettlement::Rekey { reason: reason() }),
            (About::Daemons, Act::ReloadPolicy) => Question::Settlement(AskSettlement::ReloadPolicy),
            (About::Daemons, Act::AllowSeller) => {
                let seller = typed.parse().map_err(|_| Message::new("dash-key-wrong"))?;
                Question::Settlement(AskSettlement::AllowSeller { seller, reason: String::new() })
            }
            (About::Daemons, _of_something_else) => return Err(nothing()),
        })
    }
}

fn of_order(order: OrderId, gone: &[Line], act: Act, opened: Timestamp) -> Result<AskSeller, Message> {
    let back = |restock| {
        let parts: [&[u8]; 3] = [b"kessai-dashboard-return-1", order.as_bytes(), &opened.0.to_le_bytes()];
        let mut id = [0; 16];
        id.copy_from_slice(&sha256(&parts)[..16]);
        AskSeller::Return { id: ReturnId::from_bytes(id), order, lines: gone.to_vec(), restock }
    };
    match act {
        Act::Ship => Ok(AskSeller::Ship { order, lines: Vec::new(), tracking: None }),
        Act::Deliver => Ok(AskSeller::Deliver { order }),
        Act::Cancel => Ok(AskSeller::Cancel { order }),
        Act::ReturnRestock => Ok(back(true)),
        Act::ReturnWriteOff => Ok(back(false)),
        _of_something_else => Err(Message::new("dash-nothing-done")),
    }
}

fn of_product(sku: Sku, act: Act, pieces: u32) -> Result<AskSeller, Message> {
    let adjust = |pieces: i64, reason| AskSeller::Adjust { sku, pieces, reason };
    match act {
        Act::Receive => Ok(AskSeller::Receive { sku, pieces, note: String::new() }),
        Act::Found => Ok(adjust(i64::from(pieces), Reason::Found)),
        Act::Damaged => Ok(adjust(-i64::from(pieces), Reason::Damaged)),
        Act::Lost => Ok(adjust(-i64::from(pieces), Reason::Lost)),
        _of_something_else => Err(Message::new("dash-nothing-done")),
    }
}

fn of_key(
    (daemon, endpoint, pin): (Daemon, Option<Endpoint>, Pin),
    act: Act,
    reason: String,
) -> Result<Question, Message> {
    let allow = |right, reason| trail(daemon, AskTrail::AllowOperator { pin, right, reason });
    Ok(match (act, endpoint) {
        (Act::Disconnect, Some(endpoint)) => trail(daemon, AskTrail::Disconnect { endpoint, pin, reason }),
        (Act::AllowSeller, _) => Question::Settlement(AskSettlement::AllowSeller { seller: pin, reason }),
        (Act::RevokeSeller, _) => Question::Settlement(AskSettlement::RevokeSeller { seller: pin, reason }),
        (Act::AllowOperator, _) => allow(Right::Act, reason),
        (Act::WatchOperator, _) => allow(Right::Watch, reason),
        (Act::RemoveOperator, _) => trail(daemon, AskTrail::RemoveOperator { pin, reason }),
        _of_something_else => return Err(Message::new("dash-nothing-done")),
    })
}

impl Act {
    /// The id of what it is called.
    pub const fn word(self) -> &'static str {
        match self {
            Act::Ship => "dash-act-ship",
            Act::Deliver => "dash-act-deliver",
            Act::Cancel => "dash-act-cancel",
            Act::ReturnRestock => "dash-act-return-restock",
            Act::ReturnWriteOff => "dash-act-return-write-off",
            Act::Receive => "dash-act-receive",
            Act::Found => "dash-act-found",
            Act::Damaged => "dash-act-damaged",
            Act::Lost => "dash-act-lost",
            Act::BlockLost => "dash-act-block-lost",
            Act::BlockStolen => "dash-act-block-stolen",
            Act::BlockRestricted => "dash-act-block-restricted",
            Act::Unblock => "dash-act-unblock",
            Act::Limit => "dash-act-limit",
            Act::ShowCard => "dash-act-show-card",
            Act::Disconnect => "dash-act-disconnect",
            Act::AllowSeller => "dash-act-allow-seller",
            Act::RevokeSeller => "dash-act-revoke-seller",
            Act::AllowOperator => "dash-act-allow-operator",
            Act::WatchOperator => "dash-act-watch-operator",
            Act::RemoveOperator => "dash-act-remove-operator",
            Act::BackUp(Daemon::Seller) => "dash-act-back-up-seller",
            Act::BackUp(Daemon::Settlement) => "dash-act-back-up-settlement",
            Act::Promote(Daemon::Seller) => "dash-act-promote-seller",
            Act::Promote(Daemon::Settlement) => "dash-act-promote-settlement",
            Act::Rekey => "dash-act-rekey",
            Act::ReloadPolicy => "dash-act-reload-policy",
        }
    }

    /// All of them, for whoever checks the words.
    pub const ALL: [Self; 27] = [
        Act::Ship,
        Act::Deliver,
        Act::Cancel,
        Act::ReturnRestock,
        Act::ReturnWriteOff,
        Act::Receive,
        Act::Found,
        Act::Damaged,
        Act::Lost,
        Act::BlockLost,
        Act::BlockStolen,
        Act::BlockRestricted,
        Act::Unblock,
        Act::Limit,
        Act::ShowCard,
        Act::Disconnect,
        Act::AllowSeller,
        Act::RevokeSeller,
        Act::AllowOperator,
        Act::WatchOperator,
        Act::RemoveOperator,
        Act::BackUp(Daemon::Seller),
        Act::BackUp(Daemon::Settlement),
        Act::Promote(Daemon::Seller),
        Act::Promote(Daemon::Settlement),
        Act::Rekey,
        Act::ReloadPolicy,
    ];
}
