//! Who may begin a handshake now: what each address has, and how fast new ones come.
//!
//! Where a Retry comes first, only addresses that are real reach these tables.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::limits::{Limits, Strangers};

/// Most addresses that are remembered. Beyond that, those without a connection are forgotten, which gives
/// them back what they had used up.
const MAX_ADDRESSES: usize = 32_768;

/// How long an address counts as known after the last connection on which something was asked: a shop's
/// terminals that come back together, as after a power cut, need not queue with strangers.
const KNOWN_FOR: Duration = Duration::from_secs(3_600);

/// Among how many of the oldest handshakes the one to be given up is looked for: a look at all of them would
/// cost more than many a handshake.
const OLDEST: usize = 32;

/// The part of a processor that newcomers' first packets may take, and those of known addresses as much again.
/// A newcomer's handshake whose beginning took longer than that leaves it counts as several, so that a slow or
/// busy machine lets fewer in.
const SHARE: f64 = 0.25;

/// The same while more newcomers come than are let in: whoever buys then must not wait for strangers.
const SHARE_WHEN_PRESSED: f64 = 0.125;

/// How long an endpoint counts as pressed after it turned a newcomer away.
const PRESSED_FOR: Duration = Duration::from_secs(1);

/// What one host can have all of: an IPv4 address, or the upper half of an IPv6 one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Source(IpAddr);

impl Source {
    fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        })
    }
}

/// What is decided about a client that wants to begin.
pub(super) enum Verdict {
    /// It may, until the receiver hears that another needs its place.
    Enter(Pass, oneshot::Receiver<()>),
    /// It comes too soon, and may come again.
    Later,
    /// Its address has what it may have.
    Full,
}

/// The tables of one endpoint.
pub(super) struct Admission {
    max_handshakes: usize,
    strangers: Option<Strangers>,
    table: Mutex<Table>,
}

struct Table {
    addresses: HashMap<Source, Entry>,
    newcomers: Bucket,
    /// More newcomers came lately than were let in.
    pressed_until: Option<Instant>,
    /// By their number, so that the oldest comes first.
    handshakes: BTreeMap<u64, Handshake>,
    next: u64,
}

struct Handshake {
    source: Source,
    give_up: oneshot::Sender<()>,
}

#[derive(Clone, Copy)]
struct Entry {
    handshakes: usize,
    connections: usize,
    bucket: Bucket,
    known_until: Option<Instant>,
}

/// Lets so many through at once, and refills in time.
#[derive(Clone, Copy)]
struct Bucket {
    level: f64,
    at: Instant,
}

impl Bucket {
    fn full(most: u32, at: Instant) -> Self {
        Self { level: f64::from(most), at }
    }

    fn refill(&mut self, per_second: u32, most: u32, now: Instant) {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * f64::from(per_second);
        *self = Self { level: (self.level + gained).min(f64::from(most)), at: now };
    }

    fn take(&mut self) -> bool {
        let enough = self.level >= 1.0;
        if enough {
            self.level -= 1.0;
        }
        enough
    }

    /// Gives back what one took.
    fn give_back(&mut self, most: u32) {
        self.level = (self.level + 1.0).min(f64::from(most));
    }

    /// Takes more than was there, up to as much again as it may hold; later ones wait for it.
    fn owe(&mut self, tokens: f64, most: u32) {
        self.level = (self.level - tokens).max(-f64::from(most));
    }
}

impl Admission {
    pub(super) fn new(limits: &Limits, now: Instant) -> Arc<Self> {
        let newcomers = limits.strangers.map_or(0, |strangers| strangers.newcomers_at_once);
        let table = Table {
            addresses: HashMap::new(),
            newcomers: Bucket::full(newcomers, now),
            pressed_until: None,
            handshakes: BTreeMap::new(),
            next: 0,
        };
        let Limits { max_handshakes, strangers, .. } = *limits;
        Arc::new(Self { max_handshakes: max_handshakes.max(1), strangers, table: Mutex::new(table) })
    }

    /// Handshakes in progress.
    pub(super) fn in_progress(&self) -> usize {
        self.lock().handshakes.len()
    }

