//! The settlement's books once more, from plain maps and numbers, written from the invariants. It
//! shares no arithmetic with the ledger.

mod cards;

use std::collections::BTreeMap;

use kessai_settlement::ledger::{AccountId, Books, ChargeState, GivenBack, LedgerAccount, Status};
use kessai_shared::ids::{CaptureId, ChargebackId, OrderId, RefundId, RepaymentId};
use kessai_shared::money::Currency;
use kessai_shared::outcome::{ChargebackReason, Reason};
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
    /// What is held now.
    held: i64,
    /// The parts that were charged: amount, whether it was the last, and the batch.
    parts: BTreeMap<CaptureId, (i64, bool, u32)>,
    /// What was refunded and charged back of them.
    refunded: i64,
    disputed: i64,
    /// Until when a capture is certain to win, and from when on it never does.
    certain: Timestamp,
    runs_out: Timestamp,
    /// Whether it ran out before all was charged or given back.
    ran_out: bool,
    late: Option<i64>,
}

impl Charge {
    fn new(end: End, answer: Option<(Purchase, Reason)>) -> Self {
        Self {
            end,
            answer,
            account: None,
            held: 0,
            parts: BTreeMap::new(),
            refunded: 0,
            disputed: 0,
            certain: Timestamp(0),
            runs_out: Timestamp(0),
            ran_out: false,
            late: None,
        }
    }

    fn taken(&self) -> i64 {
        self.parts.values().map(|(amount, ..)| amount).sum()
    }

    fn left(&self) -> i64 {
        self.taken() - self.refunded - self.disputed
    }

    /// Nothing is held any more: what was charged decides what it ended as.
    fn over(&mut self, end: End) {
        self.held = 0;
        self.end = if self.parts.is_empty() { end } else { End::Captured };
    }
}

struct Card {
    currency: Currency,
    limit: i64,
    opening: i64,
    tries: Vec<Timestamp>,
    generation: u32,
    holder: Holder,
    status: Status,
    /// Why an operator has blocked it here.
    why: &'static str,
    /// Whether a card file was made since it was blocked.
    reissued: bool,
    /// What was repaid, without what had been written off before.
    repaid: i64,
    fees: i64,
    /// What was written off in all, and what of it did not come in after all.
    given_up: i64,
    written_off: i64,
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
    /// The batch of a refund; a release has none.
    refunds: BTreeMap<(Pin, RefundId), (OrderId, i64, Option<u32>)>,
    repayments: BTreeMap<RepaymentId, (AccountId, i64)>,
    /// How many batches of a seller are closed.
    closed: BTreeMap<Pin, u32>,
    disputes: BTreeMap<ChargebackId, (Key, i64, ChargebackReason, u32)>,
}

impl Model {
    pub fn open(&mut self, id: AccountId, currency: Currency, limit: i64, opening: i64) {
        let card = Card {
            currency,
            limit,
            opening,
            tries: Vec::new(),
            generation: 1,
            holder: Holder::default(),
            status: Status::Normal,
            why: "",
            reissued: false,
            repaid: 0,
            fees: 0,
            given_up: 0,
            written_off: 0,
        };
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
        let card = self.card(id);
        card.reissued |= card.status != Status::Normal;
        (card.holder.key, card.holder.code) = (None, Some(code));
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
        let balance: i64 = theirs().map(Charge::left).sum();
        let Card { opening, repaid, fees, given_up, .. } = self.cards[&id];
        (opening + balance - repaid + fees - given_up, theirs().map(|charge| charge.held).sum())
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
        match self.cards[&id].status {
            Status::Normal => {}
            Status::Lost => return Inquiry::Fresh(Reason::Lost),
            Status::Stolen => return Inquiry::Fresh(Reason::Stolen),
            Status::Restricted => return Inquiry::Fresh(Reason::Restricted),
            Status::Closed => return Inquiry::Fresh(Reason::UnknownCard),
        }
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
            _ if purchase.currency != self.cards[&id].currency => Reason::InvalidAmount,
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
        (hold_seconds, grace_seconds): (u64, u64),
    ) {
        let approved = reason == Reason::Approved;
        if matches!(reason, Reason::IdentityMismatch | Reason::UnknownCard) {
            self.guesses.entry(purchase.seller).or_default().push(now);
        }
        if reason == Reason::IdentityMismatch {
            let card = id.and_then(|id| self.cards.get_mut(&id)).expect("a guess at a known card");
            card.tries.push(now);
        }
        let end = match reason {
            Reason::Approved => End::Held,
            Reason::Reversed => End::Reversed,
            _ => End::Declined,
        };
        let certain = now.plus_seconds(hold_seconds);
        let charge = Charge {
            account: id.filter(|_| approved),
            held: if approved { purchase.amount.0 } else { 0 },
            certain,
            runs_out: certain.plus_seconds(grace_seconds),
            ..Charge::new(end, Some((purchase, reason)))
        };
        let before = self.charges.insert((purchase.seller, purchase.order), charge);
        assert!(before.is_none_or(|charge| charge.answer.is_none()), "I8: one decision for ever");
    }

