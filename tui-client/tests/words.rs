//! Every text is there in every language, and says the same things.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use kessai_tui_client::app::keymap::Keymap;
use kessai_tui_client::words::{Arg, Lang, Words};

fn folder(lang: Lang) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("words").join(lang.code())
}

/// The ids of a language, and which things each text takes.
fn texts(lang: Lang) -> BTreeMap<String, BTreeSet<String>> {
    let mut texts = BTreeMap::new();
    for file in fs::read_dir(folder(lang)).expect("a folder of words") {
        let text = fs::read_to_string(file.expect("a file").path()).expect("a text");
        let mut id = String::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, _)) = line.split_once(" = ").filter(|_| !line.starts_with(' ')) {
                id = name.to_owned();
                assert!(texts.insert(id.clone(), BTreeSet::new()).is_none(), "{id} is there twice");
            }
            let names = line.split('$').skip(1).map(|rest| {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
                rest[..end.unwrap_or(rest.len())].to_owned()
            });
            let names: Vec<String> = names.collect();
            texts.entry(id.clone()).or_default().extend(names);
        }
    }
    texts.remove("");
    texts
}

/// What the sources name as the id of a text: the first string in these calls.
fn named(folder: &Path, into: &mut BTreeSet<String>) {
    const CALLS: [&str; 5] = [".naming(\"", ".say(\"", ".tell(\"", "Message::new(\"", "text_id(\""];
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            named(&path, into);
        } else {
            let text = fs::read_to_string(&path).expect("a source").replace(['\n', ' '], "");
            for call in CALLS {
                let ids = text.split(call).skip(1).filter_map(|rest| rest.split('"').next());
                let is_id = |id: &&str| {
                    id.contains('-')
                        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                };
                into.extend(ids.filter(is_id).map(str::to_owned));
            }
        }
    }
}

#[test]
fn the_files_have_no_mistakes() {
    for lang in Lang::ALL {
        assert_eq!(Words::of(lang).mistakes(), <&[String]>::default(), "{}", lang.code());
        for file in fs::read_dir(folder(lang)).expect("a folder of words") {
            let name = file.expect("a file").file_name();
            let listed = include_str!("../src/words.rs").contains(&format!("/{}\"", name.to_string_lossy()));
            assert!(listed, "{name:?} is not part of the program");
        }
    }
}

#[test]
fn every_language_says_the_same_things() {
    let english = texts(Lang::English);
    assert!(english.len() > 100);
    for (id, things) in texts(Lang::Japanese) {
        assert_eq!(Some(&things), english.get(&id), "{id} takes other things");
    }
    for id in english.keys() {
        assert!(Words::of(Lang::Japanese).has(id), "{id} has no Japanese");
        assert!(Words::of(Lang::English).has(id), "{id} has no English");
    }
}

#[test]
fn japanese_is_japanese() {
    let (english, japanese) = (Words::of(Lang::English), Words::of(Lang::Japanese));
    // Names of keys, units and marks may be the same in both.
    let same = texts(Lang::English).into_keys().filter(|id| {
        let told = english.tell(id, &[]);
        told == japanese.tell(id, &[]) && told.chars().filter(|c| c.is_ascii_alphabetic()).count() > 6
    });
    assert_eq!(same.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn every_text_that_is_named_is_there() {
    let mut ids = BTreeSet::new();
    named(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut ids);
    let keymap = Keymap::default();
    ids.extend(keymap.all().iter().flat_map(|binding| [binding.word, binding.help]).map(str::to_owned));
    let dashboard = kessai_tui_client::dashboard::keymap::BINDINGS;
    ids.extend(dashboard.iter().flat_map(|binding| [binding.word, binding.help]).map(str::to_owned));
    ids.remove("");
    assert!(ids.len() > 60);
    for id in ids {
        assert!(Words::of(Lang::English).has(&id), "{id} is not among the words");
    }
}

#[test]
fn numbers_are_grouped_and_counted() {
    let pieces =
        |lang: Lang, count: u64| Words::of(lang).tell("count-pieces", &[("count", Arg::Number(count))]);
    assert_eq!(pieces(Lang::English, 1), "1 piece");
    assert_eq!(pieces(Lang::English, 12_345), "12,345 pieces");
    assert_eq!(pieces(Lang::Japanese, 12_345), "12,345 点");
}

/// Files with texts for whoever writes the configuration file: it is in English, as the command line is.
const FOR_THE_CONFIGURATION: [&str; 5] = [
    "app/keymap.rs",
    "app/keymap/rebind.rs",
    "app/keymap/rules.rs",
    "dashboard/keymap.rs",
    "dashboard/keymap/rules.rs",
];

/// The strings of a source that are sentences of some language: two words with a space between them.
fn sentences(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    let strings =
        lines.filter(|line| !line.contains("reason = ")).flat_map(|line| line.split('"').skip(1).step_by(2));
    let is_word = |part: &str| part.len() > 1 && part.chars().all(|c| c.is_ascii_alphabetic());
    let is_sentence = |text: &&str| {
        let plain: String =
            text.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)).collect();
        let words: Vec<&str> = plain.split(' ').collect();
        words.windows(2).any(|pair| is_word(pair[0]) && is_word(pair[1]))
    };
    strings.filter(is_sentence).map(str::to_owned).collect()
}

#[test]
fn no_sentence_stands_where_a_shopper_would_read_it_in_one_language_only() {
    assert_eq!(sentences("say(\"Press p to pay\"); // \"a comment in it\""), ["Press p to pay"]);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut left = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["app", "dashboard", "view", "spoken"].map(|room| source.join(room)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&source).expect("a source").to_string_lossy().into_owned();
            if !FOR_THE_CONFIGURATION.contains(&name.as_str()) {
                let found = sentences(&fs::read_to_string(&path).expect("a source"));
                left.extend(found.into_iter().map(|text| format!("{name}: {text}")));
            }
        }
    }
    assert_eq!(left, Vec::<String>::new());
}
