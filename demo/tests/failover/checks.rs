//! What has to hold whatever became of the nodes: nothing that anybody was told is lost, charged twice or sold
//! twice, and the books of both sides are sound and agree.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kessai_shared::ids::OrderId;
use kessai_shared::storefront::OrderState;
use kessai_tui_client::shop::{Ending, Shop};
use kessai_tui_client::shop_file::ShopFile;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::load::{self, SCARCE_STOCK, Told};
use crate::support::command::run;

/// How long one order may be asked for until its node answers.
const PATIENCE: Duration = Duration::from_secs(120);

/// Every order of these terminals that was told to be accepted is so in the books of the node that this file names, with the
/// settlement's signature.
pub fn none_is_lost(file: &ShopFile, homes: &Path, told: &[Told], of: Range<usize>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let mut looks = JoinSet::new();
        for (nth, shop) in load::terminals(file, homes, of) {
            let its = told.iter().filter(|told| told.terminal == nth && told.accepted).copied();
            let told = its.collect::<Vec<_>>();
            looks.spawn(async move {
                for told in told {
                    is_accepted(&shop, told).await;
                }
                shop.leave().await;
            });
        }
        while let Some(look) = looks.join_next().await {
            look.expect("an order that is there");
        }
    });
}

async fn is_accepted(shop: &Shop, told: Told) {
    let begun = Instant::now();
    let (view, ending) = loop {
        match shop.order(told.order).await {
            Ok(found) => break found,
            Err(why) => assert!(begun.elapsed() < PATIENCE, "{}: {why}", told.order),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let stands = matches!(view.order, OrderState::Confirmed | OrderState::Completed);
    let same = matches!(ending, Ending::Accepted { amount, .. } if amount.0 == told.pence);
    assert!(stands && same, "an acknowledged order is {:?} with {ending:?}: {told:?}", view.order);
}

/// What one side's own `verify` reports; it has to be sound.
pub fn sound(role: &str, data: &Path) -> Value {
    let data = data.display().to_string();
    let ended = run([role, "verify", "--json", "--data", data.as_str()]);
    let report: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"));
    assert_eq!(report["problems"], Value::Array(Vec::new()), "{role}: {report:#}");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    report
}

/// The books of the node in charge and of the settlement agree with each other and with what was told, once
/// nothing is under way any more. `before` was the settlement's exposure at the beginning.
pub fn agree([seller, settlement]: &[PathBuf; 2], before: i64, told: &[Told]) {
    let mut books = None;
    crate::support::until("orders that are all settled", || {
        let report = sound("kessai-server", seller);
        let settled = report["pending_orders"] == 0 && report["unknown_payments"].as_i64().unwrap_or(0) == 0;
        books = settled.then_some(report);
        books.is_some()
    });
    let (seller, settlement) = (books.expect("a report"), sound("kessai-settlement", settlement));
    let number =
        |report: &Value, name: &str| report[name].as_i64().unwrap_or_else(|| panic!("{name}: {report:#}"));
    let mut accepted: BTreeMap<OrderId, i64> = BTreeMap::new();
    for told in told.iter().filter(|told| told.accepted) {
        assert_eq!(accepted.insert(told.order, told.pence), None, "{} was told twice", told.order);
    }
    let pence: i64 = accepted.values().sum();
    assert_eq!(number(&seller, "accepted_orders"), accepted.len() as i64, "{seller:#}");
    assert_eq!(number(&seller, "accepted_pence"), pence, "{seller:#}");
    let sold = pence - number(&seller, "cancelled_pence") - number(&seller, "refunded_pence");
    assert_eq!(number(&settlement, "exposure_pence") - before, sold, "{seller:#} {settlement:#}");
    let scarce = told.iter().filter(|told| told.accepted && told.scarce).count() as u64;
    assert!(scarce <= SCARCE_STOCK, "{scarce} of {SCARCE_STOCK} scarce pieces were sold");
}

/// The settlement's exposure, in pence.
pub fn exposure(settlement: &Path) -> i64 {
    sound("kessai-settlement", settlement)["exposure_pence"].as_i64().expect("a number")
}
