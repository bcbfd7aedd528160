//! Receipts as a shopper keeps them: saved from a real shop, verified with the shop closed, and believed
//! only under an issuer that this terminal has reason to believe.

mod support;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::books::verify as verify_books;
use support::command::{Ended, run};
use support::shop::Shop;
use support::terminal::Terminal;

const SOME_PIN: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn save(terminal: &Terminal, order: &str, out: &Path) -> Ended {
    let mut args = terminal.args("receipt", &[order, "--out"]);
    args.insert(2, "save".into());
    args.push(out.into());
    run(args)
}

fn verify(file: &Path, more: &[(&str, &Path)]) -> Ended {
    let mut args: Vec<OsString> = vec!["kessai".into(), "receipt".into(), "verify".into(), file.into()];
    for (name, value) in more {
        args.extend([OsString::from(name), value.as_os_str().to_owned()]);
    }
    run(args)
}

fn told(file: &Path, home: &Path) -> Value {
    let args = ["kessai", "receipt", "verify", "--json", "--data"].map(OsString::from);
    let ended = run(args.into_iter().chain([home.into(), file.into()]));
    serde_json::from_str(&ended.with(0)).expect("JSON")
}

fn bought(terminal: &Terminal, card: &str, receipt: &Path, code: i32) -> String {
    let receipt = receipt.display().to_string();
    let said = terminal.buy_json(card, &["TEA-SENCHA=2", "NOTE-A5", "--receipt", &receipt], code);
    said["order"].as_str().expect("an order id").to_owned()
}

#[test]
fn a_receipt_proves_its_decision_with_the_shop_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let shop = Shop::open(folder.path());
    let terminal = shop.terminal();
    let approved = bought(&terminal, "Approved", &file("approved"), 0);
    let declined = bought(&terminal, "Delinquent", &file("declined"), 10);
    save(&terminal, &approved, &file("again")).with(0);
    // The same decision has the same proof, whoever was restarted meanwhile.
    shop.kill_daemon("kessai-settlement");
    shop.kill_daemon("kessai-server");
    save(&terminal, &approved, &file("later")).with(0);
    save(&terminal, &declined, &file("declined")).with(0);
    assert_eq!(shop.stop("TERM"), Some(0));
    fs::remove_dir_all(file("seller")).expect("the shop's data is gone");

    let home = terminal.data.as_path();
    let said = verify(&file("approved"), &[("--data", home)]).with(0);
    assert!(said.ends_with("\napproved, in the settlement's journal\n"), "{said}");
    assert!(said.contains(&approved) && said.contains("2 x TEA-SENCHA at £14.50"), "{said}");
    assert!(said.contains("total     £41.50 (GBP)"), "{said}");
    let said = verify(&file("declined"), &[("--data", home)]).with(0);
    assert!(said.ends_with("\ndeclined, in the settlement's journal\n"), "{said}");
    let of = |name: &str| told(&file(name), home);
    let first = of("approved");
    assert_eq!((of("again"), of("later")), (first.clone(), first.clone()));
    assert_eq!(first["outcome"], "approved");
    assert_eq!(first["amount_pence"], 2 * 1450 + 1250);
    assert!(first["group"]["first"].as_u64() <= first["position"].as_u64(), "{first}");
    assert_eq!(of("declined")["outcome"], "declined");
    let root = first["issuer_root"].as_str().expect("a pin");
    let known = fs::read_to_string(home.join("issuers.txt")).expect("a list");
    assert_eq!(known, format!("{root}\n"), "it is remembered once");
    unproven(&terminal, &file("approved"), folder.path());
    only_under_known_roots(&terminal, &file("approved"), root, folder.path());
}

/// Whatever is done to a good receipt, it proves nothing any more.
fn unproven(terminal: &Terminal, good: &Path, folder: &Path) {
    let home = [("--data", terminal.data.as_path())];
    let text = fs::read_to_string(good).expect("a receipt");
    let digit = text.rfind("\n-----END").expect("its end") - 9;
    let flipped = if text.as_bytes()[digit] == b'0' { "1" } else { "0" };
    let mut forged = text.clone();
    forged.replace_range(digit..=digit, flipped);
    let forgeries = [
        ("flipped", forged.into_bytes()),
        ("cut", text.as_bytes()[..text.len() / 2].to_vec()),
        ("longer", format!("{text}\n").into_bytes()),
        ("other lines", text.replace("£41.50", "£14.50").into_bytes()),
        ("windows", text.replace('\n', "\r\n").into_bytes()),
        ("empty", Vec::new()),
        ("no text", vec![0xff; 100]),
        ("much", vec![b'x'; 3 << 20]),
    ];
    let file = folder.join("forged");
    for (what, bytes) in forgeries {
        fs::write(&file, bytes).expect("a file");
        let ended = verify(&file, &home);
        assert!(ended.one_line(1).starts_with(&format!("kessai: {}: ", file.display())), "{what}: {ended:?}");
    }
    let missing = folder.join("missing");
    assert!(verify(&missing, &home).one_line(1).contains("cannot be read"));
    assert!(verify(folder, &home).one_line(1).contains("cannot be read"));
}

