//! What every figure is called, what it is counted in, at which daemon it is, and what it means: one row
//! each, which the screen, its lines and the metrics all go by.

use super::{Count, Gauge, Spread};
use crate::operator::Endpoint;
use crate::outcome::Reason;

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things: orders, records, connections.
    Things,
    Bytes,
    Seconds,
    /// Thousandths and millionths of a second.
    Millis,
    Micros,
    /// 1 or 0.
    Flag,
}

/// Which daemon has a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Seller,
    Settlement,
    Both,
}

/// What there is to know of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub side: Side,
    pub unit: Unit,
    /// In lower case, its words joined by `_`, without its unit.
    pub name: &'static str,
    /// A sentence without its stop.
    pub help: &'static str,
    /// What tells it from its siblings of the same name: the name and the value of a label.
    pub label: Option<(&'static str, &'static str)>,
}

impl Side {
    /// Whether a daemon that is `of` this side has it.
    pub fn is_of(self, daemon: Side) -> bool {
        self == Side::Both || self == daemon
    }

    pub const fn word(self) -> &'static str {
        match self {
            Side::Seller => "seller",
            Side::Settlement => "settlement",
            Side::Both => "daemon",
        }
    }
}

/// What figures of one name differ by.
trait Of: Sized + Copy + 'static {
    const LABEL: &'static str;
    const ALL: &'static [Self];

    fn place(self) -> usize;
    fn word(self) -> &'static str;
}

impl Of for Reason {
    const LABEL: &'static str = "reason";
    const ALL: &'static [Self] = &Reason::ALL;

    fn place(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        match self {
            Reason::TooLate => "too_late",
            Reason::Reversed => "reversed",
            Reason::SealMismatch => "seal_mismatch",
            Reason::UnknownCard => "unknown_card",
            Reason::Lost => "lost",
            Reason::Stolen => "stolen",
            Reason::Restricted => "restricted",
            Reason::HolderKey => "holder_key",
            Reason::Expired => "expired",
            Reason::TooManyTries => "too_many_tries",
            Reason::IdentityMismatch => "identity_mismatch",
            Reason::Delinquent => "delinquent",
            Reason::RepaymentHistory => "repayment_history",
            Reason::TooFrequent => "too_frequent",
            Reason::WindowAmount => "window_amount",
            Reason::InvalidAmount => "invalid_amount",
            Reason::OverLimit => "over_limit",
            Reason::Approved => "approved",
        }
    }
}

impl Of for Endpoint {
    const LABEL: &'static str = "endpoint";
    const ALL: &'static [Self] = &[Endpoint::Open, Endpoint::Closed, Endpoint::Operator];

    fn place(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        self.name()
    }
}

/// How many siblings a figure may have.
const WIDTH: usize = Reason::ALL.len();

macro_rules! rows {
    ($figure:ident, $kind:ident, $slots:ident;
     $($variant:ident $(($of:ident: $Of:ident))? $side:ident $unit:ident $name:literal $help:literal;)*) => {
        #[allow(dead_code, reason = "the last is only counted")]
        enum $kind { $($variant,)* Last }

        /// How many slots a table has that holds one of each.
        pub(super) const $slots: usize = $kind::Last as usize * WIDTH;

        impl $figure {
            /// Every one of them, in the order of their rows.
            pub fn all() -> impl Iterator<Item = Self> {
                let mut all = Vec::new();
                $(rows!(@all all, $figure, $variant $(, $Of)?);)*
                all.into_iter()
            }

            pub fn row(self) -> Row {
                let (side, unit, name, help, label) = match self {
                    $($figure::$variant $(($of))? => {
                        (Side::$side, Unit::$unit, $name, $help, rows!(@label $($of, $Of)?))
                    })*
                };
                Row { side, unit, name, help, label }
            }

            /// Its place in a table, below the number of slots.
            pub(super) fn slot(self) -> usize {
                match self {
                    $($figure::$variant $(($of))? => {
                        $kind::$variant as usize * WIDTH $(+ Of::place($of))?
                    })*
                }
            }
        }
    };
    (@all $all:ident, $figure:ident, $variant:ident) => { $all.extend([$figure::$variant]) };
    (@all $all:ident, $figure:ident, $variant:ident, $Of:ident) => {
        $all.extend(<$Of as Of>::ALL.iter().map(|of| $figure::$variant(*of)))
    };
    (@label) => { None };
    (@label $of:ident, $Of:ident) => { Some((<$Of as Of>::LABEL, Of::word($of))) };
}

