//! A capture of everything that goes over the loopback interface, by tcpdump.

use std::fs::{self, File};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::support::{self, processes};

/// The buffer in the kernel, in KiB: enough that nothing is dropped while tcpdump waits for the disk.
const BUFFER_KIB: &str = "65536";

/// The name of the captured file.
pub const FILE: &str = "loopback.pcap";

pub struct Capture {
    process: Child,
    said: PathBuf,
    file: PathBuf,
}

impl Capture {
    /// Begins to capture, into a file in this folder.
    pub fn start(folder: &Path) -> Self {
        let (file, said) = (folder.join(FILE), folder.join("tcpdump.log"));
        let mut command = Command::new("tcpdump");
        // As root it would give its rights away, and then could not write where we say.
        command
            .args(["-i", "lo", "-n", "-U", "-s", "0", "-B", BUFFER_KIB, "-Z", "root", "-w"])
            .arg(&file)
            .arg("udp");
        let log = File::create(&said).expect("a log");
        let process =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("tcpdump");
        let capture = Self { process, said, file };
        support::until("tcpdump that listens", || capture.said().contains("listening on"));
        capture
    }

    /// Sends these bytes over the captured wire, in the clear.
    pub fn send(&self, bytes: &[u8]) {
        let to = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let from = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        from.send_to(bytes, to.local_addr().expect("an address")).expect("sent");
    }

    /// Ends it. Every packet has to have been written.
    pub fn stop(mut self) -> PathBuf {
        processes::signal(self.process.id(), "INT");
        assert!(self.process.wait().expect("a child of ours").success(), "{}", self.said());
        assert!(self.said().contains("\n0 packets dropped by kernel"), "{}", self.said());
        self.file.clone()
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.said).unwrap_or_default()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        // Either fails when it has ended already, which is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// How many packets of a capture go from or to this port.
pub fn packets(file: &Path, port: u16) -> usize {
    let mut command = Command::new("tcpdump");
    command.args(["-n", "-t", "-Z", "root", "-r"]).arg(file).args(["udp", "port", &port.to_string()]);
    let output = command.output().expect("tcpdump");
    assert!(output.status.success(), "{output:?}");
    output.stdout.iter().filter(|byte| **byte == b'\n').count()
}
