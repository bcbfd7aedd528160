//! Drilling down and acting: what is typed finds it, its page has what both sides know, and nothing is ever
//! sent that changes something but by the one key that answers the question about it.

use kessai_shared::operator::{seller, settlement};
use kessai_tui_client::app::{Key, Outside};
use kessai_tui_client::dashboard::acts::{About, Act, Need};
use kessai_tui_client::dashboard::event::{Daemon, Effect, Event, Question, Told};
use kessai_tui_client::dashboard::keymap::{Action, Context, Keymap};
use kessai_tui_client::words::{Lang, Words};
use proptest::prelude::*;

use crate::look::text;
use crate::made::{Watched, at, samples, trail_samples};

/// Answers every question from the samples, as far as there is one that fits.
pub fn answer(world: &mut Watched) {
    for effect in std::mem::take(&mut world.effects) {
        let Effect::Ask { seq, question } = effect else { continue };
        world.happen(Event::Answered(seq, Ok(Box::new(told(&question)))));
    }
}

fn told(question: &Question) -> Told {
    match question {
        Question::Seller(request) => Told::Seller(by_seller(request)),
        Question::Settlement(request) => Told::Settlement(by_settlement(request)),
    }
}

fn by_seller(request: &seller::Request) -> seller::Reply {
    use seller::{Reply, Request};
    let replies = samples::seller_replies().into_iter().chain(trail_samples::seller_replies());
    let mut replies = replies.chain(trail_samples::replies().into_iter().map(Reply::Trail));
    let found = replies.find(|reply| match request {
        Request::Orders { .. } | Request::FindOrders { .. } => matches!(reply, Reply::Orders(_)),
        Request::Order { .. } | Request::Ship { .. } => matches!(reply, Reply::Order(_)),
        Request::History { .. } => matches!(reply, Reply::History(_)),
        Request::Stock { .. } | Request::FindStock { .. } => matches!(reply, Reply::Stock(_)),
        Request::Product { .. } => matches!(reply, Reply::Product(_)),
        Request::Owed { .. } => matches!(reply, Reply::Owed(_)),
        Request::Peers => matches!(reply, Reply::Peers(_)),
        Request::Trail(request) => matches!(reply, Reply::Trail(reply) if fits(request, reply)),
        _another => false,
    });
    found.unwrap_or(Reply::Refused(seller::Refusal::TryLater))
}

fn by_settlement(request: &settlement::Request) -> settlement::Reply {
    use settlement::{Reply, Request};
    let replies = samples::settlement_replies().into_iter().chain(trail_samples::settlement_replies());
    let mut replies = replies.chain(trail_samples::replies().into_iter().map(Reply::Trail));
    let found = replies.find(|reply| match request {
        Request::Account { .. } | Request::ActOn { .. } => matches!(reply, Reply::Account(_)),
        Request::FindAccounts { .. } => matches!(reply, Reply::Accounts(_)),
        Request::Charge { .. } => matches!(reply, Reply::Charge(_)),
        Request::Entries { .. } => matches!(reply, Reply::Entries { .. }),
        Request::Holds { .. } => matches!(reply, Reply::Holds(_)),
        Request::Sellers { .. } => matches!(reply, Reply::Sellers(_)),
        Request::Peers => matches!(reply, Reply::Peers(_)),
        Request::ShowCard { .. } => matches!(reply, Reply::CardShown { .. }),
        Request::ReloadPolicy => matches!(reply, Reply::PolicyInForce { .. }),
        Request::Trail(request) => matches!(reply, Reply::Trail(reply) if fits(request, reply)),
        _another => false,
    });
    found.unwrap_or(Reply::Refused(settlement::Refusal::TryLater))
}

fn fits(
    request: &kessai_shared::operator::trail::Request,
    reply: &kessai_shared::operator::trail::Reply,
) -> bool {
    use kessai_shared::operator::trail::{Reply, Request};
    match request {
        Request::Acts { .. } => matches!(reply, Reply::Acts(_)),
        Request::Record { .. } => matches!(reply, Reply::Record(_)),
        Request::Operators { .. } => matches!(reply, Reply::Operators { .. }),
        Request::BackUp { .. } => matches!(reply, Reply::BackedUp { .. }),
        Request::AllowOperator { .. } | Request::RemoveOperator { .. } | Request::Disconnect { .. } => {
            matches!(reply, Reply::Done { .. })
        }
    }
}

fn seen(world: &Watched) -> String {
    text(&world.draw().0)
}