rows! { Count, CountKind, COUNTS;
    Placed Seller Things "orders_placed" "Orders that were placed and are durable";
    TurnedAway Seller Things "orders_turned_away"
        "Orders that ended before the settlement was asked: sold out, or a quote that had run out";
    Approved Seller Things "decisions_approved" "Decisions that came back as an approval";
    Declined Seller Things "decisions_declined" "Decisions that came back as a refusal";
    Doubted Seller Things "orders_doubted"
        "Orders of which nobody knew for a while whether they were approved";
    Quoted Seller Things "quotes" "Quotes given";
    Read Seller Things "reads" "Questions of terminals that change nothing";
    Sent Seller Things "link_messages_sent" "Messages that were sent to the settlement";
    Answered Seller Things "link_messages_answered" "Answers of the settlement";
    SentAgain Seller Things "link_messages_sent_again" "Messages that had been sent before";
    Decided(reason: Reason) Settlement Things "inquiries_decided"
        "Inquiries that were decided for the first time";
    Repeated Settlement Things "inquiries_repeated"
        "Inquiries that had been decided before, and got the same answer";
    HoldExpired Settlement Things "holds_expired" "Holds that ran out";
    Captured Both Things "captures" "Captures";
    Reversed Both Things "reversals" "Reversals of whole orders";
    Released Both Things "releases" "Parts of holds that were let go";
    Refunded Both Things "refunds" "Refunds";
    Records Both Things "journal_records" "Records that were written to the journal";
    Groups Both Things "journal_groups" "Groups of records that were made durable, with one sync each";
    JournalBytes Both Bytes "journal_written" "What was written to the journal, without its second copy";
    Connected(endpoint: Endpoint) Both Things "connections" "Connections that were let in";
    Refused(endpoint: Endpoint) Both Things "connections_refused"
        "Connections that were refused for their key, or for having too many";
    Revoked(endpoint: Endpoint) Both Things "connections_revoked"
        "Connections that ended because their key was taken off the list";
    Flooded(endpoint: Endpoint) Both Things "flood_turned_away"
        "What was not taken on because there was too much of it, or came without a knock";
    Acts Both Things "acts" "What operators had done";
    BackupsMade Both Things "backups_made" "Backups that were made by the schedule";
    BackupsFailed Both Things "backups_failed" "Backups that the schedule could not make";
    CheckpointsMade Both Things "checkpoints_made" "Checkpoints that were made";
    LinkConnections Seller Things "link_connections" "Connections to the settlement that were made";
    LinkAttempts Seller Things "link_attempts" "Attempts to connect to the settlement";
    LinkPackets Seller Things "link_packets" "Packets that were sent to the settlement";
    LinkLost Seller Things "link_packets_lost" "Packets to the settlement that were lost";
    SpansSent Both Things "spans_sent" "Spans of purchases that the collector of traces took";
    SpansDropped Both Things "spans_dropped" "Spans that it did not take, or for which there was no room";
}

