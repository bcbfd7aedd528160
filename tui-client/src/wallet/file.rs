//! The file a wallet is kept in. Whoever changes it holds its lock meanwhile, so that two changes at
//! once are both kept; whoever only reads it needs none, because a change replaces the whole file.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kessai_shared::codec;
use kessai_shared::sealed_file::{self, Cost, Kind, Passphrase, SealedFileError, SealedFileFault};
use zeroize::Zeroizing;

use super::{Wallet, WalletFault};

/// The version of what is kept inside the seal.
const VERSION: u8 = 1;
/// More bytes than an encoded wallet ever has: a hundred cards of fewer than 500 bytes each.
const MAX_WALLET_BYTES: usize = 64 * 1024;
/// How long to wait for another process that is changing the wallet.
const PATIENCE: Duration = Duration::from_secs(10);
const LOCK_PAUSE: Duration = Duration::from_millis(20);

pub struct WalletFile {
    path: PathBuf,
    /// What a new wallet is sealed with, and one whose passphrase changes.
    cost: Cost,
    patience: Duration,
}

/// Why a wallet cannot be used.
#[derive(Debug)]
pub enum WalletError {
    Sealed(SealedFileError),
    Missing(PathBuf),
    /// Another process has been changing it for too long.
    Busy(PathBuf),
    Lock(PathBuf, io::Error),
    Fault(PathBuf, WalletFault),
}

impl WalletFile {
    pub fn new(path: PathBuf) -> Self {
        Self::at_cost(path, Cost::DEFAULT)
    }

    /// A wallet that is sealed at another cost than the default when it is made.
    pub fn at_cost(path: PathBuf, cost: Cost) -> Self {
        Self { path, cost, patience: PATIENCE }
    }

    /// The same wallet, with so much patience for others who are changing it.
    #[must_use]
    pub fn patient_for(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is a wallet.
    ///
    /// # Errors
    /// [`WalletError`] when there is something else, or others may read it.
    pub fn is_there(&self) -> Result<bool, WalletError> {
        Ok(sealed_file::is_there(&self.path, Kind::Wallet)?)
    }

    /// What is in the wallet.
    ///
    /// # Errors
    /// [`WalletError`] says in one line what is wrong and what to do.
    pub fn read(&self, passphrase: &Passphrase) -> Result<Wallet, WalletError> {
        self.open(passphrase).map(|(wallet, _)| wallet)
    }

    /// Changes the wallet, or makes a new one. What the change refuses is not written.
    ///
    /// # Errors
    /// [`WalletError`]; then the file is as it was.
    pub fn change<T>(
        &self,
        passphrase: &Passphrase,
        change: impl FnOnce(&mut Wallet) -> Result<T, WalletFault>,
    ) -> Result<T, WalletError> {
        let _lock = self.lock()?;
        let there = self.is_there()?;
        let (mut wallet, cost) = if there { self.open(passphrase)? } else { (Wallet::default(), self.cost) };
        let changed = change(&mut wallet).map_err(|fault| WalletError::Fault(self.path.clone(), fault))?;
        let content = encode(&wallet);
        if there {
            sealed_file::replace(&self.path, Kind::Wallet, &content, passphrase, cost)?;
        } else {
            sealed_file::create(&self.path, Kind::Wallet, &content, passphrase, cost)?;
        }
        Ok(changed)
    }

    /// Seals the wallet with another passphrase, at the cost of a new one.
    ///
    /// # Errors
    /// [`WalletError`]; then the file is as it was.
    pub fn change_passphrase(&self, old: &Passphrase, new: &Passphrase) -> Result<(), WalletError> {
        let _lock = self.lock()?;
        let wallet = self.read(old)?;
        sealed_file::replace(&self.path, Kind::Wallet, &encode(&wallet), new, self.cost)?;
        Ok(())
    }

    fn open(&self, passphrase: &Passphrase) -> Result<(Wallet, Cost), WalletError> {
        if !self.is_there()? {
            return Err(WalletError::Missing(self.path.clone()));
        }
        let (content, cost) = sealed_file::read(&self.path, Kind::Wallet, passphrase)?;
        let fault = |fault| WalletError::Sealed(SealedFileError { path: self.path.clone(), fault });
        Ok((decode(&content).map_err(fault)?, cost))
    }

    /// The lock lies beside the wallet, because the wallet itself is replaced by each change.
    fn lock(&self) -> Result<File, WalletError> {
        // Two links to one wallet have to lead to one lock.
        let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let fault = |error| WalletError::Lock(self.path.clone(), error);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(fault)?;
        }
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(name);
        let lock = lock.map_err(fault)?;
        let until = Instant::now() + self.patience;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(LOCK_PAUSE),
                Err(TryLockError::WouldBlock) => return Err(WalletError::Busy(self.path.clone())),
                Err(TryLockError::Error(error)) => return Err(fault(error)),
            }
        }
    }
}

fn encode(wallet: &Wallet) -> Zeroizing<Vec<u8>> {
    // The buffer has its full size from the start: one that grows leaves an unwiped copy behind.
    let mut head = Vec::with_capacity(MAX_WALLET_BYTES);
    head.push(VERSION);
    Zeroizing::new(codec::encode_after(head, wallet))
}

fn decode(content: &[u8]) -> Result<Wallet, SealedFileFault> {
    match content.split_first() {
        Some((&VERSION, body)) => {
            let wallet: Option<Wallet> = codec::decode(body).ok();
            let sound = wallet.filter(Wallet::is_sound);
            sound.ok_or(SealedFileFault::Content("what is in it is no wallet"))
        }
        Some((version, _)) if *version > VERSION => Err(SealedFileFault::Newer(*version)),
        Some(_) | None => Err(SealedFileFault::Content("what is in it is no wallet")),
    }
}

impl WalletError {
    /// Whether another passphrase may open it.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Sealed(SealedFileError { fault: SealedFileFault::Closed, .. }))
    }
}

impl From<SealedFileError> for WalletError {
    fn from(error: SealedFileError) -> Self {
        Self::Sealed(error)
    }
}

impl fmt::Display for WalletError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sealed(error) => error.fmt(f),
            Self::Missing(path) => write!(
                f,
                "{}: there is no wallet; make one with `kessai wallet add` or `kessai wallet import`",
                path.display()
            ),
            Self::Busy(path) => {
                write!(f, "{}: another process is changing this wallet; try again", path.display())
            }
            Self::Lock(path, error) => write!(f, "{}: cannot be locked: {error}", path.display()),
            Self::Fault(path, fault) => {
                let lines: Vec<String> =
                    fault.to_string().lines().map(|line| format!("{}: {line}", path.display())).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

impl std::error::Error for WalletError {}