    pub fn reverse(&mut self, key: Key) -> Result<bool, Refusal> {
        let Some(charge) = self.charges.get_mut(&key) else {
            self.charges.insert(key, Charge::new(End::Stone, None));
            return Ok(true);
        };
        match charge.end {
            End::Captured => Err(Refusal::Captured),
            End::Held if charge.taken() > 0 => Err(Refusal::Captured),
            End::Held | End::Declined => {
                (charge.end, charge.held) = (End::Reversed, 0);
                Ok(true)
            }
            End::Stone | End::Reversed | End::Expired => Ok(false),
        }
    }

    pub fn capture(
        &mut self,
        key: Key,
        id: CaptureId,
        amount: i64,
        last: bool,
        now: Timestamp,
    ) -> Result<(u32, bool), Refusal> {
        let batch = self.batch(key.0);
        let charge = self.charges.get_mut(&key).ok_or(Refusal::NotHeld)?;
        if let Some((before, was_last, batch)) = charge.parts.get(&id) {
            let same = (*before, *was_last) == (amount, last);
            return if same { Ok((*batch, false)) } else { Err(Refusal::Duplicate) };
        }
        match charge.end {
            End::Declined => Err(Refusal::NotHeld),
            End::Stone | End::Reversed => Err(Refusal::Reversed),
            End::Expired => Err(Refusal::Expired),
            End::Captured if charge.ran_out => Err(Refusal::Expired),
            End::Captured => Err(Refusal::Amount),
            End::Held if amount <= 0 || amount > charge.held => Err(Refusal::Amount),
            End::Held => {
                assert!(now < charge.runs_out, "F15: a capture after the grace");
                charge.parts.insert(id, (amount, last, batch));
                charge.held -= amount;
                if last || charge.held == 0 {
                    charge.over(End::Captured);
                }
                Ok((batch, true))
            }
        }
    }

    pub fn release(&mut self, key: Key, id: RefundId, amount: i64) -> Result<bool, Refusal> {
        if let Some(done) = self.refunds.get(&(key.0, id)) {
            return if *done == (key.1, amount, None) { Ok(false) } else { Err(Refusal::Duplicate) };
        }
        let charge = self.charges.get_mut(&key).ok_or(Refusal::NotHeld)?;
        match charge.end {
            End::Declined => return Err(Refusal::NotHeld),
            End::Stone | End::Reversed => return Err(Refusal::Reversed),
            End::Expired => return Err(Refusal::Expired),
            End::Captured if charge.ran_out => return Err(Refusal::Expired),
            End::Held if amount > 0 && amount <= charge.held => charge.held -= amount,
            End::Held | End::Captured => return Err(Refusal::Amount),
        }
        if charge.held == 0 {
            charge.over(End::Reversed);
        }
        self.refunds.insert((key.0, id), (key.1, amount, None));
        Ok(true)
    }

