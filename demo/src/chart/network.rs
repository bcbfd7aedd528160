//! The network of a system: hosts above, wires below, and in red wherever a card could be read.

mod svg;
mod text;

use serde::Serialize;

/// The most hosts of a picture, and the most wires.
const MOST_HOSTS: usize = 8;
const MOST_WIRES: usize = 6;

/// A host that stands on some wires.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Host {
    pub name: String,
    /// What is to be known of it, such as where in it a card was readable.
    pub note: String,
    /// Whether a card was readable there, though it should not be.
    pub exposed: bool,
}

/// A wire, and which hosts it joins, by their places.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Wire {
    pub name: String,
    pub note: String,
    pub hosts: Vec<usize>,
    /// Whether a tap saw all that went over it.
    pub tapped: bool,
    pub exposed: bool,
}

/// A network, ready to be drawn. Hosts and wires beyond what a picture holds are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Network {
    pub title: String,
    pub hosts: Vec<Host>,
    pub wires: Vec<Wire>,
}

impl Network {
    pub fn new(title: &str) -> Self {
        Self { title: title.to_owned(), ..Self::default() }
    }

    /// Adds a host; its place.
    pub fn host(&mut self, name: &str, note: &str, exposed: bool) -> usize {
        self.hosts.push(Host { name: name.to_owned(), note: note.to_owned(), exposed });
        self.hosts.len() - 1
    }

    /// Adds a wire with a tap on it.
    pub fn wire(&mut self, name: &str, note: &str, exposed: bool, hosts: &[usize]) {
        let [name, note] = [name, note].map(str::to_owned);
        self.wires.push(Wire { name, note, hosts: hosts.to_vec(), tapped: true, exposed });
    }

    fn drawn(&self) -> (&[Host], &[Wire]) {
        let hosts = &self.hosts[..self.hosts.len().min(MOST_HOSTS)];
        (hosts, &self.wires[..self.wires.len().min(MOST_WIRES)])
    }

    /// The wires that a host stands on, in their order.
    fn wires_of(&self, host: usize) -> Vec<usize> {
        let (_, wires) = self.drawn();
        (0..wires.len()).filter(|wire| wires[*wire].hosts.contains(&host)).collect()
    }
}

impl Wire {
    /// What stands beside it.
    fn caption(&self) -> String {
        let tap = if self.tapped { " (tapped)" } else { "" };
        let note = if self.note.is_empty() { String::new() } else { format!(": {}", self.note) };
        format!("{}{tap}{note}", self.name)
    }
}
