//! The commands that both daemons have alike for their operators: what was done, records of the journal,
//! whose keys may operate them, and a backup now. Each works on a daemon that runs, here or elsewhere.

use clap::{Args, Subcommand};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Endpoint;
use super::client::Daemon;
use super::print::{self, Limit, instant};
use super::reach::Reach;
use super::rights::Right;
use super::trail::{ActRow, RecordRow, Reply, Request};
use crate::columns::{Columns, or_dash, plain};
use crate::console::{Failure, OK};
use crate::pin::Pin;

/// How a daemon is asked what both are asked alike.
pub trait Wire {
    type Request: Serialize;
    type Reply: DeserializeOwned;
    const DAEMON: Daemon;

    fn request(request: Request) -> Self::Request;

    /// # Errors
    /// [`Failure`] for a refusal, and for what is no answer to it.
    fn reply(reply: Self::Reply) -> Result<Reply, Failure>;
}

#[derive(Subcommand)]
pub enum Trail {
    /// List what operators had done, the newest first: who, when, what, on what, and why.
    Acts(Acts),
    /// Print what one record of the journal says.
    Record(Record),
    /// Make a backup now, as the schedule would.
    BackUpNow(Because),
    /// Close the live connections of a key. It may come again.
    Disconnect(Disconnect),
    /// Let an operator's key connect, from here or elsewhere, and record who has said so and why.
    AllowOperator(AllowOperator),
    /// Take an operator's key off the list, and record who has said so and why. Its connections are closed.
    RemoveOperator(OfKey),
}

#[derive(Args)]
pub struct Acts {
    #[command(flatten)]
    reach: Reach,
    /// Only acts whose record stands before this one.
    #[arg(long, value_name = "POSITION")]
    before: Option<u64>,
    #[command(flatten)]
    limit: Limit,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct Record {
    position: u64,
    #[command(flatten)]
    reach: Reach,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct Because {
    #[command(flatten)]
    pub reach: Reach,
    /// Why, as one line for the audit trail.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
}

#[derive(Args)]
pub struct OfKey {
    // `pin` is the id of the daemon's own, by which one that is elsewhere is known.
    #[arg(id = "whose", value_name = "PIN")]
    pub pin: Pin,
    #[command(flatten)]
    pub because: Because,
}

#[derive(Args)]
pub struct Disconnect {
    /// Where it is connected: open, closed or operator.
    #[arg(value_parser = endpoint)]
    endpoint: Endpoint,
    #[command(flatten)]
    of: OfKey,
}

#[derive(Args)]
pub struct AllowOperator {
    #[command(flatten)]
    of: OfKey,
    /// It may look and watch, and change nothing.
    #[arg(long)]
    watch: bool,
}

fn endpoint(text: &str) -> Result<Endpoint, String> {
    let all = [Endpoint::Open, Endpoint::Closed, Endpoint::Operator];
    let named = all.into_iter().find(|endpoint| endpoint.name() == text);
    named.ok_or_else(|| "expected open, closed or operator".to_owned())
}

impl Trail {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] when the daemon cannot be asked, or refuses.
    pub fn run<W: Wire>(self) -> Result<u8, Failure> {
        match self {
            Trail::Acts(asked) => acts::<W>(&asked),
            Trail::Record(asked) => record::<W>(&asked),
            Trail::BackUpNow(Because { reach, reason }) => {
                done(ask::<W>(&reach, Request::BackUp { reason })?)
            }
            Trail::Disconnect(Disconnect { endpoint, of }) => {
                let OfKey { pin, because: Because { reach, reason } } = of;
                done(ask::<W>(&reach, Request::Disconnect { endpoint, pin, reason })?)
            }
            Trail::AllowOperator(AllowOperator { of, watch }) => {
                let OfKey { pin, because: Because { reach, reason } } = of;
                let right = if watch { Right::Watch } else { Right::Act };
                done(ask::<W>(&reach, Request::AllowOperator { pin, right, reason })?)
            }
            Trail::RemoveOperator(OfKey { pin, because: Because { reach, reason } }) => {
                done(ask::<W>(&reach, Request::RemoveOperator { pin, reason })?)
            }
        }
    }
}

fn ask<W: Wire>(reach: &Reach, request: Request) -> Result<Reply, Failure> {
    W::reply(reach.ask(W::DAEMON, &W::request(request))?)
}

/// Prints what came of an act.
///
/// # Errors
/// [`Failure`] for an answer to something else.
pub fn done(reply: Reply) -> Result<u8, Failure> {
    match reply {
        Reply::Done { position: Some(position) } => println!("done, record {position}"),
        Reply::Done { position: None } => println!("it is so already; nothing was recorded"),
        Reply::BackedUp { position, last } => {
            let kind = if last.full { "full" } else { "an increment" };
            println!(
                "backup {} ({kind}) up to record {}, asked for in record {position}",
                last.nth, last.position
            );
        }
        Reply::Acts(_) | Reply::Record(_) | Reply::Operators { .. } => return Err(strange()),
    }
    Ok(OK)
}

fn strange() -> Failure {
    Failure::failed("the daemon answered something else than it was asked; use its own program")
}

fn acts<W: Wire>(asked: &Acts) -> Result<u8, Failure> {
    let (rows, next) = asked.reach.with(W::DAEMON, async |operator| {
        let page = async |before, limit| {
            let request = W::request(Request::Acts { before, limit });
            match W::reply(operator.ask(&request).await?)? {
                Reply::Acts(page) => Ok(page),
                _ => Err(strange()),
            }
        };
        asked.limit.gather(asked.before, page).await
    })?;
    if asked.json {
        let rows: Vec<Value> = rows.iter().map(act_json).collect();
        println!("{}", json!({ "acts": rows, "next": next }));
        return Ok(OK);
    }
    let mut table = Columns::new(&[">record", "at (UTC)", "operator", "act", "on", "reason"]);
    for row in &rows {
        let what =
            if row.records == 1 { row.what.clone() } else { format!("{} ×{}", row.what, row.records) };
        let position = row.position.to_string();
        table.row([
            position,
            row.at.to_string(),
            row.by.to_string(),
            what,
            or_dash(row.on),
            plain(&row.reason),
        ]);
    }
    print!("{table}");
    print::more("--before", next);
    Ok(OK)
}

fn act_json(row: &ActRow) -> Value {
    json!({
        "position": row.position,
        "at": instant(row.at),
        "by": row.by.to_string(),
        "act": row.what,
        "on": row.on.map(|on| on.to_string()),
        "reason": row.reason,
        "records": row.records,
    })
}

fn record<W: Wire>(asked: &Record) -> Result<u8, Failure> {
    let Reply::Record(row) = ask::<W>(&asked.reach, Request::Record { position: asked.position })? else {
        return Err(strange());
    };
    let RecordRow { position, at, what, on, by, lines } = *row;
    if asked.json {
        let (on, by) = (on.map(|on| on.to_string()), by.map(|by| by.to_string()));
        println!(
            "{}",
            json!({ "position": position, "at": instant(at), "what": what, "on": on, "by": by, "lines": lines })
        );
        return Ok(OK);
    }
    println!("record     {position} of {at}");
    println!("what       {what}");
    on.iter().for_each(|on| println!("about      {on}"));
    by.iter().for_each(|by| println!("operator   {by}"));
    lines.iter().for_each(|line| println!("           {}", plain(line)));
    Ok(OK)
}
