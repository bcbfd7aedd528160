//! The systems that are compared, by the figures of the design.

use std::fmt;

use serde::{Serialize, Serializer};

use super::conventional::wire::Dress;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum System {
    /// Figure 1: the settlement stands on a closed network.
    Closed,
    /// Figure 3: it stands at the other end of a dedicated line.
    Line,
    /// Figure 4/5: the terminal gives the card to the seller, who asks over the open network.
    SellerAsks(Dress),
    /// Figure 4/6: the terminal asks by itself over the open network, and brings the approval to the seller.
    TerminalAsks(Dress),
}

impl System {
    pub const ALL: [Self; 6] = [
        Self::Closed,
        Self::Line,
        Self::SellerAsks(Dress::Clear),
        Self::SellerAsks(Dress::Tls),
        Self::TerminalAsks(Dress::Clear),
        Self::TerminalAsks(Dress::Tls),
    ];

    /// The figure of the design, as `--only` names it.
    pub fn figure(self) -> &'static str {
        match self {
            Self::Closed => "1",
            Self::Line => "3",
            Self::SellerAsks(_) => "4/5",
            Self::TerminalAsks(_) => "4/6",
        }
    }

    pub fn dress(self) -> Option<Dress> {
        match self {
            Self::Closed | Self::Line => None,
            Self::SellerAsks(dress) | Self::TerminalAsks(dress) => Some(dress),
        }
    }

    /// Whether it is one of the design's own two.
    pub fn is_designed(self) -> bool {
        self.dress().is_none()
    }

    /// A short name for files and namespaces.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Closed => "figure-1",
            Self::Line => "figure-3",
            Self::SellerAsks(Dress::Clear) => "figure-4-5-clear",
            Self::SellerAsks(Dress::Tls) => "figure-4-5-tls",
            Self::TerminalAsks(Dress::Clear) => "figure-4-6-clear",
            Self::TerminalAsks(Dress::Tls) => "figure-4-6-tls",
        }
    }

    /// What it is, in a line.
    pub fn about(self) -> &'static str {
        match self {
            Self::Closed => "closed network: sealed cards, the settlement where strangers cannot be",
            Self::Line => "dedicated line: sealed cards, the settlement at a line's other end, no IP",
            Self::SellerAsks(Dress::Clear) => {
                "conventional, in the clear: the seller has the card and asks over the open network"
            }
            Self::SellerAsks(Dress::Tls) => {
                "conventional, with TLS: the seller has the card and asks over the open network"
            }
            Self::TerminalAsks(Dress::Clear) => {
                "conventional, in the clear: the terminal asks and brings an unsigned approval"
            }
            Self::TerminalAsks(Dress::Tls) => {
                "conventional, with TLS: the terminal asks and brings an unsigned approval"
            }
        }
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figure = self.figure();
        match self.dress() {
            None => write!(f, "Figure {figure}"),
            Some(Dress::Clear) => write!(f, "Figure {figure}, in the clear"),
            Some(Dress::Tls) => write!(f, "Figure {figure}, with TLS"),
        }
    }
}

impl Serialize for System {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.slug())
    }
}
