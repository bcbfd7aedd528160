//! The terminal's whole life in real terminal windows: how it takes one over, how it gives it back, and
//! what happens to it in between.

#[path = "../support/mod.rs"]
mod support;

mod broken;
mod dashboard;
mod ended;
mod figures;
mod idle;
mod lines;
mod played;
mod pty;
mod resized;
mod suspended;
