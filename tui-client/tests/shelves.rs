//! The rules of the shelves: what is asked of the shop, and when, and how little of it is kept.

mod support;

use kessai_shared::money::Minor;
use kessai_shared::storefront::{Item, Page, Search, Sort};
use kessai_tui_client::app::effect::PAGE_ROWS;
use kessai_tui_client::app::model::{Link, PAGES_KEPT, PICTURES_KEPT, Screen};
use kessai_tui_client::app::{Edit, Effect, Event, Key, Seq};
use kessai_tui_client::shop::ShopError;
use proptest::prelude::*;
use support::{NOW, PRODUCTS, World, found, item, picture, product};

/// The one page that is under way.
fn asked(world: &mut World) -> (Seq, Search, u32) {
    let at = world.waiting.iter().position(|effect| matches!(effect, Effect::LoadPage { .. }));
    let Effect::LoadPage { seq, search, from } = world.waiting.remove(at.expect("a page is asked for"))
    else {
        unreachable!("the position is that of a page")
    };
    assert!(!world.waiting.iter().any(|effect| matches!(effect, Effect::LoadPage { .. })), "one at a time");
    (seq, search, from)
}

fn answer(world: &mut World) -> Search {
    let (seq, search, from) = asked(world);
    world.happen(Event::PageLoaded(seq, Ok(found(&search, from))));
    search
}

fn typed(world: &mut World, text: &str) {
    text.chars().for_each(|c| world.key(Key::Char(c)));
}

fn names(world: &World) -> Vec<&str> {
    (0..3).filter_map(|row| world.model.browse.item(row)).map(|item| item.name.as_str()).collect()
}

#[test]
fn each_letter_asks_and_only_the_newest_search_is_asked_after_an_answer() {
    let mut world = World::open(80, 24);
    world.keys("/");
    typed(&mut world, "tea");
    let first = answer(&mut world);
    assert_eq!(first.query, "t", "the first letter is asked for at once");
    let newest = answer(&mut world);
    assert_eq!(newest.query, "tea", "what was typed meanwhile is asked for once");
    assert!(world.waiting.is_empty());
    assert!(world.model.browse.is_current());
    assert_eq!(names(&world)[0], "緑茶のカップ (green tea cup)");
}

#[test]
fn the_rows_stay_until_the_answer_is_here() {
    let mut world = World::open(80, 24);
    let before: Vec<String> = names(&world).into_iter().map(str::to_owned).collect();
    world.keys("jj/");
    typed(&mut world, "candle");
    assert_eq!((names(&world), world.model.browse.cursor), (before.iter().map(String::as_str).collect(), 2));
    world.answer_all();
    assert_eq!((names(&world)[0], world.model.browse.cursor), ("Beeswax candle", 0));
}

#[test]
fn a_late_answer_changes_nothing() {
    let mut world = World::open(80, 24);
    world.keys("/");
    typed(&mut world, "mug");
    let (old, search, from) = asked(&mut world);
    world.happen(Event::PageLoaded(old, Ok(found(&search, from))));
    world.answer_all();
    let shown: Vec<String> = names(&world).into_iter().map(str::to_owned).collect();
    let other = Page { items: vec![item(5)], total: 1 };
    world.happen(Event::PageLoaded(old, Ok(other)));
    assert_eq!(names(&world), shown);
    assert!(world.model.browse.total.is_some_and(|total| total > 1));
}

#[test]
fn enter_opens_what_the_words_find_and_not_what_was_there_before_them() {
    let mut world = World::open(80, 24);
    world.keys("/");
    typed(&mut world, "teapot");
    world.key(Key::Enter);
    assert!(matches!(world.model.screen, Screen::Browse), "nothing is opened before the answer");
    world.answer_all();
    assert!(matches!(&world.model.screen, Screen::Product(p) if p.item.name == "Cast iron teapot 0.8 l"));
    world.key(Key::Esc);
    assert!(world.model.browse.search.is_none());
    assert_eq!(world.model.browse.wanted.query, "teapot", "the words stay");
    // A key that comes between takes the wish back.
    world.keys("/");
    typed(&mut world, "s");
    world.key(Key::Enter);
    world.key(Key::Char('j'));
    world.answer_all();
    assert!(matches!(world.model.screen, Screen::Browse));
}

