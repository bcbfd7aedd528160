//! The lines that are typed, read by a thread of its own, because a terminal cannot be waited for otherwise.

use std::io;
use std::os::fd::AsFd;

use tokio::sync::mpsc;
use zeroize::{Zeroize, Zeroizing};

use crate::spoken::MAX_LINE_BYTES;

/// What came in. It derives no Debug: a line may be a card number.
pub enum Typed {
    Line(Zeroizing<String>),
    /// Longer than any line that means something.
    TooLong,
    /// Not UTF-8.
    NoText,
    End,
    Broken(io::Error),
}

/// Bytes that are read at a time.
const READ_BYTES: usize = 512;

/// Begins to read standard input, one line ahead. The thread ends with the input, or with the program.
pub fn listen() -> mpsc::Receiver<Typed> {
    let (send, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut reader = Reader::default();
        loop {
            let typed = reader.next();
            let last = matches!(typed, Typed::End | Typed::Broken(_));
            // Whoever listened is gone when this fails.
            if send.blocking_send(typed).is_err() || last {
                return;
            }
        }
    });
    lines
}

/// Reads without the buffer of the standard library, which would keep what was typed unwiped.
struct Reader {
    line: Zeroizing<Vec<u8>>,
    bytes: Zeroizing<[u8; READ_BYTES]>,
    at: usize,
    end: usize,
    too_long: bool,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            // A buffer that grows would leave an unwiped copy behind.
            line: Zeroizing::new(Vec::with_capacity(MAX_LINE_BYTES)),
            bytes: Zeroizing::new([0; READ_BYTES]),
            at: 0,
            end: 0,
            too_long: false,
        }
    }
}

impl Reader {
    fn next(&mut self) -> Typed {
        loop {
            while self.at < self.end {
                let byte = self.bytes[self.at];
                self.at += 1;
                if byte == b'\n' {
                    return self.finish();
                }
                if self.line.len() < MAX_LINE_BYTES {
                    self.line.push(byte);
                } else {
                    self.too_long = true;
                }
            }
            self.bytes.zeroize();
            match rustix::io::read(io::stdin().as_fd(), &mut self.bytes[..]) {
                // What a pipe ends with may be a line without its end.
                Ok(0) if !self.line.is_empty() || self.too_long => return self.finish(),
                Ok(0) => return Typed::End,
                Ok(count) => (self.at, self.end) = (0, count),
                Err(rustix::io::Errno::INTR) => {}
                // The terminal behind it is gone.
                Err(rustix::io::Errno::IO) => return Typed::End,
                Err(why) => return Typed::Broken(why.into()),
            }
        }
    }

    fn finish(&mut self) -> Typed {
        let mut line = Zeroizing::new(Vec::with_capacity(MAX_LINE_BYTES));
        std::mem::swap(&mut line, &mut self.line);
        if std::mem::take(&mut self.too_long) {
            return Typed::TooLong;
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        match std::str::from_utf8(&line) {
            Ok(text) => Typed::Line(Zeroizing::new(text.to_owned())),
            Err(_) => Typed::NoText,
        }
    }
}
