//! Daemons that are made up: the same seconds every time, from their ticks alone.

use kessai_shared::measure::{Buckets, Count, Gauge, Spread};
use kessai_shared::operator::Endpoint;
use kessai_shared::operator::live::{Alarm, Beat, Second};
use kessai_shared::operator::{seller, settlement};
use kessai_shared::outcome::Reason;
use kessai_shared::time::Timestamp;
use kessai_tui_client::app::model::Size;
use kessai_tui_client::app::{Key, Outside, Settings};
use kessai_tui_client::dashboard::event::{Daemon, Effect, Event, Told};
use kessai_tui_client::dashboard::{Model, start, update};
use kessai_tui_client::view::Drawn;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

#[allow(dead_code, reason = "the samples of every message are more than the dashboard asks for")]
#[path = "../../../shared/tests/support/operator_samples.rs"]
pub mod samples;
#[path = "../../../shared/tests/support/trail_samples.rs"]
pub mod trail_samples;

/// Where every clock begins.
pub const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

/// A number that looks like chance, and is the same for the same two.
fn dice(tick: u64, salt: u64) -> u64 {
    let mut mixed = tick.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xd1b5_4a32_d192_ed03);
    mixed ^= mixed >> 29;
    mixed = mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 32)
}

fn buckets(tick: u64, salt: u64, times: u64, around: u64) -> Buckets {
    let mut all = Buckets::default();
    (0..times).for_each(|at| all.add(around / 2 + dice(tick * 100 + at, salt) % around));
    all
}

/// When a second ended, by the daemon's clock.
pub fn at(tick: u64) -> Timestamp {
    Timestamp(NOW.0 + tick * 1_000_000)
}

/// A second of the seller's.
pub fn sold(tick: u64) -> Second {
    let placed = 80 + dice(tick, 1) % 40;
    let declined = dice(tick, 2) % 9;
    let mut counts = vec![
        (Count::Placed, placed),
        (Count::Approved, placed - declined),
        (Count::Declined, declined),
        (Count::Quoted, placed + 5),
        (Count::Read, 900 + dice(tick, 3) % 300),
        (Count::Sent, placed),
        (Count::Answered, placed),
        (Count::Captured, placed / 3),
        (Count::Records, placed * 2),
        (Count::Groups, 20),
        (Count::JournalBytes, placed * 700),
        (Count::Connected(Endpoint::Open), dice(tick, 4) % 3),
    ];
    if tick.is_multiple_of(17) {
        counts.extend([(Count::Doubted, 1), (Count::TurnedAway, 2), (Count::Refused(Endpoint::Open), 1)]);
    }
    Second {
        tick,
        at: at(tick),
        counts,
        spreads: vec![
            (Spread::Purchase, buckets(tick, 5, 40, 6_000)),
            (Spread::PlacedIn, buckets(tick, 6, 40, 1_500)),
            (Spread::DecidedIn, buckets(tick, 7, 40, 3_000)),
            (Spread::ConfirmedIn, buckets(tick, 8, 40, 1_500)),
            (Spread::ReadIn, buckets(tick, 9, 60, 200)),
            (Spread::Sync, buckets(tick, 10, 20, 900)),
            (Spread::Group, buckets(tick, 11, 20, 12)),
            (Spread::Queued, buckets(tick, 12, 40, 300)),
        ],
        gauges: vec![
            (Gauge::Products, 43),
            (Gauge::SoldOut, 2),
            (Gauge::RunningOut, 3),
            (Gauge::Orders, 120_000 + tick as i64 * 90),
            (Gauge::Pending, (dice(tick, 13) % 5) as i64),
            (Gauge::Unknown, 1),
            (Gauge::Reversing, 1),
            (Gauge::Errands, 4),
            (Gauge::LinkWaiting, 0),
            (Gauge::LinkInFlight, (dice(tick, 14) % 9) as i64),
            (Gauge::LinkUp, 1),
            (Gauge::LinkRoundTripMicros, 90 + (dice(tick, 15) % 30) as i64),
            (Gauge::LinkEchoMillis, 400),
            (Gauge::Disputed, 0),
            (Gauge::Peers(Endpoint::Open), 31),
            (Gauge::Peers(Endpoint::Operator), 1),
        ]
        .into_iter()
        .chain(both(tick))
        .collect(),
    }
}

/// A second of the settlement's.
pub fn decided(tick: u64) -> Second {
    let all = 80 + dice(tick, 1) % 40;
    let over = dice(tick, 21) % 6;
    Second {
        tick,
        at: at(tick),
        counts: vec![
            (Count::Decided(Reason::Approved), all - over),
            (Count::Decided(Reason::OverLimit), over),
            (Count::Decided(Reason::Expired), u64::from(tick.is_multiple_of(7))),
            (Count::Repeated, u64::from(tick.is_multiple_of(11))),
            (Count::Captured, all / 3),
            (Count::Records, all + all / 3),
            (Count::Groups, 30),
            (Count::JournalBytes, all * 900),
        ],
        spreads: vec![
            (Spread::Inquiry, buckets(tick, 22, 40, 2_000)),
            (Spread::Opened, buckets(tick, 23, 40, 400)),
            (Spread::DecidedDurably, buckets(tick, 24, 40, 1_200)),
            (Spread::Sync, buckets(tick, 25, 30, 700)),
            (Spread::Group, buckets(tick, 26, 30, 8)),
            (Spread::Queued, buckets(tick, 27, 40, 200)),
        ],
        gauges: vec![
            (Gauge::Accounts, 20_000),
            (Gauge::Holds, 5_000 + tick as i64),
            (Gauge::HoldsEnding, 12),
            (Gauge::Sellers, 1),
            (Gauge::Disputed, 0),
            (Gauge::Peers(Endpoint::Closed), 1),
            (Gauge::Peers(Endpoint::Operator), 1),
        ]
        .into_iter()
        .chain(both(tick))
        .collect(),
    }
}

