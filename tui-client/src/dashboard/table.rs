//! Lists of what a daemon knows, each row of which leads further: what operators had done, whom the settlement
//! still owes an answer, holds that end, double entries, and who is connected.

use kessai_shared::operator::seller::{Reply as OfSeller, Request as AskSeller};
use kessai_shared::operator::settlement::{EntriesOf, Reply as OfSettlement, Request as AskSettlement};
use kessai_shared::operator::trail::{ActRow, Reply as OfTrail, Request as AskTrail};
use kessai_shared::operator::{MAX_ROWS, Peers};
use kessai_shared::time::Timestamp;

use super::event::{Daemon, Question, Told};
use super::keymap::{Action, Context};
use super::lead::Lead;
use super::page::{Desk, Page, Step, moved};
use crate::app::Seq;
use crate::view::Look;
use crate::view::list::{column, row, window};
use crate::view::sheet::Sheet;
use crate::words::Message;

/// Most rows that are kept of one list.
const MAX_KEPT: usize = 10_000;
/// From this width on a row has all of its columns; below it only the first.
const WIDE: usize = 76;

/// Which list it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Acts(Daemon),
    Owed,
    Holds,
    Entries(EntriesOf),
    Peers(Daemon),
    Sellers,
}

/// One row, as it is shown and where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    pub columns: Vec<(usize, String)>,
    pub lead: Option<Lead>,
}

pub struct Table {
    what: What,
    pub rows: Vec<Row>,
    pub cursor: usize,
    asked: Option<Seq>,
    told_at: Option<Timestamp>,
    /// What is asked for more of it.
    next: Option<Question>,
    /// Whether the answer that is under way goes on from the rows that are there.
    goes_on: bool,
}

impl Table {
    pub fn of(what: What) -> Self {
        Self { what, rows: Vec::new(), cursor: 0, asked: None, told_at: None, next: None, goes_on: false }
    }

    fn open(&self) -> Step {
        match self.rows.get(self.cursor).and_then(|row| row.lead) {
            Some(lead) => Step::Open(lead.page()),
            None => Step::Stay,
        }
    }
}

impl What {
    pub const fn title(self) -> &'static str {
        match self {
            What::Acts(Daemon::Seller) => "title-dash-acts-seller",
            What::Acts(Daemon::Settlement) => "title-dash-acts-settlement",
            What::Owed => "title-dash-owed",
            What::Holds => "title-dash-holds",
            What::Entries(_) => "title-dash-entries",
            What::Peers(Daemon::Seller) => "title-dash-peers-seller",
            What::Peers(Daemon::Settlement) => "title-dash-peers-settlement",
            What::Sellers => "title-dash-sellers",
        }
    }

    fn first(self) -> Question {
        match self {
            What::Acts(daemon) => acts(daemon, None),
            What::Owed => Question::Seller(AskSeller::Owed { after: None, limit: MAX_ROWS }),
            What::Holds => {
                Question::Settlement(AskSettlement::Holds { seller: None, after: None, limit: MAX_ROWS })
            }
            What::Entries(of) => {
                Question::Settlement(AskSettlement::Entries { of, from: 0, limit: MAX_ROWS })
            }
            What::Peers(Daemon::Seller) => Question::Seller(AskSeller::Peers),
            What::Peers(Daemon::Settlement) => Question::Settlement(AskSettlement::Peers),
            What::Sellers => Question::Settlement(AskSettlement::Sellers { after: None, limit: MAX_ROWS }),
        }
    }

    /// The rows of an answer, and what is asked for more; nothing for an answer to something else.
    fn rows(self, told: &Told) -> Option<(Vec<Row>, Option<Question>)> {
        match (self, told) {
            (
                What::Acts(daemon),
                Told::Seller(OfSeller::Trail(OfTrail::Acts(page)))
                | Told::Settlement(OfSettlement::Trail(OfTrail::Acts(page))),
            ) => {
                let rows = page.rows.iter().map(|row| act(daemon, row)).collect();
                Some((rows, page.next.map(|next| acts(daemon, Some(next)))))
            }
            (What::Owed, Told::Seller(OfSeller::Owed(page))) => {
                let rows = page.rows.iter().map(|owed| Row {
                    name: owed.row.order.to_string(),
                    columns: vec![
                        (19, owed.row.placed_at.to_string()),
                        (10, owed.work.clone()),
                        (12, owed.row.total.show(owed.row.currency)),
                    ],
                    lead: Some(Lead::Order(owed.row.order)),
                });
                let more = |after| AskSeller::Owed { after: Some(after), limit: MAX_ROWS };
                Some((rows.collect(), page.next.map(more).map(Question::Seller)))
            }
            (What::Holds, Told::Settlement(OfSettlement::Holds(page))) => {
                let rows = page.rows.iter().map(|hold| Row {
                    name: hold.of.order.to_string(),
                    columns: vec![
                        (19, hold.expires.to_string()),
                        (12, hold.held.show(hold.currency)),
                        (12, start_of(&hold.account.to_string())),
                    ],
                    lead: Some(Lead::Account(hold.account)),
                });
                let more = |after| AskSettlement::Holds { seller: None, after: Some(after), limit: MAX_ROWS };
                Some((rows.collect(), page.next.map(more).map(Question::Settlement)))
            }
            (What::Entries(of), Told::Settlement(OfSettlement::Entries { page, .. })) => {
                let rows = page.rows.iter().map(|entry| Row {
                    name: format!("{} {}", entry.position, entry.change),
                    columns: vec![
                        (19, entry.at.to_string()),
                        (12, entry.amount.show(entry.currency)),
                        (18, entry.debit.name.clone()),
                        (18, entry.credit.name.clone()),
                    ],
                    lead: Some(Lead::Record(Daemon::Settlement, entry.position)),
                });
                let more = |from| AskSettlement::Entries { of, from, limit: MAX_ROWS };
                Some((rows.collect(), page.next.map(more).map(Question::Settlement)))
            }
            (
                What::Peers(daemon),
                Told::Seller(OfSeller::Peers(peers)) | Told::Settlement(OfSettlement::Peers(peers)),
            ) => Some((peer_rows(daemon, peers), None)),
            (What::Sellers, Told::Settlement(OfSettlement::Sellers(page))) => {
                let closed = Some(kessai_shared::operator::Endpoint::Closed);
                let rows = page.rows.iter().map(|(pin, connections)| Row {
                    name: pin.to_string(),
                    columns: vec![(6, connections.to_string())],
                    lead: Some(Lead::Key(Daemon::Settlement, closed, *pin)),
                });
                let more = |after| AskSettlement::Sellers { after: Some(after), limit: MAX_ROWS };
                Some((rows.collect(), page.next.map(more).map(Question::Settlement)))
            }
            (_, Told::Seller(_) | Told::Settlement(_)) => None,
        }
    }
}

