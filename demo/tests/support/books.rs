//! What both sides' books come to, as their own `verify` tells it.

use std::path::Path;

use serde_json::Value;

use super::command::run;

/// The reports of both daemons.
#[derive(Clone, Debug, PartialEq)]
pub struct Books {
    pub seller: Value,
    pub settlement: Value,
}

/// Verifies both sides of a shop; they have to be sound.
pub fn verify(folder: &Path) -> Books {
    Books {
        seller: report("kessai-server", &folder.join("seller")),
        settlement: report("kessai-settlement", &folder.join("settlement")),
    }
}

/// Verifies the data folder of one daemon; it has to be sound.
pub fn report(role: &str, data: &Path) -> Value {
    let data = data.display().to_string();
    let ended = run([role, "verify", "--json", "--data", data.as_str()]);
    let report: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"));
    assert_eq!(report["problems"], Value::Array(Vec::new()), "{role}: {report:#}");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    report
}

impl Books {
    pub fn sold(&self, name: &str) -> i64 {
        self.seller[name].as_i64().unwrap_or_else(|| panic!("{name}: {:#}", self.seller))
    }

    pub fn owed(&self, name: &str) -> i64 {
        self.settlement[name].as_i64().unwrap_or_else(|| panic!("{name}: {:#}", self.settlement))
    }

    /// The totals that no restart and no repetition may change.
    pub fn totals(&self) -> Vec<i64> {
        let sold = ["orders", "accepted_orders", "accepted_pence", "refunded_pence", "stock_left"];
        let owed = ["decisions", "approved", "live_holds", "held_pence", "balance_pence", "exposure_pence"];
        let sold = sold.iter().map(|name| self.sold(name));
        sold.chain(owed.iter().map(|name| self.owed(name))).collect()
    }

    /// Both sides agree on what `sold` since the settlement's exposure was `before`.
    pub fn agree_since(&self, before: i64) {
        let gone = self.sold("refunded_pence") + self.sold("cancelled_pence");
        let sold = self.sold("accepted_pence") - gone;
        assert_eq!(self.owed("exposure_pence") - before, sold, "{self:#?}");
    }
}
