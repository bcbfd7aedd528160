//! The terminal's side: the receipts that it has kept, each checked before it is believed.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use kessai_shared::console::Failure;
use kessai_shared::ids::OrderId;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Verdict;

use crate::receipt_file::{MAX_FILE_BYTES, Receipt};

/// Most receipts that are laid beside the books at once: of each, only a few words are kept.
pub const MAX_RECEIPTS: usize = 1_000_000;

/// What a receipt proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slip {
    pub order: OrderId,
    pub seller: Pin,
    pub verdict: Verdict,
    pub currency: Currency,
    pub total: Minor,
}

/// The receipts that were found, and how many were not believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slips {
    /// The newest order first, each order once.
    pub slips: Vec<Slip>,
    /// Receipts whose every signature holds, under issuers that this terminal does not know.
    pub strange: u64,
}

/// The receipts under these names, files or folders of files, that are under one of these issuers' roots.
/// Other files in a folder are passed over; a file that is named itself has to be a receipt.
///
/// # Errors
/// [`Failure`] with the first file that cannot be read or is not what it should be.
pub fn read(names: &[PathBuf], roots: &[Pin]) -> Result<Slips, Failure> {
    let mut found = Slips::default();
    for name in names {
        if name.is_dir() {
            let entries = fs::read_dir(name).map_err(|error| unreadable(name, &error))?;
            for entry in entries {
                let file = entry.map_err(|error| unreadable(name, &error))?.path();
                if file.is_file()
                    && let Some(slip) = slip(&file)?.ok()
                {
                    put(&mut found, slip, roots)?;
                }
            }
        } else {
            let slip = slip(name)?.map_err(|why| Failure::failed(format!("{}: {why}", name.display())))?;
            put(&mut found, slip, roots)?;
        }
    }
    found.slips.sort_unstable_by_key(|slip| std::cmp::Reverse(slip.order));
    // The same receipt may lie in two places.
    found.slips.dedup_by_key(|slip| slip.order);
    Ok(found)
}

fn put(found: &mut Slips, (root, slip): (Pin, Slip), roots: &[Pin]) -> Result<(), Failure> {
    if !roots.contains(&root) {
        found.strange += 1;
        return Ok(());
    }
    if found.slips.len() == MAX_RECEIPTS {
        return Err(Failure::usage(format!("more than {MAX_RECEIPTS} receipts; name fewer at once")));
    }
    found.slips.push(slip);
    Ok(())
}

/// A receipt of a file with the root that its issuer's keys are under, or why it is none.
fn slip(file: &Path) -> Result<Result<(Pin, Slip), String>, Failure> {
    let mut bytes = Vec::new();
    // One byte more than there may be shows that there are too many.
    let most = MAX_FILE_BYTES as u64 + 1;
    File::open(file)
        .and_then(|file| file.take(most).read_to_end(&mut bytes))
        .map_err(|error| unreadable(file, &error))?;
    Ok(Receipt::read(&bytes).map_err(|why| why.to_string()).map(|receipt| {
        let purchase = receipt.decision.statement.purchase;
        let verdict = receipt.decision.statement.verdict;
        let (order, seller) = (purchase.order, purchase.seller);
        (
            receipt.issuer_root(),
            Slip { order, seller, verdict, currency: purchase.currency, total: purchase.amount },
        )
    }))
}

fn unreadable(file: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("{}: cannot be read: {error}", file.display()))
}