fn changes(world: &Watched) -> usize {
    let asked = |effect: &&Effect| matches!(effect, Effect::Ask { question, .. } if question.changes());
    world.effects.iter().filter(asked).count()
}

#[test]
fn what_is_typed_is_searched_for_and_opened() {
    let mut world = Watched::open(120, 40);
    world.run(2);
    world.effects.clear();
    world.keys("/");
    assert_eq!(world.model.context(), Context::Field);
    world.keys("2");
    // Both daemons are asked about digits that may begin an account; one search is under way at a time.
    assert_eq!(world.effects.len(), 3, "{:?}", world.effects);
    world.keys("2");
    assert_eq!(world.effects.len(), 3, "what is typed meanwhile waits");
    answer(&mut world);
    let again: Vec<String> = world.effects.iter().map(|effect| format!("{effect:?}")).collect();
    assert!(again.len() == 3 && again.iter().all(|asked| asked.contains("\"22\"")), "{again:?}");
    answer(&mut world);
    assert!(seen(&world).contains("TEA-MUGI") && seen(&world).contains("3 found"), "{}", seen(&world));
    // A word that is no digits is no account's.
    world.keys(" confirmed");
    // What stands there was found by something else, and is not opened.
    assert!(seen(&world).contains("Asking…") && !seen(&world).contains(" found"), "{}", seen(&world));
    world.key(Key::Enter);
    assert_eq!(world.model.pages.len(), 1, "another order may be opened than the one that is meant");
    answer(&mut world);
    answer(&mut world);
    world.key(Key::Enter);
    answer(&mut world);
    answer(&mut world);
    let order = seen(&world);
    assert!(order.contains("Order 1111"), "the first that was found is opened:\n{order}");
    assert!(order.contains("Settlement"), "what the settlement has of it stands on the same page:\n{order}");
}

#[test]
fn every_list_leads_to_its_rows_and_back() {
    let mut world = Watched::open(120, 40);
    world.run(2);
    world.keys("d");
    for row in 0..9 {
        world.key(Key::Home);
        (0..row).for_each(|_| world.key(Key::Down));
        world.key(Key::Enter);
        answer(&mut world);
        answer(&mut world);
        if world.model.context() == Context::List {
            assert!(!seen(&world).contains("Asking"), "row {row}:\n{}", seen(&world));
            world.key(Key::Enter);
            answer(&mut world);
            answer(&mut world);
            assert!(world.model.pages.len() > 2, "row {row} leads nowhere:\n{}", seen(&world));
            assert!(!seen(&world).contains("Asking"), "row {row}:\n{}", seen(&world));
            world.key(Key::Esc);
        }
        world.key(Key::Esc);
        assert_eq!(world.model.pages.len(), 1, "row {row}");
    }
}

#[test]
fn an_act_is_asked_about_once_and_its_record_is_told() {
    let mut world = Watched::open(120, 40);
    world.run(2);
    world.keys("o");
    answer(&mut world);
    world.key(Key::Enter);
    answer(&mut world);
    world.keys("x\n\n");
    assert_eq!(world.model.context(), Context::Confirm, "{}", seen(&world));
    let question = seen(&world);
    assert!(
        question.contains("Ship all that is left") && question.contains("It is about 1111"),
        "{question}"
    );
    assert_eq!(changes(&world), 0, "nothing is sent before the answer");
    world.key(Key::Enter);
    assert_eq!(changes(&world), 0, "Enter, which opened the question, answers it with no");
    world.key(Key::Enter);
    world.keys("Y");
    assert_eq!(changes(&world), 1);
    world.keys("\nY");
    assert_eq!(changes(&world), 1, "what is on its way is not sent again");
    answer(&mut world);
    answer(&mut world);
    assert!(seen(&world).contains("Done."), "{}", seen(&world));
    // What an act needs besides is typed, and asked for until it is there.
    let mut world = Watched::open(120, 40);
    world.run(2);
    world.keys("x\n");
    assert_eq!(world.model.context(), Context::Field);
    world.keys("before the audit\n");
    assert!(seen(&world).contains("You have typed: before the audit"), "{}", seen(&world));
    world.keys("Y");
    answer(&mut world);
    assert!(seen(&world).contains("Backup 301 is there"), "{}", seen(&world));
}

#[test]
fn with_readonly_there_are_no_keys_for_acts() {
    for context in Context::ALL {
        assert!(Keymap::default().offered(context, true).all(|(_, binding)| binding.action != Action::Acts));
    }
    let mut world = Watched::of(&Daemon::ALL, true, 120, 40);
    world.run(2);
    world.keys("x");
    assert!(world.model.pages.is_empty(), "{}", seen(&world));
    world.keys("?");
    assert!(!seen(&world).contains("what can be done"), "{}", seen(&world));
}

