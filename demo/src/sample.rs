//! The project's own small shop: a catalogue, and six cards, one for each way a purchase can end.

mod pictures;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pictures::PICTURES;

/// Where the table of products finds their pictures, from where it is.
const PICTURES_FOLDER: &str = "pictures";
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
        let pictures = folder.join(PICTURES_FOLDER);
        fs::create_dir_all(&pictures)?;
        for (name, bytes) in PICTURES {
            fs::write(pictures.join(name), bytes)?;
        }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kessai_server::import::products;
    use kessai_shared::picture::{Kind, check};

    use super::*;

    /// Largest picture of the sample, in bytes: all of them are in the program.
    const MAX_SAMPLE_PICTURE_BYTES: usize = 10 * 1024;

    #[test]
    fn every_product_of_the_sample_is_described_and_has_a_picture() {
        let folder = tempfile::tempdir().expect("a folder");
        let sample = Sample::write(folder.path()).expect("the sample");
        let found = products(&sample.products).expect("a table without a bad row");
        assert_eq!(found.table.ignored, Vec::<String>::new());
        for row in &found.table.rows {
            assert!(row.description.as_ref().is_some_and(|text| text.len() > 40), "{}", row.sku);
            assert!(row.picture.is_some_and(|picture| picture.is_some()), "{}", row.sku);
            assert!(!row.category.is_empty(), "{}", row.sku);
        }
        let named: BTreeSet<_> = found.pictures.values().map(|path| path.file_name()).collect();
        assert_eq!(named.len(), PICTURES.len(), "no picture is there twice or for nothing");
        for (name, bytes) in PICTURES {
            assert!(bytes.len() <= MAX_SAMPLE_PICTURE_BYTES, "{name}");
            let picture = check(bytes).expect("a picture");
            assert_eq!((picture.kind, picture.width, picture.height), (Kind::Png, 128, 128), "{name}");
        }
    }
}
