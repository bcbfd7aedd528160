//! The seller server: keeps the product database, and sells.

pub mod backup;
pub mod catalogue;
pub mod charge;
pub mod clerk;
pub mod cli;
pub mod courier;
pub mod daemon;
pub mod heard_keys;
pub mod import;
pub mod keep_in_touch;
pub mod operator;
pub mod pictures;
pub mod quotes;
pub mod reader;
pub mod reconciler;
pub mod record;
pub mod recoverer;
pub mod sales;
pub mod service;
pub mod settings;
pub mod shown;
pub mod standby;
pub mod standing;
pub mod stocks;
pub mod verify;
pub mod way;
