//! What the writer does for an operator: accounts taken in, cards kept under a newer key, cards issued.

use kessai_shared::pin::Pin;
use kessai_shared::store::Fault;
use kessai_shared::time::{Timestamp, YearMonth};
use serde::{Deserialize, Serialize};

use super::{Desk, Lease, Tell, answer};
use crate::ledger::{Account, AccountId, AtRest, Books, Change, Place, Stated, Terms, acts};

/// How many accounts of a file were new, and how many were known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    pub opened: u64,
    pub restated: u64,
    pub unchanged: u64,
    /// Known accounts that the file has in another currency; they stay as they are.
    pub other_currency: u64,
}

impl Imported {
    /// Adds what another part of the same file came to.
    pub fn add(&mut self, more: Self) {
        self.opened += more.opened;
        self.restated += more.restated;
        self.unchanged += more.unchanged;
        self.other_currency += more.other_currency;
    }
}

/// What an operator's act asks of the writer; `by` is the operator's key.
pub enum Command {
    /// The accounts are kept under the newest generation of the lease.
    Import {
        accounts: Vec<Stated>,
        by: Pin,
        lease: Lease,
        tell: Tell<Imported>,
    },
    Tally {
        newest: u32,
        tell: Tell<Tally>,
    },
    Page {
        page: Page,
        tell: Tell<Vec<(AccountId, AtRest)>>,
    },
    Rekey {
        cards: Vec<Rekey>,
        tell: Tell<u64>,
    },
    Find {
        places: Vec<Place>,
        tell: Tell<Option<Found>>,
    },
    /// A new account is kept under the newest generation of the lease.
    Issue {
        holder: Holder,
        enrolment: Option<[u8; 32]>,
        by: Pin,
        lease: Lease,
        tell: Tell<Issued>,
    },
}

/// Most accounts that one page has.
pub const MAX_PAGE: usize = 1_000;

/// One account's card, as it was kept when it was looked at, and as it is to be kept.
pub struct Rekey {
    pub id: AccountId,
    pub from: AtRest,
    pub to: AtRest,
}

/// How many accounts there are, and how many of them are kept under an older key than the newest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub accounts: u64,
    pub older: u64,
}

/// Accounts behind a place, or from the beginning, those of the oldest key first.
#[derive(Clone, Copy)]
pub struct Page {
    pub after: Option<Place>,
    /// Only accounts that are kept under an older key than this; none for all.
    pub older_than: Option<u32>,
    /// At most [`MAX_PAGE`].
    pub most: usize,
}

/// An account as an operator needs it to issue a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub id: AccountId,
    pub card: AtRest,
    /// Whether a holder's key was ever enrolled, so that a new card file replaces it.
    pub holder_required: bool,
}

/// Whom a card is issued for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Holder {
    Known(AccountId),
    New(Box<Account>),
}

/// What became of a card that was to be issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issued {
    Done,
    /// There is an account with this number, or at this id, already.
    Taken,
    /// There is no such account.
    Unknown,
}

pub(super) fn handle(
    command: Command,
    (terms, now): (&Terms, Timestamp),
    desk: &mut Desk<'_>,
) -> Result<(), Fault> {
    match command {
        Command::Import { accounts, by, lease, tell } => {
            let imported = import(accounts, by, (terms, now.month()), desk)?;
            answer(desk, tell, imported);
            drop(lease);
            Ok(())
        }
        Command::Rekey { cards, tell } => rekey(cards, tell, desk),
        Command::Issue { holder, enrolment, by, lease, tell } => {
            issue(holder, enrolment, by, tell, desk)?;
            drop(lease);
            Ok(())
        }
        Command::Tally { newest, tell } => {
            let accounts = desk.books().accounts().len() as u64;
            let older = desk.books().older_than(newest) as u64;
            answer(desk, tell, Tally { accounts, older });
            Ok(())
        }
        Command::Page { page, tell } => {
            let page = self::page(page, desk.books());
            answer(desk, tell, page);
            Ok(())
        }
        Command::Find { places, tell } => {
            let found = find(&places, desk.books());
            answer(desk, tell, found);
            Ok(())
        }
    }
}