    /// Decides about a client at this address.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr, now: Instant) -> Verdict {
        let source = Source::of(address);
        let mut table = self.lock();
        let mut entry = table.entry(source, self.strangers.as_ref(), now);
        let mut newcomer = false;
        if let Some(strangers) = &self.strangers {
            if entry.connections + entry.handshakes >= strangers.connections_per_address {
                return Verdict::Full;
            }
            let Strangers { newcomers_per_second, newcomers_at_once, .. } = *strangers;
            entry.bucket.refill(strangers.new_per_second, strangers.new_at_once, now);
            table.newcomers.refill(newcomers_per_second, newcomers_at_once, now);
            let known = entry.known_until.is_some_and(|until| now < until);
            if !entry.bucket.take() {
                return Verdict::Later;
            }
            if !(known || table.newcomers.take()) {
                table.pressed_until = Some(now + PRESSED_FOR);
                return Verdict::Later;
            }
            newcomer = !known;
            if entry.handshakes >= strangers.handshakes_per_address.max(1) {
                entry.handshakes -= table.give_up_of(source);
            }
        }
        table.put(source, entry);
        if table.handshakes.len() >= self.max_handshakes {
            table.give_up_one();
        }
        let (give_up, given_up) = oneshot::channel();
        let id = table.next;
        table.next += 1;
        table.handshakes.insert(id, Handshake { source, give_up });
        if let Some(entry) = table.addresses.get_mut(&source) {
            entry.handshakes += 1;
        }
        Verdict::Enter(Pass { admission: Arc::clone(self), source, newcomer, handshake: Some(id) }, given_up)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // No code between lock and unlock leaves the table half changed, even if it panics.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// What is known of an address, which is not remembered for that alone.
    fn entry(&self, source: Source, strangers: Option<&Strangers>, now: Instant) -> Entry {
        let most = strangers.map_or(0, |strangers| strangers.new_at_once);
        self.addresses.get(&source).copied().unwrap_or(Entry {
            handshakes: 0,
            connections: 0,
            bucket: Bucket::full(most, now),
            known_until: None,
        })
    }

    fn put(&mut self, source: Source, entry: Entry) {
        if self.addresses.len() >= MAX_ADDRESSES && !self.addresses.contains_key(&source) {
            self.addresses.retain(|_, entry| entry.handshakes + entry.connections > 0);
        }
        self.addresses.insert(source, entry);
    }

    /// Gives up the oldest handshake of an address; how many that were.
    fn give_up_of(&mut self, source: Source) -> usize {
        let oldest = self.handshakes.iter().find(|(_, handshake)| handshake.source == source);
        let oldest = oldest.map(|(id, _)| *id);
        oldest.and_then(|id| self.handshakes.remove(&id)).map_or(0, |handshake| {
            // Whoever waited for it may be through already.
            let _ = handshake.give_up.send(());
            1
        })
    }

    /// Gives up one of the oldest handshakes, of the address among theirs that has most of them.
    fn give_up_one(&mut self) {
        let had = |source: &Source| self.addresses.get(source).map_or(0, |entry| entry.handshakes);
        let oldest = self.handshakes.iter().take(OLDEST);
        let most = oldest.max_by_key(|(id, one)| (had(&one.source), Reverse(**id)));
        let Some(source) = most.map(|(_, handshake)| handshake.source) else { return };
        let given_up = self.give_up_of(source);
        if let Some(entry) = self.addresses.get_mut(&source) {
            entry.handshakes -= given_up;
        }
    }
}

/// The place of one client, as long as it is there: in its handshake first, and then connected.
pub(super) struct Pass {
    admission: Arc<Admission>,
    source: Source,
    newcomer: bool,
    handshake: Option<u64>,
}

impl Pass {
    /// Whether nothing was asked from its address lately.
    pub(super) fn is_newcomer(&self) -> bool {
        self.newcomer
    }

    pub(super) fn source(&self) -> Source {
        self.source
    }

    /// The part of a processor that beginnings of handshakes like its own may take now.
    pub(super) fn share(&self) -> f64 {
        let pressed = self.admission.lock().pressed_until.is_some_and(|until| Instant::now() < until);
        if pressed { SHARE_WHEN_PRESSED } else { SHARE }
    }

    /// The handshake is done; `false` when it was given up for another a moment ago.
    pub(super) fn seat(&mut self) -> bool {
        let mut table = self.admission.lock();
        let in_time = self.handshake.take().is_some_and(|id| table.handshakes.remove(&id).is_some());
        if let Some(entry) = table.addresses.get_mut(&self.source) {
            entry.handshakes -= usize::from(in_time);
            entry.connections += 1;
        }
        in_time
    }

    /// The beginning of the handshake took so long, key exchange and signature and all.
    pub(super) fn took(&self, time: Duration) {
        let Some(strangers) = &self.admission.strangers else { return };
        let more = time.as_secs_f64() * f64::from(strangers.newcomers_per_second) / self.share() - 1.0;
        if self.newcomer && more > 0.0 {
            self.admission.lock().newcomers.owe(more, strangers.newcomers_at_once);
        }
    }