#[test]
fn the_list_moves_while_the_field_is_open_and_the_line_is_edited_as_a_line() {
    let mut world = World::open(80, 24);
    world.keys("/green mug");
    world.key(Key::Ctrl('w'));
    world.answer_all();
    assert_eq!(world.model.browse.wanted.query, "green");
    world.key(Key::Home);
    world.keys("x");
    assert_eq!(world.model.browse.wanted.query, "xgreen");
    world.key(Key::Delete);
    world.key(Key::Ctrl('u'));
    world.answer_all();
    assert_eq!(world.model.browse.wanted.query, "reen");
    world.key(Key::Down);
    world.key(Key::PageDown);
    assert!(world.model.browse.cursor > 10);
    assert!(world.model.browse.search.as_mut().is_some_and(|field| field.edit(Edit::DeleteToEnd)));
}

#[test]
fn escape_leaves_the_words_then_clears_step_by_step() {
    let mut world = World::open(80, 24);
    world.keys("ss/mug");
    world.key(Key::Esc);
    world.keys("f\n");
    world.key(Key::Esc);
    let wanted = |world: &World| {
        let wanted = &world.model.browse.wanted;
        (wanted.query.clone(), wanted.in_stock, wanted.sort)
    };
    assert_eq!(wanted(&world), ("mug".to_owned(), true, Sort::PriceUp));
    let mut steps = Vec::new();
    for _ in 0..4 {
        world.key(Key::Esc);
        world.answer_all();
        steps.push(wanted(&world));
    }
    let none = String::new;
    assert_eq!(steps[0], (none(), true, Sort::PriceUp));
    assert_eq!(steps[1], (none(), false, Sort::PriceUp));
    assert_eq!(steps[2], (none(), false, Sort::Best));
    assert_eq!(steps[3], steps[2]);
    assert!(world.model.browse.is_current() && world.model.browse.total == Some(PRODUCTS));
}

#[test]
fn filters_narrow_the_list_as_they_are_changed() {
    let mut world = World::open(80, 24);
    world.keys("fj12.5");
    assert_eq!(world.model.browse.wanted.price.least, Some(Minor(1_250)));
    world.keys("j");
    typed(&mut world, "9");
    world.answer_all();
    // The first price is above the second: nothing matches, and nothing is hidden about why.
    assert_eq!(world.model.browse.total, Some(0));
    typed(&mut world, "9x5");
    world.answer_all();
    assert_eq!(world.model.browse.wanted.price.most, Some(Minor(99_500)));
    let all = (0..world.model.browse.total.expect("a total")).filter_map(|row| world.model.browse.item(row));
    assert!(all.into_iter().all(|item| (1_250..=99_500).contains(&item.unit_price.0)));
    world.keys("jl");
    assert_eq!(world.model.browse.wanted.sort, Sort::Name);
    world.key(Key::Backspace);
    assert_eq!(world.model.browse.wanted.sort, Sort::Name);
}

#[test]
fn a_failed_search_is_told_and_what_is_here_stays() {
    let mut world = World::open(80, 24);
    world.keys("/");
    typed(&mut world, "m");
    let (seq, ..) = asked(&mut world);
    world.happen(Event::PageLoaded(seq, Err(ShopError::NoAnswer)));
    assert!(world.model.browse.problem.is_some() && world.waiting.is_empty());
    // Going back to what is here needs no shop.
    world.key(Key::Backspace);
    assert!(world.model.browse.is_current() && world.model.browse.problem.is_none());
    assert_eq!(names(&world)[0], "Blue stoneware mug");
    assert_eq!(world.model.browse.loaded_at, Some(NOW));
    // And when it is another search that failed, the newest is asked for all the same.
    typed(&mut world, "mu");
    let (seq, ..) = asked(&mut world);
    world.happen(Event::PageLoaded(seq, Err(ShopError::NoAnswer)));
    assert_eq!(asked(&mut world).1.query, "mu");
}