rows! { Gauge, GaugeKind, _GAUGES;
    Products Seller Things "products" "Products";
    SoldOut Seller Things "products_sold_out" "Products of which none is available";
    RunningOut Seller Things "products_running_out" "Products of which few are available, and one at least";
    Orders Seller Things "orders" "Orders in the books";
    Pending Seller Things "orders_pending" "Orders whose decision is not there yet";
    Unknown Seller Things "orders_unknown" "Orders of which nobody knows whether they were approved";
    Reversing Seller Things "orders_reversing" "Orders that are being reversed";
    Errands Seller Things "orders_owed" "Orders for which the settlement owes an answer of any kind";
    LinkWaiting Seller Things "link_waiting" "Messages that wait for a connection to the settlement";
    LinkInFlight Seller Things "link_in_flight" "Messages that wait for their answer";
    LinkUp Seller Flag "link_up" "1 while the settlement can be spoken to";
    LinkRoundTripMicros Seller Micros "link_round_trip" "From a packet to its acknowledgement, smoothed";
    LinkEchoMillis Seller Millis "link_echo_age" "How long ago the settlement last answered an echo";
    Accounts Settlement Things "accounts" "Accounts";
    Holds Settlement Things "holds" "Live holds";
    HoldsEnding Settlement Things "holds_ending" "Live holds that run out within the hour, counted up to 2000";
    Sellers Settlement Things "sellers_allowed" "Keys that may connect as sellers";
    Queue Both Things "queue" "Commands that wait for the one writer";
    QueueRoom Both Things "queue_room" "The most commands that may wait for the one writer";
    WriterUp Both Flag "writer_up" "1 while the one writer answers in time";
    Position Both Things "journal_position" "The last durable record";
    Epoch Both Things "epoch" "The epoch under which the shop is served, as far as this node knows";
    InCharge Both Flag "in_charge" "1 while this node is in charge";
    LagRecords Both Things "standby_lag_records" "Records that the standby lacks which lacks most, or this one";
    LagMillis Both Millis "standby_lag" "For how long there has been something that it lacks";
    Standbys Both Things "standbys" "Standbys that follow this node";
    Disputed Both Things "batches_disputed" "Clearing batches that differ from the other side's books";
    BackupSeconds Both Seconds "backup_age" "The age of the newest backup";
    VerifiedSeconds Both Seconds "backup_verified_age" "The age of the last verification of a backup";
    JournalBytes Both Bytes "journal_disk" "What the journal with its checkpoints takes on the disk";
    FreeBytes Both Bytes "disk_free" "What is free on the disk of the journal";
    DiskBytes Both Bytes "disk_size" "What the disk of the journal holds in all";
    ResidentBytes Both Bytes "resident_memory" "Memory of this process that is resident";
    Peers(endpoint: Endpoint) Both Things "peers" "Live connections";
    UptimeSeconds Both Seconds "uptime" "For how long this daemon has run";
}

rows! { Spread, SpreadKind, SPREADS;
    Purchase Seller Micros "purchase" "From the arrival of a purchase until its terminal is answered";
    PlacedIn Seller Micros "purchase_placed" "From the arrival of a purchase until its order is durable";
    DecidedIn Seller Micros "purchase_decided" "From an inquiry until its decision is there";
    ConfirmedIn Seller Micros "purchase_confirmed"
        "From a decision until the order is confirmed and durable";
    ReadIn Seller Micros "read" "A question of a terminal that changes nothing";
    Inquiry Settlement Micros "inquiry" "From the arrival of an inquiry until it is answered";
    Opened Settlement Micros "inquiry_opened" "The seal of an inquiry opened and its card found";
    DecidedDurably Settlement Micros "inquiry_decided"
        "From the writer's queue until the decision is durable";
    Sync Both Micros "journal_sync" "One write and one sync of the journal";
    Group Both Things "journal_group_records" "Records in one group of the journal";
    Queued Both Micros "queued" "How long a command waited for the writer";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fmt::Debug;

    use super::*;

    fn check<F: Debug + Copy>(all: Vec<F>, slot: impl Fn(F) -> usize, row: impl Fn(F) -> Row) {
        let slots: HashSet<usize> = all.iter().map(|one| slot(*one)).collect();
        assert_eq!(slots.len(), all.len(), "two figures have one slot");
        let mut names = HashSet::new();
        for one in all {
            let Row { name, help, label, .. } = row(one);
            assert!(names.insert((name, label)), "{one:?}: {name} is there twice");
            assert!(
                name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'),
                "{one:?}: {name}"
            );
            assert!(!help.ends_with('.') && help.len() > 4, "{one:?}: {help}");
        }
    }

    #[test]
    fn every_figure_has_a_slot_and_a_name_of_its_own() {
        check(Count::all().collect(), Count::slot, Count::row);
        check(Gauge::all().collect(), Gauge::slot, Gauge::row);
        check(Spread::all().collect(), Spread::slot, Spread::row);
        assert!(Count::all().all(|count| count.slot() < COUNTS));
        assert!(Spread::all().all(|spread| spread.slot() < SPREADS));
        assert!(Gauge::all().all(|gauge| gauge.slot() < _GAUGES));
    }

    #[test]
    fn siblings_are_told_apart_by_their_label() {
        assert_eq!(Count::Decided(Reason::OverLimit).row().label, Some(("reason", "over_limit")));
        assert_eq!(Gauge::Peers(Endpoint::Closed).row().label, Some(("endpoint", "closed")));
        assert_eq!(Count::all().filter(|count| matches!(count, Count::Decided(_))).count(), 18);
    }
}
