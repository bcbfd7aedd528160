//! Holds a seller's books against its journal and against themselves.

use std::collections::BTreeMap;
use std::path::Path;

use kessai_shared::folder::DataFolder;
use kessai_shared::ids::Sku;
use kessai_shared::journal::Head;
use kessai_shared::picture::PictureName;
use kessai_shared::store::{self, Auditor, Compared, Stamp};
use serde::Serialize;

use crate::pictures::Pictures;
use crate::sales::{Audit, Books, Change};
use crate::settings::{FOLDER, JOURNAL};

/// What the books come to, and everything that is wrong with them.
#[derive(Debug, Serialize)]
pub struct Report {
    pub records: u64,
    /// The first record whose change could be seen; what stood before it is in the checkpoint, as rows.
    pub changes_from: u64,
    pub groups: u64,
    pub head: String,
    pub products: u64,
    pub orders: u64,
    pub accepted_orders: u64,
    pub accepted_pence: i64,
    /// What of the accepted was cancelled before it was shipped.
    pub cancelled_pence: i64,
    pub refunded_pence: i64,
    /// Pieces available, over all products.
    pub stock_left: u64,
    /// Orders that wait for an answer from the settlement.
    pub pending_orders: u64,
    /// Whether the store beside the journal was compared; not while the daemon uses it.
    pub store_checked: bool,
    pub notes: Vec<String>,
    pub problems: Vec<String>,
}

/// Walks the journal and compares everything with everything.
///
/// # Errors
/// A line when there is no data folder, or its journal cannot be read to its end.
pub fn verify(data: &Path) -> Result<Report, String> {
    let live = DataFolder::is_live(data, FOLDER).map_err(|error| error.to_string())?;
    let (books, opened, audit): (_, _, Audit) =
        store::audit_live::<Books, Audit>(data, JOURNAL).map_err(|fault| fault.to_string())?;
    let mut problems = audit.finish(&books);
    problems.extend(lost_pictures(&Pictures::in_folder(data), &books));
    let mut notes = opened.notes();
    if opened.checkpoint > 0 {
        notes.push(format!(
            "records up to {} are in a checkpoint: what they came to was checked, each of their changes \
             cannot be seen any more",
            opened.checkpoint
        ));
    }
    if live {
        notes.push("the seller is running, so the store beside the journal was not compared".to_owned());
    } else {
        let _held = DataFolder::open(data, FOLDER).map_err(|error| error.to_string())?;
        match store::compare_shelf(data, &books, opened.head) {
            Ok(Compared::Same) => {}
            Ok(Compared::Behind { position }) => notes.push(format!(
                "the store beside the journal is of record {position}; the next start brings it up to date"
            )),
            Err(difference) => problems.push(format!("store: {difference}; the next start makes it anew")),
        }
    }
    let totals = books.totals();
    Ok(Report {
        records: opened.head.position,
        changes_from: opened.checkpoint + 1,
        groups: opened.journal.groups,
        head: opened.head.hash.to_string(),
        products: totals.products,
        orders: totals.orders,
        accepted_orders: totals.accepted_orders,
        accepted_pence: totals.accepted.0,
        cancelled_pence: totals.cancelled.0,
        refunded_pence: totals.refunded.0,
        stock_left: totals.stock_left,
        pending_orders: totals.pending,
        store_checked: !live,
        notes,
        problems,
    })
}

/// What is wrong with the pictures that products have: each is read once.
fn lost_pictures(pictures: &Pictures, books: &Books) -> Vec<String> {
    let named: BTreeMap<PictureName, &Sku> =
        books.abouts().filter_map(|(sku, about)| Some((about.picture?, sku))).collect();
    let problem = |(name, sku)| {
        let why = pictures.read(name).err()?;
        Some(format!("picture of {sku}: {why}"))
    };
    named.into_iter().filter_map(problem).collect()
}

impl Auditor<Books> for Audit {
    fn begin(&mut self, books: &Books, _: Head) {
        Audit::begin(self, books);
    }

    fn see(&mut self, change: &Change, _: Stamp, _: &Books) {
        Audit::see(self, change);
    }
}
