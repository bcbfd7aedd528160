//! The settlement's configuration: `settlement.toml` and `policy.toml` in its data folder.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use kessai_shared::alarm;
use kessai_shared::backup::schedule::Plan;
use kessai_shared::config::{Config, ConfigError};
use kessai_shared::console::LogFormat;
use kessai_shared::folder::FolderKind;
use kessai_shared::journal::Kind;
use kessai_shared::measure::scrape;
use kessai_shared::net::side::{Bind, End, GivenLink, Side};
use kessai_shared::seal::Suite;
use kessai_shared::store::Keep;
use kessai_shared::time::Timestamp;
use kessai_shared::trace;

use crate::clerk::fence::PROMOTE_AFTER;
use crate::keys::{EpochTerms, Keys};
use crate::ledger::{BASIS_POINTS, ClearingTerms, Proposed, Terms};
use crate::policy_file;

/// What a data folder of the settlement says it is.
pub const FOLDER: FolderKind = kessai_shared::operator::settlement::DAEMON.folder;
/// What its journal says it is.
pub const JOURNAL: Kind = Kind(b"STLM");

/// How long a sealing key may serve, or overlap with the next.
const EPOCH_SECONDS: std::ops::RangeInclusive<u64> = 5..=365 * 24 * 3_600;
/// How long a clearing day may be: one of a second is for trials, one of a month for a quiet seller.
const CLEARING_SECONDS: std::ops::RangeInclusive<u64> = 1..=31 * 24 * 3_600;

/// How long automatic promotion may wait, in milliseconds: shorter than a few messages of the node in charge
/// take, a single lost packet would depose it.
const PROMOTE_AFTER_MS: std::ops::RangeInclusive<u64> = 1_000..=600_000;

/// Why operators do not connect at 0.0.0.0 or [::].
const EVERYWHERE: &str = "expected one address of this machine; on all of them, operators could connect from \
    networks that are not the closed one";

#[derive(Clone)]
pub struct Settings {
    pub data: PathBuf,
    /// Where sellers connect.
    pub closed: Side,
    /// Where operators connect, on the closed network; nowhere on a machine that has none, as a simulated
    /// one.
    pub operator_listen: Option<SocketAddr>,
    /// The file with the pins of the sellers that may.
    pub sellers: PathBuf,
    pub keys: PathBuf,
    pub suite: Suite,
    /// How long each sealing key serves.
    pub epochs: EpochTerms,
    /// What sellers have agreed to.
    pub clearing: ClearingTerms,
    /// What cardholders have agreed to.
    pub terms: Terms,
    /// The backups it makes by itself.
    pub backup: Option<Plan>,
    /// How long a seller's node in charge is not heard of before its standby takes over by itself.
    pub promote_after: Duration,
    /// Where the node is that this one follows as a standby.
    pub standby_of: Option<SocketAddr>,
    /// Where standbys follow this node, on the closed network; nowhere when it is not said.
    pub standby_listen: Option<SocketAddr>,
    /// How long journal is kept for standbys and backups that stay behind.
    pub keep: Keep,
    /// Where the figures are fetched by a program; nowhere unless the file says so.
    pub metrics: Option<SocketAddr>,
    /// What operators are told of at once.
    pub alarms: alarm::Settings,
    /// How log lines are written, where the command line does not say.
    pub log: LogFormat,
    /// Where spans of purchases go; nowhere when it is not said.
    pub traces: Option<trace::Settings>,
    /// The credit policy as its file states it; `None` without a file.
    pub policy: Option<Proposed>,
}

impl Settings {
    /// The settlement's keys, made where there are no books yet.
    ///
    /// # Errors
    /// A line on what is wrong with a key file.
    pub fn load_keys(&self, now: Timestamp) -> Result<Keys, String> {
        Keys::load_or_create(&self.keys, &self.data.join("journal"), (self.suite, self.epochs), now)
    }

    /// Reads the settings of a data folder. What the command line says goes before the file.
    ///
    /// # Errors
    /// [`ConfigError`] with every mistake in both files.
    pub fn read(data: &Path, listen: Option<SocketAddr>) -> Result<Self, ConfigError> {
        Self::read_with(data, listen, GivenLink::default())
    }

