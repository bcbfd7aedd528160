//! The shop by lines: the same flows as on the screen, each thing said once, and money spent by one word only.

mod support;

use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::Reason;
use kessai_shared::time::Timestamp;
use kessai_tui_client::app::keymap::{Action, Context, Keymap};
use kessai_tui_client::app::model::{Screen, Step as CheckoutStep};
use kessai_tui_client::app::{Effect, Event, Key};
use kessai_tui_client::shop::{Ending, ShopError};
use kessai_tui_client::spoken::{self, Heard, Narrator, WINDOW};
use kessai_tui_client::view::Look;
use kessai_tui_client::words::Lang;
use proptest::prelude::*;
use support::{CARD_NUMBERS, NOW, World};

const TYPED_NUMBER: &str = "4929123456785678";

/// Somebody who types lines and listens.
struct Talk {
    world: World,
    narrator: Narrator,
}

impl Talk {
    fn begin(lang: Lang) -> (Self, Vec<String>) {
        let mut world = World::open(spoken::SIZE.columns, spoken::SIZE.rows);
        world.model.settings.lang = lang;
        let mut narrator = Narrator::default();
        let said = narrator.news(&world.model);
        (Self { world, narrator }, said)
    }

    fn english() -> Self {
        Self::begin(Lang::English).0
    }

    /// Types a line and hears what is said to it.
    fn line(&mut self, line: &str) -> Vec<String> {
        match spoken::hear(&self.world.model, line) {
            Heard::Again => self.narrator.everything(&self.world.model),
            Heard::No(why) => vec![Look::of(&self.world.model).message(&why)],
            Heard::Steps(steps) => {
                for step in steps {
                    let mut done = 0;
                    while let Some(event) = spoken::event(&self.world.model, &step, done) {
                        self.world.happen(event);
                        self.world.answer_all();
                        done += 1;
                    }
                }
                self.narrator.answer(&self.world.model, false)
            }
        }
    }

    fn lines(&mut self, lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| self.line(line)).last().unwrap_or_default()
    }

    fn news(&mut self) -> Vec<String> {
        self.narrator.news(&self.world.model)
    }

    fn reach_confirm(&mut self) -> Vec<String> {
        self.lines(&["add", "cart", "check out", "go on", "1"])
    }
}

fn has(said: &[String], part: &str) -> bool {
    said.iter().any(|line| line.contains(part))
}

#[track_caller]
fn expect(said: &[String], part: &str) {
    assert!(has(said, part), "no {part:?} in {said:#?}");
}

#[test]
fn a_list_is_told_in_reading_order_and_in_windows() {
    let (mut talk, said) = Talk::begin(Lang::English);
    assert_eq!(said[0], "Kettle & Crane");
    expect(&said, "1,234 products");
    expect(&said, "1 of 1,234: Blue stoneware mug, £8.50, sold out, chosen");
    expect(&said, "2 of 1,234: 緑茶のカップ (green tea cup), £8.87, 5 available");
    assert_eq!(said.iter().filter(|line| line.contains(" of 1,234: ")).count(), WINDOW);
    assert!(said.last().is_some_and(|line| line.starts_with("Say: a row's number")), "{said:#?}");
    let next = talk.line("next");
    let rows: Vec<&String> = next.iter().filter(|line| line.contains(" of 1,234: ")).collect();
    assert_eq!(rows.len(), WINDOW);
    assert!(rows[0].starts_with("10 of 1,234: ") && rows[0].ends_with(", chosen"), "{rows:#?}");
    let down = talk.line("down");
    assert_eq!(down.len(), 1, "one row at most: {down:#?}");
    assert!(down[0].starts_with("11 of 1,234: ") && down[0].ends_with(", chosen"), "{down:#?}");
    let last = talk.line("last");
    expect(&last, "1,234 of 1,234: ");
}

