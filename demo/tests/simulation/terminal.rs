//! A terminal: goes through its plan with the real shop client, notes every order id before it uses
//! it, and after a crash goes on where its notes end.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use kessai_shared::ids::{OrderId, ReturnId};
use kessai_shared::storefront::{Line, OrderView, Refusal, ReturnState, ReturnView};
use kessai_tui_client::home::Home;
use kessai_tui_client::shop::{Ending, Shop, ShopError};
use kessai_tui_client::shop_file::ShopFile;
use tokio::time::{Instant, sleep};

use crate::sim_net::SimNet;
use crate::site::now;
use crate::world::{Card, World, line, particulars};

/// How long a terminal that will not take no for an answer keeps asking.
const INSISTS: Duration = Duration::from_secs(60);

/// One thing that a terminal does.
#[derive(Clone, Debug)]
pub enum Deed {
    Pause(Duration),
    Buy {
        card: Card,
        lines: Vec<Line>,
        /// How long one attempt may take.
        patience: Duration,
        /// Whether it tries again until it knows.
        insists: bool,
        /// Whether two of its connections place the same order at once.
        twice: bool,
    },
    /// Asks for other goods under the id of an earlier order.
    Clash {
        of: usize,
    },
    /// Has one list of goods quoted and buys another under the same id; then the first once more.
    ChangeOfMind {
        first: Vec<Line>,
        then: Vec<Line>,
    },
    Cancel {
        /// Which of its orders.
        of: usize,
    },
    GiveBack {
        /// Which of its orders it is from.
        of: usize,
        lines: Vec<Line>,
        /// Whether it names the order.
        named: bool,
        twice: bool,
    },
}

/// What a terminal knows, which its own disk keeps.
#[derive(Default)]
pub struct Notes {
    pub next: usize,
    pub orders: Vec<OrderNote>,
    pub returns: Vec<ReturnNote>,
    /// What must never be heard.
    pub complaints: Vec<String>,
    pub refused: Vec<Refusal>,
    pub twice: u64,
    /// How often it came back to an order after a crash.
    pub resumed: u64,
    pub done: bool,
    pub asked: bool,
}

pub struct OrderNote {
    pub deed: usize,
    pub id: OrderId,
    pub lines: Vec<Line>,
    pub card: Card,
    /// Every ending that was ever shown for it, in the order they came.
    pub heard: Vec<Ending>,
    /// What the seller shows at the end; `None` when it never heard of the order.
    pub last: Option<OrderView>,
}

pub struct ReturnNote {
    pub deed: usize,
    pub id: ReturnId,
    pub from: Option<OrderId>,
    pub lines: Vec<Line>,
    pub heard: Vec<ReturnView>,
}

/// Counts a terminal that waits for an outcome, also when it is torn down meanwhile.
struct Paying(Arc<World>);

impl Paying {
    fn new(world: &Arc<World>) -> Self {
        world.paying.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(world))
    }
}

