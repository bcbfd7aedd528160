//! The credit policy of a shop that runs: other policies, broken ones and none at all, and what each
//! decision says it was made under.

use std::fs;
use std::path::Path;
use std::time::Duration;

use kessai_settlement::ledger::{Books, Change};
use kessai_settlement::settings::JOURNAL;
use kessai_shared::store;
use serde_json::Value;

use super::settlement;
use super::support::books::verify;
use super::support::command::run;
use super::support::shop::Shop;
use super::support::until;

const STAYS: &str = "the credit policy stays as it was";

fn told(folder: &Path, act: &str) -> Value {
    let data = settlement(folder).display().to_string();
    let out = run(["kessai-settlement", "policy", act, "--json", "--data", &data]).with(0);
    serde_json::from_str(&out).expect("JSON")
}

/// All at once, because a file of which a part is there may be a policy too.
fn write(folder: &Path, text: &str) {
    let (draft, file) = (folder.join("policy.draft"), settlement(folder).join("policy.toml"));
    fs::write(&draft, text).expect("a policy");
    fs::rename(draft, file).expect("a policy");
}

/// Writes a policy and waits until it is in force.
fn adopt(folder: &Path, text: &str) {
    let before = told(folder, "history").as_array().map_or(0, Vec::len);
    write(folder, text);
    until("a new policy", || told(folder, "history").as_array().map_or(0, Vec::len) > before);
}

/// Waits until the daemon has said so many lines with these words; it says no more of them after.
fn complains(shop: &Shop, words: &str, times: usize) {
    let count = || shop.complaints().matches(words).count();
    until(words, || count() >= times);
    // Three more looks at a file that did not change.
    std::thread::sleep(Duration::from_millis(1_600));
    assert_eq!(count(), times, "{}", shop.complaints());
}

/// The reason that one more purchase gets, with this exit code.
fn reason(shop: &Shop, code: i32) -> String {
    let said = shop.terminal().buy_json("Approved", &["TEA-MUGI"], code);
    said["reason"].as_str().unwrap_or("approved").to_owned()
}

/// The policy that each decision names, and the policies in their order, as the journal has them.
fn journal(folder: &Path) -> (Vec<u32>, Vec<u32>) {
    let (mut named, mut versions) = (Vec::new(), Vec::new());
    store::walk::<Books>(&settlement(folder), JOURNAL, |change, _, _| match change {
        Change::Decided(decided) => named.push(decided.policy),
        Change::PolicyAdopted(adoption) => versions.push(adoption.version),
        _ => {}
    })
    .expect("a journal");
    (named, versions)
}

#[test]
fn policies_come_into_force_while_the_shop_runs_and_broken_ones_do_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let (shop, folder) = (Shop::open(folder.path()), folder.path());
    assert_eq!((reason(&shop, 0).as_str(), told(folder, "show")["version"].as_u64()), ("approved", Some(1)));

    adopt(folder, "version = 5\nmax_purchase_pence = 1\n");
    assert_eq!(reason(&shop, 10), "invalid_amount");
    let shown = told(folder, "show");
    assert_eq!((shown["version"].as_u64(), shown["policy"]["max_purchase"].as_u64()), (Some(5), Some(1)));

    write(folder, "version = 6\nmax_months_late = 0\nhold_seconds = 'long'\n");
    complains(&shop, STAYS, 1);
    let said = shop.complaints();
    let line = said.lines().find(|line| line.contains(STAYS)).expect("a line");
    assert!(
        line.contains("max_months_late is at least 1") && line.contains("hold_seconds: expected"),
        "{line}"
    );
    assert_eq!(reason(&shop, 10), "invalid_amount");
    // Another policy must not go by the name of the one in force, nor by an older one.
    write(folder, "version = 5\n");
    complains(&shop, "version 5 is in force with other numbers; raise version to 6", 1);
    write(folder, "version = 4\n");
    complains(&shop, "raise version to 6", 2);
    fs::remove_file(settlement(folder).join("policy.toml")).expect("a file");
    complains(&shop, "there is no such file any more", 1);
    assert_eq!(reason(&shop, 10), "invalid_amount");

    // Without a file, what is in force stays so over a restart, too.
    shop.kill_daemon("kessai-settlement");
    assert_eq!(reason(&shop, 10), "invalid_amount");
    adopt(folder, "max_months_late = 1\n");
    assert_eq!((reason(&shop, 0).as_str(), told(folder, "show")["version"].as_u64()), ("approved", Some(6)));
    assert_eq!(shop.stop("TERM"), Some(0));
    assert_eq!(journal(folder), (vec![1, 2, 2, 2, 2, 3], vec![1, 5, 6]));
    verify(folder);
    let pin = told(folder, "show")["by"].clone();
    assert!(told(folder, "history").as_array().is_some_and(|all| all.iter().all(|one| one["by"] == pin)));

    write(folder, "version = 3\nmax_months_late = 2\n");
    let ended = Shop::try_open(folder, &[]).err().expect("no shop");
    assert!(ended.err.contains("version 3 is older than version 6, which is in force"), "{ended:?}");
    write(folder, "version = 6\nmax_months_late = 1\n");
    assert_eq!(Shop::open(folder).stop("TERM"), Some(0));
    assert_eq!(journal(folder).1, [1, 5, 6], "the same policy is not adopted twice");
}