#[test]
fn a_total_that_changes_keeps_the_chosen_product_where_it_is_seen() {
    let mut world = World::open(80, 24);
    world.keys("jjj");
    let chosen = world.model.browse.selected().expect("a product").sku;
    world.keys("R");
    // Two products were put in before it meanwhile: the next answer is about that list.
    world.model.browse.renew = true;
    world.key(Key::Char('j'));
    world.key(Key::Char('k'));
    let (seq, search, from) = asked(&mut world);
    let mut page = found(&search, from);
    page.items.insert(0, item(1_000));
    page.items.insert(0, item(1_001));
    page.total += 2;
    world.happen(Event::PageLoaded(seq, Ok(page)));
    assert_eq!(world.model.browse.selected().map(|item| item.sku), Some(chosen));
    assert_eq!(world.model.browse.cursor, 5);
    // A list that has become short takes the cursor with it.
    world.model.browse.renew = true;
    world.key(Key::Char('G'));
    let (seq, ..) = asked(&mut world);
    world.happen(Event::PageLoaded(seq, Ok(Page { items: vec![item(0), item(1)], total: 2 })));
    assert_eq!(world.model.browse.cursor, 1);
    world.answer_all();
    assert!(world.model.browse.selected().is_some());
}

#[test]
fn a_category_that_is_gone_is_chosen_no_more() {
    let mut world = World::open(80, 24);
    world.keys("ll");
    assert_eq!(world.model.browse.wanted.category.as_deref(), Some("Paper"));
    let mut welcome = support::welcome();
    welcome.categories.remove(0);
    let greet = |world: &mut World, welcome: &kessai_shared::storefront::Welcome| {
        world.key(Key::Char('R'));
        let at = world.waiting.iter().position(|effect| matches!(effect, Effect::Greet { .. }));
        let Effect::Greet { seq } = world.waiting.remove(at.expect("a greeting")) else {
            unreachable!("the position is that of a greeting")
        };
        world.happen(Event::Welcomed(seq, Ok(Box::new(welcome.clone()))));
        world.answer_all();
    };
    greet(&mut world, &welcome);
    assert_eq!((world.model.browse.tab, world.model.browse.wanted.category.as_deref()), (1, Some("Paper")));
    welcome.categories.clear();
    greet(&mut world, &welcome);
    assert_eq!((world.model.browse.tab, world.model.browse.wanted.category.as_deref()), (0, None));
    assert!(world.model.browse.is_current());
}

#[test]
fn what_is_looked_at_is_asked_about_one_at_a_time() {
    let mut world = World::open(120, 40);
    let asked = |world: &World| {
        let of = |effect: &Effect| matches!(effect, Effect::LoadProduct { .. } | Effect::LoadPicture { .. });
        world.waiting.iter().filter(|effect| of(effect)).count()
    };
    for _ in 0..30 {
        world.key(Key::Char('j'));
    }
    assert_eq!(asked(&world), 1, "a held key asks about one product");
    world.answer_all();
    let known = world.model.details.of(item(30).sku).map(|known| known.loaded_at);
    assert_eq!(known, Some(NOW), "and then about the one where it came to rest");
    assert!(world.model.details.of(item(15).sku).is_none());
    // A narrow window shows no more than the list, and asks for no more.
    let mut narrow = World::open(80, 24);
    narrow.key(Key::Char('j'));
    assert_eq!(asked(&narrow), 0);
}

