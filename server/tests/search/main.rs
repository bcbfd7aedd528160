//! Searches of a shop: what they find and in which order, against sorting done the slow way.

mod any;
mod order;
mod shop;
mod stock;
