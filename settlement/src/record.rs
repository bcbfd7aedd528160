//! The ledger's changes and rows as bytes. The first byte is the version of the form; a golden file
//! holds the bytes of every variant, because the encoding does not describe itself.

use kessai_shared::codec;
use kessai_shared::journal::Head;
use kessai_shared::measure::Count;
use kessai_shared::record::{RowBytes, put_versioned, unversioned, versioned};
use kessai_shared::store::{self, Stamp};
use kessai_shared::trail::{Listed, Noted};
use serde::Serialize;

use crate::ledger::{
    Account, Adopted, Batches, Books, Change, Charge, Chargeback, Fence, Group, Guessed, Key, Late, Refund,
    Repayment, Row, RowKey, Statement,
};

/// The version of the form that is written.
const VERSION: u8 = 5;

/// A [`Row`] that is only looked at: the bytes are the same, and nothing is copied for them.
#[derive(Serialize)]
enum RowRef<'a> {
    Account(&'a Account),
    Charge(&'a Charge),
    Refund(&'a Refund),
    Guesses(&'a Guessed),
    Group(&'a Group),
    Chargeback(&'a Chargeback),
    Late(&'a Late),
    Batches(&'a Batches),
    Statement(&'a Statement),
    Repayment(&'a Repayment),
    Policy(&'a Adopted),
    Fence(&'a Fence),
    Act(&'a Noted),
    Listed(&'a Listed),
}

/// A row on its way into the books. Nearly all are charges, and whatever is larger lies apart.
pub enum Read {
    Charge(Key, Box<Charge>),
    Other(Box<(RowKey, Row)>),
}

impl store::Books for Books {
    type Change = Change;
    /// The shelf is the credit database.
    type Key = RowKey;
    type Row = Read;

    fn encode_into(change: &Change, bytes: &mut Vec<u8>) {
        put_versioned(bytes, VERSION, change);
    }

    fn decode(payload: &[u8]) -> Result<Change, String> {
        unversioned(VERSION, payload).map_err(|why| format!("not a change of a ledger: {why}"))
    }

    fn apply(&mut self, change: &Change, stamp: Stamp) -> Result<(), String> {
        Books::apply(self, change, stamp.position, stamp.time).map_err(|error| error.to_string())
    }

    fn end_group(&mut self, first: u64, head: Head) {
        Books::end_group(self, first, head.position, head.time, head.hash.0);
    }

    fn tally(&self, change: &Change, each: &mut dyn FnMut(Count)) {
        change.tally(each);
    }

    fn touched(&self, change: &Change, each: &mut dyn FnMut(&RowKey)) {
        Books::touched(self, change, each);
    }

    fn shelved(&self, each: &mut dyn FnMut(&RowKey)) {
        self.accounts().for_each(|(id, _)| each(&RowKey::Account(*id)));
        self.guessed().for_each(|(seller, _)| each(&RowKey::Guesses(*seller)));
    }

    fn key(key: &RowKey) -> Vec<u8> {
        codec::encode(key)
    }

    fn row(&self, key: &[u8]) -> Option<Vec<u8>> {
        let key: RowKey = codec::decode(key).ok()?;
        Books::row(self, &key).map(|row| versioned(VERSION, &row))
    }

    fn rows(&self, each: &mut store::EachRow<'_>) -> std::io::Result<()> {
        let mut bytes = RowBytes::default();
        let mut put = |of: RowKey, value: RowRef<'_>| bytes.hand(each, &of, VERSION, &value);
        for (id, account) in self.accounts() {
            put(RowKey::Account(*id), RowRef::Account(account))?;
        }
        // In the order in which holds expire, because they are listed the quicker for it.
        let mut charges: Vec<_> = self.charges().collect();
        charges.sort_unstable_by_key(|(_, charge)| charge.expires);
        for ((seller, order), charge) in charges {
            put(RowKey::Charge(*seller, *order), RowRef::Charge(charge))?;
        }
        for ((seller, id), refund) in self.refunds() {
            put(RowKey::Refund(*seller, *id), RowRef::Refund(refund))?;
        }
        for (seller, guesses) in self.guessed() {
            put(RowKey::Guesses(*seller), RowRef::Guesses(guesses))?;
        }
        for group in self.groups() {
            put(RowKey::Group(group.first), RowRef::Group(group))?;
        }
        for (id, chargeback) in self.chargebacks() {
            put(RowKey::Chargeback(*id), RowRef::Chargeback(chargeback))?;
        }
        for ((seller, order), late) in self.late_presentments() {
            put(RowKey::Late(*seller, *order), RowRef::Late(late))?;
        }
        for (seller, batches) in self.batches() {
            put(RowKey::Batches(*seller), RowRef::Batches(batches))?;
        }
        for ((id, month), statement) in self.statements() {
            put(RowKey::Statement(*id, *month), RowRef::Statement(statement))?;
        }
        for (id, repayment) in self.repayments() {
            put(RowKey::Repayment(*id), RowRef::Repayment(repayment))?;
        }
        for adopted in self.policies().all() {
            put(RowKey::Policy(adopted.adoption.sequence), RowRef::Policy(adopted))?;
        }
        for (seller, fence) in self.fences().all() {
            put(RowKey::Fence(*seller), RowRef::Fence(fence))?;
        }
        for (position, noted) in self.trail().newest(None) {
            put(RowKey::Act(position), RowRef::Act(noted))?;
        }
        if *self.trail().listed() != Listed::default() {
            put(RowKey::Listed, RowRef::Listed(self.trail().listed()))?;
        }
        Ok(())
    }

    fn read_row(key: &[u8], row: &[u8]) -> Result<Read, String> {
        let key: RowKey = codec::decode(key).map_err(|_| "not a key of a ledger")?;
        let row: Row = unversioned(VERSION, row).map_err(|why| format!("not a row of a ledger: {why}"))?;
        Ok(match (key, row) {
            (RowKey::Charge(seller, order), Row::Charge(charge)) => Read::Charge((seller, order), charge),
            other => Read::Other(Box::new(other)),
        })
    }

    fn expect_rows(&mut self, rows: usize) {
        Books::expect_rows(self, rows);
    }

    fn take_row(&mut self, row: Read) -> Result<(), String> {
        match row {
            Read::Charge(key, charge) => {
                self.load_charge(key, charge);
                Ok(())
            }
            Read::Other(row) => Books::load(self, row.0, row.1).map_err(|error| error.to_string()),
        }
    }
}
