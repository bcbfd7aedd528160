//! A receipt: what it proves, step by step; its own lines; its code; and where it is saved.

use super::teller::Teller;
use crate::app::keymap::Action;
use crate::app::model::{Detail, Paper, PaperSheet, Proved, Saving};
use crate::receipt_file::Found;
use crate::view::receipt as page;

pub fn tell(teller: &mut Teller<'_>, detail: &Detail, paper: &Paper) {
    teller.say("title-receipt");
    if let Some(saving) = &paper.saving {
        return save(teller, saving);
    }
    if let Some(why) = &paper.problem {
        return teller.tell("receipt-cannot", &[("why", why.clone().into())]);
    }
    let Some(found) = &paper.found else {
        teller.tell("plain-order-id", &[("order", detail.order().to_string().into())]);
        return teller.say("receipt-asking");
    };
    match paper.sheet {
        PaperSheet::Proof => proof(teller, found),
        PaperSheet::Lines => {
            teller.say("receipt-lines");
            found.receipt.lines().lines().for_each(|line| teller.words(line));
        }
        PaperSheet::Code => {
            // Squares cannot be told; what they say can.
            let code = page::says(found, teller.look);
            teller.words(&code);
        }
    }
    let word = teller.look.key(teller.model, Action::Right);
    teller.standing("plain-receipt-sides", &[("word", word.into())]);
}

fn proof(teller: &mut Teller<'_>, found: &Proved) {
    let look = teller.look;
    let (verdict, _) = page::verdict(&found.receipt, &found.checks, look);
    // Its sign says what the words say.
    teller.words(verdict.split_once(' ').map_or(verdict.as_str(), |(_, words)| words));
    for (part, proofs) in page::PARTS {
        teller.say(part);
        for check in found.checks.iter().filter(|check| proofs.contains(&check.what)) {
            let id = match check.found {
                Found::Holds => "plain-check-holds",
                Found::Fails => "plain-check-fails",
                Found::Unknown => "plain-check-unknown",
            };
            teller.tell(id, &[("what", page::words(&found.receipt, check.what, look).into())]);
        }
    }
    teller.say("receipt-meaning");
}

fn save(teller: &mut Teller<'_>, saving: &Saving) {
    teller.say("plain-save-where");
    teller.tell("plain-save-proposed", &[("path", saving.path.text().into())]);
    match (&saving.problem, saving.asked) {
        (_, Some(_)) => teller.say("save-saving"),
        (Some(why), None) => teller.message(why),
        (None, None) => teller.standing("save-hint", &[]),
    }
}
