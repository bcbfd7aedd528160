//! What all programs say of themselves for shells and for `man`.

use std::fs;

use super::support::command::run;

/// The programs by their names as arguments; the demo's own commands have none before them.
const PROGRAMS: [&[&str]; 4] = [&["kessai"], &["kessai-server"], &["kessai-settlement"], &[]];

#[test]
fn every_program_completes_its_commands_in_every_shell() {
    for program in PROGRAMS {
        let name = program.first().copied().unwrap_or("kessai-demo");
        for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
            let script = run([program, &["generate", "completions", shell]].concat()).with(0);
            assert!(script.contains(name) && script.contains("completions"), "{name} in {shell}");
        }
        let bad = run([program, &["generate", "completions", "csh"]].concat());
        assert_eq!(bad.code, Some(2), "{name}");
    }
    let seller = run(["kessai-server", "generate", "completions", "bash"]).with(0);
    for word in ["orders", "history", "stock", "operators", "--at", "--operator-listen"] {
        assert!(seller.contains(word), "{word}");
    }
}

#[test]
fn every_command_has_a_page_in_the_manual() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("man1").display().to_string();
    for program in PROGRAMS {
        let said = run([program, &["generate", "man", &dir]].concat()).with(0);
        assert!(said.contains(" pages in "), "{said}");
    }
    for page in [
        "kessai.1",
        "kessai-buy.1",
        "kessai-demo-serve.1",
        "kessai-server-orders-history.1",
        "kessai-server-stock-list.1",
        "kessai-settlement-entries-list.1",
        "kessai-settlement-operators-allow.1",
    ] {
        let text = fs::read_to_string(folder.path().join("man1").join(page)).expect(page);
        assert!(text.contains(".TH ") && text.contains(".SH SYNOPSIS"), "{page}: {text}");
    }
    let nowhere = folder.path().join("file");
    fs::write(&nowhere, "").expect("a file");
    let ended = run(["kessai-server", "generate", "man", &nowhere.display().to_string()]);
    assert!(ended.one_line(1).contains("cannot be written"), "{ended:?}");
}
