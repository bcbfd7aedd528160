//! The table `traces` of a configuration.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use toml::{Table, Value};

use crate::config::Config;

/// What an endpoint looks like.
const EXPECTED: &str = "expected an address such as \"http://127.0.0.1:4318\"; TLS is the business of a \
    collector on this machine";

/// Where spans go, and of how many orders.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The collector's address for OTLP over HTTP.
    pub endpoint: SocketAddr,
    /// Which part of all orders is traced, above 0 and up to 1.
    pub ratio: f64,
}

impl Settings {
    /// Takes the table `traces` out of a configuration; without it nothing is traced.
    pub fn take(config: &mut Config) -> Option<Self> {
        let mut table = config.take::<Table>("traces", "a table such as [traces]")?;
        let endpoint = table.remove("endpoint");
        let endpoint = endpoint.as_ref().and_then(Value::as_str).and_then(address);
        if endpoint.is_none() {
            config.mistake(&format!("traces.endpoint: {EXPECTED}"));
        }
        let ratio = match table.remove("ratio") {
            None => Some(1.0),
            Some(Value::Float(ratio)) => Some(ratio),
            Some(Value::Integer(1)) => Some(1.0),
            Some(_) => None,
        };
        let ratio = ratio.filter(|ratio| *ratio > 0.0 && *ratio <= 1.0);
        if ratio.is_none() {
            config.mistake("traces.ratio: expected a number above 0 and up to 1, such as 0.01");
        }
        for key in table.keys() {
            config.mistake(&format!("traces.{key}: there is no such key"));
        }
        Some(Self { endpoint: endpoint?, ratio: ratio? })
    }

    /// The largest number that the last seven bytes of a sampled order's id are.
    pub(super) fn most(&self) -> u64 {
        (self.ratio * (1_u64 << 56) as f64) as u64
    }
}

impl FromStr for Settings {
    type Err = BadEndpoint;

    /// All orders, at this endpoint.
    fn from_str(text: &str) -> Result<Self, BadEndpoint> {
        address(text).map(|endpoint| Self { endpoint, ratio: 1.0 }).ok_or(BadEndpoint)
    }
}

/// A text that names no collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadEndpoint;

impl fmt::Display for BadEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }
}

impl std::error::Error for BadEndpoint {}

/// The address of an endpoint, whose path is always that of OTLP.
fn address(text: &str) -> Option<SocketAddr> {
    let rest = text.strip_prefix("http://")?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    rest.parse().ok()
}
