//! The operators' dashboard over daemons that are made up: what every screen looks like, and what holds
//! whatever happens.

mod comfort;
mod drill;
mod look;
mod made;
mod rules;
mod screens;
