//! The shopper's terminal: browse a shop, fill a cart, pay, and look after one's orders.

pub mod app;
pub mod cards;
pub mod cli;
pub mod ending;
pub mod headless;
pub mod home;
pub mod receipt_file;
pub mod receipts;
pub mod reconcile;
pub mod replay;
pub mod runtime;
pub mod shop;
pub mod shop_file;
pub mod terminal;
pub mod traffic;
pub mod trust;
pub mod view;
pub mod wallet;