#[test]
fn each_thing_is_said_once() {
    let mut talk = Talk::english();
    assert_eq!(talk.news(), Vec::<String>::new());
    let said = talk.line("add");
    assert_eq!(said, ["Added: Blue stoneware mug (1 in the cart)"]);
    assert_eq!(talk.news(), Vec::<String>::new());
    assert_eq!(talk.line("add"), ["Added: Blue stoneware mug (2 in the cart)"]);
    // Nothing new, and still no silence.
    assert_eq!(talk.line("first"), ["Nothing has changed."]);
    let whole = talk.line("");
    expect(&whole, "1 of 1,234");
    assert_eq!(talk.line("repeat"), whole);
}

#[test]
fn a_purchase_by_lines_pays_once_and_for_the_word_only() {
    let mut talk = Talk::english();
    let said = talk.reach_confirm();
    for part in ["Confirm", "Total: £8.50", "To: Kettle & Crane", "ending in 1746", "type the word pay"] {
        expect(&said, part);
    }
    assert!(matches!(&talk.world.model.screen, Screen::Checkout(c) if c.step == CheckoutStep::Confirm));
    for line in ["", "p", "P", " ", "enter", "1", "go on", "payy", "yes", "ok", "pay now"] {
        talk.line(line);
        assert_eq!(talk.world.pay_effects(), 0, "{line:?} pays");
    }
    let said = talk.line("pay");
    assert_eq!(talk.world.pay_effects(), 1);
    expect(&said, "No word pays again");
    for line in ["pay", "p", "", "go on"] {
        talk.line(line);
    }
    assert_eq!(talk.world.pay_effects(), 1);
    talk.world.answer_pay(Ok(Ending::Accepted { amount: Minor(850), currency: Currency::Gbp }));
    let said = talk.news();
    assert_eq!(said[0], "Accepted. £8.50 was approved.");
    assert!(talk.world.model.cart.goods.is_empty());
}

#[test]
fn another_card_after_one_that_was_declined() {
    let mut talk = Talk::english();
    talk.reach_confirm();
    talk.line("pay");
    talk.world.answer_pay(Ok(Ending::Declined { reason: Some(Reason::OverLimit) }));
    let said = talk.news();
    expect(&said, "Declined (code 51)");
    expect(&said, "Nothing was charged");
    talk.line("try again");
    let said = talk.lines(&["go on", "3"]);
    expect(&said, "Card number");
    assert!(spoken::is_secret(&talk.world.model));
    let said = talk.line("12");
    expect(&said, "That cannot be");
    let said = talk.line(TYPED_NUMBER);
    expect(&said, "Name as on the card");
    assert!(!spoken::is_secret(&talk.world.model));
    // In a field a word is text, unless it is marked as a word.
    talk.line("Back");
    let said = talk.line("1981-13-09");
    expect(&said, "That cannot be");
    talk.line("1981-12-09");
    let said = talk.line("2029-08");
    expect(&said, "ending in 5678");
    let all = [said, talk.line("")].concat().join(" ");
    assert!(!all.replace([' ', '-'], "").contains(&TYPED_NUMBER[..5]), "{all}");
    talk.line("pay");
    assert_eq!(talk.world.pay_effects(), 1);
}

#[test]
fn a_mark_leaves_a_field() {
    for mark in [":back", "：戻る", ": back"] {
        let mut talk = Talk::english();
        talk.lines(&["add", "cart", "check out", "go on", "3"]);
        assert!(talk.world.model.context() == Context::Form);
        talk.line(mark);
        assert!(talk.world.model.context() == Context::Cards, "{mark}");
    }
}

#[test]
fn search_and_cart_by_words_with_more_behind_them() {
    let mut talk = Talk::english();
    let said = talk.line("search blue mug");
    assert_eq!(talk.world.model.browse.wanted.query, "blue mug");
    expect(&said, "Search: blue mug");
    talk.line("search tea");
    assert_eq!(talk.world.model.browse.wanted.query, "tea", "an older search is not added to");
    let said = talk.line("1");
    expect(&said, "5 available");
    let said = talk.line("12");
    expect(&said, "Quantity: 12");
    expect(&said, "only 5 available");
    talk.line("3");
    assert_eq!(talk.lines(&["add", "cart", ""]).iter().filter(|line| line.contains("3 at")).count(), 1);
    talk.line("quantity 14");
    assert_eq!(talk.world.model.cart.goods[0].quantity.get(), 14);
    talk.line("数量 2");
    assert_eq!(talk.world.model.cart.goods[0].quantity.get(), 2);
    expect(&talk.line("remove"), "Taken off");
    expect(&talk.line("7"), "chooses nothing");
}

