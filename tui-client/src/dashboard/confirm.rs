//! The question before something is changed: what would be done, to what, and by which key. Its answer is no,
//! unless it is said otherwise with a key that does nothing else.

use super::event::Question;
use crate::app::Seq;
use crate::words::Message;

pub struct Confirm {
    /// What would be done, as a question.
    pub question: Message,
    /// What there is to know of it, a line each.
    pub lines: Vec<Message>,
    /// What is asked of the daemon then.
    pub act: Question,
    /// The number under which the answer will come.
    pub seq: Seq,
}