/// The question for a daemon's acts, the newest first.
pub const fn acts(daemon: Daemon, before: Option<u64>) -> Question {
    trail(daemon, AskTrail::Acts { before, limit: MAX_ROWS })
}

/// What both daemons are asked alike, put to one of them.
pub const fn trail(daemon: Daemon, request: AskTrail) -> Question {
    match daemon {
        Daemon::Seller => Question::Seller(AskSeller::Trail(request)),
        Daemon::Settlement => Question::Settlement(AskSettlement::Trail(request)),
    }
}

fn act(daemon: Daemon, row: &ActRow) -> Row {
    let on = row.on.map(|on| on.to_string()).unwrap_or_default();
    Row {
        name: format!("{} {} {on}", row.position, row.what),
        columns: vec![
            (19, row.at.to_string()),
            (10, start_of(&row.by.to_string())),
            (20, row.reason.clone()),
        ],
        lead: Some(Lead::Record(daemon, row.position)),
    }
}

fn peer_rows(daemon: Daemon, peers: &Peers) -> Vec<Row> {
    let row = |peer: &kessai_shared::operator::Peer| Row {
        name: peer.pin.to_string(),
        columns: vec![
            (9, peer.endpoint.name().to_owned()),
            (21, peer.address.to_string()),
            (8, peer.seconds.to_string()),
        ],
        lead: Some(Lead::Key(daemon, Some(peer.endpoint), peer.pin)),
    };
    peers.peers.iter().map(row).collect()
}

/// The first digits of a key or a reference, which tell it from the others on a screen.
pub fn start_of(text: &str) -> String {
    text.chars().take(8).collect()
}

impl Page for Table {
    fn title(&self) -> Message {
        Message::new(self.what.title())
    }

    fn context(&self) -> Context {
        Context::List
    }

    fn told_at(&self) -> Option<Timestamp> {
        self.told_at
    }

    fn ask(&mut self, desk: &mut Desk<'_>) {
        self.goes_on = false;
        self.asked = Some(desk.ask(self.what.first()));
    }

    fn act(&mut self, action: Action, desk: &mut Desk<'_>) -> Step {
        match action {
            Action::Back => return Step::Close,
            Action::Next => return self.open(),
            action => {
                let to = moved(action, self.cursor, self.rows.len(), desk.page_rows);
                self.cursor = to.unwrap_or(self.cursor);
            }
        }
        let at_end = self.cursor + 1 >= self.rows.len() && self.rows.len() < MAX_KEPT;
        if at_end
            && self.asked.is_none()
            && let Some(next) = self.next.take()
        {
            self.goes_on = true;
            self.asked = Some(desk.ask(next));
        }
        Step::Stay
    }

    fn answered(&mut self, seq: Seq, answer: &Result<Box<Told>, Message>, desk: &mut Desk<'_>) {
        if self.asked != Some(seq) {
            return;
        }
        self.asked = None;
        let Some((rows, next)) = answer.as_deref().ok().and_then(|told| self.what.rows(told)) else { return };
        if !self.goes_on {
            self.rows.clear();
        }
        self.rows.extend(rows);
        self.next = next;
        self.told_at = Some(desk.now);
        self.cursor = self.cursor.min(self.rows.len().saturating_sub(1));
    }

    fn clicked(&mut self, row: usize, _desk: &mut Desk<'_>) -> Step {
        if row == self.cursor {
            return self.open();
        }
        self.cursor = row.min(self.rows.len().saturating_sub(1));
        Step::Stay
    }

    fn draw(&self, look: Look, _now: Timestamp, sheet: &mut Sheet<'_>) {
        draw(&self.rows, self.cursor, self.told_at.is_some(), look, sheet);
    }
}

/// Draws rows of which one is chosen.
pub fn draw(rows: &[Row], cursor: usize, is_told: bool, look: Look, sheet: &mut Sheet<'_>) {
    if rows.is_empty() {
        let id = if is_told { "dash-nothing-there" } else { "dash-asking" };
        return sheet.say(&look.say(id), look.dim());
    }
    let width = sheet.columns();
    for at in window(cursor, rows.len(), sheet.rows_left()) {
        let (one, chosen) = (&rows[at], at == cursor);
        let shown = if width >= WIDE { one.columns.len() } else { 1 };
        let columns = one.columns.iter().take(shown);
        let columns: Vec<_> = columns.map(|(wide, text)| column(*wide, text.clone())).collect();
        let style = if chosen { look.selected() } else { look.plain() };
        sheet.row(at, &row(width, chosen, &one.name, &columns), style);
    }
}
