//! A page that is drilled down to: what it shows came as an answer, and it goes by what is pressed on it.

use kessai_shared::time::Timestamp;

use super::confirm::Confirm;
use super::event::{Effect, Question, Told};
use super::keymap::{Action, Context};
use crate::app::{Edit, Seq};
use crate::view::Look;
use crate::view::sheet::Sheet;
use crate::words::Message;

/// One page of those that are opened over the screens. Each keeps the numbers of its own questions, and so
/// knows its answers.
pub trait Page: Send {
    fn title(&self) -> Message;

    /// Which keys go here.
    fn context(&self) -> Context;

    /// When what it shows was told; nothing while it shows nothing.
    fn told_at(&self) -> Option<Timestamp>;

    /// Asks for what it shows, at first and whenever it is to be asked for again.
    fn ask(&mut self, desk: &mut Desk<'_>);

    /// Does what a key means here. What moves through lists of any page is [`moved`]'s.
    fn act(&mut self, action: Action, desk: &mut Desk<'_>) -> Step;

    /// Takes an answer; one to a question that is not its own is left alone.
    fn answered(&mut self, seq: Seq, answer: &Result<Box<Told>, Message>, desk: &mut Desk<'_>);

    /// Hears that what it wanted to be confirmed was, and is on its way under this number.
    fn confirmed(&mut self, _seq: Seq) {}

    /// Takes text into the field that it shows.
    fn typed(&mut self, _text: &str, _desk: &mut Desk<'_>) {}

    fn edited(&mut self, _edit: Edit, _desk: &mut Desk<'_>) {}

    /// A click on the row with this place.
    fn clicked(&mut self, _row: usize, _desk: &mut Desk<'_>) -> Step {
        Step::Stay
    }

    fn draw(&self, look: Look, now: Timestamp, sheet: &mut Sheet<'_>);
}

/// Where a key leads to.
pub enum Step {
    Stay,
    /// One page deeper.
    Open(Box<dyn Page>),
    /// Back to the page, or the screen, before.
    Close,
    /// A question, before something is changed. When it is answered with yes, its act is asked, and its answer
    /// comes to the page under the number that [`Desk::ask`] would have given.
    Confirm(Box<Confirm>),
    /// A line that tells why nothing was done.
    Warn(Message),
}

/// What a page is given to work with.
pub struct Desk<'a> {
    pub now: Timestamp,
    /// How far one press of PgUp or PgDn goes.
    pub page_rows: usize,
    /// Which daemons can be asked.
    pub seller: bool,
    pub settlement: bool,
    pub effects: &'a mut Vec<Effect>,
    pub counter: &'a mut crate::app::model::Counter,
}

impl Desk<'_> {
    /// Puts a question that changes nothing.
    pub fn ask(&mut self, question: Question) -> Seq {
        let seq = self.counter.ask();
        self.effects.push(Effect::Ask { seq, question: Box::new(question) });
        seq
    }
}

/// Where a cursor in a list of `len` rows goes, or `None` when the action does not move it.
pub fn moved(action: Action, cursor: usize, len: usize, page: usize) -> Option<usize> {
    let last = len.saturating_sub(1);
    let to = match action {
        Action::Up => cursor.saturating_sub(1),
        Action::Down => cursor.saturating_add(1),
        Action::PageUp => cursor.saturating_sub(page),
        Action::PageDown => cursor.saturating_add(page),
        Action::First => 0,
        Action::Last => last,
        _moves_nothing => return None,
    };
    Some(to.min(last))
}