#[test]
fn an_unknown_outcome_does_not_chatter() {
    let mut talk = Talk::english();
    talk.reach_confirm();
    talk.line("pay");
    talk.world.answer_pay(Err(ShopError::NoAnswer));
    let said = talk.news();
    expect(&said, "Not known yet");
    expect(&said, "never paid twice");
    let mut heard = 0;
    for second in 1..=1_800 {
        talk.world.happen(Event::Tick(Timestamp(NOW.0 + second * 1_000_000)));
        while let Some(at) = talk.world.waiting.iter().position(|e| matches!(e, Effect::LoadOrder { .. })) {
            let Effect::LoadOrder { seq, .. } = talk.world.waiting.remove(at) else { unreachable!() };
            talk.world.happen(Event::OrderLoaded(seq, Err(ShopError::NoAnswer)));
        }
        talk.world.waiting.clear();
        heard += talk.news().len();
    }
    let polls = talk.world.model.purchases[0].polls;
    assert!(polls > 50, "{polls}");
    assert!((1..=12).contains(&heard), "{heard} lines in half an hour");
}

#[test]
fn orders_are_cancelled_and_given_back_by_words() {
    let mut talk = Talk::english();
    let said = talk.line("orders");
    expect(&said, "being packed");
    expect(&talk.line("1"), "Payment: authorized");
    talk.world.waiting.clear();
    expect(&talk.line("cancel"), "“cancel” again cancels the whole order");
    expect(&talk.line("cancel"), "Cancelling");
    assert_eq!(talk.world.waiting.iter().filter(|e| matches!(e, Effect::Cancel { .. })).count(), 1);
    let mut talk = Talk::english();
    let said = talk.lines(&["orders", "3"]);
    talk.world.waiting.clear();
    expect(&said, "1 returned");
    let said = talk.line("return");
    expect(&said, "Choose what goes back");
    talk.line("2");
    expect(&talk.line("more"), "1 of 2 go back");
    expect(&talk.line("give back"), "Giving back 1 piece");
    assert_eq!(talk.world.waiting.iter().filter(|e| matches!(e, Effect::GiveBack { .. })).count(), 1);
}

#[test]
fn the_same_in_japanese() {
    let (mut talk, said) = Talk::begin(Lang::Japanese);
    expect(&said, "1,234 件中 2：緑茶のカップ");
    expect(&talk.line("検索 茶"), "検索：茶");
    let said = talk.lines(&["追加", "カート", "レジへ", "進む", "１"]);
    expect(&said, "「支払う」と入力");
    talk.line("p");
    assert_eq!(talk.world.pay_effects(), 0);
    talk.line("支払う");
    assert_eq!(talk.world.pay_effects(), 1);
}

/// Every place there is, reached by words or keys.
fn everywhere() -> Vec<World> {
    let reach: [fn(&mut World); 14] = [
        |_| {},
        |w| w.keys("/"),
        |w| w.keys("j\n"),
        |w| w.keys("jac"),
        |w| w.keys("jac\n"),
        |w| w.keys("jac\n\n"),
        |w| w.keys("jac\n\njj\n"),
        |w| w.keys("jac\n\n\n"),
        |w| w.keys("jac\n\n\np"),
        |w| {
            w.keys("jac\n\n\np");
            w.answer_pay(Err(ShopError::NoAnswer));
        },
        |w| w.keys("o"),
        |w| w.keys("ojj\n"),
        |w| w.keys("ojj\nr"),
        |w| w.keys("jac\n\n\npq"),
    ];
    let worlds = reach.into_iter().flat_map(|reach| {
        Lang::ALL.map(|lang| {
            let mut world = World::open(spoken::SIZE.columns, spoken::SIZE.rows);
            world.model.settings.lang = lang;
            reach(&mut world);
            world
        })
    });
    worlds.collect()
}

