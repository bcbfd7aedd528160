//! The settlement server: holds the credit information, and decides.

pub mod backtest;
pub mod backup;
pub mod clerk;
pub mod cli;
pub mod daemon;
pub mod epoch_file;
pub mod heads;
pub mod import;
pub mod keys;
pub mod ledger;
pub mod operator;
pub mod operator_wire;
pub mod policy_file;
pub mod record;
pub mod rekey;
pub mod service;
pub mod settings;
pub mod standby;
pub mod vault;
pub mod verify;
pub mod witness;
