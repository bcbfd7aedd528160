//! Where both daemons are, as a command line says it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use kessai_shared::operator::client::Place;
use kessai_shared::pin::Pin;

use crate::dashboard::Daemon;

/// Where the daemons are that are asked; either may be left out.
pub struct Places {
    pub seller: Option<Place>,
    pub settlement: Option<Place>,
}

/// The daemons of a command that asks both: each on this machine, by its data folder, or elsewhere.
#[derive(Args)]
pub struct PlacesArgs {
    /// The data folder of the seller on this machine.
    #[arg(long, value_name = "DIR", conflicts_with = "seller_at")]
    seller_data: Option<PathBuf>,
    /// Where a seller on another machine listens for operators.
    #[arg(long, value_name = "ADDRESS", requires = "seller_pin", requires = "seller_key")]
    pub seller_at: Option<SocketAddr>,
    /// The pin of the seller: of the one that is asked, or of the one to look at in the settlement's books.
    #[arg(long, value_name = "PIN")]
    pub seller_pin: Option<Pin>,
    /// The file with the operator's key for the seller.
    #[arg(long, value_name = "FILE", requires = "seller_at")]
    seller_key: Option<PathBuf>,
    /// The data folder of the settlement on this machine.
    #[arg(long, value_name = "DIR", conflicts_with = "settlement_at")]
    settlement_data: Option<PathBuf>,
    /// Where a settlement on another machine listens for operators.
    #[arg(long, value_name = "ADDRESS", requires = "settlement_pin", requires = "settlement_key")]
    settlement_at: Option<SocketAddr>,
    /// The pin of that settlement.
    #[arg(long, value_name = "PIN", requires = "settlement_at")]
    settlement_pin: Option<Pin>,
    /// The file with the operator's key for the settlement.
    #[arg(long, value_name = "FILE", requires = "settlement_at")]
    settlement_key: Option<PathBuf>,
    /// The file with what is knocked with on that settlement, as its `knock-key` writes it.
    #[arg(long, value_name = "FILE", requires = "settlement_at")]
    settlement_knock_key: Option<PathBuf>,
}

impl PlacesArgs {
    pub fn places(&self) -> Places {
        let here = |data: &Option<PathBuf>| data.clone().map(Place::Here);
        let seller = there(self.seller_at, self.seller_pin, self.seller_key.as_ref(), None);
        let knock_key = self.settlement_knock_key.clone();
        let settlement =
            there(self.settlement_at, self.settlement_pin, self.settlement_key.as_ref(), knock_key);
        Places {
            seller: seller.or_else(|| here(&self.seller_data)),
            settlement: settlement.or_else(|| here(&self.settlement_data)),
        }
    }
}

impl Places {
    pub fn watched(&self) -> Vec<Daemon> {
        let places = [(Daemon::Seller, &self.seller), (Daemon::Settlement, &self.settlement)];
        places.into_iter().filter_map(|(daemon, place)| place.as_ref().map(|_| daemon)).collect()
    }
}

fn there(
    at: Option<SocketAddr>,
    pin: Option<Pin>,
    key: Option<&PathBuf>,
    knock_key: Option<PathBuf>,
) -> Option<Place> {
    let (address, pin, key) = (at?, pin?, key?.clone());
    Some(Place::There { address, pin, key, knock_key })
}
