//! The ledger's changes and rows as bytes. The first byte is the version of the form; a golden file
//! holds the bytes of every variant, because the encoding does not describe itself.

use kessai_shared::codec;
use kessai_shared::journal::Head;
use kessai_shared::record::{unversioned, versioned};
use kessai_shared::store::{self, Stamp};

use crate::ledger::{Books, Change, Row, RowKey};

/// The version of the form that is written.
const VERSION: u8 = 2;

impl store::Books for Books {
    type Change = Change;

    fn encode(change: &Change) -> Vec<u8> {
        versioned(VERSION, change)
    }

    fn decode(payload: &[u8]) -> Result<Change, String> {
        unversioned(VERSION, payload).map_err(|why| format!("not a change of a ledger: {why}"))
    }

    fn apply(&mut self, change: &Change, stamp: Stamp) -> Result<(), String> {
        Books::apply(self, change, stamp.position, stamp.time).map_err(|error| error.to_string())
    }

    fn touched(&self, change: &Change) -> Vec<Vec<u8>> {
        Books::touched(self, change).iter().map(codec::encode).collect()
    }

    fn end_group(&mut self, first: u64, head: Head) -> Vec<Vec<u8>> {
        let row = Books::end_group(self, first, head.position, head.time, head.hash.0);
        row.iter().map(codec::encode).collect()
    }

    fn row(&self, key: &[u8]) -> Option<Vec<u8>> {
        let key: RowKey = codec::decode(key).ok()?;
        Books::row(self, &key).map(|row| versioned(VERSION, &row))
    }

    fn load(&mut self, key: &[u8], row: &[u8]) -> Result<(), String> {
        let key: RowKey = codec::decode(key).map_err(|_| "not a key of a ledger")?;
        let row: Row = unversioned(VERSION, row).map_err(|why| format!("not a row of a ledger: {why}"))?;
        Books::load(self, key, row).map_err(|error| error.to_string())
    }
}
