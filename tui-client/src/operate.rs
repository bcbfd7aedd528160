//! `kessai dashboard`: both daemons watched from a terminal. What is shown and done is the pure
//! [`dashboard`](crate::dashboard)'s; here are the wires, the terminal and the lines.

mod command;
mod daemons;
mod lines;
mod places;
mod script;

pub use command::DashboardArgs;
pub use daemons::Daemons;
pub use places::{Places, PlacesArgs};
