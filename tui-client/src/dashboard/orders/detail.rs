//! One order: how it stands, its lines, and everything that happened to it.

use kessai_shared::ids::OrderId;
use kessai_shared::operator::MAX_ROWS;
use kessai_shared::operator::seller::{Leg, OrderDetail, Reply, Request};
use kessai_shared::operator::settlement::{self, ChargeDetail, Charged, EntriesOf, EntryRow};
use kessai_shared::receipt::QuotedLine;
use kessai_shared::storefront::Line;
use kessai_shared::time::Timestamp;

use super::{fulfilment_word, order_word};
use crate::app::Seq;
use crate::dashboard::acts::{About, Menu};
use crate::dashboard::event::{Daemon, Question, Told};
use crate::dashboard::keymap::{Action, Context};
use crate::dashboard::lead::Lead;
use crate::dashboard::page::{Desk, Page, Step, moved};
use crate::dashboard::table::start_of;
use crate::view::Look;
use crate::view::sheet::Sheet;
use crate::view::{states, text};
use crate::words::Message;

/// From this width on what both sides know of an order stands beside each other.
const BESIDE: usize = 100;

pub struct Detail {
    pub order: OrderId,
    pub detail: Option<Box<OrderDetail>>,
    pub legs: Vec<Leg>,
    /// What the settlement has of it: how it stands, and every entry.
    pub charge: Option<Box<ChargeDetail>>,
    pub entries: Vec<EntryRow>,
    asked: [Option<Seq>; 4],
    told_at: Option<Timestamp>,
    top: usize,
}

impl Detail {
    pub fn of(order: OrderId) -> Self {
        Self {
            order,
            detail: None,
            legs: Vec::new(),
            charge: None,
            entries: Vec::new(),
            asked: [None; 4],
            told_at: None,
            top: 0,
        }
    }

    /// Asks the settlement about the same order, once it is known where in its journal it begins.
    fn ask_settlement(&mut self, detail: &OrderDetail, desk: &mut Desk<'_>) {
        let (Some(decision), true) = (detail.decision, desk.settlement) else { return };
        let (seller, order) = (detail.quote.seller, self.order);
        let charge = settlement::Request::Charge { of: Charged { seller, order } };
        let (of, from) = (EntriesOf::Order(order), decision.position);
        let entries = settlement::Request::Entries { of, from, limit: MAX_ROWS };
        self.asked[2] = Some(desk.ask(Question::Settlement(charge)));
        self.asked[3] = Some(desk.ask(Question::Settlement(entries)));
    }

    /// What of it has left and did not come back.
    fn gone(&self) -> Vec<Line> {
        let Some(detail) = &self.detail else { return Vec::new() };
        let lines = detail.quote.lines.iter().zip(detail.shipped.iter().zip(&detail.returned));
        let line = |(line, (shipped, returned)): (&QuotedLine, (&u32, &u32))| Line {
            sku: line.sku,
            quantity: shipped.saturating_sub(*returned),
        };
        lines.map(line).filter(|line| line.quantity > 0).collect()
    }

    /// Every leg with its time, those of the seller and those of the settlement, the oldest first.
    fn both(&self) -> Vec<(Timestamp, Daemon, String)> {
        let seller = self.legs.iter().map(|leg| {
            let by = leg.by.map(|by| format!("  {}", start_of(&by.to_string()))).unwrap_or_default();
            (leg.at, Daemon::Seller, format!("{}  {}{by}", leg.kind, leg.text))
        });
        let settlement = self.entries.iter().map(|entry| {
            let amount = entry.amount.show(entry.currency);
            (entry.at, Daemon::Settlement, format!("{}  {amount}  #{}", entry.change, entry.position))
        });
        let mut both: Vec<_> = seller.chain(settlement).collect();
        both.sort_by_key(|(at, _, _)| *at);
        both
    }
}

impl Page for Detail {
    fn title(&self) -> Message {
        Message::new("title-dash-order").with("order", self.order.to_string())
    }

    fn context(&self) -> Context {
        Context::Detail
    }

    fn told_at(&self) -> Option<Timestamp> {
        self.told_at
    }

