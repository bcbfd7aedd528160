//! The terminal's own files: its key, and every order id it minted, written before it is used.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use kessai_shared::identity::{Identity, IdentityError};
use kessai_shared::ids::OrderId;
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
}

fn random() -> io::Result<[u8; 10]> {
    let mut bytes = [0; 10];
    rand::fill(&mut bytes).map_err(|_| io::Error::other("the system gives no random bytes"))?;
    Ok(bytes)
}
