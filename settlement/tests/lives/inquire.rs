//! An inquiry, and what the model says to it.

use kessai_settlement::ledger::acts::Inquired;
use kessai_settlement::ledger::{Candidate, Presented};
use kessai_shared::receipt::Purchase;

use super::ops::Signs;
use super::*;

impl Life {
    pub fn inquire(&mut self, op: &Op) {
        let Op::Inquire { seller: by, order: of, card, amount, foreign, right, luhn, content, late, signs } =
            *op
        else {
            return;
        };
        let deadline = START.plus_seconds(if late { 0 } else { 100_000 });
        let (seller, order, quote_hash) = (seller(by), order(of), [content; 32]);
        let own = CARDS.get(usize::from(card)).map_or(Currency::Gbp, |(currency, ..)| *currency);
        let currency = match own {
            own if !foreign => own,
            Currency::Jpy => Currency::Gbp,
            Currency::Gbp | Currency::Eur | Currency::Usd => Currency::Jpy,
        };
        let purchase = Purchase { seller, order, amount: Minor(amount), currency, quote_hash, deadline };
        let given = if right { HOLDER } else { [2; 32] };
        // A card that was never kept is looked for like any other.
        let candidates = [self.generation.saturating_sub(1), self.generation].map(|generation| {
            let AtRest { index, .. } = at_rest(card, generation);
            let particulars = particulars(given, u8::try_from(generation).expect("few keys"));
            Candidate { generation, index, particulars }
        });
        let known = (luhn && usize::from(card) < CARDS.len()).then(|| account_id(card));
        let (holder, enrolment) = self.signature(signs, known, amount);
        let presented = Presented {
            holder,
            enrolment,
            passes_luhn: luhn,
            candidates: candidates.to_vec(),
            expiry: "2030-01".parse().expect("a month"),
        };
        let inquired = acts::inquire(&self.books, &purchase, Some(&presented), &self.policy, self.now);
        let expected = self.model.inquire(purchase, known, right, (holder, enrolment), self.now);
        match inquired {
            Inquired::Known => {
                assert_eq!(expected, model::Inquiry::Known, "{op:?}");
                let decided = self.books.charge(&(seller, order)).and_then(|charge| charge.decided.as_ref());
                let decided = decided.expect("a known decision is in the books");
                assert_eq!(
                    (decided.purchase, Some(decided.reason)),
                    (purchase, self.model.answer(&purchase))
                );
            }
            Inquired::Duplicate => assert_eq!(expected, model::Inquiry::Duplicate, "{op:?}"),
            Inquired::Over(refusal) => assert_eq!(expected, model::Inquiry::Over(refusal), "{op:?}"),
            Inquired::Fresh(fresh) => {
                assert_eq!(expected, model::Inquiry::Fresh(fresh.reason), "{op:?}");
                let enrols = known.filter(|id| self.model.enrols(*id, fresh.reason, (holder, enrolment)));
                self.apply(acts::decided(purchase, fresh, vec![amount as u8], &self.policy, self.now));
                self.model.decided(
                    purchase,
                    fresh.reason,
                    fresh.account,
                    self.now,
                    (HOLD_SECONDS, GRACE_SECONDS),
                );
                enrols.zip(holder).into_iter().for_each(|(id, key)| self.model.enrol(id, key));
            }
        }
    }

    /// The key that signs and the code that comes with it.
    fn signature(&self, signs: Signs, card: Option<AccountId>, amount: i64) -> model::Signed {
        let there = card.map(|id| self.model.holder(id)).unwrap_or_default();
        let new = Some([40 + amount.unsigned_abs() as u8; 32]);
        match signs {
            Signs::Nobody => (None, None),
            Signs::Holder => (there.key.or(new), None),
            Signs::Thief => (Some([200; 32]), None),
            Signs::WithCode => (new, there.code),
            Signs::WithWrongCode => (new, Some([201; 32])),
            Signs::CodeAlone => (None, there.code),
        }
    }
}
