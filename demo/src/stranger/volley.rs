//! Sends probes as fast as the other end can hear them, from a socket for each kind.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use kessai_shared::console::Failure;

use super::kind::Kind;
use super::probes::Probes;

/// Probes of one kind that go out before another kind has its turn.
pub const BURST: u64 = 64;
/// The most bytes that may wait at the other end before more are sent: half of what the least usual buffer
/// of a socket holds, with what a burst takes there on top.
const MAX_WAITING_BYTES: u64 = 128 * 1024;
/// How long the other end may take until there is room again.
const MAX_WAIT: Duration = Duration::from_secs(20);
/// How long a full queue of our own is waited for.
const MOMENT: Duration = Duration::from_micros(200);
/// How often a probe is sent again that our own kernel did not take.
const MAX_TRIES: u32 = 10_000;

/// Sockets of one sender, one for each kind.
pub struct Volley {
    sockets: BTreeMap<Kind, UdpSocket>,
    target: SocketAddr,
    next: usize,
}

impl Volley {
    /// Sockets on the host that this is called on, some kinds from ports where somebody with the key was
    /// connected before, all others from any.
    ///
    /// # Errors
    /// [`Failure`] when there is no way to the target.
    pub fn open(from: IpAddr, target: SocketAddr, knocked: &[(Kind, u16)]) -> Result<Self, Failure> {
        let open = |kind| {
            let port = knocked.iter().find(|(own, _)| *own == kind).map_or(0, |(_, port)| *port);
            let socket = UdpSocket::bind((from, port))?;
            socket.connect(target)?;
            Ok((kind, socket))
        };
        let kinds = Kind::ALL.into_iter().filter(|kind| !kind.is_a_client());
        Ok(Self { sockets: kinds.map(open).collect::<io::Result<_>>()?, target, next: 0 })
    }

    /// Where each kind is sent from.
    ///
    /// # Errors
    /// [`Failure`] when a socket does not know it.
    pub fn addresses(&self) -> Result<BTreeMap<SocketAddr, Kind>, Failure> {
        let address = |(kind, socket): (&Kind, &UdpSocket)| Ok((socket.local_addr()?, *kind));
        self.sockets.iter().map(address).collect()
    }

    /// Sends so many probes, all kinds in turn. `pause` is called after each burst.
    ///
    /// # Errors
    /// [`Failure`] when nothing can be sent, or when a pause fails.
    pub fn fire(
        &mut self,
        probes: &mut Probes,
        count: u64,
        mut pause: impl FnMut(u64) -> Result<(), Failure>,
    ) -> Result<BTreeMap<Kind, u64>, Failure> {
        let (mut sent, mut left) = (BTreeMap::new(), count);
        let kinds: Vec<Kind> = self.sockets.keys().copied().collect();
        while left > 0 {
            let kind = kinds[self.next % kinds.len()];
            self.next += 1;
            let burst = BURST.min(left);
            for _ in 0..burst {
                let probe = probes.next(kind)?;
                self.send(kind, &probe)?;
            }
            *sent.entry(kind).or_default() += burst;
            left -= burst;
            pause(burst)?;
        }
        Ok(sent)
    }

    fn send(&self, kind: Kind, probe: &[u8]) -> Result<(), Failure> {
        let Some(socket) = self.sockets.get(&kind) else { return Ok(()) };
        for _ in 0..MAX_TRIES {
            match socket.send(probe) {
                Ok(_) => return Ok(()),
                // An answer of the other end's kernel to a probe before this one: whoever taps counts it.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) if is_full(&error) => std::thread::sleep(MOMENT),
                Err(error) => return Err(Failure::failed(format!("{}: {error}", self.target))),
            }
        }
        Err(Failure::failed(format!("{}: the network takes no more", self.target)))
    }
}

fn is_full(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
        || error.raw_os_error() == Some(rustix::io::Errno::NOBUFS.raw_os_error())
}

/// What waits at a UDP port of the host that this is looked at from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    pub bytes: u64,
    /// Datagrams that found no room, since the socket was opened.
    pub lost: u64,
}

impl Waiting {
    /// Looks at the sockets of a port, on the host of the calling thread.
    ///
    /// # Errors
    /// [`Failure`] when the kernel shows no table.
    pub fn at(port: u16) -> Result<Self, Failure> {
        let table = std::fs::read_to_string("/proc/thread-self/net/udp")?;
        let lines = table.lines().skip(1).filter_map(|line| Self::of(line, port));
        Ok(lines.fold(Self::default(), |sum, one| Self {
            bytes: sum.bytes + one.bytes,
            lost: sum.lost + one.lost,
        }))
    }

    /// Waits until there is room for another burst.
    ///
    /// # Errors
    /// [`Failure`] when nobody reads any more.
    pub fn for_room(port: u16) -> Result<(), Failure> {
        let begun = Instant::now();
        while Self::at(port)?.bytes > MAX_WAITING_BYTES {
            if begun.elapsed() > MAX_WAIT {
                return Err(Failure::failed(format!("nobody reads what arrives at port {port}")));
            }
            std::thread::sleep(MOMENT);
        }
        Ok(())
    }

    /// A line of the table: `sl local remote st tx:rx tr:when retr uid timeout inode ref pointer drops`.
    fn of(line: &str, port: u16) -> Option<Self> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, local) = fields.get(1)?.rsplit_once(':')?;
        if u16::from_str_radix(local, 16).ok()? != port {
            return None;
        }
        let (_, bytes) = fields.get(4)?.split_once(':')?;
        Some(Self { bytes: u64::from_str_radix(bytes, 16).ok()?, lost: fields.last()?.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_sockets_is_read() {
        let line = "  12: 0100007F:1BBC 00000000:0000 07 00000000:00000D00 00:00000000 00000000 \
                    0 0 77 2 ffff 31";
        assert_eq!(Waiting::of(line, 7100), Some(Waiting { bytes: 3_328, lost: 31 }));
        assert_eq!(Waiting::of(line, 7101), None);
        let own = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let address = own.local_addr().expect("an address");
        own.send_to(&[7; 100], address).expect("sent");
        let waiting = Waiting::at(address.port()).map_err(|failure| failure.line);
        assert!(waiting.expect("a table").bytes >= 100);
    }
}
