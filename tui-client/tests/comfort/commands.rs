//! `kessai config`, as a shell runs it.

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_kessai");

fn kessai(home: &TempDir, args: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    for name in ["LC_ALL", "LC_MESSAGES", "NO_COLOR", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
        command.env_remove(name);
    }
    command.env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path().join("conf")).env("LANG", "C");
    command.args(args).output().expect("the program runs")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

#[test]
fn a_file_is_written_checked_and_shown() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("conf/kessai/config.toml");
    assert_eq!(out(&kessai(&home, &["config", "path"])).trim(), file.display().to_string());
    let none = kessai(&home, &["config", "check"]);
    assert!(none.status.success() && out(&none).contains("there is none"));
    assert!(kessai(&home, &["config", "init"]).status.success());
    assert!(!kessai(&home, &["config", "init"]).status.success(), "what is there is kept");
    assert!(out(&kessai(&home, &["config", "check"])).contains("nothing is wrong with it"));
    fs::write(&file, "language = 'ja'\n[keys]\npay = 'f9'\n[dashboard_keys]\nstop = 'f9'\n")
        .expect("written");
    let shown = out(&kessai(&home, &["config", "show", "--theme", "dark"]));
    let has = |what: &[&str]| shown.lines().any(|line| what.iter().all(|what| line.contains(what)));
    assert!(has(&["language = \"ja\"", "# configuration file"]), "{shown}");
    assert!(has(&["theme = \"dark\"", "# command line"]) && has(&["mouse = false", "# default"]), "{shown}");
    assert!(shown.contains("[keys]\npay = [\"f9\"]"), "{shown}");
    assert!(shown.contains("[dashboard_keys]\nstop = [\"f9\"]"), "{shown}");
    let json: serde_json::Value =
        serde_json::from_slice(&kessai(&home, &["config", "show", "--json"]).stdout).expect("JSON");
    assert_eq!(json["language"]["from"], "configuration file");
    let keys = out(&kessai(&home, &["config", "keys"]));
    assert!(keys.contains("表示の金額を支払います") && keys.contains("in: confirm"), "{keys}");
    let stop = keys
        .split("[dashboard_keys]")
        .nth(1)
        .and_then(|all| all.lines().find(|line| line.starts_with("stop ")));
    assert!(stop.is_some_and(|line| line.contains(" f9 ")), "{keys}");
    let json: serde_json::Value =
        serde_json::from_slice(&kessai(&home, &["config", "keys", "--json"]).stdout).expect("JSON");
    let of =
        |table: &str| json.as_array().map_or(0, |all| all.iter().filter(|one| one["table"] == table).count());
    assert!(of("keys") > 20 && of("dashboard_keys") > 20, "{json}");
}

#[test]
fn a_bad_file_stops_everything_with_a_line_for_each_mistake() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("bad.toml");
    fs::write(&file, "theme = 'pink'\nmouse = 3\n").expect("written");
    let name = file.display().to_string();
    let checks: [&[&str]; 2] = [&["config", "check", &name], &["shop", "--config", &name, "--shop", "none"]];
    for args in checks {
        let end = kessai(&home, args);
        assert_eq!((end.status.code(), out(&end)), (Some(2), String::new()), "{args:?}");
        let lines: Vec<String> = err(&end).lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with(&format!("kessai: {name}:1: theme: expected one of")), "{lines:?}");
        assert!(
            lines[1].starts_with(&format!("kessai: {name}:2: mouse: expected true or false")),
            "{lines:?}"
        );
    }
    let gone = kessai(&home, &["shop", "--config", "gone.toml", "--shop", "none"]);
    assert_eq!(gone.status.code(), Some(2));
    assert!(err(&gone).contains("gone.toml: cannot be read"));
    let no_shop = kessai(&home, &["orders"]);
    assert_eq!(no_shop.status.code(), Some(2));
    assert!(err(&no_shop).contains("name its file with --shop FILE"), "{}", err(&no_shop));
}

#[test]
fn pages_and_completions_know_the_configuration() {
    let home = tempfile::tempdir().expect("a folder");
    let dir = home.path().join("man");
    assert!(kessai(&home, &["generate", "man", &dir.display().to_string()]).status.success());
    for page in ["kessai-config.5", "kessai-config.1", "kessai-config-check.1", "kessai-config-keys.1"] {
        assert!(dir.join(page).is_file(), "{page}");
    }
    let text = fs::read_to_string(dir.join("kessai-config.5")).expect("a page");
    assert!(text.contains("ACTIONS OF THE DASHBOARD") && text.contains("much\\-earlier"), "{text}");
    assert!(text.contains("reduced_motion") && text.contains(".TH KESSAI-CONFIG 5"));
    let bash = out(&kessai(&home, &["generate", "completions", "bash"]));
    assert!(bash.contains("--reduced-motion") && bash.contains("config"), "completions know the flags");
}
