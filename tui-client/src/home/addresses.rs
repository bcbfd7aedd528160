//! The shopper's addresses in a file that only its owner can read, and may write, too.

use std::fmt;
use std::io;
use std::path::PathBuf;

use kessai_shared::address::{Address, AddressParts};
use kessai_shared::private_file;
use serde::{Deserialize, Serialize};

use super::Home;
use crate::app::model::{AddressBook, Addressed, Unfiled};

/// The largest file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 256 * 1024;

/// What is wrong with the file. Its owner has written it, so it stays as it is.
#[derive(Debug)]
pub struct BadBook {
    path: PathBuf,
    why: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    /// The label of the address that is taken when nobody chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default: Option<String>,
    #[serde(default)]
    address: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    label: String,
    name: String,
    lines: Vec<String>,
    town: String,
    #[serde(default)]
    postcode: String,
    country: String,
    #[serde(default)]
    phone: String,
}

impl Home {
    pub fn addresses_file(&self) -> PathBuf {
        self.path().join("addresses.toml")
    }

    /// The addresses that were kept; none when there is no file.
    ///
    /// # Errors
    /// [`BadBook`], with the address and what is wrong with it.
    pub fn addresses(&self) -> Result<AddressBook, BadBook> {
        let path = self.addresses_file();
        let bad = |why: String| BadBook { path: path.clone(), why };
        let bytes = match private_file::read(&path, MAX_FILE_BYTES) {
            Ok(bytes) => bytes,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(AddressBook::default()),
            Err(why) => return Err(bad(why.to_string())),
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| bad("not text".to_owned()))?;
        let book: Book = toml::from_str(text).map_err(|why| bad(first_line(&why)))?;
        book.into_book().map_err(bad)
    }

    /// Keeps the addresses.
    ///
    /// # Errors
    /// When the file cannot be written; the one before is still there.
    pub fn keep_addresses(&self, book: &AddressBook) -> io::Result<()> {
        let text = toml::to_string(&Book::of(book)).map_err(io::Error::other)?;
        private_file::replace(&self.addresses_file(), text.as_bytes())
    }
}

impl Book {
    fn of(book: &AddressBook) -> Self {
        let entry = |at: usize| book.entries().get(at).map(|entry| entry.label.clone());
        let address = book.entries().iter().map(|Addressed { label, address }| {
            let AddressParts { name, lines, town, postcode, country, phone } = address.parts().clone();
            Entry { label: label.clone(), name, lines, town, postcode, country, phone }
        });
        Self { default: book.default_at().and_then(entry), address: address.collect() }
    }

    fn into_book(self) -> Result<AddressBook, String> {
        let mut book = AddressBook::none_preferred();
        for (at, entry) in self.address.into_iter().enumerate() {
            let Entry { label, name, lines, town, postcode, country, phone } = entry;
            let named = |why: &dyn fmt::Display| format!("address {} ({label:?}): {why}", at + 1);
            let parts = AddressParts { name, lines, town, postcode, country, phone };
            let address = Address::new(parts).map_err(|why| named(&why))?;
            book.put(None, Addressed { label: label.clone(), address }).map_err(|why| {
                named(&match why {
                    Unfiled::Label => "a label is 1 to 40 bytes without control characters",
                    Unfiled::Taken => "another address has this label",
                    Unfiled::Full => "there are too many addresses",
                })
            })?;
        }
        if let Some(label) = self.default {
            let at = book.entries().iter().position(|entry| entry.label.eq_ignore_ascii_case(&label));
            book.make_default(at.ok_or_else(|| format!("default: no address is called {label:?}"))?);
        }
        Ok(book)
    }
}

fn first_line(why: &toml::de::Error) -> String {
    why.message().lines().next().unwrap_or("not TOML").to_owned()
}

impl fmt::Display for BadBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.why)
    }
}

impl std::error::Error for BadBook {}
