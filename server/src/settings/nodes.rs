//! What the configuration says of the shop's other nodes.

use std::net::SocketAddr;
use std::time::Duration;

use kessai_shared::config::Config;

use super::Given;
use crate::charge::Promotion;

/// How long a standby may be away before the node in charge asks for the right to go on alone, unless the
/// file says otherwise.
const ALONE_AFTER_MS: u64 = 3_000;
/// From a tenth of a second, below which any hiccup counts, to an hour.
const ALONE_MS: std::ops::RangeInclusive<u64> = 100..=3_600_000;

/// How this node stands to the other nodes of its shop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nodes {
    /// Where the node is that this one follows.
    pub standby_of: Option<SocketAddr>,
    /// Where standbys follow this node; nowhere when it is not said.
    pub standby_listen: Option<SocketAddr>,
    /// What waits for a standby.
    pub wait: Wait,
    /// Who makes this node take over from the one that it follows.
    pub promotion: Promotion,
    /// Whether the journal that is here is set aside before it follows.
    pub rejoin: bool,
    /// Whether it follows although its own journal says that it is in charge.
    pub insists: bool,
}

/// What the node in charge waits for before it tells anybody of anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// Nothing but its own disk.
    #[default]
    Async,
    /// A standby has it durable too.
    Sync(Gone),
}

/// What becomes of a node in charge whose standby is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It acknowledges nothing until the standby is back.
    Stop,
    /// After so long it asks the settlement for an epoch under which it goes on alone.
    Alone(Duration),
}

impl Nodes {
    /// Takes `standby_of`, `standby_listen`, `standby`, `standby_gone`, `alone_after_ms` and `promote`; what the
    /// command line says goes before them.
    pub fn take(config: &mut Config, given: &Given) -> Self {
        let address = "an address such as \"10.77.0.1:7200\"";
        let standby_of: Option<SocketAddr> = config.take_parsed("standby_of", address);
        let standby_of = given.standby_of.or(standby_of);
        let standby_listen: Option<SocketAddr> = config.take_parsed("standby_listen", address);
        let standby_listen = given.standby_listen.or(standby_listen);
        let mode = config.take::<String>("standby", "\"sync\" or \"async\"");
        let gone = config.take::<String>("standby_gone", "\"stop\" or \"alone\"");
        let alone_after = config.take::<u64>("alone_after_ms", "a number of milliseconds");
        let millis = alone_after.unwrap_or(ALONE_AFTER_MS);
        if !ALONE_MS.contains(&millis) {
            config.mistake(&format!(
                "alone_after_ms: expected {} to {} milliseconds",
                ALONE_MS.start(),
                ALONE_MS.end()
            ));
        }
        let gone = match gone.as_deref() {
            None | Some("stop") => Gone::Stop,
            Some("alone") => Gone::Alone(Duration::from_millis(millis)),
            Some(_) => {
                config.mistake("standby_gone: expected \"stop\" or \"alone\"");
                Gone::Stop
            }
        };
        let wait = match mode.as_deref() {
            None | Some("async") => Wait::Async,
            Some("sync") => Wait::Sync(gone),
            Some(_) => {
                config.mistake("standby: expected \"sync\" or \"async\"");
                Wait::Async
            }
        };
        let promotion = match config.take::<String>("promote", "\"auto\" or \"by_hand\"").as_deref() {
            None | Some("by_hand") => Promotion::ByHand,
            Some("auto") => Promotion::Auto,
            Some(_) => {
                config.mistake("promote: expected \"auto\" or \"by_hand\"");
                Promotion::ByHand
            }
        };
        if wait != Wait::Async && standby_listen.is_none() {
            config.mistake(
                "standby_listen: is missing; with standby = \"sync\" a standby has to find this node",
            );
        }
        if given.insists && standby_of.is_none() {
            config.mistake("standby_of: is missing; the node in charge, here or as --of");
        }
        let (rejoin, insists) = (given.rejoin, given.insists);
        Self { standby_of, standby_listen, wait, promotion, rejoin, insists }
    }
}
