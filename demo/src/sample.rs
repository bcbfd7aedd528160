//! The project's own small shop: a catalogue, and six cards, one for each way a purchase can end.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const PRODUCTS: &str = include_str!("../data/products.csv");
const ACCOUNTS: &str = include_str!("../data/accounts.csv");
const CARDS: &str = include_str!("../data/cards.csv");

/// The sample as files, which is how everything comes into a shop.
pub struct Sample {
    pub products: PathBuf,
    pub accounts: PathBuf,
    pub cards: PathBuf,
}

impl Sample {
    /// Writes the sample into a folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let file = |name: &str, text: &str| -> io::Result<PathBuf> {
            let path = folder.join(name);
            fs::write(&path, text)?;
            Ok(path)
        };
        Ok(Self {
            products: file("products.csv", PRODUCTS)?,
            accounts: file("accounts.csv", ACCOUNTS)?,
            cards: file("cards.csv", CARDS)?,
        })
    }
}
