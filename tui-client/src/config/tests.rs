use std::path::Path;

use kessai_shared::config::ConfigError;

use super::*;
use crate::app::event::Key;
use crate::app::keymap::{Action, Context};
use crate::app::settings::Pictures;
use crate::dashboard::keymap as dashboard;

fn wishes(text: &str) -> Result<Wishes, Vec<String>> {
    Wishes::of_text(Path::new("c.toml"), text).map_err(|ConfigError(lines)| lines)
}

fn mistakes(text: &str) -> Vec<String> {
    wishes(text).err().unwrap_or_default()
}

fn config(flags: &Flags, text: &str, vars: &[(&str, &str)]) -> Config {
    let var = |name: &str| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    Config::of(flags, wishes(text).expect("no mistakes"), &var)
}

#[test]
fn everything_can_be_set() {
    let text = "language = 'ja'\ntheme = 'light'\ncolour = 'never'\nascii = true\nreduced_motion = true\n\
                mouse = true\npictures = 'blocks'\nplain = true\nshop = 'shop.toml'\ncards = '/cards.csv'\n\
                [keys]\npay = ['f2']\nhelp = 'f1'\n[dashboard_keys]\nstop = ['f3']\nconfirm = 'f2'\n";
    let file = Path::new("/etc/kessai/c.toml");
    let wishes = Wishes::of_text(file, text).expect("no mistakes");
    let config = Config::of(&Flags::default(), wishes, &|_| None);
    let settings = &config.settings;
    assert_eq!(
        (settings.lang, settings.theme, settings.colour),
        (Lang::Japanese, ThemeName::Light, Colour::None)
    );
    assert!(settings.ascii && settings.still && settings.mouse && config.plain);
    assert_eq!(settings.pictures, Pictures::HalfBlocks);
    assert_eq!(config.shop.as_deref(), Some(Path::new("/etc/kessai/shop.toml")));
    assert_eq!(config.cards.as_deref(), Some(Path::new("/cards.csv")));
    assert!(settings.keys.action(Context::Confirm, Key::F(2)) == Some(Action::Pay));
    assert!(settings.keys.action(Context::Confirm, Key::Char('p')).is_none());
    assert!(settings.keys.action(Context::Browse, Key::F(1)) == Some(Action::Help));
    use dashboard::{Action as Does, Context as Place};
    let dashboard = &settings.dashboard_keys;
    assert!(dashboard.action(Place::Watching, Key::F(3)) == Some(Does::Freeze));
    assert!(dashboard.action(Place::Watching, Key::Char(' ')).is_none());
    assert!(dashboard.action(Place::Confirm, Key::F(2)) == Some(Does::Confirm));
    assert!(dashboard.action(Place::Confirm, Key::Char('Y')).is_none());
    assert!(
        ENTRY_KEYS.iter().chain(&["keys", "dashboard_keys"]).all(|key| config.origin(key) == Origin::File)
    );
}

const ENTRY_KEYS: [&str; 10] =
    ["language", "theme", "colour", "ascii", "reduced_motion", "mouse", "pictures", "plain", "shop", "cards"];

#[test]
fn the_file_that_init_writes_says_how_things_are() {
    let text = manual::file();
    assert!(wishes(&text).is_ok());
    // With every example in force, it is still right.
    let is_example = |line: &str| line.starts_with("# ") && (line.contains(" = ") || line.ends_with("keys]"));
    let set: String = text
        .lines()
        .map(|line| if is_example(line) { &line[2..] } else { line })
        .flat_map(|line| [line, "\n"])
        .collect();
    let read = Wishes::of_text(Path::new("c.toml"), &set).unwrap_or_else(|error| panic!("{error}\n{set}"));
    let config = Config::of(&Flags::default(), read, &|_| None);
    let plain = Config::of(&Flags::default(), Wishes::default(), &|_| None);
    assert_eq!(config.settings.theme, plain.settings.theme);
    assert_eq!(config.settings.pictures, plain.settings.pictures);
    assert!(ENTRY_KEYS.iter().all(|key| config.origin(key) == Origin::File), "every key has an example");
    assert_eq!(manual::ENTRIES.map(|entry| entry.key), ENTRY_KEYS);
    let page = manual::page();
    assert!(ENTRY_KEYS.iter().all(|key| page.contains(&format!("\\fB{key}\\fR"))));
}