    pub fn refund(&mut self, key: Key, id: RefundId, amount: i64) -> Result<(u32, bool), Refusal> {
        match self.refunds.get(&(key.0, id)) {
            Some((order, before, Some(batch))) if (*order, *before) == (key.1, amount) => {
                return Ok((*batch, false));
            }
            Some(_) => return Err(Refusal::Duplicate),
            None => {}
        }
        self.charge_with(key, amount)?.refunded += amount;
        let batch = self.batch(key.0);
        self.refunds.insert((key.0, id), (key.1, amount, Some(batch)));
        Ok((batch, true))
    }

    pub fn charge_back(
        &mut self,
        key: Key,
        id: ChargebackId,
        amount: i64,
        reason: ChargebackReason,
    ) -> Result<(u32, bool), Refusal> {
        if let Some((of, before, why, batch)) = self.disputes.get(&id) {
            let same = (*of, *before, *why) == (key, amount, reason);
            return if same { Ok((*batch, false)) } else { Err(Refusal::Duplicate) };
        }
        self.charge_with(key, amount)?.disputed += amount;
        let batch = self.batch(key.0);
        self.disputes.insert(id, (key, amount, reason, batch));
        Ok((batch, true))
    }

    /// The charge, if so much of it is left to be taken back.
    fn charge_with(&mut self, key: Key, amount: i64) -> Result<&mut Charge, Refusal> {
        let charge = self.charges.get_mut(&key).ok_or(Refusal::NotHeld)?;
        match charge.end {
            End::Declined => Err(Refusal::NotHeld),
            End::Stone | End::Reversed => Err(Refusal::Reversed),
            End::Expired => Err(Refusal::Expired),
            End::Held | End::Captured if amount > 0 && amount <= charge.left() => Ok(charge),
            End::Held | End::Captured => Err(Refusal::Amount),
        }
    }

    /// The holds that are given back now, the earliest first.
    pub fn due(&self, now: Timestamp) -> Vec<Key> {
        let live = self.charges.iter().filter(|(_, charge)| charge.end == End::Held);
        let mut due: Vec<_> = live.map(|(key, charge)| (charge.runs_out, *key)).collect();
        due.retain(|(at, _)| *at <= now);
        due.sort_unstable();
        due.into_iter().map(|(_, key)| key).collect()
    }

    pub fn is_overdue(&self, key: Key, now: Timestamp) -> bool {
        self.due(now).contains(&key)
    }

    pub fn expire(&mut self, key: Key) {
        let charge = self.charges.get_mut(&key).expect("a known order");
        charge.ran_out = true;
        charge.over(End::Expired);
    }

