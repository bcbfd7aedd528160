//! Which orders were perhaps sent to a shop, and which of them have an end: what a terminal that was
//! killed in the middle of a payment has to look up when it starts again.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;

use kessai_shared::ids::OrderId;
use kessai_shared::pin::Pin;
use kessai_shared::private_file;
use kessai_shared::time::Timestamp;

use super::Home;
use crate::app::model::Open;

/// The largest file that is read, in bytes. Reading makes it short again.
const MAX_FILE_BYTES: u64 = 16 << 20;
/// From this size on it is written anew without what is over, in bytes.
const LONG_BYTES: usize = 64 * 1024;
/// Most orders that are looked up; older ones than these are too old for anybody to wait for.
const MAX_OPEN: usize = 64;

/// What the file says.
#[derive(Default)]
pub struct Sent {
    /// Without an end, the oldest first.
    pub open: Vec<Open>,
    /// With an end: whether they were bought.
    pub ended: BTreeMap<OrderId, bool>,
}

impl Home {
    /// Writes down that this order is about to be sent. It is on the disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note_sent(&self, shop: Pin, order: OrderId, at: Timestamp, deadline: Timestamp) -> io::Result<()> {
        self.note(shop, &format!("sent {order} {} {}\n", at.0, deadline.0))
    }

    /// Writes down that this order has an end.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note_end(&self, shop: Pin, order: OrderId, bought: bool) -> io::Result<()> {
        self.note(shop, &format!("ended {order} {}\n", if bought { "bought" } else { "not" }))
    }

    /// What was sent and what has an end. `keep` are the orders whose end is still of use.
    ///
    /// # Errors
    /// A line on what is wrong with the file, which is put out of the way.
    pub fn sent(&self, shop: Pin, keep: impl Fn(&OrderId) -> bool) -> Result<Sent, String> {
        let path = self.file_of(shop, "sent", "txt");
        let read = match private_file::read_any(&path, MAX_FILE_BYTES) {
            Ok((bytes, _)) => Ok(bytes),
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Sent::default()),
            Err(why) => Err(why.to_string()),
        };
        let text =
            read.and_then(|bytes| String::from_utf8(bytes.to_vec()).map_err(|_| "not text".to_owned()));
        let read = text.and_then(|text| Ok((Sent::read(&text)?, text.len())));
        let (mut sent, length) = read.map_err(|why| match Self::set_aside(&path) {
            Ok(aside) => format!("{}: {why}; it is now {}", path.display(), aside.display()),
            Err(_) => format!("{}: {why}", path.display()),
        })?;
        sent.ended.retain(|order, _| keep(order));
        if length >= LONG_BYTES {
            // When it cannot be written the long one is as good.
            let _ = private_file::replace(&path, sent.text().as_bytes());
        }
        Ok(sent)
    }

    fn note(&self, shop: Pin, line: &str) -> io::Result<()> {
        std::fs::create_dir_all(self.path())?;
        let path = self.file_of(shop, "sent", "txt");
        let new = !path.exists();
        let mut file = OpenOptions::new().read(true).create(true).append(true).mode(0o600).open(path)?;
        // A line that a power cut or a full disk cut short must not swallow this one.
        let mut line = line.to_owned();
        if file.seek(SeekFrom::End(0))? > 0 {
            let mut last = [0; 1];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                line.insert(0, '\n');
            }
        }
        // One write, so that two terminals at the same time do not mix their lines.
        file.write_all(line.as_bytes())?;
        file.sync_data()?;
        if new { File::open(self.path())?.sync_all() } else { Ok(()) }
    }
}

impl Sent {
    fn read(text: &str) -> Result<Self, String> {
        let mut sent = Self::default();
        // A line that was cut short is left out: its order was not sent, because it is written down first. One
        // bad line must not cost the others. A file with none that is right is another program's.
        let taken = text.lines().filter(|line| sent.take(line).is_some()).count();
        if taken == 0 && text.lines().nth(1).is_some() {
            return Err("none of its lines is this program's".to_owned());
        }
        let Self { open, ended } = &mut sent;
        open.retain(|open| !ended.contains_key(&open.order));
        open.drain(..open.len().saturating_sub(MAX_OPEN));
        Ok(sent)
    }

    fn take(&mut self, line: &str) -> Option<()> {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["sent", order, at, deadline] => {
                let order: OrderId = order.parse().ok()?;
                let (sent_at, deadline) = (Timestamp(at.parse().ok()?), Timestamp(deadline.parse().ok()?));
                // The same order may be sent again, and then it has no end any more.
                self.ended.remove(&order);
                self.open.retain(|open| open.order != order);
                self.open.push(Open { order, sent_at, deadline });
            }
            ["ended", order, how @ ("bought" | "not")] => {
                self.ended.insert(order.parse().ok()?, *how == "bought");
            }
            _other => return None,
        }
        Some(())
    }

    fn text(&self) -> String {
        let open = self.open.iter().map(|o| format!("sent {} {} {}\n", o.order, o.sent_at.0, o.deadline.0));
        let ended = self
            .ended
            .iter()
            .map(|(order, bought)| format!("ended {order} {}\n", if *bought { "bought" } else { "not" }));
        open.chain(ended).collect()
    }
}