    /// As [`Settings::read`], where the command line says something of the link too.
    ///
    /// # Errors
    /// As [`Settings::read`].
    pub fn read_with(data: &Path, listen: Option<SocketAddr>, link: GivenLink) -> Result<Self, ConfigError> {
        let mut config = Config::read(&data.join("settlement.toml"))?;
        let from_file = config.take_parsed("listen", "an address such as \"127.0.0.1:7100\"");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let operators = config.take_parsed("operator_listen", "an address such as \"127.0.0.1:7101\"");
        let operators = operators.unwrap_or(any);
        if operators.ip().is_unspecified() {
            config.mistake(&format!("operator_listen: {EVERYWHERE}"));
        }
        let suite = match config.take::<String>("suite", "\"x-wing\" or \"x25519\"").as_deref() {
            None | Some("x-wing") => Suite::XWing,
            Some("x25519") => Suite::X25519,
            Some(_) => {
                config.mistake("suite: expected \"x-wing\" or \"x25519\"");
                Suite::XWing
            }
        };
        let epochs = epoch_terms(&mut config);
        let clearing = clearing(&mut config);
        let backup = Plan::take(&mut config);
        let keep = Keep::take(&mut config);
        let metrics = scrape::take(&mut config);
        let alarms = alarm::Settings::take(&mut config, alarm::Side::Settlement);
        let log = config.take_parsed("log", LogFormat::EXPECTED).unwrap_or_default();
        let traces = trace::Settings::take(&mut config);
        let terms: Terms =
            config.take("terms", "a table such as { due_days = 21, late_fee = 0 }").unwrap_or_default();
        terms.mistakes().iter().for_each(|mistake| config.mistake(&format!("terms: {mistake}")));
        let promote_after = promote_after(&mut config);
        let node = "an address such as \"10.78.0.1:7300\"";
        let standby_of = config.take_parsed("standby_of", node);
        let standby_listen = config.take_parsed("standby_listen", node);
        let path = |taken: Option<PathBuf>, name: &str| data.join(taken.unwrap_or_else(|| name.into()));
        let sellers = path(config.take("sellers", "a file name"), "sellers.txt");
        let keys = path(config.take("keys", "a folder name"), "keys");
        let bind = Bind { key: "listen", named: listen.or(from_file), otherwise: any };
        let closed = Side::take(&mut config, link, End::Settlement, &bind);
        let settings = Self {
            data: data.to_owned(),
            closed,
            operator_listen: Some(operators),
            sellers,
            keys,
            suite,
            epochs,
            clearing,
            terms,
            backup,
            promote_after,
            standby_of,
            standby_listen,
            keep,
            metrics,
            alarms,
            log,
            traces,
            policy: None,
        };
        match (config.finish(), policy_file::read(&policy_file::of(data))) {
            (Ok(()), Ok(policy)) => Ok(Self { policy, ..settings }),
            (Err(ConfigError(mut first)), Err(ConfigError(second))) => {
                first.extend(second);
                Err(ConfigError(first))
            }
            (Err(error), Ok(_)) | (Ok(()), Err(error)) => Err(error),
        }
    }

    /// Lets operators connect where the command line says.
    ///
    /// # Errors
    /// A line when that is everywhere.
    pub fn with_operators_at(self, address: Option<SocketAddr>) -> Result<Self, String> {
        match address {
            Some(address) if address.ip().is_unspecified() => Err(format!("--operator-listen: {EVERYWHERE}")),
            Some(_) => Ok(Self { operator_listen: address, ..self }),
            None => Ok(self),
        }
    }

    /// The file of the vault's keys.
    pub fn vault_key(&self) -> PathBuf {
        self.keys.join("vault.key")
    }
}

/// How long sealing keys serve: `epoch_seconds` and `overlap_seconds`.
fn epoch_terms(config: &mut Config) -> EpochTerms {
    let mut epochs = EpochTerms::default();
    let seconds = "a number of seconds, 5 or more";
    set(&mut epochs.epoch_seconds, config.take("epoch_seconds", seconds));
    set(&mut epochs.overlap_seconds, config.take("overlap_seconds", seconds));
    for (name, value) in
        [("epoch_seconds", epochs.epoch_seconds), ("overlap_seconds", epochs.overlap_seconds)]
    {
        if !EPOCH_SECONDS.contains(&value) {
            config.mistake(&format!("{name} is from 5 seconds to a year of 31536000"));
        }
    }
    if epochs.overlap_seconds > 10 * epochs.epoch_seconds {
        config.mistake("overlap_seconds is at most ten times epoch_seconds");
    }
    epochs
}

/// What clearing goes by: `fee_basis_points` and `clearing_seconds`.
fn clearing(config: &mut Config) -> ClearingTerms {
    let mut terms = ClearingTerms::default();
    set(
        &mut terms.fee_basis_points,
        config.take("fee_basis_points", "hundredths of a per cent, such as 150"),
    );
    set(&mut terms.seconds, config.take("clearing_seconds", "a number of seconds, such as 86400"));
    if terms.fee_basis_points > BASIS_POINTS {
        config.mistake(&format!("fee_basis_points is from 0 to {BASIS_POINTS}"));
    }
    if !CLEARING_SECONDS.contains(&terms.seconds) {
        config.mistake("clearing_seconds is from 1 to a month of 2678400");
    }
    terms
}

pub(crate) fn set<T>(to: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *to = value;
    }
}

fn promote_after(config: &mut Config) -> Duration {
    let (least, most) = (PROMOTE_AFTER_MS.start(), PROMOTE_AFTER_MS.end());
    let expected = format!("a number of milliseconds from {least} to {most}");
    let Some(ms) = config.take::<u64>("promote_after_ms", &expected) else { return PROMOTE_AFTER };
    if !PROMOTE_AFTER_MS.contains(&ms) {
        config.mistake(&format!("promote_after_ms: expected {expected}"));
    }
    Duration::from_millis(ms)
}
