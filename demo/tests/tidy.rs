//! The rules of the house that no compiler checks, held against every source of the workspace.

#[path = "support/sources.rs"]
mod sources;

use std::collections::BTreeSet;
use std::fs;

use sources::{Source, code, none, root, sources};

/// Where nothing may reach outside: a name begins with one of these, as a file or as a folder.
const PURE_ROOMS: [&str; 7] = [
    "settlement/src/ledger",
    "server/src/sales",
    "tui-client/src/app",
    "tui-client/src/dashboard",
    "tui-client/src/spoken",
    "tui-client/src/view",
    "tui-client/src/words",
];
/// What reaches outside: files, wires, clocks, chance, keys and the terminal.
const IMPURE: [&str; 10] = [
    "tokio",
    "quinn",
    "sled",
    "std::fs",
    "std::net",
    "SystemTime",
    "Instant",
    "rand::",
    "aws_lc_rs",
    "println!",
];
/// Types whose content no log line may show.
const SECRETS: [&str; 18] = [
    "CardNumber",
    "HolderName",
    "Particulars",
    "SealedCard",
    "ResponseSecret",
    "SealingKey",
    "Vault",
    "Keys",
    "Identity",
    "Passphrase",
    "EnrolmentCode",
    "IssuedCard",
    "PayingCard",
    "HolderKey",
    "HolderSeed",
    "Wallet",
    "KnockKey",
    "OwnKey",
];
/// What is left behind in unfinished work. Put together here, so that this file does not hold it.
const UNFINISHED: [&str; 3] = [concat!("to", "do!("), concat!("unimple", "mented!("), concat!("FIX", "ME")];
const MOST_LINES: usize = 600;
const FEW_LINES: usize = 170;
const MOST_FUNCTION_LINES: usize = 70;

fn is_pure(source: &Source) -> bool {
    PURE_ROOMS.iter().any(|room| {
        let rest = source.path.strip_prefix(room);
        rest.is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
    })
}

/// The functions of a text: name and how many lines each has, from `fn` to its closing brace.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let ends = |line: &str| {
            let own = line.len() - line.trim_start().len() == indent;
            own && (line.trim() == "}" || line.trim_start().starts_with(')') && line.ends_with(';'))
        };
        let whole = line.ends_with('}') || line.ends_with(';');
        let end = if whole {
            Some(0)
        } else {
            lines[start + 1..].iter().position(|line| ends(line)).map(|n| n + 1)
        };
        let length = end.unwrap_or_else(|| panic!("{name} has no end that its indentation shows")) + 1;
        found.push((name, length));
    }
    found
}

fn function_name(line: &str) -> Option<String> {
    let before: Vec<&str> = line.split_whitespace().take_while(|word| *word != "fn").collect();
    let modifier = |word: &&str| {
        word.starts_with("pub") || ["const", "async", "unsafe", "extern", "default"].contains(word)
    };
    if !before.iter().all(modifier) {
        return None;
    }
    let name = line.split_whitespace().nth(before.len() + 1)?;
    Some(name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
}

/// Whether the text defines this type, and whether it can be printed.
fn defines(text: &str, name: &str) -> Option<bool> {
    let lines: Vec<&str> = text.lines().collect();
    let defined = lines.iter().position(|line| {
        let line = ["pub ", "pub(crate) ", "pub(super) "]
            .iter()
            .fold(*line, |line, open| line.trim_start_matches(open));
        let rest = line.strip_prefix("struct ").or_else(|| line.strip_prefix("enum "));
        let rest = rest.and_then(|rest| rest.strip_prefix(name));
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })?;
    let attributes = lines[..defined].iter().rev().take_while(|line| !line.is_empty() && **line != "}");
    let derived = attributes.filter(|line| !line.starts_with("//")).any(|line| line.contains("Debug"));
    let printed = lines.iter().any(|line| {
        line.starts_with("impl")
            && [format!("Debug for {name} "), format!("Display for {name} ")]
                .iter()
                .any(|trait_for| line.contains(trait_for))
    });
    Some(derived || printed)
}

/// Texts between backticks that look like paths of this repository.
fn named_paths(text: &str) -> BTreeSet<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
    let folders = ["demo", "server", "settlement", "shared", "tui-client", "fuzz", "docs"];
    let looks_like_one = |text: &str| {
        let (first, rest) = text.split_once('/').unwrap_or(("", ""));
        let file = [".rs", ".md"].iter().any(|ending| text.ends_with(ending));
        text.chars().all(plain)
            && (folders.contains(&first) || file && !text.starts_with(['/', '.']))
            && rest != ".."
    };
    let fenced = text.split("```").step_by(2);
    let quoted = fenced.flat_map(|part| part.lines()).flat_map(|line| line.split('`').skip(1).step_by(2));
    quoted.filter(|text| looks_like_one(text)).map(str::to_owned).collect()
}

/// The crates of this workspace that a manifest depends on.
fn own_dependencies(manifest: &str) -> Vec<String> {
    let lines = manifest.lines().filter(|line| line.trim_start().starts_with("kessai-"));
    let names = lines.map(|line| line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned());
    let renamed = manifest.lines().filter(|line| line.contains("package = \"kessai-"));
    names.chain(renamed.map(str::to_owned)).collect()
}

#[test]
fn nothing_in_a_pure_room_reaches_outside() {
    let mut offenders = Vec::new();
    let sources = sources();
    let pure: Vec<_> = sources.iter().filter(|source| is_pure(source)).collect();
    assert!(pure.len() > 10, "the pure rooms are not where they were");
    for Source { path, text } in pure {
        let code = code(text);
        let found = IMPURE.iter().filter(|word| code.contains(**word));
        offenders.extend(found.map(|word| format!("{path}: {word}")));
    }
    none(offenders, "a pure room is told all it needs");
}

