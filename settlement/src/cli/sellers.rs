//! Sellers of the running settlement, and the acts that are about more than its books.

use clap::{Args, Subcommand};
use kessai_shared::columns::Columns;
use kessai_shared::console::{Failure, OK};
use kessai_shared::operator::print::{self, Limit};
use kessai_shared::operator::reach::Reach;
use kessai_shared::operator::settlement::{AccountRef, Reply, Request};
use kessai_shared::operator::trail_cli::{Because, OfKey, done};
use kessai_shared::pin::Pin;
use serde_json::{Value, json};

use super::lists;
use super::state::unexpected;
use crate::operator_wire::SETTLEMENT;

#[derive(Subcommand)]
pub enum Sellers {
    /// List the sellers that may connect, and how many connections each has.
    List(List),
    /// Let a seller connect, and record who has said so and why.
    Allow(OfKey),
    /// Take a seller off the list, and record who has said so and why. Its connections are closed.
    Revoke(OfKey),
}

#[derive(Args)]
pub struct Asked {
    #[command(flatten)]
    reach: Reach,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct List {
    #[command(flatten)]
    reach: Reach,
    /// Only sellers behind this one.
    #[arg(long, value_name = "PIN")]
    after: Option<Pin>,
    #[command(flatten)]
    limit: Limit,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct FindAccounts {
    /// The first digits of the reference.
    prefix: String,
    #[command(flatten)]
    reach: Reach,
    /// Only accounts behind this one.
    #[arg(long, value_name = "ACCOUNT")]
    after: Option<AccountRef>,
    #[command(flatten)]
    limit: Limit,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct ShowCard {
    account: AccountRef,
    #[command(flatten)]
    reach: Reach,
    /// Why, as one line for the audit trail.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Sellers {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] when the settlement cannot be asked, or refuses.
    pub fn run(self) -> Result<u8, Failure> {
        match self {
            Sellers::List(asked) => list(&asked),
            Sellers::Allow(OfKey { pin, because: Because { reach, reason } }) => {
                act(&reach, &Request::AllowSeller { seller: pin, reason })
            }
            Sellers::Revoke(OfKey { pin, because: Because { reach, reason } }) => {
                act(&reach, &Request::RevokeSeller { seller: pin, reason })
            }
        }
    }
}

/// Begins to keep all cards under a new key.
///
/// # Errors
/// [`Failure`] when the settlement cannot be asked, or refuses.
pub fn rekey(Because { reach, reason }: Because) -> Result<u8, Failure> {
    act(&reach, &Request::Rekey { reason })
}

/// Puts the policy of the file in force.
///
/// # Errors
/// [`Failure`] when the settlement cannot be asked, or refuses.
pub fn reload_policy(asked: &Asked) -> Result<u8, Failure> {
    match asked.reach.ask(SETTLEMENT, &Request::ReloadPolicy)? {
        Reply::PolicyInForce { policy, is_new } if asked.json => {
            let (version, position) = (policy.version, policy.position);
            println!("{}", json!({ "version": version, "position": position, "is_new": is_new }));
        }
        Reply::PolicyInForce { policy, is_new } => {
            let still = if is_new { "" } else { " still" };
            println!("policy version {} is in force{still}, record {}", policy.version, policy.position);
        }
        reply => return Err(unexpected(reply)),
    }
    Ok(OK)
}

/// Lists the accounts whose reference begins so.
///
/// # Errors
/// [`Failure`] when the settlement cannot be asked.
pub fn find(asked: &FindAccounts) -> Result<u8, Failure> {
    let (rows, next) = asked.reach.with(SETTLEMENT, async |operator| {
        let page = async |after, limit| {
            let prefix = asked.prefix.clone();
            match operator.ask(&Request::FindAccounts { prefix, after, limit }).await? {
                Reply::Accounts(page) => Ok(page),
                reply => Err(unexpected(reply)),
            }
        };
        asked.limit.gather(asked.after, page).await
    })?;
    if asked.json {
        let rows: Vec<Value> = rows.iter().map(lists::account_json).collect();
        println!("{}", json!({ "accounts": rows, "next": next.map(|next| next.to_string()) }));
        return Ok(OK);
    }
    lists::print_accounts(rows);
    print::more("--after", next);
    Ok(OK)
}

/// Shows the last four digits of an account's card, which is recorded.
///
/// # Errors
/// [`Failure`] when the settlement cannot be asked, or refuses.
pub fn show_card(asked: ShowCard) -> Result<u8, Failure> {
    let ShowCard { account, reach, reason } = asked;
    match reach.ask(SETTLEMENT, &Request::ShowCard { account, reason })? {
        Reply::CardShown { position, last_four, expiry } => {
            println!("•••• {last_four}, expires {expiry}; record {position} says who was shown it");
            Ok(OK)
        }
        reply => Err(unexpected(reply)),
    }
}

fn list(asked: &List) -> Result<u8, Failure> {
    let (sellers, next) = asked.reach.with(SETTLEMENT, async |operator| {
        let page = async |after, limit| match operator.ask(&Request::Sellers { after, limit }).await? {
            Reply::Sellers(page) => Ok(page),
            reply => Err(unexpected(reply)),
        };
        asked.limit.gather(asked.after, page).await
    })?;
    if asked.json {
        let row = |(pin, connections): &(Pin, u64)| json!({ "seller": pin.to_string(), "connections": connections });
        let rows: Vec<Value> = sellers.iter().map(row).collect();
        println!("{}", json!({ "sellers": rows, "next": next.map(|next| next.to_string()) }));
        return Ok(OK);
    }
    let mut table = Columns::new(&["seller", ">connections"]);
    for (pin, connections) in sellers {
        table.row([pin.to_string(), connections.to_string()]);
    }
    print!("{table}");
    print::more("--after", next);
    Ok(OK)
}

fn act(reach: &Reach, request: &Request) -> Result<u8, Failure> {
    match reach.ask(SETTLEMENT, request)? {
        Reply::Trail(reply) => done(reply),
        reply => Err(unexpected(reply)),
    }
}
