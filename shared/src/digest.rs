//! SHA-256, the one digest of the house.

use aws_lc_rs::digest::{Context, SHA256, digest};

/// What is short enough to be laid end to end first, in bytes. The library takes longer to begin and
/// to end a digest in parts than to work one out of so many bytes.
const SHORT_BYTES: usize = 1024;
/// Most parts that are laid end to end.
const MAX_PARTS: usize = 6;

/// The SHA-256 of the parts. Every part goes in with its length before it, so that two different
/// lists of parts never give the same digest.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut lengths = [[0; 8]; MAX_PARTS];
    let mut all: [&[u8]; 2 * MAX_PARTS] = [&[]; 2 * MAX_PARTS];
    if parts.len() > MAX_PARTS {
        return sha256_of_secrets(parts);
    }
    parts.iter().zip(&mut lengths).for_each(|(part, length)| *length = (part.len() as u64).to_le_bytes());
    for ((part, length), pair) in parts.iter().zip(&lengths).zip(all.chunks_mut(2)) {
        pair.copy_from_slice(&[length, part]);
    }
    sha256_of_all(&all[..2 * parts.len()])
}

/// As [`sha256`], for parts of which no copy may be left in memory: the library wipes its own.
pub fn sha256_of_secrets(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part);
    }
    bytes(&context.finish())
}

/// The SHA-256 of the pieces as if they were one. It is for those who know where each ends.
pub(crate) fn sha256_of_all(pieces: &[&[u8]]) -> [u8; 32] {
    let mut room = [0; SHORT_BYTES];
    let mut end = 0;
    for piece in pieces {
        let Some(place) = room.get_mut(end..end + piece.len()) else {
            let mut context = Context::new(&SHA256);
            pieces.iter().for_each(|piece| context.update(piece));
            return bytes(&context.finish());
        };
        place.copy_from_slice(piece);
        end += piece.len();
    }
    bytes(&digest(&SHA256, &room[..end]))
}

fn bytes(digest: &aws_lc_rs::digest::Digest) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laid_end_to_end_or_not_the_digest_is_the_same() {
        let text: Vec<u8> = (0..=255).cycle().take(3 * SHORT_BYTES).collect();
        for cuts in
            [vec![0], vec![1, 1, 30], vec![SHORT_BYTES], vec![SHORT_BYTES, 1], vec![7; 20], vec![500; 6]]
        {
            let mut rest = &text[..];
            let pieces: Vec<&[u8]> = cuts.iter().map(|cut| rest.split_off(..*cut).unwrap()).collect();
            let whole = pieces.concat();
            assert_eq!(sha256_of_all(&pieces), bytes(&digest(&SHA256, &whole)), "{cuts:?}");
            let framed: Vec<u8> = pieces
                .iter()
                .flat_map(|piece| [&(piece.len() as u64).to_le_bytes(), *piece].concat())
                .collect();
            assert_eq!(sha256(&pieces), bytes(&digest(&SHA256, &framed)), "{cuts:?}");
            assert_eq!(sha256_of_secrets(&pieces), sha256(&pieces), "{cuts:?}");
        }
    }
}
