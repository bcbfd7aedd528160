//! How a node stands to the others that hold the same key, as operators are told it.

use serde::{Deserialize, Serialize};

use crate::ids::{Epoch, NodeId};

/// A node and those it has to do with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nodes {
    pub node: NodeId,
    pub in_charge: bool,
    /// The newest epoch in its own journal.
    pub epoch: Epoch,
    /// The last position that is durable here.
    pub position: u64,
    /// Whom it follows, when it does.
    pub follows: Option<Follows>,
    /// Who has followed it since it was started.
    pub standbys: Vec<StandbyRow>,
}

/// How a standby follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follows {
    /// The node that it follows; `None` before that has answered.
    pub of: Option<NodeId>,
    pub connected: bool,
    /// How many records it lacks of those that the node in charge had when it last said so.
    pub lag_records: u64,
    /// How old what is here may be, in milliseconds; `None` before the node in charge has answered.
    pub lag_ms: Option<u64>,
    /// Why it does not follow, when it does not.
    pub problem: Option<String>,
}

/// A standby as the node in charge knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandbyRow {
    pub node: NodeId,
    pub connected: bool,
    /// Whether nobody is told of anything before this one has it.
    pub waited_for: bool,
    /// The last position that is durable there.
    pub durable: u64,
    pub lag_records: u64,
    /// For how long the first record that it lacks has been there, in milliseconds.
    pub lag_ms: u64,
    /// How long ago it was heard, in milliseconds.
    pub heard_ms: u64,
}

impl Nodes {
    /// The same as lines for people; nothing of a shop that has one node.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.follows.is_none() && self.standbys.is_empty() && self.in_charge && self.epoch == Epoch::NONE {
            return lines;
        }
        let charge = if self.in_charge { "in charge" } else { "not in charge" };
        let Self { node, epoch, position, .. } = self;
        lines.push(format!("node       {node}, {charge}, epoch {epoch}, at record {position}"));
        if let Some(Follows { of, connected, lag_records, lag_ms, problem }) = &self.follows {
            let of = of.map_or_else(|| "nobody yet".to_owned(), |of| of.to_string());
            let state = if *connected { "connected" } else { "NOT CONNECTED" };
            let age =
                lag_ms.map_or_else(|| "of unknown age".to_owned(), |ms| format!("{} behind", seconds(ms)));
            lines.push(format!("follows    {of}, {state}, {lag_records} records and {age}"));
            lines.extend(problem.iter().map(|problem| format!("           {problem}")));
        }
        for row in &self.standbys {
            let StandbyRow { node, lag_records, lag_ms, heard_ms, .. } = *row;
            let state = match (row.connected, row.waited_for) {
                (true, true) => "connected and waited for".to_owned(),
                (true, false) => "connected".to_owned(),
                (false, true) => format!("GONE for {}, and waited for", seconds(heard_ms)),
                (false, false) => format!("gone for {}", seconds(heard_ms)),
            };
            let lag = format!("{lag_records} records and {} behind", seconds(lag_ms));
            lines.push(format!("standby    {node}, {state}, {lag}"));
        }
        lines
    }
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03} s", millis / 1_000, millis % 1_000)
}
