//! Who is connected to the settlement, and how one on another machine is.

use clap::Args;
use kessai_shared::console::{Failure, OK};
use kessai_shared::net::knock::Counts;
use kessai_shared::operator::print;
use kessai_shared::operator::reach::Reach;
use kessai_shared::operator::settlement::{Reply, Request, Status};
use serde_json::Value;

use super::operate;
use crate::operator::socket;
use crate::operator_wire::SETTLEMENT;

#[derive(Args)]
pub struct Asked {
    #[command(flatten)]
    reach: Reach,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Tells how a settlement is. One on this machine need not run.
///
/// # Errors
/// [`Failure`] when it cannot be asked.
pub fn status(asked: &Asked) -> Result<u8, Failure> {
    let local = if asked.reach.is_elsewhere() {
        None
    } else {
        let data = asked.reach.data(SETTLEMENT)?;
        // A standby has no socket for what carries key material, and answers its operators all the same.
        let elsewhere = if socket::path(&data).exists() { None } else { remote(&asked.reach).ok() };
        if elsewhere.is_some() { None } else { Some(operate::status(&data)?) }
    };
    let more = match &local {
        Some(local) if !local.runs() => None,
        Some(_) | None => Some(remote(&asked.reach)?),
    };
    if asked.json {
        let mut report =
            local.as_ref().map_or_else(|| Value::Object(serde_json::Map::new()), operate::Local::json);
        if let (Value::Object(report), Some(Value::Object(more))) =
            (&mut report, more.as_ref().map(serde_json::to_value).transpose()?)
        {
            report.extend(more);
            report.insert("running".to_owned(), true.into());
        }
        println!("{report}");
        return Ok(OK);
    }
    match (&local, &more) {
        (Some(local), _) => local.print(),
        (None, Some(more)) => {
            println!("settlement {}, process {}", more.version, more.pid);
            println!("accounts   {}, the key is of generation {}", more.accounts, more.generation);
        }
        (None, None) => {}
    }
    if let Some(status) = more.as_deref() {
        let Status { sellers, connections, holds, position, disputed_batches, gate, nodes, backups, .. } =
            status;
        println!("sellers    {sellers} may connect, {connections} connections");
        let Counts { heard, knocks, malformed, version, unmarked, clock, old, replayed, .. } = gate;
        let Counts { crowded, elsewhere, held_back, .. } = gate;
        println!(
            "gate       {heard} datagrams heard, {knocks} knocks; {held_back} replies to nobody held back"
        );
        let strange = malformed + version + unmarked;
        println!("dropped    {strange} of strangers, {} played again", replayed + old + elsewhere);
        println!("           {clock} knocks of another clock, {crowded} too many");
        println!("holds      {holds} live");
        println!("journal    {position} records");
        nodes.lines().iter().for_each(|line| println!("{line}"));
        print::backups(backups.as_ref());
        if *disputed_batches > 0 {
            println!(
                "ALARM      {disputed_batches} clearing batches differ and are not paid; run kessai reconcile"
            );
        }
    }
    Ok(OK)
}

/// A promotion.
#[derive(Args)]
pub struct Promote {
    #[command(flatten)]
    asked: Asked,
    /// Even when this node is known to have less than the one that it followed: what it lacks is lost.
    #[arg(long)]
    force: bool,
}

/// Puts a standby in charge.
///
/// # Errors
/// [`Failure`] when it cannot be asked, or is no standby.
pub fn promote(Promote { asked, force }: &Promote) -> Result<u8, Failure> {
    match asked.reach.ask(SETTLEMENT, &Request::Promote { force: *force })? {
        Reply::Promoted { epoch, position, lacks } if asked.json => {
            println!("{}", serde_json::json!({ "epoch": epoch, "position": position, "lacks": lacks }));
        }
        Reply::Promoted { epoch, position, lacks } => {
            println!("in charge under epoch {epoch}, from record {position} on");
            match lacks {
                Some(0) => {}
                Some(lacks) => println!("it lacks {lacks} records of the node that it followed"),
                None => println!("what it lacks is not known: it never heard the node that it was to follow"),
            }
        }
        reply => return Err(unexpected(reply)),
    }
    Ok(OK)
}

fn remote(reach: &Reach) -> Result<Box<Status>, Failure> {
    match reach.ask(SETTLEMENT, &Request::Status)? {
        Reply::Status(status) => Ok(status),
        reply => Err(unexpected(reply)),
    }
}

/// Tells who is connected.
///
/// # Errors
/// [`Failure`] when it cannot be asked.
pub fn peers(asked: &Asked) -> Result<u8, Failure> {
    match asked.reach.ask(SETTLEMENT, &Request::Peers)? {
        Reply::Peers(peers) => print::peers(&peers, asked.json),
        reply => return Err(unexpected(reply)),
    }
    Ok(OK)
}

/// A refusal, or what no settlement of this version answers.
pub fn unexpected(reply: Reply) -> Failure {
    match reply {
        Reply::Refused(refusal) => Failure::failed(refusal),
        _ => Failure::failed(
            "the settlement answered something else than it was asked; use the program of this settlement",
        ),
    }
}
