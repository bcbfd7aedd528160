//! Accounts, holds and charges as operators see them. None of it says anything of a card.

use kessai_shared::operator::MAX_ROWS;
use kessai_shared::operator::settlement::{
    AccountRef, AccountRow, CaptureRow, ChargeDetail, Charged, DecisionDetail, HoldRow, Owner, PolicyRow,
    Reply, Side,
};

use crate::ledger::{Account, AccountId, Adopted, Capture, Charge, ChargeState, Key, LedgerAccount, Status};
use crate::policy_file;

pub fn account_ref(id: AccountId) -> AccountRef {
    AccountRef(id.0)
}

pub fn key(of: Charged) -> Key {
    (of.seller, of.order)
}

pub fn charged((seller, order): Key) -> Charged {
    Charged { seller, order }
}

pub fn policy_row(adopted: &Adopted) -> PolicyRow {
    let Adopted { adoption, position, at } = adopted;
    PolicyRow {
        sequence: adoption.sequence,
        version: adoption.version,
        digest: adoption.digest,
        position: *position,
        at: *at,
        by: adoption.by,
        text: policy_file::text(&adoption.policy),
    }
}

pub fn account_row(id: AccountId, account: &Account) -> AccountRow {
    AccountRow {
        account: account_ref(id),
        status: status(account.status).to_owned(),
        currency: account.currency,
        limit: account.limit,
        balance: account.balance,
        held: account.held,
        open_to_buy: account.open_to_buy(),
        months_late: account.months_late,
        expiry: Some(account.expiry),
    }
}

/// An answer as a key with the right to watch is given it.
pub fn without_cards(mut reply: Reply) -> Reply {
    match &mut reply {
        Reply::Accounts(page) => page.rows.iter_mut().for_each(|row| row.expiry = None),
        Reply::Account(detail) => detail.row.expiry = None,
        // Acts that show a card are refused to it, and nothing else tells of one.
        _ => {}
    }
    reply
}

const fn status(status: Status) -> &'static str {
    match status {
        Status::Normal => "normal",
        Status::Lost => "lost",
        Status::Stolen => "stolen",
        Status::Restricted => "restricted",
        Status::Closed => "closed",
    }
}

/// A live hold; `None` for a charge that holds nothing.
pub fn hold_row(key: Key, charge: &Charge) -> Option<HoldRow> {
    Some(HoldRow {
        of: charged(key),
        account: account_ref(charge.account?),
        currency: charge.decided.as_ref()?.purchase.currency,
        held: charge.live_hold(),
        authorized: charge.authorized,
        expires: charge.expires,
    })
}

pub fn charge_detail(key: Key, charge: &Charge) -> ChargeDetail {
    let decision = charge.decided.as_ref().map(|decided| DecisionDetail {
        position: decided.position,
        at: decided.at,
        reason: decided.reason,
        amount: decided.purchase.amount,
        currency: decided.purchase.currency,
    });
    ChargeDetail {
        of: charged(key),
        state: state(charge.state).to_owned(),
        decision,
        account: charge.account.map(account_ref),
        authorized: charge.authorized,
        voided: charge.voided,
        captured: charge.captured,
        refunded: charge.refunded,
        held: charge.live_hold(),
        expires: charge.expires,
        charged_back: charge.charged_back,
        captures: charge.captures.iter().take(usize::from(MAX_ROWS)).map(capture_row).collect(),
    }
}

fn capture_row(capture: &Capture) -> CaptureRow {
    let Capture { id, amount, last, batch } = *capture;
    CaptureRow { capture: id, amount, last, batch }
}

const fn state(state: ChargeState) -> &'static str {
    match state {
        ChargeState::Tombstone => "reversed before its inquiry",
        ChargeState::Declined => "declined",
        ChargeState::Held => "held",
        ChargeState::Captured => "captured",
        ChargeState::Reversed => "reversed",
        ChargeState::Expired => "expired",
    }
}

pub fn side(account: LedgerAccount) -> Side {
    let (name, of) = match account {
        LedgerAccount::Receivable(id) => ("receivable", Some(Owner::Account(account_ref(id)))),
        LedgerAccount::Held(id) => ("held", Some(Owner::Account(account_ref(id)))),
        LedgerAccount::Payable(seller) => ("payable", Some(Owner::Seller(seller))),
        LedgerAccount::PayableOnCapture(seller) => ("payable_on_capture", Some(Owner::Seller(seller))),
        LedgerAccount::Opening => ("opening", None),
        LedgerAccount::Bank => ("bank", None),
        LedgerAccount::MerchantFees => ("merchant_fees", None),
        LedgerAccount::CardholderFees => ("cardholder_fees", None),
        LedgerAccount::WriteOffs => ("write_offs", None),
    };
    Side { name: name.to_owned(), of }
}
