//! SHA-256, the one digest of the house.

use aws_lc_rs::digest::{Context, SHA256};

/// The SHA-256 of the parts. Every part goes in with its length before it, so that two different
/// lists of parts never give the same digest.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}