impl Drop for Paying {
    fn drop(&mut self) {
        self.0.paying.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Terminal {
    world: Arc<World>,
    file: ShopFile,
    number: usize,
    notes: Arc<Mutex<Notes>>,
    net: SimNet,
    shop: Shop,
}

/// Runs a terminal until every outcome was asked for once more.
pub async fn run(world: Arc<World>, number: usize) {
    let file = ShopFile {
        addresses: vec![world.shop_address()],
        seller_pins: vec![world.seller_pin],
        issuer_roots: vec![world.root],
    };
    let net = world.net();
    let shop = open_shop(&world, number, &file, &net);
    let notes = Arc::clone(&world.notes[number]);
    let mut terminal = Terminal { world, file, number, notes, net, shop };
    terminal.go_through_plan().await;
    while !terminal.world.healed.load(Ordering::Relaxed) {
        sleep(Duration::from_millis(200)).await;
    }
    terminal.buy_once_more().await;
    while !terminal.world.calm.load(Ordering::Relaxed) {
        sleep(Duration::from_millis(200)).await;
    }
    terminal.ask_again().await;
}

fn open_shop(world: &World, number: usize, file: &ShopFile, net: &SimNet) -> Shop {
    Shop::new(file.clone(), Home::new(world.home(number)), net, Arc::new(now)).unwrap()
}

impl Terminal {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap()
    }

    async fn go_through_plan(&self) {
        loop {
            let at = self.notes().next;
            let Some(deed) = self.world.plans[self.number].get(at).cloned() else { break };
            match deed {
                Deed::Pause(pause) => sleep(pause).await,
                Deed::Buy { card, lines, patience, insists, twice } => {
                    let note = self.open(at, card, &lines);
                    self.buy(note, patience, insists, twice).await;
                }
                Deed::Clash { of } => self.clash(of).await,
                Deed::ChangeOfMind { first, then } => {
                    let note = self.open(at, Card::Good, &then);
                    self.change_of_mind(note, &first).await;
                }
                Deed::Cancel { of } => self.cancel(of).await,
                Deed::GiveBack { of, lines, named, twice } => {
                    let note = self.mint(at, of, &lines, named);
                    self.give_back(note, twice).await;
                }
            }
            self.notes().next = at + 1;
        }
    }

    /// Once all is well again, a purchase that nothing speaks against is accepted.
    async fn buy_once_more(&mut self) {
        // As a terminal that is switched on now, which has only the keys that are given out now.
        self.shop = open_shop(&self.world, self.number, &self.file, &self.net);
        let note = self.open(usize::MAX, Card::Good, &[line(0, 1)]);
        self.buy(note, Duration::from_secs(30), true, false).await;
        let mut notes = self.notes();
        let (id, heard) = (notes.orders[note].id, notes.orders[note].heard.last().cloned());
        if !matches!(heard, Some(Ending::Accepted { .. } | Ending::HoldExpired)) {
            notes.complaints.push(format!("I14: after all faults, the new order {id} ended {heard:?}"));
        }
        notes.done = true;
    }

    /// The note of an order, from before a crash or new. The id is on the disk before it is used.
    fn open(&self, deed: usize, card: Card, lines: &[Line]) -> usize {
        let known = self.notes().orders.iter().position(|order| order.deed == deed);
        if let Some(known) = known {
            self.notes().resumed += 1;
            return known;
        }
        let id = self.shop.open_checkout().unwrap();
        let mut notes = self.notes();
        let (lines, heard) = (lines.to_vec(), Vec::new());
        notes.orders.push(OrderNote { deed, id, lines, card, heard, last: None });
        notes.orders.len() - 1
    }

    async fn buy(&self, note: usize, patience: Duration, insists: bool, twice: bool) {
        let until = Instant::now() + INSISTS;
        loop {
            let ending = if twice {
                self.notes().twice += 1;
                let other = self.shop.another(&self.net).unwrap();
                let (first, second) =
                    tokio::join!(self.pay(&self.shop, note, patience), self.pay(&other, note, patience));
                first.or(second)
            } else {
                self.pay(&self.shop, note, patience).await
            };
            if ending.is_some() || !insists || Instant::now() >= until {
                return;
            }
            sleep(Duration::from_millis(300)).await;
        }
    }

    /// One attempt; what it shows is noted.
    async fn pay(&self, shop: &Shop, note: usize, patience: Duration) -> Option<Ending> {
        let (id, lines, card) = {
            let notes = self.notes();
            let order = &notes.orders[note];
            (order.id, order.lines.clone(), order.card)
        };
        let _paying = Paying::new(&self.world);
        let shop = shop.patient_for(patience);
        let ending = match shop.quote(id, &lines).await {
            Ok(quote) => shop.pay(&quote, &particulars(self.number, card).into()).await,
            Err(error) => Err(error),
        };
        let ending = match ending {
            // An earlier attempt of ours overtook this one with a quote of its own.
            Err(ShopError::Refused(Refusal::Duplicate | Refusal::QuoteExpired)) => {
                shop.order(id).await.map(|(_, ending)| ending)
            }
            other => other,
        };
        match ending {
            Ok(Ending::Unknown) => None,
            Ok(ending) => {
                self.notes().orders[note].heard.push(ending.clone());
                Some(ending)
            }
            Err(error) => {
                self.note_error(error);
                None
            }
        }
    }

    /// What comes of it is for the order to show.
    async fn cancel(&self, of: usize) {
        let Some(id) = self.notes().orders.get(of).map(|order| order.id) else { return };
        match self.shop.patient_for(Duration::from_secs(20)).cancel(id).await {
            Ok((_, Ending::Unknown)) => {}
            Ok((_, ending)) => self.notes().orders[of].heard.push(ending),
            Err(error) => self.note_error(error),
        }
    }

    async fn clash(&self, of: usize) {
        let Some((id, lines)) = self.notes().orders.get(of).map(|order| (order.id, order.lines.clone()))
        else {
            return;
        };
        let mut other = lines;
        other[0].quantity += 1;
        let shop = self.shop.patient_for(Duration::from_secs(5));
        match shop.quote(id, &other).await {
            Ok(quote) => {
                // The seller has not heard of the order yet; then this is what the id means.
                let known = self.notes().orders[of].heard.clone();
                if !known.is_empty() {
                    let text = format!("order {id} ended {known:?}, and is quoted for something else");
                    self.notes().complaints.push(text);
                }
                drop(quote);
            }
            Err(error) => self.note_error(error),
        }
    }

    async fn change_of_mind(&self, note: usize, first: &[Line]) {
        let id = self.notes().orders[note].id;
        let shop = self.shop.patient_for(Duration::from_secs(30));
        let Ok(old) = shop.quote(id, first).await else { return };
        self.buy(note, Duration::from_secs(30), true, false).await;
        match shop.pay(&old, &particulars(self.number, Card::Good).into()).await {
            Ok(ending) => {
                let text = format!("order {id} was bought for the amount of before: {ending:?}");
                self.notes().complaints.push(text);
            }
            Err(error) => self.note_error(error),
        }
    }

    fn mint(&self, deed: usize, of: usize, lines: &[Line], named: bool) -> Option<usize> {
        let known = self.notes().returns.iter().position(|given| given.deed == deed);
        if let Some(known) = known {
            return Some(known);
        }
        let order = self.notes().orders.get(of).map(|order| order.id)?;
        let (id, from) = (self.shop.mint_return(), named.then_some(order));
        let mut notes = self.notes();
        notes.returns.push(ReturnNote { deed, id, from, lines: lines.to_vec(), heard: Vec::new() });
        Some(notes.returns.len() - 1)
    }

    async fn give_back(&self, note: Option<usize>, twice: bool) {
        let Some(note) = note else { return };
        for _ in 0..if twice { 2 } else { 1 } {
            let (id, from, lines) = {
                let notes = self.notes();
                let given = &notes.returns[note];
                (given.id, given.from, given.lines.clone())
            };
            let shop = self.shop.patient_for(Duration::from_secs(20));
            match shop.give_back_from(id, from, &lines).await {
                Ok(view) => self.notes().returns[note].heard.push(view),
                Err(error) => self.note_error(error),
            }
        }
    }

    /// Asks for everything once more, first without and then with paying: nothing may change by it.
    async fn ask_again(&self) {
        let count = self.notes().orders.len();
        for note in 0..count {
            let id = self.notes().orders[note].id;
            let shown = loop {
                match self.shop.order(id).await {
                    Ok((view, ending)) => break Some((view, ending)),
                    Err(ShopError::Refused(Refusal::UnknownOrder)) => break None,
                    Err(error) => self.note_error(error),
                }
                sleep(Duration::from_millis(300)).await;
            };
            let Some((view, ending)) = shown else { continue };
            if ending == Ending::Unknown {
                self.notes().complaints.push(format!("I14: order {id} is still in doubt at the end"));
                continue;
            }
            self.notes().orders[note].heard.push(ending);
            self.notes().orders[note].last = Some(view);
            while self.pay(&self.shop, note, Duration::from_secs(20)).await.is_none() {
                sleep(Duration::from_millis(300)).await;
            }
        }
        let count = self.notes().returns.len();
        for note in 0..count {
            self.give_back(Some(note), false).await;
            let notes = self.notes();
            let open = notes.returns[note].heard.last();
            let id = notes.returns[note].id;
            let pending = open.is_some_and(|view| view.state == ReturnState::Pending);
            drop(notes);
            if pending {
                self.notes().complaints.push(format!("I14: return {id} is still open at the end"));
            }
        }
        self.notes().asked = true;
    }

    fn note_error(&self, error: ShopError) {
        let mut notes = self.notes();
        match error {
            ShopError::Refused(refusal) => notes.refused.push(refusal),
            ShopError::Unreachable(_) | ShopError::NoAnswer => {}
            // While a clock is wrong, keys may be out of their time; nothing is bought with them.
            ShopError::Untrusted(why) if why.starts_with("no sealing key") => {}
            ShopError::Untrusted(why) | ShopError::Local(why) | ShopError::NotKept(why) => {
                notes.complaints.push(why)
            }
            ShopError::Broke => notes.complaints.push("a question broke in the middle".to_owned()),
        }
    }
}
