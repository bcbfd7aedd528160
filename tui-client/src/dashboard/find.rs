//! Orders, products and accounts found by what is typed of them, as it is typed.

use kessai_shared::operator::seller::{MAX_WORDS_BYTES, Reply as OfSeller, Request as AskSeller};
use kessai_shared::operator::settlement::{Reply as OfSettlement, Request as AskSettlement};
use kessai_shared::time::Timestamp;
use ratatui::text::{Line, Span};

use super::event::{Question, Told};
use super::keymap::{Action, Context};
use super::lead::Lead;
use super::page::{Desk, Page, Step, moved};
use super::table::{self, Row};
use crate::app::{Edit, Seq, TextField};
use crate::view::sheet::Sheet;
use crate::view::{Look, field};
use crate::words::Message;

/// How many of each kind are shown.
const MOST_OF_EACH: u16 = 50;
/// Of what there is found something: orders, products, accounts.
const KINDS: usize = 3;

pub struct Find {
    pub field: TextField,
    found: [Vec<Row>; KINDS],
    pub cursor: usize,
    asked: [Option<Seq>; KINDS],
    /// Whether something was typed since the questions that are under way.
    is_behind: bool,
    told_at: Option<Timestamp>,
}

impl Default for Find {
    fn default() -> Self {
        Self {
            field: TextField::new(MAX_WORDS_BYTES),
            found: Default::default(),
            cursor: 0,
            asked: [None; KINDS],
            is_behind: false,
            told_at: None,
        }
    }
}

impl Find {
    fn rows(&self) -> Vec<Row> {
        self.found.concat()
    }

    /// Whether what is shown was found by something else than what is typed now.
    fn is_asking(&self) -> bool {
        self.asked.iter().any(Option::is_some)
    }

    /// Asks for what is typed now. Only one search is under way at a time, however fast somebody types.
    fn search(&mut self, desk: &mut Desk<'_>) {
        self.is_behind = self.is_asking();
        if self.is_behind {
            return;
        }
        let words = self.field.text().trim().to_owned();
        self.cursor = 0;
        if words.is_empty() {
            self.found = Default::default();
            return;
        }
        if desk.seller {
            let orders = AskSeller::FindOrders { words: words.clone(), before: None, limit: MOST_OF_EACH };
            let stock = AskSeller::FindStock { text: words.clone(), limit: MOST_OF_EACH };
            self.asked[0] = Some(desk.ask(Question::Seller(orders)));
            self.asked[1] = Some(desk.ask(Question::Seller(stock)));
        }
        if desk.settlement && words.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let accounts = AskSettlement::FindAccounts { prefix: words, after: None, limit: MOST_OF_EACH };
            self.asked[2] = Some(desk.ask(Question::Settlement(accounts)));
        } else {
            self.found[2].clear();
        }
    }
}

fn found(told: &Told) -> Vec<Row> {
    match told {
        Told::Seller(OfSeller::Orders(page)) => {
            let row = |row: &kessai_shared::operator::seller::OrderRow| Row {
                name: row.order.to_string(),
                columns: vec![(19, row.placed_at.to_string()), (12, row.total.show(row.currency))],
                lead: Some(Lead::Order(row.order)),
            };
            page.rows.iter().map(row).collect()
        }
        Told::Seller(OfSeller::Stock(page)) => {
            let row = |row: &kessai_shared::operator::seller::StockRow| Row {
                name: format!("{} {}", row.sku, row.name),
                columns: vec![(8, row.available.to_string())],
                lead: Some(Lead::Product(row.sku)),
            };
            page.rows.iter().map(row).collect()
        }
        Told::Settlement(OfSettlement::Accounts(page)) => {
            let row = |row: &kessai_shared::operator::settlement::AccountRow| Row {
                name: row.account.to_string(),
                columns: vec![(10, row.status.clone()), (12, row.open_to_buy.show(row.currency))],
                lead: Some(Lead::Account(row.account)),
            };
            page.rows.iter().map(row).collect()
        }
        Told::Seller(_) | Told::Settlement(_) => Vec::new(),
    }
}

impl Page for Find {
    fn title(&self) -> Message {
        Message::new("title-dash-find")
    }

    fn context(&self) -> Context {
        Context::Field
    }

    fn told_at(&self) -> Option<Timestamp> {
        self.told_at
    }

    fn ask(&mut self, desk: &mut Desk<'_>) {
        self.search(desk);
    }

    fn act(&mut self, action: Action, desk: &mut Desk<'_>) -> Step {
        match action {
            Action::Back => return Step::Close,
            // What stands there now may be another order than the one that is about to.
            Action::Next if self.is_asking() => {}
            Action::Next => {
                let rows = self.rows();
                let lead = rows.get(self.cursor).and_then(|row| row.lead);
                return lead.map_or(Step::Stay, |lead| Step::Open(lead.page()));
            }
            action => {
                let count = self.found.iter().map(Vec::len).sum();
                self.cursor = moved(action, self.cursor, count, desk.page_rows).unwrap_or(self.cursor);
            }
        }
        Step::Stay
    }

    fn answered(&mut self, seq: Seq, answer: &Result<Box<Told>, Message>, desk: &mut Desk<'_>) {
        let Some(kind) = self.asked.iter().position(|asked| *asked == Some(seq)) else { return };
        self.asked[kind] = None;
        if let Ok(told) = answer {
            self.found[kind] = found(told);
            self.told_at = Some(desk.now);
        }
        if self.is_behind && self.asked.iter().all(Option::is_none) {
            self.search(desk);
        }
    }

    fn typed(&mut self, text: &str, desk: &mut Desk<'_>) {
        self.field.insert(text);
        self.search(desk);
    }

    fn edited(&mut self, edit: Edit, desk: &mut Desk<'_>) {
        let before = self.field.text().to_owned();
        self.field.edit(edit);
        if self.field.text() != before {
            self.search(desk);
        }
    }

    fn clicked(&mut self, row: usize, desk: &mut Desk<'_>) -> Step {
        if row == self.cursor {
            return self.act(Action::Next, desk);
        }
        self.cursor = row;
        Step::Stay
    }

    fn draw(&self, look: Look, _now: Timestamp, sheet: &mut Sheet<'_>) {
        line(&self.field, look, "dash-find-hint", sheet);
        if self.field.text().trim().is_empty() {
            return;
        }
        let rows = self.rows();
        let how_many = || look.tell("dash-found", &[("count", (rows.len() as u64).into())]);
        sheet.say(&if self.is_asking() { look.say("dash-asking") } else { how_many() }, look.dim());
        if !rows.is_empty() {
            table::draw(&rows, self.cursor, true, look, sheet);
        }
    }
}

/// A line that is typed, with the cursor in it.
pub fn line(typed: &TextField, look: Look, hint: &str, sheet: &mut Sheet<'_>) {
    let room = sheet.text_columns().saturating_sub(2);
    let (text, at) = field::shown(typed, room);
    sheet.cursor(3 + at);
    let text = match text.is_empty() {
        true => Span::styled(crate::view::text::cut(&look.say(hint), room), look.dim()),
        false => Span::styled(text, look.strong()),
    };
    sheet.put(&Line::from(vec![Span::raw(" "), Span::styled("> ", look.accent()), text]));
}