#[test]
fn no_source_is_too_long_and_most_are_short() {
    let sources = sources();
    let length = |source: &Source| source.text.lines().count();
    let long = sources.iter().filter(|source| length(source) > MOST_LINES);
    let long = long.map(|source| format!("{}: {} lines", source.path, length(source))).collect();
    none(long, "a source that is too long is two sources");
    let src: Vec<_> = sources.iter().filter(|source| source.path.contains("/src/")).collect();
    let short = src.iter().filter(|source| length(source) < FEW_LINES).count();
    assert!(short * 2 >= src.len(), "only {short} of {} sources are short", src.len());
}

#[test]
fn no_function_is_too_long() {
    let mut offenders = Vec::new();
    for Source { path, text } in sources() {
        let long = functions(&text).into_iter().filter(|(_, lines)| *lines > MOST_FUNCTION_LINES);
        offenders.extend(long.map(|(name, lines)| format!("{path}: {name} has {lines} lines")));
    }
    none(offenders, "a function that is too long is two functions");
}

#[test]
fn nothing_is_unfinished_and_nothing_unwraps_outside_tests() {
    let mut offenders = Vec::new();
    for source in sources() {
        let found = UNFINISHED.iter().filter(|word| source.text.contains(**word));
        offenders.extend(found.map(|word| format!("{}: {word}", source.path)));
        if !source.is_test() && code(&source.text).contains(".unwrap()") {
            offenders.push(format!("{}: .unwrap()", source.path));
        }
    }
    none(offenders, "what can fail says how, and what is begun is finished");
}

#[test]
fn no_secret_can_be_printed() {
    let sources = sources();
    for name in SECRETS {
        let places = sources.iter().filter(|source| !source.is_test());
        let found: Vec<_> =
            places.filter_map(|source| Some((&source.path, defines(&source.text, name)?))).collect();
        assert!(!found.is_empty(), "{name} has another name now: put that into the list");
        for (path, printable) in found {
            assert!(!printable, "{path}: {name} can be printed");
        }
    }
}

#[test]
fn the_parties_share_nothing_but_the_shared_ground() {
    for (party, allowed) in [
        ("server", &["kessai-shared"][..]),
        ("settlement", &["kessai-shared"]),
        ("tui-client", &["kessai-shared"]),
        ("shared", &[]),
    ] {
        let manifest = fs::read_to_string(root().join(party).join("Cargo.toml")).expect("a manifest");
        assert_eq!(own_dependencies(&manifest), allowed, "{party}");
    }
}

#[test]
fn the_paths_that_the_guides_name_exist() {
    let root = root();
    let names: BTreeSet<String> =
        sources().iter().filter_map(|s| s.path.rsplit('/').next().map(str::to_owned)).collect();
    let mut offenders = Vec::new();
    for guide in ["README.md", "ARCHITECTURE.md"] {
        // A guide that is not written yet names nothing.
        let Ok(text) = fs::read_to_string(root.join(guide)) else { continue };
        let missing =
            named_paths(&text).into_iter().filter(|path| !root.join(path).exists() && !names.contains(path));
        offenders.extend(missing.map(|path| format!("{guide}: {path}")));
    }
    none(offenders, "a guide that names what is not there misleads");
}

#[test]
fn the_rules_find_what_breaks_them() {
    let long = format!(
        "impl X {{\n    pub(super) async fn much(\n        a: u8,\n    ) {{\n{}    }}\n}}\n",
        "        a();\n".repeat(67)
    );
    assert_eq!(functions(&long), [("much".to_owned(), 71)]);
    let short =
        "fn a() {}\n    fn b(\n        x: u8,\n    ) -> u8;\nconst fn c() {\n}\n// a fn\nlet f: fn(u8);\n";
    assert_eq!(functions(short), [("a".to_owned(), 1), ("b".to_owned(), 3), ("c".to_owned(), 2)]);
    assert_eq!(defines("#[derive(Clone, Debug)]\npub struct Vault(u8);\n", "Vault"), Some(true));
    assert_eq!(defines("#[derive(\n    Debug,\n)]\npub struct Vault {\n", "Vault"), Some(true));
    assert_eq!(defines("struct Vault;\n\nimpl fmt::Debug for Vault {\n", "Vault"), Some(true));
    assert_eq!(defines("/// No Debug.\n#[derive(Clone)]\nstruct Vault;\n", "Vault"), Some(false));
    assert_eq!(defines("#[derive(Debug)]\nstruct VaultError;\n", "Vault"), None);
    let tested = "let a = b; // tokio\n\n#[cfg(test)]\nmod tests {\n    c.unwrap();\n}\n";
    assert_eq!(code(tested), "let a = b; ");
    assert_eq!(code("let a = \"https://b\";"), "let a = \"https://b\";");
    assert_eq!(own_dependencies("kessai-shared.workspace = true\n"), ["kessai-shared"]);
    assert_eq!(own_dependencies("x = { package = \"kessai-server\" }\n").len(), 1);
    let guide = "See `shared/src/seal.rs`, `seal.rs`, `a/b` and `cargo run`.\n```\n`server/x`\n```\n";
    let named: Vec<_> = named_paths(guide).into_iter().collect();
    assert_eq!(named, ["seal.rs", "shared/src/seal.rs"]);
    let pure = |path: &str| is_pure(&Source { path: path.to_owned(), text: String::new() });
    assert!(
        pure("server/src/sales.rs") && pure("server/src/sales/order.rs") && !pure("server/src/sales_desk.rs")
    );
}
