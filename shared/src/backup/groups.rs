//! Groups of the journal and rows of a checkpoint as a backup holds them.
//!
//! All numbers are little-endian. A group is its first position (8), the time of its first record (8),
//! the number of its records (4), and each record as length (4) and payload: the times of the others
//! follow, because each is a microsecond after the one before. A row is the lengths of key and row (4
//! each), key and row.

use super::BackupError;
use super::stream::{Opener, Sealer};
use crate::journal::{Appended, Head, MAX_GROUP_BYTES, MAX_GROUP_RECORDS, MAX_PAYLOAD_BYTES, Record};
use crate::time::Timestamp;

/// Whoever takes rows, as key and row.
pub type EachRow<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), BackupError> + 'a;

/// Key and row.
pub type Row = (Vec<u8>, Vec<u8>);

/// Largest key or row of a checkpoint, in bytes.
const MAX_ROW_BYTES: u64 = 64 << 20;

/// A group as it stood in the journal.
pub struct Group {
    pub first: u64,
    pub first_time: Timestamp,
    pub payloads: Vec<Vec<u8>>,
}

impl Group {
    /// The group that these records are; they follow each other and the last one ends it.
    ///
    /// # Errors
    /// A line when their times are not those of a group.
    pub fn of(records: Vec<Record>) -> Result<Self, BackupError> {
        let (first, first_time) =
            records.first().map_or((0, Timestamp(0)), |record| (record.position, record.time));
        let follow = (first_time.0..).zip(first..).zip(&records);
        for ((time, position), record) in follow {
            if record.time.0 != time || record.position != position {
                return Err(BackupError::Refused(format!(
                    "record {} of the journal is not a microsecond after the one before; run verify",
                    record.position
                )));
            }
        }
        Ok(Self { first, first_time, payloads: records.into_iter().map(|record| record.payload).collect() })
    }

    pub fn write(&self, sealer: &mut Sealer) -> Result<(), BackupError> {
        sealer.write(&self.first.to_le_bytes())?;
        sealer.write(&self.first_time.0.to_le_bytes())?;
        sealer.write(&(self.payloads.len() as u32).to_le_bytes())?;
        for payload in &self.payloads {
            sealer.write(&(payload.len() as u32).to_le_bytes())?;
            sealer.write(payload)?;
        }
        Ok(())
    }

    /// The next group, or nothing at the end.
    ///
    /// # Errors
    /// [`BackupError::Damaged`].
    pub fn read(opener: &mut Opener) -> Result<Option<Self>, BackupError> {
        let mut first = [0; 8];
        if !opener.fill(&mut first)? {
            return Ok(None);
        }
        let (mut time, mut count) = ([0; 8], [0; 4]);
        opener.need(&mut time)?;
        opener.need(&mut count)?;
        let count = u32::from_le_bytes(count) as usize;
        if count == 0 || count > MAX_GROUP_RECORDS {
            return Err(opener.damage("a group in it has no records, or too many"));
        }
        let (mut payloads, mut sum) = (Vec::new(), 0);
        for _ in 0..count {
            let payload = sized(opener, MAX_PAYLOAD_BYTES as u64)?;
            sum += payload.len();
            if sum > MAX_GROUP_BYTES {
                return Err(opener.damage("a group in it is too large"));
            }
            payloads.push(payload);
        }
        let (first, first_time) = (u64::from_le_bytes(first), Timestamp(u64::from_le_bytes(time)));
        Ok(Some(Self { first, first_time, payloads }))
    }

    /// The head of the journal behind the group, when it follows `head`; nothing when it does not.
    pub fn after(&self, head: Head) -> Option<Head> {
        let follows = head.position.checked_add(1)? == self.first && head.time < self.first_time;
        let mut after = head;
        for (payload, time) in self.payloads.iter().zip(self.first_time.0..) {
            after = after.after(after.position.checked_add(1)?, Timestamp(time), payload);
        }
        follows.then_some(after)
    }

    /// Whether a journal has taken it in as it is here.
    pub fn is(&self, appended: &Appended) -> bool {
        appended.positions.start == self.first && appended.first_time == self.first_time
    }
}

/// Puts a row behind the others.
///
/// # Errors
/// [`BackupError`] when it is larger than a backup holds.
pub fn write_row(sealer: &mut Sealer, key: &[u8], row: &[u8]) -> Result<(), BackupError> {
    if key.len().max(row.len()) as u64 > MAX_ROW_BYTES {
        return Err(BackupError::refused("a row of the checkpoint is larger than a backup holds"));
    }
    sealer.write(&(key.len() as u32).to_le_bytes())?;
    sealer.write(&(row.len() as u32).to_le_bytes())?;
    sealer.write(key)?;
    sealer.write(row)
}

/// The next row, as key and row, or nothing at the end.
///
/// # Errors
/// [`BackupError::Damaged`].
pub fn read_row(opener: &mut Opener) -> Result<Option<Row>, BackupError> {
    let (mut key, mut row) = ([0; 4], [0; 4]);
    if !opener.fill(&mut key)? {
        return Ok(None);
    }
    opener.need(&mut row)?;
    let key = opener.bytes(u64::from(u32::from_le_bytes(key)), MAX_ROW_BYTES)?;
    let row = opener.bytes(u64::from(u32::from_le_bytes(row)), MAX_ROW_BYTES)?;
    Ok(Some((key, row)))
}

fn sized(opener: &mut Opener, most: u64) -> Result<Vec<u8>, BackupError> {
    let mut length = [0; 4];
    opener.need(&mut length)?;
    opener.bytes(u64::from(u32::from_le_bytes(length)), most)
}
