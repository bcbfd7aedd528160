//! The settlement's books once more, from plain maps and numbers, written from the invariants. It
//! shares no arithmetic with the ledger.

use std::collections::BTreeMap;

use kessai_settlement::ledger::{AccountId, Books, Change, ChargeState, Entry, LedgerAccount};
use kessai_shared::ids::{OrderId, RefundId};
use kessai_shared::outcome::Reason;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Purchase;
use kessai_shared::settlement::Refusal;
use kessai_shared::time::Timestamp;

type Key = (Pin, OrderId);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Stone,
    Declined,
    Held,
    Captured,
    Reversed,
    Expired,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inquiry {
    Known,
    Duplicate,
    /// Approved once, and worth nothing any more.
    Over(Refusal),
    Fresh(Reason),
}

struct Charge {
    end: End,
    answer: Option<(Purchase, Reason)>,
    account: Option<AccountId>,
    /// What is held now, what was charged, what was paid back of the charge.
    held: i64,
    taken: i64,
    paid_back: i64,
    runs_out: Timestamp,
}

struct Card {
    limit: i64,
    opening: i64,
    tries: Vec<Timestamp>,
    generation: u32,
    holder: Holder,
}

/// What the books know of the key that a card's holder signs with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    pub key: Option<[u8; 32]>,
    pub required: bool,
    pub code: Option<[u8; 32]>,
}

/// The key that signed a purchase, and the code that came with it.
pub type Signed = (Option<[u8; 32]>, Option<[u8; 32]>);

#[derive(Default)]
pub struct Model {
    guesses: BTreeMap<Pin, Vec<Timestamp>>,
    cards: BTreeMap<AccountId, Card>,
    charges: BTreeMap<Key, Charge>,
    refunds: BTreeMap<(Pin, RefundId), (OrderId, i64)>,
}

impl Model {
    pub fn open(&mut self, id: AccountId, limit: i64, opening: i64) {
        let card = Card { limit, opening, tries: Vec::new(), generation: 1, holder: Holder::default() };
        self.cards.insert(id, card);
    }

    pub fn restate(&mut self, id: AccountId, limit: i64, generation: u32) {
        let card = self.cards.get_mut(&id).expect("a known card");
        (card.limit, card.generation) = (limit, generation);
    }

    pub fn generation(&self, id: AccountId) -> u32 {
        self.cards[&id].generation
    }

    pub fn rekey(&mut self, id: AccountId, generation: u32) {
        self.cards.get_mut(&id).expect("a known card").generation = generation;
    }

    pub fn issue(&mut self, id: AccountId, code: [u8; 32]) {
        let holder = &mut self.cards.get_mut(&id).expect("a known card").holder;
        (holder.key, holder.code) = (None, Some(code));
    }

    pub fn holder(&self, id: AccountId) -> Holder {
        self.cards[&id].holder
    }

    /// Whether a purchase that was decided so enrols the key that signed it.
    pub fn enrols(&self, id: AccountId, reason: Reason, signed: Signed) -> bool {
        let code = self.holder(id).code;
        let decided = matches!(reason, Reason::Approved | Reason::OverLimit | Reason::InvalidAmount);
        decided && signed.0.is_some() && code.is_some() && code == signed.1
    }

    pub fn enrol(&mut self, id: AccountId, key: [u8; 32]) {
        let holder = &mut self.cards.get_mut(&id).expect("a known card").holder;
        *holder = Holder { key: Some(key), required: true, code: None };
    }

    pub fn end(&self, key: &Key) -> Option<End> {
        self.charges.get(key).map(|charge| charge.end)
    }

    pub fn answer(&self, purchase: &Purchase) -> Option<Reason> {
        let (known, reason) = self.charges.get(&(purchase.seller, purchase.order))?.answer?;
        (known == *purchase).then_some(reason)
    }

    fn owed(&self, id: AccountId) -> (i64, i64) {
        let theirs = || self.charges.values().filter(|charge| charge.account == Some(id));
        let balance: i64 = theirs().map(|charge| charge.taken - charge.paid_back).sum();
        (self.cards[&id].opening + balance, theirs().map(|charge| charge.held).sum())
    }

