//! Strangers in thousands on the open endpoint: handshakes that never end and streams that trickle, while
//! a good terminal buys.

mod half_open;
mod slow;
#[path = "../support/mod.rs"]
mod support;
mod terminal;
mod unproved;

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use half_open::{HalfOpen, Seen};
use kessai_demo::bench::tables;
use kessai_shared::exchange::Limits;
use kessai_shared::pin::Pin;
use kessai_tui_client::shop_file::ShopFile;
use serde_json::Value;
use slow::Stay;
use support::books::verify;
use support::command::run;
use support::processes;
use support::shop::Shop;
use terminal::{Buyer, Figures};

/// Handshakes that are begun and left, and connections that keep their server waiting.
const HALF_OPEN: usize = 10_000;
const SLOW: usize = 1_000;
/// How long the good terminal buys before a flood: some hundreds of purchases, of which one in a hundred is
/// more than the longest few.
const CALM: Duration = Duration::from_secs(10);
/// The 99th percentile of its purchases in a flood. What is wanted is a small multiple of what it is before,
/// which is printed; a purchase that takes so long is one that the flood keeps from buying.
const LONGEST_P99: Duration = Duration::from_secs(10);
/// How many handshakes are begun a second, and how long the slow ones stay at least.
const PER_SECOND: u32 = 2_000;
const SLOW_FOR: Duration = Duration::from_secs(7);
/// How long after the deadline of a frame a connection that trickles waits to be shown out. The deadline of
/// replies, which it does not read either, must not come first.
const SHOWN_OUT_WITHIN: Duration = Duration::from_secs(10);
/// What the seller's memory may grow by in these floods, in MiB, besides its books: its cap is for twice as many
/// connections that each hold all they may.
const MOST_GROWN_MIB: u64 = 256;
/// So many purchases take a MiB of the seller's memory. A fast machine makes thousands of them meanwhile.
const PURCHASES_PER_MIB: u64 = 64;

/// The tests of this file take turns, because each measures what its own strangers do to a seller.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    // A test that failed has left nothing behind that matters to the next.
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Place {
    shop: Shop,
    folder: tempfile::TempDir,
}

impl Place {
    fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| folder.path().join(name);
        let (accounts, products) = (file("accounts.csv"), file("products.csv"));
        tables::write_accounts(&accounts, terminal::ACCOUNTS).expect("accounts");
        tables::write_products(&products, terminal::PRODUCTS).expect("products");
        let text = |path: &Path| path.display().to_string();
        let (accounts, products) = (text(&accounts), text(&products));
        let more = ["--cardholders", &accounts, "--products", &products];
        let shop = Shop::open_with(&folder.path().join("shop"), &more);
        Self { shop, folder }
    }

    fn seller(&self) -> SocketAddr {
        self.shop.address("kessai-server")
    }

    fn file(&self) -> ShopFile {
        ShopFile::read(&self.shop.file()).expect("the shop's file")
    }

    fn pin(&self) -> Pin {
        self.file().seller_pins[0]
    }

    /// The memory of the seller, in MiB.
    fn memory(&self) -> u64 {
        processes::status(self.shop.daemon("kessai-server"), "VmRSS") / 1_024
    }

    /// How many connections were turned away for this reason.
    fn turned_away(&self, reason: &str) -> u64 {
        self.told("status")["turned_away"][reason].as_u64().unwrap_or_default()
    }

    /// What an operator is told of it.
    fn told(&self, what: &str) -> Value {
        let data = self.folder.path().join("shop").join("seller").display().to_string();
        let said = run(["kessai-server", what, "--json", "--data", data.as_str()]).with(0);
        serde_json::from_str(&said).expect("JSON")
    }
}

/// What one flood came to.
struct Flood {
    bought: Figures,
    most_memory: u64,
    first_packets: Seen,
    slow: slow::Held,
}

/// Both kinds of strangers at once, from addresses with this number; those that trickle do so for so long.
fn flood(place: &Place, nth: u8, buyer: &Buyer, trickling: Duration) -> Flood {
    let (seller, pin) = (place.seller(), place.pin());
    let sources = (0..250).map(|at| IpAddr::from([127, 1, nth, at]));
    let mut half_open = HalfOpen::new(seller, pin, sources.collect());
    half_open.prepare(HALF_OPEN);
    let over = AtomicBool::new(false);
    scope(|scope| {
        let strangers = scope.spawn(|| {
            // Also when one of them fails.
            let end = AtEnd(&over);
            let begun = Instant::now();
            let stay = Stay { reading_nothing: SLOW_FOR, trickling };
            let slow = std::thread::spawn(move || {
                stand_back();
                slow::hold(seller, pin, SLOW, nth, stay)
            });
            stand_back();
            half_open.begin(PER_SECOND);
            sleep(SLOW_FOR.saturating_sub(begun.elapsed()));
            // Those that trickle on are too few to be a flood, and what is bought beside them is not measured.
            drop(end);
            (half_open.seen(), slow.join().expect("slow ones"))
        });
        let memory = scope.spawn(|| {
            let mut most = 0;
            while !over.load(Ordering::Relaxed) {
                most = most.max(place.memory());
                sleep(Duration::from_millis(200));
            }
            most
        });
        let bought = buyer.buy_while(|| !over.load(Ordering::Relaxed));
        let (first_packets, slow) = strangers.join().expect("a flood");
        let most_memory = memory.join().expect("a figure");
        Flood { bought, most_memory, first_packets, slow }
    })
}

