//! Pictures, compared with files under `snapshots`.
//!
//! `UPDATE_SNAPSHOTS=1` writes them anew; then they are looked at before they are kept.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use kessai_demo::chart::comparison::{Cell, Comparison, Verdict};
use kessai_demo::chart::draw::Ink;
use kessai_demo::chart::network::Network;
use kessai_demo::chart::sequence::{Sequence, Settings, What};
use kessai_demo::chart::{Frame, Mark};
use unicode_width::UnicodeWidthStr;

use super::counted::understood;
use super::given::{SELLER, SETTLEMENT, STRANGER, TERMINAL, purchase, udp};

const INKS: [(&str, Ink); 4] = [
    ("60", Ink { width: 60, unicode: true, colour: false }),
    ("80-ascii", Ink { width: 80, unicode: false, colour: false }),
    ("80-colour", Ink { width: 80, unicode: true, colour: true }),
    ("120", Ink { width: 120, unicode: true, colour: false }),
];

fn kept(name: &str, seen: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/chart/snapshots").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(&file, seen).expect("the snapshot is written");
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == seen, "{} differs; seen now:\n{seen}", file.display());
}

fn check(name: &str, text: impl Fn(Ink) -> String, svg: &str) {
    for (size, ink) in INKS {
        let seen = text(ink);
        if !ink.colour {
            assert!(!seen.contains('\u{1b}'), "{name}");
            assert!(seen.lines().all(|line| line.width() <= ink.width), "{name} is too wide:\n{seen}");
        }
        assert!(ink.unicode || seen.is_ascii(), "{name}: {seen}");
        kept(&format!("{name}-{size}.txt"), &seen);
    }
    well_formed(svg);
    for scheme in
        ["<title id=\"title\">", "<desc id=\"about\">", "prefers-color-scheme: dark", "role=\"img\""]
    {
        assert!(svg.contains(scheme), "{name}: {scheme}");
    }
    kept(&format!("{name}.svg"), svg);
}

/// Every element ends where it may, and nothing is an entity that XML does not know.
fn well_formed(svg: &str) {
    let mut open = Vec::new();
    for part in svg.split('<').skip(1) {
        let (tag, text) = part.split_once('>').expect("a tag ends");
        assert!(!text.contains('>'), "{part}");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().expect("a name");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{part}");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        for entity in part.split('&').skip(1) {
            let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
            assert!(known.iter().any(|known| entity.starts_with(known)), "{part}");
        }
    }
    assert!(open.is_empty(), "{open:?}");
    let outside = ["<script", "href", "url(", "@import", "<foreignObject", "onload"];
    assert!(outside.iter().all(|word| !svg.contains(word)));
}

fn marks() -> Vec<Mark> {
    let mark = |at, what: &str| Mark { at: Duration::from_micros(at), what: what.to_owned() };
    vec![mark(900_900, "purchase 1: approved"), mark(905_900, "a stranger knocks")]
}

#[test]
fn the_sequence_of_a_purchase() {
    let settings = Settings { title: "Figure 1: closed network".into(), ..Settings::default() };
    let sequence = Sequence::of(&understood(&purchase()), &marks(), &settings);
    check("purchase", |ink| sequence.text(ink), &sequence.svg());
}

#[test]
fn a_card_in_the_clear_is_drawn_in_red() {
    let say = |at, from, to, label: &str, bytes: usize| Frame {
        label: Some(label.into()),
        ..udp(at, "open network", from, to, &vec![0; bytes])
    };
    // In the conventional systems the settlement stands on the open network too.
    let settlement = SETTLEMENT.replace("10.77.2.2", "10.77.1.3");
    let frames = [
        say(0, TERMINAL, SELLER, "order with card", 180),
        say(900, SELLER, &settlement, "0100 inquiry with card", 150),
        say(2_000, &settlement, SELLER, "0110 <approved> & \"signed\" by nobody", 60),
        say(2_500, SELLER, TERMINAL, "confirmed", 40),
        say(9_000, STRANGER, &settlement, "0100 inquiry with card", 150),
        say(9_400, &settlement, STRANGER, "0110 approved", 60),
    ];
    let exposed = ["with card".to_owned()].into();
    let title = "Figure 4/5, in the clear".into();
    let sequence =
        Sequence::of(&understood(&frames), &[], &Settings { title, exposed, ..Settings::default() });
    check("clear", |ink| sequence.text(ink), &sequence.svg());
    let red = sequence.steps.iter().filter(|step| matches!(step.what, What::Arrow { exposed: true, .. }));
    assert_eq!(red.count(), 3);
}

