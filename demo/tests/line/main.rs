//! Seller and settlement on a line with two ends and no IP: as Unix datagrams, and as Ethernet frames between
//! two hosts, where both daemons run without privileges.

#[path = "../support/mod.rs"]
mod support;

mod cable;
mod ethernet;
mod opener;
mod round_trip;
mod unix;

use kessai_demo::lan;

/// Whether namespaces can be made; otherwise says in one line what is left out.
fn may_have_hosts(what: &str) -> bool {
    let may = lan::may();
    if let Err(why) = &may {
        println!("SKIPPED: {what}: {why}");
        assert!(std::env::var_os("CI").is_none(), "on CI nothing is skipped");
    }
    may.is_ok()
}
