//! Puts this node in charge of its shop.

use clap::Args;
use kessai_shared::console::{Failure, OK};
use kessai_shared::operator::reach::Reach;
use kessai_shared::operator::seller::{Reply, Request};
use serde_json::json;

use super::unexpected;
use crate::operator::SELLER;

#[derive(Args)]
pub struct Promote {
    #[command(flatten)]
    reach: Reach,
    /// Even when this node has less than the one in charge had: what it lacks is lost here.
    #[arg(long)]
    force: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Promote {
    /// Has the running node take over.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be asked, or the settlement does not put it in charge.
    pub fn run(self) -> Result<u8, Failure> {
        match self.reach.ask(SELLER, &Request::Promote { force: self.force })? {
            Reply::Promoted { epoch } if self.json => println!("{}", json!({ "epoch": epoch })),
            Reply::Promoted { epoch } => {
                println!("this node is in charge, under epoch {epoch}");
            }
            reply => return Err(unexpected(reply)),
        }
        Ok(OK)
    }
}