#[test]
fn every_action_has_a_word_of_its_own_in_each_place() {
    for world in everywhere() {
        let (model, keymap) = (&world.model, Keymap::default());
        let look = Look::of(model);
        let mut said: Vec<(String, Action)> = Vec::new();
        for binding in keymap.bindings(model.context()).filter(|binding| !binding.word.is_empty()) {
            let word = look.say(binding.word);
            if let Some((_, other)) = said.iter().find(|(one, _)| *one == word) {
                assert!(*other == binding.action, "{word} means two things in {:?}", model.context());
            }
            said.push((word.clone(), binding.action));
            let marked = if model.context().takes_text() { format!(":{word}") } else { word };
            let Heard::Steps(steps) = spoken::hear(model, &marked) else { panic!("{marked} is not heard") };
            let first = steps.first().and_then(|step| spoken::event(model, step, 0));
            let Some(Event::Key(key)) = first else { panic!("{marked} presses no key") };
            let does = keymap.action(model.context(), key);
            assert!(does == Some(binding.action), "{marked} in {:?} does {does:?}", model.context());
        }
    }
}

#[test]
fn the_number_of_a_card_is_the_only_secret() {
    for world in everywhere() {
        let secret = world.model.context() == Context::Form;
        assert_eq!(spoken::is_secret(&world.model), secret, "{:?}", world.model.context());
    }
}

#[test]
fn what_may_be_a_cards_number_is_never_said_again() {
    for typed in [":4929 1234 5678 5678", "：4929 1234 5678 5678", ":4929"] {
        let mut talk = Talk::english();
        let said = talk.lines(&["add", "cart", "check out", "go on", "another card", typed]);
        assert!(!said.iter().any(|line| line.contains("4929")), "{said:?}");
    }
    let mut talk = Talk::english();
    let said = talk.lines(&["add", "cart", "check out", "go on", "4929 1234 5678 5678"]);
    assert!(!said.iter().any(|line| line.contains("4929")), "{said:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    // Whatever is typed, wherever: nothing panics, nothing is told that moves a cursor, and money goes out
    // only for the whole word on the confirm step.
    #[test]
    fn whatever_is_typed_pays_for_the_word_only(lines in proptest::collection::vec(typed(), 1..40)) {
        let mut talk = Talk::english();
        for line in lines {
            let before = talk.world.pay_effects();
            let confirm = talk.world.model.context() == Context::Confirm;
            let said = talk.line(&line);
            prop_assert!(said.iter().all(|line| !line.is_empty() && !line.chars().any(char::is_control)));
            prop_assert!(!said.is_empty());
            prop_assert!(!said.join(" ").contains(&CARD_NUMBERS[0][..8]));
            if talk.world.pay_effects() > before {
                let word = line.trim().trim_start_matches([':', '：']).trim().to_lowercase();
                prop_assert!(confirm && ["pay", "支払う"].contains(&word.as_str()), "{line:?} pays");
            }
        }
    }
}

fn typed() -> impl Strategy<Value = String> {
    let words = [
        "add",
        "cart",
        "check out",
        "go on",
        "take",
        "1",
        "2",
        "3",
        "pay",
        "p",
        "",
        "back",
        ":back",
        "orders",
        "return",
        "give back",
        "more",
        "all",
        "cancel",
        "help",
        "close",
        "next",
        "search mug",
        "look",
        "quantity 3",
        "enter",
        "tab",
        "j",
        "k",
        ":pay",
        "PAY",
        "支払う",
        "stay",
        "try again",
        "refresh",
        "4929123456785678",
    ];
    prop_oneof![8 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => ".{0,20}"]
}

#[test]
fn keys_still_work_by_their_names() {
    let mut talk = Talk::english();
    talk.line("j");
    assert_eq!(talk.world.model.browse.cursor, 1);
    talk.line("pgdn");
    assert_eq!(talk.world.model.browse.cursor as usize, 1 + WINDOW);
    expect(&talk.line("frobnicate"), "Not understood here: frobnicate");
    talk.world.key(Key::Esc);
}
