//! What holds for every screen, whatever it is about: whoever adds a snapshot has these checked with it.
//!
//! Nothing overflows or is cut in the middle of a letter; what is essential is there in the smallest window;
//! Japanese is Japanese; amounts stand below each other; without colours and without Unicode nothing is lost;
//! and all of it can be told by lines.

use std::collections::BTreeSet;

use kessai_tui_client::app::event::Target;
use kessai_tui_client::app::keymap::{Action, Context};
use kessai_tui_client::app::model::Screen;
use kessai_tui_client::app::settings::Colour;
use kessai_tui_client::spoken::{self, Narrator};
use kessai_tui_client::view::{Drawn, Look, draw};
use kessai_tui_client::words::Lang;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::support::{self, World};

/// Longest word of Latin letters in a Japanese text that needs no reason: units and the like.
const SHORT_WORD: usize = 2;
/// Words of Latin letters that Japanese shops write, too.
const JAPANESE_TOO: &[&str] = &[
    "UTC", "SKU", "QR", "UTF-8", "Kessai", "kessai", "GBP", "JPY", "EUR", "USD", "ASCII", "SHA", "ID",
    "Ctrl", "config", "toml",
];

/// Holds one screen against everything that holds for all.
pub fn check(name: &str, world: &mut World, buf: &Buffer, told: &Drawn) {
    let place =
        format!("{name} in {}, {}x{}", world.model.settings.lang.code(), buf.area.width, buf.area.height);
    letters_are_whole(&place, buf);
    amounts_line_up(&place, buf, told);
    if world.model.settings.lang == Lang::Japanese {
        is_japanese(&place, world, &crate::text(buf));
    }
    essentials_are_there(&place, world, buf);
    ascii_is_enough(&place, world);
    can_be_told(&place, world);
}

/// The symbols of a row with their columns, without what wide letters cover.
fn symbols(buf: &Buffer, y: u16) -> Vec<(u16, String)> {
    let (mut all, mut x) = (Vec::new(), 0);
    while x < buf.area.width {
        let symbol = buf[(x, y)].symbol();
        all.push((x, symbol.to_owned()));
        x += u16::try_from(symbol.width()).expect("a width").max(1);
    }
    all
}

fn letters_are_whole(place: &str, buf: &Buffer) {
    for y in 0..buf.area.height {
        for (x, symbol) in symbols(buf, y) {
            let wide = u16::try_from(symbol.width()).expect("a width");
            assert!(x + wide <= buf.area.width, "{place}: {symbol} hangs over the edge of row {y}");
            if wide == 2 {
                let covered = buf[(x + 1, y)].symbol();
                assert!(covered.trim().is_empty(), "{place}: {covered:?} is drawn into {symbol} in row {y}");
            }
            assert!(!symbol.chars().any(char::is_control), "{place}: {symbol:?} moves the cursor");
        }
    }
}

/// Where the last amount of a row ends.
fn amount_end(row: &[(u16, String)]) -> Option<u16> {
    let pound = row.iter().rposition(|(_, symbol)| symbol == "£")?;
    let amount = |symbol: &str| symbol.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.' | '£'));
    let digits = row[pound..].iter().take_while(|(_, symbol)| amount(symbol));
    digits.last().map(|(x, _)| *x)
}

fn amounts_line_up(place: &str, buf: &Buffer, told: &Drawn) {
    let rows = told.spots.iter().filter(|spot| matches!(spot.target, Target::Row(_)));
    let ends: BTreeSet<u16> = rows.filter_map(|spot| amount_end(&part(buf, spot.area))).collect();
    assert!(ends.len() <= 1, "{place}: amounts end in columns {ends:?}:\n{}", crate::text(buf));
}

fn part(buf: &Buffer, area: Rect) -> Vec<(u16, String)> {
    symbols(buf, area.y).into_iter().filter(|(x, _)| (area.x..area.right()).contains(x)).collect()
}

/// Everything that comes from the shop, from the shopper or from the keyboard, which no language changes.
fn of_no_language(world: &World) -> String {
    let model = &world.model;
    let mut all = String::new();
    let mut add = |text: &str| {
        all.push_str(&text.to_lowercase());
        all.push('\n');
    };
    JAPANESE_TOO.iter().for_each(|word| add(word));
    (0..support::PRODUCTS.min(300)).for_each(|at| add(&support::item(at).name));
    add(&support::item(0).category);
    // Descriptions are the shop's, and what is searched for is the shopper's.
    (0..60).for_each(|at| add(&support::product(support::item(at)).description));
    add(&model.browse.shown.query);
    model.browse.search.iter().for_each(|typed| add(typed.text()));
    add(model.orders.filter.text.text());
    add(&support::welcome().shop);
    support::welcome().categories.iter().for_each(|category| add(&category.name));
    model.cards.iter().for_each(|card| add(&card.label));
    for context in Context::ALL {
        for binding in model.settings.keys.bindings(context) {
            binding.keys.iter().for_each(|key| add(&key.label(false)));
        }
    }
    if let Screen::Order(detail) = &model.screen {
        detail.view.names.iter().for_each(|name| add(name));
        for shipment in &detail.view.shipments {
            shipment.tracking.iter().for_each(|tracking| {
                add(&tracking.carrier.to_string());
                add(&tracking.reference.to_string());
            });
        }
        if let Some(paper) = &detail.paper {
            paper.found.iter().for_each(|found| {
                add(&found.receipt.lines());
                add(&found.code_text);
                add(&found.path);
            });
            paper.saving.iter().for_each(|saving| add(saving.path.text()));
        }
    }
    SAID_BY_OTHERS.iter().for_each(|words| add(words));
    all
}

