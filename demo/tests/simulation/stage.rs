//! The simulation of one shop: its hosts, and everything that can be done to them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kessai_settlement::settings::JOURNAL as SETTLEMENT_JOURNAL;
use kessai_shared::daemon::Ground;
use kessai_shared::journal::{self, Head, Kind};
use turmoil::{Builder, Sim};

use crate::books;
use crate::site::{DiskAfter, ShelfAfter, Site};
use crate::tally::Tally;
use crate::world::{SELLER, SETTLEMENT, World};

/// How far the simulated time moves at once.
const TICK: Duration = Duration::from_millis(5);

pub struct Stage {
    pub sim: Sim<'static>,
    pub world: Arc<World>,
    pub tally: Tally,
    /// What each daemon had acknowledged at the latest when it went down.
    witnessed: Vec<(&'static str, Head)>,
    pub problems: Vec<String>,
    /// Whether no clock was ever set wrong, so that the times of both journals can be compared.
    pub clocks_are_right: bool,
    /// How many late messages were sent, each from a host of its own.
    pub late: usize,
}

impl Stage {
    pub fn new(world: Arc<World>) -> Self {
        let mut sim = Builder::new()
            .simulation_duration(Duration::from_secs(3_600))
            .tick_duration(TICK)
            .min_message_latency(Duration::from_millis(1))
            .max_message_latency(Duration::from_millis(30))
            .udp_capacity(1 << 16)
            .rng_seed(world.terms.seed)
            .build();
        let of = Arc::clone(&world);
        sim.host(SETTLEMENT, move || settlement(Arc::clone(&of)));
        let of = Arc::clone(&world);
        sim.host(SELLER, move || seller(Arc::clone(&of)));
        for number in 0..world.plans.len() {
            let of = Arc::clone(&world);
            sim.host(terminal(number), move || {
                let of = Arc::clone(&of);
                async move {
                    crate::terminal::run(of, number).await;
                    Ok(())
                }
            });
        }
        let (tally, witnessed, problems) = (Tally::default(), Vec::new(), Vec::new());
        Self { sim, world, tally, witnessed, problems, clocks_are_right: true, late: 0 }
    }

    pub fn step(&mut self) {
        if let Err(error) = self.sim.step() {
            self.problems.push(format!("a host failed: {error}"));
        }
    }

    pub fn run_for(&mut self, time: Duration) {
        let until = self.sim.elapsed() + time;
        while self.sim.elapsed() < until {
            self.step();
        }
    }

    /// Runs until something holds; false when it does not within the time.
    pub fn run_until(&mut self, within: Duration, mut holds: impl FnMut(&World) -> bool) -> bool {
        let until = self.sim.elapsed() + within;
        while self.sim.elapsed() < until {
            if holds(&self.world) {
                return true;
            }
            self.step();
        }
        holds(&self.world)
    }

    /// Stops a daemon as if its machine or process died at this moment.
    pub fn crash(&mut self, name: &'static str) {
        self.witness(name);
        self.sim.crash(name);
    }

    /// Notes what a daemon has on its disk now, which from here on must never be missing.
    pub fn witness(&mut self, name: &'static str) {
        match head(self.world.site(name)) {
            Ok(head) => self.witnessed.push((name, head)),
            Err(why) => self.problems.push(format!("{name}: {why}")),
        }
    }

    /// Sets a daemon's clock so far from the true time.
    pub fn jump(&mut self, name: &'static str, seconds: i64) {
        self.clocks_are_right &= seconds == 0;
        self.world.site(name).jump(seconds);
    }

    pub fn restart(&mut self, name: &'static str, disk: DiskAfter, shelf: ShelfAfter) {
        self.world.site(name).recover(disk, shelf);
        self.sim.bounce(name);
    }

    /// Whatever was acknowledged is still there, record by record.
    pub fn check_witnessed(&mut self) {
        for (name, head) in std::mem::take(&mut self.witnessed) {
            let site = self.world.site(name);
            let mut there = head.position == 0;
            let mut see = |record: journal::Record| -> Result<(), String> {
                there |= record.position == head.position && record.hash == head.hash;
                Ok(())
            };
            if let Err(why) = journal::walk(&site.written(), kind(name), &mut see) {
                self.problems.push(format!("{name}: {why}"));
            }
            if !there {
                self.problems.push(format!("{name}: what was acknowledged at {} is gone", head.position));
            }
        }
    }

    /// Ends every fault of the network and the clocks.
    pub fn heal(&mut self) {
        let hosts = self.hosts();
        for (at, a) in hosts.iter().enumerate() {
            for b in &hosts[at + 1..] {
                self.sim.release(a.as_str(), b.as_str());
                self.sim.repair(a.as_str(), b.as_str());
            }
        }
        self.jump(SELLER, 0);
        self.jump(SETTLEMENT, 0);
        self.world.healed.store(true, Ordering::Relaxed);
    }

    /// Lets the terminals finish and everything come to rest, and has every outcome asked for again.
    pub fn settle(&mut self) {
        let done = |world: &World| world.notes.iter().all(|notes| notes.lock().unwrap().done);
        if !self.run_until(Duration::from_secs(240), done) {
            self.problems.push("I14: a terminal does not come to the end of its plan".to_owned());
        }
        for _ in 0..90 {
            if books::at_rest(&self.world) {
                break;
            }
            self.run_for(Duration::from_secs(1));
        }
        self.world.calm.store(true, Ordering::Relaxed);
        let asked = |world: &World| world.notes.iter().all(|notes| notes.lock().unwrap().asked);
        if !self.run_until(Duration::from_secs(120), asked) {
            self.problems.push("I14: a terminal gets no answer though all is well".to_owned());
        }
    }

    /// A daemon that ends by itself had a reason, which only a failing disk is.
    pub fn unexpected_death(&mut self, name: &'static str) {
        if let Some(why) = self.world.site(name).death() {
            self.problems.push(format!("{name} ended by itself: {why}"));
        }
    }

    pub fn hosts(&self) -> Vec<String> {
        let daemons = [SETTLEMENT.to_owned(), SELLER.to_owned()];
        daemons.into_iter().chain((0..self.world.plans.len()).map(terminal)).collect()
    }
}

pub fn terminal(number: usize) -> String {
    format!("terminal-{number}")
}

fn head(site: &Site) -> Result<Head, String> {
    let mut see = |_: journal::Record| -> Result<(), String> { Ok(()) };
    let walked = journal::walk(&site.written(), kind(site.name), &mut see);
    walked.map(|(head, _)| head).map_err(|error| error.to_string())
}

fn kind(name: &str) -> Kind {
    if name == SELLER { kessai_server::settings::JOURNAL } else { SETTLEMENT_JOURNAL }
}

async fn settlement(world: Arc<World>) -> turmoil::Result {
    let site = Arc::clone(&world.settlement);
    let ground = Ground { net: world.net(), clock: site.clock(), disk: Some(Box::new(site.disk())) };
    let settings = world.settlement_settings();
    let end = kessai_settlement::daemon::run(settings, ground, |_| (), std::future::pending()).await;
    site.died(end);
    std::future::pending().await
}

async fn seller(world: Arc<World>) -> turmoil::Result {
    let site = Arc::clone(&world.seller);
    let ground = Ground { net: world.seller_net(), clock: site.clock(), disk: Some(Box::new(site.disk())) };
    let settings = world.seller_settings();
    let end = kessai_server::daemon::run(settings, ground, |_| (), std::future::pending()).await;
    site.died(end.map_err(|failure| failure.line));
    std::future::pending().await
}
