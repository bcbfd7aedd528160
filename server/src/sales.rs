//! The seller's books, and every rule about products, stock, orders and returns. Pure: time and ids
//! arrive as arguments, and nothing here reads a file, a clock or a wire.

pub mod acts;
mod audit;
mod books;
mod give_back;
mod inconsistent;
mod order;
mod product;
mod stock;
mod work;

pub use audit::Audit;
pub use books::{Books, Change, Row, RowKey, Totals};
pub use give_back::{GiveBack, Part};
pub use inconsistent::Inconsistent;
pub use order::Order;
pub use product::Product;
pub use stock::Stock;
pub use work::Work;
