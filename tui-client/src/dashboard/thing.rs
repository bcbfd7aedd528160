//! One thing in full: an account, a product, a key, or a record of a journal.

use kessai_shared::operator::account::AccountDetail;
use kessai_shared::operator::seller::{Reply as OfSeller, Request as AskSeller, StockRow};
use kessai_shared::operator::settlement::{EntriesOf, Reply as OfSettlement, Request as AskSettlement};
use kessai_shared::operator::trail::{RecordRow, Reply as OfTrail, Request as AskTrail};
use kessai_shared::time::Timestamp;

use super::acts::{About, Menu};
use super::event::{Question, Told};
use super::keymap::{Action, Context};
use super::lead::Lead;
use super::page::{Desk, Page, Step, moved};
use super::table::{start_of, trail};
use crate::app::Seq;
use crate::view::Look;
use crate::view::sheet::Sheet;
use crate::words::Message;

/// A line: the id of what it is called, and what it is.
type Fact = (&'static str, String);

pub struct Thing {
    lead: Lead,
    pub facts: Vec<Fact>,
    /// Where it leads on to.
    further: Option<Lead>,
    asked: Option<Seq>,
    told_at: Option<Timestamp>,
    top: usize,
}

impl Thing {
    pub fn of(lead: Lead) -> Self {
        Self { lead, facts: Vec::new(), further: None, asked: None, told_at: None, top: 0 }
    }

    fn about(&self) -> Option<About> {
        match self.lead {
            Lead::Account(account) => Some(About::Account(account)),
            Lead::Product(sku) => Some(About::Product(sku)),
            Lead::Key(daemon, endpoint, pin) => Some(About::Key(daemon, endpoint, pin)),
            Lead::Order(_) | Lead::Record(..) | Lead::Entries(_) => None,
        }
    }
}

impl Page for Thing {
    fn title(&self) -> Message {
        let (id, name) = match self.lead {
            Lead::Account(account) => ("title-dash-account", start_of(&account.to_string())),
            Lead::Product(sku) => ("title-dash-product", sku.to_string()),
            Lead::Key(_, _, pin) => ("title-dash-key", start_of(&pin.to_string())),
            Lead::Record(_, position) => ("title-dash-record", position.to_string()),
            Lead::Order(order) => ("title-dash-order", order.to_string()),
            Lead::Entries(_) => return Message::new("title-dash-entries"),
        };
        Message::new(id).with("order", name)
    }

    fn context(&self) -> Context {
        Context::Detail
    }

    fn told_at(&self) -> Option<Timestamp> {
        self.told_at
    }

    fn ask(&mut self, desk: &mut Desk<'_>) {
        let question = match self.lead {
            Lead::Account(account) => Question::Settlement(AskSettlement::Account { account }),
            Lead::Product(sku) => Question::Seller(AskSeller::Product { sku }),
            Lead::Record(daemon, position) => trail(daemon, AskTrail::Record { position }),
            Lead::Key(daemon, endpoint, pin) => {
                self.facts = vec![
                    ("label-dash-key", pin.to_string()),
                    ("label-dash-endpoint", endpoint.map_or("-", |at| at.name()).to_owned()),
                    ("label-dash-daemon", daemon.name().to_owned()),
                ];
                self.told_at = Some(desk.now);
                return;
            }
            Lead::Order(_) | Lead::Entries(_) => return,
        };
        self.asked = Some(desk.ask(question));
    }

    fn act(&mut self, action: Action, desk: &mut Desk<'_>) -> Step {
        match action {
            Action::Back => return Step::Close,
            Action::Next => return self.further.map_or(Step::Stay, |lead| Step::Open(lead.page())),
            Action::Acts => {
                return self.about().map_or(Step::Stay, |about| Step::Open(Box::new(Menu::of(about))));
            }
            action => {
                let to = moved(action, self.top, self.facts.len(), desk.page_rows);
                self.top = to.unwrap_or(self.top);
            }
        }
        Step::Stay
    }

    fn answered(&mut self, seq: Seq, answer: &Result<Box<Told>, Message>, desk: &mut Desk<'_>) {
        if self.asked != Some(seq) {
            return;
        }
        self.asked = None;
        let (facts, further) = match (self.lead, answer.as_deref()) {
            (Lead::Account(account), Ok(Told::Settlement(OfSettlement::Account(detail)))) => {
                (of_account(detail), Some(Lead::Entries(EntriesOf::Account(account))))
            }
            (Lead::Product(_), Ok(Told::Seller(OfSeller::Product(row)))) => (of_product(row), None),
            (
                Lead::Record(daemon, _),
                Ok(
                    Told::Seller(OfSeller::Trail(OfTrail::Record(row)))
                    | Told::Settlement(OfSettlement::Trail(OfTrail::Record(row))),
                ),
            ) => (of_record(row), row.on.and_then(|on| Lead::of(daemon, on))),
            (_, Ok(Told::Seller(OfSeller::Refused(why)))) => (refused(why.to_string()), None),
            (_, Ok(Told::Settlement(OfSettlement::Refused(why)))) => (refused(why.to_string()), None),
            (_, Ok(_) | Err(_)) => return,
        };
        (self.facts, self.further, self.told_at) = (facts, further, Some(desk.now));
    }

    fn draw(&self, look: Look, _now: Timestamp, sheet: &mut Sheet<'_>) {
        if self.facts.is_empty() {
            return sheet.say(&look.say("dash-asking"), look.dim());
        }
        for (label, value) in self.facts.iter().skip(self.top) {
            sheet.field(&look.say(label), value, look.plain());
        }
        if self.further.is_some() {
            sheet.gap();
            sheet.say(&look.say("dash-enter-further"), look.dim());
        }
    }
}

fn refused(why: String) -> Vec<Fact> {
    vec![("label-dash-refused", why)]
}

fn of_account(detail: &AccountDetail) -> Vec<Fact> {
    let row = &detail.row;
    let money = |amount: kessai_shared::money::Minor| amount.show(row.currency);
    let late: Vec<String> = detail.late_history.iter().map(u8::to_string).collect();
    let mut facts = vec![
        ("label-dash-account", row.account.to_string()),
        ("label-dash-state", row.status.clone()),
        ("label-dash-card", row.expiry.map_or_else(String::new, |expiry| format!("•••• {expiry}"))),
        ("label-dash-limit", money(row.limit)),
        ("label-dash-balance", money(row.balance)),
        ("label-dash-held", money(row.held)),
        ("label-dash-open-to-buy", money(row.open_to_buy)),
        ("label-dash-late", format!("{} ({})", row.months_late, late.join(" "))),
        ("label-dash-asked", money(detail.asked)),
    ];
    if let Some(block) = &detail.block {
        facts.push(("label-dash-block", format!("{} {}", block.why, start_of(&block.by.to_string()))));
    }
    facts
}

fn of_product(row: &StockRow) -> Vec<Fact> {
    let counts = [
        ("label-dash-available", row.available),
        ("label-dash-reserved", row.reserved),
        ("label-dash-allocated", row.allocated),
        ("label-dash-on-hand", row.on_hand),
        ("label-dash-shipped", row.shipped),
        ("label-dash-returned", row.returned),
        ("label-dash-received", row.received),
        ("label-dash-written-off", row.written_off),
    ];
    let name = ("label-dash-name", format!("{} {}", row.sku, row.name));
    [name].into_iter().chain(counts.map(|(label, count)| (label, count.to_string()))).collect()
}

fn of_record(row: &RecordRow) -> Vec<Fact> {
    let mut facts = vec![
        ("label-dash-record", row.position.to_string()),
        ("label-dash-time", row.at.to_string()),
        ("label-dash-what", row.what.clone()),
    ];
    facts.extend(row.on.map(|on| ("label-dash-about", on.to_string())));
    facts.extend(row.by.map(|by| ("label-dash-operator", by.to_string())));
    facts.extend(row.lines.iter().map(|line| ("label-dash-says", line.clone())));
    facts
}
