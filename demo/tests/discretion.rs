//! What no log line, message or derived printer may ever show, held against every source.

#[path = "support/sources.rs"]
mod sources;

use std::collections::BTreeSet;

use sources::{Source, code, none, sources};

/// What holds card data or keys by itself. None of it can be printed; that is checked beside this.
const SECRETS: [&str; 15] = [
    "CardNumber",
    "HolderName",
    "Particulars",
    "SealedCard",
    "ResponseSecret",
    "SealingKey",
    "SealingSession",
    "SessionSecret",
    "HolderProof",
    "EnrolmentCode",
    "IssuedCard",
    "Passphrase",
    "MasterKey",
    "Identity",
    "LessSafeKey",
];
/// What seals, card files, wallets and files of keys are made of. Nothing else that holds a secret has a
/// form in which it could be written down or sent.
const WRITTEN: [&str; 11] = [
    "CardNumber",
    "HolderName",
    "Particulars",
    "SealedCard",
    "ResponseSecret",
    "HolderProof",
    "EnrolmentCode",
    "IssuedCard",
    // A card of a wallet, and a sealing key in its file.
    "Entry",
    "Stored",
    "Seed",
];
/// Names that only card data and keys go by.
const SECRET_NAMES: [&str; 17] = [
    "birth_date",
    "card",
    "card_number",
    "cards",
    "digits",
    "holder",
    "holder_name",
    "master",
    "number",
    "particulars",
    "passphrase",
    "password",
    "plain",
    "private",
    "secret",
    "seed",
    "sealed",
];
/// Fields that go by such a name and may be printed, because what they hold is no secret: keyed
/// hashes and ciphertexts of the settlement's books. Envelopes, which everybody carries, are none either.
const HARMLESS_FIELDS: [(&str, &str); 10] = [
    ("Account", "particulars"),
    ("Account", "sealed"),
    ("AtRest", "particulars"),
    ("AtRest", "sealed"),
    ("Candidate", "particulars"),
    ("Change", "card"),
    ("Found", "card"),
    // A holder's public key, and whom a card is issued for: an account's id.
    ("Presented", "holder"),
    ("Request", "holder"),
    // Only the last four digits.
    ("WalletFault", "number"),
];
/// Names in lines for people that mean something else in that file: a number of things, the digits of
/// a proof, and of a card in a wallet its masked number, its expiry and whether it has a key.
const HARMLESS_NAMES: [(&str, &str); 5] = [
    ("tui-client/src/view/words.rs", "number"),
    ("tui-client/src/receipt_file.rs", "digits"),
    ("tui-client/src/wallet/print.rs", "card"),
    ("tui-client/src/wallet/print.rs", "number"),
    ("tui-client/src/wallet/print.rs", "holder"),
];
/// Rooms whose cards are made up for one run and exist nowhere else: they are planted, written down in every
/// form, and searched for, and the conventional systems send them about as such systems do. No product can
/// use these rooms, because none depends on the demo.
const PLANTED: [&str; 2] = ["demo/src/figures/", "demo/src/search/"];
/// Whatever turns values into text or into an event.
const PRINTERS: [&str; 15] = [
    "trace", "debug", "info", "warn", "error", "event", "span", "print", "println", "eprint", "eprintln",
    "format", "panic", "json", "dbg",
];

/// A type with its fields: its name, what it derives, and its body.
struct Type<'a> {
    name: &'a str,
    derives: BTreeSet<&'a str>,
    body: &'a str,
}

/// The types that a text defines.
fn types(code: &str) -> Vec<Type<'_>> {
    let mut found = Vec::new();
    let mut derives = BTreeSet::new();
    let mut rest = code;
    while let Some(line) = rest.lines().next() {
        let after = rest.get(line.len() + 1..).unwrap_or_default();
        let item = ["pub ", "pub(crate) ", "pub(super) "]
            .iter()
            .find_map(|of| line.strip_prefix(of))
            .unwrap_or(line);
        let item = item.strip_prefix("struct ").or_else(|| item.strip_prefix("enum "));
        if let Some(item) = item {
            let name = item.split(|c: char| !is_word(c)).next().unwrap_or_default();
            let ends = if line.ends_with('{') { "\n}" } else { ";" };
            let body = rest.find(ends).map_or(rest, |end| &rest[..end]);
            found.push(Type { name, derives: std::mem::take(&mut derives), body });
        } else if let Some(list) = line.strip_prefix("#[derive(") {
            let list = list.split(")]").next().unwrap_or_default();
            derives.extend(list.split(',').filter_map(|path| path.trim().rsplit("::").next()));
        } else if !line.starts_with("#[") {
            derives.clear();
        }
        rest = after;
    }
    found
}

