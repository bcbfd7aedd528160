//! What captures hold and how it is drawn: every reader on every kind of bytes, counts against counts made
//! otherwise, pictures against kept ones, and a real purchase against tcpdump.

#[path = "../support/mod.rs"]
mod support;

mod command;
mod counted;
mod drawn;
mod given;
mod read;
mod real;
