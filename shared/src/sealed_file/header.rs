//! What stands before the sealed part: in the clear, but nobody can change it unnoticed.

use super::SealedFileFault;

pub const SALT_BYTES: usize = 16;
pub const NONCE_BYTES: usize = 12;
pub const HEADER_BYTES: usize = MAGIC.len() + 1 + 1 + 1 + 1 + 4 + SALT_BYTES + NONCE_BYTES;

/// How every sealed file begins.
const MAGIC: &[u8; 8] = b"kessai\x1a\n";
/// The version of this layout.
const VERSION: u8 = 1;

/// What a sealed file is. The number stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A shopper's cards.
    Wallet = 1,
    /// One card, on its way from the issuer to its holder.
    IssuedCard = 2,
    /// What backups are sealed with.
    BackupKey = 3,
}

/// What it costs to turn a passphrase into a key: Argon2id's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    passes: u8,
    lanes: u8,
}

pub struct Header {
    pub kind: Kind,
    pub cost: Cost,
    pub salt: [u8; SALT_BYTES],
    pub nonce: [u8; NONCE_BYTES],
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Wallet => "a card wallet",
            Kind::IssuedCard => "a card file of an issuer",
            Kind::BackupKey => "a backup key",
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        [Kind::Wallet, Kind::IssuedCard, Kind::BackupKey].into_iter().find(|kind| *kind as u8 == number)
    }
}

impl Cost {
    /// What new files are sealed with: 64 MiB, three passes, one lane.
    pub const DEFAULT: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
    /// Most memory that a file may ask for, in KiB: 1 GiB.
    pub const MAX_MEMORY_KIB: u32 = 1024 * 1024;
    pub const MAX_PASSES: u8 = 16;
    pub const MAX_LANES: u8 = 8;
    /// Argon2's own lower bound, in KiB for each lane.
    const MIN_MEMORY_KIB: u32 = 8;

    /// A cost of so much memory in KiB, passes and lanes; `None` when it is beyond the limits.
    pub const fn new(memory_kib: u32, passes: u8, lanes: u8) -> Option<Self> {
        let some = passes >= 1 && lanes >= 1 && memory_kib >= Self::MIN_MEMORY_KIB * lanes as u32;
        let bounded =
            memory_kib <= Self::MAX_MEMORY_KIB && passes <= Self::MAX_PASSES && lanes <= Self::MAX_LANES;
        if some && bounded { Some(Self { memory_kib, passes, lanes }) } else { None }
    }

    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    pub const fn passes(self) -> u32 {
        self.passes as u32
    }

    pub const fn lanes(self) -> u32 {
        self.lanes as u32
    }
}

impl Header {
    pub fn bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let (magic, rest) = bytes.split_at_mut(MAGIC.len());
        magic.copy_from_slice(MAGIC);
        rest[..4].copy_from_slice(&[VERSION, self.kind as u8, self.cost.passes, self.cost.lanes]);
        rest[4..8].copy_from_slice(&self.cost.memory_kib.to_le_bytes());
        rest[8..8 + SALT_BYTES].copy_from_slice(&self.salt);
        rest[8 + SALT_BYTES..].copy_from_slice(&self.nonce);
        bytes
    }

    /// The header of a file of this kind, and what follows it.
    pub fn read(bytes: &[u8], wanted: Kind) -> Result<(Self, &[u8]), SealedFileFault> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(SealedFileFault::NotSealed)?;
        let (version, rest) = rest.split_first().ok_or(SealedFileFault::Damaged)?;
        if *version != VERSION {
            // No version came before the first.
            let newer = *version > VERSION;
            return Err(if newer { SealedFileFault::Newer(*version) } else { SealedFileFault::Damaged });
        }
        let ([kind, passes, lanes], rest) = rest.split_first_chunk().ok_or(SealedFileFault::Damaged)?;
        match Kind::from_number(*kind) {
            Some(kind) if kind == wanted => {}
            Some(found) => return Err(SealedFileFault::OtherKind { found, wanted }),
            None => return Err(SealedFileFault::Damaged),
        }
        let (memory_kib, rest) = rest.split_first_chunk().ok_or(SealedFileFault::Damaged)?;
        let (salt, rest) = rest.split_first_chunk().ok_or(SealedFileFault::Damaged)?;
        let (nonce, body) = rest.split_first_chunk().ok_or(SealedFileFault::Damaged)?;
        // A hostile file must not make this machine spend more than its owner would.
        let cost = Cost::new(u32::from_le_bytes(*memory_kib), *passes, *lanes);
        let cost = cost.ok_or(SealedFileFault::Costly)?;
        Ok((Self { kind: wanted, cost, salt: *salt, nonce: *nonce }, body))
    }
}
