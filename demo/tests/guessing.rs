//! Whoever guesses at cards is stopped, per card and per seller, and learns nothing by being stopped.

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::books::verify;
use support::shop::Shop;
use support::terminal::Terminal;

/// The sample's card with its right particulars, with wrong ones, one that nobody has, and another
/// that is right.
const CARDS: &str = "label,card_number,name,birth_date,expiry\n\
    right,9999991000000061,REN KATO,1984-06-15,2030-10\n\
    wrong name,9999991000000061,REN ABE,1984-06-15,2030-10\n\
    wrong day,9999991000000061,REN KATO,1984-06-16,2030-10\n\
    wrong month,9999991000000061,REN KATO,1984-06-15,2030-11\n\
    nobody's,9999991000000079,REN KATO,1984-06-15,2030-10\n\
    another,9999991000000012,HANAKO MORI,1988-04-12,2031-09\n";

struct Guesser(Terminal);

impl Guesser {
    fn at(folder: &Path, shop: &Shop) -> Self {
        let cards = folder.join("guesses.csv");
        fs::write(&cards, CARDS).expect("cards");
        Self(Terminal { cards, ..shop.terminal() })
    }

    /// The response code for a purchase with this card.
    fn tries(&self, card: &str) -> String {
        let ended = self.0.buy(card, &["TEA-MUGI", "--json"]);
        let said: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"));
        said["code"].as_str().expect("a code").to_owned()
    }
}

#[test]
fn after_five_wrong_guesses_at_a_card_a_right_one_looks_like_a_wrong_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let guesser = Guesser::at(folder.path(), &shop);
    assert_eq!(guesser.tries("right"), "00");
    for card in ["wrong name", "wrong day", "wrong month", "wrong name", "wrong day"] {
        assert_eq!(guesser.tries(card), "05");
    }
    for card in ["wrong month", "right", "wrong name", "right"] {
        assert_eq!(guesser.tries(card), "75", "{card}");
    }
    assert_eq!(guesser.tries("another"), "00", "other cards are none of it");
    shop.kill();
    let reasons = &verify(folder.path()).settlement["reasons"];
    assert_eq!((reasons["05:identity_mismatch"].as_i64(), reasons["75"].as_i64()), (Some(5), Some(4)));
}

#[test]
fn a_seller_that_lets_too_many_guesses_through_gets_no_more_answers_to_guess_by() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(Shop::open(folder.path()).stop("TERM"), Some(0));
    let policy = folder.path().join("settlement").join("policy.toml");
    fs::write(policy, "seller_tries = { seconds = 3600, max = 3 }\n").expect("a policy");
    let shop = Shop::open(folder.path());
    let guesser = Guesser::at(folder.path(), &shop);
    assert_eq!(guesser.tries("another"), "00");
    assert_eq!(guesser.tries("nobody's"), "14");
    assert_eq!(guesser.tries("wrong day"), "05");
    assert_eq!(guesser.tries("nobody's"), "14");
    for card in ["nobody's", "wrong day", "right"] {
        assert_eq!(guesser.tries(card), "75", "{card}");
    }
    // A stranger who guesses keeps nobody out who has bought here before.
    assert_eq!(guesser.tries("another"), "00");
    // The count is in the books: a restart forgets nothing.
    assert_eq!(shop.stop("TERM"), Some(0));
    let shop = Shop::open(folder.path());
    assert_eq!((guesser.tries("right"), guesser.tries("another")), ("75".to_owned(), "00".to_owned()));
    drop(shop);
}
