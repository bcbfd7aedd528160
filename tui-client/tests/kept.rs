//! What a terminal keeps on its machine: the cart, the addresses, and what was sent. Whatever is in these
//! files, the terminal starts, and says in one line what is wrong.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use kessai_shared::ids::OrderId;
use kessai_shared::pin::Pin;
use kessai_shared::time::Timestamp;
use kessai_tui_client::app::model::{AddressBook, Addressed, Goods, KeptCart, Open, Quantity};
use kessai_tui_client::home::Home;
use proptest::prelude::*;
use support::{NOW, address, item, order_id};
use tempfile::TempDir;

const SHOP: Pin = Pin([1; 32]);
const OTHER_SHOP: Pin = Pin([2; 32]);

fn home() -> (TempDir, Home) {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::new(folder.path().join("home"));
    fs::create_dir(home.path()).expect("a home");
    (folder, home)
}

fn goods(at: u32, quantity: u32) -> Goods {
    Goods { item: item(at), quantity: Quantity::of(quantity) }
}

fn file(home: &Home, beginning: &str) -> PathBuf {
    let files = fs::read_dir(home.path()).expect("a folder").map(|entry| entry.expect("an entry").path());
    let named = |path: &PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        name.starts_with(beginning) && !name.ends_with("damaged")
    };
    files.into_iter().find(named).expect("the file")
}

fn shown(cart: &KeptCart) -> Vec<(String, u32)> {
    cart.goods.iter().map(|goods| (goods.item.name.clone(), goods.quantity.get())).collect()
}

#[test]
fn a_cart_comes_back_as_it_was_each_shop_its_own() {
    let (_folder, home) = home();
    let cart =
        KeptCart { goods: vec![goods(1, 3), goods(2, 1)], aside: vec![(order_id(7), vec![goods(3, 2)])] };
    home.keep_cart(SHOP, 1, cart.clone()).expect("kept");
    let again = home.cart(SHOP).expect("a cart");
    assert_eq!(shown(&again), shown(&cart));
    assert_eq!((again.aside[0].0, again.aside[0].1[0].quantity.get()), (order_id(7), 2));
    assert!(home.cart(OTHER_SHOP).expect("a cart").goods.is_empty());
    let mode = fs::metadata(file(&home, "cart-")).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "what is wanted is nobody else's business");
}

#[test]
fn an_older_cart_never_replaces_a_newer_one() {
    let (_folder, home) = home();
    home.keep_cart(SHOP, 5, KeptCart { goods: vec![goods(1, 5)], aside: Vec::new() }).expect("kept");
    home.keep_cart(SHOP, 4, KeptCart { goods: vec![goods(1, 4)], aside: Vec::new() }).expect("not needed");
    assert_eq!(home.cart(SHOP).expect("a cart").goods[0].quantity.get(), 5);
}

#[test]
fn a_damaged_cart_is_put_out_of_the_way_and_told_of_once() {
    let (_folder, home) = home();
    for bad in ["", "{", "[]", r#"{"goods":[{"sku":"A"}]}"#, r#"{"goods":[],"more":1}"#] {
        home.keep_cart(SHOP, 1, KeptCart::default()).expect("kept");
        let path = home.path().join(format!("cart-{}.json", &SHOP.to_string()[..16]));
        fs::write(&path, bad).expect("written");
        let why = home.cart(SHOP).err().expect("a damaged file");
        assert!(why.contains("cart-") && why.contains("it is now"), "{why}");
        assert!(home.cart(SHOP).expect("an empty cart").goods.is_empty(), "told of once");
    }
}

