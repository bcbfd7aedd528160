//! Holds a settlement's books against its journal and against themselves.

use std::collections::BTreeMap;
use std::path::Path;

use kessai_shared::folder::DataFolder;
use kessai_shared::journal::Head;
use kessai_shared::money::Currency;
use kessai_shared::store::{self, Auditor, Compared, Stamp};
use serde::Serialize;

use crate::ledger::{Audit, Books, Change, Money};
use crate::settings::{FOLDER, JOURNAL};

/// What the books come to, and everything that is wrong with them.
#[derive(Debug, Serialize)]
pub struct Report {
    pub records: u64,
    /// The first record whose change could be seen; what stood before it is in the checkpoint, as rows.
    pub changes_from: u64,
    pub groups: u64,
    pub head: String,
    pub accounts: u64,
    pub decisions: u64,
    pub approved: u64,
    /// How often each reason was given, `57` for seals that did not open.
    pub reasons: BTreeMap<String, u64>,
    /// Groups of the journal whose heads are signed, and the decisions that are proved to stand in one.
    pub groups_signed: u64,
    pub decisions_proven: u64,
    pub live_holds: u64,
    /// Orders for which a capture came after their hold had expired: goods that nobody paid for.
    pub late_presentments: u64,
    /// The accounts in pounds; those of every currency are in `money`.
    pub held_pence: i64,
    pub balance_pence: i64,
    pub captured_pence: i64,
    pub refunded_pence: i64,
    /// Balances and live holds together.
    pub exposure_pence: i64,
    /// By the code of the currency, in its minor units. Sums of two currencies are never added up.
    pub money: BTreeMap<&'static str, MoneyReport>,
    /// Whether the store beside the journal was compared; not while the daemon uses it.
    pub store_checked: bool,
    pub notes: Vec<String>,
    pub problems: Vec<String>,
}

/// The sums of one currency, in its minor units (yen have none smaller).
#[derive(Debug, Serialize)]
pub struct MoneyReport {
    pub held: i64,
    pub balance: i64,
    pub exposure: i64,
    pub captured: i64,
    pub refunded: i64,
    pub charged_back: i64,
}

impl From<Money> for MoneyReport {
    fn from(money: Money) -> Self {
        Self {
            held: money.held.0,
            balance: money.balance.0,
            exposure: money.balance.0.saturating_add(money.held.0),
            captured: money.captured.0,
            refunded: money.refunded.0,
            charged_back: money.charged_back.0,
        }
    }
}

/// Walks the journal and compares everything with everything.
///
/// # Errors
/// A line when there is no data folder, or its journal cannot be read to its end.
pub fn verify(data: &Path) -> Result<Report, String> {
    let live = DataFolder::is_live(data, FOLDER).map_err(|error| error.to_string())?;
    let (books, opened, mut audit): (_, _, Audit) =
        store::audit_live::<Books, Audit>(data, JOURNAL).map_err(|fault| fault.to_string())?;
    let proven = audit.prove(&books);
    let mut problems = audit.finish(&books);
    let mut notes = opened.notes();
    if opened.checkpoint > 0 {
        notes.push(format!(
            "records up to {} are in a checkpoint: what they came to was checked, each of their changes \
             cannot be seen any more",
            opened.checkpoint
        ));
    }
    if live {
        notes.push("the settlement is running, so the store beside the journal was not compared".to_owned());
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
    let pounds = MoneyReport::from(totals.of(Currency::Gbp));
    Ok(Report {
        records: opened.head.position,
        changes_from: opened.checkpoint + 1,
        groups: opened.journal.groups,
        head: opened.head.hash.to_string(),
        accounts: totals.accounts,
        decisions: totals.decisions,
        approved: totals.approved,
        reasons: books.reasons().into_iter().map(|(reason, count)| (reason.word(), count)).collect(),
        groups_signed: proven.groups,
        decisions_proven: proven.decisions,
        live_holds: totals.live_holds,
        late_presentments: totals.late_presentments,
        held_pence: pounds.held,
        balance_pence: pounds.balance,
        captured_pence: pounds.captured,
        refunded_pence: pounds.refunded,
        exposure_pence: pounds.exposure,
        money: totals.money.into_iter().map(|(currency, money)| (currency.code(), money.into())).collect(),
        store_checked: !live,
        notes,
        problems,
    })
}

impl Auditor<Books> for Audit {
    fn begin(&mut self, books: &Books, head: Head) {
        Audit::begin(self, books, head.position);
    }

    fn see(&mut self, change: &Change, _: Stamp, books: &Books) {
        Audit::see(self, change, books);
    }
}