fn both(tick: u64) -> Vec<(Gauge, i64)> {
    vec![
        (Gauge::Queue, (dice(tick, 31) % 12) as i64),
        (Gauge::QueueRoom, 4_096),
        (Gauge::Position, 300_000 + tick as i64 * 250),
        (Gauge::Epoch, 3),
        (Gauge::InCharge, 1),
        (Gauge::LagRecords, (dice(tick, 32) % 30) as i64),
        (Gauge::LagMillis, (dice(tick, 33) % 40) as i64),
        (Gauge::Standbys, 1),
        (Gauge::BackupSeconds, 1_200 + tick as i64),
        (Gauge::VerifiedSeconds, 7_000 + tick as i64),
        (Gauge::JournalBytes, 812_000_000 + tick as i64 * 80_000),
        (Gauge::FreeBytes, 64_000_000_000 - tick as i64 * 80_000),
        (Gauge::ResidentBytes, 143_000_000),
        (Gauge::UptimeSeconds, 86_400 + tick as i64),
    ]
}

pub fn seller_status() -> Box<seller::Status> {
    let found = samples::seller_replies().into_iter().find_map(|reply| match reply {
        seller::Reply::Status(status) => Some(status),
        _other => None,
    });
    found.expect("a status among the samples")
}

pub fn settlement_status() -> Box<settlement::Status> {
    let found = samples::settlement_replies().into_iter().find_map(|reply| match reply {
        settlement::Reply::Status(status) => Some(status),
        _other => None,
    });
    found.expect("a status among the samples")
}

pub fn alarm(tick: u64, urgent: bool) -> Alarm {
    Alarm {
        rule: if urgent { "link-down" } else { "sync-slow" }.to_owned(),
        since: at(tick),
        tick,
        line: if urgent { "LinkUp 0 < 1" } else { "Sync 99 % 31 ms > 20 ms" }.to_owned(),
        urgent,
    }
}

/// A dashboard of made-up daemons, and what it has asked for.
pub struct Watched {
    pub model: Model,
    pub effects: Vec<Effect>,
    /// The next second of both daemons.
    pub tick: u64,
}

impl Watched {
    pub fn open(columns: u16, rows: u16) -> Self {
        Self::of(&Daemon::ALL, false, columns, rows)
    }

    pub fn of(watched: &[Daemon], readonly: bool, columns: u16, rows: u16) -> Self {
        let settings = Settings::default();
        let mut model = Model::new(settings, watched, readonly, Size { columns, rows }, NOW);
        let effects = start(&mut model);
        Self { model, effects, tick: 1 }
    }

    pub fn happen(&mut self, event: Event) {
        let effects = update(&mut self.model, event);
        self.effects.extend(effects);
    }

    pub fn outside(&mut self, outside: Outside) {
        self.happen(Event::Outside(outside));
    }

    /// Time passes, and nobody says anything.
    pub fn pass(&mut self, micros: u64) {
        let now = Timestamp(self.model.now.0 + micros);
        self.outside(Outside::Tick(now));
    }

    /// The alarms of every beat from here on are these.
    pub fn beat(&mut self, seller: Vec<Alarm>, settlement: Vec<Alarm>) {
        self.outside(Outside::Tick(at(self.tick)));
        let (sold, decided) = (sold(self.tick), decided(self.tick));
        self.happen(Event::SellerBeat(Box::new(Beat {
            second: sold,
            status: Some(seller_status()),
            alarms: seller,
        })));
        self.happen(Event::SettlementBeat(Box::new(Beat {
            second: decided,
            status: Some(settlement_status()),
            alarms: settlement,
        })));
        self.tick += 1;
    }

    /// So many seconds in which both tell what they do.
    pub fn run(&mut self, seconds: u64) {
        (0..seconds).for_each(|_| self.beat(Vec::new(), Vec::new()));
    }

    pub fn key(&mut self, key: Key) {
        self.outside(Outside::Key(key));
    }

    pub fn keys(&mut self, keys: &str) {
        keys.chars().for_each(|c| self.key(if c == '\n' { Key::Enter } else { Key::Char(c) }));
    }

    /// Answers everything that the dashboard has asked of the seller, from the samples.
    pub fn answer(&mut self) {
        for effect in std::mem::take(&mut self.effects) {
            let Effect::Ask { seq, question } = effect else { continue };
            let told = sample_answer(&question);
            self.happen(Event::Answered(seq, Ok(Box::new(told))));
        }
    }

    pub fn draw(&self) -> (Buffer, Drawn) {
        let size = self.model.size;
        let mut buf = Buffer::empty(Rect::new(0, 0, size.columns, size.rows));
        let drawn = kessai_tui_client::dashboard::view::draw(&self.model, &mut buf);
        (buf, drawn)
    }
}

fn sample_answer(question: &kessai_tui_client::dashboard::Question) -> Told {
    use kessai_tui_client::dashboard::Question;
    use seller::{Reply, Request};
    let replies = samples::seller_replies();
    let fits = |reply: &Reply| match question {
        Question::Seller(Request::Orders { .. }) => matches!(reply, Reply::Orders(_)),
        Question::Seller(Request::Order { .. }) => matches!(reply, Reply::Order(_)),
        Question::Seller(Request::History { .. }) => matches!(reply, Reply::History(_)),
        _other => matches!(reply, Reply::Refused(_)),
    };
    Told::Seller(replies.into_iter().find(fits).expect("a sample"))
}
