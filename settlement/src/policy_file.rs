//! The file of the credit policy, `policy.toml` in the data folder, and what of it is in force while
//! the daemon runs.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use kessai_shared::config::{Config, ConfigError};
use kessai_shared::hex;
use kessai_shared::money::Minor;
use kessai_shared::pin::Pin;
use kessai_shared::writer::{WriterGone, hand_in};
use tokio::sync::{mpsc, oneshot};

use crate::clerk::Command;
use crate::clerk::policy::{Adopt, InForce};
use crate::ledger::acts::PolicyRefused;
use crate::ledger::{Adopted, Policy, Proposed, Window};
use crate::settings::set;

/// How often the file is looked at for changes.
const LOOK: Duration = Duration::from_millis(500);
/// How much of a digest people are shown, in bytes.
const SHOWN_BYTES: usize = 8;

/// Where the policy of a data folder is.
pub fn of(data: &Path) -> PathBuf {
    data.join("policy.toml")
}

/// Reads a policy. A missing key has its default; without a file there is none.
///
/// # Errors
/// [`ConfigError`] with every mistake in the file.
pub fn read(file: &Path) -> Result<Option<Proposed>, ConfigError> {
    if file.try_exists().is_ok_and(|exists| !exists) {
        Ok(None)
    } else {
        parse(Config::read(file)?).map(Some)
    }
}

/// Reads a policy that has to be there.
///
/// # Errors
/// As [`read`], and when there is no such file.
pub fn need(file: &Path) -> Result<Proposed, ConfigError> {
    match read(file)? {
        Some(proposed) => Ok(proposed),
        None => Err(ConfigError(vec![format!("{}: there is no such file", file.display())])),
    }
}

/// Reads a policy from what its file would hold.
///
/// # Errors
/// As [`read`].
pub fn parse_text(text: &str) -> Result<Proposed, ConfigError> {
    parse(Config::of_text(Path::new("policy.toml"), text)?)
}

fn parse(mut config: Config) -> Result<Proposed, ConfigError> {
    let mut policy = Policy::default();
    let (months, seconds) = ("a number of months", "a number of seconds");
    let window = "a table such as { seconds = 86400, max = 5 }";
    let percent = "a percentage from 1 to 100";
    let version = config.take::<u32>("version", "a whole number, 1 or more");
    if version == Some(0) {
        config.mistake("version: expected a whole number, 1 or more");
    }
    set(&mut policy.max_months_late, config.take("max_months_late", months));
    set(&mut policy.max_late_months, config.take("max_late_months", months));
    set(&mut policy.history_months, config.take("history_months", months));
    set(&mut policy.tries, config.take("tries", window));
    set(&mut policy.seller_tries, config.take("seller_tries", window));
    set(&mut policy.require_holder_key, config.take("require_holder_key", "true or false"));
    policy.frequency = config.take("frequency", window);
    policy.amount = config.take("amount", window);
    set(&mut policy.hold_seconds, config.take("hold_seconds", seconds));
    set(&mut policy.hold_grace_seconds, config.take("hold_grace_seconds", seconds));
    set(&mut policy.max_purchase, config.take::<i64>("max_purchase_pence", "a number of pence").map(Minor));
    policy.max_utilisation_percent = config.take("max_utilisation_percent", percent);
    policy.late_utilisation_percent = config.take("late_utilisation_percent", percent);
    policy.mistakes().iter().for_each(|mistake| config.mistake(mistake));
    config.finish().map(|()| Proposed { version, policy })
}

/// A policy as its file would say it, every key with its value; a rule that is off is a comment.
pub fn text(policy: &Policy) -> String {
    let line = |(key, value): (&str, Option<String>)| match value {
        Some(value) => format!("{key} = {value}\n"),
        None => format!("# {key} is off\n"),
    };
    keys(policy).into_iter().map(line).collect()
}

/// The keys that differ between two policies, with what they are in the second.
pub fn changes(before: &Policy, now: &Policy) -> Vec<String> {
    let pairs = keys(before).into_iter().zip(keys(now));
    let changed = pairs.filter(|(before, now)| before != now);
    changed.map(|(_, (key, value))| format!("{key} = {}", value.as_deref().unwrap_or("off"))).collect()
}