#[test]
fn every_act_has_its_words_and_every_typed_line_its_request_or_a_reason() {
    let subjects = trail_samples::subjects();
    let abouts = [
        About::Order(kessai_shared::ids::OrderId::from_bytes([1; 16]), Vec::new()),
        About::Product(kessai_shared::ids::Sku::new("TEA").expect("a SKU")),
        About::Account(kessai_shared::operator::settlement::AccountRef([2; 16])),
        About::Key(
            Daemon::Seller,
            Some(kessai_shared::operator::Endpoint::Open),
            kessai_shared::pin::Pin([3; 32]),
        ),
        About::Key(
            Daemon::Settlement,
            Some(kessai_shared::operator::Endpoint::Closed),
            kessai_shared::pin::Pin([3; 32]),
        ),
        About::Key(
            Daemon::Settlement,
            Some(kessai_shared::operator::Endpoint::Operator),
            kessai_shared::pin::Pin([3; 32]),
        ),
        About::Daemons,
    ];
    assert!(!subjects.is_empty());
    let mut offered = Vec::new();
    for about in abouts {
        for act in about.acts(true, true) {
            offered.push(act);
            let fits = match about.need(act) {
                Need::Nothing | Need::Reason => "",
                Need::Why => "a call",
                Need::Pieces | Need::Amount => "12",
                Need::Key => &"ab".repeat(32),
            };
            let request = about.request(act, fits, at(1)).unwrap_or_else(|why| panic!("{act:?}: {why:?}"));
            assert!(request.changes(), "{act:?} changes nothing");
            assert_eq!(request.daemon(), about.daemon(act), "{act:?}");
            assert_eq!(Ok(request), about.request(act, fits, at(1)), "the same form is the same act");
            if !matches!(about.need(act), Need::Nothing | Need::Reason) {
                assert!(about.request(act, "", at(1)).is_err(), "{act:?} without what it needs");
            }
        }
    }
    let missing: Vec<&Act> = Act::ALL.iter().filter(|act| !offered.contains(act)).collect();
    assert_eq!(missing, [&Act::ReturnRestock, &Act::ReturnWriteOff], "of an order of which nothing has left");
    for lang in Lang::ALL {
        let words = Words::of(lang);
        let needs = [Need::Nothing, Need::Reason, Need::Why, Need::Pieces, Need::Amount, Need::Key];
        for id in Act::ALL.iter().map(|act| act.word()).chain(needs.map(Need::hint)) {
            assert!(words.has(id), "{id} in {}", lang.code());
        }
    }
}

/// Keys that lead somewhere, letters, and the one that says yes, each as a letter: keys have no printer, since
/// they may be of something secret.
fn keys() -> impl Strategy<Value = char> {
    prop_oneof![
        8 => Just('\n'),
        4 => Just('x'),
        2 => Just('d'),
        1 => prop::sample::select(vec!['o', '/', ':', '?']),
        3 => Just('\t'),
        1 => Just('\x1b'),
        2 => Just('Y'),
        1 => prop::sample::select(vec!['y', 'n', 'N']),
        2 => prop::char::range('0', 'z'),
    ]
}

fn key(letter: char) -> Key {
    match letter {
        '\n' => Key::Enter,
        '\t' => Key::Down,
        '\x1b' => Key::Esc,
        letter => Key::Char(letter),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_changed_but_by_the_key_that_answers_the_question(
        pressed in prop::collection::vec((keys(), any::<bool>()), 1..60),
        readonly in any::<bool>(),
    ) {
        let mut world = Watched::of(&Daemon::ALL, readonly, 100, 30);
        world.run(1);
        world.effects.clear();
        for (letter, is_answered) in pressed {
            let asked = world.model.confirm.is_some();
            world.outside(Outside::Key(key(letter)));
            let changed = changes(&world);
            prop_assert!(changed <= 1);
            if changed == 1 {
                prop_assert!(!readonly, "a dashboard that only watches has sent something");
                prop_assert!(asked && letter == 'Y', "{letter:?} has sent something");
            }
            if is_answered || changed == 1 {
                answer(&mut world);
            } else {
                world.effects.clear();
            }
            prop_assert_eq!(changes(&world), 0, "an answer has sent something");
            world.draw();
        }
    }
}
