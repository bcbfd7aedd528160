//! The seller's and the settlement's books, asked for over the operator wire, and the receipts, all as
//! sources of rows.

use kessai_shared::console::Failure;
use kessai_shared::ids::OrderId;
use kessai_shared::operator::client::{Operator, Place};
use kessai_shared::operator::rows::{Charge, ClearingBatch, ShopBatch, Trade};
use kessai_shared::operator::{MAX_ROWS, Page, seller, settlement};
use kessai_shared::pin::Pin;

use super::merge::Source;
use super::slips::Slip;

/// The seller's books.
pub struct Seller(pub Operator);

/// One seller's part of the settlement's books.
pub struct Settlement {
    pub operator: Operator,
    pub seller: Pin,
}

impl Seller {
    /// # Errors
    /// [`Failure`] when the seller is not there.
    pub async fn reach(place: &Place) -> Result<Self, Failure> {
        Operator::reach(seller::DAEMON, place).await.map(Self)
    }

    /// The clearing batches before this one, or from the newest on, the newest first.
    ///
    /// # Errors
    /// [`Failure`] when the seller cannot be asked.
    pub async fn batches(&self, before: Option<u32>) -> Result<Page<ShopBatch, u32>, Failure> {
        match self.0.ask(&seller::Request::Batches { before, limit: MAX_ROWS }).await? {
            seller::Reply::Batches(page) => Ok(page),
            seller::Reply::Refused(refusal) => Err(Failure::failed(refusal)),
            _ => Err(strange("seller")),
        }
    }
}

impl Settlement {
    /// # Errors
    /// [`Failure`] when the settlement is not there.
    pub async fn reach(place: &Place, seller: Pin) -> Result<Self, Failure> {
        let operator = Operator::reach(settlement::DAEMON, place).await?;
        Ok(Self { operator, seller })
    }

    /// The clearing batches before this one, or from the open one on, the newest first.
    ///
    /// # Errors
    /// [`Failure`] when the settlement cannot be asked.
    pub async fn batches(&self, before: Option<u32>) -> Result<Page<ClearingBatch, u32>, Failure> {
        let request = settlement::Request::Batches { seller: self.seller, before, limit: MAX_ROWS };
        match self.operator.ask(&request).await? {
            settlement::Reply::Batches(page) => Ok(page),
            settlement::Reply::Refused(refusal) => Err(Failure::failed(refusal)),
            _ => Err(strange("settlement")),
        }
    }
}

impl Source for Seller {
    type Row = Trade;

    async fn page(&self, before: Option<OrderId>, limit: u16) -> Result<Page<Trade, OrderId>, Failure> {
        match self.0.ask(&seller::Request::Trades { before, limit }).await? {
            seller::Reply::Trades(page) => Ok(page),
            seller::Reply::Refused(refusal) => Err(Failure::failed(refusal)),
            _ => Err(strange("seller")),
        }
    }
}

impl Source for Settlement {
    type Row = Charge;

    async fn page(&self, before: Option<OrderId>, limit: u16) -> Result<Page<Charge, OrderId>, Failure> {
        let request = settlement::Request::Charges { seller: self.seller, before, limit };
        match self.operator.ask(&request).await? {
            settlement::Reply::Charges(page) => Ok(page),
            settlement::Reply::Refused(refusal) => Err(Failure::failed(refusal)),
            _ => Err(strange("settlement")),
        }
    }
}

/// Receipts that were read, the newest first.
impl Source for [Slip] {
    type Row = Slip;

    async fn page(&self, before: Option<OrderId>, limit: u16) -> Result<Page<Slip, OrderId>, Failure> {
        let from = before.map_or(0, |before| self.partition_point(|slip| slip.order >= before));
        let rest = self.get(from..).unwrap_or_default();
        let rows = rest[..rest.len().min(usize::from(limit))].to_vec();
        let next = rows.last().map(|slip| slip.order).filter(|_| rows.len() < rest.len());
        Ok(Page { rows, next })
    }
}

fn strange(who: &str) -> Failure {
    Failure::failed(format!("the {who} answered something else than it was asked; use the same version"))
}