    fn ask(&mut self, desk: &mut Desk<'_>) {
        let order = self.order;
        let [one, other] = [Request::Order { order }, Request::History { order }]
            .map(|request| Some(desk.ask(Question::Seller(request))));
        self.asked = [one, other, None, None];
    }

    fn act(&mut self, action: Action, desk: &mut Desk<'_>) -> Step {
        match action {
            Action::Back => return Step::Close,
            Action::Acts => {
                let about = About::Order(self.order, self.gone());
                return Step::Open(Box::new(Menu::of(about)));
            }
            Action::Next => {
                let of = self.charge.as_ref().and_then(|charge| charge.account).map(Lead::Account);
                return of.map_or(Step::Stay, |lead| Step::Open(lead.page()));
            }
            action => {
                let rows = self.legs.len() + self.entries.len();
                self.top = moved(action, self.top, rows, desk.page_rows).unwrap_or(self.top);
            }
        }
        Step::Stay
    }

    fn answered(&mut self, seq: Seq, answer: &Result<Box<Told>, Message>, desk: &mut Desk<'_>) {
        let Some(asked) = self.asked.iter_mut().find(|asked| **asked == Some(seq)) else { return };
        *asked = None;
        match answer.as_deref() {
            Ok(Told::Seller(Reply::Order(detail))) => {
                self.detail = Some(detail.clone());
                self.ask_settlement(detail, desk);
            }
            Ok(Told::Settlement(settlement::Reply::Charge(charge))) => self.charge = Some(charge.clone()),
            Ok(Told::Settlement(settlement::Reply::Entries { page, .. })) => {
                self.entries.clone_from(&page.rows);
            }
            Ok(Told::Seller(Reply::History(legs))) => self.legs.clone_from(legs),
            Ok(_) | Err(_) => return,
        }
        self.told_at = Some(desk.now);
    }

    fn draw(&self, look: Look, _now: Timestamp, sheet: &mut Sheet<'_>) {
        let Some(order) = &self.detail else { return sheet.say(&look.say("dash-asking"), look.dim()) };
        let money = |amount: kessai_shared::money::Minor| amount.show(order.quote.currency);
        let standing = [
            look.say(order_word(order.state)),
            look.say(states::payment(order.payment)),
            look.say(fulfilment_word(order.fulfilment)),
        ];
        let dot = format!(" {} ", look.signs.dot);
        sheet.field(&look.say("label-dash-state"), &standing.join(&dot), look.strong());
        sheet.field(&look.say("label-dash-total"), &money(order.quote.total), look.plain());
        let owner = order.owner.to_string();
        sheet.field(&look.say("label-dash-owner"), &text::cut(&owner, 24), look.plain());
        for (at, line) in order.quote.lines.iter().enumerate() {
            let name = order.names.get(at).map_or("", String::as_str);
            let what = format!("{} × {} {name}", line.quantity, line.sku);
            let label = if at == 0 { look.say("label-dash-lines") } else { String::new() };
            sheet.field(&label, &text::cut(&what, sheet.text_columns().saturating_sub(14)), look.plain());
        }
        if let Some(charge) = &self.charge {
            let reason = charge.decision.map(|decision| decision.reason.name()).unwrap_or_default();
            let parts = [charge.state.clone(), reason.to_owned(), money(charge.captured), money(charge.held)];
            sheet.field(&look.say("label-dash-charge"), &parts.join(&dot), look.plain());
        }
        sheet.gap();
        sheet.say(&look.say("dash-history"), look.accent());
        let wide = sheet.columns() >= BESIDE;
        let half = sheet.text_columns().saturating_sub(24) / 2;
        for (at, daemon, what) in self.both().iter().skip(self.top) {
            // Beside each other where there is room: the seller's on the left, the settlement's on the right.
            let what = match (wide, daemon) {
                (true, Daemon::Seller) => text::left(what, half),
                (true, Daemon::Settlement) => format!("{}{what}", text::left("", half)),
                (false, Daemon::Seller) => what.clone(),
                (false, Daemon::Settlement) => format!("{} {what}", look.signs.after),
            };
            sheet.pair(&at.to_string(), &what, look.dim(), look.plain());
        }
    }
}
