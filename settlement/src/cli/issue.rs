//! `issue-card`: a card file that a wallet takes in, for an account that is known or a new one.

use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use clap::Args;
use kessai_shared::card::{CardNumber, HolderName, Particulars};
use kessai_shared::card_file::{EnrolmentCode, IssuedCard, check_label};
use kessai_shared::console::{self, Failure, OK};
use kessai_shared::money::{Currency, MAX_AMOUNT, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::sealed_file::Passphrase;
use kessai_shared::time::{Day, Timestamp, YearMonth};
use zeroize::Zeroizing;

use super::ask;
use super::operate::{STALE_PAUSE, STALE_TRIES, unexpected, vault};
use crate::clerk::cards::{Found, Holder};
use crate::ledger::{Account, AccountId, AtRest, Place};
use crate::operator::client::{Operator, must_exist};
use crate::operator::{Reply, Request};
use crate::settings::Settings;

/// How the numbers of new cards begin. No issuer in the world has this range.
const NEW_RANGE: &str = "999999";
/// Digits between the range and the check digit: a card has 16 in all.
const NEW_DIGITS: u32 = 9;

/// What card, and into which file. Without `--number-file`, `--last` or `--new` the number is asked for.
#[derive(Args)]
pub struct Wanted {
    /// The card file to write. It must not be there yet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// A file with the number of the card, that nobody else may read.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["last", "new"])]
    number_file: Option<PathBuf>,
    /// The last four digits of the number, when no other account has them.
    #[arg(long, value_name = "DIGITS", value_parser = last_digits, conflicts_with = "new")]
    last: Option<String>,
    /// Open a new account, with a new number.
    #[arg(long, requires_all = ["name", "birth_date", "expiry", "limit_pence"])]
    new: bool,
    #[arg(long, requires = "new")]
    name: Option<HolderName>,
    #[arg(long, value_name = "YYYY-MM-DD", requires = "new")]
    birth_date: Option<Day>,
    #[arg(long, value_name = "YYYY-MM", requires = "new")]
    expiry: Option<YearMonth>,
    #[arg(long, value_name = "PENCE", requires = "new", value_parser = clap::value_parser!(i64).range(0..=MAX_AMOUNT))]
    limit_pence: Option<i64>,
    /// What the wallet calls the card at first [default: the last four digits].
    #[arg(long)]
    label: Option<String>,
    /// A file with the passphrase of the card file, that nobody else may read; asked for otherwise.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Make a card file without a code, so that no holder's key is enrolled, and change nothing else.
    #[arg(long)]
    without_holder_key: bool,
    #[arg(long)]
    json: bool,
}

/// Which account the card is of.
enum Whom {
    Number(CardNumber),
    Last(String),
    New(Box<(HolderName, Day, YearMonth, Minor)>),
}

/// A card that was found or made up, and whom it is issued for.
struct Ready {
    card: Particulars,
    holder: Holder,
    /// Whether a key was enrolled before, which this card replaces.
    replaces: bool,
}

/// Issues a card.
///
/// # Errors
/// [`Failure`] when there is no such account, the file cannot be written, or the books not reached.
pub fn issue_card(data: &Path, act: &Wanted) -> Result<u8, Failure> {
    let settings = Settings::read(data, None).map_err(Failure::usage)?;
    must_exist(data)?;
    if let Some(label) = &act.label {
        check_label(label).map_err(|error| Failure::usage(format!("--label: {error}")))?;
    }
    if act.out.symlink_metadata().is_ok() {
        return Err(Failure::failed(format!("{}: is there already; name another file", act.out.display())));
    }
    // All that is asked for is asked before the books are reached, so that nobody waits for a person.
    let whom = whom(act)?;
    let passphrase = ask::new_passphrase(act.passphrase_file.as_deref())?;
    let keys = settings.load_keys(Timestamp::from_system_clock()).map_err(Failure::failed)?;
    let root = keys.root;
    drop(keys);
    let ready = console::runtime()?.block_on(async {
        let mut operator = Operator::reach(&settings).await?;
        let issued = issue(&mut operator, &settings, &whom, act, (&passphrase, root)).await;
        let closed = operator.close().await;
        issued.and_then(|issued| closed.map(|()| issued))
    })?;
    tell(act, &ready);
    Ok(OK)
}

fn whom(act: &Wanted) -> Result<Whom, Failure> {
    match (&act.last, &act.name, act.birth_date, act.expiry, act.limit_pence) {
        (None, Some(name), Some(birth_date), Some(expiry), Some(limit)) => {
            if expiry < Timestamp::from_system_clock().month() {
                return Err(Failure::usage("--expiry: this month is over"));
            }
            Ok(Whom::New(Box::new((name.clone(), birth_date, expiry, Minor(limit)))))
        }
        (Some(last), ..) => Ok(Whom::Last(last.clone())),
        _ => ask::number(act.number_file.as_deref()).map(Whom::Number),
    }
}

fn tell(act: &Wanted, Ready { card, holder, replaces }: &Ready) {
    let (file, last) = (act.out.display().to_string(), card.number.masked());
    let new = matches!(holder, Holder::New(_));
    let (enrols, replaces) = (!act.without_holder_key, *replaces && !act.without_holder_key);
    if act.json {
        let last = last.trim_start_matches(|c: char| !c.is_ascii_digit());
        println!(
            "{}",
            serde_json::json!({ "file": file, "last": last, "new": new, "enrols": enrols, "replaces": replaces })
        );
        return;
    }
    let account = if new { "of a new account" } else { "of a known account" };
    println!("{file}: the card {last} {account}");
    if replaces {
        println!(
            "The holder's key of before is void; nothing is approved until this card's key is enrolled."
        );
    } else if enrols {
        println!("Its first purchase enrols the key of its holder; any earlier file of this card is void.");
    }
    println!("Hand over file and passphrase by two different ways.");
}

/// Finds the card or makes it up, writes the file, and lets the books know of its code.
async fn issue(
    operator: &mut Operator,
    settings: &Settings,
    whom: &Whom,
    act: &Wanted,
    (passphrase, issuer_root): (&Passphrase, Pin),
) -> Result<Ready, Failure> {
    for _ in 0..STALE_TRIES {
        let Some(ready) = ready(operator, settings, whom).await? else {
            tokio::time::sleep(STALE_PAUSE).await;
            continue;
        };
        let code = (!act.without_holder_key).then(EnrolmentCode::generate).transpose();
        let enrolment = code.map_err(|_| Failure::failed("the system gives no random bytes"))?;
        let hash = enrolment.as_ref().map(EnrolmentCode::digest);
        let label = act.label.clone().unwrap_or_else(|| ready.card.number.masked());
        // Written first: a code in a file that the books never hear of opens nothing, but a code in
        // the books that is in no file would leave the card without a key for good.
        IssuedCard { label, card: ready.card.clone(), issuer_root, enrolment }.write(&act.out, passphrase)?;
        let request = Request::Issue { holder: ready.holder.clone(), enrolment: hash };
        let reply = match operator.ask_for_any(request, |_| ()).await {
            Ok(reply) => reply,
            // The code may be in the books, so the file that has it stays.
            Err(failure) => {
                let file = act.out.display();
                let line = format!(
                    "{}; whether the card in {file} is in force is not known: keep the file and try the card, \
                     and issue another only if it is refused",
                    failure.line
                );
                return Err(Failure { line, ..failure });
            }
        };
        if matches!(reply, Reply::Issued) {
            return Ok(ready);
        }
        std::fs::remove_file(&act.out)?;
        match reply {
            // Another number, or the keys of now.
            Reply::Taken | Reply::Stale => tokio::time::sleep(STALE_PAUSE).await,
            Reply::Refused(why) => return Err(Failure::failed(why)),
            reply => return Err(unexpected(&reply)),
        }
    }
    Err(unexpected(&Reply::Stale))
}

/// The card; `None` when the keys changed meanwhile, or a number that was made up is taken.
async fn ready(operator: &mut Operator, settings: &Settings, whom: &Whom) -> Result<Option<Ready>, Failure> {
    let found = match whom {
        Whom::New(terms) => return new_account(operator, settings, terms).await,
        Whom::Last(last) => by_last_digits(operator, settings, last).await?,
        Whom::Number(number) => Some(number.clone()),
    };
    let Some(number) = found else { return Ok(None) };
    let vault = vault(settings)?;
    match operator.ask(Request::Find { places: vault.places(&number) }, |_| ()).await? {
        Reply::Found(Some(Found { id, card, holder_required })) => Ok(vault.open(&card).map(|card| Ready {
            card,
            holder: Holder::Known(id),
            replaces: holder_required,
        })),
        Reply::Found(None) => Err(Failure::failed("there is no account with this card number")),
        Reply::Stale => Ok(None),
        reply => Err(unexpected(&reply)),
    }
}

/// The one number that ends in these digits; `None` when the keys changed meanwhile.
async fn by_last_digits(
    operator: &mut Operator,
    settings: &Settings,
    last: &str,
) -> Result<Option<CardNumber>, Failure> {
    let vault = vault(settings)?;
    let mut found: Option<(AccountId, CardNumber)> = None;
    let mut after: Option<Place> = None;
    loop {
        let page = match operator.ask(Request::Page { after }, |_| ()).await? {
            Reply::Page(page) => page,
            reply => return Err(unexpected(&reply)),
        };
        let Some((_, AtRest { generation, index, .. })) = page.last() else { break };
        after = Some((*generation, *index));
        for (id, card) in page {
            let Some(card) = vault.open(&card) else { return Ok(None) };
            // An account that a rekey has reached meanwhile comes by twice.
            if card.number.digits().ends_with(last) && found.as_ref().is_none_or(|(known, _)| *known != id) {
                if found.is_some() {
                    let line = format!("more than one card number ends in {last}; give the whole number");
                    return Err(Failure::failed(line));
                }
                found = Some((id, card.number.clone()));
            }
        }
    }
    let none = || Failure::failed(format!("no card number ends in {last}"));
    found.map(|(_, number)| Some(number)).ok_or_else(none)
}

async fn new_account(
    operator: &mut Operator,
    settings: &Settings,
    (name, birth_date, expiry, limit): &(HolderName, Day, YearMonth, Minor),
) -> Result<Option<Ready>, Failure> {
    let vault = vault(settings)?;
    let number = new_number()?;
    match operator.ask(Request::Find { places: vault.places(&number) }, |_| ()).await? {
        Reply::Found(None) => {}
        Reply::Found(Some(_)) | Reply::Stale => return Ok(None),
        reply => return Err(unexpected(&reply)),
    }
    let card = Particulars { number, name: name.clone(), birth_date: *birth_date, expiry: *expiry };
    let kept = vault.keep(&card).into_iter().next();
    let kept = kept.ok_or_else(|| Failure::failed("the vault has no key"))?;
    let account = Account::new(kept, *expiry, Currency::Gbp, *limit);
    Ok(Some(Ready { card, holder: Holder::New(Box::new(account)), replaces: false }))
}

/// A random number of the range for new cards, with its check digit.
fn new_number() -> Result<CardNumber, Failure> {
    let mut bytes = Zeroizing::new([0; 8]);
    rand::fill(&mut bytes[..]).map_err(|_| Failure::failed("the system gives no random bytes"))?;
    let own = u64::from_le_bytes(*bytes) % 10_u64.pow(NEW_DIGITS);
    let start = Zeroizing::new(format!("{NEW_RANGE}{own:0width$}", width = NEW_DIGITS as usize));
    CardNumber::with_check_digit(&start).map_err(Failure::failed)
}

fn last_digits(text: &str) -> Result<String, String> {
    let four = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if four { Ok(text.to_owned()) } else { Err("expected the last four digits".to_owned()) }
}
