//! What operators have beyond their screen, on real processes: one purchase followed through the logs of all
//! three programs and as one trace, alarms told to a command, health, and what systemd is told.

#[path = "../support/mod.rs"]
mod support;

mod collector;
mod followed;
mod grafana;
mod units;
mod watched;
