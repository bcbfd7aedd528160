//! The file a shop hands out: where it is, and which keys to trust it by.

use std::net::SocketAddr;
use std::path::Path;

use kessai_shared::config::{Config, ConfigError};
use kessai_shared::pin::Pin;

/// What `shop.toml` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopFile {
    pub address: SocketAddr,
    /// The seller's pins: one, or two while it changes its key.
    pub seller_pins: Vec<Pin>,
    /// The roots of the card issuers whose cards can be used here.
    pub issuer_roots: Vec<Pin>,
}

impl ShopFile {
    /// Reads the file.
    ///
    /// # Errors
    /// [`ConfigError`] with every mistake in it.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let mut config = Config::need(path)?;
        let address = config.need_parsed("address", "an address such as \"127.0.0.1:7000\"");
        let pins = "one or two pins of 64 hexadecimal digits";
        let seller_pins: Vec<Pin> = config.take_list("seller_pins", pins);
        let issuer_roots: Vec<Pin> = config.take_list("issuer_roots", "pins of 64 hexadecimal digits");
        if seller_pins.is_empty() || seller_pins.len() > 2 {
            config.mistake(&format!("seller_pins: expected {pins}"));
        }
        if issuer_roots.is_empty() {
            config.mistake("issuer_roots: expected at least one pin of 64 hexadecimal digits");
        }
        config.finish()?;
        // A missing address is one of the mistakes that end the reading.
        let address = address.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
        Ok(Self { address, seller_pins, issuer_roots })
    }

    /// The file's text, for whoever opens a shop.
    pub fn text(&self) -> String {
        let list = |pins: &[Pin]| pins.iter().map(|pin| format!("\"{pin}\"")).collect::<Vec<_>>().join(", ");
        format!(
            "# How a terminal finds this shop and knows it. Nothing in here is secret.\n\
             address = \"{}\"\nseller_pins = [{}]\nissuer_roots = [{}]\n",
            self.address,
            list(&self.seller_pins),
            list(&self.issuer_roots)
        )
    }
}