/// Every key of the file and its value.
fn keys(policy: &Policy) -> [(&'static str, Option<String>); 13] {
    let window = |window: Window| format!("{{ seconds = {}, max = {} }}", window.seconds, window.max);
    // Taken apart, so that no number can be forgotten here.
    let Policy {
        max_months_late,
        max_late_months,
        history_months,
        tries,
        seller_tries,
        require_holder_key,
        frequency,
        amount,
        hold_seconds,
        hold_grace_seconds,
        max_purchase,
        max_utilisation_percent,
        late_utilisation_percent,
    } = policy;
    [
        ("max_months_late", Some(max_months_late.to_string())),
        ("max_late_months", Some(max_late_months.to_string())),
        ("history_months", Some(history_months.to_string())),
        ("tries", Some(window(*tries))),
        ("seller_tries", Some(window(*seller_tries))),
        ("require_holder_key", Some(require_holder_key.to_string())),
        ("frequency", frequency.map(window)),
        ("amount", amount.map(window)),
        ("hold_seconds", Some(hold_seconds.to_string())),
        ("hold_grace_seconds", Some(hold_grace_seconds.to_string())),
        ("max_purchase_pence", Some(max_purchase.to_string())),
        ("max_utilisation_percent", max_utilisation_percent.map(|percent| percent.to_string())),
        ("late_utilisation_percent", late_utilisation_percent.map(|percent| percent.to_string())),
    ]
}

/// The beginning of a policy's digest, for people.
pub fn short(digest: &[u8; 32]) -> String {
    hex::of(&digest[..SHOWN_BYTES]).to_string()
}

/// A policy for people: version and digest.
pub fn name(adopted: &Adopted) -> String {
    format!("policy version {} ({})", adopted.adoption.version, short(&adopted.adoption.digest))
}

/// Puts a policy in force and waits until that is durable.
///
/// # Errors
/// A line without the file's name; the policy before stays in force.
pub async fn adopt(
    writer: &mpsc::Sender<Command>,
    proposed: Proposed,
    by: Pin,
) -> Result<InForce, AdoptError> {
    let (tell, told) = oneshot::channel();
    let command = Command::Policy(Adopt { proposed, by, tell });
    hand_in(writer, command).await.map_err(|WriterGone| AdoptError::WriterGone)?;
    told.await.map_err(|_| AdoptError::WriterGone)?.map_err(AdoptError::Refused)
}

/// Why a policy was not put in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdoptError {
    Refused(PolicyRefused),
    /// The daemon is stopping, because its disk failed or somebody said so.
    WriterGone,
}

/// Takes changes of the file over while the daemon runs. A file with mistakes, and one that is gone,
/// leave the policy in force, and one line says so for each change of the file.
pub async fn follow(file: PathBuf, writer: mpsc::Sender<Command>, by: Pin) {
    // What the start read may have changed since, so the file is read once more, and nothing is said
    // of it when it is the same.
    let (mut done, mut before) = (None, seen(&file));
    let mut is_known = true;
    loop {
        tokio::time::sleep(LOOK).await;
        let now = seen(&file);
        // A file is read when it has rested for a look: half a policy is a policy too, because a
        // missing key has its default, and its version would then be taken.
        if now == done || now != before {
            before = now;
            continue;
        }
        let read = read(&file);
        if seen(&file) != now {
            continue;
        }
        done = now;
        let was_known = std::mem::take(&mut is_known);
        let stays = "the credit policy stays as it was";
        match read {
            Err(ConfigError(mistakes)) => tracing::error!("{stays}: {}", mistakes.join("; ")),
            Ok(None) => tracing::warn!("{stays}: {}: there is no such file any more", file.display()),
            Ok(Some(proposed)) => match adopt(&writer, proposed, by).await {
                Ok(InForce { adopted, is_new: true }) => tracing::info!("{} is in force", name(&adopted)),
                Ok(InForce { is_new: false, .. }) if was_known => {}
                Ok(InForce { adopted, is_new: false }) => {
                    tracing::info!("{} is in force still", name(&adopted))
                }
                Err(AdoptError::Refused(why)) => tracing::error!("{stays}: {}: {why}", file.display()),
                Err(AdoptError::WriterGone) => return,
            },
        }
    }
}

/// What tells that a file has changed: when it was written, how long it is and which file it is.
fn seen(file: &Path) -> Option<(SystemTime, u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let meta = std::fs::metadata(file).ok()?;
    Some((meta.modified().ok()?, meta.len(), meta.ino()))
}
