//! One attack: everything that a stranger can send, from one host to one port, and what came back.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kessai_shared::console::Failure;
use serde::{Deserialize, Serialize};

use super::client::{Stranger, Tried};
use super::frame::Carried;
use super::kind::Kind;
use super::on::On;
use super::probes::Probes;
use super::recorded::Recorded;
use super::tap::{Amount, Sent, Tap};
use super::volley::{Volley, Waiting};
use crate::lan::Host;

/// How long a late answer is waited for: QUIC repeats a handshake that nobody goes on with after a second
/// (RFC 9002, section 6.2.2).
const LATE: Duration = Duration::from_millis(1_500);

/// What is attacked.
#[derive(Clone)]
pub struct Target {
    pub host: Host,
    /// Where its port is on the wire.
    pub interface: String,
    pub address: SocketAddr,
    /// The one address that it may send to meanwhile.
    pub may_answer: SocketAddr,
}

/// Who attacks.
#[derive(Clone)]
pub struct Attacker {
    pub host: Host,
    pub from: IpAddr,
    /// Ports of this address from which somebody with the key was connected before, and what to send from them.
    pub knocked: Vec<(Kind, u16)>,
}

/// With what.
#[derive(Clone, Copy, Debug)]
pub struct Force {
    /// Probes, all kinds in turn.
    pub probes: u64,
    /// Tries to connect of each kind of client.
    pub clients: u32,
    /// A rest after each burst of [`super::BURST`]: an end that answers does so no more than once in a while,
    /// and would have nothing to say to the next kind.
    pub rest: Duration,
    pub dice: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Found {
    /// Datagrams by kind; of clients, at least so many.
    pub sent: BTreeMap<Kind, u64>,
    /// What left the host of the target, by what it answers. A kind that is not here was not answered.
    pub replies: BTreeMap<Kind, Amount>,
    /// What left it for anybody else than who may be answered, and answers none of these kinds.
    pub stray: Amount,
    /// What its kernel says on every network: ARP.
    pub neighbours: Amount,
    /// What it sent to the one who may be answered.
    pub business: Amount,
    /// Probes that found no room in the target's socket, so that nobody there has heard them.
    pub unheard: u64,
    /// Clients that stayed connected.
    pub connected: u64,
}

impl Found {
    /// Whether nothing came back.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        self.replies.is_empty() && self.stray.is_nothing() && self.connected == 0
    }

    /// All that came back.
    #[must_use]
    pub fn all_replies(&self) -> Amount {
        let mut all = self.stray;
        self.replies.values().for_each(|one| all.add(one.frames, one.bytes));
        all
    }

    /// Adds the findings of another attack on the same target.
    pub fn join(&mut self, other: &Self) {
        other.sent.iter().for_each(|(kind, count)| *self.sent.entry(*kind).or_default() += count);
        for (kind, amount) in &other.replies {
            self.replies.entry(*kind).or_default().add(amount.frames, amount.bytes);
        }
        self.stray.add(other.stray.frames, other.stray.bytes);
        self.neighbours.add(other.neighbours.frames, other.neighbours.bytes);
        self.business.add(other.business.frames, other.business.bytes);
        self.unheard += other.unheard;
        self.connected += other.connected;
    }
}

/// Tells the sender to stop when whoever waits for it has gone.
struct UntilDropped(Arc<AtomicBool>);