    pub fn inquire(
        &self,
        purchase: Purchase,
        card: Option<AccountId>,
        right: bool,
        signed: Signed,
        now: Timestamp,
    ) -> Inquiry {
        let charge = self.charges.get(&(purchase.seller, purchase.order));
        match charge.map(|charge| charge.answer) {
            Some(Some((known, reason))) if known == purchase => {
                return match (charge.map(|charge| charge.end), reason) {
                    (Some(End::Expired), Reason::Approved) => Inquiry::Over(Refusal::Expired),
                    (Some(End::Reversed), Reason::Approved) => Inquiry::Over(Refusal::Reversed),
                    _ => Inquiry::Known,
                };
            }
            Some(Some(_)) => return Inquiry::Duplicate,
            Some(None) => return Inquiry::Fresh(Reason::Reversed),
            None => {}
        }
        if purchase.deadline <= now {
            return Inquiry::Fresh(Reason::TooLate);
        }
        let holder = card.map(|id| self.holder(id)).unwrap_or_default();
        let with_key = signed.0.is_some() && signed.0 == holder.key;
        let with_code = signed.0.is_some() && holder.code.is_some() && signed.1 == holder.code;
        let guesses = self.guesses.get(&purchase.seller).into_iter().flatten();
        let guesses = guesses.filter(|at| at.plus_seconds(150) > now).count();
        // Whoever bought through this seller before is let in.
        let bought = self.charges.iter().any(|((seller, _), charge)| {
            *seller == purchase.seller && charge.account.is_some() && charge.account == card
        });
        if guesses >= 2 && !with_key && !with_code && !bought {
            return Inquiry::Fresh(Reason::TooManyTries);
        }
        let Some(id) = card else { return Inquiry::Fresh(Reason::UnknownCard) };
        let needs_key = holder.key.is_some() || holder.required || signed.1.is_some();
        if needs_key && !with_key && !with_code {
            return Inquiry::Fresh(Reason::HolderKey);
        }
        let tries = self.cards[&id].tries.iter().filter(|at| at.plus_seconds(86_400) > now).count();
        let (balance, held) = self.owed(id);
        Inquiry::Fresh(match purchase.amount.0 {
            _ if tries >= 5 && !with_key && !with_code => Reason::TooManyTries,
            _ if !right => Reason::IdentityMismatch,
            ..=0 => Reason::InvalidAmount,
            amount if balance + held + amount > self.cards[&id].limit => Reason::OverLimit,
            _ => Reason::Approved,
        })
    }

    pub fn decided(
        &mut self,
        purchase: Purchase,
        reason: Reason,
        id: Option<AccountId>,
        now: Timestamp,
        hold_seconds: u64,
    ) {
        let approved = reason == Reason::Approved;
        if matches!(reason, Reason::IdentityMismatch | Reason::UnknownCard) {
            self.guesses.entry(purchase.seller).or_default().push(now);
        }
        if reason == Reason::IdentityMismatch {
            let card = id.and_then(|id| self.cards.get_mut(&id)).expect("a guess at a known card");
            card.tries.push(now);
        }
        let charge = Charge {
            end: match reason {
                Reason::Approved => End::Held,
                Reason::Reversed => End::Reversed,
                _ => End::Declined,
            },
            answer: Some((purchase, reason)),
            account: id.filter(|_| approved),
            held: if approved { purchase.amount.0 } else { 0 },
            taken: 0,
            paid_back: 0,
            runs_out: Timestamp(now.0 + hold_seconds * 1_000_000),
        };
        let before = self.charges.insert((purchase.seller, purchase.order), charge);
        assert!(before.is_none_or(|charge| charge.answer.is_none()), "I8: one decision for ever");
    }

    pub fn reverse(&mut self, key: Key) -> Result<bool, Refusal> {
        let Some(charge) = self.charges.get_mut(&key) else {
            let (end, runs_out) = (End::Stone, Timestamp(0));
            let stone =
                Charge { end, answer: None, account: None, held: 0, taken: 0, paid_back: 0, runs_out };
            self.charges.insert(key, stone);
            return Ok(true);
        };
        match charge.end {
            End::Captured => Err(Refusal::Captured),
            End::Held | End::Declined => {
                (charge.end, charge.held) = (End::Reversed, 0);
                Ok(true)
            }
            End::Stone | End::Reversed | End::Expired => Ok(false),
        }
    }

    pub fn capture(&mut self, key: Key, amount: i64, now: Timestamp) -> Result<bool, Refusal> {
        let charge = self.charges.get_mut(&key).ok_or(Refusal::NotHeld)?;
        match charge.end {
            End::Declined => Err(Refusal::NotHeld),
            End::Stone | End::Reversed => Err(Refusal::Reversed),
            End::Captured if charge.taken != amount => Err(Refusal::Duplicate),
            End::Captured => Ok(false),
            End::Expired => Err(Refusal::Expired),
            End::Held if now >= charge.runs_out => Err(Refusal::Expired),
            End::Held if amount <= 0 || amount > charge.held => Err(Refusal::Amount),
            End::Held => {
                (charge.end, charge.held, charge.taken) = (End::Captured, 0, amount);
                Ok(true)
            }
        }
    }

    pub fn refund(&mut self, key: Key, refund: RefundId, amount: i64) -> Result<bool, Refusal> {
        if let Some(done) = self.refunds.get(&(key.0, refund)) {
            return if *done == (key.1, amount) { Ok(false) } else { Err(Refusal::Duplicate) };
        }
        let charge = self.charges.get_mut(&key).ok_or(Refusal::NotHeld)?;
        match charge.end {
            End::Declined => return Err(Refusal::NotHeld),
            End::Stone | End::Reversed => return Err(Refusal::Reversed),
            End::Expired => return Err(Refusal::Expired),
            End::Held if amount > 0 && amount <= charge.held => {
                charge.held -= amount;
                if charge.held == 0 {
                    charge.end = End::Reversed;
                }
            }
            End::Captured if amount > 0 && charge.paid_back + amount <= charge.taken => {
                charge.paid_back += amount;
            }
            End::Held | End::Captured => return Err(Refusal::Amount),
        }
        self.refunds.insert((key.0, refund), (key.1, amount));
        Ok(true)
    }

