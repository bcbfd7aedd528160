//! The seller server: keeps the product database, and sells.

pub mod catalogue;
pub mod clerk;
pub mod cli;
pub mod courier;
pub mod daemon;
pub mod heard_keys;
pub mod import;
pub mod keep_in_touch;
pub mod operator;
pub mod quotes;
pub mod reader;
pub mod reconciler;
pub mod record;
pub mod sales;
pub mod service;
pub mod settings;
pub mod shown;
pub mod verify;
