//! What is freed holds no card. The dump of a process shows what happens to be left at one moment;
//! this looks at every block of memory when it is given back, on all sides of a purchase: the
//! terminal, the seller and the settlement, in one process for once, over real QUIC.

#[path = "../support/mod.rs"]
mod support;

mod watching;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use kessai_shared::card::{CardNumber, HolderName, Particulars};
use kessai_shared::daemon::Ground;
use kessai_shared::ids::Sku;
use kessai_shared::net::RealNet;
use kessai_shared::storefront::Line;
use kessai_shared::time::Timestamp;
use kessai_tui_client::ending::Ending;
use kessai_tui_client::home::Home;
use kessai_tui_client::shop::Shop;
use kessai_tui_client::shop_file::ShopFile;
use support::command::run;
use tokio::sync::oneshot;
use watching::Watching;

#[global_allocator]
static ALLOCATOR: Watching = Watching;

const NUMBER: &str = "9999991837465529";
const NAME: &str = "Quvoraxi Zemutilobeqaxuwofirepy";
const UPPER_NAME: &str = "QUVORAXI ZEMUTILOBEQAXUWOFIREPY";
const BIRTH_DATE: &str = "1936-05-21";
const EXPIRY: &str = "2034-05";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_side_of_a_purchase_frees_memory_with_a_card_in_it() {
    let folder = tempfile::tempdir().expect("a folder");
    prepare(folder.path());
    let shop = open(folder.path()).await;
    // Text that grows leaves its first eight bytes behind, and then more.
    let planted =
        [&NUMBER[..8], &NUMBER[8..], &NAME[..8], &NAME[8..], &UPPER_NAME[..8], &UPPER_NAME[8..], BIRTH_DATE];
    watching::watch(&planted);
    for text in planted {
        drop(format!("<{text}>"));
        assert_ne!(watching::count(), 0, "the watch does not see what is freed: {text}");
    }
    // By themselves too, and not only as parts of a card.
    drop((NUMBER.parse::<CardNumber>(), NAME.parse::<HolderName>()));
    let mut ends = Vec::new();
    for name in [NAME, "QUVORAXI zemutilobeqaxuwofirepy", "Somebody Else"] {
        // As people type it.
        let typed = format!("{} {}-{} {}", &NUMBER[..4], &NUMBER[4..8], &NUMBER[8..12], &NUMBER[12..]);
        let card = card(&typed, name);
        let order = shop.open_checkout().expect("an order id");
        let lines = [Line { sku: Sku::new("TEA").expect("a SKU"), quantity: 1 }];
        let quote = shop.quote(order, &lines).await.expect("a quote");
        ends.push(shop.pay(&quote, &card.into()).await.expect("an ending"));
    }
    shop.leave().await;
    let found = watching::end();
    let accepted = |end: &Ending| matches!(end, Ending::Accepted { .. });
    assert!(accepted(&ends[0]) && accepted(&ends[1]) && !accepted(&ends[2]), "{ends:?}");
    assert!(found.is_empty(), "freed with a card in it, {} times:\n{}", found.len(), found.join("\n"));
}

fn card(number: &str, name: &str) -> Particulars {
    Particulars {
        number: number.parse().expect("a number"),
        name: name.parse().expect("a name"),
        birth_date: BIRTH_DATE.parse().expect("a day"),
        expiry: EXPIRY.parse().expect("a month"),
    }
}

/// Takes the tables in, as processes of their own: they end, and the kernel wipes what they leave.
fn prepare(folder: &Path) {
    let at = |name: &str| folder.join(name).display().to_string();
    let head = "card_number,name,birth_date,expiry,limit_pence,balance_pence,months_late,late_history";
    let account = format!("{head}\n{NUMBER},{NAME},{BIRTH_DATE},{EXPIRY},100000,0,0,\n");
    fs::write(at("cardholders.csv"), account).expect("a table");
    fs::write(at("products.csv"), "sku,name,unit_price_pence,stock\nTEA,Sencha,450,9\n").expect("a table");
    let (settlement, seller) = (at("settlement"), at("seller"));
    run(["kessai-settlement", "import-accounts", &at("cardholders.csv"), "--data", &settlement]).with(0);
    run(["kessai-server", "import-products", &at("products.csv"), "--data", &seller]).with(0);
    let keys = run(["kessai-server", "keys", "--data", &seller]).with(0);
    let pin = keys.split_whitespace().nth(1).expect("a pin");
    run(["kessai-settlement", "allow", pin, "--data", &settlement]).with(0);
    support::closed::hand_over_knock_key(settlement.as_ref(), seller.as_ref(), pin);
}

/// Starts both daemons in this process, and a terminal.
async fn open(folder: &Path) -> Shop {
    let ground =
        || Ground { net: RealNet::default(), clock: Arc::new(Timestamp::from_system_clock), disk: None };
    let (tell, told) = oneshot::channel();
    let settings = kessai_settlement::settings::Settings::read(&folder.join("settlement"), None);
    let settings = settings.expect("settings");
    let ready = |ready: kessai_settlement::daemon::Ready| assert!(tell.send(ready).is_ok());
    tokio::spawn(kessai_settlement::daemon::run(settings, ground(), ready, std::future::pending()));
    let settlement = told.await.expect("a settlement");
    let (tell, told) = oneshot::channel();
    let given = kessai_server::settings::Given {
        settlement: vec![settlement.address],
        settlement_pins: vec![settlement.pin],
        ..Default::default()
    };
    let settings = kessai_server::settings::Settings::read(&folder.join("seller"), given).expect("settings");
    let ready = |ready: kessai_server::daemon::Ready| assert!(tell.send(ready).is_ok());
    tokio::spawn(kessai_server::daemon::run(settings, ground(), ready, std::future::pending()));
    let seller = told.await.expect("a seller");
    let file = ShopFile {
        addresses: vec![seller.address],
        seller_pins: vec![seller.pin],
        issuer_roots: vec![settlement.root],
    };
    let home = Home::new(folder.join("terminal"));
    Shop::new(file, home, &RealNet::default(), Arc::new(Timestamp::from_system_clock)).expect("a shop")
}
