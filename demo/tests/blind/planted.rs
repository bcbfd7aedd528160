//! A thousand cards that exist nowhere else, the tables they stand in, and what has to become of
//! each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use kessai_shared::card::CardNumber;

use super::support::Dice;
use super::support::trade::Trade;

pub const CARDS: usize = 1_000;
/// How many of the approved orders are given back.
const RETURNS: usize = 100;

/// How much of the end of a name tells it from all others, in bytes.
const END_BYTES: usize = 12;

/// What an order with a card comes to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Approved,
    WrongName,
    WrongBirthDate,
    Expired,
    Unknown,
    OverLimit,
    Lost,
    Stolen,
    Restricted,
    Delinquent,
    BadHistory,
}

/// How many cards there are of each fate; all others are approved.
const DECLINED: [(Fate, usize); 10] = [
    (Fate::WrongName, 40),
    (Fate::WrongBirthDate, 40),
    (Fate::Expired, 40),
    (Fate::Unknown, 40),
    (Fate::OverLimit, 40),
    (Fate::Lost, 10),
    (Fate::Stolen, 10),
    (Fate::Restricted, 10),
    (Fate::Delinquent, 10),
    (Fate::BadHistory, 10),
];

pub struct Card {
    pub number: String,
    /// The name and the birth date that the card company has.
    pub name: String,
    pub birth_date: String,
    /// Those that the shopper gives.
    pub given_name: String,
    pub given_birth_date: String,
    fate: Fate,
}

impl Card {
    /// The names and dates of its holder, right and wrong, and the ends of the names by themselves:
    /// the allocator writes over the first 16 bytes of what is freed.
    pub fn texts(&self) -> BTreeSet<&str> {
        let whole =
            [&self.name, &self.given_name, &self.birth_date, &self.given_birth_date].map(String::as_str);
        let ends = [&self.name, &self.given_name].map(|name| &name[name.len() - END_BYTES..]);
        whole.into_iter().chain(ends).collect()
    }
}

/// So many cards, the same in every run.
pub fn cards() -> Vec<Card> {
    let mut dice = Dice::new(0x0b11_4d5e_c4e7);
    let declined = DECLINED.iter().flat_map(|(fate, count)| std::iter::repeat_n(*fate, *count));
    let fates = declined.chain(std::iter::repeat(Fate::Approved)).take(CARDS);
    let (mut numbers, mut names, mut dates) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    fates
        .map(|fate| {
            let mut name = || fresh(&mut names, || name(&mut dice));
            let (own_name, other_name) = (name(), name());
            let mut date = || fresh(&mut dates, || birth_date(&mut dice));
            let (own_date, other_date) = (date(), date());
            Card {
                number: fresh(&mut numbers, || number(&mut dice)),
                given_name: if fate == Fate::WrongName { other_name } else { own_name.clone() },
                given_birth_date: if fate == Fate::WrongBirthDate { other_date } else { own_date.clone() },
                name: own_name,
                birth_date: own_date,
                fate,
            }
        })
        .collect()
}

/// A number that is on no card, for controls.
pub fn control_number() -> String {
    number(&mut Dice::new(0xc0_4750))
}

/// Writes the tables into a folder.
pub fn write(cards: &[Card], folder: &Path) -> Trade {
    fs::create_dir_all(folder).expect("a folder");
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).expect("a table");
        path
    };
    Trade {
        products: write(
            "products.csv",
            "sku,name,unit_price_pence,stock\nTEA,Sencha,450,1000000\n".to_owned(),
        ),
        cardholders: write("cardholders.csv", accounts(cards)),
        traffic: write("traffic.csv", traffic(cards)),
        decisions: folder.join("decisions.csv"),
    }
}

/// The shoppers' own table, with what they believe of their cards.
pub fn write_given(cards: &[Card], folder: &Path) -> PathBuf {
    let mut text = "card_number,name,birth_date,expiry\n".to_owned();
    for card in cards {
        text += &format!("{},{},{},2034-05\n", card.number, card.given_name, card.given_birth_date);
    }
    let path = folder.join("cards.csv");
    fs::write(&path, text).expect("a table");
    path
}

