//! What operators have done that moves neither money nor goods, and what of a list is not in the books yet.

use std::collections::BTreeMap;

use kessai_shared::operator::rights::Right;
use kessai_shared::pin::Pin;
use kessai_shared::trail::{Operated, is_reason};

use crate::sales::books::Books;
use crate::sales::change::Change;

/// The line that was given is none that could be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAReason;

/// Records what an operator has done; nothing when it is so already.
///
/// # Errors
/// [`NotAReason`] for a reason that is too long or not one line.
pub fn operate(books: &Books, what: Operated, reason: &str, by: Pin) -> Result<Option<Change>, NotAReason> {
    if !is_reason(reason) {
        return Err(NotAReason);
    }
    let news = books.trail().is_news(what);
    Ok(news.then(|| Change::Operated { by, what, reason: reason.to_owned() }))
}

/// What makes the books have the list of operators as it stands in the data folder, where somebody has
/// changed it by hand: the act of whoever keeps the folder. Some of it, where it is much.
pub fn take_over(books: &Books, operators: &BTreeMap<Pin, Right>, by: Pin) -> Vec<Change> {
    let differences = books.trail().differences(Some(operators), None);
    let change = |what| Change::Operated { by, what, reason: "found on the list".to_owned() };
    differences.into_iter().map(change).collect()
}
