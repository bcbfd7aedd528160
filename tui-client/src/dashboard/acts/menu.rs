//! Menus: what can be done about something, and what can be drilled down to.

use kessai_shared::time::Timestamp;

use super::{About, Act, Doing};
use crate::app::Seq;
use crate::dashboard::event::{Daemon, Told};
use crate::dashboard::find::Find;
use crate::dashboard::keymap::{Action, Context};
use crate::dashboard::orders::Orders;
use crate::dashboard::page::{Desk, Page, Step, moved};
use crate::dashboard::table::{Table, What};
use crate::view::Look;
use crate::view::list::window;
use crate::view::sheet::Sheet;
use crate::words::Message;

/// The acts that something allows.
pub struct Menu {
    about: About,
    pub acts: Vec<Act>,
    pub cursor: usize,
}

impl Menu {
    pub fn of(about: About) -> Self {
        Self { about, acts: Vec::new(), cursor: 0 }
    }

    fn open(&self, desk: &Desk<'_>) -> Step {
        match self.acts.get(self.cursor) {
            Some(act) => Step::Open(Box::new(Doing::of(self.about.clone(), *act, desk.now))),
            None => Step::Stay,
        }
    }
}

impl Page for Menu {
    fn title(&self) -> Message {
        Message::new("title-dash-acts")
    }

    fn context(&self) -> Context {
        Context::List
    }

    fn told_at(&self) -> Option<Timestamp> {
        None
    }

    fn ask(&mut self, desk: &mut Desk<'_>) {
        self.acts = self.about.acts(desk.seller, desk.settlement);
    }

    fn act(&mut self, action: Action, desk: &mut Desk<'_>) -> Step {
        match action {
            Action::Back => return Step::Close,
            Action::Next => return self.open(desk),
            action => {
                let to = moved(action, self.cursor, self.acts.len(), desk.page_rows);
                self.cursor = to.unwrap_or(self.cursor);
            }
        }
        Step::Stay
    }

    fn answered(&mut self, _seq: Seq, _answer: &Result<Box<Told>, Message>, _desk: &mut Desk<'_>) {}

    fn clicked(&mut self, row: usize, desk: &mut Desk<'_>) -> Step {
        if row == self.cursor {
            return self.open(desk);
        }
        self.cursor = row.min(self.acts.len().saturating_sub(1));
        Step::Stay
    }

    fn draw(&self, look: Look, _now: Timestamp, sheet: &mut Sheet<'_>) {
        let words: Vec<&str> = self.acts.iter().map(|act| act.word()).collect();
        draw(&words, self.cursor, look, sheet);
    }
}

/// Every list of both daemons, and the search.
#[derive(Default)]
pub struct Drill {
    lists: Vec<List>,
    pub cursor: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Find,
    Orders,
    Table(What),
}

impl List {
    const SELLERS: [Self; 5] = [
        List::Find,
        List::Orders,
        List::Table(What::Owed),
        List::Table(What::Peers(Daemon::Seller)),
        List::Table(What::Acts(Daemon::Seller)),
    ];
    const SETTLEMENTS: [Self; 4] = [
        List::Table(What::Holds),
        List::Table(What::Sellers),
        List::Table(What::Peers(Daemon::Settlement)),
        List::Table(What::Acts(Daemon::Settlement)),
    ];

    fn page(self) -> Box<dyn Page> {
        match self {
            List::Find => Box::new(Find::default()),
            List::Orders => Box::new(Orders::default()),
            List::Table(what) => Box::new(Table::of(what)),
        }
    }

    fn word(self) -> &'static str {
        match self {
            List::Find => "title-dash-find",
            List::Orders => "title-dash-orders",
            List::Table(what) => what.title(),
        }
    }
}

impl Drill {
    fn open(&self) -> Step {
        self.lists.get(self.cursor).map_or(Step::Stay, |list| Step::Open(list.page()))
    }
}

impl Page for Drill {
    fn title(&self) -> Message {
        Message::new("title-dash-drill")
    }

    fn context(&self) -> Context {
        Context::List
    }

    fn told_at(&self) -> Option<Timestamp> {
        None
    }

    fn ask(&mut self, desk: &mut Desk<'_>) {
        let sellers = List::SELLERS.into_iter().filter(|_| desk.seller);
        self.lists = sellers.chain(List::SETTLEMENTS.into_iter().filter(|_| desk.settlement)).collect();
    }

    fn act(&mut self, action: Action, desk: &mut Desk<'_>) -> Step {
        match action {
            Action::Back => return Step::Close,
            Action::Next => return self.open(),
            action => {
                let to = moved(action, self.cursor, self.lists.len(), desk.page_rows);
                self.cursor = to.unwrap_or(self.cursor);
            }
        }
        Step::Stay
    }

    fn answered(&mut self, _seq: Seq, _answer: &Result<Box<Told>, Message>, _desk: &mut Desk<'_>) {}

    fn clicked(&mut self, row: usize, _desk: &mut Desk<'_>) -> Step {
        if row == self.cursor {
            return self.open();
        }
        self.cursor = row.min(self.lists.len().saturating_sub(1));
        Step::Stay
    }

    fn draw(&self, look: Look, _now: Timestamp, sheet: &mut Sheet<'_>) {
        let words: Vec<&str> = self.lists.iter().map(|list| list.word()).collect();
        draw(&words, self.cursor, look, sheet);
    }
}

fn draw(words: &[&str], cursor: usize, look: Look, sheet: &mut Sheet<'_>) {
    if words.is_empty() {
        return sheet.say(&look.say("dash-nothing-there"), look.dim());
    }
    for at in window(cursor, words.len(), sheet.rows_left()) {
        let chosen = at == cursor;
        let sign = if chosen { look.signs.chosen } else { " " };
        let style = if chosen { look.selected() } else { look.plain() };
        sheet.row(at, &format!(" {sign} {}", look.say(words[at])), style);
    }
}
