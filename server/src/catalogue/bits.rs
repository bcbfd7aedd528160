//! A set of rows, one bit each: an eighth of a megabyte for a million.

const WORD: u32 = u64::BITS;

pub struct Bits(Vec<u64>);

impl Bits {
    /// The `rows` out of `all`.
    pub fn of(all: u32, rows: &[u32]) -> Self {
        Self::of_each(all, rows.iter().copied())
    }

    pub fn of_each(all: u32, rows: impl Iterator<Item = u32>) -> Self {
        let mut words = vec![0; all.div_ceil(WORD) as usize];
        for row in rows {
            if let Some(word) = words.get_mut((row / WORD) as usize) {
                *word |= 1 << (row % WORD);
            }
        }
        Self(words)
    }

    pub fn has(&self, row: u32) -> bool {
        self.0.get((row / WORD) as usize).is_some_and(|word| word >> (row % WORD) & 1 == 1)
    }
}
