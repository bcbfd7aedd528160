//! A real purchase on a host of its own, captured by tcpdump and counted by both.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kessai_demo::chart::count::Counts;
use kessai_demo::chart::message::{Message, messages};
use kessai_demo::chart::parties::Parties;
use kessai_demo::chart::pcap;
use kessai_demo::chart::sequence::{Sequence, Settings};
use kessai_demo::lan::{self, Host, Lan};

use super::support::processes;
use super::support::shop::Shop;
use super::support::until;

/// With nothing more written for so long, everything is.
const QUIET: Duration = Duration::from_millis(500);

/// tcpdump on a host. It is ended when the test lets go of it.
struct Tap {
    process: Child,
    said: PathBuf,
    file: PathBuf,
}

impl Tap {
    fn on(host: &Host, folder: &Path) -> Self {
        let (file, said) = (folder.join("loopback.pcap"), folder.join("tcpdump.log"));
        let mut command = Command::new("tcpdump");
        command
            .args(["-i", "lo", "-n", "--immediate-mode", "-U", "-s", "0", "-B", "65536", "-Z", "root", "-w"])
            .arg(&file);
        // What the machine says beside, that a port is closed, is no message between the parties.
        command.arg("udp");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&said).expect("a log"));
        let process = host.inside(|| command.spawn().expect("tcpdump")).expect("a host");
        let tap = Self { process, said, file };
        until("tcpdump that listens", || tap.said().contains("listening on"));
        tap
    }

    /// Ends it. Every frame has to have been written.
    fn stop(&mut self) {
        // What still waits in the kernel when tcpdump is told to end is not written.
        let length = || fs::metadata(&self.file).map_or(0, |file| file.len());
        until("tcpdump to have written what it heard", || {
            let written = length();
            std::thread::sleep(QUIET);
            written == length()
        });
        processes::signal(self.process.id(), "INT");
        assert!(self.process.wait().expect("a child of ours").success(), "{}", self.said());
        assert!(self.said().contains("\n0 packets dropped by kernel"), "{}", self.said());
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.said).unwrap_or_default()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        // Either fails when it has ended already, which is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// From, to: how many frames, how many bytes on the wire and how many in datagrams.
type Ways = BTreeMap<(String, String), (usize, u64, u64)>;

/// What tcpdump itself says of a capture; in few words, or it would look for other protocols at some ports.
fn by_tcpdump(file: &Path) -> Ways {
    let mut command = Command::new("tcpdump");
    let output = command
        .args(["-n", "-t", "-e", "-q", "-Z", "root", "-r"])
        .arg(file)
        .arg("udp")
        .output()
        .expect("tcpdump");
    assert!(output.status.success(), "{output:?}");
    let mut ways = Ways::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        // … > …, IPv4, length 80: 127.0.0.1.51926 > 127.0.0.1.24149: UDP, length 38
        let (head, rest) = line.split_once(": ").expect(line);
        let frame: u64 = head.rsplit(' ').next().and_then(|text| text.parse().ok()).expect(line);
        let (from, rest) = rest.split_once(" > ").expect(line);
        let (to, rest) = rest.split_once(": ").expect(line);
        let payload: u64 = rest.rsplit(' ').next().and_then(|text| text.parse().ok()).expect(line);
        let address =
            |text: &str| text.rsplit_once('.').map(|(ip, port)| format!("{ip}:{port}")).expect(line);
        let way = ways.entry((address(from), address(to))).or_default();
        *way = (way.0 + 1, way.1 + frame, way.2 + payload);
    }
    ways
}

fn by_us(messages: &[Message]) -> Ways {
    let ways = Counts::of(messages).ways.into_iter();
    ways.map(|way| ((way.from, way.to), (way.frames, way.wire_bytes, way.payload_bytes))).collect()
}

fn missing() -> Option<String> {
    let tcpdump =
        Command::new("tcpdump").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    lan::may().err().or_else(|| tcpdump.is_err().then(|| "needs tcpdump".to_owned()))
}

#[test]
fn a_real_purchase_is_counted_as_tcpdump_counts_it() {
    if let Some(missing) = missing() {
        println!("SKIPPED: the capture of a real purchase {missing}");
        assert!(std::env::var_os("CI").is_none(), "on CI nothing is skipped");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let lan = Lan::new("charts").expect("namespaces");
    let host = lan.host("all").expect("a host");
    let mut tap = Tap::on(&host, folder.path());
    let shop = host.inside(|| Shop::open(&folder.path().join("shop"))).expect("a host");
    let ends = ["kessai-server", "kessai-settlement"].map(|role| shop.address(role));
    let bought = host.inside(|| shop.terminal().buy_json("Approved", &["TEA-SENCHA=2"], 0)).expect("a host");
    assert_eq!(bought["outcome"], "00", "{bought}");
    // The shop's own farewells are part of the capture.
    assert_eq!(shop.stop("TERM"), Some(0));
    tap.stop();

    let frames = pcap::open(&tap.file).expect("a capture");
    let plain = messages(&frames, &Parties::default());
    assert_eq!(by_us(&plain), by_tcpdump(&tap.file));
    // Again, from what we write of it ourselves, which tcpdump reads too.
    let again = folder.path().join("again.pcapng");
    pcap::write_pcap(File::create(&again).expect("a file"), &frames).expect("written");
    assert_eq!(pcap::open(&again).expect("a capture"), frames);
    assert_eq!(by_tcpdump(&again), by_tcpdump(&tap.file));

    let names = [format!("{}=seller", ends[0]), format!("{}=settlement", ends[1])];
    let named = messages(&frames, &Parties::of(&names).expect("names"));
    let talks = Counts::of(&named).talks;
    let trips = |answerer: &str| -> usize {
        talks.iter().filter(|talk| talk.answerer == answerer).map(|talk| talk.round_trips).sum()
    };
    let handshakes = talks.iter().map(|talk| talk.handshake_round_trips).sum::<usize>();
    println!("{talks:#?}");
    assert!(handshakes >= 2, "a handshake on each wire");
    // What the shop is, a quote and an order on one; on the other an inquiry, besides what the daemons say
    // to each other by themselves.
    // That takes the longer the slower the machine is: they say something to each other a few times a second.
    let seconds = usize::try_from(frames.last().expect("a frame").at.as_secs()).expect("a short while");
    assert!((3..=8 + seconds).contains(&(trips("seller"))), "{talks:?}");
    assert!((2..=8 + 8 * seconds).contains(&(trips("settlement"))), "{talks:?}");
    let sequence = Sequence::of(&named, &[], &Settings::default());
    let steps = sequence.steps.len();
    assert!(steps < 60 + 16 * seconds, "a purchase is one screen: {steps}");
}
