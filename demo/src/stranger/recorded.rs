//! What somebody on the wire wrote down of the traffic between the seller and the settlement.

use std::net::SocketAddr;

/// The most that is kept, in datagrams and in bytes.
const MAX_DATAGRAMS: usize = 4_096;
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Datagrams as they went over the wire.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    datagrams: Vec<Vec<u8>>,
    bytes: usize,
    /// Connection ids of the settlement, which go first in every packet with a short header.
    ids: Vec<Vec<u8>>,
    /// How long these are, as the settlement's long headers have shown.
    id_bytes: Option<usize>,
}

impl Recorded {
    /// Writes a datagram between somebody and the settlement down.
    pub fn take(&mut self, settlement: SocketAddr, to: SocketAddr, payload: &[u8]) {
        if self.datagrams.len() >= MAX_DATAGRAMS || self.bytes + payload.len() > MAX_BYTES {
            return;
        }
        let is_long = payload.first().is_some_and(|first| first & 0x80 != 0);
        if to != settlement && is_long {
            self.id_bytes = source_id(payload).map(<[u8]>::len).or(self.id_bytes);
        }
        if let (true, false, Some(length)) = (to == settlement, is_long, self.id_bytes)
            && let Some(id) = payload.get(1..=length)
            && !self.ids.iter().any(|known| known == id)
        {
            self.ids.push(id.to_vec());
        }
        self.bytes += payload.len();
        self.datagrams.push(payload.to_vec());
    }

    /// What was written down here and there. Of too much, the older is kept.
    #[must_use]
    pub fn and(mut self, later: Self) -> Self {
        let room = MAX_DATAGRAMS.saturating_sub(self.datagrams.len());
        self.datagrams.extend(later.datagrams.into_iter().take(room));
        let more = later.ids.into_iter().filter(|id| !self.ids.contains(id)).collect::<Vec<_>>();
        self.ids.extend(more);
        self.bytes += later.bytes;
        self
    }

    /// One of the datagrams.
    #[must_use]
    pub fn datagram(&self, at: usize) -> Option<&[u8]> {
        let at = at.checked_rem(self.datagrams.len())?;
        self.datagrams.get(at).map(Vec::as_slice)
    }

    /// One of the settlement's connection ids.
    #[must_use]
    pub fn id(&self, at: usize) -> Option<&[u8]> {
        let at = at.checked_rem(self.ids.len())?;
        self.ids.get(at).map(Vec::as_slice)
    }

    /// How many datagrams there are, and how many connection ids were in them.
    #[must_use]
    pub fn len(&self) -> (usize, usize) {
        (self.datagrams.len(), self.ids.len())
    }
}

/// The id of whoever sent a packet with a long header (RFC 8999, section 5.1).
fn source_id(packet: &[u8]) -> Option<&[u8]> {
    let to = usize::from(*packet.get(5)?);
    let from = usize::from(*packet.get(6 + to)?);
    packet.get(7 + to..7 + to + from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_by_the_length_that_the_settlement_showed() {
        let (settlement, seller) =
            (SocketAddr::from(([10, 0, 0, 1], 7)), SocketAddr::from(([10, 0, 0, 2], 9)));
        let mut recorded = Recorded::default();
        recorded.take(settlement, settlement, &[0x40, 1, 2, 3, 4, 5, 6]);
        assert_eq!(recorded.len(), (1, 0), "before anything is known of ids");
        // To an id of two bytes, from one of four.
        recorded.take(settlement, seller, &[0xc0, 0, 0, 0, 1, 2, 8, 8, 4, 1, 2, 3, 4, 9, 9]);
        recorded.take(settlement, settlement, &[0x40, 1, 2, 3, 4, 5, 6]);
        recorded.take(settlement, settlement, &[0x41, 1, 2, 3, 4, 7, 7]);
        recorded.take(settlement, settlement, &[0x41, 1]);
        assert_eq!((recorded.len(), recorded.id(5)), ((5, 1), Some(&[1, 2, 3, 4][..])));
        assert_eq!(recorded.datagram(5), recorded.datagram(0));
        assert_eq!(Recorded::default().datagram(3), None);
    }
}
