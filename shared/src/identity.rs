//! The one key of a party: it proves who is on a connection, and signs what the party says.

mod key_file;

use std::fmt;
use std::io;
use std::path::PathBuf;

use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{self, HKDF_SHA256, KeyType};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use crate::pin::{PUBLIC_KEY_BYTES, Pin};

/// Length of an Ed25519 signature, in bytes.
pub const SIGNATURE_BYTES: usize = 64;

/// Length of a key that [`Identity::derive`] makes, in bytes.
pub const DERIVED_BYTES: usize = 32;

/// Length of an Ed25519 seed, in bytes.
pub const SEED_BYTES: usize = 32;

/// Separates keys derived here from any other use of the same seed.
const DERIVE_SALT: &[u8] = b"kessai identity derive 1";

/// Whether `signature` is that of `public` over `message`.
#[must_use]
pub fn verify(public: &[u8; PUBLIC_KEY_BYTES], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public).verify(message, signature).is_ok()
}

/// An Ed25519 key pair. It has no `Debug`, so that no log line can print it.
pub struct Identity {
    pair: Ed25519KeyPair,
    seed: Zeroizing<[u8; SEED_BYTES]>,
    public: [u8; PUBLIC_KEY_BYTES],
}

impl Identity {
    /// A new key.
    ///
    /// # Errors
    ///
    /// [`IdentityError::Crypto`] when the machine yields no randomness.
    pub fn generate() -> Result<Self, IdentityError> {
        Self::of_pair(Ed25519KeyPair::generate()?)
    }

    /// The key of a seed that was kept elsewhere.
    ///
    /// # Errors
    ///
    /// [`IdentityError::Crypto`] when the cryptographic library fails; every seed has a key.
    pub fn from_seed(seed: &[u8; SEED_BYTES]) -> Result<Self, IdentityError> {
        Self::of_pair(Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| IdentityError::Crypto)?)
    }

    /// The pin peers know this key by.
    #[must_use]
    pub fn pin(&self) -> Pin {
        Pin::of_public_key(&self.public)
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> [u8; PUBLIC_KEY_BYTES] {
        self.public
    }

    /// The signature of this key over a message.
    ///
    /// # Panics
    ///
    /// When the cryptographic library runs out of memory, which nothing in the message can cause.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let mut signature = [0; SIGNATURE_BYTES];
        signature.copy_from_slice(self.pair.sign(message).as_ref());
        signature
    }

    /// A secret only this key can make again: HKDF-SHA256 of its seed for a label and a context.
    ///
    /// # Panics
    ///
    /// Never for any input: the output is shorter than HKDF's limit.
    #[must_use]
    pub fn derive(&self, label: &[u8], context: &[u8]) -> [u8; DERIVED_BYTES] {
        let mut derived = [0; DERIVED_BYTES];
        // The length goes first, so that no two pairs of label and context read alike.
        let length = (label.len() as u64).to_le_bytes();
        hkdf::Salt::new(HKDF_SHA256, DERIVE_SALT)
            .extract(&*self.seed)
            .expand(&[&length, label, context], DerivedLength)
            .and_then(|key| key.fill(&mut derived))
            .expect("HKDF-SHA256 yields far more than 32 bytes");
        derived
    }

    /// The key in the form TLS takes.
    pub(crate) fn private_key(&self) -> Result<PrivateKeyDer<'static>, IdentityError> {
        let document = self.pair.to_pkcs8v1()?;
        Ok(PrivatePkcs8KeyDer::from(document.as_ref().to_vec()).into())
    }

    fn of_pair(pair: Ed25519KeyPair) -> Result<Self, IdentityError> {
        let mut seed = Zeroizing::new([0; SEED_BYTES]);
        let mut public = [0; PUBLIC_KEY_BYTES];
        let bytes: Curve25519SeedBin<'static> = pair.seed()?.as_be_bytes()?;
        seed.copy_from_slice(bytes.as_ref());
        public.copy_from_slice(pair.public_key().as_ref());
        Ok(Self { pair, seed, public })
    }
}

/// Why there is no key.
#[derive(Debug)]
pub enum IdentityError {
    /// The key file cannot be read or written.
    Io(PathBuf, io::Error),
    /// The key file can be read by others than its owner.
    Exposed(PathBuf),
    /// The key file holds something else than a key.
    Malformed(PathBuf),
    /// The cryptographic library failed, as it does when there is no randomness.
    Crypto,
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "the key file {}: {error}", path.display()),
            Self::Exposed(path) => write!(
                f,
                "the key file {0} can be read by others than its owner; run `chmod 600 {0}`, and \
                 replace the key if anyone else may have seen it",
                path.display()
            ),
            Self::Malformed(path) => write!(
                f,
                "the key file {} does not hold an Ed25519 private key (PKCS#8, in hex)",
                path.display()
            ),
            Self::Crypto => f.write_str("the cryptographic library failed"),
        }
    }
}

impl std::error::Error for IdentityError {}

impl From<Unspecified> for IdentityError {
    fn from(_: Unspecified) -> Self {
        Self::Crypto
    }
}

struct DerivedLength;

impl KeyType for DerivedLength {
    fn len(&self) -> usize {
        DERIVED_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_covers_its_message_and_key() {
        let (one, other) = (Identity::generate().unwrap(), Identity::generate().unwrap());
        let signature = one.sign(b"900 yen");
        assert!(verify(&one.public(), b"900 yen", &signature));
        assert!(!verify(&one.public(), b"901 yen", &signature));
        assert!(!verify(&other.public(), b"900 yen", &signature));
        assert!(!verify(&one.public(), b"900 yen", &signature[..63]));
    }

    #[test]
    fn a_seed_is_one_key() {
        // RFC 8032, 7.1, TEST 1.
        let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let (mut seed_bytes, mut public_bytes) = ([0; SEED_BYTES], [0; PUBLIC_KEY_BYTES]);
        crate::pin::from_hex(seed, &mut seed_bytes).expect("hex");
        crate::pin::from_hex(public, &mut public_bytes).expect("hex");
        let identity = Identity::from_seed(&seed_bytes).unwrap();
        assert_eq!(identity.public(), public_bytes);
        let again = Identity::from_seed(&identity.seed).unwrap();
        assert_eq!(identity.derive(b"a", b"b"), again.derive(b"a", b"b"));
    }

    #[test]
    fn labels_and_contexts_do_not_run_together() {
        let identity = Identity::generate().unwrap();
        assert_ne!(identity.derive(b"ab", b"c"), identity.derive(b"a", b"bc"));
        assert_ne!(identity.derive(b"ab", b"c"), identity.derive(b"ab", b"d"));
    }
}
