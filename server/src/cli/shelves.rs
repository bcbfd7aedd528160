//! What operators do to stock: goods that come in, and books that are put right.

use clap::{Args, ValueEnum};
use kessai_shared::console::{Failure, OK};
use kessai_shared::ids::Sku;
use kessai_shared::operator::reach::Reach;
use kessai_shared::operator::seller::{Reason, Reply, Request};

use super::stock::{print, row_json, sku};
use super::unexpected;
use crate::operator::SELLER;

#[derive(Args)]
pub struct Receive {
    #[arg(value_parser = sku)]
    sku: Sku,
    /// How many pieces came in.
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pieces: u32,
    /// Where they came from, in a few words.
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    reach: Reach,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct Adjust {
    #[arg(value_parser = sku)]
    sku: Sku,
    /// How many pieces more, as +3, or fewer, as -3, there are than the books say.
    #[arg(allow_hyphen_values = true)]
    pieces: i64,
    /// Why.
    #[arg(long)]
    reason: Why,
    #[command(flatten)]
    reach: Reach,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Why {
    /// A count of the shelf says otherwise.
    Counted,
    /// Fewer: they cannot be sold.
    Damaged,
    /// Fewer: they are gone.
    Lost,
    /// More: they were there all the time.
    Found,
}

impl Receive {
    /// Carries the command out. It is not safe to repeat: `stock show` tells whether it was done.
    ///
    /// # Errors
    /// [`Failure`] when the seller cannot be asked, or knows no such product.
    pub fn run(self) -> Result<u8, Failure> {
        let request = Request::Receive { sku: self.sku, pieces: self.pieces, note: self.note };
        show(&self.reach, &request, self.json)
    }
}

impl Adjust {
    /// Carries the command out. It is not safe to repeat: `stock show` tells whether it was done.
    ///
    /// # Errors
    /// [`Failure`] when the seller cannot be asked, or so many pieces are not nobody's.
    pub fn run(self) -> Result<u8, Failure> {
        let reason = match self.reason {
            Why::Counted => Reason::Counted,
            Why::Damaged => Reason::Damaged,
            Why::Lost => Reason::Lost,
            Why::Found => Reason::Found,
        };
        let request = Request::Adjust { sku: self.sku, pieces: self.pieces, reason };
        show(&self.reach, &request, self.json)
    }
}

fn show(reach: &Reach, request: &Request, json: bool) -> Result<u8, Failure> {
    match reach.ask(SELLER, request)? {
        Reply::Product(row) if json => println!("{}", row_json(&row)),
        Reply::Product(row) => print(&[row]),
        reply => return Err(unexpected(reply)),
    }
    Ok(OK)
}
