//! The seller's books, and every rule about products, stock, orders and returns. Pure: time and ids
//! arrive as arguments, and nothing here reads a file, a clock or a wire.

pub mod acts;
mod audit;
mod books;
mod change;
mod clearing;
mod closing;
mod give_back;
mod history;
mod inconsistent;
mod life;
mod lists;
mod moves;
mod order;
mod product;
mod recovered;
mod stock;
mod stored;
mod tally;
mod tenure;
mod trail;
mod work;

pub use audit::Audit;
pub use books::{Books, Totals};
pub use change::{Change, Row, RowKey};
pub use clearing::{Batch, Clearing, Compared, MAX_BATCHES_BEHIND};
pub use closing::Closing;
pub use give_back::{GiveBack, Part, Settled};
pub use history::{Deed, FIRST_LEGS, Leg, MAX_LEGS};
pub use inconsistent::Inconsistent;
pub use life::{Terms, WayOut, way_out};
pub use order::{LinePieces, MAX_SHIPMENTS, Order, Pieces, Shipment, Shipping};
pub use product::{About, Product};
pub use recovered::{Recovered, RecoveredState, RecoveredStep};
pub use stock::{MAX_ON_HAND, Reason, Stock};
pub use stored::{Label, Stored, Unfiled};
pub use tenure::Tenure;
pub use work::{Answer, Work};