/// Lets the calling thread have the processors only while nobody else wants them: what the flood does to a
/// shop is measured, not what strangers who share its processors take from it.
fn stand_back() {
    let thread = rustix::thread::gettid().as_raw_nonzero().to_string();
    let status = Command::new("chrt").args(["--idle", "--pid", "0", &thread]).status();
    assert!(status.expect("chrt, of util-linux").success());
}

/// Says that a flood is over.
struct AtEnd<'a>(&'a AtomicBool);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_flood_of_strangers_keeps_nobody_from_buying_and_holds_no_more_than_its_cap() {
    let _turn = turn();
    let place = Place::open();
    let buyer = Buyer::new(place.file(), place.folder.path());
    let calm = buyer.buy_for(CALM);
    let before = place.memory();
    // Long enough for every one to be shown out, on a busy machine too.
    let first = flood(&place, 1, &buyer, Limits::OPEN.frame_deadline + SHOWN_OUT_WITHIN);
    let cap = Limits::OPEN.memory_cap().expect("a cap") as u64 / 1_024 / 1_024;
    let grown =
        |most: u64, purchases: usize| most.saturating_sub(before + purchases as u64 / PURCHASES_PER_MIB);
    let in_first = grown(first.most_memory, first.bought.purchases);
    println!("before:  {calm}\nflooded: {}", first.bought);
    println!(
        "p50 {:.2} and p99 {:.2} times as long; memory {before} MiB and {in_first} more, of a cap of {cap}; {:?}; {:?}",
        first.bought.p50().as_secs_f64() / calm.p50().as_secs_f64(),
        first.bought.p99().as_secs_f64() / calm.p99().as_secs_f64(),
        first.first_packets,
        first.slow,
    );
    assert!(first.bought.p99() < LONGEST_P99, "{}", first.bought);
    assert!(in_first < MOST_GROWN_MIB.min(cap), "{in_first} MiB");
    assert!(first.bought.purchases > 0 && first.bought.newcomers > 0, "{}", first.bought);
    assert!(first.first_packets.came_back > HALF_OPEN / 4, "{:?}", first.first_packets);
    // Some are passed over while newcomers are many, and come too late.
    assert!(first.slow.connected > SLOW / 2, "{:?}", first.slow);
    // More than half, because a busy machine may lose some of them in other ways before.
    assert!(first.slow.shown_out > first.slow.trickled / 2 && first.slow.trickled > 0, "{:?}", first.slow);
    // Each is counted a moment after it was shown out.
    support::until("a seller that has counted them", || {
        place.turned_away("slow") >= first.slow.shown_out as u64
    });
    println!("turned away: {}", place.told("status")["turned_away"]);
    assert!(place.turned_away("asked_again") > 0 && place.turned_away("stalled") > 0);
    is_alone_again(&place, &buyer);
    let second = flood(&place, 2, &buyer, SLOW_FOR);
    let in_both = grown(second.most_memory, first.bought.purchases + second.bought.purchases);
    println!(
        "again:   {}; memory {} MiB at most, {in_both} more than before",
        second.bought, second.most_memory
    );
    // Locked memory is never given back, and the second flood may be given other parts of it than the first.
    assert!(in_both < MOST_GROWN_MIB.min(cap), "{in_both} MiB");
    is_alone_again(&place, &buyer);
    let bought = buyer.leave();
    assert_eq!(verify(&place.folder.path().join("shop")).sold("accepted_orders"), bought);
}

/// Nothing of the strangers is left, and only the good terminal is connected.
fn is_alone_again(place: &Place, buyer: &Buyer) {
    support::until("a seller that is left alone", || {
        sleep(Duration::from_millis(500));
        let open = place.told("peers")["totals"]["open"].as_u64().expect("a count");
        open <= buyer.connections()
    });
}

#[test]
fn half_open_handshakes_of_one_address_leave_its_neighbours_alone() {
    let _turn = turn();
    let place = Place::open();
    let mut half_open = HalfOpen::new(place.seller(), place.pin(), vec![IpAddr::from([127, 9, 9, 9])]);
    half_open.prepare(1_500);
    half_open.begin(1_000);
    let buyer = Buyer::new(place.file(), place.folder.path());
    let bought = buyer.buy_for(Duration::from_secs(1));
    assert!(bought.purchases > 0 && bought.p99() < LONGEST_P99, "{bought}");
    // Most of them are passed over or, when their time is over, given up: an address has a share of what is in
    // progress.
    support::until("most of them turned away", || {
        place.turned_away("paced") + place.turned_away("stalled") > 1_000
    });
    buyer.leave();
}

#[test]
fn an_address_that_proves_nothing_gets_no_more_than_it_sent() {
    let _turn = turn();
    let place = Place::open();
    unproved::is_not_amplified(place.seller(), place.pin());
}
