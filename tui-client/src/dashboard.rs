//! The operators' dashboard, without a terminal: a model of what both daemons tell of themselves, what happens
//! to it, what it asks for, and how it is drawn.
//!
//! Everything below is pure, as the shop's `app` and `view` are: seconds, ages and answers arrive in events. To
//! add a page that is drilled down to, or an act, implement [`page::Page`] and open it from another page or
//! from [`update`]; questions to the daemons go through [`page::Desk::ask`], and whatever changes something
//! through a [`confirm::Confirm`].

pub mod acts;
pub mod confirm;
pub mod event;
pub mod feed;
pub mod find;
pub mod fresh;
pub mod hour;
pub mod keymap;
pub mod lead;
pub mod model;
pub mod orders;
pub mod page;
pub mod palette;
pub mod table;
pub mod thing;
pub mod told;
pub mod update;
pub mod view;

pub use event::{Daemon, Effect, Event, Question, Told};
pub use feed::Feed;
pub use fresh::Freshness;
pub use model::{Model, Screen};
pub use update::{start, update};
