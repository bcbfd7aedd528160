//! Where a row leads to: each thing that a daemon knows has its page.

use kessai_shared::ids::{OrderId, Sku};
use kessai_shared::operator::Endpoint;
use kessai_shared::operator::settlement::{AccountRef, EntriesOf};
use kessai_shared::operator::trail::Subject;
use kessai_shared::pin::Pin;

use super::event::Daemon;
use super::orders::Detail;
use super::page::Page;
use super::table::{Table, What};
use super::thing::Thing;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lead {
    Order(OrderId),
    Account(AccountRef),
    Product(Sku),
    /// A key that has to do with a daemon, at one of its endpoints where that is known.
    Key(Daemon, Option<Endpoint>, Pin),
    /// A record of a daemon's journal.
    Record(Daemon, u64),
    /// The double entries of an account or an order.
    Entries(EntriesOf),
}

impl Lead {
    /// What a record or an act of a daemon is about; a clearing batch has no page of its own.
    pub const fn of(daemon: Daemon, subject: Subject) -> Option<Self> {
        match subject {
            Subject::Order(order) => Some(Lead::Order(order)),
            Subject::Charge(of) => Some(Lead::Order(of.order)),
            Subject::Account(account) => Some(Lead::Account(account)),
            Subject::Product(sku) => Some(Lead::Product(sku)),
            Subject::Key(pin) => Some(Lead::Key(daemon, None, pin)),
            Subject::Batch(..) => None,
        }
    }

    pub fn page(self) -> Box<dyn Page> {
        match self {
            Lead::Order(order) => Box::new(Detail::of(order)),
            Lead::Entries(of) => Box::new(Table::of(What::Entries(of))),
            Lead::Account(_) | Lead::Product(_) | Lead::Key(..) | Lead::Record(..) => {
                Box::new(Thing::of(self))
            }
        }
    }
}
