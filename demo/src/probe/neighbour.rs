//! A settlement that hears the seller's address alone, by connected sockets: to a stranger its port is one
//! where nobody is, so that not even its silence gives it away.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

use kessai_shared::console::Failure;
use serde::{Deserialize, Serialize};

use super::site::{CLOSED, Place, SELLER, SETTLEMENT, STRANGER, Site};
use super::trade::Trade;
use crate::stranger::{Amount, Carried, Kind, Probes, Recorded, Sent, Tap};

/// Probes of each kind.
const OF_EACH: usize = 4;
/// What a kernel rests between errors as a whole: a thousand a second is its limit.
const REST: Duration = Duration::from_millis(5);
/// How long an answer of the kernel may take to leave.
const SOON: Duration = Duration::from_millis(300);

/// How the two ports answered the same probes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Compared {
    /// Probes to each.
    pub probes: u64,
    /// What came back from the settlement's port, and from the one next to it, where nobody is.
    pub port: Vec<(Carried, Amount)>,
    pub neighbour: Vec<(Carried, Amount)>,
    /// Purchases that were approved before and after.
    pub purchases: u64,
}

impl Compared {
    /// Whether they cannot be told from each other.
    ///
    /// # Errors
    /// [`Failure`] with a line on what differs.
    pub fn judge(&self) -> Result<(), Failure> {
        let alike = self.port == self.neighbour;
        let closed =
            |(carried, amount): &(Carried, Amount)| *carried == Carried::Icmp && amount.frames == self.probes;
        if alike && self.port.len() == 1 && self.port.iter().all(closed) {
            return Ok(());
        }
        let Self { port, neighbour, .. } = self;
        let line = format!("the settlement's port answers {port:?}, one where nobody is {neighbour:?}");
        Err(Failure::failed(line))
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { probes, purchases, .. } = self;
        let amount = |all: &[(Carried, Amount)]| {
            all.iter().fold(Amount::default(), |mut sum, (_, one)| {
                sum.add(one.frames, one.bytes);
                sum
            })
        };
        let (port, neighbour) = (amount(&self.port), amount(&self.neighbour));
        format!(
            "{probes} probes each. The settlement's port: {} frames of {} bytes, by its kernel; the port next \
             to it, where nobody is: {} of {}.\n{purchases} purchases meanwhile.\n",
            port.frames, port.bytes, neighbour.frames, neighbour.bytes
        )
    }
}

/// Sends the same probes to both ports.
///
/// # Errors
/// [`Failure`] when there can be no networks, or when a daemon or a purchase fails.
pub async fn compare(folder: &Path) -> Result<Compared, Failure> {
    let place = Place::new()?;
    // A kernel counts the errors that it sends to one address, so that two ports would differ by chance.
    place.settlement.sysctl("net/ipv4/icmp_ratelimit", "0")?;
    let peer = SELLER.ip().to_string();
    let site = Site::open(&place, folder, &["--link-interface", CLOSED, "--link-peers", &peer]).await?;
    let trade = Trade::start(&place.terminal, site.shop.clone(), &folder.join("terminal")).await?;
    let tap = place.settlement.inside(|| Tap::open(CLOSED, (SETTLEMENT, SELLER)))??;
    let neighbour = SocketAddr::new(SETTLEMENT.ip(), SETTLEMENT.port() + 1);
    let from = || place.stranger.inside(|| UdpSocket::bind((STRANGER, 0)));
    let (to_port, to_other) = (from()??, from()??);
    let mut probes = Probes::new(super::SEED, Recorded::default())?;
    let mut sent = 0;
    // Nothing was recorded to be sent again.
    let kinds = Kind::ALL.into_iter().filter(|kind| !kind.is_a_client() && *kind != Kind::Replay);
    for kind in kinds.flat_map(|kind| [kind; OF_EACH]) {
        let probe = probes.next(kind)?;
        to_port.send_to(&probe, SETTLEMENT)?;
        to_other.send_to(&probe, neighbour)?;
        sent += 1;
        tokio::time::sleep(REST).await;
    }
    tokio::time::sleep(SOON).await;
    let left = tap.close()?;
    let (port, neighbour) = (came_to(&left, &to_port)?, came_to(&left, &to_other)?);
    let (purchases, failed) = trade.end().await;
    if let Some(why) = failed {
        return Err(Failure::failed(format!("a purchase failed meanwhile: {why}")));
    }
    site.close().await?;
    Ok(Compared { probes: sent, port, neighbour, purchases })
}

fn came_to(left: &Sent, socket: &UdpSocket) -> Result<Vec<(Carried, Amount)>, Failure> {
    let address = socket.local_addr()?;
    let came = left.by.iter().filter(|((_, to), _)| *to == Some(address));
    Ok(came.map(|((carried, _), amount)| (*carried, *amount)).collect())
}
