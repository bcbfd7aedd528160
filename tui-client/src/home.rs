//! The terminal's own files: its key, every order id it minted, written before it is used, and the
//! issuers whose receipts it has kept.

mod addresses;
mod cart;
mod sent;

pub use addresses::BadBook;
pub use sent::Sent;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::{digest, rand};
use kessai_shared::identity::{Identity, IdentityError};
use kessai_shared::ids::{OrderId, ReturnId};
use kessai_shared::pin::Pin;
use kessai_shared::pin_set::{self, PinSetError};
use kessai_shared::time::Timestamp;

use cart::CartFile;

/// How many digits of a shop's key are in the names of the files about it.
const SHOP_DIGITS: usize = 16;

/// When ids from a seed begin, in microseconds: 1 January 2026.
const SEEDED_FROM: Timestamp = Timestamp(1_767_225_600_000_000);

pub struct Home {
    folder: PathBuf,
    cart: CartFile,
    seed: Option<Seed>,
}

/// Where ids come from that are the same in every run, and how many were made of it.
struct Seed {
    seed: u64,
    made: AtomicU64,
}

impl Home {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, cart: CartFile::default(), seed: None }
    }

    /// The same, with ids that are made of this number alone. An id that was used before at a shop finds
    /// what was bought under it then, so this is only for shops that are new every time.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed: Some(Seed { seed, made: AtomicU64::new(0) }), ..self }
    }

    /// A return id of the seed, when ids come from one.
    pub fn seeded_return(&self) -> Option<ReturnId> {
        self.seed.as_ref().map(|seed| {
            let (at, random) = seed.next();
            ReturnId::mint(at, random)
        })
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
        let (at, random) = match &self.seed {
            Some(seed) => seed.next(),
            None => (now, random()?),
        };
        let order = OrderId::mint(at, random);
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

    /// A file of this terminal about one shop, whose key tells it from the others.
    fn file_of(&self, shop: Pin, what: &str, ending: &str) -> PathBuf {
        let name = shop.to_string();
        let short = name.get(..SHOP_DIGITS).unwrap_or(&name);
        self.folder.join(format!("{what}-{short}.{ending}"))
    }

    /// Puts a file out of the way that cannot be read, so that its owner can look at it.
    fn set_aside(path: &Path) -> Result<PathBuf, io::Error> {
        let mut name = path.as_os_str().to_owned();
        name.push(".damaged");
        let aside = PathBuf::from(name);
        fs::rename(path, &aside)?;
        Ok(aside)
    }

    fn issuers_file(&self) -> PathBuf {
        self.folder.join("issuers.txt")
    }
}

impl Seed {
    /// The time and the random part of the next id.
    fn next(&self) -> (Timestamp, [u8; 10]) {
        let made = self.made.fetch_add(1, Ordering::Relaxed);
        let mut context = self.seed.to_le_bytes().to_vec();
        context.extend_from_slice(&made.to_le_bytes());
        let hash = digest::digest(&digest::SHA256, &context);
        let mut random = [0; 10];
        random.copy_from_slice(&hash.as_ref()[..10]);
        (SEEDED_FROM.plus_seconds(made), random)
    }
}

fn random() -> io::Result<[u8; 10]> {
    let mut bytes = [0; 10];
    rand::fill(&mut bytes).map_err(|_| io::Error::other("the system gives no random bytes"))?;
    Ok(bytes)
}
