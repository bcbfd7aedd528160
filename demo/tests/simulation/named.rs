//! Each place where a purchase can be interrupted, one by one: F1 to F15, F20 and F21 of the
//! invariants. The rest of them needs a standby, which this shop does not have.

mod clocks_and_disks;
mod impossible;
mod money;
mod seller_dies;
mod settlement_dies;
mod terminal_dies;
mod wire;

use std::time::Duration;

use kessai_server::sales::{self, Order};
use kessai_settlement::ledger::{self, Charge, ChargeState};
use kessai_shared::ids::OrderId;
use kessai_shared::money::Minor;
use kessai_shared::storefront::{OrderState, PaymentState};
use kessai_tui_client::shop::Ending;

use crate::site::{DiskAfter, ShelfAfter};
use crate::stage::Stage;
use crate::terminal::Deed;
use crate::world::{Card, SELLER, SETTLEMENT, Terms, World, line};
use crate::{books, checks};

const A_WHILE: Duration = Duration::from_secs(30);
/// Two of `P1`.
const WORTH: Minor = Minor(2_500);

/// A purchase that nothing speaks against, asked for until its outcome is known.
fn purchase() -> Deed {
    buy(true)
}

fn buy(insists: bool) -> Deed {
    let patience = Duration::from_secs(if insists { 30 } else { 2 });
    Deed::Buy { card: Card::Good, lines: vec![line(1, 2)], patience, insists, twice: false }
}

fn pause(seconds: u64) -> Deed {
    Deed::Pause(Duration::from_secs(seconds))
}

/// A shop on a quiet network, with one terminal for each plan.
fn shop(seed: u64, plans: impl IntoIterator<Item = Vec<Deed>>) -> Stage {
    shop_on(Terms::quiet(seed), plans)
}

fn shop_on(terms: Terms, plans: impl IntoIterator<Item = Vec<Deed>>) -> Stage {
    // The terminals wait until the seller has the keys that cards are sealed with.
    let plans = plans.into_iter().map(|plan| [vec![pause(1)], plan].concat());
    let mut stage = Stage::new(World::new(terms, plans.collect()));
    stage.run_for(Duration::from_millis(800));
    stage
}

impl Stage {
    fn wait(&mut self, what: &str, holds: impl FnMut(&World) -> bool) {
        assert!(self.run_until(A_WHILE, holds), "never came: {what}");
    }

    fn crash_and_restart(&mut self, name: &'static str, down: Duration) {
        self.crash(name);
        self.run_for(down);
        self.restart(name, DiskAfter::PowerCut(1), ShelfAfter::Kept);
    }

    /// Ends the faults, lets everything come to rest and holds all books against each other.
    fn finish(&mut self) {
        self.heal();
        self.settle();
        for name in [SELLER, SETTLEMENT] {
            self.unexpected_death(name);
        }
        let problems = checks::check(self);
        assert!(problems.is_empty(), "{problems:#?}");
    }

    /// The order that the first terminal opened first, as both sides have it, and what was heard.
    fn first(&self) -> Seen {
        let notes = self.world.notes[0].lock().unwrap();
        let note = notes.orders.first().expect("an order id");
        let order = seller_of(&self.world).order(note.id).cloned();
        let charge = ledger_of(&self.world).charge(&(self.world.seller_pin, note.id)).cloned();
        Seen { id: note.id, order, charge, heard: note.heard.clone() }
    }
}

/// One order from all sides.
struct Seen {
    id: OrderId,
    order: Option<Order>,
    charge: Option<Charge>,
    heard: Vec<Ending>,
}

impl Seen {
    fn is(&self, order: OrderState, payment: PaymentState, charge: Option<ChargeState>) -> bool {
        let mine = self.order.as_ref().map(|order| (order.order, order.payment));
        mine == Some((order, payment)) && self.charge.as_ref().map(|charge| charge.state) == charge
    }

    /// Accepted once and for all, charged once, and told so.
    fn assert_sold(&self) {
        let sold = self.is(OrderState::Completed, PaymentState::Captured, Some(ChargeState::Captured));
        let charged = self.charge.as_ref().map(|charge| charge.captured);
        assert!(sold && charged == Some(WORTH), "{:?} {:?}", self.order, self.charge);
        let told = self.heard.iter().all(|ending| matches!(ending, Ending::Accepted { .. }));
        assert!(told && !self.heard.is_empty(), "{:?}", self.heard);
    }

    /// Came to nothing, and nothing is held for it.
    fn assert_interrupted(&self, charge: ChargeState) {
        let over = self.is(OrderState::Cancelled, PaymentState::Reversed, Some(charge));
        assert!(over, "{:?} {:?}", self.order, self.charge);
        assert_eq!(self.heard.last(), Some(&Ending::Interrupted));
    }
}

fn seller_of(world: &World) -> sales::Books {
    books::sales(&world.seller.written()).expect("the seller's journal").books
}

fn ledger_of(world: &World) -> ledger::Books {
    books::ledger(&world.settlement.written()).expect("the settlement's journal").books
}

/// Whether the seller has an order whose payment stands so.
fn payment_is(world: &World, payment: PaymentState) -> bool {
    seller_of(world).orders().any(|(_, order)| order.payment == payment)
}

/// Whether the seller has an order with a shipment whose capture is not answered yet.
fn is_shipping(world: &World) -> bool {
    seller_of(world).orders().any(|(_, order)| order.shipping.is_some())
}

/// Whether the settlement has a charge that stands so.
fn charge_is(world: &World, state: ChargeState) -> bool {
    ledger_of(world).charges().any(|(_, charge)| charge.state == state)
}

fn is_told(world: &World) -> bool {
    world.notes[0].lock().unwrap().orders.first().is_some_and(|order| !order.heard.is_empty())
}