    /// The holds that have run out, the earliest first.
    pub fn due(&self, now: Timestamp) -> Vec<Key> {
        let live = self.charges.iter().filter(|(_, charge)| charge.end == End::Held);
        let mut due: Vec<_> = live.map(|(key, charge)| (charge.runs_out, *key)).collect();
        due.retain(|(at, _)| *at <= now);
        due.sort_unstable();
        due.into_iter().map(|(_, key)| key).collect()
    }

    pub fn expire(&mut self, key: Key) {
        let charge = self.charges.get_mut(&key).expect("a known order");
        (charge.end, charge.held) = (End::Expired, 0);
    }

    /// The books hold what the model holds, no more and no less.
    pub fn compare(&self, books: &Books) {
        assert_eq!(books.charges().count(), self.charges.len());
        for (key, charge) in &self.charges {
            let there = books.charge(key).expect("the order is in the books");
            let end = match there.state {
                ChargeState::Tombstone => End::Stone,
                ChargeState::Declined => End::Declined,
                ChargeState::Held => End::Held,
                ChargeState::Captured => End::Captured,
                ChargeState::Reversed => End::Reversed,
                ChargeState::Expired => End::Expired,
            };
            assert_eq!(end, charge.end);
            assert_eq!(there.decided.as_ref().map(|d| (d.purchase, d.reason)), charge.answer, "I8");
            let money = (there.live_hold().0, there.captured.0, there.refunded.0);
            assert_eq!(money, (charge.held, charge.taken, charge.paid_back));
            let authorized = charge.account.and(charge.answer).map_or(0, |(purchase, _)| purchase.amount.0);
            assert!(charge.held + charge.taken <= authorized, "I1, I12: more is taken than was approved");
            assert!(charge.paid_back <= charge.taken, "I1: more is paid back than was taken");
            assert!(charge.end == End::Held || charge.held == 0, "I9: a hold after its end");
        }
        for (id, card) in &self.cards {
            let there = books.account(*id).expect("the account is in the books");
            assert_eq!((there.balance.0, there.held.0), self.owed(*id), "I5");
            assert_eq!(there.limit.0, card.limit);
            assert_eq!(there.generation, card.generation);
            let (key, required, code) = (there.holder_key, there.holder_required, there.enrolment);
            assert_eq!(Holder { key, required, code }, card.holder);
            assert_eq!(books.at(&there.place()), Some(*id), "an account is found where it is kept");
        }
        assert_eq!(books.after(None).count(), self.cards.len(), "no place is left over");
        for ((seller, refund), (order, amount)) in &self.refunds {
            let there = books.refund(*seller, *refund).expect("the refund is in the books");
            assert_eq!((there.order, there.amount.0), (*order, *amount));
        }
    }

    /// I5: what the entries put on every account is what the model has there.
    pub fn compare_entries(&self, changes: &[Change]) {
        let mut posted: BTreeMap<LedgerAccount, i64> = BTreeMap::new();
        for entry in changes.iter().flat_map(entries) {
            *posted.entry(entry.debit).or_default() += entry.amount.0;
            *posted.entry(entry.credit).or_default() -= entry.amount.0;
        }
        let mut expected: BTreeMap<LedgerAccount, i64> = BTreeMap::new();
        for (id, card) in &self.cards {
            let (balance, held) = self.owed(*id);
            expected.insert(LedgerAccount::Receivable(*id), balance);
            expected.insert(LedgerAccount::Held(*id), held);
            *expected.entry(LedgerAccount::Opening).or_default() -= card.opening;
        }
        for ((seller, _), charge) in &self.charges {
            let payable = expected.entry(LedgerAccount::Payable(*seller)).or_default();
            *payable -= charge.taken - charge.paid_back;
            *expected.entry(LedgerAccount::PayableOnCapture(*seller)).or_default() -= charge.held;
        }
        posted.retain(|_, sum| *sum != 0);
        expected.retain(|_, sum| *sum != 0);
        assert_eq!(posted, expected, "I5");
        assert_eq!(posted.values().sum::<i64>(), 0, "I5");
    }
}

fn entries(change: &Change) -> &[Entry] {
    match change {
        Change::Opened { entry, .. } => std::slice::from_ref(entry),
        Change::Restated { .. }
        | Change::Rekeyed { .. }
        | Change::Issued { .. }
        | Change::PolicyAdopted(_) => &[],
        Change::Decided(decided) => &decided.entries,
        Change::Reversed { entries, .. }
        | Change::Captured { entries, .. }
        | Change::Refunded { entries, .. }
        | Change::Expired { entries, .. } => entries,
    }
}
