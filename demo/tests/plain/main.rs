//! The shop by lines against the real daemons: whole flows in both languages, through a pipe as a script has
//! them, and through a terminal as a person has.

#[path = "../support/mod.rs"]
mod support;

mod piped;
mod typed;
