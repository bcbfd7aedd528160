//! What operators have done that moves no money, and what of the lists is not in the books yet.

use std::collections::{BTreeMap, BTreeSet};

use kessai_shared::operator::rights::Right;
use kessai_shared::pin::Pin;
use kessai_shared::trail::{Operated, is_reason};

use crate::ledger::books::{Books, Change};

/// The line that was given is none that could be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAReason;

/// Records what an operator has done; nothing when it is so already.
///
/// # Errors
/// [`NotAReason`] for a reason that is too long or not one line, and for a card that is shown without any.
pub fn operate(books: &Books, what: Operated, reason: &str, by: Pin) -> Result<Option<Change>, NotAReason> {
    let needs_one = matches!(what, Operated::CardShown { .. });
    if !is_reason(reason) || needs_one && reason.trim().is_empty() {
        return Err(NotAReason);
    }
    let news = books.trail().is_news(what);
    Ok(news.then(|| Change::Operated { by, what, reason: reason.to_owned() }))
}

/// What makes the books have the lists as they stand in their files, where somebody has changed them by
/// hand: the act of whoever keeps the folder. Some of it, where it is much.
pub fn take_over(
    books: &Books,
    (operators, sellers): (Option<&BTreeMap<Pin, Right>>, &BTreeSet<Pin>),
    by: Pin,
) -> Vec<Change> {
    let differences = books.trail().differences(operators, Some(sellers));
    let change = |what| Change::Operated { by, what, reason: "found on the list".to_owned() };
    differences.into_iter().map(change).collect()
}