/// The fields of a type's body, each with its type.
fn fields(body: &str) -> Vec<(&str, &str)> {
    let parts = body.split(['{', '}', ',', '(', '\n']);
    let named = parts.filter_map(|part| part.split_once(": "));
    let bare = |name: &'_ str| name.trim().rsplit(' ').next().map_or(0, str::len);
    named.map(|(name, of)| (&name.trim_end()[name.trim_end().len() - bare(name)..], of)).collect()
}

/// What each printer in a text is given: the names in its arguments and in the braces of its texts.
fn printed(code: &str) -> Vec<(&str, BTreeSet<String>)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("!(") {
        let start = code[..at].rfind(|c| !is_word(c)).map_or(0, |before| before + 1);
        let name = &code[start..at];
        if PRINTERS.contains(&name) {
            found.push((name, names(&code[at + 2..])));
        }
    }
    found
}

/// The names up to the parenthesis that closes; of texts, only what stands in braces.
fn names(code: &str) -> BTreeSet<String> {
    let (mut depth, mut in_text, mut in_braces, mut before) = (1, false, false, ' ');
    let (mut found, mut word) = (BTreeSet::new(), String::new());
    for c in code.chars() {
        match c {
            '"' if before != '\\' => (in_text, in_braces) = (!in_text, false),
            '{' if in_text => in_braces = before != '{',
            // What follows a colon is how it is written.
            '}' | ':' if in_text => in_braces = false,
            '(' if !in_text => depth += 1,
            ')' if !in_text => depth -= 1,
            _ => {}
        }
        if is_word(c) && (!in_text || in_braces) {
            word.push(c);
        } else {
            // What is called is no value, and neither is what is counted.
            let word = std::mem::take(&mut word);
            if !word.is_empty() && c != '(' {
                found.insert(word);
            }
        }
        if depth == 0 {
            break;
        }
        before = c;
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether a body names a type. A variant of that name, with fields of its own, is none.
fn mentions(body: &str, name: &str) -> bool {
    body.match_indices(name).any(|(at, _)| {
        let after = body[at + name.len()..].trim_start();
        !body[..at].ends_with(is_word) && !after.starts_with(|c| is_word(c) || c == '(' || c == '{')
    })
}

/// The text without the values of which only the last digits are shown.
fn without_masked(code: &str) -> String {
    let mut parts: Vec<&str> = code.split(".masked()").collect();
    let last = parts.pop().unwrap_or_default();
    let shown = parts.into_iter().map(|part| part.trim_end_matches(|c| is_word(c) || c == '.'));
    shown.chain([last]).collect()
}

/// The sources that run outside tests, without comments.
fn programs() -> Vec<(Source, String)> {
    let is_planted = |source: &Source| PLANTED.iter().any(|room| source.path.starts_with(room));
    let programs = sources().into_iter().filter(|source| !source.is_test() && !is_planted(source));
    programs.map(|source| (code(&source.text), source)).map(|(code, source)| (source, code)).collect()
}

#[test]
fn what_holds_a_secret_derives_nothing_that_shows_it() {
    let (mut offenders, mut holders) = (Vec::new(), BTreeSet::new());
    for (source, code) in &programs() {
        for found in types(code) {
            let of_secrets = SECRETS.iter().any(|secret| mentions(found.body, secret));
            // One that says of which kind a sealed file is has a card for a name, and none inside.
            let a_name_only =
                (source.path.as_str(), found.name) == ("shared/src/sealed_file/header.rs", "Kind");
            if a_name_only || !of_secrets && !SECRETS.contains(&found.name) {
                continue;
            }
            holders.insert(found.name.to_owned());
            let written = WRITTEN.contains(&found.name);
            let shows = found.derives.iter().filter(|of| **of == "Debug" || **of == "Serialize" && !written);
            offenders.extend(shows.map(|of| format!("{}: {} derives {of}", source.path, found.name)));
        }
    }
    println!("{} types hold secrets: {holders:?}", holders.len());
    assert!(SECRETS.iter().filter(|name| **name != "LessSafeKey").all(|name| holders.contains(*name)));
    none(offenders, "a secret is neither printed nor written down");
}

#[test]
fn what_can_be_printed_has_no_field_with_the_name_of_a_secret() {
    let mut offenders = Vec::new();
    let mut seen = 0;
    for (source, code) in &programs() {
        for found in types(code).into_iter().filter(|found| found.derives.contains("Debug")) {
            for (field, of) in fields(found.body) {
                seen += 1;
                let harmless = HARMLESS_FIELDS.contains(&(found.name, field)) || of.contains("Envelope");
                if SECRET_NAMES.contains(&field) && !harmless {
                    offenders.push(format!("{}: {}::{field}: {of}", source.path, found.name));
                }
            }
        }
    }
    assert!(seen > 100, "the fields are not where they were");
    none(offenders, "what is secret is not a field that can be printed");
}

#[test]
fn no_line_for_people_is_made_of_a_secret() {
    let mut offenders = Vec::new();
    let mut seen = 0;
    for (source, code) in &programs() {
        for (printer, given) in printed(&without_masked(code)) {
            seen += 1;
            let secret = given.iter().filter(|name| {
                SECRET_NAMES.contains(&name.as_str()) && !HARMLESS_NAMES.contains(&(&source.path, name))
            });
            offenders.extend(secret.map(|name| format!("{}: {printer}! is given {name}", source.path)));
            if printer == "dbg" {
                offenders.push(format!("{}: dbg!", source.path));
            }
        }
        // A span takes every argument of a function along, unless somebody remembers to say no.
        if code.contains("instrument]") || code.contains("instrument(") {
            offenders.push(format!("{}: instrument", source.path));
        }
    }
    assert!(seen > 100, "the lines for people are not where they were");
    none(offenders, "a line for people tells nothing of a card or a key");
}

#[test]
fn the_rules_find_what_breaks_them() {
    let text = "#[derive(Clone, fmt::Debug)]\n#[repr(u8)]\npub struct A {\n    pub card: Box<Particulars>,\n    n: u8,\n}\n\n\
                struct B(Identity);\nenum C {\n    D { seed: [u8; 32], at: u8 },\n}\n";
    let found = types(text);
    let names: Vec<_> = found.iter().map(|found| found.name).collect();
    assert_eq!(names, ["A", "B", "C"]);
    assert!(found[0].derives.contains("Debug") && found[1].derives.is_empty());
    assert!(mentions(found[0].body, "Particulars") && mentions(found[1].body, "Identity"));
    assert!(!mentions("enum E {\n    Identity(IdentityError),", "Identity"));
    assert_eq!(without_masked("f(a, x.card.masked(), card)"), "f(a, , card)");
    assert!(!mentions(found[1].body, "seed") && !mentions("ParticularsError", "Particulars"));
    let names_of = |at: usize| fields(found[at].body).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!((names_of(0), names_of(2)), (vec!["card", "n"], vec!["seed", "at"]));
    for (line, expected) in [
        ("tracing::info!(%peer, card = number.digits(), \"seed (\");", &["card", "number", "peer"][..]),
        ("println!(\"the card {passphrase:?} {0} {{seed}}\", f(secret));", &["0", "passphrase", "secret"]),
        ("format!(\"{}\", x.len()); seed", &["x"]),
        ("print!(\"\\\"{digits}\\\"\")", &["digits"]),
    ] {
        let found = printed(line);
        assert_eq!(found.len(), 1, "{line}");
        assert_eq!(found[0].1.iter().collect::<Vec<_>>(), expected, "{line}");
    }
    assert!(printed("matches!(card, x)").is_empty() && printed("reprint!(card)").is_empty());
}
