//! What can happen to the dashboard, and what it asks the world to do.

use kessai_shared::operator::live::{Beat, Second};
use kessai_shared::operator::{seller, settlement};

use crate::app::{Outside, Seq};
use crate::words::Message;

/// A daemon that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Daemon {
    Seller,
    Settlement,
}

/// A question or an act, for the daemon that it is put to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    Seller(seller::Request),
    Settlement(settlement::Request),
}

/// What a daemon answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Seller(seller::Reply),
    Settlement(settlement::Reply),
}

pub enum Event {
    Outside(Outside),
    /// The connection to a daemon is there, and it is being watched.
    Reached(Daemon),
    SellerBeat(Box<Beat<seller::Status>>),
    SettlementBeat(Box<Beat<settlement::Status>>),
    /// A daemon is not watched any more, or cannot be.
    Lost(Daemon, Message),
    /// Seconds that a daemon remembers, the newest first; none where there are no older ones.
    Past(Daemon, Result<Vec<Second>, Message>),
    Answered(Seq, Result<Box<Told>, Message>),
}

#[derive(Debug, PartialEq, Eq)]
pub enum Effect {
    /// Connect to a daemon and tell each of its seconds, until either end leaves: then it is [`Event::Lost`].
    Watch(Daemon),
    /// Ask for the seconds before this one.
    LoadPast {
        daemon: Daemon,
        before_tick: u64,
    },
    Ask {
        seq: Seq,
        question: Box<Question>,
    },
    Quit,
}

impl Daemon {
    pub const ALL: [Self; 2] = [Self::Seller, Self::Settlement];

    /// What it is called in lines for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Daemon::Seller => "seller",
            Daemon::Settlement => "settlement",
        }
    }

    /// The id of what it is called on the screen.
    pub const fn word(self) -> &'static str {
        match self {
            Daemon::Seller => "dash-seller",
            Daemon::Settlement => "dash-settlement",
        }
    }
}

impl Question {
    pub const fn daemon(&self) -> Daemon {
        match self {
            Question::Seller(_) => Daemon::Seller,
            Question::Settlement(_) => Daemon::Settlement,
        }
    }

    /// Whether the daemon does something for it that lasts.
    pub const fn changes(&self) -> bool {
        match self {
            Question::Seller(request) => request.changes(),
            Question::Settlement(request) => request.changes(),
        }
    }
}

impl From<Outside> for Event {
    fn from(outside: Outside) -> Self {
        Event::Outside(outside)
    }
}