#[test]
fn what_a_cart_file_claims_has_limits() {
    let (_folder, home) = home();
    let path = home.path().join(format!("cart-{}.json", &SHOP.to_string()[..16]));
    let goods = |quantity: u64, price: i64| {
        format!(
            r#"{{"sku":"A","name":"n","category":"c","unit_price":{price},"available":1,"on_hand":1,"quantity":{quantity}}}"#
        )
    };
    let many = vec![goods(1, 1); 2_001].join(",");
    for bad in [goods(0, 1), goods(1_000_001, 1), goods(1, -1), many] {
        fs::write(&path, format!(r#"{{"goods":[{bad}]}}"#)).expect("written");
        assert!(home.cart(SHOP).is_err());
    }
    fs::write(&path, format!(r#"{{"goods":[{}]}}"#, goods(1, 1))).expect("written");
    assert_eq!(home.cart(SHOP).expect("a cart").goods.len(), 1);
}

fn sent(home: &Home) -> (Vec<OrderId>, Vec<(OrderId, bool)>) {
    let sent = home.sent(SHOP, |_| true).expect("readable");
    (sent.open.iter().map(|open| open.order).collect(), sent.ended.into_iter().collect())
}

#[test]
fn what_was_sent_and_has_no_end_is_known_the_next_time() {
    let (_folder, home) = home();
    let deadline = NOW.plus_seconds(300);
    assert_eq!(sent(&home), (Vec::new(), Vec::new()));
    for order in 1..=3 {
        home.note_sent(SHOP, order_id(order), NOW, deadline).expect("noted");
    }
    home.note_end(SHOP, order_id(2), true).expect("noted");
    assert_eq!(sent(&home), (vec![order_id(1), order_id(3)], vec![(order_id(2), true)]));
    let open = home.sent(SHOP, |_| false).expect("readable").open;
    assert_eq!(open[0], Open { order: order_id(1), sent_at: NOW, deadline });
    assert!(home.sent(OTHER_SHOP, |_| true).expect("nothing").open.is_empty());
    // Sent again after all, it has no end again.
    home.note_sent(SHOP, order_id(2), NOW, deadline).expect("noted");
    assert_eq!(sent(&home), (vec![order_id(1), order_id(3), order_id(2)], Vec::new()));
}

#[test]
fn a_line_that_was_cut_short_costs_no_other_and_another_programs_file_is_told() {
    let (_folder, home) = home();
    home.note_sent(SHOP, order_id(1), NOW, NOW).expect("noted");
    let path = file(&home, "sent-");
    let whole = fs::read_to_string(&path).expect("text");
    fs::write(&path, format!("{whole}sent 0190")).expect("written");
    assert_eq!(sent(&home).0, vec![order_id(1)]);
    // What is written behind it begins on a line of its own.
    home.note_sent(SHOP, order_id(2), NOW, NOW).expect("noted");
    assert_eq!(sent(&home).0, vec![order_id(1), order_id(2)]);
    fs::write(&path, format!("nonsense\n{whole}")).expect("written");
    assert_eq!(sent(&home).0, vec![order_id(1)]);
    fs::write(&path, "nonsense\nand more\n").expect("written");
    let why = home.sent(SHOP, |_| true).err().expect("a damaged file");
    assert!(why.contains("none of its lines") && why.contains("it is now"), "{why}");
    assert_eq!(sent(&home).0, Vec::new());
}

#[test]
fn a_long_record_of_what_was_sent_becomes_short_again() {
    let (_folder, home) = home();
    let deadline = Timestamp(5);
    home.note_sent(SHOP, order_id(1), NOW, deadline).expect("noted");
    let path = file(&home, "sent-");
    let over: String = (0..2_000)
        .map(|at: u32| {
            let order = OrderId::mint(NOW, [(at % 251) as u8, (at / 251) as u8, 9, 9, 9, 9, 9, 9, 9, 9]);
            format!("sent {order} 1 2\nended {order} bought\n")
        })
        .collect();
    fs::write(&path, format!("{}{over}", fs::read_to_string(&path).expect("text"))).expect("written");
    assert_eq!(home.sent(SHOP, |_| false).expect("readable").open.len(), 1);
    assert!(fs::metadata(&path).expect("the file").len() < 200);
    assert_eq!(sent(&home).0, vec![order_id(1)]);
}

fn book() -> AddressBook {
    let mut book = AddressBook::default();
    for label in ["Home", "Parents’"] {
        book.put(None, Addressed { label: label.into(), address: address("London") }).expect("room");
    }
    book
}

#[test]
fn addresses_come_back_as_they_were_and_only_their_owner_reads_them() {
    let (_folder, home) = home();
    assert!(home.addresses().expect("none").entries().is_empty());
    let mut book = book();
    book.make_default(1);
    home.keep_addresses(&book).expect("kept");
    let again = home.addresses().expect("addresses");
    assert_eq!((again.entries(), again.default_at()), (book.entries(), Some(1)));
    let path = home.addresses_file();
    assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("changed");
    let why = home.addresses().map(drop).expect_err("others may read it").to_string();
    assert!(why.contains("chmod 600"), "{why}");
}

#[test]
fn a_file_of_addresses_that_is_wrong_says_where_and_stays_as_it_is() {
    let (_folder, home) = home();
    let good = "[[address]]\nlabel = \"Home\"\nname = \"Ada\"\nlines = [\"1 Quay\"]\ntown = \"Leith\"\ncountry = \"GB\"\n";
    let path = home.addresses_file();
    let write = |text: &str| {
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("changed");
    };
    write(good);
    assert_eq!(home.addresses().expect("addresses").default_at(), None, "nobody said so");
    let long = "x".repeat(300 * 1024);
    for (bad, tells) in [
        (format!("{good}{good}"), "another address has this label"),
        (good.replace("GB", "Scotland"), "address 1 (\"Home\"): country"),
        (good.replace("Ada", "A\\u0007da"), "name"),
        (good.replace("[\"1 Quay\"]", "[]"), "lines"),
        (format!("default = \"Work\"\n{good}"), "no address is called \"Work\""),
        (format!("colour = \"red\"\n{good}"), "colour"),
        ("[[address".to_owned(), "addresses.toml"),
        (long, "larger than"),
    ] {
        write(&bad);
        let why = home.addresses().map(drop).expect_err("a wrong file").to_string();
        assert!(why.contains(tells) && why.contains("addresses.toml"), "{why}");
        assert_eq!(fs::read_to_string(&path).expect("text"), bad, "its owner mends it");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_file_breaks_the_terminal(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let (_folder, home) = home();
        let short = &SHOP.to_string()[..16];
        for name in [format!("cart-{short}.json"), format!("sent-{short}.txt"), "addresses.toml".to_owned()] {
            fs::write(home.path().join(name), &bytes).expect("written");
        }
        let _ = (home.cart(SHOP), home.sent(SHOP, |_| true).map(|_| ()), home.addresses());
    }
}
