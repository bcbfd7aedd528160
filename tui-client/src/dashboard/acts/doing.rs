//! One act: what is typed for it, the question before it, and what came of it with the record that says so.

use kessai_shared::operator::seller::Reply as OfSeller;
use kessai_shared::operator::settlement::Reply as OfSettlement;
use kessai_shared::operator::trail::Reply as OfTrail;
use kessai_shared::time::Timestamp;

use super::{About, Act, Need};
use crate::app::{Edit, Seq, TextField};
use crate::dashboard::confirm::Confirm;
use crate::dashboard::event::Told;
use crate::dashboard::find::line;
use crate::dashboard::keymap::{Action, Context};
use crate::dashboard::page::{Desk, Page, Step};
use crate::dashboard::table::{acts, start_of};
use crate::view::Look;
use crate::view::sheet::Sheet;
use crate::words::Message;

pub struct Doing {
    about: About,
    act: Act,
    /// When the form was opened.
    opened: Timestamp,
    pub field: TextField,
    /// The act, when it was asked for, and the trail behind it.
    asked: Option<Seq>,
    trailing: Option<Seq>,
    pub came: Vec<Message>,
    told_at: Option<Timestamp>,
}

impl Doing {
    pub fn of(about: About, act: Act, now: Timestamp) -> Self {
        let field = TextField::new(about.need(act).max_bytes());
        Self { about, act, opened: now, field, asked: None, trailing: None, came: Vec::new(), told_at: None }
    }

    /// Asks whether it is to be done. An act is asked for once; whoever wants it again opens it again.
    fn confirm(&mut self, desk: &mut Desk<'_>) -> Step {
        if !self.came.is_empty() {
            return Step::Close;
        }
        // What is on its way is not done a second time: goods that are received have no id to know them by.
        if self.asked.is_some() {
            return Step::Stay;
        }
        let act = match self.about.request(self.act, self.field.text(), self.opened) {
            Ok(act) => act,
            Err(why) => return Step::Warn(why),
        };
        let seq = desk.counter.ask();
        let name = self.about.name();
        let mut lines = Vec::new();
        if !name.is_empty() {
            lines.push(Message::new("dash-confirm-on").with("on", name));
        }
        if !self.field.is_empty() {
            lines.push(Message::new("dash-confirm-typed").with("typed", self.field.text().trim().to_owned()));
        }
        lines.push(Message::new("dash-confirm-recorded"));
        let question = Message::new(self.act.word());
        Step::Confirm(Box::new(Confirm { question, lines, act, seq }))
    }

    /// What an answer to the act says by itself; nothing where only the trail says where it stands.
    fn told(told: &Told) -> Option<Message> {
        let trail = |reply: &OfTrail| match reply {
            OfTrail::Done { position: Some(position) } => {
                Some(Message::new("dash-done-record").with("record", *position))
            }
            OfTrail::Done { position: None } => Some(Message::new("dash-done-already")),
            OfTrail::BackedUp { position, last } => {
                Some(Message::new("dash-done-backup").with("record", *position).with("nth", last.nth))
            }
            OfTrail::Acts(_) | OfTrail::Record(_) | OfTrail::Operators { .. } => None,
        };
        match told {
            Told::Seller(OfSeller::Refused(why)) => Some(Message::said(why.to_string())),
            Told::Settlement(OfSettlement::Refused(why)) => Some(Message::said(why.to_string())),
            Told::Seller(OfSeller::Trail(reply)) | Told::Settlement(OfSettlement::Trail(reply)) => {
                trail(reply)
            }
            Told::Settlement(OfSettlement::CardShown { position, last_four, expiry }) => Some(
                Message::new("dash-done-card")
                    .with("record", *position)
                    .with("card", format!("•••• {last_four} {expiry}")),
            ),
            Told::Settlement(OfSettlement::PolicyInForce { policy, is_new: true }) => {
                Some(Message::new("dash-done-record").with("record", policy.position))
            }
            Told::Settlement(OfSettlement::PolicyInForce { is_new: false, .. }) => {
                Some(Message::new("dash-done-already"))
            }
            Told::Seller(_) | Told::Settlement(_) => None,
        }
    }
}

impl Page for Doing {
    fn title(&self) -> Message {
        Message::new(self.act.word())
    }

    fn context(&self) -> Context {
        let types = self.about.need(self.act) != Need::Nothing && self.came.is_empty();
        if types { Context::Field } else { Context::Detail }
    }

    fn told_at(&self) -> Option<Timestamp> {
        self.told_at
    }

    fn ask(&mut self, _desk: &mut Desk<'_>) {}

    fn act(&mut self, action: Action, desk: &mut Desk<'_>) -> Step {
        match action {
            Action::Back => Step::Close,
            Action::Next => self.confirm(desk),
            _moves_nothing => Step::Stay,
        }
    }

    fn confirmed(&mut self, seq: Seq) {
        self.asked = Some(seq);
    }

    fn answered(&mut self, seq: Seq, answer: &Result<Box<Told>, Message>, desk: &mut Desk<'_>) {
        if self.asked == Some(seq) {
            self.asked = None;
            self.told_at = Some(desk.now);
            match answer {
                Err(why) => self.came = vec![why.clone()],
                Ok(told) => match Self::told(told) {
                    Some(message) => self.came = vec![message],
                    // The daemon answered with the thing as it is now; the trail has the record.
                    None => {
                        self.came = vec![Message::new("dash-done")];
                        self.trailing = Some(desk.ask(acts(self.about.daemon(self.act), None)));
                    }
                },
            }
        } else if self.trailing == Some(seq) {
            self.trailing = None;
            let page = match answer.as_deref() {
                Ok(
                    Told::Seller(OfSeller::Trail(OfTrail::Acts(page)))
                    | Told::Settlement(OfSettlement::Trail(OfTrail::Acts(page))),
                ) => page,
                Ok(_) | Err(_) => return,
            };
            let name = self.about.name();
            let is_its = |on: &str| name.is_empty() || on.ends_with(&name);
            let mut rows = page.rows.iter();
            let its = rows.find(|row| is_its(&row.on.map(|on| on.to_string()).unwrap_or_default()));
            self.came.extend(its.map(|row| {
                let by = start_of(&row.by.to_string());
                Message::new("dash-done-trail").with("record", row.position).with("by", by)
            }));
        }
    }

    fn typed(&mut self, text: &str, _desk: &mut Desk<'_>) {
        self.field.insert(text);
    }

    fn edited(&mut self, edit: Edit, _desk: &mut Desk<'_>) {
        self.field.edit(edit);
    }

    fn draw(&self, look: Look, _now: Timestamp, sheet: &mut Sheet<'_>) {
        let name = self.about.name();
        if !name.is_empty() {
            sheet.field(&look.say("label-dash-about"), &name, look.plain());
        }
        sheet.gap();
        if self.came.is_empty() {
            let need = self.about.need(self.act);
            if need == Need::Nothing {
                sheet.say(&look.say("dash-need-nothing"), look.dim());
            } else {
                line(&self.field, look, need.hint(), sheet);
            }
        }
        self.came.iter().for_each(|came| sheet.wrap(&look.message(came), look.strong()));
    }
}
