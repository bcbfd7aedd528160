//! An operator and the accounts of a running shop: payments, blocks, months, limits and ends, each with
//! what the next purchase says of it.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};
use support::books::verify;
use support::command::{Ended, run};
use support::shop::Shop;

/// The sample's cards that buy what they like, and that are three months late.
const GOOD: &str = "9999991000000012";
const LATE: &str = "9999991000000046";

fn account(folder: &Path, args: &[&str]) -> Ended {
    settlement(folder, &[&["account"], args].concat())
}

fn settlement(folder: &Path, args: &[&str]) -> Ended {
    let data = folder.join("settlement").display().to_string();
    run(["kessai-settlement"].iter().chain(args).chain(&["--data", &data]))
}

fn json_of(ended: Ended) -> Value {
    let out = ended.with(0);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

/// The id of the account that a card is of, asked for with a file that has its number.
fn id_of(folder: &Path, number: &str) -> String {
    let file = folder.join("number");
    fs::write(&file, number).expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("a file of ours");
    let shown = account(folder, &["show", "--number-file", &file.display().to_string(), "--json"]);
    json_of(shown)["account"].as_str().expect("an id").to_owned()
}

fn reason(shop: &Shop, card: &str, exit: i32) -> String {
    let said = shop.terminal().buy_json(card, &["TEA-MUGI"], exit);
    said["reason"].as_str().expect("a reason").to_owned()
}

#[test]
fn who_pays_what_is_past_due_buys_again_and_is_booked_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let id = id_of(folder.path(), LATE);
    assert_eq!(reason(&shop, "Delinquent", 10), "delinquent");
    let shown = json_of(account(folder.path(), &["show", &id, "--json"]));
    // Three minimum payments of 5 % are what a table's three months mean.
    assert_eq!(json!([shown["months_late"], shown["asked"], shown["balance"]]), json!([3, 13_500, 90_000]));
    let repayment = "0190b5c0-7f4a-7000-8000-0123456789ab";
    let repay = |amount: &str| {
        account(folder.path(), &["repay", &id, "--amount", amount, "--repayment", repayment, "--json"])
    };
    for _ in 0..2 {
        let paid = json_of(repay("9000"));
        assert_eq!(json!([paid["months_late"], paid["balance"]]), json!([1, 81_000]), "booked once");
        assert_eq!(paid["repayment"]["id"], repayment);
    }
    let other = repay("9001");
    assert!(other.one_line(1).contains("booked before"), "{other:?}");
    assert_eq!(reason(&shop, "Delinquent", 0), "approved", "one month late is not too late");
    let said = account(folder.path(), &["repay", &id, "--amount", "4500"]).with(0);
    assert!(said.starts_with("repaid       £45.00 as ") && said.contains("months late  0"), "{said}");
    account(folder.path(), &["repay", &id, "--amount", "0"]).complaint(2);
    let nobody = account(folder.path(), &["repay", &"0".repeat(32), "--amount", "1"]);
    assert!(nobody.one_line(1).contains("there is no such account"), "{nobody:?}");
    // The journal says whose acts these were.
    let own = json_of(settlement(folder.path(), &["operators", "list", "--json"]));
    let entries = json_of(settlement(folder.path(), &["entries", "list", "--account", &id, "--json"]));
    let entries = entries["entries"].as_array().expect("entries").clone();
    let repaid: Vec<_> = entries.iter().filter(|entry| entry["change"] == "repaid").collect();
    assert_eq!(repaid.len(), 2, "{entries:?}");
    assert!(repaid.iter().all(|entry| entry["by"] == own["own"]), "{repaid:?}");
    assert_eq!(shop.stop("TERM"), Some(0));
    verify(folder.path());
}