    /// Something was asked, so the address is known from now on, and a newcomer's turn is another's again.
    pub(super) fn make_known(&self, now: Instant) {
        let mut table = self.admission.lock();
        if let Some(entry) = table.addresses.get_mut(&self.source) {
            entry.known_until = Some(now + KNOWN_FOR);
        }
        if let Some(strangers) = self.admission.strangers.filter(|_| self.newcomer) {
            table.newcomers.give_back(strangers.newcomers_at_once);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut table = self.admission.lock();
        let (handshake, connection) = match self.handshake {
            Some(id) => (usize::from(table.handshakes.remove(&id).is_some()), 0),
            None => (0, 1),
        };
        if let Some(entry) = table.addresses.get_mut(&self.source) {
            entry.handshakes -= handshake;
            entry.connections -= connection;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PER_ADDRESS: Strangers = Strangers {
        connections_per_address: 6,
        handshakes_per_address: 3,
        new_per_second: 2,
        new_at_once: 10,
        newcomers_per_second: 1_000,
        newcomers_at_once: 1_000,
        ..Strangers::USUAL
    };

    fn admission(max_handshakes: usize, strangers: Strangers) -> (Arc<Admission>, Instant) {
        let limits = Limits { max_handshakes, strangers: Some(strangers), ..Limits::OPEN };
        let now = Instant::now();
        (Admission::new(&limits, now), now)
    }

    fn at(last: u32) -> IpAddr {
        IpAddr::from((0x7f00_0000 + last).to_be_bytes())
    }

    fn enter(admission: &Arc<Admission>, address: IpAddr, now: Instant) -> (Pass, oneshot::Receiver<()>) {
        match admission.admit(address, now) {
            Verdict::Enter(pass, given_up) => (pass, given_up),
            Verdict::Later => panic!("later"),
            Verdict::Full => panic!("full"),
        }
    }

    fn is_later(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Later)
    }

    #[test]
    fn an_address_has_so_many_connections_and_another_its_own() {
        let (admission, now) = admission(100, PER_ADDRESS);
        let mut passes: Vec<Pass> = (0..6).map(|_| enter(&admission, at(1), now).0).collect();
        // Three of them were given up for the others.
        assert_eq!(passes.iter_mut().filter_map(|pass| pass.seat().then_some(())).count(), 3);
        assert!(matches!(admission.admit(at(1), now), Verdict::Full));
        assert_eq!(admission.in_progress(), 0);
        let _other = enter(&admission, at(2), now);
        passes.pop();
        let _again = enter(&admission, at(1), now);
        drop(passes);
    }

    #[test]
    fn the_oldest_handshake_of_the_same_address_gives_way() {
        let (admission, now) = admission(100, PER_ADDRESS);
        let mut all: Vec<_> = (0..4).map(|_| enter(&admission, at(1), now)).collect();
        let gone: Vec<bool> = all.iter_mut().map(|(_, given_up)| given_up.try_recv().is_ok()).collect();
        assert_eq!(gone, [true, false, false, false]);
        assert!(!all[0].0.seat() && all[1].0.seat());
    }

    #[test]
    fn a_full_endpoint_gives_up_the_oldest_of_whoever_has_most() {
        let (admission, now) = admission(4, PER_ADDRESS);
        let (_one, mut first) = enter(&admission, at(1), now);
        let mut flood: Vec<_> = (0..3).map(|_| enter(&admission, at(2), now)).collect();
        let _new = enter(&admission, at(3), now);
        assert!(first.try_recv().is_err());
        assert!(flood[0].1.try_recv().is_ok() && flood[1].1.try_recv().is_err());
        assert_eq!(admission.in_progress(), 4);
    }

    #[test]
    fn an_address_that_comes_too_fast_waits_and_comes_in_later() {
        let (admission, now) = admission(100, PER_ADDRESS);
        for _ in 0..10 {
            drop(enter(&admission, at(1), now));
        }
        assert!(is_later(&admission.admit(at(1), now)));
        let soon = now + Duration::from_millis(400);
        assert!(is_later(&admission.admit(at(1), soon)));
        drop(enter(&admission, at(1), now + Duration::from_millis(600)));
        // It never gathers more than it may have at once.
        let late = now + Duration::from_secs(3_600);
        for _ in 0..10 {
            drop(enter(&admission, at(1), late));
        }
        assert!(is_later(&admission.admit(at(1), late)));
    }

    #[test]
    fn whoever_asked_something_before_need_not_queue_with_strangers() {
        let few = Strangers { newcomers_per_second: 2, newcomers_at_once: 1, ..PER_ADDRESS };
        let (admission, now) = admission(100, few);
        let (mut pass, _given_up) = enter(&admission, at(1), now);
        assert!(pass.seat());
        pass.make_known(now);
        drop(pass);
        drop(enter(&admission, at(2), now));
        assert!(is_later(&admission.admit(at(3), now)));
        drop(enter(&admission, at(1), now));
        assert!(is_later(&admission.admit(at(4), now)));
    }

    #[test]
    fn a_crowd_that_asks_something_passes_and_one_that_stalls_waits() {
        let few = Strangers { newcomers_per_second: 2, newcomers_at_once: 3, ..PER_ADDRESS };
        let (admission, now) = admission(100, few);
        for shopper in 0..50 {
            let (mut pass, _given_up) = enter(&admission, at(shopper), now);
            assert!(pass.seat());
            pass.make_known(now);
        }
        let (first, _stays) = enter(&admission, at(50), now);
        drop(enter(&admission, at(51), now));
        drop(enter(&admission, at(52), now));
        assert!(is_later(&admission.admit(at(53), now)));
        // It gives its own turn back, and no more than that.
        first.make_known(now);
        drop(enter(&admission, at(53), now));
        assert!(is_later(&admission.admit(at(54), now)));
        drop(enter(&admission, at(54), now + Duration::from_millis(500)));
    }

    #[test]
    fn handshakes_that_take_long_let_fewer_newcomers_in() {
        let newcomers = Strangers { newcomers_per_second: 100, newcomers_at_once: 100, ..PER_ADDRESS };
        let (admission, now) = admission(100, newcomers);
        let let_in = |now: Instant| {
            let verdicts = (1..200).map(|at_once| match admission.admit(at(at_once), now) {
                Verdict::Enter(pass, _) => {
                    // A tenth of a second is forty times a newcomer's share.
                    pass.took(Duration::from_millis(100));
                    1
                }
                Verdict::Later | Verdict::Full => 0,
            });
            verdicts.sum::<usize>()
        };
        assert_eq!(let_in(now), 3);
        assert_eq!(let_in(now + Duration::from_millis(100)), 0);
        // However much was owed, a second or two make up for it.
        assert!((1..=3).contains(&let_in(now + Duration::from_millis(2_100))));
    }

    #[test]
    fn while_newcomers_are_too_many_their_share_is_smaller() {
        let few = Strangers { newcomers_per_second: 2, newcomers_at_once: 1, ..PER_ADDRESS };
        let (admission, now) = admission(100, few);
        let (pass, _stays) = enter(&admission, at(1), now);
        assert_eq!(pass.share(), SHARE);
        // One address that comes too fast is no crowd.
        let (same, _) = self::admission(100, Strangers { new_at_once: 1, ..PER_ADDRESS });
        let (alone, _stays) = enter(&same, at(1), now);
        assert!(is_later(&same.admit(at(1), now)));
        assert_eq!(alone.share(), SHARE);
        // A minute from now, so that it is not over before it was looked at.
        let then = now + Duration::from_secs(60);
        let (_second, _stays) = enter(&admission, at(2), then);
        assert!(is_later(&admission.admit(at(3), then)));
        assert_eq!(pass.share(), SHARE_WHEN_PRESSED);
        // Some time ago.
        assert!(is_later(&admission.admit(at(3), now - 2 * PRESSED_FOR)));
        assert_eq!(pass.share(), SHARE);
    }

    #[test]
    fn one_host_is_one_source() {
        let same = |one: &str, two: &str| {
            let of = |text: &str| Source::of(text.parse().expect("an address"));
            of(one) == of(two)
        };
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(same("::ffff:10.1.2.3", "10.1.2.3"));
        assert!(!same("10.1.2.3", "10.1.2.4"));
    }

    #[test]
    fn the_table_is_bounded() {
        let (admission, now) = admission(100, Strangers { newcomers_at_once: u32::MAX, ..PER_ADDRESS });
        let _kept = enter(&admission, at(0), now);
        for address in 1..=MAX_ADDRESSES as u32 {
            drop(enter(&admission, at(address), now));
            assert!(admission.lock().addresses.len() <= MAX_ADDRESSES);
        }
        assert!(admission.lock().addresses.contains_key(&Source::of(at(0))));
    }
}
