//! The books of both daemons, made anew from their journals, with all that is wrong with them.

use kessai_server::sales;
use kessai_settlement::ledger;
use kessai_shared::journal::{self, Kind, MemoryDisk, Record};
use kessai_shared::store::{Books, Stamp};

use crate::world::World;

pub struct Read<B> {
    pub books: B,
    pub problems: Vec<String>,
}

pub fn sales(disk: &MemoryDisk) -> Result<Read<sales::Books>, String> {
    let mut audit = sales::Audit::default();
    let kind = kessai_server::settings::JOURNAL;
    let (books, mut problems) = read::<sales::Books>(disk, kind, |change, _| audit.see(change))?;
    problems.extend(audit.finish(&books));
    Ok(Read { books, problems })
}

pub fn ledger(disk: &MemoryDisk) -> Result<Read<ledger::Books>, String> {
    let mut audit = ledger::Audit::default();
    let kind = kessai_settlement::settings::JOURNAL;
    let see = |change: &ledger::Change, books: &ledger::Books| audit.see(change, books);
    let (books, mut problems) = read::<ledger::Books>(disk, kind, see)?;
    problems.extend(audit.finish(&books));
    Ok(Read { books, problems })
}

/// Whether the seller waits for nothing any more and has shipped all there is to ship.
pub fn at_rest(world: &World) -> bool {
    let Ok(read) = sales(&world.seller.written()) else { return false };
    let shippable = kessai_shared::time::Timestamp(u64::MAX);
    read.books.open_orders().next().is_none() && read.books.shippable(shippable).next().is_none()
}

/// I15: each record follows the one before, in its place, its time and its meaning.
fn read<B: Books>(
    disk: &MemoryDisk,
    kind: Kind,
    mut see: impl FnMut(&B::Change, &B),
) -> Result<(B, Vec<String>), String> {
    let (mut books, mut problems) = (B::default(), Vec::new());
    let (mut position, mut time, mut first) = (0, None, 1);
    let mut each = |record: Record| -> Result<(), String> {
        if record.position != position + 1 || time.is_some_and(|time| record.time <= time) {
            problems.push(format!("I15: record {} is out of its order", record.position));
        }
        (position, time) = (record.position, Some(record.time));
        let change = B::decode(&record.payload)?;
        books.apply(&change, Stamp { position: record.position, time: record.time })?;
        see(&change, &books);
        if record.ends_group {
            books.end_group(first, record.head());
            first = record.position + 1;
        }
        Ok(())
    };
    journal::walk(disk, kind, &mut each).map_err(|error| error.to_string())?;
    Ok((books, problems))
}
