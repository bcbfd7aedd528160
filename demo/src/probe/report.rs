//! What the probes showed, kind by kind, with and without the gate.

use kessai_shared::columns::Columns;
use kessai_shared::console::Failure;
use serde::{Deserialize, Serialize};

use crate::stranger::{Amount, Found, Kind};

/// What was sent, and what came back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Probes that were sent to the settlement, clients' datagrams too.
    pub probes: u64,
    /// How long that took.
    pub seconds: f64,
    pub rows: Vec<Row>,
    /// All that left the settlement's host for anybody but the seller, other than ARP.
    pub replies: Amount,
    /// Frames of these that answer none of the kinds.
    pub stray: Amount,
    /// What its kernel said to find its neighbours: ARP.
    pub neighbours: Amount,
    /// What it sent to the seller meanwhile.
    pub business: Amount,
    /// Probes that were lost before the settlement could read them.
    pub unheard: u64,
    /// Clients that stayed connected.
    pub connected: u64,
    /// What the stranger had written down: datagrams, and connection ids in them.
    pub recorded: (usize, usize),
    /// Purchases that were approved while this went on.
    pub purchases: u64,
    /// Why one was not, if one was not.
    pub failed_purchase: Option<String>,
}

/// One kind of probe.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Row {
    pub kind: Kind,
    /// From the stranger's host, and from the seller's own.
    pub sent_by_stranger: u64,
    pub sent_by_allowlisted: u64,
    pub replies: Amount,
    /// Of the control, an endpoint without a gate.
    pub sent_unfiltered: u64,
    pub replies_unfiltered: Amount,
}

impl Report {
    pub(super) fn of(
        [stranger, allowlisted]: [&Found; 2],
        control: &Found,
        seconds: f64,
        (purchases, failed_purchase): (u64, Option<String>),
        recorded: (usize, usize),
    ) -> Self {
        let mut all = stranger.clone();
        all.join(allowlisted);
        let sent = |found: &Found, kind| found.sent.get(&kind).copied().unwrap_or_default();
        let replies = |found: &Found, kind| found.replies.get(&kind).copied().unwrap_or_default();
        let rows = Kind::ALL.into_iter().map(|kind| Row {
            kind,
            sent_by_stranger: sent(stranger, kind),
            sent_by_allowlisted: sent(allowlisted, kind),
            replies: replies(&all, kind),
            sent_unfiltered: sent(control, kind),
            replies_unfiltered: replies(control, kind),
        });
        Self {
            probes: all.sent.values().sum(),
            seconds,
            rows: rows.collect(),
            replies: all.all_replies(),
            stray: all.stray,
            neighbours: all.neighbours,
            business: all.business,
            unheard: all.unheard,
            connected: all.connected,
            recorded,
            purchases,
            failed_purchase,
        }
    }

    /// Whether it proves what it should.
    ///
    /// # Errors
    /// [`Failure`] with a line on the first thing that it does not.
    pub fn judge(&self) -> Result<(), Failure> {
        if !self.replies.is_nothing() || self.connected > 0 {
            let Amount { frames, bytes } = self.replies;
            let line = format!("the settlement is not silent: it answered {frames} frames of {bytes} bytes");
            return Err(Failure::failed(line));
        }
        if let Some(why) = &self.failed_purchase {
            return Err(Failure::failed(format!("a purchase failed meanwhile: {why}")));
        }
        if self.unheard > 0 {
            let line = format!("{} probes never reached the settlement, and prove nothing", self.unheard);
            return Err(Failure::failed(line));
        }
        let answered = |row: &Row| row.kind.is_answered_by_quic() && row.replies_unfiltered.is_nothing();
        if let Some(row) = self.rows.iter().find(|row| answered(row)) {
            let name = row.kind.name();
            let line = format!("the control does not answer {name} either, so that silence proves nothing");
            return Err(Failure::failed(line));
        }
        Ok(())
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut table = Columns::new(&["probe", ">sent", ">replies", ">sent without the gate", ">replies"]);
        for row in &self.rows {
            table.row([
                row.kind.name().to_owned(),
                (row.sent_by_stranger + row.sent_by_allowlisted).to_string(),
                row.replies.frames.to_string(),
                row.sent_unfiltered.to_string(),
                row.replies_unfiltered.frames.to_string(),
            ]);
        }
        let Self { probes, seconds, replies, neighbours, business, purchases, .. } = self;
        format!(
            "{table}\n{probes} probes in {seconds:.1} s, half of them from the seller's own address: {} bytes \
             in reply.\n{purchases} purchases meanwhile, for which the settlement sent {} frames to the \
             seller; {} of ARP.\n",
            replies.bytes, business.frames, neighbours.frames
        )
    }
}
