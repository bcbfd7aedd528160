//! The terminal's own files: its key, every order id it minted, written before it is used, and the
//! issuers whose receipts it has kept.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use kessai_shared::identity::{Identity, IdentityError};
use kessai_shared::ids::OrderId;
use kessai_shared::pin::Pin;
use kessai_shared::pin_set::{self, PinSetError};
use kessai_shared::time::Timestamp;

pub struct Home {
    folder: PathBuf,
}

impl Home {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The key that this terminal's orders belong to.
    ///
    /// # Errors
    /// [`IdentityError`] when the key file is not as it should be.
    pub fn identity(&self) -> Result<Identity, IdentityError> {
        Identity::load_or_create(self.folder.join("terminal.key"))
    }

    /// Mints an order id and makes it durable.
    ///
    /// # Errors
    /// When it cannot be written: then nothing may be bought under it.
    pub fn open_order(&self, now: Timestamp) -> io::Result<OrderId> {
        let order = OrderId::mint(now, random()?);
        self.keep_order(order, now)?;
        Ok(order)
    }

    /// Makes an order id durable that was minted elsewhere.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_order(&self, order: OrderId, now: Timestamp) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let path = self.folder.join("orders.txt");
        let new = !path.exists();
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        writeln!(file, "{now} {order}")?;
        file.sync_data()?;
        if new { File::open(&self.folder)?.sync_all() } else { Ok(()) }
    }

    /// The roots of the issuers whose receipts were kept here: receipts under them are believed.
    ///
    /// # Errors
    /// [`PinSetError`] when the list is there and is not one of pins.
    pub fn issuers(&self) -> Result<Vec<Pin>, PinSetError> {
        match pin_set::read(&self.issuers_file()) {
            Ok(pins) => Ok(pins.into_iter().collect()),
            Err(PinSetError::Unreadable(_, error)) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    /// Adds an issuer's root to the list, unless it is there.
    ///
    /// # Errors
    /// When the list cannot be read or written.
    pub fn know_issuer(&self, root: Pin) -> io::Result<()> {
        if self.issuers().map_err(io::Error::other)?.contains(&root) {
            return Ok(());
        }
        fs::create_dir_all(&self.folder)?;
        let mut file = OpenOptions::new().create(true).append(true).open(self.issuers_file())?;
        // One write, so that two commands at the same time do not mix their lines.
        file.write_all(format!("{root}\n").as_bytes())?;
        file.sync_data()
    }

    fn issuers_file(&self) -> PathBuf {
        self.folder.join("issuers.txt")
    }
}

fn random() -> io::Result<[u8; 10]> {
    let mut bytes = [0; 10];
    rand::fill(&mut bytes).map_err(|_| io::Error::other("the system gives no random bytes"))?;
    Ok(bytes)
}
