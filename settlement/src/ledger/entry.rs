//! Double entry: every movement of money names the account it leaves and the one it reaches, and the
//! one currency it is in.

use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use serde::{Deserialize, Serialize};

use super::account::AccountId;

/// Where money stands in the settlement's books. Each of them is kept once for every currency.
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
    /// Money that came in from cardholders and went out to sellers.
    Bank,
    /// What sellers are charged for their clearing.
    MerchantFees,
    /// What cardholders are charged for paying late.
    CardholderFees,
    /// What cardholders owed and will not pay any more.
    WriteOffs,
}

/// One balanced entry: the same amount on both sides, in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub currency: Currency,
    pub debit: LedgerAccount,
    pub credit: LedgerAccount,
    /// In minor units of the currency.
    pub amount: Minor,
}

impl Entry {
    pub fn opening(currency: Currency, account: AccountId, balance: Minor) -> Self {
        let (debit, credit) = (LedgerAccount::Receivable(account), LedgerAccount::Opening);
        Self { currency, debit, credit, amount: balance }
    }

    pub fn hold(currency: Currency, account: AccountId, seller: Pin, amount: Minor) -> Self {
        let (debit, credit) = (LedgerAccount::Held(account), LedgerAccount::PayableOnCapture(seller));
        Self { currency, debit, credit, amount }
    }

    /// Gives a hold, or a part of it, back.
    pub fn release(currency: Currency, account: AccountId, seller: Pin, amount: Minor) -> Self {
        Self::hold(currency, account, seller, amount).turned()
    }

    pub fn charge(currency: Currency, account: AccountId, seller: Pin, amount: Minor) -> Self {
        let (debit, credit) = (LedgerAccount::Receivable(account), LedgerAccount::Payable(seller));
        Self { currency, debit, credit, amount }
    }

    /// Gives a charge, or a part of it, back: a refund, or a chargeback.
    pub fn refund(currency: Currency, account: AccountId, seller: Pin, amount: Minor) -> Self {
        Self::charge(currency, account, seller, amount).turned()
    }

    /// What a seller is charged for the clearing of a batch.
    pub fn merchant_fee(currency: Currency, seller: Pin, amount: Minor) -> Self {
        let (debit, credit) = (LedgerAccount::Payable(seller), LedgerAccount::MerchantFees);
        Self { currency, debit, credit, amount }
    }

    /// What is paid out to a seller.
    pub fn payout(currency: Currency, seller: Pin, amount: Minor) -> Self {
        let (debit, credit) = (LedgerAccount::Payable(seller), LedgerAccount::Bank);
        Self { currency, debit, credit, amount }
    }

    /// The same amount the other way.
    pub fn turned(self) -> Self {
        Self { debit: self.credit, credit: self.debit, ..self }
    }
}
