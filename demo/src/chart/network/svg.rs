//! The network as SVG.

use super::Network;
use crate::chart::draw::svg::{CELL, Svg, fill_class, wire_class};
use crate::chart::draw::wrap::wrap;

/// All in pixels.
const MARGIN: usize = 24;
const HOST: usize = 190;
const GAP: usize = 26;
const LINE: usize = 18;
const WIRE: usize = 62;

impl Network {
    /// Draws it as a file of its own.
    pub fn svg(&self) -> String {
        let (svg, height) = self.picture();
        svg.finish(height)
    }

    /// The picture, and how high it is in pixels.
    pub fn picture(&self) -> (Svg, usize) {
        let (hosts, wires) = self.drawn();
        let width = 2 * MARGIN + hosts.len().max(2) * (HOST + GAP) - GAP;
        let mut svg = Svg::new(&self.title, &self.about(), width);
        let mut y = MARGIN + 14;
        for line in wrap(&self.title, (width - 2 * MARGIN) / (CELL + 2)) {
            svg.text(MARGIN, y, "start", "title", &line);
            y += 26;
        }
        let cells = (HOST - 16) / CELL;
        let notes: Vec<_> = hosts.iter().map(|host| wrap(&host.note, cells)).collect();
        let height = 40 + notes.iter().map(Vec::len).max().unwrap_or_default() * LINE;
        let left = |host: usize| MARGIN + host * (HOST + GAP);
        let row = |wire: usize| y + height + 50 + wire * WIRE;
        for (at, wire) in wires.iter().enumerate() {
            let class = wire_class(at, wire.exposed);
            svg.line((MARGIN, row(at)), (width - MARGIN, row(at)), &format!("go {class}"));
        }
        for (at, (host, note)) in hosts.iter().zip(&notes).enumerate() {
            let joined = self.wires_of(at);
            for (place, wire) in joined.iter().enumerate() {
                let x = left(at) + (place + 1) * HOST / (joined.len() + 1);
                let exposed = wires.get(*wire).is_some_and(|wire| wire.exposed);
                svg.line((x, y + height), (x, row(*wire)), &format!("go {}", wire_class(*wire, exposed)));
                svg.dot(x, row(*wire), &fill_class(*wire, exposed));
            }
            svg.rect((left(at), y), (HOST, height), if host.exposed { "box-danger" } else { "box" });
            let middle = left(at) + HOST / 2;
            svg.text(middle, y + 24, "middle", "strong", &host.name);
            let class = if host.exposed { "small danger" } else { "small dim" };
            for (line, text) in note.iter().enumerate() {
                svg.text(middle, y + 24 + LINE * (line + 1), "middle", class, text);
            }
        }
        for (at, wire) in wires.iter().enumerate() {
            let class = if wire.exposed { "small danger strong halo" } else { "small dim halo" };
            svg.text(MARGIN, row(at) + 19, "start", class, &wire.caption());
        }
        (svg, y + height + 50 + wires.len() * WIRE - 20)
    }

    fn about(&self) -> String {
        let (hosts, wires) = self.drawn();
        let mut about = String::new();
        for host in hosts {
            let state = if host.exposed { " (a card was readable here)" } else { "" };
            about += &format!("{}{state}: {}. ", host.name, host.note);
        }
        for wire in wires {
            let named = wire.hosts.iter().filter_map(|at| hosts.get(*at)).map(|host| host.name.as_str());
            let state = if wire.exposed { " (a card was readable on it)" } else { "" };
            about += &format!("{}{state} joins {}. ", wire.caption(), named.collect::<Vec<_>>().join(", "));
        }
        about.trim_end().to_owned()
    }
}