#[test]
fn every_mistake_is_told_with_its_line() {
    let told = mistakes(
        "language = 'fr'\ntheme = 7\nascii = 'yes'\nmuose = true\nshop = ''\n\n[keys]\npay = ['return']\n\
         fly = ['w']\ncart = ['o']\n",
    );
    let begins = [
        "c.toml:1: language: expected one of \"auto\", \"en\", \"ja\", and not \"fr\"",
        "c.toml:2: theme: expected one of \"auto\", \"terminal\", \"dark\", \"light\", \"contrast\"",
        "c.toml:3: ascii: expected true or false",
        "c.toml:5: shop: expected the file that a shop hands out",
        "c.toml:8: keys.pay: \"return\" is no key; keys are",
        "c.toml:9: keys.fly: there is no such action; `kessai config keys` lists them",
        "c.toml:10: keys.cart: o is the key of orders, too (shelves, ",
        "c.toml:4: muose: there is no such key",
    ];
    for begin in begins {
        assert!(told.iter().any(|line| line.starts_with(begin)), "{begin}\n{told:#?}");
    }
    assert_eq!(told.len(), begins.len(), "{told:#?}");
}

#[test]
fn no_key_may_break_a_rule() {
    let wrong = [
        ("pay = ['enter']", "enter would go on to the confirm step and pay there"),
        ("next = ['p']", "p would go on to the confirm step and pay there"),
        ("pay = ['x']\nnext = ['x', 'enter']", "x would go on to the confirm step"),
        ("pay = ['esc']", "esc cannot be bound: esc always goes back"),
        ("pay = ['ctrl-c']", "ctrl-c cannot be bound: ctrl-c always quits"),
        ("pay = ['ctrl-z']", "ctrl-z always suspends"),
        ("add = ['7']", "digits and points are typed"),
        ("add = ['backspace']", "backspace always erases"),
        ("pay = []", "expected from 1 to 8 keys"),
        ("pay = [7]", "expected keys between quotation marks"),
        ("pay = ['p', 'p']", "\"p\" is there twice"),
        ("pay = ['q']", "q is the key of quit, too (confirm)"),
        ("cart = ['w']\norders = ['w']", "w is the key of"),
    ];
    for (text, why) in wrong {
        let told = mistakes(&format!("[keys]\n{text}\n"));
        assert!(told.iter().any(|line| line.contains(why)), "{text}: {told:?}");
    }
    assert!(mistakes("keys = 7")[0].contains(":1: keys: expected a table"));
}

#[test]
fn no_key_of_the_dashboard_may_break_a_rule_either() {
    let wrong = [
        ("fly = ['w']", "dashboard_keys.fly: there is no such action"),
        ("pay = ['w']", "dashboard_keys.pay: there is no such action"),
        ("stop = ['esc']", "esc cannot be bound: esc always goes back"),
        ("stop = ['ctrl-c']", "ctrl-c always quits"),
        ("confirm = ['enter']", "confirm: enter would say yes to a question that nobody has read"),
        ("acts = ['Y']", "acts: Y would say yes to a question that nobody has read"),
        ("confirm = ['w']\nacts = ['w']", "w would say yes"),
        ("stop = ['q']", "stop: q is the key of quit, too (screens, alarms)"),
        ("find = ['o']", "o is the key of orders, too"),
        ("stop = []", "expected from 1 to 8 keys"),
    ];
    for (text, why) in wrong {
        let told = mistakes(&format!("[dashboard_keys]\n{text}\n"));
        assert!(told.iter().any(|line| line.contains(why)), "{text}: {told:?}");
    }
    // A digit is a key like any other here, and the keys of the shop are another table.
    for right in
        ["stop = ['9']", "now = ['n']", "back = ['b']\nquit = ['Q']", "stop = ['p']", "overview = 'f1'"]
    {
        assert_eq!(
            mistakes(&format!("[keys]\nadd = ['w']\n[dashboard_keys]\n{right}\n")),
            [""; 0],
            "{right}"
        );
    }
    assert!(mistakes("dashboard_keys = 7")[0].contains(":1: dashboard_keys: expected a table"));
    // Whatever is bound, there is a way back and a way out.
    let keys =
        wishes("[dashboard_keys]\nback = 'b'\nnow = 'n'\nquit = 'Q'\nnext = 'w'").expect("no mistakes");
    let action = |context, key| keys.dashboard_keys.action(context, key);
    use dashboard::{Action as Does, Context as Place};
    for context in Place::ALL {
        assert!(action(context, Key::Interrupt) == Some(Does::Quit), "{context:?}");
    }
    assert!(
        action(Place::Detail, Key::Esc) == Some(Does::Back) && action(Place::List, Key::Char('b')).is_some()
    );
    assert!(action(Place::Field, Key::Enter) == Some(Does::Next), "a letter is text there");
}

