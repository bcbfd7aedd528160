//! The stranger: everything that somebody without the key can send to the settlement's port, and what comes
//! back, counted where it leaves the settlement's host.

mod attack;
mod client;
mod frame;
mod hello;
mod kind;
mod on;
mod packet;
mod probes;
mod recorded;
mod recorder;
mod services;
mod tap;
mod volley;

pub use attack::{Attacker, Force, Found, Target, attack};
pub use client::{Stranger, Tried};
pub use frame::{Carried, Frame};
pub use kind::Kind;
pub use on::On;
pub use probes::Probes;
pub use recorded::Recorded;
pub use recorder::Recorder;
pub use tap::{Amount, Sent, Tap};
pub use volley::{BURST, Volley, Waiting};
