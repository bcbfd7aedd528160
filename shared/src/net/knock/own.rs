//! Own ids: what this end asks the other to call a connection by, so that it knows its own again: a
//! nonce and a MAC under a key that the process has made for itself.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{hmac, rand};
use quinn::{ConnectionId, ConnectionIdGenerator};
use quinn_proto::InvalidCid;
use zeroize::Zeroizing;

/// Length of an own id, in bytes. It tells them from first ids.
pub(super) const OWN_ID_BYTES: usize = 16;
const NONCE_BYTES: usize = 8;
const MAC_BYTES: usize = OWN_ID_BYTES - NONCE_BYTES;

pub(super) type OwnId = [u8; OWN_ID_BYTES];

/// The key of a process. With the process go all ids it has given out.
pub(super) struct OwnKey(hmac::Key);

impl OwnKey {
    pub(super) fn new() -> Self {
        let mut secret = Zeroizing::new([0; 32]);
        fill(&mut *secret);
        Self(hmac::Key::new(hmac::HMAC_SHA256, &*secret))
    }

    pub(super) fn mint(&self) -> OwnId {
        let mut id = [0; OWN_ID_BYTES];
        fill(&mut id[..NONCE_BYTES]);
        let mac = self.mac(&id);
        id[NONCE_BYTES..].copy_from_slice(&mac);
        id
    }

    /// Whether this process has given the id out.
    pub(super) fn knows(&self, id: &OwnId) -> bool {
        verify_slices_are_equal(&self.mac(id), &id[NONCE_BYTES..]).is_ok()
    }

    fn mac(&self, id: &OwnId) -> [u8; MAC_BYTES] {
        let mut mac = [0; MAC_BYTES];
        mac.copy_from_slice(&hmac::sign(&self.0, &id[..NONCE_BYTES]).as_ref()[..MAC_BYTES]);
        mac
    }
}

/// Makes the own ids of an endpoint.
pub(super) struct OwnIds(pub(super) Arc<OwnKey>);

impl ConnectionIdGenerator for OwnIds {
    fn generate_cid(&mut self) -> ConnectionId {
        ConnectionId::new(&self.0.mint())
    }

    fn cid_len(&self) -> usize {
        OWN_ID_BYTES
    }

    /// QUIC asks this about an id that it does not know, and answers one that could be its own with a reset.
    /// No reset is ever sent: whoever has recorded an id could have one for it, from the address of a
    /// connection that is over.
    fn validate(&self, _id: &ConnectionId) -> Result<(), InvalidCid> {
        Err(InvalidCid)
    }

    /// They stay as long as the connection: it cannot move to another address, so whoever sees the ids
    /// sees both addresses anyway, and a change would hide nothing.
    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

/// Random bytes.
pub(super) fn fill(bytes: &mut [u8]) {
    rand::fill(bytes).expect("the machine has randomness, since a key was loaded or made");
}