/// Words of the system, of the shop and of the shopper that the screens are tested with.
const SAID_BY_OTHERS: &[&str] = &["connection refused", "Ada Lovelace", "green tea", "mug", "blue", "tea"];

fn is_japanese(place: &str, world: &World, text: &str) {
    let known = of_no_language(world);
    let latin = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let words = latin.filter(|word| {
        let letters = word.chars().filter(char::is_ascii_alphabetic).count();
        letters > SHORT_WORD && !is_an_id(word)
    });
    let english: BTreeSet<&str> =
        words.filter(|word| !known.contains(&word.trim_matches('-').to_lowercase())).collect();
    assert!(english.is_empty(), "{place}: English is left: {english:?}\n{text}");
}

/// Whether a word can be of an order id, a SKU, a pin, or another number that is no word.
fn is_an_id(word: &str) -> bool {
    let digits = word.chars().any(|c| c.is_ascii_digit());
    digits && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-') || word.starts_with("KES-")
}

/// What must be on the screen in every window: the question, the key that answers it, and the money.
fn essentials_are_there(place: &str, world: &World, buf: &Buffer) {
    let (model, look) = (&world.model, Look::of(&world.model));
    let key = |action: Action| look.key(model, action);
    let mut essential: Vec<String> = Vec::new();
    let total = match &model.screen {
        Screen::Checkout(checkout) => {
            checkout.quote().map(|signed| signed.quote.total.show(signed.quote.currency))
        }
        Screen::Browse
        | Screen::Product(_)
        | Screen::Cart
        | Screen::Outcome
        | Screen::Orders
        | Screen::Order(_) => None,
    };
    match model.context() {
        Context::Confirm => {
            essential.extend(total);
            essential.push(key(Action::Pay));
        }
        Context::Paying | Context::Review | Context::Cards => essential.extend(total),
        Context::Leave => essential.extend([key(Action::Confirm), key(Action::Back)]),
        Context::Return => essential.push(key(Action::Confirm)),
        Context::Cart if !model.cart.goods.is_empty() => {
            essential.extend(model.cart.total().map(|total| total.show(model.currency())));
        }
        Context::Product => {
            if let Screen::Product(product) = &model.screen {
                essential.push(product.item.unit_price.show(model.currency()));
            }
        }
        _a_list_or_a_field => {}
    }
    // The help tells every other key, so it is never what falls off.
    if model.settings.keys.bindings(model.context()).any(|binding| binding.action == Action::Help) {
        essential.push(key(Action::Help));
    }
    let text = crate::text(buf);
    for part in essential {
        assert!(text.contains(&part), "{place}: {part:?} is not on the screen:\n{text}");
    }
}

/// With signs of ASCII only, nothing else is left in English but what the shop itself says.
fn ascii_is_enough(place: &str, world: &mut World) {
    if world.model.settings.lang != Lang::English {
        return;
    }
    let was = std::mem::replace(&mut world.model.settings.ascii, true);
    let size = world.model.size;
    let mut buf = Buffer::empty(Rect::new(0, 0, size.columns, size.rows));
    draw(&world.model, &mut buf);
    world.model.settings.ascii = was;
    let known = of_no_language(world);
    let text = crate::text(&buf);
    let strange: BTreeSet<char> =
        text.chars().filter(|c| !c.is_ascii() && *c != '£' && !known.contains(*c)).collect();
    assert!(strange.is_empty(), "{place}: not ASCII: {strange:?}\n{text}");
}

/// Everything can be told by lines: one thing each, in its language, and with nothing that only an eye reads.
fn can_be_told(place: &str, world: &mut World) {
    let colour = std::mem::replace(&mut world.model.settings.colour, Colour::None);
    let told = Narrator::default().news(&world.model);
    world.model.settings.colour = colour;
    let place = format!("{place}, by lines");
    assert!(told.len() >= 2, "{place}: {told:#?}");
    for line in &told {
        assert!(!line.trim().is_empty(), "{place}: an empty line in {told:#?}");
        let drawn = |c: char| {
            c.is_control()
                || matches!(c, '\u{2190}'..='\u{21ff}' | '\u{2500}'..='\u{27bf}' | '•' | '…' | '‹' | '›')
        };
        let drawn: Vec<char> = line.chars().filter(|c| drawn(*c)).collect();
        // The help names the keys, of which some are signs.
        assert!(
            drawn.is_empty() || world.model.context() == Context::Help,
            "{place}: only an eye reads {drawn:?} in {line:?}"
        );
    }
    let all = told.join("\n");
    crate::assert_hides_numbers(&all);
    if world.model.settings.lang == Lang::Japanese {
        is_japanese(&place, world, &all);
    }
    assert!(spoken::told(&world.model).lines.len() <= MOST_LINES, "{place}: {} lines", told.len());
}

/// More than this nobody listens to; the longest is the text of a receipt.
const MOST_LINES: usize = 120;
