//! What the terminal does, without a terminal: a model, what happens to it, and what it asks for.
//!
//! Everything below is pure. Time and ids arrive in events, and nothing here reads a clock, a file
//! or a socket, so that every rule about money can be tested with nothing but values.

pub mod effect;
pub mod event;
pub mod keymap;
pub mod model;
pub mod palette;
pub mod pixels;
pub mod settings;
pub mod text_field;
pub mod update;

pub use effect::Effect;
pub use event::{Event, Key, Outside, Seq};
pub use model::Model;
pub use settings::Settings;
pub use text_field::{Edit, TextField};
pub use update::update;
