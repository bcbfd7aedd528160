//! The scripts that the README shows, each against a real seller and a real settlement, and what the books of
//! both say afterwards: what was seen on the screen is what happened.

#[path = "../support/mod.rs"]
mod support;

mod faulty;
mod picture;
mod played;
mod tmux;
