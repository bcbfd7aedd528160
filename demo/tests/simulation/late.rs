//! Messages that arrive when all is over, as a slow network brings them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kessai_demo::voice::Voice;
use kessai_shared::exchange::Link;
use kessai_shared::net::Net;
use kessai_shared::net::knock::{Gate, KnockKey};
use kessai_shared::net::side::Side;
use kessai_shared::node_file;
use kessai_shared::receipt::Purchase;
use kessai_shared::seal::{ResponseSecret, SealedCard, SealingSession};
use kessai_shared::settlement::{ALPN, Reply, Request};
use kessai_shared::storefront::PaymentState;
use kessai_shared::tls::{Peers, client_config};

use crate::books;
use crate::site::now;
use crate::stage::Stage;
use crate::world::{Card, particulars};

const DEADLINE: Duration = Duration::from_secs(30);
/// Most late inquiries in one simulation.
const MOST: usize = 2;

/// Lets the inquiries of reversed orders arrive once more: nothing may be held for them now.
pub fn arrive(stage: &mut Stage) {
    let Ok(read) = books::sales(&stage.world.seller.written()) else { return };
    let reversed = read.books.orders().filter(|(_, order)| order.payment == PaymentState::Reversed);
    let purchases: Vec<_> = reversed.map(|(_, order)| order.quote.purchase()).take(MOST).collect();
    for purchase in purchases {
        stage.tally.note("network: late inquiry");
        // Whatever the answer is, what counts is what the books say after it.
        drop(stage.inquire(purchase));
    }
}

impl Stage {
    /// Sends an inquiry to the settlement with the seller's key, besides the seller, and gives the
    /// answer.
    pub fn inquire(&mut self, purchase: Purchase) -> Reply {
        let told = Arc::new(Mutex::new(None));
        let (world, tell) = (Arc::clone(&self.world), Arc::clone(&told));
        self.late += 1;
        self.sim.client(format!("late-{}", self.late), async move {
            let config = client_config(&world.seller_key(), Peers::pins([world.settlement_pin]), ALPN)?;
            let key = KnockKey::read(&world.seller_settings().knock_key)?;
            let gate = Gate::of_seller(&key).with_clock(Arc::new(now));
            let endpoint = world.net().closed(&Side::at("0.0.0.0:0".parse()?), &gate, None)?;
            let link = Link::new(endpoint, world.settlement_address(), gate.client_config(config));
            let node = node_file::load_or_create(&world.seller.data)?;
            let link = Voice::of(link, node).await.map_err(|failure| failure.line)?;
            let echo = link.ask(Request::Echo, DEADLINE).await.map_err(|failure| failure.line)?;
            let Reply::Echo { issuer_keys, .. } = echo else {
                return Err("no keys".into());
            };
            let response = ResponseSecret([7; 32]);
            let card = SealedCard { card: particulars(0, Card::Good), response, holder: None };
            let session = SealingSession::begin(&issuer_keys[0].keys).expect("a key to seal with");
            let card = session.seal(&card, &purchase).expect("a card that fits");
            let reply = link.ask(Request::Inquiry { purchase, card }, DEADLINE).await;
            let reply = reply.map_err(|failure| failure.line)?;
            *tell.lock().unwrap() = Some(reply);
            Ok(())
        });
        let answered = self.run_until(DEADLINE, |_| told.lock().unwrap().is_some());
        assert!(answered, "the settlement does not answer a late inquiry");
        told.lock().unwrap().take().expect("it was just there")
    }
}