#[test]
fn months_that_an_operator_closes_are_stated_once_and_outlive_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let id = id_of(folder.path(), GOOD);
    let month = json_of(account(folder.path(), &["show", &id, "--json"]))["open_month"].clone();
    let month = month.as_str().expect("an open month").to_owned();
    let close =
        |month: &str| json_of(account(folder.path(), &["statements", "close", "--month", month, "--json"]));
    // Four owe, one has a late past, and one has nothing to state.
    let closed = close(&month);
    assert_eq!(json!([closed["stated"], closed["passed"]]), json!([4, 0]), "{closed}");
    assert_eq!(close(&month)["stated"], 0, "closed already");
    let default = json_of(account(folder.path(), &["statements", "close", "--json"]));
    assert_eq!(default["stated"], 0, "the month before is over");
    let far = account(folder.path(), &["statements", "close", "--month", "9999-12"]);
    assert!(far.one_line(1).contains("months ahead"), "{far:?}");
    let stated = json_of(account(folder.path(), &["statement", &id, "--json"]));
    let told = json!([stated["month"], stated["closing"], stated["minimum_due"], stated["months_late"]]);
    assert_eq!(told, json!([month, 12_000, 600, 0]));
    let text = account(folder.path(), &["statement", &id, "--month", &month]).with(0);
    assert!(text.contains("minimum due  £6.00 by "), "{text}");
    let none = account(folder.path(), &["statement", &id, "--month", "2020-01"]);
    assert!(none.one_line(1).contains("no statement of 2020-01"), "{none:?}");
    let before = json_of(account(folder.path(), &["history", &id, "--json"]));
    assert_eq!(before["statements"].as_array().map(Vec::len), Some(1));
    assert_eq!(shop.stop("TERM"), Some(0));
    let stopped = account(folder.path(), &["show", &id]);
    assert!(stopped.one_line(1).contains("not running"), "{stopped:?}");
    let shop = Shop::open(folder.path());
    assert_eq!(json_of(account(folder.path(), &["history", &id, "--json"])), before);
    let text = account(folder.path(), &["history", &id]).with(0);
    assert!(text.contains(&month) && text.contains("£120.00"), "{text}");
    assert_eq!(shop.stop("TERM"), Some(0));
    verify(folder.path());
}

#[test]
fn what_operators_do_to_a_card_is_what_its_next_purchase_meets() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let id = id_of(folder.path(), GOOD);
    let act = |args: &[&str]| account(folder.path(), args);
    assert_eq!(reason(&shop, "Approved", 0), "approved");
    let why = "the holder called";
    let blocked = json_of(act(&["block", &id, "--as", "stolen", "--why", why, "--json"]));
    assert_eq!(json!([blocked["status"], blocked["block"]["why"]]), json!(["stolen", why]));
    assert_eq!(reason(&shop, "Approved", 10), "stolen");
    let refused = act(&["unblock", &id]);
    assert!(refused.one_line(1).contains("issue-card"), "{refused:?}");
    // The same table again makes no stolen card good.
    let table = folder.path().join("sample/accounts.csv").display().to_string();
    settlement(folder.path(), &["import-accounts", &table]).with(0);
    assert_eq!(reason(&shop, "Approved", 10), "stolen");
    act(&["unblock", &id, "--same-card"]).with(0);
    assert_eq!(reason(&shop, "Approved", 0), "approved");
    act(&["limit", &id, "--limit", "100"]).with(0);
    assert_eq!(reason(&shop, "Approved", 10), "over_limit");
    let open = act(&["close", &id]);
    assert!(open.one_line(1).contains("it owes £120.00 and £"), "{open:?}");
    let lost = json_of(act(&["write-off", &id, "--json"]));
    assert_eq!(
        json!([lost["balance"], lost["written_off"], lost["status"]]),
        json!([0, 12_000, "restricted"])
    );
    assert_eq!(reason(&shop, "Approved", 10), "restricted");
    // An account that holds nothing can be closed, and is nobody's then.
    let even = {
        let listed = json_of(account(folder.path(), &["list", "--json"]));
        let rows = listed["accounts"].as_array().expect("accounts").clone();
        let even =
            rows.iter().find(|row| row["balance"] == 0 && row["held"] == 0 && row["expiry"] == "2030-10");
        even.expect("the card whose particulars are given wrongly")["account"]
            .as_str()
            .expect("an id")
            .to_owned()
    };
    act(&["close", &even]).with(0);
    assert_eq!(reason(&shop, "Wrong particulars", 10), "unknown_card");
    let closed = act(&["limit", &even, "--limit", "5"]);
    assert!(closed.one_line(1).contains("is closed"), "{closed:?}");
    let elsewhere =
        run(["kessai-settlement", "account", "show", "--at", "127.0.0.1:9", "--pin", &"a".repeat(64)]
            .iter()
            .chain(&["--key", "nowhere"]));
    assert!(elsewhere.one_line(2).contains("name the account by its id"), "{elsewhere:?}");
    assert_eq!(shop.stop("TERM"), Some(0));
    verify(folder.path());
}
