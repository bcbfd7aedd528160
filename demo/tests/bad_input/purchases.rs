//! Purchases that cannot be.

use std::fs;
use std::net::UdpSocket;

use super::nobodys_pin;
use super::support::books::verify;
use super::support::command::run;
use super::support::shop::Shop;
use super::support::terminal::Terminal;

#[test]
fn goods_quantities_and_cards_that_do_not_exist_are_refused_one_by_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let terminal = shop.terminal();
    let refusals = [
        (&["NO-SUCH"][..], 1, "the shop has no product NO-SUCH"),
        (&["TEA-MUGI", "NO-SUCH"], 1, "the shop has no product NO-SUCH"),
        (&["TEA-MUGI=1000001"], 1, "a quantity is from 1 to 1000000"),
        (&["TEA-MUGI=4294967295"], 1, "a quantity is from 1 to 1000000"),
        (&["TEA-MUGI", "--card", "7777"], 2, "cannot be used multiple times"),
    ];
    for (args, code, why) in refusals {
        let ended = terminal.buy("Approved", args);
        assert!(ended.complaint(code)[0].contains(why), "{ended:?}");
    }
    assert!(terminal.buy("Nobody's", &["TEA-MUGI"]).one_line(1).contains("there is no such card"));
    for quantity in ["0", "-1", "1.5", "x", "", "99999999999999999999"] {
        let ended = terminal.buy("Approved", &[&format!("TEA-MUGI={quantity}")]);
        assert!(
            ended.complaint(2)[0].contains("a quantity is a whole number from 1 to 1000000"),
            "{ended:?}"
        );
    }
    let many: Vec<&str> = std::iter::repeat_n("TEA-MUGI", 5_000).collect();
    assert!(terminal.buy("Approved", &many).one_line(1).contains("lines on one order"));
    let ended = terminal.buy("Approved", &["TEA-MUGI", "--order-id", "7"]);
    assert!(ended.complaint(2)[0].contains("not an order id"), "{ended:?}");
    assert_eq!(terminal.orders().len(), 0);
    assert_eq!(verify(folder.path()).owed("decisions"), 0);
}

#[test]
fn a_card_that_no_account_belongs_to_is_declined_as_unknown() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let cards = folder.path().join("cards.csv");
    let rows =
        "9999991000000079,A STRANGER,1988-04-12,2031-09\n9999991000000013,BAD CHECK,1988-04-12,2031-09\n";
    fs::write(&cards, format!("card_number,name,birth_date,expiry\n{rows}")).expect("cards");
    let terminal = Terminal { cards, ..shop.terminal() };
    for digits in ["0079", "0013"] {
        let said = terminal.buy_json(digits, &["TEA-MUGI"], 10);
        assert_eq!((&said["code"], &said["reason"]), (&"14".into(), &"unknown_card".into()));
        assert!(terminal.buy(digits, &["TEA-MUGI"]).with(10).starts_with("declined (14): "));
    }
    assert_eq!(verify(folder.path()).sold("accepted_pence"), 0);
}

#[test]
fn a_shop_that_is_not_there_is_called_unreachable() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(Shop::open(folder.path()).stop("TERM"), Some(0));
    // Somebody is there, but no shop: this one takes the datagrams and never answers.
    let mute = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = mute.local_addr().expect("an address");
    let text = fs::read_to_string(folder.path().join("shop.toml")).expect("shop.toml");
    let known = text.split('"').nth(1).expect("an address").to_owned();
    fs::write(folder.path().join("shop.toml"), text.replace(&known, &address.to_string()))
        .expect("shop.toml");
    let terminal = Terminal::of(folder.path(), "terminal");
    for ended in [terminal.buy("Approved", &["TEA-MUGI"]), run(terminal.args("orders", &[]))] {
        let line = ended.one_line(12);
        assert!(line.contains(&format!("cannot be reached: {address}")), "{line}");
    }
    let order = "01960000-0000-7000-8000-000000000001";
    assert!(terminal.give_back(order, &[]).one_line(12).contains("cannot be reached"));
}

#[test]
fn a_seller_with_another_key_than_the_pinned_one_is_not_trusted() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let terminal = with_another(&shop, "seller_pins");
    for ended in [terminal.buy("Approved", &["TEA-MUGI"]), run(terminal.args("orders", &[]))] {
        let line = ended.one_line(1);
        assert!(line.contains("not to be trusted") && line.contains("is not the shop we know"), "{line}");
    }
    assert_eq!(verify(folder.path()).sold("orders"), 0);
}

#[test]
fn a_card_is_not_sealed_for_an_issuer_whose_root_is_not_pinned() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let terminal = with_another(&shop, "issuer_roots");
    let ended = terminal.buy("Approved", &["TEA-MUGI"]);
    assert!(ended.one_line(1).contains("no sealing key is signed by a root we trust"), "{ended:?}");
    // Nothing was sealed, so nothing was placed, so nobody was asked.
    assert_eq!(verify(folder.path()).sold("orders"), 0);
    assert_eq!(verify(folder.path()).owed("decisions"), 0);
}

/// A terminal whose file names nobody's pin under this key.
fn with_another(shop: &Shop, key: &str) -> Terminal {
    let text = fs::read_to_string(shop.file()).expect("shop.toml");
    let line = text.lines().find(|line| line.starts_with(key)).expect("a line");
    let other = shop.file().with_file_name("other.toml");
    fs::write(&other, text.replace(line, &format!("{key} = [\"{}\"]", nobodys_pin()))).expect("a file");
    Terminal { shop: other, ..shop.terminal() }
}
