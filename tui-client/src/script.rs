//! Scripts: the shop or the operators' dashboard, played from a file instead of by a person: one command a line.
//!
//! | command | what it does |
//! | --- | --- |
//! | `dashboard` | as the first command: the operators' dashboard is played, and not the shop |
//! | `key Enter` | presses one key: its letter, or its name as the configuration file has it |
//! | `keys "jja"` | presses each letter as a key |
//! | `type "text"` | types text, a letter at a time |
//! | `paste "text"` | pastes text as one |
//! | `resize 100x30` | changes the window |
//! | `wait "text" within 10s` | waits until it is on the screen; 30 s, when nothing is said |
//! | `expect "text"`, `absent "text"` | what must be, or must not be, on the screen now |
//! | `snapshot NAME` | compares the screen with a text file beside the script; waits up to 5 s for them to be alike, and 30 s while answers are still to come |
//! | `pause 2s` | gives people time to read; nothing else waits for it |
//! | `clock +65s` | moves the app's clock, without waiting; not that of daemons |
//! | `outside NAME` | asks whoever plays the script for something that the app cannot do itself |
//! | `patience 3s` | how long a payment is waited for before it counts as unknown |
//!
//! Texts are found whatever their capitals and wherever their lines are broken.
//! What stands behind a `#` at the beginning of a line is for people.

mod cast;
mod clock;
pub mod command;
mod pace;
mod paper;
mod player;
mod read;
mod sight;
mod snapshot;

pub use clock::MovedClock;
pub use paper::text_of;
pub use player::{Manner, Scene, play};
pub use read::{Act, Kind, Script, Step, parse_size};