#[test]
fn a_product_that_is_opened_is_asked_about_anew() {
    let mut world = World::open(120, 40);
    world.key(Key::Enter);
    let Some(Effect::LoadProduct { seq, sku }) = world.waiting.pop() else {
        panic!("a product is asked for")
    };
    let mut fresh = product(item(0));
    fresh.item.available = 77;
    assert_eq!(sku, fresh.item.sku);
    world.happen(Event::ProductLoaded(seq, Ok(Box::new(fresh))));
    assert!(matches!(&world.model.screen, Screen::Product(product) if product.item.available == 77));
}

#[test]
fn an_answer_about_another_product_is_none() {
    let mut world = World::open(80, 24);
    world.key(Key::Enter);
    let Some(Effect::LoadProduct { seq, .. }) = world.waiting.pop() else { panic!("a product is asked for") };
    world.happen(Event::ProductLoaded(seq, Ok(Box::new(product(item(9))))));
    assert!(world.model.details.of(item(9).sku).is_none());
    assert!(world.waiting.is_empty(), "and nothing is asked in a circle");
    assert!(matches!(&world.model.screen, Screen::Product(product) if product.item == item(0)));
}

#[test]
fn what_cannot_be_had_is_not_asked_for_again_and_again() {
    let mut world = World::open(80, 24);
    world.key(Key::Enter);
    let Some(Effect::LoadProduct { seq, .. }) = world.waiting.pop() else { panic!("a product is asked for") };
    world.happen(Event::ProductLoaded(seq, Ok(Box::new(product(item(0))))));
    let Some(Effect::LoadPicture { seq, .. }) = world.waiting.pop() else { panic!("a picture is asked for") };
    world.happen(Event::PictureLoaded(seq, Err(ShopError::Untrusted("the picture: damaged".into()))));
    world.keys("+-+-");
    assert!(world.waiting.is_empty());
    // Asked by hand, it is.
    world.key(Key::Char('R'));
    assert_eq!(world.waiting.len(), 2);
}

#[test]
fn pictures_are_not_asked_for_where_none_are_shown() {
    let mut world = World::open(80, 24);
    world.model.settings.ascii = true;
    world.key(Key::Enter);
    world.answer_all();
    assert!(world.model.details.of(item(0).sku).is_some_and(|known| known.view.picture.is_some()));
    assert_eq!(world.model.details.pictures.kept(), 0);
}

#[test]
fn nothing_is_asked_about_products_while_there_is_no_connection() {
    let mut world = World::open(120, 40);
    world.model.link = Link::Down { retry_at: NOW.plus_seconds(5) };
    world.keys("jj");
    assert!(world.waiting.is_empty());
}

#[test]
fn a_seller_cannot_fill_the_memory_with_names() {
    let mut world = World::open(80, 24);
    world.key(Key::Char('R'));
    let (seq, ..) = asked(&mut world);
    let long = Item { name: "緑".repeat(50_000), category: "x".repeat(100_000), ..item(0) };
    world.happen(Event::PageLoaded(seq, Ok(Page { items: vec![long; 3_000], total: u32::MAX })));
    assert_eq!(world.model.browse.rows_kept(), usize::from(PAGE_ROWS));
    assert!(world.model.browse.selected().is_some_and(|item| item.name.len() + item.category.len() <= 240));
    world.key(Key::Char('G'));
    assert_eq!(world.model.browse.cursor, u32::MAX - 1);
}

#[derive(Clone, Debug)]
enum Move {
    Key(usize),
    /// The list has so many products from now on.
    Total(u32),
    Rows(u16),
    Answer,
    Fail,
}

const MOVES: [Key; 6] = [Key::PageDown, Key::PageUp, Key::Down, Key::Up, Key::Home, Key::End];

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        8 => (0..MOVES.len()).prop_map(Move::Key),
        1 => prop::sample::select(vec![0, 1, 99, 100, 101, 5_000, 1_000_000]).prop_map(Move::Total),
        1 => (1_u16..200).prop_map(Move::Rows),
        8 => Just(Move::Answer),
        1 => Just(Move::Fail),
    ]
}