#[test]
fn what_is_no_configuration_is_told_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("c.toml");
    let one = |file: &Path| {
        let ConfigError(lines) = check(file).expect_err("a mistake");
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines[0].clone()
    };
    assert!(one(&file).contains("cannot be read"));
    assert!(one(folder.path()).contains("is no file"));
    std::fs::write(&file, "a = = 2").expect("written");
    assert!(one(&file).contains("c.toml:1: "));
    std::fs::write(&file, "#".repeat(70_000)).expect("written");
    assert!(one(&file).contains("larger than 65536 bytes"));
    std::fs::write(&file, [0xff, 0xfe, 0x00]).expect("written");
    assert!(one(&file).contains("cannot be read"));
    assert!(mistakes(&format!("language = '{}'", "x".repeat(5_000)))[0].len() < 200, "a line stays a line");
    assert!(Wishes::read(&folder.path().join("none.toml")).is_ok(), "a missing file is fine");
}

#[test]
fn flags_go_before_the_file_and_the_file_before_the_environment() {
    let vars = [("LANG", "ja_JP.UTF-8"), ("NO_COLOR", ""), ("TERM", "xterm-256color"), ("COLORFGBG", "0;15")];
    let bare = config(&Flags::default(), "", &vars);
    assert_eq!(bare.settings.lang, Lang::Japanese);
    assert_eq!(bare.origin("language"), Origin::Environment("LANG"));
    assert_eq!((bare.settings.colour, bare.settings.depth), (Colour::Some, Depth::Cube));
    assert_eq!(bare.settings.background, Some(Background::Light));
    assert!(!bare.settings.wants_background(), "it is known already");
    let file = config(&Flags::default(), "language = 'en'\ntheme = 'light'\nmouse = true", &vars);
    assert_eq!((file.settings.lang, file.origin("language")), (Lang::English, Origin::File));
    let flags = Flags {
        lang: Some(LangChoice::Ja),
        theme: Some(ThemeChoice::Dark),
        mouse: Some(false),
        ..Flags::default()
    };
    let flagged = config(&flags, "language = 'en'\ntheme = 'light'\nmouse = true", &vars);
    assert_eq!((flagged.settings.lang, flagged.origin("language")), (Lang::Japanese, Origin::Flag));
    assert_eq!((flagged.settings.theme, flagged.settings.mouse), (ThemeName::Dark, false));
    let colourless = config(&Flags::default(), "colour = 'auto'", &[("NO_COLOR", "1")]);
    assert_eq!(
        (colourless.settings.colour, colourless.origin("colour")),
        (Colour::None, Origin::Environment("NO_COLOR"))
    );
}

#[test]
fn the_environment_tells_language_and_colours() {
    let lang = |vars: &[(&str, &str)]| config(&Flags::default(), "", vars).settings.lang;
    assert_eq!(lang(&[]), Lang::English);
    assert_eq!(lang(&[("LC_ALL", "C"), ("LANG", "ja_JP.UTF-8")]), Lang::English);
    assert_eq!(lang(&[("LC_ALL", ""), ("LC_MESSAGES", "ja"), ("LANG", "en_GB")]), Lang::Japanese);
    assert_eq!(lang(&[("LANG", "jam_JM")]), Lang::English, "Jamaican Creole is no Japanese");
    let depth = |vars: &[(&str, &str)]| config(&Flags::default(), "", vars).settings.depth;
    assert_eq!(depth(&[("TERM", "linux")]), Depth::Sixteen);
    assert_eq!(depth(&[("TERM", "xterm-kitty")]), Depth::Cube);
    assert_eq!(depth(&[("TERM", "xterm"), ("COLORTERM", "truecolor")]), Depth::Full);
    let background = |told: &str| config(&Flags::default(), "", &[("COLORFGBG", told)]).settings.background;
    assert_eq!(background("15;0"), Some(Background::Dark));
    assert_eq!(background("0;default;15"), Some(Background::Light));
    assert_eq!(background("x"), None);
}