fn only_under_known_roots(terminal: &Terminal, good: &Path, root: &str, folder: &Path) {
    let (stranger, shop) = (folder.join("stranger"), terminal.shop.as_path());
    let line = verify(good, &[("--data", &stranger)]);
    let line = line.one_line(1);
    assert!(line.contains("every signature in it holds") && line.contains("does not know"), "{line}");
    assert!(line.ends_with(&format!("name it with --issuer-root {root}")), "{line}");
    assert!(!stranger.exists(), "looking makes nothing");
    verify(good, &[("--data", &stranger), ("--issuer-root", Path::new(root))]).with(0);
    let both = [("--issuer-root", Path::new(SOME_PIN)), ("--issuer-root", Path::new(root))];
    verify(good, &both).with(0);
    verify(good, &[("--data", &stranger), ("--shop", shop)]).with(0);
    // What is named counts, and not what is known besides.
    let other = verify(good, &[("--data", &terminal.data), ("--issuer-root", Path::new(SOME_PIN))]);
    assert!(other.one_line(1).contains("none of those that were named"), "{other:?}");
    let text = fs::read_to_string(shop).expect("a shop file");
    let elsewhere = folder.join("elsewhere.toml");
    fs::write(&elsewhere, text.replace(root, SOME_PIN)).expect("a shop file");
    let other = verify(good, &[("--data", &terminal.data), ("--shop", &elsewhere)]);
    assert!(other.one_line(1).contains("none of that shop's"), "{other:?}");
    for usage in [("--issuer-root", Path::new("12ab")), ("--shop", Path::new("/nowhere/shop.toml"))] {
        assert!(!verify(good, &[usage]).complaint(2).is_empty());
    }
    fs::create_dir_all(&stranger).expect("a folder");
    fs::write(stranger.join("issuers.txt"), "not a pin\n").expect("a list");
    let ended = verify(good, &[("--data", &stranger)]);
    assert!(ended.complaint(1).join("\n").contains("issuers.txt:1"), "{ended:?}");
}

#[test]
fn a_receipt_is_not_written_over_anything_and_only_of_what_was_decided() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let shop = Shop::open(folder.path());
    let terminal = shop.terminal();
    let order = bought(&terminal, "Approved", &file("receipt"), 0);
    let receipt = fs::read(file("receipt")).expect("a receipt");
    fs::write(file("diary"), "mine").expect("a file");
    // What is wrong with the place is found out before anything is bought.
    for (place, why) in
        [("diary", "something else"), ("receipt", "something else"), ("no/such", "no such folder")]
    {
        let place = file(place).display().to_string();
        let ended = terminal.buy("Approved", &["NOTE-A5", "--receipt", &place]);
        assert!(ended.one_line(1).contains(why), "{ended:?}");
    }
    assert_eq!(terminal.orders().len(), 1);
    assert!(save(&terminal, &order, &file("diary")).one_line(1).contains("something else"));
    assert_eq!(fs::read(file("diary")).expect("a file"), b"mine");
    // A purchase that is tried again finds its own receipt there.
    let place = file("receipt").display().to_string();
    let again = ["TEA-SENCHA=2", "NOTE-A5", "--order-id", &order, "--receipt", &place];
    let ended = terminal.buy("Approved", &again);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    assert_eq!(fs::read(file("receipt")).expect("a receipt"), receipt);
    // Nothing was decided about what was not in stock.
    let none = file("none").display().to_string();
    let said = terminal.buy_json("Approved", &["ZABUTON=2", "--receipt", &none], 11);
    let undecided = said["order"].as_str().expect("an order id");
    let ended = save(&terminal, undecided, &file("none"));
    assert!(ended.one_line(1).contains("has no decision of the settlement"), "{ended:?}");
    let unknown = "01960000-0000-7000-8000-000000000001";
    assert!(save(&terminal, unknown, &file("none")).one_line(1).contains("knows no such order"));
    let stranger = Terminal::of(folder.path(), "stranger");
    assert!(save(&stranger, &order, &file("none")).one_line(1).contains("knows no such order"));
    assert!(!PathBuf::from(&none).exists());
    let left = fs::read_dir(folder.path()).expect("a folder").flatten().map(|entry| entry.file_name());
    assert_eq!(left.filter(|name| name.to_string_lossy().ends_with(".new")).count(), 0);
    assert_eq!(shop.stop("TERM"), Some(0));
    let books = verify_books(folder.path());
    assert_eq!((books.owed("decisions"), books.owed("decisions_proven")), (1, 1));
    assert_eq!(books.owed("groups_signed"), 1);
}