/// A page of a million products, none of which is made before it is asked for.
fn million(from: u32, total: u32) -> Page {
    let to = from.saturating_add(u32::from(PAGE_ROWS)).min(total);
    Page { items: (from..to).map(item).collect(), total }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn however_one_moves_only_what_is_near_is_asked_for_and_kept(steps in prop::collection::vec(moves(), 1..120)) {
        let mut world = World::open(80, 24);
        let (mut total, mut newest) = (1_000_000, None);
        world.model.browse.renew = true;
        world.key(Key::Down);
        let (seq, _, from) = asked(&mut world);
        world.happen(Event::PageLoaded(seq, Ok(million(from, total))));
        for step in steps {
            match step {
                Move::Key(at) => world.key(MOVES[at]),
                Move::Total(to) => total = to,
                Move::Rows(rows) => world.happen(Event::Resize { columns: 80, rows }),
                Move::Answer | Move::Fail if world.waiting.is_empty() => world.key(Key::Char('R')),
                Move::Answer | Move::Fail => {
                    let effect = world.waiting.remove(0);
                    match effect {
                        Effect::LoadPage { seq, from, .. } => {
                            let answer = match step {
                                Move::Fail => Err(ShopError::NoAnswer),
                                _answered => Ok(million(from, total)),
                            };
                            world.happen(Event::PageLoaded(seq, answer));
                        }
                        Effect::Greet { seq } => {
                            world.happen(Event::Welcomed(seq, Ok(Box::new(support::welcome()))));
                        }
                        _other => unreachable!("nothing else is asked here"),
                    }
                }
            }
            let browse = &world.model.browse;
            let mut pages = world.waiting.iter().filter_map(|effect| match effect {
                Effect::LoadPage { seq, from, .. } => Some((*seq, *from)),
                _other => None,
            });
            if let Some((seq, from)) = pages.next().filter(|(seq, _)| newest != Some(*seq)) {
                newest = Some(seq);
                let reach = u32::from(world.model.size.rows) + u32::from(PAGE_ROWS);
                prop_assert!(from.abs_diff(browse.cursor) <= reach, "{} from {}", from, browse.cursor);
            }
            prop_assert!(pages.next().is_none(), "one page at a time");
            prop_assert!(browse.rows_kept() <= PAGES_KEPT * usize::from(PAGE_ROWS));
            prop_assert!(browse.cursor < browse.total.unwrap_or(0).max(1));
        }
        // Left alone, it comes to rest with everything on the screen that there is.
        for _ in 0..20 {
            let Some(at) = world.waiting.iter().position(|e| matches!(e, Effect::LoadPage { .. })) else { break };
            let Effect::LoadPage { seq, from, .. } = world.waiting.remove(at) else { unreachable!("a page") };
            world.happen(Event::PageLoaded(seq, Ok(million(from, total))));
        }
        let browse = &world.model.browse;
        prop_assert!(!world.waiting.iter().any(|e| matches!(e, Effect::LoadPage { .. })), "it comes to rest");
        if browse.problem.is_none() && browse.total.is_some_and(|total| total > 0) {
            let reach = u32::from(world.model.size.rows) / 2;
            let last = browse.total.unwrap_or(1) - 1;
            for row in browse.cursor.saturating_sub(reach)..=browse.cursor.saturating_add(reach).min(last) {
                prop_assert!(browse.item(row).is_some(), "row {} of {:?}", row, browse.total);
            }
        }
    }
}

#[test]
fn pictures_are_kept_by_what_they_hold_and_only_a_few() {
    let mut world = World::open(120, 40);
    for _ in 0..60 {
        world.key(Key::Char('j'));
        world.answer_all();
    }
    assert_eq!(world.model.details.pictures.kept(), 1, "one picture of many products is kept once");
    for at in 0..20_u8 {
        world.model.details.pictures.keep(kessai_shared::picture::PictureName::of(&[at]), picture());
    }
    assert_eq!(world.model.details.pictures.kept(), PICTURES_KEPT);
}