    /// Whether a capture that came too late is the first of its order that is written down.
    pub fn note_late(&mut self, key: Key, amount: i64) -> bool {
        let charge = self.charges.get_mut(&key).expect("a known order");
        let first = charge.late.is_none() && amount > 0;
        if first {
            charge.late = Some(amount);
        }
        first
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
            let money = (there.live_hold().0, there.captured.0, there.refunded.0, there.charged_back.0);
            assert_eq!(money, (charge.held, charge.taken(), charge.refunded, charge.disputed));
            let parts = there.captures.iter().map(|part| (part.id, (part.amount.0, part.last, part.batch)));
            assert_eq!(parts.collect::<BTreeMap<_, _>>(), charge.parts);
            assert_eq!(there.ran_out, charge.ran_out);
            assert!(charge.account.is_none() || there.expires == charge.certain);
            assert_eq!(books.late(key).map(|late| late.amount.0), charge.late);
            let authorized = charge.account.and(charge.answer).map_or(0, |(purchase, _)| purchase.amount.0);
            let whole = there.voided.0 + there.captured.0 + there.live_hold().0;
            assert_eq!(whole, authorized, "I1, I12: all that was approved is somewhere");
            assert!(charge.left() >= 0, "I1: more is paid back than was taken");
            assert!(charge.end == End::Held || charge.held == 0, "I9: a hold after its end");
        }
        for (id, card) in &self.cards {
            let there = books.account(*id).expect("the account is in the books");
            assert_eq!((there.balance.0, there.held.0), self.owed(*id), "I5");
            assert_eq!((there.limit.0, there.status), (card.limit, card.status));
            assert_eq!(there.generation, card.generation);
            let (key, required, code) = (there.holder_key, there.holder_required, there.enrolment);
            assert_eq!(Holder { key, required, code }, card.holder);
            assert_eq!(books.at(&there.place()), Some(*id), "an account is found where it is kept");
        }
        assert_eq!(books.after(None).count(), self.cards.len(), "no place is left over");
        for ((seller, refund), (order, amount, batch)) in &self.refunds {
            let there = books.refund(*seller, *refund).expect("the refund is in the books");
            let given = batch.map_or(GivenBack::Released, |batch| GivenBack::Refunded { batch });
            assert_eq!((there.order, there.amount.0, there.given), (*order, *amount, given));
        }
        assert_eq!(books.refunds().count(), self.refunds.len());
        assert_eq!(books.chargebacks().count(), self.disputes.len());
        self.compare_batches(books);
    }

    /// What each batch comes to is the sum of what was booked under it, one by one.
    fn compare_batches(&self, books: &Books) {
        type Sums = BTreeMap<(Pin, u32, Currency), [(u64, i64); 3]>;
        let mut expected = Sums::new();
        let mut add = |key: &Key, batch: u32, kind: usize, amount: i64| {
            let purchase = self.charges[key].answer.expect("a decision").0;
            let (count, sum) = &mut expected.entry((key.0, batch, purchase.currency)).or_default()[kind];
            (*count, *sum) = (*count + 1, *sum + amount);
        };
        for (key, charge) in &self.charges {
            charge.parts.values().for_each(|(amount, _, batch)| add(key, *batch, 0, *amount));
        }
        for ((seller, _), (order, amount, batch)) in &self.refunds {
            batch.iter().for_each(|batch| add(&(*seller, *order), *batch, 1, *amount));
        }
        self.disputes.values().for_each(|(key, amount, _, batch)| add(key, *batch, 2, *amount));
        let mut there = Sums::new();
        for (seller, batches) in books.batches() {
            assert_eq!(books.open_batch(*seller), self.batch(*seller));
            for (batch, totals) in &batches.totals {
                for (currency, sums) in totals {
                    let sums = [
                        (sums.captures, sums.captured.0),
                        (sums.refunds, sums.refunded.0),
                        (sums.chargebacks, sums.charged_back.0),
                    ];
                    there.insert((*seller, *batch, *currency), sums);
                }
            }
        }
        assert_eq!(there, expected, "a batch is the sum of what is booked under it");
    }

    /// I5: what the entries put on every account is what the model has there, currency by currency.
    pub fn compare_entries(&self, posted: &BTreeMap<(Currency, LedgerAccount), i64>) {
        let mut expected: BTreeMap<(Currency, LedgerAccount), i64> = BTreeMap::new();
        for (id, card) in &self.cards {
            let ((balance, held), currency) = (self.owed(*id), card.currency);
            expected.insert((currency, LedgerAccount::Receivable(*id)), balance);
            expected.insert((currency, LedgerAccount::Held(*id)), held);
            *expected.entry((currency, LedgerAccount::Opening)).or_default() -= card.opening;
            *expected.entry((currency, LedgerAccount::CardholderFees)).or_default() -= card.fees;
            *expected.entry((currency, LedgerAccount::WriteOffs)).or_default() += card.written_off;
        }
        for (id, amount) in self.repayments.values() {
            *expected.entry((self.cards[id].currency, LedgerAccount::Bank)).or_default() += amount;
        }
        for ((seller, _), charge) in self.charges.iter().filter(|(_, charge)| charge.account.is_some()) {
            let currency = charge.answer.expect("an approval").0.currency;
            *expected.entry((currency, LedgerAccount::Payable(*seller))).or_default() -= charge.left();
            *expected.entry((currency, LedgerAccount::PayableOnCapture(*seller))).or_default() -= charge.held;
        }
        let mut posted = posted.clone();
        posted.retain(|_, sum| *sum != 0);
        expected.retain(|_, sum| *sum != 0);
        assert_eq!(posted, expected, "I5");
    }
}
