//! Tables that are not as they should be.

use std::fs;
use std::path::Path;

use super::on;
use super::support::books::verify;
use super::support::command::Ended;
use super::support::shop::Shop;

const PRODUCTS: &str = "sku,name,unit_price_pence,stock\n";
const ACCOUNTS: &str =
    "card_number,name,birth_date,expiry,limit_pence,balance_pence,months_late,late_history\n";

/// Takes a table in, as `import-products` or `import-accounts`.
fn import(folder: &Path, act: &str, content: &[u8]) -> Ended {
    let (role, data) = match act {
        "import-products" => ("kessai-server", "seller"),
        _ => ("kessai-settlement", "settlement"),
    };
    let table = folder.join("table.csv");
    fs::write(&table, content).expect("a table");
    on(&folder.join(data), &[role, act, &table.display().to_string()])
}

/// The complaints about a table, without the names of program and folder.
fn complaints(folder: &Path, act: &str, content: &[u8]) -> Vec<String> {
    let ended = import(folder, act, content);
    let name = format!(": {}", folder.join("table.csv").display());
    let lines = ended.complaint(1);
    lines.iter().map(|line| line.split_once(&name).unwrap_or_else(|| panic!("{line}")).1.to_owned()).collect()
}

#[test]
fn every_bad_row_of_the_products_is_told_and_the_shop_stays_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(Shop::open(folder.path()).stop("TERM"), Some(0));
    let before = verify(folder.path());
    let mut table = PRODUCTS.as_bytes().to_vec();
    table.extend(b"TEA-NEW,Good,100,5\nA,a,x,-1\n,c,1,1\nB,b,1,1\nB,b,1,1\nE,e,1\n\xff,f,1,1\n");
    table.extend(b"G,g,1,99999999999999999999\nH,h,-5,1.5\n\"un,closed\n");
    let expected = [
        ":3:3: unit_price_pence: expected a whole number of pence, 0 or more",
        ":3:4: stock: expected a whole number of pieces, 0 or more",
        ":4:1: sku: expected 1 to 40 bytes, no space at the ends",
        ":6:1: sku: expected every SKU once, but line 5 has it too",
        ":7: 3 fields where the header has 4",
        ":8:1: expected UTF-8",
        ":9:4: stock: expected a whole number of pieces, 0 or more",
        ":10:3: unit_price_pence: expected a whole number of pence, 0 or more",
        ":10:4: stock: expected a whole number of pieces, 0 or more",
        ":11: 1 fields where the header has 4",
    ];
    assert_eq!(complaints(folder.path(), "import-products", &table), expected);
    assert_eq!(verify(folder.path()), before);
}

#[test]
fn every_bad_row_of_the_accounts_is_told_and_the_shop_stays_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(Shop::open(folder.path()).stop("TERM"), Some(0));
    let before = verify(folder.path());
    let table = format!(
        "{ACCOUNTS}9999991000000079,NEW,1988-04-12,2031-09,1,1,0,0\n\
         9999991000000013,LUHN,1988-04-12,2031-09,1,1,0,0\n\
         99,,88,2031-13,-1,z,300,a;b\n\
         9999991000000079,AGAIN,1988-04-12,2031-09,1,1,0,0\n\
         9999991000000012,X,1988-02-30,2031-09,1,1,0,0;0;-1\n"
    );
    let expected = [
        ":3:1: card_number: expected 12 to 19 digits with a right check digit",
        ":4:1: card_number: expected 12 to 19 digits with a right check digit",
        ":4:2: name: expected 1 to 64 bytes",
        ":4:3: birth_date: expected a day as YYYY-MM-DD",
        ":4:4: expiry: expected a month as YYYY-MM",
        ":4:5: limit_pence: expected a whole number of pence, 0 or more",
        ":4:6: balance_pence: expected a whole number of pence",
        ":4:7: months_late: expected a number of months from 0 to 255",
        ":4:8: late_history: expected at most 24 numbers of months with ';' between them",
        ":5:1: card_number: expected every number once, but line 2 has it too",
        ":6:3: birth_date: expected a day as YYYY-MM-DD",
        ":6:8: late_history: expected at most 24 numbers of months with ';' between them",
    ];
    assert_eq!(complaints(folder.path(), "import-accounts", table.as_bytes()), expected);
    assert_eq!(verify(folder.path()), before);
}

#[test]
fn a_table_that_is_missing_empty_or_without_a_column_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = complaints(folder.path(), "import-products", b"name,sku,stock\n");
    assert_eq!(told, [":1: there is no column 'unit_price_pence'"]);
    assert_eq!(complaints(folder.path(), "import-products", b"").len(), 4);
    assert_eq!(complaints(folder.path(), "import-products", b"\xff\xfe,\n").len(), 1);
    let data = folder.path().join("seller");
    for (table, why) in [("/no/such/table", "cannot be read"), ("/", "is a folder")] {
        let ended = on(&data, &["kessai-server", "import-products", table]);
        let line = ended.one_line(1);
        assert!(line.starts_with(&format!("kessai-server: {table}: {why}")), "{line}");
    }
    let cards = folder.path().join("cards.csv");
    fs::write(&cards, "card_number,name\n1,2\n").expect("a table");
    let shop = folder.path().join("shop.toml").display().to_string();
    let cards = cards.display().to_string();
    let args = ["kessai", "buy", "TEA", "--shop", &shop, "--cards", &cards];
    let lines: Vec<String> = on(&data, &args).complaint(1).into_iter().map(str::to_owned).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].ends_with("cards.csv:1: there is no column 'birth_date'"), "{lines:?}");
}

#[test]
fn columns_that_nobody_asked_for_are_named_once_and_ignored() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = b"sku,colour,name,unit_price_pence,size,stock\nA,red,a,1,9,1\nB,blue,b,1,8,2\n";
    let ended = import(folder.path(), "import-products", table);
    assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
    assert!(ended.err.ends_with("table.csv: ignored columns: colour, size\n"), "{ended:?}");
    assert_eq!(ended.with(0), "2 products stocked, 0 relisted, 0 unchanged\n");
}

#[test]
fn a_shop_does_not_open_on_a_bad_table_and_opens_once_it_is_mended() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = folder.path().join("products.csv");
    let given = table.display().to_string();
    fs::write(&table, format!("{PRODUCTS}A,a,1,x\nB,b,y,1\n")).expect("a table");
    let data = folder.path().join("shop");
    let ended = Shop::try_open(&data, &["--products", &given]).err().expect("no shop");
    let lines = ended.complaint(1);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("products.csv:2:4: stock: "), "{lines:?}");
    assert!(lines[1].contains("products.csv:3:3: unit_price_pence: "), "{lines:?}");
    fs::write(&table, format!("{PRODUCTS}A,a,1,2\n")).expect("a table");
    let shop = Shop::open_with(&data, &["--products", &given]);
    shop.terminal().buy("Approved", &["A"]).with(0);
}
