//! Pictures of recordings: what is seen in them stands where a terminal would have it.

use std::fs;
use std::path::Path;

use crate::support::command::{Ended, run};

const ESC: &str = "\\u001b";

fn pictured(folder: &Path, cast: &str) -> Ended {
    let (from, to) = (folder.join("in.cast"), folder.join("out.svg"));
    fs::write(&from, cast).expect("a recording");
    run(["cast-to-svg", &from.display().to_string(), &to.display().to_string()])
}

/// The picture of these pieces of output, a second apart.
fn picture(pieces: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let mut cast = "{\"version\": 2, \"width\": 20, \"height\": 3}\n".to_owned();
    for (at, piece) in pieces.iter().enumerate() {
        cast.push_str(&format!("[{at}.0, \"o\", \"{piece}\"]\n"));
    }
    pictured(folder.path(), &cast).with(0);
    fs::read_to_string(folder.path().join("out.svg")).expect("a picture")
}

/// The text elements of a picture: where each begins and how wide it is, in pixels, and its letters.
fn texts(svg: &str) -> Vec<(f32, f32, String)> {
    let number = |element: &str, name: &str| {
        let rest = element.split_once(&format!("{name}=\"")).expect(name).1;
        rest.split('"').next().and_then(|number| number.parse::<f32>().ok()).expect(name)
    };
    let elements = svg.split("<text ").skip(1).map(|rest| rest.split("</text>").next().unwrap_or_default());
    elements
        .map(|element| {
            let letters = element.split_once('>').expect("letters").1.to_owned();
            (number(element, "x"), number(element, "textLength"), letters)
        })
        .collect()
}

/// The columns in which something begins and ends.
fn columns(svg: &str) -> Vec<(u32, u32, String)> {
    let column = |pixels: f32| (pixels / 8.4).round() as u32;
    texts(svg).into_iter().map(|(x, wide, letters)| (column(x), column(x + wide), letters)).collect()
}

#[test]
fn letters_stand_in_their_columns_wide_ones_too() {
    let seen = columns(&picture(&["a  bc 緑茶 d"]));
    let at = |from, to, letters: &str| (from, to, letters.to_owned());
    assert_eq!(seen, [at(0, 1, "a"), at(3, 5, "bc"), at(6, 8, "緑"), at(8, 10, "茶"), at(11, 12, "d")]);
}

#[test]
fn what_could_be_markup_is_letters() {
    assert_eq!(columns(&picture(&["a<b>&c"])), [(0, 6, "a&lt;b>&amp;c".to_owned())]);
}

#[test]
fn lines_and_blocks_are_drawn_and_colours_kept() {
    let svg = picture(&[&format!("┌──┐{ESC}[31mred{ESC}[7m!{ESC}[0m▀{ESC}[2m▄▄{ESC}[0m")]);
    let after = svg.split("<defs>").nth(1).unwrap_or_default();
    assert_eq!(after.matches("<path ").count(), 3, "two corners and one rule: {after}");
    assert!(after.contains("style=\"fill:#e0606b\">red<"), "{after}");
    assert!(after.contains("height=\"18.0\" fill=\"#e0606b\"/>"), "the ground of what is inverse: {after}");
    assert!(after.contains("height=\"9.0\" fill=\"#d7dce4\"/>"), "the upper half of a cell: {after}");
    let dim = "width=\"16.8\" height=\"9.0\" fill=\"#d7dce4\" opacity=\"0.62\"/>";
    assert!(after.contains(dim), "blocks beside each other are one, and dim: {after}");
}

#[test]
fn each_screen_is_there_once_and_the_last_one_stays_where_nothing_moves() {
    let clear = format!("{ESC}[2J{ESC}[H");
    let svg = picture(&["one", "", &format!("{clear}two"), &format!("{clear}one"), &clear]);
    assert_eq!(texts(&svg).len(), 2, "a row that was seen before is not drawn again: {svg}");
    let frames: Vec<&str> = svg.lines().filter(|line| line.contains("% { transform")).collect();
    assert_eq!(frames.len(), 3, "{frames:#?}");
    assert!(frames[0].starts_with("0.000%") && frames[1].starts_with("28.571%"), "{frames:#?}");
    assert!(svg.contains(".film { transform: translateY(-108.0px); animation"), "{svg}");
}

#[test]
fn what_is_no_recording_is_refused_with_its_line() {
    let head = "{\"version\": 2, \"width\": 20, \"height\": 3}\n";
    let cases = [
        ("".to_owned(), 1),
        ("{\"version\": 3, \"width\": 20, \"height\": 3}\n".to_owned(), 1),
        ("{\"version\": 2, \"width\": 0, \"height\": 3}\n".to_owned(), 1),
        ("{\"version\": 2, \"width\": 9999, \"height\": 3}\n".to_owned(), 1),
        (format!("{head}[0.1, \"o\", \"a\"]\nnonsense\n"), 3),
        (format!("{head}[-1.0, \"o\", \"a\"]\n"), 2),
        (format!("{head}[1e300, \"o\", \"a\"]\n"), 2),
        (format!("{head}[0.1, \"r\", \"9x\"]\n"), 2),
    ];
    for (cast, line) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let ended = pictured(folder.path(), &cast);
        let said = ended.one_line(1);
        assert!(said.contains(&format!("in.cast:{line}: ")), "{cast}: {said}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    assert!(pictured(folder.path(), head).one_line(1).contains("nothing is to be seen"));
}