fn import(
    accounts: Vec<Stated>,
    by: Pin,
    (terms, month): (&Terms, YearMonth),
    desk: &mut Desk<'_>,
) -> Result<Imported, Fault> {
    let mut imported = Imported::default();
    for Stated { account, older } in accounts {
        let mut stated = Stated { account, older };
        let books = desk.books();
        let known = stated.places().find_map(|place| books.at(&place));
        let known = known.and_then(|id| Some((id, books.account(id)?)));
        let change = match known {
            None => {
                imported.opened += 1;
                stated.account.life.billing.month = Some(month);
                stated.account.owe_late_months(month, terms);
                acts::open(stated.account, by)
            }
            // What it owes and holds is in its own currency, and an amount is not changed into another.
            Some((_, known)) if known.currency != stated.account.currency => {
                imported.other_currency += 1;
                continue;
            }
            Some((id, known)) => {
                // What it is late with is a part of what it owes here, not in the table.
                stated.account.balance = known.balance;
                stated.account.owe_late_months(month, terms);
                // Compared as it is kept here, or every account that a rekey has not reached, or has
                // reached since, would seem to be changed.
                if known.restated(&stated.under(known.generation), month) == *known {
                    imported.unchanged += 1;
                    continue;
                }
                imported.restated += 1;
                Change::Restated { id, terms: stated.account, by }
            }
        };
        desk.change(&change)?;
    }
    Ok(imported)
}

fn page(page: Page, books: &Books) -> Vec<(AccountId, AtRest)> {
    let accounts = books.after(page.after);
    let wanted = |account: &Account| page.older_than.is_none_or(|newest| account.generation < newest);
    let accounts = accounts.take_while(|(_, account)| wanted(account)).take(page.most.min(MAX_PAGE));
    accounts.map(|(id, account)| (id, account.at_rest())).collect()
}

/// Takes newly kept cards in; the answer is how many. One whose account changed since it was looked
/// at is passed over: whoever changed it kept it under the newest key.
fn rekey(cards: Vec<Rekey>, tell: Tell<u64>, desk: &mut Desk<'_>) -> Result<(), Fault> {
    let mut taken = 0;
    for Rekey { id, from, to } in cards {
        if desk.books().account(id).is_some_and(|account| account.at_rest() == from) {
            desk.change(&Change::Rekeyed { id, card: to })?;
            taken += 1;
        }
    }
    answer(desk, tell, taken);
    Ok(())
}

fn find(places: &[Place], books: &Books) -> Option<Found> {
    let id = places.iter().find_map(|place| books.at(place))?;
    let account = books.account(id)?;
    Some(Found { id, card: account.at_rest(), holder_required: account.holder_required })
}

/// Opens the account, where it is a new one, and notes the code of its card file, in one group.
fn issue(
    holder: Holder,
    enrolment: Option<[u8; 32]>,
    by: Pin,
    tell: Tell<Issued>,
    desk: &mut Desk<'_>,
) -> Result<(), Fault> {
    let (id, opened) = match holder {
        Holder::Known(id) => (id, None),
        Holder::New(account) => (AccountId(account.index), Some(account)),
    };
    let there = desk.books().account(id).is_some();
    let taken = opened.as_ref().is_some_and(|account| desk.books().at(&account.place()).is_some());
    let issued = match (&opened, there) {
        (Some(_), there) if there || taken => Issued::Taken,
        (None, false) => Issued::Unknown,
        (Some(_) | None, _) => Issued::Done,
    };
    if issued == Issued::Done {
        if let Some(account) = opened {
            desk.change(&acts::open(*account, by))?;
        }
        if let Some(enrolment) = enrolment {
            desk.change(&Change::Issued { id, enrolment, by })?;
        }
    }
    answer(desk, tell, issued);
    Ok(())
}
