//! Which policy may come into force, and under which version.

use std::fmt;

use kessai_shared::pin::Pin;

use crate::ledger::books::{Books, Change};
use crate::ledger::policies::{Adoption, Proposed};

/// The highest version of a policy; far more than anybody ever writes.
const MAX_VERSION: u32 = 1_000_000_000;

/// Why a policy does not come into force. The one before stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyRefused {
    /// Its numbers are not sound, one sentence each.
    Mistakes(Vec<String>),
    /// This version is in force, with other numbers.
    SameVersion(u32),
    /// This version is lower than the one in force.
    OldVersion { stated: u32, in_force: u32 },
    /// There is no higher version.
    NoMoreVersions,
}

/// Puts a policy in force; nothing changes when it is already. One without a version gets the next.
///
/// # Errors
/// [`PolicyRefused`] when its numbers or its version are not sound: two policies must never have the
/// same version, and a higher version has to be the later one.
pub fn adopt(books: &Books, proposed: &Proposed, by: Pin) -> Result<Option<Change>, PolicyRefused> {
    let mistakes = proposed.policy.mistakes();
    if !mistakes.is_empty() {
        return Err(PolicyRefused::Mistakes(mistakes));
    }
    let digest = proposed.policy.digest();
    let before = books.policies().in_force().map(|adopted| &adopted.adoption);
    let is_the_same = |known: &&Adoption| {
        known.digest == digest && proposed.version.is_none_or(|version| version == known.version)
    };
    if before.is_some_and(|known| is_the_same(&known)) {
        return Ok(None);
    }
    let in_force = before.map_or(0, |known| known.version);
    let version = match proposed.version {
        None => in_force.checked_add(1).ok_or(PolicyRefused::NoMoreVersions)?,
        Some(stated) if stated > in_force => stated,
        Some(stated) if stated == in_force => return Err(PolicyRefused::SameVersion(stated)),
        Some(stated) => return Err(PolicyRefused::OldVersion { stated, in_force }),
    };
    if version > MAX_VERSION {
        return Err(PolicyRefused::NoMoreVersions);
    }
    let sequence = books.policies().sequence().checked_add(1).ok_or(PolicyRefused::NoMoreVersions)?;
    let policy = proposed.policy.clone();
    Ok(Some(Change::PolicyAdopted(Box::new(Adoption { sequence, version, digest, policy, by }))))
}

impl fmt::Display for PolicyRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mistakes(mistakes) => f.write_str(&mistakes.join("; ")),
            Self::SameVersion(version) => {
                write!(
                    f,
                    "version {version} is in force with other numbers; raise version to {}",
                    version + 1
                )
            }
            Self::OldVersion { stated, in_force } => write!(
                f,
                "version {stated} is older than version {in_force}, which is in force; raise version to {}",
                in_force.saturating_add(1)
            ),
            Self::NoMoreVersions => write!(f, "version is at most {MAX_VERSION}"),
        }
    }
}

impl std::error::Error for PolicyRefused {}