impl Drop for UntilDropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Attacks, and counts what leaves the target's host until some time after the last probe. `progress` is told
/// of each burst.
///
/// # Errors
/// [`Failure`] when something cannot be sent, or when the target hears nothing any more.
pub async fn attack(
    target: &Target,
    attacker: &Attacker,
    recorded: Recorded,
    force: Force,
    progress: impl Fn(u64) + Send + Sync + 'static,
) -> Result<Found, Failure> {
    let Attacker { host, from, knocked } = attacker;
    let mut volley = host.inside(|| Volley::open(*from, target.address, knocked))??;
    let mut senders = volley.addresses()?;
    let on = On(host.clone());
    let mut clients = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_a_client()) {
        let client = on.inside(|| Ok(Stranger::open(kind, *from)))??;
        senders.extend([client.address()?]);
        clients.push(client);
    }
    let business = (target.address, target.may_answer);
    let tap = target.host.inside(|| Tap::open(&target.interface, business))??;
    let port = target.address.port();
    let before = target.host.inside(|| Waiting::at(port))??;
    let stop = UntilDropped(Arc::new(AtomicBool::new(false)));
    let (stopped, at) = (Arc::clone(&stop.0), target.host.clone());
    // Its sockets stay on their host. It runs at the target's, where it sees what waits there.
    let firing = tokio::task::spawn_blocking(move || {
        let mut probes = Probes::new(force.dice, recorded)?;
        let pause = |burst| {
            if stopped.load(Ordering::SeqCst) {
                return Err(Failure::failed("stopped before the end"));
            }
            progress(burst);
            std::thread::sleep(force.rest);
            Waiting::for_room(port)
        };
        at.inside(|| volley.fire(&mut probes, force.probes, pause))?.map(|sent| (sent, volley))
    });
    let mut found = Found::default();
    for (kind, tried) in tries(clients, target.address, force.clients).await? {
        found.connected += tried.connected;
        found.sent.insert(kind, tried.datagrams);
    }
    // The sockets stay open until the last answer could have come: the kernel answers for closed ones.
    let (sent, _volley) = firing.await.map_err(|error| Failure::failed(error.to_string()))??;
    found.sent.extend(sent);
    tokio::time::sleep(LATE).await;
    found.unheard = target.host.inside(|| Waiting::at(port))??.lost - before.lost;
    let left = tokio::task::spawn_blocking(|| tap.close()).await;
    found.sort(left.map_err(|error| Failure::failed(error.to_string()))??, &senders);
    Ok(found)
}

async fn tries(
    clients: Vec<Stranger>,
    target: SocketAddr,
    count: u32,
) -> Result<Vec<(Kind, Tried)>, Failure> {
    let mut trying = tokio::task::JoinSet::new();
    for client in clients {
        let kind = client.address()?.1;
        trying.spawn(async move { (kind, client.tries(target, count).await, client) });
    }
    let ended = trying.join_all().await;
    Ok(ended.into_iter().map(|(kind, tried, _)| (kind, tried)).collect())
}

impl Found {
    fn sort(&mut self, left: Sent, senders: &BTreeMap<SocketAddr, Kind>) {
        self.business = left.answered;
        for ((carried, to), amount) in left.by {
            let place = match (carried, to.and_then(|to| senders.get(&to))) {
                (Carried::Neighbours, _) => &mut self.neighbours,
                (Carried::Udp | Carried::Icmp | Carried::Other, Some(kind)) => {
                    self.replies.entry(*kind).or_default()
                }
                (Carried::Udp | Carried::Icmp | Carried::Other, None) => &mut self.stray,
            };
            place.add(amount.frames, amount.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_with_what_they_answer() {
        let at = |port| SocketAddr::from(([10, 0, 0, 9], port));
        let senders = BTreeMap::from([(at(1), Kind::Random), (at(2), Kind::Initial)]);
        let mut left = Sent::default();
        let amount = |frames| Amount { frames, bytes: frames * 100 };
        left.by.insert((Carried::Neighbours, None), amount(3));
        let mut found = Found::default();
        found.sort(left.clone(), &senders);
        assert!(found.is_silence() && found.neighbours == amount(3), "{found:?}");
        left.by.insert((Carried::Udp, Some(at(2))), amount(1));
        left.by.insert((Carried::Icmp, Some(at(2))), amount(1));
        found = Found::default();
        found.sort(left.clone(), &senders);
        assert_eq!((found.is_silence(), found.replies.get(&Kind::Initial)), (false, Some(&amount(2))));
        let stray = Sent { by: BTreeMap::from([((Carried::Other, None), amount(1))]), ..left };
        found = Found::default();
        found.sort(stray, &senders);
        assert_eq!((found.is_silence(), found.all_replies()), (false, amount(1)));
        assert!(!Found { connected: 1, ..Found::default() }.is_silence());
        let mut both = Found::default();
        both.join(&found);
        both.join(&found);
        assert_eq!(both.stray, amount(2));
    }
}
