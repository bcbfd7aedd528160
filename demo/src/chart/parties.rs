//! Who an address is.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use kessai_shared::columns::plain;

use super::packet::Station;

/// The longest name of a party, in characters: columns stand side by side.
const MOST_NAME: usize = 24;
/// The most names that can be given.
const MOST_NAMES: usize = 64;

/// Names of stations. A port's name comes before its host's.
#[derive(Clone, Debug, Default)]
pub struct Parties(BTreeMap<Station, String>);

impl Parties {
    /// Calls a station by this name.
    pub fn call(&mut self, station: Station, name: &str) {
        self.0.insert(station, name.to_owned());
    }

    /// Reads `ADDRESS=NAME`s, where an address is an IP address, one with a port, or a hardware address.
    ///
    /// # Errors
    /// A line about the first that is not one.
    pub fn of(names: &[String]) -> Result<Self, String> {
        if names.len() > MOST_NAMES {
            return Err(format!("--name: {} of them; {MOST_NAMES} are the most", names.len()));
        }
        let mut parties = Self::default();
        for given in names {
            let wrong = |why: &str| format!("--name {}: {why}", plain(given));
            let (address, name) =
                given.split_once('=').ok_or_else(|| wrong("write ADDRESS=NAME, as in 10.77.0.1=seller"))?;
            let station = station(address).ok_or_else(|| {
                wrong("the address is none: an IP address, one with its port, or a hardware address")
            })?;
            if name.is_empty() || name.chars().count() > MOST_NAME {
                return Err(wrong(&format!("a name has 1 to {MOST_NAME} characters")));
            }
            parties.call(station, &plain(name));
        }
        Ok(parties)
    }

    /// The name of a station, or its address.
    pub fn name(&self, station: Station) -> String {
        let known = self.0.get(&station).or_else(|| self.0.get(&station.host()));
        known.cloned().unwrap_or_else(|| match station {
            // A frame for every station has no one to go to.
            Station::Hardware([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]) => "everyone".to_owned(),
            Station::Hardware(_) | Station::Host(_) | Station::Port(_) => station.to_string(),
        })
    }
}

fn station(text: &str) -> Option<Station> {
    let port = text.parse::<SocketAddr>().ok().map(Station::Port);
    let host = || text.parse::<IpAddr>().ok().map(Station::Host);
    port.or_else(host).or_else(|| hardware(text).map(Station::Hardware))
}

fn hardware(text: &str) -> Option<[u8; 6]> {
    let mut address = [0; 6];
    let mut parts = text.split(':');
    for byte in &mut address {
        let part = parts.next().filter(|part| part.len() == 2)?;
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_named_before_its_host() {
        let given = ["10.0.0.1=shop", "10.0.0.1:9=seller", "02:00:00:00:00:0a=card", "[::1]:4=six"];
        let parties = Parties::of(&given.map(str::to_owned)).expect("names");
        let port = |text: &str| parties.name(Station::Port(text.parse().expect("an address")));
        assert_eq!([port("10.0.0.1:9"), port("10.0.0.1:8"), port("[::1]:4")], ["seller", "shop", "six"]);
        assert_eq!(port("10.0.0.2:8"), "10.0.0.2:8");
        assert_eq!(parties.name(Station::Hardware([2, 0, 0, 0, 0, 10])), "card");
    }

    #[test]
    fn what_names_nobody_is_refused() {
        for wrong in ["10.0.0.1", "x=seller", "10.0.0.1=", "02:00:00:00:00=x", "02:00:00:00:00:0a:0b=x"] {
            let told = Parties::of(&[wrong.to_owned()]).expect_err("no name");
            assert!(told.starts_with(&format!("--name {wrong}: ")), "{told}");
        }
    }
}