/// What `replay` has to write down: how many orders and returns come to each outcome.
pub fn expected() -> BTreeMap<(String, String), usize> {
    let mut expected = BTreeMap::new();
    let mut add = |kind: &str, outcome: &str, count: usize| {
        *expected.entry((kind.to_owned(), outcome.to_owned())).or_default() += count;
    };
    let mut approved = CARDS;
    for (fate, count) in DECLINED {
        approved -= count;
        let outcome = match fate {
            Fate::Approved => "00",
            Fate::WrongName | Fate::WrongBirthDate => "05:identity_mismatch",
            Fate::Expired => "54",
            Fate::Unknown => "14",
            Fate::OverLimit => "51",
            Fate::Lost => "41",
            Fate::Stolen => "43",
            Fate::Restricted => "62",
            Fate::Delinquent => "05:delinquent",
            Fate::BadHistory => "05:repayment_history",
        };
        add("order", outcome, count);
    }
    add("order", "00", approved);
    add("return", "refunded", RETURNS);
    expected
}

fn accounts(cards: &[Card]) -> String {
    let head =
        "card_number,name,birth_date,expiry,limit_pence,balance_pence,months_late,late_history,status\n";
    let mut text = head.to_owned();
    for card in cards.iter().filter(|card| card.fate != Fate::Unknown) {
        let expiry = if card.fate == Fate::Expired { "2011-12" } else { "2034-05" };
        let limit = if card.fate == Fate::OverLimit { 449 } else { 100_000 };
        let late = if card.fate == Fate::Delinquent { 3 } else { 0 };
        let history = if card.fate == Fate::BadHistory { "2;3;2;0;0" } else { "0;0;0;0;0" };
        let status = match card.fate {
            Fate::Lost => "lost",
            Fate::Stolen => "stolen",
            Fate::Restricted => "restricted",
            _ => "normal",
        };
        let Card { number, name, birth_date, .. } = card;
        text += &format!("{number},{name},{birth_date},{expiry},{limit},0,{late},{history},{status}\n");
    }
    text
}

fn traffic(cards: &[Card]) -> String {
    let mut text = "sequence,kind,reference,customer,card_number,sku,quantity\n".to_owned();
    let mut sequence = 0;
    let mut add = |kind: &str, at: usize| {
        sequence += 1;
        text += &format!("{sequence},{kind},{kind}-{sequence},customer-{at},{},TEA,1\n", cards[at].number);
    };
    (0..cards.len()).for_each(|at| add("order", at));
    let approved = (0..cards.len()).filter(|at| cards[*at].fate == Fate::Approved);
    approved.take(RETURNS).for_each(|at| add("return", at));
    text
}

fn fresh(known: &mut BTreeSet<String>, mut make: impl FnMut() -> String) -> String {
    loop {
        let made = make();
        if known.insert(made.clone()) {
            return made;
        }
    }
}

/// A number of the range that no card company issues, with its check digit.
fn number(dice: &mut Dice) -> String {
    let start = format!("999999{:09}", dice.below(1_000_000_000));
    CardNumber::with_check_digit(&start).expect("a card number").digits().to_owned()
}

/// Two words that stand in no book, the second one long: most of a name stays when it is freed.
fn name(dice: &mut Dice) -> String {
    let mut pick = |letters: &str| {
        let at = usize::try_from(dice.below(letters.len() as u64)).expect("small");
        char::from(letters.as_bytes()[at])
    };
    let mut word = |syllables: usize| {
        let mut word = String::new();
        for _ in 0..syllables {
            word.push(pick("bdfgjklmnpqrstvwxz"));
            word.push(pick("aeiouy"));
        }
        word[..1].to_uppercase() + &word[1..]
    };
    format!("{} {}", word(4), word(12))
}

/// A day of which nothing but a birth date tells: no log and no file is so old.
fn birth_date(dice: &mut Dice) -> String {
    format!("{}-{:02}-{:02}", 1911 + dice.below(58), 1 + dice.below(12), 1 + dice.below(28))
}

#[test]
fn the_cards_are_a_thousand_different_ones() {
    let cards = cards();
    let numbers: BTreeSet<_> = cards.iter().map(|card| card.number.as_str()).collect();
    assert_eq!(numbers.len(), CARDS);
    let passes =
        |number: &str| number.parse::<kessai_shared::card::CardNumber>().expect("digits").passes_luhn();
    assert!(
        numbers.iter().all(|number| number.starts_with("999999") && number.len() == 16 && passes(number))
    );
    assert!(!numbers.contains(control_number().as_str()) && passes(&control_number()));
    assert_eq!(expected().values().sum::<usize>(), CARDS + RETURNS);
}
