//! The shop: the seller's books, by the acts that its daemon does, at the time of the trade.

use kessai_server::import::Listing;
use kessai_server::sales::acts::{self, Giving};
use kessai_server::sales::{Answer, Audit, Books, Change, Work};
use kessai_shared::ids::{OrderId, ReturnId};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Quote, QuotedLine};
use kessai_shared::storefront::Cancelled;
use kessai_shared::time::Timestamp;

use crate::company::Company;
use crate::trade::Deed;

pub const SELLER: Pin = Pin([1; 32]);
/// The till that serves every customer.
const TILL: Pin = Pin([2; 32]);
const OPERATOR: Pin = Pin([3; 32]);

#[derive(Default)]
pub struct Shop {
    pub books: Books,
    audit: Audit,
    position: u64,
    last: Timestamp,
}

impl Shop {
    pub fn stocked(listings: &[Listing], at: Timestamp) -> Self {
        let mut shop = Self::default();
        for Listing { sku, name, category, unit_price, stock, .. } in listings.iter().cloned() {
            shop.change(&Change::Stocked { sku, name, category, unit_price, received: stock }, at);
        }
        shop
    }

    /// Buys what a customer wants; `None` when not all of it is there. Gives the quote that was approved
    /// or declined.
    pub fn buy(&mut self, deed: &Deed, company: &mut Company) -> Option<Quote> {
        let quoted = deed.lines.iter().map(|line| QuotedLine {
            sku: line.sku,
            quantity: line.quantity,
            unit_price: self.books.product(&line.sku).expect("a product").unit_price,
        });
        let lines: Vec<_> = quoted.collect();
        let total = Minor(lines.iter().map(|line| i64::from(line.quantity) * line.unit_price.0).sum());
        let order = OrderId::mint(deed.at, random(deed.sequence));
        let (customer, currency, deadline) = (deed.customer, Currency::Gbp, deed.at.plus_seconds(900));
        let quote = Quote { seller: SELLER, order, customer, lines, total, currency, deadline };
        let change = acts::place(&self.books, (&quote, None), TILL, deed.at).expect("it can be ordered");
        self.change(&change.expect("a new order"), deed.at);
        self.carry(order, Some(&deed.card), deed.at, company);
        company.has_approved((SELLER, order)).then_some(quote)
    }

    pub fn cancel(&mut self, order: OrderId, at: Timestamp, company: &mut Company) {
        let asked =
            acts::cancel(&self.books, order, Cancelled::ByShopper, None).expect("it can be cancelled");
        self.change(&asked.expect("it is not cancelled yet"), at);
        self.carry(order, None, at, company);
    }

    pub fn give_back(&mut self, deed: &Deed, company: &mut Company) {
        let id = ReturnId::mint(deed.at, random(deed.sequence));
        let giving = Giving {
            id,
            owner: TILL,
            customer: &deed.customer,
            from: None,
            lines: &deed.lines,
            by: None,
            restock: true,
        };
        let change = acts::give_back(&self.books, &giving).expect("it can be given back");
        self.change(&change.expect("a new return"), deed.at);
        let open: Vec<_> = self.books.open_orders().collect();
        open.into_iter().for_each(|order| self.carry(order, None, deed.at, company));
    }

    /// Ships all that was bought before an instant, some of it in two parts, and calls it delivered that
    /// was shipped before. Gives the orders that left.
    pub fn ship_all(&mut self, until: Timestamp, at: Timestamp, company: &mut Company) -> Vec<OrderId> {
        let due: Vec<_> = self.books.shippable(until).collect();
        for order in &due {
            let lines = self.books.order(*order).expect("an order").unshipped();
            if order.as_bytes()[15] % 5 == 0 && lines.len() > 1 {
                let part = acts::ship(&self.books, *order, &lines[..lines.len() / 2], None, Some(OPERATOR));
                self.change(&part.expect("a part can leave"), at);
                self.carry(*order, None, at, company);
            }
            let rest = acts::ship_rest(&self.books, *order).expect("the rest can leave");
            self.change(&rest, at);
            self.carry(*order, None, at, company);
        }
        let arrived: Vec<_> = self.books.undelivered(until).collect();
        for order in arrived {
            let change = acts::deliver(&self.books, order, None).expect("it was shipped");
            change.iter().for_each(|change| self.change(change, at));
        }
        due
    }

    /// Everything that the audit finds wrong.
    pub fn problems(self) -> Vec<String> {
        self.audit.finish(&self.books)
    }

    /// Asks the settlement for whatever an order waits for, until it waits for nothing.
    fn carry(&mut self, order: OrderId, card: Option<&str>, at: Timestamp, company: &mut Company) {
        while let Some(work) = Work::next(&self.books, order) {
            let answer = match work {
                // As the courier does: goods that cost nothing need nobody's leave.
                Work::Capture { amount: Minor::ZERO, .. } => Answer::Captured { batch: 0 },
                Work::Refund { amount: Minor::ZERO, .. } => Answer::Refunded { batch: 0 },
                Work::Release { amount: Minor::ZERO, .. } => Answer::Released,
                _ => company.answer(SELLER, &work, card, at),
            };
            let change = work.answered(&self.books, answer.clone());
            self.change(&change.unwrap_or_else(|| panic!("{answer:?} is no answer to {work:?}")), at);
        }
    }

    fn change(&mut self, change: &Change, at: Timestamp) {
        self.position += 1;
        self.last = at.max(Timestamp(self.last.0 + 1));
        self.books.apply(change, self.position, self.last).unwrap_or_else(|why| panic!("{why}: {change:?}"));
        self.audit.see(change);
    }
}

fn random(sequence: u64) -> [u8; 10] {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&sequence.to_le_bytes());
    random
}
