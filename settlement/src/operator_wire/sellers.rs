//! Who may connect as a seller, the vault's key, the policy, and the last digits of a card: acts that are
//! about more than the books. Each is recorded before it is done.

use std::collections::HashMap;
use std::ops::Bound;

use kessai_shared::operator::keeper::Keeper;
use kessai_shared::operator::settlement::{AccountRef, Refusal, Reply};
use kessai_shared::operator::{MAX_LOOKED_AT, Page, rows};
use kessai_shared::pin::Pin;
use kessai_shared::pin_set;
use kessai_shared::trail::Operated;

use super::service::{Hand, Service};
use super::views;
use crate::clerk::policy::InForce;
use crate::ledger::{AccountId, Books};
use crate::policy_file;

/// How much of a card's number whoever gives a reason is shown, in digits. ISO 8583 terminals print no more,
/// and nobody who keeps accounts needs more.
const SHOWN_DIGITS: usize = 4;
/// Digits of an account's reference.
const REFERENCE_DIGITS: usize = 32;

impl Service {
    /// What only a settlement in charge has.
    pub(super) fn hand(&self) -> Result<&Hand, Refusal> {
        let why = "this node follows the one in charge and changes nothing; ask that one";
        self.hand.as_ref().ok_or_else(|| Refusal::NotDone(why.to_owned()))
    }

    pub(super) fn list_sellers(&self, after: Option<Pin>, limit: u16) -> Reply {
        let mut connections: HashMap<Pin, u64> = HashMap::new();
        for one in self.sellers_roster.connected() {
            *connections.entry(one.peer).or_default() += 1;
        }
        let listed = self.sellers.subscribe();
        let listed = listed.borrow();
        let row = |pin: &Pin| (*pin, connections.get(pin).copied().unwrap_or_default());
        let behind = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        Reply::Sellers(Page::of(listed.range(behind).map(row), limit, |(pin, _)| *pin))
    }

    pub(super) async fn list_seller(
        &self,
        by: Pin,
        seller: Pin,
        may_connect: bool,
        reason: String,
    ) -> Result<Reply, Refusal> {
        let hand = self.hand()?;
        let what = if may_connect {
            Operated::SellerAllowed { pin: seller }
        } else {
            Operated::SellerRevoked { pin: seller }
        };
        let _turn = self.registrar.turn().await;
        let list = hand.sellers.clone();
        // Another program may be changing it.
        let drafted = tokio::task::spawn_blocking(move || pin_set::draft(&list, seller, may_connect));
        let drafted = drafted.await.map_err(|_| Refusal::TryLater)?;
        let draft = drafted.map_err(|why| Refusal::NotDone(why.to_string()))?;
        let position = self.note(by, what, reason).await?;
        let done = draft.put().and_then(|_| self.sellers.reload());
        done.map_err(|why| Refusal::NotDone(why.to_string()))?;
        Ok(Reply::Trail(kessai_shared::operator::trail::Reply::Done { position }))
    }

    pub(super) async fn rekey(&self, by: Pin, reason: String) -> Result<Reply, Refusal> {
        let position = self.hand()?.office.begin_rekey(by, reason).await.map_err(Refusal::NotDone)?;
        Ok(Reply::Trail(kessai_shared::operator::trail::Reply::Done { position }))
    }

    pub(super) async fn reload_policy(&self, by: Pin) -> Result<Reply, Refusal> {
        self.hand()?;
        let file = policy_file::of(&self.data);
        let proposed = policy_file::need(&file).map_err(|why| Refusal::NotDone(why.to_string()))?;
        match policy_file::adopt(&self.writer, proposed, by).await {
            Ok(InForce { adopted, is_new }) => {
                Ok(Reply::PolicyInForce { policy: views::policy_row(&adopted), is_new })
            }
            Err(policy_file::AdoptError::Refused(why)) => Err(Refusal::NotDone(why.to_string())),
            Err(policy_file::AdoptError::WriterGone) => Err(Refusal::TryLater),
        }
    }

    /// The record comes first: what was seen and not recorded would be nobody's.
    pub(super) async fn show_card(
        &self,
        by: Pin,
        account: AccountRef,
        reason: String,
    ) -> Result<Reply, Refusal> {
        let hand = self.hand()?;
        let id = AccountId(account.0);
        let known = self.read(move |books, _| books.account(id).is_some()).await?;
        if !known {
            return Err(Refusal::UnknownAccount);
        }
        let position = self.note(by, Operated::CardShown { account }, reason).await?.unwrap_or_default();
        // Read again: a rekey may have come between.
        let kept = self.read(move |books, _| books.account(id).map(crate::ledger::Account::at_rest)).await?;
        let opened = kept.and_then(|kept| hand.vault.lease().open(&kept));
        let why =
            "the card of this account does not open with the vault's key; run: kessai-settlement verify";
        let opened = opened.ok_or_else(|| Refusal::NotDone(why.to_owned()))?;
        let masked = opened.number.masked();
        let at = masked.len().saturating_sub(SHOWN_DIGITS);
        let last_four = masked.get(at..).unwrap_or_default().to_owned();
        Ok(Reply::CardShown { position, last_four, expiry: opened.expiry })
    }

    pub(super) async fn find_accounts(
        &self,
        prefix: &str,
        after: Option<AccountRef>,
        limit: u16,
    ) -> Result<Reply, Refusal> {
        if prefix.len() > REFERENCE_DIGITS || !prefix.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let why = format!(
                "an account's reference is {REFERENCE_DIGITS} hexadecimal digits; give the first of them"
            );
            return Err(Refusal::NotDone(why));
        }
        let prefix = prefix.to_ascii_lowercase();
        let (after, limit) = (after.map(|account| AccountId(account.0)), rows(limit));
        let page = self.read(move |books: &Books, _| {
            // One that is given in full is found at once, wherever it stands.
            if let Some(id) = prefix.parse::<AccountRef>().ok().map(|account| AccountId(account.0)) {
                let rows = books.account(id).map(|account| views::account_row(id, account)).into_iter();
                return Some(Page { rows: rows.collect(), next: None });
            }
            let (mut rows, mut next) = (Vec::new(), None);
            for (looked, (id, account)) in books.accounts_after(after)?.enumerate() {
                if rows.len() == limit || looked == MAX_LOOKED_AT {
                    return Some(Page { rows, next });
                }
                let reference = views::account_ref(id);
                next = Some(reference);
                if reference.to_string().starts_with(&prefix) {
                    rows.push(views::account_row(id, account));
                }
            }
            Some(Page { rows, next: None })
        });
        page.await?.map(Reply::Accounts).ok_or(Refusal::UnknownAccount)
    }
}
