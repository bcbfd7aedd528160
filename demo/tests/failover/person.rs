//! What `kessai-demo serve --standby` is for: somebody kills the seller and sees the purchase go on.

use std::path::Path;
use std::time::Instant;

use kessai_shared::settlement::Mode;

use crate::epochs::Epochs;
use crate::support::processes;
use crate::support::shop::Shop;

/// Which process runs the node of this folder as this.
fn node(shop: &Shop, folder: &Path, act: &str) -> Option<u32> {
    let data = folder.display().to_string();
    processes::on_folder(folder).into_iter().find(|pid| {
        let told = processes::arguments(*pid);
        *pid != shop.house() && told.iter().any(|word| word == act) && told.contains(&data)
    })
}

pub fn kills_the_seller() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open_with(folder.path(), &["--standby"]);
    let terminal = shop.terminal();
    let first = terminal.buy_json("Approved", &["TEA-MUGI"], 0);
    let nodes = ["seller", "standby"].map(|name| folder.path().join(name));
    let mut read = 0;
    crate::support::until("a standby that is waited for", || {
        let (tenure, at) = Epochs::newest(&nodes[0], read);
        read = at;
        tenure.is_some_and(|tenure| matches!(tenure.mode, Mode::Sync { .. }))
    });
    processes::signal(node(&shop, &nodes[0], "serve").expect("a node in charge"), "KILL");
    let struck = Instant::now();
    let bought = terminal.buy_json("Approved", &["TEA-MUGI"], 0);
    println!("bought {} ms after the node in charge was killed", struck.elapsed().as_millis());
    assert_eq!((&bought["outcome"], &bought["amount_pence"]), (&first["outcome"], &first["amount_pence"]));
    crate::support::until("the killed node as a standby", || node(&shop, &nodes[0], "standby").is_some());
    assert_eq!(terminal.orders().len(), 2);
    assert_eq!(shop.stop("TERM"), Some(0));
    // The second node was in charge when the shop was closed, so it is when the shop is opened again.
    let shop = Shop::open_with(folder.path(), &["--standby"]);
    assert_eq!(terminal.orders().len(), 2);
    terminal.buy_json("Approved", &["TEA-MUGI"], 0);
    assert!(node(&shop, &nodes[0], "standby").is_some());
}
