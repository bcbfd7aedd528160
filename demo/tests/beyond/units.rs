//! The units for systemd: whether systemd understands them, how much they keep out, and keys that it hands over.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use kessai_shared::identity::Identity;

use crate::support::command::{PROGRAM, run};

/// The largest exposure that a unit may have, in tenths: systemd calls 100 unsafe, and under 20 good.
const MOST_EXPOSED: u32 = 20;

/// The units, with a program that is there.
fn units(into: &Path) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/systemd");
    let unit = |name: &str| {
        let text = fs::read_to_string(folder.join(format!("{name}.service"))).expect("a unit");
        let program = format!("/usr/bin/{name}");
        assert!(text.contains(&program), "{name}");
        let file = into.join(format!("{name}.service"));
        fs::write(&file, text.replace(&program, "/bin/true")).expect("written");
        file
    };
    ["kessai-server", "kessai-settlement"].map(unit).to_vec()
}

#[test]
fn systemd_understands_the_units_and_finds_little_that_they_leave_open() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        println!("SKIPPED: systemd_understands_the_units needs systemd-analyze");
        assert!(std::env::var_os("CI").is_none(), "on CI nothing is skipped");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let analyze = |act: &str, more: &[&str], unit: &Path| {
        let mut command = Command::new("systemd-analyze");
        let ended =
            command.arg(act).args(more).arg(unit).env("SYSTEMD_PAGER", "").output().expect("an answer");
        let said =
            [ended.stdout, ended.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        (ended.status.success(), said)
    };
    for unit in units(folder.path()) {
        let (sound, said) = analyze("verify", &["--man=no"], &unit);
        assert!(sound && said.trim().is_empty(), "{}: {said}", unit.display());
        let threshold = format!("--threshold={MOST_EXPOSED}");
        let (good, said) = analyze("security", &["--offline=true", "--no-pager", &threshold], &unit);
        let score = said.lines().find(|line| line.contains("Overall exposure")).unwrap_or("no score");
        println!("{score}");
        assert!(good, "{}: {said}", unit.display());
    }
    // With the drop-in for a line of Ethernet, too; it has capabilities until the line is open.
    let unit = &units(folder.path())[1];
    let drop_in = folder.path().join("kessai-settlement.service.d");
    fs::create_dir(&drop_in).expect("a folder");
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/systemd/ethernet-line.conf"));
    let text = text.expect("a drop-in").replace("/usr/bin/kessai-settlement", "/bin/true");
    fs::write(drop_in.join("line.conf"), text).expect("written");
    let (sound, said) = analyze("verify", &["--man=no"], unit);
    assert!(sound && said.trim().is_empty(), "{said}");
}

#[test]
fn a_key_that_systemd_hands_over_goes_before_the_one_in_the_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let given = folder.path().join("credentials");
    let identity = Identity::load_or_create(given.join("seller.key")).expect("a key");
    let data = folder.path().join("data").display().to_string();
    let keys = |mode: u32| {
        fs::set_permissions(given.join("seller.key"), fs::Permissions::from_mode(mode)).expect("a mode");
        let mut command = Command::new(PROGRAM);
        command.args(["kessai-server", "keys", "--data", &data]).env("CREDENTIALS_DIRECTORY", &given);
        let ended = command.output().expect("an end");
        (ended.status.code(), String::from_utf8(ended.stdout).expect("text"))
    };
    // As systemd leaves it to the service's user: owned by root, with an access list.
    for mode in [0o400, 0o440] {
        assert_eq!(keys(mode), (Some(0), format!("seller {}\n", identity.pin())), "{mode:o}");
    }
    assert!(!Path::new(&data).join("keys/seller.key").exists(), "nothing of it is copied");
    for mode in [0o444, 0o460] {
        assert_eq!(keys(mode).0, Some(1), "{mode:o}: anybody could have it");
    }
    // Without systemd it makes its own.
    let own = run(["kessai-server", "keys", "--data", &data]).with(0);
    assert_ne!(own, format!("seller {}\n", identity.pin()));
}
