//! The file a shop hands out: where it is, and which keys to trust it by.

use std::net::SocketAddr;
use std::path::Path;

use kessai_shared::config::{Config, ConfigError};
use kessai_shared::pin::Pin;

/// Most addresses that one shop may have: each is a host that somebody has to look after.
pub const MAX_ADDRESSES: usize = 8;

/// What `shop.toml` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopFile {
    /// Where its nodes are, at least one and at most [`MAX_ADDRESSES`]. The first is asked first.
    pub addresses: Vec<SocketAddr>,
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
        let addresses = addresses(&mut config);
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
        Ok(Self { addresses, seller_pins, issuer_roots })
    }

    /// The file's text, for whoever opens a shop.
    pub fn text(&self) -> String {
        let list = |pins: &[Pin]| pins.iter().map(|pin| format!("\"{pin}\"")).collect::<Vec<_>>().join(", ");
        let quoted = self.addresses.iter().map(|address| format!("\"{address}\"")).collect::<Vec<_>>();
        let addresses = match &quoted[..] {
            [address] => format!("address = {address}"),
            several => format!("addresses = [{}]", several.join(", ")),
        };
        format!(
            "# How a terminal finds this shop and knows it. Nothing in here is secret.\n\
             {addresses}\nseller_pins = [{}]\nissuer_roots = [{}]\n",
            list(&self.seller_pins),
            list(&self.issuer_roots)
        )
    }
}

/// Where the shop is, under either name: one address, or the addresses of all its nodes. What is wrong is noted.
fn addresses(config: &mut Config) -> Vec<SocketAddr> {
    const ONE: &str = "an address such as \"127.0.0.1:7000\"";
    const SEVERAL: &str = "1 to 8 addresses such as [\"192.0.2.1:7000\", \"192.0.2.2:7000\"]";
    if !config.holds("addresses") {
        return config.need_parsed("address", ONE).into_iter().collect();
    }
    if config.holds("address") {
        config.mistake("address: is there beside addresses; keep one of the two");
    }
    let _told_already: Option<SocketAddr> = config.take_parsed("address", ONE);
    let mut addresses: Vec<SocketAddr> = config.take_list("addresses", SEVERAL);
    if addresses.len() > MAX_ADDRESSES {
        config.mistake(&format!("addresses: expected {SEVERAL}"));
    }
    let found = addresses.len();
    let mut seen = std::collections::BTreeSet::new();
    addresses.retain(|address| seen.insert(*address));
    if addresses.len() < found {
        config.mistake("addresses: one is there twice");
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIN: &str = "1111111111111111111111111111111111111111111111111111111111111111";

    fn read(text: &str) -> Result<ShopFile, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("shop.toml");
        std::fs::write(&path, text).expect("written");
        ShopFile::read(&path).map_err(|mistakes| mistakes.to_string())
    }

    fn pins() -> String {
        format!("seller_pins = [\"{PIN}\"]\nissuer_roots = [\"{PIN}\"]\n")
    }

    #[test]
    fn one_address_and_several_are_read_as_they_were_written() {
        for count in [1, 2, MAX_ADDRESSES] {
            let addresses = (0..count).map(|n| SocketAddr::from(([127, 0, 0, 1], 7_000 + n as u16)));
            let pin: Pin = PIN.parse().expect("a pin");
            let file =
                ShopFile { addresses: addresses.collect(), seller_pins: vec![pin], issuer_roots: vec![pin] };
            assert_eq!(read(&file.text()), Ok(file));
        }
        let text = format!("address = \"[::1]:7000\"\n{}", pins());
        assert_eq!(read(&text).expect("a shop").addresses, ["[::1]:7000".parse().expect("an address")]);
    }

    #[test]
    fn every_mistake_about_addresses_is_told_with_the_others() {
        let nine: Vec<String> = (0..9).map(|n| format!("\"127.0.0.1:{}\"", 7_000 + n)).collect();
        let cases = [
            ("", "address: is missing"),
            ("address = \"here\"", "address: expected an address"),
            ("addresses = []", "addresses: expected 1 to 8 addresses"),
            ("addresses = [\"127.0.0.1:7000\", \"there\"]", "addresses: expected 1 to 8 addresses"),
            (&format!("addresses = [{}]", nine.join(", ")), "addresses: expected 1 to 8 addresses"),
            ("addresses = [\"127.0.0.1:1\", \"127.0.0.1:1\"]", "addresses: one is there twice"),
            (
                "address = \"127.0.0.1:1\"\naddresses = [\"127.0.0.1:2\"]",
                "address: is there beside addresses",
            ),
        ];
        for (text, mistake) in cases {
            let told = read(&format!("{text}\nseller_pins = [\"x\"]\nissuer_roots = [\"{PIN}\"]\n"));
            let told = told.expect_err(text);
            assert!(told.contains(mistake) && told.contains("seller_pins:"), "{text}: {told}");
        }
    }
}
