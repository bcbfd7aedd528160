//! Double entry: every movement of money names the account it leaves and the one it reaches.

use kessai_shared::money::Minor;
use kessai_shared::pin::Pin;
use serde::{Deserialize, Serialize};

use super::account::AccountId;

/// Where money stands in the settlement's books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LedgerAccount {
    /// What a cardholder owes.
    Receivable(AccountId),
    /// What a cardholder will owe once the seller captures it.
    Held(AccountId),
    /// What a seller is owed.
    Payable(Pin),
    /// What a seller will be owed once it captures.
    PayableOnCapture(Pin),
    /// What cardholders owed when their accounts were opened here.
    Opening,
}

/// One balanced entry: the same amount on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub debit: LedgerAccount,
    pub credit: LedgerAccount,
    pub amount: Minor,
}

impl Entry {
    pub fn opening(account: AccountId, balance: Minor) -> Self {
        Self { debit: LedgerAccount::Receivable(account), credit: LedgerAccount::Opening, amount: balance }
    }

    pub fn hold(account: AccountId, seller: Pin, amount: Minor) -> Self {
        let credit = LedgerAccount::PayableOnCapture(seller);
        Self { debit: LedgerAccount::Held(account), credit, amount }
    }

    /// Gives a hold, or a part of it, back.
    pub fn release(account: AccountId, seller: Pin, amount: Minor) -> Self {
        let Entry { debit, credit, amount } = Self::hold(account, seller, amount);
        Self { debit: credit, credit: debit, amount }
    }

    pub fn charge(account: AccountId, seller: Pin, amount: Minor) -> Self {
        Self { debit: LedgerAccount::Receivable(account), credit: LedgerAccount::Payable(seller), amount }
    }

    /// Gives a charge, or a part of it, back.
    pub fn refund(account: AccountId, seller: Pin, amount: Minor) -> Self {
        let Entry { debit, credit, amount } = Self::charge(account, seller, amount);
        Self { debit: credit, credit: debit, amount }
    }
}