#[test]
fn nothing_is_left_out_in_silence() {
    let messages = understood(&purchase());
    let drawn = |full| Sequence::of(&messages, &[], &Settings { full, ..Settings::default() });
    assert_eq!(drawn(false).omitted, ["2 acknowledgements"]);
    let full = drawn(true);
    assert_eq!(full.omitted, Vec::<String>::new());
    let arrows = full.steps.iter().filter(|step| matches!(step.what, What::Arrow { .. })).count();
    assert_eq!(arrows, messages.len());
    let many: Vec<Frame> = (0..300)
        .map(|at| {
            let (from, to) = if at % 2 == 0 { (TERMINAL, SELLER) } else { (SELLER, TERMINAL) };
            udp(at, "w", from, to, b"x")
        })
        .collect();
    let sequence = Sequence::of(&understood(&many), &[], &Settings::default());
    assert_eq!((sequence.steps.len(), sequence.omitted), (120, vec!["180 more steps".to_owned()]));
}

#[test]
fn more_parties_than_columns_share_one() {
    let frames: Vec<Frame> =
        (1..12).map(|at| udp(at, "w", &format!("10.0.0.{at}:1"), SELLER, b"x")).collect();
    let sequence = Sequence::of(&understood(&frames), &[], &Settings::default());
    assert_eq!(sequence.parties.len(), 6);
    assert_eq!((sequence.parties[0].as_str(), sequence.parties[5].as_str()), ("seller", "others"));
    sequence.text(INKS[0].1);
}

#[test]
fn the_comparison_of_systems() {
    let systems = [
        "Figure 1: closed network",
        "Figure 3: dedicated line",
        "Figure 4/5: the seller asks",
        "Figure 4/6: the terminal asks",
    ];
    let mut table = Comparison::new("Four systems side by side", &systems);
    let cell = Cell::new;
    use Verdict::{Broken, NotTried, Number, Safe};
    table.row(
        "card readable on a wire",
        [
            cell(Safe, "nowhere"),
            cell(Safe, "nowhere"),
            cell(Broken, "open network: all 20 numbers, as ASCII"),
            cell(Broken, "open network: all 20"),
        ],
    );
    table.row(
        "card readable at the seller",
        [cell(Safe, "nowhere"), cell(Safe, "nowhere"), cell(Broken, "memory, disk & <logs>"), cell(Safe, "")],
    );
    table.row(
        "the settlement answers a stranger",
        [
            cell(Safe, "0 bytes to 1,000 probes"),
            cell(NotTried, "a stranger has nowhere to stand"),
            cell(Broken, "certificate, version"),
            cell(Broken, "certificate, version"),
        ],
    );
    table.row("latency, median", ["7.1 ms", "6.8 ms", "5.2 ms"].map(|text| cell(Number, text)));
    check("comparison", |ink| table.text(ink), &table.svg());
    let blocks = table.text(INKS[0].1);
    assert!(blocks.matches("card readable on a ").count() == 4 && blocks.contains("– not tried"), "{blocks}");
}

#[test]
fn the_network_of_a_system() {
    let mut network = Network::new("Figure 4/5, in the clear: the seller asks over the open network");
    let terminal = network.host("terminal", "", false);
    let seller = network.host("seller", "card readable in memory and in its data folder", true);
    let settlement = network.host("settlement", "answers strangers", false);
    let stranger = network.host("stranger", "read every card", false);
    network.wire("open network", "card readable as ASCII", true, &[terminal, seller, settlement, stranger]);
    network.wire("back office", "", false, &[seller, settlement]);
    check("network", |ink| network.text(ink), &network.svg());
}
